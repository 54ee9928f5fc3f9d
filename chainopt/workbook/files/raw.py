"""What stands in a sheet's cells, with no guess at what it means, and how its XML writes it.

A cell is text, a number, a truth value, a date, or one of two that must not pass for a value: an error value, and
an Excel formula, whose value may never have been saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any, Literal
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers.expat.errors import XML_ERROR_NO_MEMORY, codes

from chainopt.words.messages import Message


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


Flaw = tuple[tuple[int, int], str, str]
"""Something wrong with how a cell is stored: its row and column, the code of `messages` and the text."""


@dataclass(slots=True)
class Sheet:
    """A sheet as it stands: its rows from row 1 and column A on, and its merged ranges.

    An empty cell is None or ""; a row may end before the others. hidden is whether the sheet as a whole is;
    hidden_rows and hidden_columns are numbers. stale is whether the book asks for its formulas to be calculated
    anew, so that the values saved may be old.
    """

    name: str
    rows: Sequence[Sequence[Raw]]
    merged: list[tuple[str, tuple[int, int]]] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    stale: bool = False
    flaws: list[Flaw] = field(default_factory=list)

    def say(self, at: tuple[int, int], message: Message, **gaps: Any) -> None:
        """Note a flaw."""
        self.flaws.append((at, message.code, message.says(**gaps)))


WIDEST, TALLEST = 16_384, 1_048_576
"""Columns and rows of an Excel sheet."""
LONGEST_TEXT = 32_767
"""The most characters that Excel keeps in a cell."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def elements(xml: bytes, events: Sequence[Literal["start", "end"]] = ("end",)) -> Iterator[tuple[str, Element]]:
    """The events of an XML text as it is read; raises ParseError for what is no XML, and MemoryError."""
    try:
        yield from iterparse(BytesIO(xml), events)
    except ParseError as error:
        # expat calls both an error of the XML.
        if error.code == codes[XML_ERROR_NO_MEMORY]:
            raise MemoryError from None
        raise


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
    if not ranges:
        return []
    from openpyxl.utils.cell import coordinate_to_tuple

    return [(extent, coordinate_to_tuple(extent.split(":")[0].replace("$", ""))) for extent in ranges]


_COLUMN = re.compile(rb"<(?:\w+:)?col\s[^>]*>")
_NO_SIZE = rb"(?:hidden=[\"'](?:1|true)|(?:ht|width)=[\"']0(?:\.0*)?)[\"']"
_HIDDEN = re.compile(rb"\s" + _NO_SIZE)
_HIDDEN_ROW = re.compile(rb"<row\b(?=[^>]*\s" + _NO_SIZE + rb")[^>]*?\sr=[\"']([0-9]+)")


def hidden_columns(xml: bytes) -> list[int]:
    """The numbers of the columns that a sheet's XML hides, or gives no width."""
    head = xml[: max(xml.find(b"sheetData"), 0)]
    tags = [tag for tag in _COLUMN.findall(head) if _HIDDEN.search(tag)]
    ends = [re.search(rb"(?=.*\smin=.([0-9]+))(?=.*\smax=.([0-9]+))", tag, re.DOTALL) for tag in tags]
    return [number for end in ends if end for number in range(int(end[1]), min(int(end[2]), WIDEST) + 1)]


def hidden_rows(xml: bytes) -> list[int]:
    """The numbers of the rows that a sheet's XML hides, or gives no height, of those that have a number there."""
    return list(map(int, _HIDDEN_ROW.findall(xml))) if b" hidden=" in xml or b" ht=" in xml else []
