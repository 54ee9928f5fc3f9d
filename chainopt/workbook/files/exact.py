"""Any sheet of an .xlsx file, cell by cell, by openpyxl's means: formulas, error values, dates, and what is stored
wrongly.

openpyxl's own reader gives up on a book whose styles or properties it can't make out, fills the gap to a stray
cell with empty ones, and lets the second of two cells of one name stand. Of its parts only those for dates, texts
and shared formulas are needed here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from openpyxl.cell.text import Text
from openpyxl.formula.translate import Translator
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel, from_ISO8601
from openpyxl.xml.constants import SHEET_MAIN_NS

from chainopt.words import messages
from chainopt.words.messages import Message
from chainopt.workbook.faults import coordinate, refusal
from chainopt.workbook.files.outline import Outline
from chainopt.workbook.files.raw import (
    TALLEST,
    WIDEST,
    Calculated,
    ErrorValue,
    Plain,
    Raw,
    Sheet,
    elements,
    hidden_columns,
    merged_ranges,
    unescaped,
)

_MAIN = f"{{{SHEET_MAIN_NS}}}"
_ROW, _CELL, _VALUE, _FORMULA, _INLINE = (f"{_MAIN}{tag}" for tag in ("row", "c", "v", "f", "is"))
_FILLING = re.compile(r"(?<![\\_])\*.")
"""A star and the character that fills the cell, in a number format: no part of a date."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE = {"1", "true"}


class _Flawed(Exception):
    """A cell that can't be made out."""

    def __init__(self, message: Message, **gaps: Any):
        self.code, self.text = message.code, message.says(**gaps)


@dataclass(frozen=True, slots=True)
class _Book:
    """What the cells of every sheet refer to: texts, the styles that are dates or spans of time, and day 0."""

    texts: list[str]
    dates: frozenset[int]
    spans: frozenset[int]
    epoch: datetime


def exact_sheets(path: str, outline: Outline, parts: Mapping[str, bytes], wanted: Collection[int]) -> list[Sheet]:
    """The worksheets of these numbers; raises WorkbookError where a part is no XML."""
    with _whole(path, outline.texts):
        texts = list(_texts(parts.get(outline.texts, b"")))
    dates, spans = _styles(parts.get(outline.styles, b""))
    book = _Book(texts, dates, spans, MAC_EPOCH if outline.from_1904 else WINDOWS_EPOCH)
    sheets = []
    for number, sheet in enumerate(outline.sheets):
        if number in wanted:
            with _whole(path, sheet.part), warnings.catch_warnings():
                # What openpyxl warns of comes out as an error value.
                warnings.simplefilter("ignore")
                begun = Sheet(sheet.name, [], hidden=sheet.hidden, stale=outline.stale)
                sheets.append(_Reading(book, begun).filled(parts[sheet.part]))
    return sheets


@contextmanager
def _whole(path: str, part: str) -> Iterator[None]:
    try:
        yield
    except (ParseError, RecursionError, TypeError, ValueError) as error:
        # The last three are what openpyxl makes of a text whose runs are none.
        raise refusal(messages.DAMAGED_PART, path=path, part=part, why=str(error)) from None


def _texts(xml: bytes) -> Iterator[str]:
    for _, node in elements(xml) if xml else ():
        if node.tag == f"{_MAIN}si":
            yield unescaped(Text.from_tree(node).content)
            node.clear()


def _styles(xml: bytes) -> tuple[frozenset[int], frozenset[int]]:
    """The cell styles that show dates, and those that show spans of time; none, where they can't be made out."""
    formats: dict[int, str] = dict(BUILTIN_FORMATS)
    dates, spans = set(), set()
    style = 0
    with suppress(ParseError, ValueError, TypeError):
        inside = False
        for event, node in elements(xml, ("start", "end")):
            tag = node.tag.rpartition("}")[2]
            if tag == "cellXfs":
                inside = event == "start"
            elif event == "start" and tag == "numFmt":
                formats[int(node.get("numFmtId", 0))] = node.get("formatCode", "")
            elif event == "start" and tag == "xf" and inside:
                shown = _FILLING.sub("", formats.get(int(node.get("numFmtId", 0)), ""))
                if is_date_format(shown):
                    dates.add(style)
                if is_timedelta_format(shown):
                    spans.add(style)
                style += 1
    return frozenset(dates), frozenset(spans)


@dataclass(slots=True)
class _Reading:
    """Reads one sheet."""

    book: _Book
    sheet: Sheet
    rows: dict[int, dict[int, Raw]] = field(default_factory=dict)
    masters: dict[str, Translator] = field(default_factory=dict)

    def filled(self, xml: bytes) -> Sheet:
        last = 0
        for _, node in elements(xml):
            if node.tag == _ROW:
                number = self.number_of(node, last + 1)
                if number < last:
                    self.sheet.say((number, 1), messages.ROWS_OUT_OF_ORDER, row=number, last=last)
                last = number
                self.row(node, number)
                node.clear()
        rows: list[tuple[Raw, ...]] = [()] * max(self.rows, default=0)
        for number, cells in self.rows.items():
            rows[number - 1] = tuple(map(cells.get, range(1, max(cells) + 1)))
        return replace(self.sheet, rows=rows, merged=merged_ranges(xml), hidden_columns=hidden_columns(xml))

    def number_of(self, row: Element, following: int) -> int:
        text = row.get("r", "")
        number = int(text) if text.isdecimal() and len(text) < 9 else following if not text else 0
        if not 0 < number <= TALLEST:
            self.sheet.say((following, 1), messages.MISPLACED_CELL, name=text[:20], row=following)
            return min(following, TALLEST)
        return number

    def row(self, row: Element, number: int) -> None:
        cells = self.rows.get(number, {})
        column = 0
        for node in row.iterfind(_CELL):
            named = node.get("r")
            column += 1
            if named:
                try:
                    at, column = coordinate_to_tuple(named.replace("$", ""))
                except ValueError:
                    at = 0
                if at != number or not 0 < column <= WIDEST:
                    self.sheet.say(
                        (number, min(column, WIDEST)), messages.MISPLACED_CELL, name=named[:20], row=number
                    )
                    continue
            try:
                raw = self.raw(node, coordinate(number, column))
            except _Flawed as flaw:
                self.sheet.flaws.append(((number, column), flaw.code, flaw.text))
                continue
            if raw is None:
                continue
            if column in cells:
                self.sheet.say((number, column), messages.CELL_TWICE)
            else:
                cells[column] = raw
        if cells:
            self.rows[number] = cells
            if row.get("hidden") in _TRUE or row.get("ht", "1").strip("0.") == "":
                self.sheet.hidden_rows.append(number)

    def raw(self, node: Element, name: str) -> Raw:
        value = self.value(node)
        formula = node.find(_FORMULA)
        if formula is None:
            return value
        # A formula that gave "" is saved as text without content, unlike one never calculated.
        saved = value is not None or node.get("t") == "str"
        return Calculated(self.formula(formula, name), value, saved)

    def formula(self, node: Element, name: str) -> str:
        text = f"={node.text or ''}"
        if node.get("t") == "shared":
            index = node.get("si", "")
            with suppress(Exception):  # the text is only shown, and openpyxl may fail on what Excel took
                if node.text:
                    self.masters[index] = Translator(text, name)
                elif index in self.masters:
                    return str(self.masters[index].translate_formula(name))
        return text

    def value(self, node: Element) -> Plain:
        kind = node.get("t", "n")
        if kind == "inlineStr":
            text = node.find(_INLINE)
            return None if text is None else unescaped(Text.from_tree(text).content)
        stored = node.findtext(_VALUE)
        if not stored:
            return None
        try:
            return self.typed(kind, stored, int(node.get("s", 0)))
        except (ValueError, OverflowError):
            raise _Flawed(messages.UNREADABLE_VALUE, stored=stored[:40], kind=kind[:20]) from None

    def typed(self, kind: str, stored: str, style: int) -> Plain:
        match kind:
            case "s":
                index = int(stored)
                if not 0 <= index < len(self.book.texts):
                    raise _Flawed(messages.NO_SHARED_TEXT, index=index, count=len(self.book.texts))
                return self.book.texts[index]
            case "str":
                return unescaped(stored)
            case "b":
                return bool(int(stored))
            case "e":
                return ErrorValue(stored)
            case "d":
                return from_ISO8601(stored)
            case "n":
                # Python takes 1_000 and nan for numbers too.
                if not _NUMBER.fullmatch(stored.strip()):
                    raise ValueError(stored)
                number = float(stored) if set(stored) & set(".eE") else int(stored)
                if style not in self.book.dates:
                    return number
                try:
                    return from_excel(number, self.book.epoch, timedelta=style in self.book.spans)
                except (OverflowError, ValueError):
                    return ErrorValue("#VALUE!")
        raise ValueError(kind)
