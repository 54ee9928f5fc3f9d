"""Digits at degenerate solutions: closed forms in which a multiplier and its slack are both 0, or nearly."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest

from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.words.status import Status


def solved(m: pyo.ConcreteModel) -> ModelSolution:
    solution = solve_model(m)
    assert solution.status is Status.OPTIMAL, solution.message
    return solution


def test_a_bound_where_the_slope_ends_is_met_with_no_multiplier() -> None:
    # min x^2 + (y - 1)^2, x >= 0: an interior point alone has x, and its multiplier, to 1e-6.
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, None), initialize=1.0), pyo.Var(initialize=3.0)
    m.value = pyo.Objective(expr=m.x**2 + (m.y - 1) ** 2)
    solution = solved(m)
    assert pyo.value(m.x) == 0.0
    assert pyo.value(m.y) == pytest.approx(1.0, rel=1e-15, abs=0)
    assert abs(solution.rc[m.x]) <= 1e-15
    assert solution.error is not None
    assert solution.error <= 1e-15


@pytest.mark.parametrize("least", [1e-5, 1e-8, 0.0, -1e-8, -1e-5])
def test_an_optimum_close_to_a_bound_is_not_moved_to_it(least: float) -> None:
    # min (x - least)^2, x >= 0: x = max(least, 0), and the bound's multiplier 2 max(-least, 0).
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None), initialize=1.0)
    m.value = pyo.Objective(expr=(m.x - least) ** 2)
    solution = solved(m)
    assert pyo.value(m.x) == pytest.approx(max(least, 0.0), abs=1e-14)
    assert solution.rc[m.x] == pytest.approx(2 * max(-least, 0.0), abs=1e-14)


def test_a_row_that_holds_by_chance_has_no_price() -> None:
    # max log x + log y, x + y <= 2, x <= 1: x = y = 1, lambda = 1 of the first row, 0 of the second.
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, None), initialize=0.5), pyo.Var(bounds=(0, None), initialize=0.5)
    m.budget, m.cap = pyo.Constraint(expr=m.x + m.y <= 2), pyo.Constraint(expr=m.x <= 1)
    m.value = pyo.Objective(expr=pyo.log(m.x) + pyo.log(m.y), sense=pyo.maximize)
    solution = solved(m)
    assert solution.dual[m.budget] == pytest.approx(1.0, abs=1e-14)
    assert solution.dual[m.cap] == pytest.approx(0.0, abs=1e-14)


def test_gradients_that_are_dependent_at_the_solution_alone_are_told() -> None:
    # min x^2 + y^2, x - u^2 = 1, x^2 + y^2 - v^2 = 1: at x = 1, all else 0, both rows are (1, 0, 0, 0) but for 2.
    m = pyo.ConcreteModel()
    m.x, m.y, m.u, m.v = (pyo.Var(initialize=1.0) for _ in range(4))
    m.first = pyo.Constraint(expr=m.x - m.u**2 == 1)
    m.second = pyo.Constraint(expr=m.x**2 + m.y**2 - m.v**2 == 1)
    m.value = pyo.Objective(expr=m.x**2 + m.y**2)
    solution = solved(m)
    assert any("nearly dependent" in note for note in solution.notes)
    # Every pair with dual_1 + 2 dual_2 = 2 is right.
    assert solution.dual[m.first] + 2 * solution.dual[m.second] == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_random_programs_with_weakly_active_rows(seed: int) -> None:
    # min |x - a|^2/2 with A x >= b active at x*, of which half have a multiplier: x* and lambda are chosen first.
    random = np.random.default_rng(seed)
    size, count = 8, 5
    slopes, point = random.normal(size=(count, size)), random.normal(size=size)
    multipliers = np.where(np.arange(count) % 2, random.uniform(0.5, 2.0, count), 0.0)
    target = point - slopes.T @ multipliers
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(size), initialize=0.0)
    m.rows = pyo.Constraint(
        range(count),
        rule=lambda m, i: sum(float(slopes[i, j]) * m.x[j] for j in m.x) >= float(slopes[i] @ point),
    )
    m.value = pyo.Objective(expr=sum((m.x[j] - float(target[j])) ** 2 for j in m.x) / 2)
    solution = solved(m)
    assert [pyo.value(v) for v in m.x.values()] == pytest.approx(point, abs=1e-13)
    assert [solution.dual[row] for row in m.rows.values()] == pytest.approx(multipliers, abs=1e-13)
