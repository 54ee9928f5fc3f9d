"""Every derivative of a chain's functions at a plan, from the tables of technologies and primitives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import ZERO
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Slopes:
    """Partial derivatives at a plan.

    level: uses by levels, d level/d use, nan where the slope at zero is infinite; least_level: minima by
    levels; use_argument: uses by arguments of minima; least_argument: minima by those arguments;
    argument_gap: how far each argument is above its minimum, relative to both.
    """

    level: sparse.csr_array
    least_level: sparse.csr_array
    use_argument: sparse.csr_array
    least_argument: sparse.csr_array
    argument_gap: Array


def slopes(net: Network, use: Array) -> Slopes:
    """Every derivative of the chain's functions at these uses."""
    partials: list[tuple[Array, Array, Array]] = []
    with np.errstate(all="ignore"):
        for technology, batch in net.families:
            x = use[batch.use]
            slope = technology.partials(batch, x, technology.level(batch, x))
            partials.append((slope, batch.use, net.first_level[batch.process][batch.of]))
    found: dict[str, list[tuple[int, int, float]]] = {"level": [], "least_level": [], "use": [], "least": []}
    gaps: list[float] = []
    minima = 0
    for item in net.formulas:
        program = item.program
        known = program.values(use[item.use])
        least = program.minima()
        places = {step: minima + n for n, step in enumerate(least)}
        for level, step in zip(item.level, program.outputs, strict=True):
            adjoint = program.sweep(known, {step: 1.0})
            found["level"] += [(u, level, adjoint[i]) for i, u in enumerate(item.use)]
            found["least_level"] += [(n, level, adjoint[i]) for i, n in places.items()]
        for step in least:
            for argument in program.arguments[step]:
                adjoint = program.sweep(known, {argument: 1.0})
                found["use"] += [(u, len(gaps), adjoint[i]) for i, u in enumerate(item.use)]
                found["least"] += [
                    (n, len(gaps), adjoint[i] - (1.0 if i == step else 0.0)) for i, n in places.items()
                ]
                size = abs(known[argument]) + abs(known[step])
                gaps.append((known[argument] - known[step]) / size if size else 0.0)
        minima += len(least)

    def matrix(triples: list[tuple[int, int, float]], shape: tuple[int, int]) -> sparse.csr_array:
        i, j, v = zip(*triples, strict=True) if triples else ((), (), ())
        return sparse.csr_array((np.array(v, float), (np.array(i, int), np.array(j, int))), shape=shape)

    uses, levels = len(net.use_good), len(net.level_process)
    values, rows, columns = map(np.concatenate, zip(*partials, strict=True))
    families = sparse.csr_array((values, (rows, columns)), shape=(uses, levels))
    return Slopes(
        families + matrix(found["level"], (uses, levels)),
        matrix(found["least_level"], (minima, levels)),
        matrix(found["use"], (uses, len(gaps))),
        matrix(found["least"], (minima, len(gaps))),
        np.array(gaps),
    )


def running(net: Network, plan: Plan, size: Measure, share: float = ZERO, *, by_use: bool = False) -> Array:
    """Whether each process runs.

    It does where a use, or what it makes, is above this share of what counts as one; but not where what it makes
    is not, nor an essential use: the other inputs may be taken and wasted where they are worth nothing. by_use:
    what it makes is no reason, since that may be much of a good that hardly moves.
    """
    flows = (np.abs(plan.use) > share * size.use) | net.signed | (net.origin > 0)
    makes = np.zeros(len(net.processes), dtype=bool)
    np.logical_or.at(makes, net.level_process, np.abs(plan.level) > share * size.level)
    runs = makes & (not by_use)
    np.logical_or.at(runs, net.use_process, flows)
    for technology, batch in net.families:
        lacking = batch.sum(~flows[batch.use] * 1.0) > 0
        wasted = technology.essential(batch) & lacking & ~makes[batch.process]
        runs[batch.process[wasted]] = False
    return runs


def curved_uses(net: Network) -> Array:
    """Whether each use is of a smooth function whose slope rises without end as the use falls to nothing."""
    curved = np.zeros(len(net.use_good), dtype=bool)
    for technology, batch in net.families:
        curved[batch.use] = technology.steep
    return curved


def essential_uses(net: Network) -> Array:
    """Whether each use is of a smooth function that makes nothing without it."""
    needed = np.zeros(len(net.use_good), dtype=bool)
    for technology, batch in net.families:
        needed[batch.use] = technology.essential(batch)[batch.of]
    return needed
