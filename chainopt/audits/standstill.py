"""What an idle process would lose on its first unit of level, at the prices of a certified solution.

    loss = cost of the inputs that a first unit takes + unit cost - what it sells for

    leontief             its recipe                         sum_u a_u pi_u
    cobb-douglas, ces    the cheapest mix                   sum_u d_u pi_u
    all else             the input that brings most         min_u pi_u / (df/dx_u)

A good of which nothing moves counts at what it would cost where it is taken, at what it would bring where it is
made. Rents of its own limits are left out. It is nan where a process runs, and where a first unit takes no finite
amount.
"""

from __future__ import annotations

import numpy as np

from chainopt.backprop.idle import starts, steep_idle
from chainopt.network.multipliers import use_prices
from chainopt.network.tolerances import FREE
from chainopt.solution.solution import Solution, first_units
from chainopt.technology.arrays import Array


def first_unit_losses(solution: Solution) -> Array:
    """By level of the solution's net, the loss of a first unit where its process stands idle, in the objective's
    money per unit; nan elsewhere. Raises ValueError where the solution has no prices.
    """
    net, plan, multipliers = solution.net, solution.plan, solution.multipliers
    if not (net and plan and multipliers and solution.derivatives and solution.intervals):
        raise ValueError(f"a solution that is {solution.status} has no prices")
    ops = solution.derivatives.operations
    size, price = ops.measure, first_units(solution)
    bought = _costs(solution.intervals.high, size.still, price)
    paid = np.where(net.rival[net.use_good], bought[net.use_good], use_prices(net, multipliers))
    first = net.first_level
    cost = np.full(len(first), np.inf)
    recipe = np.bincount(net.use_process, net.coefficient * paid, len(first))
    cost[net.leontief] = recipe[net.leontief]
    earned = net.yields @ price - net.unit_cost
    _by_slopes(solution, earned, paid, cost)
    begin = starts(net, steep_idle(net, plan, size), size)
    if len(begin.level):
        mixes = begin.mixes(paid[begin.use], FREE * size.noise / begin.moved)
        cost[net.level_process[begin.level]] = mixes @ paid[begin.use]
    loss = np.full(len(net.level_process), np.nan)
    idle = ~ops.runs & np.isfinite(cost)
    loss[first[idle]] = (cost - earned[first])[idle]
    return loss


def _costs(high: Array, still: Array, price: Array) -> Array:
    """What a first unit of each good costs its buyer: its price, where nothing of it moves the high end of it."""
    return np.where(still & np.isfinite(high), high, price)


def _by_slopes(solution: Solution, earned: Array, paid: Array, cost: Array) -> None:
    """Set, by smooth process, the least cost of a first unit by one input, less what its other levels bring."""
    net, derivatives = solution.net, solution.derivatives
    assert net is not None
    assert derivatives is not None
    by_use = derivatives.operations.slopes.level.tocsr()
    with np.errstate(all="ignore"):
        for u in np.flatnonzero(~net.use_leontief & ~derivatives.operations.runs[net.use_process]):
            p = net.use_process[u]
            row = slice(by_use.indptr[u], by_use.indptr[u + 1])
            slope = dict(zip(by_use.indices[row].tolist(), by_use.data[row].tolist(), strict=True))
            made = slope.pop(int(net.first_level[p]), 0.0)
            if np.isfinite(made) and made > 0:
                beside = sum(earned[level] * brought for level, brought in slope.items())
                cost[p] = min(cost[p], (paid[u] - beside) / made)
