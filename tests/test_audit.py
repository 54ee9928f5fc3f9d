"""The audit on random chains: multipliers inside their intervals, derivatives where prices are unique, verdicts
that no unit changes."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from chains import random_chain, with_supply
from sizes import by_unit, near, turnover

import chainopt as co
from chainopt.audits.market_test import market_test
from chainopt.audits.verdicts import Verdict, audit

KINDS = ("smooth", "linear", "mixed")
# Chains that were once certified wrongly, or refused for no good reason.
ONCE_BROKEN = [
    ("linear", 4, True),
    ("smooth", 1, True),
    ("smooth", 6, True),
    ("smooth", 1017, False),
    ("smooth", 1057, True),
    ("mixed", 1008, True),
    ("mixed", 1014, True),
    ("mixed", 1015, True),
    ("mixed", 1018, True),
    ("mixed", 1044, True),
    ("mixed", 1046, False),
]
# What part of random chains must be certified: the rest is refused, and shows no prices.
CERTIFIED = {"linear": 0.97, "smooth": 0.9, "mixed": 0.8}


def broken(kind: str, seed: int, cyclic: bool) -> str | None:
    """What a certified solution of a random chain breaks: "" nothing, None where it is not certified."""
    chain = random_chain(seed, kind, cyclic)
    solution = co.solve(chain)
    if solution.status is not co.Status.OPTIMAL:
        return None
    table = co.prices(chain, solution)
    goods = co.tables(chain, solution).goods
    # What would move less than 1e-8 of the chain's money is no price but its rounding.
    slack = 1e-6 * table["price"].abs() + 1e-8 * by_unit(goods)
    priced = table["price"].notna()
    inside = (table["low"] - slack <= table["price"]) & (table["price"] <= table["high"] + slack)
    if not inside[priced].all():
        return f"outside its interval: {list(table['good'][priced & ~inside])}"
    point = priced & (table["interval"] == "point")
    apart = (table["price"] - table["backprop"]).abs() > slack
    if apart[point].any():
        return f"price and derivative differ: {list(table['good'][point & apart])}"
    rows = co.audit(solution)
    unsound = rows[~rows["verdict"].map(lambda verdict: verdict.sound)]
    return f"verdicts: {unsound[['good', 'kind', 'process', 'verdict']].values.tolist()}" if len(unsound) else ""


def hold(kind: str, cyclic: bool, seeds: range) -> None:
    found = {seed: broken(kind, seed, cyclic) for seed in seeds}
    assert not {seed: text for seed, text in found.items() if text}
    uncertified = [seed for seed, text in found.items() if text is None]
    assert len(uncertified) <= (1 - CERTIFIED[kind]) * len(seeds), uncertified


@pytest.mark.parametrize(("kind", "seed", "cyclic"), ONCE_BROKEN)
def test_what_was_broken_holds(kind: str, seed: int, cyclic: bool) -> None:
    assert broken(kind, seed, cyclic) == ""


@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_certified_prices_hold(kind: str, cyclic: bool) -> None:
    hold(kind, cyclic, range(100, 120))


@pytest.mark.nightly
@pytest.mark.parametrize("cyclic", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", range(1000, 1340, 34))
def test_certified_prices_hold_on_two_thousand(kind: str, cyclic: bool, start: int) -> None:
    hold(kind, cyclic, range(start, start + 34))


def in_units(chain: co.Chain, money: float, amount: float) -> co.Chain:
    """The same chain of Leontief processes with money and amounts counted in other units."""
    goods = [
        replace(
            good,
            supply=good.supply * amount,
            price=None if good.price is None else good.price * money / amount,
            max_sale=good.max_sale * amount,
            min_sale=good.min_sale * amount,
            reference_sale=None if good.reference_sale is None else good.reference_sale * amount,
            import_price=None if good.import_price is None else good.import_price * money / amount,
            max_import=good.max_import * amount,
            disposal=None if good.disposal is None else good.disposal * money / amount,
        )
        for good in chain.goods
    ]
    processes = [
        replace(
            process,
            capacity=process.capacity * amount,
            min_level=process.min_level * amount,
            unit_cost=process.unit_cost * money / amount,
            inputs=tuple(replace(use, max=use.max * amount) for use in process.inputs),
        )
        for process in chain.processes
    ]
    return co.Chain(goods, processes)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("money", "amount"), [(1e6, 1.0), (1e-6, 1.0), (1.0, 1e-3), (1.0, 1e6), (1e6, 1e-3)])
def test_units_change_no_verdict(seed: int, money: float, amount: float) -> None:
    chain = random_chain(seed, "linear", False)
    plain, other = co.solve(chain), co.solve(in_units(chain, money, amount))
    assert plain.status is other.status is co.Status.OPTIMAL
    assert other.objective == near(
        money * plain.objective, of=money * turnover(co.tables(chain, plain).goods), rel=1e-9
    )
    before, after = co.audit(plain), co.audit(other)
    assert (before[["good", "kind", "verdict"]] == after[["good", "kind", "verdict"]]).all(axis=None)
    left, right = co.prices(chain, plain), co.prices(other.chain, other)
    for column in ("low", "high"):
        np.testing.assert_allclose(
            right[column] * amount / money, left[column], rtol=1e-6, atol=1e-7 * left["price"].abs().max()
        )


def test_differences_enclose_the_interval() -> None:
    chain = co.Chain(
        [co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)],
        [co.Process("mix", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")],
    )
    found = co.differences(co.solve(chain), workers=1).set_index("good")
    assert (found.right["A"], found.left["A"]) == pytest.approx((8, 10), rel=1e-6)
    assert (found.right["B"], found.left["B"]) == near((0, 2), of=10, rel=1e-6)


def test_holding_finds_where_the_law_of_a_price_ends() -> None:
    chain = co.Chain(
        [co.Good("ore", supply=3), co.Good("steel", price=2)],
        [co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel", capacity=5)],
    )
    found = co.holding(co.solve(chain), "ore")
    assert found.more == pytest.approx(5, rel=1e-2)
    assert "capacity of mill" in found.above
    assert co.solve(with_supply(chain, "ore", 6.0)).objective == pytest.approx(10)


MILL = co.Chain(
    [co.Good("ore", supply=3), co.Good("sand", supply=9), co.Good("steel", price=2, max_sale=50)],
    [
        co.Process(
            "mill",
            function="leontief",
            inputs=[co.Input("ore", 1), co.Input("sand", 2, max=40)],
            outputs="steel",
            capacity=2,
            min_level=0.5,
        )
    ],
)
"""3 of ore and 9 of sand allow a level of 3, the capacity 2."""


@pytest.mark.parametrize(
    ("name", "ends", "said"),
    [
        ("mill.capacity", (0.5, 3), ("min level of mill binds", "ore is thrown away")),
        ("MILL.Min Level", (-inf, 2), ("", "")),
        ("mill.max sand", (4, inf), ("max use of sand by mill binds", "")),
        ("steel.max sale", (2, inf), ("max sale of steel binds", "")),
        ("ore.supply", (2, inf), ("capacity of mill binds", "")),
    ],
)
def test_the_rent_of_a_limit_holds_between_two_limits(name, ends, said) -> None:
    """By hand: each end is where another limit takes over, or where the limit begins to bind."""
    found = co.holding(co.solve(MILL), name)
    assert (found.less, found.more) == pytest.approx(ends, rel=5e-3)
    assert all(word in text for word, text in zip(said, (found.below, found.above), strict=True))


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("mill.capcity", 'Did you mean "mill.capacity"'),
        ("mill.max ore", "mill.max ore sets no limit"),
        ("steel.max import", "steel.max import sets no limit"),
        ("mil", 'no good "mil"'),
    ],
)
def test_a_limit_that_is_not_there_holds_nothing(name, word) -> None:
    with pytest.raises(ValueError, match=word):
        co.holding(co.solve(MILL), name)


def test_verdicts_name_their_causes() -> None:
    chain = co.Chain(
        [
            co.Good("ore", supply=4),
            co.Good("steel", price=3, max_sale=1),
            co.Good("slag", disposal=None),
            co.Good("sand", price=0.5),
        ],
        [
            co.Process("mill", formula="steel = sqrt(ore)", outputs={"slag": 0.1}),
            co.Process("dump", function="leontief", inputs={"slag": 1}, unit_cost=0.2),
            co.Process("crusher", function="cobb-douglas", inputs={"ore": 0.5, "steel": 0.5}, outputs="sand"),
        ],
    )
    solution = co.solve(chain)
    rows = co.audit(solution).drop_duplicates(["good", "kind"]).set_index(["good", "kind"])
    assert rows.verdict["slag", "good"] is Verdict.NUISANCE
    assert rows.verdict["steel", "sale"] is Verdict.RENT
    assert "max sale" in rows.cause["steel", "sale"] or "limit" in rows.cause["steel", "sale"]


def test_what_flows_is_not_called_idle() -> None:
    for name in ("tupperware", "petrochemicals", "steel_loop"):
        found = audit(co.solve(co.read_workbook(f"data/{name}.xlsx")))
        flows = found[(found["share"] > 1e-3) & (found["verdict"] == Verdict.AGREES)]
        assert len(flows)
        assert not flows["cause"].str.contains("idle").any()


def test_the_essays_company_c_has_no_market() -> None:
    chain = co.Chain(
        [
            co.Good("natgas", supply=4),
            co.Good("ethylene"),
            co.Good("polyethylene"),
            co.Good("tupperware", price=1, min_sale=-np.inf),
        ],
        [
            co.Process("A", formula="ethylene = sqrt(natgas)"),
            co.Process("B", formula="polyethylene = 1 - 1/(ethylene + 1)"),
            co.Process("C", formula="tupperware = ln(polyethylene)"),
        ],
    )
    test = market_test(co.solve(chain))
    assert not test.supported
    assert "loss" in test.processes.set_index("process").verdict["C"]
