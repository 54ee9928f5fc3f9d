"""A copper company's year: ore to concentrate, anode, cathode, rod and wire, with scrap that comes back.

Every figure is invented. Amounts are in kt a year (gas in TJ, power in GWh, slime in t), prices in USD/t (USD/GJ,
USD/MWh, thousand USD/t): all money is in thousand USD a year.

What to look for in the prices:

- The smelter takes more concentrate than the mine makes, so that concentrate is worth what an import costs. What
  the mine's is cheaper than that is the mine's rent.
- Smelter and refinery are both full. What the refinery can't take is sold as anodes, which sets the anode's price;
  each plant earns the difference between what it takes and what it makes.
- Scrap of the refinery and the mills goes back to the furnaces, and is worth the anodes that it makes.
- Sulphur dioxide must become acid. Leaching takes some of it, buyers the rest, until they take no more; what is
  left is neutralised with limestone, so that acid costs money, and so does the gas.
- The shaft furnace would lose by each tonne of rod, and stands idle. The tube works must run for its contracts,
  and loses money.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import chainopt as co
from chainopt.audits.market_test import findings, market_test

INVENTED = "invented"
WORLD = "invented, of the order of world prices"
WITHIN = "made and used within the company"

SOURCES = (
    ("yields", "sheets inputs and outputs", "invented; gas, acid and limestone near stoichiometry (chalcopyrite)"),
    ("prices, costs", "sheets goods and processes", "invented, of the order of world prices, USD"),
    ("capacities, limits", "sheets goods and processes", "invented; no real company"),
)


def goods() -> list[co.Good]:
    """What the company digs, buys, passes on, sells and must get rid of."""
    bought = (
        co.Good("concentrate", "kt", import_price=2110, max_import=300, notes=f"{WORLD}; berths' size too"),
        co.Good("oxide ore", "kt", supply=1500, notes=f"{INVENTED}; what the old pit's heap still holds"),
        co.Good("oxygen", "kt", import_price=65, notes=INVENTED),
        co.Good("silica flux", "kt", import_price=22, notes=INVENTED),
        co.Good("limestone", "kt", import_price=28, notes=INVENTED),
        co.Good("natural gas", "TJ", import_price=9, notes=WORLD),
        co.Good("power", "GWh", import_price=78, notes=WORLD),
        co.Good("scrap", "kt", import_price=7650, max_import=25, notes=f"{WORLD}; the collectors' size too"),
    )
    within = [co.Good(name, "kt", notes=WITHIN) for name in ("sulphide ore", "blister", "anode scrap")]
    unwanted = (
        co.Good("tailings", "kt", disposal=1.5, notes=f"{INVENTED}; the dam's cost"),
        co.Good("slag", "kt", disposal=5, notes=f"{INVENTED}; the dump's cost"),
        co.Good("slag sand", "kt", price=7, max_sale=180, disposal=4, notes=f"{INVENTED}; for roads nearby"),
        co.Good("sulphur dioxide", "kt", disposal=None, notes="must not be let go"),
        co.Good("acid", "kt", price=40, max_sale=350, disposal=None, notes=f"{WORLD}; buyers' size too"),
        co.Good("gypsum", "kt", disposal=6, notes=f"{INVENTED}; the dump's cost"),
    )
    sold = (
        co.Good("anode", "kt", price=8330, notes=f"{WORLD}; to other refineries"),
        co.Good("anode slime", "t", price=38, notes=f"{INVENTED}; for its gold and silver, thousand USD/t"),
        co.Good("cathode", "kt", price=8600, notes=WORLD),
        co.Good("rod", "kt", price=8790, notes=WORLD),
        co.Good("wire", "kt", price=9150, max_sale=25, notes=f"{WORLD}; customers' size too"),
        co.Good("tube", "kt", price=9300, notes=INVENTED),
    )
    return [*bought, *within, *unwanted, *sold]


def processes() -> list[co.Process]:
    """The mine, the smelter, the refinery and the mills, each a firm."""
    return [
        _plant("open pit", "mine", {"power": 0.003}, {"sulphide ore": 1}, 19, capacity=10000),
        _plant(
            "concentrator",
            "mine",
            {"sulphide ore": 1, "power": 0.022},
            {"concentrate": 0.03, "tailings": 0.97},
            6,
        ),
        _plant(
            "flash smelter",
            "smelter",
            {"concentrate": 1, "oxygen": 0.3, "silica flux": 0.12, "natural gas": 0.6, "power": 0.06},
            {"blister": 0.28, "slag": 0.6, "sulphur dioxide": 0.6},
            95,
            capacity=480,
        ),
        _plant("slag mill", "smelter", {"slag": 1, "power": 0.045}, {"concentrate": 0.025, "slag sand": 0.97}, 14),
        _plant("acid plant", "smelter", {"sulphur dioxide": 1, "power": 0.06}, {"acid": 1.53}, 12),
        _plant("neutralisation", "smelter", {"acid": 1, "limestone": 1.05}, {"gypsum": 1.75}, 8),
        _plant("anode furnace", "smelter", {"blister": 1, "natural gas": 2.2}, {"anode": 0.985}, 55),
        _plant("scrap furnace", "smelter", {"scrap": 1, "natural gas": 4, "oxygen": 0.05}, {"anode": 0.96}, 90),
        _plant("anode scrap furnace", "smelter", {"anode scrap": 1, "natural gas": 3}, {"anode": 0.99}, 45),
        _plant(
            "refinery",
            "refinery",
            {"anode": 1, "power": 0.33, "acid": 0.008, "natural gas": 1.5},
            {"cathode": 0.84, "anode scrap": 0.155, "anode slime": 5},
            85,
            capacity=120,
        ),
        _plant("leaching", "mine", {"oxide ore": 1, "acid": 0.025, "power": 0.014}, {"cathode": 0.0045}, 16),
        _plant(
            "rod mill",
            "mills",
            {"cathode": 1, "natural gas": 2, "power": 0.06},
            {"rod": 0.992, "scrap": 0.006},
            55,
            capacity=70,
        ),
        _plant("shaft furnace", "mills", {"scrap": 1.06, "natural gas": 5, "power": 0.1}, {"rod": 1}, 780),
        _plant("drawing mill", "mills", {"rod": 1, "power": 0.2}, {"wire": 0.97, "scrap": 0.029}, 140),
        _plant(
            "tube works",
            "tube works",
            {"cathode": 1.12, "natural gas": 6, "power": 0.9},
            {"tube": 1, "scrap": 0.115},
            520,
            min_level=6,
        ),
    ]


def _plant(
    process: str,
    firm: str,
    inputs: Mapping[str, float],
    outputs: Mapping[str, float],
    unit_cost: float,
    *,
    capacity: float = inf,
    min_level: float = 0,
) -> co.Process:
    """A fixed recipe per kt of the first input or, in the last mills, of the product."""
    return co.Process(
        process,
        firm=firm,
        function="leontief",
        inputs=inputs,
        outputs=outputs,
        unit_cost=unit_cost,
        capacity=capacity,
        min_level=min_level,
        notes=INVENTED,
    )


def chain() -> co.Chain:
    """From the pit to the wire."""
    return co.Chain(goods(), processes(), name="copper")


if __name__ == "__main__":
    copper = chain()
    solution = co.solve(copper)
    price = co.prices(copper, solution).set_index("good").price
    print(price.to_string())
    print(f"scrap {price.scrap:.3f}: 0.96 of the anode's {price.anode:.3f}, less gas, oxygen and work")
    print(f"acid costs {-price.acid:.3f}: limestone, work, and the gypsum's dump")
    print(co.processes(copper, solution)[["process", "level", "profit", "rent"]].to_string(index=False))
    print(co.limits(copper, solution).to_string(index=False))
    print(*findings(market_test(solution)), sep="\n")
