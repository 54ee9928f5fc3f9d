"""Prices by re-solving: one-sided differences of the optimal value, and how far a price holds.

right = (V(e + h) - V(e))/h   <=   low  <=  high   <=   left = (V(e) - V(e - h))/h   on a concave chain

Each re-solve starts from the plan already found; they run side by side in processes of their own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from chainopt.machine.apart import fresh
from chainopt.scenarios.change import SUPPLY, Figure, again, known_good
from chainopt.solution.solution import Solution
from chainopt.words.status import Status

_STEP = 1e-4
QUICK = 5.0


def differences(
    solution: Solution, *, goods: Sequence[str] | None = None, step: float = _STEP, workers: int | None = None
) -> pd.DataFrame:
    """One-sided differences of the optimal value in each good's supply, by re-solves.

    step is the part of what the good moves by which its supply changes. Columns: good, step (in units of the
    good), right, left (money per unit); nan where a re-solve is not certified, as where less supply is
    infeasible. workers processes, by default one for each core, 1 to stay in this one. Raises ValueError for a
    good that is not there.
    """
    net, derivatives = solution.net, solution.derivatives
    if solution.objective is None or net is None or derivatives is None:
        raise ValueError(f"a solution that is {solution.status} has no differences")
    names = [known_good(solution.chain, name) for name in goods] if goods is not None else list(net.goods)
    moved = dict(zip(net.goods, derivatives.operations.measure.moved, strict=True))
    sizes = [step * (moved[name] or 1.0) for name in names]
    base = replace(solution, multipliers=None, derivatives=None, intervals=None)
    supply = {name: Figure(name, SUPPLY, name, None, solution.chain.good(name).supply) for name in names}
    tasks = [(base, supply[name], sign * h) for name, h in zip(names, sizes, strict=True) for sign in (1, -1)]
    # Processes take some seconds to start, which a small chain's re-solves don't.
    quick = len(tasks) * sum(solution.seconds.values()) < QUICK
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


def _values(tasks: list[tuple[Solution, Figure, float]]) -> list[float]:
    """The value of each task; nan where its solution is not certified."""
    solved = (again(*task) for task in tasks)
    return [np.nan if s.status is not Status.OPTIMAL or s.objective is None else s.objective for s in solved]


def _side_by_side(tasks: list[tuple[Solution, Figure, float]], workers: int) -> list[float]:
    """The value of each task; every worker takes one of so many in turn."""
    if workers == 1 or len(tasks) < 4 or not sys.executable:
        return _values(tasks)
    values = np.empty(len(tasks))
    shares = [partial(_values, tasks[first::workers]) for first in range(min(workers, len(tasks)))]
    for first, share in enumerate(fresh(shares)):
        values[first::workers] = share
    return values.tolist()
