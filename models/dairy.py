"""A dairy's week: milk of two farms to cheese, butter, powder, drinking milk and yoghurt.

Every figure is invented. Amounts are in t a week unless a good's unit says otherwise, prices in EUR per unit: all
money is EUR a week.

What to look for in the prices:

- The valley farm's milk is the cheaper, and all of it is taken; the hill farm has some left. So raw milk is worth
  what the hill farm's last tonne costs, and the valley farm earns the difference as a rent.
- The tower that dries milk also dries whey, and its hours are all used: an hour is worth what a tonne less of skim
  milk powder would leave. That is more than whey powder can pay: the kitchen's is bought, and its drying idle.
- Whey comes with cheese whether it is wanted or not. A pig farmer and a biogas plant take some; the rest goes to
  the sewage works at a cost, which is its price with a minus. So cheese pays for its whey.
- The cheese vat is full: its rent is what a tonne of its milk brings as cheese, less all that goes into that.
- Drinking milk is under a contract that pays less than the last tonne costs. The yoghurt kitchen must run a shift
  a week, and loses money by each tonne.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import chainopt as co
from chainopt.audits.market_test import findings, market_test

INVENTED = "invented"

SOURCES = (
    ("yields, recipes", "sheets inputs and outputs", "invented, of the order that dairy handbooks give"),
    ("prices, costs", "sheets goods and processes", "invented, of the order of European prices, EUR"),
    ("capacities, contracts", "sheets goods and processes", "invented: a dairy of some 1,000 t of milk a week"),
)


def goods() -> list[co.Good]:
    """What the dairy buys, passes on, sells and must get rid of."""
    bought = (
        co.Good("power", "MWh", import_price=120, notes=f"{INVENTED}; bought from the grid"),
        co.Good("steam", "t", import_price=40, notes=f"{INVENTED}; bought from the works next door"),
        co.Good("rennet", "kg", import_price=45, notes=INVENTED),
        co.Good("sugar", "t", import_price=620, notes=INVENTED),
        co.Good("cartons", "thousand", import_price=75, notes=f"{INVENTED}; of one litre"),
        co.Good("tower hours", "h", supply=140, notes=f"{INVENTED}; a week less cleaning"),
    )
    within = [
        co.Good(name, "t", notes="made and used within the dairy")
        for name in ("raw milk", "skim milk", "cream", "skim concentrate", "cheese milk", "young cheese")
    ]
    unwanted = (
        co.Good("whey", "t", disposal=None, notes="may not be let go before its fat is taken off"),
        co.Good(
            "clear whey", "t", price=4, max_sale=150, disposal=11, notes=f"{INVENTED}; to a pig farmer, or sewage"
        ),
        co.Good("waste water", "m3", disposal=2.5, notes=f"{INVENTED}; the sewage works' charge"),
    )
    sold = (
        co.Good("hard cheese", "t", price=5900, notes=INVENTED),
        co.Good("butter", "t", price=5700, min_sale=15, notes=f"{INVENTED}; the contract too"),
        co.Good("buttermilk", "t", price=180, max_sale=20, disposal=11, notes=f"{INVENTED}; a small market"),
        co.Good("skim milk powder", "t", price=2950, notes=INVENTED),
        co.Good("whey concentrate", "t", price=12, max_sale=14, notes=f"{INVENTED}; a biogas plant"),
        co.Good("whey powder", "t", price=850, import_price=1000, notes=INVENTED),
        co.Good("drinking milk", "t", price=430, min_sale=180, notes=f"{INVENTED}; a supermarket's contract"),
        co.Good("yoghurt", "t", price=640, notes=INVENTED),
    )
    return [*bought, *within, *unwanted, *sold]


def processes() -> list[co.Process]:
    """The two farms, the dairy's plants and the kitchen."""
    return [
        _plant("hill herd", "hill farm", {"power": 0.06}, {"raw milk": 1}, 445, capacity=420),
        _plant("valley herd", "valley farm", {"power": 0.05}, {"raw milk": 1}, 385, capacity=700),
        _plant(
            "separator",
            "dairy",
            {"raw milk": 1, "power": 0.004, "steam": 0.02},
            {"cream": 0.1, "skim milk": 0.895, "waste water": 0.3},
            3,
        ),
        _plant("standardiser", "dairy", {"raw milk": 0.8, "skim milk": 0.2}, {"cheese milk": 1}, 1),
        _plant(
            "cheese vat",
            "dairy",
            {"cheese milk": 1, "rennet": 0.06, "steam": 0.06, "power": 0.01},
            {"young cheese": 0.1, "whey": 0.89, "waste water": 0.8},
            60,
            capacity=420,
        ),
        _plant("ripening store", "dairy", {"young cheese": 1, "power": 0.25}, {"hard cheese": 0.93}, 350),
        _plant("whey separator", "dairy", {"whey": 1, "power": 0.003}, {"cream": 0.002, "clear whey": 0.99}, 0.8),
        _plant(
            "butter churn",
            "dairy",
            {"cream": 1, "power": 0.03},
            {"butter": 0.48, "buttermilk": 0.51, "waste water": 1},
            60,
        ),
        _plant(
            "skim evaporator", "dairy", {"skim milk": 1, "steam": 0.2, "power": 0.01}, {"skim concentrate": 0.2}, 2
        ),
        _plant(
            "drying milk",
            "dairy",
            {"skim concentrate": 2.1, "tower hours": 4, "steam": 2.4, "power": 0.3},
            {"skim milk powder": 1},
            70,
        ),
        _plant(
            "whey evaporator",
            "whey works",
            {"clear whey": 1, "steam": 0.22, "power": 0.01},
            {"whey concentrate": 0.12},
            2,
        ),
        _plant(
            "drying whey",
            "whey works",
            {"whey concentrate": 2, "tower hours": 8, "steam": 2.6, "power": 0.35},
            {"whey powder": 1},
            90,
        ),
        _plant(
            "bottling",
            "dairy",
            {"raw milk": 0.55, "skim milk": 0.45, "cartons": 0.97, "steam": 0.05, "power": 0.03},
            {"drinking milk": 1, "waste water": 0.5},
            30,
        ),
        _plant(
            "yoghurt kitchen",
            "kitchen",
            {
                "skim milk": 0.86,
                "cream": 0.07,
                "sugar": 0.08,
                "whey powder": 0.01,
                "cartons": 1,
                "steam": 0.15,
                "power": 0.08,
            },
            {"yoghurt": 1, "waste water": 1.2},
            160,
            min_level=25,
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
    """A fixed recipe per tonne of the first input or, for what is dried and packed, of the product."""
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
    """The dairy, with the farms that it buys of."""
    return co.Chain(goods(), processes(), name="dairy")


if __name__ == "__main__":
    dairy = chain()
    solution = co.solve(dairy)
    price = co.prices(dairy, solution).set_index("good").price
    print(f"raw milk {price['raw milk']:.3f}: the hill farm's last tonne, 445 and 0.06 MWh at 120")
    print(f"an hour of the drying tower: {price['tower hours']:.3f}")
    print(f"clear whey {price['clear whey']:.3f}, so that whey costs {-price['whey']:.3f} a tonne to be rid of")
    print(co.processes(dairy, solution)[["process", "level", "profit", "rent"]].to_string(index=False))
    print(*findings(market_test(solution)), sep="\n")
