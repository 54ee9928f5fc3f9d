"""The right prices of a layered chain, to twelve digits, and how far others are from them.

They are those of `newton`: no solver's code takes part, but for a start, which is the market's, or that of
CasADi's Ipopt where Newton's method does not converge from there. At constant returns, processes below `IDLE` of
the value in the start are taken for idle, and their goods have no price here. Above `LARGEST` flows, or where
layers are wider than `WIDEST`, the matrix fills in too much: there the reference is the market's own rest at a
tolerance of 1e-12, as accurate as its last pass left it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from layered import Layered, columns

Array = np.ndarray
CARRIES = 1e-6
IDLE, GONE = 1e-11, 1e-30
LARGEST, WIDEST = 100_000, 1_000
ALONE = 1e-12
ACCURATE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Prices by good (nan: idle), the value, which goods carry at least `CARRIES` of it, and how it was made.

    accuracy: the largest relative change of a price that carries in Newton's last step.
    """

    price: Array
    value: float
    carries: Array
    accuracy: float
    start: str

    def error(self, price: Array) -> float:
        """The largest relative error of a price of a good that carries value; inf where one is missing."""
        off = np.abs(price[self.carries] / self.price[self.carries] - 1.0)
        return float(np.max(np.nan_to_num(off, nan=np.inf), initial=0.0))

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})


def load(path: Path) -> Reference:
    """A reference from its file."""
    with np.load(path) as kept:
        return Reference(
            kept["price"], float(kept["value"]), kept["carries"], float(kept["accuracy"]), str(kept["start"])
        )


def reference(numbers: Layered) -> Reference:
    """The best that any start leads to; RuntimeError where none leads anywhere."""
    # Here, so that a route's process that only loads a reference holds no linear algebra that it does not use.
    from newton import equilibrium, running

    found: list[Reference] = []
    for name, price, level, change in _starts(numbers):
        money = np.nan_to_num(price[numbers.width :] * level)
        worth = float(money[-numbers.width :].sum())
        counts = _carrying(numbers, price, level)
        if numbers.inputs.size > LARGEST or numbers.width > WIDEST:
            return Reference(price, worth, counts, max(ALONE, change), f"{name} alone")
        idle = IDLE if numbers.returns == 1.0 else GONE
        try:
            right, made, change = equilibrium(running(numbers, money >= idle * worth), price, level, counts)
        except RuntimeError:
            continue
        value = float(numbers.price @ made[-numbers.width :])
        found.append(Reference(right, value, _carrying(numbers, right, made), change, name))
        if change <= ACCURATE:
            break
    if not found:
        raise RuntimeError("Newton's method ends nowhere from any start")
    return min(found, key=lambda each: each.accuracy)


def _carrying(numbers: Layered, price: Array, level: Array) -> Array:
    """Goods that carry at least `CARRIES` of the value."""
    money = np.nan_to_num(price * np.concatenate([numbers.supply, level]))
    return money >= CARRIES * money[-numbers.width :].sum()


def _starts(numbers: Layered) -> Iterator[tuple[str, Array, Array, float]]:
    from chainopt.market.formation import form_prices

    market = form_prices(columns(numbers), tolerance=ALONE)
    yield "market", market.price, market.level, market.change
    from routes import casadi_ipopt

    answer = casadi_ipopt.solve(numbers, ALONE)
    assert answer.level is not None
    yield "CasADi", answer.price, answer.level, np.inf
