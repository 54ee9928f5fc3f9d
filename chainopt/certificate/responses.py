"""A process on its own: the most that it can earn at posted prices, whatever the plan says.

    maximise   sum_k q_k y_k - kappa y_first - sum_u v_u x_u   subject to   y = f(x),
               min level <= y_first <= capacity,   0 <= x_u <= max

q_k = sum_g b_kg pi_g is what a unit of a level sells for, v_u what use u pays for its good: the good's price, or
the reader's own price of a non-rival good. Not operating earns 0, and is always possible unless a min level
above 0 forbids it.

    linear, leontief        a greedy choice by margin, exact
    functions with returns  along the cheapest mixes x_i(t) = min(origin_i + s_i t, max); where no max binds,
                            y = y(1) t^returns and cost = origin cost + t cost(1), in closed form
    all else, odd signs     search from several starts, a formula's by the reverse sweep's gradient; a minimum
                            passes its derivative on to its least argument

A search finds what it finds: its best is a lower bound of the best; a concave process, whose plan is its best
by the first-order conditions alone, is searched from fewer starts. A process of constant returns has no scale of
its own: what it could gain by another mix is counted at the plan's level. A signed reading keeps the plan's sign.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp, inf, isfinite, log

import numpy as np
import scipy

from chainopt.network.measure import Measure
from chainopt.network.multipliers import Multipliers, use_prices
from chainopt.network.network import FORMULA, Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import ROUNDED, SAME
from chainopt.technology.arrays import Array
from chainopt.technology.curvature import shapes
from chainopt.technology.families import Batch, Technology
from chainopt.technology.tape import Tape

_FAR = 1e3
_NEAR = 1e-9
_SEEDS = 12


@dataclass(frozen=True, slots=True)
class Offer:
    """A process's own problem. Arrays over its uses (use to size, x, coefficient) and its levels (worth, level).

    process, use: their numbers in the network; recipe: a Leontief process; worth: what a unit of a level earns,
    unit cost deducted; most, lowest: the largest and the smallest intake; size: an amount, with the plan's sign,
    that counts as 1 for the search; x, level: the plan's; noise: money that counts as nothing.
    """

    process: int
    use: Array
    recipe: bool
    worth: Array
    unit_cost: float
    price: Array
    most: Array
    lowest: Array
    signed: Array
    size: Array
    least: float
    capacity: float
    x: Array
    level: Array
    coefficient: Array
    noise: float
    family: tuple[Technology, Batch] | None = field(repr=False, default=None)
    program: Tape | None = field(repr=False, default=None)

    @property
    def may_stop(self) -> bool:
        """Whether the process may stand still, at a profit of 0."""
        return self.least <= 0 and not self.origin.any() and not self.lowest.any()

    @property
    def origin(self) -> Array:
        """What the process takes before it makes anything."""
        return np.zeros(len(self.x)) if self.family is None else self.family[0].origin(self.family[1])

    def made(self, x: Array) -> Array:
        """Every level at these uses; nan outside the domain."""
        with np.errstate(all="ignore"):
            if self.program is not None:
                values = self.program.values(x.tolist())
                return np.array([values[i] for i in self.program.outputs], dtype=float)
            assert self.family is not None
            technology, batch = self.family
            return technology.level(batch, x)

    def slope(self, x: Array, weight: Array) -> Array:
        """sum_k weight_k df_k/dx, by use; at a kink, of the least argument."""
        with np.errstate(all="ignore"):
            if self.program is not None:
                return _slope(self.program, x, weight)
            assert self.family is not None
            technology, batch = self.family
            return weight[0] * technology.partials(batch, x, technology.level(batch, x))

    def profit(self, x: Array, level: Array) -> float:
        """Revenue less inputs and unit cost."""
        return float(self.worth @ level - self.price @ x)

    def money(self, x: Array, level: Array) -> float:
        """All that is paid and received, without signs."""
        gross = self.worth.copy()
        gross[0] += self.unit_cost
        return float(np.abs(gross) @ np.abs(level) + np.abs(self.price) @ np.abs(x)) + abs(
            self.unit_cost * float(level[0])
        )


def offers(net: Network, plan: Plan, multipliers: Multipliers, measure: Measure) -> list[Offer]:
    """Every process's own problem at the posted prices, in the network's order."""
    sells_for, terms = net.yields @ multipliers.price, abs(net.yields) @ np.abs(multipliers.price)
    pays = use_prices(net, multipliers)
    (lowest, most), (least, capacity) = net.bounds("use"), (end[net.first_level] for end in net.bounds("level"))
    lowest = np.where(lowest > 0, lowest, 0.0)
    least[np.isinf(least) & (net.function != FORMULA)] = 0.0
    moved, noise = measure.moved, _NEAR * measure.money
    of_use = _members(net.use_process, len(net.processes))
    of_level = _members(net.level_process, len(net.processes))
    found = []
    for p in range(len(net.processes)):
        use, level = of_use[p], of_level[p]
        worth = sells_for[level].copy()
        cost = float(net.unit_cost[level[0]])
        worth[0] -= cost
        # What a by-product's cost leaves of a price, to rounding, is nothing, which no amount makes more.
        worth[np.abs(worth) <= ROUNDED * (terms[level] + abs(cost))] = 0.0
        family = net.family(p)
        formula = family is None and not net.leontief[p]
        amount = np.abs(plan.use[use])
        size = np.where(amount > _NEAR * moved[net.use_good[use]], amount, moved[net.use_good[use]])
        size = np.where(size > 0, size, 1.0) * np.where(net.signed[use] & (plan.use[use] < 0), -1.0, 1.0)
        found.append(
            Offer(
                process=p,
                use=use,
                recipe=bool(net.leontief[p]),
                worth=worth,
                unit_cost=cost,
                price=pays[use],
                most=most[use],
                lowest=lowest[use],
                signed=net.signed[use],
                size=size,
                least=float(least[p]),
                capacity=float(capacity[p]),
                x=plan.use[use],
                level=plan.level[level],
                coefficient=net.coefficient[use],
                noise=noise,
                family=family,
                program=net.formulas[net.place[p]].program if formula else None,
            )
        )
    return found


def best_response(offer: Offer, *, starts: int = _SEEDS) -> float:
    """The most that a process can earn at its prices; starts: how many mixes of its own a search tries.

    inf: more without end; nan where a good that it trades has no price. The plan itself and, where possible, not
    operating are among the candidates, so that the profit is never below either.
    """
    if not (np.isfinite(offer.worth).all() and np.isfinite(offer.price).all()):
        return np.nan
    here = offer.profit(offer.x, offer.level)
    money = offer.money(offer.x, offer.level)
    technology, batch = offer.family or (None, None)
    if offer.recipe:
        each = offer.price @ offer.coefficient
        cap = float(np.min(offer.most / offer.coefficient, initial=inf))
        unit = np.array([abs(offer.worth[0]) + abs(offer.unit_cost) + abs(offer.price) @ offer.coefficient])
        held = float(np.max(offer.lowest / offer.coefficient, initial=0.0))
        found = _greedy(offer, np.array([offer.worth[0] - each]), np.array([held]), np.array([cap]), unit)
    elif technology is None or batch is None:
        found = _search(offer, starts)
    elif technology.affine:
        makes = technology.partials(batch, offer.x, offer.level)
        cost = offer.price / makes
        ends = makes * offer.lowest, makes * offer.most
        found = _greedy(offer, offer.worth[0] - cost, *ends, abs(offer.worth[0]) + abs(cost))
    elif technology.cheapest is not None and offer.worth[0] > 0 and (price := _cheap(offer, money)) is not None:
        found = _along_mixes(offer, price, technology.cheapest(batch, price), float(technology.returns(batch)[0]))
    elif technology.at_least_nothing and (offer.price >= 0).all() and offer.worth[0] <= 0 and offer.may_stop:
        found = 0.0
    else:
        found = _search(offer, starts)
    best = max(here, found)
    return 0.0 if offer.may_stop and best <= 0 else best


def _members(of: Array, count: int) -> list[Array]:
    order = np.argsort(of, kind="stable")
    return np.split(order, np.searchsorted(of[order], np.arange(1, count)))


def _greedy(offer: Offer, margin: Array, held: Array, cap: Array, unit: Array) -> float:
    """Fill the level, beside what must be taken, from the uses with the best margin; margins within rounding count
    at the plan's level."""
    level, profit = float(held.sum()), float(margin @ held)
    for i in np.argsort(-margin):
        room = min(float(cap[i] - held[i]), offer.capacity - level)
        if margin[i] > SAME * unit[i]:
            amount = room
        elif margin[i] > 0:
            amount = min(room, max(abs(float(offer.level[0])), offer.least - level))
        else:
            amount = min(room, max(offer.least - level, 0.0))
        if amount > 0:
            profit += float(margin[i]) * amount
            level += amount
        if level >= offer.capacity:
            break
    return profit


def _cheap(offer: Offer, money: float) -> Array | None:
    """The prices of the inputs, all positive: rounding is lifted to next to nothing; None for a real bonus."""
    floor = 1e-9 * max(money, float(np.max(np.abs(offer.price * offer.size), initial=0.0))) / offer.size
    if np.any(offer.price < -1e3 * floor) or not np.all(floor > 0):
        return None
    return np.maximum(offer.price, floor)


def _along_mixes(offer: Offer, price: Array, mix: Array, returns: float) -> float:
    """The best point of the expansion path of a process with returns, at positive prices and their mix."""
    worth, origin, share = float(offer.worth[0]), offer.origin, mix / np.max(mix)
    made, cost = float(offer.made(origin + share)[0]), float(price @ share)
    if not (made > 0 and isfinite(made)):
        return _search(offer, _SEEDS)

    def at(level: float) -> float:
        """How far along the path a level is made, without any max."""
        with np.errstate(over="ignore"):
            return float(np.float64(level / made) ** (1.0 / returns)) if level > 0 else 0.0

    low, high = at(offer.least), at(offer.capacity) if isfinite(offer.capacity) else inf
    if not np.isfinite(offer.most).any() and not offer.lowest.any():
        if returns < 1.0 - _NEAR:
            exponent = (log(returns * worth * made) - log(cost)) / (1.0 - returns)
            chosen = min(max(exp(min(exponent, 700.0)), low), high)
        elif returns <= 1.0 + _NEAR:
            gains = worth * made - cost
            certain = gains > SAME * (worth * made + cost) and isfinite(high)
            chosen = high if certain else min(max(at(abs(float(offer.level[0]))), low), high)
            chosen = low if gains < 0 else chosen
        elif isfinite(high):
            chosen = max((low, high), key=lambda t: worth * made * t**returns - cost * t)
        else:
            return inf
        return worth * made * chosen**returns - cost * chosen - float(price @ origin)
    return _capped_path(offer, share)


def _capped_path(offer: Offer, share: Array) -> float:
    """The same where uses have a max or a min: a line search along the path, which is flat there use by use."""
    origin = offer.origin

    def point(log_t: float) -> Array:
        return np.clip(origin + share * exp(log_t), offer.lowest, offer.most)

    def profit(log_t: float) -> float:
        x = point(log_t)
        return offer.profit(x, offer.made(x))

    scale = max(float(np.max(offer.size / share)), _NEAR)
    top = log(scale * _FAR)
    if np.isfinite(offer.most).all():
        top = min(top, log(float(np.max(offer.most / share))))
    grid = np.linspace(top - 40.0, top, 401)
    level = np.array([float(offer.made(point(t))[0]) for t in grid])
    allowed = grid[(level >= offer.least) & (level <= offer.capacity)]
    if not len(allowed):
        return -inf
    best = max(allowed, key=profit)
    step = float(grid[1] - grid[0])
    ends = [_level_at(offer, point, best, step, bound) for bound in (offer.least, offer.capacity)]
    lower, upper = max(best - step, ends[0] or -inf), min(best + step, ends[1] or inf)
    near = scipy.optimize.minimize_scalar(
        lambda t: -profit(t), bounds=(lower, upper), method="bounded", options={"xatol": 1e-12}
    )
    return max(map(profit, (best, float(near.x), *(t for t in ends if t is not None))))


def _level_at(
    offer: Offer, point: Callable[[float], Array], near: float, step: float, bound: float
) -> float | None:
    """Where the path within a step of `near` makes exactly `bound`, by bisection; None where it doesn't."""
    low, high = near - step, near + step
    makes = [float(offer.made(point(t))[0]) for t in (low, high)]
    if not makes[0] < bound < makes[1]:
        return None
    for _ in range(100):
        middle = (low + high) / 2
        if float(offer.made(point(middle))[0]) < bound:
            low = middle
        else:
            high = middle
    return low if bound == offer.capacity else high


def _slope(program: Tape, x: Array, weight: Array) -> Array:
    """sum_k weight_k df_k/dx of a formula by the reverse sweep."""
    values = program.values(x.tolist())
    seeds: dict[int, float] = {}
    for step, seed in zip(program.outputs, weight.tolist(), strict=True):
        seeds[step] = seeds.get(step, 0.0) + seed
    total = program.sweep_through(values, seeds, lambda step: min(program.arguments[step], key=values.__getitem__))
    return total[: len(x)]


def _search(offer: Offer, starts: int) -> float:
    """The best of several local searches over the logarithms of the uses."""
    here, money = offer.profit(offer.x, offer.level), offer.money(offer.x, offer.level)
    unit = max(money, offer.noise) or float(np.abs(offer.price) @ np.abs(offer.size)) or 1.0

    def goal(z: Array) -> tuple[float, Array]:
        x = offer.size * np.exp(z)
        level = offer.made(x)
        if not np.isfinite(level).all():
            return 1e10, np.zeros(len(z))
        slope = (offer.slope(x, offer.worth) - offer.price) * x
        return -offer.profit(x, level) / unit, -np.nan_to_num(slope) / unit

    top = np.log(np.clip(offer.most / offer.size, _NEAR, _FAR))
    top = np.where(offer.size > 0, top, log(_FAR))
    bottom = np.log(np.clip(np.where(offer.size > 0, offer.lowest / offer.size, 0.0), 1e-12, np.exp(top)))
    bounds = list(zip(bottom.tolist(), top.tolist(), strict=True))
    rows = _level_rows(offer)
    candidates = [np.zeros(len(offer.x))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for start in _starts(offer, starts) if len(offer.x) else ():
            begin = np.clip(start, bottom, top)
            method = "SLSQP" if rows else "L-BFGS-B"
            done = scipy.optimize.minimize(goal, begin, jac=True, method=method, bounds=bounds, constraints=rows)
            candidates += [offer.size * np.exp(z) for z in (done.x, begin)]
    best, chosen = -inf, None
    for x in candidates:
        found = _worth_taking(offer, x, here, money)
        if found > best:
            best, chosen = found, x
    if chosen is not None and best - here > offer.noise and not rows and _endless(offer, chosen, best):
        return inf
    return best


def _starts(offer: Offer, count: int) -> list[Array]:
    """Multiples of the plan, and mixes drawn once and for all, in logarithms; few for a concave process."""
    if offer.program is None:
        assert offer.family is not None
        technology, batch = offer.family
        concave = bool(technology.concave(batch).all()) and float(offer.worth[0]) >= 0
    else:
        concave = all(
            shape.affine or (shape.concave if worth >= 0 else shape.convex)
            for shape, worth in zip(shapes(offer.program, offer.signed.tolist()), offer.worth, strict=True)
        )
    rays = (1e-2, 10.0) if concave else (1.0, 1e-4, 1e-2, 0.3, 3.0, 100.0)
    random = np.random.default_rng(0)
    mixes = [2.0 * random.standard_normal(len(offer.x)) for _ in range(0 if concave else count)]
    return [np.full(len(offer.x), log(t)) for t in rays] + mixes


def _level_rows(offer: Offer) -> list[dict[str, object]]:
    """Capacity and min level as rows of SLSQP, each at least 0, relative to the bound."""
    first = np.eye(1, len(offer.worth))[0]
    rows: list[dict[str, object]] = []
    for bound, sign in ((offer.capacity, 1.0), (offer.least, -1.0)):
        unless_always = sign > 0 or offer.program is not None or bound > 0
        if isfinite(bound) and unless_always:
            factor = sign / (abs(bound) or 1.0)

            def room(z: Array, bound: float = bound, factor: float = factor) -> float:
                level = float(offer.made(offer.size * np.exp(z))[0])
                return factor * (bound - level) if isfinite(level) else -1e3

            def slope(z: Array, factor: float = factor) -> Array:
                x = offer.size * np.exp(z)
                return -factor * np.nan_to_num(offer.slope(x, first)) * x

            rows.append({"type": "ineq", "fun": room, "jac": slope})
    return rows


def _worth_taking(offer: Offer, x: Array, here: float, money: float) -> float:
    """A candidate's profit, or -inf where it breaks a limit or gains less than the prices are certain to."""
    level = offer.made(x)
    if not np.isfinite(level).all() or np.any(x > offer.most * (1 + _NEAR)):
        return -inf
    if np.any(x < offer.lowest * (1 - _NEAR)):
        return -inf
    slack = 1e-7 * max(abs(float(level[0])), 1e-300)
    if not offer.least - slack <= level[0] <= offer.capacity + slack:
        return -inf
    profit, all_money = offer.profit(x, level), offer.money(x, level)
    certain = profit - here > max(SAME * max(money, all_money), offer.noise)
    return profit if certain or all_money <= 2 * money else -inf


def _endless(offer: Offer, x: Array, profit: float) -> bool:
    """Whether ten and a hundred times as much earns more and more, in pace with the scale."""
    last = profit
    for factor in (10.0, 100.0):
        more = np.minimum(factor * x, offer.most)
        level = offer.made(more)
        if not np.isfinite(level).all() or offer.profit(more, level) < 2.0 * last:
            return False
        last = offer.profit(more, level)
    return True
