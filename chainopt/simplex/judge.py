"""Network -> Verdict: a polyhedral chain is optimal, infeasible or unbounded, each with its proof, or unsettled.

Infeasible is always asked before unbounded: what has no plan has no end either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from chainopt.network.limits import Limit
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits, limited_amount, with_whole_minima
from chainopt.network.scales import scales
from chainopt.simplex.basis import BETWEEN, HIGH, Point
from chainopt.simplex.faces import least_throughput, price_ends, ratios
from chainopt.simplex.polyhedral import LinearProgram, linear_program, typed
from chainopt.simplex.proofs import Contradiction, Ray, contradiction, ray
from chainopt.simplex.scaled import Scaled, elastic, rays, scaled, with_fractions
from chainopt.simplex.simplex import GOOD_ENOUGH, optima
from chainopt.technology.arrays import Array
from chainopt.words.names import some

_ROUNDING, _FAR_OUT = 1e-14, 1e15
EXACT = 300
"""Rows up to which every basis is solved in fractions: a second at 2,000 goods, half a minute at 9,000."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """The plan that moves least of the best ones, its prices and rents, and the ends of each good's price.

    ordinary: of each good, the price that makes ordinary money of an ordinary amount. exact: found in fractions.
    """

    plan: Plan
    multipliers: Multipliers
    low: Array
    high: Array
    ordinary: Array
    exact: bool


@dataclass(frozen=True, slots=True)
class Infeasible:
    """Prices by good and rents by limit at which no plan can be: all that there is, and all that everybody could
    gain at these prices if nothing else cost or earned, comes to less than nothing.

        price . supply + sum over agents of the most that each could gain = -margin < 0

    price: per unit of each good; weight: each limit's rent there, 0 for the limits that play no part.
    margin: what is missing, in the same money; conflict: two limits of one amount that contradict each other.
    """

    price: Array
    weight: Array
    margin: float
    conflict: tuple[Limit, ...] = ()

    def summary(self, net: Network) -> str:
        """The goods and limits that it rests on, in one line."""
        goods = some([net.goods[g] for g in np.flatnonzero(self.price)])
        limits = [net.named(net.limits[i], '"{}"'.format) for i in np.flatnonzero(self.weight)]
        of_goods = f"the balances of {goods}" if goods else ""
        return f"It rests on {' and '.join(part for part in (of_goods, ', '.join(limits[:5])) if part)}."


@dataclass(frozen=True, slots=True)
class Unbounded:
    """The amounts that grow together without end, as a plan, and what each round of them earns."""

    plan: Plan
    gain: float

    def summary(self, net: Network) -> str:
        """What grows, in one line."""
        running = np.flatnonzero(np.abs(self.plan.level) > 0)
        names = some(list(dict.fromkeys(net.processes[p] for p in net.level_process[running].tolist())))
        return f"What grows without end runs through {names}." if names else "Trade alone grows without end."


Verdict = Optimum | Infeasible | Unbounded | None
"""None: no plan was found, and none was proven impossible."""


def judge(
    net: Network,
    *,
    fractions: bool | None = None,
    time_left: Callable[[], float | None] = lambda: None,
) -> Verdict:
    """Judge a polyhedral chain; raises NotPolyhedralError, and TimeoutError where no time is left.

    fractions: whether bases are solved in fractions (default: of small chains, and of bases in doubt).
    """
    given = linear_program(net)
    if (conflict := _conflict(given)) is not None:
        return conflict
    program = _closed(scaled(given))
    exactly = fractions if fractions is not None else program.height <= EXACT
    if exactly:
        program = with_fractions(program, linear_program(net, typed))
    asked = False
    for best in optima(program, time_left()):
        if best is not None:
            return _optimum(net, given, program, best)
        if not asked:
            asked = True
            if (other := _without_optimum(net, given, program, time_left)) is not None:
                return other
    if program.typed is None and fractions is None:
        return judge(net, fractions=True, time_left=time_left)
    return None


def ratio_ends(net: Network, numeraire: int) -> tuple[Array, Array]:
    """The least and the greatest of each good's price over this one's, among all prices that support the plan.

    nan where an end was not found; all of them where the chain has no optimum.
    """
    given = linear_program(net)
    program = _closed(scaled(given))
    best = next((found for found in optima(program) if found is not None), None)
    count = len(net.goods)
    if best is None:
        return np.full(count, np.nan), np.full(count, np.nan)
    low, high = ratios(program, best, count, numeraire)
    unit = program.row[numeraire] / program.row[:count]
    return low * unit, high * unit


def _closed(program: Scaled) -> Scaled:
    """Bounds that differ by rounding alone made one, as of a min level and a max use that say the same."""
    low, high = program.low, program.high
    both = np.isfinite(low) & np.isfinite(high)
    size = np.where(both, np.maximum(np.abs(low), np.abs(high)), 0.0)
    one = both & (np.where(both, high, 0.0) - np.where(both, low, 0.0) <= _ROUNDING * size)
    return replace(program, high=np.where(one, np.minimum(low, high), high), low=np.minimum(low, high))


def _conflict(given: LinearProgram) -> Infeasible | None:
    """Two limits of one amount that contradict each other, whatever else."""
    crossing = np.flatnonzero(given.low > given.high * (1 + np.sign(given.high) * GOOD_ENOUGH) + 0.0)
    net = given.net
    for j in crossing.tolist():
        mine = np.flatnonzero(given.holder == j)
        ends = [net.limits[i].bound / given.per[i] for i in mine]
        lower = [i for i in mine if net.limits[i].sign < 0 or net.limits[i].fixed]
        upper = [i for i, end in zip(mine, ends, strict=True) if net.limits[i].sign > 0 and end < given.low[j]]
        if lower and upper:
            weight = np.zeros(len(net.limits))
            weight[lower[0]], weight[upper[0]] = 1.0 / given.per[lower[0]], 1.0 / given.per[upper[0]]
            pair = (net.limits[lower[0]], net.limits[upper[0]])
            return Infeasible(np.zeros(len(net.goods)), weight, float(given.low[j] - given.high[j]), pair)
    return None


def _without_optimum(
    net: Network, given: LinearProgram, program: Scaled, time_left: Callable[[], float | None]
) -> Infeasible | Unbounded | None:
    """The proof that there is no plan, or no end."""
    for least in optima(elastic(program), time_left()):
        if least is None:
            continue
        if (found := contradiction(program, least)) is not None:
            return _infeasible(net, given, program, found)
        if -float(program_value(elastic(program), least)) > GOOD_ENOUGH:
            continue
        for best in optima(rays(program), time_left()):
            if best is not None and (growth := ray(program, best)) is not None:
                return _unbounded(net, given, program, growth)
            if best is not None:
                break
        break
    return None


def program_value(program: Scaled, found: Point) -> float:
    """What a point is worth, in the program's money."""
    return float(program.worth @ found.x[: program.width])


def _infeasible(net: Network, given: LinearProgram, program: Scaled, found: Contradiction) -> Infeasible:
    price = -found.price / program.row
    weight = np.zeros(len(net.limits))
    for i, limit in enumerate(net.limits):
        j = given.holder[i]
        w = found.weight[j]
        binds = given.high[j] if w > 0 else given.low[j]
        side = limit.fixed or (limit.sign > 0) == (w > 0)
        if w and side and limit.bound / given.per[i] == binds:
            weight[i] = limit.sign * w / program.column[j] / given.per[i]
    return Infeasible(price[: len(net.goods)], weight, found.margin)


def _unbounded(net: Network, given: LinearProgram, program: Scaled, growth: Ray) -> Unbounded | None:
    """The proof that a chain has no end; None where what grows is how far a minimum stays below its arguments."""
    plan, gain = _plan(net, given, growth.amount * program.column), growth.gain * program.money
    if not any(item.program.minima() for item in net.formulas):
        return Unbounded(plan, gain)
    # So far out formulas' constants are nothing, and their slopes those of the direction.
    parts = [getattr(plan, each.name) for each in fields(Plan)]
    far = _FAR_OUT / max(float(np.max(np.abs(part), initial=0.0)) for part in parts)
    away = Plan(*(far * part for part in parts))
    whole = with_whole_minima(net, away)
    sound = _attained(net, whole) and whole.value(net) > 0.5 * far * gain
    return Unbounded(plan, gain) if sound else None


def _optimum(net: Network, given: LinearProgram, program: Scaled, best: Point) -> Optimum | None:
    """The optimum of a program that the chain attains: None where a minimum stays below what its process takes."""
    goods = len(net.goods)
    plans = (_whole_plan(net, given, program, found) for found in (least_throughput(program, best), best))
    plan = next((found for found in plans if found is not None), None)
    if plan is None:
        return None
    low, high = price_ends(program, best, np.arange(goods))
    per_unit = program.money / program.row[:goods]
    multipliers = _multipliers(net, given, program, best)
    return Optimum(plan, multipliers, low * per_unit, high * per_unit, per_unit, best.exact)


def _whole_plan(net: Network, given: LinearProgram, program: Scaled, found: Point) -> Plan | None:
    """The plan of a point, minima at their arguments; None where the chain can't attain that, or loses."""
    x = np.clip(found.x[: program.width], program.low, program.high)
    plan = _plan(net, given, x * program.column)
    whole = with_whole_minima(net, plan)
    lost = plan.value(net) - whole.value(net)
    small = lost <= GOOD_ENOUGH * max(program.money, abs(plan.value(net)))
    return whole if small and _attained(net, whole) and _kept(net, plan, whole) else None


def _attained(net: Network, plan: Plan) -> bool:
    """Whether every formula makes what the plan says."""
    of = [item.process for item in net.formulas if item.program.minima()]
    made = net.levels(plan.use, np.array(of, dtype=int))
    size = scales(net).level + np.abs(plan.level)
    return bool(np.all(np.isnan(made) | (np.abs(made - plan.level) <= GOOD_ENOUGH * size)))


def _kept(net: Network, plan: Plan, whole: Plan) -> bool:
    """Whether minima at their arguments break no limit that the plan keeps."""
    bound, amount, sign, fixed = at_limits(net, plan)
    rise = limited_amount(net, whole) - amount
    over = np.where(fixed, np.abs(rise), sign * (amount + rise - bound))
    size = np.maximum(np.abs(bound), np.abs(amount))
    return bool(np.all((sign * rise <= 0) & ~fixed | (over <= GOOD_ENOUGH * size)))


def _plan(net: Network, given: LinearProgram, x: Array) -> Plan:
    def amounts(name: str) -> Array:
        at = given.place[name]
        return np.where(at >= 0, x[at], 0.0)

    level = amounts("level")
    use = np.where(net.use_leontief, net.intake(level), amounts("use"))
    reads = net.use_leontief & ~net.rival[net.use_good]
    use = np.where(reads, amounts("quantity")[net.use_good], use)
    return Plan(use, level, *(amounts(name) for name in ("sale", "imported", "disposed")))


def _multipliers(net: Network, given: LinearProgram, program: Scaled, best: Point) -> Multipliers:
    """Prices and rents; a bound that two limits share is paid to the first of them."""
    prices = best.price * program.money / program.row
    rents = best.rent[: program.width] * program.money / program.column

    def priced(name: str) -> Array:
        at = given.of_row[name]
        return np.where(at >= 0, prices[at], np.nan)

    rent, paid = np.zeros(len(net.limits)), set()
    for i, limit in enumerate(net.limits):
        j = int(given.holder[i])
        # What can't move at all is held by whichever side it would leave.
        above = rents[j] > 0 if program.low[j] == program.high[j] else best.at[j] == HIGH
        end = limit.bound / given.per[i]
        binds = end == (given.high[j] if above else given.low[j])
        mine = limit.fixed or (limit.sign > 0) == above
        if best.at[j] != BETWEEN and j not in paid and mine and binds and rents[j]:
            rent[i] = limit.sign * rents[j] / given.per[i]
            paid.add(j)
    return Multipliers(
        prices[: len(net.goods)], rent, priced("reading"), priced("demand"), priced("argument")[: _arguments(net)]
    )


def _arguments(net: Network) -> int:
    return sum(len(item.program.arguments[step]) for item in net.formulas for step in item.program.minima())
