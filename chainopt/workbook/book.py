"""A file -> its sheets: calamine reads those that are plain, openpyxl the others, and both give the same cells."""

from __future__ import annotations

import re
import warnings
import zipfile
from dataclasses import replace
from io import BytesIO
from itertools import starmap
from os import PathLike
from pathlib import Path
from typing import Any

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE, is_date_format
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from chainopt import messages
from chainopt.messages import Message
from chainopt.workbook.faults import CellProblem, WorkbookError
from chainopt.workbook.plain import plain_sheets
from chainopt.workbook.raw import Calculated, ErrorValue, Raw, Sheet, merged_ranges, unescaped
from chainopt.workbook.schema import REQUIRED_SHEETS


def open_book(path: str | PathLike[str]) -> list[Sheet]:
    """Every sheet of an .xlsx file, hidden ones too; WorkbookError where the file is not one."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise _refused(messages.NO_FILE, path) from None
    except IsADirectoryError:
        raise _refused(messages.FOLDER, path) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise _refused(messages.UNREADABLE, path, why=why) from None
    if not content:
        raise _refused(messages.EMPTY_FILE, path)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(messages.OLD_OR_LOCKED, path)
    if not zipfile.is_zipfile(BytesIO(content)):
        raise _refused(messages.NO_WORKBOOK, path, why="")
    try:
        sheets = _sheets(content)
    except Exception as error:  # openpyxl raises whatever a damaged part leads it to
        raise _refused(messages.NO_WORKBOOK, path, why=f" ({error!r})") from error
    if all(raw in (None, "") for sheet in sheets for row in sheet.rows for raw in row):
        raise _refused(messages.NOTHING, path, sheets=" and ".join(REQUIRED_SHEETS))
    return sheets


def _refused(message: Message, path: str | PathLike[str], **gaps: Any) -> WorkbookError:
    return WorkbookError([CellProblem("", "", message.says(path=path, **gaps), message.code)])


def _sheets(content: bytes) -> list[Sheet]:
    try:
        sheets = plain_sheets(content)
    except Exception:  # what calamine can't make out, openpyxl may, or say what is wrong
        sheets = [None]
    if all(sheet is not None for sheet in sheets):
        return [sheet for sheet in sheets if sheet is not None]
    worksheets = _worksheets(content, values=False)
    if len(sheets) != len(worksheets):
        sheets = [None] * len(worksheets)
    read = [sheet or _sheet(worksheet) for sheet, worksheet in zip(sheets, worksheets, strict=True)]
    calculated = [any(isinstance(raw, Calculated) for row in sheet.rows for raw in row) for sheet in read]
    if any(calculated):
        saved = _worksheets(content, values=True)
        read = [
            _with_saved_values(*each) if has else each[0]
            for *each, has in zip(read, saved, calculated, strict=True)
        ]
    return read


_FILLING = re.compile(r"(?<![\\_])\*.")
"""A star and the character that fills the cell, in a number format."""


class _Reader(ExcelReader):
    """openpyxl's reader, which by itself undoes half of an escape and takes a character that fills a cell for a
    date's."""

    def read_strings(self) -> None:
        self.shared_strings = []
        if part := self.package.find(SHARED_STRINGS):
            with self.archive.open(part.PartName[1:]) as source:
                for _, node in iterparse(source):
                    if node.tag == f"{{{SHEET_MAIN_NS}}}si":
                        self.shared_strings.append(Text.from_tree(node).content)
                        node.clear()

    def read_worksheets(self) -> None:
        book = self.wb
        for style in [*book._date_formats]:
            custom = book._cell_styles[style].numFmtId - BUILTIN_FORMATS_MAX_SIZE
            if custom >= 0 and not is_date_format(_FILLING.sub("", book._number_formats[custom])):
                book._date_formats.remove(style)
        super().read_worksheets()


def _worksheets(content: bytes, values: bool) -> list[Any]:
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions that it drops; none of them is data.
        warnings.simplefilter("ignore")
        reader = _Reader(BytesIO(content), read_only=True, data_only=values)
        reader.read()
    worksheets = [sheet for sheet in reader.wb.worksheets if hasattr(sheet, "reset_dimensions")]
    for worksheet in worksheets:
        # Other programs write a wrong or stale extent, which would cut rows off.
        worksheet.reset_dimensions()
    return worksheets


def _sheet(worksheet: Any) -> Sheet:
    rows = [tuple(_cell(cell.value, cell.data_type) for cell in cells) for cells in worksheet.iter_rows()]
    # openpyxl's streaming reader skips merged ranges, and the other one holds every empty cell in memory.
    with worksheet._get_source() as source:
        return Sheet(worksheet.title, rows, merged_ranges(source.read()))


def _with_saved_values(sheet: Sheet, worksheet: Any) -> Sheet:
    """The sheet with the value of each formula at the time the file was saved."""

    def saved(raw: Raw, cell: Any) -> Raw:
        if not isinstance(raw, Calculated):
            return raw
        # A formula that gave "" is saved as text without content, unlike one never calculated.
        known = cell.value is not None or cell.data_type == "str"
        return Calculated(raw.formula, _cell(cell.value, cell.data_type), known)

    rows = [
        tuple(starmap(saved, zip(row, cells, strict=False)))
        for row, cells in zip(sheet.rows, worksheet.iter_rows(), strict=True)
    ]
    return replace(sheet, rows=rows)


def _cell(value: Any, data_type: str) -> Any:
    if data_type == "f":
        return Calculated(value if isinstance(value, str) else str(getattr(value, "text", None) or "="))
    if data_type == "e":
        return ErrorValue(str(value))
    return unescaped(value) if isinstance(value, str) else value
