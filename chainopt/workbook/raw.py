"""What stands in a sheet's cells, with no guess at what it means, and how its XML writes it.

A cell is text, a number, a truth value, a date, or one of two that must not pass for a value: an error value, and
an Excel formula, whose value may never have been saved.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from openpyxl.utils.cell import coordinate_to_tuple


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
    """A sheet as it stands: its rows from row 1 and column A on, and its merged ranges.

    An empty cell is None or ""; a row may end before the others.
    """

    name: str
    rows: Sequence[Sequence[Raw]]
    merged: Sequence[tuple[str, tuple[int, int]]] = ()


LONGEST_TEXT = 32_767
"""The most characters that Excel keeps in a cell."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Text as Excel stores it: a character that XML can't hold is written _xHHHH_."""
    return _UNWRITABLE.sub(lambda found: f"_x{ord(found.group()):04X}_", text)


def unescaped(text: str) -> str:
    """The text that Excel stored with `escaped`."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"(\$?[A-Z]+\$?[0-9]+:[A-Z$0-9]+)\"")


def merged_ranges(xml: bytes, start: int = 0) -> list[tuple[str, tuple[int, int]]]:
    """The merged ranges of a sheet's XML, each with the row and column of its first cell."""
    ranges = [found.decode() for found in _MERGED.findall(xml, start)]
    return [(extent, coordinate_to_tuple(extent.split(":")[0].replace("$", ""))) for extent in ranges]
