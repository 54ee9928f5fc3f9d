"""The command line: a thin door to the library. Results go to stdout, errors to stderr."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from chainopt.audits.explain import Explanation
from chainopt.chain.chain import Chain
from chainopt.chain.checks import ChainError
from chainopt.command.console import BAD_INPUT, At, answering, printing, refuse, refusing, say, settle_streams
from chainopt.command.examples import copy_example, example_names
from chainopt.command.script import ScriptError, arguments, call_of, load, where
from chainopt.command.waiting import waiting
from chainopt.ipopt.interior import SolverMissing
from chainopt.machine.files import apart, file_name, folder_for, replacing
from chainopt.machine.memory import take_workspace
from chainopt.program.program import Program
from chainopt.program.trace import trace as follow
from chainopt.program.tracer import MAX_STEPS, TraceError
from chainopt.report import (
    Notes,
    headline,
    json_text,
    program_record,
    result_record,
    show,
    write_excel,
    write_html,
)
from chainopt.report import annotate as annotate_book
from chainopt.report.content.salience import ambiguous
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import NumeraireError, Tables, prices
from chainopt.scenarios.change import known_good
from chainopt.scenarios.holding import holding
from chainopt.solution.solution import Solution
from chainopt.solution.solve import solve
from chainopt.words.messages import KEPT
from chainopt.words.status import Status
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

REPORTS = Path("reports")


class _Answering(TyperGroup):
    """The commands, each answering Ctrl-C and the end of the memory."""

    def invoke(self, ctx: Any) -> Any:
        with answering() as ctx.obj:
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Answering,
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


@app.command(
    name="solve",
    short_help="Solve a workbook: plan, prices, reports.",
    epilog="Example: chainopt solve data/tupperware.xlsx --set natgas.supply=5 --json -",
)
def solve_command(
    context: typer.Context,
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook, or folder of .csv files.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the reports, made where it is absent (default: reports)."),
    ] = None,
    annotate: Annotated[
        bool,
        typer.Option("--annotate", help="Also copy BOOK, with results in new columns and notes on cells."),
    ] = False,
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
    time_limit: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", min=0.001, help="The most seconds to build, solve and check."),
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(metavar="COUNT", min=1, help="The most iterations of the solver.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print no tables and no progress; warnings and errors go to stderr.")
    ] = False,
) -> None:
    """Solve the chain in BOOK: every good's price beside its back-propagated derivative.

    Writes BOOK-report.xlsx and BOOK-report.html (with --annotate BOOK-annotated.xlsx too), and prints the results.
    Exit codes: 0 solved and certified; 2 bad input, or a file that can't be written; 3 infeasible; 4 unbounded;
    5 stopped early; 6 solved, but not certified; 130 interrupted. Ctrl-C while solving keeps the best plan, and
    writes the reports of it; a second Ctrl-C leaves without.
    """
    at: At = context.obj
    at.doing = f"reading {book}"
    started = time.perf_counter()
    chain = _chain(book, changes or [])
    seconds = {"read": time.perf_counter() - started}
    for warning in chain.warnings:
        say(warning)
    reports = _reports(book, out or REPORTS, json is None or out is not None, annotate)
    with refusing(ValueError):
        for good in ranges or []:
            known_good(chain, good)
    targets = [path for path, _ in reports] + ([Path(json)] if json not in (None, "-") else [])
    with refusing(OSError):
        for target in targets:
            apart(target, book)
        if reports:
            folder_for(out or REPORTS)
    problems: list[str] = []
    with refusing(SolverMissing, NumeraireError), waiting(Console(stderr=True, quiet=quiet)) as wait:
        wait.doing(at.during("solving"))
        take_workspace()
        solution = solve(
            chain,
            method=method.value,
            time_limit=time_limit,
            max_iterations=max_iterations,
            progress=wait.step,
        )
        seconds |= solution.seconds
        if solution.status is Status.INTERRUPTED:
            wait.say(KEPT.line())
        again = differences and solution.certified
        wait.doing(at.during("solving again for each good" if again else "asking what each process would do"))
        found = dossier(chain, solution, numeraire=numeraire, differences=again)
        wait.doing(at.during("writing"))
        at.kept = "each file is whole, or as it was before"
        wrote = [
            said for path, write in reports if (said := _wrote(write, chain, solution, path, found, problems))
        ]
        if json is not None:
            record = result_record(chain, solution, seconds=seconds, tables=found)
            _write_json(json, record, problems)
    at.doing = "printing"
    if not quiet and json != "-":
        with refusing(ValueError), printing() as console:
            show(solution, found, console)
            for good in ranges or [] if solution.certified else []:
                print(holding(solution, good))
            if wrote:
                print()
            for line in wrote:
                print(line)
            given = [*(part for change in changes or [] for part in ("--set", change))]
            given += ["--numeraire", numeraire] if numeraire else []
            given += ["--method", method.value] if method is not Method.IPOPT else []
            given += ["--time-limit", f"{time_limit:g}"] if time_limit is not None else []
            given += ["--max-iterations", str(max_iterations)] if max_iterations is not None else []
            given += ["--out", str(out)] if out is not None else []
            copied = annotate or book.suffix.lower() not in (".xlsx", ".xlsm")
            if step := _next(book, given, solution, found, reports, differences=differences, annotated=copied):
                # A command that is broken into lines can't be copied: rather without its remark.
                step = step if len(step) + 6 <= console.width else step.partition("  #")[0]
                print(f"next: {step}")
    for problem in problems:
        say(problem)
    if solution.status is not Status.OPTIMAL:
        explained = found.explanation or Explanation("")
        why = f"{solution.status}: {explained.summary or solution.message}"
        say(headline(solution) if explained.causes else why)
        for cell, cause in zip(cells(book, explained.causes), explained.causes, strict=True):
            say(f"{cell or cause.sheet}: {cause.text}")
    raise typer.Exit(solution.status.exit_code or (BAD_INPUT if problems else 0))


Write = Callable[..., object]
"""Writes a chain, its solution and its tables to a path."""


def _reports(book: Path, folder: Path, reports: bool, annotated: bool) -> list[tuple[Path, Write]]:
    """What is to be written, under names that stay in the folder whatever the workbook is called."""
    planned: list[tuple[str, Write]] = [("-report.xlsx", write_excel), ("-report.html", write_html)]
    planned = planned if reports else []
    if annotated:
        planned.append((f"-annotated{book.suffix}", partial(annotate_book, book)))
    return [(folder / file_name(book.stem, ending), write) for ending, write in planned]


def _wrote(
    write: Write, chain: Chain, solution: Solution, path: Path, found: Tables, problems: list[str]
) -> str | None:
    """Write a report; a line that says so, or None and one more problem."""
    try:
        result = write(chain, solution, path, tables=found)
    except (OSError, ValueError) as error:
        problems.append(str(error))
        return None
    if isinstance(result, Notes) and result.left_out:
        return f"wrote {path}: {result.cells} notes; {result.left_out} findings more are left out"
    return f"wrote {path}"


def _next(
    book: Path,
    given: list[str],
    solution: Solution,
    found: Tables,
    reports: list[tuple[Path, Write]],
    *,
    differences: bool,
    annotated: bool,
) -> str:
    """The command that helps most after this one, and what for; "" where there is none."""
    command = shlex.join(["chainopt", "solve", str(book), *given])
    if not solution.certified:
        causes = found.explanation.causes if found.explanation is not None else ()
        return f"{command} --annotate  # marks these cells in a copy" if causes and not annotated else ""
    if not differences and len(ambiguous(found.goods)):
        return f"{command} --differences  # the worth of more and of less, where a price is open"
    if not annotated:
        return f"{command} --annotate  # results beside your own figures"
    return next((shlex.join(["open", str(path)]) for path, _ in reports if path.suffix == ".html"), "")


@app.command(
    short_help="Say everything that is wrong with a workbook.",
    epilog="Example: chainopt check data/tupperware.xlsx",
)
def check(
    context: typer.Context,
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook that holds the chain.")],
) -> None:
    """Say everything that is wrong with BOOK, each with its sheet and cell; 0 where nothing is, else 2."""
    context.obj.doing, context.obj.kept = f"reading {book}", "not all that is wrong with it has been said"
    chain, found = inspect_workbook(book)
    for problem in found:
        say(str(problem))
    if chain is None:
        errors = sum(problem.error for problem in found)
        say(f"{errors} error{'s' if errors > 1 else ''} in {book}")
        raise typer.Exit(BAD_INPUT)
    with printing():
        print(f"{book}: nothing wrong; {len(chain.goods)} goods, {len(chain.processes)} processes")


@app.command(
    short_help="Write a workbook to fill in, or an example.",
    epilog="Example: chainopt new chain.xlsx --example steel_loop",
)
def new(
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook to write; it must not exist yet.")],
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"A filled-in example: {', '.join(example_names())}.")
    ] = None,
) -> None:
    """Write an empty workbook to fill in, with drop-downs and notes, or a copy of an example."""
    with refusing(OSError, ValueError):
        if example is None:
            write_template(book)
        else:
            copy_example(example, book)
    with printing():
        print(f"wrote {book}: fill it in, then run `{shlex.join(['chainopt', 'solve', str(book)])}`")


@app.command(
    short_help="Trace a Python function as a supply chain.",
    epilog="Example: chainopt trace docs/essay.py:tupperware --at natgas=4 --solve",
)
def trace(
    context: typer.Context,
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
    context.obj.doing = f"tracing {target}"
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
        program = _traced(follow(function, fixed=held, max_steps=max_steps), positional, named)
    with refusing(ValueError, ArithmeticError, OSError, SolverMissing):
        if output is None and len(program.outputs) > 1:
            raise ValueError(f"it gives several results: choose one with --output: {', '.join(program.outputs)}")
        worth = None if output is None else {output: 1.0}
        chain = program.to_chain(worth) if solved or book is not None else None
        solution = solve(chain) if chain is not None and solved else None
        known = _prices(program, chain, solution) if chain and solution else None
        if book is not None and chain is not None:
            write_workbook(chain, book)
        problems: list[str] = []
        if json is not None:
            _write_json(json, program_record(program, output, known), problems)
        with printing():
            if source:
                print(program.source(output), end="")
            elif json != "-":
                print(program.listing(output, known))
                if book is not None:
                    print(f"wrote {book}")
    for problem in problems:
        refuse(problem)
    if solution is not None and solution.status is not Status.OPTIMAL:
        say(f"{solution.status}: {solution.message}")
        raise typer.Exit(solution.status.exit_code)


def _traced(run: Callable[..., Program], positional: tuple[Any, ...], named: dict[str, Any]) -> Program:
    """The program of a function of the user's, whose exceptions are bad input too."""
    try:
        return run(*positional, **named)
    except TraceError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        refuse(where(error))


def _prices(program: Program, chain: Chain, solution: Solution) -> dict[str, float | None]:
    """The multiplier of every step's good by the step's name, and of the arguments' by theirs."""
    found = dict(prices(chain, solution).set_index("good")["price"])
    names = dict(zip(program.inputs, program.names(), strict=False))
    return found | {argument: found.get(name) for argument, name in names.items()}


def _write_json(target: str, record: dict[str, Any], problems: list[str]) -> None:
    text = json_text(record)
    if target == "-":
        with printing():
            print(text)
        return
    try:
        with replacing(target) as file:
            file.write(f"{text}\n".encode())
    except OSError as error:
        problems.append(str(error))


def _chain(book: Path, changes: list[str]) -> Chain:
    with refusing(WorkbookError, AssignmentError, ChainError):
        chain = read_workbook(book)
        return assign(chain, changes) if changes else chain


def _version(asked: bool) -> None:
    if asked:
        print(f"chainopt {version('chainopt')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The command `chainopt`."""
    settle_streams()
    app()
