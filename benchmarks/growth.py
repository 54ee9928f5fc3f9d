"""How time and memory grow with flows, and where one machine ends.

    time(n) = a n^b,   memory(n) = least memory + a n^b

by least squares in logarithms, over a tenfold range of sizes at least. Everything holds some memory that no chain
takes (Python, the libraries): the least of all is left out of the power. Where one size alone has grown above it,
memory is taken to be in proportion to flows. A spread is over the fits that leave out one size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from layered import Case
from results import Results

HOUR, MEMORY = 3600.0, 24.0 * 1024.0
_ENOUGH, _RANGE = 3, 10
_GROWN = 0.1
"""Memory counts where it is a tenth above the least: below, it is noise."""
FAR = 1000
"""Nothing is said of sizes beyond so many times the largest measured."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure, and the least and the greatest over the fits that leave out one size."""

    figure: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Power:
    """floor + a n^b, fitted to sizes and figures."""

    floor: float
    sizes: tuple[int, ...]
    excess: tuple[float, ...]

    @property
    def exponent(self) -> Spread:
        return self._spread(lambda a, b: b)

    @property
    def a_unit(self) -> float:
        """a."""
        return float(np.exp(self._fit(self.sizes, self.excess)[0]))

    def reaches(self, limit: float) -> Spread:
        """The size at which the figure is at the limit."""
        return self._spread(lambda a, b: float(np.exp((np.log(limit - self.floor) - a) / b)))

    def _spread(self, of: Callable[[float, float], float]) -> Spread:
        every = range(len(self.sizes))
        parts = [[i for i in every if i != out] for out in every] if len(self.sizes) >= _ENOUGH else []
        others = [of(*self._fit([self.sizes[i] for i in part], [self.excess[i] for i in part])) for part in parts]
        middle = of(*self._fit(self.sizes, self.excess))
        return Spread(middle, min([middle, *others]), max([middle, *others]))

    @staticmethod
    def _fit(sizes: Sequence[int], figures: Sequence[float]) -> tuple[float, float]:
        if len(sizes) == 1:
            return float(np.log(figures[0] / sizes[0])), 1.0
        b, a = np.polyfit(np.log(sizes), np.log(figures), 1)
        return float(a), float(b)


@dataclass(frozen=True, slots=True)
class Growth:
    """A route's time and memory on one kind of chain; memory is None where it does not grow enough to fit."""

    time: Power
    memory: Power | None

    @property
    def ends(self) -> tuple[Spread, str]:
        """The flows at which one machine ends, and by what: an hour, or 24 GiB."""
        time = self.time.reaches(HOUR)
        memory = self.memory.reaches(MEMORY) if self.memory else None
        if memory is None or time.figure <= memory.figure:
            return time, "an hour"
        return memory, "24 GiB"


def growth(results: Results, case: Case, route: str) -> Growth | None:
    """The fits over every size measured; None where they are too few."""
    sizes = [size for size in results.sizes if results.runs(size, case, route)]
    if len(sizes) < _ENOUGH or sizes[-1] < _RANGE * sizes[0]:
        return None
    seconds = [results.middle(size, case, route) or np.nan for size in sizes]
    held = [results.middle(size, case, route, "memory") or np.nan for size in sizes]
    least = min(held)
    later = list(zip(sizes, held, strict=True))[held.index(least) :]
    grown = [(size, mib - least) for size, mib in later if mib > (1 + _GROWN) * least]
    memory = Power(least, *zip(*grown, strict=True)) if grown else None
    return Growth(Power(0.0, tuple(sizes), tuple(seconds)), memory)
