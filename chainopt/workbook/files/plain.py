"""Sheets of plain text, numbers and truth values, by calamine: some twenty times as fast as openpyxl.

calamine gives values alone. A formula that was never calculated, or an error value, looks to it like an empty
cell, and of two cells of one name it keeps one, so a sheet counts as plain only where a look at its XML shows that
it has nothing of the kind. calamine works without Python's lock, in threads beside the look.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import chain

import numpy as np
from python_calamine import CalamineSheet, CalamineWorkbook

from chainopt.workbook.files.outline import Outline
from chainopt.workbook.files.raw import WIDEST, Sheet, hidden_columns, hidden_rows, merged_ranges

_MISREAD = (
    # An escape of a surrogate or a noncharacter, which calamine leaves as it stands.
    re.compile(rb"_x(?:[dD][89a-fA-F][0-9a-fA-F]{2}|[fF]{3}[eEfF])_"),
    # Blanks at the ends of a run of text, which it drops unless they are marked as kept.
    re.compile(rb"<t>(?:\s|[^<]*+(?<=\s))"),
)
_ODD = (
    re.compile(rb"<f[\s>/]"),
    # An error value, or a date.
    re.compile(rb"t=[\"'][ed][\"']"),
    # A whole number with more digits than a float holds, nan, infinity.
    re.compile(rb"<v>[+-]?(?:[0-9]{16}|[nNiI])"),
    *_MISREAD,
)
_FIRST_CELL = re.compile(rb'<row\b[^>]*><c r="[A-Z]{1,3}[0-9]+"')
_APART = re.compile(rb"r\s+=")
"""A name that a look for `r=` misses."""
_NAMED = re.compile(rb'<c (?:[a-z]+="[^"]*" )*?r="([A-Z]{1,3}[0-9]+)"')
_BEGUN = re.compile(rb'<row\b[^>]*? r="([0-9]+)"[^>]*>\s*<c (?:[a-z]+="[^"]*" )*?r="[A-Z]+([0-9]+)"')
"""A row's number, and that in the name of its first cell."""
_SHARED = re.compile(rb't="s"[^>]*><v>([0-9]+)</v>')
_LAST_ROW = re.compile(rb'<row\b[^>]*?\br="([0-9]+)"')
_WIDER = ((26, re.compile(rb'r="[A-Z]{2}')), (702, re.compile(rb'r="[A-Z]{3}')))
_MOST_CELLS = 2**25
"""calamine holds a sheet as a rectangle: one stray cell in the last corner would be 17 thousand million."""
_LEAST_ROW = 20
"""Bytes of XML that a row takes at least."""
_FORMAT = re.compile(rb'numFmtId="([0-9]+)"')
_UNDATED = {*range(14), *range(37, 45), 48, 49}
"""Number formats that no date has."""


def plain_sheets(content: bytes, outline: Outline, parts: Mapping[str, bytes]) -> list[Sheet | None]:
    """Each worksheet of an .xlsx file, None for one that is not plain.

    Raises whatever calamine makes of a damaged file.
    """
    shared = [text for part, text in parts.items() if part.endswith("Strings.xml")]
    misread = any(text.search(strings) for strings in shared for text in _MISREAD)
    texts = sum(strings.count(b"<si>") + strings.count(b"<si ") for strings in shared)
    styles = parts.get(outline.styles, b"")
    dated = not _UNDATED.issuperset(map(int, _FORMAT.findall(styles)))
    with ThreadPoolExecutor(2) as beside:
        reading = []
        for sheet in outline.sheets:
            safe = not misread and _is_safe(parts[sheet.part])
            reading.append((sheet, beside.submit(_parsed, content, sheet.name) if safe else None))
        sheets: list[Sheet | None] = []
        for sheet, parsing in reading:
            xml = parts[sheet.part]
            if parsing is None or any(odd.search(xml) for odd in _ODD) or not _in_order(xml, texts):
                sheets.append(None)
                continue
            rows = parsing.result().to_python(skip_empty_area=False)
            # openpyxl reads dates to the last digit.
            if dated and not set(map(type, chain.from_iterable(rows))) <= {str, float, bool}:
                sheets.append(None)
                continue
            merged = merged_ranges(xml, xml.rfind(b"</sheetData>"))
            sheets.append(Sheet(sheet.name, rows, merged, sheet.hidden, hidden_rows(xml), hidden_columns(xml)))
        return sheets


def _parsed(content: bytes, name: str) -> CalamineSheet:
    # A book of its own: one book reads one sheet at a time.
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(name)


def _is_safe(xml: bytes) -> bool:
    """Whether a sheet's XML is of the usual shape, and no cell's name reaches beyond what fits in memory."""
    data, end = xml.find(b"<sheetData"), xml.rfind(b"</sheetData>")
    if data < 0 or xml.find(b"sheetData") != data + 1 or not xml.rstrip().endswith(b"</worksheet>"):
        return False
    if end < 0:
        return xml.startswith(b"<sheetData/>", data)
    last = _LAST_ROW.match(xml, xml.rfind(b"<row", data, end))
    if last is None or not _FIRST_CELL.search(xml, data, min(data + 2000, end)):
        return False
    height = int(last[1])
    width = next((width for width, wider in _WIDER if not wider.search(xml, data, end)), WIDEST)
    if height * width > _MOST_CELLS or height * _LEAST_ROW > len(xml):
        return False
    return not (_beyond(height).search(xml, data, end) or _APART.search(xml, data, end))


def _beyond(height: int) -> re.Pattern[bytes]:
    """What finds a row's or a cell's name that is not of a row from 1 to the height, and of 3 letters at most."""
    digits = str(height)
    numbers = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        # Below the height first at this digit, whatever comes after it.
        least = 1 if place == 0 else 0
        if int(digit) > least:
            after = len(digits) - place - 1
            numbers.append(f"{digits[:place]}[{least}-{int(digit) - 1}][0-9]{{{after}}}")
    return re.compile(rf'r=(?!"[A-Z]{{0,3}}(?:{"|".join([*numbers, digits])})")'.encode())


def _in_order(xml: bytes, texts: int) -> bool:
    """Whether rows follow their numbers, every cell has a name of its own, and refers to a text that is there."""
    names = _NAMED.findall(xml)
    if len(names) != xml.count(b"<c ") or max(map(int, _SHARED.findall(xml)), default=-1) >= texts:
        return False
    row, column = _places(names)
    begun = _BEGUN.findall(xml)
    return (
        bool(np.all(np.diff(row * (WIDEST + 1) + column) > 0))
        and column.max(initial=0) <= WIDEST
        and len(begun) == np.count_nonzero(np.diff(row, prepend=0))
        and all(row == of for row, of in begun)
    )


def _places(names: list[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """The rows and columns of cells by their names."""
    row = np.zeros(len(names), dtype=np.int64)
    column = row.copy()
    signs = np.array(names, dtype=bytes)
    for sign in signs.view(np.uint8).reshape(len(names), signs.itemsize).T:
        # Letters come after digits in ASCII, and 0 fills what is short.
        column = np.where(sign >= ord("A"), column * 26 + sign - (ord("A") - 1), column)
        row = np.where((sign > 0) & (sign < ord("A")), row * 10 + sign - ord("0"), row)
    return row, column
