"""A recycle loop: paper that comes back as pulp, round after round.

A unit of paper takes a unit of pulp, and 0.7 of it come back as waste paper; 1.25 of waste paper make a unit of
pulp again. So a unit of pulp returns 0.7 / 1.25 = 0.56, and makes 1/(1 - 0.56) = 2.27 units of paper in all its
lives. The reverse sweep meets the loop too: pulp's price is paper's net price, and 0.56 of its own less what
recycling costs, which is one equation, and the sum of a geometric series.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

RETURNED, NEEDED = 0.7, 1.25

SOURCES = (
    ("waste paper of a unit of paper", "0.7", "invented"),
    ("waste paper for a unit of pulp", "1.25", "invented"),
    ("unit costs", "paper 1, recycling 0.5", "invented"),
    ("wood: supply, and for a unit of pulp", "10; 2", "invented"),
    ("paper, price", "5", "invented"),
    ("waste paper, disposal", "0.1", "invented: what a landfill charges"),
)


def chain() -> co.Chain:
    """Wood to pulp to paper, and paper to pulp."""
    return co.Chain(
        [
            co.Good("wood", supply=10),
            co.Good("pulp"),
            co.Good("paper", price=5),
            co.Good("waste paper", disposal=0.1),
        ],
        [
            co.Process("pulp mill", function="leontief", inputs={"wood": 2}, outputs="pulp"),
            co.Process(
                "paper mill",
                function="leontief",
                inputs={"pulp": 1},
                outputs={"paper": 1, "waste paper": RETURNED},
                unit_cost=1,
            ),
            co.Process(
                "recycling", function="leontief", inputs={"waste paper": NEEDED}, outputs="pulp", unit_cost=0.5
            ),
        ],
        name="recycle loop",
    )


if __name__ == "__main__":
    paper = chain()
    solution = co.solve(paper)
    price = co.prices(paper, solution).set_index("good").price
    sold = co.tables(paper, solution).goods.set_index("good").sold
    back = RETURNED / NEEDED
    total, value = 0.0, 5 - 1 - back * 0.5
    for turn in range(4):
        total += value * back**turn
        print(f"pulp's worth after {turn + 1} of its lives: {total:.6f}")
    print(f"after all of them {value / (1 - back):.6f}; its price {price.pulp:.6f}")
    print(f"5 of pulp from wood make {sold.paper:.6f} of paper; waste paper costs {price['waste paper']:.6f}")
    print(*findings(market_test(solution)), sep="\n")
