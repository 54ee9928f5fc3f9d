"""The solver's multipliers under the sign rule, and what they say of levels and uses.

    price            d(optimal value) / d(supply)                    of a useful good >= 0
    rent             d(optimal value) / d(bound) * the limit's sign  what the limit costs: >= 0 unless it is fixed
    reading, minimum d(optimal value) / d(how far the row may be exceeded)

The sign is +1 of an upper bound, -1 of a lower one. A row's dual in the planner's model is
d(value)/d(right-hand side): a price is its balance's as it stands, and rent = sign * dual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.network.network import Network
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Multipliers:
    """The solver's multipliers under the sign rule: by good, by use of a non-rival good, by limit.

    reading: what each reader of a non-rival good would pay for one more unit (nan for other uses);
    reading_sale: the same for final demand, by good. minimum: by argument of the formulas' minima, what the
    minimum would gain if that argument could be exceeded by one.
    """

    price: Array
    rent: Array
    reading: Array
    reading_sale: Array
    minimum: Array


def level_values(net: Network, multipliers: Multipliers) -> Array:
    """lambda: what one more unit of each level earns, sum_g b_g pi_g - kappa - r(capacity) + r(min level)."""
    return net.yields @ multipliers.price - net.unit_cost - net.bounding("level") @ multipliers.rent


def process_rents(net: Network, paid: Array) -> Array:
    """What each process pays to its own limits, by what is paid to each limit."""
    count = len(net.processes)
    of_level = np.bincount(net.level_process, net.bounding("level") @ paid, count)
    return of_level + np.bincount(net.use_process, net.bounding("use") @ paid, count)


def use_prices(net: Network, multipliers: Multipliers) -> Array:
    """What each use pays for a unit of its good: its price, or the reader's own of a non-rival good."""
    return np.where(net.rival[net.use_good], multipliers.price[net.use_good], multipliers.reading)
