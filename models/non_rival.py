"""A good that is read, not used up: one weather forecast, three readers, three prices (Lindahl, 1919).

    forecast = 2 sqrt(labour)
    crops = 3 ln(1 + forecast) + 2 sqrt(labour)      trips = 2 ln(1 + forecast)      power = sqrt(forecast)

Each reader has the whole forecast, and pays for it what it adds to what that reader makes. The forecaster gets the
sum: whoever sold it at one price to all would lose the readers to whom it is worth less.
"""

from __future__ import annotations

import chainopt as co
from chainopt.audits.market_test import findings, market_test

SOURCES = (
    ("all four formulas", "2 sqrt, 3 ln(1 + x) + 2 sqrt, 2 ln(1 + x), sqrt", "invented"),
    ("labour, supply", "10", "invented"),
    ("crops, trips, power: price", "1, 1, 1.5", "invented; crops' price is the unit of account"),
)


def chain() -> co.Chain:
    """Labour to a forecast, and the forecast to crops, trips and power."""
    return co.Chain(
        [
            co.Good("labour", supply=10),
            co.Good("forecast", rival=False),
            co.Good("crops", price=1),
            co.Good("trips", price=1),
            co.Good("power", price=1.5),
        ],
        [
            co.Process("weather office", formula="forecast = 2*sqrt(labour)"),
            co.Process("farm", formula="crops = 3*ln(1 + forecast) + 2*sqrt(labour)"),
            co.Process("ferry", formula="trips = 2*ln(1 + forecast)"),
            co.Process("wind park", formula="power = sqrt(forecast)"),
        ],
        name="non-rival good",
    )


if __name__ == "__main__":
    weather = chain()
    solution = co.solve(weather)
    price = co.prices(weather, solution).set_index("good").price
    uses = co.uses(weather, solution)
    readers = uses[(uses.good == "forecast") & (uses.kind == "use")].set_index("process").value
    for reader, value in readers.items():
        print(f"the {reader} reads the whole forecast, and would pay {value:.6f} for a unit more")
    print(f"together {readers.sum():.6f}: what the weather office gets, {price.forecast:.6f}")
    print(*findings(market_test(solution)), sep="\n")
