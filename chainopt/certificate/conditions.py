"""The first-order conditions, row by row: the second part of a certificate, since a gap can't see the price of
what hardly moves.

Marginal profits are judged by the money of their terms before these cancel, which counts at least `LEAST_MONEY`
of the plan's per unit of the row's good: below that a price is noise. Idle processes with infinite slopes have
no row: whether they would rather start stands in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.backprop.idle import starting_profit, steep_idle
from chainopt.backprop.operations import MINIMUM, READERS, Operations
from chainopt.certificate.breaches import breaches
from chainopt.network.multipliers import Multipliers, level_values, use_prices
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.tolerances import BALANCED, CERTIFIED
from chainopt.technology.arrays import Array


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

    @property
    def doubts(self) -> tuple[str, ...]:
        """Which of them are too large, in words."""
        limits = {"stationarity": CERTIFIED, "feasibility": BALANCED, "complementarity": CERTIFIED}
        return tuple(
            f"the independent KKT check finds a {name} residual of {getattr(self, name):.1e}"
            for name, limit in limits.items()
            if not getattr(self, name) <= limit
        )


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
        feasibility=breaches(net, plan).largest,
        complementarity=float(np.max(np.concatenate([loss, np.abs(rents) * np.maximum(slack, 0.0)]), initial=0.0)),
    )


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
        size = np.maximum(np.abs(bound), np.abs(amount))
        slack = np.where(size > 0, np.minimum(sign * (bound - amount) / size, 1.0), 0.0)
        return np.where(judged, rent / money, 0.0), np.where(judged, slack, 0.0)
