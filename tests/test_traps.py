"""Problems that a solver answers with success and a wrong word: each is named for what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest
from chains import by_good, random_chain
from sizes import near

import chainopt as co
from chainopt.audits.explain import explain
from chainopt.backprop.operations import operations
from chainopt.backprop.sweep import differentiate
from chainopt.certificate.certify import certify
from chainopt.certificate.conditions import residuals
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import network
from chainopt.network.plan import Plan
from chainopt.planner.rays import confirmed, find_ray


def model(build: Callable[[Any], None]) -> co.ModelSolution:
    m = pyo.ConcreteModel()
    build(m)
    return co.solve_model(m)


def values(solution: co.ModelSolution) -> dict[str, float]:
    return {variable.name: value for variable, value in solution.values.items()}


# Figures near the ends of what a double holds.


ENDS = {
    "a row that underflows": co.Chain(
        [co.Good("a", supply=1e-7), co.Good("b", supply=1e4), co.Good("c", price=1)],
        [co.Process("p", function="cobb-douglas", inputs={"a": 60, "b": 60}, outputs="c")],
    ),
    "returns that make 1e249 of 1e5": co.Chain(
        [co.Good("a", supply=1e5), co.Good("b", supply=1e5), co.Good("c", price=1)],
        [
            co.Process(
                "p", function="ces", elasticity=1.000001, returns=50, inputs={"a": 0.5, "b": 0.5}, outputs="c"
            )
        ],
    ),
    "more money than a double holds": co.Chain([co.Good("a", supply=1e200, price=1e200)], []),
    "a cost that no plan can pay": co.Chain(
        [co.Good("a", supply=1, disposal=None), co.Good("b", price=1)],
        [co.Process("p", function="linear", inputs={"a": 3e111}, outputs="b", unit_cost=1e300, min_level=1e20)],
    ),
    "yields that multiply beyond": co.Chain(
        [co.Good("a", supply=1), co.Good("b"), co.Good("c", price=1)],
        [
            co.Process("p", function="linear", inputs={"a": 1e300}, outputs={"b": 1e300}),
            co.Process("q", function="linear", inputs={"b": 1e300}, outputs="c"),
        ],
    ),
    "a process that needs nothing": co.Chain(
        [co.Good("a", min_sale=0.07), co.Good("b")],
        [co.Process("p", formula="a = 0.6"), co.Process("q", formula="b = exp(b) - 1")],
    ),
    "a supply that nobody takes": co.Chain([co.Good("a", supply=80, disposal=None)], []),
    "nothing that anybody takes": co.Chain(
        [co.Good("a", disposal=None), co.Good("b")],
        [co.Process("p", function="stone-geary", inputs={"b": 0.04}, outputs="a")],
    ),
    "nothing that can flow": co.Chain(
        [co.Good("a", disposal=None)],
        [
            co.Process("p", function="stone-geary", inputs={"a": 0.67}, outputs="a"),
            co.Process("q", formula="a = 1/a"),
        ],
    ),
}


# NumPy warns of an overflow, which is what these are for.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ENDS)
def test_figures_beyond_computing_end_in_a_status(name: str) -> None:
    chain = ENDS[name]
    for method in ("ipopt", "auto"):
        solution = co.solve(chain, method=method, max_iterations=200)
        assert isinstance(solution.status, co.Status)
        assert len(co.result_record(chain, solution)["goods"]) == len(chain.goods)


# Value without end.


MILL = co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel")
SMELTER = co.Process("mill", function="cobb-douglas", inputs={"ore": 0.5, "coal": 0.5}, outputs="steel")
UNBOUNDED = {
    "a trade": co.Chain([co.Good("gold", price=2, import_price=1)], []),
    "a mill": co.Chain([co.Good("ore", import_price=1), co.Good("steel", price=3)], [MILL]),
    "constant returns": co.Chain(
        [co.Good("ore", import_price=1), co.Good("coal", import_price=4), co.Good("steel", price=5)], [SMELTER]
    ),
    "constant returns, just": co.Chain(
        [co.Good("ore", import_price=1), co.Good("coal", import_price=4), co.Good("steel", price=4.001)], [SMELTER]
    ),
    "increasing returns": co.Chain(
        [co.Good("ore", import_price=1), co.Good("steel", price=1)],
        [co.Process("mill", function="cobb-douglas", inputs={"ore": 1.2}, outputs="steel", scale=0.1)],
    ),
    "a formula": co.Chain(
        [co.Good("ore", import_price=1), co.Good("steel", price=1)],
        [co.Process("mill", formula="steel = 2*ore - sqrt(ore)")],
    ),
    "rubbish paid for twice": co.Chain([co.Good("sludge", import_price=-2, disposal=1)], []),
    "a free source": co.Chain(
        [co.Good("oil", price=3)], [co.Process("well", function="leontief", unit_cost=2, outputs="oil")]
    ),
    "bought back": co.Chain(
        [co.Good("oil", price=3, min_sale=-inf), co.Good("gas", price=4)],
        [co.Process("converter", function="linear", inputs={"oil": 1}, outputs="gas")],
    ),
    "goods from nothing": co.Chain(
        [co.Good("power"), co.Good("coal"), co.Good("heat", price=1)],
        [
            co.Process("station", function="leontief", inputs={"coal": 1}, outputs={"power": 3}),
            co.Process("mine", function="leontief", inputs={"power": 1}, outputs={"coal": 1}),
            co.Process("heater", function="leontief", inputs={"power": 1}, outputs="heat"),
        ],
    ),
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_value_without_end_is_never_optimal(name: str) -> None:
    chain = UNBOUNDED[name]
    solution = co.solve(chain)
    # With increasing returns to stand still is an optimum too, of its neighbourhood.
    assert solution.status is not co.Status.OPTIMAL or solution.scope == "local"
    assert find_ray(network(chain), solution.plan) is not None
    assert confirmed(network(chain), solution.plan, solution.status) is co.Status.UNBOUNDED
    assert explain(chain, solution).causes


@pytest.mark.parametrize("money", [1e-9, 1.0, 1e12])
@pytest.mark.parametrize("amount", [1e-9, 1.0, 1e12])
def test_large_and_small_numbers_are_not_unbounded(money: float, amount: float) -> None:
    goods = [co.Good("ore", supply=4 * amount, price=money), co.Good("steel", price=8 * money)]
    smooth = co.Process("mill", function="cobb-douglas", inputs={"ore": 0.5}, outputs="steel", scale=amount**0.5)
    # 8 sqrt(x) - x rises up to x = 16: all ore is used.
    for process, value in ((smooth, 16.0), (MILL, 32.0)):
        chain = co.Chain(goods, [process])
        solution = co.solve(chain)
        assert solution.status is co.Status.OPTIMAL, solution.message
        assert solution.objective == pytest.approx(value * money * amount, rel=1e-6)
        assert find_ray(network(chain), solution.plan) is None


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_a_trade_is_unbounded_in_any_unit(scale: float) -> None:
    goods = [co.Good("ore", supply=scale, import_price=1 / scale), co.Good("steel", price=3 / scale)]
    chain = co.Chain(goods, [MILL])
    solution = co.solve(chain)
    assert confirmed(network(chain), solution.plan, solution.status) is co.Status.UNBOUNDED


@pytest.mark.parametrize(
    "chain",
    [
        co.Chain([co.Good("oil", price=3, max_sale=4, import_price=0)], []),
        co.Chain(
            [co.Good("ore", import_price=1), co.Good("steel", price=1000)],
            [co.Process("mill", formula="steel = ln(1 + ore)")],
        ),
        co.Chain(
            [co.Good("ore", import_price=1), co.Good("coal", import_price=4), co.Good("steel", price=3.99)],
            [SMELTER],
        ),
        co.Chain(
            [co.Good("ore", import_price=1), co.Good("design", supply=1, rival=False), co.Good("steel", price=1)],
            [
                co.Process(
                    "mill", function="ces", inputs={"ore": 0.5, "design": 0.5}, outputs="steel", elasticity=3
                )
            ],
        ),
    ],
    ids=["a free good", "falling returns", "a loss", "a design is one"],
)
def test_what_has_an_end_has_no_ray(chain: co.Chain) -> None:
    solution = co.solve(chain)
    assert solution.status is not co.Status.UNBOUNDED
    assert find_ray(network(chain), solution.plan) is None


@pytest.mark.parametrize("function", ["leontief", "linear", "cobb-douglas"])
def test_what_is_read_of_a_non_rival_good_does_not_grow_from_nothing(function: str) -> None:
    """d sells what there is of a, 1; the other half earns 0.5, with increasing returns."""
    goods = [co.Good("a", supply=1, rival=False), co.Good("d", price=1), co.Good("m", supply=1)]
    goods.append(co.Good("c", price=1, max_sale=0.5))
    read = co.Process("p", function=function, inputs={"a": 1}, outputs="d")
    make = co.Process("q", function="cobb-douglas", inputs={"m": 1.5}, outputs="c")
    chain = co.Chain(goods, [read, make])
    assert find_ray(network(chain)) is None
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.objective == pytest.approx(1.5, rel=1e-7)


def test_a_chain_that_may_stand_still_is_never_called_infeasible() -> None:
    """Ipopt says so of each of these, among processes that it drives towards nothing."""
    for seed, cyclic in ((61, False), (39, True), (154, True), (164, True)):
        solution = co.solve(random_chain(seed, "market", cyclic, idle=True, most=20))
        assert solution.status is not co.Status.INFEASIBLE, (seed, cyclic)
    chain = random_chain(61, "market", idle=True, most=20)
    solution, market = co.solve(chain), co.solve(chain, method="market")
    assert solution.status is market.status is co.Status.OPTIMAL
    assert solution.objective == pytest.approx(market.objective, rel=1e-8)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-8, 1e-12])
def test_a_slowly_growing_objective_is_unbounded_at_any_tolerance(tolerance: float) -> None:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=1, bounds=(0, None))
    m.objective = pyo.Objective(expr=pyo.log(m.x), sense=pyo.maximize)
    assert co.solve_model(m, tolerance=tolerance).status is co.Status.UNBOUNDED


def test_a_large_solution_of_a_model_is_not_unbounded() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1, bounds=(0, None))
        m.objective = pyo.Objective(expr=1e-8 * m.x - pyo.log(m.x))

    solution = model(build)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert values(solution)["x"] == pytest.approx(1e8, rel=1e-3)


# Multipliers that are not one answer.


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_the_same_row_twice(factor: float) -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1)
        m.first = pyo.Constraint(expr=m.x <= 2)
        m.second = pyo.Constraint(expr=factor * m.x <= factor * 2)
        m.objective = pyo.Objective(expr=m.x, sense=pyo.maximize)

    assert any("not unique" in note and "'first'" in note and "'second'" in note for note in model(build).notes)


def test_a_row_added_to_a_chains_model_twice() -> None:
    chain = co.Chain([co.Good("ore", supply=4), co.Good("steel", price=3, max_sale=2)], [MILL])
    m = co.build_model(chain)
    m.again = pyo.Constraint(expr=m.sale["steel"] <= 2)
    solution = co.solve_model(m)
    assert any("'again'" in note and "'max_sale[steel]'" in note for note in solution.notes)


def test_rows_of_which_one_has_slack_are_unique() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1)
        m.first = pyo.Constraint(expr=m.x <= 2)
        m.second = pyo.Constraint(expr=2 * m.x <= 5)
        m.objective = pyo.Objective(expr=m.x, sense=pyo.maximize)

    assert not model(build).notes


def test_three_dependent_equations() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var([0, 1, 2], initialize=1)
        m.a = pyo.Constraint(expr=m.x[0] + m.x[1] == 2)
        m.b = pyo.Constraint(expr=m.x[1] + m.x[2] == 2)
        m.c = pyo.Constraint(expr=m.x[0] - m.x[2] == 0)
        m.objective = pyo.Objective(expr=sum(m.x[i] ** 2 for i in m.x))

    notes = model(build).notes
    assert any(all(f"'{name}'" in note for name in "abc") for note in notes)


@pytest.mark.parametrize("equal", [False, True])
def test_a_row_without_slope_has_no_multiplier(equal: bool) -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1)
        m.row = pyo.Constraint(expr=m.x**2 == 0 if equal else m.x**2 <= 0)
        m.objective = pyo.Objective(expr=m.x)

    solution = model(build)
    assert solution.status is co.Status.UNCERTIFIED
    assert "constraint qualification" in solution.message
    assert "'row'" in solution.message
    assert not solution.dual


def test_a_large_multiplier_alone_is_no_such_thing() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1, bounds=(0, None))
        m.row = pyo.Constraint(expr=1e-6 * m.x >= 1)
        m.objective = pyo.Objective(expr=m.x)

    assert model(build).status is co.Status.OPTIMAL


# Points that are stationary, but no optimum.


def test_a_start_at_a_local_maximum() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=0, bounds=(-10, 10))
        m.objective = pyo.Objective(expr=m.x**4 - m.x**2)

    solution = model(build)
    assert solution.status is co.Status.OPTIMAL
    assert solution.objective == pytest.approx(-0.25)
    assert any("saddle or a local maximum" in note for note in solution.notes)


def test_a_start_at_a_maximum_without_a_minimum() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=0)
        m.objective = pyo.Objective(expr=-(m.x**2))

    assert model(build).status is co.Status.UNBOUNDED


def test_a_saddle_on_a_row_is_left() -> None:
    def build(m: Any) -> None:
        m.x, m.y = pyo.Var(initialize=1, bounds=(0, None)), pyo.Var(initialize=1, bounds=(0, None))
        m.row = pyo.Constraint(expr=m.x + m.y == 2)
        m.objective = pyo.Objective(expr=m.x**1.5 + m.y**1.5, sense=pyo.maximize)

    assert model(build).objective == pytest.approx(2.0**1.5)


def test_a_maximum_held_by_its_bounds_is_an_optimum() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=0.3, bounds=(-1, 2))
        m.objective = pyo.Objective(expr=-((m.x - 0.1) ** 2))

    solution = model(build)
    assert solution.status is co.Status.OPTIMAL
    assert abs(values(solution)["x"]) in (pytest.approx(1), pytest.approx(2))
    assert not solution.notes


def test_above_its_size_the_review_says_that_it_was_skipped() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(range(600), initialize=1)
        m.objective = pyo.Objective(expr=sum((m.x[i] - 1) ** 2 for i in m.x))

    assert any("not checked" in note for note in model(build).notes)


def twins(supply: float) -> co.Chain:
    return co.Chain(
        [co.Good("a", supply=supply), co.Good("b", price=1)],
        [co.Process(name, function="cobb-douglas", inputs={"a": 1.5}, outputs="b") for name in ("one", "other")],
    )


def test_twins_with_increasing_returns() -> None:
    solution = co.solve(twins(2))
    assert solution.objective == pytest.approx(2.0**1.5)
    assert solution.scope == "local"
    m = co.build_model(twins(2))
    for use in m.use.values():
        use.set_value(1.0)
    assert co.solve_model(m).objective == pytest.approx(2.0**1.5)


def test_increasing_returns_and_two_local_optima_say_local() -> None:
    chain = co.Chain(
        [co.Good("a", supply=4), co.Good("b", price=1), co.Good("c", price=1.1)],
        [
            co.Process("to b", function="cobb-douglas", inputs={"a": 2}, outputs="b"),
            co.Process("to c", function="cobb-douglas", inputs={"a": 2}, outputs="c"),
        ],
    )
    solution = co.solve(chain)
    assert solution.scope != "global"
    assert solution.status is not co.Status.OPTIMAL or "local" in " ".join(solution.warnings)


@pytest.mark.parametrize("returns", [0.5, 2.0])
def test_an_idle_process_whose_good_is_not_worth_making_leaves_the_optimum_global(returns: float) -> None:
    """Its lambda is below 0, so that it is concave neither way; but it loses whatever it takes."""
    chain = co.Chain(
        [co.Good("a", supply=2, price=0.25), co.Good("c", price=1)],
        [co.Process("p", function="cobb-douglas", inputs={"a": returns}, outputs="c", unit_cost=5)],
    )
    solution = co.solve(chain)
    assert solution.certified
    assert solution.scope == "global"
    amounts = np.linspace(0, 2, 201)
    assert solution.objective == pytest.approx(np.max(0.25 * (2 - amounts) - 4 * amounts**returns))


def test_an_idle_process_that_would_be_paid_for_its_input_leaves_it_local() -> None:
    """Sludge costs 1 to dump, and treated whole makes 2 of fumes, at 1 each, of 4 that would cost 4."""
    chain = co.Chain(
        [co.Good("sludge", supply=4, disposal=1), co.Good("fumes", price=-1, disposal=None)],
        [co.Process("p", function="cobb-douglas", inputs={"sludge": 0.5}, outputs="fumes")],
    )
    net = network(chain)
    price = np.array([-1.0, -1.0])
    none = np.zeros(0)
    multipliers = Multipliers(price, none, np.full(1, np.nan), np.full(2, np.nan), none)
    idle = Plan(np.zeros(1), np.zeros(1), np.zeros(2), np.zeros(2), np.array([4.0, 0.0]))
    assert residuals(net, idle, operations(net, idle), multipliers).largest < 1e-12
    assert certify(net, idle, differentiate(net, idle), multipliers).unproven == ("p",)
    solution = co.solve(chain)
    assert solution.scope != "global"


def test_an_input_that_nobody_makes_yet_may_have_a_negative_price_too() -> None:
    """Treating z costs 1 a unit of sqrt(z), too dear for the first units of gold, and not for a hundred."""
    goods = [co.Good("a", supply=100), co.Good("gold", price=0.12), co.Good("z", disposal=None)]
    treat = co.Process("treat", function="cobb-douglas", inputs={"z": 0.5}, outputs=(), unit_cost=1)
    processes = [co.Process("q", function="leontief", inputs={"a": 1}, outputs={"gold": 1, "z": 1}), treat]
    for i in range(5):
        goods.append(co.Good(f"b{i}", price=0.05))
        processes.append(co.Process(f"r{i}", function="cobb-douglas", inputs={"a": 0.5}, outputs=f"b{i}"))
    solution = co.solve(co.Chain(goods, processes))
    best = 100 * 0.12 - 100**0.5
    assert solution.objective is not None
    assert solution.objective >= best * (1 - 1e-6) or solution.scope != "global"


def test_a_process_that_is_paid_to_run_and_takes_what_is_free_is_not_left_idle() -> None:
    burn = co.Process("burn", function="cobb-douglas", inputs={"lab": 0.5}, outputs=(), unit_cost=-1)
    chain = co.Chain([co.Good("lab", supply=10, price=0)], [burn])
    solution = co.solve(chain)
    assert solution.objective == pytest.approx(10**0.5)
    net, none = network(chain), np.zeros(0)
    idle = Plan(np.zeros(1), np.zeros(1), np.full(1, 10.0), np.zeros(1), np.zeros(1))
    free = Multipliers(np.zeros(1), none, np.full(1, np.nan), np.full(1, np.nan), none)
    assert residuals(net, idle, operations(net, idle), free).largest > 0.9


def test_what_nobody_reads_may_be_less_than_nothing() -> None:
    goods = [co.Good("x", supply=0.5, rival=False), co.Good("loss", rival=False), co.Good("gold", price=1)]
    processes = [co.Process("l", formula="loss = ln(x)"), co.Process("g", formula="gold = sqrt(x)")]
    solution = co.solve(co.Chain(goods, processes))
    assert solution.certified, solution.message
    assert solution.objective == pytest.approx(0.5**0.5, rel=1e-8)
    assert solution.multipliers is not None
    assert solution.multipliers.price == near([0.5 / 0.5**0.5, 0, 1], of=1, rel=1e-8)


# Edges of domains, and of what is there at all.


def test_an_infinite_slope_at_zero_flow() -> None:
    chain = co.Chain(
        [co.Good("a", supply=2, price=0.25), co.Good("b", supply=1, price=0.1), co.Good("c", price=0.01)],
        [co.Process("idle", function="cobb-douglas", inputs={"a": 0.5, "b": 0.5}, outputs="c", unit_cost=5)],
    )
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.scope == "global"
    price = by_good(chain, solution, "price")
    assert (price["a"], price["b"]) == pytest.approx((0.25, 0.1), rel=5e-9)


@pytest.mark.parametrize("method", ["ipopt", "market"])
def test_a_process_that_takes_nothing_to_speak_of_but_makes_much_of_its_good(method: str) -> None:
    # It takes x with 2e-4/(2 sqrt(x)) = 1: a hundred-millionth of a, for 2e-4 of what there is of b.
    p = co.Process("p", function="cobb-douglas", scale=2e-4, inputs={"a": 0.5}, outputs="b")
    solution = co.solve(
        co.Chain([co.Good("a", supply=1, price=1), co.Good("b", supply=1e-4, price=1)], [p]), method=method
    )
    net, plan = solution.net, solution.plan
    assert solution.certified
    assert net is not None
    assert plan is not None
    assert solution.multipliers is not None
    assert plan.level[0] == pytest.approx(2e-8, rel=1e-4)
    without = replace(plan, use=np.zeros(1), level=np.zeros(1), sale=np.array([1.0, 1e-4]))
    assert residuals(net, without, operations(net, without), solution.multipliers).largest > 0.9


@pytest.mark.parametrize("reads_for", [0.0, 1e-17])
def test_a_design_that_is_free_to_read_does_not_start_an_idle_process(reads_for: float) -> None:
    """It would make some 1e-10 of c of the dear a, whatever it reads of the design."""
    goods = [co.Good("a", supply=1, price=20), co.Good("design", supply=1, rival=False), co.Good("c", price=0.03)]
    inputs = {"a": 0.75, "design": 0.25}
    p = co.Process("p", function="ces", inputs=inputs, outputs="c", returns=0.8, elasticity=0.8)
    chain = co.Chain(goods, [p])
    solution = co.solve(chain)
    assert solution.certified, solution.message
    none = np.zeros(0)
    multipliers = Multipliers(
        np.array([20, 0, 0.03]), none, np.array([np.nan, reads_for]), np.full(3, np.nan), none
    )
    net, zero = network(chain), np.zeros(3)
    idle = Plan(np.array([0.0, 1.0]), np.zeros(1), np.array([1.0, 0, 0]), zero, zero)
    assert residuals(net, idle, operations(net, idle), multipliers).largest < 1e-12


@pytest.mark.parametrize("cost", [0.0, -0.25])
def test_no_more_is_thrown_away_of_what_nobody_reads_than_there_is(cost: float) -> None:
    """Of a non-rival good, where taking it may even be paid for: then sqrt(a) is made of it from a."""
    chain = co.Chain(
        [co.Good("a", supply=9, price=0.0625), co.Good("design", supply=1, rival=False, disposal=cost)],
        [co.Process("research", function="cobb-douglas", inputs={"a": 0.5}, outputs="design")],
    )
    solution = co.solve(chain)
    assert solution.certified
    made = 2.0 if cost else 0.0
    thrown = by_good(chain, solution, "disposed")["design"]
    assert thrown == near(1 + made if cost else 0.0, of=1 + made, rel=3e-7)
    assert solution.objective == pytest.approx(0.0625 * (9 - made**2) - cost * (1 + made), rel=1e-8)


def test_a_start_outside_a_logarithm() -> None:
    chain = co.Chain([co.Good("x", supply=2), co.Good("y", price=1)], [co.Process("p", formula="y = ln(x - 5)")])
    solution = co.solve(chain)
    assert solution.status is co.Status.EVALUATION_ERROR
    (cause,) = explain(chain, solution).causes
    assert (cause.sheet, cause.record, cause.column) == ("processes", "p", "formula")
    assert "log of -" in cause.text


def test_lower_above_upper() -> None:
    with pytest.raises(co.ChainError, match="below the min sale"):
        co.Chain([co.Good("steel", price=1, supply=9, min_sale=3, max_sale=2)], [])
    with pytest.raises(co.ChainError, match="above the capacity"):
        co.Chain(
            [co.Good("a", supply=9), co.Good("b", price=1)],
            [co.Process("p", function="linear", inputs={"a": 1}, outputs="b", min_level=3, capacity=2)],
        )

    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1, bounds=(3, 2))
        m.objective = pyo.Objective(expr=m.x)

    solution = model(build)
    assert solution.status is co.Status.INFEASIBLE
    assert "'x'" in solution.message


def test_more_equations_than_variables() -> None:
    def build(m: Any) -> None:
        m.x = pyo.Var(initialize=1)
        m.first = pyo.Constraint(expr=m.x**2 == 4)
        m.second = pyo.Constraint(expr=m.x**3 == 27)
        m.objective = pyo.Objective(expr=m.x)

    solution = model(build)
    assert solution.status is co.Status.INFEASIBLE
    assert "'first'" in solution.message or "'second'" in solution.message
    assert not solution.dual


def test_a_good_that_nothing_can_supply() -> None:
    chain = co.Chain(
        [co.Good("flour"), co.Good("labour", supply=3, price=1), co.Good("bread", price=100)],
        [co.Process("bake", function="cobb-douglas", inputs={"flour": 0.5, "labour": 0.5}, outputs="bread")],
    )
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL
    assert "nothing can supply" in solution.removed["bake"]
    assert solution.objective == pytest.approx(3.0)


def test_infeasible_shows_no_multipliers() -> None:
    chain = co.Chain([co.Good("ore", supply=5), co.Good("steel", price=1, min_sale=10)], [MILL])
    solution = co.solve(chain)
    assert solution.status is co.Status.INFEASIBLE
    assert solution.multipliers is None
    assert co.prices(chain, solution)["price"].isna().all()


def test_a_chain_in_which_nothing_is_to_be_had_is_solved_at_nothing():
    solution = co.solve(co.Chain([co.Good("gold"), co.Good("rings", price=1)], []))
    assert solution.status is co.Status.OPTIMAL
    assert solution.objective == 0
    made = co.Process("smith", function="leontief", inputs={"gold": 1}, outputs="rings")
    solution = co.solve(co.Chain([co.Good("gold"), co.Good("rings", price=1)], [made]))
    assert solution.status is co.Status.OPTIMAL
    assert list(solution.removed) == ["smith"]
