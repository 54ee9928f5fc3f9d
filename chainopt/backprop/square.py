"""A large sparse system by the square part of its structure, where its other rows agree.

Rows and columns are matched; what an unmatched column reaches, through rows and the columns matched to them, has
more unknowns than rows and stays open; of the rest each column has its row, and a sparse LU solves them together
(Dulmage and Mendelsohn, "Coverings of bipartite graphs", 1958): far faster than least squares where it serves.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order, maximum_bipartite_matching
from scipy.sparse.linalg import LinearOperator, onenormest, splu

from chainopt.network.tolerances import RANK
from chainopt.technology.arrays import Array

_AGREES = 1e-11
_ROUNDS = 3
_DIAGONAL = 0.1


def by_structure(matrix: sparse.csr_array, goal: Array) -> tuple[Array, Array] | None:
    """The solution of matrix z = goal, and which unknowns it leaves open, at 0; rows and columns are scaled.

    None where the square part is as good as singular, or the rows beside it contradict it: then what is open, and
    what is best, is for least squares to say.
    """
    matrix = sparse.csr_array(matrix)
    matrix.eliminate_zeros()
    columns = matrix.shape[1]
    of_row = maximum_bipartite_matching(sparse.csr_matrix(matrix), perm_type="column")
    of_column = np.full(columns, -1)
    of_column[of_row[of_row >= 0]] = np.flatnonzero(of_row >= 0)
    open_ = _reached(matrix, of_row, of_column)
    solved = np.flatnonzero(~open_)
    value = np.zeros(columns)
    if not len(solved):
        return value, open_
    # Each column stands across from its own row: elimination along that diagonal fills in far less.
    mine = of_column[solved]
    square = sparse.csc_array(matrix[mine][:, solved])
    try:
        factors = splu(
            square, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=_DIAGONAL, options={"SymmetricMode": True}
        )
    except RuntimeError:
        return None
    inverse = LinearOperator(
        square.shape, matvec=factors.solve, rmatvec=lambda x: factors.solve(x, "T"), dtype=float
    )
    if onenormest(inverse) * abs(square).sum(axis=0).max() > 1.0 / RANK:
        return None
    x = np.zeros(len(solved))
    for _ in range(_ROUNDS):
        x = x + factors.solve(goal[mine] - square @ x)
    value[solved] = x
    held = np.flatnonzero((abs(matrix) @ open_.astype(float)) == 0)
    gap = np.abs(matrix[held] @ value - goal[held])
    terms = abs(matrix[held]) @ np.abs(value) + np.abs(goal[held])
    return (value, open_) if np.all(gap <= _AGREES * terms) else None


def _reached(matrix: sparse.csr_array, of_row: Array, of_column: Array) -> Array:
    """The columns that an unmatched one reaches: by a row that reads it to the column matched to that row."""
    columns = matrix.shape[1]
    entries = sparse.coo_array(matrix)
    steps = of_row[entries.row] >= 0
    tail, head = entries.col[steps], of_row[entries.row[steps]]
    loose = np.flatnonzero(of_column < 0)
    # One node more begins at all of them.
    graph = sparse.csr_array(
        (
            np.ones(len(tail) + len(loose)),
            (np.concatenate([tail, np.full(len(loose), columns)]), np.concatenate([head, loose])),
        ),
        shape=(columns + 1, columns + 1),
    )
    found = np.zeros(columns + 1, dtype=bool)
    found[breadth_first_order(graph, columns, return_predecessors=False)] = True
    return found[:columns]
