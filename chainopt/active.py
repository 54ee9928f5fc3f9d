"""Which rows and bounds of a problem a point stands at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainopt.nl import Problem, Vector
from chainopt.optimality import Point

_ACTIVE = 1e-4


@dataclass(frozen=True, eq=False)
class Active:
    """The active rows and bounds of a point, each with its sign (+1 an upper one, -1 a lower, 0 both), and whether
    it is strongly active."""

    rows: Any
    row_sign: Vector
    row_strong: Any
    bounds: Any
    bound_sign: Vector
    bound_strong: Any


def active_set(problem: Problem, point: Point, jacobian: Vector) -> Active:
    """Active: within 1e-4 of the bound, relative; strongly: with a multiplier that is not small either."""
    pull = max(1.0, float(np.abs(problem.gradient(point.x)).max(initial=0.0)))

    def near(values: Vector, lower: Vector, upper: Vector) -> tuple[Any, Any, Any]:
        size = np.maximum(1.0, np.abs(values))
        low, high = (values - lower) / size <= _ACTIVE, (upper - values) / size <= _ACTIVE
        return np.flatnonzero(low | high), high.astype(float) - low, lower == upper

    rows, sign, equal = near(problem.constraints(point.x), problem.g_lower, problem.g_upper)
    force = np.abs(point.multipliers) * np.abs(jacobian).max(axis=1, initial=0.0) / pull
    bounds, bound_sign, fixed = near(point.x, problem.x_lower, problem.x_upper)
    strong: Any = fixed | (np.maximum(point.lower, point.upper) / pull >= _ACTIVE)
    return Active(
        rows,
        np.where(equal, 0.0, sign)[rows],
        (equal | (force >= _ACTIVE))[rows],
        bounds,
        np.where(fixed, 0.0, bound_sign)[bounds],
        strong[bounds],
    )
