"""A plan in amounts, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chainopt.network.demand import demand_value
from chainopt.network.network import Network
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Plan:
    """Amounts, in the order of a Network: by use, by level, and by good (sale, imported, disposed)."""

    use: Array
    level: Array
    sale: Array
    imported: Array
    disposed: Array

    def produced(self, net: Network) -> Array:
        """What all processes yield of each good."""
        return net.yields.T @ self.level

    def used(self, net: Network) -> Array:
        """What all processes take of each good; of a non-rival good, what each of them reads."""
        taken = np.bincount(net.use_good, self.use, len(net.goods))
        return np.where(
            net.rival, taken, self.quantity(net) * (np.bincount(net.use_good, minlength=len(net.goods)) > 0)
        )

    def quantity(self, net: Network) -> Array:
        """What there is of each good to share: supply + imported + produced; non-rival, less disposed."""
        total = net.supply + self.imported + self.produced(net)
        return np.where(net.rival, total, total - self.disposed)

    def value(self, net: Network) -> float:
        """The objective: final demand's value less what imports, disposal and levels cost."""
        return float(
            np.sum(demand_value(net, self.sale))
            - np.sum(np.where(net.imports, net.import_price * self.imported, 0.0))
            - np.sum(np.where(net.disposes, net.disposal * self.disposed, 0.0))
            - net.unit_cost @ self.level
        )


def with_whole_minima(net: Network, plan: Plan) -> Plan:
    """The plan with every level at its formula's value, what that adds being thrown away, or read and sold.

    A minimum in a formula is a step that may stay below all its arguments where nothing pulls it up: where the
    process makes what is worthless. What can't take more in keeps its level.
    """
    pulled = np.array([bool(item.program.minima()) for item in net.formulas], dtype=bool)
    if not pulled.any():
        return plan
    formulas = np.array([item.process for item in net.formulas])
    reads = np.isin(net.use_process, formulas)
    stuck = net.rival.copy()
    stuck[net.use_good[~reads & ~net.use_leontief]] = True
    lifted = plan
    for _ in range(len(formulas) + 1):
        made = net.levels(lifted.use, formulas[pulled])
        more = np.where(np.isfinite(made) & (made > lifted.level), made - lifted.level, 0.0)
        if not more.any():
            break
        added = net.yields.T @ more
        thrown = np.where(net.disposes, added, 0.0)
        shown = added - thrown
        if (shown[stuck] > 0).any():
            return plan
        lifted = replace(
            lifted,
            level=lifted.level + more,
            disposed=lifted.disposed + thrown,
            use=lifted.use + np.where(reads, shown[net.use_good], 0.0),
            sale=lifted.sale + np.where(net.sells, shown, 0.0),
        )
    return lifted


def at_rest(net: Network) -> Plan:
    """The plan in which no rival good is used: what there is, is thrown away where it can be, else sold.

    Where it keeps every limit the chain has a plan; it need not.
    """
    use = np.where(net.rival[net.use_good], 0.0, net.supply[net.use_good])
    level = np.nan_to_num(net.levels(use), nan=0.0, posinf=0.0, neginf=0.0)
    there = net.supply + net.yields.T @ level
    sale = np.where(net.sells & ~(net.rival & net.disposes), there, 0.0)
    disposed = np.where(net.rival & net.disposes, there, 0.0)
    return Plan(use=use, level=level, sale=sale, imported=np.zeros(len(there)), disposed=disposed)


def limited_amount(net: Network, plan: Plan) -> Array:
    """The amount that each limit bounds."""
    return np.array([getattr(plan, limit.amount)[limit.index] for limit in net.limits], dtype=float)


def at_limits(net: Network, plan: Plan) -> tuple[Array, Array, Array, Array]:
    """Each limit's bound, the amount that it bounds, its sign, and whether it is fixed."""
    bound, sign = (
        np.array([getattr(limit, name) for limit in net.limits], dtype=float) for name in ("bound", "sign")
    )
    return bound, limited_amount(net, plan), sign, np.array([limit.fixed for limit in net.limits], dtype=bool)
