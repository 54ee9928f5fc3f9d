"""The KKT conditions solved as a model of their own: their prices are the planner's."""

import numpy as np
import pytest
from chains import random_chain
from sizes import money, near
from test_models import ROOT, load

import chainopt as co
from chainopt.equilibrium.conditions import compare, solve_equilibrium


def price_of(equilibrium, good):
    return float(equilibrium.multipliers.price[equilibrium.net.goods.index(good)])


@pytest.mark.parametrize(
    "name",
    [
        "tupperware",
        "steel_loop",
        "loss_making_firm",
        "capacity_rent",
        "non_rival",
        "recycle",
        "refinery",
        "byproduct",
        "petrochemicals",
    ],
)
def test_a_models_equilibrium_has_the_planners_prices(name):
    chain = load(ROOT / "models" / f"{name}.py").chain()
    planner = co.solve(chain)
    for start in (None, planner):
        found = solve_equilibrium(chain, start=start)
        assert found.certified, found.message
        table = compare(found, planner)
        assert table.price.to_numpy() == pytest.approx(table.planner.to_numpy(), rel=1e-6)
        # What the limits are worth, relative to the plan's money: a rent by itself has the unit of its limit.
        bound = np.array([limit.bound for limit in found.net.limits])
        worth = planner.multipliers.rent * bound
        assert found.multipliers.rent * bound == near(worth, of=money(planner), rel=1e-10)
        assert found.plan.value(found.net) == pytest.approx(planner.objective, rel=1e-6)


def test_the_essays_prices():
    found = solve_equilibrium(load(ROOT / "models" / "tupperware.py").chain())
    prices = [price_of(found, good) for good in ("natgas", "ethylene", "polyethylene", "tupperware")]
    assert prices == pytest.approx([1 / 24, 1 / 6, 3 / 2, 1], rel=1e-6)


def test_an_obligations_price():
    bread = co.Process("bakery", function="linear", inputs={"labour": 1}, outputs="bread")
    leisure = co.Process("rest", function="linear", inputs={"labour": 1}, outputs="leisure")
    goods = [co.Good("labour", supply=10), co.Good("bread", min_sale=5), co.Good("leisure", price=1)]
    assert price_of(solve_equilibrium(co.Chain(goods, [bread, leisure])), "bread") == pytest.approx(1, rel=1e-6)


def test_where_prices_are_not_unique_one_of_them_is_found():
    join = co.Process("join", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")
    chain = co.Chain([co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)], [join])
    found = solve_equilibrium(chain)
    assert found.certified
    assert 8 * (1 - 1e-7) <= price_of(found, "A") <= 10 * (1 + 1e-7)
    assert price_of(found, "A") + price_of(found, "B") == pytest.approx(10, rel=1e-6)


def test_a_price_may_be_negative():
    pond = co.Process("pond", formula="fish = 10 - 2*smoke")
    fire = co.Process("fire", formula="smoke = fish")
    goods = [co.Good("fish", disposal=None), co.Good("smoke", price=1, disposal=None)]
    chain = co.Chain(goods, [pond, fire])
    planner = co.solve(chain)
    if not planner.certified:
        pytest.skip(planner.message)
    table = compare(solve_equilibrium(chain), planner)
    assert table.price.to_numpy() == near(table.planner.to_numpy(), of=table.planner, rel=1e-9)


@pytest.mark.parametrize(
    ("seed", "kind", "cyclic"), [(1, "linear", False), (0, "smooth", False), (2, "mixed", True)]
)
def test_a_random_chains_equilibrium_lies_in_the_planners_intervals(seed, kind, cyclic):
    chain = random_chain(seed, kind, cyclic)
    planner = co.solve(chain)
    assert planner.certified
    found = solve_equilibrium(chain, start=planner)
    assert found.certified, found.message
    table = compare(found, planner)
    room = 1e-6 * np.maximum(table.planner.abs(), 1e-3 * table.planner.abs().max())
    assert (table.price >= table.low - room).all()
    assert (table.price <= table.high + room).all()


def test_what_cannot_be_feasible_is_refused():
    with pytest.raises(ValueError, match="steel"):
        solve_equilibrium(co.Chain([co.Good("steel", price=1, min_sale=1)], []))
