"""A file -> sheets of raw cells, with no guess at what a cell means.

A cell is what openpyxl makes of it (text, number, truth value, date) or one of two that must not pass for
a value: an error value, and an Excel formula, whose value may never have been saved.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple

from chainopt.workbook.faults import CellProblem, WorkbookError
from chainopt.workbook.schema import REQUIRED_SHEETS


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """What Excel shows where a formula failed, such as #REF!."""

    text: str


@dataclass(frozen=True, slots=True)
class Calculated:
    """An Excel formula, with the value that it had when the file was saved, if it was ever calculated."""

    formula: str
    value: Plain = None
    saved: bool = False


Plain = str | int | float | bool | date | time | timedelta | ErrorValue | None
Raw = Plain | Calculated


@dataclass(slots=True)
class Sheet:
    """A sheet as it stands: its cells that are not empty, by row and column, and its merged ranges."""

    name: str
    cells: dict[int, dict[int, Raw]] = field(default_factory=dict)
    merged: list[tuple[str, tuple[int, int]]] = field(default_factory=list)


def open_book(path: str | PathLike[str]) -> list[Sheet]:
    """Every sheet of an .xlsx file, hidden ones too; WorkbookError where the file is not one."""
    try:
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise _refused(f"there is no file {path}") from None
    except IsADirectoryError:
        raise _refused(f"{path} is a folder: name a workbook in it") from None
    except (OSError, ValueError) as error:
        raise _refused(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from None
    if not content:
        raise _refused(f"{path} is empty: it is no workbook")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise _refused(
            f"{path} is protected by a password or in the old .xls format: save it as .xlsx, unprotected"
        )
    if not zipfile.is_zipfile(BytesIO(content)):
        raise _refused(f"{path} is not an Excel workbook, or it is damaged: save it as .xlsx")
    try:
        sheets = _sheets(content)
    except Exception as error:  # openpyxl raises whatever a damaged part leads it to
        raise _refused(
            f"{path} is not an Excel workbook, or it is damaged ({error!r}): save it as .xlsx"
        ) from error
    if not any(sheet.cells for sheet in sheets):
        raise _refused(f"{path} holds nothing: it needs the sheets {' and '.join(REQUIRED_SHEETS)}")
    return sheets


def _refused(text: str) -> WorkbookError:
    return WorkbookError([CellProblem("", "", text)])


def _sheets(content: bytes) -> list[Sheet]:
    sheets = []
    for worksheet in _worksheets(content, values=False):
        sheet = Sheet(worksheet.title, merged=_merged(worksheet))
        for row, cells in enumerate(worksheet.iter_rows(), 1):
            present = {
                column: _plain(cell.value, cell.data_type)
                for column, cell in enumerate(cells, 1)
                if cell.value is not None
            }
            if present:
                sheet.cells[row] = present
        sheets.append(sheet)
    if any(
        isinstance(cell, Calculated) for sheet in sheets for row in sheet.cells.values() for cell in row.values()
    ):
        _add_saved_values(sheets, content)
    return sheets


def _worksheets(content: bytes, values: bool) -> list[Any]:
    with warnings.catch_warnings():
        # openpyxl warns of styles and extensions that it drops; none of them is data.
        warnings.simplefilter("ignore")
        book = load_workbook(BytesIO(content), read_only=True, data_only=values)
    worksheets = [sheet for sheet in book.worksheets if hasattr(sheet, "reset_dimensions")]
    for worksheet in worksheets:
        # Other programs write a wrong or stale extent, which would cut rows off.
        worksheet.reset_dimensions()
    return worksheets


def _add_saved_values(sheets: list[Sheet], content: bytes) -> None:
    for sheet, worksheet in zip(sheets, _worksheets(content, values=True), strict=True):
        for row, cells in enumerate(worksheet.iter_rows(), 1):
            for column, raw in sheet.cells.get(row, {}).items():
                if isinstance(raw, Calculated) and column <= len(cells):
                    cell = cells[column - 1]
                    # A formula that gave "" is saved as text without content, unlike one never calculated.
                    saved = cell.value is not None or cell.data_type == "str"
                    sheet.cells[row][column] = Calculated(raw.formula, _plain(cell.value, cell.data_type), saved)


def _plain(value: Any, data_type: str) -> Any:
    if data_type == "f":
        return Calculated(value if isinstance(value, str) else str(getattr(value, "text", None) or "="))
    if data_type == "e":
        return ErrorValue(str(value))
    return unescaped(value) if isinstance(value, str) else value


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Text as Excel stores it: a character that XML can't hold is written _xHHHH_."""
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found.group()):04X}_", text)


def unescaped(text: str) -> str:
    """The text that Excel stored with `escaped`."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"(\$?[A-Z]+\$?[0-9]+:[A-Z$0-9]+)\"")


def _merged(worksheet: Any) -> list[tuple[str, tuple[int, int]]]:
    # openpyxl's streaming reader skips merged ranges, and the other one holds every empty cell in memory.
    with worksheet._get_source() as source:
        ranges = [found.decode() for found in _MERGED.findall(source.read())]
    return [(extent, coordinate_to_tuple(extent.split(":")[0].replace("$", ""))) for extent in ranges]
