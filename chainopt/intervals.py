"""Price intervals: the least and the greatest price of a good among all prices that support the plan.

    minimise / maximise pi_g   subject to   C z + c = 0 for operations in use,  <= 0 for all,  rents >= 0

Two small linear programs (HiGHS) for each good that the price equations leave open, over the open unknowns
alone; each row is relaxed by what the equations themselves leave, at least 1e-9 of its money. For a concave
chain low and high are the right and the left derivative of the optimal value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import highspy
import numpy as np
from scipy import sparse

from chainopt.backprop import Derivatives
from chainopt.idle import starts, steep_idle
from chainopt.network import Network
from chainopt.operations import ZERO
from chainopt.plan import Plan

Array = np.ndarray
_SLACK = 1e-9
_MOST_SLACK = 1e-6
_POINT = 1e-6
_CUTS = 60

POINT, BOUNDED, BELOW, ABOVE, UNBOUNDED = (
    "point",
    "bounded",
    "unbounded below",
    "unbounded above",
    "unbounded",
)


@dataclass(frozen=True, slots=True)
class Intervals:
    """low and high of each good's price (infinite where unbounded, nan where not computed), and their kind."""

    low: Array
    high: Array
    kind: tuple[str | None, ...]


def price_intervals(net: Network, plan: Plan, derivatives: Derivatives, numeraire: int | None = None) -> Intervals:
    """Every good's interval; a price that the equations fix is its own.

    With a numeraire, the interval of the ratio of each good's price to that good's.
    """
    price = derivatives.price
    if numeraire is not None and not np.isnan(price[numeraire]):
        price = price / price[numeraire]
        scale = derivatives.price[numeraire]
    else:
        scale = 1.0
    low, high = price.copy(), price.copy()
    ratio = numeraire if np.isnan(derivatives.price[numeraire or 0]) else None
    asked = np.flatnonzero(np.isnan(price)) if ratio is None else np.arange(len(price))
    if len(asked):
        program = _Program(net, plan, derivatives, ratio)
        for g in asked:
            low[g], high[g] = (end / scale for end in program.range(int(g)))
    return Intervals(low, high, tuple(_kind(a, b) for a, b in zip(low, high, strict=True)))


def supporting(net: Network, plan: Plan, derivatives: Derivatives, known: Array) -> Array:
    """Unknowns with those that are nan (goods that the solver left out) at the least prices that support the plan.

    They stay nan where there are none.
    """
    if not np.isnan(known).any():
        return known
    given = replace(derivatives, unknowns=known)
    found = _Program(net, plan, given, None, exact=True).least()
    return _Program(net, plan, given, None).least() if np.isnan(found).any() else found


def settled(derivatives: Derivatives, intervals: Intervals) -> Array:
    """The derivative of each good: the equations' price, or the one point that the inequalities leave."""
    ends = np.array([kind == POINT for kind in intervals.kind])
    with np.errstate(invalid="ignore"):
        return np.where(ends, 0.5 * (intervals.low + intervals.high), np.nan)


def _kind(low: float, high: float) -> str | None:
    if np.isnan(low) or np.isnan(high):
        return None
    if np.isinf(low) or np.isinf(high):
        return UNBOUNDED if np.isinf(low) and np.isinf(high) else BELOW if np.isinf(low) else ABOVE
    return POINT if high - low <= _POINT * max(abs(low), abs(high)) else BOUNDED


class _Program:
    """The linear program of the open unknowns, kept so that each good starts from the last one's basis.

    Idle processes with infinite slopes add rows "start at mix d": a cutting plane at the cheapest mix of each
    answer, until none is cheaper (Kelley, 1960).

    For the ratio to a numeraire n whose price is open, every unknown and every constant is multiplied by one
    more unknown t >= 0, and pi_n t = 1 (Charnes and Cooper, 1962).
    """

    def __init__(
        self, net: Network, plan: Plan, derivatives: Derivatives, numeraire: int | None, exact: bool = False
    ):
        ops, known = derivatives.operations, derivatives.unknowns
        self.net, self.ops = net, ops
        self.open = np.isnan(known) & ops.may
        self.known = np.where(np.isnan(known), 0.0, known)
        self.column = np.full(len(known), -1)
        self.column[self.open] = np.arange(self.open.sum())
        self.start = starts(net, steep_idle(net, plan, ops.size, ZERO), ops.size)
        self.earns, self.pays = ops.earns[self.start.level], ops.pays[self.start.use]
        self.open_earns, self.open_pays = (part[:, np.flatnonzero(self.open)] for part in (self.earns, self.pays))
        self.fixed_earned = self.earns @ self.known - net.unit_cost[self.start.level]
        self.fixed_paid = self.pays @ self.known
        # The open prices are counted in money of the size of the fixed ones, rows in units of their good.
        money = abs(ops.matrix) @ np.abs(self.known) + np.abs(ops.constant)
        self.scale = float(np.median(money[money > ops.least])) if np.any(money > ops.least) else 1.0
        settled = ops.active & ((abs(ops.matrix) @ self.open.astype(float)) == 0)
        gap = np.abs(ops.matrix @ self.known + ops.constant) / np.maximum(money, np.maximum(ops.least, 1e-300))
        self.slack = (
            _SLACK if exact else float(np.clip(10 * np.max(gap[settled], initial=0.0), _SLACK, _MOST_SLACK))
        )
        self.homogeneous = numeraire is not None
        signed = ops.signed[self.open]
        low, high = np.where(signed, -highspy.kHighsInf, 0.0), np.full(len(signed), highspy.kHighsInf)
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self.solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        if self.homogeneous:
            low, high = np.append(low, 0.0), np.append(high, highspy.kHighsInf)
        self.solver.addVars(len(low), low, high)
        self._add(ops.matrix, ops.constant, ops.active)
        # Without a first plane for each idle process, at a few prices, an answer may have no end.
        for factor in (1.0, 0.1, 10.0):
            self._plane(np.full(int(self.open.sum()), factor * self.scale), every=True)
        if numeraire is not None:
            self.solver.addRow(1.0, 1.0, 1, [int(self.column[numeraire])], [1.0])

    def _add(self, matrix: sparse.csr_array, constant: Array, active: Array) -> None:
        """Rows C z + c <= 0 (>= 0 too where active) of the unknowns that are open."""
        part = matrix[:, np.flatnonzero(self.open)]
        rest = matrix @ self.known + constant
        self._rows(part, rest, abs(matrix) @ np.abs(self.known) + np.abs(constant), active)

    def _rows(self, part: sparse.csr_array, rest: Array, money: Array, active: Array) -> None:
        """Rows of open unknowns, with what the known ones add and the money that they move."""
        part = sparse.csr_array(part)
        touched = np.flatnonzero(np.diff(part.indptr) > 0)
        if not len(touched):
            return
        part, rest, money, active = sparse.csr_array(part[touched]), rest[touched], money[touched], active[touched]
        row = 1.0 / _largest(part)
        part = sparse.csr_array(sparse.diags_array(row) @ part)
        rest, slack = row * rest / self.scale, self.slack * np.maximum(1.0, row * money / self.scale)
        infinite = highspy.kHighsInf
        if not self.homogeneous:
            lower, upper = np.where(active, -rest - slack, -infinite), slack - rest
        else:
            both = np.flatnonzero(active)
            part = sparse.csr_array(
                sparse.vstack(
                    [
                        sparse.hstack([part, sparse.csr_array((rest - slack)[:, None])]),
                        sparse.hstack([-part[both], sparse.csr_array((-rest - slack)[both, None])]),
                    ],
                    format="csr",
                )
            )
            lower, upper = np.full(part.shape[0], -infinite), np.zeros(part.shape[0])
        self.solver.addRows(part.shape[0], lower, upper, part.nnz, part.indptr[:-1], part.indices, part.data)

    def range(self, good: int) -> tuple[float, ...]:
        """The least and the greatest price (or ratio) of a good; nan where no price supports the plan."""
        column, cost = int(self.column[good]), 1.0 if self.homogeneous else self.scale
        if column < 0:
            column, cost = int(self.open.sum()), self.known[good] / self.scale
        self.solver.changeColCost(column, cost)
        ends = [self._end(sense) for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize)]
        self.solver.changeColCost(column, 0.0)
        rounding = 10 * _SLACK * (1.0 if self.homogeneous else self.scale)
        return tuple(0.0 if abs(end) <= rounding else end for end in ends)

    def least(self) -> Array:
        """The unknowns at which the open ones sum to the least; nan where none support the plan."""
        count = int(self.open.sum())
        for column in range(count):
            self.solver.changeColCost(column, 1.0)
        if not np.isfinite(self._end(highspy.ObjSense.kMinimize)):
            return np.where(self.open, np.nan, self.known)
        unknowns = self.known.copy()
        values = np.array(self.solver.getSolution().col_value)[:count]
        unknowns[self.open] = self.scale * np.where(np.abs(values) <= 10 * _SLACK, 0.0, values)
        return unknowns

    def _end(self, sense: highspy.ObjSense) -> float:
        self.solver.changeObjectiveSense(sense)
        for _ in range(_CUTS):
            status = self._run()
            if status in (
                highspy.HighsModelStatus.kUnbounded,
                highspy.HighsModelStatus.kUnboundedOrInfeasible,
            ):
                return np.inf if sense == highspy.ObjSense.kMaximize else -np.inf
            if status != highspy.HighsModelStatus.kOptimal:
                return np.nan
            if not self._cut(np.array(self.solver.getSolution().col_value)):
                break
        return float(self.solver.getInfo().objective_function_value)

    def _run(self) -> highspy.HighsModelStatus:
        """Solve from the last basis; and afresh where that ends without an answer."""
        self.solver.run()
        if self.solver.getModelStatus() not in (
            highspy.HighsModelStatus.kOptimal,
            highspy.HighsModelStatus.kUnbounded,
        ):
            self.solver.clearSolver()
            self.solver.run()
        return self.solver.getModelStatus()

    def _cut(self, answer: Array) -> bool:
        """Add a plane at the cheapest mix of each idle process that would start at these prices."""
        if self.homogeneous and answer[-1] <= _SLACK:
            return False
        unit = answer[-1] if self.homogeneous else 1.0
        return self._plane(self.scale * answer[: int(self.open.sum())] / unit)

    def _plane(self, unknowns: Array, every: bool = False) -> bool:
        """Add planes of the idle processes that would start at these open unknowns, or of all; whether any was."""
        if not len(self.start.level):
            return False
        paid = self.fixed_paid + self.open_pays @ unknowns
        mixes = self.start.mixes(np.maximum(paid, _SLACK * self.scale))
        earned = self.fixed_earned + self.open_earns @ unknowns
        gain = earned - mixes @ paid
        planes = sparse.csr_array(self.open_earns - mixes @ self.open_pays)
        # A plane is a row that may be missed by the slack of all rows: what it left before it leaves again.
        missed = 2 * self.slack * np.maximum(np.abs(earned), self.scale * np.maximum(1.0, _largest(planes)))
        rows = np.flatnonzero(every | (gain > missed))
        if not len(rows):
            return False
        self._rows(
            planes[rows],
            (self.fixed_earned - mixes @ self.fixed_paid)[rows],
            (np.abs(self.fixed_earned) + mixes @ np.abs(self.fixed_paid))[rows],
            np.zeros(len(rows), dtype=bool),
        )
        return True


def _largest(matrix: sparse.csr_array) -> Array:
    """The largest entry of each row, without signs."""
    return abs(matrix).max(axis=1).toarray().ravel()
