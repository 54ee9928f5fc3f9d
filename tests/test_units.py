"""Grams or kilotonnes: a chain's answer, rescaled, is the same in any units of its goods and its money."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from chains import random_chain
from unit_changes import difference, in_units, random_units

import chainopt as co
from chainopt.network.network import network
from chainopt.network.scales import scales

SEEDS = range(2000, 2034)
KINDS = [(kind, cyclic) for kind in ("smooth", "linear", "mixed") for cyclic in (False, True)]


@pytest.mark.parametrize(
    ("kind", "seed", "cyclic"),
    [
        ("linear", 2002, False),
        ("mixed", 2003, True),
        ("linear", 2005, True),
        ("linear", 2007, True),
        ("linear", 2014, False),
        ("smooth", 2022, False),
        ("linear", 2025, True),
    ],
)
def test_what_units_once_changed(kind: str, seed: int, cyclic: bool) -> None:
    chain = random_chain(seed, kind, cyclic)
    assert difference(chain, *random_units(chain, seed)) == ""


def lattice(layers: int, width: int, returns: float) -> co.Chain:
    """Each layer's every good is used by all processes of the next one, evenly: amounts have a closed form."""
    share = returns / width
    goods = [co.Good(f"g0.{i}", supply=1.0) for i in range(width)]
    goods += [co.Good(f"g{layer}.{i}") for layer in range(1, layers) for i in range(width)]
    goods += [co.Good(f"g{layers}.{i}", price=1.0) for i in range(width)]
    processes = [
        co.Process(
            f"p{layer}.{i}",
            function="cobb-douglas",
            scale=float(width) ** returns,
            inputs={f"g{layer - 1}.{j}": share for j in range(width)},
            outputs=f"g{layer}.{i}",
        )
        for layer in range(1, layers + 1)
        for i in range(width)
    ]
    return co.Chain(goods, processes)


def test_an_ordinary_amount_is_no_more_for_a_chain_of_many_layers() -> None:
    """Made of a third of each of three ordinary amounts of 1, (3^R) (1/3)^R = 1 again, layer after layer."""
    amounts = scales(network(lattice(60, 3, 0.99))).good
    assert amounts == pytest.approx(np.ones(len(amounts)), rel=0.05)


@pytest.mark.parametrize("method", ["ipopt", "market"])
def test_a_chain_of_many_layers_has_prices(method: str) -> None:
    """Evenly shared all amounts are 1; a good is worth R of what one of the next layer's is; the last, 1."""
    layers, returns = 40, 0.99
    solution = co.solve(lattice(layers, 3, returns), method=method)
    assert solution.certified
    assert solution.net is not None
    assert solution.multipliers is not None
    price = dict(zip(solution.net.goods, solution.multipliers.price, strict=True))
    for layer in (0, 20, 39):
        assert price[f"g{layer}.0"] == pytest.approx(returns ** (layers - layer), rel=1e-6)


@pytest.mark.nightly
@pytest.mark.parametrize(("kind", "cyclic"), KINDS)
def test_units_of_two_hundred_chains(kind: str, cyclic: bool) -> None:
    """Of 204 chains, each good and money in units from 1e-6 to 1e6 of its own: prices to 1e-6, status, value."""
    found = {}
    for seed in SEEDS:
        chain = random_chain(seed, kind, cyclic)
        found[seed] = difference(chain, *random_units(chain, seed))
    assert not {seed: text for seed, text in found.items() if text}


@pytest.mark.parametrize("amount", [1e-9, 1e-6, 1e6, 1e12])
@pytest.mark.parametrize("name", ["refinery", "steel_loop", "byproduct", "capacity_rent"])
def test_a_workbook_in_grams_and_in_kilotonnes(name: str, amount: float) -> None:
    """All goods in the same unit, and in units a thousand times apart for one good after the other."""
    chain = plain_words(co.read_workbook(f"data/{name}.xlsx"))
    goods = [good.good for good in chain.goods]
    assert difference(chain, dict.fromkeys(goods, amount), 1.0) == ""
    assert difference(chain, {good: amount * 1e3 ** (i % 3 - 1) for i, good in enumerate(goods)}, 1e-3) == ""


@pytest.mark.parametrize("supply", [1e-9, 1e-3, 1.0, 1e6, 1e12])
def test_a_supply_from_a_billionth_to_a_trillion(supply: float) -> None:
    """film = sqrt(gas) sold at 1: the price of gas is 1/(2 sqrt(gas)); a second, ordinary chain beside it."""
    chain = co.Chain(
        [
            co.Good("gas", supply=supply),
            co.Good("film", price=1),
            co.Good("ore", supply=4.0),
            co.Good("steel", price=1),
        ],
        [
            co.Process("blow", function="cobb-douglas", inputs={"gas": 0.5}, outputs="film"),
            co.Process("mill", function="cobb-douglas", inputs={"ore": 0.5}, outputs="steel"),
        ],
    )
    solution = co.solve(chain)
    assert solution.certified, solution.message
    price = co.prices(chain, solution).set_index("good")["price"]
    assert price["gas"] == pytest.approx(0.5 * supply**-0.5, rel=1e-6)
    assert price["ore"] == pytest.approx(0.25, rel=1e-6)


def plain_words(chain: co.Chain) -> co.Chain:
    """The same chain with names that formulas need no brackets for."""
    word = {good.good: re.sub(r"\W", "_", good.good) for good in chain.goods}
    parameters = {item.parameter: re.sub(r"\W", "_", item.parameter) for item in chain.parameters}

    def in_formula(text: str) -> str:
        return re.sub(r"\[\s*([^\]]*?)\s*\]", lambda m: (word | parameters).get(m[1], m[1]), text)

    processes = [
        replace(
            process,
            formula=in_formula(process.formula) if process.formula else process.formula,
            inputs=tuple(replace(use, good=word[use.good]) for use in process.inputs),
            outputs=tuple(replace(out, good=word[out.good]) for out in process.outputs),
        )
        for process in chain.processes
    ]
    goods = [replace(good, good=word[good.good]) for good in chain.goods]
    known = {parameters[item.parameter]: item.value for item in chain.parameters}
    return co.Chain(goods, processes, parameters=known, settings=replace(chain.settings, numeraire=None))


def test_a_change_of_units_is_one() -> None:
    """A planted fault: a chain whose units are changed for its supply alone is another chain."""
    chain = random_chain(2000, "smooth", False)
    factor, money = random_units(chain, 2000)
    other = in_units(chain, factor, money)
    first = chain.goods[0].good
    wrong = co.Chain(
        [replace(g, supply=1.01 * g.supply) if g.good == first else g for g in other.goods],
        other.processes,
        parameters=other.parameters,
    )
    plain, changed = co.solve(chain), co.solve(wrong)
    assert changed.objective / money != pytest.approx(plain.objective, rel=1e-6)
