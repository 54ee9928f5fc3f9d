"""Prices by re-solving: one-sided differences of the optimal value, and how far a price holds.

right = (V(e + h) - V(e))/h   <=   low  <=  high   <=   left = (V(e) - V(e - h))/h   on a concave chain

Each re-solve starts from the plan already found; they run side by side in processes of their own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np
import pandas as pd

from chainopt.chain import Chain
from chainopt.names import key, nearest
from chainopt.solution import Solution
from chainopt.solve import solve
from chainopt.status import Status

_STEP = 1e-4
_QUICK = 5.0


def differences(
    solution: Solution,
    *,
    goods: Sequence[str] | None = None,
    step: float = _STEP,
    workers: int | None = None,
) -> pd.DataFrame:
    """One-sided differences of the optimal value in each good's supply, by re-solves.

    step is the part of what the good moves by which its supply changes. Columns: good, step (in units of the
    good), right, left (money per unit); nan where a re-solve is not certified, as where less supply is
    infeasible. workers processes, by default one for each core (a script needs the usual `if __name__ ==
    "__main__"`), 1 to stay in this one. Raises ValueError for a good that is not there.
    """
    net, derivatives = solution.net, solution.derivatives
    if solution.objective is None or net is None or derivatives is None:
        raise ValueError(f"a solution that is {solution.status} has no differences")
    names = [known_good(solution.chain, name) for name in goods] if goods is not None else list(net.goods)
    moved = dict(zip(net.goods, derivatives.operations.throughput, strict=True))
    sizes = [step * (moved[name] or 1.0) for name in names]
    base = replace(solution, multipliers=None, derivatives=None, intervals=None)
    tasks = [(base, name, sign * h) for name, h in zip(names, sizes, strict=True) for sign in (1, -1)]
    # Processes take some seconds to start, which a small chain's re-solves don't.
    quick = len(tasks) * sum(solution.seconds.values()) < _QUICK
    values = _side_by_side(tasks, workers or (1 if quick else os.cpu_count() or 1))
    best = solution.objective
    return pd.DataFrame(
        {
            "good": names,
            "step": sizes,
            "right": [(up - best) / h for up, h in zip(values[::2], sizes, strict=True)],
            "left": [(best - down) / h for down, h in zip(values[1::2], sizes, strict=True)],
        }
    )


def known_good(chain: Chain, name: str) -> str:
    """A good's own spelling of its name; raises ValueError where the chain has no such good."""
    names = {key(good.good): good.good for good in chain.goods}
    if key(name) not in names:
        raise ValueError(f'there is no good "{name}"{nearest(name, names.values())}')
    return names[key(name)]


def with_supply(chain: Chain, good: str, more: float) -> Chain:
    """The chain with more (or less) of a good supplied."""
    goods = [replace(item, supply=item.supply + more) if item.good == good else item for item in chain.goods]
    return Chain(
        goods, chain.processes, parameters=chain.parameters, settings=chain.settings, observed=chain.observed
    )


def _value(task: tuple[Solution, str, float]) -> float:
    known, good, more = task
    solution = solve(with_supply(known.chain, good, more), start=known)
    return solution.objective if solution.status is Status.OPTIMAL and solution.objective is not None else np.nan


def _side_by_side(tasks: list[tuple[Solution, str, float]], workers: int) -> list[float]:
    if workers == 1 or len(tasks) < 4:
        return [_value(task) for task in tasks]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_value, tasks, chunksize=max(1, len(tasks) // (4 * workers))))


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
    sizes = dict(zip(solution.net.goods, solution.derivatives.operations.throughput, strict=True))
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
        if kind == 0:
            text = f"{net.processes[net.use_process[index]]} uses {net.goods[net.use_good[index]]}"
        elif kind == 1:
            text = f"{net.processes[net.level_process[index]]} runs"
        elif kind in (2, 3, 4):
            text = f"{net.goods[index]} is {('sold', 'imported', 'thrown away')[kind - 2]}"
        else:
            continue
        pattern[text] = bool(active)
    for limit, binds in zip(net.limits, ops.may[ops.rent_columns], strict=True):
        if limit.kind in ("capacity", "min level"):
            of = net.processes[net.level_process[limit.index]]
        elif limit.kind == "max use":
            of = f"{net.goods[net.use_good[limit.index]]} in {net.processes[net.use_process[limit.index]]}"
        else:
            of = net.goods[limit.index]
        pattern[f"the {limit.kind} of {of} binds"] = bool(binds)
    return pattern


def _change(solution: Solution, good: str, more: float, base: dict[str, bool]) -> str:
    """What is different with this much more of a good; "" where nothing is."""
    found = solve(with_supply(solution.chain, good, more), start=solution)
    if found.status is not Status.OPTIMAL:
        return f"the chain is {found.status}"
    now = _pattern(found)
    news = [text for text, active in now.items() if active and not base.get(text, False)]
    gone = [text for text, active in base.items() if active and not now.get(text, False)]
    return "; ".join([*news, *(f"no longer: {text}" for text in gone)])
