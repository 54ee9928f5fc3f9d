"""What first-order conditions leave open at a solved point, by small dense matrices.

    curvature     d' W d >= 0 for every d that keeps the active rows and bounds, W = f'' + sum_i lambda_i g_i''
    dependence    A' y = 0 with y != 0, A the gradients of the active rows and bounds: lambda + t y is as good
    growth        multipliers that grow as the tolerance is tightened: there are none (no constraint qualification)
    sharpness     digits that an interior point lacks where a multiplier and its slack are both 0 (`sharpening`)

A point of negative curvature is a saddle or a local maximum: the solve starts again beside it, along d. Models of
more than `MOST` variables or active rows are not reviewed, and the notes say so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import scipy
from scipy import sparse
from scipy.linalg import eigh

from chainopt.ipopt.evaluator import Evaluator, Vector
from chainopt.ipopt.interior import Outcome, outcome_at
from chainopt.ipopt.optimality import Active, Point, active_set, hessian_matrix
from chainopt.ipopt.sharpening import sharpened
from chainopt.words.names import some
from chainopt.words.status import Status

MOST = 500
_CURVED = -1e-6
_RANK, _NEARLY = 1e-9, 1e-5
"""Least size of a gradient beside what others leave of it; and one that a point which is right to the root of its
tolerance, where rows bend, can't tell from 0."""
_RESTARTS = 3
_STEP = 0.1
_LARGE = 1e4
_GROWTH = 5.0
_RELAXED = 1e-6
_CONE = 1e-6
_listed = partial(some, most=4, spell="'{}'")

Rerun = Callable[[Evaluator], Outcome]
"""Solves a problem as the one under review was solved."""


def reviewed(problem: Evaluator, outcome: Outcome, rerun: Rerun) -> Outcome:
    """The outcome, or a better one beside a saddle; UNCERTIFIED where its point or multipliers don't stand."""
    if outcome.status not in (Status.OPTIMAL, Status.UNCERTIFIED) or not problem.x0.size:
        return outcome
    if problem.x0.size > MOST or problem.g_lower.size > 2 * MOST:
        note = f"second-order conditions and the uniqueness of multipliers: not checked above {MOST} variables"
        return replace(outcome, notes=(*outcome.notes, note))
    if outcome.status is Status.OPTIMAL:
        outcome = _off_saddles(problem, outcome, rerun)
    if outcome.status in (Status.OPTIMAL, Status.UNCERTIFIED):
        outcome = _without_growth(problem, outcome, rerun)
    if outcome.status is Status.OPTIMAL:
        sharp = sharpened(problem, outcome.point)
        if sharp is not None:
            better = outcome_at(problem, sharp, outcome.code, outcome.iterations)
            outcome = replace(better, seconds=outcome.seconds, notes=outcome.notes)
        note = _dependence(problem, outcome.point)
        if note:
            outcome = replace(outcome, notes=(*outcome.notes, note))
    return outcome


def _dependence(problem: Evaluator, point: Point) -> str:
    rows = dependent_rows(problem, point)
    if rows:
        return f"multipliers are not unique: {_listed(rows)} {'is' if len(rows) == 1 else 'are'} dependent"
    rows = dependent_rows(problem, point, _NEARLY)
    if rows:
        return f"multipliers are not unique, or known to few digits: {_listed(rows)} are nearly dependent"
    return ""


def _off_saddles(problem: Evaluator, outcome: Outcome, rerun: Rerun) -> Outcome:
    for _ in range(_RESTARTS):
        direction = descent(problem, outcome.point)
        if direction is None:
            return outcome
        size = np.maximum(1.0, np.abs(outcome.point.x))
        step = _STEP * direction / np.max(np.abs(direction) / size)
        found = []
        for sign in (1.0, -1.0):
            beside = np.clip(outcome.point.x + sign * step, problem.x_lower, problem.x_upper)
            other = rerun(replace(problem, x0=beside))
            if other.raised is not None or other.status is Status.UNBOUNDED:
                return other
            if other.status is Status.OPTIMAL:
                found.append(other)
        better = min(found, key=lambda other: other.objective, default=outcome)
        least = 1e-9 * max(1.0, abs(outcome.objective))
        if not better.objective < outcome.objective - least:
            break
        note = "the first point found was a saddle or a local maximum: solved again beside it"
        iterations = outcome.iterations + sum(other.iterations for other in found)
        outcome = replace(better, iterations=iterations, notes=(note,))
    else:
        if descent(problem, outcome.point) is None:
            return outcome
    detail = (
        "The point is a saddle or a local maximum: the objective improves to second order beside it. "
        "Start elsewhere."
    )
    return replace(outcome, status=Status.UNCERTIFIED, detail=detail)


def _without_growth(problem: Evaluator, outcome: Outcome, rerun: Rerun) -> Outcome:
    """UNCERTIFIED where multipliers are large, and several times smaller once their rows are relaxed a little."""
    point = outcome.point
    size = np.abs(point.multipliers)
    pull = np.abs(problem.gradient(point.x)).max(initial=0.0)
    large = size > _LARGE * max(1.0, pull)
    if not large.any():
        return outcome
    width = _RELAXED * np.maximum(1.0, np.abs(problem.constraints(point.x))) * large
    relaxed = rerun(replace(problem, x0=point.x, g_lower=problem.g_lower - width, g_upper=problem.g_upper + width))
    if relaxed.raised is not None:
        return replace(relaxed, point=point)
    grown = large & (size > _GROWTH * np.abs(relaxed.point.multipliers))
    if relaxed.status is not Status.OPTIMAL or not grown[np.argmax(size)]:
        return outcome
    rows = [problem.rows[i].name for i in np.flatnonzero(grown)]
    if _has_multipliers(problem, point):
        note = f"the multipliers of {_listed(rows)} have no bound: the price is one of many"
        return replace(outcome, notes=(*outcome.notes, note))
    detail = (
        "Multipliers grow when the tolerance is tightened: there are none at this point (no constraint "
        f"qualification). State these rows otherwise: {_listed(rows)}."
    )
    return replace(outcome, status=Status.UNCERTIFIED, detail=detail)


def _has_multipliers(problem: Evaluator, point: Point) -> bool:
    """Whether multipliers of moderate size exist: -grad f lies in the cone of the active rows and bounds."""
    jacobian = problem.jacobian_matrix(point.x).toarray()
    active = active_set(problem, point, jacobian)
    normals = np.vstack([jacobian[active.rows], np.eye(point.x.size)[active.bounds]])
    sign = np.concatenate([active.row_sign, active.bound_sign])
    gradient = problem.gradient(point.x)
    found = scipy.optimize.lsq_linear(
        normals.T, -gradient, bounds=(np.where(sign > 0, 0.0, -np.inf), np.where(sign < 0, 0.0, np.inf))
    )
    residual = np.abs(normals.T @ found.x + gradient).max(initial=0.0)
    pull = max(1.0, float(np.abs(gradient).max(initial=0.0)))
    return bool(residual <= _CONE * pull and np.abs(found.x).max(initial=0.0) <= _LARGE * pull)


def descent(problem: Evaluator, point: Point) -> Vector | None:
    """A direction of negative curvature that keeps the active rows and bounds to first order; None without."""
    x = point.x
    curvature = hessian_matrix(problem, x, point.multipliers)
    if not np.isfinite(curvature).all() or not curvature.any():
        return None
    jacobian = problem.jacobian_matrix(x).toarray()
    active = active_set(problem, point, jacobian)
    # In variables of this scale no curvature is above 1, however steep a function is near zero.
    scale = 1.0 / np.sqrt(np.maximum(np.abs(curvature).max(axis=1), 1e-3))
    curvature, jacobian = scale[:, None] * curvature * scale, jacobian * scale
    for weak in (False, True):
        kept = np.ones(x.size, dtype=bool)
        kept[active.bounds[active.bound_strong | weak]] = False
        direction = _most_negative(curvature, jacobian[active.rows[active.row_strong | weak]], kept)
        if direction is None:
            return None
        for sign in (1.0, -1.0):
            moves = sign * (jacobian[active.rows] @ direction)
            steps = sign * direction[active.bounds]
            small = 1e-8 * np.abs(direction).max()
            if np.all((active.row_sign * moves <= small) | active.row_strong) and np.all(
                (active.bound_sign * steps <= small) | active.bound_strong
            ):
                return sign * scale * direction
    return None


def _most_negative(curvature: Vector, rows: Vector, kept: Vector) -> Vector | None:
    """The eigenvector of the least curvature in the rows' null space, if that is negative."""
    free = np.flatnonzero(kept)
    size = np.abs(rows[:, free]).max(axis=1, initial=0.0)
    rows = rows[size > 0][:, free] / size[size > 0, None]
    basis = _null_space(rows)
    if not basis.shape[1]:
        return None
    reduced = basis.T @ curvature[np.ix_(free, free)] @ basis
    size = basis.T @ basis
    least, vector = eigh(0.5 * (reduced + reduced.T), size, subset_by_index=[0, 0])
    if least[0] >= _CURVED:
        return None
    direction = np.zeros(kept.size)
    direction[free] = basis @ vector[:, 0]
    return direction


def _null_space(rows: Vector, rank: float = _RANK) -> Vector:
    """A basis, by columns, of what all rows send to zero: Gauss-Jordan elimination with complete pivoting.

    Without BLAS, whose threads cost fifty times the work where cores are shared; most rows are sparse.
    """
    rows = rows.copy()
    count = rows.shape[1]
    least = rank * max(1.0, float(np.abs(rows).max(initial=0.0)))
    open_ = np.ones(len(rows), dtype=bool)
    pivots: list[tuple[int, int]] = []
    while open_.any():
        sizes = np.abs(rows) * open_[:, None]
        row, column = np.unravel_index(int(np.argmax(sizes)), sizes.shape)
        if sizes[row, column] <= least:
            break
        rows[row] /= rows[row, column]
        hit = np.flatnonzero(rows[:, column])
        hit = hit[hit != row]
        rows[hit] -= rows[hit, column][:, None] * rows[row]
        rows[hit, column] = 0.0
        open_[row] = False
        pivots.append((int(row), int(column)))
    of_row, of_column = (np.array([pair[i] for pair in pivots], dtype=int) for i in (0, 1))
    free = np.setdiff1d(np.arange(count), of_column)
    basis = np.zeros((count, free.size))
    basis[free, np.arange(free.size)] = 1.0
    basis[of_column] = -rows[np.ix_(of_row, free)]
    return basis / np.sqrt((basis**2).sum(axis=0))


def dependent_rows(problem: Evaluator, point: Point, rank: float = _RANK) -> list[str]:
    """Names of active rows among which the multipliers may be shifted, keeping every sign; [] where unique."""
    jacobian = problem.jacobian_matrix(point.x).toarray()
    active = active_set(problem, point, jacobian)
    if not active.rows.size:
        return []
    rows = jacobian[active.rows]
    size = np.abs(rows).max(axis=1, initial=0.0)
    rows = rows / np.where(size > 0, size, 1.0)[:, None]
    free = np.setdiff1d(np.arange(point.x.size), active.bounds)
    shifts = _null_space(rows[:, free].T, rank)
    if not shifts.shape[1]:
        return []
    pair = _parallel(rows, active)
    if pair:
        return [problem.rows[active.rows[i]].name for i in pair]
    shift = _allowed(shifts, rows[:, active.bounds], active)
    if shift is None:
        return []
    return [problem.rows[active.rows[i]].name for i in np.flatnonzero(np.abs(shift) > 1e-6 * np.abs(shift).max())]


def _parallel(rows: Vector, active: Active) -> tuple[int, int] | None:
    """Two active rows that are multiples of one another, one of them with a multiplier to share."""
    norms = np.sqrt((rows**2).sum(axis=1))
    unit = sparse.csr_array(rows / np.where(norms > 0, norms, 1.0)[:, None])
    cosine = sparse.coo_array(sparse.triu(unit @ unit.T, 1))
    for i, j, value in zip(cosine.row, cosine.col, cosine.data, strict=True):
        if abs(value) <= 1.0 - 1e-12:
            continue
        same = active.row_sign[i] * active.row_sign[j] * np.sign(value) >= 0
        if not same or active.row_strong[i] or active.row_strong[j]:
            return int(i), int(j)
    return None


def _allowed(shifts: Vector, at_bounds: Vector, active: Active) -> Vector | None:
    """A shift y of the rows' multipliers for which small steps keep the sign of each that is zero, or None.

    Of a row or bound with sign +1 the multiplier is >= 0, with -1 <= 0; a bound's moves by -A' y.
    """
    weak, loose = ~active.row_strong, ~active.bound_strong
    of_rows, of_bounds = active.row_sign[:, None] * shifts, active.bound_sign[:, None] * (at_bounds.T @ shifts)
    inequalities = np.vstack([-of_rows[weak], of_bounds[loose]])
    target = np.random.default_rng(0).uniform(1.0, 2.0, shifts.shape[1])
    for sign in (1.0, -1.0):
        found = scipy.optimize.linprog(
            -sign * target,
            A_ub=inequalities if len(inequalities) else None,
            b_ub=np.zeros(len(inequalities)) if len(inequalities) else None,
            bounds=(-1.0, 1.0),
            method="highs",
        )
        if found.status == 0 and -found.fun > 1e-6:
            return shifts @ found.x
    return None
