"""Hock-Schittkowski problems, with multipliers from a Newton solve of the KKT system in 30 digits.

W. Hock and K. Schittkowski, Test Examples for Nonlinear Programming Codes, Springer 1981: the problems,
their starts, and the optimal objectives, which are asserted too. The reference starts at the book's
solution, takes the rows and bounds that are active there, and solves

    grad f = sum_i dual_i grad g_i + sum_j rc_j e_j,    g_i = its side,    x_j = its bound

with mpmath's numerical derivatives, so that neither CasADi nor Ipopt has a part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

import mpmath
import pyomo.environ as pyo
import pytest
from sizes import near

from chainopt.ipopt.model import solve_model
from chainopt.words.status import Status

Function = Callable[[Sequence[Any], Any], Any]


@dataclass(frozen=True)
class Problem:
    """minimise f(x, fn) with fn the library of exp, log, sin; rows are (g, lower, upper)."""

    f: Function
    start: Sequence[float]
    solution: Sequence[float]
    objective: float
    rows: Sequence[tuple[Function, float, float]] = ()
    bounds: Sequence[tuple[float, float]] | None = None


def equal(g: Function) -> tuple[Function, float, float]:
    return g, 0.0, 0.0


def positive(g: Function) -> tuple[Function, float, float]:
    return g, 0.0, inf


A11 = 7.5 * sqrt(6) + sqrt(338.5)
TORUS = (
    equal(lambda x, fn: sum(v**2 for v in x) - 10),
    equal(lambda x, fn: x[1] * x[2] - 5 * x[3] * x[4]),
    equal(lambda x, fn: x[0] ** 3 + x[1] ** 3 + 1),
)
LINES = (
    equal(lambda x, fn: x[0] + 3 * x[1]),
    equal(lambda x, fn: x[2] + x[3] - 2 * x[4]),
    equal(lambda x, fn: x[1] - x[4]),
)

PROBLEMS = {
    1: Problem(
        lambda x, fn: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2,
        (-2, 1),
        (1, 1),
        0.0,
        bounds=((-inf, inf), (-1.5, inf)),
    ),
    6: Problem(
        lambda x, fn: (1 - x[0]) ** 2,
        (-1.2, 1),
        (1, 1),
        0.0,
        (equal(lambda x, fn: 10 * (x[1] - x[0] ** 2)),),
    ),
    7: Problem(
        lambda x, fn: fn.log(1 + x[0] ** 2) - x[1],
        (2, 2),
        (0, sqrt(3)),
        -sqrt(3),
        (equal(lambda x, fn: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4),),
    ),
    10: Problem(
        lambda x, fn: x[0] - x[1],
        (-10, 10),
        (0, 1),
        -1.0,
        (positive(lambda x, fn: -3 * x[0] ** 2 + 2 * x[0] * x[1] - x[1] ** 2 + 1),),
    ),
    11: Problem(
        lambda x, fn: (x[0] - 5) ** 2 + x[1] ** 2 - 25,
        (4.9, 0.1),
        ((A11 ** (1 / 3) - A11 ** (-1 / 3)) / sqrt(6), (A11 ** (2 / 3) - 2 + A11 ** (-2 / 3)) / 6),
        -8.498464223,
        (positive(lambda x, fn: -(x[0] ** 2) + x[1]),),
    ),
    12: Problem(
        lambda x, fn: x[0] ** 2 / 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1],
        (0, 0),
        (2, 3),
        -30.0,
        (positive(lambda x, fn: 25 - 4 * x[0] ** 2 - x[1] ** 2),),
    ),
    14: Problem(
        lambda x, fn: (x[0] - 2) ** 2 + (x[1] - 1) ** 2,
        (2, 2),
        ((sqrt(7) - 1) / 2, (sqrt(7) + 1) / 4),
        9 - 2.875 * sqrt(7),
        (positive(lambda x, fn: 1 - x[0] ** 2 / 4 - x[1] ** 2), equal(lambda x, fn: x[0] - 2 * x[1] + 1)),
    ),
    21: Problem(
        lambda x, fn: x[0] ** 2 / 100 + x[1] ** 2 - 100,
        (-1, -1),
        (2, 0),
        -99.96,
        (positive(lambda x, fn: 10 * x[0] - x[1] - 10),),
        ((2, 50), (-50, 50)),
    ),
    24: Problem(
        lambda x, fn: ((x[0] - 3) ** 2 - 9) * x[1] ** 3 / (27 * sqrt(3)),
        (1, 0.5),
        (3, sqrt(3)),
        -1.0,
        (
            positive(lambda x, fn: x[0] / sqrt(3) - x[1]),
            (lambda x, fn: x[0] + sqrt(3) * x[1], 0.0, 6.0),
        ),
        ((0, inf), (0, inf)),
    ),
    28: Problem(
        lambda x, fn: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2,
        (-4, 1, 1),
        (0.5, -0.5, 0.5),
        0.0,
        (equal(lambda x, fn: x[0] + 2 * x[1] + 3 * x[2] - 1),),
    ),
    35: Problem(
        lambda x, fn: (
            9 - 8 * x[0] - 6 * x[1] - 4 * x[2] + 2 * x[0] ** 2 + 2 * x[1] ** 2 + x[2] ** 2
            + 2 * x[0] * x[1] + 2 * x[0] * x[2]
        ),
        (0.5, 0.5, 0.5),
        (4 / 3, 7 / 9, 4 / 9),
        1 / 9,
        (positive(lambda x, fn: 3 - x[0] - x[1] - 2 * x[2]),),
        ((0, inf),) * 3,
    ),
    39: Problem(
        lambda x, fn: -x[0],
        (2, 2, 2, 2),
        (1, 1, 0, 0),
        -1.0,
        (
            equal(lambda x, fn: x[1] - x[0] ** 3 - x[2] ** 2),
            equal(lambda x, fn: x[0] ** 2 - x[1] - x[3] ** 2),
        ),
    ),
    40: Problem(
        lambda x, fn: -x[0] * x[1] * x[2] * x[3],
        (0.8, 0.8, 0.8, 0.8),
        (2 ** (-1 / 3), 2 ** (-1 / 2), 2 ** (-11 / 12), 2 ** (-1 / 4)),
        -0.25,
        (
            equal(lambda x, fn: x[0] ** 3 + x[1] ** 2 - 1),
            equal(lambda x, fn: x[0] ** 2 * x[3] - x[2]),
            equal(lambda x, fn: x[3] ** 2 - x[1]),
        ),
    ),
    43: Problem(
        lambda x, fn: (
            x[0] ** 2 + x[1] ** 2 + 2 * x[2] ** 2 + x[3] ** 2 - 5 * x[0] - 5 * x[1] - 21 * x[2] + 7 * x[3]
        ),
        (0, 0, 0, 0),
        (0, 1, 2, -1),
        -44.0,
        (
            positive(lambda x, fn: 8 - sum(v**2 for v in x) - x[0] + x[1] - x[2] + x[3]),
            positive(
                lambda x, fn: 10 - x[0] ** 2 - 2 * x[1] ** 2 - x[2] ** 2 - 2 * x[3] ** 2 + x[0] + x[3]
            ),
            positive(lambda x, fn: 5 - 2 * x[0] ** 2 - x[1] ** 2 - x[2] ** 2 - 2 * x[0] + x[1] + x[3]),
        ),
    ),
    48: Problem(
        lambda x, fn: (x[0] - 1) ** 2 + (x[1] - x[2]) ** 2 + (x[3] - x[4]) ** 2,
        (3, 5, -3, 2, -2),
        (1, 1, 1, 1, 1),
        0.0,
        (equal(lambda x, fn: sum(x) - 5), equal(lambda x, fn: x[2] - 2 * (x[3] + x[4]) + 3)),
    ),
    52: Problem(
        lambda x, fn: (
            (4 * x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2
        ),
        (2, 2, 2, 2, 2),
        tuple(v / 349 for v in (-33, 11, 180, -158, 11)),
        1859 / 349,
        LINES,
    ),
    53: Problem(
        lambda x, fn: (x[0] - x[1]) ** 2 + (x[1] + x[2] - 2) ** 2 + (x[3] - 1) ** 2 + (x[4] - 1) ** 2,
        (2, 2, 2, 2, 2),
        tuple(v / 43 for v in (-33, 11, 27, -5, 11)),
        176 / 43,
        LINES,
        ((-10, 10),) * 5,
    ),
    60: Problem(
        lambda x, fn: (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4,
        (2, 2, 2),
        (1.104859024, 1.196674194, 1.535262257),
        0.03256820025,
        (equal(lambda x, fn: x[0] * (1 + x[1] ** 2) + x[2] ** 4 - 4 - 3 * sqrt(2)),),
        ((-10, 10),) * 3,
    ),
    61: Problem(
        lambda x, fn: (
            4 * x[0] ** 2 + 2 * x[1] ** 2 + 2 * x[2] ** 2 - 33 * x[0] + 16 * x[1] - 24 * x[2]
        ),
        (0, 0, 0),
        (5.326770157, -2.118998639, 3.210464239),
        -143.6461422,
        (
            equal(lambda x, fn: 3 * x[0] - 2 * x[1] ** 2 - 7),
            equal(lambda x, fn: 4 * x[0] - x[2] ** 2 - 11),
        ),
    ),
    63: Problem(
        lambda x, fn: 1000 - x[0] ** 2 - 2 * x[1] ** 2 - x[2] ** 2 - x[0] * x[1] - x[0] * x[2],
        (2, 2, 2),
        (3.512118414, 0.2169881741, 3.552174034),
        961.7151721,
        (
            equal(lambda x, fn: 8 * x[0] + 14 * x[1] + 7 * x[2] - 56),
            equal(lambda x, fn: sum(v**2 for v in x) - 25),
        ),
        ((0, inf),) * 3,
    ),
    65: Problem(
        lambda x, fn: (x[0] - x[1]) ** 2 + (x[0] + x[1] - 10) ** 2 / 9 + (x[2] - 5) ** 2,
        (-5, 5, 0),
        (3.650461821, 3.65046169, 4.6204170507),
        0.9535288567,
        (positive(lambda x, fn: 48 - sum(v**2 for v in x)),),
        ((-4.5, 4.5), (-4.5, 4.5), (-5, 5)),
    ),
    71: Problem(
        lambda x, fn: x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2],
        (1, 5, 5, 1),
        (1, 4.7429994, 3.8211503, 1.3794082),
        17.0140173,
        (
            (lambda x, fn: x[0] * x[1] * x[2] * x[3], 25.0, inf),
            (lambda x, fn: sum(v**2 for v in x), 40.0, 40.0),
        ),
        ((1, 5),) * 4,
    ),
    76: Problem(
        lambda x, fn: (
            x[0] ** 2 + x[1] ** 2 / 2 + x[2] ** 2 + x[3] ** 2 / 2 - x[0] * x[2] + x[2] * x[3]
            - x[0] - 3 * x[1] + x[2] - x[3]
        ),
        (0.5, 0.5, 0.5, 0.5),
        (0.2727273, 2.090909, 0, 0.5454545),
        -4.681818181,
        (
            (lambda x, fn: x[0] + 2 * x[1] + x[2] + x[3], -inf, 5.0),
            (lambda x, fn: 3 * x[0] + x[1] + 2 * x[2] - x[3], -inf, 4.0),
            (lambda x, fn: x[1] + 4 * x[2], 1.5, inf),
        ),
        ((0, inf),) * 4,
    ),
    77: Problem(
        lambda x, fn: (
            (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[2] - 1) ** 2 + (x[3] - 1) ** 4 + (x[4] - 1) ** 6
        ),
        (2, 2, 2, 2, 2),
        (1.166172, 1.182111, 1.380257, 1.506036, 0.6109203),
        0.24150513,
        (
            equal(lambda x, fn: x[0] ** 2 * x[3] + fn.sin(x[3] - x[4]) - 2 * sqrt(2)),
            equal(lambda x, fn: x[1] + x[2] ** 4 * x[3] ** 2 - 8 - sqrt(2)),
        ),
    ),
    78: Problem(
        lambda x, fn: x[0] * x[1] * x[2] * x[3] * x[4],
        (-2, 1.5, 2, -1, -1),
        (-1.717142, 1.595708, 1.827248, -0.7636429, -0.7636435),
        -2.91970041,
        TORUS,
    ),
    79: Problem(
        lambda x, fn: (
            (x[0] - 1) ** 2 + (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 2 + (x[2] - x[3]) ** 4
            + (x[3] - x[4]) ** 4
        ),
        (2, 2, 2, 2, 2),
        (1.191127, 1.362603, 1.472818, 1.635017, 1.679081),
        0.0787768209,
        (
            equal(lambda x, fn: x[0] + x[1] ** 2 + x[2] ** 3 - 2 - 3 * sqrt(2)),
            equal(lambda x, fn: x[1] - x[2] ** 2 + x[3] + 2 - 2 * sqrt(2)),
            equal(lambda x, fn: x[0] * x[4] - 2),
        ),
    ),
    80: Problem(
        lambda x, fn: fn.exp(x[0] * x[1] * x[2] * x[3] * x[4]),
        (-2, 2, 2, -1, -1),
        (-1.717143, 1.595709, 1.827247, -0.7636413, -0.7636450),
        0.0539498478,
        TORUS,
        ((-2.3, 2.3), (-2.3, 2.3), (-3.2, 3.2), (-3.2, 3.2), (-3.2, 3.2)),
    ),
    100: Problem(
        lambda x, fn: (
            (x[0] - 10) ** 2 + 5 * (x[1] - 12) ** 2 + x[2] ** 4 + 3 * (x[3] - 11) ** 2 + 10 * x[4] ** 6
            + 7 * x[5] ** 2 + x[6] ** 4 - 4 * x[5] * x[6] - 10 * x[5] - 8 * x[6]
        ),
        (1, 2, 0, 4, 0, 1, 1),
        (2.330499, 1.951372, -0.4775414, 4.365726, -0.6244870, 1.038131, 1.594227),
        680.6300573,
        (
            positive(
                lambda x, fn: 127 - 2 * x[0] ** 2 - 3 * x[1] ** 4 - x[2] - 4 * x[3] ** 2 - 5 * x[4]
            ),
            positive(lambda x, fn: 282 - 7 * x[0] - 3 * x[1] - 10 * x[2] ** 2 - x[3] + x[4]),
            positive(lambda x, fn: 196 - 23 * x[0] - x[1] ** 2 - 6 * x[5] ** 2 + 8 * x[6]),
            positive(
                lambda x, fn: (
                    -4 * x[0] ** 2 - x[1] ** 2 + 3 * x[0] * x[1] - 2 * x[2] ** 2 - 5 * x[5] + 11 * x[6]
                )
            ),
        ),
    ),
    113: Problem(
        lambda x, fn: (
            x[0] ** 2 + x[1] ** 2 + x[0] * x[1] - 14 * x[0] - 16 * x[1] + (x[2] - 10) ** 2
            + 4 * (x[3] - 5) ** 2 + (x[4] - 3) ** 2 + 2 * (x[5] - 1) ** 2 + 5 * x[6] ** 2
            + 7 * (x[7] - 11) ** 2 + 2 * (x[8] - 10) ** 2 + (x[9] - 7) ** 2 + 45
        ),
        (2, 3, 5, 5, 1, 2, 7, 3, 6, 10),
        (2.171996, 2.363683, 8.773926, 5.095984, 0.9906548, 1.430574, 1.321644, 9.828726, 8.280092, 8.375927),
        24.3062091,
        (
            positive(lambda x, fn: 105 - 4 * x[0] - 5 * x[1] + 3 * x[6] - 9 * x[7]),
            positive(lambda x, fn: -10 * x[0] + 8 * x[1] + 17 * x[6] - 2 * x[7]),
            positive(lambda x, fn: 8 * x[0] - 2 * x[1] - 5 * x[8] + 2 * x[9] + 12),
            positive(
                lambda x, fn: (
                    -3 * (x[0] - 2) ** 2 - 4 * (x[1] - 3) ** 2 - 2 * x[2] ** 2 + 7 * x[3] + 120
                )
            ),
            positive(lambda x, fn: -5 * x[0] ** 2 - 8 * x[1] - (x[2] - 6) ** 2 + 2 * x[3] + 40),
            positive(
                lambda x, fn: -((x[0] - 8) ** 2) / 2 - 2 * (x[1] - 4) ** 2 - 3 * x[4] ** 2 + x[5] + 30
            ),
            positive(
                lambda x, fn: -(x[0] ** 2) - 2 * (x[1] - 2) ** 2 + 2 * x[0] * x[1] - 14 * x[4] + 6 * x[5]
            ),
            positive(lambda x, fn: 3 * x[0] - 6 * x[1] - 12 * (x[8] - 8) ** 2 + 7 * x[9]),
        ),
    ),
}  # fmt: skip

Active = tuple[str, int, Function, float]


def bounds_of(problem: Problem) -> Sequence[tuple[float, float]]:
    return problem.bounds or ((-inf, inf),) * len(problem.start)


def active_at(problem: Problem) -> list[Active]:
    """The rows and bounds that hold with equality at the book's solution, as functions with their side."""
    found: list[Active] = []
    rows = [("dual", i, *row) for i, row in enumerate(problem.rows)]
    bounds = [("rc", j, lambda x, fn, j=j: x[j], *pair) for j, pair in enumerate(bounds_of(problem))]
    for kind, index, function, lower, upper in [*rows, *bounds]:
        value = function(problem.solution, mpmath)
        for side in {lower, upper}:
            if abs(value - side) < 1e-4:
                found.append((kind, index, function, side))
    return found


def slopes(function: Function, x: Sequence[Any]) -> list[Any]:
    n = len(x)
    order = [tuple(int(i == j) for i in range(n)) for j in range(n)]
    return [mpmath.diff(lambda *v: function(v, mpmath), tuple(x), index) for index in order]


def reference(problem: Problem) -> tuple[float, dict[tuple[str, int], float]]:
    """The optimal objective and the multipliers of active rows and bounds, by Newton in 30 digits."""
    n, active = len(problem.start), active_at(problem)

    def residual(*unknowns: Any) -> list[Any]:
        x, multipliers = unknowns[:n], unknowns[n:]
        stationarity = slopes(problem.f, x)
        for multiplier, (_, _, function, _) in zip(multipliers, active, strict=True):
            slope = slopes(function, x)
            stationarity = [s - multiplier * d for s, d in zip(stationarity, slope, strict=True)]
        return [*stationarity, *(function(x, mpmath) - side for _, _, function, side in active)]

    with mpmath.workdps(30):
        x = [mpmath.mpf(v) for v in problem.solution]
        first: list[Any] = []
        if active:
            jacobian = mpmath.matrix([slopes(function, x) for _, _, function, _ in active]).T
            first = list(mpmath.lu_solve(jacobian, mpmath.matrix(slopes(problem.f, x))))
        root = mpmath.findroot(residual, [*x, *first], tol=1e-20, verify=False)
        assert max(abs(r) for r in residual(*root)) < 1e-9
        objective = float(problem.f(list(root)[:n], mpmath))
        return objective, {
            (kind, index): float(value) for (kind, index, _, _), value in zip(active, list(root)[n:], strict=True)
        }


def as_model(problem: Problem, sense: int) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    indices = range(len(problem.start))
    limits = [tuple(None if abs(b) == inf else b for b in pair) for pair in bounds_of(problem)]
    model.x = pyo.Var(indices, bounds=lambda _, j: limits[j])
    for variable, value in zip(model.x.values(), problem.start, strict=True):
        variable.set_value(value, skip_validation=True)
    x = list(model.x.values())
    objective = problem.f(x, pyo)
    model.objective = pyo.Objective(expr=objective if sense == pyo.minimize else -objective, sense=sense)
    model.rows = pyo.ConstraintList()
    for g, lower, upper in problem.rows:
        sides = (None if lower == -inf else lower, g(x, pyo), None if upper == inf else upper)
        model.rows.add(sides[1] == lower if lower == upper else sides)
    return model


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize], ids=["min", "max"])
@pytest.mark.parametrize("number", PROBLEMS)
def test_objective_and_multipliers_agree_with_newton_in_high_precision(number: int, sense: int) -> None:
    problem = PROBLEMS[number]
    model = as_model(problem, sense)
    solution = solve_model(model)
    objective, multipliers = reference(problem)
    sign = 1 if sense == pyo.minimize else -1
    assert solution.status is Status.OPTIMAL
    assert solution.objective == pytest.approx(sign * problem.objective, rel=1e-6, abs=1e-8)
    assert solution.objective == pytest.approx(sign * objective, rel=1e-8, abs=1e-9)
    # Figures without units, of about 1: that is what there is to compare with where all slopes vanish.
    slope = [1.0, *(float(part) for part in slopes(problem.f, list(problem.solution)))]
    for i, row in enumerate(model.rows.values()):
        expected = sign * multipliers.get(("dual", i), 0.0)
        assert solution.dual[row] == near(expected, of=[*multipliers.values(), *slope], rel=1e-7), row.name
    for j, variable in model.x.items():
        expected = sign * multipliers.get(("rc", j), 0.0)
        assert solution.rc[variable] == near(expected, of=[*multipliers.values(), *slope], rel=1e-7), variable.name


def test_a_flat_minimum_is_found_without_a_claim_on_its_multipliers() -> None:
    """HS 26: the second derivative vanishes along the row at the solution."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(3), initialize=dict(enumerate((-2.6, 2.0, 2.0))))
    x = model.x
    model.objective = pyo.Objective(expr=(x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4)
    model.row = pyo.Constraint(expr=(1 + x[1] ** 2) * x[0] + x[2] ** 4 == 3)
    solution = solve_model(model)
    assert solution.status is Status.OPTIMAL
    assert solution.objective == pytest.approx(0.0, abs=1e-9)
