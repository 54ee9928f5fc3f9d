"""The sheet Summary: how it ended, what is scarce, what to beware of, with links to the cells that show it."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from chainopt.audits.receipts import MOST_USES
from chainopt.chain.chain import Chain
from chainopt.report.content.findings import (
    MOST,
    Finding,
    Question,
    answers,
    findings,
    headline,
    money,
    report_title,
    value_facts,
)
from chainopt.report.content.legible import shape, short
from chainopt.report.content.salience import scarce_supplies
from chainopt.report.content.sheets import CAPTIONS, Sheet
from chainopt.report.excel.paper import Paper
from chainopt.report.excel.styles import STYLES
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure

_ELSEWHERE = {"solver": "Solver", "explanation": "Inputs", "changes": "Inputs"}
HOME = {name: title for name, (title, _) in CAPTIONS.items()} | _ELSEWHERE
"""By table, the sheet that has it."""
_ABOUT = {
    "Charts": "price against derivative, value added by process, rents",
    "Receipts": "how each price adds up, in formulas: change a final price and watch it travel upstream",
    "Inputs": "the chain's data as read",
    "Solver": "the independent check of the optimum, and what the solver said",
}
_SMALL = {"align": "left", "num_format": STYLES["residual"]["num_format"]}
_LAST, _WIDTHS = 6, (24, 18, 12, 18, 22, 18, 18)
_WIDE = sum(_WIDTHS[1:])


def write_summary(
    paper: Paper,
    sheet: Worksheet,
    chain: Chain,
    solution: Solution,
    figures: Tables,
    shown: Mapping[str, Sheet],
    *,
    live: bool,
) -> None:
    """Write the summary; live: whether prices have receipts. It goes last, as it says what the others left out."""
    for column, width in enumerate(_WIDTHS):
        paper.widen(sheet, column, width)
    front = _Front(paper, sheet)
    front.banner(chain, solution, figures)
    front.facts(_facts(chain, solution, figures, shown))
    said = answers(findings(solution, figures))
    for question in Question:
        front.section(question, said.get(question, []))
        if question is Question.LIMITS:
            front.supplies(figures, shown["balances"], shown["prices"])
    notes = list(paper.cut)
    if solution.certified and not live:
        notes.append(
            f"There are no receipts, links and formulas: the chain has more than {MOST_USES:,} uses, and they "
            "would take long to write and to open."
        )
    if paper.replaced:
        few = [short(text) for text in sorted(paper.replaced, key=lambda text: (len(text), text))]
        more = f" and {len(few) - 3:,} more" if len(few) > 3 else ""
        notes.append(
            "A character that can't be seen, or that Excel can't hold, is written as its code; a text too long "
            f"for a cell is cut: {', '.join(few[:3])}{more}."
        )
    about = {HOME[name]: table.caption for name, table in shown.items()}
    if not solution.certified:
        about |= dict.fromkeys(about, "where the solver stopped, which is no solution")
        about["Warnings"] = CAPTIONS["warnings"][1]
        about["Prices"] = "no prices: there is no solution that could have them"
    front.contents([*(made.get_name() for made in paper.book.worksheets())][1:], about | _ABOUT, notes)


def _facts(
    chain: Chain, solution: Solution, figures: Tables, shown: Mapping[str, Sheet]
) -> list[tuple[str, Any, str | None]]:
    """Label, value, and the formula that has it, if one does."""
    facts: list[tuple[str, Any, str | None]] = [("Status", str(solution.status), None)]
    if solution.certified:
        facts += [(label, value, None) for label, value in value_facts(solution)]
        everywhere = solution.scope == "global"
        facts.append(("Optimum", "global: of all plans" if everywhere else "local: of the plans nearby", None))
    facts += [("Goods", len(chain.goods), None), ("Processes", len(chain.processes), None)]
    if solution.certified:
        prices = shown["prices"]
        letter = xl_col_to_name(prices.place("difference"))
        apart = prices.rows["difference"].abs().max()
        where = f"Prices!${letter}$2:${letter}${len(prices.rows) + 1}"
        if pd.notna(apart):
            facts.append(("Furthest apart", float(apart), f"=MAX(MAX({where}),-MIN({where}))"))
        facts.append(("Money", money(figures), None))
    return facts


class _Front:
    """The sheet, written from the top down."""

    def __init__(self, paper: Paper, sheet: Worksheet):
        self.paper, self.sheet, self.row = paper, sheet, 0

    def across(self, text: str, style: str, first: int = 1, **more: Any) -> None:
        """A text as wide as the sheet from a column on."""
        self.sheet.merge_range(self.row, first, self.row, _LAST, "", self.paper.look(style, **more))
        self.paper.put(self.sheet, self.row, first, text, style, **more)
        wide = _WIDE + (_WIDTHS[0] if first == 0 else 0)
        self.sheet.set_row(self.row, 15 * ceil(max(1.0, 0.95 * len(text) / wide)) + 1)

    def banner(self, chain: Chain, solution: Solution, figures: Tables) -> None:
        self.paper.put(self.sheet, 0, 0, report_title(chain), "title")
        self.sheet.set_row(0, 28)
        self.row = 1
        style = "bad" if not solution.certified else "good"
        self.across(headline(solution, figures), style, 0, text_wrap=True)
        self.row = 3

    def facts(self, facts: list[tuple[str, Any, str | None]]) -> None:
        for label, value, formula in facts:
            self.paper.put(self.sheet, self.row, 0, label, "label")
            number = {"num_format": shape(figure(value))} if isinstance(value, float) else {}
            if formula:
                self.paper.formula(self.sheet, self.row, 1, formula, value, "residual", **_SMALL)
                text = "the largest difference of a price and its derivative on the sheet Prices, per unit"
                self.paper.put(self.sheet, self.row, 2, text, "note")
            elif isinstance(value, str):
                self.paper.put(self.sheet, self.row, 1, value, "word")
            else:
                self.paper.put(self.sheet, self.row, 1, value, "label", align="left", **number)
            self.row += 1

    def heading(self, text: str) -> None:
        self.row += 1
        self.paper.put(self.sheet, self.row, 0, text, "heading")
        self.sheet.set_row(self.row, 20)
        self.row += 1

    def section(self, heading: str, found: list[Finding]) -> None:
        """Sentences, each with a link to where more of it is; no heading without a sentence."""
        if not found:
            return
        self.heading(heading)
        for finding in found:
            home = HOME[finding.about]
            at = f", row {finding.row + 2:,}" if finding.row is not None else ""
            place = f"'{home}'!A{finding.row + 2 if finding.row is not None else 1}"
            self.paper.link(self.sheet, self.row, 0, place, f"{home}{at}")
            self.across(finding.text, "caution" if finding.caution else "text")
            self.row += 1

    def supplies(self, figures: Tables, *tables: Sheet) -> None:
        """The five most valuable supplies, as formulas over the sheets Prices and Balances."""
        rows = scarce_supplies(figures).head(MOST)
        if rows.empty:
            return
        self.heading("The most valuable supplies" if len(rows) > 1 else "The most valuable supply")
        for column, title in enumerate(("Good", "Supply", "Unit", "Price", "Price in", "Worth")):
            place = {"align": "right"} if title in ("Supply", "Price", "Worth") else {"indent": int(column > 0)}
            self.paper.put(self.sheet, self.row, column, title, "header", **place)
        letter = {column.name: xl_col_to_name(j) for table in tables for j, column in enumerate(table.columns)}
        first = self.row + 1
        for number, good in zip(rows.index.tolist(), rows.to_dict("records"), strict=True):
            self.row += 1
            at = f"{number + 2}"
            self.paper.link(self.sheet, self.row, 0, f"'Prices'!A{at}", short(good["good"], 40))
            for column, home, name in ((1, "Balances", "supply"), (3, "Prices", "price")):
                self.paper.formula(self.sheet, self.row, column, f"={home}!${letter[name]}${at}", good[name])
            self.paper.put(self.sheet, self.row, 2, good["unit"], "word", indent=1)
            self.paper.put(self.sheet, self.row, 4, good["price unit"], "word", indent=1)
            worth = good["supply"] * good["price"]
            whole = f"=B{self.row + 1}*D{self.row + 1}"
            self.paper.formula(self.sheet, self.row, 5, whole, worth, "money")
        bar = {"type": "data_bar", "bar_color": "#9CC7B0", "min_type": "num", "min_value": 0}
        self.sheet.conditional_format(first, 5, self.row, 5, bar)
        self.row += 1

    def contents(self, names: list[str], about: Mapping[str, str], notes: list[str]) -> None:
        """What the other sheets hold, and what had no place in them."""
        self.heading("In this workbook")
        for name in names:
            self.paper.link(self.sheet, self.row, 0, f"'{name}'!A1", name)
            text = about.get(name, "")
            self.across(text[:1].upper() + text[1:], "text")
            self.row += 1
        for note in notes:
            self.across(note, "caution")
            self.row += 1
