"""chainopt as one would call it, co.solve(chain, method="auto"): the note says which route certified it."""

from __future__ import annotations

from layered import Layered

from routes import chainopt_ipopt
from routes.answer import Answer


def solve(numbers: Layered, tolerance: float | None = None) -> Answer:
    return chainopt_ipopt.solve(numbers, tolerance, method="auto")
