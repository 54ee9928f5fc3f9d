"""The bridge from Pyomo to Ipopt: signs, edge cases, refusals, and what is left after a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo.opt import SolverStatus, TerminationCondition
from scipy.optimize import linprog
from sizes import near

import chainopt.ipopt.plugin  # noqa: F401
from chainopt.ipopt.evaluator import NotSmoothError, build_evaluator
from chainopt.ipopt.interior import Progress, SolverMissing, run, warm_start
from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.words.status import Status


def model_of(build: Callable[[Any], None]) -> Any:
    model = pyo.ConcreteModel()
    build(model)
    return model


def two(m: Any, x: float = 1.0, y: float = 1.0) -> None:
    m.x, m.y = pyo.Var(initialize=x), pyo.Var(initialize=y)


def assert_no_prices(solution: ModelSolution) -> None:
    assert solution.status is not Status.OPTIMAL
    assert len(solution.dual) == 0
    assert len(solution.rc) == 0


# Signs: dual = d(objective)/d(side), rc = d(objective)/d(bound), both in the model's own sense.


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
@pytest.mark.parametrize("row", ["<=", ">=", "==", "range below", "range above"])
def test_dual_is_the_slope_of_the_optimum_in_the_side(sense: int, row: str) -> None:
    def optimum(side: float) -> tuple[float, float]:
        m = pyo.ConcreteModel()
        m.x = pyo.Var(initialize=1.0)
        rows = {
            "<=": lambda: m.x <= side,
            ">=": lambda: m.x >= side,
            "==": lambda: m.x == side,
            "range below": lambda: pyo.inequality(side, m.x, side + 9),
            "range above": lambda: pyo.inequality(side - 9, m.x, side),
        }
        m.row = pyo.Constraint(expr=rows[row]())
        wanted = {"<=": 5, "range above": 5, ">=": -5, "range below": -5, "==": 5}[row]
        loss = (m.x - wanted) ** 2
        m.objective = pyo.Objective(expr=loss if sense == pyo.minimize else -loss, sense=sense)
        solution = solve_model(m)
        assert solution.objective is not None
        return solution.objective, solution.dual[m.row]

    step = 1e-4
    slope = (optimum(1 + step)[0] - optimum(1 - step)[0]) / (2 * step)
    assert optimum(1.0)[1] == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("sense", "bounds", "expected"),
    [
        (pyo.minimize, (2, 9), 3.0),
        (pyo.minimize, (-9, 2), 0.0),
        (pyo.maximize, (2, 9), 3.0),
        (pyo.maximize, (None, 9), 3.0),
    ],
)
def test_rc_is_the_slope_of_the_optimum_in_the_bound(sense: int, bounds: Any, expected: float) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=bounds, initialize=3)
    m.y = pyo.Var(initialize=0)
    away = 0 if expected else m.x**2 - 3 * m.x
    m.objective = pyo.Objective(
        expr=3 * m.x + away + (m.y**2 if sense == pyo.minimize else -(m.y**2)), sense=sense
    )
    solution = solve_model(m)
    assert solution.rc[m.x] == near(expected, of=3.0, rel=3e-9)
    assert solution.rc[m.y] == near(0.0, of=3.0, rel=3e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize])
def test_linear_programs_agree_with_highs(seed: int, sense: int) -> None:
    rng = np.random.default_rng(seed)
    inequality, equation = rng.uniform(0.1, 1, (3, 6)), rng.uniform(0.1, 1, (1, 6))
    cost, inside = rng.normal(size=6), rng.uniform(0.5, 1.5, 6)
    sides, side = inequality @ inside + 0.3, equation @ inside
    sign = 1 if sense == pyo.minimize else -1
    highs = linprog(sign * cost, inequality, sides, equation, side, bounds=(0, 2))

    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(6), bounds=(0, 2), initialize=1)
    m.dual, m.rc = pyo.Suffix(direction=pyo.Suffix.IMPORT), pyo.Suffix(direction=pyo.Suffix.IMPORT)
    x = list(m.x.values())
    m.rows = pyo.Constraint(
        range(3), rule=lambda _, i: sum(a * v for a, v in zip(inequality[i], x, strict=True)) <= sides[i]
    )
    m.equation = pyo.Constraint(expr=sum(a * v for a, v in zip(equation[0], x, strict=True)) == side[0])
    m.objective = pyo.Objective(expr=sum(c * v for c, v in zip(cost, x, strict=True)), sense=sense)
    solution = solve_model(m)

    assert solution.objective == pytest.approx(sign * highs.fun, rel=1e-8)
    assert [m.dual[m.rows[i]] for i in range(3)] == near(sign * highs.ineqlin.marginals, of=cost, rel=5e-8)
    assert m.dual[m.equation] == near(sign * highs.eqlin.marginals[0], of=cost, rel=5e-8)
    assert [m.rc[v] for v in x] == near(sign * (highs.lower.marginals + highs.upper.marginals), of=cost, rel=5e-8)


def test_a_bound_by_equal_limits_has_its_rc_and_a_fixed_variable_none() -> None:
    m = pyo.ConcreteModel()
    m.x, m.y, m.z = pyo.Var(bounds=(2, 2)), pyo.Var(bounds=(0, None)), pyo.Var(initialize=4)
    m.z.fix()
    m.row = pyo.Constraint(expr=m.x + m.y + m.z >= 9)
    m.objective = pyo.Objective(expr=3 * m.x + m.y + m.z)
    solution = solve_model(m)
    assert solution.objective == pytest.approx(13)
    assert solution.rc[m.x] == pytest.approx(2)
    assert solution.dual[m.row] == pytest.approx(1)
    assert m.z not in solution.rc


# Shapes of models.


def test_blocks_expressions_parameters_and_deactivated_parts() -> None:
    m = pyo.ConcreteModel()
    m.p = pyo.Param(initialize=1.0, mutable=True)
    m.unused = pyo.Var(initialize=7)
    m.b = pyo.Block()
    m.b.c = pyo.Block()
    m.b.c.x = pyo.Var(initialize=1)
    m.b.e = pyo.Expression(expr=m.b.c.x**2)
    m.b.row = pyo.Constraint(expr=m.b.e + m.p * m.b.c.x >= 6)
    m.off = pyo.Constraint(expr=m.b.c.x >= 100)
    m.off.deactivate()
    m.idle = pyo.Block()
    m.idle.row = pyo.Constraint(expr=m.b.c.x >= 200)
    m.idle.deactivate()
    m.objective = pyo.Objective(expr=m.b.c.x)
    assert solve_model(m).objective == pytest.approx(2)
    m.p = 5.0
    solution = solve_model(m)
    assert solution.objective == pytest.approx(1)
    assert solution.dual[m.b.row] == pytest.approx(1 / 7)
    assert list(solution.dual) == [m.b.row]
    assert m.unused.value == 7


def test_declared_suffixes_are_filled_and_exported_ones_do_no_harm() -> None:
    m = model_of(two)
    m.objective = pyo.Objective(expr=m.x**2 + m.y**2)
    m.row = pyo.Constraint(expr=m.x + m.y == 2)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT_EXPORT)
    m.dual[m.row] = 99.0
    m.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
    m.scaling_factor[m.x], m.scaling_factor[m.y] = 1e3, 1e-3
    solve_model(m)
    assert m.dual[m.row] == pytest.approx(2)


def test_without_loading_the_model_is_untouched() -> None:
    m = model_of(two)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    m.row = pyo.Constraint(expr=m.x + m.y == 4)
    m.objective = pyo.Objective(expr=m.x**2 + m.y**2)
    solution = solve_model(m, load=False)
    assert (m.x.value, m.y.value, len(m.dual)) == (1.0, 1.0, 0)
    assert solution.values[m.x] == pytest.approx(2)


def test_a_model_without_constraints() -> None:
    m = model_of(two)
    m.objective = pyo.Objective(expr=(m.x - 2) ** 2 + pyo.exp(m.y) - m.y)
    assert solve_model(m).objective == pytest.approx(1)


def test_a_model_without_objective_finds_a_point() -> None:
    m = model_of(two)
    m.row = pyo.Constraint(expr=m.x * m.y == 6)
    m.line = pyo.Constraint(expr=m.x + m.y >= 5)
    solution = solve_model(m)
    assert solution.status is Status.OPTIMAL
    assert m.x.value * m.y.value == pytest.approx(6)


@pytest.mark.parametrize("limit", [8, 6])
def test_a_model_with_all_variables_fixed(limit: float) -> None:
    m = model_of(two)
    m.x.fix(7)
    m.y.fix(1)
    m.objective = pyo.Objective(expr=m.x + m.y, sense=pyo.maximize)
    m.row = pyo.Constraint(expr=m.x <= limit)
    solution = solve_model(m)
    if limit == 8:
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 8)
    else:
        assert solution.status is Status.INFEASIBLE
        assert "'row'" in solution.message


def test_a_model_with_nothing_in_it() -> None:
    assert solve_model(pyo.ConcreteModel()).status is Status.OPTIMAL


def test_square_systems_have_multipliers() -> None:
    m = model_of(two)
    m.product = pyo.Constraint(expr=m.x * m.y == 6)
    m.sum = pyo.Constraint(expr=m.x + m.y == 5)
    m.objective = pyo.Objective(expr=m.x**2 + 3 * m.y)
    solution = solve_model(m)
    assert (m.x.value, m.y.value) == pytest.approx((2, 3))
    assert (solution.dual[m.product], solution.dual[m.sum]) == pytest.approx((1, 1))


@pytest.mark.parametrize("side", [10, 11])
def test_more_equations_than_variables(side: float) -> None:
    m = model_of(two)
    m.product = pyo.Constraint(expr=m.x * m.y == 6)
    m.sum = pyo.Constraint(expr=m.x + m.y == 5)
    m.double = pyo.Constraint(expr=2 * m.x + 2 * m.y == side)
    m.objective = pyo.Objective(expr=m.x)
    solution = solve_model(m)
    if side == 10:
        assert solution.status is Status.OPTIMAL
        assert m.x.value == pytest.approx(2)
    else:
        assert solution.status is Status.INFEASIBLE
        assert_no_prices(solution)


# Refusals.


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (abs, "abs"),
        (pyo.ceil, "ceil"),
        (pyo.floor, "floor"),
        (pyo.asinh, "asinh"),
        (pyo.acosh, "acosh"),
        (pyo.atanh, "atanh"),
        (lambda x: pyo.Expr_if(x >= 1, x, 2 * x), "Expr_if"),
    ],
)
@pytest.mark.parametrize("inside", ["objective", "row", "expression"])
def test_functions_without_derivatives_are_refused_by_name(
    function: Callable[[Any], Any], name: str, inside: str
) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=1.5)
    m.named = pyo.Expression(expr=function(m.x) if inside == "expression" else m.x)
    m.objective = pyo.Objective(expr=m.x**2 + (function(m.x) if inside == "objective" else 0))
    row = {"row": lambda: function(m.x), "expression": lambda: m.named**2, "objective": lambda: m.x}
    m.part = pyo.Constraint(expr=row[inside]() <= 5)
    with pytest.raises(NotSmoothError) as error:
        solve_model(m)
    assert name in str(error.value)
    assert ("'objective'" if inside == "objective" else "'part'") in str(error.value)


def test_such_a_function_of_a_fixed_variable_is_a_constant() -> None:
    m = model_of(two)
    m.y.fix(-2)
    m.objective = pyo.Objective(expr=(m.x - abs(m.y)) ** 2)
    solve_model(m)
    assert m.x.value == pytest.approx(2)


def test_discrete_variables_and_ordered_sets_are_refused_by_name() -> None:
    m = pyo.ConcreteModel()
    m.count = pyo.Var(domain=pyo.NonNegativeIntegers, initialize=1)
    m.objective = pyo.Objective(expr=m.count**2)
    with pytest.raises(NotSmoothError, match="'count'"):
        solve_model(m)
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], initialize=1)
    m.choice = pyo.SOSConstraint(var=m.x, sos=1)
    m.objective = pyo.Objective(expr=m.x[1] + m.x[2])
    with pytest.raises(NotSmoothError, match="'choice'"):
        solve_model(m)


def test_several_objectives_are_refused_by_name() -> None:
    m = model_of(two)
    m.first, m.second = pyo.Objective(expr=m.x), pyo.Objective(expr=m.y)
    with pytest.raises(ValueError, match="first, second"):
        solve_model(m)


def test_an_unknown_option_is_refused_and_numbers_may_be_whole() -> None:
    m = model_of(two)
    m.objective = pyo.Objective(expr=m.x**2 + m.y**2)
    with pytest.raises(ValueError, match="no_such"):
        solve_model(m, options={"no_such": 1})
    assert solve_model(m, options={"mu_init": 1, "max_soc": 2}).status is Status.OPTIMAL


def test_without_cyipopt_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cyipopt", None)
    m = model_of(two)
    m.objective = pyo.Objective(expr=m.x**2 + m.y**2)
    with pytest.raises(SolverMissing, match="make install"):
        solve_model(m)
    assert not pyo.SolverFactory("chainopt.ipopt").available()


# Failures: the status, the names, the last iterate, and no prices.


def crossed_bounds(m: Any) -> None:
    two(m)
    m.x.setlb(3)
    m.x.setub(2)
    m.objective = pyo.Objective(expr=m.x)


def crossed_range(m: Any) -> None:
    two(m)
    m.lower = pyo.Param(initialize=3.0, mutable=True)
    m.range = pyo.Constraint(expr=pyo.inequality(m.lower, m.x, 2))
    m.objective = pyo.Objective(expr=m.x)


def impossible(m: Any) -> None:
    two(m)
    m.x.setub(1)
    m.y.setub(1)
    m.target = pyo.Constraint(expr=m.x + m.y >= 3)
    m.objective = pyo.Objective(expr=m.x)


@pytest.mark.parametrize(
    ("build", "name"), [(crossed_bounds, "'x'"), (crossed_range, "'range'"), (impossible, "'target'")]
)
def test_infeasible_models_name_what_cannot_be_met(build: Callable[[Any], None], name: str) -> None:
    m = model_of(build)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    m.dual[m.objective] = 1.0
    solution = solve_model(m)
    assert solution.status is Status.INFEASIBLE
    assert name in solution.message
    assert_no_prices(solution)
    assert len(m.dual) == 0


def test_bounds_that_cross_by_rounding_alone_are_no_contradiction() -> None:
    m = model_of(two)
    m.x.setlb(0.1 + 0.2)
    m.x.setub(0.3)
    m.objective = pyo.Objective(expr=m.x + m.y**2)
    assert solve_model(m).objective == pytest.approx(0.3)


@pytest.mark.parametrize(
    "objective",
    [
        lambda x, y: -x,
        lambda x, y: -x * y,
        lambda x, y: -pyo.sqrt(x),
        lambda x, y: -pyo.log(x),
        lambda x, y: -(x**3) + y,
    ],
)
def test_unbounded_models(objective: Callable[[Any, Any], Any]) -> None:
    m = model_of(two)
    m.x.setlb(0)
    m.y.setlb(0)
    m.row = pyo.Constraint(expr=m.x >= m.y)
    m.objective = pyo.Objective(expr=objective(m.x, m.y))
    solution = solve_model(m)
    assert solution.status is Status.UNBOUNDED
    assert "'x'" in solution.message
    assert_no_prices(solution)


def test_large_numbers_alone_are_not_unbounded() -> None:
    m = model_of(two)
    m.row = pyo.Constraint(expr=m.x + m.y == 3e11)
    m.objective = pyo.Objective(expr=(m.x - m.y) ** 2 * 1e-11)
    assert solve_model(m).status is Status.OPTIMAL


def test_a_start_outside_a_domain_names_the_rows() -> None:
    m = model_of(lambda m: two(m, x=-1.0))
    m.good = pyo.Constraint(expr=m.x + m.y <= 4)
    m.bad = pyo.Constraint(expr=pyo.log(m.x) + m.y >= 1)
    m.objective = pyo.Objective(expr=pyo.sqrt(m.x))
    solution = solve_model(m)
    assert solution.status is Status.EVALUATION_ERROR
    assert "'bad'" in solution.message
    assert "'objective'" in solution.message
    assert "'good'" not in solution.message
    assert_no_prices(solution)


def test_steps_out_of_a_domain_are_cut() -> None:
    m = model_of(lambda m: two(m, x=50.0))
    m.objective = pyo.Objective(expr=m.x - pyo.log(m.x) + m.y**2)
    assert solve_model(m).objective == pytest.approx(1)


def test_a_variable_that_starts_at_nan_is_refused_by_name() -> None:
    m = model_of(two)
    m.x.set_value(float("nan"), skip_validation=True)
    m.objective = pyo.Objective(expr=m.x**2)
    with pytest.raises(ValueError, match="'x'"):
        solve_model(m)


def rosenbrock(m: Any) -> None:
    two(m, -1.9, 2.0)
    m.objective = pyo.Objective(expr=100 * (m.y - m.x**2) ** 2 + (1 - m.x) ** 2)


def test_the_iteration_limit_keeps_the_last_iterate() -> None:
    m = model_of(rosenbrock)
    start = pyo.value(m.objective)
    solution = solve_model(m, max_iterations=3)
    assert (solution.status, solution.iterations) == (Status.ITERATION_LIMIT, 3)
    assert pyo.value(m.objective) == pytest.approx(solution.objective)
    assert pyo.value(m.objective) < start
    assert_no_prices(solution)


@pytest.mark.parametrize("limit", [0.0, 0.3])
def test_the_time_limit_ends_the_solve(limit: float) -> None:
    solution = solve_model(model_of(rosenbrock), time_limit=limit, progress=lambda _: time.sleep(0.1))
    assert solution.status is Status.TIME_LIMIT
    assert_no_prices(solution)


def stop_at(iteration: int, error: type[BaseException]) -> Callable[[Progress], None]:
    def progress(record: Progress) -> None:
        if record.iteration == iteration:
            raise error

    return progress


def test_an_interrupt_keeps_the_last_iterate() -> None:
    m = model_of(rosenbrock)
    solution = solve_model(m, progress=stop_at(5, KeyboardInterrupt))
    assert solution.status is Status.INTERRUPTED
    assert pyo.value(m.objective) == pytest.approx(solution.objective)
    assert m.x.value != -1.9
    assert_no_prices(solution)


def test_an_error_of_the_progress_callback_passes_through() -> None:
    m = model_of(rosenbrock)
    with pytest.raises(ZeroDivisionError):
        solve_model(m, progress=stop_at(5, ZeroDivisionError))
    assert m.x.value != -1.9


def test_progress_is_told_in_the_models_own_sense() -> None:
    m = model_of(two)
    m.objective = pyo.Objective(expr=7 - (m.x - 3) ** 2 - (m.y - 1) ** 2, sense=pyo.maximize)
    records: list[Progress] = []
    solution = solve_model(m, progress=records.append)
    assert records[0].objective == pytest.approx(3)
    assert records[-1].objective == pytest.approx(7)
    assert records[-1].iteration == solution.iterations


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_signal_ends_the_solve_with_its_status() -> None:
    program = """
        import time
        import pyomo.environ as pyo
        from chainopt.ipopt.model import solve_model
        m = pyo.ConcreteModel()
        m.x = pyo.Var(initialize=-1.9)
        m.y = pyo.Var(initialize=2.0)
        m.objective = pyo.Objective(expr=100 * (m.y - m.x**2) ** 2 + (1 - m.x) ** 2)
        def slowly(record):
            print(record.iteration, flush=True)
            time.sleep(0.5)
        print(solve_model(m, progress=slowly).status, flush=True)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        guard = threading.Timer(60, process.kill)
        guard.start()
        assert process.stdout.readline().strip() == "0"
        process.send_signal(signal.SIGINT)
        output = process.communicate()[0]
        guard.cancel()
    assert output.split()[-1] == "interrupted"
    assert process.returncode == 0


# Pyomo's solver factory.


def wyndor() -> Any:
    """Hillier and Lieberman's glass company: optimum 36, shadow prices 0, 3/2, 1."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, None))
    m.objective = pyo.Objective(expr=3 * m.x[1] + 5 * m.x[2], sense=pyo.maximize)
    m.plant = pyo.ConstraintList()
    m.plant.add(m.x[1] <= 4)
    m.plant.add(2 * m.x[2] <= 12)
    m.plant.add(3 * m.x[1] + 2 * m.x[2] <= 18)
    m.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    return m


def test_solver_factory_solves_and_loads() -> None:
    m = wyndor()
    solver = pyo.SolverFactory("chainopt.ipopt")
    assert solver.available()
    results = solver.solve(m, options={"tol": 1e-11})
    pyo.assert_optimal_termination(results)
    assert pyo.value(m.objective) == pytest.approx(36)
    assert [m.dual[row] for row in m.plant.values()] == near([0, 1.5, 1], of=1.5, rel=5e-9)


def test_solver_factory_without_loading_returns_the_solution() -> None:
    m = wyndor()
    results = pyo.SolverFactory("chainopt.ipopt").solve(m, load_solutions=False)
    assert m.x[1].value is None
    m.solutions.load_from(results)
    assert (m.x[1].value, m.x[2].value) == pytest.approx((2, 6))
    assert m.dual[m.plant[3]] == pytest.approx(1)


@pytest.mark.parametrize(
    ("build", "options", "condition", "status"),
    [
        (impossible, {}, TerminationCondition.infeasible, SolverStatus.warning),
        (rosenbrock, {"max_iter": 2}, TerminationCondition.maxIterations, SolverStatus.warning),
    ],
)
def test_solver_factory_reports_failures(
    build: Callable[[Any], None], options: dict[str, Any], condition: Any, status: Any
) -> None:
    results = pyo.SolverFactory("chainopt.ipopt").solve(model_of(build), options=options)
    assert results.solver.termination_condition == condition
    assert results.solver.status == status


def test_solver_factory_can_show_ipopts_log(capfd: pytest.CaptureFixture[str]) -> None:
    solver = pyo.SolverFactory("chainopt.ipopt")
    solver.solve(wyndor())
    assert capfd.readouterr().out == ""
    solver.solve(wyndor(), tee=True)
    assert "Ipopt" in capfd.readouterr().out


# The evaluator, which others may reuse.


def test_exact_derivatives_agree_with_differences() -> None:
    m = model_of(lambda m: two(m, 0.7, 1.3))
    m.objective = pyo.Objective(expr=pyo.exp(m.x * m.y) - pyo.log10(m.x), sense=pyo.maximize)
    m.row = pyo.Constraint(expr=pyo.tanh(m.x) ** m.y + m.y / m.x <= 9)
    evaluator = build_evaluator(m)
    x, step = evaluator.x0, 1e-5
    steps = step * np.eye(2)
    gradient = [(evaluator.objective(x + s) - evaluator.objective(x - s)) / (2 * step) for s in steps]
    slopes = [(evaluator.constraints(x + s)[0] - evaluator.constraints(x - s)[0]) / (2 * step) for s in steps]

    def lagrangian_gradient(at: Any) -> Any:
        return 2.0 * evaluator.gradient(at) + 3.0 * evaluator.jacobian_matrix(at).toarray()[0]

    hessian = [(lagrangian_gradient(x + s) - lagrangian_gradient(x - s)) / (2 * step) for s in steps]
    values = dict(
        zip(zip(*evaluator.hessianstructure(), strict=True), evaluator.hessian(x, [3.0], 2.0), strict=True)
    )
    assert evaluator.objective(x) == pytest.approx(-pyo.value(m.objective))
    assert evaluator.gradient(x) == pytest.approx(gradient, rel=1e-7)
    assert evaluator.jacobian_matrix(x).toarray()[0] == pytest.approx(slopes, rel=1e-7)
    assert values == pytest.approx({(i, j): hessian[i][j] for i, j in values}, rel=1e-6)
    assert all(i >= j for i, j in values)


def test_duals_start_a_model_warm() -> None:
    m = wyndor()
    m.curve = pyo.Constraint(expr=m.x[1] * m.x[2] <= 10)
    cold = solve_model(m)
    warm = solve_model(m, duals=cold.dual)
    assert warm.status is Status.OPTIMAL
    assert warm.iterations < cold.iterations / 2
    assert warm.objective == pytest.approx(cold.objective, rel=1e-9)
    for row, dual in cold.dual.items():
        assert warm.dual[row] == near(dual, of=cold.dual.values(), rel=5e-8), row.name


def test_a_warm_start_from_a_solution_takes_few_iterations() -> None:
    m = wyndor()
    m.curve = pyo.Constraint(expr=m.x[1] * m.x[2] <= 10)
    evaluator = build_evaluator(m)
    cold = run(evaluator)
    warm = run(evaluator, start=warm_start(evaluator, cold.point.x, cold.point.multipliers))
    assert warm.status is Status.OPTIMAL
    assert warm.point.x == pytest.approx(cold.point.x, rel=1e-8)
    assert warm.point.multipliers == near(cold.point.multipliers, of=cold.point.multipliers, rel=5e-9)
    assert warm.iterations < cold.iterations


@pytest.mark.parametrize("name", ["４ü", "a\nb", "\ud800", "inf bread", "nan"])
def test_a_models_name_may_be_any_text(name: str) -> None:
    m = pyo.ConcreteModel(name=name)
    m.x = pyo.Var(initialize=1.0)
    m.value = pyo.Objective(expr=(m.x - 3.0) ** 2)
    solve_model(m)
    assert pyo.value(m.x) == pytest.approx(3.0)
