"""The sheet Receipts: every price as a sum of lines, in formulas over cells, with the value of each beside it.

    price = SUM(value of its lines),    value of a line = share * brings * the price of what it brings

Cells are named by their place alone, never by what they hold. What the prices begin with stands on top in cells
that may be changed; every line refers to them and to the prices of other receipts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import Any

from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from chainopt.audits.following import Following
from chainopt.audits.receipts import Line, Node, Receipt, Receipts
from chainopt.report.content.findings import price_range
from chainopt.report.content.legible import shape, short
from chainopt.report.content.sheets import Sheet
from chainopt.report.excel.paper import Paper
from chainopt.rows.tables import Tables
from chainopt.words.figures import figure

NAME = "Receipts"
(
    _GOOD, _TAKER, _AMOUNT, _SHARE, _BRINGS, _OF, _AT, _VALUE, _SOLVER, _DIFFERENCE, _UNIT, _AGAIN, _FROM, _TO,
) = range(14)  # fmt: skip
_TITLES = {
    "Good": 12,
    "Taken by": 14,
    "Amount": 12,
    "Share": 8,
    "One more brings": 13,
    "of": 12,
    "at a price of": 13,
    "Value": 13,
    "As solved": 13,
    "Difference": 11,
    "Price in": 12,
    "If solved again": 13,
    "Holds from": 12,
    "Holds to": 12,
}
"""By title, the least width; a column of names is as wide as they are, up to a limit."""
_NUMBERS = (_AMOUNT, _SHARE, _BRINGS, _AT, _VALUE, _SOLVER, _DIFFERENCE, _AGAIN, _FROM, _TO)
_WIDEST = 34
_IN: dict[str, Any] = {"align": "left", "indent": 1}
_LETTER = "ABCDEFGHIJKLMN"
_LONGEST = 8_000
"""Letters of a formula, of which Excel takes 8,192."""
_BEYOND = "beyond: solve again"
_WAYS = {
    "shared": "shared: the mean of what its takers would pay for one more unit, by their shares",
    "read": "non-rival: each reader has all of it, so that what they would pay adds up",
    "one taker": "what the one that takes up a further unit would pay for it",
    "import": "bought: the import that a further unit saves",
    "maker": "what the last unit costs to make",
    "limit": "what one more unit of the limit would earn",
    "cycle": "in a cycle, prices that need each other: each line is the sum over all its rounds",
    "nothing": "nothing: whoever takes up a further unit makes nothing more of it",
    "knot": "a value: in a cycle of more prices than lines can show",
    "apart": "a value: next to nothing of it moves, so that shares of it say nothing",
    "value": "a value: nothing in use fixes it",
}
_ENDS = {
    "sale": "what final demand pays for one more unit",
    "disposal": "what it costs to throw one more unit away",
}
_TAKERS = {"sale": "final demand", "import": "imports", "disposal": "disposal", "cycle": "all rounds of the cycle"}
_GAP = "[=0]0;[<0.001]0.0E+00;#,##0.0000"
"""Rounding as a magnitude, what a change adds in digits."""
_CHANGE = "#,##0.0000;-#,##0.0000;0"
_AS_SOLVED = "No yellow cell is changed: Difference is how far each receipt is from the solver's figure."
_CHANGED = (
    "A yellow cell is changed: Difference is what that adds to each price. The plan, the verdicts and the column "
    "As solved stay those of the solution; to solve anew, change the input workbook."
)
_NOTES = (
    "A price is the sum of its lines: share x what one more unit brings x the price of that. Every figure is a "
    "formula; select a price and trace its precedents.",
    "Yellow cells may be changed. Prices that rest on them follow at once, as the derivative does: the plan's "
    "amounts, its shares and its slopes stay as they are.",
    "If solved again is what a new solve would give: exactly with fixed recipes, where one yellow cell is changed "
    "and stays between Holds from and Holds to (empty: no end); else, where that is not known, for small changes.",
)


def write_receipts(
    paper: Paper,
    sheet: Worksheet,
    found: Receipts,
    follows: Following,
    figures: Tables,
    shown: Mapping[str, Sheet],
) -> dict[str, int]:
    """Write the receipts, beside the solver's figures on other sheets; returns the row of each good's, from 0."""
    for j, width in enumerate(_TITLES.values()):
        paper.widen(sheet, j, width)
    paper.put(sheet, 0, 0, "Receipts", "title")
    sheet.set_row(0, 26)
    changed = 1
    top = 2
    for note in (*_NOTES, *_more_notes(found, figures.numeraire)):
        paper.put(sheet, top, 0, note, "note")
        top += 1
    for j, title in enumerate(_TITLES):
        paper.put(sheet, top, j, title, "header", **({"align": "right"} if j in _NUMBERS else (_IN if j else {})))
    sheet.set_row(top, 30)
    sheet.freeze_panes(top + 1, 1)
    sheet.repeat_rows(top)
    order = sorted(found.receipts, key=lambda receipt: receipt.node[0] != "good")
    rows = _rows(found, order, top + 2)
    writer = _Writer(paper, sheet, found, follows, rows, found.values())
    writer.money(top + 1, changed)
    goods = figures.goods.to_dict("records")
    number = {row["good"]: n for n, row in enumerate(goods)}
    first_use = {good: n for n, good in reversed([*enumerate(shown["uses"].rows["good"], 2)])}
    for receipt in order:
        kind, i = receipt.node
        good = found.net.goods[i] if kind == "good" else ""
        row = goods[number[good]] if good else {}
        way = _WAYS[receipt.way]
        if receipt.way == "one taker" and receipt.lines[0].kind in _ENDS:
            way = _ENDS[receipt.lines[0].kind]
        if receipt.way == "value" and good and row["interval"] != "point":
            span = price_range(row["low"], row["high"], row["interval"])
            way = f"a value: {span} supports the plan" if span else way
        uses = f"'Uses'!A{first_use[good]}" if good in first_use else ""
        solved = None
        if kind in ("good", "rent"):
            table, name = (shown["prices"], "price") if good else (shown["limits"], "rent")
            n = number[good] if good else int(figures.part.limit[i])
            column = xl_col_to_name(table.place(name))
            solved = table.title, column, n + 2, float(table.rows[name].iloc[n])
        writer.receipt(receipt, solved, uses, way, row.get("price unit", ""))
    return {found.net.goods[i]: row for (kind, i), row in rows.items() if kind == "good"}


def _more_notes(found: Receipts, numeraire: str | None) -> list[str]:
    ways = {receipt.way for receipt in found.receipts}
    notes = []
    if numeraire is not None:
        notes.append(
            f"Money is in units of {short(numeraire)}, at its price as solved: a changed cell moves the others "
            "against that fixed unit, and the receipt of the unit itself away from 1."
        )
    if "cycle" in ways:
        notes.append(
            "Prices in a cycle would refer to themselves. Their lines lead straight to what is outside the cycle, "
            "with the sum over all rounds, (I - A)^-1, as a figure: they follow a changed cell as the others do."
        )
    if ways & {"nothing", "knot", "apart", "value"}:
        notes.append(
            "A price without lines is a value and does not follow; it says why. What rests on it takes it so."
        )
    return notes


def _rows(found: Receipts, order: list[Receipt], first: int) -> dict[Node, int]:
    """The row of every price and of all money, from the row after the first heading."""
    rows = {node: row for row, node in enumerate(found.money, first)}
    row = first + len(rows) + 2
    for receipt in order:
        rows[receipt.node] = row
        row += len(receipt.lines) + 2
    return rows


@dataclass(frozen=True, slots=True)
class _Writer:
    """What every row needs: the sheet, and where each price and its value are."""

    paper: Paper
    sheet: Worksheet
    found: Receipts
    follows: Following
    rows: dict[Node, int]
    values: dict[Node, float]

    def money(self, heading: int, told: int) -> None:
        """The cells that the prices begin with, beside their values as solved; whether one is changed is told
        in row `told`.
        """
        put = self.paper.put
        put(self.sheet, heading, 0, "What the prices begin with", "heading")
        money = self.found.money
        for node, value in money.items():
            row = self.rows[node]
            self.name(row, _GOOD, self.owner(node), "name")
            put(self.sheet, row, _TAKER, node[0], "word", **_IN)
            number = {"num_format": shape(figure(value))}
            put(self.sheet, row, _AT, value, "input", **number)
            put(self.sheet, row, _SOLVER, value, "price", **number)
            gap = f"={_LETTER[_AT]}{row + 1}-{_LETTER[_SOLVER]}{row + 1}"
            self.paper.formula(self.sheet, row, _DIFFERENCE, gap, 0.0, "price", num_format=_CHANGE)
            self.span(row, node)
        if money:
            gaps = f"{_LETTER[_DIFFERENCE]}{heading + 2}:{_LETTER[_DIFFERENCE]}{heading + 1 + len(money)}"
            told_by = f'=IF(MAX(MAX({gaps}),-MIN({gaps}))=0,"{_AS_SOLVED}","{_CHANGED}")'
            self.sheet.write_formula(told, 0, told_by, self.paper.look("label"), _AS_SOLVED)
        put(self.sheet, heading + len(money) + 2, 0, "Prices", "heading")

    def span(self, row: int, node: Node) -> None:
        """Between which figures of this money the same operations stay in use, and whether the cell has left."""
        if node not in self.follows.ranges:
            self.paper.put(self.sheet, row, _AGAIN, "not known", "word", align="right")
            return
        ends, beyond = self.follows.ranges[node].ends, []
        for column, end, sign in zip((_FROM, _TO), ends, "<>", strict=True):
            if isfinite(end):
                self.paper.put(self.sheet, row, column, end, "price", num_format=shape(figure(end)))
                beyond.append(f"{_LETTER[_AT]}{row + 1}{sign}{_LETTER[column]}{row + 1}")
        if not beyond:
            self.paper.put(self.sheet, row, _AGAIN, "within", "word", align="right")
        else:
            told = f'=IF(OR({",".join(beyond)}),"{_BEYOND}","within")'
            self.sheet.write_formula(row, _AGAIN, told, self.paper.look("word", align="right"), "within")

    def again(self, row: int, g: int, solver: str, value: float, number: Mapping[str, Any]) -> None:
        """The price as solved, and what each changed yellow cell adds to it."""
        rates = self.follows.rates[g].items()
        terms = [f"{rate:+.15g}*{_LETTER[_DIFFERENCE]}{self.rows[node] + 1}" for node, rate in rates]
        text = f"={solver}{''.join(terms)}"
        if len(text) < _LONGEST:
            self.paper.formula(self.sheet, row, _AGAIN, text, value, "total", bold=False, **number)

    def receipt(
        self, receipt: Receipt, solved: tuple[str, str, int, float] | None, uses: str, way: str, unit: str
    ) -> None:
        """A price with the lines below it; solved: the sheet, column and row of the solver's, and itself."""
        paper, sheet = self.paper, self.sheet
        row = self.rows[receipt.node]
        name = self.label(receipt.node)
        self.widen(_GOOD, name)
        for j in range(len(_TITLES)):
            paper.put(sheet, row, j, None, "total")
        goal = f"'{solved[0]}'!A{solved[2]}" if solved is not None else ""
        paper.link(sheet, row, _GOOD, goal, name, "total")
        paper.link(sheet, row, _TAKER, uses, way, "total", bold=False, italic=True, **_IN)
        number = {"num_format": shape(figure(receipt.value))}
        if receipt.lines:
            summed = f"=SUM({_LETTER[_VALUE]}{row + 2}:{_LETTER[_VALUE]}{row + 1 + len(receipt.lines)})"
            paper.formula(sheet, row, _VALUE, summed, receipt.value, "total", **number)
        else:
            paper.put(sheet, row, _VALUE, receipt.value, "total", **number)
        if solved is not None and isfinite(solved[3]):
            home, column, at, value = solved
            paper.formula(sheet, row, _SOLVER, f"={home}!${column}${at}", value, "total", bold=False, **number)
            gap, less = f"={_LETTER[_VALUE]}{row + 1}-{_LETTER[_SOLVER]}{row + 1}", receipt.value - value
            paper.formula(sheet, row, _DIFFERENCE, gap, less, "total", bold=False, num_format=_GAP)
            if receipt.node[0] == "good" and receipt.node[1] in self.follows.rates:
                self.again(row, receipt.node[1], f"{_LETTER[_SOLVER]}{row + 1}", value, number)
        self.name(row, _UNIT, unit or None, "total", bold=False, **_IN)
        for n, line in enumerate(receipt.lines):
            self.line(row + 1 + n, line)

    def line(self, row: int, line: Line) -> None:
        """share * brings * the price of what it brings."""
        paper, sheet = self.paper, self.sheet
        who = _TAKERS.get(line.kind) or short(line.taker or "")
        self.name(row, _TAKER, who, "name", **(_IN | {"indent": 2}))
        if isfinite(line.amount):
            paper.put(sheet, row, _AMOUNT, line.amount, "amount", num_format=shape(figure(line.amount)))
        paper.put(sheet, row, _SHARE, line.share, "share")
        paper.put(sheet, row, _BRINGS, line.brings, "amount", num_format=shape(figure(line.brings)))
        at, value, money = self.rows[line.of] + 1, self.values[line.of], line.of in self.found.money
        self.widen(_OF, self.label(line.of))
        goal = f"'{NAME}'!{_LETTER[_AT if money else _GOOD]}{at}"
        paper.link(sheet, row, _OF, goal, self.label(line.of), **_IN)
        cell = f"=${_LETTER[_AT if money else _VALUE]}${at}"
        paper.formula(sheet, row, _AT, cell, value, "price")
        whole = line.share * line.brings * value
        product = f"={_LETTER[_SHARE]}{row + 1}*{_LETTER[_BRINGS]}{row + 1}*{_LETTER[_AT]}{row + 1}"
        paper.formula(sheet, row, _VALUE, product, whole, "money")

    def widen(self, column: int, text: str) -> None:
        self.paper.widen(self.sheet, column, min(len(text) + 4, _WIDEST))

    def name(self, row: int, column: int, text: str | None, style: str, **more: Any) -> None:
        self.widen(column, text or "")
        self.paper.put(self.sheet, row, column, text, style, **more)

    def owner(self, node: Node) -> str:
        """The good or the process whose money it is."""
        kind, i = node
        net = self.found.net
        return short(net.processes[net.level_process[i]] if kind == "unit cost" else net.goods[i])

    def label(self, node: Node) -> str:
        """A priced thing in words."""
        kind, i = node
        net = self.found.net
        if kind == "good":
            return short(net.goods[i])
        if kind == "rent":
            limit = net.limits[i]
            return net.named(limit, partial(short, most=30) if limit.of == "use" else short)
        if kind == "reading":
            good, process = net.goods[net.use_good[i]], net.processes[net.use_process[i]]
            return f"{short(good, 30)} read by {short(process, 30)}"
        if kind == "tie":
            return f"minimum, tie {i + 1}"
        return f"{kind} of {self.owner(node)}" if kind == "unit cost" else kind
