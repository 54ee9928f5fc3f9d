"""The command line: a thin door to the library. Results go to stdout, errors to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager, redirect_stdout
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

from chainopt.chain import Chain
from chainopt.checks import ChainError
from chainopt.differences import holding
from chainopt.dossier import dossier
from chainopt.examples import copy_example, example_names
from chainopt.explain import Explanation
from chainopt.interior import Progress, SolverMissing
from chainopt.program import Program
from chainopt.report import json_text, program_record, result_record, show, write_excel, write_html
from chainopt.script import ScriptError, arguments, call_of, load, where
from chainopt.solution import Solution
from chainopt.solve import solve
from chainopt.status import Status
from chainopt.tables import NumeraireError, prices
from chainopt.trace import trace as follow
from chainopt.tracer import MAX_STEPS, TraceError
from chainopt.workbook import (
    AssignmentError,
    WorkbookError,
    assign,
    cells,
    inspect_workbook,
    read_workbook,
    write_template,
    write_workbook,
)
from chainopt.writing import replacing

BAD_INPUT = 2
REPORTS = Path("reports")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Prices of a supply chain as derivatives: a workbook in, audited shadow prices out.",
)


class Method(StrEnum):
    """How to solve; see solve.METHODS."""

    IPOPT = "ipopt"
    MARKET = "market"
    AUTO = "auto"


@app.command(name="solve", epilog="Example: chainopt solve data/tupperware.xlsx --set natgas.supply=5 --json -")
def solve_command(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook that holds the chain.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the Excel and HTML reports (default: reports)."),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Write the result as JSON, - to stdout; reports then need --out."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME.COLUMN=VALUE", help="Change a figure first; may be repeated."),
    ] = None,
    numeraire: Annotated[
        str | None, typer.Option(metavar="GOOD", help="Give money in units of this good's price.")
    ] = None,
    method: Annotated[
        Method, typer.Option(help="How to solve: auto takes the market where it can.")
    ] = Method.IPOPT,
    differences: Annotated[
        bool, typer.Option("--differences", help="Solve again with a little more and less of each good.")
    ] = False,
    ranges: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="GOOD", help="How far this good's price holds; may be repeated."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no tables; errors still go to stderr.")] = False,
) -> None:
    """Solve the chain in BOOK: every good's price beside its back-propagated derivative.

    Writes BOOK-report.xlsx and BOOK-report.html, and prints the results. Exit codes: 0 solved and certified;
    2 bad input; 3 infeasible; 4 unbounded; 5 stopped early; 6 solved, but not certified; 130 interrupted.
    """
    started = time.perf_counter()
    chain = _chain(book, changes or [])
    seconds = {"read": time.perf_counter() - started}
    for warning in chain.warnings:
        _say(f"warning: {warning}")
    with _refusing(SolverMissing), _progress() as progress:
        solution = solve(chain, method=method.value, progress=progress)
    seconds |= solution.seconds
    with _refusing(NumeraireError, OSError, ValueError):
        found = dossier(chain, solution, numeraire=numeraire, differences=differences and solution.certified)
        if not quiet and json != "-":
            show(chain, solution, found, Console())
            for good in ranges or []:
                print(holding(solution, good))
        if json is None or out is not None:
            folder = out or REPORTS
            folder.mkdir(parents=True, exist_ok=True)
            for ending, write in ((".xlsx", write_excel), (".html", write_html)):
                path = folder / f"{book.stem}-report{ending}"
                write(chain, solution, path, tables=found)
                if not quiet and json != "-":
                    print(f"wrote {path}")
        if json is not None:
            _write_json(json, result_record(chain, solution, seconds=seconds, tables=found))
    if solution.status is not Status.OPTIMAL:
        explained = found.explanation or Explanation("")
        _say(f"{solution.status}: {explained.summary or solution.message}")
        for cell, cause in zip(cells(book, explained.causes), explained.causes, strict=True):
            _say(f"{cell or cause.sheet}: {cause.text}")
    raise typer.Exit(solution.status.exit_code)


@app.command(epilog="Example: chainopt check data/tupperware.xlsx")
def check(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook that holds the chain.")],
) -> None:
    """Say everything that is wrong with BOOK, each with its sheet and cell; 0 where nothing is, else 2."""
    chain, found = inspect_workbook(book)
    for problem in found:
        _say(str(problem))
    if chain is None:
        errors = sum(problem.error for problem in found)
        _say(f"{errors} error{'s' if errors > 1 else ''} in {book}")
        raise typer.Exit(BAD_INPUT)
    print(f"{book}: nothing wrong; {len(chain.goods)} goods, {len(chain.processes)} processes")


@app.command(epilog="Example: chainopt new chain.xlsx --example steel_loop")
def new(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook to write; it must not exist yet.")],
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"A filled-in example: {', '.join(example_names())}.")
    ] = None,
) -> None:
    """Write an empty workbook to fill in, with drop-downs and notes, or a copy of an example."""
    with _refusing(OSError, ValueError):
        if example is None:
            write_template(book)
        else:
            copy_example(example, book)
    print(f"wrote {book}: fill it in, then run `chainopt solve {book}`")


@app.command(epilog="Example: chainopt trace docs/essay.py:tupperware --at natgas=4 --solve")
def trace(
    target: Annotated[str, typer.Argument(metavar="FILE.py:FUNCTION", help="The function; its file is run.")],
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An argument to trace; may be repeated."),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An argument held fixed, such as a count; may be repeated."),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of several results to differentiate.")
    ] = None,
    solved: Annotated[
        bool, typer.Option("--solve", help="Solve the program as a supply chain: its prices, by Ipopt.")
    ] = False,
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write value, gradient and steps as JSON, - to stdout.")
    ] = None,
    book: Annotated[
        Path | None, typer.Option("--workbook", metavar="OUT.xlsx", help="Write the chain as a workbook.")
    ] = None,
    source: Annotated[
        bool, typer.Option("--source", help="Print the reverse program, as Python that needs nothing else.")
    ] = False,
    max_steps: Annotated[int, typer.Option(min=1, help="The most steps to trace.")] = MAX_STEPS,
) -> None:
    """Trace a Python function: its steps as a supply chain, the derivative of its result in each, the prices.

    This runs the code of the file that you name. It never runs code from a workbook. Exit codes are those of
    `solve`; 2 for a function that can't be traced.
    """
    # What the user's code prints must not stand in what is piped on.
    aside = sys.stderr if json == "-" or source else sys.stdout
    with _refusing(ScriptError), redirect_stdout(aside):
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
        program = _traced(follow(function, fixed=held, max_steps=max_steps), positional, named)
    with _refusing(ValueError, ArithmeticError, OSError, SolverMissing):
        if output is None and len(program.outputs) > 1:
            raise ValueError(f"it gives several results: choose one with --output: {', '.join(program.outputs)}")
        worth = None if output is None else {output: 1.0}
        chain = program.to_chain(worth) if solved or book is not None else None
        solution = solve(chain) if chain is not None and solved else None
        known = _prices(program, chain, solution) if chain and solution else None
        if json is not None:
            _write_json(json, program_record(program, output, known))
        if source:
            print(program.source(output), end="")
        elif json != "-":
            print(program.listing(output, known))
        if book is not None and chain is not None:
            write_workbook(chain, book)
            if json != "-" and not source:
                print(f"wrote {book}")
    if solution is not None and solution.status is not Status.OPTIMAL:
        _say(f"{solution.status}: {solution.message}")
        raise typer.Exit(solution.status.exit_code)


def _traced(run: Callable[..., Program], positional: tuple[Any, ...], named: dict[str, Any]) -> Program:
    """The program of a function of the user's, whose exceptions are bad input too."""
    try:
        return run(*positional, **named)
    except TraceError as error:
        _refuse(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        _refuse(where(error))


def _prices(program: Program, chain: Chain, solution: Solution) -> dict[str, float | None]:
    """The multiplier of every step's good by the step's name, and of the arguments' by theirs."""
    found = dict(prices(chain, solution).set_index("good")["price"])
    names = dict(zip(program.inputs, program.names(), strict=False))
    return found | {argument: found.get(name) for argument, name in names.items()}


def _write_json(target: str, record: dict[str, Any]) -> None:
    text = json_text(record)
    if target == "-":
        print(text)
        return
    with replacing(target) as file:
        file.write(f"{text}\n".encode())


def _chain(book: Path, changes: list[str]) -> Chain:
    with _refusing(WorkbookError, AssignmentError, ChainError):
        chain = read_workbook(book)
        return assign(chain, changes) if changes else chain


@contextmanager
def _refusing(*errors: type[Exception]) -> Any:
    """Turn these errors into lines on stderr and the exit code of bad input."""
    try:
        yield
    except errors as error:
        _refuse(str(error))


def _refuse(text: str) -> NoReturn:
    _say(text)
    raise typer.Exit(BAD_INPUT)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


@contextmanager
def _progress() -> Any:
    """A line on stderr that follows the solver's iterations, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    with console.status("solving") as line:

        def follow(step: Progress) -> None:
            line.update(
                f"iteration {step.iteration}: value {step.objective:.6g}, infeasibility "
                f"{max(step.primal_infeasibility, step.dual_infeasibility):.1e}, {step.seconds:.1f} s"
            )

        report: Callable[[Progress], None] = follow
        yield report


def main() -> None:
    """The command `chainopt`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app()
