"""Of directions that are as good at first sight, the one that bends least, then the one that moves least.

    maximise  d'H d / 2,   then minimise  sum |d|,   over   A d = b,  d >= 0 where one-sided

H is negative semidefinite on what is free; what it bends the same way is as good. What can move without a row or a
bend that notices, in the null space of both, is open: a direction that needs none of it is the only one.
"""

from __future__ import annotations

from functools import cached_property

import highspy
import numpy as np
from highspy import HighsModelStatus
from scipy import sparse

from chainopt.backprop.equations import factored
from chainopt.simplex.scaled import Scaled, highs_model
from chainopt.technology.arrays import Array

_PROXIMITY = 1e-8
_ROUNDS, _SETTLED = 60, 1e-13
_PATIENCE = 20
"""Iterations of a quadratic program for each row and column; those that end take fewer than two."""
NOTHING = 1e-7
"""Of the largest change: what moves less stands still, and rows are kept that are missed by less."""
_SAME = 1e-6


class Alike:
    """Directions A d = b, d >= 0 where one-sided, bent by H; kept, to be asked of one b after the other."""

    def __init__(self, matrix: sparse.csc_array, bent: sparse.csr_array, one_sided: Array):
        self.matrix, self.bent, self.one_sided = matrix, bent, one_sided

    @cached_property
    def _saddle(self) -> _Saddle:
        return _Saddle(self.matrix, self.bent)

    @cached_property
    def _open(self) -> Array:
        """What may move while nothing else notices: the parts of a chance vector that the null space keeps."""
        begin = np.random.default_rng(0).uniform(1.0, 2.0, self.matrix.shape[1])
        return np.abs(self._saddle.solved(np.zeros(self.matrix.shape[0]), begin)) > _SAME

    def _choice(self, d: Array) -> bool:
        """Whether a direction moves what is open, so that others are as good."""
        return bool(np.any(np.abs(d[self._open]) > NOTHING * np.abs(d).max(initial=0.0)))

    def _fits(self, d: Array) -> bool:
        return bool(np.all(d[self.one_sided] >= -NOTHING * np.abs(d).max(initial=0.0)))

    def at_once(self, right: Array) -> Array | None:
        """The only best direction; None where there is none, or a choice."""
        d = self._saddle.solved(right, np.zeros(self.matrix.shape[1]))
        return d if self._keeps(d, right) and self._fits(d) and not self._choice(d) else None

    def best(self, first: Array, right: Array) -> tuple[Array, bool] | None:
        """The best direction, from a feasible one, and whether it is the only one; None where it isn't found."""
        d = self._second(first, right) if self.bent.nnz else first
        if d is None:
            return None
        return (self._least(d, right), False) if self._choice(d) else (d, True)

    def _keeps(self, d: Array, right: Array) -> bool:
        missed = np.max(np.abs(self.matrix @ d - right), initial=0.0)
        return bool(missed <= NOTHING * max(1.0, float(np.max(np.abs(right), initial=0.0))))

    def _second(self, first: Array, right: Array) -> Array | None:
        """The direction that is best in second order; None where HiGHS finds none."""
        moving = np.ones(len(first), dtype=bool)
        if self.one_sided.any():
            found = _quadratic(self, right)
            if found is None:
                return None
            first = found
            moving = ~self.one_sided | (first > NOTHING * np.abs(first).max())
        part, d = np.flatnonzero(moving), np.zeros(len(first))
        saddle = _Saddle(self.matrix[:, part], sparse.csr_array(self.bent[part][:, part]))
        d[part] = saddle.solved(right, first[part])
        return d if self._fits(d) and self._keeps(d, right) else first

    def _least(self, d: Array, right: Array) -> Array:
        """Of all that bend alike, the one that moves the least."""
        sides, highs = np.concatenate([right, self._held @ d]), self._throughput
        highs.changeRowsBounds(len(sides), np.arange(len(sides), dtype=np.int32), sides, sides)
        highs.run()
        if highs.getModelStatus() != HighsModelStatus.kOptimal:
            return d
        found, count = np.array(highs.getSolution().col_value), len(d)
        least = found[:count].copy()
        least[~self.one_sided] -= found[count:]
        return least

    @cached_property
    def _held(self) -> sparse.csr_array:
        """What must stay as it bends, each row by its largest entry."""
        held = sparse.csr_array(self.bent[np.flatnonzero(np.diff(self.bent.indptr))])
        most = abs(held).max(axis=1).toarray().ravel() if held.nnz else np.zeros(held.shape[0])
        return sparse.csr_array(sparse.diags_array(1.0 / most) @ held) if held.nnz else held

    @cached_property
    def _throughput(self) -> highspy.Highs:
        """The program of least throughput, begun once: only its sides change."""
        rows = sparse.csc_array(sparse.vstack([self.matrix, self._held]))
        both = sparse.csc_array(sparse.hstack([rows, -rows[:, np.flatnonzero(~self.one_sided)]]))
        return program(both, np.zeros(rows.shape[0]), worth=-np.ones(both.shape[1]))


class _Saddle:
    """max d'H d/2 over A d = b by steps that stay near the last point: what is open stays where it began."""

    def __init__(self, matrix: sparse.csc_array, bent: sparse.csr_array):
        rows, width = matrix.shape
        self.matrix, self.bent = sparse.csr_array(matrix), bent
        above = [bent - _PROXIMITY * sparse.eye_array(width), self.matrix.T]
        below = [self.matrix, _PROXIMITY * sparse.eye_array(rows)]
        self.factors = factored(sparse.csc_array(sparse.block_array([above, below])))

    def solved(self, right: Array, begin: Array) -> Array:
        """The solution nearest to where it begins."""
        d, price = begin.copy(), np.zeros(len(right))
        for _ in range(_ROUNDS):
            left = np.concatenate([-(self.bent @ d + self.matrix.T @ price), right - self.matrix @ d])
            step = self.factors.solve(left)
            d, price = d + step[: len(d)], price + step[len(d) :]
            moved = np.max(np.abs(step[: len(d)]), initial=0.0)
            if not moved > _SETTLED * max(1.0, float(np.abs(d).max(initial=0.0))):
                break
        return d


def _quadratic(given: Alike, right: Array) -> Array | None:
    """The best in second order where some are one-sided; None where HiGHS finds none."""
    highs = program(given.matrix, right, low=np.where(given.one_sided, 0.0, -np.inf))
    # Where figures span many orders its active sets may go round for ever.
    highs.setOptionValue("qp_iteration_limit", _PATIENCE * sum(given.matrix.shape))
    lower = sparse.csc_array(sparse.tril(-given.bent))
    hessian = highspy.HighsHessian()
    hessian.dim_, hessian.format_ = given.matrix.shape[1], highspy.HessianFormat.kTriangular
    hessian.start_, hessian.index_, hessian.value_ = lower.indptr, lower.indices, lower.data
    highs.passHessian(hessian)
    highs.changeObjectiveSense(highspy.ObjSense.kMinimize)
    highs.run()
    if highs.getModelStatus() != HighsModelStatus.kOptimal:
        return None
    return np.array(highs.getSolution().col_value)


def program(
    matrix: sparse.csc_array,
    right: Array,
    *,
    low: Array | None = None,
    worth: Array | None = None,
) -> highspy.Highs:
    """HiGHS with max worth'd (0) over A d = b, d >= low (0)."""
    highs, width, none = highspy.Highs(), matrix.shape[1], np.zeros(0)
    for name, value in (("output_flag", False), ("threads", 1), ("presolve", "off")):
        highs.setOptionValue(name, value)
    low, worth = (np.zeros(width) if given is None else given for given in (low, worth))
    highs.passModel(highs_model(Scaled(matrix, right, low, np.full(width, np.inf), worth, none, none, 1.0)))
    return highs
