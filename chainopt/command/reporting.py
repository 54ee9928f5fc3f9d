"""The reports of a solve: which there are, and that none takes another, or the answer, down with it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import chainopt as co
from chainopt.chain.changes import Change, said
from chainopt.command.answering import out_of_memory
from chainopt.words.messages import FAULT

Write = Callable[..., object]
"""Writes a chain, its solution and its tables to a path."""
Report = tuple[Path, Write]
Answer = tuple[list[str], list[str]]
"""What was written, and what went wrong."""
MANY = 1_000
"""Uses from which a copy of the process costs less than it saves; two reports of a small chain take moments."""
LONGEST_SCENARIO = 80
"""Bytes of a file's name that say what was changed."""


def planned(
    book: Path, folder: Path, changes: Sequence[Change], *, reports: bool, annotated: bool
) -> list[Report]:
    """What is to be written, under names that stay in the folder whatever the workbook is called.

    A scenario's names say what was changed, so that it takes no other's place.
    """
    from chainopt.machine.files import file_name

    found: list[tuple[str, Write]] = [("-report.xlsx", co.write_excel), ("-report.html", co.write_html)]
    found = found if reports else []
    if annotated:
        found.append((f"-annotated{book.suffix}", partial(co.annotate, book)))
    scenario = f"-{_scenario(changes)}" if changes else ""
    return [(folder / file_name(book.stem, scenario + ending), write) for ending, write in found]


def _scenario(changes: Sequence[Change]) -> str:
    """Changes as a part of a file's name; what is too long is cut, and told apart by a hash of the whole."""
    from chainopt.machine.files import file_name

    values = ["" if change.after is None else said(change.after) for change in changes]
    whole = ",".join(f"{change.name}={value}" for change, value in zip(changes, values, strict=True))
    name = file_name(whole, "")
    if len(name.encode()) <= LONGEST_SCENARIO and len(name) == len(whole):
        return name
    cut = name.encode()[:LONGEST_SCENARIO].decode(errors="ignore").rstrip(" .")
    return f"{cut}~{sha256(whole.encode()).hexdigest()[:8]}"


def written(
    reports: Sequence[Report], chain: co.Chain, solution: co.Solution, found: co.Tables, problems: list[str]
) -> list[str]:
    """Write the reports, a large chain's side by side; a line for each that is there, a problem for each other."""
    from chainopt.machine.apart import FORKS

    def of(some: Sequence[Report]) -> Answer:
        failed: list[str] = []
        said = [wrote(write, chain, solution, path, found, failed) for path, write in some]
        return [line for line in said if line is not None], failed

    large = FORKS and len(reports) > 1 and len(found.uses) >= MANY
    lines, failed = _side_by_side(of, reports) if large else of(reports)
    problems += failed
    return lines


def _side_by_side(of: Callable[[Sequence[Report]], Answer], reports: Sequence[Report]) -> Answer:
    """What `of` says of the reports: of the first, which takes longest, here, and of the others in a copy of this
    process beside it; of all of them here where the system grants no copy, or takes it away."""
    from chainopt.machine.apart import WorkDied, beside

    with ExitStack() as ends:
        try:
            rest = ends.enter_context(beside(lambda: of(reports[1:])))
        except OSError:
            return of(reports)
        lines, failed = of(reports[:1])
        try:
            more, faults = rest()
        except (MemoryError, WorkDied):
            more, faults = of(reports[1:])
    return lines + more, failed + faults


def wrote(
    write: Write, chain: co.Chain, solution: co.Solution, path: Path, found: co.Tables, problems: list[str]
) -> str | None:
    """Write a report; a line that says so, or None and one more problem."""
    from chainopt.workbook.faults import CopyError

    result: Any = None
    try:
        with surviving(f"the report {path}", problems):
            result = write(chain, solution, path, tables=found)
            if left_out := getattr(result, "left_out", 0):
                return f"wrote {path}: {result.cells} notes; {left_out} findings more are left out"
            return f"wrote {path}"
    except (OSError, CopyError, co.WorkbookError) as error:
        problems.append(str(error))
    return None


def tables_of(
    chain: co.Chain,
    solution: co.Solution,
    problems: list[str],
    *,
    numeraire: str | None,
    differences: bool,
    ranges: Sequence[co.Holding] = (),
) -> co.Tables | None:
    """All that the reports say; the plain tables where the rest fails by a fault of chainopt, None where these do.

    Raises NumeraireError as `dossier` does.
    """
    from chainopt.machine.memory import uncollected

    told = "what the market test, the explanation or further solves would say"
    with surviving(told, problems), uncollected():
        return co.dossier(chain, solution, numeraire=numeraire, differences=differences, ranges=ranges)
    with surviving("every table and report", problems):
        return co.tables(chain, solution, numeraire=numeraire)
    return None


@contextmanager
def surviving(what: str, problems: list[str]) -> Iterator[None]:
    """Turn a fault of chainopt's own into one more problem, which says what is missing for it, and go on.

    What is no such fault goes on its way: what the system refuses, and what a user can mend.
    """
    try:
        yield
    except (OSError, co.NumeraireError, co.SolverMissing, co.WorkbookError):
        raise
    except Exception as error:
        from chainopt.workbook.faults import CopyError

        if out_of_memory(error) or isinstance(error, CopyError):
            raise
        problems.append(FAULT.line(what=what, fault=_said(error)))


def _said(error: Exception) -> str:
    """An exception in a line: its kind and message, and where in chainopt it arose."""
    package, here = Path(co.__file__).parent, Path(__file__)
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    own = [
        f" ({path.relative_to(package).as_posix()}, line {line})"
        for path, line in frames
        if path.is_relative_to(package) and path != here
    ]
    text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": ")
    return f"{text:.300}{own[-1] if own else ''}"
