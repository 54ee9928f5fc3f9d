"""HiGHS's simplex method as a finder of bases; what a basis is worth is found apart from it, by `basis`.

Its tolerances are absolute, so that it sees a program in its ordinary amounts; where its basis is not good enough,
what the basis leaves is solved for again, magnified (Gleixner, Steffy and Wolter, "Iterative refinement for linear
programming", 2016).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import highspy
import numpy as np
from highspy import HighsModelStatus

from chainopt.simplex.basis import BETWEEN, HIGH, LOW, Point, point
from chainopt.simplex.exact import SingularError
from chainopt.simplex.scaled import Scaled, highs_model
from chainopt.technology.arrays import Array

_ACCURACY = 1e-9
GOOD_ENOUGH = 1e-9
"""Of an ordinary amount, or of ordinary money: figures that were computed tie no closer."""
_MAGNIFIED = (1e3, 1e9)
_REFINEMENTS = 4
_PARALLEL = 1 << 13
"""The rule of presolve that looks for parallel columns: its way back speaks to the terminal."""
_WAYS: tuple[dict[str, Any], ...] = (
    {"presolve": "choose", "presolve_rule_off": _PARALLEL},
    {"presolve": "off"},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 0},
)
"""Options of HiGHS, tried one after the other."""


class Simplex:
    """A program in HiGHS, kept so that a changed one begins at the last basis."""

    def __init__(self, program: Scaled):
        self.program, self.highs = program, highspy.Highs()
        for name, value in (
            ("output_flag", False),
            ("log_to_console", False),
            ("threads", 1),
            ("solver", "simplex"),
            ("primal_feasibility_tolerance", _ACCURACY),
            ("dual_feasibility_tolerance", _ACCURACY),
        ):
            self.highs.setOptionValue(name, value)
        self.highs.passModel(highs_model(program))

    def run(self, time_limit: float | None = None, **options: Any) -> HighsModelStatus:
        """Solve, from the last basis where there is one; raises TimeoutError."""
        for name, value in options.items():
            self.highs.setOptionValue(name, value)
        if time_limit is not None:
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + time_limit)
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == HighsModelStatus.kTimeLimit:
            raise TimeoutError
        return status

    def basis(self, program: Scaled | None = None) -> tuple[Array, Array] | None:
        """The basic columns, and at which of its bounds each other one lies; None where there is no basis.

        program: whose bounds are meant, where they are not those that were solved for.
        """
        # Not by getBasicVariables: where presolve has solved all, it ends the interpreter.
        known, basic_status = self.highs.getBasis(), highspy.HighsBasisStatus.kBasic
        program = program or self.program
        statuses = [*known.col_status, *known.row_status]
        basic = np.flatnonzero([status == basic_status for status in statuses])
        if not known.valid or len(basic) != program.height:
            return None
        x = np.array(self.highs.getSolution().col_value)
        return basic, bounds_at(program, basic, x)

    def start(self, known: Point) -> None:
        """Begin at this basis."""
        status = highspy.HighsBasisStatus
        names = {LOW: status.kLower, HIGH: status.kUpper, BETWEEN: status.kZero}
        each = [names[at] for at in known.at.tolist()]
        for j in known.basic.tolist():
            each[j] = status.kBasic
        basis, width = highspy.HighsBasis(), self.program.width
        basis.col_status, basis.row_status = each[:width], each[width:]
        self.highs.setBasis(basis)

    def changed(self, program: Scaled) -> None:
        """Another program with the same matrix takes this one's place; the basis stays."""
        every, rows = (np.arange(n, dtype=np.int32) for n in (program.width, program.height))
        self.program = program
        self.highs.changeColsCost(program.width, every, program.worth)
        self.highs.changeColsBounds(program.width, every, program.low, program.high)
        self.highs.changeRowsBounds(program.height, rows, program.right, program.right)


def bounds_at(program: Scaled, basic: Array, x: Array) -> Array:
    """At which bound each column lies that is not basic, by its amount."""
    at = np.full(program.width + program.height, LOW)
    low, high = program.low, program.high
    with np.errstate(invalid="ignore"):
        upper = (np.isinf(low) & np.isfinite(high)) | (np.isfinite(high) & (high - x < x - low))
    at[: program.width] = np.where(upper, HIGH, np.where(np.isinf(low), BETWEEN, LOW))
    at[basic] = BETWEEN
    return at


def fixed(program: Scaled) -> Array:
    """The columns that can't move, the rows' own among them."""
    return np.concatenate([program.low == program.high, np.ones(program.height, dtype=bool)])


def holds(program: Scaled, found: Point) -> bool:
    """Whether a point is an optimum: within its bounds, and nothing gains by leaving one."""
    return found.primal <= GOOD_ENOUGH and found.dual(fixed(program)) <= GOOD_ENOUGH


def optima(program: Scaled, time_limit: float | None = None) -> Iterator[Point | None]:
    """An optimum for each way of solving that finds one, None for those that don't: the first is mostly enough."""
    for way in _WAYS:
        solver = Simplex(program)
        found = None
        if solver.run(time_limit, **way) == HighsModelStatus.kOptimal:
            found = _refined(solver, program, time_limit)
        yield found


def _refined(solver: Simplex, program: Scaled, time_limit: float | None) -> Point | None:
    """The point of a solver's basis, and of better ones where it is no optimum; None where none is."""
    for _ in range(_REFINEMENTS):
        basis = solver.basis()
        if basis is None:
            return None
        try:
            found = point(program, *basis)
        except SingularError:
            return None
        if holds(program, found):
            return found
        primal, dual = (
            float(np.clip(0.1 / max(x, 1e-300), *_MAGNIFIED)) for x in (found.primal, found.dual(fixed(program)))
        )
        width = program.width
        rest = replace(
            program,
            right=0.0 * program.right,
            low=-primal * found.above[:width],
            high=primal * found.below[:width],
            worth=dual * found.rent[:width],
            typed=None,
        )
        solver.changed(rest)
        if solver.run(time_limit, presolve="off") != HighsModelStatus.kOptimal:
            return None
    return None
