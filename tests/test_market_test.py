"""Would each process choose the plan by itself? Against closed forms, and chains whose answer is known."""

from dataclasses import replace
from math import inf, log, prod

import numpy as np
import pytest
from chains import random_chain
from test_independence import imported
from test_models import ROOT, load

import chainopt as co
from chainopt.audits.market_test import (
    BOUND,
    ENDLESS,
    LOSS,
    OTHER,
    PROFIT,
    RENT,
    SADDLE,
    ZERO_PROFIT,
    findings,
    market_test,
)


def posted(chain):
    solution = co.solve(chain)
    assert solution.certified, solution.message
    return market_test(solution)


def row(test, process):
    return test.processes.set_index("process").loc[process]


def made(formula, *, price=1.0, supply, **options):
    """One process from supplies to a good y at a price."""
    goods = [co.Good(name, supply=amount) for name, amount in supply.items()]
    return co.Chain([*goods, co.Good("y", price=price)], [co.Process("maker", formula=formula, **options)])


def test_company_c_of_the_essay_would_rather_shut_down():
    test = posted(load(ROOT / "models" / "tupperware.py").chain())
    c = row(test, "moulding")
    assert c.verdict == LOSS
    assert c.profit == pytest.approx(log(2 / 3) - 1)
    assert c.best_profit == 0
    assert c.second_order == "maximum"
    assert test.gap == pytest.approx((1 - log(2 / 3)) / -log(2 / 3))
    assert not test.supported
    text = " ".join(findings(test))
    assert "No market could run this plan by prices alone" in text
    assert "shut down" in text
    assert list(test.processes.verdict[:2]) == [PROFIT, PROFIT]


@pytest.mark.parametrize("name", ["steel_loop", "petrochemicals", "non_rival", "recycle", "refinery", "byproduct"])
def test_posted_prices_hold_the_plans_of_concave_models(name):
    test = posted(load(ROOT / "models" / f"{name}.py").chain())
    assert test.supported
    assert 0 <= test.gap < 1e-9
    assert "a market could run this plan" in findings(test)[0]


@pytest.mark.parametrize("kind", ["linear", "mixed", "smooth"])
@pytest.mark.parametrize("seed", [0, 1, 2, 5, 6])
def test_no_process_of_a_concave_chain_finds_better(kind, seed):
    solution = co.solve(random_chain(seed, kind, cyclic=bool(seed % 2)))
    if not solution.certified:
        pytest.skip("not certified")
    test = market_test(solution)
    assert test.gap < 1e-9
    assert set(test.processes.verdict) <= {PROFIT, ZERO_PROFIT, RENT, BOUND}
    assert not set(test.processes.second_order.dropna()) & {"saddle", "minimum"}


def test_the_steel_loop_earns_by_its_returns():
    test = posted(load(ROOT / "models" / "steel_loop.py").chain())
    accounts = co.processes(chain := load(ROOT / "models" / "steel_loop.py").chain(), co.solve(chain))
    for mine, theirs in zip(test.processes.itertuples(), accounts.itertuples(), strict=True):
        assert mine.profit == pytest.approx(theirs.profit)
        assert mine.profit == pytest.approx((1 - mine.returns) * theirs.revenue)


@pytest.mark.parametrize(
    "maker",
    [
        co.Process("maker", formula="y = x^1.5"),
        co.Process("maker", function="cobb-douglas", inputs={"x": 1.5}, outputs="y"),
        co.Process("maker", function="ces", inputs={"x": 1}, outputs="y", elasticity=2, returns=1.5),
    ],
    ids=["formula", "cobb-douglas", "ces"],
)
def test_increasing_returns_have_no_finite_best(maker):
    test = posted(co.Chain([co.Good("x", supply=2), co.Good("y", price=1)], [maker]))
    found = row(test, "maker")
    assert found.verdict == ENDLESS
    assert found.best_profit == inf == test.gap
    assert found.profit == pytest.approx(-0.5 * 2**1.5)
    assert found.returns == pytest.approx(1.5)
    assert found.second_order == "minimum"
    assert "no finite amount is its best" in " ".join(findings(test))


def test_a_capacity_makes_increasing_returns_finite():
    test = posted(made("y = x^1.5", supply={"x": 2}, capacity=3))
    assert row(test, "maker").verdict == LOSS
    assert row(test, "maker").best_profit == 0


def test_a_saddle_is_named():
    test = posted(made("y = x^2/(1 + x^2) + 2*sqrt(z)", supply={"x": 0.4, "z": 1}))
    found = row(test, "maker")
    assert found.verdict == SADDLE
    assert found.second_order == "saddle"
    assert found.best_profit == pytest.approx(1.0, rel=1e-6), "all from z, nothing of x"
    assert found.deviation > 0


def test_a_better_hill_elsewhere_is_found():
    test = posted(made("y = tanh(5*x) + tanh(5*(x - 3)) + 1", supply={"x": 0.5}))
    found = row(test, "maker")
    assert found.second_order == "maximum"
    assert found.verdict == OTHER
    assert "with another mix or scale" in findings(test)[1]


def test_rents_of_both_signs():
    chain = load(ROOT / "models" / "capacity_rent.py").chain()
    test = posted(chain)
    good, poor = row(test, "good mill"), row(test, "poor mill")
    assert (good.verdict, poor.verdict) == (RENT, ZERO_PROFIT)
    assert good.profit == pytest.approx(3)
    assert good.rent == pytest.approx(3)
    assert (good.second_order, poor.second_order) == ("maximum", "flat")
    forced = co.Chain(chain.goods, [chain.processes[0], replaced(chain.processes[1], unit_cost=9, min_level=1)])
    test = posted(forced)
    poor = row(test, "poor mill")
    assert poor.verdict == BOUND
    assert poor.profit < 0
    assert poor.profit == pytest.approx(poor.rent)
    first, *others = findings(test)
    assert first.startswith('But for "poor mill", which its own limits hold, no process would rather do otherwise')
    loss = f"{-poor.profit:,.4g}"
    assert others[0] == (
        f'"poor mill" loses {loss} at these prices; it runs because of its min level of 1 (a contract).'
    )


@pytest.mark.parametrize("noise", [0.0, 4.4e-9, -4.4e-9])
def test_rounding_of_a_rent_decides_between_no_words(noise):
    """By hand: a mill of fixed recipe that stops short of its capacity at price = cost is at no maximum."""
    chain = load(ROOT / "models" / "capacity_rent.py").chain()
    good, poor = chain.processes
    solution = co.solve(co.Chain(chain.goods, [good, replaced(poor, unit_cost=1.5, capacity=480)]))
    net, rent = solution.net, solution.multipliers.rent.copy()
    (spare,) = [i for i, each in enumerate(net.limits) if net.whose(each)[1] == "poor mill"]
    rent[spare] = noise
    test = market_test(replace(solution, multipliers=replace(solution.multipliers, rent=rent)))
    assert row(test, "poor mill").second_order == "flat"
    assert row(test, "good mill").second_order == "maximum"


def replaced(process, **changes):
    kept = {name: getattr(process, name) for name in ("function", "inputs", "outputs", "unit_cost")}
    return co.Process(process.process, **(kept | changes))


def test_a_kink_is_named():
    test = posted(made("y = min(x, 2*z)", supply={"x": 2, "z": 1}))
    found = row(test, "maker")
    assert found.second_order == "kink"
    assert found.verdict == ZERO_PROFIT


def test_a_firm_is_the_sum_of_its_processes():
    test = posted(load(ROOT / "models" / "petrochemicals.py").chain())
    assert test.firms.profit.sum() == pytest.approx(test.processes.profit.sum())
    assert test.firms.processes.sum() == len(test.processes)
    assert "one by one" in " ".join(findings(test))


def test_best_responses_at_wrong_prices_are_the_textbook_ones():
    """Cobb-Douglas supply: best profit = (1 - r) (q scale prod (a_i/v_i)^a_i)^(1/(1 - r)), r = sum a_i."""
    exponents = {"x": 0.3, "z": 0.5}
    maker = co.Process("maker", function="cobb-douglas", scale=1.7, inputs=exponents, outputs="y")
    chain = co.Chain([co.Good("x", supply=2), co.Good("z", supply=3), co.Good("y", price=1.2)], [maker])
    solution = co.solve(chain)
    wrong_prices = solution.multipliers.price * np.array([1.2, 0.9, 1.0])
    wrong = replace(solution, multipliers=replace(solution.multipliers, price=wrong_prices))
    prices = dict(zip(("x", "z"), wrong_prices[:2], strict=True))
    inner = wrong_prices[2] * 1.7 * prod((a / prices[good]) ** a for good, a in exponents.items())
    formula = co.Process("maker", formula="y = 1.7 * x^0.3 * z^0.5")
    searched = co.solve(co.Chain(chain.goods, [formula]))
    searched = replace(searched, multipliers=replace(searched.multipliers, price=wrong_prices))
    for found in (row(market_test(wrong), "maker"), row(market_test(searched), "maker")):
        assert found.best_profit == pytest.approx(0.2 * inner**5, rel=1e-6)
        assert found.verdict == OTHER
    assert market_test(wrong).gap > 1e-3


def test_a_capped_mix_is_as_good_as_a_grid_finds():
    inputs = [co.Input("x", 0.5, max=1.0), co.Input("z", 0.4)]
    maker = co.Process(
        "maker", function="ces", elasticity=0.5, returns=0.8, inputs=inputs, outputs="y", capacity=2
    )
    chain = co.Chain([co.Good("x", supply=2), co.Good("z", supply=3), co.Good("y", price=1)], [maker])
    solution = co.solve(chain)
    wrong_prices = np.array([0.1, 0.15, 1.0])
    wrong = replace(solution, multipliers=replace(solution.multipliers, price=wrong_prices))
    x, z = np.meshgrid(np.linspace(1e-3, 1, 1001), np.linspace(1e-3, 6, 3001))
    y = (0.5 / x + 0.4 / z) ** -0.8
    best = np.max(np.where(y <= 2, y - 0.1 * x - 0.15 * z, -inf))
    found = row(market_test(wrong), "maker").best_profit
    assert found == pytest.approx(best, rel=1e-4)
    assert found >= best - 1e-9


def test_without_trusted_prices_there_is_nothing_to_post():
    chain = co.Chain([co.Good("steel", price=1, min_sale=1)], [])
    with pytest.raises(ValueError, match="needs the prices of a certified solution, but this one is infeasible"):
        market_test(co.solve(chain))


@pytest.mark.parametrize("module", ["chainopt.audits.market_test", "chainopt.certificate.responses"])
def test_the_market_test_needs_no_solver(module):
    assert not imported(module) & {
        "pyomo",
        "casadi",
        "cyipopt",
        "chainopt.planner.model",
        "chainopt.ipopt.evaluator",
    }


def test_a_buyer_whom_a_contract_holds_is_no_proof_of_content():
    """5 of bread are ordered at 1 a loaf, which costs 2: the buyers of bread would take none at its price of 2."""
    chain = co.Chain(
        [co.Good("work", import_price=2.0), co.Good("bread", price=1.0, min_sale=5.0)],
        [co.Process("bakery", function="leontief", inputs={"work": 1.0}, outputs="bread")],
    )
    test = posted(chain)
    assert test.held == ("bread",)
    assert "nor would any buyer or importer but those whom a min sale binds (" in findings(test)[0]
    free = posted(replace(chain, goods=(chain.goods[0], replace(chain.goods[1], price=3.0, max_sale=9.0))))
    assert free.held == ()
    assert "nor would any buyer or importer: a market could run this plan" in findings(free)[0]
