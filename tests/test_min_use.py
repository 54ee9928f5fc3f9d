"""The least that a process must take of a good: by hand, by two independent statements, and by re-solves."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from chains import random_chain, recipe
from direct_casadi import solve_directly
from judge import judge, same

import chainopt as co
from chainopt.audits.market_test import BOUND, market_test
from chainopt.network.network import FORMULA
from chainopt.scenarios.change import known_figure, with_more


def mill(least: float, function: str = "cobb-douglas", **more: float) -> co.Chain:
    """Ore, bought at 1, to iron, sold at 1, of which a unit of ore^0.5 is made."""
    ore = co.Input("ore", 0.5 if function == "cobb-douglas" else 1.0, min=least)
    return co.Chain(
        [co.Good("ore", import_price=1.0), co.Good("iron", price=1.0)],
        [co.Process("mill", function=function, inputs=[ore], outputs="iron", **more)],
    )


def rent(chain: co.Chain, solution: co.Solution) -> float:
    limits = co.limits(chain, solution)
    (row,) = limits[limits["kind"] == "min use"].to_dict("records")
    assert row["backprop"] == pytest.approx(row["rent"], rel=1e-6, abs=1e-8)
    return float(row["rent"])


@pytest.mark.parametrize(("least", "worth"), [(1.0, 0.5), (4.0, 0.75), (0.2, 0.0)])
def test_a_rent_by_hand(least: float, worth: float) -> None:
    """sqrt(x) - x is best at 1/4; at x the next unit brings 1/(2 sqrt x) and costs 1."""
    chain = mill(least)
    solution = co.solve(chain)
    assert solution.certified
    assert solution.objective == pytest.approx(np.sqrt(max(least, 0.25)) - max(least, 0.25))
    assert rent(chain, solution) == pytest.approx(worth, abs=1e-6)
    (verdict,) = market_test(solution).processes["verdict"]
    assert (verdict == BOUND) == (least == 4.0)


def test_a_recipe_that_loses_runs_as_much_as_it_must() -> None:
    """2 of ore at 1 and 1 of money a unit make 1, sold at 1: each of 6 of ore loses 1."""
    chain = co.Chain(
        [co.Good("ore", import_price=1.0), co.Good("iron", price=1.0)],
        [
            co.Process(
                "mill", function="leontief", inputs=[co.Input("ore", 2.0, min=6.0)], outputs="iron", unit_cost=1
            )
        ],
    )
    solution = co.solve(chain)
    assert solution.objective == pytest.approx(-6.0)
    assert rent(chain, solution) == pytest.approx(1.0)
    row = co.tables(chain, solution).ranges.set_index("figure").loc["mill.min ore"]
    assert [row["more"], row["low"], row["high"]] == pytest.approx([-1.0, 0.0, np.inf])


@pytest.mark.parametrize("worth", [0.5, 3.0])
def test_where_most_and_least_are_one_the_rent_has_either_sign(worth: float) -> None:
    ore = co.Input("ore", 1.0, 2.0, min=2.0)
    chain = co.Chain(
        [co.Good("ore", import_price=1.0), co.Good("iron", price=worth, max_sale=9.0)],
        [co.Process("mill", function="linear", inputs=[ore], outputs="iron")],
    )
    assert rent(chain, co.solve(chain)) == pytest.approx(1.0 - worth)


@pytest.mark.parametrize(
    ("chain", "column"),
    [
        (mill(3.0, "leontief", capacity=2.0), "capacity"),
        (mill(3.0, capacity=0.0), "capacity"),
        (
            co.Chain(
                [co.Good("ore", supply=1.0), co.Good("gas"), co.Good("iron", price=1.0)],
                [
                    recipe("other", {"ore": 1.0}, "iron"),
                    co.Process(
                        "mill", function="leontief", inputs=[co.Input("gas", 1.0, min=1.0)], outputs="iron"
                    ),
                ],
            ),
            "min",
        ),
    ],
)
def test_what_must_be_taken_and_can_not_be_is_infeasible(chain: co.Chain, column: str) -> None:
    """A capacity below it, none at all, and a good that nothing supplies: the process isn't left out."""
    solution = co.solve(chain)
    assert solution.status in (co.Status.INFEASIBLE, co.Status.UNSOLVED), solution.message
    if solution.status is co.Status.INFEASIBLE:
        causes = {(cause.sheet, cause.column) for cause in co.explain(chain, solution).causes}
        assert ("inputs", "min") in causes


def with_least(chain: co.Chain, solution: co.Solution, random: Random) -> tuple[co.Chain, str] | None:
    """The chain with a least of some use, above what it takes now; and the name of its cell."""
    part = solution.part
    assert part is not None
    assert solution.amounts is not None
    net, plan = part.whole, part.plan(solution.amounts)
    could = (net.function[net.use_process] != FORMULA) & net.rival[net.use_good]
    if not could.any():
        return None
    u = random.choice(np.flatnonzero(could).tolist())
    process, good = net.use_process[u], net.goods[net.use_good[u]]
    least = round(1.05 * float(plan.use[u]) + 0.01 * float(plan.quantity(net)[net.use_good[u]]), 6)
    processes = list(chain.processes)
    of = processes[process]
    inputs = [replace(use, min=least) if use.good == good else use for use in of.inputs]
    if least <= 0 or any(use.max < use.min for use in inputs):
        return None
    processes[process] = replace(of, inputs=tuple(inputs))
    return replace(chain, processes=tuple(processes)), f"{of.process}.min {good}"


@pytest.mark.parametrize("kind", ["linear", "smooth", "market", "mixed"])
@pytest.mark.parametrize("seeds", [range(20, 26), pytest.param(range(26, 80), marks=pytest.mark.nightly)])
def test_rents_of_random_chains_are_what_re_solves_say(kind: str, seeds: range) -> None:
    """rent between the one-sided differences; value and status as an independent statement's."""
    certified = 0
    for seed in seeds:
        base = random_chain(seed, kind, bool(seed % 2), most=8)
        known = co.solve(base)
        made = with_least(base, known, Random(seed)) if known.certified else None
        if made is None:
            continue
        chain, name = made
        solution = co.solve(chain)
        assert solution.certified or solution.status is co.Status.INFEASIBLE, (seed, solution.message)
        if kind == "linear":
            assert same(judge(chain), solution) == [], seed
        if not solution.certified:
            continue
        certified += 1
        if kind != "linear":
            objective, *_ = solve_directly(chain)
            assert solution.objective >= objective - 1e-6 * abs(objective), seed
        figure = known_figure(chain, name)
        step = 1e-3 * figure.value
        more, less = (co.solve(with_more(chain, figure, sign * step)) for sign in (1, -1))
        if more.certified and less.certified:
            sides = sorted(
                [(solution.objective - more.objective) / step, (less.objective - solution.objective) / step]
            )
            near = 1e-4 * max(map(abs, sides)) + 1e-6 * abs(solution.objective) / figure.value
            assert sides[0] - near <= rent(chain, solution) <= sides[1] + near, (seed, sides)
    assert certified
