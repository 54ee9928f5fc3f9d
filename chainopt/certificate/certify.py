"""One certificate for a plan and its prices, whoever found them.

    bound - value = sum of regrets + sum_g pi_g delta_g,     value <= optimal value <= bound

The gap is one of the whole chain where each process's best response is proven; where some are not, the rest's
is, and the optimum is known near the plan alone. It is quadratic in an error of prices: so these are judged by
first-order conditions beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.backprop.sweep import Derivatives
from chainopt.certificate.breaches import breaches
from chainopt.certificate.conditions import Residuals, residuals
from chainopt.certificate.prices import polished
from chainopt.certificate.regrets import Regrets, regrets
from chainopt.network.measure import turnover
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.order import dependencies, layers
from chainopt.network.plan import Plan
from chainopt.network.tolerances import GAP, NO_GAP


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known of a plan and its prices.

    gap: bound less value, of the plan's money; unproven: the processes whose best response is not proven, which
    the gap leaves out; only: whether the chain has no other plan.
    """

    conditions: Residuals
    regrets: Regrets
    money: float
    unproven: tuple[str, ...]
    only: bool

    @property
    def gap(self) -> float:
        return self.regrets.total / self.money

    @property
    def scope(self) -> str:
        """Whether the optimum is one of the whole chain, or known near the plan alone."""
        return "global" if self.only or not self.unproven else "local"

    @property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against the optimum, in words; none certifies it."""
        found = list(self.conditions.doubts)
        if not self.only:
            if not self.gap <= GAP:
                found.append(f"some plan may be worth more: the gap to what agents could earn is {self.gap:.1e}")
            elif self.gap < NO_GAP:
                found.append(f"what agents could earn was not found: the gap is {self.gap:.1e}")
        return tuple(found)


@np.errstate(all="ignore")
def certify(net: Network, plan: Plan, derivatives: Derivatives, multipliers: Multipliers) -> Certificate:
    """Judge a plan and complete multipliers (see `completed`) by a chain's derivatives."""
    ops = derivatives.operations
    unknowns = polished(net, derivatives, multipliers)
    money = traded(net, plan, unknowns[: len(net.goods)])
    found = regrets(net, plan, ops, unknowns, breaches(net, plan), money)
    return Certificate(
        conditions=residuals(net, plan, ops, multipliers),
        regrets=found,
        money=money,
        unproven=tuple(net.processes[p] for p in np.flatnonzero(~found.proven)),
        only=without_choice(net),
    )


def traded(net: Network, plan: Plan, price: np.ndarray) -> float:
    """The money of sales, imports, disposals, costs and supplies; at least a part of ordinary money."""
    supplies = float(np.nansum(np.abs(price * net.supply)))
    return turnover(net, plan) + supplies


def without_choice(net: Network) -> bool:
    """Whether a chain has one plan only: every good is read whole, and every level follows from its inputs."""
    if net.rival.any() or net.leontief.any() or net.imports.any() or net.disposes.any():
        return False
    return not any(layer.cycles for layer in layers(dependencies(net)))
