"""What a solve is at, the seconds of its phases, what is left of those allowed, and the best plan so far."""

from __future__ import annotations

import time
from collections.abc import Mapping

from chainopt.network.plan import Plan

_MOMENT = 1e-3


class Clock:
    """Seconds by phase, each from the last stop, and what is left of those that are allowed in all.

    doing, plan and iterations: what whoever cuts the solve off is told, and given. `left` is None without a limit,
    and never quite 0.
    """

    def __init__(self, seconds: dict[str, float], allowed: float | None):
        self.seconds, self.last = seconds, time.perf_counter()
        self.end = None if allowed is None else self.last + allowed
        self.doing = "the chain was looked through"
        self.plan: Plan | None = None
        self.iterations = 0

    @property
    def left(self) -> float | None:
        return None if self.end is None else max(self.end - time.perf_counter(), _MOMENT)

    def check(self) -> None:
        """Raises TimeoutError where nothing is left."""
        if self.end is not None and time.perf_counter() >= self.end:
            raise TimeoutError

    def stop(self, phase: str) -> None:
        self.add({phase: time.perf_counter() - self.last})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Phases that something else has timed, up to now."""
        for phase, spent in seconds.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + spent
        self.last = time.perf_counter()
