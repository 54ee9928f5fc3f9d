"""Steps of a program expanded where they may have no derivative: sums of powers of small positive t, and a rest.

    z = sum_k c_k t^e_k + O(|t|^order),        e_k >= 0 by variable, whole or broken: 1 - cos(sqrt(t)) = t/2 - ...

A power of what vanishes is expanded where one of its terms divides all others: c t^e (1 + v), v -> 0. Every other
function has the Taylor series that its row of `primitives` implies, F(a + h) = F(a) + int F'(a + h) dh, order by
order. What has no expansion of this kind is refused, never guessed: `Unknown`; what has no real value, `Outside`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from chainopt.technology.primitives import ROWS

_DEGREE = 8
_TERMS = 24
_DOUBT = 1e-10
_ROUNDING = 1e-15
_DENOMINATOR = 1000
_EXACT = math.inf
_ENDS = {"asin", "acos"}
Powers = tuple[Fraction, ...]


class Unknown(ArithmeticError):
    """There may be an expansion, but none of this kind."""


class Outside(ArithmeticError):
    """No real value on this side."""


class Expansion(NDArrayOperatorsMixin):
    """c_k by powers e_k of the variables, without those of a total degree of `order` and more."""

    __slots__ = ("count", "order", "terms")

    def __init__(self, terms: Mapping[Powers, float], count: int, order: float | Fraction = _EXACT):
        if any(sum(powers) > _DEGREE for powers in terms):
            order = min(order, _DEGREE)
        self.terms = {powers: c for powers, c in terms.items() if c != 0.0 and sum(powers) < order}
        self.count, self.order = count, order
        if not all(map(math.isfinite, self.terms.values())):
            raise Unknown("a coefficient is not finite")

    @property
    def constant(self) -> float:
        """The value at t = 0."""
        return self.terms.get((Fraction(0),) * self.count, 0.0)

    @property
    def least(self) -> float | Fraction:
        """The least total degree that it may have."""
        return min((sum(powers, Fraction(0)) for powers in self.terms), default=self.order)

    @property
    def fixed(self) -> bool:
        """Whether it is its constant, exactly."""
        return self.order == _EXACT and all(not any(powers) for powers in self.terms)

    def at(self, value: float) -> Expansion:
        """The same but for its constant."""
        return Expansion(self.terms | {(Fraction(0),) * self.count: value}, self.count, self.order)

    def moving(self) -> Expansion:
        """The same without its constant."""
        return self.at(0.0)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any) -> Any:
        return apply(_NAMES[ufunc], [as_expansion(value, self.count) for value in inputs])


def as_expansion(value: Any, count: int) -> Expansion:
    """A number as an expansion in this many variables; an expansion as it is."""
    return value if isinstance(value, Expansion) else Expansion({(Fraction(0),) * count: float(value)}, count)


def variable(value: float, slope: float, which: int = 0, count: int = 1) -> Expansion:
    """value + slope t, t being one of so many variables."""
    zero = (Fraction(0),) * count
    return Expansion({zero: value, (*zero[:which], Fraction(1), *zero[which + 1 :]): slope}, count)


def apply(name: str, of: Sequence[Expansion]) -> Expansion:
    """A primitive of expansions. Raises Unknown and Outside."""
    if all(each.fixed for each in of):
        return as_expansion(_value(name, *(each.constant for each in of)), of[0].count)
    if name in _RINGS:
        return _RINGS[name](*of)
    if name in _ENDS and abs(of[0].constant) == 1.0:
        return _at_the_end(name, of[0])
    if name == "min":
        raise Unknown("a minimum")
    start = of[0].constant
    return _composed(lambda most: _taylor(name, start, most), of[0].moving(), abs(start))


def _value(name: str, *of: float) -> float:
    with np.errstate(all="ignore"):
        value = ROWS[name].value(*map(np.float64, of))
    if not np.isfinite(value):
        raise Outside(f"{name} has no value")
    return float(value)


def _add(a: Expansion, b: Expansion) -> Expansion:
    parts = {powers: (a.terms.get(powers, 0.0), b.terms.get(powers, 0.0)) for powers in a.terms | b.terms}
    return _summed(parts, a.count, min(a.order, b.order))


def _negate(a: Expansion) -> Expansion:
    return Expansion({powers: -c for powers, c in a.terms.items()}, a.count, a.order)


def _multiply(a: Expansion, b: Expansion) -> Expansion:
    found: dict[Powers, list[float]] = {}
    for left, c in a.terms.items():
        for right, d in b.terms.items():
            powers = tuple(p + q for p, q in zip(left, right, strict=True))
            found.setdefault(powers, []).append(c * d)
    # A zero has no least degree: nothing of the other's rest is left.
    orders = [x.order + y.least for x, y in ((a, b), (b, a)) if x.order < _EXACT and y.least < _EXACT]
    return _summed(found, a.count, min(orders, default=_EXACT))


def _summed(parts: Mapping[Powers, Sequence[float]], count: int, order: float | Fraction) -> Expansion:
    """Terms from their parts; where what is left of a difference may be rounding, that term is no longer known."""
    total = {powers: math.fsum(each) for powers, each in parts.items()}
    doubtful = (
        sum(powers)
        for powers, c in total.items()
        if any(powers) and 0.0 < abs(c) <= _DOUBT * max(map(abs, parts[powers]))
    )
    return Expansion(total, count, min(order, min(doubtful, default=_EXACT)))


def _power(a: Expansion, b: Expansion) -> Expansion:
    if b.fixed:
        return _raised(a, _fraction(b.constant))
    if a.constant > 0.0:
        return apply("exp", [_multiply(b, apply("log", [a]))])
    if a.constant < 0.0:
        raise Outside("a power of a negative number")
    if b.constant <= 0.0:
        raise Unknown("a power of 0 whose exponent is 0")
    if a.fixed:
        return a
    _signed(_leading(a)[1], Fraction(1, 2))
    # Its logarithm times a small exponent is no power of t, but smaller than any.
    return Expansion({}, a.count, Fraction(b.constant) * Fraction(a.least) * (1 - Fraction(1, 10**9)))


def _raised(a: Expansion, power: Fraction) -> Expansion:
    """a^power: about its constant, or about the term that divides all others."""
    start, slope = a.constant, float(power)
    if start != 0.0:
        _signed(start, power)
        first = _value("power", start, slope)
        return _composed(lambda most: _binomial(slope, start, first, most), a.moving())
    if a.fixed and power > 0:
        return a
    if power < 0:
        raise Outside("division by zero")
    powers, c = _leading(a)
    first = _value("power", _signed(c, power), slope)
    ratio = {tuple(p - q for p, q in zip(other, powers, strict=True)): d / c for other, d in a.terms.items()}
    rest = Expansion(ratio, a.count, a.order - sum(powers)).moving()
    factor = _composed(lambda most: _binomial(slope, 1.0, 1.0, most), rest)
    return _multiply(factor, Expansion({tuple(p * power for p in powers): first}, a.count))


def _signed(c: float, power: Fraction) -> float:
    """c, where it has a real power."""
    if c < 0.0 and power.denominator != 1:
        raise Outside("a broken power of a negative number")
    return c


def _leading(a: Expansion) -> tuple[Powers, float]:
    """The term that divides all others, whatever they are."""
    if not a.terms or (a.count > 1 and a.order < _EXACT):
        raise Unknown("what comes first is beyond what is expanded")
    powers = min(a.terms, key=sum)
    if any(p < q for other in a.terms for p, q in zip(other, powers, strict=True)):
        raise Unknown("no term comes first")
    return powers, a.terms[powers]


def _at_the_end(name: str, a: Expansion) -> Expansion:
    """asin and acos where they end: acos(1 - u) = 2 asin(sqrt(u/2)), and its mirror images."""
    end = a.constant
    half = _raised(_multiply(a.moving(), as_expansion(-0.5 * end, a.count)), Fraction(1, 2))
    angle = _multiply(apply("asin", [half]), as_expansion(2.0 * end, a.count))
    if name == "acos":
        return angle.at(math.acos(end))
    return _negate(angle).at(math.asin(end))


def _composed(coefficients: Callable[[int], Sequence[float]], moving: Expansion, start: float = 0.0) -> Expansion:
    """sum_k c_k v^k, by Horner's rule, of a v that vanishes with t; coefficients(most) gives c_0 to c_most.

    start: how large the rounded number is about which that is a series: its rounding moves c_k by that of c_k+1.
    """
    if not moving.least > 0:
        raise Unknown("what should vanish does not")
    known = min(moving.order, _DEGREE + 1)
    most = max(0, min(_TERMS, math.ceil(known / moving.least) - 1))
    c = coefficients(most)
    total = as_expansion(c[-1], moving.count)
    for each in reversed(c[:-1]):
        total = _multiply(total, moving)
        total = total.at(each)
    doubtful = (k for k in range(1, most) if start and abs(c[k]) <= _ROUNDING * start * (k + 1) * abs(c[k + 1]))
    rest = moving.least * next(doubtful, most + 1) if moving.terms else moving.order
    return Expansion(total.terms, total.count, min(total.order, moving.order, rest))


def _binomial(power: float, start: float, first: float, most: int) -> list[float]:
    """The Taylor series of a^power about a = start, where it is `first`."""
    c = [first]
    for k in range(most):
        c.append(c[-1] * (power - k) / ((k + 1) * start))
    return c


@lru_cache(maxsize=4096)
def _taylor(name: str, start: float, most: int) -> tuple[float, ...]:
    """c_0 to c_most of F(start + h): each order of F is the integral of the one before of its partial."""
    first = _value(name, start)
    partial = ROWS[name].partials[0]
    c = [first]
    for k in range(1, most + 1):
        value = Expansion({(Fraction(n),): d for n, d in enumerate(c)}, 1, k)
        slope = as_expansion(partial(value, Expansion(variable(start, 1.0).terms, 1, k)), 1)
        c.append(slope.terms.get((Fraction(k - 1),), 0.0) / k)
    return tuple(c)


def _fraction(power: float) -> Fraction:
    """The exponent that was meant: a third is 1/3, not its 53 bits."""
    near = Fraction(power).limit_denominator(_DENOMINATOR)
    return near if float(near) == power else Fraction(power)


_RINGS: dict[str, Callable[..., Expansion]] = {
    "add": _add,
    "subtract": lambda a, b: _add(a, _negate(b)),
    "negate": _negate,
    "multiply": _multiply,
    "divide": lambda a, b: _multiply(a, _raised(b, Fraction(-1))),
    "power": _power,
    "sqrt": lambda a: _raised(a, Fraction(1, 2)),
}
_NAMES: dict[Any, str] = {row.value: name for name, row in ROWS.items() if row.function} | {
    np.add: "add",
    np.subtract: "subtract",
    np.negative: "negate",
    np.multiply: "multiply",
    np.divide: "divide",
    np.power: "power",
}
