"""Price intervals: the least and the greatest price of a good among all prices that support the plan.

    minimise / maximise pi_g   subject to   C z + c = 0 for operations in use,  <= 0 for all,  rents >= 0

Two small linear programs (HiGHS) for each good that the price equations leave open, over the open unknowns
alone and those that some row joins to it; each row is relaxed by what the equations themselves leave, at least
1e-9 of its money. For a concave chain low and high are the right and the left derivative of the optimal value.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import highspy
import numpy as np
from highspy import HighsModelStatus
from scipy import sparse

from chainopt.backprop.open_prices import OpenPrices, Rows, open_prices
from chainopt.backprop.sweep import Derivatives
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import LEAST_SLACK, ONE_PRICE
from chainopt.technology.arrays import Array

_FEASIBLE = 1e-9
_FLOORS = (0.1, 100.0)
"""Of a typical price, the least that a row's money counts as; the second where the first leaves no price."""
_CUTS = 60
_MOST_ITERATIONS = 100_000
_PATIENCE = 4
"""Simplex iterations for each row and column, after which a start from the last basis helps no more."""
MOST_WORK = 400_000_000
"""Simplex iterations times rows: ten to fifteen seconds."""

POINT, BOUNDED, SKIPPED = "point", "bounded", "not computed"
BELOW, ABOVE, UNBOUNDED = "unbounded below", "unbounded above", "unbounded"


@dataclass(frozen=True, slots=True)
class Intervals:
    """low and high of each good's price (infinite where unbounded), and their kind.

    They are nan where no price supports the plan, whose kind is None, and where those before them took all the
    work that is allowed, whose kind is SKIPPED.
    """

    low: Array
    high: Array
    kind: tuple[str | None, ...]


def intervals(low: Array, high: Array) -> Intervals:
    """Ends found elsewhere, with their kinds; nan: not computed."""
    kind = [SKIPPED if np.isnan(a) or np.isnan(b) else _kind(a, b) for a, b in zip(low, high, strict=True)]
    return Intervals(low, high, tuple(kind))


def price_intervals(net: Network, plan: Plan, derivatives: Derivatives, numeraire: int | None = None) -> Intervals:
    """Every good's interval; a price that the equations fix is its own.

    With a numeraire, the interval of the ratio of each good's price to that good's.
    """
    price = derivatives.price
    low, high = price.copy(), price.copy()
    work = 0
    skipped = np.zeros(len(price), dtype=bool)
    if numeraire is not None and np.isnan(price[numeraire]):
        low, high = np.array(_ratios(open_prices(net, plan, derivatives), price, numeraire)).T
    elif np.isnan(price).any():
        for part in open_prices(net, plan, derivatives).parts():
            left = [(column, g) for column, g in enumerate(part.at.tolist()) if g < len(price)]
            skipped[[g for _, g in left]] = True
            if work >= MOST_WORK:
                continue
            with suppress(_TooMuchWork):
                program = _Program(part, work=work)
                if left and np.isnan(program.range(left[0][0], 1.0)[0]):
                    program = _Program(part, floor=_FLOORS[1], work=program.work)
                for column, g in left:
                    low[g], high[g] = program.range(column, part.scale * part.unit[column])
                    skipped[g] = False
            work = program.work
    if numeraire is not None and not np.isnan(price[numeraire]):
        low, high = low / price[numeraire], high / price[numeraire]
    kind = (SKIPPED if left else _kind(a, b) for a, b, left in zip(low, high, skipped, strict=True))
    return Intervals(low, high, tuple(kind))


def _ratios(given: OpenPrices, price: Array, numeraire: int) -> list[tuple[float, float]]:
    """The interval of each good's price over the numeraire's, which is open."""
    place = {g: column for column, g in enumerate(given.at.tolist())}
    program = _Program(given, place[numeraire])
    factor, unit = len(given.at), given.unit[place[numeraire]]
    return [
        program.range(place[g], given.unit[place[g]] / unit)
        if g in place
        else program.range(factor, float(price[g]) / (given.scale * unit))
        for g in range(len(price))
    ]


def supporting(net: Network, plan: Plan, derivatives: Derivatives, known: Array) -> Array:
    """Unknowns with those that are nan (goods that the solver left out) at the least prices that support the plan.

    They stay nan where there are none.
    """
    for exact in (True, False):
        if not np.isnan(known).any():
            break
        known = known.copy()
        for part in open_prices(net, plan, replace(derivatives, unknowns=known), exact=exact).parts():
            known[part.at] = _Program(part).least()
    return known


def settled(intervals: Intervals) -> Array:
    """The derivative of each good: the equations' price, or the one point that the inequalities leave."""
    ends = np.array([kind == POINT for kind in intervals.kind])
    with np.errstate(invalid="ignore"):
        return np.where(ends, 0.5 * (intervals.low + intervals.high), np.nan)


def _kind(low: float, high: float) -> str | None:
    if np.isnan(low) or np.isnan(high):
        return None
    if np.isinf(low) or np.isinf(high):
        return UNBOUNDED if np.isinf(low) and np.isinf(high) else BELOW if np.isinf(low) else ABOVE
    return POINT if high - low <= ONE_PRICE * max(abs(low), abs(high)) else BOUNDED


class _TooMuchWork(Exception):
    """The intervals so far have taken all the work that is allowed."""


class _Program:
    """The linear program of open unknowns, kept so that each good starts from the last one's basis.

    Idle processes with infinite slopes add rows "start at mix d": a cutting plane at the cheapest mix of each
    answer, until none is cheaper (Kelley, 1960).

    work: what others have taken of all that is allowed, past which it raises _TooMuchWork (None: no limit).

    For the ratio to a numeraire n whose price is open, every unknown and every constant is multiplied by one
    more unknown t >= 0, the last one, and pi_n t = 1 (Charnes and Cooper, 1962).
    """

    def __init__(
        self, given: OpenPrices, numeraire: int | None = None, floor: float = _FLOORS[0], work: int | None = None
    ):
        self.floor, self.limited = floor, work is not None
        self.given, self.homogeneous = given, numeraire is not None
        self.work, self.stalls = work or 0, False
        self.values = np.zeros(0)
        low = np.where(given.signed, -highspy.kHighsInf, 0.0)
        if self.homogeneous:
            low = np.append(low, 0.0)
        self.solver = highspy.Highs()
        self.solver.setOptionValue("output_flag", False)
        self.solver.setOptionValue("primal_feasibility_tolerance", _FEASIBLE)
        self.solver.setOptionValue("dual_feasibility_tolerance", _FEASIBLE)
        self.solver.addVars(len(low), low, np.full(len(low), highspy.kHighsInf))
        self._add(given.rows)
        # Without a first plane for each idle process, at a few prices, an answer may have no end.
        for factor in (1.0, 0.1, 10.0):
            self._add(given.cheapest(np.full(len(given.at), factor * given.scale))[0])
        if numeraire is not None:
            self.solver.addRow(1.0, 1.0, 1, [numeraire], [1.0])

    @np.errstate(all="ignore")
    def _add(self, rows: Rows) -> None:
        """These conditions, each relaxed by the slack."""
        rows, scale = rows.those(rows.touched), self.given.scale
        if not len(rows.rest):
            return
        size, active = 1.0 / rows.size, rows.active
        part = sparse.csr_array(sparse.diags_array(size) @ rows.matrix)
        rest, infinite = size * rows.rest / scale, highspy.kHighsInf
        slack = self.given.slack * np.maximum(self.floor, size * rows.money / scale)
        if not self.homogeneous:
            lower, upper = np.where(active, -rest - slack, -infinite), slack - rest
        else:
            both = np.flatnonzero(active)
            above, below = (rest - slack)[:, None], (-rest - slack)[both, None]
            part = sparse.block_array([[part, sparse.csr_array(above)], [-part[both], sparse.csr_array(below)]])
            part = sparse.csr_array(part)
            lower, upper = np.full(part.shape[0], -infinite), np.zeros(part.shape[0])
        self.solver.addRows(part.shape[0], lower, upper, part.nnz, part.indptr[:-1], part.indices, part.data)

    def range(self, column: int, factor: float) -> tuple[float, float]:
        """The least and the greatest of a factor times an unknown; nan where no price supports the plan."""
        self.solver.changeColCost(column, 1.0)
        ends = [self._end(sense) for sense in (highspy.ObjSense.kMinimize, highspy.ObjSense.kMaximize)]
        self.solver.changeColCost(column, 0.0)
        low, high = sorted(0.0 if abs(end) <= 10 * LEAST_SLACK else factor * end for end in ends)
        return low, high

    def least(self) -> Array:
        """The open unknowns at which they sum to the least; nan where none support the plan."""
        count = len(self.given.at)
        for column in range(count):
            self.solver.changeColCost(column, 1.0)
        if not np.isfinite(self._end(highspy.ObjSense.kMinimize)):
            return np.full(count, np.nan)
        values = self.values[:count]
        return self.given.scale * self.given.unit * np.where(np.abs(values) <= 10 * LEAST_SLACK, 0.0, values)

    def _end(self, sense: highspy.ObjSense) -> float:
        self.solver.changeObjectiveSense(sense)
        end = np.nan
        for _ in range(_CUTS):
            if self.limited and self.work >= MOST_WORK:
                raise _TooMuchWork
            status = self._run()
            if status in (HighsModelStatus.kUnbounded, HighsModelStatus.kUnboundedOrInfeasible):
                return np.inf if sense == highspy.ObjSense.kMaximize else -np.inf
            if status != HighsModelStatus.kOptimal:
                return np.nan
            # More planes would make the interval narrower; new rows make HiGHS forget what it has found.
            end = float(self.solver.getInfo().objective_function_value)
            self.values = np.array(self.solver.getSolution().col_value)
            if not self._cut(self.values):
                break
        return end

    def _run(self) -> HighsModelStatus:
        """Solve from the last basis; afresh where that goes round in circles; and with presolve where that ends
        without an answer.
        """
        if not self.stalls:
            self._solve()
            self.stalls = self.solver.getModelStatus() == HighsModelStatus.kIterationLimit
        if self.stalls:
            self.solver.clearSolver()
            self._solve()
        if self.solver.getModelStatus() not in (HighsModelStatus.kOptimal, HighsModelStatus.kUnbounded):
            self.solver.clearSolver()
            self._solve(presolve=True)
        return self.solver.getModelStatus()

    def _solve(self, presolve: bool = False) -> None:
        size = self.solver.getNumRow() + self.solver.getNumCol()
        most = _MOST_ITERATIONS if presolve else _PATIENCE * size
        self.solver.setOptionValue("simplex_iteration_limit", most)
        # Of programs solved again and again, HiGHS 1.15's presolve ends the interpreter on some.
        self.solver.setOptionValue("presolve", "choose" if presolve else "off")
        self.solver.run()
        self.work += max(self.solver.getInfo().simplex_iteration_count, 1) * self.solver.getNumRow()

    def _cut(self, answer: Array) -> bool:
        """Add a plane at the cheapest mix of each process that would start at these prices; whether any was."""
        given = self.given
        if not len(given.earned) or (self.homogeneous and answer[-1] <= LEAST_SLACK):
            return False
        unit = answer[-1] if self.homogeneous else 1.0
        planes, earned, gain = given.cheapest(given.scale * answer[: len(given.at)] / unit)
        # A plane is a row that may be missed by the slack of all rows: what it left before it leaves again.
        money = np.maximum(planes.money, np.abs(earned))
        missed = 2 * given.slack * np.maximum(money, max(1.0, self.floor) * given.scale * planes.size)
        rows = np.flatnonzero(gain > missed)
        self._add(planes.those(rows))
        return len(rows) > 0
