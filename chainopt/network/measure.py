"""What counts as one, and what as nothing: the measure of a plan, made once and handed on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.network.demand import demand_value
from chainopt.network.forward import forward_run
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.scales import scales
from chainopt.network.tolerances import LEAST_AMOUNT, LEAST_FLOW, LEAST_MONEY, STILL, WORTHLESS, ZERO
from chainopt.technology.arrays import Array

_LEAST = 1e-6
"""Of an ordinary amount of a good: what moves less is scaled as this much."""
_LEAST_SHARE = 1e-3
"""Of what its good moves in all, and of ordinary money: less is scaled as this much."""
_ORDINARY = 0.1
"""Of ordinary money: what a plan moves is judged as no less."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What of each figure counts as one, all above 0: an amount of each good, use and level, and money.

    moved: what each good moves in all, which may be nothing.
    """

    good: Array
    use: Array
    level: Array
    money: float
    moved: Array

    @property
    def noise(self) -> float:
        """The money below which nothing is earned or lost."""
        return LEAST_MONEY * self.money

    @property
    def trifle(self) -> Array:
        """By good, a price that makes next to nothing of what moves: compared prices count no less."""
        return WORTHLESS * self.money / self.good

    @property
    def still(self) -> Array:
        """Whether each good as good as stands still."""
        return self.moved <= STILL * self.good

    def moves(self, amount: Array) -> Array:
        """Whether this amount of each good is more than nothing."""
        return np.abs(amount) > ZERO * self.good


def measure(net: Network, plan: Plan, start: Plan | None = None) -> Measure:
    """By what a plan is judged: its whole money, what each good moves, and the level that moves as much of a good.

    A good's size is never below a part of what it moves at the start (default: a forward run) and of an ordinary
    amount of it; a level that moves no good is measured by the start's.
    """
    start = start or forward_run(net)
    moved = throughput(net, plan)
    least = np.maximum(LEAST_FLOW * throughput(net, start), LEAST_AMOUNT * scales(net).good)
    good = np.maximum(moved, least)
    good = np.where(good > 0, good, 1.0)
    use, made, fixed = good[net.use_good], sparse.coo_array(net.yields), np.flatnonzero(net.use_leontief)
    level = np.full(len(net.level_process), np.inf)
    with np.errstate(divide="ignore"):
        np.minimum.at(level, made.row, good[made.col] / np.abs(made.data))
        np.minimum.at(level, net.first_level[net.use_process[fixed]], use[fixed] / net.coefficient[fixed])
    level = np.where(np.isfinite(level), level, np.abs(start.level))
    level = np.where(level > 0, level, 1.0)
    money = max(turnover(net, plan), _ORDINARY * scales(net).money)
    return Measure(good, use, level, money, moved)


def magnitudes(net: Network, plan: Plan, money: float) -> Measure:
    """By what a program is scaled, near a plan that moves so much money in all: the money of an average good."""
    size, moved = scales(net), throughput(net, plan)
    good = np.maximum(moved, _LEAST * size.good)
    level = np.maximum(np.abs(np.nan_to_num(plan.level)), _LEAST * size.level)
    use = np.maximum(np.abs(np.nan_to_num(plan.use)), _LEAST_SHARE * good[net.use_good])
    return Measure(good, use, level, money / len(good), moved)


def throughput(net: Network, plan: Plan) -> Array:
    """What each good moves in all at a plan: the larger of what comes and what goes, without signs."""
    goods = len(net.goods)
    comes = np.abs(net.supply) + plan.imported + abs(net.yields).T @ np.abs(plan.level)
    goes = np.bincount(net.use_good, np.abs(plan.use), goods) + np.abs(plan.sale) + plan.disposed
    return np.where(net.rival, np.maximum(comes, goes), np.maximum(comes, np.abs(plan.quantity(net))))


def turnover(net: Network, plan: Plan) -> float:
    """All the money of a plan: sales, imports, disposal and levels without their signs; at least a thousandth of
    ordinary money, since what a plan of next to nothing moves is rounding.
    """
    demand = demand_value(net, plan.sale)
    moved = float(
        np.sum(np.abs(demand[np.isfinite(demand)]))
        + np.sum(np.abs(np.where(net.imports, net.import_price * plan.imported, 0.0)))
        + np.sum(np.abs(np.where(net.disposes, net.disposal * plan.disposed, 0.0)))
        + np.sum(np.abs(net.unit_cost * plan.level))
    )
    return max(moved, _LEAST_SHARE * scales(net).money)
