"""The page's tables: which columns of which tables, cell by cell, and in what groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chainopt.audits.verdicts import Verdict
from chainopt.report.content.legible import legible, places
from chainopt.report.content.salience import MOST_TOLD, greatest, redundant, telling
from chainopt.report.content.sheets import TONES, Column, Sheet, Tone, sheets
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the unseen digits that bring its point under the others', and the number in full where the
    text does not say it.
    """

    column: Column
    text: str
    pad: str
    exact: str
    negative: bool
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading; "" for none."""

    heading: str
    note: str
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Page:
    """A table of the page: sentences to be read before it, the whole table, where this is a part of it, and what
    the headings of its groups are.
    """

    name: str
    title: str
    caption: str
    columns: Sequence[Column]
    groups: Sequence[Group]
    sentences: Sequence[str] = ()
    whole: Page | None = None
    grouped_by: str = ""

    @property
    def length(self) -> int:
        return sum(len(group.rows) for group in self.groups)


_SHOWN = {
    "explanation": ("text", "sheet", "record", "column", "value", "most"),
    "warnings": ("cell", "record", "good", "column", "code", "text"),
    "prices": (
        "good", "price", "low", "high", "price unit", "end", "backprop", "difference", "right", "left", "verdict",
        "story",
    ),
    "audit": (
        "good", "taker", "amount", "unit", "multiplier", "derivative", "difference", "verdict", "cause",
    ),
    "uses": ("taker", "amount", "unit", "share", "value", "warning"),
    "processes": (
        "process", "firm", "level", "unit", "revenue", "cost", "profit", "rent", "first_loss", "needed", "warning",
    ),
    "firms": (
        "who", "profit", "rent", "revenue_outside", "revenue_inside", "bought_outside", "bought_inside",
        "supplies", "unit_cost", "disposal", "why",
    ),
    "transfers": (
        "good", "seller", "buyer", "amount", "unit", "price", "range", "cost", "worth", "note",
    ),
    "market": (
        "process", "firm", "verdict", "profit", "rent", "returns", "second_order", "best_profit", "deviation",
    ),
    "limits": ("kind", "good", "process", "limit", "amount", "unit", "rent", "backprop", "total", "warning"),
    "ranges": ("figure", "now", "more", "less", "low", "below", "high", "above", "solved"),
    "balances": (
        "good", "unit", "supply", "imported", "produced", "used", "sold", "disposed", "turnover", "warning",
    ),
    "kkt": ("check", "residual", "meaning"),
}  # fmt: skip
_OF_THE_BOOK = {"explanation", "warnings"}
"""What is said of the workbook, whatever became of the solve."""
_TIMES = re.compile(r"(?<=\d) x (?=[\d-])")
_UNPRICED = {"price", "backprop", "difference", "range", "turnover", "value", "revenue", "cost", "profit", "rent"}
_UNPRICED |= {"total", "multiplier", "derivative", "first_loss", "needed"}


def pages(solution: Solution, kept: Tables, said: Mapping[str, Sequence[str]] | None = None) -> list[Page]:
    """The tables worth showing: none without a plan, none of prices without a certificate.

    said: by name, what is to be read before a table.
    """
    shown = sheets(kept)
    unknown = {"prices"} if solution.amounts is not None else {*_SHOWN} - _OF_THE_BOOK
    found = []
    for name in (name for name in _SHOWN if name in shown and (solution.certified or name not in unknown)):
        # Limits stand by what they cost in all; those that cost nothing stay in the chain's order.
        sheet = shown[name] if name != "limits" else shown[name].only(greatest(shown[name].rows["total"]))
        hidden = set() if solution.certified or name in _OF_THE_BOOK else _UNPRICED
        hidden = redundant(kept) if name == "prices" else hidden
        here = {column.name: column for column in sheet.columns if any(sheet.shown[column.name])}
        columns = [here[wanted] for wanted in _SHOWN[name] if wanted in here and wanted not in hidden]
        cells = _cells(sheet, columns, name)
        groups = _by_good(sheet, cells, shown["prices"]) if name == "uses" else [Group("", "", cells)]
        if name == "kkt" and solution.kkt is None:
            continue
        stopped = not solution.certified and name not in _OF_THE_BOOK
        caption = "Where the solver stopped, which is no solution" if stopped else sheet.caption
        name = "solver" if name == "kkt" else name
        sentences = (said or {}).get(name, ())
        by = "Good" if name == "uses" else ""
        page = Page(name, sheet.title, caption, columns, groups, sentences, grouped_by=by)
        found.append(_audit(page, sheet, kept) if name == "audit" else page)
    return found


def _audit(page: Page, sheet: Sheet, kept: Tables) -> Page:
    """The audit's page: the rows that say most; behind them all but the goods that agree, which `prices` shows."""
    plain = (kept.audit["kind"] == "good") & (kept.audit["verdict"] == Verdict.AGREES)
    lines = [row for row, out in zip(page.groups[0].rows, plain, strict=True) if not out]
    title = "All flows, and the goods that differ"
    whole = replace(page, name="audit-whole", title=title, sentences=(), groups=[Group("", "", lines)])
    part = sheet.only(telling(kept.audit, MOST_TOLD).index)
    return replace(page, groups=[Group("", "", _cells(part, page.columns, "audit"))], whole=whole)


def _cells(sheet: Sheet, columns: Iterable[Column], name: str) -> list[list[Cell]]:
    shown, rows = sheet.shown, sheet.rows
    tones = TONES.get(name, {})
    by_column = (_column(column, list(shown[column.name]), list(rows[column.name]), tones) for column in columns)
    return [list(row) for row in zip(*by_column, strict=True)]


def _column(column: Column, texts: list[str], values: list[object], tones: Mapping[str, Tone]) -> list[Cell]:
    digits = [places(text) for text in texts]
    pointed = column.kind in ("price", "money", "amount")
    most = max(digits, default=0) if pointed else 0
    cells = []
    for text, value, own in zip(texts, values, digits, strict=True):
        pad = ("" if own else ".") + "0" * (most - own) if most > own and text and "e" not in text else ""
        exact = repr(float(value)) if text and isinstance(value, float | int) else ""
        if column.kind == "text":
            # A line may end after a hyphen, and would part an arrow.
            text = _TIMES.sub(" \N{MULTIPLICATION SIGN} ", text.replace(" -> ", " \N{RIGHTWARDS ARROW} "))
        tone = tones.get(text, "") if column.name == "verdict" else ""
        exact = "" if exact == _read(text) else exact
        cells.append(Cell(column, text, pad, exact, pointed and text.startswith("-"), tone))
    return cells


def _read(text: str) -> str:
    """A number's text as a program would write what it says; "" where it says none."""
    try:
        return repr(float(text.replace(",", "")))
    except ValueError:
        return ""


def _by_good(sheet: Sheet, cells: list[list[Cell]], prices: Sheet) -> list[Group]:
    """The uses of each good together, without disposals of nothing."""
    price = dict(zip(prices.rows["good"], prices.shown["price"], strict=True))
    groups: dict[str, list[list[Cell]]] = {good: [] for good in prices.rows["good"]}
    for (i, row), line in zip(sheet.rows.iterrows(), cells, strict=True):
        if row["kind"] == "disposal" and sheet.shown.at[i, "amount"] == "0":
            continue
        groups[row["good"]].append(line)
    notes = {good: f"price {text}" if text else "" for good, text in price.items()}
    return [Group(legible(good), notes[good], rows) for good, rows in groups.items() if rows]
