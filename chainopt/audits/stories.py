"""Who sets each good's price, and along which path to final demand it comes about.

A leg takes a good through a process into the next: price = factor * next price, and the factors of a path
multiply to the good's price. Of a good's uses the leg follows the one that carries most of its value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.backprop.sweep import use_values
from chainopt.network.multipliers import use_prices
from chainopt.network.tolerances import AGREES, ONE_PRICE
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array
from chainopt.words.display import Displayed

_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Leg:
    """From a good through a process to the good it mostly makes there: price = factor * next good's price.

    share: of the good's value that goes this way; next None: the process makes nothing, and saves cost.
    """

    good: str
    process: str
    next: str | None
    factor: float
    share: float


@dataclass(frozen=True, slots=True)
class Story(Displayed):
    """A good's price in words: who sets it, the main path to there, and the share of value on that path."""

    good: str
    price: float
    legs: tuple[Leg, ...]
    end: str
    share: float
    text: str


def stories(solution: Solution, *, unit: float = 1.0) -> dict[str, Story]:
    """A story for each good of a certified solution, in money of the unit; empty where it is not certified."""
    if not solution.certified:
        return {}
    teller = _Teller.of(solution, unit)
    return {good: teller.tell(g) for g, good in enumerate(teller.goods)}


@dataclass(frozen=True, slots=True)
class _Teller:
    """What sets each good's price: an end ("" where it is made on), or the leg that leads on."""

    goods: tuple[str, ...]
    price: Array
    low: Array
    high: Array
    end: list[str]
    leg: list[tuple[str, int, float, float] | None]

    @classmethod
    def of(cls, solution: Solution, unit: float) -> _Teller:
        net, plan, multipliers = solution.net, solution.plan, solution.multipliers
        derivatives, intervals = solution.derivatives, solution.intervals
        assert net and plan and multipliers and derivatives and intervals
        price, size = multipliers.price, derivatives.operations.measure
        _, sale_value, _ = use_values(net, derivatives)
        end = [""] * len(net.goods)
        near = AGREES * np.abs(price)
        for g in np.flatnonzero(net.disposes & size.moves(plan.disposed)):
            cost = net.disposal[g]
            end[g] = f"disposal at {cost / unit:,.6g}" if cost else "free disposal, since some is thrown away"
        sold = net.sells & size.moves(plan.sale) & (np.abs(sale_value - price) <= near)
        for g in np.flatnonzero(sold):
            end[g] = "final demand"
        bought = net.imports & size.moves(plan.imported) & (np.abs(net.import_price - price) <= near)
        for g in np.flatnonzero(bought):
            end[g] = "imports"
        leg = _legs(solution, price)
        for g in np.flatnonzero(net.sells & ~sold & size.moves(plan.sale)):
            if leg[g] is None:
                end[g] = end[g] or "a limit on its sale"
        low, high = intervals.low / unit, intervals.high / unit
        return cls(net.goods, price / unit, low, high, end, leg)

    def tell(self, g: int) -> Story:
        legs: list[Leg] = []
        at, seen, share = g, {g}, 1.0
        while not self.end[at] and self.leg[at] is not None and len(legs) < _LONGEST:
            process, following, factor, part = self.leg[at]  # type: ignore[misc]
            legs.append(
                Leg(self.goods[at], process, self.goods[following] if following >= 0 else None, factor, part)
            )
            share *= part
            if following < 0 or following in seen:
                break
            at = following
            seen.add(at)
        last = legs[-1] if legs else None
        if last is not None and last.next is None:
            end = f"what {last.process} saves"
        elif last is not None and last.next == self.goods[at] and at != g and not self.end[at]:
            end = "no single end"
        elif last is not None and last.next is not None and last.next != self.goods[at]:
            end = f"a cycle back to {last.next}"
        else:
            end = self.end[at] or "nothing that uses it"
        return Story(
            self.goods[g], float(self.price[g]), tuple(legs), end, share, self._text(g, legs, end, at, share)
        )

    def _text(self, g: int, legs: list[Leg], end: str, at: int, share: float) -> str:
        if np.isnan(self.price[g]):
            return f"no price of its own: from {self.low[g]:,.6g} to {self.high[g]:,.6g} supports the plan"
        worth = f"{self.price[g]:,.6g}"
        if self.high[g] - self.low[g] > ONE_PRICE * abs(self.price[g]):
            worth = f"from {self.low[g]:,.6g} to {self.high[g]:,.6g}"
        if not legs:
            return f"{worth}, set by {end}"
        names = " -> ".join([*(leg.good for leg in legs), str(legs[-1].next)])
        if legs[-1].next is None:
            return f"{worth}, set by {end}"
        factors = " x ".join(f"{leg.factor:,.6g}" for leg in legs)
        final = f" x {self.price[at]:,.6g}" if legs[-1].next == self.goods[at] else ""
        part = "" if share > 0.995 else f"; {share:.0%} of its value goes that way"
        return f"{worth} = {factors}{final}, set by {end} through {names}{part}"


def _legs(solution: Solution, price: Array) -> list[tuple[str, int, float, float] | None]:
    """For each good, the process that carries most of its value, the good it mostly makes, factor and share."""
    net, plan, multipliers = solution.net, solution.plan, solution.multipliers
    assert net and plan and multipliers
    paid = use_prices(net, multipliers)
    value = np.abs(paid * plan.use)
    whole = np.bincount(net.use_good, value, len(net.goods)) + np.abs(np.nan_to_num(price) * plan.sale)
    made = net.yields.tocoo()
    worth = np.abs(np.nan_to_num(price[made.col]) * made.data * plan.level[made.row])
    process = net.level_process[made.row]
    revenue = np.bincount(process, worth, len(net.processes))
    main, best = _largest(len(net.processes), process, made.col, worth)
    chosen, most = _largest(len(net.goods), net.use_good, np.arange(len(value)), value)
    legs: list[tuple[str, int, float, float] | None] = [None] * len(net.goods)
    for g in np.flatnonzero(chosen >= 0):
        p = net.use_process[chosen[g]]
        following = int(main[p])
        factor = price[g] / price[following] if following >= 0 and price[following] else np.nan
        share = most[g] / whole[g] * (best[p] / revenue[p] if revenue[p] else 1.0)
        legs[g] = (net.processes[p], following, float(factor), float(share))
    return legs


def _largest(count: int, of: Array, which: Array, amount: Array) -> tuple[Array, Array]:
    """Of each of so many, which has the largest amount, the first of several (-1 without one), and the amount."""
    found, most = np.full(count, -1), np.zeros(count)
    for i, each, much in zip(of, which, amount, strict=True):
        if much > most[i]:
            found[i], most[i] = each, much
    return found, most
