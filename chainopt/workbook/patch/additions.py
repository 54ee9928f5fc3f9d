"""Columns and remarks added to a workbook's sheets, with all else in the file left as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import column_index_from_string, coordinate_to_tuple, range_boundaries

from chainopt.workbook.cells import digits
from chainopt.workbook.files.package import Package
from chainopt.workbook.files.raw import LONGEST_TEXT, escaped
from chainopt.workbook.files.spans import (
    Change,
    Span,
    appended,
    changed,
    prefix,
    quoted,
    spans,
    with_attribute,
    written,
)
from chainopt.workbook.patch.ink import NUMBER_TITLE, TEXT, TITLE, Ink
from chainopt.workbook.patch.remarks import with_remarks

_SPANS = re.compile(rb"\sspans=(\"[^\"]*\"|'[^']*')")


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
    for index, (name, part) in enumerate(package.worksheets()):
        if name not in additions:
            continue
        added = additions[name]
        if added.columns:
            package[part] = _with_columns(package[part], added, ink)
            _widen_filter(package, part, name, index, added)
            _widen_tables(package, part, added)
        with_remarks(package, part, added.remarks, author)
    ink.save()
    return package.content()


def _with_columns(text: bytes, added: Additions, ink: Ink) -> bytes:
    root = spans(text, 3)
    data = root.child("sheetData")
    if data is None:
        raise ValueError("a sheet has no rows")
    tag = prefix(text, data)
    columns = sorted(added.columns, key=lambda column: column.number)
    changes: list[Change] = []
    row = 0
    for span in data.children:
        row = span.number("r", row + 1)
        changes += _row_changes(text, span, row, columns, added.header, tag, ink)
    changes += _width_changes(text, root, data, columns, tag)
    extent = root.child("dimension")
    if extent is not None:
        first, top, last, bottom = range_boundaries(extent.attributes["ref"])
        last = max(last, columns[-1].number)
        ref = f"{get_column_letter(first)}{top}:{get_column_letter(last)}{bottom}"
        opening = with_attribute(text[extent.start : extent.opened], "ref", ref)
        changes.append((extent.start, extent.opened, opening))
    return changed(text, changes)


def _row_changes(
    text: bytes, row: Span, number: int, columns: Sequence[Added], header: int, tag: str, ink: Ink
) -> list[Change]:
    standing: dict[int, Span] = {}
    at = 0
    for cell in row.children:
        at = coordinate_to_tuple(cell.attributes["r"])[1] if "r" in cell.attributes else at + 1
        standing[at] = cell
    changes: list[Change] = []
    inserted = False
    for column in columns:
        new = _cell(column, number, header, tag, ink)
        old = standing.get(column.number)
        if old is not None:
            changes.append((old.start, old.end, new))
        elif new:
            inserted = True
            after = [cell.start for at, cell in standing.items() if at > column.number]
            place = min(after, default=row.closed)
            changes.append((place, place, new))
    opening = text[row.start : row.opened]
    if not inserted:
        return changes
    if row.empty(text):
        cells = b"".join(new for _, _, new in changes)
        opening = opening[:-2].rstrip() + b">"
        return [(row.start, row.end, _SPANS.sub(b"", opening) + cells + f"</{tag}row>".encode())]
    return [(row.start, row.opened, _SPANS.sub(b"", opening)), *changes]


def _cell(column: Added, row: int, header: int, tag: str, ink: Ink) -> bytes:
    """One cell's XML; b"" for a row that is none of the table's."""
    if row == header:
        value: Any = column.title
    elif row in column.cells:
        value = column.cells[row]
    else:
        return b""
    form = column.formats.get(row, "")
    if row == header:
        form = TITLE if column.text else NUMBER_TITLE
    elif isinstance(value, str):
        form = TEXT
    style = ink.style(form)
    opening = f'<{tag}c r="{get_column_letter(column.number)}{row}"{style}'
    if value is None:
        return f"{opening}/>".encode()
    if isinstance(value, str):
        text = written(escaped(value[:LONGEST_TEXT]))
        inline = f'<{tag}is><{tag}t xml:space="preserve">{text}</{tag}t></{tag}is>'
        return f'{opening} t="inlineStr">{inline}</{tag}c>'.encode()
    if not isfinite(value):
        return f"{opening}/>".encode()
    return f"{opening}><{tag}v>{digits(value)}</{tag}v></{tag}c>".encode()


def _width_changes(text: bytes, root: Span, data: Span, columns: Sequence[Added], tag: str) -> list[Change]:
    """Widths of the new columns, cut out of the ranges of columns that have them already."""
    widths = {column.number: column.width for column in columns}
    cols = root.child("cols")
    ranges: list[tuple[int, int, dict[str, str]]] = []
    for span in cols.children if cols is not None else ():
        start, last = span.number("min"), span.number("max")
        for number in [*(n for n in sorted(widths) if start <= n <= last), last + 1]:
            if start < number:
                ranges.append((start, number - 1, span.attributes))
            start = number + 1
    ranges += [(number, number, {"width": f"{width:g}", "customWidth": "1"}) for number, width in widths.items()]
    written = "".join(_range(tag, *each) for each in sorted(ranges, key=lambda each: each[:2]))
    new = f"<{tag}cols>{written}</{tag}cols>".encode()
    return [(cols.start, cols.end, new)] if cols is not None else [(data.start, data.start, new)]


def _range(tag: str, first: int, last: int, attributes: Mapping[str, str]) -> str:
    others = "".join(f" {k}={quoted(v)}" for k, v in attributes.items() if k not in ("min", "max"))
    return f'<{tag}col min="{first}" max="{last}"{others}/>'


def _widened(ref: str, added: Additions) -> str:
    """The range, widened over the new columns that stand directly at its right; as it is where there are none."""
    first, top, last, bottom = range_boundaries(ref)
    numbers = {column.number for column in added.columns}
    if top != added.header:
        return ref
    while last + 1 in numbers:
        last += 1
    return f"{get_column_letter(first)}{top}:{get_column_letter(last)}{bottom}"


def _widen_filter(package: Package, part: str, name: str, index: int, added: Additions) -> None:
    text = package[part]
    found = spans(text, 1).child("autoFilter")
    if found is None:
        return
    old = found.attributes["ref"]
    new = _widened(old, added)
    if new == old:
        return
    package[part] = changed(
        text, [(found.start, found.opened, with_attribute(text[found.start : found.opened], "ref", new))]
    )
    book = package[package.book]
    names = spans(book, 2).child("definedNames")
    for span in names.children if names is not None else ():
        whose = span.attributes.get("localSheetId") == str(index)
        if whose and span.attributes["name"] == "_xlnm._FilterDatabase":
            sheet, mark, _ = book[span.opened : span.closed].rpartition(b"!")
            extent = ":".join(re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", end) for end in new.split(":"))
            package[package.book] = changed(book, [(span.opened, span.closed, sheet + mark + extent.encode())])


def _widen_tables(package: Package, part: str, added: Additions) -> None:
    titles = {column.number: column.title for column in added.columns}
    for _, kind, target in package.relations(part):
        if kind != "table":
            continue
        text = package[target]
        root = spans(text, 2)
        old, listed = root.attributes["ref"], root.child("tableColumns")
        new = _widened(old, added)
        if new == old or listed is None:
            continue
        last = column_index_from_string(re.sub(r"[^A-Z]", "", old.split(":")[1]))
        ids = max(span.number("id") for span in listed.children)
        width = range_boundaries(new)[2]
        columns = [
            f'<{prefix(text, listed)}tableColumn id="{ids + n - last}" name={quoted(titles[n])}/>'.encode()
            for n in range(last + 1, width + 1)
        ]
        changes = [
            (root.start, root.opened, with_attribute(text[root.start : root.opened], "ref", new)),
            *appended(text, listed, columns),
        ]
        filtered = root.child("autoFilter")
        if filtered is not None:
            ref = _widened(filtered.attributes["ref"], added)
            tag = with_attribute(text[filtered.start : filtered.opened], "ref", ref)
            changes.append((filtered.start, filtered.opened, tag))
        package[target] = changed(text, changes)
