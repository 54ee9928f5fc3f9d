"""A solution in the terminal: what it says first, then tables that fit the width."""

from __future__ import annotations

from dataclasses import replace

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from chainopt.report.content.findings import Question, findings, headline, money
from chainopt.report.content.legible import legible, pointed, residual, short
from chainopt.report.content.salience import binding, foremost, greatest, redundant, turnover
from chainopt.report.content.sheets import Column, Sheet, sheets
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution

MOST_GOODS = 30
MOST_LIMITS = 15
MOST_STORIES = 10
MOST_TRANSFERS = 10
WIDE = 110
"""Columns of a terminal that has room for what goes from firm to firm."""
_NAME_WIDTH = 32
_GOODS = ("good", "goods")
_DISPENSABLE = ("difference", "total", "firm", "revenue", "cost", "unit", "supply", "produced", "range", "limit")
"""Columns that give way in a narrow terminal, the first first: a figure that is cut would be another figure."""


def show(solution: Solution, tables: Tables, console: Console) -> None:
    """Print the solution's findings and tables.

    Of a long chain, the goods of the greatest turnover and the processes that move the most money, and a line
    that says how many are left out.
    """
    console.print(Text(headline(solution, tables), style="bold green" if solution.certified else "bold red"))
    found = findings(solution, tables)
    # What goods are worth, and the audit, are said below, beside the prices.
    for finding in (item for item in found if item.about != "audit" and item.question is not Question.WORTH):
        _say(console, finding.text, "yellow" if finding.caution else "")
    if solution.kkt is not None:
        checks = ", ".join(f"{name} {residual(float(value))}" for name, value in tables.kkt.iloc[0].items())
        _say(console, f"KKT residuals, relative: {checks}.")
    if solution.amounts is None:
        return
    if solution.certified:
        _say(console, money(tables))
    kept = foremost(tables, MOST_GOODS, MOST_GOODS)
    shown = sheets(kept)
    if solution.certified:
        columns = ["good", "unit", "price", "backprop", "range", "difference", "right", "left"]
        left_out = redundant(tables) | ({"difference"} if tables.differences is not None else set())
        columns = [name for name in columns if name not in left_out]
        _print(console, shown["prices"], columns, len(tables.goods), _GOODS)
        console.print()
        for finding in (finding for finding in found if finding.about == "audit"):
            _say(console, finding.text, "yellow" if finding.caution else "")
        _tell(console, tables)
    else:
        columns = ["good", "unit", "supply", "imported", "produced", "used", "sold"]
        _print(console, shown["balances"], columns, len(tables.goods), _GOODS)
    priced = ["process", "level", "revenue", "cost", "profit", "rent"]
    columns = priced if solution.certified else ["process", "firm", "level"]
    _print(console, shown["processes"], columns, len(tables.processes), ("process", "processes"))
    if console.width >= WIDE and len(tables.transfers):
        _from_firm_to_firm(console, tables)
    bound = binding(tables)
    if len(bound):
        part = replace(shown["limits"].only(bound.index[:MOST_LIMITS]), title="Limits that bind")
        columns = ["kind", "good", "process", "limit", "rent", "total"]
        _print(console, part, columns, len(bound), ("limit that binds", "limits that bind"))


def _from_firm_to_firm(console: Console, tables: Tables) -> None:
    """Firms' accounts, where a firm has several processes, and what goes between them, the dearest first."""
    shown = sheets(tables)
    if (tables.firms["processes"] > 1).any():
        first = foremost(tables, MOST_GOODS, MOST_GOODS).firms
        columns = [
            "who", "revenue_outside", "revenue_inside", "bought_outside", "bought_inside", "supplies", "profit",
        ]  # fmt: skip
        _print(console, shown["firms"].only(first.index), columns, len(tables.firms), ("firm", "firms"))
    dearest = greatest(tables.transfers["money"])[:MOST_TRANSFERS]
    columns = ["good", "seller", "buyer", "amount", "price", "range", "cost", "worth"]
    what = ("transfer", "transfers")
    _print(console, shown["transfers"].only(dearest), columns, len(tables.transfers), what)


def _tell(console: Console, tables: Tables) -> None:
    """Who sets the prices of the goods of the greatest turnover."""
    goods = tables.goods[tables.goods["good"].isin(tables.stories.keys())]
    first = goods.loc[greatest(turnover(goods))[:MOST_STORIES]]
    if first.empty:
        return
    console.print()
    console.print(Text("Why these prices", style="bold"))
    console.print()
    for good, unit in zip(first["good"], first["price unit"], strict=True):
        _say(console, f"{short(good)}, {short(unit)}: {legible(tables.stories[good].text)}.")
    _left_out(console, len(goods) - len(first), ("price", "prices"))


def _left_out(console: Console, count: int, what: tuple[str, str]) -> None:
    if count > 0:
        console.print(Text(f"{count:,} more {what[count > 1]} {'is' if count == 1 else 'are'} left out."))


def _say(console: Console, text: str, style: str = "") -> None:
    """One point of a list, its further lines under the first."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("-"), Text(text, style=style))
    console.print(grid)


def _print(console: Console, sheet: Sheet, names: list[str], whole: int, what: tuple[str, str]) -> None:
    """One table of these columns, less those in which every cell is blank, and those that the width can't take."""
    here = {column.name: column for column in sheet.columns if any(map(str, sheet.shown[column.name]))}
    columns = [here[name] for name in names if name in here]
    table, dropped = _table(sheet, columns), []
    endless = console.options.update(max_width=10_000)
    for name in _DISPENSABLE:
        if Measurement.get(console, endless, table).minimum <= console.width:
            break
        if name in names and name in here:
            columns.remove(here[name])
            dropped.append(here[name].title)
            table = _table(sheet, columns)
    console.print()
    console.print(table)
    _left_out(console, whole - len(sheet.rows), what)
    if dropped:
        console.print(Text(f"Too narrow here for {', '.join(dropped)}: see the reports."))


def _table(sheet: Sheet, columns: list[Column]) -> Table:
    table = Table(
        title=sheet.title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
    )
    cells: list[list[Text]] = []
    for column in columns:
        texts = [str(text) for text in sheet.shown[column.name]]
        if column.numeric:
            texts = pointed(texts, column.title)
            number(table, column.title, texts)
        else:
            table.add_column(column.title, overflow="fold", min_width=6)
        loss = "bold red" if column.name == "profit" else ""
        cells.append(
            [
                Text(
                    text if column.numeric else short(text, _NAME_WIDTH),
                    style=loss if text.lstrip().startswith("-") else "",
                )
                for text in texts
            ]
        )
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    return table


def number(table: Table, title: str, texts: list[str]) -> None:
    """A column of texts that are filled with blanks to stand where they are to: see `pointed`."""
    width = max(map(len, [title, *texts]))
    table.add_column(Text(title, justify="right"), no_wrap=True, min_width=width)
