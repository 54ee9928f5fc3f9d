"""The essay's chain: three firms in a row, each with one input and one output.

    ethylene = sqrt(natgas)      polyethylene = 1 - 1/(ethylene + 1)      tupperware = ln(polyethylene)

With 4 units of natural gas, and tupperware at price 1, the chain rule prices the goods from the last to
the first: 1, 1/polyethylene = 3/2, (3/2)/(ethylene + 1)^2 = 1/6, (1/6)/(2 sqrt(4)) = 1/24. The output is
ln(2/3), below zero: `min sale` -inf allows that, and the firm that makes tupperware runs at a loss.
"""

from __future__ import annotations

from math import inf

import chainopt as co

SOURCES = (
    ("all three formulas", "sqrt(x), 1 - 1/(x + 1), ln(x)", "the essay's example; no real technology"),
    ("natgas, supply", "4", "the essay's example; invented"),
    ("tupperware, price", "1", "the unit in which every price is counted"),
    ("tupperware, min sale", "-inf", "the output ln(2/3) is negative, and may be so only with this"),
)


def chain() -> co.Chain:
    """Natural gas to ethylene to polyethylene to tupperware."""
    return co.Chain(
        [
            co.Good("natgas", supply=4),
            co.Good("ethylene"),
            co.Good("polyethylene"),
            co.Good("tupperware", price=1, min_sale=-inf),
        ],
        [
            co.Process("cracking", firm="A", formula="ethylene = sqrt(natgas)"),
            co.Process("polymerisation", firm="B", formula="polyethylene = 1 - 1/(ethylene + 1)"),
            co.Process("moulding", firm="C", formula="tupperware = ln(polyethylene)"),
        ],
        name="tupperware",
    )


if __name__ == "__main__":
    tupperware = chain()
    solution = co.solve(tupperware)
    print(solution.status)
    print(co.prices(tupperware, solution))
