"""A file, or a folder of .csv files -> its sheets, all with the same kinds of cells.

The file is looked at before any parser sees it. calamine reads the sheets that are plain; the others are read cell
by cell, in a process of their own where they are large.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from os import PathLike
from pathlib import Path

from chainopt.machine.apart import FORKS, WorkDied, forked
from chainopt.machine.memory import memory_is_limited
from chainopt.words import messages
from chainopt.words.names import key
from chainopt.workbook.faults import WorkbookError, refusal
from chainopt.workbook.files.child import apart
from chainopt.workbook.files.container import opened
from chainopt.workbook.files.csvs import csv_files, csv_sheets
from chainopt.workbook.files.limits import Limits, limits
from chainopt.workbook.files.ods import ods_sheets
from chainopt.workbook.files.outline import outlined
from chainopt.workbook.files.plain import plain_sheets
from chainopt.workbook.files.raw import Sheet
from chainopt.workbook.schema import REQUIRED_SHEETS

_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")


def open_book(path: str | PathLike[str]) -> list[Sheet]:
    """Every sheet of a workbook, hidden ones too; WorkbookError where there is none."""
    allowed = limits()
    try:
        file = Path(path)
        files = csv_files(file) if file.is_dir() else None
        content = file.read_bytes() if files is None else b""
    except FileNotFoundError:
        raise refusal(messages.NO_FILE, path=path) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise refusal(messages.UNREADABLE, path=path, why=why) from None
    try:
        whole = partial(_sheets, str(path), content, allowed)
        sheets = _in_limits(whole if files is None else partial(_folder, file, files, allowed))
    except (WorkbookError, MemoryError):
        raise
    except Exception as error:  # a parser raises whatever a damaged part leads it to
        raise refusal(messages.DAMAGED, path=path, why=repr(error)) from error
    if all(raw in (None, "") for sheet in sheets for row in sheet.rows for raw in row):
        raise refusal(messages.NOTHING, path=path, sheets=" and ".join(REQUIRED_SHEETS))
    return sheets


def _in_limits(read: Callable[[], list[Sheet]]) -> list[Sheet]:
    """What is read; calamine, where it is refused memory, ends its process."""
    if not (FORKS and memory_is_limited()):
        return read()

    def quietly(_: object) -> list[Sheet]:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        return read()

    try:
        return forked(quietly)
    except WorkDied:
        raise MemoryError from None


def _folder(folder: Path, files: list[Path], allowed: Limits) -> list[Sheet]:
    needed = f"{REQUIRED_SHEETS[0]}.csv"
    if not any(key(file.stem) == REQUIRED_SHEETS[0] for file in files):
        raise refusal(messages.FOLDER, path=folder, needed=needed)
    return csv_sheets(folder, files, allowed)


def _sheets(path: str, content: bytes, allowed: Limits) -> list[Sheet]:
    found = opened(path, content, allowed)
    size = sum(map(len, found.parts.values()))
    if found.format == "ods":
        read: list[Sheet] = apart(path, size, allowed, ods_sheets, path, found.parts, allowed)
        return read
    outline = outlined(path, found.parts)
    # A cell takes 4 bytes at least: few files need to be counted.
    count = size > 4 * allowed.cells
    cells = sum(len(_CELL.findall(found.parts[sheet.part])) for sheet in outline.sheets) if count else 0
    if cells > allowed.cells:
        raise allowed.exceeded("cells", messages.MANY_CELLS, path)
    try:
        sheets = plain_sheets(found.content, outline, found.parts)
    except Exception:  # what calamine can't make out, the exact reader may, or say what is wrong
        sheets = [None] * len(outline.sheets)
    left = [number for number, sheet in enumerate(sheets) if sheet is None]
    if left:
        # openpyxl takes longer to import than a plain workbook to read.
        from chainopt.workbook.files.exact import exact_sheets

        needed = {outline.texts, outline.styles, *(outline.sheets[number].part for number in left)}
        parts = {part: text for part, text in found.parts.items() if part in needed}
        exact = apart(path, sum(map(len, parts.values())), allowed, exact_sheets, path, outline, parts, left)
        for number, sheet in zip(left, exact, strict=True):
            sheets[number] = sheet
    return [sheet for sheet in sheets if sheet is not None]
