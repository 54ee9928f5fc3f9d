"""A capacity and its rent: the good mill is full, the poor one sets the price of flour.

Both mills make 0.8 of flour of a unit of grain. Milling costs 1 in the good mill, which can take 6 of flour a day,
and 1.5 in the poor one. Flour is worth what the last unit costs, that is the poor mill's cost, and the good
mill earns the difference, 0.5, on every unit that its capacity allows: a rent of 6 times 0.5.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("flour of a unit of grain", "0.8", "invented"),
    ("unit costs, capacity", "1 and 1.5; 6", "invented"),
    ("grain, import price", "2", "invented"),
    ("flour, demand", "price 4 at 10, elasticity 2", "invented"),
)


def chain() -> co.Chain:
    """Grain to flour in two mills."""
    return co.Chain(
        [
            co.Good("grain", import_price=2),
            co.Good("flour", price=4, demand_elasticity=2, reference_sale=10),
        ],
        [
            co.Process(
                "good mill",
                function="leontief",
                inputs={"grain": 1.25},
                outputs="flour",
                unit_cost=1,
                capacity=6,
            ),
            co.Process("poor mill", function="leontief", inputs={"grain": 1.25}, outputs="flour", unit_cost=1.5),
        ],
        name="capacity rent",
    )


if __name__ == "__main__":
    mills = chain()
    solution = co.solve(mills)
    price = co.prices(mills, solution).set_index("good").price
    rent = co.limits(mills, solution).set_index("process").rent["good mill"]
    print(f"flour costs {price.flour:.6f}: the poor mill's grain and work, 1.25 * {price.grain:.6f} + 1.5")
    print(f"a unit of the good mill's capacity earns {rent:.6f}: the poor mill's cost less the good one's")
    print(co.processes(mills, solution)[["process", "level", "profit", "rent"]].to_string(index=False))
    print(*findings(market_test(solution)), sep="\n")
