"""The user's own workbook with the results beside the figures that they follow from.

Result columns have names that begin with `#=`, which the reader passes over: the copy is a workbook still.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.utils.cell import coordinate_to_tuple

from chainopt.chain.chain import Chain
from chainopt.machine.files import apart, replacing
from chainopt.report.content.findings import headline, money
from chainopt.report.content.legible import shape
from chainopt.report.content.remarks import Remark, remarks
from chainopt.report.content.sheets import sheets
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure
from chainopt.words.names import key
from chainopt.workbook.faults import CopyError
from chainopt.workbook.files.container import usual_office_file
from chainopt.workbook.locate import Book, Names
from chainopt.workbook.patch.additions import Added, Additions, with_additions
from chainopt.workbook.schema import IGNORED_PREFIX
from chainopt.workbook.tables import Table

AUTHOR = "chainopt, solved"
MOST_REMARKS = 1000
PREFIX = f"{IGNORED_PREFIX}= "

_COLUMNS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "goods": (
        ("price", "prices", "price"),
        ("derivative", "prices", "backprop"),
        ("low", "prices", "low"),
        ("high", "prices", "high"),
        ("verdict", "prices", "verdict"),
        ("produced", "balances", "produced"),
        ("imported", "balances", "imported"),
        ("used", "balances", "used"),
        ("sold", "balances", "sold"),
        ("disposed", "balances", "disposed"),
    ),
    "processes": (
        ("level", "processes", "level"),
        ("profit", "processes", "profit"),
        ("rent", "processes", "rent"),
        ("verdict", "market", "verdict"),
    ),
    "inputs": (("amount", "uses", "amount"), ("share", "uses", "share"), ("value", "uses", "value")),
    "outputs": (("amount", "made", "amount"),),
    "observed": (("amount", "uses", "amount"), ("price", "prices", "price")),
}
"""By sheet of the workbook: a result column's name, and the report's table and column that it shows."""


@dataclass(frozen=True, slots=True)
class Notes:
    """How many cells were given a note, and how many findings were too many for one."""

    cells: int
    left_out: int


@dataclass(frozen=True, slots=True)
class _Result:
    """The cells of a result column, value and number format, by the names of their row."""

    cells: dict[Names, tuple[float | str | None, str]]
    wide: bool = False


def annotate(
    workbook: str | PathLike[str],
    chain: Chain,
    solution: Solution,
    path: str | PathLike[str],
    *,
    tables: Tables | None = None,
) -> Notes:
    """Copy a workbook to `path`, with a solution's results in new columns, and its findings as notes on the cells.

    All else in the file stays as it is: formats, formulas and their saved values, drop-downs, notes, charts,
    macros. The columns and notes of an earlier copy are replaced. Reading the copy gives the workbook's chain;
    where the chain was changed since it was read, notes say so. tables: those of `dossier`, where they are there.
    Raises CopyError (a ValueError) where the chain is not the workbook's, the names end differently, or it is no
    .xlsx or .xlsm file; WorkbookError where it can't be read; OSError where the copy can't be written, or would
    take the workbook's own place.
    """
    workbook, path = Path(workbook), Path(path)
    apart(path, workbook)
    if path.suffix.lower() != workbook.suffix.lower():
        raise CopyError(f'can\'t write "{path}": a copy of {workbook.name} must end in {workbook.suffix} too')
    book = Book(workbook)
    own = book.chain()
    original = usual_office_file(workbook)
    if _names(own) != _names(chain):
        raise CopyError(f"{workbook} holds other goods or processes than the chain: give its own workbook")
    figures = tables or dossier(chain, solution)
    results = _results(solution, figures)
    columns = {name: _added(book, table, results) for name, table in book.tables.items()}
    found = remarks(own, chain, solution, figures)
    notes, left_out = _notes(book, found)
    goods = book.tables["goods"]
    at = columns["goods"][0].number if columns["goods"] else goods.columns["good"]
    told = notes.setdefault("goods", {})
    told[goods.header, at] = "\n".join(
        filter(None, [_opening(solution, figures), told.get((goods.header, at), "")])
    )
    additions = {
        table.title: Additions(table.header, columns[name], notes.get(name, {}))
        for name, table in book.tables.items()
    }
    content = with_additions(original, additions, AUTHOR)
    with replacing(path) as file:
        file.write(content)
    return Notes(sum(map(len, notes.values())), left_out)


def _opening(solution: Solution, figures: Tables) -> str:
    """What stands at the first result, or at the first title where there is none."""
    if not solution.certified:
        return headline(solution)
    text = f"{headline(solution)} Columns that begin with {PREFIX.strip()} are results: chainopt reads past them."
    # The user's own prices stand beside them, in the chain's money.
    return text if figures.numeraire is None else f"{text} {money(figures)}"


def _names(chain: Chain) -> tuple[list[str], list[str]]:
    return [key(good.good) for good in chain.goods], [key(process.process) for process in chain.processes]


def _results(solution: Solution, figures: Tables) -> dict[tuple[str, str], _Result]:
    """Every result column by the report's table and column; none where the solution is not certified."""
    if not solution.certified:
        return {}
    shown = sheets(figures)
    found: dict[tuple[str, str], _Result] = {}
    for table, column in {(table, column) for sheet in _COLUMNS.values() for _, table, column in sheet}:
        if table not in shown:
            continue
        sheet = shown[table]
        kind = next(each.kind for each in sheet.columns if each.name == column)
        result = _Result({}, kind in ("word", "text"))
        several = sheet.rows["interval"] != "point" if column in ("low", "high") else [True] * len(sheet.rows)
        texts = sheet.shown[column].tolist()
        for names, value, text, told in zip(
            _rows(sheet.rows), sheet.rows[column].tolist(), texts, several, strict=True
        ):
            if names and told and text:
                result.cells[names] = _value(value, text), _format(text)
        found[table, column] = result
    found["made", "amount"] = _made(solution)
    return found


def _rows(rows: pd.DataFrame) -> Iterator[Names]:
    """What each row of a report's table is of; () for a disposal."""
    if "kind" in rows:
        for kind, good, process in zip(rows["kind"], rows["good"], rows["process"], strict=True):
            yield () if kind == "disposal" else (key(process) if kind == "use" else "", key(good))
        return
    for name in rows["good"] if "good" in rows else rows["process"]:
        yield (key(name),)


def _made(solution: Solution) -> _Result:
    """What each process makes of each good."""
    result = _Result({})
    net, plan = solution.net, solution.amounts
    if net is not None and plan is not None:
        made = net.yields.tocoo()
        for level, good, amount in zip(made.row, made.col, made.data * plan.level[made.row], strict=True):
            names = (key(net.processes[net.level_process[level]]), key(net.goods[good]))
            result.cells[names] = float(amount), _format(figure(float(amount)))
    return result


def _value(value: Any, text: str) -> float | str:
    """What the cell holds: the number in full, 0 where it is noise, and a text where it has no end."""
    if isinstance(value, str):
        return value
    return 0.0 if text == "0" else float(value) if isfinite(value) else text


def _format(text: str) -> str:
    """The number format that shows a figure as its text does; "" for a text."""
    if text.endswith("%"):
        return "0.0%"
    return shape(text) if text[-1].isdigit() else ""


def _added(book: Book, table: Table, results: dict[tuple[str, str], _Result]) -> list[Added]:
    """The result columns of a sheet: at their old places where the copy is annotated anew, else at the right.

    A column without any result is left out, unless it is there already and must lose its old ones.
    """
    rows = book.rows(table.name)
    added = []
    right = table.width
    standing = {title: number for number, title in table.ignored.items()}
    for name, source, column in _COLUMNS.get(table.name, ()):
        result = results.get((source, column), _Result({}))
        blank = (None, "")
        found = {row: result.cells.get(names, result.cells.get(names[-1:], blank)) for row, names in rows.items()}
        cells = {row: value for row, (value, _) in found.items()}
        number = standing.get(key(PREFIX + name))
        if number is None:
            if all(value is None for value in cells.values()):
                continue
            number = right = right + 1
        formats = {row: form for row, (_, form) in found.items()}
        added.append(Added(PREFIX + name, number, cells, formats, 22 if result.wide else 13, result.wide))
    return added


def _notes(book: Book, found: Iterable[Remark]) -> tuple[dict[str, dict[tuple[int, int], str]], int]:
    """The texts of notes by sheet, row and column, and how many findings were one too many.

    Several findings of one cell are one note; a finding whose row the workbook lacks is in the reports alone.
    """
    named = {table.title: name for name, table in book.tables.items()}
    # What is said of a sheet as a whole stands at its first title.
    placed = [
        (name, coordinate_to_tuple(problem.cell) if problem.cell else (book.tables[name].header, 1), problem.text)
        for problem in book.problems
        for name in [named[problem.sheet]]
    ]
    places = ((book.place(remark), remark.text) for remark in found)
    placed += [(place[0].name, place[1:], text) for place, text in places if place is not None]
    notes: dict[str, dict[tuple[int, int], str]] = {}
    for sheet, at, text in placed[:MOST_REMARKS]:
        of = notes.setdefault(sheet, {})
        of[at] = f"{of[at]}\n{text}" if at in of else text
    return notes, max(0, len(placed) - MOST_REMARKS)
