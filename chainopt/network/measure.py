"""What of each variable and row of a chain's program counts as one: the amounts of a plan, and its money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.network.demand import demand_value
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.typical import typical_amounts, wanted_levels

Array = np.ndarray
ZERO = 1e-7
STILL = 1e3 * ZERO
BINDS = 1e-6
LEAST = 1e-5
LEAST_FLOW = 1e-2
LEAST_AMOUNT = 1e-4
CERTIFIED = 1e-6
WORTHLESS = 1e-3
"""Of a plan's money per unit of what a good moves: a price counts at least this much where it is compared."""
_LEAST = 1e-6
"""Of an ordinary amount of a good: what moves less counts as this much."""
_LEAST_SHARE = 1e-3
"""Of what its good moves in all: a use of less counts as this much."""


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """Typical amounts, all above 0: by good, by use and by level; money: what one good moves on average."""

    good: Array
    use: Array
    level: Array
    money: float


def magnitudes(net: Network, plan: Plan, money: float) -> Magnitudes:
    """The magnitudes at a plan that moves so much money in all."""
    typical = typical_amounts(net)
    good = np.maximum(throughput(net, plan), _LEAST * typical)
    level = np.maximum(np.abs(np.nan_to_num(plan.level)), _LEAST * wanted_levels(net, typical))
    use = np.maximum(np.abs(np.nan_to_num(plan.use)), _LEAST_SHARE * good[net.use_good])
    return Magnitudes(good, use, level, money / len(good))


def throughput(net: Network, plan: Plan) -> Array:
    """What each good moves in all at a plan: the larger of what comes and what goes, without signs."""
    goods = len(net.goods)
    comes = np.abs(net.supply) + plan.imported + abs(net.yields).T @ np.abs(plan.level)
    goes = np.bincount(net.use_good, np.abs(plan.use), goods) + np.abs(plan.sale) + plan.disposed
    return np.where(net.rival, np.maximum(comes, goes), np.maximum(comes, np.abs(plan.quantity(net))))


def turnover(net: Network, plan: Plan) -> float:
    """All the money of a plan: sales, imports, disposal and levels without their signs; 1 where none moves."""
    demand = demand_value(net, plan.sale)
    return (
        float(
            np.sum(np.abs(demand[np.isfinite(demand)]))
            + np.sum(np.abs(np.where(net.imports, net.import_price * plan.imported, 0.0)))
            + np.sum(np.abs(np.where(net.disposes, net.disposal * plan.disposed, 0.0)))
            + np.sum(np.abs(net.unit_cost * plan.level))
        )
        or 1.0
    )


def sizes(net: Network, plan: Plan, start: Plan) -> Array:
    """The size of each good at a plan, by which its flows are judged; start is a forward run."""
    moved, least = throughput(net, plan), LEAST_AMOUNT * typical_amounts(net)
    return np.maximum(np.maximum(moved, LEAST_FLOW * throughput(net, start)), least)
