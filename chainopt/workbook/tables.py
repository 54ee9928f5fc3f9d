"""Sheets of raw cells -> the schema's tables: which sheet is which, and what its columns are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from chainopt.names import closest, key
from chainopt.workbook.book import Calculated, ErrorValue, Raw, Sheet
from chainopt.workbook.cells import CellFault, digits, is_blank, shown, value_of
from chainopt.workbook.faults import Faults, coordinate
from chainopt.workbook.schema import IGNORED_PREFIX, NOTES_SHEET, REQUIRED_SHEETS, SHEETS, Column

TITLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of the schema: its columns' numbers, and the raw cells of its rows that are not blank."""

    name: str
    title: str
    header: int
    columns: dict[str, int]
    rows: dict[int, dict[str, Raw]]

    @property
    def complete(self) -> bool:
        """Whether every column is there without which no row can be read."""
        return all(name in self.columns for name, column in SHEETS[self.name].items() if column.required)

    def at(self, row: int, column: str) -> tuple[int, int]:
        """Where a row's cell is; where the column is absent, the cell of the row's name."""
        return row, self.columns.get(column) or self.columns.get(next(iter(SHEETS[self.name])), 1)

    def records(self, faults: Faults) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row's number and values by field; a bad cell is reported, and read as what it may mean."""
        for row, cells in self.rows.items():
            yield (
                row,
                {
                    column.field: read_cell(self, row, column, cells.get(name), faults)
                    for name, column in SHEETS[self.name].items()
                    if column.kind != "setting"
                },
            )


def read_cell(table: Table, row: int, column: Column, raw: Raw, faults: Faults) -> Any:
    """A cell's value, its default where it is blank or bad; reports what is wrong with it."""
    name = column.column if column.column in table.columns else "value"
    if is_blank(raw):
        if column.required:
            faults.say(
                table.title,
                table.at(row, name),
                f"is blank: every row of {table.name} needs {column.holds} here",
            )
        return column.default
    try:
        return value_of(raw, column)
    except CellFault as fault:
        faults.say(table.title, table.at(row, name), str(fault))
        return column.default if fault.meant is None else fault.meant


def find_tables(sheets: Sequence[Sheet], faults: Faults) -> dict[str, Table]:
    """The schema's tables in a book; reports unknown, doubled, missing and merged ones."""
    chosen: dict[str, Sheet] = {}
    unknown = []
    for sheet in sheets:
        name = key(sheet.name)
        if name in chosen:
            faults.say(sheet.name, (0, 0), f'is a second sheet {shown(name)}: merge it into "{chosen[name].name}"')
        elif name in SHEETS:
            chosen[name] = sheet
        elif name != NOTES_SHEET and not name.startswith(IGNORED_PREFIX):
            unknown.append(sheet)
    for sheet in unknown:
        meant, hint = _meant(sheet.name, SHEETS, chosen)
        faults.say(sheet.name, (0, 0), f"is no sheet that chainopt knows{hint or _known(SHEETS)}")
        if meant and _header_row(meant, sheet, all_required=True):
            chosen[meant] = sheet
    for name in REQUIRED_SHEETS:
        if name not in chosen:
            faults.say(name, (0, 0), f"this sheet is missing: add it, with the columns {', '.join(SHEETS[name])}")
    tables = ((name, _table(name, chosen[name], faults)) for name in SHEETS if name in chosen)
    return {name: table for name, table in tables if table is not None}


def _meant(text: str, known: dict[str, Any], taken: dict[str, Any]) -> tuple[str | None, str]:
    """The free name that an unknown one stands for, if any, and the clause that offers it."""
    found = closest(text, [name for name in known if name not in taken])
    offered = found or closest(text, known)
    return found, f'; did you mean "{offered}"?' if offered else ""


def _known(known: dict[str, Any]) -> str:
    return f": the known ones are {', '.join(known)}; one whose name begins with {IGNORED_PREFIX} is ignored"


def _table(name: str, sheet: Sheet, faults: Faults) -> Table | None:
    header = _header_row(name, sheet)
    if header is None:
        if name in REQUIRED_SHEETS:
            faults.say(
                sheet.name,
                (1, 1),
                f"the sheet is empty: row 1 must name its columns: {', '.join(SHEETS[name])}",
            )
        return None
    if header > 1:
        text = f"the columns are named in row {header}, not in row 1: what stands above is ignored"
        faults.say(sheet.name, (1, 1), text, error=False)
    for extent, corner in sheet.merged:
        if corner[0] >= header:
            text = f"the cells {extent} are merged: the first alone holds a value, the others are blank"
            faults.say(sheet.name, corner, text, error=False)
    columns, read_over = _columns(name, sheet, header, faults)
    named = {number: column for column, number in columns.items()}
    rows: dict[int, dict[str, Raw]] = {}
    for row, cells in sheet.cells.items():
        if row <= header:
            continue
        present = {number: raw for number, raw in cells.items() if not is_blank(raw)}
        for number in present.keys() - named.keys() - read_over:
            text = f"{shown(heading(present[number]))} stands in a column without a name: "
            text += f"give it one in row {header}; one that begins with {IGNORED_PREFIX} is ignored"
            faults.say(sheet.name, (row, number), text)
            read_over.add(number)
        known = {named[number]: raw for number, raw in present.items() if number in named}
        if known:
            rows[row] = known
    for column in SHEETS[name].values():
        if column.required and column.column not in columns and (rows or name in REQUIRED_SHEETS):
            text = f'row {header} names the columns, and "{column.column}" is missing: add it ({column.meaning})'
            faults.say(sheet.name, (header, 1), text)
    return Table(name, sheet.name, header, columns, rows)


def _header_row(name: str, sheet: Sheet, all_required: bool = False) -> int | None:
    """The first row that names a known column, or every required one; without such a row the first filled."""
    required = {column.column for column in SHEETS[name].values() if column.required}
    filled = {
        row: {key(heading(raw)) for raw in cells.values()}
        for row, cells in sheet.cells.items()
        if not all(is_blank(raw) for raw in cells.values())
    }
    for row, texts in filled.items():
        if row <= TITLE_ROWS and (texts >= required if all_required else texts & SHEETS[name].keys()):
            return row
    return None if all_required else next(iter(filled), None)


def heading(raw: Raw) -> str:
    """What a cell shows, as text."""
    if isinstance(raw, Calculated):
        return heading(raw.value) if raw.saved else raw.formula
    if isinstance(raw, ErrorValue):
        return raw.text
    return digits(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else str(raw or "")


def _columns(name: str, sheet: Sheet, header: int, faults: Faults) -> tuple[dict[str, int], set[int]]:
    """The known columns' numbers, and the numbers of those to read over."""
    columns: dict[str, int] = {}
    read_over: set[int] = set()
    unknown: dict[int, str] = {}
    for number, raw in sheet.cells[header].items():
        text = " ".join(heading(raw).split())
        if key(text) in columns:
            first = coordinate(header, columns[key(text)])
            faults.say(
                sheet.name,
                (header, number),
                f"a second column {shown(text)} (the first is {first}): remove one",
            )
            read_over.add(number)
        elif key(text) in SHEETS[name]:
            columns[key(text)] = number
        elif text:
            read_over.add(number)
            if not text.startswith(IGNORED_PREFIX):
                unknown[number] = text
    for number, text in unknown.items():
        meant, hint = _meant(text, SHEETS[name], columns)
        says = f"{shown(text)} is no column of {name}{hint or _known(SHEETS[name])}"
        faults.say(sheet.name, (header, number), says)
        if meant:
            columns[meant] = number
    return columns, read_over
