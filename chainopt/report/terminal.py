"""A solution in the terminal: what it says first, then tables that fit the width."""

from __future__ import annotations

from dataclasses import replace

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
    console.print(Text(headline(solution), style="bold green" if solution.certified else "bold red"))
    for finding in findings(solution, tables):
        _say(console, finding.text, "yellow" if finding.caution else "")
    if solution.kkt is not None:
        checks = ", ".join(f"{name} {residual(float(value))}" for name, value in tables.kkt.iloc[0].items())
        _say(console, f"KKT residuals, relative: {checks}.")
    if solution.plan is None:
        return
    if solution.certified:
        _say(console, money(tables))
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
        limits, first = shown["limits"], bound.index[:MOST_LIMITS]
        part = replace(
            limits, title="Limits that bind", rows=limits.rows.loc[first], shown=limits.shown.loc[first]
        )
        columns = ["kind", "good", "process", "limit", "rent", "total"]
        _print(console, part, columns, len(bound), "limits that bind")


def _say(console: Console, text: str, style: str = "") -> None:
    """One point of a list, its further lines under the first."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("-"), Text(text, style=style))
    console.print(grid)


def _print(console: Console, sheet: Sheet, names: list[str], whole: int, what: str) -> None:
    """One table of these columns; one in which every cell is blank is left out."""
    table = Table(
        title=sheet.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    cells: list[list[Text]] = []
    for column in sorted((c for c in sheet.columns if c.name in names), key=lambda c: names.index(c.name)):
        texts = [str(text) for text in sheet.shown[column.name]]
        if not any(texts):
            continue
        if column.numeric:
            table.add_column(column.title, justify="right", no_wrap=True)
        else:
            table.add_column(column.title, overflow="fold", min_width=6)
        loss = "bold red" if column.name == "profit" else ""
        cells.append(
            [Text(short(text, _NAME_WIDTH), style=loss if text.startswith("-") else "") for text in texts]
        )
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    console.print()
    console.print(table)
    if len(sheet.rows) < whole:
        console.print(Text(f"... and {whole - len(sheet.rows):,} of {whole:,} {what} more."))
