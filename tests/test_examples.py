"""The example books of real size have the prices that a manager finds by hand, from the recipes alone."""

from pathlib import Path

import pandas as pd
import pytest

import chainopt as co

DATA = Path(__file__).parent.parent / "data"
Tables = tuple[co.Chain, pd.DataFrame, pd.DataFrame, pd.DataFrame]


def solved(name: str) -> Tables:
    chain = co.read_workbook(DATA / f"{name}.xlsx")
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    prices = co.prices(chain, solution).set_index("good")
    processes = co.processes(chain, solution).set_index("process")
    return chain, prices, processes, co.limits(chain, solution)


@pytest.fixture(scope="module")
def dairy() -> Tables:
    return solved("dairy")


@pytest.fixture(scope="module")
def copper() -> Tables:
    return solved("copper")


@pytest.fixture(scope="module")
def two_plants() -> Tables:
    return solved("two_plants")


def rents(tables: Tables, kind: str) -> dict[str, float]:
    """The rent of each limit of a kind, by its process or, of a sale or an import, its good."""
    limits = tables[3]
    held = limits[limits.kind == kind]
    return dict(zip(held.process.fillna(held.good), held.rent, strict=True))


def assert_prices(tables: Tables, by_hand: dict[str, float]) -> None:
    prices = tables[1]
    for good, price in by_hand.items():
        assert prices.price[good] == pytest.approx(price, rel=1e-7), good
        assert prices.backprop[good] == pytest.approx(price, rel=1e-7), good


def test_the_books_are_of_real_size_and_say_that_their_figures_are_invented(
    dairy: Tables, copper: Tables, two_plants: Tables
) -> None:
    for chain, *_ in (dairy, copper, two_plants):
        assert 15 <= len(chain.goods) <= 25, chain.name
        assert len({process.firm for process in chain.processes}) >= 3, chain.name
        assert all("invented" in process.notes for process in chain.processes), chain.name
        assert all(good.notes for good in chain.goods), chain.name


def test_the_dairy_pays_for_milk_what_the_hill_farms_last_tonne_costs(dairy: Tables) -> None:
    power, steam, sewage = 120, 40, 2.5
    milk = 445 + 0.06 * power
    buttermilk = clear_whey = -11  # what the sewage works take for the last tonne
    cream = 0.48 * 5700 + 0.51 * buttermilk - sewage - 0.03 * power - 60
    # What the separator gives is worth what it takes: skim milk is what cream does not pay of it.
    skim = (milk + 0.004 * power + 0.02 * steam + 3 + 0.3 * sewage - 0.1 * cream) / 0.895
    concentrate = (skim + 0.2 * steam + 0.01 * power + 2) / 0.2
    hour = (2950 - 2.1 * concentrate - 2.4 * steam - 0.3 * power - 70) / 4
    whey = 0.002 * cream + 0.99 * clear_whey - 0.003 * power - 0.8
    young = 0.93 * 5900 - 0.25 * power - 350
    drinking = 0.55 * milk + 0.45 * skim + 0.97 * 75 + 0.05 * steam + 0.03 * power + 30 + 0.5 * sewage
    assert_prices(
        dairy,
        {
            "raw milk": milk,
            "buttermilk": buttermilk,
            "clear whey": clear_whey,
            "cream": cream,
            "skim milk": skim,
            "skim concentrate": concentrate,
            "tower hours": hour,
            "whey": whey,
            "young cheese": young,
            "drinking milk": drinking,
        },
    )
    capacity = rents(dairy, "capacity")
    assert capacity["valley herd"] == pytest.approx(milk - 385 - 0.05 * power, rel=1e-7)
    cheese_milk = 0.8 * milk + 0.2 * skim + 1
    vat = 0.1 * young + 0.89 * whey - 0.8 * sewage - cheese_milk - 0.06 * 45 - 0.06 * steam - 0.01 * power - 60
    assert capacity["cheese vat"] == pytest.approx(vat, rel=1e-7)
    assert rents(dairy, "min sale")["drinking milk"] == pytest.approx(drinking - 430, rel=1e-7)
    # Whey powder can't pay for the tower's hours, and the kitchen's shift costs more than its yoghurt brings.
    whey_concentrate = (clear_whey + 0.22 * steam + 0.01 * power + 2) / 0.12
    assert_prices(dairy, {"whey concentrate": whey_concentrate, "whey powder": 1000})
    assert dairy[2].level["drying whey"] == pytest.approx(0, abs=1e-6 * 140)
    assert 2 * whey_concentrate + 8 * hour + 2.6 * steam + 0.35 * power + 90 > 1000
    bought = 0.86 * skim + 0.07 * cream + 0.08 * 620 + 10 + 75 + 0.15 * steam + 0.08 * power + 160 + 1.2 * sewage
    assert dairy[2].profit["yoghurt kitchen"] == pytest.approx(25 * (640 - bought), rel=1e-7)
    assert bought > 640


def test_copper_is_worth_what_the_next_buyer_pays_less_what_leads_there(copper: Tables) -> None:
    power, gas, oxygen = 78, 9, 65
    anode, cathode, rod, concentrate = 8330, 8600, 8790, 2110
    scrap = 0.96 * anode - 4 * gas - 0.05 * oxygen - 90
    blister = 0.985 * anode - 2.2 * gas - 55
    anode_scrap = 0.99 * anode - 3 * gas - 45
    acid = -(1.05 * 28 + 1.75 * 6 + 8)
    dioxide = 1.53 * acid - 0.06 * power - 12
    slag = 0.025 * concentrate - 0.97 * 4 - 0.045 * power - 14
    ore = 0.03 * concentrate - 0.97 * 1.5 - 0.022 * power - 6
    wire = (rod + 0.2 * power + 140 - 0.029 * scrap) / 0.97
    assert_prices(
        copper,
        {
            "concentrate": concentrate,
            "scrap": scrap,
            "blister": blister,
            "anode scrap": anode_scrap,
            "acid": acid,
            "sulphur dioxide": dioxide,
            "slag": slag,
            "sulphide ore": ore,
            "wire": wire,
            "oxide ore": 0.0045 * cathode - 0.025 * acid - 0.014 * power - 16,
        },
    )
    capacity = rents(copper, "capacity")
    smelted = 0.28 * blister + 0.6 * slag + 0.6 * dioxide - concentrate - 0.3 * oxygen - 0.12 * 22
    refined = 0.84 * cathode + 0.155 * anode_scrap + 5 * 38 - anode - 0.33 * power - 0.008 * acid - 1.5 * gas
    assert capacity["open pit"] == pytest.approx(ore - 0.003 * power - 19, rel=1e-7)
    assert capacity["flash smelter"] == pytest.approx(smelted - 0.6 * gas - 0.06 * power - 95, rel=1e-6)
    assert capacity["refinery"] == pytest.approx(refined - 85, rel=1e-7)
    assert rents(copper, "max import")["scrap"] == pytest.approx(scrap - 7650, rel=1e-7)
    # Rod of scrap costs more than it brings; tubes must be made at a loss.
    assert copper[2].level["shaft furnace"] == pytest.approx(0, abs=1e-6 * 70)
    assert 1.06 * scrap + 5 * gas + 0.1 * power + 780 > rod
    tube = 9300 + 0.115 * scrap - 1.12 * cathode - 6 * gas - 0.9 * power - 520
    assert tube < 0
    assert copper[2].profit["tube works"] == pytest.approx(6 * tube, rel=1e-6)


def test_two_plants_differ_by_the_lorry_and_two_seasons_by_the_store(two_plants: Tables) -> None:
    sugar, spring_power, summer_power = 640, 105, 135
    # Spring has hours to spare, which are lent out.
    lent = 14
    mix = 0.3 * 2050 + 0.17 * sugar + 0.09 * spring_power + 1.5 * lent + 95
    wafers = 0.3 * sugar + 1.1 * spring_power + 14 * lent + 520
    north = 0.9 * mix + 0.09 * (wafers + 110) + 0.22 * spring_power + 9 * lent + 210
    south = 0.9 * (mix + 70) + 0.09 * wafers + 0.22 * spring_power + 9 * lent + 210
    assert_prices(
        two_plants,
        {
            "labour north spring": lent,
            "labour south spring": lent,
            "mix north spring": mix,
            "mix south spring": mix + 70,
            "wafers south spring": wafers,
            "ice cream north spring": north,
            "ice cream south spring": south,
            "ice cream north summer": 2500,
            "ice cream south summer": 2500 + 130,
        },
    )
    # A summer's hour in the north, and one in the south: what both places' last tonnes leave, two equations.
    #   2500 = 0.9 mix + 0.09 (wafers + 110) + power + 9 h + 210,   mix = what is bought + 1.5 h
    #   2630 = 0.9 (mix + 70) + 0.09 wafers + power + 9 k + 210,    wafers = what is bought + 14 k
    bought_mix = 0.3 * 2350 + 0.17 * sugar + 0.09 * summer_power + 95
    bought_wafers = 0.3 * sugar + 1.1 * summer_power + 520
    fixed = 0.9 * bought_mix + 0.09 * bought_wafers + 0.22 * summer_power + 210
    left_north, left_south = 2500 - fixed - 0.09 * 110, 2630 - fixed - 0.9 * 70
    # 10.35 h + 1.26 k = left_north and 1.35 h + 10.26 k = left_south, by Cramer's rule.
    whole = 10.35 * 10.26 - 1.26 * 1.35
    assert_prices(
        two_plants,
        {
            "labour north summer": (10.26 * left_north - 1.26 * left_south) / whole,
            "labour south summer": (10.35 * left_south - 1.35 * left_north) / whole,
        },
    )
    capacity = rents(two_plants, "capacity")
    keeping = 0.35 * summer_power + 60
    assert capacity["store north"] == pytest.approx(0.98 * 2500 - keeping - north, rel=1e-7)
    assert capacity["store south"] == pytest.approx(0.98 * 2630 - keeping - south, rel=1e-7)
    assert two_plants[2].profit["lorry ice cream north spring"] == pytest.approx(
        20 * (north - south - 130), rel=1e-6
    )
    assert north < south + 130
    for season in ("spring", "summer"):
        assert two_plants[2].level[f"kettle south {season}"] == pytest.approx(0, abs=1e-6 * 700)
