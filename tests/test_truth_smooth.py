"""Small smooth chains with known answers, at the edges where a slope is infinite, a sum cancels or nothing moves.

Each value, price and interval is worked out by hand, in closed form.
"""

from __future__ import annotations

from math import inf, log

import pytest
from chains import by_good
from sizes import near

import chainopt as co

G, P = co.Good, co.Process


def cobb_douglas(name: str, inputs: dict[str, float], output: str) -> co.Process:
    return P(name, function="cobb-douglas", inputs=inputs, outputs=output)


def solved(chain: co.Chain, value: float, money: float = 1.0) -> co.Solution:
    solution = co.solve(chain)
    assert solution.certified, solution.message
    assert solution.scope == "global"
    assert solution.objective == near(value, of=money, rel=1e-8)
    return solution


def test_own_use_at_a_limit() -> None:
    """A nets sqrt(x) - x of a, at most at 1/4; of 1.25 then .4 is sold, and B takes the rest."""
    chain = co.Chain(
        [G("a", supply=1, price=2, max_sale=0.4), G("b", price=0.9)],
        [cobb_douglas("A", {"a": 0.5}, "a"), cobb_douglas("B", {"a": 0.5}, "b")],
    )
    solution = solved(chain, 0.8 + 0.9 * 0.85**0.5)
    assert by_good(chain, solution, "price") == near({"a": 0.45 / 0.85**0.5, "b": 0.9}, of=1, rel=1e-7)
    for end in ("low", "high"):
        assert by_good(chain, solution, end) == near({"a": 0.45 / 0.85**0.5, "b": 0.9}, of=1, rel=1e-7)


def test_a_capacity_below_what_there_is_to_take() -> None:
    chain = co.Chain([G("a", supply=50), G("b", price=1)], [P("p", formula="b = 2*tanh(a/3)", capacity=1.5)])
    solution = solved(chain, 1.5)
    assert by_good(chain, solution, "price") == near({"a": 0, "b": 1}, of=1, rel=1e-7)


@pytest.mark.parametrize(
    "half",
    [
        P("half", function="leontief", inputs={"L": 2}, outputs="A"),
        P("half", function="linear", inputs={"L": 0.5}, outputs="A"),
        P("half", formula="A = .5*L"),
    ],
    ids=["leontief", "linear", "formula"],
)
def test_a_logarithm_through_nothing(half: co.Process) -> None:
    chain = co.Chain(
        [G("L", supply=2), G("A"), G("u", price=1, min_sale=-inf)], [half, P("log", formula="u = ln(A)")]
    )
    solution = solved(chain, 0.0)
    assert by_good(chain, solution, "price") == near({"L": 0.5, "A": 1, "u": 1}, of=1, rel=1e-7)


def test_an_import_that_is_worth_just_its_price() -> None:
    good = G("g", supply=3, price=4, reference_sale=3, demand_elasticity=1, import_price=4)
    solution = solved(chain := co.Chain([good], []), 0.0, money=12)
    assert by_good(chain, solution, "price")["g"] == pytest.approx(4)
    assert solution.plan is not None
    assert solution.plan.imported == near([0.0], of=3, rel=1e-7)


def test_a_formula_that_spends_what_can_not_be_thrown_away() -> None:
    chain = co.Chain(
        [G("capital", supply=300, disposal=None), G("x", import_price=0), G("money", price=1)],
        [P("spend", formula="money = 8*ln(1+x); capital = -x")],
    )
    solution = solved(chain, 8 * log(301))
    assert by_good(chain, solution, "price")["capital"] == pytest.approx(8 / 301, rel=1e-6)


def test_twins_of_which_one_makes_what_nobody_wants() -> None:
    chain = co.Chain(
        [G("L", supply=3), G("A", price=2), G("C")],
        [cobb_douglas("A", {"L": 0.5, "A": 0.5}, "A"), cobb_douglas("C", {"A": 0.5, "L": 0.5}, "C")],
    )
    # A nets sqrt(3 a) - a of itself, at most at a = 3/4.
    solution = solved(chain, 1.5)
    low, high = (by_good(chain, solution, end) for end in ("low", "high"))
    assert by_good(chain, solution, "price") == near({"L": 0.5, "A": 2, "C": 0}, of=1, rel=1e-6)
    assert (low["C"], high["C"]) == near((0, 2), of=1, rel=1e-6)


def test_where_nothing_moves_a_price_is_what_the_first_unit_is_worth_at_least() -> None:
    """A unit of x costs 2 sqrt(2 y) and of y 2 sqrt(2 x), at most 8 each; z is sold at 1 or costs 2 sqrt(x y)."""
    chain = co.Chain(
        [G("L", import_price=2, supply=1, price=2), G("x"), G("y"), G("z", price=1)],
        [
            cobb_douglas("X", {"y": 0.5, "L": 0.5}, "x"),
            cobb_douglas("Y", {"x": 0.5, "L": 0.5}, "y"),
            cobb_douglas("Z", {"x": 0.5, "y": 0.5}, "z"),
        ],
    )
    solution = solved(chain, 2.0)
    low, high, price = (by_good(chain, solution, end) for end in ("low", "high", "price"))
    for good, ends in {"x": (2 ** (-7 / 3), 8), "y": (2 ** (-7 / 3), 8), "z": (1, 16)}.items():
        assert (low[good], high[good]) == pytest.approx(ends, rel=1e-5)
        assert price[good] == low[good]
