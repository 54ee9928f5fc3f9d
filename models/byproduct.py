"""A by-product with a negative price: sulphur dioxide that nobody wants, and that may not be let go.

A copper smelter makes 2 of sulphur dioxide with each unit of copper. An acid plant makes it into acid, but buyers
take no more than 12 of that; the rest must be neutralised with lime. The last unit costs lime and work, so
sulphur dioxide has the price of minus that: the smelter pays to be rid of it, and neutralising it, a process
without an output, is paid for what it takes in. The acid plant is paid for its input too, and gives the gain
away: acid is worth less than nothing beyond what buyers take, and so is sold at a rent of the sale's limit.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("sulphur dioxide with a unit of copper", "2", "of the order of stoichiometry (chalcopyrite); rounded"),
    ("acid of a unit of sulphur dioxide", "1.5", "98/64, rounded"),
    ("lime for a unit of sulphur dioxide", "0.9", "56/64, rounded up"),
    ("all prices, unit costs, supplies and limits", "as in the tables", "invented"),
)


def chain() -> co.Chain:
    """Ore to copper and sulphur dioxide, and that to acid or gypsum."""
    return co.Chain(
        [
            co.Good("ore", supply=10),
            co.Good("lime", import_price=0.2),
            co.Good("copper", price=8),
            co.Good("sulphur dioxide", disposal=None),
            co.Good("acid", price=0.1, max_sale=12, disposal=None),
        ],
        [
            co.Process(
                "smelter",
                function="leontief",
                inputs={"ore": 1},
                outputs={"copper": 1, "sulphur dioxide": 2},
                unit_cost=1,
            ),
            co.Process(
                "acid plant",
                function="leontief",
                inputs={"sulphur dioxide": 1},
                outputs={"acid": 1.5},
                unit_cost=0.1,
            ),
            co.Process(
                "neutralisation",
                function="leontief",
                inputs={"sulphur dioxide": 1, "lime": 0.9},
                unit_cost=0.3,
            ),
        ],
        name="by-product",
    )


if __name__ == "__main__":
    copper = chain()
    solution = co.solve(copper)
    price = co.prices(copper, solution).set_index("good").price
    gas = price["sulphur dioxide"]
    print(f"sulphur dioxide costs {gas:.6f}: minus 0.9 lime at {price.lime:.6f}, minus 0.3 of work")
    print(f"ore is worth copper, less work, less the gas: 8 - 1 - 2 * {-gas:.6f} = {price.ore:.6f}")
    rent = co.limits(copper, solution).rent[0]
    print(f"acid costs {price.acid:.6f}, and its buyers' limit earns {rent:.6f} a unit")
    print(*findings(market_test(solution)), sep="\n")
