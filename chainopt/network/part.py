"""The whole and its part: what is left of a chain, numbered, and the way back.

A change of a chain that leaves some of it out (`reach`, `without`) makes another chain, `apply` makes its `Part`,
and the part's plans, multipliers and figures by number are the whole's again by that alone. Names are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainopt.chain.chain import Chain
from chainopt.chain.reach import Reach, reach
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network, network
from chainopt.network.plan import Plan
from chainopt.technology.arrays import Array


def without(net: Network, processes: Sequence[int]) -> Reach:
    """What runs without these processes; what they alone read of non-rival goods is thrown away, if it can be."""
    chain, left_out, goods = net.chain, set(processes), len(net.goods)
    read = np.bincount(net.use_good, minlength=goods) > 0
    still_read = np.bincount(net.use_good[~np.isin(net.use_process, list(left_out))], minlength=goods) > 0
    thrown = ~net.rival & read & ~still_read & ~net.sells & (net.disposal == 0)
    names = {net.goods[g] for g in np.flatnonzero(thrown)}
    return reach(
        Chain(
            [replace(good, rival=True) if good.good in names else good for good in chain.goods],
            [process for p, process in enumerate(chain.processes) if p not in left_out],
            parameters=chain.parameters,
            settings=chain.settings,
        )
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a chain, and where its goods, uses, levels and limits stand in the whole."""

    net: Network
    whole: Network
    good: Array
    use: Array
    level: Array
    limit: Array

    def goods(self, values: Array, rest: float = np.nan) -> Array:
        """Values by good of the part, by good of the whole; rest where the part has none. So the others."""
        return _spread(values, self.good, len(self.whole.goods), rest)

    def uses(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.use, len(self.whole.use_good), rest)

    def levels(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.level, len(self.whole.level_process), rest)

    def limits(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.limit, len(self.whole.limits), rest)

    def narrowed(self, plan: Plan) -> Plan:
        """What a plan of the whole is for the part."""
        goods = (amount[self.good] for amount in (plan.sale, plan.imported, plan.disposed))
        return Plan(plan.use[self.use], plan.level[self.level], *goods)

    def plan(self, plan: Plan) -> Plan:
        """The part's plan as the whole's: what the part lacks is 0, but a non-rival good is read by all."""
        wide = Plan(
            self.uses(plan.use, 0.0),
            self.levels(plan.level, 0.0),
            *(self.goods(amount, 0.0) for amount in (plan.sale, plan.imported, plan.disposed)),
        )
        reads = ~self.whole.rival[self.whole.use_good]
        return replace(wide, use=np.where(reads, wide.quantity(self.whole)[self.whole.use_good], wide.use))

    def multipliers(self, multipliers: Multipliers) -> Multipliers:
        """The part's multipliers as the whole's: nan for goods that it lacks, 0 for what rests on processes."""
        minimum: list[float] = []
        given = iter(multipliers.minimum)
        names = {self.net.processes[item.process] for item in self.net.formulas}
        for item in self.whole.formulas:
            count = sum(len(item.program.arguments[step]) for step in item.program.minima())
            here = self.whole.processes[item.process] in names
            minimum += [next(given) if here else 0.0 for _ in range(count)]
        return Multipliers(
            self.goods(multipliers.price),
            self.limits(multipliers.rent, 0.0),
            self.uses(multipliers.reading, 0.0),
            self.goods(multipliers.reading_sale),
            np.array(minimum),
        )


def apply(whole: Network, chain: Chain) -> Part:
    """The part that is left of the whole's chain in another; the whole, numbered once, where that is its own."""
    if chain is not whole.chain:
        return places(network(chain, whole.held.union(whole.goods)), whole)
    counts = len(whole.goods), len(whole.use_good), len(whole.level_process), len(whole.limits)
    return Part(whole, whole, *map(np.arange, counts))


def places(part: Network, whole: Network) -> Part:
    """Find a part of a chain in the whole, by the names of its goods and processes."""
    good = {name: i for i, name in enumerate(whole.goods)}
    process = {name: i for i, name in enumerate(whole.processes)}
    goods = np.array([good[name] for name in part.goods], dtype=int)
    processes = np.array([process[name] for name in part.processes], dtype=int)
    use = {pair: i for i, pair in enumerate(zip(whole.use_good, whole.use_process, strict=True))}
    uses = [use[pair] for pair in zip(goods[part.use_good], processes[part.use_process], strict=True)]
    offset = np.arange(len(part.level_process)) - part.first_level[part.level_process]
    levels = (whole.first_level[processes[part.level_process]] + offset).astype(int)
    number = {"use": uses, "level": levels, "good": goods}
    at = {(limit.kind, limit.index): i for i, limit in enumerate(whole.limits)}
    limits = [at[limit.kind, int(number[limit.of][limit.index])] for limit in part.limits]
    return Part(part, whole, goods, np.array(uses, dtype=int), levels, np.array(limits, dtype=int))


def _spread(values: Array, places: Array, size: int, rest: float) -> Array:
    result = np.full(size, rest)
    result[places] = values
    return result
