"""The table of production functions: level, partial derivatives, curvature.

    cobb-douglas  y = scale prod_i x_i^a_i
    ces           y = scale (sum_i a_i x_i^r)^(returns/r),  r = (elasticity - 1)/elasticity
    linear        y = scale sum_i a_i x_i
    leontief      y = scale min_i x_i/a_i   (an operation with one variable, its level: it has no row here)

A row works on many processes at once: x and a are flat arrays over uses, grouped by process, `start` the
first use of each process, `of` the process of each use; scale, returns and r are arrays over processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Batch:
    """Processes of one function: their numbers, their uses, and the coefficients of both."""

    process: Array
    use: Array
    start: Array
    of: Array
    a: Array
    scale: Array
    returns: Array
    r: Array

    def sum(self, values: Array) -> Array:
        """Sum of a flat array over the uses of each process."""
        return np.add.reduceat(values, self.start) if len(self.start) else np.zeros(0)

    def part(self, rows: Array) -> Batch:
        """The same for some of the processes, by their row in this batch."""
        length = np.diff(self.start, append=len(self.use))[rows]
        start = np.cumsum(length) - length
        flat = np.repeat(self.start[rows] - start, length) + np.arange(length.sum())
        return Batch(
            self.process[rows],
            self.use[flat],
            start,
            np.repeat(np.arange(len(rows)), length),
            self.a[flat],
            self.scale[rows],
            self.returns[rows],
            self.r[rows],
        )


@dataclass(frozen=True, slots=True)
class Technology:
    """One function: level(batch, x), partials(batch, x, level) = dy/dx, and the same as an expression.

    expression(x, a, scale, returns, r) is generic in its operands (Pyomo variables, CasADi symbols);
    concave(batch) says for each process whether the level is a concave function of its inputs;
    essential(batch), whether nothing is made where any one input is missing. affine: no curvature at all.
    """

    name: str
    level: Callable[[Batch, Array], Array]
    partials: Callable[[Batch, Array, Array], Array]
    expression: Callable[[Sequence[Any], Sequence[float], float, float, float], Any]
    concave: Callable[[Batch], Array]
    essential: Callable[[Batch], Array]
    affine: bool = False


def _cobb_douglas_level(batch: Batch, x: Array) -> Array:
    return batch.scale * np.exp(batch.sum(batch.a * np.log(x)))


def _cobb_douglas_partials(batch: Batch, x: Array, level: Array) -> Array:
    return batch.a * level[batch.of] / x


def _cobb_douglas_expression(x: Sequence[Any], a: Sequence[float], scale: float, returns: float, r: float) -> Any:
    product: Any = scale
    for amount, exponent in zip(x, a, strict=True):
        product = product * amount**exponent
    return product


def _ces_terms(batch: Batch, x: Array) -> tuple[Array, Array]:
    """log of sum_i a_i x_i^r for each process, and the share of each use in that sum."""
    terms = np.log(batch.a) + batch.r[batch.of] * np.log(x)
    highest = np.maximum.reduceat(terms, batch.start) if len(batch.start) else np.zeros(0)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    total = np.log(batch.sum(np.exp(terms - highest[batch.of]))) + highest
    return total, np.exp(terms - total[batch.of])


def _ces_level(batch: Batch, x: Array) -> Array:
    return batch.scale * np.exp(batch.returns / batch.r * _ces_terms(batch, x)[0])


def _ces_partials(batch: Batch, x: Array, level: Array) -> Array:
    return (batch.returns * level)[batch.of] * _ces_terms(batch, x)[1] / x


def _ces_expression(x: Sequence[Any], a: Sequence[float], scale: float, returns: float, r: float) -> Any:
    return scale * sum(share * amount**r for share, amount in zip(a, x, strict=True)) ** (returns / r)


def _linear_level(batch: Batch, x: Array) -> Array:
    return batch.scale * batch.sum(batch.a * x)


def _linear_partials(batch: Batch, x: Array, level: Array) -> Array:
    return batch.scale[batch.of] * batch.a


def _linear_expression(x: Sequence[Any], a: Sequence[float], scale: float, returns: float, r: float) -> Any:
    return sum(scale * share * amount for share, amount in zip(a, x, strict=True))


_ROUNDING = 1e-12
"""Exponents that sum to 1 as decimals may miss it by a few units in the last place."""

TECHNOLOGIES: dict[str, Technology] = {
    row.name: row
    for row in (
        Technology(
            "cobb-douglas",
            _cobb_douglas_level,
            _cobb_douglas_partials,
            _cobb_douglas_expression,
            concave=lambda batch: batch.sum(batch.a) <= 1.0 + _ROUNDING,
            essential=lambda batch: np.ones(len(batch.process), dtype=bool),
        ),
        Technology(
            "ces",
            _ces_level,
            _ces_partials,
            _ces_expression,
            concave=lambda batch: batch.returns <= 1.0 + _ROUNDING,
            essential=lambda batch: batch.r < 0.0,
        ),
        Technology(
            "linear",
            _linear_level,
            _linear_partials,
            _linear_expression,
            concave=lambda batch: np.ones(len(batch.process), dtype=bool),
            essential=lambda batch: np.zeros(len(batch.process), dtype=bool),
            affine=True,
        ),
    )
}
