"""The judge of nasty chains is judged: by hand-computed cases, by its proofs, by re-solves, by another code."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from exact_simplex import Simplex, Start, Tangent
from judge import Judged, Scales, judge, same, soplex_basis
from linear_program import LinearProgram, state
from nasty import nasty
from scipy import sparse
from scipy.optimize import linprog

import chainopt as co

INF = math.inf
SEEDS = range(100)
SMALL = 30


def made(process: str, output: str | dict[str, float] = (), **inputs: float) -> co.Process:
    return co.Process(process, function="leontief", inputs=inputs, outputs=output)


def recycle(y: float) -> co.Chain:
    return co.Chain(
        [co.Good("feed", import_price=2), co.Good("a", min_sale=4), co.Good("b")],
        [made("A", "a", feed=1, b=y), made("B", "b", a=1)],
    )


def links() -> co.Chain:
    nodes = range(5)
    return co.Chain(
        [co.Good(f"n{i}", min_sale=8, disposal=None) for i in nodes],
        [
            *(
                co.Process(f"G{i}", function="leontief", outputs=f"n{i}", unit_cost=10 + 5 * i, capacity=25)
                for i in nodes
            ),
            *(made(f"{i}to{j}", f"n{j}", **{f"n{i}": 1}) for i in nodes for j in nodes if i != j),
        ],
    )


def mill(function: str) -> co.Chain:
    return co.Chain(
        [co.Good("grain", import_price=4), co.Good("flour", price=1)],
        [co.Process("mill", function=function, inputs={"grain": 1}, outputs="flour")],
    )


E5 = co.Good("e", supply=3, price=2)
NONE = "infeasible"
Ends = dict[str, tuple[float | Fraction, float | Fraction]]

CASES: dict[str, tuple[co.Chain, str | float | Fraction, Ends]] = {
    "a min level of what has no input": (
        co.Chain(
            [co.Good("ore"), co.Good("steel", price=5), co.Good("wheat", supply=6, price=2)],
            [co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel", min_level=3)],
        ),
        NONE,
        {},
    ),
    **{
        f"a recycle of {y}": (
            recycle(y),
            -8 / (1 - Fraction(repr(y))),
            {good: (2 / (1 - Fraction(repr(y))),) * 2 for good in "ab"} | {"feed": (2, 2)},
        )
        for y in (0.97, 0.995, 0.999999)
    },
    "two that need each other": (
        co.Chain(
            [co.Good("L", import_price=1), co.Good("A", min_sale=2), co.Good("B")],
            [made("makes A", "A", B=0.5, L=1), made("makes B", "B", A=0.5, L=1)],
        ),
        -4,
        {"A": (2, 2), "B": (2, 2), "L": (1, 1)},
    ),
    "free links": (links(), -475, {f"n{i}": (15, 15) for i in range(5)}),
    "a loop that shrinks": (
        co.Chain([co.Good("a", price=4, import_price=9), E5], [made("p", "a", a=5)]),
        6,
        {"a": (4, 9), "e": (2, 2)},
    ),
    "steel and scrap": (
        co.Chain(
            [co.Good("steel", price=2), co.Good("scrap"), E5],
            [made("breaks", "scrap", steel=5), made("melts", "steel", scrap=3)],
        ),
        6,
        {"steel": (2, INF), "scrap": (Fraction(2, 3), INF)},
    ),
    "nothing to begin with": (
        co.Chain([co.Good("a"), co.Good("b", price=5)], [made("p", "b", a=2)]),
        0,
        {"a": (Fraction(5, 2), INF), "b": (5, INF)},
    ),
    "a mill that costs more": (
        co.Chain(
            [co.Good("grain", supply=5), co.Good("flour", price=1)],
            [co.Process("mill", function="leontief", inputs={"grain": 1}, outputs="flour", unit_cost=3)],
        ),
        0,
        {"grain": (0, 0), "flour": (1, 3)},
    ),
    "imports for an idle mill, leontief": (mill("leontief"), 0, {"grain": (1, 4), "flour": (1, 4)}),
    "imports for an idle mill, linear": (mill("linear"), 0, {"grain": (1, 4), "flour": (1, 4)}),
    "no way to be rid of it": (
        co.Chain([co.Good("a", supply=2, disposal=None)], [made("p", {"a": 3}, a=1)]),
        NONE,
        {},
    ),
    "a tie as typed": (
        co.Chain(
            [co.Good("a", supply=0.3), co.Good("b", price=1)],
            [co.Process("p", function="leontief", inputs={"a": 0.1}, outputs="b", capacity=3)],
        ),
        3,
        {"a": (0, 10), "b": (1, 1)},
    ),
    "links both ways": (
        co.Chain(
            [co.Good("x", supply=5, price=1, disposal=None), co.Good("y", price=1, disposal=None)],
            [
                co.Process("to y", function="leontief", inputs={"x": 1}, outputs="y", capacity=9),
                made("to x", "x", y=1),
            ],
        ),
        5,
        {"x": (1, 1), "y": (1, 1)},
    ),
    "impossible before endless": (
        co.Chain(
            [co.Good("a", min_sale=1), co.Good("b", price=2)],
            [co.Process("p", function="leontief", outputs="b")],
        ),
        NONE,
        {},
    ),
    "endless": (
        co.Chain([co.Good("b", price=2)], [co.Process("p", function="leontief", outputs="b")]),
        "unbounded",
        {},
    ),
    # Lindahl: both readers pay for the one blueprint, which a unit of labour makes.
    "a blueprint read twice": (
        co.Chain(
            [co.Good("L", supply=2), co.Good("plan", rival=False), co.Good("x", price=3), co.Good("y", price=4)],
            [
                made("draws", "plan", L=1),
                co.Process("reads", function="leontief", inputs={"plan": 1}, outputs="x"),
                co.Process("reads too", formula="y = min(2*plan, 3)"),
            ],
        ),
        18,
        {"plan": (3, 3), "L": (3, 3), "x": (3, 3), "y": (4, 4)},
    ),
    # 2 of a make 2 of b and 2.5 of c: 2 + 5; a further a makes a b more, and a quarter of a c less.
    "a formula of two outputs": (
        co.Chain(
            [co.Good("a", supply=2), co.Good("b", price=1), co.Good("c", price=2, min_sale=-INF)],
            [co.Process("p", formula="b = min(a, 2*a + 1, 4); c = 3 - 0.25*a", inputs=[co.Input("a", max=4)])],
        ),
        7,
        {"a": (Fraction(1, 2), Fraction(1, 2)), "c": (2, 2)},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_hand_computed_cases(name: str) -> None:
    chain, answer, ends = CASES[name]
    judged = judge(chain)
    if isinstance(answer, str):
        assert judged.status == answer
        return
    assert (judged.status, judged.value) == ("optimal", answer)
    assert {good: (judged.low[good], judged.high[good]) for good in ends} == ends


@pytest.fixture(scope="module")
def settled() -> list[tuple[LinearProgram, Simplex, str]]:
    """Small nasty chains, each settled from SoPlex's basis (where it is there) and from none."""
    found = []
    for seed in SEEDS:
        program = state(nasty(seed, SMALL))
        if program.crossed:
            continue
        simplex = Simplex(program, soplex_basis(program, Scales.of(program)))
        status = simplex.optimise(2000)
        plain = Simplex(program, Start(()))
        assert plain.optimise(2000) == status
        assert status != "optimal" or plain.value() == simplex.value()
        found.append((program, simplex, status))
    return found


def test_each_verdict_stands_on_a_proof(settled: list[tuple[LinearProgram, Simplex, str]]) -> None:
    """Judged by arithmetic from the program alone: a plan and prices of one value; prices that no plan can meet; a
    plan, and a change of it that every bound lets go on and that earns."""
    for program, simplex, status in settled:
        found = dict(simplex.standing())
        plan = [found[index] for index in range(len(program.columns))]
        if status == "infeasible":
            assert bound_of(program, simplex.proof, [Fraction(0)] * len(plan)) < 0
            continue
        assert meets(program, plan, program.right, program.low, program.high)
        value = sum(cost * amount for cost, amount in zip(program.cost, plan, strict=True))
        if status == "optimal":
            assert value == bound_of(program, simplex.proof, program.cost)
        else:
            ray = [simplex.proof.get(index, Fraction(0)) for index in range(len(plan))]
            low, high = (
                [None if end is None else Fraction(0) for end in ends] for ends in (program.low, program.high)
            )
            assert meets(program, ray, [Fraction(0)] * len(program.right), low, high)
            assert sum(cost * change for cost, change in zip(program.cost, ray, strict=True)) > 0


def meets(program: LinearProgram, plan: list, right: list, low: list, high: list) -> bool:
    sums = [Fraction(0)] * len(right)
    for column, amount in zip(program.columns, plan, strict=True):
        for row, entry in column.items():
            sums[row] += entry * amount
    within = all(
        (least is None or least <= amount) and (most is None or amount <= most)
        for amount, least, most in zip(plan, low, high, strict=True)
    )
    return within and sums == right


def bound_of(program: LinearProgram, prices: dict[int, Fraction], cost: list[Fraction]) -> Fraction:
    """y'b and the most of (c - A'y)x within the bounds: no feasible plan earns more than this, at any prices y.
    Without costs a feasible plan earns 0, so that there is none where this is less."""
    bound = sum((price * program.right[row] for row, price in prices.items()), Fraction(0))
    for index, column in enumerate(program.columns):
        earned = cost[index] - sum(
            (prices.get(row, Fraction(0)) * entry for row, entry in column.items()), Fraction(0)
        )
        if earned:
            end = program.high[index] if earned > 0 else program.low[index]
            assert end is not None
            bound += earned * end
    return bound


def test_ends_are_the_slopes_of_small_steps(settled: list[tuple[LinearProgram, Simplex, str]]) -> None:
    """In fractions a step may be as small as one likes, and the optimal value has corners, but no curves."""
    step = Fraction(1, 2**120)
    for program, simplex, status in settled:
        if status != "optimal":
            continue
        tangent = Tangent(simplex)
        for row in list(program.goods.values())[:5]:
            for sign in (1, -1):
                right = list(program.right)
                right[row] += sign * step
                moved = Simplex(replace(program, right=right), Start(tuple(simplex.basic)))
                slope = None
                if moved.optimise(2000) == "optimal":
                    slope = sign * (moved.value() - simplex.value()) / step
                assert tangent.derivative(row, sign, 2000) == slope


def test_another_code_says_the_same(settled: list[tuple[LinearProgram, Simplex, str]]) -> None:
    """HiGHS, in scaled doubles: 1e-6 of the money of all columns."""
    for program, simplex, status in settled:
        scales = Scales.of(program)
        answer = highs(program, scales)
        assert (answer.status == 0) == (status == "optimal")
        if status == "optimal":
            money = sum(
                abs(float(program.cost[index] * amount))
                for index, amount in simplex.standing()
                if index < len(program.cost)
            )
            value = -answer.fun / 2.0**scales.money
            assert value == pytest.approx(
                float(simplex.value()), rel=0, abs=1e-6 * money + 1e-9 / 2.0**scales.money
            )


def highs(program: LinearProgram, scales: Scales):
    def scaled(figures: list, powers: list[int]) -> np.ndarray:
        return np.array([float(figure) * 2.0**power for figure, power in zip(figures, powers, strict=True)])

    places = [(row, index) for index, column in enumerate(program.columns) for row in column]
    entries = [float(program.columns[j][i]) * 2.0 ** (scales.rows[i] + scales.columns[j]) for i, j in places]
    shape = (len(program.right), len(program.columns))
    ends = [
        [None if end is None else float(end) / 2.0**power for end, power in zip(side, scales.columns, strict=True)]
        for side in (program.low, program.high)
    ]
    return linprog(
        -scaled(program.cost, [power + scales.money for power in scales.columns]),
        A_eq=sparse.csr_matrix((entries, tuple(zip(*places, strict=True))), shape=shape),
        b_eq=scaled(program.right, scales.rows),
        bounds=list(zip(*ends, strict=True)),
        method="highs",
    )


def test_nasty_chains_are_a_mixture() -> None:
    """Most have an answer, and some of each other kind; the same seed gives the same chain."""
    statuses = [judge(nasty(seed, 20), goods=()).status for seed in range(200)]
    assert 0.6 < statuses.count("optimal") / 200 < 0.85
    assert 0.1 < statuses.count("infeasible") / 200 < 0.3
    assert 0.02 < statuses.count("unbounded") / 200 < 0.15
    assert nasty(7) == nasty(7) != nasty(8)


def test_a_difference_is_said() -> None:
    chain = co.Chain([co.Good("ore", supply=10), co.Good("steel", price=3)], [made("mill", "steel", ore=2)])
    solution, judged = co.solve(chain), judge(chain)
    assert same(judged, solution) == []
    for wrong in (
        Judged("infeasible"),
        replace(judged, value=judged.value * Fraction(1.00001)),
        replace(judged, low=judged.low | {"ore": 1.49999}),
        replace(judged, high=judged.high | {"steel": INF}),
    ):
        assert len(same(wrong, solution)) == 1
