"""Idle processes whose slopes at zero are infinite, and whether they would rather start.

At zero flow a Cobb-Douglas or CES process has no derivative to price its inputs by, and an interior-point
solver near it reports success with wrong multipliers. Such a process, y = scale z^returns with z homogeneous of
degree 1, is the operation "start at a mix d": its first units are worth making where

    lambda > pi . d z^(1 - returns) / (returns scale),   d the cheapest mix for a unit of z

at the z where it clearly runs, ten times `ZERO` of what the good of an input moves, or that of an output that
moves without it: under constant returns that is the unit cost; below them next to nothing, but a process may truly
run at 1e-10 of a flow; above them there is no condition. A formula is tried at small mixes instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.backprop.slopes import Slopes, running, slopes
from chainopt.network.measure import Measure
from chainopt.network.network import FormulaProcess, Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import FREE, ZERO
from chainopt.technology.arrays import Array
from chainopt.technology.families import Batch, Technology

_TRIALS = 64
_ROUNDING = 1e-9
_RUNNING = 10 * ZERO


def steep_idle(net: Network, plan: Plan, size: Measure, share: float = ZERO, *, by_use: bool = False) -> list[int]:
    """The processes that don't run, with an infinite slope at zero; size, share and by_use as in `running`."""
    runs = running(net, plan, size, share, by_use=by_use)
    steep = _steep(net, slopes(net, np.where(runs[net.use_process], plan.use, 0.0)))
    return [int(p) for p in np.flatnonzero(~runs & steep)]


def _steep(net: Network, slope: Slopes) -> Array:
    """Which processes have a slope that is infinite or undefined."""
    steep = np.zeros(len(net.processes), dtype=bool)
    for by_use in (slope.level.tocoo(), slope.use_argument.tocoo()):
        steep[net.use_process[by_use.row[~np.isfinite(by_use.data)]]] = True
    return steep


@dataclass(frozen=True, slots=True)
class Starts:
    """The idle processes that may start, whatever the prices: their levels, and all their uses one after another.

    moved: what the good of each use moves in all; shows: by level, z^returns where it clearly makes what others
    move.
    """

    level: Array
    use: Array
    moved: Array
    shows: Array
    parts: tuple[tuple[Technology, Batch], ...]

    @property
    def ends(self) -> Array:
        """Where the uses of each level begin, and the last one's end."""
        lengths = [np.diff(part.start, append=len(part.use)) for _, part in self.parts]
        return np.cumsum(np.concatenate([np.zeros(1, dtype=int), *lengths]))

    def mixes(self, paid: Array, least: Array) -> sparse.csr_array:
        """What a unit of each level takes of each use, its cost when it starts, at what each use pays.

        What pays less than least, above 0, is taken as if it paid that.
        """
        data, first, use = np.zeros(len(self.use)), 0, 0
        with np.errstate(all="ignore"):
            for technology, part in self.parts:
                its, uses = slice(first, first + len(part.process)), slice(use, use + len(part.use))
                first, use = its.stop, uses.stop
                price, free = np.maximum(paid[uses], least[uses]), np.abs(paid[uses]) <= least[uses]
                data[uses] = _mix(technology, part, price, free, self.moved[uses], self.shows[its])
        shape = (len(self.level), len(self.use))
        return sparse.csr_array((data, np.arange(len(data)), self.ends), shape=shape)

    def uses_of(self, rows: Array) -> Array:
        """Which uses are of some of the levels, by their row here."""
        return np.flatnonzero(np.isin(np.repeat(np.arange(len(self.level)), np.diff(self.ends)), rows))

    def part(self, rows: Array) -> Starts:
        """The same for some of the levels, by their row here, in ascending order."""
        parts, first, of = [], 0, self.uses_of(rows)
        for technology, part in self.parts:
            mine = rows[(rows >= first) & (rows < first + len(part.process))] - first
            first += len(part.process)
            if len(mine):
                parts.append((technology, part.part(mine)))
        return Starts(self.level[rows], self.use[of], self.moved[of], self.shows[rows], tuple(parts))


def starts(net: Network, idle: Sequence[int], size: Measure) -> Starts:
    """The starts of a plan's idle processes; size is the plan's measure."""
    waiting = np.zeros(len(net.processes), dtype=bool)
    waiting[list(idle)] = True
    parts = []
    for technology, batch in net.families:
        part = batch.part(np.flatnonzero(waiting[batch.process]))
        if len(part.process) and technology.cheapest is not None:
            part = part.part(np.flatnonzero(_returns(technology, part) <= 1.0))
            if len(part.process):
                parts.append((technology, part))
    level = np.concatenate([np.zeros(0, dtype=int), *(net.first_level[part.process] for _, part in parts)])
    use = np.concatenate([np.zeros(0, dtype=int), *(part.use for _, part in parts)])
    made = sparse.coo_array(net.yields[level])
    shows = np.full(len(level), np.inf)
    # What nobody else makes may be made in any amount, and nothing else changes.
    moved = np.where(size.still, np.inf, size.good)
    np.minimum.at(shows, made.row, _RUNNING * moved[made.col] / np.abs(made.data))
    shows /= np.concatenate([np.zeros(0), *(part.scale for _, part in parts)])
    return Starts(level, use, size.use[use], shows, tuple(parts))


def _returns(technology: Technology, part: Batch) -> Array:
    returns = technology.returns(part)
    return np.where(np.abs(returns - 1.0) <= _ROUNDING, 1.0, returns)


def _mix(technology: Technology, part: Batch, price: Array, free: Array, moved: Array, shows: Array) -> Array:
    """By use, d z^(1 - returns) / (returns scale), at the z where the process clearly takes or makes something."""
    assert technology.cheapest is not None
    returns, mix = _returns(technology, part), technology.cheapest(part, price)
    # Any amount may be taken of what is free, and says nothing, unless there is nothing else.
    takes, alone = _RUNNING * moved / mix, np.logical_and.reduceat(free, part.start)
    taking = np.minimum.reduceat(np.where(free & ~alone[part.of], np.inf, takes), part.start)
    running = np.minimum(taking, shows ** (1.0 / returns))
    return (running ** (1.0 - returns) / (returns * part.scale))[part.of] * mix


def starting_profit(net: Network, idle: Sequence[int], value: Array, paid: Array, size: Measure) -> Array:
    """What each idle process would earn on a unit of revenue if it started; 0 where it would not.

    value: lambda by level; paid: what each use pays for a unit of its good; size: the plan's measure.
    """
    begin = starts(net, idle, size)
    level, pays = begin.level, paid[begin.use]
    cost = begin.mixes(pays, FREE * size.noise / begin.moved) @ pays
    with np.errstate(all="ignore"):
        gain = np.where(value[level] > 0, (value[level] - cost) / np.maximum(value[level], cost), 0.0)
    waiting = set(idle)
    trials = [_best_trial(item, value, paid, size) for item in net.formulas if item.process in waiting]
    return np.maximum(np.concatenate([gain, trials]), 0.0)


def _best_trial(item: FormulaProcess, value: Array, paid: Array, size: Measure) -> float:
    """The best profit over revenue and cost of a formula at mixes of small amounts, fixed once and for all."""
    price, moved = np.maximum(paid[item.use], 0.0), size.use[item.use]
    random = np.random.default_rng(0)
    best = 0.0
    for part in (10 * ZERO, 1e-4, 1e-2):
        for _ in range(_TRIALS):
            mix = part * moved * random.dirichlet(np.ones(len(item.use)))
            known = item.program.values(mix.tolist())
            revenue = sum(value[k] * known[i] for k, i in zip(item.level, item.program.outputs, strict=True))
            cost = float(price @ mix)
            if np.isfinite(revenue) and revenue - cost > 0:
                best = max(best, (revenue - cost) / (abs(revenue) + cost))
    return best
