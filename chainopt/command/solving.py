"""chainopt solve BOOK: every good's price beside its back-propagated derivative; the reports; the next step."""

from __future__ import annotations

import time
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

import chainopt as co
from chainopt.command.answering import At
from chainopt.command.console import BAD_INPUT, printing, refuse, refusing, say, write_json
from chainopt.command.reporting import Write, planned, surviving, tables_of, written
from chainopt.command.shell import command
from chainopt.words.messages import KEPT

REPORTS = Path("reports")
MOST_SAID = 5
"""Warnings of one code; the reports hold all."""


class Method(StrEnum):
    """How to solve; see solve.METHODS."""

    AUTO = "auto"
    SIMPLEX = "simplex"
    IPOPT = "ipopt"
    MARKET = "market"


def solve(
    context: typer.Context,
    book: Annotated[Path, Argument(metavar="BOOK", help="The workbook, or folder of .csv files.")],
    out: Annotated[Path | None, Option(metavar="DIR",
        help="Folder for the reports, made where it is absent (default: reports).")] = None,
    annotate: Annotated[bool, Option("--annotate",
        help="Also copy BOOK, with results in new columns and notes on cells.")] = False,
    json: Annotated[str | None, Option(metavar="FILE|-",
        help="Write the result as JSON, - to stdout; reports then need --out.")] = None,
    changes: Annotated[list[str] | None, Option("--set", metavar="NAME.COLUMN=VALUE",
        help="Change a figure first: =5, or relative =*1.2, =+20%, =-20%; may be repeated.")] = None,
    numeraire: Annotated[str | None, Option(metavar="GOOD",
        help="Give money in units of this good's price.")] = None,
    method: Annotated[Method, Option(help="How to solve: auto takes simplex for fixed recipes.")] = Method.AUTO,
    fractions: Annotated[bool, Option("--fractions",
        help="Solve the simplex method's bases in fractions, however large.")] = False,
    differences: Annotated[bool, Option("--differences",
        help="Solve again with a little more and less of each good.")] = False,
    ranges: Annotated[list[str] | None, Option("--range", metavar="GOOD|NAME.LIMIT",
        help="How far a good's price holds, or a limit's rent (mill.capacity); may be repeated.")] = None,
    time_limit: Annotated[float | None, Option(metavar="SECONDS", min=0.001,
        help="The most seconds to build, solve and check.")] = None,
    max_iterations: Annotated[int | None, Option(metavar="COUNT", min=1,
        help="The most iterations of the solver.")] = None,
    full: Annotated[bool, Option("--full",
        help="Print all that there is to say, not one screen of it.")] = False,
    quiet: Annotated[bool, Option("--quiet",
        help="Print no tables and no progress; warnings and errors go to stderr.")] = False,
) -> None:  # fmt: skip
    """Solve the chain in BOOK: every good's price beside its back-propagated derivative.

    Says what reading warns of, writes BOOK-report.xlsx and BOOK-report.html (with --annotate BOOK-annotated.xlsx
    too; with --set the names and titles say what was changed), and prints the results.
    Exit codes: 0 solved and certified; 2 bad input, or a file that can't be, or isn't, written; 3 infeasible;
    4 unbounded; 5 unsolved, or stopped early; 6 solved, but not certified; 130 interrupted. Ctrl-C while solving
    keeps the best plan, and writes the reports of it; a second Ctrl-C leaves without.
    """
    from rich.console import Console

    from chainopt import SolverMissing
    from chainopt.command.waiting import Results, waiting
    from chainopt.machine.files import apart, folder_for
    from chainopt.machine.memory import take_workspace
    from chainopt.report.content.findings import headline
    from chainopt.report.screen import screen
    from chainopt.report.terminal import show

    # Named, and so imported: it takes a while, in which Ctrl-C ends the process at once.
    _ = co.read_workbook, co.solve, co.dossier, co.write_excel, co.write_html
    _ = annotate and co.annotate, json and co.result_record, ranges and co.holding
    at: At = context.obj
    at.begin(f"reading {book}")
    started = time.perf_counter()
    chain = _chain(book, changes or [])
    seconds = {"read": time.perf_counter() - started}
    _warn(book, chain)
    wanted = json is None or out is not None
    reports = planned(book, out or REPORTS, chain.changes, reports=wanted, annotated=annotate)
    if ranges:
        from chainopt.scenarios.change import known_figure

        with refusing(ValueError):
            for good in ranges:
                known_figure(chain, good)
    targets = [path for path, _ in reports] + ([Path(json)] if json not in (None, "-") else [])
    with refusing(OSError):
        for target in targets:
            apart(target, book)
        if reports:
            folder_for(out or REPORTS)
    problems: list[str] = []
    with refusing(SolverMissing, co.NumeraireError), waiting(Console(stderr=True, quiet=quiet)) as wait:
        wait.doing(at.during("solving"))
        take_workspace()
        solution = co.solve(
            chain,
            method=method.value,
            fractions=fractions or None,
            time_limit=time_limit,
            max_iterations=max_iterations,
            progress=wait.step,
        )
        seconds |= solution.seconds
        if solution.status is co.Status.INTERRUPTED:
            wait.say(KEPT.line())
        again = differences and solution.certified
        wait.doing(at.during("solving again for each good" if again else "asking what each process would do"))
        held = []
        for name in ranges or [] if solution.certified else []:
            wait.doing(at.during(f"solving again for how far {name} holds"))
            with surviving(f"how far {name} holds", problems):
                held.append(co.holding(solution, name))
        found = tables_of(chain, solution, problems, numeraire=numeraire, differences=again, ranges=held)
        if found is None:
            refuse("\n".join([headline(solution), *problems]))
        wait.doing(at.during("writing"))
        at.kept = "each file is whole, or as it was before"
        lines = written(reports, chain, solution, found, problems)
        if json is not None:
            with surviving(f"the JSON {json}" if json != "-" else "the JSON", problems):
                record = co.result_record(chain, solution, seconds=seconds, tables=found)
                write_json(json, record, problems)
    at.doing = "printing"
    if not quiet and json != "-":
        with refusing(ValueError), printing():
            console, brief = Results(), solution.certified and not full
            with surviving("what the terminal would say", problems):
                (screen if brief else show)(solution, found, console)
            if held:
                print(*held, sep="\n")
            if lines:
                print(*([] if brief else [""]), *lines, sep="\n")
            given: list[str | Path] = [*(part for change in changes or [] for part in ("--set", change))]
            given += ["--numeraire", numeraire] if numeraire else []
            given += ["--method", method.value] if method is not Method.AUTO else []
            given += ["--fractions"] if fractions else []
            given += ["--time-limit", f"{time_limit:g}"] if time_limit is not None else []
            given += ["--max-iterations", str(max_iterations)] if max_iterations is not None else []
            given += ["--out", out] if out is not None else []
            copied = annotate or book.suffix.lower() not in (".xlsx", ".xlsm")
            if step := _next(book, given, solution, found, reports, differences=differences, annotated=copied):
                # A command that is broken into lines can't be copied: rather without its remark.
                step = step if len(step) + 6 <= console.width else step.partition("  #")[0]
                print(f"next: {step}")
    for problem in problems:
        say(problem)
    if solution.status is not co.Status.OPTIMAL:
        from chainopt.workbook.locate import cells

        explained = found.explanation
        causes = explained.causes if explained is not None else ()
        why = explained.summary if explained is not None else ""
        say(headline(solution) if causes else f"{solution.status}: {why or solution.message}")
        for cell, cause in zip(cells(book, causes), causes, strict=True):
            say(f"{cell or cause.sheet}: {cause.text}")
    raise typer.Exit(solution.status.exit_code or (BAD_INPUT if problems else 0))


def _next(
    book: Path,
    given: list[str | Path],
    solution: co.Solution,
    found: co.Tables,
    reports: list[tuple[Path, Write]],
    *,
    differences: bool,
    annotated: bool,
) -> str:
    """The command that helps most after this one, and what for; "" where there is none."""
    from chainopt.report.content.salience import ambiguous

    again = command("chainopt", "solve", book, *given)
    if not solution.certified:
        causes = found.explanation.causes if found.explanation is not None else ()
        return f"{again} --annotate  # marks these cells in a copy" if causes and not annotated else ""
    if not differences and len(ambiguous(found.goods)):
        return f"{again} --differences  # the worth of more and of less, where a price is open"
    if not annotated:
        return f"{again} --annotate  # results beside your own figures"
    return next((command("open", path) for path, _ in reports if path.suffix == ".html"), "")


def _chain(book: Path, changes: list[str]) -> co.Chain:
    from chainopt.workbook.assign import AssignmentError, assign
    from chainopt.workbook.locate import located

    try:
        with refusing(AssignmentError, co.ChainError):
            chain = co.read_workbook(book)
            return located(assign(chain, changes), book) if changes else chain
    except co.WorkbookError as error:
        refuse("\n".join(map(str, error.problems)))


def _warn(book: Path, chain: co.Chain) -> None:
    """Say what reading says of the chain: the first of each code, and how many more there are."""
    said = Counter[str]()
    for caution in chain.warnings:
        said[caution.code] += 1
        if said[caution.code] <= MOST_SAID:
            say(str(caution))
    for code, count in said.items():
        if count > MOST_SAID:
            say(f"{code}: {count - MOST_SAID:,} more; {command('chainopt', 'check', book)} says each")
