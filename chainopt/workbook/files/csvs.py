"""A folder of .csv files as a workbook: a file for each sheet, goods.csv and so on."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from chainopt.words import messages
from chainopt.workbook.faults import refusal
from chainopt.workbook.files.limits import Limits
from chainopt.workbook.files.raw import Calculated, ErrorValue, Raw, Sheet

_SEPARATORS = ",;\t"
_NUMBER = re.compile(r"\s*[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
"""A number as every program writes it; a decimal comma, or a zero before the digits, leaves it text."""
_WORDS: dict[str, Raw] = {"TRUE": True, "FALSE": False}
_WORDS |= {text: ErrorValue(text) for text in ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")}
_STATED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def csv_files(folder: Path) -> list[Path]:
    """The folder's .csv files that a user sees, by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv" and path.name[0] not in ".~")


def csv_sheets(folder: Path, files: Sequence[Path], limits: Limits) -> list[Sheet]:
    """A sheet for each of these .csv files of a folder; raises WorkbookError where one is no text or too large."""
    size = sum(path.stat().st_size for path in files)
    if size > limits.bytes:
        raise limits.exceeded("megabytes", messages.TOO_LARGE_FILE, folder, size=size / 2**20)
    sheets, cells = [], 0
    for path in files:
        sheets.append(Sheet(path.stem, list(_rows(path))))
        cells += sum(map(len, sheets[-1].rows))
        if cells > limits.cells:
            raise limits.exceeded("cells", messages.MANY_CELLS, folder)
    return sheets


def _rows(path: Path) -> Iterator[tuple[Raw, ...]]:
    text = _decoded(path)
    stated = _STATED.match(text)
    if stated:
        text = text[stated.end() :]
    separator = stated[1] if stated else _separator(text)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    read = 0
    try:
        for row in reader:
            yield tuple(map(_raw, row))
            read += 1
    except csv.Error as error:
        why = f"row {read + 1} can't be made out ({error})"
        raise refusal(messages.BAD_CSV, path.stem, path=path.name, why=why) from None


def _decoded(path: Path) -> str:
    content = path.read_bytes()
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise refusal(messages.BAD_CSV, path.stem, path=path.name, why=f"row {row} is not in UTF-8") from None
    if "\0" in text:
        raise refusal(messages.BAD_CSV, path.stem, path=path.name, why="it holds characters of no text")
    return text


def _separator(text: str) -> str:
    """The sign that parts the first filled line into the most cells."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    unquoted = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=unquoted.count)


def _raw(text: str) -> Raw:
    if _NUMBER.fullmatch(text):
        return float(text)
    if text.startswith("="):
        return Calculated(text)
    return _WORDS.get(text, text or None)
