"""How far the worth of a supply or a limit holds: until, by what moves with it, something is used up or binds.

    x + t d,   d = what one more unit moves (`marginal`),   0 <= t <= min of  x_i / -d_i  and  (bound - x_i) / d_i

Where nothing that moves bends, x + t d stays a best plan: its prices still support it, and it keeps every limit.
At the end the operations in use change. Where d is one of several that are as good, another may go further. What
bends has no such range: there the worth changes with the first unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan

import numpy as np

from chainopt.audits.marginal import Response, Tangent
from chainopt.backprop.operations import AMOUNTS, in_words
from chainopt.network.plan import Plan, at_limits
from chainopt.network.tolerances import CERTIFIED, SAME
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array

_ROUNDING = 1e-9
"""Of the largest change: what moves less stands still."""

_UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Range:
    """The figures between which the same operations stay in use (infinite: no end; nan: not known).

    below, above: what changes there; "" where there is no end, "not known" where that is not known.
    """

    low: float
    high: float
    below: str = ""
    above: str = ""

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Worth:
    """What one more unit of a supply, or of a limit's bound, adds to the value, what one less costs, and how far.

    more and less are money per unit, of a min level or a min sale below 0; nan where they are not known.
    """

    more: float
    less: float
    range: Range


def worths(solution: Solution, tangent: Tangent) -> tuple[list[Worth], list[Worth]]:
    """Of each good's supply, and of each limit of a solution certified as the best of all."""
    asked = _Asked(solution, tangent)
    goods, limits = range(len(tangent.net.goods)), range(len(tangent.net.limits))
    return [asked.supply(g) for g in goods], [asked.limit(i) for i in limits]


class _Asked:
    """A plan, and what is straight in it."""

    def __init__(self, solution: Solution, tangent: Tangent):
        assert solution.plan and solution.intervals and solution.multipliers
        self.net, self.plan, self.tangent = tangent.net, solution.plan, tangent
        self.low, self.high = solution.intervals.low, solution.intervals.high
        self.rent, self.size = solution.multipliers.rent, tangent.ops.measure
        self.concave = solution.scope != "local"
        bound, amounts, sign, _ = at_limits(self.net, self.plan)
        self.amounts, self.sign, self.free = amounts, sign, (bound - amounts) * sign
        self.binds = tangent.ops.may[tangent.ops.rent_columns]
        self.limited: dict[str, list[tuple[int, int]]] = {name: [] for name in AMOUNTS.values()}
        for i, limit in enumerate(self.net.limits):
            self.limited[limit.amount].append((i, limit.index))

    @cached_property
    def bends(self) -> Array:
        """Whether each use is of a process that is not made of straight pieces at hand."""
        bent = ~self.net.use_leontief
        for technology, batch in self.net.families:
            if technology.affine:
                bent[batch.use] = False
        return bent | ~self.net.rival[self.net.use_good]

    def supply(self, g: int) -> Worth:
        now, low, high = float(self.net.supply[g]), float(self.low[g]), float(self.high[g])
        up = self._room(self.tangent.response(g), low, g)
        down = self._room(self.tangent.response(g, -1), high, g)
        if low == -inf:
            up = 0.0, "no more of it can be placed"
        if high == inf:
            down = 0.0, "the plan can't do with less"
        return Worth(low, high, _between(now, down, up))

    def limit(self, i: int) -> Worth:
        limit = self.net.limits[i]
        bound, amount = limit.bound, float(self.amounts[i])
        if not self.binds[i]:
            meets = f"the {self.net.named(limit)} binds"
            return Worth(0.0, 0.0, Range(amount, inf, meets) if limit.sign > 0 else Range(-inf, amount, "", meets))
        more, less = self.tangent.shifted(i), self.tangent.shifted(i, -1)
        adds = more.worth if more is not None else nan
        costs = -less.worth if less is not None else nan
        rent = limit.sign * float(self.rent[i])
        near = SAME * max(abs(rent), abs(adds), abs(costs))
        if adds > rent + near or costs < rent - near:
            return Worth(nan, nan, Range(nan, nan))
        up, down = self._room(more, adds, own=i), self._room(less, costs, own=i)
        return Worth(adds, costs, _between(bound, down, up))

    def _room(
        self, found: Response | None, end: float, good: int | None = None, own: int | None = None
    ) -> tuple[float, str]:
        """How far a response goes, and what ends it; nan where it is no answer, or bends."""
        near = SAME * abs(end) + (CERTIFIED * float(self.size.trifle[good]) if good is not None else 0.0)
        if found is None or not self.concave or not abs(found.sign * found.worth - end) <= near:
            return nan, _UNKNOWN
        change = self._settled(found.change)
        if not self._straight(change):
            return nan, _UNKNOWN
        ends = [*self._used_up(change), *self._binding(change, own)]
        first = min((room for room, _ in ends), default=inf)
        return first, next((what for room, what in ends if room <= first * (1 + _ROUNDING)), "")

    def _settled(self, change: Plan) -> Plan:
        """A change without its rounding."""
        unit = {"use": self.size.use, "level": self.size.level}
        parts = {name: (getattr(change, name), unit.get(name, self.size.good)) for name in AMOUNTS.values()}
        most = max(float(np.max(np.abs(moved) / of, initial=0.0)) for moved, of in parts.values())
        return Plan(
            **{
                name: np.where(np.abs(moved) / of > _ROUNDING * most, moved, 0.0)
                for name, (moved, of) in parts.items()
            }
        )

    def _straight(self, change: Plan) -> bool:
        """Whether nothing that a change moves bends, or is shared by readers who may notice."""
        net = self.net
        shared = change.produced(net) + change.imported - change.disposed
        moved = np.where(net.rival, np.isfinite(net.elasticity) & (change.sale != 0), shared != 0)
        return not moved.any() and not change.use[self.bends].any()

    def _used_up(self, change: Plan) -> Iterator[tuple[float, str]]:
        """Where each amount that falls is at 0."""
        net = self.net
        signed = {"use": net.signed, "sale": net.sale_signed, "level": ~net.leontief[net.level_process]}
        # A recipe's uses end with its level.
        signed["use"] = signed["use"] | net.use_leontief
        # Of what ends at once, what runs is told rather than what it takes or makes.
        for kind, name in sorted(AMOUNTS.items(), key=lambda of: of[1] != "level"):
            amount, moved = getattr(self.plan, name), getattr(change, name)
            for k in np.flatnonzero((moved < 0) & ~signed.get(name, np.zeros(len(moved), dtype=bool))).tolist():
                room = max(float(amount[k]), 0.0) / -float(moved[k])
                yield room, f"no longer: {in_words(net, kind, k)}"

    def _binding(self, change: Plan, own: int | None) -> Iterator[tuple[float, str]]:
        """Where each limit that is approached binds; own moves with what is asked."""
        moved = np.zeros(len(self.net.limits))
        for name, of in self.limited.items():
            number, index = np.array(of, dtype=int).reshape(-1, 2).T
            moved[number] = getattr(change, name)[index]
        for i in np.flatnonzero(~self.binds & (moved * self.sign > 0)).tolist():
            if i != own:
                room = max(float(self.free[i]), 0.0) / abs(float(moved[i]))
                yield room, f"the {self.net.named(self.net.limits[i])} binds"


def _between(now: float, down: tuple[float, str], up: tuple[float, str]) -> Range:
    """From as far below a figure as above it; what cancels is 0."""
    low, high = (0.0 if abs(end) <= _ROUNDING * abs(now) else end for end in (now - down[0], now + up[0]))
    return Range(low, high, down[1], up[1])
