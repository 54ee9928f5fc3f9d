"""The kinds of limits that have a rent, and a limit by number."""

from __future__ import annotations

from dataclasses import dataclass

CAPACITY, MIN_LEVEL, MAX_USE = "capacity", "min level", "max use"
MAX_SALE, MIN_SALE, MAX_IMPORT = "max sale", "min sale", "max import"


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on one variable, by the variable's number among levels, uses or goods.

    fixed: the lower and the upper bound are one, so that the rent may have either sign.
    """

    kind: str
    index: int
    bound: float
    fixed: bool = False

    @property
    def sign(self) -> int:
        """+1 for an upper bound, whose rent is a cost at the margin; -1 for a lower one."""
        return -1 if self.kind in (MIN_LEVEL, MIN_SALE) else 1
