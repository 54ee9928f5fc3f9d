"""The audit: every good and each of its uses, multiplier beside derivative, with a verdict and its cause.

gap = multiplier - derivative along the use; verdicts are a closed list. Everything here comes from the chain,
the plan, the derivatives and the multipliers: nothing is solved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from enum import StrEnum

import numpy as np
import pandas as pd

from chainopt.backprop import use_values
from chainopt.certificate import CERTIFIED, LEAST
from chainopt.intervals import settled
from chainopt.network import MAX_SALE, MAX_USE, MIN_SALE, Network
from chainopt.operations import ZERO
from chainopt.plan import turnover, use_prices
from chainopt.solution import Solution

Array = np.ndarray


class Verdict(StrEnum):
    """Why a multiplier and a derivative agree or differ."""

    AGREES = "agrees"
    KINK = "kink"
    IDLE = "idle use"
    STEEP = "infinite slope at zero flow"
    RENT = "rent"
    NUISANCE = "no disposal"
    UNCONVERGED = "not converged"
    UNQUALIFIED = "no constraint qualification"
    SIGN = "wrong sign"

    @property
    def sound(self) -> bool:
        """Whether the multiplier may stand: the difference, if any, has a cause in the chain."""
        return self not in (Verdict.UNCONVERGED, Verdict.UNQUALIFIED, Verdict.SIGN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit: a good (kind "good"), or one of its uses.

    amounts in units of the good, share of what the good moves, multiplier and derivative in money per unit.
    """

    good: str
    kind: str
    process: str | None
    amount: float
    share: float
    multiplier: float
    derivative: float
    difference: float
    verdict: Verdict
    cause: str


def audit(solution: Solution, *, unit: float = 1.0) -> pd.DataFrame:
    """The audit table of a solution: one row a good, then one for each of its uses, sale and disposal.

    unit: the price by which money is divided. Empty where the solver left no multipliers.
    """
    rows = [astuple(entry) for entry in entries(solution, unit)] if solution.multipliers else []
    return pd.DataFrame(rows, columns=[item.name for item in fields(Entry)])


def entries(solution: Solution, unit: float = 1.0) -> Iterator[Entry]:
    """The rows of the audit, good by good."""
    net, plan, multipliers = solution.net, solution.plan, solution.multipliers
    derivatives, intervals = solution.derivatives, solution.intervals
    assert net and plan and multipliers and derivatives and intervals
    ops = derivatives.operations
    moved = np.where(ops.size > 0, ops.size, np.inf)
    floor = LEAST * turnover(net, plan) / moved
    use_value, sale_value, disposal_value = use_values(net, derivatives)
    paid, price = use_prices(net, multipliers), multipliers.price
    derivative = settled(derivatives, intervals)
    use_rent, sale_rent = _rents(net, multipliers.rent)
    steep = ~np.isin(np.arange(len(net.use_good)), ops.index[ops.kind == 0]) & ~net.use_leontief
    by_good = np.argsort(net.use_good, kind="stable")
    first = np.searchsorted(net.use_good[by_good], np.arange(len(net.goods) + 1))

    def judged(
        g: int,
        kind: str,
        process: str | None,
        amount: float,
        multiplier: float,
        value: float,
        rent: float,
        infinite: bool = False,
    ) -> Entry:
        share = abs(amount) / moved[g]
        verdict, cause = _verdict(multiplier, value, rent, share, floor[g], infinite)
        figures = (multiplier / unit, value / unit, (multiplier - value) / unit)
        return Entry(net.goods[g], kind, process, amount, share, *figures, verdict, cause)

    for g, good in enumerate(net.goods):
        verdict, cause = _good_verdict(
            net, g, price[g], derivative[g], intervals.low[g], intervals.high[g], floor[g]
        )
        figures = (price[g] / unit, derivative[g] / unit, (price[g] - derivative[g]) / unit)
        yield Entry(good, "good", None, ops.throughput[g], 1.0, *figures, verdict, cause)
        for u in by_good[first[g] : first[g + 1]]:
            process = net.processes[net.use_process[u]]
            yield judged(g, "use", process, plan.use[u], paid[u], use_value[u], use_rent[u], bool(steep[u]))
        if net.sells[g]:
            asked = price[g] if net.rival[g] else multipliers.reading_sale[g]
            yield judged(g, "sale", None, plan.sale[g], asked, sale_value[g], sale_rent[g])
        if net.disposes[g]:
            yield judged(g, "disposal", None, plan.disposed[g], price[g], disposal_value[g], 0.0)


def _rents(net: Network, rent: Array) -> tuple[Array, Array]:
    """What each use and each sale pays as rent for its own limits, on top of the good's price."""
    of_use, of_sale = np.zeros(len(net.use_good)), np.zeros(len(net.goods))
    for limit, amount in zip(net.limits, rent, strict=True):
        if limit.kind == MAX_USE:
            of_use[limit.index] += amount
        elif limit.kind in (MAX_SALE, MIN_SALE):
            of_sale[limit.index] += limit.sign * amount
    return of_use, of_sale


def _near(a: float, b: float, floor: float) -> bool:
    return abs(a - b) <= 10 * CERTIFIED * max(abs(a), abs(b), floor)


def _verdict(
    multiplier: float, value: float, rent: float, share: float, floor: float, infinite: bool
) -> tuple[Verdict, str]:
    """What to say of a use: value is what it would pay for one more unit, rent what it pays for its own limit."""
    if infinite:
        return Verdict.STEEP, "nothing flows, and the first unit would be worth any amount: no slope to price by"
    if np.isnan(value) or np.isnan(multiplier):
        return Verdict.KINK, "the prices along it are intervals"
    if _near(multiplier, value, floor):
        return Verdict.AGREES, "" if share > ZERO else "idle, and would pay just the price"
    if rent != 0 and _near(multiplier + rent, value, floor):
        return Verdict.RENT, f"pays {rent:.6g} more or less than the price, for its limit"
    if share <= ZERO and value < multiplier:
        return Verdict.IDLE, f"would pay {value:.6g}, less than the price"
    if _near(multiplier, -value, floor):
        return Verdict.SIGN, "multiplier and derivative have opposite signs"
    return Verdict.UNCONVERGED, "the plan is not at rest: this use should grow or shrink"


def _good_verdict(
    net: Network, g: int, price: float, derivative: float, low: float, high: float, floor: float
) -> tuple[Verdict, str]:
    """What to say of a good's multiplier beside its derivative and its interval."""
    if np.isnan(price):
        return Verdict.STEEP, "only idle processes move it: it has a range of prices, and no multiplier"
    if not np.isnan(derivative):
        if _near(price, derivative, floor):
            if price < -floor and not net.disposes[g]:
                return Verdict.NUISANCE, "it can't be thrown away, so that one more unit costs"
            return Verdict.AGREES, ""
        if _near(price, -derivative, floor):
            return Verdict.SIGN, "multiplier and derivative have opposite signs"
        return Verdict.UNCONVERGED, "the plan's own derivative is another"
    if np.isnan(low) or np.isnan(high):
        return Verdict.UNCONVERGED, "no price supports the plan"
    slack = 10 * CERTIFIED * max(abs(price), floor)
    if low - slack <= price <= high + slack:
        return Verdict.KINK, f"every price from {low:.6g} to {high:.6g} supports the plan"
    return Verdict.UNCONVERGED, f"prices that support the plan are from {low:.6g} to {high:.6g}"
