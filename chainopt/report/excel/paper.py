"""An Excel workbook to write a report on: looks, text that stays text, numbers with every digit, tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from math import ceil, isfinite
from typing import Any
from xml.sax.saxutils import escape

from xlsxwriter.format import Format
from xlsxwriter.sharedstrings import SharedStringTable
from xlsxwriter.worksheet import Worksheet

from chainopt.report.content.legible import legible, shape
from chainopt.report.content.sheets import Column
from chainopt.report.excel.styles import TONES, StyledWorkbook
from chainopt.words.figures import figure
from chainopt.workbook.files.raw import LONGEST_TEXT, escaped

MOST_ROWS = 1_048_576
"""The most rows that Excel keeps in a sheet."""
_RISKY = ("=", "+", "-", "@")
_WIDEST, _WIDEST_TEXT, _WIDEST_OF_ALL = 52, 60, 255
"""Columns, in characters; Excel allows no more than the last."""
_LINE, _TALLEST = 15, 409
"""Rows, in points; Excel allows no more."""
_GENERAL = 11
"""Characters of a number in Excel's own format at most."""
_A4 = 9


Formulas = Mapping[int, Sequence[tuple[str, float] | None]]
"""By column, each row's formula and its value, where it has one."""


class Exact(float):
    """A number that is written as it is: XlsxWriter itself rounds to 16 digits, and a double may need 17."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        return repr(float(self))


class _Texts(SharedStringTable):
    """The book's texts, each once; XlsxWriter puts them in order before it writes them."""

    def _sort_string_data(self) -> None:
        super()._sort_string_data()
        self.string_array: list[str] = [*map(_verbatim, self.string_array)]


def _verbatim(text: str) -> str:
    """What XlsxWriter writes as this very text.

    It takes what stands between <r> and </r> for markup, and of two escapes with a common underscore it sees one.
    Such a text goes as markup of our own, in which it finds no escape.
    """
    if not text.startswith("<r>") and "_x" not in text:
        return text
    return f'<r><t xml:space="preserve">{escape(escaped(text)).replace("_x", "&#95;x")}</t></r>'


class Paper:
    """A workbook in memory. Rows and columns count from 0; an empty text or a number that does not exist is left
    out.

    cut: what no sheet had room for, in words; replaced: texts with characters that no sheet shows, or too many.
    """

    def __init__(self) -> None:
        self.cut: list[str] = []
        self.replaced: set[str] = set()
        self._content = BytesIO()
        self.book = StyledWorkbook(self._content, {"in_memory": True})
        self.book.str_table = _Texts()
        self._looks: dict[tuple[Any, ...], Format] = {}
        self._widths: dict[tuple[Worksheet, int], float] = {}

    def content(self) -> memoryview:
        """The file; nothing can be added any more."""
        self.book.close()
        return self._content.getbuffer()

    def look(self, style: str, **more: Any) -> Format:
        """The format of a named style and what a cell has beside it, one for all the cells that have both."""
        key = (style, *sorted(more.items()))
        if key not in self._looks:
            self._looks[key] = self.book.styled(style, **more) if more else self.book.named[style]
        return self._looks[key]

    def sheet(self, name: str) -> Worksheet:
        """A new sheet, to be printed as wide as a page."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.hide_gridlines(2)
        return sheet

    def widen(self, sheet: Worksheet, column: int, width: float) -> float:
        """Make a column at least so many characters wide, if it can be; returns how wide it is."""
        width = min(max(width, self._widths.get((sheet, column), 0)), _WIDEST_OF_ALL)
        self._widths[sheet, column] = width
        sheet.set_column(column, column, width)
        return width

    def fold(self, sheet: Worksheet, column: int) -> None:
        """Hide a column, to be opened by the mark above it."""
        width = self._widths.get((sheet, column), _WIDEST)
        sheet.set_column(column, column, width, None, {"level": 1, "hidden": True})

    def shown(self, text: str) -> str:
        """What a sheet shows of a text; noted where that is not all of it."""
        seen = legible(text)[:LONGEST_TEXT]
        if seen != text and seen != " ".join(text.splitlines()).replace("\t", " "):
            self.replaced.add(text)
        return seen

    def put(self, sheet: Worksheet, row: int, column: int, value: Any, style: str = "text", **more: Any) -> None:
        """Write one cell: text stays text, whatever it begins with."""
        if isinstance(value, str):
            if text := self.shown(value):
                sheet.write_string(row, column, text, self.look(style, **more, **_quoted(text)))
        elif value is None:
            sheet.write_blank(row, column, None, self.look(style, **more))
        elif isfinite(value):
            sheet.write_number(row, column, Exact(value + 0.0), self.look(style, **more))
        elif text := figure(value):
            sheet.write_string(row, column, text, self.look(style, **more))

    def formula(
        self, sheet: Worksheet, row: int, column: int, text: str, value: float, style: str = "amount", **more: Any
    ) -> None:
        """Write a formula of our own, which names cells alone, with the value that it has, shown as others are."""
        look = self.look(style, **{"num_format": shape(figure(value)), **more})
        sheet.write_formula(row, column, text, look, Exact(value + 0.0))

    def link(
        self, sheet: Worksheet, row: int, column: int, place: str, text: str, style: str = "link", **more: Any
    ) -> None:
        """Write a text that leads to a place in the book, such as 'Prices'!A5, or to none."""
        if not place:
            self.put(sheet, row, column, text, style, **more)
        elif seen := self.shown(text):
            sheet.write_url(row, column, f"internal:{place}", self.look(style, **more, **_quoted(seen)), seen)

    def table(
        self,
        sheet: Worksheet,
        top: int,
        columns: Sequence[Column],
        values: Sequence[Sequence[Any]],
        shapes: Sequence[Sequence[str]],
        name: str,
        *,
        formulas: Formulas | None = None,
        links: Mapping[int, Sequence[str]] | None = None,
    ) -> int:
        """Write an Excel table with its header at row `top`, down to the sheet's last row at most; returns the row
        after it.

        values: by column, as long as each other; shapes: the number formats of each, "" for its style's own.
        formulas: by column, that of each row with its value, if it has one; links: to where each text leads.
        """
        title = f"chain_{name.lower()}"
        whole = len(values[0])
        count = max(min(whole, MOST_ROWS - top - 1), 0)
        if count < whole:
            self.cut.append(
                f"The sheet {sheet.get_name()} holds the first {count:,} of {whole:,} rows of its table {title}."
            )
            if not count:
                return top
            values, shapes = [column[:count] for column in values], [column[:count] for column in shapes]
        lines: dict[int, int] = {}
        headers = []
        for j, column in enumerate(columns):
            texts = {value for value in values[j] if isinstance(value, str)}
            width = max(
                [*(len(word) + 4 for word in column.title.split(" (")), *(len(text) + 2 for text in texts)]
            )
            narrow = min(width, _WIDEST_TEXT if column.kind == "text" else _WIDEST)
            wide = self.widen(sheet, j, max(narrow, _digits(shapes[j], values[j])))
            live = formulas[j] if formulas and j in formulas else [None] * count
            cells = zip(values[j], shapes[j], live[:count], strict=True)
            self._cells(sheet, top + 1, j, column, cells, self._texts(j, column, texts, wide), lines)
            for n, (value, goal) in enumerate(zip(values[j], (links or {}).get(j, ()), strict=False), top + 1):
                if isinstance(value, str):
                    self.link(sheet, n, j, goal, value, **_indented(j))
            place = {"align": "right"} if column.numeric else _indented(j)
            header = {"header": escaped(column.title), "header_format": self.look("header", **place)}
            headers.append(header)
        for row, wrapped in lines.items():
            sheet.set_row(row, min(_LINE * wrapped, _TALLEST))
        if any(" (" in column.title for column in columns):
            sheet.set_row(top, 2 * _LINE)
        if count:
            options = {"name": title, "style": "Table Style Light 1", "columns": headers}
            sheet.add_table(top, 0, top + count, len(columns) - 1, options)
        else:
            self.put(sheet, top + 1, 0, "none")
        # The table's own headers are as the file stores them.
        for j, column in enumerate(columns):
            sheet.write_string(top, j, column.title, headers[j]["header_format"])
        return top + max(count, 1) + 1

    def _texts(self, column: int, of: Column, texts: set[str], width: float) -> dict[str, tuple[str, Format, int]]:
        """How each text of a column is shown, in which format, and in how many lines."""
        found = {}
        for text in texts:
            if shown := self.shown(text):
                long = len(text) > width - 1
                style = "name" if of.kind == "name" else "word"
                look = self.look(style, **_indented(column, wrap=long), **_quoted(shown))
                found[text] = shown, look, ceil(1.15 * len(text) / width) if long else 1
        return found

    def _cells(
        self,
        sheet: Worksheet,
        first: int,
        column: int,
        of: Column,
        cells: Iterable[tuple[Any, str, tuple[str, float] | None]],
        texts: Mapping[str, tuple[str, Format, int]],
        lines: dict[int, int],
    ) -> None:
        """Write a column's cells, and note the rows that they need more than one line in."""
        # What is no number is text, in the style of amounts.
        style = of.kind if of.numeric else "amount"
        looks: dict[str, Format] = {}
        for row, (value, form, live) in enumerate(cells, first):
            if isinstance(value, str):
                if value in texts:
                    shown, look, needed = texts[value]
                    sheet.write_string(row, column, shown, look)
                    if needed > 1:
                        lines[row] = max(lines.get(row, 1), needed)
                continue
            if form not in looks:
                looks[form] = self.look(style, **({"num_format": form} if form else {}))
            if live:
                sheet.write_formula(row, column, live[0], looks[form], Exact(live[1] + 0.0))
            elif value is not None and isfinite(value):
                sheet.write_number(row, column, Exact(value + 0.0), looks[form])
            elif value is not None:
                self.put(sheet, row, column, value, style)

    def colour(self, sheet: Worksheet, column: int, last: int, word: str, tone: str) -> None:
        """Colour a word wherever it stands in a column below the header, whatever sorts it."""
        look = self.book.add_format(dict(TONES[tone]))
        rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": look}
        sheet.conditional_format(1, column, last, column, rule)


def _quoted(text: str) -> dict[str, Any]:
    # Without the prefix, editing the cell would make a formula of it.
    return {"quote_prefix": True} if text.startswith(_RISKY) else {}


def _indented(column: int, *, wrap: bool = False) -> dict[str, Any]:
    """Text a little away from the number that may be to its left."""
    return {"align": "left"} | ({"indent": 1} if column else {}) | ({"text_wrap": True} if wrap else {})


def tall(text: str, width: float = _WIDEST) -> float:
    """The height of a row whose text is wrapped at so many characters."""
    return min(_LINE * ceil(1.15 * len(text) / width), _TALLEST)


def _digits(shapes: Sequence[str], values: Sequence[Any]) -> int:
    """How many characters a column of numbers needs, a place that is only kept free counted as one."""
    points = {form: len(form.replace("_", "").partition("0")[2]) for form in set(shapes)}
    numbers = [
        # The sign and an exponent of three digits are not in the format.
        len(form) + 2
        if "E" in form
        else len(f"{value:,.0f}") + points[form]
        if form
        else min(len(f"{value:.10g}"), _GENERAL)
        for value, form in zip(values, shapes, strict=True)
        if isinstance(value, int | float) and isfinite(value)
    ]
    return max(numbers, default=0) + 3
