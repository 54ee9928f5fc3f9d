"""What of each variable and row of a chain's program counts as one: the amounts of a plan, and its money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.network import Network
from chainopt.plan import Plan, throughput
from chainopt.typical import typical_amounts, wanted_levels

Array = np.ndarray
_LEAST = 1e-6
"""Of an ordinary amount of a good: what moves less counts as this much."""
_LEAST_SHARE = 1e-3
"""Of what its good moves in all: a use of less counts as this much."""


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """Typical amounts, all above 0: by good, by use and by level; money: what one good moves on average."""

    good: Array
    use: Array
    level: Array
    money: float


def magnitudes(net: Network, plan: Plan, money: float) -> Magnitudes:
    """The magnitudes at a plan that moves so much money in all."""
    typical = typical_amounts(net)
    good = np.maximum(throughput(net, plan), _LEAST * typical)
    level = np.maximum(np.abs(np.nan_to_num(plan.level)), _LEAST * wanted_levels(net, typical))
    use = np.maximum(np.abs(np.nan_to_num(plan.use)), _LEAST_SHARE * good[net.use_good])
    return Magnitudes(good, use, level, money / len(good))
