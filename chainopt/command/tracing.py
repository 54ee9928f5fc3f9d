"""chainopt trace FILE.py:FUNCTION: a Python function as a supply chain."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

import chainopt as co
from chainopt.command.console import printing, refuse, refusing, say, write_json
from chainopt.command.script import ScriptError, arguments, call_of, load, where
from chainopt.program.bounds import MAX_STEPS
from chainopt.program.ties import REFUSE, SUBGRADIENT


class Kinks(StrEnum):
    """What is done at a kink."""

    REFUSE = REFUSE
    SUBGRADIENT = SUBGRADIENT


def trace(
    context: typer.Context,
    target: Annotated[str, Argument(metavar="FILE.py:FUNCTION", help="The function; its file is run.")],
    at: Annotated[list[str] | None, Option(metavar="NAME=VALUE",
        help="An argument to trace; may be repeated.")] = None,
    fix: Annotated[list[str] | None, Option(metavar="NAME=VALUE",
        help="An argument held fixed, such as a count; may be repeated.")] = None,
    output: Annotated[str | None, Option(metavar="NAME",
        help="Which of several results to differentiate.")] = None,
    solved: Annotated[bool, Option("--solve",
        help="Solve the program as a supply chain: its prices, by Ipopt.")] = False,
    json: Annotated[str | None, Option(metavar="FILE|-",
        help="Write value, gradient and steps as JSON, - to stdout.")] = None,
    book: Annotated[Path | None, Option("--workbook", metavar="OUT.xlsx",
        help="Write the chain as a workbook.")] = None,
    source: Annotated[bool, Option("--source",
        help="Print the reverse program, as Python that needs nothing else.")] = False,
    kinks: Annotated[Kinks, Option(
        help="Where a derivative depends on the side: refuse it, or take one between and mark the step.",
    )] = Kinks.REFUSE,
    max_steps: Annotated[int, Option(min=1, help="The most steps to trace.")] = MAX_STEPS,
) -> None:  # fmt: skip
    """Trace a Python function: its steps as a supply chain, the derivative of its result in each, the prices.

    This runs the code of the file that you name. It never runs code from a workbook. Exit codes are those of
    `solve`; 2 for a function that can't be traced.
    """
    from chainopt.report.record import program_record

    # Named, and so imported: Ctrl-C ends the process at once meanwhile.
    follow, _ = co.trace, co.solve if solved else None
    context.obj.begin(f"tracing {target}")
    # What the user's code prints must not stand in what is piped on.
    aside = sys.stderr if json == "-" or source else sys.stdout
    with refusing(ScriptError), redirect_stdout(aside):
        function = load(target)
        given, held = arguments(at or [], "--at", function), arguments(fix or [], "--fix", function)
        if both := given.keys() & held.keys():
            raise ScriptError(f"{', '.join(sorted(both))}: either --at or --fix")
        if json == "-" and source:
            raise ScriptError("--json - and --source both write to stdout: give --json a file")
        if book is not None and book.suffix.lower() != ".xlsx":
            raise ScriptError(f'--workbook "{book}": the name must end in .xlsx')
        positional, named = call_of(function, given | held)
    with redirect_stdout(aside):
        program = _traced(follow(function, fixed=held, max_steps=max_steps, kinks=kinks.value), positional, named)
    with refusing(ValueError, ArithmeticError, OSError, co.SolverMissing):
        if output is None and len(program.outputs) > 1:
            raise ValueError(f"it gives several results: choose one with --output: {', '.join(program.outputs)}")
        worth = None if output is None else {output: 1.0}
        chain = program.to_chain(worth) if solved or book is not None else None
        solution = co.solve(chain) if chain is not None and solved else None
        known = _prices(program, chain, solution) if chain and solution else None
        if book is not None and chain is not None:
            co.write_workbook(chain, book)
        problems: list[str] = []
        if json is not None:
            write_json(json, program_record(program, output, known), problems)
        with printing():
            if source:
                print(program.source(output), end="")
            elif json != "-":
                print(program.listing(output, known))
                if book is not None:
                    print(f"wrote {book}")
    for problem in problems:
        refuse(problem)
    if solution is not None and solution.status is not co.Status.OPTIMAL:
        say(f"{solution.status}: {solution.message}")
        raise typer.Exit(solution.status.exit_code)


def _traced(run: Callable[..., co.Program], positional: tuple[Any, ...], named: dict[str, Any]) -> co.Program:
    """The program of a function of the user's, whose exceptions are bad input too."""
    try:
        return run(*positional, **named)
    except co.TraceError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        refuse(where(error))


def _prices(program: co.Program, chain: co.Chain, solution: co.Solution) -> dict[str, float | None]:
    """The multiplier of every step's good by the step's name, and of the arguments' by theirs."""
    found = dict(co.prices(chain, solution).set_index("good")["price"])
    names = dict(zip(program.inputs, program.names(), strict=False))
    return found | {argument: found.get(name) for argument, name in names.items()}
