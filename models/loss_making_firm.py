"""A railway at a loss: the price is right, and the firm that charges it can't live on it.

    freight = 3 fuel - 4        bread = 2 grain^0.5 freight^0.4

The track costs 4 units of freight a year whatever runs on it (Hotelling's bridges and railways, 1938). At the
optimum freight is paid what the last unit of it adds, which is a third of fuel's price; that pays for the fuel of
every train and for nothing else. So the railway loses 4 times the price of freight, and would rather shut down;
yet the chain is worth far more with it than without. Price = derivative holds; no market supports the plan.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("railway, formula", "3 fuel - 4", "invented; the fixed part after Hotelling, Econometrica 6 (1938), 242-269"),
    ("bakery, exponents and scale", "0.5, 0.4; 2", "invented"),
    ("fuel, grain: supply", "10 each", "invented"),
    ("fuel, price", "0.2", "invented: what fuel fetches abroad"),
    ("bread, price", "1", "the unit in which every price is counted"),
)


def chain() -> co.Chain:
    """Fuel to freight, freight and grain to bread."""
    return co.Chain(
        [
            co.Good("fuel", supply=10, price=0.2),
            co.Good("grain", supply=10),
            co.Good("freight"),
            co.Good("bread", price=1),
        ],
        [
            co.Process("railway", formula="freight = 3*fuel - 4"),
            co.Process(
                "bakery", function="cobb-douglas", scale=2, inputs={"grain": 0.5, "freight": 0.4}, outputs="bread"
            ),
        ],
        name="loss-making firm",
    )


if __name__ == "__main__":
    railway = chain()
    solution = co.solve(railway)
    price = co.prices(railway, solution).set_index("good").price
    accounts = co.processes(railway, solution).set_index("process")
    print(f"freight costs {price.freight:.6f}, a third of fuel's price {price.fuel:.6f}")
    print(f"the railway's profit is {accounts.profit.railway:.6f}: -4 times the price of freight")
    print(f"the chain is worth {solution.objective:.6f}; with all fuel sold abroad instead, {10 * 0.2:.6f}")
    print(*findings(market_test(solution)), sep="\n")
