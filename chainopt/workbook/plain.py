"""Sheets of plain text, numbers and truth values, by calamine: some twenty times as fast as openpyxl.

calamine gives values alone. A formula that was never calculated, or an error value, looks to it like an empty
cell, so a sheet counts as plain only where a look at its XML shows that it has neither. calamine works without
Python's lock, in threads beside the look.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import chain
from zipfile import ZipFile

from python_calamine import CalamineSheet, CalamineWorkbook

from chainopt.workbook.package import Package
from chainopt.workbook.raw import Sheet, merged_ranges

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
    # A whole number with more digits than a float holds.
    re.compile(rb"<v>-?[0-9]{16}"),
    *_MISREAD,
)
_FIRST_CELL = re.compile(rb'<row\b[^>]*><c r="[A-Z]{1,3}[0-9]+"')
_LAST_ROW = re.compile(rb'<row\b[^>]*?\br="([0-9]+)"')
_WIDER = ((26, re.compile(rb'r="[A-Z]{2}')), (702, re.compile(rb'r="[A-Z]{3}')))
_WIDEST = 16_384
_MOST_CELLS = 2**25
"""calamine holds a sheet as a rectangle: one stray cell in the last corner would be 17 thousand million."""
_LEAST_ROW = 20
"""Bytes of XML that a row takes at least."""
_FORMAT = re.compile(rb'numFmtId="([0-9]+)"')
_UNDATED = {*range(14), *range(37, 45), 48, 49}
"""Number formats that no date has."""


def plain_sheets(content: bytes) -> list[Sheet | None]:
    """Each worksheet of an .xlsx file, None for one that is not plain.

    Raises whatever calamine or zipfile makes of a damaged file.
    """
    with ZipFile(BytesIO(content)) as archive, ThreadPoolExecutor(2) as beside:
        shared = [archive.read(part) for part in archive.namelist() if part.endswith("Strings.xml")]
        misread = any(text.search(strings) for strings in shared for text in _MISREAD)
        dated = not _UNDATED.issuperset(map(int, _FORMAT.findall(archive.read("xl/styles.xml"))))
        worksheets = ((name, archive.read(part)) for name, part in Package(archive).worksheets())
        reading = [
            (name, xml, beside.submit(_parsed, content, name) if not misread and _is_safe(xml) else None)
            for name, xml in worksheets
        ]
        sheets: list[Sheet | None] = []
        for name, xml, parsing in reading:
            if parsing is None or any(odd.search(xml) for odd in _ODD):
                sheets.append(None)
                continue
            rows = parsing.result().to_python(skip_empty_area=False)
            # openpyxl reads dates to the last digit.
            odd = dated and not set(map(type, chain.from_iterable(rows))) <= {str, float, bool}
            sheets.append(None if odd else Sheet(name, rows, merged_ranges(xml, xml.rfind(b"</sheetData>"))))
        return sheets


def _parsed(content: bytes, name: str) -> CalamineSheet:
    # A book of its own: one book reads one sheet at a time.
    return CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_name(name)


def _is_safe(xml: bytes) -> bool:
    """Whether a sheet's XML is of the usual shape, and spans no more cells than fit in memory."""
    data, end = xml.find(b"<sheetData"), xml.rfind(b"</sheetData>")
    if data < 0 or not xml.rstrip().endswith(b"</worksheet>"):
        return False
    if end < 0:
        return xml.startswith(b"<sheetData/>", data)
    last = _LAST_ROW.match(xml, xml.rfind(b"<row", data, end))
    if last is None or not _FIRST_CELL.search(xml, data, min(data + 2000, end)):
        return False
    height = int(last[1])
    width = next((width for width, wider in _WIDER if not wider.search(xml, data, end)), _WIDEST)
    return height * width <= _MOST_CELLS and height * _LEAST_ROW <= len(xml)
