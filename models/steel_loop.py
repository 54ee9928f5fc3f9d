"""Steel, with a cycle: power mines the coal that makes the power.

    coal  = 2 labour^0.5 power^0.4
    power = 1.5 labour^0.3 coal^0.5 + 0.2 gas^0.6
    coke  = coal^0.8, with 0.3 gas per unit of coke
    steel = coke^0.4 power^0.3 labour^0.2

Labour is given, steel sells at 1, and power may be sold at 0.15. Labour, coal and power have several uses,
coke and gas are joint products, and coal and power need each other, so no order of the processes computes
every price from later ones alone. Prices at the optimum: labour 0.1285860, coal 0.2482935, power 0.3649905,
coke 0.3624439, gas 0.0517248, steel 1; 1.99282 of steel is sold, and no power, worth more than 0.15 inside.
"""

from __future__ import annotations

import chainopt as co

SOURCES = (
    ("all four formulas", "exponents, factors", "invented, so that the cycle has an optimum"),
    ("coke oven, gas", "0.3 per unit of coke", "invented; real ovens do give gas beside coke"),
    ("labour, supply", "10", "invented"),
    ("steel, price", "1", "the unit in which every price is counted"),
    ("power, price", "0.15", "invented, below what the chain itself would pay"),
)


def chain() -> co.Chain:
    """Labour to coal, power, coke and steel."""
    return co.Chain(
        [
            co.Good("labour", supply=10),
            co.Good("coal"),
            co.Good("power", price=0.15),
            co.Good("coke"),
            co.Good("gas"),
            co.Good("steel", price=1),
        ],
        [
            co.Process("mine", formula="coal = 2 * labour^0.5 * power^0.4"),
            co.Process("power station", formula="power = 1.5 * labour^0.3 * coal^0.5 + 0.2 * gas^0.6"),
            co.Process("coke oven", formula="coke = coal^0.8", outputs={"gas": 0.3}),
            co.Process("steel mill", formula="steel = coke^0.4 * power^0.3 * labour^0.2"),
        ],
        name="steel loop",
    )


if __name__ == "__main__":
    steel_loop = chain()
    solution = co.solve(steel_loop)
    print(solution.status)
    print(co.prices(steel_loop, solution))
