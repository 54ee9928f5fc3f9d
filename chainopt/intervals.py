"""Price intervals: the least and the greatest price of a good among all prices that support the plan.

    minimise / maximise pi_g   subject to   C z + c = 0 for operations in use,  <= 0 for all,  rents >= 0

Two small linear programs (HiGHS) for each good that the price equations leave open, over the open unknowns
alone; each row is relaxed by its money's rounding. For a concave chain low and high are the right and the left
derivative of the optimal value.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from chainopt.backprop import Derivatives
from chainopt.operations import Operations

Array = np.ndarray
_SLACK = 1e-9
_POINT = 1e-6

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


def price_intervals(derivatives: Derivatives, numeraire: int | None = None) -> Intervals:
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
        program = _Program(derivatives.operations, derivatives.unknowns, ratio)
        for g in asked:
            low[g], high[g] = (end / scale for end in program.range(int(g)))
    return Intervals(low, high, tuple(_kind(a, b) for a, b in zip(low, high, strict=True)))


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

    For the ratio to a numeraire n whose price is open, every unknown and every constant is multiplied by one
    more unknown t >= 0, and pi_n t = 1 (Charnes and Cooper, 1962).
    """

    def __init__(self, ops: Operations, known: Array, numeraire: int | None = None):
        open_ = np.isnan(known) & ops.may
        self.known = np.where(np.isnan(known), 0.0, known)
        self.column = np.full(len(known), -1)
        self.column[open_] = np.arange(open_.sum())
        whole = sparse.csr_array(ops.matrix[:, np.flatnonzero(open_)])
        touched = np.diff(whole.indptr) > 0
        matrix = sparse.csr_array(whole[touched])
        rest = (ops.matrix @ self.known + ops.constant)[touched]
        money = (abs(ops.matrix) @ np.abs(self.known) + np.abs(ops.constant))[touched]
        # The open prices are counted in money of the size of the fixed ones, rows in units of their good.
        self.scale = float(np.median(money[money > 0])) if np.any(money > 0) else 1.0
        row = 1.0 / abs(matrix).max(axis=1).toarray().ravel()
        matrix = sparse.csr_array(sparse.diags_array(row) @ matrix)
        rest, slack = row * rest / self.scale, _SLACK * np.maximum(1.0, row * money / self.scale)
        active, signed = ops.active[touched], ops.signed[open_]
        self.factor: int | None = None
        if numeraire is None:
            lower, upper = np.where(active, -rest - slack, -highspy.kHighsInf), -rest + slack
        else:
            # Row by row: C z' + (rest - slack) t <= 0, and for operations in use >= 0 with + slack.
            self.factor = matrix.shape[1]
            both = np.flatnonzero(active)
            signed = np.append(signed, False)
            unit = sparse.csr_array(([1.0], ([0], [self.column[numeraire]])), shape=(1, self.factor + 1))
            matrix = sparse.csr_array(
                sparse.vstack(
                    [
                        sparse.hstack([matrix, sparse.csr_array((rest - slack)[:, None])]),
                        sparse.hstack([-matrix[both], sparse.csr_array((-rest - slack)[both, None])]),
                        unit,
                    ],
                    format="csr",
                )
            )
            lower = np.full(matrix.shape[0], -highspy.kHighsInf)
            upper = np.zeros(matrix.shape[0])
            lower[-1] = upper[-1] = 1.0
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self.solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        program = highspy.HighsLp()
        program.num_col_, program.num_row_ = matrix.shape[1], matrix.shape[0]
        program.col_cost_ = np.zeros(matrix.shape[1])
        program.col_lower_ = np.where(signed, -highspy.kHighsInf, 0.0)
        program.col_upper_ = np.full(matrix.shape[1], highspy.kHighsInf)
        program.row_lower_, program.row_upper_ = lower, upper
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = matrix.indptr
        program.a_matrix_.index_ = matrix.indices
        program.a_matrix_.value_ = matrix.data
        self.solver.passModel(program)

    def range(self, good: int) -> tuple[float, ...]:
        """The least and the greatest price (or ratio) of a good; nan where no price supports the plan."""
        column, cost = int(self.column[good]), self.scale if self.factor is None else 1.0
        if column < 0:
            assert self.factor is not None
            column, cost = self.factor, self.known[good] / self.scale
        self.solver.changeColCost(column, cost)
        ends = []
        for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize):
            self.solver.changeObjectiveSense(sense)
            self.solver.run()
            status = self.solver.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                ends.append(float(self.solver.getInfo().objective_function_value))
            elif status in (
                highspy.HighsModelStatus.kUnbounded,
                highspy.HighsModelStatus.kUnboundedOrInfeasible,
            ):
                ends.append(np.inf if sense == highspy.ObjSense.kMaximize else -np.inf)
            else:
                ends.append(np.nan)
        self.solver.changeColCost(column, 0.0)
        rounding = 10 * _SLACK * (self.scale if self.factor is None else 1.0)
        return tuple(0.0 if abs(end) <= rounding else end for end in ends)
