"""A polyhedral chain with every cell's row made elastic: see `network.conflicts`.

A limit is a row of its own here, and each cell's row has two columns more, what it is short by and what it is
over by, counted in the cell's own size.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace

import numpy as np
from highspy import HighsModelStatus
from scipy import sparse

from chainopt.network.conflicts import DISPOSAL, SUPPLY, Relaxed, Row
from chainopt.network.network import Network
from chainopt.network.scales import scales
from chainopt.simplex.basis import point
from chainopt.simplex.exact import SingularError
from chainopt.simplex.polyhedral import linear_program
from chainopt.simplex.scaled import Scaled, scaled
from chainopt.simplex.simplex import Simplex
from chainopt.technology.arrays import Array

_SMALL = 1e-6


class RelaxedProgram:
    """One chain's elastic program; `solve` answers for at most time_limit seconds in all."""

    def __init__(self, net: Network, time_limit: float = 30.0):
        self.deadline = time.perf_counter() + time_limit
        self.net, self.rows = net, [*_limit_rows(net), *_good_rows(net)]
        self.program, self.size = _elastic(net, self.rows)
        self.solver = Simplex(self.program)

    def solve(self, kept: Collection[Row], free: Collection[Row] = ()) -> Relaxed | None:
        """The least misses of these rows: see `conflicts.Solve`."""
        left = self.deadline - time.perf_counter()
        if left <= 0:
            return None
        chosen, loose = set(kept), set(free)
        count, first = len(self.rows), self.program.width - 2 * len(self.rows)
        weight = np.array([1.0 if row in chosen else _SMALL for row in self.rows])
        stuck = np.array([bool(loose) and row in chosen and row not in loose for row in self.rows], dtype=bool)
        worth, high = self.program.worth.copy(), self.program.high.copy()
        worth[first:] = -np.tile(weight, 2)
        high[first:] = np.where(np.tile(stuck, 2), 0.0, high[first:])
        program = replace(self.program, worth=worth, high=high)
        self.solver.changed(program)
        try:
            if self.solver.run(left, presolve="off") != HighsModelStatus.kOptimal:
                return None
            basis = self.solver.basis()
            found = None if basis is None else point(program, *basis)
        except (SingularError, TimeoutError):
            return None
        if found is None:
            return None
        missed = found.x[first : first + count] - found.x[first + count : first + 2 * count]
        dual = dict(zip(self.rows, self._duals(found.price), strict=True))
        return Relaxed(dict(zip(self.rows, missed.tolist(), strict=True)), dual)

    def _duals(self, price: Array) -> list[float]:
        """d(all misses)/d(bound), in the cells' own units: the program's worth is less than nothing."""
        return (-price[self.size.astype(int)] / self.program.row[self.size.astype(int)]).tolist()


def _limit_rows(net: Network) -> list[Row]:
    ordinary = scales(net)
    found = []
    for i, limit in enumerate(net.limits):
        amount = float(getattr(ordinary, limit.amount)[limit.index])
        found.append(Row(limit.kind, i, abs(limit.bound) or amount))
    return found


def _good_rows(net: Network) -> list[Row]:
    """A supply, and what can't be thrown away."""
    stuck, good = net.rival & ~net.disposes, scales(net).good
    return [
        Row(SUPPLY, g, abs(float(net.supply[g]))) if net.supply[g] else Row(DISPOSAL, g, float(good[g]))
        for g in range(len(net.goods))
        if net.supply[g] or stuck[g]
    ]


def _elastic(net: Network, rows: list[Row]) -> tuple[Scaled, Array]:
    """The program with limits as rows, then what each row is short and over by; and the row of each cell."""
    given = linear_program(net)
    program = scaled(given)
    height, width, count = program.height, program.width, len(rows)
    limits = len(net.limits)
    low, high = _without_limits(program, given.holder, net)
    per = np.array([float(x) for x in given.per])
    bound = np.array([limit.bound for limit in net.limits]) / per
    column = given.holder
    unit = program.column[column] if limits else np.zeros(0)
    of_limits = sparse.csr_array((np.ones(limits), (np.arange(limits), column)), shape=(limits, width))
    # What a limit leaves over or lacks harmlessly: a spare column of its own, below an upper one, above a lower.
    sign = np.array([limit.sign for limit in net.limits], dtype=float)
    fixed = np.array([limit.fixed for limit in net.limits], dtype=bool)
    spare = sparse.diags_array(np.where(fixed, 0.0, sign)) if limits else sparse.csr_array((0, 0))
    place = np.array([row.index + (0 if row.kind in (SUPPLY, DISPOSAL) else height) for row in rows], dtype=int)
    size = np.array([row.size for row in rows])
    per_row = np.concatenate([program.row, unit])
    amount = size / per_row[place]
    is_limit = place >= height
    at = place[is_limit] - height
    amount[is_limit] = size[is_limit] / (per[at] * unit[at])
    # What is short is added to what a limit bounds, and taken from what a balance asks for.
    direction = np.where(is_limit, 1.0, -1.0)
    slack = sparse.csr_array((direction * amount, (place, np.arange(count))), shape=(height + limits, count))
    matrix = sparse.block_array([[program.matrix, None], [of_limits, spare]], format="csc")
    may_be_short, may_be_over = _sides(net, rows)
    ends = np.where(np.concatenate([may_be_short, may_be_over]), np.inf, 0.0)
    return Scaled(
        matrix=sparse.csc_array(sparse.hstack([matrix, slack, -slack])),
        right=np.concatenate([program.right, bound / unit]),
        low=np.concatenate([low, np.zeros(limits + 2 * count)]),
        high=np.concatenate([high, np.full(limits, np.inf), ends]),
        worth=np.zeros(width + limits + 2 * count),
        row=np.concatenate([program.row, per * unit]),
        column=np.concatenate([program.column, unit, np.tile(size, 2)]),
        money=1.0,
    ), place


def _without_limits(program: Scaled, holder: Array, net: Network) -> tuple[Array, Array]:
    """The bounds of columns by their signs alone."""
    low, high = program.low.copy(), program.high.copy()
    for limit, j in zip(net.limits, holder.tolist(), strict=True):
        if limit.sign > 0 or limit.fixed:
            high[j] = np.inf
        if limit.sign < 0 or limit.fixed:
            signed = (limit.amount == "sale" and net.sale_signed[limit.index]) or (
                limit.amount == "level" and limit.bound < 0
            )
            low[j] = -np.inf if signed else 0.0
    return low, high


def _sides(net: Network, rows: list[Row]) -> tuple[Array, Array]:
    """Which rows may be short, and which over."""
    short, over = [], []
    stuck = net.rival & ~net.disposes
    for row in rows:
        if row.kind == SUPPLY:
            short.append(True)
            over.append(bool(stuck[row.index] and net.supply[row.index] > 0))
        elif row.kind == DISPOSAL:
            short.append(False)
            over.append(True)
        else:
            limit = net.limits[row.index]
            short.append(limit.sign < 0 or limit.fixed)
            over.append(limit.sign > 0 or limit.fixed)
    return np.array(short, dtype=bool), np.array(over, dtype=bool)
