"""A refinery: joint products, whose prices only together say what crude oil is worth.

Distillation splits a barrel into naphtha, gas oil and fuel oil; a reformer makes naphtha into petrol, a cracker
makes fuel oil into petrol and gas oil. No product has a cost of its own. What the market pays for them, less what
running the units costs, is the price of crude (its netback): yields times prices = crude + unit cost, unit by
unit. The cracker is full and earns a rent; without it there would be more fuel oil, and crude would be worth less.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("distillation, yields", "naphtha 0.25, gas oil 0.35, fuel oil 0.37", "invented, of the usual order"),
    ("reformer, cracker: yields", "petrol 0.85; petrol 0.5, gas oil 0.35", "invented, of the usual order"),
    ("unit costs", "10, 25, 45 a tonne", "invented"),
    ("cracker, capacity", "20", "invented"),
    ("crude, supply", "100", "invented"),
    ("petrol, gas oil, fuel oil: price", "740, 720, 430 a tonne", "invented, of the order of world prices"),
    ("gas oil, demand elasticity", "1.5 at 40", "invented"),
)


def chain() -> co.Chain:
    """Crude oil to petrol, gas oil and fuel oil."""
    return co.Chain(
        [
            co.Good("crude", "kt", supply=100),
            co.Good("naphtha", "kt"),
            co.Good("petrol", "kt", price=740),
            co.Good("gas oil", "kt", price=720, demand_elasticity=1.5, reference_sale=40),
            co.Good("fuel oil", "kt", price=430),
        ],
        [
            co.Process(
                "distillation",
                function="leontief",
                inputs={"crude": 1},
                outputs={"naphtha": 0.25, "gas oil": 0.35, "fuel oil": 0.37},
                unit_cost=10,
            ),
            co.Process(
                "reformer", function="leontief", inputs={"naphtha": 1}, outputs={"petrol": 0.85}, unit_cost=25
            ),
            co.Process(
                "cracker",
                function="leontief",
                inputs={"fuel oil": 1},
                outputs={"petrol": 0.5, "gas oil": 0.35},
                capacity=20,
                unit_cost=45,
            ),
        ],
        name="refinery",
    )


if __name__ == "__main__":
    refinery = chain()
    solution = co.solve(refinery)
    price = co.prices(refinery, solution).set_index("good").price
    yields = {"naphtha": 0.25, "gas oil": 0.35, "fuel oil": 0.37}
    print(" + ".join(f"{part} * {price[good]:.4f} ({good})" for good, part in yields.items()), end=" ")
    print(f"= {sum(part * price[good] for good, part in yields.items()):.4f}")
    print(f"crude {price.crude:.4f} + unit cost 10 = {price.crude + 10:.4f}")
    print(f"the cracker's rent: {co.limits(refinery, solution).rent[0]:.4f} a tonne of its capacity")
    print(*findings(market_test(solution)), sep="\n")
