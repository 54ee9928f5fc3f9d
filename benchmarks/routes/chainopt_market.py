"""chainopt's market from arrays, with its certificate; Numba's compilation, which is kept on disk, left out."""

from __future__ import annotations

import time

from layered import Case, Layered, columns, layered

from chainopt.market.duality import certify
from chainopt.market.formation import form_prices
from routes.answer import OPTIMAL, Answer


def prepare(numbers: Layered) -> None:
    """Numba's functions compiled, or loaded."""
    small = Case(elasticity=numbers.elasticity, returns=numbers.returns)
    form_prices(columns(layered(400, small)), engine="numba")


def solve(numbers: Layered, tolerance: float | None = None, engine: str = "numba") -> Answer:
    """Prices, then what certifies them."""
    begun = time.perf_counter()
    of = columns(numbers)
    built = time.perf_counter()
    market = form_prices(of, engine=engine, **({} if tolerance is None else {"tolerance": tolerance}))
    formed = time.perf_counter()
    certificate = certify(market)
    ended = time.perf_counter()
    doubts = () if market.at_rest else (f"offers still change by {market.change:.0e}",)
    return Answer(
        status="; ".join((*doubts, *certificate.doubts)) or OPTIMAL,
        price=market.price,
        value=market.value,
        seconds={"build": built - begun, "solve": formed - built, "certificate": ended - formed},
        iterations=market.passes,
        note={"products": market.products, "gap": float(certificate.gap)},
    )
