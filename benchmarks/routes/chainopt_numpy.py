"""chainopt's market without Numba."""

from __future__ import annotations

from layered import Layered

from routes import chainopt_market
from routes.answer import Answer


def solve(numbers: Layered, tolerance: float | None = None) -> Answer:
    return chainopt_market.solve(numbers, tolerance, engine="numpy")
