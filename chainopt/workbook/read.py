"""A workbook -> a Chain, or every problem that keeps it from being one, each with its sheet and cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from os import PathLike
from typing import Any

import numpy as np

from chainopt.chain.chain import Chain, checked_chain
from chainopt.chain.checks import Parts, problems
from chainopt.chain.records import (
    Good,
    Input,
    Observed,
    Output,
    Parameter,
    Process,
    Record,
    Settings,
    from_columns,
)
from chainopt.chain.rules import Caution, Problem
from chainopt.machine.memory import uncollected
from chainopt.technology.families import TECHNOLOGIES
from chainopt.words import messages
from chainopt.words.names import closest, found, hints, key, keys, nearest
from chainopt.workbook.faults import CellProblem, Faults, WorkbookError
from chainopt.workbook.files.book import open_book
from chainopt.workbook.schema import SETTINGS, columns_of
from chainopt.workbook.tables import Table, find_tables, read_cell

Place = tuple[Table, int, dict[str, str]]
"""A record's row, and the columns that go by another name there."""

FOLLOWS_FROM = {
    ("goods", "demand elasticity"): ("price", "min sale", "rival"),
    ("goods", "reference sale"): ("demand elasticity",),
    ("goods", "max sale"): ("min sale",),
    ("goods", "min sale"): ("price", "demand elasticity", "rival"),
    ("goods", "max import"): ("import price",),
    ("processes", "function"): ("formula",),
    ("processes", "formula"): ("function",),
    ("processes", "min level"): ("capacity",),
}
"""Columns whose problem may only follow from a bad cell in another column of the same row."""


def read_workbook(path: str | PathLike[str]) -> Chain:
    """The chain that a workbook holds; raises WorkbookError, which lists every problem.

    Names lose stray blanks; units, notes and formulas stay as they are written. `chain.warnings` is what is said
    of cells that can be read, each with its cell: a formula whose saved value may be old, a hidden row.
    """
    chain, found = inspect_workbook(path)
    if chain is None:
        raise WorkbookError(found)
    return chain


def check_workbook(path: str | PathLike[str]) -> tuple[CellProblem, ...]:
    """Every problem of a workbook, errors and warnings, sheet by sheet; () where there is none."""
    return inspect_workbook(path)[1]


def inspect_workbook(path: str | PathLike[str]) -> tuple[Chain | None, tuple[CellProblem, ...]]:
    """The chain that a workbook holds, None where it holds none, and every problem as of `check_workbook`."""
    with uncollected():
        return _inspected(path)


def _inspected(path: str | PathLike[str]) -> tuple[Chain | None, tuple[CellProblem, ...]]:
    reader = Reader()
    try:
        found = reader.book(path)
    except WorkbookError as error:
        return None, error.problems
    return None if any(problem.error for problem in found) else reader.chain(), found


class Reader:
    """Reads the tables one after the other, and knows each record's place in the book."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.tables: dict[str, Table] = {}
        self.goods: list[Good] = []
        self.processes: list[Process] = []
        self.parameters: list[Parameter] = []
        self.settings = Settings()
        self.observed: list[Observed] = []
        self.found: list[Problem] = []
        self.attached: dict[str, tuple[np.ndarray, list[int]]] = {}
        self.short_outputs: list[bool] = []
        self.settings_rows: dict[str, int] = {}
        self.orphans = False
        self.order: list[str] = []

    @property
    def parts(self) -> Parts:
        return self.goods, self.processes, self.parameters, self.settings, self.observed

    def book(self, path: str | PathLike[str]) -> tuple[CellProblem, ...]:
        sheets = open_book(path)
        self.tables = find_tables(sheets, self.faults)
        self.goods = self.records("goods", Good)
        self.read_processes()
        self.parameters = self.records("parameters", Parameter)
        self.read_settings()
        self.observed = self.records("observed", Observed)
        if "goods" in self.tables and self.tables["goods"].complete:
            self.found = problems(self.parts)
            self.locate(self.found)
        self.order = [sheet.name for sheet in sheets]
        return self.faults.listed(self.order)

    def chain(self) -> Chain:
        """The chain of a book that was read without an error."""
        return checked_chain(self.parts, self.found, self.cautions())

    def cautions(self) -> Iterator[Caution]:
        """What was said of the book's cells, each with the names of its row."""
        tables = {table.title: table for table in self.tables.values()}
        for (sheet, row, number), problem in self.faults.placed(self.order):
            table = tables[sheet]
            yield Caution(problem.code, problem.text, table.name, *table.names(row, number), problem.where)

    def records(self, name: str, kind: type[Record]) -> list[Record]:
        """A record for each row of a sheet."""
        table = self.tables.get(name)
        if table is None or not table.complete:
            return []
        return from_columns(kind, table.values(self.faults), len(table.rows))

    def read_processes(self) -> None:
        table = self.tables.get("processes")
        complete = table is not None and table.complete
        values = table.values(self.faults) if table is not None and complete else {}
        names, short = values.get("process", []), values.get("outputs", [])
        number: dict[str, int] = {}
        for spellings in (names, keys(names)):
            number |= zip(reversed(spellings), range(len(names) - 1, -1, -1), strict=True)
        number.pop("", None)
        hint = hints([name for name in names if name], ": add it to the sheet processes") if complete else None
        values["inputs"] = self.attach("inputs", Input, number, hint, len(names))
        more = self.attach("outputs", Output, number, hint, len(names))
        self.short_outputs = [good is not None for good in short]
        values["outputs"] = [
            rows if good is None else (Output(good), *rows) for good, rows in zip(short, more, strict=True)
        ]
        values["firm"] = [firm or name for firm, name in zip(values.get("firm", []), names, strict=True)]
        self.processes = from_columns(Process, values, len(names)) if names else []

    def attach(
        self, name: str, kind: type[Record], number: dict[str, int], hint: Callable[[str], str] | None, count: int
    ) -> list[tuple[Record, ...]]:
        """Read the sheet inputs or outputs: each process's records."""
        table = self.tables.get(name)
        if table is None or not table.complete:
            self.orphans = self.orphans or table is not None
            return [()] * count
        values = table.values(self.faults)
        named = values.pop("process")
        owners = list(map(number.get, named))
        if None in owners:
            of = {process: found(number, process) for process in set(named)}
            owners = [-1 if (i := of[process]) is None else i for process in named]
        owner = np.array(owners, dtype=int)
        for n in np.flatnonzero(owner < 0).tolist():
            self.orphans = True
            if hint is not None:
                at, wrong = table.at(table.rows[n], "process"), named[n]
                self.faults.say(table.title, at, messages.UNKNOWN_PROCESS, name=wrong, hint=hint(wrong))
        records = from_columns(kind, values, len(named))
        order = np.argsort(owner, kind="stable")
        ends = np.searchsorted(owner[order], np.arange(count + 1)).tolist()
        if np.any(np.diff(order) != 1):
            records = [records[n] for n in order.tolist()]
        self.attached[name] = order, ends
        return [tuple(records[start:end]) for start, end in pairwise(ends)]

    def read_settings(self) -> None:
        table = self.tables.get("settings")
        if table is None or not table.complete:
            return
        known = {key(setting.column): setting for setting in SETTINGS}
        values: dict[str, Any] = {}
        raws = table.cells.get("value", [None] * len(table.rows))
        for row, raw_name, raw in zip(table.rows, table.cells["setting"], raws, strict=True):
            at = table.at(row, "setting")
            name = read_cell(table, row, columns_of("settings")["setting"], raw_name, self.faults)
            if self.faults.at(table.title, at):
                continue
            meant = key(name) if key(name) in known else closest(name, known)
            if meant != key(name):
                hint = nearest(name, known) or f": settings are {', '.join(known)}"
                self.faults.say(table.title, at, messages.UNKNOWN_SETTING, name=name, hint=hint)
            elif meant in self.settings_rows:
                first = self.settings_rows[meant]
                self.faults.say(table.title, at, messages.SET_TWICE, name=name, row=first)
            else:
                self.settings_rows[meant] = row
                setting = known[meant]
                values[setting.field] = read_cell(table, row, setting, raw, self.faults)
        self.settings = Settings(**values)

    def locate(self, found: Iterable[Problem]) -> None:
        """Report the chain's problems at their cells, less those that follow from one reported already."""
        unread = self.faults.errors()
        absent = set()
        for problem in found:
            if unread and problem.code.startswith("N"):
                continue
            table, row, renamed = self.place(problem)
            column = renamed.get(problem.column, problem.column)
            causes = FOLLOWS_FROM.get((table.name, column), ())
            places = (table.at(row, cause) for cause in causes if cause in table.columns)
            if any((table.title, *place) in unread for place in places) or self.only_seems(problem):
                continue
            text = problem.text
            if column not in table.columns:
                # Without its column every row has the same problem: the first says it.
                text += f' (there is no column "{column}")'
                if (table.name, text) in absent:
                    continue
                absent.add((table.name, text))
            self.faults.say_text(table.title, table.at(row, column), text, problem.code)

    def place(self, problem: Problem) -> Place:
        if problem.sheet == "settings":
            return self.tables["settings"], self.settings_rows[problem.column], {problem.column: "value"}
        table, record = self.tables.get(problem.sheet), problem.record
        if problem.sheet == "outputs" and self.short_outputs[record[0]]:
            if record[1] == 0:
                processes = self.tables["processes"]
                return processes, processes.rows[record[0]], {"good": "output", "yield": "output"}
            record = (record[0], record[1] - 1)
        assert table is not None
        if not record:
            return table, table.header + 1, {}
        if len(record) == 1:
            return table, table.rows[record[0]], {}
        order, ends = self.attached[problem.sheet]
        return table, table.rows[order[ends[record[0]] + record[1]]], {}

    def only_seems(self, problem: Problem) -> bool:
        """Whether a problem is there only because another sheet, or rows of it, could not be read."""
        if (problem.sheet, problem.column) == ("observed", "process"):
            return "processes" not in self.tables or not self.tables["processes"].complete
        if (problem.sheet, problem.column) != ("processes", "function"):
            return False
        table, row, _ = self.place(problem)
        process = self.processes[problem.record[0]]
        lacks_inputs = process.function in TECHNOLOGIES and process.formula is None and not process.inputs
        # The rows of a process listed twice go to the first.
        return lacks_inputs and (self.orphans or self.faults.at(table.title, table.at(row, "process")))
