"""Sheets of raw cells -> the schema's tables: which sheet is which, and what its columns are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import Any

from chainopt.words import messages
from chainopt.words.names import all_plain, closest, key, plain, unseen
from chainopt.workbook.cells import CellFault, blanks, digits, is_blank, shown, value_of
from chainopt.workbook.faults import Faults, coordinate
from chainopt.workbook.files.raw import Calculated, ErrorValue, Raw, Sheet
from chainopt.workbook.schema import IGNORED_PREFIX, NOTES_SHEET, REQUIRED_SHEETS, SHEETS, Column, columns_of

TITLE_ROWS = 10
_TOTALS = {"total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "somme", "suma", "totale"}


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of the schema: its columns' numbers, the numbers of its rows that are not blank, and their raw cells
    by column; ignored are the other columns' names, as keys, by number."""

    name: str
    title: str
    header: int
    columns: dict[str, int]
    rows: Sequence[int]
    cells: dict[str, Sequence[Raw]]
    ignored: dict[int, str]

    @property
    def width(self) -> int:
        """The number of the last column that has a name."""
        return max(*self.columns.values(), *self.ignored, 0)

    @property
    def complete(self) -> bool:
        """Whether every column is there without which no row can be read."""
        return all(name in self.columns for name, column in columns_of(self.name).items() if column.required)

    def at(self, row: int, column: str) -> tuple[int, int]:
        """Where a row's cell is; where the column is absent, the cell of the row's name."""
        return row, self.columns.get(column) or self.columns.get(next(iter(columns_of(self.name))), 1)

    def names(self, row: int, number: int) -> tuple[str, str, str]:
        """What a cell is of: the first name of its row, its column, and the good where that is a second name."""
        n = bisect_left(self.rows, row)
        if n == len(self.rows) or self.rows[n] != row:
            return "", "", ""
        first = next(iter(columns_of(self.name)))
        column = next((name for name, at in self.columns.items() if at == number), "")
        named = {name: plain(heading(self.cells[name][n])) for name in {first, "good"} & self.cells.keys()}
        return named.get(first, ""), column, named.get("good", "") if first != "good" else ""

    def values(self, faults: Faults) -> dict[str, list[Any]]:
        """The rows' values by field; a bad cell is reported, and read as what it may mean."""
        return {column.field: read_column(self, column, faults) for column in columns_of(self.name).values()}


def read_column(table: Table, column: Column, faults: Faults) -> list[Any]:
    """The value of every row's cell. A float is its own value as a number; a text is made out once."""
    raws = table.cells.get(column.column)
    if raws is None:
        return [column.default] * len(table.rows)
    if column.kind == "name":
        _note_names(table, column, raws, faults)
    kinds = set(map(type, raws))
    own = float if column.kind in ("number", "wide", "disposal") else None
    if kinds == {own}:
        return list(raws)
    if column.kind == "name" and kinds == {str}:
        names = all_plain(raws)  # type: ignore[arg-type]
        if "" not in names:
            return list(names)
    known = _known_texts({raw for raw in raws if type(raw) is str}, column)
    return [
        raw
        if type(raw) is own
        else known[raw]
        if type(raw) is str and raw in known
        else read_cell(table, row, column, raw, faults)
        for row, raw in zip(table.rows, raws, strict=True)
    ]


def _note_names(table: Table, column: Column, raws: Sequence[Raw], faults: Faults) -> None:
    """Notice names with characters that are read over, and what may be a row of totals."""
    texts = {raw for raw in raws if type(raw) is str}
    odd = {text: messages.UNSEEN for text in texts if unseen(text)}
    if not column.refers and column.required:
        odd |= {text: messages.TOTAL for text in texts if key(text).strip(":") in _TOTALS}
    if odd:
        for row, raw in zip(table.rows, raws, strict=True):
            if type(raw) is str and raw in odd:
                faults.say(table.title, table.at(row, column.column), odd[raw], name=shown(raw))


def _known_texts(texts: Iterable[Any], column: Column) -> dict[str, Any]:
    """Those of the texts that stand for a value, each with it."""
    known: dict[str, Any] = {}
    for text in texts:
        with suppress(CellFault):
            if not is_blank(text):
                known[text] = value_of(text, column)
            elif not column.required:
                known[text] = column.default
    return known


def read_cell(table: Table, row: int, column: Column, raw: Raw, faults: Faults) -> Any:
    """A cell's value, its default where it is blank or bad; reports what is wrong with it."""
    name = column.column if column.column in table.columns else "value"
    if is_blank(raw):
        if column.required:
            at = table.at(row, name)
            faults.say(table.title, at, messages.BLANK, of=table.name, holds=column.holds)
        return column.default
    try:
        return value_of(raw, column)
    except CellFault as fault:
        faults.say_text(table.title, table.at(row, name), str(fault), fault.code)
        return column.default if fault.meant is None else fault.meant


def find_tables(sheets: Sequence[Sheet], faults: Faults) -> dict[str, Table]:
    """The schema's tables in a book; reports unknown, doubled, missing and merged ones."""
    chosen: dict[str, Sheet] = {}
    unknown = []
    for sheet in sheets:
        name = key(sheet.name)
        if name in chosen:
            first = chosen[name].name
            faults.say(sheet.name, (0, 0), messages.SECOND_SHEET, name=shown(name), first=first)
        elif name in SHEETS:
            chosen[name] = sheet
        elif name != NOTES_SHEET and not name.startswith(IGNORED_PREFIX):
            unknown.append(sheet)
    for sheet in unknown:
        meant, hint = _meant(sheet.name, SHEETS, chosen)
        faults.say(sheet.name, (0, 0), messages.UNKNOWN_SHEET, hint=hint or _known(SHEETS))
        if meant and _header_row(meant, sheet, all_required=True):
            chosen[meant] = sheet
    for name in REQUIRED_SHEETS:
        if name not in chosen:
            faults.say(name, (0, 0), messages.MISSING_SHEET, columns=", ".join(columns_of(name)))
    tables = ((name, _table(name, chosen[name], faults)) for name in SHEETS if name in chosen)
    return {name: table for name, table in tables if table is not None}


def _meant(text: str, known: Iterable[str], taken: dict[str, Any]) -> tuple[str | None, str]:
    """The free name that an unknown one stands for, if any, and the clause that offers it."""
    found = closest(text, [name for name in known if name not in taken])
    offered = found or closest(text, known)
    return found, f'. Did you mean "{offered}"?' if offered else ""


def _known(known: Iterable[str]) -> str:
    return f": the known ones are {', '.join(known)}; one whose name begins with {IGNORED_PREFIX} is ignored"


def _table(name: str, sheet: Sheet, faults: Faults) -> Table | None:
    header = _header_row(name, sheet)
    if header is None:
        if name in REQUIRED_SHEETS:
            faults.say(sheet.name, (1, 1), messages.EMPTY_SHEET, columns=", ".join(columns_of(name)))
        return None
    if header > 1:
        faults.say(sheet.name, (1, 1), messages.TITLE_ABOVE, row=header)
    columns, read_over = _columns(name, sheet, header, faults)
    body = _spread(name, sheet, header, columns, faults) if sheet.merged else sheet.rows[header:]
    known = {*columns.values(), *read_over}
    if not known >= set(range(1, max(map(len, body), default=0) + 1)):
        _unnamed(sheet, header, known, faults)
    rows, cells = _filled(columns, body, header + 1)
    table = Table(name, sheet.name, header, columns, rows, cells, read_over)
    for at, code, text in sheet.flaws:
        faults.say_text(sheet.name, at, text, code)
    _note_hidden(sheet, table, faults)
    if sheet.stale:
        _note_stale(table, faults)
    for column in columns_of(name).values():
        if column.required and column.column not in columns and (rows or name in REQUIRED_SHEETS):
            gaps = {"row": header, "column": column.column, "meaning": column.meaning}
            faults.say(sheet.name, (header, 1), messages.MISSING_COLUMN, **gaps)
    return table


def _spread(
    name: str, sheet: Sheet, header: int, columns: dict[str, int], faults: Faults
) -> Sequence[Sequence[Raw]]:
    """The rows below the header, with what a merged cell says in each of its rows that holds anything else, where
    rows may share it; other merged cells are warned of."""
    from openpyxl.utils.cell import coordinate_to_tuple

    body = list(sheet.rows[header:])
    known = {number: columns_of(name)[column] for column, number in columns.items()}
    for extent, (row, number) in sheet.merged:
        if row < header:
            continue
        last, beside = coordinate_to_tuple(extent.split(":")[-1].replace("$", ""))
        column = known.get(number)
        if row == header or beside > number or column is None or not column.shared:
            faults.say(sheet.name, (row, number), messages.MERGED, extent=extent)
            continue
        cells = body[row - header - 1] if row - header <= len(body) else ()
        value = cells[number - 1] if number <= len(cells) else None
        for at in range(row - header, min(last - header, len(body))):
            if not all(map(is_blank, body[at])):
                filled = [*body[at], *[None] * (number - len(body[at]))]
                filled[number - 1] = value
                body[at] = filled
        said = {"extent": extent, "value": shown(heading(value)), "column": column.column}
        faults.say(sheet.name, (row, number), messages.SPREAD, **said)
    return body


def _note_hidden(sheet: Sheet, table: Table, faults: Faults) -> None:
    """Notice what is read though it can't be seen."""
    if sheet.hidden:
        faults.say(sheet.name, (0, 0), messages.HIDDEN_SHEET)
    if sheet.hidden_rows and (hidden := set(sheet.hidden_rows) & set(table.rows)):
        faults.say(sheet.name, (0, 0), messages.HIDDEN_ROWS, rows=_ranges(hidden, str))
    if hidden := set(sheet.hidden_columns) & set(table.columns.values()):
        letters = _ranges(hidden, lambda number: coordinate(1, number)[:-1])
        faults.say(sheet.name, (0, 0), messages.HIDDEN_COLUMNS, columns=letters)


def _ranges(numbers: Iterable[int], name: Callable[[int], str]) -> str:
    """Numbers as ranges of neighbours, by their names: 3-5, 9."""
    ends: list[list[int]] = []
    for number in sorted(numbers):
        if ends and ends[-1][1] == number - 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    shown = [name(first) if first == last else f"{name(first)}-{name(last)}" for first, last in ends[:10]]
    return ", ".join(shown) + (f" and {len(ends) - 10} ranges more" if len(ends) > 10 else "")


def _note_stale(table: Table, faults: Faults) -> None:
    """Warn of each formula whose value may be old."""
    for name, column in table.cells.items():
        if columns_of(table.name)[name].kind == "text":
            continue
        for row, raw in zip(table.rows, column, strict=True):
            if isinstance(raw, Calculated) and raw.saved:
                gaps = {"formula": shown(raw.formula), "value": heading(raw) or "nothing"}
                faults.say(table.title, table.at(row, name), messages.STALE, **gaps)


def _unnamed(sheet: Sheet, header: int, known: set[int], faults: Faults) -> None:
    """Report the first cell of each column that has no name."""
    for row, cells in enumerate(sheet.rows[header:], header + 1):
        for number, raw in enumerate(cells, 1):
            if number not in known and not is_blank(raw):
                at = (row, number)
                faults.say(sheet.name, at, messages.UNNAMED_COLUMN, text=shown(heading(raw)), row=header)
                known.add(number)


def _filled(
    columns: dict[str, int], body: Sequence[Sequence[Raw]], first: int
) -> tuple[Sequence[int], dict[str, Sequence[Raw]]]:
    """The numbers of the rows where any of the columns holds something, and these rows' cells by column."""
    numbers: Sequence[int] = range(first, first + len(body))
    if not all(body):
        numbers, body = list(compress(numbers, body)), list(filter(None, body))
    width = max(columns.values(), default=0)
    if min(map(len, body), default=width) < width:
        body = [(*row, *[None] * (width - len(row))) for row in body]
    cells: dict[str, Sequence[Raw]] = {
        name: list(map(itemgetter(number - 1), body)) for name, number in columns.items()
    }
    empty = []
    for column in cells.values():
        empty.append(blanks(column))
        if not empty[-1]:
            return numbers, cells
    filled = [
        any(raw not in blank for raw, blank in zip(row, empty, strict=True))
        for row in zip(*cells.values(), strict=True)
    ]
    cells = {name: list(compress(column, filled)) for name, column in cells.items()}
    return list(compress(numbers, filled)), cells


def _header_row(name: str, sheet: Sheet, all_required: bool = False) -> int | None:
    """The first row that names a known column, or every required one; without such a row the first filled."""
    required = {column.column for column in columns_of(name).values() if column.required}
    first = None
    for row, cells in enumerate(sheet.rows, 1):
        if row > TITLE_ROWS and (first or all_required):
            break
        if all(is_blank(raw) for raw in cells):
            continue
        first = first or row
        texts = {key(heading(raw)) for raw in cells}
        if row <= TITLE_ROWS and (texts >= required if all_required else texts & columns_of(name).keys()):
            return row
    return None if all_required else first


def heading(raw: Raw) -> str:
    """What a cell shows, as text."""
    if isinstance(raw, Calculated):
        return heading(raw.value) if raw.saved else raw.formula
    if isinstance(raw, ErrorValue):
        return raw.text
    return digits(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else str(raw or "")


def _columns(name: str, sheet: Sheet, header: int, faults: Faults) -> tuple[dict[str, int], dict[int, str]]:
    """The known columns' numbers, and the names of those to read over, as keys, by number."""
    columns: dict[str, int] = {}
    read_over: dict[int, str] = {}
    unknown: dict[int, str] = {}
    for number, raw in enumerate(sheet.rows[header - 1], 1):
        text = " ".join(heading(raw).split())
        if key(text) in columns:
            first = coordinate(header, columns[key(text)])
            faults.say(sheet.name, (header, number), messages.SECOND_COLUMN, name=shown(text), first=first)
            read_over[number] = key(text)
        elif key(text) in columns_of(name):
            columns[key(text)] = number
        elif text:
            read_over[number] = key(text)
            if not text.startswith(IGNORED_PREFIX):
                unknown[number] = text
    for number, text in unknown.items():
        meant, hint = _meant(text, columns_of(name), columns)
        gaps = {"name": shown(text), "of": name, "hint": hint or _known(columns_of(name))}
        faults.say(sheet.name, (header, number), messages.UNKNOWN_COLUMN, **gaps)
        if meant:
            columns[meant] = number
    return columns, read_over
