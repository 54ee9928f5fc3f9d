"""The price equations: the marginal profits of all operations in use are zero, in prices and rents.

    minimise || W (C z + c) ||   over the unknowns z that can differ from zero

W scales each row by its money (the sum of its terms without signs). Where the equations leave an unknown open,
it is nan: it has a part in the null space of the rows.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from chainopt.backprop.operations import Operations
from chainopt.backprop.square import by_structure
from chainopt.network.tolerances import OPEN, RANK
from chainopt.technology.arrays import Array

_DENSE = 400
_PROXIMITY = 1e-11
_ROUNDS = 8
_LEAST, _SETTLED = 1e-6, 1e-15


def solve_equations(ops: Operations) -> Array:
    """The unknowns at which no operation in use earns or loses at the margin; nan where they are open."""
    columns = np.flatnonzero(ops.may)
    matrix = sparse.csr_array(ops.matrix[ops.active][:, columns])
    target = -ops.constant[ops.active]
    # What a process makes of its own input may cancel it: a row is as large as its terms, not as their sum.
    gross = sparse.csr_array(ops.gross[ops.active][:, columns])
    row, column = _equilibrate(gross, ops.least[ops.active])
    value, open_ = _least_squares(matrix, target, row, column)
    money = gross @ np.abs(value) + np.abs(target)
    money = np.maximum(money, (_LEAST * np.max(row * money, initial=0.0) or 1.0) / row)
    value, open_ = _least_squares(matrix, target, 1.0 / money, column)
    unknowns = np.zeros(len(ops.may))
    unknowns[columns] = np.where(open_, np.nan, value)
    return unknowns


def nearest(matrix: sparse.csr_array, target: Array, money: Array, given: Array) -> Array:
    """The solution of matrix z = target nearest to given ones, each row's residual relative to its money, each
    step to what is given, where that isn't 0; what is given as nan stays so, and so do rows of it.
    """
    known = ~np.isnan(given)
    sound = np.flatnonzero((abs(matrix) @ (~known).astype(float)) == 0)
    part = sparse.csr_array(matrix[sound][:, np.flatnonzero(known)])
    found = given.copy()
    if len(sound) and known.any():
        row = over(money[sound])
        column = over(_largest(sparse.diags_array(row) @ abs(part), 0))
        # An input that costs next to nothing is no lever, though its column has nothing but that entry.
        size = np.abs(given[known])
        scale = np.where((size > 0) & (size < column), size, np.where(column > 0, column, 1.0))
        found[known] += _least_squares(part, target[sound] - part @ given[known], row, scale, seen=False)[0]
    return found


def _equilibrate(size: sparse.csr_array, least: Array, rounds: int = 8) -> tuple[Array, Array]:
    """Factors of rows and columns that bring the largest entries, all at least 0, to about one.

    They begin from least, the money below which a row's is noise: so they follow every change of units.
    """
    row = over(least)
    column = over(_largest(sparse.diags_array(row) @ size, 0))
    column = np.where(column > 0, column, over(_largest(size, 0)))
    row = np.where(row > 0, row, over(_largest(size @ sparse.diags_array(column), 1)))
    row, column = np.where(row > 0, row, 1.0), np.where(column > 0, column, 1.0)
    for _ in range(rounds):
        scaled = sparse.csr_array(sparse.diags_array(row) @ size @ sparse.diags_array(column))
        for factor, axis in ((row, 1), (column, 0)):
            most = _largest(scaled, axis)
            factor /= np.sqrt(np.where(most > 0, most, 1.0))
    return row, column


def _largest(matrix: sparse.csr_array, axis: int) -> Array:
    return matrix.max(axis=axis).toarray().ravel() if matrix.nnz else np.zeros(matrix.shape[1 - axis])


def over(values: Array) -> Array:
    """1 / values, 0 where they are 0."""
    return np.divide(1.0, values, out=np.zeros(len(values)), where=values > 0)


def _least_squares(
    matrix: sparse.csr_array, target: Array, row: Array, column: Array, *, seen: bool = True
) -> tuple[Array, Array]:
    """The scaled least-squares solution of least norm; and which unknowns are left open, where that is to be seen.

    Scaled so that the largest entry is 1: what is small beside it is judged in these terms.
    """
    scaled = sparse.csr_array(sparse.diags_array(row) @ matrix @ sparse.diags_array(column))
    largest = abs(scaled).max() if scaled.nnz else 1.0
    scaled, goal = scaled / (largest or 1.0), row * target / (largest or 1.0)
    if matrix.shape[1] <= _DENSE:
        left, size, right = np.linalg.svd(scaled.toarray(), full_matrices=False)
        kept = size > RANK * np.max(size, initial=0.0)
        value = right[kept].T @ ((left[:, kept].T @ goal) / size[kept])
        # The part of each unknown's axis that the rows see; what they don't is the null space's.
        part = np.sum(right[kept] ** 2, axis=0)
        return column * value, np.sqrt(np.maximum(0.0, 1.0 - part)) > OPEN
    if seen and (found := by_structure(scaled, goal)) is not None:
        return column * found[0], found[1]
    project = _Projection(scaled)
    start = np.random.default_rng(0).uniform(1.0, 2.0, matrix.shape[1])
    value = project.nearest(goal, np.zeros(matrix.shape[1]))
    if not seen:
        return column * value, np.zeros(len(value), dtype=bool)
    unseen = project.nearest(np.zeros(matrix.shape[0]), start)
    return column * value, np.abs(unseen) > OPEN


def factored(matrix: sparse.csc_array) -> SuperLU:
    """The factors of a symmetric and quasi-definite matrix, for solves that are refined.

    In an order of minimum degree, without pivoting, they fill in a tenth; pivots of 0 are left to the general way.
    """
    try:
        return splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    except RuntimeError:
        return splu(matrix)


class _Projection:
    """Least squares near a point: steps min ||A x - b||^2 + delta ||x - x_k||^2 leave the null space be."""

    def __init__(self, matrix: sparse.csr_array):
        rows, columns = matrix.shape
        self.matrix = matrix
        above = [sparse.eye_array(rows), matrix]
        below = [matrix.T, -_PROXIMITY * sparse.eye_array(columns)]
        self.factor = factored(sparse.csc_array(sparse.block_array([above, below])))

    def nearest(self, goal: Array, value: Array) -> Array:
        rows = self.matrix.shape[0]
        for _ in range(_ROUNDS):
            gap = goal - self.matrix @ value
            step = self.factor.solve(np.concatenate([gap, np.zeros(len(value))]))[rows:]
            value = value + step
            if np.max(np.abs(step), initial=0.0) <= _SETTLED * np.max(np.abs(value), initial=0.0):
                break
        return value
