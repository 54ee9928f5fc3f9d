"""Digits that an interior point leaves open, by Newton's steps on the equations of its active rows and bounds.

    f'(x) + lambda' g'(x) = 0  in the variables that are at no bound,      g_i(x) = b_i  for the active rows i

Where a multiplier and its slack are both 0 an interior point has each to the root of its tolerance only. Taken for
equations, with least squares where these are dependent, the active rows and bounds give both to the last digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, lstsq

from chainopt.ipopt.evaluator import Evaluator
from chainopt.ipopt.optimality import Active, Point, active_set, greatest, hessian_matrix, kkt_error

MOST = 200
"""Variables above which the dense matrices would cost more than the solve."""
_STEPS = 60
_STILL = 1e-16
_FAR = 1e-3
_EXACT, _SHARP = 1e-14, 1e-8
"""An error that is rounding; and one at which a point is solved whatever tolerance was asked for."""
_RANK = 1e-10


@np.errstate(all="ignore")
def sharpened(problem: Evaluator, point: Point) -> Point | None:
    """A point beside this one that meets the first-order conditions better.

    None where nothing is open at this one, every active row and bound having a multiplier; and where Newton's
    steps lead away, or to a worse point.
    """
    if point.x.size > MOST:
        return None
    active = active_set(problem, point, problem.jacobian_matrix(point.x).toarray())
    if active.row_strong.all() and active.bound_strong.all():
        return None
    most = min(_SHARP, max(_EXACT, *kkt_error(problem, point)))
    every = np.ones(len(active.rows), dtype=bool), np.ones(len(active.bounds), dtype=bool)
    for rows, bounds in (every, (active.row_strong, active.bound_strong)):
        found = _settled(problem, point, active, rows, bounds)
        if found is not None and max(kkt_error(problem, found)) <= most:
            return found
    return None


def _settled(problem: Evaluator, point: Point, active: Active, rows: Any, bounds: Any) -> Point | None:
    """Where Newton's steps settle with these of the active rows and bounds as equations."""
    rows, row_sign = active.rows[rows], active.row_sign[rows]
    bounds, bound_sign = active.bounds[bounds], active.bound_sign[bounds]
    x, multipliers = point.x.copy(), np.zeros(point.multipliers.size)
    multipliers[rows] = point.multipliers[rows]
    x[bounds] = np.where(bound_sign > 0, problem.x_upper[bounds], problem.x_lower[bounds])
    side = np.where(row_sign > 0, problem.g_upper[rows], problem.g_lower[rows])
    free = np.setdiff1d(np.arange(x.size), bounds)
    size = np.maximum(1.0, np.abs(point.x))
    for _ in range(_STEPS):
        slopes = problem.jacobian_matrix(x).toarray()[np.ix_(rows, free)]
        curvature = hessian_matrix(problem, x, multipliers)[np.ix_(free, free)]
        matrix = np.block([[curvature, slopes.T], [slopes, np.zeros((len(rows), len(rows)))]])
        right = np.concatenate([-problem.gradient(x)[free], side - problem.constraints(x)[rows]])
        if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
            return None
        try:
            step = lstsq(matrix, right, cond=_RANK, lapack_driver="gelsy")[0]
        except LinAlgError:
            return None
        before = multipliers[rows]
        x[free] += step[: len(free)]
        multipliers[rows] = step[len(free) :]
        if greatest((x - point.x) / size) > _FAR:
            return None
        turned = greatest((multipliers[rows] - before) / np.maximum(1.0, np.abs(before)))
        if max(greatest(step[: len(free)] / size[free]), turned) <= _STILL:
            break
    left = problem.gradient(x) + problem.jacobian_matrix(x).T @ multipliers
    lower, upper = np.zeros(x.size), np.zeros(x.size)
    lower[bounds] = np.where(bound_sign <= 0, np.maximum(left[bounds], 0.0), 0.0)
    upper[bounds] = np.where(bound_sign >= 0, np.maximum(-left[bounds], 0.0), 0.0)
    return Point(x, multipliers, lower, upper)
