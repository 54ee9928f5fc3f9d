"""Cells of a workbook by what stands in them: the sheet, the good or process of the row, and the column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from os import PathLike
from typing import Protocol

from chainopt.chain.chain import Chain, changed
from chainopt.chain.rules import Problem
from chainopt.words.names import key
from chainopt.workbook.faults import CellProblem, WorkbookError, coordinate
from chainopt.workbook.read import Reader
from chainopt.workbook.schema import NAMED_BY
from chainopt.workbook.tables import Table

Names = tuple[str, ...]
"""What a row is of, by key: (good,), (process,), (parameter,), (process, good); ("", good) for a sale observed."""


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


class Book:
    """A workbook as it stands: its tables, and the rows of their records. Raises WorkbookError as reading does."""

    def __init__(self, path: str | PathLike[str]):
        self._reader = Reader()
        self.problems: tuple[CellProblem, ...] = self._reader.book(path)

    @property
    def tables(self) -> dict[str, Table]:
        """The schema's tables by name."""
        return self._reader.tables

    def chain(self) -> Chain:
        """The chain that the workbook holds; raises WorkbookError where it holds none."""
        if any(problem.error for problem in self.problems):
            raise WorkbookError(self.problems)
        return self._reader.chain()

    def place(self, cause: Placed) -> tuple[Table, int, int] | None:
        """The table, row and column of a cause, that of the row's name where the column is absent; None where the
        book has no such row."""
        names = (key(cause.record), key(cause.good)) if cause.good else (key(cause.record),)
        known = self._rows.get(cause.sheet, {}).get(names)
        if known is None:
            return None
        table, row, renamed = known
        return table, *table.at(row, renamed.get(cause.column, cause.column))

    def rows(self, sheet: str) -> dict[int, Names]:
        """What each row of a sheet is of."""
        return {row: names for names, (table, row, _) in self._rows.get(sheet, {}).items() if table.name == sheet}

    @cached_property
    def _rows(self) -> dict[str, dict[Names, tuple[Table, int, dict[str, str]]]]:
        """Every row by sheet and names, with the columns that go by another name there."""
        reader = self._reader
        records: dict[str, list[tuple[Names, tuple[int, ...]]]] = {
            sheet: [((key(getattr(record, field)),), (i,)) for i, record in enumerate(getattr(reader, sheet))]
            for sheet, field in NAMED_BY.items()
        }
        records["observed"] = [
            ((key(seen.process or ""), key(seen.good)), (i,)) for i, seen in enumerate(reader.observed)
        ]
        for sheet in ("inputs", "outputs"):
            records[sheet] = [
                ((key(process.process), key(row.good)), (i, j))
                for i, process in enumerate(reader.processes)
                for j, row in enumerate(getattr(process, sheet))
            ]
        rows: dict[str, dict[Names, tuple[Table, int, dict[str, str]]]] = {
            sheet: {
                names: reader.place(Problem(sheet, number, "", "", "", "")) for names, number in reversed(numbered)
            }
            for sheet, numbered in records.items()
        }
        if settings := self.tables.get("settings"):
            rows["settings"] = {(key(name),): (settings, row, {}) for name, row in reader.settings_rows.items()}
        return rows


def cells(path: str | PathLike[str], causes: Iterable[Placed]) -> tuple[str, ...]:
    """The cell of each cause, such as goods!F7, spelled as in the book; the row's name where the column is absent.

    "" for a cause whose row the book lacks. Raises WorkbookError where the file is no workbook.
    """
    book = Book(path)
    places = map(book.place, causes)
    return tuple(f"{place[0].title}!{coordinate(*place[1:])}" if place else "" for place in places)


def located(chain: Chain, book: str | PathLike[str]) -> Chain:
    """The chain whose changes say in which cells of its workbook the old figures stand."""
    found = zip(chain.changes, cells(book, chain.changes), strict=True)
    return changed(chain, [replace(change, cell=cell) for change, cell in found])
