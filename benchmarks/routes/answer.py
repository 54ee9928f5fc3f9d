"""What every route gives back for a layered chain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

OPTIMAL = "optimal"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Prices by good (nan where the route has none), the plan's value, and how long each phase took, in seconds.

    status is "optimal" where the route says so, else what it says; level, by process, where the route tells; note,
    what only this route has to say.
    """

    status: str
    price: np.ndarray
    value: float
    seconds: dict[str, float]
    iterations: int = 0
    level: np.ndarray | None = None
    note: dict[str, object] = field(default_factory=dict)
