"""How far a price holds: the supplies between which the same operations are in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.backprop.operations import DISPOSAL, IMPORT, LEVEL, SALE, USE
from chainopt.scenarios.change import again, known_good
from chainopt.solution.solution import Solution
from chainopt.words.status import Status

_DONE = {SALE: "sold", IMPORT: "imported", DISPOSAL: "thrown away"}


@dataclass(frozen=True, slots=True)
class Holding:
    """How far a good's price holds: the supplies between which the same operations are in use.

    less and more are supplies (infinite: no change found); below and above say what changes there.
    """

    good: str
    supply: float
    less: float
    more: float
    below: str
    above: str

    def __str__(self) -> str:
        ends = (("less than", self.less, self.below), ("more than", self.more, self.above))
        changes = [f"with {word} {end:.6g}: {change}" for word, end, change in ends if change]
        return f"The price of {self.good} holds: " + ("; ".join(changes) or "no change found")


def holding(solution: Solution, good: str, *, precision: float = 1e-3, reach: float = 100.0) -> Holding:
    """The range of a good's supply over which the set of operations in use, and so the price's law, stays.

    Found by steps that double, up to `reach` times what the good moves, then by halving to `precision` of the
    step. Raises ValueError for a good that is not there, or a solution that is not certified.
    """
    if not solution.certified or solution.net is None or solution.derivatives is None:
        raise ValueError(f"a solution that is {solution.status} holds no price")
    name = known_good(solution.chain, good)
    base = _pattern(solution)
    supply = solution.chain.good(name).supply
    sizes = dict(zip(solution.net.goods, solution.derivatives.operations.measure.moved, strict=True))
    size = sizes.get(name) or 1.0
    ends = []
    for sign in (-1, 1):
        near, far, change = 0.0, 1e-3 * size, ""
        while far <= reach * size and not (change := _change(solution, name, sign * far, base)):
            near, far = far, 2 * far
        if not change:
            ends.append((sign * np.inf, ""))
            continue
        while far - near > precision * far:
            middle = 0.5 * (near + far)
            found = _change(solution, name, sign * middle, base)
            near, far, change = (near, middle, found) if found else (middle, far, change)
        ends.append((supply + sign * 0.5 * (near + far), change))
    (less, below), (more, above) = ends
    return Holding(name, supply, less, more, below, above)


def _pattern(solution: Solution) -> dict[str, bool]:
    """The operations in use and the limits that bind, by a name that another solve has too."""
    net, derivatives = solution.net, solution.derivatives
    assert net and derivatives
    ops = derivatives.operations
    pattern: dict[str, bool] = {}
    for kind, index, active in zip(ops.kind, ops.index, ops.active, strict=True):
        if kind == USE:
            text = f"{net.processes[net.use_process[index]]} uses {net.goods[net.use_good[index]]}"
        elif kind == LEVEL:
            text = f"{net.processes[net.level_process[index]]} runs"
        elif kind in _DONE:
            text = f"{net.goods[index]} is {_DONE[kind]}"
        else:
            continue
        pattern[text] = bool(active)
    for limit, binds in zip(net.limits, ops.may[ops.rent_columns], strict=True):
        pattern[f"the {net.named(limit)} binds"] = bool(binds)
    return pattern


def _change(solution: Solution, good: str, more: float, base: dict[str, bool]) -> str:
    """What is different with this much more of a good; "" where nothing is."""
    found = again(solution, good, more)
    if found.status is not Status.OPTIMAL:
        return f"the chain is {found.status}"
    now = _pattern(found)
    news = [text for text, active in now.items() if active and not base.get(text, False)]
    gone = [text for text, active in base.items() if active and not now.get(text, False)]
    return "; ".join([*news, *(f"no longer: {text}" for text in gone)])
