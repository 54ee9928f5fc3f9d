"""A solution as an Excel workbook: a summary, every table, the prices' receipts, and the chain's data as read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite, isnan
from os import PathLike
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from chainopt.audits.receipts import MOST_USES, Node, Receipts, receipts
from chainopt.chain.chain import Chain
from chainopt.machine.files import replacing
from chainopt.machine.memory import uncollected
from chainopt.report.content.findings import price_range
from chainopt.report.content.formats import shape
from chainopt.report.content.legible import figure, places, short
from chainopt.report.content.sheets import TONES, Column, Sheet, sheets
from chainopt.report.excel.charts import write_charts
from chainopt.report.excel.inputs import write_inputs
from chainopt.report.excel.paper import Paper, tall
from chainopt.report.excel.receipts import NAME, Solved, write_receipts
from chainopt.report.excel.summary import HOME, write_summary
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution

_RECEIPT = Column("receipt", "Receipt", "price", "the price added up from its lines on the sheet Receipts")
_ORDER = ("prices", "balances", "uses", "processes", "market", "limits", "audit")
_LIVE = {
    "prices": {"difference": ("price", "-", "backprop")},
    "audit": {"difference": ("multiplier", "-", "derivative")},
    "processes": {"profit": ("revenue", "-", "cost")},
    "market": {"deviation": ("best_profit", "-", "profit")},
    "limits": {"total": ("rent", "*", "limit")},
}
"""Columns that are formulas over two others of their row."""


def write_excel(
    chain: Chain,
    solution: Solution,
    path: str | PathLike[str],
    *,
    numeraire: str | None = None,
    tables: Tables | None = None,
) -> None:
    """Write the report to an .xlsx file, which replaces a file of that name only once it is complete.

    tables: those of `dossier`, where they are there already. Raises OSError where the file can't be written,
    and NumeraireError as `dossier` does.
    """
    figures = tables or dossier(chain, solution, numeraire=numeraire)
    with uncollected():
        paper = Paper()
        _write(paper, chain, solution, figures)
        with replacing(path) as file:
            file.write(paper.content())


def _write(paper: Paper, chain: Chain, solution: Solution, figures: Tables) -> None:
    # A long chain's report is for other programs: without links and formulas, it is written several times as fast.
    live = len(figures.uses) <= MOST_USES
    found = receipts(solution, unit=figures.unit) if live else None
    shown = {**sheets(figures)}
    shown["prices"] = _with_receipts(shown["prices"], found)
    names = [name for name in _ORDER if name in shown]
    # Cells that refer to each other: every table starts in its sheet's second row.
    summary = paper.sheet("Summary")
    charts = paper.sheet("Charts") if live and solution.certified else None
    sheet = {name: paper.sheet(HOME[name]) for name in names if name != "audit"}
    receipt_rows: dict[str, int] = {}
    if found is not None:
        of_uses = shown["uses"].rows["good"]
        receipt_rows = write_receipts(
            paper,
            paper.sheet(NAME),
            found,
            solved=_solved(found, figures, shown),
            use_row={good: n + 1 for n, good in reversed([*enumerate(of_uses)])},
            ranges=_ranges(figures),
            units=dict(zip(figures.goods["good"], figures.goods["price unit"], strict=True)),
            numeraire=figures.numeraire,
        )
    if "audit" in names:
        sheet["audit"] = paper.sheet(HOME["audit"])
    money = "money" if figures.numeraire is None else short(figures.numeraire, 20)
    for name in names:
        links = _links(name, shown, receipt_rows) if live else {}
        table = _headed(shown[name], money)
        last = _fill(
            paper, sheet[name], table, HOME[name], _formulas(name, table, receipt_rows) if live else {}, links
        )
        _colour(paper, sheet[name], name, table, last - 1)
        sheet[name].freeze_panes(1, {"audit": 3, "uses": 2}.get(name, 1))
        sheet[name].repeat_rows(0)
    _solver(paper, paper.sheet("Solver"), solution, shown["kkt"])
    write_inputs(paper, paper.sheet("Inputs"), chain)
    if charts is not None:
        write_charts(paper, charts, shown, money)
    write_summary(paper, summary, chain, solution, figures, shown, live=found is not None)


def _with_receipts(prices: Sheet, found: Receipts | None) -> Sheet:
    """Prices with what their receipts come to."""
    columns = [column for column in prices.columns if column.name != "range"]
    if found is None:
        return replace(prices, columns=tuple(columns))
    value = {found.net.goods[r.node[1]]: r.value for r in found.receipts if r.node[0] == "good"}
    rows = prices.rows.assign(receipt=prices.rows["good"].map(value))
    shown = prices.shown.assign(receipt=[figure(worth) for worth in rows["receipt"]])
    columns.insert([column.name for column in columns].index("difference") + 1, _RECEIPT)
    return replace(prices, columns=tuple(columns), rows=rows, shown=shown)


def _headed(table: Sheet, money: str) -> Sheet:
    """The table with what its money is counted in, in the headers that have no column of units beside them."""
    priced = any(column.name == "price unit" for column in table.columns)
    units = {"money": f" ({money})", "price": "" if priced else f" ({money} per unit)"}
    columns = [replace(column, title=column.title + units.get(column.kind, "")) for column in table.columns]
    return replace(table, columns=tuple(columns))


def _solved(found: Receipts, figures: Tables, shown: Mapping[str, Sheet]) -> dict[Node, Solved]:
    """Where the solver's own figure for each receipt is."""
    prices, limits = shown["prices"], shown["limits"]
    row = {good: n for n, good in enumerate(prices.rows["good"])}
    limit = figures.part.limit
    price, rent = _number(prices, "price"), _number(limits, "rent")
    home: dict[Node, Solved] = {}
    for receipt in found.receipts:
        kind, i = receipt.node
        if kind == "good":
            n = row[found.net.goods[i]]
            home[receipt.node] = Solved(HOME["prices"], price, n + 1, float(prices.rows["price"].iloc[n]))
        elif kind == "rent":
            n = int(limit[i])
            home[receipt.node] = Solved(HOME["limits"], rent, n + 1, float(limits.rows["rent"].iloc[n]))
    return home


def _ranges(figures: Tables) -> dict[str, str]:
    goods = figures.goods[figures.goods["interval"].notna() & (figures.goods["interval"] != "point")]
    return {
        good: text
        for good, low, high, kind in goods[["good", "low", "high", "interval"]].itertuples(index=False)
        if (text := price_range(low, high, kind))
    }


def _number(table: Sheet, name: str) -> int:
    return [column.name for column in table.columns].index(name)


def _links(
    name: str, shown: Mapping[str, Sheet], receipt_rows: Mapping[str, int]
) -> dict[int, Callable[[int], str]]:
    """From a good to its receipt, or to its price where it has none or the sheet is another."""
    table = shown[name]
    if not any(column.name == "good" for column in table.columns):
        return {}
    goods = table.rows["good"].tolist()
    at = {good: n + 2 for n, good in enumerate(shown["prices"].rows["good"])}
    first_use = {good: n + 2 for n, good in reversed([*enumerate(shown["uses"].rows["good"])])}

    def home(n: int) -> str:
        good = goods[n]
        if name != "prices":
            return f"'{HOME['prices']}'!A{at[good]}"
        if good in receipt_rows:
            return f"'{NAME}'!A{receipt_rows[good] + 1}"
        return f"'{HOME['uses']}'!A{first_use.get(good, 1)}"

    return {_number(table, "good"): home}


def _formulas(
    name: str, table: Sheet, receipt_rows: Mapping[str, int]
) -> dict[int, Callable[[int], tuple[str, float] | None]]:
    """By column, the formula of the nth row and its value, where it comes to what the table says."""
    found: dict[int, Callable[[int], tuple[str, float] | None]] = {}
    for made, (left, sign, right) in _LIVE.get(name, {}).items():
        one, other = table.rows[left].astype(float).tolist(), table.rows[right].astype(float).tolist()
        whole = table.rows[made].astype(float).tolist()
        letters = [xl_col_to_name(_number(table, side)) for side in (left, right)]

        def live(
            n: int,
            one: list[float] = one,
            other: list[float] = other,
            whole: list[float] = whole,
            letters: list[str] = letters,
            sign: str = sign,
        ) -> tuple[str, float] | None:
            if not (isfinite(one[n]) and isfinite(other[n])):
                return None
            value = one[n] - other[n] if sign == "-" else one[n] * other[n]
            size = max(abs(one[n]), abs(other[n])) if sign == "-" else abs(value)
            if not abs(value - whole[n]) <= 1e-12 * size:
                return None
            return f"={letters[0]}{n + 2}{sign}{letters[1]}{n + 2}", value

        found[_number(table, made)] = live
    if receipt_rows and name == "prices":
        goods, worth = table.rows["good"].tolist(), table.rows["receipt"].tolist()
        found[_number(table, "receipt")] = lambda n: (
            (f"={NAME}!$H${receipt_rows[goods[n]] + 1}", worth[n]) if goods[n] in receipt_rows else None
        )
    return found


def _colour(paper: Paper, sheet: Worksheet, name: str, table: Sheet, last: int) -> None:
    """Colour verdicts by their tone, wherever sorting takes them."""
    if name not in TONES or table.rows.empty or not any(column.name == "verdict" for column in table.columns):
        return
    for verdict, tone in TONES[name].items():
        if tone:
            paper.colour(sheet, _number(table, "verdict"), last, verdict, tone)


def _fill(
    paper: Paper,
    sheet: Worksheet,
    table: Sheet,
    name: str,
    formulas: Mapping[int, Callable[[int], tuple[str, float] | None]] | None = None,
    links: Mapping[int, Callable[[int], str]] | None = None,
) -> int:
    """Write a table from the first row on, as an Excel table of that name; returns the row after it."""
    values = [_values(table, column) for column in table.columns]
    shapes = [_formats(column, table) for column in table.columns]
    return paper.table(sheet, 0, table.columns, values, shapes, name, formulas=formulas, links=links)


def _values(table: Sheet, column: Column) -> list[Any]:
    """What is written of a column: a number that does not exist, and what is no text, is None."""
    values: pd.Series = table.rows[column.name]
    if column.numeric:
        return [None if isnan(value) else value for value in values.astype(float).tolist()]
    return [value if isinstance(value, str) else None for value in values.tolist()]


def _formats(column: Column, table: Sheet) -> list[str]:
    """Number formats that show six digits of each figure, with the points of a column one above the other."""
    if not column.numeric or column.kind == "share":
        return [""] * len(table.rows)
    texts = [str(text) for text in table.shown[column.name]]
    if column.kind == "residual":
        return [shape(text) if text and "e" not in text and text != "0" else "" for text in texts]
    most = max(map(places, texts), default=0)
    return [shape(text, most) for text in texts]


def _solver(paper: Paper, sheet: Worksheet, solution: Solution, kkt: Sheet) -> None:
    row = _fill(paper, sheet, kkt, "kkt") + 1
    facts: list[tuple[str, Any]] = [
        ("Solver", solution.solver_version or solution.solver),
        ("Iterations", solution.iterations),
        *((f"Seconds: {phase}", spent) for phase, spent in solution.seconds.items()),
        ("Message", solution.message),
    ]
    for label, value in facts:
        paper.put(sheet, row, 0, label, "label")
        if isinstance(value, str):
            paper.put(sheet, row, 2, value, align="left", indent=1)
            sheet.set_row(row, tall(value))
        else:
            paper.put(
                sheet, row, 1, value, "amount", **({"num_format": "0.0000"} if isinstance(value, float) else {})
            )
        row += 1
    paper.widen(sheet, 0, 24)
