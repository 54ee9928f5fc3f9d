"""A certified solution on one screen of 24 lines: what it is worth, what to beware of, the goods of most money and
who sets their prices, what limits, how sure it is. The rest is `terminal.show`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf, isnan, nan

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chainopt.network.limits import cell
from chainopt.report.content.findings import findings, headline, money
from chainopt.report.content.legible import pointed, short
from chainopt.report.content.salience import (
    ambiguous,
    binding,
    brings,
    costs,
    disagreeing,
    eased_by_more,
    felt_prices,
    greatest,
    scarce_supplies,
    turnover,
)
from chainopt.report.content.sheets import sheets
from chainopt.report.terminal import number
from chainopt.rows.levels import RUNS
from chainopt.rows.ranges import supply_cell
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import contrasted, figure

MOST_GOODS = 5
MOST_LIMITS = 4
MOST_CAUTIONS = 3
_NAME_WIDTH, _LEAST_NAME = 24, 12
_BETWEEN = 3
"""Blanks between two columns."""
_UNIT_WIDTH = 14
_NONE = "open"
"""In place of a figure that is one of several, or that can't be."""


def screen(solution: Solution, tables: Tables, console: Console) -> None:
    """Print the first screen of a certified solution."""
    said = headline(solution, tables, brief=True)
    if tables.numeraire is not None or "prices" not in money(tables):
        said += f" {money(tables)}"
    console.print(Text(said, style="bold green"))
    found = findings(solution, tables)
    for item in (item for item in found if item.about == "changes"):
        console.print(Text(item.text))
    cautions = [item for item in found if item.caution]
    if any(item.about == "market" for item in cautions):
        cautions = [item for item in cautions if item.about != "firms"]
    for item in cautions[:MOST_CAUTIONS]:
        console.print(Text(f"! {item.text}", style="yellow"))
    if len(cautions) > MOST_CAUTIONS:
        console.print(Text(f"! {len(cautions) - MOST_CAUTIONS:,} more to beware of: --full", style="yellow"))
    console.print()
    console.print(_goods(tables, console.width))
    limits = list(_limits(tables))
    if limits:
        console.print()
        console.print(_limiting(limits, console.width))
    console.print(Text(_sure(solution, tables)))


def _table() -> Table:
    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)


def _goods(tables: Tables, wide: int) -> Table:
    """The goods of the greatest turnover: what one more brings, and what one less costs where that differs."""
    goods = tables.goods
    first = greatest(turnover(goods))[:MOST_GOODS]
    names = [str(goods.at[i, "good"]) for i in first]
    open_ = tables.numeraire is None and bool(first.isin(ambiguous(goods).index).any())
    price = dict(zip(goods["good"], felt_prices(tables), strict=True))
    both = [("One more brings", brings(tables)), ("One less costs", costs(tables))]
    ends = both if open_ else [("Price", price)]
    table = _table()
    table.add_column(f"{len(first)} of {len(goods):,} goods" if len(goods) > len(first) else "Goods", no_wrap=True)
    units = [short(str(goods.at[i, "unit"]), 12) for i in first]
    if any(units):
        table.add_column("Unit", no_wrap=True)
    columns = [pointed([figure(of[name]) or _NONE for name in names], title) for title, of in ends]
    for (title, _), texts in zip(ends, columns, strict=True):
        number(table, title, texts)
    table.add_column("Set by", no_wrap=True)
    taken = sum(max(map(len, texts)) + _BETWEEN for texts in (names, units, *columns))
    for name, unit, *figures in zip(names, units, *columns, strict=True):
        story = tables.stories.get(name)
        set_by = short(story.end, max(wide - taken, _NAME_WIDTH)) if story is not None else ""
        table.add_row(*map(Text, [short(name, _NAME_WIDTH), *([unit] if any(units) else []), *figures, set_by]))
    return table


@dataclass(frozen=True, slots=True)
class _Scarce:
    """A limit or a supply: what it is, its amount, what one more adds and up to where, and its worth in all."""

    what: str
    amount: str
    adds: str
    far: str
    worth: float


def _limits(tables: Tables) -> Iterator[_Scarce]:
    limits, more = sheets(tables)["limits"], brings(tables)
    ends = tables.ranges.set_index("figure")

    def far(name: str, now: float, *, up: bool) -> str:
        end: float = ends["high" if up else "low"].get(name, nan)
        return "" if isnan(end) else "no end" if isinf(end) else contrasted(end, now)[0]

    for i, row in binding(tables).to_dict("index").items():
        names = [short(name, _NAME_WIDTH) for name in (row["process"], row["good"]) if isinstance(name, str)]
        unit = str(limits.rows.at[i, "unit"])
        bound = str(limits.shown.at[i, "limit"])
        # Of an amount of a good its unit says enough beside the limit's name.
        amount = bound if unit == RUNS else f"{bound} {short(unit.partition(' of ')[0], _UNIT_WIDTH)}".strip()
        adds = figure(abs(row["rent"]) if eased_by_more(row) else -abs(row["rent"]))
        # Of several rents that support the plan the solver's is any.
        adds = adds if pd.notna(row["backprop"]) else _NONE
        what = " of ".join([str(row["kind"]), ", ".join(names)])
        until = far(cell(row["kind"], row["good"], row["process"]), row["limit"], up=eased_by_more(row))
        yield _Scarce(what, amount, adds, until, abs(row["total"]))
    for row in scarce_supplies(tables).to_dict("records"):
        amount = f"{figure(row['supply'])} {short(str(row['unit']), _UNIT_WIDTH)}".strip()
        what = f"supply of {short(str(row['good']), _NAME_WIDTH)}"
        until = far(supply_cell(row["good"]), row["supply"], up=True)
        yield _Scarce(what, amount, figure(more[row["good"]]) or _NONE, until, row["worth"])


def _limiting(limits: list[_Scarce], wide: int) -> Table:
    """What limits, what is worth most in all first; names are cut so that every figure is whole."""
    table = _table()
    shown = sorted(limits, key=lambda each: -each.worth)[:MOST_LIMITS]
    of = f"{len(shown)} of {len(limits):,} limits" if len(limits) > len(shown) else "Limits"
    table.add_column(of, no_wrap=True)
    table.add_column("Of", justify="right", no_wrap=True)
    adds = pointed([each.adds for each in shown], "One more adds")
    worth = pointed([figure(each.worth) for each in shown], "In all")
    until = pointed([each.far for each in shown], "Up to")
    number(table, "One more adds", adds)
    if any(each.far for each in shown):
        number(table, "Up to", until)
    number(table, "In all", worth)
    amounts = [each.amount for each in shown]
    columns = [amounts, adds, *([until] if any(each.far for each in shown) else []), worth]
    titles = ["Of", "One more adds", "Up to", "In all"] if len(columns) > 3 else ["Of", "One more adds", "In all"]
    taken = sum(max(map(len, (title, *texts))) + _BETWEEN for title, texts in zip(titles, columns, strict=True))
    for each, *texts in zip(shown, *columns, strict=True):
        table.add_row(*map(Text, (short(each.what, max(wide - taken, _LEAST_NAME)), *texts)))
    return table


def _sure(solution: Solution, tables: Tables) -> str:
    """How sure it is, and where the rest is told, in one line."""
    apart, market, goods = len(disagreeing(tables)), tables.market, tables.goods
    same = int((goods["difference"].notna() & goods["price"].notna()).sum()) - apart
    of = "" if same == len(goods) else f"{same:,} of {len(goods):,} "
    prices = f"{of}prices are derivatives"
    held = ""
    if market is not None:
        held = f"; the market test {'holds' if market.supported else 'fails'}"
    return f"Proven best{' nearby' if solution.scope == 'local' else ''}; {prices}{held}. All: --full"
