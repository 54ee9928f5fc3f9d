"""Comparisons of equal values, while a function runs: each is decided as planned, or as it comes out.

What differs a little on one side of the point may take another way there. `ways` runs a function again with such a
comparison decided otherwise.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

REFUSE, SUBGRADIENT = "refuse", "subgradient"
KINKS = (REFUSE, SUBGRADIENT)
_local = threading.local()
SIDE: dict[tuple[Any, bool], int] = {
    **{(order, True): -1 for order in (operator.lt, operator.le)},
    **{(order, False): 1 for order in (operator.lt, operator.le)},
    **{(order, True): 1 for order in (operator.gt, operator.ge)},
    **{(order, False): -1 for order in (operator.gt, operator.ge)},
    **{(operator.eq, True): 0, (operator.ne, False): 0},
}
"""The sign of left - right where a comparison comes out so; unequal values are on either side."""


@dataclass(frozen=True, slots=True)
class Kink:
    """Where a derivative was chosen among several, and how."""

    file: str
    line: int | None
    what: str


@dataclass(slots=True, eq=False)
class Tie:
    """A comparison of two equal values: where, of which steps of which recording, how it comes out, turned or not.

    made: the step through which alone it has an influence, None where it steers the function.
    """

    code: CodeType
    instruction: int
    line: int
    recording: Any
    compared: Callable[[Any, Any], bool]
    left: int
    right: int
    value: float
    outcome: bool
    turned: bool
    made: int | None = None

    @property
    def side(self) -> int | None:
        """The sign of left - right that the outcome stands for; None for either."""
        return SIDE.get((self.compared, self.outcome))

    @property
    def steers(self) -> bool:
        """Whether anything that the trace returns depends on it."""
        return self.made is None or self.made in self.recording.read()


@dataclass(slots=True, eq=False)
class Way:
    """One run of a function: how its first comparisons of equal values are decided, and all that it meets.

    tried: those of them that other ways decide otherwise, by number.
    """

    planned: tuple[bool, ...] = ()
    tried: frozenset[int] = frozenset()
    kinks: str = REFUSE
    ties: list[Tie] = field(default_factory=list)

    def decided(self, tie: Tie) -> bool:
        """The outcome of the next tie, which comes out as tie.outcome at the point itself."""
        if len(self.ties) < len(self.planned):
            outcome = self.planned[len(self.ties)]
            tie.outcome, tie.turned = outcome, outcome != tie.outcome
        self.ties.append(tie)
        return tie.outcome


def running() -> Way | None:
    """The way that this thread's outermost trace takes now."""
    return getattr(_local, "way", None)


@contextmanager
def taking(way: Way) -> Iterator[None]:
    """While it lasts, this thread takes this way."""
    before, _local.way = running(), way
    try:
        yield
    finally:
        _local.way = before
