"""chainopt's planner: a chain of records to prices through Ipopt, with its own defaults.

Beside what every route does it makes the records, and audits the answer by back-propagation: phases of their own.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from layered import Layered, chain

import chainopt as co
from routes.answer import Answer


def solve(numbers: Layered, tolerance: float | None = None, method: str = "ipopt") -> Answer:
    """Records, solve, and the table of verdicts with the story of every price."""
    begun = time.perf_counter()
    made = chain(numbers)
    ready = time.perf_counter()
    solution = co.solve(made, method=method, tolerance=tolerance)
    ended = time.perf_counter()
    if solution.multipliers is None:
        seconds = {"solve": ended - ready, "records": ready - begun, "end to end": ended - begun}
        return Answer(solution.status.value, np.full(numbers.goods, np.nan), np.nan, seconds)
    seconds = dict(solution.seconds)
    seconds |= {"records": ready - begun, "other": ended - ready - sum(seconds.values())}
    co.audit(solution)
    co.stories(solution)
    seconds |= {"verdicts": time.perf_counter() - ended, "end to end": ended - begun}
    note: dict[str, Any] = {"solver": solution.solver, "message": solution.message}
    if solution.derivatives is not None:
        swept = np.asarray(solution.derivatives.price)
        with np.errstate(all="ignore"):
            note["swept"] = float(np.nanmax(np.abs(swept / solution.multipliers.price - 1.0)))
    return Answer(
        status=solution.status.value,
        price=by_good(numbers, solution),
        value=float(solution.objective or np.nan),
        seconds=seconds,
        iterations=solution.iterations,
        note=note,
    )


def by_good(numbers: Layered, solution: co.Solution) -> np.ndarray:
    """Prices in the order of the numbers: a solution's has left out what can't run."""
    assert solution.net is not None
    assert solution.multipliers is not None
    known = dict(zip(solution.net.goods, solution.multipliers.price.tolist(), strict=True))
    names = (f"g{g // numbers.width}.{g % numbers.width}" for g in range(numbers.goods))
    return np.array([known.get(name, np.nan) for name in names])
