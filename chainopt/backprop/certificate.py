"""The certificate: how far a plan and its prices are from the KKT conditions.

Computed from the chain, the plan and the multipliers with this side's own derivatives, each residual relative
to its own scale: marginal profits to the money of their terms, amounts to what their good moves. A row's
money counts at least `LEAST_MONEY` of the plan's per unit of its good, below which prices are noise.
Idle processes with infinite slopes have no row: whether they would rather start stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.backprop.idle import starting_profit, steep_idle
from chainopt.backprop.operations import MINIMUM, READERS, Operations
from chainopt.network.multipliers import Multipliers, level_values, use_prices
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.tolerances import LEAST_LEVEL
from chainopt.technology.arrays import Array


def residuals(net: Network, plan: Plan, ops: Operations, multipliers: Multipliers) -> Residuals:
    """The three KKT residuals of a plan with the solver's multipliers."""
    z = ops.stack(multipliers)
    profit = ops.matrix @ z + ops.constant
    money = np.maximum(ops.money(z), ops.least)
    money = np.where(money > 0, money, 1.0)
    equal = np.isin(ops.kind, (READERS, MINIMUM))
    stationarity = np.where(equal, np.abs(profit), np.maximum(profit, 0.0)) / money
    loss = np.where(equal, 0.0, np.maximum(-profit, 0.0)) / money * np.minimum(ops.share, 1.0)
    rents, slack = _rents(net, plan, ops, z, money)
    idle = steep_idle(net, plan, ops.measure)
    value, paid = level_values(net, multipliers), use_prices(net, multipliers)
    starts = starting_profit(net, idle, value, paid, ops.measure)
    return Residuals(
        stationarity=float(np.max(np.concatenate([stationarity, np.maximum(-rents, 0.0), starts]), initial=0.0)),
        feasibility=feasibility(net, plan, ops.measure.good),
        complementarity=float(np.max(np.concatenate([loss, np.abs(rents) * np.maximum(slack, 0.0)]), initial=0.0)),
    )


def feasibility(net: Network, plan: Plan, moved: Array) -> float:
    """The largest breach of a balance, a production function, a limit or a sign, relative to what flows."""
    goods = len(net.goods)
    size = np.where(moved > 0, moved, 1.0)
    quantity = plan.quantity(net)
    gone = np.bincount(net.use_good, plan.use, goods) + plan.sale + plan.disposed
    balance = np.where(net.rival, gone - quantity, np.where(net.sells, plan.sale - quantity, 0.0)) / size
    reads = ~net.rival[net.use_good]
    reading = np.where(reads, plan.use - quantity[net.use_good], 0.0) / size[net.use_good]
    made = net.levels(plan.use)
    free = np.isnan(made) & net.leontief[net.level_process]
    made = np.where(free, plan.level, made)
    scale, least = np.maximum(np.abs(made), np.abs(plan.level)), _level_size(net, size)
    with np.errstate(invalid="ignore"):
        off = (plan.level - made) / np.where(scale > least, scale, least)
    off = np.where(net.leontief[net.level_process], np.maximum(off, 0.0), np.abs(off))
    bound, amount, sign, fixed = at_limits(net, plan)
    over = np.where(fixed, np.abs(amount - bound), sign * (amount - bound))
    over = over / np.maximum(np.maximum(np.abs(bound), np.abs(amount)), 1e-300)
    below = [
        np.where(net.signed, 0.0, -plan.use / size[net.use_good]),
        np.where(net.sale_signed, 0.0, -plan.sale / size),
        -plan.imported / size,
        -plan.disposed / size,
    ]
    parts = np.concatenate([np.abs(balance), np.abs(reading), off, over, *below])
    return float(np.max(np.nan_to_num(parts, nan=np.inf, posinf=np.inf), initial=0.0))


def _level_size(net: Network, size: Array) -> Array:
    """A level's own size where it is next to nothing: a thousandth of what would move all of its goods."""
    each = abs(net.yields)
    with np.errstate(divide="ignore"):
        each.data = size[each.indices] / each.data
    most = each.max(axis=1).toarray().ravel() if each.nnz else np.zeros(each.shape[0])
    return np.where(most > 0, LEAST_LEVEL * most, 1e-300)


def _rents(net: Network, plan: Plan, ops: Operations, z: Array, row_money: Array) -> tuple[Array, Array]:
    """Each limit's rent relative to the money of the rows it is in, and its slack relative to its size.

    A fixed limit's rent has no sign and its slack is feasibility's: both are 0 here.
    """
    rent = z[ops.rent_columns]
    entries = sparse.coo_array(ops.matrix[:, np.arange(len(z))[ops.rent_columns]])
    money = np.zeros(len(rent))
    np.maximum.at(money, entries.col, row_money[entries.row] / np.abs(entries.data))
    bound, amount, sign, fixed = at_limits(net, plan)
    judged = ~fixed & (money > 0)
    with np.errstate(all="ignore"):
        slack = np.minimum(sign * (bound - amount) / np.maximum(np.abs(bound), np.abs(amount)), 1.0)
        return np.where(judged, rent / money, 0.0), np.where(judged, slack, 0.0)


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far a plan and its prices are from the KKT conditions, each relative to the goods' own scales."""

    stationarity: float
    feasibility: float
    complementarity: float

    @property
    def largest(self) -> float:
        """The largest of the three; infinite where one is not a number."""
        worst = max(np.nan_to_num([self.stationarity, self.feasibility, self.complementarity], nan=np.inf))
        return float(worst)
