"""Prices by re-solving: one-sided differences of the optimal value, and how far a price holds.

right = (V(e + h) - V(e))/h   <=   low  <=  high   <=   left = (V(e) - V(e - h))/h   on a concave chain

Each re-solve starts from the plan already found; they run side by side in processes of their own.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import active_children, get_context

import numpy as np
import pandas as pd

from chainopt.scenarios.change import again, known_good
from chainopt.solution.solution import Solution
from chainopt.words.status import Status

_STEP = 1e-4
QUICK = 5.0


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
    moved = dict(zip(net.goods, derivatives.operations.measure.moved, strict=True))
    sizes = [step * (moved[name] or 1.0) for name in names]
    base = replace(solution, multipliers=None, derivatives=None, intervals=None)
    tasks = [(base, name, sign * h) for name, h in zip(names, sizes, strict=True) for sign in (1, -1)]
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


def _value(task: tuple[Solution, str, float]) -> float:
    known, good, more = task
    solution = again(known, good, more)
    return solution.objective if solution.status is Status.OPTIMAL and solution.objective is not None else np.nan


def _side_by_side(tasks: list[tuple[Solution, str, float]], workers: int) -> list[float]:
    if workers == 1 or len(tasks) < 4:
        return [_value(task) for task in tasks]
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        with _unheard():
            values = pool.map(_value, tasks, chunksize=max(1, len(tasks) // (4 * workers)))
        return list(values)
    except BaseException:
        for worker in set(active_children()) - others:
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _unheard() -> Iterator[None]:
    """Whatever starts meanwhile never hears of Ctrl-C, which a terminal sends to workers too."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
