"""The market route: closed forms, the planner's route, what it hands over, and what its certificate refuses."""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from chains import cobb_douglas_network, random_chain
from sizes import money, near

import chainopt as co
from chainopt.chain.reach import reach
from chainopt.command.app import app
from chainopt.market.circuit import circuit, softened
from chainopt.market.columns import Columns, NotColumnsError, columns
from chainopt.market.duality import certify
from chainopt.market.formation import form_prices
from chainopt.network.network import network

ENGINES = ["numpy", pytest.param("numba", marks=pytest.mark.skipif(not find_spec("numba"), reason="no Numba"))]


def arrays(**given):
    """Columns of a chain of one-output processes: goods sold at fixed prices or not at all, no disposal."""
    goods, processes = len(given["supply"]), len(given["start"]) - 1
    nan = np.full(goods, np.nan)
    chosen = {
        "price": nan,
        "elasticity": np.full(goods, np.inf),
        "reference": nan,
        "import_price": nan,
        "disposal": nan,
        "scale": np.ones(processes),
        "returns": np.add.reduceat(given["coefficient"], given["start"][:-1]),
        "r": np.zeros(processes),
        "unit_cost": np.zeros(processes),
        "made_process": np.arange(processes),
        "made_yield": np.ones(processes),
        **given,
    }
    return Columns(**{name: np.array(values) for name, values in chosen.items()})


def layered(graph=0, width=30, layers=12, returns=0.9, elasticity=1.0, seed=3):
    """A layered chain as columns."""
    random = np.random.default_rng([seed, graph])
    processes = width * layers
    inputs = np.concatenate(
        [
            layer * width + random.permuted(np.tile(np.arange(width), (width, 1)), axis=1)[:, :4]
            for layer in range(layers)
        ]
    )
    a = random.uniform(0.5, 1.5, (processes, 4))
    a /= a.sum(axis=1, keepdims=True)
    goods = width + processes
    supply, price = np.zeros(goods), np.full(goods, np.nan)
    supply[:width], price[-width:] = random.uniform(0.5, 1.5, width), random.uniform(0.8, 1.2, width)
    return arrays(
        supply=supply,
        price=price,
        disposal=np.zeros(goods),
        start=np.arange(0, 4 * processes + 1, 4),
        scale=np.full(processes, 4.0**returns),
        returns=np.full(processes, returns),
        r=np.full(processes, (elasticity - 1) / elasticity),
        use_good=inputs.ravel(),
        coefficient=(a if elasticity != 1 else returns * a).ravel(),
        made_good=width + np.arange(processes),
    )


def priced(chain):
    """Both routes' solutions of a chain, the market's first."""
    by_market, by_planner = co.solve(chain, method="market"), co.solve(chain)
    assert by_market.solver == "market", by_market.message
    assert by_market.certified
    assert by_planner.certified
    return by_market, by_planner


@pytest.mark.parametrize("engine", ENGINES)
def test_two_users_share_by_the_square_of_what_they_earn(engine):
    # max 3 sqrt(x) + 4 sqrt(6 - x): x = 6 * 9/25, price = 3/(2 sqrt(x)).
    market = form_prices(
        arrays(
            supply=[6.0, 0.0, 0.0],
            price=[np.nan, 3.0, 4.0],
            start=[0, 1, 2],
            use_good=[0, 0],
            coefficient=[0.5, 0.5],
            made_good=[1, 2],
        ),
        engine=engine,
    )
    assert certify(market).holds
    assert market.use == pytest.approx([6 * 9 / 25, 6 * 16 / 25], rel=1e-8)
    assert market.price == pytest.approx([1.5 / np.sqrt(6 * 9 / 25), 3.0, 4.0], rel=1e-8)
    assert market.value == pytest.approx(np.sqrt(6 * 25), rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_cobb_douglas_economy_with_loops_has_leontiefs_money(seed):
    # Final demand spends demand_i on good i, each process a_ij of its revenue on good j.
    random = np.random.default_rng(seed)
    count = 8
    exponents = random.uniform(0, 1, (count, count)) * (random.uniform(0, 1, (count, count)) < 0.4)
    exponents *= 0.6 / np.maximum(exponents.sum(axis=1, keepdims=True), 0.6)
    labour, demand = random.uniform(0.1, 0.3, count), random.uniform(0.5, 2.0, count)
    chain = cobb_douglas_network(exponents, labour, demand, random.uniform(0.8, 1.2, count), 10.0)
    solution = co.solve(chain, method="market")
    assert solution.solver == "market", solution.message
    assert solution.certified
    revenue = np.linalg.solve(np.eye(count) - exponents.T, demand)
    money = solution.multipliers.price * solution.plan.quantity(solution.net)
    assert money[0] == pytest.approx(labour @ revenue, rel=1e-7)
    assert money[1:] == pytest.approx(revenue, rel=1e-7)


@pytest.mark.parametrize("elasticity", [0.2, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("engine", ENGINES)
def test_ces_on_both_sides_of_one(elasticity, engine):
    # One process takes all there is: prices are its marginal products.
    r, returns = (elasticity - 1) / elasticity, 0.8
    supply, a = np.array([2.0, 3.0]), np.array([0.7, 0.4])
    market = form_prices(
        arrays(
            supply=[*supply, 0.0],
            price=[np.nan, np.nan, 5.0],
            start=[0, 2],
            use_good=[0, 1],
            coefficient=a,
            returns=[returns],
            r=[r],
            made_good=[2],
        ),
        engine=engine,
    )
    total = a @ supply**r
    assert certify(market).holds
    assert market.price[:2] == pytest.approx(
        5.0 * returns * total ** (returns / r - 1) * a * supply ** (r - 1), rel=1e-9
    )


@pytest.mark.parametrize("elasticity", [0.4, 1.0, 3.0])
def test_engines_agree(elasticity):
    pytest.importorskip("numba")
    chain = layered(elasticity=elasticity)
    fast, plain = (form_prices(chain, engine=engine, tolerance=1e-12) for engine in ("numba", "numpy"))
    assert fast.at_rest
    assert plain.at_rest
    assert fast.price == pytest.approx(plain.price, rel=1e-10)
    assert fast.use == pytest.approx(plain.use, rel=1e-10)


@pytest.mark.parametrize("elasticity", [0.5, 1.0, 2.0])
def test_prices_are_slopes_of_the_value(elasticity):
    chain = layered(elasticity=elasticity, layers=5)
    market = form_prices(chain, tolerance=1e-12)
    step = 1e-4
    ends = []
    for sign in (-1, 1):
        supply = chain.supply.copy()
        supply[3] += sign * step
        ends.append(form_prices(replace(chain, supply=supply), tolerance=1e-12).value)
    assert market.price[3] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("graph", [0, 1])
@pytest.mark.parametrize("elasticity", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("returns", [0.999, 1.0])
def test_near_constant_returns_are_certified(returns, elasticity, graph):
    # Most processes stand idle: at constant returns no goods are worth making for their own sake.
    market = form_prices(layered(graph, returns=returns, elasticity=elasticity, layers=6))
    found = certify(market)
    assert market.products > 0
    assert found.holds, found.doubts
    assert found.gap >= -1e-10
    idle = market.price[market.columns.made_good] * market.level < 1e-9 * market.value
    assert 0 < idle.sum() < len(idle)


@pytest.mark.parametrize("returns", [0.999, 1.0])
@pytest.mark.parametrize("elasticity", [0.5, 1.0, 2.0])
def test_near_constant_returns_have_the_planners_prices(elasticity, returns):
    columns = layered(width=10, layers=4, returns=returns, elasticity=elasticity)
    market, planner = form_prices(columns), co.solve(records(columns), tolerance=1e-12)
    assert planner.certified
    assert certify(market).holds
    assert market.value == pytest.approx(planner.objective, rel=1e-9)
    unique = unique_prices(planner)
    assert unique.sum() >= 10
    assert market.price[unique] == pytest.approx(planner.multipliers.price[unique], rel=1e-8)


def records(columns):
    """Columns as a chain: good i is "g{i}", its maker "p{i}"."""
    c = columns
    goods = [
        co.Good(
            f"g{g}",
            supply=float(c.supply[g]),
            price=None if np.isnan(c.price[g]) else float(c.price[g]),
            disposal=float(c.disposal[g]),
        )
        for g in range(len(c.supply))
    ]
    processes = []
    for p in range(len(c.scale)):
        uses = range(c.start[p], c.start[p + 1])
        smooth = {"function": "cobb-douglas"}
        if c.r[p] != 0:
            smooth = {"function": "ces", "elasticity": 1 / (1 - c.r[p]), "returns": float(c.returns[p])}
        inputs = {f"g{c.use_good[u]}": float(c.coefficient[u]) for u in uses}
        made = f"g{c.made_good[p]}"
        processes.append(
            co.Process(f"p{c.made_good[p]}", inputs=inputs, outputs=made, scale=float(c.scale[p]), **smooth)
        )
    return co.Chain(goods, processes)


def unique_prices(planner):
    """Which goods carry a millionth of the money at a price that is no interval."""
    gap = planner.intervals.high - planner.intervals.low
    paid = np.abs(np.nan_to_num(planner.multipliers.price)) * planner.plan.quantity(planner.net)
    return (gap <= 1e-7 * np.abs(planner.intervals.high)) & (paid > 1e-6 * paid.sum())


def test_constant_returns_agree_with_a_linear_programs_bound():
    # Two recipes of one good under constant returns: the cheaper runs alone, the other one's inputs go to it.
    goods = [co.Good("a", supply=4), co.Good("b", supply=9), co.Good("c", price=2)]
    better = co.Process("better", function="cobb-douglas", scale=2, inputs={"a": 0.5, "b": 0.5}, outputs="c")
    worse = co.Process("worse", function="cobb-douglas", scale=1, inputs={"a": 0.5, "b": 0.5}, outputs="c")
    solution = co.solve(co.Chain(goods, [better, worse]), method="market")
    assert solution.certified
    assert solution.objective == pytest.approx(2 * 2 * 6, rel=1e-7)
    assert solution.multipliers.price == pytest.approx([2 * 2 * 0.5 * 1.5, 2 * 2 * 0.5 / 1.5, 2], rel=1e-6)


def agrees(chain, seed):
    """Whether the market certified a chain by itself; then the planner, where it is certified, finds the same."""
    market = co.solve(chain, method="market")
    if market.solver != "market":
        assert "Ipopt took over" in market.warnings[-1]
        return False
    assert market.certified
    planner = co.solve(chain)
    if planner.certified:
        assert market.objective == near(planner.objective, of=money(planner), rel=1e-7), seed
        unique = unique_prices(planner)
        assert market.multipliers.price[unique] == pytest.approx(planner.multipliers.price[unique], rel=1e-6), seed
    return True


@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("cyclic", [False, True])
def test_random_chains_come_out_as_the_planners(cyclic, idle):
    certified = sum(agrees(random_chain(seed, "market", cyclic, idle=idle, most=20), seed) for seed in range(8))
    assert certified >= 6


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(8, 208))
@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("cyclic", [False, True])
def test_many_random_chains_come_out_as_the_planners(cyclic, idle, seed):
    agrees(random_chain(seed, "market", cyclic, idle=idle, most=20), seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("kind", ["smooth", "mixed", "linear"])
@pytest.mark.parametrize("cyclic", [False, True])
def test_chains_of_all_kinds_come_out_as_the_planners(kind, cyclic, seed):
    agrees(random_chain(seed, kind, cyclic, most=20), seed)


def test_a_softened_market_is_that_of_softer_processes():
    """A technology's returns lowered before a chain is put in order, or after."""
    for seed in range(8):
        of = columns(network(random_chain(seed, "market", most=20)))
        factor = np.minimum(1.0, 0.5 / of.returns)
        by_use = np.repeat(np.where(of.r == 0, factor, 1.0), np.diff(of.start))
        softer = circuit(replace(of, returns=factor * of.returns, coefficient=by_use * of.coefficient))
        for found, expected in zip(softened(circuit(of), 0.5), softer, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)


def nearly_constant(seed):
    """A random chain with returns of 1, or between 0.99 and 1, in every process."""
    chain, random = random_chain(seed, "market", most=20), np.random.default_rng(seed)
    processes = []
    for process in chain.processes:
        returns = float(random.choice([1.0, random.uniform(0.99, 1.0)]))
        if process.function == "ces":
            processes.append(replace(process, returns=returns))
        else:
            total = sum(i.coefficient for i in process.inputs)
            inputs = [replace(i, coefficient=returns * i.coefficient / total) for i in process.inputs]
            processes.append(replace(process, inputs=inputs))
    return co.Chain(chain.goods, processes, name=chain.name)


def test_random_chains_near_constant_returns_come_out_as_the_planners():
    compared = 0
    for seed in range(25):
        chain = nearly_constant(seed)
        market = co.solve(chain, method="market")
        if market.solver != "market":
            assert "Ipopt took over" in market.warnings[-1]
            continue
        assert market.certified, (seed, market.message)
        planner = co.solve(chain)
        if not planner.certified:
            continue
        compared += 1
        assert market.objective == near(planner.objective, of=money(planner), rel=1e-7), seed
        unique = unique_prices(planner)
        assert market.multipliers.price[unique] == pytest.approx(planner.multipliers.price[unique], rel=1e-6), seed
    assert compared >= 18


def test_a_sale_and_an_import_beside_uses_at_constant_returns():
    # Steel = 2 sqrt(ore power): power comes from abroad at 1 where that pays, ore is sold at its own price or not.
    for worth, sells in ((0.5, False), (20.0, True)):
        goods = [
            co.Good("ore", supply=10, price=worth),
            co.Good("power", supply=5, import_price=1),
            co.Good("steel", price=3),
        ]
        process = co.Process(
            "mill", function="cobb-douglas", scale=2, inputs={"ore": 0.5, "power": 0.5}, outputs="steel"
        )
        market, planner = priced(co.Chain(goods, [process]))
        # 3 = 2 sqrt(ore's price x 1)/2 while power is imported, else power is worth 9/ore's price.
        assert market.multipliers.price == pytest.approx([worth, 9 / worth, 3] if sells else [9, 1, 3], rel=1e-8)
        assert market.objective == pytest.approx(planner.objective, rel=1e-7)
        assert (market.plan.sale[0] > 1e-6) == sells
        assert (market.plan.imported[1] > 1e-6) == (not sells)


def mill(**options):
    """Ore and power to steel, and ore sold beside."""
    given = {"function": "cobb-douglas", "inputs": {"ore": 0.5, "power": 0.3}, "outputs": "steel"} | options
    return co.Process("mill", **given)


GOODS = [co.Good("ore", supply=10, price=0.1), co.Good("power", supply=5), co.Good("steel", price=3)]
HANDED = {
    "capacity": (GOODS, [mill(capacity=1.5)]),
    "max sale": ([*GOODS[:2], co.Good("steel", price=3, max_sale=1.5)], [mill()]),
    "max use": (GOODS, [mill(inputs=[co.Input("ore", 0.5, max=1.0), co.Input("power", 0.3)])]),
    "max import": ([co.Good("ore", supply=1, import_price=0.1, max_import=1), *GOODS[1:]], [mill()]),
    "min sale": ([*GOODS[:2], co.Good("steel", price=0.01, min_sale=1.5)], [mill()]),
    "Leontief": (GOODS, [mill(function="leontief")]),
    "linear": (GOODS, [mill(function="linear")]),
    "disposal that pays": ([co.Good("ore", supply=10, disposal=-0.2), *GOODS[1:]], [mill()]),
    "formulas": (GOODS, [co.Process("mill", formula="steel = sqrt(ore) * power^0.3")]),
    "imports of non-rival goods": (
        [GOODS[0], co.Good("power", supply=1, rival=False, import_price=0.2), GOODS[2]],
        [mill(), co.Process("forge", function="cobb-douglas", inputs={"ore": 0.3, "power": 0.4}, outputs="steel")],
    ),
    "gap": ([co.Good("ore", supply=2, disposal=None), GOODS[2]], [mill(inputs={"ore": 0.5}, unit_cost=5)]),
}


@pytest.mark.parametrize("why", HANDED)
def test_what_the_market_cannot_hold_goes_to_ipopt_and_says_so(why, tmp_path):
    chain = co.Chain(*HANDED[why])
    solution, planner = co.solve(chain, method="market"), co.solve(chain)
    assert solution.certified
    assert solution.solver == "ipopt"
    assert why in solution.warnings[-1]
    assert "Ipopt took over from the market" in solution.message
    assert co.result_record(chain, solution)["solver"]["name"] == "ipopt"
    assert any(why in text for text in co.result_record(chain, solution)["warnings"])
    co.write_html(chain, solution, tmp_path / "report.html")
    assert "took over from the market" in (tmp_path / "report.html").read_text()
    assert solution.objective == pytest.approx(planner.objective, rel=1e-7)
    assert solution.multipliers.price == near(planner.multipliers.price, of=planner.multipliers.price, rel=1e-9)


def test_limits_with_slack_are_no_reason():
    chain = co.Chain([co.Good("ore", supply=10, price=0.1), *GOODS[1:]], [mill(capacity=100.0)])
    market, planner = priced(chain)
    assert market.multipliers.price == pytest.approx(planner.multipliers.price, rel=1e-7)


def test_a_sale_beside_uses_sets_the_price_or_stays_out():
    for worth, sells in ((1e-3, False), (2.0, True)):
        chain = co.Chain([co.Good("ore", supply=10, price=worth), *GOODS[1:]], [mill()])
        market, planner = priced(chain)
        assert (market.plan.sale[0] > 0) == sells
        assert market.plan.sale[0] == near(planner.plan.sale[0], of=10, rel=1e-7)
        assert market.multipliers.price == pytest.approx(planner.multipliers.price, rel=1e-6)


PLANTS = [
    co.Process("research", function="cobb-douglas", inputs={"labour": 0.5}, outputs="design"),
    co.Process("cars", function="cobb-douglas", inputs={"labour": 0.5, "design": 0.3}, outputs="car"),
    co.Process(
        "boats",
        function="ces",
        elasticity=0.6,
        returns=0.8,
        inputs={"labour": 0.5, "design": 0.3, "car": 0.1},
        outputs="boat",
    ),
]


@pytest.mark.parametrize("sale", [{}, {"price": 0.2}, {"price": -0.3, "disposal": 0.4}])
def test_readers_of_a_non_rival_good_pay_its_price_together(sale):
    goods = [co.Good("labour", supply=5), co.Good("design", rival=False, **sale)]
    chain = co.Chain([*goods, co.Good("car", price=3), co.Good("boat", price=4)], PLANTS)
    market, planner = priced(chain)
    found = market.multipliers
    assert found.price == pytest.approx(planner.multipliers.price, rel=1e-7)
    assert found.reading == pytest.approx(planner.multipliers.reading, rel=1e-7, nan_ok=True)
    assert np.nansum(found.reading) + sale.get("price", 0.0) == pytest.approx(found.price[1], rel=1e-9)
    assert market.plan.use[[2, 4]] == pytest.approx(market.plan.level[[0, 0]], rel=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_who_loses_leaves_and_what_nobody_wants_is_thrown_away(engine):
    # The loser's only input has no other use; the second process runs as if alone.
    market = form_prices(
        arrays(
            supply=[2.0, 4.0, 0.0, 0.0],
            price=[np.nan, np.nan, 1.0, 3.0],
            disposal=[0.5, 0.0, 0.0, 0.0],
            start=[0, 1, 2],
            unit_cost=[1.5, 0.0],
            use_good=[0, 1],
            coefficient=[0.3, 0.5],
            made_good=[2, 3],
        ),
        engine=engine,
    )
    assert certify(market).holds
    assert market.level.tolist() == [0.0, pytest.approx(2.0)]
    assert market.disposed[0] == pytest.approx(2.0, rel=1e-12)
    assert market.price == pytest.approx([-0.5, 0.75, 1.0, 3.0], rel=1e-9)
    assert market.value == pytest.approx(6.0 - 1.0, rel=1e-12)


def test_where_all_processes_lose_all_stand_still():
    made = co.Process("mill", function="cobb-douglas", inputs={"ore": 1.0}, outputs="steel", unit_cost=2)
    forge = co.Process("forge", function="ces", elasticity=2, returns=0.6, inputs={"steel": 1.0}, outputs="tool")
    chain = co.Chain([co.Good("ore", supply=2), co.Good("steel", price=1), co.Good("tool")], [made, forge])
    market, _ = priced(chain)
    assert market.objective == 0.0
    assert market.plan.level.tolist() == [0.0, 0.0]


def test_a_forced_loss_is_no_optimum_of_the_markets():
    # Two abatement plants that must take the waste: equal shares lose 2, one plant alone 1.414.
    plants = [
        co.Process(name, function="cobb-douglas", inputs={"waste": 0.5}, outputs="air", unit_cost=1)
        for name in "ab"
    ]
    solution = co.solve(
        co.Chain([co.Good("waste", supply=2, disposal=None), co.Good("air")], plants), method="market"
    )
    assert solution.solver == "ipopt"
    assert "Ipopt took over from the market" in solution.message
    assert solution.objective == pytest.approx(-np.sqrt(2), rel=1e-6)


def test_what_a_chain_without_bound_earns_is_never_optimal():
    loop = [
        co.Process(name, function="cobb-douglas", scale=2, inputs={one: 1.0}, outputs=other)
        for name, one, other in (("p", "a", "b"), ("q", "b", "a"))
    ]
    for chain in (
        co.Chain([co.Good("a"), co.Good("b", supply=1, price=1)], loop),
        co.Chain([co.Good("ore", supply=3, import_price=1), GOODS[2]], [mill(inputs={"ore": 1.0})]),
        co.Chain([co.Good("ore", supply=3, price=2, import_price=1), GOODS[2]], [mill(inputs={"ore": 0.5})]),
    ):
        solution = co.solve(chain, method="market")
        assert solution.status is co.Status.UNBOUNDED, solution.message
        assert solution.solver == "ipopt"


@pytest.mark.parametrize("method", ["ipopt", "market"])
def test_of_a_nuisance_no_more_is_thrown_away_than_there_is(method):
    alone = co.solve(co.Chain(GOODS, [mill()]))
    bad = co.Good("bad", rival=False, supply=1, price=-1)
    solution = co.solve(co.Chain([*GOODS, bad], [mill()]), method=method)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.objective == pytest.approx(alone.objective, rel=1e-7)


@pytest.mark.parametrize("amount", [1e-6, 1e6, 1e12])
def test_units_of_any_size_change_nothing(amount):
    # Output 3 amount^0.5 sqrt(supply): sales in closed form, whatever the units.
    smelter = co.Process("smelter", function="cobb-douglas", inputs={"ore": 0.5}, outputs="steel")
    chain = co.Chain([co.Good("ore", supply=3 * amount), co.Good("steel", price=2)], [smelter])
    solution = co.solve(chain, method="market")
    assert solution.solver == "market"
    assert solution.objective == pytest.approx(2 * np.sqrt(3 * amount), rel=1e-9)
    assert solution.multipliers.price[0] == pytest.approx(1 / np.sqrt(3 * amount), rel=1e-7)


def test_auto_takes_the_market_for_large_smooth_chains_and_the_simplex_method_for_recipes():
    assert co.solve(layered_chain(width=32, layers=10)).solver == "market"
    assert co.solve(co.Chain(GOODS, [mill()]), method="auto").solver == "ipopt"
    judged = co.solve(co.Chain(GOODS, [mill(function="linear")]), method="auto")
    assert "simplex" in judged.seconds
    assert judged.scope == "global"
    handed = co.solve(co.Chain(GOODS, [mill(function="linear")]), method="market")
    assert handed.solver == "ipopt"
    assert "linear" in handed.message


def test_the_default_is_ipopt_and_other_methods_are_refused():
    assert co.solve(co.Chain(GOODS, [mill()])).solver == "ipopt"
    with pytest.raises(ValueError, match='no method "magic"'):
        co.solve(co.Chain(GOODS, [mill()]), method="magic")


def test_a_market_without_rest_says_so():
    chain = co.Chain([co.Good("ore", supply=10, price=0.1), *GOODS[1:]], [mill()])
    stopped = co.solve(chain, method="market", max_iterations=2)
    assert stopped.status is co.Status.ITERATION_LIMIT
    assert "did not come to rest" in stopped.warnings[-1]
    assert not certify(form_prices(layered(layers=4), max_passes=4)).holds


def test_increasing_returns_are_refused():
    net = network(co.Chain(GOODS, [mill(inputs={"ore": 0.8, "power": 0.4})]))
    with pytest.raises(NotColumnsError, match="increasing returns"):
        columns(net)


def test_the_command_line_takes_the_method(tmp_path, monkeypatch, capsys):
    chain = co.Chain(GOODS, [mill()])
    book = tmp_path / "mill.xlsx"
    from chainopt.workbook.write import write_workbook

    write_workbook(chain, book)
    monkeypatch.setattr(sys, "argv", ["chainopt", "solve", str(book), "--method", "market", "--json", "-"])
    with pytest.raises(SystemExit) as ended:
        app()
    assert ended.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["solver"]["name"] == "market"
    assert answer["status"] == "optimal"


# What the certificate must refuse.


def at_rest():
    market = form_prices(layered(layers=4), tolerance=1e-12)
    assert certify(market).holds
    return market


def test_a_planted_wrong_price_is_refused():
    market = at_rest()
    for good in (0, 40, 100):
        price = market.price.copy()
        price[good] *= 1.0 + 1e-6
        found = certify(replace(market, price=price))
        assert not found.holds
        assert found.unequal >= 0.5e-6


def test_a_good_without_a_price_is_refused():
    market = at_rest()
    price = market.price.copy()
    price[40] = np.nan
    assert not certify(replace(market, price=price)).holds


def test_a_planted_wrong_plan_is_refused():
    market = at_rest()
    use = market.use.copy()
    # Two users of one good swap a little of it: the balance holds, the uses no longer pay alike.
    first, second = np.flatnonzero(market.columns.use_good == market.columns.use_good[0])[:2]
    use[first] += 1e-5 * use[first]
    use[second] -= use[first] * 1e-5 / (1 + 1e-5)
    found = certify(replace(market, use=use))
    assert not found.holds


def test_the_gap_bounds_what_is_lost():
    # Off the optimum the bound stays above the optimal value, and the value below it.
    exact = at_rest()
    for passes in (3, 5, 8):
        early = form_prices(layered(layers=4), max_passes=passes)
        assert not early.at_rest
        assert not certify(early).holds
        turnover = abs(early.value)
        bound = early.value + certify(early).gap * turnover
        assert early.value <= exact.value * (1 + 1e-12)
        assert bound >= exact.value * (1 - 1e-9)


def test_columns_are_checked():
    good = {"supply": [1.0, 0.0], "start": [0, 1], "use_good": [0], "coefficient": [0.5], "made_good": [1]}
    assert arrays(**good).memory > 0
    for wrong, match in (
        ({"use_good": [2]}, "outside"),
        ({"coefficient": [-0.5]}, "positive"),
        ({"supply": [-1.0, 0.0]}, "negative"),
        ({"scale": [1.0, 1.0]}, "start"),
        ({"start": [0, 0]}, "start"),
    ):
        with pytest.raises(ValueError, match=match):
            arrays(**good | {"returns": [0.5]} | wrong)
    with pytest.raises(ValueError, match="nothing can take"):
        form_prices(arrays(**good))
    with pytest.raises(ValueError, match="no engine"):
        form_prices(arrays(**good), engine="abacus")


def test_a_networks_columns_are_the_arrays():
    chain = co.Chain(GOODS, [mill()])
    found = columns(network(reach(chain).chain))
    assert found.supply.tolist() == [10.0, 5.0, 0.0]
    assert found.coefficient.tolist() == [0.5, 0.3]
    market = form_prices(found)
    assert market.price == pytest.approx(co.solve(chain).multipliers.price, rel=1e-6)


def test_progress_follows_the_passes():
    seen = []
    solution = co.solve(co.Chain(GOODS, [mill()]), method="market", progress=seen.append)
    assert [step.iteration for step in seen] == list(range(1, solution.iterations + 1))
    assert seen[-1].objective == pytest.approx(solution.objective, rel=1e-9)
    assert seen[-1].dual_infeasibility < 1e-9 < seen[0].dual_infeasibility

    def fails(step):
        raise LookupError

    with pytest.raises(LookupError):
        co.solve(co.Chain(GOODS, [mill()]), method="market", progress=fails)


@pytest.mark.parametrize("returns", [0.8, 1.0])
def test_ctrl_c_keeps_the_last_pass_and_says_so(tmp_path, returns):
    # A signal in the midst of the passes, or of Newton's steps, by the command line's own door.
    inputs = {"ore": 0.5, "power": 0.3}
    forge = co.Process("forge", function="ces", elasticity=0.5, returns=returns, inputs=inputs, outputs="steel")
    inputs = {"ore": 0.6 * returns, "power": 0.4 * returns}
    chain = co.Chain([co.Good("ore", supply=10), *GOODS[1:]], [mill(inputs=inputs), forge])
    co.write_workbook(chain, tmp_path / "mill.xlsx")
    last = 4 if returns < 1 else 12
    code = (
        "import os, signal, sys\n"
        "from chainopt.command import main as cli\n"
        "from chainopt.command.waiting import Waiting\n"
        f"Waiting.step = lambda self, at: at.iteration == {last} and os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['chainopt', 'solve', 'mill.xlsx', '--method', 'market', '--json', 'out.json', '--out', '.']\n"
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 130, done.stderr
    answer = json.loads((tmp_path / "out.json").read_text())
    assert answer["status"] == "interrupted"
    assert answer["solver"]["name"] == "market"
    assert "interrupted while prices formed" in answer["message"]
    assert answer["objective"] > 0
    assert sum(use["amount"] for use in answer["uses"] if use["good"] == "power") == pytest.approx(5)
    assert all(good["price"] is None for good in answer["goods"])
    assert "no solution" in (tmp_path / "mill-report.html").read_text()


def test_an_interrupt_ends_the_market_with_its_status(monkeypatch, tmp_path):
    """Ctrl-C while prices form is an end like any other: a status, tables without prices, no traceback."""

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    module = importlib.import_module("chainopt.solution.solve")
    monkeypatch.setattr(module, "market_answer", interrupted)
    chain = co.Chain(
        [co.Good("ore", supply=10), co.Good("steel", price=3)],
        [co.Process("mill", function="cobb-douglas", inputs={"ore": 0.6}, outputs="steel")],
    )
    solution = co.solve(chain, method="market")
    assert solution.status is co.Status.INTERRUPTED
    assert co.result_record(chain, solution)["status"] == "interrupted"
    co.write_html(chain, solution, tmp_path / "report.html")
    co.write_excel(chain, solution, tmp_path / "report.xlsx")


def small_starts(monkeypatch):
    """Let Ipopt begin in the market on chains of any size."""
    route = importlib.import_module("chainopt.solution.by_market")
    monkeypatch.setattr(route, "START_FLOWS", 0)
    monkeypatch.setattr(route, "START_BREADTH", 0)


def cold_and_warm(chain, monkeypatch):
    """The planner's solutions of a chain, from a forward run and from the market."""
    cold = co.solve(chain)
    small_starts(monkeypatch)
    warm = co.solve(chain)
    monkeypatch.undo()
    return cold, warm


@pytest.mark.parametrize("cyclic", [False, True])
def test_ipopt_from_the_market_comes_to_the_same_prices_in_fewer_iterations(cyclic, monkeypatch):
    iterations = []
    for seed in range(20):
        cold, warm = cold_and_warm(random_chain(seed, "market", cyclic, most=20), monkeypatch)
        assert warm.status is cold.status, seed
        if "began from the market" not in warm.message:
            continue
        iterations.append((cold.iterations, warm.iterations))
        assert warm.solver == "ipopt"
        assert warm.objective == near(cold.objective, of=money(cold), rel=1e-9), seed
        unique = unique_prices(cold)
        assert warm.multipliers.price[unique] == pytest.approx(cold.multipliers.price[unique], rel=1e-6), seed
    assert len(iterations) >= 5
    before, after = np.sum(iterations, axis=0)
    assert after < before / 2


@pytest.mark.parametrize("status", [co.Status.INFEASIBLE, co.Status.UNCERTIFIED, co.Status.ITERATION_LIMIT])
def test_a_warm_start_that_does_not_serve_is_left_for_a_forward_run(status, monkeypatch):
    judgement = importlib.import_module("chainopt.solution.judgement")
    judged, attempts = judgement.judged, []

    def judge(part, answer, clock):
        attempts.append(answer.began)
        return replace(judged(part, answer, clock), **({"status": status} if answer.began else {}))

    small_starts(monkeypatch)
    monkeypatch.setattr(judgement, "judged", judge)
    warm = co.solve(co.Chain(GOODS, [mill()]))
    assert attempts == ["from the market's plan and prices", ""]
    assert warm.certified
    assert "began from the market" not in warm.message


@pytest.mark.parametrize(("cyclic", "seed"), [(False, 48), (False, 52), (True, 143), (True, 152)])
def test_where_ipopt_gets_lost_it_begins_near_the_markets_plan(cyclic, seed):
    """Chains with processes that had better not run: from a forward run Ipopt's restoration fails."""
    chain = random_chain(seed, "market", cyclic, idle=True, most=20)
    market, planner = co.solve(chain, method="market"), co.solve(chain)
    assert market.solver == "market"
    assert market.certified
    assert planner.solver == "ipopt"
    assert planner.certified, planner.message
    assert planner.objective == pytest.approx(market.objective, rel=1e-8)
    unique = unique_prices(planner)
    assert market.multipliers.price[unique] == pytest.approx(planner.multipliers.price[unique], rel=1e-6)


@pytest.mark.parametrize("status", [co.Status.EVALUATION_ERROR, co.Status.UNCERTIFIED, co.Status.ITERATION_LIMIT])
@pytest.mark.parametrize("limit", [None, 200])
def test_what_is_lost_is_tried_near_the_market_unless_the_users_own_limit_came_first(status, limit, monkeypatch):
    judgement = importlib.import_module("chainopt.solution.judgement")
    judged, attempts = judgement.judged, []

    def judge(part, answer, clock):
        attempts.append(answer.began)
        return replace(judged(part, answer, clock), **({} if answer.began else {"status": status}))

    monkeypatch.setattr(judgement, "judged", judge)
    found = co.solve(co.Chain(GOODS, [mill()]), max_iterations=limit)
    if limit and status is co.Status.ITERATION_LIMIT:
        assert attempts == [""]
        assert found.status is status
    else:
        assert [bool(began) for began in attempts] == [False, True]
        assert found.certified
        assert "It began near the market's plan" in found.message


def test_ctrl_c_in_the_market_after_ipopt_got_lost_keeps_ipopts_plan(monkeypatch):
    judgement, solving = (
        importlib.import_module(f"chainopt.{name}") for name in ("solution.judgement", "solution.solve")
    )
    judged, market_answer = judgement.judged, solving.market_answer

    def stop(progress):
        raise KeyboardInterrupt

    def judge(part, answer, clock):
        return replace(judged(part, answer, clock), status=co.Status.EVALUATION_ERROR)

    monkeypatch.setattr(judgement, "judged", judge)
    monkeypatch.setattr(solving, "market_answer", lambda net, **options: market_answer(net, progress=stop))
    stopped = co.solve(co.Chain(GOODS, [mill()]))
    assert stopped.status is co.Status.INTERRUPTED
    assert "while another start was looked for" in stopped.message
    assert stopped.plan.level[0] > 0


def test_ctrl_c_in_the_market_that_ipopt_begins_in_keeps_its_plan(monkeypatch):
    def stop(progress):
        if progress.iteration == 2:
            raise KeyboardInterrupt

    small_starts(monkeypatch)
    stopped = co.solve(co.Chain(GOODS, [mill()]), progress=stop)
    assert stopped.status is co.Status.INTERRUPTED
    assert stopped.plan.level[0] > 0
    assert "plan is kept" in stopped.message


def test_the_time_limit_holds_for_all_phases_together(monkeypatch):
    small_starts(monkeypatch)
    passes = []
    late = co.solve(layered_chain(), time_limit=1e-6, progress=passes.append)
    assert late.status is co.Status.TIME_LIMIT
    assert len(passes) <= 4


@pytest.mark.parametrize("method", ["ipopt", "market"])
def test_a_callbacks_own_error_passes_through(method, monkeypatch):
    def fail(_):
        raise ValueError("my callback failed")

    small_starts(monkeypatch)
    with pytest.raises(ValueError, match="my callback failed"):
        co.solve(co.Chain(GOODS, [mill()]), method=method, progress=fail)


def test_amounts_that_leave_the_range_of_numbers_are_handed_over():
    line = [
        co.Process(f"p{i}", function="cobb-douglas", scale=1e-3, inputs={f"g{i}": 1.0}, outputs=f"g{i + 1}")
        for i in range(150)
    ]
    goods = [co.Good("g0", supply=4, price=1), *(co.Good(f"g{i + 1}", price=1) for i in range(150))]
    solution = co.solve(co.Chain(goods, line), method="market")
    assert solution.certified
    assert solution.objective == pytest.approx(4.0, rel=1e-9)


def layered_chain(width=8, layers=4):
    """A layered Cobb-Douglas chain of records."""
    goods = [co.Good(f"0.{i}", supply=1 + i) for i in range(width)]
    processes = []
    for layer in range(1, layers):
        price = 1.0 if layer == layers - 1 else None
        goods += [co.Good(f"{layer}.{i}", price=price) for i in range(width)]
        processes += [
            co.Process(
                f"p{layer}.{i}",
                function="cobb-douglas",
                inputs={f"{layer - 1}.{(i + k) % width}": 0.2 for k in range(4)},
                outputs=f"{layer}.{i}",
            )
            for i in range(width)
        ]
    return co.Chain(goods, processes)
