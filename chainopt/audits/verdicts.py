"""The audit: every good and each of its uses, multiplier beside derivative, with a verdict and its cause.

gap = multiplier - derivative along the use; verdicts are a closed list. Everything here comes from the chain,
the plan, the derivatives and the multipliers: nothing is solved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter

import numpy as np
import pandas as pd

from chainopt.backprop.intervals import SKIPPED, settled
from chainopt.backprop.operations import DISPOSAL, LEVEL, SALE, USE, Operations
from chainopt.backprop.sweep import use_values
from chainopt.network.multipliers import use_prices
from chainopt.network.network import Network
from chainopt.network.tolerances import CERTIFIED, SAME
from chainopt.solution.solution import Solution, first_units
from chainopt.technology.arrays import Array
from chainopt.words.figures import contrasted, figure


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
    names = [item.name for item in fields(Entry)]
    # Not astuple, which copies deeply: two thirds of a large report's time.
    rows = list(map(attrgetter(*names), entries(solution, unit))) if solution.multipliers else []
    return pd.DataFrame(rows, columns=names)


def entries(solution: Solution, unit: float = 1.0) -> Iterator[Entry]:
    """The rows of the audit, good by good."""
    net, plan, multipliers = solution.net, solution.plan, solution.multipliers
    derivatives, intervals = solution.derivatives, solution.intervals
    assert net and plan and multipliers and derivatives and intervals
    ops = derivatives.operations
    size, floor = ops.measure, ops.measure.trifle
    use_value, sale_value, disposal_value = use_values(net, derivatives)
    paid, price = use_prices(net, multipliers), first_units(solution)
    derivative = settled(intervals)
    # What each use and each sale pays for its own limits, on top of the good's price.
    use_rent, sale_rent = (net.bounding(amount) @ multipliers.rent for amount in ("use", "sale"))
    use_noise, use_active = _rows(net, ops, ops.stack(multipliers))
    active = {kind: ops.spread(kind, ops.active, False) for kind in (SALE, DISPOSAL)}
    steep = ~np.isin(np.arange(len(net.use_good)), ops.index[ops.kind == USE]) & ~net.use_leontief
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
        noise: float,
        in_use: bool,
        infinite: bool = False,
    ) -> Entry:
        share = abs(amount) / size.good[g]
        least = max(noise, floor[g])
        # What loses less than the certificate sees is idle, whatever little an interior point left there.
        lost = share * (multiplier - value) <= CERTIFIED * max(abs(multiplier), abs(value), least)
        verdict, cause = _verdict(multiplier, value, rent, in_use, lost, least, infinite)
        figures = (multiplier / unit, value / unit, (multiplier - value) / unit)
        return Entry(net.goods[g], kind, process, amount, share, *figures, verdict, cause)

    for g, good in enumerate(net.goods):
        verdict, cause = _good_verdict(
            net, g, price[g], derivative[g], intervals.low[g], intervals.high[g], intervals.kind[g], floor[g]
        )
        prices = (price[g] / unit, derivative[g] / unit, (price[g] - derivative[g]) / unit)
        yield Entry(good, "good", None, size.moved[g], 1.0, *prices, verdict, cause)
        for u in by_good[first[g] : first[g + 1]]:
            process = net.processes[net.use_process[u]]
            figures = (plan.use[u], paid[u], use_value[u], use_rent[u])
            yield judged(g, "use", process, *figures, use_noise[u], bool(use_active[u]), bool(steep[u]))
        if net.sells[g]:
            asked = price[g] if net.rival[g] else multipliers.reading_sale[g]
            yield judged(
                g, "sale", None, plan.sale[g], asked, sale_value[g], sale_rent[g], 0.0, bool(active[SALE][g])
            )
        if net.disposes[g]:
            thrown = bool(active[DISPOSAL][g])
            yield judged(g, "disposal", None, plan.disposed[g], price[g], disposal_value[g], 0.0, 0.0, thrown)


def _rows(net: Network, ops: Operations, z: Array) -> tuple[Array, Array]:
    """The money of each use's row per unit of the use, which says what gap is noise; and whether it is in use."""
    money = ops.money(z)
    noise, active = ops.spread(USE, money, 0.0), ops.spread(USE, ops.active, False)
    of = np.flatnonzero(net.use_leontief)
    level = net.first_level[net.use_process[of]]
    noise[of] = ops.spread(LEVEL, money, 0.0)[level] / net.coefficient[of]
    active[of] = ops.spread(LEVEL, ops.active, False)[level]
    return noise, active


def _near(a: float, b: float, floor: float) -> bool:
    return abs(a - b) <= SAME * max(abs(a), abs(b), floor)


def _verdict(
    multiplier: float, value: float, rent: float, in_use: bool, lost: bool, floor: float, infinite: bool
) -> tuple[Verdict, str]:
    """What to say of a use: value is what it would pay for one more unit, rent what it pays for its own limit.

    lost: whether what the use loses is too little to be seen.
    """
    if infinite:
        return Verdict.STEEP, "nothing flows, and the first unit would be worth any amount: no slope to price by"
    if np.isnan(value) or np.isnan(multiplier):
        return Verdict.KINK, "the prices along it are intervals"
    if _near(multiplier, value, floor):
        return Verdict.AGREES, "" if in_use else "idle, and would pay just the price"
    if rent != 0 and _near(multiplier + rent, value, floor):
        return (
            Verdict.RENT,
            f"pays {figure(abs(rent))} {'more' if rent > 0 else 'less'} than the price, for its limit",
        )
    if (lost or not in_use) and value < multiplier:
        return Verdict.IDLE, f"would pay {figure(value)}, less than the price"
    if _near(multiplier, -value, floor):
        return Verdict.SIGN, "multiplier and derivative have opposite signs"
    return Verdict.UNCONVERGED, "the plan is not at rest: this use should grow or shrink"


def _good_verdict(
    net: Network, g: int, price: float, derivative: float, low: float, high: float, kind: str | None, floor: float
) -> tuple[Verdict, str]:
    """What to say of a good's multiplier beside its derivative and its interval."""
    if np.isnan(price):
        told = "whose ends were not computed" if kind == SKIPPED else "and no multiplier"
        return Verdict.STEEP, f"only idle processes move it: it has a range of prices, {told}"
    if not np.isnan(derivative):
        if _near(price, derivative, floor):
            if price < -floor and not net.disposes[g]:
                return Verdict.NUISANCE, "it can't be thrown away, so that one more unit costs"
            return Verdict.AGREES, ""
        if _near(price, -derivative, floor):
            return Verdict.SIGN, "multiplier and derivative have opposite signs"
        return Verdict.UNCONVERGED, "the plan's own derivative is another"
    if kind == SKIPPED:
        return Verdict.KINK, "the range of prices that support the plan was not computed"
    if np.isnan(low) or np.isnan(high):
        return Verdict.UNCONVERGED, "no price supports the plan"
    slack = SAME * max(abs(price), floor)
    if low - slack <= price <= high + slack:
        return Verdict.KINK, f"every price from {' to '.join(contrasted(low, high))} supports the plan"
    return Verdict.UNCONVERGED, f"prices that support the plan are from {' to '.join(contrasted(low, high))}"
