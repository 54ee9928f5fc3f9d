"""A chain solved again with a little more of a good: by how much each amount of the plan moves, per unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import chainopt as co
from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.network.plan import Plan

_STEPS = 1e-3, 1e-4, 1e-2, 1e-5, 5e-2


def with_more(chain: co.Chain, good: str, amount: float) -> co.Chain:
    """The chain with so much more of the good's supply."""
    goods = [replace(each, supply=each.supply + amount) if each.good == good else each for each in chain.goods]
    return co.Chain(goods, chain.processes, parameters=chain.parameters, settings=chain.settings)


def moved(net: Network, plan: Plan, size: Measure) -> np.ndarray:
    """All amounts of a plan, or of its change, in what counts as one of each; but readings of non-rival goods."""
    of_rival = net.rival[net.use_good]
    by_good = [getattr(plan, name) / size.good for name in ("sale", "imported", "disposed")]
    return np.concatenate([(plan.use / size.use)[of_rival], plan.level / size.level, *by_good])


def quotients(chain: co.Chain, solution: co.Solution, g: int, sign: int) -> Iterator[np.ndarray]:
    """The change of `moved` per unit of a good by re-solves at several steps, each extrapolated to a step of 0:
    of too large a step another plan comes of it, and of too small a one the solver's digits. None where the
    re-solves are not certified or move through other processes.
    """
    net, plan = solution.net, solution.plan
    assert net is not None
    assert plan is not None
    assert solution.derivatives is not None
    size = solution.derivatives.operations.measure
    base, here = max(float(size.moved[g]), 0.01 * float(size.good[g])), moved(net, plan, size)
    for step in _STEPS:
        found = []
        for amount in (step * base, 0.5 * step * base, 0.25 * step * base):
            again = co.solve(with_more(chain, net.goods[g], sign * amount))
            if not again.certified or again.net is None or again.plan is None:
                break
            if (again.net.goods, again.net.processes) != (net.goods, net.processes):
                break
            found.append((moved(net, again.plan, size) - here) / amount)
            if len(found) == 2:
                yield 2.0 * found[1] - found[0]
            if len(found) == 3:
                yield (8.0 * found[2] - 6.0 * found[1] + found[0]) / 3.0
