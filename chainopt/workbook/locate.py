"""Cells of a workbook by what stands in them: the sheet, the good or process of the row, and the column."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Protocol

from chainopt.names import key
from chainopt.rules import Problem
from chainopt.workbook.faults import coordinate
from chainopt.workbook.read import Reader


class Placed(Protocol):
    """Something said of one cell: record is the good or process of its row, good the input that the row is of."""

    @property
    def sheet(self) -> str: ...
    @property
    def record(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def good(self) -> str: ...


def cells(path: str | PathLike[str], causes: Iterable[Placed]) -> tuple[str, ...]:
    """The cell of each cause, such as goods!F7, spelled as in the book; the row's name where the column is absent.

    "" for a cause whose row the book lacks. Raises WorkbookError where the file is no workbook.
    """
    reader = Reader()
    reader.book(path)
    return tuple(_cell(reader, cause) for cause in causes)


def _cell(reader: Reader, cause: Placed) -> str:
    record = _record(reader, cause)
    if record is None:
        return ""
    table, row, renamed = reader.place(Problem(cause.sheet, record, cause.column, "", "", ""))
    return f"{table.title}!{coordinate(*table.at(row, renamed.get(cause.column, cause.column)))}"


def _record(reader: Reader, cause: Placed) -> tuple[int, ...] | None:
    processes = [process.process for process in reader.processes]
    named = [good.good for good in reader.goods] if cause.sheet == "goods" else processes
    i = next((i for i, name in enumerate(named) if key(name) == key(cause.record)), None)
    if i is None or cause.sheet in ("goods", "processes"):
        return None if i is None else (i,)
    rows = getattr(reader.processes[i], cause.sheet)
    j = next((j for j, row in enumerate(rows) if key(row.good) == key(cause.good)), None)
    return None if j is None else (i, j)
