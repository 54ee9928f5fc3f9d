"""The table of production functions: a row each, and a row is all that it takes.

    cobb-douglas  y = scale prod_i x_i^a_i
    ces           y = scale (sum_i a_i x_i^r)^(returns/r),  r = (elasticity - 1)/elasticity
    leontief      y = scale min_i x_i/a_i   (an operation with one variable, its level)
    linear        y = scale sum_i a_i x_i
    quadratic     y = scale sum_i (a_i x_i - b_i x_i^2/2),  b = curvature
    stone-geary   y = scale prod_i (x_i - floor_i)^a_i

A row works on many processes at once: x and a are flat arrays over uses, grouped by process, `start` the first use
of each process, `of` the process of each use. Its `form`, the level for a scale of 1, is written once for numbers,
Pyomo's variables, CasADi's symbols and traced numbers, in +, -, *, / and what an `Algebra` knows.
Its figures beside scale and coefficients are columns of the workbook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from chainopt.technology.arrays import Array
from chainopt.technology.primitives import PRIMITIVES
from chainopt.words import messages
from chainopt.words.messages import Message


@dataclass(frozen=True, slots=True)
class Batch:
    """Processes of one function: their numbers, their uses, and the figures of both by name."""

    process: Array
    use: Array
    start: Array
    of: Array
    a: Array
    scale: Array
    by_process: dict[str, Array] = field(default_factory=dict)
    by_use: dict[str, Array] = field(default_factory=dict)

    def __getitem__(self, figure: str) -> Array:
        """A figure that the function asks for: of each process, or of each use."""
        return self.by_process[figure] if figure in self.by_process else self.by_use[figure]

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
            {name: values[rows] for name, values in self.by_process.items()},
            {name: values[flat] for name, values in self.by_use.items()},
        )

    def taking(self, kept: Array) -> Batch:
        """A single process without the uses that are not kept."""
        by_use = {name: values[kept] for name, values in self.by_use.items()}
        return replace(self, use=self.use[kept], of=self.of[kept], a=self.a[kept], by_use=by_use)


class Algebra(Protocol):
    """What a form is written in beside operators, for one kind of number; each gives a value for each process."""

    def sum(self, batch: Batch, values: Any) -> Any:
        """sum_i values_i"""

    def product(self, batch: Batch, x: Any) -> Any:
        """prod_i x_i^a_i"""

    def power_sum(self, batch: Batch, x: Any, r: Array, power: Array) -> Any:
        """(sum_i a_i x_i^r)^power, r by process"""

    def of(self, name: str, values: Any) -> Any:
        """A primitive of one argument, of each value: log, exp, sqrt, tanh"""


class Numbers:
    """The algebra of arrays, in logarithms, which keep the range of numbers."""

    def sum(self, batch: Batch, values: Array) -> Array:
        return batch.sum(values)

    def product(self, batch: Batch, x: Array) -> Array:
        return np.exp(batch.sum(batch.a * np.log(x)))

    def power_sum(self, batch: Batch, x: Array, r: Array, power: Array) -> Array:
        return np.exp(power * _log_power_sum(batch, x, r)[0])

    def of(self, name: str, values: Array) -> Array:
        return PRIMITIVES[name].value(values)


class Objects:
    """The algebra of arrays of objects with arithmetic of their own, Pyomo's variables or traced numbers; function
    gives their primitives by name."""

    def __init__(self, function: Callable[[str], Callable[[Any], Any]]):
        self.function = function

    def sum(self, batch: Batch, values: Array) -> Array:
        return _each(batch, sum, values)

    def product(self, batch: Batch, x: Array) -> Array:
        return _each(batch, np.prod, x**batch.a)

    def power_sum(self, batch: Batch, x: Array, r: Array, power: Array) -> Array:
        return _each(batch, sum, batch.a * x ** r[batch.of]) ** power

    def of(self, name: str, values: Array) -> Array:
        return objects(list(map(self.function(name), values)))


NUMBERS = Numbers()


def _each(batch: Batch, together: Callable[[Array], Any], values: Array) -> Array:
    ends = (*batch.start[1:], len(values))
    return objects([together(values[first:end]) for first, end in zip(batch.start, ends, strict=False)])


def objects(values: list[Any]) -> Array:
    """An array of these very objects, whatever NumPy would make of them."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that a function asks of each process, or of each use, beside scale and coefficient: a column.

    default None: it must be given. It is at least `low`, above it where strict, and never `never`, at which the
    function is `instead`. unasked: what is said where a function that doesn't ask for it has it.
    """

    column: str
    meaning: str
    default: float | None = None
    low: float = 0.0
    strict: bool = True
    never: float | None = None
    instead: str = ""
    unasked: Message = messages.NO_FIGURE

    @property
    def field(self) -> str:
        """The record's field."""
        return self.column.replace(" ", "_")


def _no(batch: Batch) -> Array:
    return np.zeros(len(batch.process), dtype=bool)


def _yes(batch: Batch) -> Array:
    return np.ones(len(batch.process), dtype=bool)


def _unknown(batch: Batch) -> Array:
    return np.full(len(batch.process), np.nan)


def _zero(batch: Batch) -> Array:
    return np.zeros(len(batch.use))


@dataclass(frozen=True, slots=True, kw_only=True)
class Technology:
    """One function.

    says is its text for people. form(batch, x, algebra) is the level for a scale of 1, partials(batch, x, level)
    = dy/dx. By process: concave, whether the level is a concave function of its inputs; essential, whether nothing
    is made where any one input is missing; returns, the degree of homogeneity of the level in x - origin, nan
    where it has none. By use: origin, the least that a process takes before it makes anything, below which it is
    undefined. cheapest(batch, price), where there are returns: for each use, its x - origin per unit of
    z = (y/scale)^(1/returns) at the least cost. substitution, where the market's offers hold it: r of a CES, 0 for
    a Cobb-Douglas.

    affine: no curvature at all. steep: slopes rise without end as a use falls to its origin. exponents: the
    coefficients are. at_least_nothing: the level is never negative. recipe: fixed coefficients, one variable.
    """

    name: str
    says: str
    form: Callable[[Batch, Any, Algebra], Any]
    partials: Callable[[Batch, Array, Array], Array]
    concave: Callable[[Batch], Array] = _yes
    essential: Callable[[Batch], Array] = _no
    returns: Callable[[Batch], Array] = _unknown
    origin: Callable[[Batch], Array] = _zero
    cheapest: Callable[[Batch, Array], Array] | None = None
    substitution: Callable[[Batch], Array] | None = None
    of_process: tuple[Figure, ...] = ()
    of_use: tuple[Figure, ...] = ()
    affine: bool = False
    steep: bool = False
    exponents: bool = False
    at_least_nothing: bool = True
    recipe: bool = False

    def level(self, batch: Batch, x: Any, algebra: Algebra = NUMBERS) -> Any:
        """y by process: numbers of numbers, or an expression of whatever the algebra is of."""
        return batch.scale * self.form(batch, x, algebra)


_ROUNDING = 1e-12
"""Exponents that sum to 1 as decimals may miss it by a few units in the last place."""


def _exponents(batch: Batch) -> Array:
    return batch.sum(batch.a)


def _cheapest_product(batch: Batch, price: Array) -> Array:
    """d_i = c a_i/(returns pi_i), c = prod_i (returns pi_i/a_i)^(a_i/returns)."""
    weight = batch.a / _exponents(batch)[batch.of]
    return np.exp(batch.sum(weight * np.log(price / weight)))[batch.of] * weight / price


def _product(name: str, says: str, above: Callable[[Batch, Any], Any], **more: Any) -> Technology:
    """A Cobb-Douglas of what is taken above something."""
    return Technology(
        name=name,
        says=says,
        form=lambda batch, x, algebra: algebra.product(batch, above(batch, x)),
        partials=lambda batch, x, level: batch.a * level[batch.of] / above(batch, x),
        concave=lambda batch: _exponents(batch) <= 1.0 + _ROUNDING,
        essential=_yes,
        returns=_exponents,
        cheapest=_cheapest_product,
        steep=True,
        exponents=True,
        **more,
    )


def _r(batch: Batch) -> Array:
    elasticity = batch["elasticity"]
    return (elasticity - 1.0) / elasticity


def _log_power_sum(batch: Batch, x: Array, r: Array) -> tuple[Array, Array]:
    """log of sum_i a_i x_i^r for each process, and the share of each use in that sum."""
    terms = np.log(batch.a) + r[batch.of] * np.log(x)
    highest = np.maximum.reduceat(terms, batch.start) if len(batch.start) else np.zeros(0)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    total = np.log(batch.sum(np.exp(terms - highest[batch.of]))) + highest
    return total, np.exp(terms - total[batch.of])


def _ces_partials(batch: Batch, x: Array, level: Array) -> Array:
    return (batch["returns"] * level)[batch.of] * _log_power_sum(batch, x, _r(batch))[1] / x


def _ces_cheapest(batch: Batch, price: Array) -> Array:
    """d_i = c^sigma (a_i/pi_i)^sigma, c = (sum_i a_i^sigma pi_i^(1 - sigma))^(1/(1 - sigma))."""
    sigma = (1.0 / (1.0 - _r(batch)))[batch.of]
    terms = batch.a**sigma * price ** (1.0 - sigma)
    return batch.sum(terms)[batch.of] ** (1.0 / (1.0 - sigma)) * terms / batch.sum(terms)[batch.of] / price


TECHNOLOGIES: dict[str, Technology] = {
    row.name: row
    for row in (
        _product(
            "cobb-douglas",
            "scale * prod x^a",
            lambda batch, x: x,
            substitution=lambda batch: np.zeros(len(batch.process)),
        ),
        Technology(
            name="ces",
            says="scale * (sum a x^r)^(returns/r), r = (elasticity - 1)/elasticity",
            form=lambda batch, x, algebra: algebra.power_sum(batch, x, _r(batch), batch["returns"] / _r(batch)),
            partials=_ces_partials,
            concave=lambda batch: batch["returns"] <= 1.0 + _ROUNDING,
            essential=lambda batch: _r(batch) < 0.0,
            returns=lambda batch: batch["returns"],
            cheapest=_ces_cheapest,
            substitution=_r,
            of_process=(
                Figure("returns", "returns to scale, above 0", 1.0, unasked=messages.NO_RETURNS),
                Figure(
                    "elasticity",
                    "an elasticity of substitution, above 0 and not 1",
                    never=1.0,
                    instead="cobb-douglas",
                ),
            ),
            steep=True,
        ),
        Technology(
            name="leontief",
            says="scale * min x/a",
            form=lambda batch, x, algebra: np.minimum.reduceat(x / batch.a, batch.start),
            partials=lambda batch, x, level: 0.0 * x,
            affine=True,
            recipe=True,
        ),
        Technology(
            name="linear",
            says="scale * sum a x",
            form=lambda batch, x, algebra: algebra.sum(batch, batch.a * x),
            partials=lambda batch, x, level: batch.scale[batch.of] * batch.a,
            returns=lambda batch: np.ones(len(batch.process)),
            affine=True,
        ),
        Technology(
            name="quadratic",
            says="scale * sum (a x - curvature x^2/2)",
            form=lambda batch, x, algebra: algebra.sum(batch, batch.a * x - 0.5 * batch["curvature"] * x * x),
            partials=lambda batch, x, level: batch.scale[batch.of] * (batch.a - batch["curvature"] * x),
            of_use=(
                Figure(
                    "curvature",
                    "by how much the input's marginal product a falls with each unit taken, at least 0",
                    0.0,
                    strict=False,
                ),
            ),
            at_least_nothing=False,
        ),
        _product(
            "stone-geary",
            "scale * prod (x - floor)^a",
            lambda batch, x: x - batch["floor"],
            origin=lambda batch: batch["floor"],
            of_use=(
                Figure(
                    "floor",
                    "what the process takes before it makes anything, an amount, at least 0; it always takes it",
                    0.0,
                    strict=False,
                ),
            ),
        ),
    )
}


def figures(of: str) -> dict[str, Figure]:
    """The figures that functions ask of processes or of uses (`of_process`, `of_use`), by the records' field."""
    return {figure.field: figure for row in TECHNOLOGIES.values() for figure in getattr(row, of)}


def asking(figure: Figure, of: str) -> tuple[str, ...]:
    """The functions that ask for a figure of this name."""
    return tuple(
        row.name for row in TECHNOLOGIES.values() if figure.column in {each.column for each in getattr(row, of)}
    )
