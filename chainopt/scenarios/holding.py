"""How far a price or a rent holds: the supplies, or limits, between which the same operations are in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.backprop.operations import in_words
from chainopt.chain.checks import ChainError
from chainopt.network.plan import limited_amount
from chainopt.scenarios.change import SUPPLY, Figure, again, known_figure
from chainopt.solution.solution import Solution
from chainopt.words.figures import contrasted
from chainopt.words.status import Status


@dataclass(frozen=True, slots=True)
class Holding:
    """How far a good's price, or a limit's rent, holds: the supplies between which the same operations are in use.

    good is the name asked for, supply the good's supply, or the limit; less and more are supplies, or limits
    (infinite: no change found); below and above say what changes there; figure is what was asked for.
    """

    good: str
    supply: float
    less: float
    more: float
    below: str
    above: str
    figure: Figure

    @property
    def worth(self) -> str:
        """What holds, in words."""
        return self.figure.worth

    def __str__(self) -> str:
        ends = (("less than", self.less, self.below), ("more than", self.more, self.above))
        shown = [contrasted(end, self.supply)[0] for _, end, _ in ends]
        changes = [
            f"with {word} {text}: {change}" for (word, _, change), text in zip(ends, shown, strict=True) if change
        ]
        return f"The {self.worth} holds: " + ("; ".join(changes) or "no change found")


def holding(solution: Solution, good: str, *, precision: float = 1e-3, reach: float = 100.0) -> Holding:
    """The range of a good's supply over which the set of operations in use, and so the price's law, stays.

    So of a limit, by name and column: mill.capacity, mill.min level, mill.max ore, ore.max sale. Found by steps
    that double, up to `reach` times what the good moves, or the limit limits, then by halving to `precision` of
    the step. Raises ValueError for a good or a limit that is not there, or a solution that is not certified.
    """
    if not solution.certified or solution.net is None or solution.derivatives is None:
        raise ValueError(f"a solution that is {solution.status} holds no price")
    figure = known_figure(solution.chain, good)
    base = _pattern(solution)
    size = _moved(solution, figure) or 1.0
    # A limit that nothing is near may be far above what it limits: down to there, or up.
    furthest = reach * size if figure.kind == SUPPLY else max(reach * size, abs(figure.value) + size)
    ends = []
    for sign in (-1, 1):
        near, far, change = 0.0, 1e-3 * size, ""
        while far <= furthest and not (change := _change(solution, figure, sign * far, base)):
            near, far = far, 2 * far
        if not change:
            ends.append((sign * np.inf, ""))
            continue
        while far - near > precision * min(far, size if figure.kind != SUPPLY else far):
            middle = 0.5 * (near + far)
            found = _change(solution, figure, sign * middle, base)
            near, far, change = (near, middle, found) if found else (middle, far, change)
        # What was seen to hold, not what was seen to have changed.
        ends.append((figure.value + sign * near, change))
    (less, below), (more, above) = ends
    return Holding(figure.name, figure.value, less, more, below, above, figure)


def _moved(solution: Solution, figure: Figure) -> float:
    """What a good moves, or the amount that a limit limits."""
    net, plan, derivatives = solution.net, solution.plan, solution.derivatives
    assert net and plan and derivatives
    if figure.kind == SUPPLY:
        moved = derivatives.operations.measure.moved
        return float(dict(zip(net.goods, moved, strict=True)).get(figure.good or "", 0.0))
    amounts = zip(net.limits, limited_amount(net, plan), strict=True)
    ours = figure.kind, figure.good, figure.process
    return next((abs(amount) for limit, amount in amounts if (limit.kind, *net.whose(limit)) == ours), 0.0)


def _pattern(solution: Solution) -> dict[str, bool]:
    """The operations in use and the limits that bind, by a name that another solve has too."""
    net, derivatives = solution.net, solution.derivatives
    assert net and derivatives
    ops = derivatives.operations
    rows = zip(ops.kind.tolist(), ops.index.tolist(), ops.active.tolist(), strict=True)
    pattern = {text: active for kind, index, active in rows if (text := in_words(net, kind, index))}
    for limit, binds in zip(net.limits, ops.may[ops.rent_columns], strict=True):
        pattern[f"the {net.named(limit)} binds"] = bool(binds)
    return pattern


def _change(solution: Solution, figure: Figure, more: float, base: dict[str, bool]) -> str:
    """What is different with this much more of a figure; "" where nothing is."""
    try:
        found = again(solution, figure, more)
    except ChainError as error:
        return f"no such limit can be ({error.problems[0].text})"
    if found.status is not Status.OPTIMAL:
        return f"the chain is {found.status}"
    now = _pattern(found)
    news = [text for text, active in now.items() if active and not base.get(text, False)]
    gone = [text for text, active in base.items() if active and not now.get(text, False)]
    return "; ".join([*news, *(f"no longer: {text}" for text in gone)])
