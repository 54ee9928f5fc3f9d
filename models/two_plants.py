"""Ice cream of two plants in two seasons: stocks, lorries both ways, and a demand that comes in summer.

Every figure is invented. A good of another place or season is another good: "mix north spring". Amounts are in t a
season (labour in h, power in MWh), prices in EUR per unit: all money is EUR a year.

What to look for in the prices:

- The north has the cheaper kettle, the south bakes the wafers: mix goes south, wafers go north, and each costs the
  lorry's charge more where it arrives. The south's own kettle stands idle.
- In spring there are more hours than work: they are lent out, and worth what that brings. In summer there are too
  few, and one more is worth the ice cream that it makes, less what else goes into that. No freezer is full.
- So spring makes stocks, as much as the cold stores hold. What a store earns a tonne is what it keeps for summer
  (2% are lost) at summer's price, less its power and unit cost, and less what the last tonne of spring costs.
- In summer ice cream goes south, whose buyers pay more, until they take no more; the north's buyers then set both
  prices, which differ by the lorry's charge.
- The haulier has a contract to bring ice cream north in spring, where it is the cheaper: he loses by each tonne.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import chainopt as co
from chainopt.audits.market_test import findings, market_test

INVENTED = "invented"
PLACES = ("north", "south")
SEASONS = ("spring", "summer")

SOURCES = (
    ("recipes", "sheets inputs and outputs", "invented, of the order that textbooks of ice cream give"),
    ("prices, costs", "sheets goods and processes", "invented, of the order of European prices, EUR"),
    ("capacities, hours, demand", "sheets goods and processes", "invented; no real firm"),
)

_MILK = {"spring": 410, "summer": 470}
_POWER = {"spring": 105, "summer": 135}
_HOURS = {
    ("north", "spring"): 5200,
    ("north", "summer"): 5200,
    ("south", "spring"): 4200,
    ("south", "summer"): 4800,
}
_SALES = {("north", "spring"): 160, ("north", "summer"): 520, ("south", "spring"): 220, ("south", "summer"): 780}
_PRICE = {
    ("north", "spring"): 2350,
    ("north", "summer"): 2500,
    ("south", "spring"): 2400,
    ("south", "summer"): 2700,
}


def goods() -> list[co.Good]:
    """What is bought for each season, and what each plant has, makes and sells in it."""
    bought = [co.Good("sugar", "t", import_price=640, notes=INVENTED)]
    for season in SEASONS:
        bought += [
            co.Good(f"cream {season}", "t", import_price=_MILK[season] * 5, notes=INVENTED),
            co.Good(f"power {season}", "MWh", import_price=_POWER[season], notes=INVENTED),
            co.Good(f"wafers south {season}", "t", notes="baked in the south"),
            co.Good(f"wafers north {season}", "t", notes="brought from the south"),
        ]
    for place in PLACES:
        for season in SEASONS:
            here = place, season
            bought += [
                co.Good(
                    f"labour {place} {season}",
                    "h",
                    supply=_HOURS[here],
                    price=14,
                    notes=f"{INVENTED}; paid anyway, the price is what lending them out brings",
                ),
                co.Good(f"mix {place} {season}", "t", notes="spoils within days: no stock"),
                co.Good(
                    f"ice cream {place} {season}",
                    "t",
                    price=_PRICE[here],
                    max_sale=_SALES[here],
                    notes=f"{INVENTED}; demand's size too",
                ),
            ]
    return bought


def processes() -> list[co.Process]:
    """What each plant does in each season, the stores between seasons, the lorries between plants."""
    made: list[co.Process] = []
    for season in SEASONS:
        made += _plants(season)
    made += [
        _step(
            "store north",
            "north",
            {"ice cream north spring": 1, "power summer": 0.35},
            {"ice cream north summer": 0.98},
            60,
            capacity=260,
        ),
        _step(
            "store south",
            "south",
            {"ice cream south spring": 1, "power summer": 0.35},
            {"ice cream south summer": 0.98},
            60,
            capacity=120,
        ),
    ]
    for season in SEASONS:
        made += [
            _lorry("mix", "north", "south", season, 70),
            _lorry("wafers", "south", "north", season, 110),
            _lorry("ice cream", "north", "south", season, 130),
            _lorry("ice cream", "south", "north", season, 130, min_level=20 if season == "spring" else 0),
        ]
    return made


def _plants(season: str) -> list[co.Process]:
    """What both plants do in a season."""
    power = f"power {season}"

    def labour(place: str, hours: float) -> dict[str, float]:
        return {f"labour {place} {season}": hours}

    def kettle(place: str, cost: float, loss: float) -> co.Process:
        inputs = {f"cream {season}": 0.3 * loss, "sugar": 0.17 * loss, power: 0.09, **labour(place, 1.5)}
        return _step(f"kettle {place} {season}", place, inputs, {f"mix {place} {season}": 1}, cost)

    def freezer(place: str, most: float) -> co.Process:
        inputs = {
            f"mix {place} {season}": 0.9,
            f"wafers {place} {season}": 0.09,
            power: 0.22,
            **labour(place, 9),
        }
        outputs = {f"ice cream {place} {season}": 1}
        return _step(f"freezer {place} {season}", place, inputs, outputs, 210, capacity=most)

    oven = {"sugar": 0.3, power: 1.1, **labour("south", 14)}
    return [
        kettle("north", 95, 1),
        kettle("south", 240, 1.04),
        _step(f"oven south {season}", "south", oven, {f"wafers south {season}": 1}, 520),
        freezer("north", 480),
        freezer("south", 450),
    ]


def _lorry(what: str, start: str, end: str, season: str, cost: float, *, min_level: float = 0) -> co.Process:
    inputs, outputs = {f"{what} {start} {season}": 1}, {f"{what} {end} {season}": 1}
    name = f"lorry {what} {end} {season}"
    return _step(name, "haulier", inputs, outputs, cost, min_level=min_level)


def _step(
    process: str,
    place: str,
    inputs: Mapping[str, float],
    outputs: Mapping[str, float],
    cost: float,
    *,
    capacity: float = inf,
    min_level: float = 0,
) -> co.Process:
    """A fixed recipe per tonne of what it makes or, of a store or a lorry, of what it takes."""
    return co.Process(
        process,
        firm=place if place == "haulier" else f"{place} plant",
        function="leontief",
        inputs=inputs,
        outputs=outputs,
        unit_cost=cost,
        capacity=capacity,
        min_level=min_level,
        notes=INVENTED,
    )


def chain() -> co.Chain:
    """Both plants, both seasons, and what leads from one to the other."""
    return co.Chain(goods(), processes(), name="two plants")


if __name__ == "__main__":
    plants = chain()
    solution = co.solve(plants)
    price = co.prices(plants, solution).set_index("good").price
    print(price.to_string())
    print(co.processes(plants, solution)[["process", "level", "profit", "rent"]].to_string(index=False))
    print(co.limits(plants, solution).to_string(index=False))
    print(*findings(market_test(solution)), sep="\n")
