"""A chain without a plan, explained: ten units of steel are promised, and there is ore for about six.

    steel = 1.5 ore^0.6 power^0.4      ore 5, power 3 imported at most; steel owed 10

At most 1.5 * 5^0.6 * 3^0.4 = 6.11 of steel can be made. `chainopt solve` ends with exit code 3 and says so, with
the cells that conflict.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.explain import explain

SOURCES = (
    ("steel mill", "scale 1.5, exponents 0.6 and 0.4", "invented"),
    ("ore, supply", "5", "invented"),
    ("power, import price and max import", "2 and 3", "invented"),
    ("steel, supply", "-10", "invented: an obligation that can't be met"),
)


def chain() -> co.Chain:
    """Ore and power to steel, of which more is owed than can be made."""
    return co.Chain(
        [
            co.Good("ore", unit="t", supply=5),
            co.Good("power", unit="MWh", import_price=2, max_import=3),
            co.Good("steel", unit="t", supply=-10, price=3),
        ],
        [
            co.Process(
                "steel mill",
                function="cobb-douglas",
                scale=1.5,
                inputs={"ore": 0.6, "power": 0.4},
                outputs="steel",
            )
        ],
        name="infeasible obligation",
    )


if __name__ == "__main__":
    owed = chain()
    solution = co.solve(owed)
    print(solution.status)
    for cause in explain(owed, solution).causes:
        print(f"{cause.sheet}, {cause.record}, {cause.column}: {cause.text}")
