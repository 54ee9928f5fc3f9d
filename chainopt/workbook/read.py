"""A workbook -> a Chain, or every problem that keeps it from being one, each with its sheet and cell."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from chainopt.chain import Chain
from chainopt.checks import Problem, problems
from chainopt.names import closest, key, nearest
from chainopt.records import FUNCTIONS, Good, Input, Observed, Output, Parameter, Process, Settings
from chainopt.workbook.book import open_book
from chainopt.workbook.cells import shown
from chainopt.workbook.faults import CellProblem, Faults, WorkbookError
from chainopt.workbook.schema import SETTINGS, SHEETS
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

    Names lose stray blanks; units, notes and formulas stay as they are written.
    """
    read = Reader()
    found = read.book(path)
    if any(problem.error for problem in found):
        raise WorkbookError(found)
    return Chain(
        read.goods,
        read.processes,
        parameters=read.parameters,
        settings=read.settings,
        observed=read.observed,
    )


def check_workbook(path: str | PathLike[str]) -> tuple[CellProblem, ...]:
    """Every problem of a workbook, errors and warnings, sheet by sheet; () where there is none."""
    try:
        return Reader().book(path)
    except WorkbookError as error:
        return error.problems


class Reader:
    """Reads the tables one after the other, and keeps each record's place in the book."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.tables: dict[str, Table] = {}
        self.goods: list[Good] = []
        self.processes: list[Process] = []
        self.parameters: list[Parameter] = []
        self.settings = Settings()
        self.observed: list[Observed] = []
        self.places: dict[tuple[str, tuple[int, ...]], Place] = {}
        self.settings_rows: dict[str, int] = {}
        self.orphans = False

    def book(self, path: str | PathLike[str]) -> tuple[CellProblem, ...]:
        sheets = open_book(path)
        self.tables = find_tables(sheets, self.faults)
        self.goods = [Good(**fields) for fields in self.records("goods")]
        self.read_processes()
        self.parameters = [Parameter(**fields) for fields in self.records("parameters")]
        self.read_settings()
        self.observed = [Observed(**fields) for fields in self.records("observed")]
        if "goods" in self.tables and self.tables["goods"].complete:
            parts = (self.goods, self.processes, self.parameters, self.settings, self.observed)
            self.locate(problems(*parts))
        return self.faults.listed([sheet.name for sheet in sheets])

    def records(self, name: str) -> Iterable[dict[str, Any]]:
        """The fields of each row of a sheet, whose place becomes that of the record of the same number."""
        table = self.tables.get(name)
        if table is None or not table.complete:
            return
        for i, (row, fields) in enumerate(table.records(self.faults)):
            self.places[name, (i,)] = (table, row, {})
            yield fields

    def read_processes(self) -> None:
        rows = list(self.records("processes"))
        number: dict[str, int] = {}
        for i, fields in enumerate(rows):
            number.setdefault(key(fields["process"]), i)
        spelled = {key(fields["process"]): fields["process"] for fields in rows if fields["process"]}
        inputs: list[list[Input]] = [[] for _ in rows]
        outputs: list[list[Output]] = [[] for _ in rows]
        for i, fields in enumerate(rows):
            good = fields.pop("outputs")
            if good is not None:
                table, row, _ = self.places["processes", (i,)]
                self.places["outputs", (i, 0)] = (table, row, {"good": "output", "yield": "output"})
                outputs[i].append(Output(good))
        self.attach("inputs", Input, inputs, number, spelled)
        self.attach("outputs", Output, outputs, number, spelled)
        self.processes = [Process(**fields, inputs=inputs[i], outputs=outputs[i]) for i, fields in enumerate(rows)]

    def attach(
        self,
        name: str,
        record: type[Any],
        lists: list[list[Any]],
        number: dict[str, int],
        spelled: dict[str, str],
    ) -> None:
        """Read the sheet inputs or outputs and give each row's record to its process."""
        table = self.tables.get(name)
        if table is None or not table.complete:
            self.orphans = self.orphans or table is not None
            return
        hints: dict[str, str] = {}
        for row, fields in table.records(self.faults):
            process = fields.pop("process")
            at = table.at(row, "process")
            i = number.get(key(process))
            if i is None or not process:
                self.orphans = True
                if "processes" in self.tables and self.tables["processes"].complete:
                    if process not in hints:
                        hints[process] = nearest(process, spelled.values()) or ": add it to the sheet processes"
                    text = f"there is no process {shown(process)}{hints[process]}"
                    self.faults.say(table.title, at, text)
                continue
            self.places[name, (i, len(lists[i]))] = (table, row, {})
            lists[i].append(record(**fields))

    def read_settings(self) -> None:
        table = self.tables.get("settings")
        if table is None or not table.complete:
            return
        known = {key(setting.column): setting for setting in SETTINGS}
        values: dict[str, Any] = {}
        for row, cells in table.rows.items():
            at = table.at(row, "setting")
            name = read_cell(table, row, SHEETS["settings"]["setting"], cells.get("setting"), self.faults)
            if self.faults.at(table.title, at):
                continue
            meant = key(name) if key(name) in known else closest(name, known)
            if meant != key(name):
                hint = nearest(name, known) or f": settings are {', '.join(known)}"
                self.faults.say(table.title, at, f"there is no setting {shown(name)}{hint}")
            elif meant in self.settings_rows:
                text = f"{shown(name)} is set twice (first in row {self.settings_rows[meant]}): remove one"
                self.faults.say(table.title, at, text)
            else:
                self.settings_rows[meant] = row
                setting = known[meant]
                values[setting.field] = read_cell(table, row, setting, cells.get("value"), self.faults)
        self.settings = Settings(**values)

    def locate(self, found: Iterable[Problem]) -> None:
        """Report the chain's problems at their cells, less those that follow from one reported already."""
        unread = self.faults.errors()
        absent = set()
        for problem in found:
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
            self.faults.say(table.title, table.at(row, column), text, problem.error)

    def place(self, problem: Problem) -> Place:
        if problem.sheet == "settings":
            return self.tables["settings"], self.settings_rows[problem.column], {problem.column: "value"}
        if not problem.record:
            table = self.tables[problem.sheet]
            return table, table.header + 1, {}
        return self.places[problem.sheet, problem.record]

    def only_seems(self, problem: Problem) -> bool:
        """Whether a problem is there only because another sheet, or rows of it, could not be read."""
        if (problem.sheet, problem.column) == ("observed", "process"):
            return "processes" not in self.tables or not self.tables["processes"].complete
        if (problem.sheet, problem.column) != ("processes", "function"):
            return False
        table, row, _ = self.place(problem)
        process = self.processes[problem.record[0]]
        lacks_inputs = process.function in FUNCTIONS and process.formula is None and not process.inputs
        # The rows of a process listed twice go to the first.
        return lacks_inputs and (self.orphans or self.faults.at(table.title, table.at(row, "process")))
