"""How far a plan is from balance, from its processes' functions, from its limits and from its signs.

A good is balanced where |what comes in - what is accounted for| is at most `BALANCED` of the sum of its terms,
and at most `LITTLE` of its ordinary amount: of the terms alone a circulation would make a gauge of itself, and
of what enters and leaves alone an intermediate good has none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.scales import scales
from chainopt.network.tolerances import BALANCED, LEAST_TERMS, LITTLE
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Breaches:
    """What a plan breaks, signed, in amounts: by good, what comes in less what is accounted for; by use of a
    non-rival good, and by its sale, the good's amount less what is read; by level, what the function makes less
    what is claimed.

    largest: the largest of all, of limits and of signs too, relative: at most `BALANCED` where all hold.
    """

    good: Array
    reading: Array
    reading_sale: Array
    level: Array
    largest: float


def breaches(net: Network, plan: Plan) -> Breaches:
    """What a plan breaks of a network's balances, functions, limits and signs."""
    size, count = scales(net), len(net.goods)
    quantity = plan.quantity(net)
    taken = np.bincount(net.use_good, plan.use, count)
    reads, level = ~net.rival[net.use_good], plan.level[net.first_level[net.use_process]]
    good = np.where(net.rival, quantity - taken - plan.sale - plan.disposed, 0.0)
    reading = np.where(reads, quantity[net.use_good] - plan.use, 0.0)
    reading_sale = np.where(net.sells & ~net.rival, quantity - plan.sale, 0.0)
    made = net.levels(plan.use)
    off = np.where(np.isnan(made) & net.leontief[net.level_process], 0.0, made - plan.level)
    # A recipe may take more than it needs, where that costs nothing.
    off = np.where(net.leontief[net.level_process], np.minimum(off, 0.0), off)
    came = np.abs(net.supply) + np.abs(plan.imported) + abs(net.yields).T @ np.abs(plan.level)
    gone = np.bincount(net.use_good, np.abs(plan.use), count) + np.abs(plan.sale) + np.abs(plan.disposed)
    terms = came + np.where(net.rival, gone, np.abs(plan.disposed) + np.abs(plan.sale))
    short = np.where(net.use_leontief, np.maximum(net.coefficient * level - plan.use, 0.0), 0.0)
    bound, amount, sign, fixed = at_limits(net, plan)
    over = np.where(fixed, np.abs(amount - bound), sign * (amount - bound))
    ordinary = np.array([getattr(size, limit.amount)[limit.index] for limit in net.limits], dtype=float)
    parts = (
        (np.abs(good), terms, size.good),
        (np.abs(reading), terms[net.use_good], size.use),
        (np.abs(reading_sale), terms, size.good),
        (short, np.abs(plan.use), size.use),
        (np.abs(off), np.abs(plan.level) + _terms(net, plan, made), size.level),
        (over, np.where(bound != 0, np.abs(bound) + np.abs(amount), 0.0), ordinary),
        (np.where(net.signed, 0.0, -plan.use), 0.0, size.use),
        (np.where(net.sale_signed, 0.0, -plan.sale), 0.0, size.sale),
        (-plan.imported, 0.0, size.imported),
        (-plan.disposed, 0.0, size.disposed),
    )
    largest = max(_largest(*part) for part in parts)
    return Breaches(good, reading, reading_sale, off, largest)


def _terms(net: Network, plan: Plan, made: Array) -> Array:
    """The size of what a function's value is computed of, which a sum of parts may cancel."""
    terms = np.abs(np.nan_to_num(made))
    for item in net.formulas:
        values = np.abs(np.nan_to_num(np.array(item.program.values(plan.use[item.use]), dtype=float), posinf=0.0))
        for k, step in zip(item.level.tolist(), item.program.outputs, strict=True):
            terms[k] += max((float(values[j]) for j in item.program.arguments[step]), default=0.0)
    return terms


def _largest(off: Array, terms: Array | float, ordinary: Array) -> float:
    """The largest part of its terms, or as much where it is that of an ordinary amount."""
    # What an interior point leaves where 0 is meant has no size of its own.
    of = np.minimum(np.maximum(terms, LEAST_TERMS * ordinary), LITTLE / BALANCED * ordinary)
    relative = np.where(off > 0, off / of, 0.0)
    return float(np.max(np.nan_to_num(relative, nan=np.inf), initial=0.0))
