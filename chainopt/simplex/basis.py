"""A basis of a linear program, and what it is worth: amounts, prices and rents, found apart from HiGHS.

    B x_B = right - N x_N        B' price = worth_B        rent = worth - A' price

A basis has no units and no rounding: it says which columns lie between their bounds, and the rest follows. Of a
small program in fractions of the numbers as typed, else by a sparse factorisation with residuals in long doubles.
Beside the program's own columns each row has one, fixed at 0, that is basic where the row follows from others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.sparse.linalg import splu

from chainopt.simplex.exact import Elimination, Row, SingularError
from chainopt.simplex.scaled import Scaled
from chainopt.technology.arrays import Array

_ROUNDS = 3
_DIAGONAL, _ACCURATE = 0.01, 1e-15
_BATCH = 128
_NOISE = 1e-13
"""Of a row of a basis's inverse: less is what was left of figures that cancel."""
LOW, HIGH, BETWEEN = -1, 1, 0


class Factors(Protocol):
    """A basis's matrix, factorised."""

    def rows(self, at: Array) -> sparse.csr_array:
        """These rows of its inverse."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a basis says, in the program's units; every array but price and gap is over its columns and its rows'.

    at: whether each lies at its low or its high bound, or BETWEEN: basic, or free and 0. above, below: how far it
    is from its bounds; rent: what one more unit of it would add. gap: what each row is missed by. typed_price: the
    prices in fractions.
    """

    basic: Array
    at: Array
    x: Array
    above: Array
    below: Array
    price: Array
    rent: Array
    gap: Array
    factors: Factors = field(repr=False)
    typed_price: list[Fraction] | None = field(default=None, repr=False)

    @property
    def exact(self) -> bool:
        """Whether it was found in fractions."""
        return self.typed_price is not None

    @property
    def primal(self) -> float:
        """The largest breach of a bound or a row."""
        worst = np.concatenate([-self.above, -self.below, np.abs(self.gap)])
        return float(np.max(np.nan_to_num(worst, nan=np.inf), initial=0.0))

    def dual(self, fixed: Array) -> float:
        """The largest gain of a column that leaves its bound, or is free; fixed: those that can't."""
        sign = np.where(self.at == LOW, 1.0, -1.0)
        waiting = (self.at != BETWEEN) & ~fixed
        gains = np.where(waiting, sign * self.rent, np.where(self.at == BETWEEN, np.abs(self.rent), 0.0))
        return float(np.max(np.nan_to_num(gains, nan=np.inf), initial=0.0))


def widened(program: Scaled) -> tuple[sparse.csc_array, Array, Array, Array]:
    """A, low, high and worth with the rows' own columns."""
    nothing = np.zeros(program.height)
    matrix = sparse.csc_array(sparse.hstack([program.matrix, sparse.eye_array(program.height)]))
    return matrix, *(np.concatenate([each, nothing]) for each in (program.low, program.high, program.worth))


def point(program: Scaled, basic: Array, at: Array) -> Point:
    """What a basis says: exactly where the program has its figures as typed. Raises SingularError."""
    return _exact(program, basic, at) if program.typed is not None else _refined(program, basic, at)


class _Refined:
    """Factors in double precision of a basis whose rows are matched to its columns: elimination along that
    diagonal fills in far less. Where it is not accurate there, any pivot is allowed.
    """

    def __init__(self, matrix: sparse.csc_array):
        self.order = maximum_bipartite_matching(sparse.csr_matrix(matrix), perm_type="row")
        if (self.order < 0).any():
            raise SingularError("the columns depend on each other")
        self.matched = sparse.csc_array(sparse.csr_array(matrix)[self.order])
        self.wide = sparse.csc_array(matrix.astype(np.longdouble))
        self.wide_t = sparse.csc_array(self.wide.T)
        self._factorise(permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=_DIAGONAL, options={"SymmetricMode": True})
        probe = np.asarray(np.random.default_rng(0).uniform(1.0, 2.0, len(self.order)), dtype=np.longdouble)
        if not self._missed(probe, self.solve(probe)) <= _ACCURATE:
            self._factorise()

    def _factorise(self, **how: Any) -> None:
        try:
            self.lu = splu(self.matched, **how)
        except RuntimeError:
            raise SingularError("the columns depend on each other") from None

    def _missed(self, right: Array, x: Array) -> float:
        terms = abs(self.wide) @ np.abs(x) + np.abs(right)
        return float(np.max(np.abs(right - self.wide @ x) / terms, initial=0.0))

    def solve(self, right: Array, transposed: bool = False) -> Array:
        """The solution for one right side, its residuals in long doubles."""
        matrix = self.wide_t if transposed else self.wide
        x = np.zeros(len(right), dtype=np.longdouble)
        for _ in range(_ROUNDS):
            x = x + self._once((right - matrix @ x).astype(float), transposed)
        return x

    def _once(self, right: Array, transposed: bool) -> Array:
        if not transposed:
            return self.lu.solve(right[self.order])
        found = np.empty_like(right)
        found[self.order] = self.lu.solve(right, "T")
        return found

    def rows(self, at: Array) -> sparse.csr_array:
        """These rows of the inverse."""
        return sparse.csr_array(sparse.vstack([*self._batches(at)], format="csr"))

    def _batches(self, at: Array) -> Iterator[sparse.csr_array]:
        for first in range(0, max(len(at), 1), _BATCH):
            part = at[first : first + _BATCH]
            unit = np.zeros((len(self.order), len(part)))
            unit[part, np.arange(len(part))] = 1.0
            found = self._once(unit, transposed=True).T if len(part) else unit.T
            found[np.abs(found) <= _NOISE * np.max(np.abs(found), axis=1, initial=0.0, keepdims=True)] = 0.0
            yield sparse.csr_array(found)


def _refined(program: Scaled, basic: Array, at: Array) -> Point:
    matrix, low, high, worth = widened(program)
    factors = _Refined(sparse.csc_array(matrix[:, basic]))
    wide = sparse.csc_array(matrix.astype(np.longdouble))
    x = np.where(at == LOW, low, np.where(at == HIGH, high, 0.0)).astype(np.longdouble)
    x[basic] = 0.0
    x[basic] = factors.solve(program.right - wide @ x)
    price = factors.solve(worth[basic].astype(np.longdouble), transposed=True)
    rent = worth - sparse.csr_array(wide.T) @ price
    rent[basic] = 0.0
    gap = program.right - wide @ x
    x, above, below, price, rent, gap = (
        np.asarray(each, dtype=float) for each in (x, x - low, high - x, price, rent, gap)
    )
    return Point(basic, at, x, above, below, price, rent, gap, factors)


class _Fractions:
    """Factors in fractions; a row of the inverse is rounded once."""

    def __init__(self, elimination: Elimination, height: int):
        self.elimination, self.height = elimination, height

    def rows(self, at: Array) -> sparse.csr_array:
        found = np.zeros((len(at), self.height))
        for n, i in enumerate(at.tolist()):
            unit = [Fraction(0)] * self.height
            unit[i] = Fraction(1)
            found[n] = [float(y) for y in self.elimination.solve_transposed(unit)]
        return sparse.csr_array(found)


def _exact(program: Scaled, basic: Array, at: Array) -> Point:
    given = program.typed
    assert given is not None
    height, width = program.height, program.width
    columns = [*given.columns, *({i: Fraction(1)} for i in range(height))]
    nothing = [Fraction(0)] * height
    low, high, worth = (list(each) + nothing for each in (given.low, given.high, given.worth))
    rows: list[Row] = [{} for _ in range(height)]
    for n, j in enumerate(basic.tolist()):
        for i, value in columns[j].items():
            rows[i][n] = value
    elimination = Elimination(rows)
    x: list[Any] = [Fraction(0)] * (width + height)
    right = list(given.right)
    for j in np.flatnonzero(at != BETWEEN).tolist():
        x[j] = low[j] if at[j] == LOW else high[j]
        if x[j]:
            for i, value in columns[j].items():
                right[i] -= value * x[j]
    for j, value in zip(basic.tolist(), elimination.solve(right), strict=True):
        x[j] = value
    price = elimination.solve_transposed([worth[j] for j in basic.tolist()])
    rent = [
        worth[j] - sum((value * price[i] for i, value in column.items() if price[i]), Fraction(0))
        for j, column in enumerate(columns)
    ]
    above, below = ([a - b for a, b in zip(x, low, strict=True)], [b - a for a, b in zip(x, high, strict=True)])
    return Point(
        basic=basic,
        at=at,
        x=rounded(x),
        above=rounded(above),
        below=rounded(below),
        price=rounded(price),
        rent=rounded(rent),
        gap=np.zeros(height),
        factors=_Fractions(elimination, height),
        typed_price=price,
    )


def rounded(values: Sequence[Any]) -> Array:
    """Fractions as the nearest floats; those too large for one are infinite."""
    return np.array([_float(value) for value in values], dtype=float)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf
