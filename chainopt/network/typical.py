"""What counts as an ordinary amount of each good, in its own unit, before anything is known of a plan.

    own figures   the greatest of a good's supply, reference sale, `min sale` and limits
    else made     what its makers make together, each of an even part of ordinary amounts of its inputs; on a cycle
                  the most that one makes, of whole ones: parts of parts would fade with every round
    else worth    what moves as much money, at its price, as the median of the goods above
    else          the median of all of these

Goods are counted in grams or in kilotonnes: an amount of one says nothing of another but through the processes
that turn one into the other, and through money. Of the whole of each input every user would make more than there
is, and their users more again: many times more with each of a chain's layers. A limit far above all else that is
known stands for none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np
from scipy import sparse

from chainopt.network.limits import MIN_SALE
from chainopt.network.network import Network
from chainopt.network.order import Layer, dependencies, layers, ranges
from chainopt.technology.arrays import Array

_SWEEPS = 12
_SETTLED = 1.1
_FAR = 1e4
_APART = 1e-2
_GOLDEN = 0.6180339887498949
_RANGE = (1e-30, 1e30)
"""No amount beyond these is ordinary: where a price, a share and a few amounts are multiplied, it is no number."""


def typical_amounts(net: Network) -> Array:
    """An amount of each good, above 0; found once for a network."""
    if "typical" not in net.found:
        net.found["typical"] = _amounts(net)
    return net.found["typical"]


def _amounts(net: Network) -> Array:
    order = layers(dependencies(net))
    own = _own(net)
    if net.limits:
        own = np.maximum(own, _limit(net, _priced(net, _made(net, order, own, own))))
        own = np.where(own > 0, np.maximum(own, _within(np.abs(net.supply))), 0.0)
    amount = _made(net, order, own, own)
    if (amount == 0).any():
        amount = _priced(net, amount)
        found = amount[np.isfinite(amount)]
        amount[np.isinf(amount)] = np.median(found) if len(found) else 1.0
        amount = _made(net, order, own, _within(amount))
    return amount


def _own(net: Network) -> Array:
    """The greatest of each good's figures but its upper limits; 0 where it has none.

    A supply that imports may add to says little of what there is: it may be next to nothing.
    """
    own = np.maximum(
        np.where(net.imports, 0.0, np.abs(net.supply)), np.nan_to_num(net.reference, nan=0.0, posinf=0.0)
    )
    for limit in net.limits:
        if limit.kind == MIN_SALE:
            own[limit.index] = max(own[limit.index], abs(limit.bound))
    return _within(own)


def _limit(net: Network, amount: Array) -> Array:
    """The greatest of each good's limits that are not far above this amount; 0 where there is none."""
    limit = np.zeros(len(net.goods))
    for item in net.limits:
        if item.sign > 0 and item.of != "level":
            good = net.use_good[item.index] if item.of == "use" else item.index
            if item.bound <= _FAR * amount[good]:
                limit[good] = max(limit[good], item.bound)
    return _within(limit)


def _priced(net: Network, amount: Array) -> Array:
    """Where an amount is unknown (0), what is worth as much as the median of the known; inf without a price."""
    known = amount > 0
    price = np.where(net.sells & (net.price > 0), net.price, np.where(net.imports, net.import_price, 0.0))
    money = float(np.median((amount * price)[known & (price > 0)])) if (known & (price > 0)).any() else inf
    worth = _worth(money, price)
    # What a process without inputs makes is bought at its unit cost.
    free = np.bincount(net.use_process, minlength=len(net.processes))[net.level_process] == 0
    level = np.where(free, np.minimum(_most(net), _worth(money, net.unit_cost)), inf)
    made = sparse.coo_array(net.yields)
    of = (made.data > 0) & free[made.row]
    np.minimum.at(worth, made.col[of], made.data[of] * level[made.row[of]])
    supply = np.abs(net.supply)
    worth = np.where(supply > 0, np.maximum(np.where(np.isinf(worth), 0.0, worth), supply), worth)
    return np.where(known, amount, worth)


def _worth(money: float, price: Array) -> Array:
    """How much money buys; without end where nothing is paid."""
    return np.divide(money, price, out=np.full(len(price), inf), where=price > 0)


def _made(net: Network, order: Sequence[Layer], own: Array, first: Array) -> Array:
    """The amounts that follow from these first ones, which those of their own keep; 0 where none does."""
    made = _Made(net, own > 0, first.copy())
    goods = len(net.goods)
    for layer in order:
        made.goods(layer.alone[layer.alone < goods])
        made.processes(layer.alone[layer.alone >= goods] - goods)
        for cycle in layer.cycles:
            made.cycle(cycle[cycle < goods], cycle[cycle >= goods] - goods)
    return made.amount


class _Made:
    """Amounts and levels so far, 0 where nothing is known of them; most: each level's limit.

    by_good: what makes each good, by columns; first_use: where each process's uses begin; users: among how many
    each good is parted; apart: each use's own factor. By use, taken, and by process, told: of those last seen.
    """

    def __init__(self, net: Network, own: Array, amount: Array):
        uses, processes = len(net.use_good), len(net.processes)
        self.net, self.own, self.amount, self.most = net, own, amount, _most(net)
        self.level, self.taken = np.zeros(len(net.level_process)), np.zeros(uses)
        self.by_good = sparse.csc_array(net.yields)
        self.first_use = np.searchsorted(net.use_process, np.arange(processes + 1))
        self.users = _users(net)
        # Apart by a percent, so that a formula's difference of equal amounts is more than their rounding.
        self.apart = 1.0 + _APART * (np.modf(_GOLDEN * np.arange(uses))[0] - 0.5)
        self.told, self.partial = np.zeros(processes, dtype=bool), net.leontief.copy()
        for technology, batch in net.families:
            self.partial[batch.process] = not technology.steep

    def goods(self, members: Array, together: np.ufunc = np.add) -> None:
        at = members[~self.own[members]]
        entries, of = _entries(self.by_good.indptr, at)
        made = np.zeros(len(at))
        together.at(made, of, self.by_good.data[entries] * self.level[self.by_good.indices[entries]])
        self.amount[at] = np.where(made > 0, _within(made), self.amount[at])

    def processes(self, members: Array, parted: bool = True) -> None:
        """Of known inputs; the least of them for a Leontief process, their sum for a linear one."""
        if not len(members):
            return
        net = self.net
        uses, of = _entries(self.first_use, members)
        good = net.use_good[uses]
        amount = self.amount[good] / (self.users[good] if parted else 1)
        known = amount > 0
        unknown, all_ = np.bincount(of[~known], minlength=len(members)), np.bincount(of, minlength=len(members))
        self.told[members] = (unknown == 0) | ((unknown < all_) & self.partial[members])
        self.taken[uses] = np.where(
            known, self.apart[uses] * amount, np.where(net.leontief[members][of], inf, 0.0)
        )
        level = np.minimum(np.abs(net.levels(self.taken, members)), self.most)
        found = np.flatnonzero(np.isfinite(level) & (level > 0) & self.told[net.level_process])
        self.level[found] = _within(level[found])

    def cycle(self, goods: Array, processes: Array) -> None:
        """Round and round until all is known that will be, and a few times more, until it settles."""
        self.goods(goods, np.maximum)
        left = _SWEEPS
        while left:
            before = self.amount[goods]
            self.processes(processes, parted=False)
            self.goods(goods, np.maximum)
            after = self.amount[goods]
            left -= np.array_equal(before > 0, after > 0)
            if np.all((after <= _SETTLED * before) & (before <= _SETTLED * after)):
                break


def _entries(first: Array, members: Array) -> tuple[Array, Array]:
    """The numbers from first[m] up to first[m + 1] of every member, and whose each is."""
    length = first[members + 1] - first[members]
    return ranges(first[members], length), np.repeat(np.arange(len(members)), length)


def _users(net: Network) -> Array:
    """Among how many each good is parted, final demand included; a non-rival one isn't."""
    count = np.bincount(net.use_good, minlength=len(net.goods)) + net.sells
    return np.where(net.rival, np.maximum(count, 1), 1)


def _most(net: Network) -> Array:
    """The most that each level may be."""
    return np.abs(net.bounds("level")[1])


def _within(amount: Array) -> Array:
    """Where above 0, within the range of what is ordinary."""
    return np.where(amount > 0, np.clip(amount, *_RANGE), 0.0)


def wanted_levels(net: Network, amount: Array) -> Array:
    """The level that makes these amounts of the goods it makes, by the least; 1 where it makes none."""
    made = sparse.coo_array(net.yields)
    level = np.full(made.shape[0], inf)
    positive = made.data > 0
    np.minimum.at(level, made.row[positive], amount[made.col[positive]] / made.data[positive])
    return np.where(np.isfinite(level), np.clip(level, *_RANGE), 1.0)
