"""Whether an optimum is global: the planner's problem is concave at its multipliers.

A process whose level is concave in its inputs may stand with lambda >= 0, a convex one with lambda <= 0, an
affine one with either; then the Lagrangian is concave, and a point that satisfies the KKT conditions is a
global optimum. So may any process that stands idle with lambda <= 0 and pays nothing, where no input's price is
negative: of a level that is never negative, lambda level - pi . use <= 0 whatever it takes. Demand curves are
concave. So is the only plan that there is, as of a program without loops. Otherwise only the neighbourhood is
known.
"""

from __future__ import annotations

import numpy as np

from chainopt.network.measure import Measure
from chainopt.network.multipliers import Multipliers, level_values, use_prices
from chainopt.network.network import Network
from chainopt.network.order import dependencies, layers
from chainopt.network.plan import Plan
from chainopt.network.tolerances import CERTIFIED
from chainopt.technology.arrays import Array
from chainopt.technology.curvature import shapes


def bent(net: Network, plan: Plan, multipliers: Multipliers, size: Measure) -> list[str]:
    """The processes that keep the problem from being concave; none means that an optimum is global.

    size is the plan's measure.
    """
    if _without_choice(net):
        return []
    value = level_values(net, multipliers)
    money = abs(net.yields) @ np.abs(multipliers.price) + np.abs(net.unit_cost)
    sign = np.where(np.abs(value) <= CERTIFIED * money, 0, np.sign(value))
    unwanted = _unwanted(net, plan, multipliers, value, size)
    found: list[int] = []
    for technology, batch in net.families:
        level = sign[net.first_level[batch.process]]
        fits = (technology.concave(batch) & (level >= 0)) | (level == 0) | unwanted[batch.process]
        found += [] if technology.affine else list(batch.process[~fits])
    for item in net.formulas:
        signed = [bool(net.signed[u]) for u in item.use]
        for shape, level in zip(shapes(item.program, signed), sign[item.level], strict=True):
            if not (shape.affine or level == 0 or (shape.concave if level > 0 else shape.convex)):
                found.append(item.process)
                break
    return [net.processes[p] for p in sorted(found)]


def _unwanted(net: Network, plan: Plan, multipliers: Multipliers, value: Array, size: Measure) -> Array:
    """Which processes lose by running whatever they take, and neither earn nor pay at the plan.

    A price is negative by the money of what its good moves, or would in an ordinary plan.
    """
    noise = CERTIFIED * size.noise
    pays = use_prices(net, multipliers)
    money = np.bincount(net.level_process, np.abs(value * plan.level), len(net.processes))
    money += np.bincount(net.use_process, np.abs(pays * plan.use), len(net.processes))
    unwanted = money <= noise
    for technology, batch in net.families:
        unwanted[batch.process] &= technology.at_least_nothing
    np.logical_and.at(unwanted, net.level_process, value <= 0)
    np.logical_and.at(unwanted, net.use_process, pays * size.use >= -noise)
    return unwanted


def _without_choice(net: Network) -> bool:
    """Whether a chain has one plan only: every good is read whole, and every level follows from its inputs."""
    if net.rival.any() or net.leontief.any() or net.imports.any() or net.disposes.any():
        return False
    return not any(layer.cycles for layer in layers(dependencies(net)))
