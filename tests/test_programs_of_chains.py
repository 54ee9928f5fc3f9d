"""Chains at their plans as programs: value and prices survive the way there, and the way back."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chains import objective, random_chain, with_supply

import chainopt as co

DATA = sorted((Path(__file__).parent.parent / "data").glob("*.xlsx"))
SOLVED = [book for book in DATA if book.stem != "infeasible_obligation"]


def program_and_prices(chain):
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    return co.to_program(chain, solution), co.prices(chain, solution).set_index("good")


def assert_same(found, table, rel=1e-8):
    """The derivatives in supplies are the multipliers, to a part of the largest price of the chain at least."""
    least = 1e-3 * np.nanmax(np.abs(table.price))
    for good, price in table.price.items():
        assert abs(found[good] - price) <= rel * max(abs(price), least), good


@pytest.mark.parametrize("book", SOLVED, ids=lambda book: book.stem)
def test_chain_to_program_to_chain_keeps_value_and_prices(book):
    chain = co.read_workbook(book)
    program, table = program_and_prices(chain)
    chain_goods = [good.good for good in chain.goods]
    assert set(chain_goods) <= set(program.inputs)
    assert program.value == pytest.approx(objective(chain), rel=1e-9)
    assert_same(program.gradient, table)
    again = program.to_chain()
    solution = co.solve(again)
    assert solution.status is co.Status.OPTIMAL
    assert solution.objective == pytest.approx(program.value, rel=1e-9)
    assert_same(co.prices(again, solution).set_index("good")["price"][chain_goods], table)


@pytest.mark.parametrize("book", SOLVED, ids=lambda book: book.stem)
def test_the_source_runs_without_chainopt_and_has_the_prices(book, tmp_path):
    program, table = program_and_prices(co.read_workbook(book))
    path = tmp_path / "program.py"
    path.write_text(program.source(), encoding="utf-8")
    done = subprocess.run([sys.executable, "-I", "-S", path], capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    assert float(first.removeprefix("value = ")) == pytest.approx(program.value, rel=1e-12)
    found = {
        name: float(price) for name, price in (line.removeprefix("price of ").rsplit(" = ", 1) for line in rest)
    }
    assert_same(found, table)


def test_a_traced_program_survives_the_round_trip():
    program = co.trace(lambda x, y: (x * y + x) / (1 + x * x))(1.5, -2.0)
    chain = program.to_chain()
    again = co.to_program(chain, co.solve(chain))
    assert again.value == pytest.approx(program.value, rel=1e-12)
    for name, slope in program.gradient.items():
        assert again.gradient[name] == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("book", SOLVED, ids=lambda book: book.stem)
def test_a_program_elsewhere_is_a_plan_of_the_chain_elsewhere(book):
    """With a little more of each good, the program makes at most the optimum, and as much to first order."""
    chain = co.read_workbook(book)
    program, table = program_and_prices(chain)
    for good in chain.goods[:6]:
        step = 1e-3 * (abs(good.supply) or 1.0)
        value = program({good.good: good.supply + step})
        best = objective(with_supply(chain, good.good, good.supply + step))
        assert value <= best + 1e-8 * abs(best)
        first = program.value + step * table.price[good.good]
        assert abs(value - first) <= 2e-2 * abs(step * table.price[good.good]) + 1e-9 * abs(first)


def test_shares_are_parameters_and_none_can_be_improved():
    """dV/d share = what there is times what the use pays: the same for every use of a good."""
    chain = co.read_workbook(next(book for book in DATA if book.stem == "non_rival"))
    program, table = program_and_prices(chain)
    shares = {name: slope for name, slope in program.gradient.items() if name.startswith("share of labour")}
    assert len(shares) == 2
    for slope in shares.values():
        assert slope == pytest.approx(10 * table.price["labour"], rel=1e-8)
    moved = {name: program.at({}).values[program.inputs.index(name)] for name in shares}
    up, down = moved
    for shift in (0.01, -0.01):
        assert program({up: moved[up] + shift, down: moved[down] - shift}) < program.value


def test_the_fish_pond_goes_round_twice_as_strong_and_has_a_price():
    """fish = 10 - 2 smoke, smoke = fish: the loop has radius 2, and no round of it settles; price -2/3."""
    chain = co.Chain(
        [
            co.Good("fish", rival=False, price=1, disposal=None),
            co.Good("smoke", rival=False, disposal=None),
        ],
        [co.Process("pond", formula="fish = 10 - 2*smoke"), co.Process("smokery", formula="smoke = fish")],
    )
    program, table = program_and_prices(chain)
    assert program.tape.loops()
    assert program.gradient["smoke"] == pytest.approx(-2 / 3, rel=1e-10)
    assert table.price["smoke"] == pytest.approx(-2 / 3, rel=1e-8)
    scope: dict = {"__name__": "program"}
    exec(program.source(), scope)
    value, price = scope["chain"]()
    assert value == pytest.approx(10 / 3, rel=1e-12)
    assert price["smoke"] == pytest.approx(-2 / 3, rel=1e-10)
    value, price = scope["chain"](smoke=0.3)
    assert value == pytest.approx((10 - 0.6) / 3, rel=1e-10)


def test_what_is_made_to_order_follows_from_what_is_owed():
    """Bread for a min sale of 5, the rest of the labour sold as leisure: bread costs what leisure pays."""
    chain = co.Chain(
        [co.Good("labour", supply=10), co.Good("bread", min_sale=5), co.Good("leisure", price=1)],
        [
            co.Process("bakery", function="cobb-douglas", inputs={"labour": 1.0}, outputs="bread"),
            co.Process("home", function="linear", inputs={"labour": 1.0}, outputs="leisure"),
        ],
    )
    program, _ = program_and_prices(chain)
    assert program.gradient["bread"] == pytest.approx(1, rel=1e-9)
    assert program({"bread": 0.5}) == pytest.approx(5.5, rel=1e-9)


def test_a_capacity_of_a_smooth_process_leaves_a_substitute():
    """Two inputs of a process at its capacity: more of one frees some of the other, for which there is a use."""
    chain = co.Chain(
        [
            co.Good("labour", supply=4, disposal=None),
            co.Good("land", supply=9),
            co.Good("wheat", price=5),
            co.Good("park", price=1),
        ],
        [
            co.Process(
                "farm", function="cobb-douglas", inputs={"labour": 0.5, "land": 0.5}, outputs="wheat", capacity=4
            ),
            co.Process("garden", function="linear", inputs={"land": 1.0}, outputs="park"),
        ],
    )
    program, _ = program_and_prices(chain)
    # land = 16/labour for the same wheat: d(land freed)/d(labour) = 16/labour^2
    assert program.gradient["labour"] == pytest.approx(1.0, rel=1e-7)
    assert program({"labour": 4.5}) == pytest.approx(20 + 9 - 16 / 4.5, rel=1e-9)


def test_arguments_of_a_minimum_that_meet_move_together():
    chain = co.Chain(
        [
            co.Good("bolt", supply=6, disposal=None),
            co.Good("nut", import_price=0.5),
            co.Good("joint", price=2),
        ],
        [co.Process("assembly", formula="joint = min(bolt, nut)")],
    )
    program, table = program_and_prices(chain)
    assert program.gradient["bolt"] == pytest.approx(1.5, rel=1e-6)
    assert table.price["bolt"] == pytest.approx(1.5, rel=1e-6)


def test_a_limit_acts_through_a_minimum():
    """The farm's capacity holds what it takes of land, though land reaches its level only through a minimum."""
    chain = co.Chain(
        [
            co.Good("land", supply=9),
            co.Good("labour", supply=100),
            co.Good("wheat", price=5),
            co.Good("park", price=1),
        ],
        [
            co.Process("farm", formula="wheat = min(land, labour)", capacity=4),
            co.Process("garden", function="linear", inputs={"land": 1.0}, outputs="park"),
        ],
    )
    program, _ = program_and_prices(chain)
    assert program.gradient["land"] == pytest.approx(1, rel=1e-8)
    assert program({"land": 9.5}) == pytest.approx(25.5, rel=1e-9)


def test_a_loop_may_come_to_a_constant():
    chain = co.Chain(
        [co.Good("x", price=1), co.Good("a", supply=1)],
        [co.Process("p", formula="x = min(5*a, 3)", outputs={"a": 0.5})],
    )
    program, _ = program_and_prices(chain)
    assert program.value == pytest.approx(3, rel=1e-9)
    assert program.gradient["a"] == 0


def test_a_price_that_is_not_unique_has_no_program():
    chain = co.Chain(
        [co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)],
        [co.Process("join", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")],
    )
    with pytest.raises(ValueError, match="not unique"):
        co.to_program(chain, co.solve(chain))


def test_a_chain_without_a_solution_has_no_program():
    chain = co.read_workbook(next(book for book in DATA if book.stem == "infeasible_obligation"))
    with pytest.raises(ValueError, match="no certified solution"):
        co.to_program(chain, co.solve(chain))


def hold(kind, seeds):
    """Wherever a random chain has a program, its derivatives are the unique prices; most have one.

    And the chains of these programs have the same value, wherever they are certified, which nearly all are.
    """
    count = given = again = refused_of_unique = 0
    for seed in seeds:
        chain = random_chain(seed, kind=kind, cyclic=bool(seed % 2))
        solution = co.solve(chain)
        if not solution.certified:
            continue
        table = co.prices(chain, solution).set_index("good")
        count += 1
        try:
            program = co.to_program(chain, solution)
        except ValueError:
            refused_of_unique += bool((table.interval == "point").all())
            continue
        given += 1
        least = 1e-3 * np.nanmax(np.abs(table.price))
        slope = program.gradient
        assert program.value == pytest.approx(solution.objective, rel=1e-6)
        for row in table[table.interval == "point"].itertuples():
            if row.Index in slope:
                assert abs(slope[row.Index] - row.low) <= 1e-5 * max(abs(row.low), least), (kind, seed, row.Index)
        back = co.solve(program.to_chain())
        again += back.certified
        assert not back.certified or back.objective == pytest.approx(program.value, rel=1e-8)
        scope: dict = {"__name__": "program"}
        exec(program.source(), scope)
        value, _ = scope[next(name for name in scope if name.startswith("random_"))]()
        assert value == pytest.approx(program.value, rel=1e-8)
    assert given >= 0.85 * count > 0
    assert refused_of_unique <= 0.01 * count
    assert again >= 0.95 * given


@pytest.mark.parametrize("kind", ["linear", "smooth", "mixed"])
def test_programs_of_random_chains_have_their_prices(kind):
    hold(kind, range(20))


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["linear", "smooth", "mixed"])
def test_programs_of_two_hundred_random_chains_have_their_prices(kind):
    hold(kind, range(200))


def test_names_of_any_text_survive_as_source():
    chain = co.Chain(
        [
            replace(co.Good("class"), supply=2.0),
            co.Good("crude oil (light) 50%", price=1),
            co.Good("d_class"),
            co.Good('"; import os; "', price=2),
            co.Good("CO₂", price=1),
        ],
        [
            co.Process("a", formula="[crude oil (light) 50%] = sqrt(class)"),
            co.Process("b", formula='["; import os; "] = sqrt(class)'),
            co.Process("c", formula="[d_class] = class^0.5"),
            co.Process("e", formula="[CO₂] = [d_class]^0.7"),
        ],
    )
    program, table = program_and_prices(chain)
    scope: dict = {"__name__": "program"}
    exec(program.source(), scope)
    value, price = scope["chain"]()
    assert value == pytest.approx(program.value, rel=1e-12)
    for good in table.index:
        assert price[good] == pytest.approx(table.price[good], rel=1e-7)
