"""A forward run: the chain as a program at given shares, from supplies to final demand.

Each rival good is shared among its users, each process runs at what it gets. It is where the solver starts,
so it needs no optimal shares: they are nearly equal, but for about a percent, since exactly equal shares are a
stationary point between identical processes with increasing returns.
"""

from __future__ import annotations

from math import inf

import numpy as np
from scipy import sparse

from chainopt.network.network import Network
from chainopt.network.order import dependencies, layers
from chainopt.network.plan import Plan
from chainopt.network.scales import scales
from chainopt.technology.arrays import Array

_GOLDEN = 0.6180339887498949
_SPREAD = 0.01
_DISPOSED = 0.01
_INNER = 0.95
_ABOVE = 0.1
_SWEEPS = 40


def forward_run(net: Network) -> Plan:
    """A plan inside every limit that it can keep, positive where amounts must be, balanced where it can be."""
    run = _Run(net)
    goods, edges = len(net.goods), dependencies(net)
    for layer in layers(edges):
        run.goods(layer.alone[layer.alone < goods])
        run.processes(layer.alone[layer.alone >= goods] - goods)
        for cycle in layer.cycles:
            rounds, makers = _rounds(net, edges, cycle), cycle[cycle >= goods] - goods
            for sweep in range(_SWEEPS):
                before = run.level[net.first_level[makers]].copy()
                for part in rounds:
                    run.goods(part[part < goods], guess=sweep == 0)
                    run.processes(part[part >= goods] - goods)
                if np.allclose(before, run.level[net.first_level[makers]], rtol=1e-6, atol=0.0):
                    break
    return run.plan()


def _rounds(net: Network, edges: sparse.csr_array, cycle: Array) -> list[Array]:
    """A cycle's nodes in the order of a round: from the non-rival goods with a supply on, where it has some."""
    begins = cycle < len(net.goods)
    begins[begins] = ~net.rival[cycle[begins]] & (net.supply[cycle[begins]] != 0)
    if not begins.any():
        return [cycle]
    inner = sparse.csr_array(edges[cycle][:, cycle] @ sparse.diags_array(np.where(begins, 0.0, 1.0)))
    inner.eliminate_zeros()
    return [cycle[part] for layer in layers(inner) for part in (layer.alone, *layer.cycles)]


class _Run:
    """The amounts of a run so far; goods() and processes() compute those whose sources are known."""

    def __init__(self, net: Network):
        goods, uses = len(net.goods), len(net.use_good)
        self.net, self.typical = net, scales(net).good
        (min_level, self.capacity), (self.sale_low, self.sale_high) = net.bounds("level"), net.bounds("sale")
        (self.use_min, self.use_max), self.import_max = net.bounds("use"), net.bounds("imported")[1]
        min_level[np.isinf(min_level)] = self.sale_low[np.isinf(self.sale_low)] = 0.0
        weight = 1.0 + _SPREAD * np.modf(np.arange(1, uses + 1) * _GOLDEN)[0]
        weight[~net.rival[net.use_good]] = 0.0
        sale_weight = np.where(net.sells & (self.sale_low < self.sale_high), 1.0, 0.0)
        taken = np.bincount(net.use_good, weight, goods) + sale_weight
        total = np.where(net.disposes, taken * (1.0 + _DISPOSED), taken)
        with np.errstate(all="ignore"):
            self.share = np.nan_to_num(weight / total[net.use_good])
            self.sale_share = np.nan_to_num(sale_weight / total)
        self.use, self.sale, self.imported = np.zeros(uses), np.zeros(goods), np.zeros(goods)
        self.level = np.zeros(len(net.level_process))
        free = net.leontief & (np.bincount(net.use_process, minlength=len(net.processes)) == 0)
        first = net.first_level[free]
        wanted = np.minimum(_INNER * self.capacity, scales(net).level)[first]
        self.level[first] = np.maximum(min_level[first], wanted)
        self.yields_by_good = sparse.csc_array(net.yields)
        self.users = sparse.csr_array((np.arange(uses), (net.use_good, np.arange(uses))), shape=(goods, uses))

    def goods(self, members: Array, guess: bool = False) -> None:
        """Share what there is of these goods among their users; guess: what nothing has made yet is there too."""
        net = self.net
        if not len(members):
            return
        local = net.supply[members] + self.yields_by_good[:, members].T @ self.level
        # A supply that is next to nothing is no measure of what is needed.
        wanted = np.maximum(0.1 * local, self.typical[members] - np.maximum(local, 0.0))
        self.imported[members] = np.where(
            net.imports[members], np.minimum(wanted, 0.5 * self.import_max[members]), 0.0
        )
        quantity = local + self.imported[members]
        rival = net.rival[members]
        quantity = np.where(rival & ~(quantity > 0), self.typical[members], quantity)
        if guess:
            quantity = np.where(quantity == 0, self.typical[members], quantity)
        fixed = self.sale_low[members] == self.sale_high[members]
        obliged = np.where(fixed, self.sale_low[members], 0.0)
        spare = np.where(quantity > obliged, quantity - obliged, 0.1 * quantity)
        low = np.where(np.isfinite(self.sale_low[members]), self.sale_low[members], -inf)
        sold = np.clip(self.sale_share[members] * spare, low, _INNER * self.sale_high[members])
        sold = np.where(rival, np.where(fixed, obliged, sold), quantity)
        self.sale[members] = np.where(net.sells[members], sold, 0.0)
        reached = self.users[members].indices
        amount = np.zeros(len(net.goods))
        amount[members] = np.where(rival, spare, quantity)
        of = net.use_good[reached]
        taken = np.where(net.rival[of], self.share[reached] * amount[of], amount[of])
        self.use[reached] = self._inside(reached, taken)

    def processes(self, members: Array) -> None:
        """Run these processes at what they were given, within their capacities."""
        net = self.net
        if not len(members):
            return
        chosen = np.zeros(len(net.processes), dtype=bool)
        chosen[members] = True
        within = np.flatnonzero(chosen[net.use_process])
        limit = _INNER * self.capacity[net.first_level]
        for _ in range(3):
            level = net.levels(self.use, members)
            reached = np.flatnonzero(np.isfinite(level))
            self.level[reached] = level[reached]
            first = self.level[net.first_level]
            with np.errstate(all="ignore"):
                shrink = np.where(chosen & (first > limit), limit / first, 1.0)
            if np.all(shrink == 1.0):
                break
            self.use[within] = self._inside(within, self.use[within] * shrink[net.use_process[within]])

    def _inside(self, uses: Array, amount: Array) -> Array:
        """These amounts of uses, from what its process takes before it makes anything, or its min, to its max."""
        origin = self.net.origin[uses]
        most = origin + _INNER * (self.use_max[uses] - origin)
        least = np.where(origin > 0, np.minimum((1.0 + _ABOVE) * origin, most), -inf)
        forced = self.use_min[uses]
        least = np.maximum(least, np.minimum((1.0 + _ABOVE) * forced, np.maximum(forced, most)))
        return np.clip(amount, least, np.maximum(least, most))

    def plan(self) -> Plan:
        """The amounts as a plan: what is left of a good is disposed of, or sold, where it can be."""
        net = self.net
        leontief = net.use_leontief & net.rival[net.use_good]
        use = np.where(leontief, net.intake(self.level), self.use)
        produced = net.yields.T @ self.level
        left = net.supply + self.imported + produced - np.bincount(net.use_good, use, len(net.goods)) - self.sale
        left = np.where(net.rival, left, 0.0)
        small = 1e-3 * np.maximum(np.abs(produced + net.supply + self.imported), 1e-3 * self.typical)
        disposed = np.where(net.disposes, np.where(net.rival, np.maximum(left, small), small), 0.0)
        extra = np.where(net.sells & ~net.disposes & (self.sale_low < self.sale_high), np.maximum(left, 0.0), 0.0)
        sale = np.minimum(self.sale + extra, np.maximum(self.sale, _INNER * self.sale_high))
        return Plan(use, self.level, sale, self.imported, disposed)
