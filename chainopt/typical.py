"""What counts as an ordinary amount of each good, in its own unit, before anything is known of a plan.

    own figures      the greatest of a good's supply, limits and reference sale
    else             what its makers make of ordinary amounts of their inputs, the greatest

Goods are counted in grams or in kilotonnes: an amount of one says nothing of another but through the processes
that turn one into the other.
"""

from __future__ import annotations

from math import inf

import numpy as np
from scipy import sparse

from chainopt.network import CAPACITY, MAX_USE, MIN_LEVEL, Network
from chainopt.order import layers

Array = np.ndarray
_SWEEPS = 3


def typical_amounts(net: Network) -> Array:
    """An amount of each good, above 0. A cycle without any figure of its own begins from the median of all."""
    amount = _own(net)
    known = amount > 0
    middle = float(np.median(amount[known])) if known.any() else 1.0
    goods, yields = len(net.goods), sparse.csc_array(net.yields)
    level = np.zeros(len(net.level_process))

    def make(members: Array) -> None:
        at = members[members < goods]
        at = at[~known[at]]
        made = np.zeros(len(at))
        entries = sparse.coo_array(yields[:, at])
        np.maximum.at(made, entries.col, entries.data * level[entries.row])
        amount[at] = np.where(made > 0, made, np.where(amount[at] > 0, amount[at], middle))
        running = members[members >= goods] - goods
        if len(running):
            found = net.levels(amount[net.use_good], running)
            reached = np.flatnonzero(np.isfinite(found))
            level[reached] = np.abs(found[reached])

    for layer in layers(dependencies(net)):
        make(layer.alone[layer.alone < goods])
        make(layer.alone[layer.alone >= goods])
        for cycle in layer.cycles:
            for _ in range(_SWEEPS):
                make(cycle[cycle < goods])
                make(cycle[cycle >= goods])
    return amount


def _own(net: Network) -> Array:
    """The greatest of each good's own figures; 0 where it has none."""
    own = np.maximum(np.abs(net.supply), np.nan_to_num(net.reference, nan=0.0, posinf=0.0))
    for limit in net.limits:
        if limit.kind not in (CAPACITY, MIN_LEVEL) and np.isfinite(limit.bound):
            good = net.use_good[limit.index] if limit.kind == MAX_USE else limit.index
            own[good] = max(own[good], abs(limit.bound))
    return own


def wanted_levels(net: Network, amount: Array) -> Array:
    """The level that makes these amounts of the goods it makes, by the least; 1 where it makes none."""
    made = sparse.coo_array(net.yields)
    level = np.full(made.shape[0], inf)
    positive = made.data > 0
    np.minimum.at(level, made.row[positive], amount[made.col[positive]] / made.data[positive])
    return np.where(np.isfinite(level), level, 1.0)


def dependencies(net: Network) -> sparse.csr_array:
    """The graph of goods (first) and processes: a process depends on its inputs, a good on its makers."""
    goods, total = len(net.goods), len(net.goods) + len(net.processes)
    made = sparse.coo_array(net.yields)
    tail = np.concatenate([net.use_good, goods + net.level_process[made.row]])
    head = np.concatenate([goods + net.use_process, made.col])
    return sparse.csr_array((np.ones(len(tail)), (tail, head)), shape=(total, total))
