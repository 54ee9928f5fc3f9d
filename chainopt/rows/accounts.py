"""A plan's own accounts: what sales bring at its prices, what it costs, and what its buyers gain beside.

    objective = sum_g A_g(s_g) - costs,    A(s) = area under the demand curve from the reference sale to s
    revenue   = sum_g w_g(s_g) s_g,        surplus = sum_g A_g(s_g) - w_g(s_g) s_g + w_g(ref) ref

Surplus is what buyers gain over buying their reference sales at their reference prices. Where no demand is
elastic, A(s) = w s: the objective is revenue less costs, and there is no surplus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.network.demand import demand_price, demand_value
from chainopt.solution.solution import Solution


@dataclass(frozen=True, slots=True)
class Accounts:
    """In the objective's money; costs are of imports, levels and disposal; elastic, whether some demand is."""

    revenue: float
    costs: float
    surplus: float
    elastic: bool

    @property
    def profit(self) -> float:
        """What sales leave."""
        return self.revenue - self.costs


def accounts(solution: Solution) -> Accounts | None:
    """The accounts of a solution's plan, None without one."""
    net, plan = solution.net, solution.plan
    if net is None or plan is None:
        return None
    value = demand_value(net, plan.sale)
    with np.errstate(all="ignore"):
        paid = np.where(plan.sale == 0, 0.0, demand_price(net, plan.sale) * plan.sale)
    curved = net.sells & np.isfinite(net.elasticity)
    gained = (value - paid + net.price * net.reference)[curved]
    return Accounts(
        float(paid.sum()), float(value.sum()) - plan.value(net), float(gained.sum()), bool(curved.any())
    )
