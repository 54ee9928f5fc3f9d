"""How far a point is from satisfying the first-order conditions of an Evaluator's problem.

grad f(x) + lambda' dg/dx - z_lower + z_upper = 0,    g_lower <= g(x) <= g_upper,
x_lower <= x <= x_upper,    each multiplier times its slack = 0,    z_lower, z_upper >= 0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainopt.ipopt.evaluator import Evaluator, Vector


@dataclass(frozen=True, eq=False)
class Point:
    """Variables and multipliers, in Ipopt's signs; the multipliers of bounds are non-negative."""

    x: Vector
    multipliers: Vector
    lower: Vector
    upper: Vector


def kkt_error(evaluator: Evaluator, point: Point) -> tuple[float, float, float]:
    """Stationarity, feasibility and complementarity of a point: the greatest violation of each.

    Stationarity is relative to the sum of the absolute terms of its equation, feasibility to the
    value of the row or variable, complementarity to the objective, and each of these to at least 1.
    """
    x, multipliers = point.x, point.multipliers
    gradient = evaluator.gradient(x)
    jacobian = evaluator.jacobian_matrix(x)
    residual = gradient + jacobian.T @ multipliers - point.lower + point.upper
    terms = np.abs(gradient) + abs(jacobian).T @ np.abs(multipliers) + point.lower + point.upper
    values = np.concatenate([evaluator.constraints(x), x])
    below = np.concatenate([evaluator.g_lower, evaluator.x_lower]) - values
    above = values - np.concatenate([evaluator.g_upper, evaluator.x_upper])
    pull = np.concatenate([np.maximum(-multipliers, 0), point.lower])
    push = np.concatenate([np.maximum(multipliers, 0), point.upper])
    # A multiplier towards a bound that does not exist is itself the violation.
    slack = pull * np.where(np.isfinite(below), np.abs(below), 1)
    slack += push * np.where(np.isfinite(above), np.abs(above), 1)
    return (
        greatest(np.abs(residual) / np.maximum(1, terms)),
        greatest(np.maximum(0, np.maximum(below, above)) / np.maximum(1, np.abs(values))),
        greatest(slack) / max(1.0, abs(evaluator.objective(x))),
    )


def row_gaps(e: Evaluator, x: Vector) -> Vector:
    """By how much each row is violated."""
    values = e.constraints(x)
    return np.maximum(0, np.maximum(e.g_lower - values, values - e.g_upper))


def hessian_matrix(e: Evaluator, x: Vector, multipliers: Vector) -> Vector:
    """f'' + multipliers' g'' as a dense matrix, both triangles."""
    rows, columns = e.hessianstructure()
    lower = np.zeros((x.size, x.size))
    lower[rows, columns] = e.hessian(x, multipliers, 1.0)
    return lower + np.tril(lower, -1).T


def not_finite(e: Evaluator, x: Vector) -> str:
    """Names of the objective and rows whose value or slope at x is not finite."""
    rows = e.jacobianstructure()[0]
    bad = ~np.isfinite(e.constraints(x))
    bad[rows[~np.isfinite(e.jacobian(x))]] = True
    names = [f"constraint '{e.rows[i].name}'" for i in np.flatnonzero(bad)[:5]]
    if e.target is not None and not (np.isfinite(e.objective(x)) and np.isfinite(e.gradient(x)).all()):
        names.insert(0, f"objective '{e.target.name}'")
    return ", ".join(names) or "a second derivative"


def greatest(values: Vector) -> float:
    """max |v|, 0 for no values, inf where one is not a number."""
    return float(np.nan_to_num(np.abs(values), nan=np.inf, posinf=np.inf).max(initial=0.0))


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


def active_set(problem: Evaluator, point: Point, jacobian: Vector) -> Active:
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
    row_sign, row_strong = np.where(equal, 0.0, sign)[rows], (equal | (force >= _ACTIVE))[rows]
    return Active(rows, row_sign, row_strong, bounds, np.where(fixed, 0.0, bound_sign)[bounds], strong[bounds])
