"""The faces of an optimum: between which ends each price lies, and the plan that moves the least.

At an optimal basis let D be the basic columns at a bound, R their rows of its inverse, T = R N, d the rents. One
unit more of row g moves D by w = R e_g. Where that keeps every bound of D the price is the derivative; else

    low = price + max d x   subject to   T x <= w (at a low bound; >= at a high one),
                                         x >= 0 (at a low bound), x <= 0 (at a high one), free ones either

and high is the same with -w, its sign reversed: what the others must give way by, at what that costs. A program
without a solution is an infinite end: not even a little more (or less) of the good is possible. Rows that don't
hang together come in programs of their own. Where most of a chain stands idle T fills up, and the same program is
solved with the columns of D in it, whose matrix is the chain's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from highspy import HighsModelStatus
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from chainopt.simplex.basis import BETWEEN, HIGH, LOW, Point, point, widened
from chainopt.simplex.exact import SingularError
from chainopt.simplex.scaled import Scaled
from chainopt.simplex.simplex import GOOD_ENOUGH, Simplex, fixed
from chainopt.technology.arrays import Array

_FLOOR = 1e-12
_ZERO = 1e-11
"""Of a row of T or of w: less is rounding."""
_FULL = 4
"""Times the entries of the chain's own matrix: a T that has more costs more than it saves."""
_BATCH = 128
_NOTHING = np.zeros(0)
_PUSH, _MOST_PUSH = 1e-3, 1e9
MOST_WORK = 400_000_000
"""Simplex iterations times rows: half a minute or so. What is left after it is not computed."""


@dataclass(frozen=True, slots=True)
class _Face:
    """An optimal basis's columns at a bound that are basic, and those that may move; by number."""

    basic: Array
    low: Array
    high: Array
    moving: Array


def price_ends(program: Scaled, best: Point, rows: Array, *, full: float = _FULL) -> tuple[Array, Array]:
    """The least and the greatest price of these rows; nan where an end was not computed.

    full: how many times the entries of the chain's matrix a T may have before the whole program is solved instead.
    """
    low, high = best.price[rows].copy(), best.price[rows].copy()
    face = _face(program, best)
    if not len(face.basic):
        return low, high
    asked = _by_tangents(program, best, face, rows, full)
    cone, work = None, 0
    for solver, g, sign, at, w in asked if asked is not None else _each(range(len(rows))):
        if work > MOST_WORK:
            change = np.nan
        elif solver is not None:
            change = solver.change(at, sign * w)
            work += solver.work
        else:
            cone = cone or _Cone(program, best, face)
            change = cone.change(int(rows[g]), sign)
            work += cone.work
        if sign > 0:
            low[g] += change
        else:
            high[g] -= change
    return low, high


def _face(program: Scaled, best: Point) -> _Face:
    near = max(GOOD_ENOUGH, _FLOOR * float(np.max(np.abs(best.x[best.basic]), initial=0.0)))
    at_low, at_high = best.above[best.basic] <= near, best.below[best.basic] <= near
    degenerate = np.flatnonzero(at_low | at_high)
    loose = np.ones(len(best.x), dtype=bool)
    loose[best.basic] = False
    moving = np.flatnonzero(loose & ~fixed(program))
    return _Face(degenerate, at_low[degenerate], at_high[degenerate], moving)


Asked = Iterator[tuple["_Tangent | None", int, int, Array, Array]]
"""By which program (None: the cone), of which row, +1 for one more or -1 for one less, and what moves D."""


def _by_tangents(program: Scaled, best: Point, face: _Face, rows: Array, full: float) -> Asked | None:
    """The programs of rows of D that hang together; None where the rows of the inverse fill up."""
    most = full * (program.matrix.nnz + program.height)
    parts, filled = [], 0
    for first in range(0, len(face.basic), _BATCH):
        parts.append(best.factors.rows(face.basic[first : first + _BATCH]))
        filled += parts[-1].nnz
        if filled > most:
            return None
    inverse = sparse.csr_array(sparse.vstack(parts, format="csr"))
    matrix = widened(program)[0][:, face.moving]
    sides = _cleaned(inverse @ matrix, abs(inverse) @ abs(matrix))
    pushed = sparse.csc_array(_cleaned(inverse[:, rows], _rough(inverse)[:, rows]))
    return _asked(best, face, sides, pushed, full * program.matrix.nnz)


def _each(goods: range) -> Asked:
    """All that may be asked, of the cone: where the inverse fills up, what moves D is not known beforehand."""
    return ((None, g, sign, _NOTHING, _NOTHING) for g in goods for sign in (1, -1))


def _asked(best: Point, face: _Face, sides: sparse.csr_array, pushed: sparse.csc_array, most: float) -> Asked:
    """What is asked of each program, one after the other, so that each begins from its own last answer."""
    # T T' would lose rows whose products cancel.
    count, label = connected_components(abs(sides) @ abs(sides).T, directed=False)
    of_column, entries = np.full(len(face.moving), -1), sparse.coo_array(sides)
    of_column[entries.col] = label[entries.row]
    work: dict[int, list[tuple[int, int, Array, Array]]] = {}
    whole: set[tuple[int, int]] = set()
    filled = np.bincount(label[entries.row], minlength=count)
    good = np.repeat(np.arange(pushed.shape[1]), np.diff(pushed.indptr))
    for sign in (1, -1):
        wrong = _breaks(face, pushed.indices, sign * pushed.data)
        pairs = np.unique(np.stack([good[wrong], label[pushed.indices[wrong]]]), axis=1)
        for g, c in pairs.T.tolist():
            if filled[c] > most:
                whole.add((g, sign))
                continue
            part = slice(pushed.indptr[g], pushed.indptr[g + 1])
            mine = label[pushed.indices[part]] == c
            work.setdefault(c, []).append((g, sign, pushed.indices[part][mine], pushed.data[part][mine]))
    for g, sign in sorted(whole):
        yield None, g, sign, _NOTHING, _NOTHING
    members, columns = _groups(label, count), _groups(of_column, count)
    for c, asked in work.items():
        mine, those = members[c], columns[c]
        tangent = _Tangent(sides[mine][:, those], face.low[mine], face.high[mine], best, face.moving[those])
        for g, sign, at, w in asked:
            if (g, sign) not in whole:
                yield tangent, g, sign, np.searchsorted(mine, at), w


def _cleaned(values: sparse.sparray, terms: sparse.sparray) -> sparse.csr_array:
    """Without what is only the rounding of terms that cancel."""
    values = sparse.csr_array(values)
    values = sparse.csr_array(values.multiply((abs(values) - _ZERO * sparse.csr_array(terms)) > 0))
    values.eliminate_zeros()
    return values


def _rough(inverse: sparse.csr_array) -> sparse.csr_array:
    """What each entry of an inverse may be rounded from: a hundredth of the largest of its row."""
    most = abs(inverse).max(axis=1).toarray().ravel()
    return sparse.csr_array(
        (1e-2 * np.repeat(most, np.diff(inverse.indptr)), inverse.indices, inverse.indptr), shape=inverse.shape
    )


def _breaks(face: _Face, at: Array, w: Array) -> Array:
    """Which of D's changes break a bound."""
    return ((w < 0) & face.low[at]) | ((w > 0) & face.high[at])


def _groups(label: Array, count: int) -> list[Array]:
    order = np.argsort(label, kind="stable")
    first = np.searchsorted(label[order], np.arange(count + 1))
    return [order[first[c] : first[c + 1]] for c in range(count)]


def _gains(best: Point, columns: Array) -> Array:
    """The rents of columns at a bound; one of the wrong sign is rounding, by which a program would have no end."""
    at, rent = best.at[columns], best.rent[columns]
    return np.where(at == LOW, np.minimum(rent, 0.0), np.where(at == HIGH, np.maximum(rent, 0.0), 0.0))


class _Tangent:
    """The tangent program of rows that hang together, kept warm: only its right side changes.

    work: of the last change, its iterations times its rows.
    """

    def __init__(self, sides: sparse.csr_array, low: Array, high: Array, best: Point, columns: Array):
        at, height = best.at[columns], sides.shape[0]
        self.low, self.high, self.work = low, high, 0
        self.every, nothing = np.arange(height, dtype=np.int32), np.zeros(height)
        lower, upper = np.where(at == LOW, 0.0, -np.inf), np.where(at == HIGH, 0.0, np.inf)
        matrix = sparse.csc_array(sides)
        none = np.zeros(0)
        self.solver = Simplex(Scaled(matrix, nothing, lower, upper, _gains(best, columns), none, none, 1.0))

    def change(self, at: Array, w: Array) -> float:
        """max d x where these rows are moved by w; -inf where no x gives way, nan where that is not known."""
        if not self.solver.program.width:
            self.work = 0
            return -np.inf
        right, times = np.zeros(len(self.every)), _magnified(w)
        right[at] = times * w
        highs = self.solver.highs
        highs.changeRowsBounds(
            len(right), self.every, np.where(self.high, right, -np.inf), np.where(self.low, right, np.inf)
        )
        found, self.work = _solved(self.solver, len(right))
        return found / times


def _magnified(w: Array) -> float:
    """By what a push is multiplied: the program has no scale, and its least push must not pass for rounding."""
    return float(np.clip(_PUSH / np.min(np.abs(w)), 1.0, _MOST_PUSH))


class _Cone:
    """The same program of the whole chain, D's columns in it: one row's right side is 1 or -1, all others 0."""

    def __init__(self, program: Scaled, best: Point, face: _Face):
        width = program.width
        low, high = np.full(width, -np.inf), np.full(width, np.inf)
        columns = best.basic[face.basic]
        own = columns < width
        low[columns[own & face.low]], high[columns[own & face.high]] = 0.0, 0.0
        at = best.at[:width]
        low[at == LOW], high[at == HIGH] = 0.0, 0.0
        stuck = program.low == program.high
        low[stuck], high[stuck] = 0.0, 0.0
        worth, moving = np.zeros(width), face.moving[face.moving < width]
        worth[moving] = _gains(best, moving)
        self.work, self.last = 0, 0
        self.solver = Simplex(
            replace(program, low=low, high=high, worth=worth, right=0.0 * program.right, typed=None)
        )
        self.solver.start(best)

    def change(self, row: int, sign: int) -> float:
        highs = self.solver.highs
        for at, amount in ((self.last, 0.0), (row, float(sign))):
            highs.changeRowBounds(at, amount, amount)
        self.last = row
        found, self.work = _solved(self.solver, self.solver.program.height)
        return found


def _solved(solver: Simplex, rows: int) -> tuple[float, int]:
    """The worth of a program that can't gain, and the work it took: -inf without a solution, nan unsettled."""
    work = 0
    for fresh in (False, True):
        if fresh:
            solver.highs.clearSolver()
        status = solver.run(presolve="off")
        info = solver.highs.getInfo()
        work += (info.simplex_iteration_count + 1) * rows
        if status == HighsModelStatus.kOptimal:
            return float(info.objective_function_value), work
        # Nothing can gain, so that what has no end here has no solution.
        if status in (HighsModelStatus.kInfeasible, HighsModelStatus.kUnboundedOrInfeasible):
            return -np.inf, work
    return np.nan, work


def ratios(program: Scaled, best: Point, count: int, unit: int) -> tuple[Array, Array]:
    """The ends of the first prices over that of row unit, on the face of all optimal prices.

    Every price and every constant is multiplied by one more unknown t >= 0, and the unit's price is 1 (Charnes and
    Cooper, "Programming with linear fractional functionals", 1962).
    """
    width, height = program.width, program.height
    x = slice(0, width)
    loose = program.low != program.high
    at_low, at_high = best.above[x] <= GOOD_ENOUGH, best.below[x] <= GOOD_ENOUGH
    # A' y - worth t = 0 in use, >= 0 at a low bound, <= 0 at a high one; a column that can't move says nothing.
    kept = np.flatnonzero(loose & ~(at_low & at_high))
    rows = sparse.hstack([program.matrix.T, -program.worth[:, None]], format="csr")[kept]
    spare = sparse.diags_array(np.where(at_low[kept], -1.0, np.where(at_high[kept], 1.0, 0.0)))
    names = sparse.csr_array(([1.0], ([0], [unit])), shape=(1, height + 1))
    matrix = sparse.csc_array(sparse.block_array([[rows, spare], [names, None]]))
    free = np.full(height, np.inf)
    none = np.zeros(0)
    dual = Scaled(
        matrix,
        right=np.append(np.zeros(len(kept)), 1.0),
        low=np.concatenate([-free, np.zeros(1 + len(kept))]),
        high=np.concatenate([free, np.full(1 + len(kept), np.inf)]),
        worth=np.zeros(height + 1 + len(kept)),
        row=none,
        column=none,
        money=1.0,
    )
    solver, ends = Simplex(dual), {1: np.full(count, np.nan), -1: np.full(count, np.nan)}
    for g in range(count):
        for sign, found in ends.items():
            worth = dual.worth.copy()
            worth[g] = sign
            solver.changed(replace(dual, worth=worth))
            status = solver.run(presolve="off")
            if status == HighsModelStatus.kOptimal:
                found[g] = sign * solver.highs.getInfo().objective_function_value
            elif status == HighsModelStatus.kUnbounded:
                found[g] = sign * np.inf
    return ends[-1], ends[1]


def least_throughput(program: Scaled, best: Point) -> Point:
    """Of all plans of the same worth the one that moves the least in all, each amount in its ordinary ones.

    A vertex may still circulate where a ring has a capacity, or send goods round where a link costs nothing.
    """
    width = program.width
    at, rent = best.at[:width], np.abs(best.rent[:width])
    held = (at != BETWEEN) & (rent > (0.0 if best.exact else _FLOOR))
    if not ((at != BETWEEN) & (program.low != program.high) & ~held).any():
        return best
    x = np.where(at == HIGH, program.high, program.low)
    low, high = np.where(held, x, program.low), np.where(held, x, program.high)
    cost = program.weight * np.where(low >= 0, -1.0, np.where(high <= 0, 1.0, 0.0))
    solver = Simplex(replace(program, low=low, high=high, worth=cost, typed=None))
    solver.start(best)
    if solver.run(presolve="off", simplex_strategy=4) != HighsModelStatus.kOptimal:
        return best
    basis = solver.basis(program)
    try:
        found = best if basis is None else point(program, *basis)
    except SingularError:
        return best
    worth = np.abs(program.worth) @ np.abs(best.x[:width])
    lost = program.worth @ (best.x - found.x)[:width]
    return found if found.primal <= GOOD_ENOUGH and lost <= GOOD_ENOUGH * max(1.0, worth) else best
