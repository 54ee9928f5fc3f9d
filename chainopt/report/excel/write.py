"""A solution as an Excel workbook: a summary, every table, the prices' receipts, and the chain's data as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf, isnan
from os import PathLike
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from chainopt.audits.receipts import MOST_USES, Receipts, receipts
from chainopt.chain.chain import Chain
from chainopt.machine.files import replacing
from chainopt.machine.memory import uncollected
from chainopt.report.content.legible import places, shape, short
from chainopt.report.content.salience import redundant
from chainopt.report.content.sheets import TONES, Column, Sheet, sheets
from chainopt.report.excel.charts import write_charts
from chainopt.report.excel.inputs import write_inputs
from chainopt.report.excel.paper import Formulas, Paper, tall
from chainopt.report.excel.receipts import NAME, write_receipts
from chainopt.report.excel.summary import HOME, write_summary
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure

_RECEIPT = Column("receipt", "Receipt", "price", "the price added up from its lines on the sheet Receipts")
_ORDER = (
    "prices", "balances", "uses", "processes", "firms", "transfers", "market", "limits", "ranges", "warnings",
    "audit",
)  # fmt: skip
_LIVE = {
    "prices": ("difference", "price", "-", "backprop"),
    "audit": ("difference", "multiplier", "-", "derivative"),
    "processes": ("profit", "revenue", "-", "cost"),
    "market": ("deviation", "best_profit", "-", "profit"),
    "limits": ("total", "rent", "*", "limit"),
    "transfers": ("money", "price", "*", "amount"),
}
"""By table, the column that is a formula over two others of its row."""


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
    follows = figures.following
    found = receipts(solution, unit=figures.unit, also=follows.money) if live else None
    shown = {**sheets(figures)}
    shown["prices"] = _with_receipts(shown["prices"], found)
    names = [name for name in _ORDER if name in shown]
    # Cells that refer to each other: every table starts in its sheet's second row.
    summary = paper.sheet("Summary")
    charts = paper.sheet("Charts") if live and solution.certified else None
    sheet = {name: paper.sheet(HOME[name]) for name in names if name != "audit"}
    receipt_rows: dict[str, int] = {}
    if found is not None:
        receipt_rows = write_receipts(paper, paper.sheet(NAME), found, follows, figures, shown)
    if "audit" in names:
        sheet["audit"] = paper.sheet(HOME["audit"])
    money = short(figures.money, 20)
    for name in names:
        links = _links(name, shown, receipt_rows) if live else {}
        table = _headed(shown[name], money)
        formulas = _formulas(name, table, receipt_rows) if live else {}
        last = _fill(paper, sheet[name], table, HOME[name], formulas, links)
        # Verdicts are coloured by their tone, wherever sorting takes them.
        for verdict, tone in TONES.get(name, {}).items():
            if tone and len(table.rows) and "verdict" in table.rows:
                paper.colour(sheet[name], table.place("verdict"), last - 1, verdict, tone)
        for column in redundant(figures) if name == "prices" else ():
            if any(each.name == column for each in table.columns):
                paper.fold(sheet[name], table.place(column))
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
    prices = replace(prices, columns=tuple(columns))
    if found is None:
        return prices
    value = {found.net.goods[r.node[1]]: r.value for r in found.receipts if r.node[0] == "good"}
    rows = prices.rows.assign(receipt=prices.rows["good"].map(value))
    shown = prices.shown.assign(receipt=[figure(worth) for worth in rows["receipt"]])
    columns.insert(prices.place("difference") + 1, _RECEIPT)
    return replace(prices, columns=tuple(columns), rows=rows, shown=shown)


def _headed(table: Sheet, money: str) -> Sheet:
    """The table with what its money is counted in, in the headers that have no column of units beside them."""
    priced = any(column.name == "price unit" for column in table.columns)
    units = {"money": f" ({money})", "price": "" if priced else f" ({money} per unit)"}
    columns = [replace(column, title=column.title + units.get(column.kind, "")) for column in table.columns]
    return replace(table, columns=tuple(columns))


def _links(name: str, shown: Mapping[str, Sheet], receipt_rows: Mapping[str, int]) -> dict[int, list[str]]:
    """From a good to its receipt, or to its price where it has none or the sheet is another."""
    table = shown[name]
    if all(column.name != "good" for column in table.columns):
        return {}
    home, first = ("uses", shown["uses"]) if name == "prices" else ("prices", shown["prices"])
    at = {good: f"'{HOME[home]}'!A{n}" for n, good in reversed([*enumerate(first.rows["good"], 2)])}
    if name == "prices":
        at |= {good: f"'{NAME}'!A{row + 1}" for good, row in receipt_rows.items()}
    return {table.place("good"): [at.get(good, f"'{HOME[home]}'!A1") for good in table.rows["good"]]}


def _formulas(
    name: str, table: Sheet, receipt_rows: Mapping[str, int]
) -> dict[int, list[tuple[str, float] | None]]:
    """By column, each row's formula and its value, where it comes to what the table says."""
    found: dict[int, list[tuple[str, float] | None]] = {}
    if name in _LIVE:
        made, left, sign, right = _LIVE[name]
        one, other, whole = (table.rows[side].astype(float) for side in (left, right, made))
        value = one - other if sign == "-" else one * other
        size = one.abs().combine(other.abs(), max) if sign == "-" else value.abs()
        sound = (one.abs() < inf) & (other.abs() < inf) & ((value - whole).abs() <= 1e-12 * size)
        a, b = (xl_col_to_name(table.place(side)) for side in (left, right))
        found[table.place(made)] = [
            (f"={a}{n}{sign}{b}{n}", worth) if holds else None
            for n, (worth, holds) in enumerate(zip(value.tolist(), sound.tolist(), strict=True), 2)
        ]
    if receipt_rows and name == "prices":
        found[table.place("receipt")] = [
            (f"={NAME}!$H${receipt_rows[good] + 1}", worth) if good in receipt_rows else None
            for good, worth in zip(table.rows["good"], table.rows["receipt"].tolist(), strict=True)
        ]
    return found


def _fill(
    paper: Paper,
    sheet: Worksheet,
    table: Sheet,
    name: str,
    formulas: Formulas | None = None,
    links: Mapping[int, list[str]] | None = None,
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
    """Number formats that show four digits of each figure, with the points of a column one above the other."""
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
            more = {"num_format": "0.0000"} if isinstance(value, float) else {}
            paper.put(sheet, row, 1, value, "amount", **more)
        row += 1
    paper.widen(sheet, 0, 24)
