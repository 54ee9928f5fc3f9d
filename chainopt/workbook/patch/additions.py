"""Columns and remarks added to a workbook's sheets, with all else in the file left as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import absolute_coordinate, coordinate_to_tuple, range_boundaries

from chainopt.workbook.cells import digits
from chainopt.workbook.faults import CopyError
from chainopt.workbook.files.package import Package
from chainopt.workbook.files.raw import LONGEST_TEXT
from chainopt.workbook.files.trees import Element, counted, said, within
from chainopt.workbook.patch.ink import NUMBER_TITLE, TEXT, TITLE, Ink
from chainopt.workbook.patch.remarks import with_remarks


@dataclass(frozen=True, slots=True)
class Added:
    """A column: its title, its number, and its cells by row, each a number, a text or None; formats are number
    formats, by row; text: what it holds is no number."""

    title: str
    number: int
    cells: Mapping[int, float | str | None]
    formats: Mapping[int, str] = field(default_factory=dict)
    width: float = 13.0
    text: bool = False


@dataclass(frozen=True, slots=True)
class Additions:
    """What a sheet is given: columns under titles in the row `header`, and remarks by row and column."""

    header: int = 1
    columns: Sequence[Added] = ()
    remarks: Mapping[tuple[int, int], str] = field(default_factory=dict)


def with_additions(content: bytes, additions: Mapping[str, Additions], author: str) -> bytes:
    """The .xlsx or .xlsm file with these additions, by its sheets' names.

    What stood in the columns is replaced, and so are earlier remarks; notes of others on the same cell stay, with
    the new one below. author: whose the remarks are. Charts, pictures, macros and saved values stay as they are. A
    filter or an Excel table that ends where new columns begin is widened, so that sorting moves them along. Raises
    ValueError for a file whose parts can't be made out.
    """
    package = Package.of(content)
    ink = Ink(package)
    for index, (sheet, _, part) in enumerate(package.sheets()):
        if (added := additions.get(sheet.attrib["name"])) is None:
            continue
        if added.columns:
            _add_columns(package.tree(part), added, ink)
            _widen_filter(package, part, index, added)
            _widen_tables(package, part, added)
        with_remarks(package, part, added.remarks, author)
    return package.content()


def _add_columns(root: Element, added: Additions, ink: Ink) -> None:
    data = root.find("{*}sheetData")
    if data is None:
        raise CopyError("a sheet has no rows")
    columns = sorted(added.columns, key=lambda column: column.number)
    number = 0
    for row in data.iterchildren("{*}row"):
        number = int(row.get("r", number + 1))
        _add_cells(row, number, columns, added.header, ink)
    _set_widths(root, data, columns)
    extent = root.find("{*}dimension")
    if extent is not None:
        first, top, last, bottom = range_boundaries(extent.attrib["ref"])
        extent.set("ref", _range(first, top, max(last, columns[-1].number), bottom))


def _add_cells(row: Element, number: int, columns: Sequence[Added], header: int, ink: Ink) -> None:
    standing: dict[int, Element] = {}
    at = 0
    for cell in row.iterchildren("{*}c"):
        at = coordinate_to_tuple(cell.attrib["r"])[1] if "r" in cell.attrib else at + 1
        standing[at] = cell
    for column in columns:
        cell = standing.get(column.number)
        if number != header and number not in column.cells:
            # None of the table's rows.
            if cell is not None:
                row.remove(cell)
            continue
        if cell is None:
            after = (cell for at, cell in standing.items() if at > column.number)
            cell = within(row, "c", before=next(after, None))
            row.attrib.pop("spans", None)
        _fill(cell, column, number, header, ink)


def _fill(cell: Element, column: Added, row: int, header: int, ink: Ink) -> None:
    value: Any = column.title if row == header else column.cells[row]
    form = column.formats.get(row, "")
    if row == header:
        form = TITLE if column.text else NUMBER_TITLE
    elif isinstance(value, str):
        form = TEXT
    cell.clear(keep_tail=True)
    cell.attrib.update({"r": f"{get_column_letter(column.number)}{row}"} | ink.style(form))
    if isinstance(value, str):
        cell.set("t", "inlineStr")
        said(within(cell, "is"), value[:LONGEST_TEXT])
    elif value is not None and isfinite(value):
        within(cell, "v", digits(value))


def _set_widths(root: Element, data: Element, columns: Sequence[Added]) -> None:
    """Widths of the new columns, cut out of the ranges of columns that have them already."""
    widths = {column.number: column.width for column in columns}
    cols = root.find("{*}cols")
    if cols is None:
        cols = within(root, "cols", before=data)
    ranges: list[tuple[int, int, dict[str, str]]] = []
    for col in cols.iterchildren("*"):
        attributes = dict(col.attrib)
        start, last = int(attributes.pop("min")), int(attributes.pop("max"))
        for number in [*(n for n in sorted(widths) if start <= n <= last), last + 1]:
            if start < number:
                ranges.append((start, number - 1, attributes))
            start = number + 1
    ranges += [(number, number, {"width": f"{width:g}", "customWidth": "1"}) for number, width in widths.items()]
    cols[:] = []
    for first, last, attributes in sorted(ranges, key=lambda each: each[:2]):
        within(cols, "col", min=str(first), max=str(last), **attributes)


def _range(first: int, top: int, last: int, bottom: int) -> str:
    return f"{get_column_letter(first)}{top}:{get_column_letter(last)}{bottom}"


def _widened(ref: str, added: Additions) -> str:
    """The range, widened over the new columns that stand directly at its right; as it is where there are none."""
    first, top, last, bottom = range_boundaries(ref)
    numbers = {column.number for column in added.columns}
    if top != added.header:
        return ref
    while last + 1 in numbers:
        last += 1
    return _range(first, top, last, bottom)


def _widen_filter(package: Package, part: str, index: int, added: Additions) -> None:
    found = package.tree(part).find("{*}autoFilter")
    if found is None:
        return
    old = found.attrib["ref"]
    new = _widened(old, added)
    if new == old:
        return
    found.set("ref", new)
    for named in package.tree(package.book).iterfind("{*}definedNames/{*}definedName"):
        if named.get("localSheetId") == str(index) and named.get("name") == "_xlnm._FilterDatabase":
            sheet, mark, _ = named.text.rpartition("!")
            named.text = sheet + mark + absolute_coordinate(new)


def _widen_tables(package: Package, part: str, added: Additions) -> None:
    titles = {column.number: column.title for column in added.columns}
    for _, kind, target in package.relations(part):
        if kind != "table":
            continue
        table = package.tree(target)
        old, listed = table.attrib["ref"], table.find("{*}tableColumns")
        new = _widened(old, added)
        if new == old or listed is None:
            continue
        last, widest = (range_boundaries(ref)[2] for ref in (old, new))
        ids = max(int(column.get("id", 0)) for column in listed.iterchildren("*"))
        for number in range(last + 1, widest + 1):
            within(listed, "tableColumn", id=str(ids + number - last), name=titles[number])
        counted(listed)
        table.set("ref", new)
        filtered = table.find("{*}autoFilter")
        if filtered is not None:
            filtered.set("ref", _widened(filtered.attrib["ref"], added))
