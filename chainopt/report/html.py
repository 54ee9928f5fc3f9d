"""A solution as one self-contained web page, which asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from os import PathLike

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from chainopt.chain import Chain
from chainopt.dossier import dossier
from chainopt.report.findings import audit_sentence, findings, headline, money
from chainopt.report.legible import figure, legible, places, short
from chainopt.report.picture import fragment
from chainopt.report.plot import pictures
from chainopt.report.salience import NOISE, foremost, money_scale, telling, turnover
from chainopt.report.sheets import TONES, Column, Sheet, Tone, sheets
from chainopt.solution import Solution
from chainopt.tables import Tables
from chainopt.writing import replacing

STYLES = ("page.css", "picture.css")
SCRIPTS = ("page.js", "picture.js")
"""Files beside this one that make the page's one style and one script."""
MOST_ROWS = 500
"""The most goods, and the most processes, that a page shows; the workbook and the JSON hold all."""
MOST_BARS = 15
MOST_TOLD = 10
"""Rows of the audit that are shown before the whole of it."""


def write_html(
    chain: Chain,
    solution: Solution,
    path: str | PathLike[str],
    *,
    numeraire: str | None = None,
    tables: Tables | None = None,
) -> None:
    """Write the report to an HTML file, which replaces a file of that name only once it is complete.

    tables: those of `dossier`, where they are there already. Raises OSError where the file can't be written,
    and NumeraireError as `dossier` does.
    """
    text = html_text(chain, solution, tables or dossier(chain, solution, numeraire=numeraire))
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def html_text(chain: Chain, solution: Solution, figures: Tables) -> str:
    """The page's text, from the tables of a solution."""
    kept = foremost(figures, MOST_ROWS, MOST_ROWS)
    shown = sheets(chain, kept)
    found = findings(solution, figures)
    pages = _pages(shown, solution)
    if "audit" in shown and solution.plan is not None:
        pages = [_audit(page, figures, sheets(chain, figures)) if page.name == "audit" else page for page in pages]
    said = {"market": [finding.text for finding in found if finding.about == "market"][:1]}
    pages = [replace(page, sentences=said.get(page.name, page.sentences)) for page in pages]
    return _template().render(
        style=_joined(STYLES),
        script=_joined(SCRIPTS),
        title=legible(chain.name) or "Supply chain",
        solution=solution,
        headline=headline(solution),
        findings=found,
        money=money(figures),
        facts=_facts(chain, solution),
        bars=_bars(kept) if solution.certified else [],
        drawn=[(picture, fragment(picture, picture.name)) for picture in pictures(chain, solution, figures)],
        pages=pages,
        left_out={
            "prices": len(figures.goods) - len(kept.goods),
            "balances": len(figures.goods) - len(kept.goods),
            "uses": len(figures.uses) - len(kept.uses),
            "audit-whole": len(figures.audit) - len(kept.audit),
            "processes": len(figures.processes) - len(kept.processes),
            "market": len(figures.processes) - len(kept.processes) if figures.market is not None else 0,
        },
        message=legible(solution.message),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text, the unseen digits that bring its point under the others', and what it sorts by."""

    column: Column
    text: str
    pad: str
    order: str
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
    """A table of the page: sentences that come before it, and the whole table, where this is a part of it."""

    name: str
    title: str
    caption: str
    columns: Sequence[Column]
    groups: Sequence[Group]
    sentences: Sequence[str] = ()
    whole: Page | None = None

    @property
    def length(self) -> int:
        return sum(len(group.rows) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the picture: where it begins and how long it is, in per cent of the width."""

    name: str
    text: str
    start: float
    length: float
    negative: bool


_SHOWN = {
    "explanation": ("text", "sheet", "record", "column", "value", "most"),
    "prices": (
        "good", "price", "price unit", "backprop", "difference", "right", "left", "verdict", "story",
    ),
    "audit": (
        "good", "taker", "amount", "unit", "multiplier", "derivative", "difference", "verdict", "cause",
    ),
    "uses": ("taker", "amount", "unit", "share", "value"),
    "processes": ("process", "firm", "level", "revenue", "cost", "profit", "rent"),
    "market": (
        "process", "firm", "verdict", "profit", "rent", "returns", "second_order", "best_profit", "deviation",
    ),
    "limits": ("kind", "good", "process", "limit", "amount", "unit", "rent", "backprop", "total"),
    "balances": ("good", "unit", "supply", "imported", "produced", "used", "sold", "disposed", "turnover"),
    "kkt": ("check", "residual", "meaning"),
}  # fmt: skip
_UNPRICED = {"price", "backprop", "difference", "range", "turnover", "value", "revenue", "cost", "profit", "rent"}
_UNPRICED |= {"total", "multiplier", "derivative"}


def _pages(shown: dict[str, Sheet], solution: Solution) -> list[Page]:
    """The tables worth showing: none without a plan, none of prices without a certificate."""
    names = [name for name in _SHOWN if name in shown and (name != "prices" or solution.certified)]
    if solution.plan is None:
        names = [name for name in names if name == "explanation"]
    pages = []
    for name in names:
        sheet = shown[name]
        hidden = set() if solution.certified or name == "explanation" else _UNPRICED
        columns = [
            column
            for wanted in _SHOWN[name]
            for column in sheet.columns
            if column.name == wanted and wanted not in hidden and any(sheet.shown[wanted])
        ]
        cells = _cells(sheet, columns, name)
        groups = _by_good(sheet, cells, shown["prices"]) if name == "uses" else [Group("", "", cells)]
        if name == "kkt" and solution.kkt is None:
            continue
        stopped = not solution.certified and name != "explanation"
        caption = "Where the solver stopped, which is no solution" if stopped else sheet.caption
        pages.append(Page("solver" if name == "kkt" else name, sheet.title, caption, columns, groups))
    return pages


def _audit(page: Page, figures: Tables, all_sheets: dict[str, Sheet]) -> Page:
    """The audit's page: a sentence, the rows that say most, and the whole behind them."""
    whole = replace(page, name="audit-whole", title="The whole audit")
    sheet = all_sheets["audit"]
    rows = telling(figures.audit, MOST_TOLD).index
    part = replace(sheet, rows=sheet.rows.loc[rows], shown=sheet.shown.loc[rows])
    cells = _cells(part, page.columns, "audit")
    return replace(page, groups=[Group("", "", cells)], sentences=[audit_sentence(figures)], whole=whole)


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
        order = (repr(float(value)) if text else "") if isinstance(value, float | int) else text
        if column.kind == "text":
            # A line may end after a hyphen, and would part an arrow.
            text = text.replace(" -> ", " \N{RIGHTWARDS ARROW} ")
        tone = tones.get(text, "") if column.name == "verdict" else ""
        cells.append(Cell(column, text, pad, order, pointed and text.startswith("-"), tone))
    return cells


def _by_good(sheet: Sheet, cells: list[list[Cell]], prices: Sheet) -> list[Group]:
    """The uses of each good together, without disposals of nothing."""
    price = dict(zip(prices.rows["good"], prices.shown["price"], strict=True))
    groups: dict[str, list[list[Cell]]] = {good: [] for good in prices.rows["good"]}
    for (i, row), line in zip(sheet.rows.iterrows(), cells, strict=True):
        if row["kind"] == "disposal" and sheet.shown.at[i, "amount"] == "0":
            continue
        groups[row["good"]].append(line)
    return [
        Group(legible(good), f"price {price[good]}" if price[good] else "", rows)
        for good, rows in groups.items()
        if rows
    ]


def _bars(figures: Tables) -> list[Bar]:
    """The goods of the greatest turnover, as bars from a common zero."""
    worth = turnover(figures.goods).dropna()
    worth = worth[worth.abs() > NOISE * money_scale(figures)]
    worth = worth.loc[worth.abs().sort_values(ascending=False, kind="stable").index[:MOST_BARS]]
    if worth.empty:
        return []
    low, high = min(float(worth.min()), 0.0), max(float(worth.max()), 0.0)
    scale = 100 / (high - low)
    names = figures.goods["good"].loc[worth.index]
    return [
        Bar(short(name, 80), figure(value), (min(value, 0.0) - low) * scale, abs(value) * scale, value < 0)
        for name, value in zip(names, worth, strict=True)
    ]


def _facts(chain: Chain, solution: Solution) -> list[tuple[str, str]]:
    facts = [("Status", str(solution.status).replace("_", " "))]
    if solution.certified and solution.objective is not None:
        facts.append(("Value", figure(solution.objective)))
    if solution.scope:
        facts.append(("Optimum", solution.scope))
    facts += [("Goods", f"{len(chain.goods):,}"), ("Processes", f"{len(chain.processes):,}")]
    facts.append(("Solver", f"{solution.solver_version or solution.solver}, {solution.iterations} iterations"))
    if solution.seconds:
        facts.append(("Seconds", f"{sum(solution.seconds.values()):.2f}"))
    return facts


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("chainopt", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["csp_hash"] = _csp_hash
    return environment.get_template("page.html")


@cache
def _joined(names: tuple[str, ...]) -> Markup:
    """The files one after the other, as they stand in the page."""
    return Markup("\n".join(files(__package__).joinpath(name).read_text("utf-8") for name in names))


def _csp_hash(text: str) -> str:
    """The hash by which a Content-Security-Policy admits one inline script or style, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()
