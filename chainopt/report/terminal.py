"""A solution in the terminal: what it says first, then tables that fit the width."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainopt.chain import Chain
from chainopt.report.findings import findings, headline, money
from chainopt.report.legible import residual, short
from chainopt.report.salience import ambiguous, binding, foremost
from chainopt.report.sheets import Sheet, sheets
from chainopt.solution import Solution
from chainopt.tables import Tables

MOST_GOODS = 30
MOST_LIMITS = 15
_NAME_WIDTH = 32


def show(chain: Chain, solution: Solution, tables: Tables, console: Console) -> None:
    """Print the solution's findings and tables.

    Of a long chain, the goods of the greatest turnover and the processes that move the most money, and a line
    that says how many are left out.
    """
    _say(console, Text(headline(solution), style="bold green" if solution.certified else "bold red"))
    for finding in findings(solution, tables):
        _say(console, Text(f"- {finding.text}", style="yellow" if finding.caution else ""))
    if solution.kkt is not None:
        checks = ", ".join(f"{name} {residual(float(value))}" for name, value in tables.kkt.iloc[0].items())
        _say(console, Text(f"- KKT residuals, relative: {checks}."))
    if solution.plan is None:
        return
    if solution.certified:
        _say(console, Text(f"- {money(tables)}"))
    kept = foremost(tables, MOST_GOODS, MOST_GOODS)
    shown = sheets(chain, kept)
    if solution.certified:
        columns = ["good", "unit", "price", "backprop", "range", "difference"]
        if ambiguous(kept.goods).empty:
            columns.remove("range")
        _print(console, shown["prices"], columns, len(tables.goods), "goods")
    else:
        columns = ["good", "unit", "supply", "produced", "used", "sold"]
        _print(console, shown["balances"], columns, len(tables.goods), "goods")
    columns = ["process", "level", "revenue", "cost", "profit", "rent"]
    if not solution.certified:
        columns = ["process", "firm", "level"]
    _print(console, shown["processes"], columns, len(tables.processes), "processes")
    bound = binding(tables)
    if len(bound):
        limits = shown["limits"]
        part = Sheet(
            "Limits that bind",
            limits.caption,
            limits.columns,
            limits.rows.loc[bound.index[:MOST_LIMITS]],
            limits.shown.loc[bound.index[:MOST_LIMITS]],
        )
        _print(console, part, ["kind", "good", "process", "limit", "rent", "total"], len(bound), "limits that bind")


def _say(console: Console, text: Text) -> None:
    console.print(text, highlight=False)


def _print(console: Console, sheet: Sheet, columns: list[str], whole: int, what: str) -> None:
    """One table; columns in which every cell is blank are left out."""
    table = Table(title=sheet.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    titles = {column.name: column for column in sheet.columns}
    filled = [name for name in columns if (sheet.shown[name] != "").any()]
    for name in filled:
        column = titles[name]
        if column.numeric:
            table.add_column(column.title, justify="right", no_wrap=True)
        else:
            table.add_column(column.title, overflow="fold", min_width=6)
    for i in sheet.shown.index:
        cells = [Text(short(sheet.shown.at[i, name], _NAME_WIDTH)) for name in filled]
        if "profit" in filled and sheet.shown.at[i, "profit"].startswith("-"):
            cells[filled.index("profit")].stylize("bold red")
        table.add_row(*cells)
    console.print()
    console.print(table)
    if len(sheet.rows) < whole:
        _say(console, Text(f"{whole - len(sheet.rows):,} more {what} are left out."))
