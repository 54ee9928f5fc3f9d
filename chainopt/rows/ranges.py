"""How far each figure of the workbook holds, a row each: a supply or a limit while its worth stays, a price or a
cost while the plan does.

In a row, more is what one more unit of the figure adds to the value, less what one less costs; low and high are
the figures between which the same operations stay in use, below and above what changes there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from chainopt.audits.following import Following
from chainopt.audits.marginal import Tangent
from chainopt.audits.ranges import Range, worths
from chainopt.audits.receipt_lines import Kind
from chainopt.audits.stories import MOST_USES
from chainopt.network.limits import cell
from chainopt.network.plan import Plan
from chainopt.scenarios.change import SUPPLY
from chainopt.solution.solution import Solution

if TYPE_CHECKING:
    from chainopt.scenarios.holding import Holding

COLUMNS = ("figure", "kind", "good", "process", "now", "more", "less", "low", "high", "below", "above", "solved")
_NUMBERS = dict.fromkeys(("now", "more", "less", "low", "high"), float)
_MONEY: dict[Kind, tuple[str, str]] = {
    "final price": ("price", "sale"),
    "import price": ("import price", "imported"),
    "disposal cost": ("disposal", "disposed"),
    "unit cost": ("unit cost", "level"),
}
"""By what a price begins with: its column in the workbook, and the amounts that it is paid for."""


@dataclass(frozen=True, slots=True)
class _Row:
    figure: str
    kind: str
    good: str | None
    process: str | None
    now: float
    more: float
    less: float
    range: Range
    solved: str = ""

    @property
    def cells(self) -> tuple[object, ...]:
        low, high = self.range.ends
        named = (self.figure, self.kind, self.good, self.process, self.now, self.more, self.less)
        return (*named, low, high, self.range.below, self.range.above, self.solved)


def ranges(solution: Solution, tangent: Tangent | None, follows: Following, unit: float) -> pd.DataFrame:
    """Figures of which a range is known, of a certified solution of at most MOST_USES uses; money by the unit."""
    if tangent is None or len(tangent.net.use_good) > MOST_USES:
        return _table([])
    assert solution.plan
    amounts = [*_amounts(solution, tangent, unit)]
    known = [row for row in amounts if not (isnan(row.range.low) and isnan(row.range.high))]
    return _table([*known, *_money(solution.plan, tangent, follows, unit)])


def with_holdings(table: pd.DataFrame, found: Sequence[Holding]) -> pd.DataFrame:
    """The table with ranges that were found by solving again, in place of those of the same figures, and first."""
    by_figure = table.set_index("figure")
    rows = []
    for held in found:
        about = held.figure
        name = supply_cell(about.name) if about.kind == SUPPLY else about.name
        known = by_figure.loc[name].to_dict() if name in by_figure.index else {}
        row = {"kind": about.kind, "good": about.good, "process": about.process, "now": held.supply}
        ends = {"low": held.less, "high": held.more, "below": held.below, "above": held.above}
        rows.append({"figure": name} | known | row | ends | {"solved": "solved again"})
    if not rows:
        return table
    first = pd.DataFrame(rows, columns=list(COLUMNS)).astype(_NUMBERS)
    return pd.concat([first, table[~table["figure"].isin(first["figure"])]], ignore_index=True)


def _amounts(solution: Solution, tangent: Tangent, unit: float) -> Iterator[_Row]:
    net = tangent.net
    goods, limits = worths(solution, tangent)
    for good, supply, worth in zip(net.goods, net.supply.tolist(), goods, strict=True):
        yield _Row(
            supply_cell(good), SUPPLY, good, None, supply, worth.more / unit, worth.less / unit, worth.range
        )
    for limit, worth in zip(net.limits, limits, strict=True):
        whose = net.whose(limit)
        name = cell(limit.kind, *whose)
        yield _Row(name, limit.kind, *whose, limit.bound, worth.more / unit, worth.less / unit, worth.range)


def supply_cell(good: str) -> str:
    """What a supply is asked for by: ore.supply."""
    return f"{good}.{SUPPLY}"


def _money(plan: Plan, tangent: Tangent, follows: Following, unit: float) -> Iterator[_Row]:
    net = tangent.net
    for (kind, i), found in follows.ranges.items():
        column, paid = _MONEY[kind]
        adds = float(getattr(plan, paid)[i]) * (1 if kind == "final price" else -1)
        good = net.goods[i] if kind != "unit cost" else None
        process = net.processes[net.level_process[i]] if kind == "unit cost" else None
        now = float(getattr(net, column.replace(" ", "_"))[i]) / unit
        if now == 0 and adds == 0:
            # A blank cell, which is no part of the plan.
            continue
        yield _Row(f"{good or process}.{column}", kind, good, process, now, adds, adds, found)


def _table(rows: Sequence[_Row]) -> pd.DataFrame:
    return pd.DataFrame([row.cells for row in rows], columns=list(COLUMNS)).astype(_NUMBERS)
