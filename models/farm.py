"""A farm: yields that fall off with each unit of water, and a boiler that burns fuel before it heats anything.

Two fields share the farm's water, each with a quadratic yield: the marginal product of water is a - b x, so
that water goes to both until its worth is the same there. The greenhouse needs heat of a boiler with a fixed
load: it burns 4 of fuel whatever it makes, and makes heat of what it burns above that (a Stone-Geary function).
The fixed load is a cost that no price shows: fuel's price is the worth of one more unit, and the load is paid
for by what the rest of the fuel earns.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("form of the yields", "a x - b x^2/2", "E. O. Heady, J. L. Dillon: Agricultural Production Functions, 1961"),
    ("form of the boiler", "above a floor", "R. C. Geary, Review of Economic Studies 18, 1950; R. Stone, 1954"),
    ("figures", "all", "invented"),
)


def chain() -> co.Chain:
    """Water for two fields, fuel for a boiler, heat for a greenhouse."""
    return co.Chain(
        [
            co.Good("water", unit="ML", supply=25),
            co.Good("fuel", unit="MWh", import_price=30),
            co.Good("heat", unit="MWh"),
            co.Good("wheat", unit="t", price=200),
            co.Good("tomatoes", unit="t", price=300),
        ],
        [
            co.Process(
                "river field",
                function="quadratic",
                inputs=[co.Input("water", 1.2, curvature=0.08)],
                outputs="wheat",
            ),
            co.Process(
                "hill field",
                function="quadratic",
                inputs=[co.Input("water", 0.9, curvature=0.03)],
                outputs="wheat",
            ),
            co.Process("boiler", function="stone-geary", inputs=[co.Input("fuel", 0.8, floor=4)], outputs="heat"),
            co.Process(
                "greenhouse", function="cobb-douglas", inputs={"heat": 0.5, "water": 0.3}, outputs="tomatoes"
            ),
        ],
        name="farm",
    )


if __name__ == "__main__":
    farm = chain()
    solution = co.solve(farm)
    price = co.prices(farm, solution).set_index("good").price
    uses = co.uses(farm, solution)
    taken = uses[uses.good == "water"].set_index("process").amount
    for field, a, b in (("river field", 1.2, 0.08), ("hill field", 0.9, 0.03)):
        worth = 200 * (a - b * taken[field])
        print(f"{field}: {taken[field]:.4f} ML, the last worth 200 ({a} - {b} x) = {worth:.4f}")
    print(f"water costs {price.water:.4f} in every use")
    boiler = co.processes(farm, solution).set_index("process").loc["boiler"]
    print(f"the boiler earns {boiler.profit:.4f}, after {30 * 4} for the fuel that makes nothing")
    print(*findings(market_test(solution)), sep="\n")
