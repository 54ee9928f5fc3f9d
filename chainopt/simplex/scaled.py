"""A linear program in units of its own, powers of two, so that a tolerance is a part of an ordinary amount.

maximise  worth x   subject to   A x = right,  low <= x <= high         every figure of the order of one
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
from scipy import sparse

from chainopt.network.scales import powers_of_two, scales
from chainopt.simplex.exact import Row
from chainopt.simplex.polyhedral import LinearProgram
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Typed:
    """The same figures in fractions: the columns of A by row, and the vectors; bounds may be infinite floats."""

    columns: Sequence[Row]
    right: Sequence[Fraction]
    low: Sequence[Any]
    high: Sequence[Any]
    worth: Sequence[Fraction]


@dataclass(frozen=True, slots=True)
class Scaled:
    """The same program in other units: a row's figure over row, a column's amount in column, money in money.

    weight: what a unit of each column is of an ordinary amount, since units are rounded to powers of two.
    """

    matrix: sparse.csc_array
    right: Array
    low: Array
    high: Array
    worth: Array
    row: Array
    column: Array
    money: float
    typed: Typed | None = None
    weight: Array = field(default_factory=lambda: np.zeros(0))

    @property
    def height(self) -> int:
        return len(self.right)

    @property
    def width(self) -> int:
        return len(self.worth)


def units(program: LinearProgram) -> tuple[Array, Array, float]:
    """Of each row, of each column and of money what counts as one: see `network.scales`."""
    size = scales(program.net)
    column, row = np.ones(len(program.worth)), np.ones(len(program.right))
    sizes = {name: getattr(size, name) for name in ("level", "use", "sale", "imported", "disposed")}
    sizes["quantity"] = size.good
    for name, amount in sizes.items():
        at = program.place[name]
        column[at[at >= 0]] = amount[at >= 0]
    for name, amount in (("good", size.good), ("reading", size.use), ("demand", size.good)):
        at = program.of_row[name]
        row[at[at >= 0]] = amount[at >= 0]
    # A row without a good counts what its own column does.
    least, matrix = program.place["least"], sparse.csr_array(abs(program.matrix))
    _count_minima(program, matrix, column)
    of_level = program.of_row["level"]
    for at, own in (
        (program.of_row["argument"], least),
        (of_level[of_level >= 0], program.place["level"][of_level >= 0]),
    ):
        mine = np.zeros(len(column))
        mine[own] = column[own]
        row[at] = matrix[at] @ mine
    spare = program.place["spare"][program.place["spare"] >= 0]
    column[spare] = (matrix.T @ row)[spare]
    return row, column, size.money


def _count_minima(program: LinearProgram, matrix: sparse.csr_array, column: Array) -> None:
    """What each minimum counts, in place: the least that one of its arguments does; inner ones come first."""
    net, first = program.net, 0
    arguments = [len(item.program.arguments[step]) for item in net.formulas for step in item.program.minima()]
    own = {*program.place["least"].tolist(), *program.place["spare"].tolist()}
    for at, count in zip(program.place["least"].tolist(), arguments, strict=True):
        own.discard(at - 1)
        sizes = []
        for row in program.of_row["argument"][first : first + count].tolist():
            part = slice(matrix.indptr[row], matrix.indptr[row + 1])
            terms = zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True)
            sizes.append(sum(a * column[j] for j, a in terms if j not in own) + abs(float(program.right[row])))
        column[at] = min((size for size in sizes if size > 0), default=1.0)
        first += count


def scaled(program: LinearProgram) -> Scaled:
    """A program in its ordinary amounts."""
    ordinary = units(program)
    row, column = (powers_of_two(amounts) for amounts in ordinary[:2])
    money = float(powers_of_two(np.array(ordinary[2])))
    matrix = sparse.csc_array(sparse.diags_array(1.0 / row) @ program.matrix @ sparse.diags_array(column))
    figures = (program.right / row, program.low / column, program.high / column, program.worth * column / money)
    return Scaled(matrix, *figures, row, column, money, weight=column / ordinary[1])


def with_fractions(program: Scaled, given: LinearProgram) -> Scaled:
    """A program with its figures as typed: given is the same one in fractions. Powers of two divide exactly."""
    row, column, money = ([Fraction(x) for x in each] for each in (program.row, program.column, [program.money]))
    columns: list[Row] = [{} for _ in column]
    for i, j, value in zip(given.row.tolist(), given.column.tolist(), given.value, strict=True):
        columns[j][i] = columns[j].get(i, Fraction(0)) + value * column[j] / row[i]
    columns = [{i: value for i, value in entries.items() if value} for entries in columns]
    low, high = (
        [x / unit if isinstance(x, Fraction) else x for x, unit in zip(ends, column, strict=True)]
        for ends in (given.low, given.high)
    )
    # What the program holds for one bound, though the figures were computed, is one.
    one = np.flatnonzero(
        (program.low == program.high) & (np.array(low, dtype=object) != np.array(high, dtype=object))
    )
    for j in one.tolist():
        low[j] = high[j] = min(low[j], high[j])
    right = [b / unit for b, unit in zip(given.right, row, strict=True)]
    worth = [w * unit / money[0] for w, unit in zip(given.worth, column, strict=True)]
    return replace(program, typed=Typed(columns, right, low, high, worth))


def elastic(program: Scaled) -> Scaled:
    """The least breach of its rows, bounds kept: worth is the breach, less than nothing."""
    height, one, typed = program.height, sparse.eye_array(program.height), program.typed
    more = np.ones(2 * height)
    if typed is not None:
        sides = [{i: Fraction(sign)} for sign in (1, -1) for i in range(height)]
        typed = replace(
            typed,
            columns=[*typed.columns, *sides],
            low=[*typed.low, *[Fraction(0)] * (2 * height)],
            high=[*typed.high, *[np.inf] * (2 * height)],
            worth=[*[Fraction(0)] * program.width, *[Fraction(-1)] * (2 * height)],
        )
    return replace(
        program,
        matrix=sparse.csc_array(sparse.hstack([program.matrix, one, -one])),
        low=np.concatenate([program.low, 0.0 * more]),
        high=np.concatenate([program.high, np.inf * more]),
        worth=np.concatenate([0.0 * program.worth, -more]),
        column=np.concatenate([program.column, program.row, program.row]),
        typed=typed,
    )


def rays(program: Scaled) -> Scaled:
    """What may grow without end, no further than one: the directions in which every bound is kept for ever."""
    low, high = np.where(np.isfinite(program.low), 0.0, -1.0), np.where(np.isfinite(program.high), 0.0, 1.0)
    typed = program.typed
    if typed is not None:
        right = [Fraction(0)] * program.height
        typed = replace(typed, right=right, low=list(map(Fraction, low)), high=list(map(Fraction, high)))
    return replace(program, right=0.0 * program.right, low=low, high=high, typed=typed)


def highs_model(program: Scaled) -> highspy.HighsLp:
    """The program in HiGHS's terms."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = program.matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.worth, program.low, program.high
    lp.row_lower_ = lp.row_upper_ = program.right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = program.matrix.indptr
    lp.a_matrix_.index_ = program.matrix.indices
    lp.a_matrix_.value_ = program.matrix.data
    return lp
