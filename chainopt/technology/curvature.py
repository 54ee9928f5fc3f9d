"""Whether a formula is affine, concave or convex, by the rules of convex composition.

Inputs are amounts (never negative) unless they read a non-rival good. Each step carries its curvature, bounds
on its value, and, where it is a monomial c prod x_i^a_i of the inputs, its exponents: a monomial with
exponents >= 0 that sum to at most 1 is concave, one with exponents <= 0 is convex (c > 0).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import asin, atan, copysign, exp, inf, isfinite, log, pi, sinh, tanh

from chainopt.technology.tape import CONSTANT, INPUT, MIN, Tape

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a step: convex, concave (affine: both), its least and greatest value, its monomial."""

    convex: bool
    concave: bool
    low: float
    high: float
    monomial: tuple[float, dict[int, float]] | None = None

    @property
    def affine(self) -> bool:
        return self.convex and self.concave

    @property
    def constant(self) -> bool:
        return self.low == self.high


_ANY = Shape(False, False, -inf, inf)


def _constant(value: float) -> Shape:
    return Shape(True, True, value, value, (value, {}) if value > 0 else None)


def shapes(program: Tape, signed: list[bool]) -> list[Shape]:
    """The shape of every output of a program; signed says of each input whether it may be negative."""
    known: list[Shape] = []
    for i, (operation, arguments) in enumerate(zip(program.operations, program.arguments, strict=True)):
        of = [known[j] for j in arguments]
        if operation == INPUT:
            known.append(
                Shape(True, True, -inf, inf) if signed[i] else Shape(True, True, 0.0, inf, (1.0, {i: 1.0}))
            )
        elif operation == CONSTANT:
            known.append(_constant(program.constants[i]))
        else:
            known.append(_minimum(of) if operation == MIN else _RULES[operation](*of))
    return [known[i] for i in program.outputs]


def _add(a: Shape, b: Shape) -> Shape:
    return Shape(a.convex and b.convex, a.concave and b.concave, a.low + b.low, a.high + b.high)


def _negate(a: Shape) -> Shape:
    return Shape(a.concave, a.convex, -a.high, -a.low)


def _multiply(a: Shape, b: Shape) -> Shape:
    if b.constant:
        a, b = b, a
    if a.constant:
        factor = a.low
        low, high = sorted((_times(factor, b.low), _times(factor, b.high)))
        convex, concave = (b.convex, b.concave) if factor >= 0 else (b.concave, b.convex)
        monomial = (factor * b.monomial[0], b.monomial[1]) if factor > 0 and b.monomial else None
        return Shape(convex, concave, low, high, monomial)
    if a.monomial and b.monomial:
        exponents = dict(a.monomial[1])
        for i, power in b.monomial[1].items():
            exponents[i] = exponents.get(i, 0.0) + power
        return _monomial(a.monomial[0] * b.monomial[0], exponents)
    ends = [_times(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Shape(False, False, min(ends), max(ends))


def _divide(a: Shape, b: Shape) -> Shape:
    return _multiply(a, _power(b, _constant(-1.0)))


def _power(a: Shape, b: Shape) -> Shape:
    if not b.constant:
        if a.constant and a.low > 0:
            return _exp(_multiply(_constant(log(a.low)), b))
        return _ANY
    power = b.low
    if a.constant and a.low > 0:
        return _constant(a.low**power)
    if power == 1:
        return a
    if power == 0:
        return _constant(1.0)
    if a.monomial:
        return _monomial(a.monomial[0] ** power, {i: power * p for i, p in a.monomial[1].items()})
    if a.low < 0:
        if power == 2:
            return Shape(a.affine, False, 0.0, max(a.low**2, a.high**2))
        return _ANY
    ends = (_raise(a.low, power), _raise(a.high, power))
    if power > 1:
        return Shape(a.convex, False, *ends)
    if power > 0:
        return Shape(False, a.concave, *ends)
    return Shape(a.concave, False, ends[1], ends[0])


def _monomial(scale: float, exponents: dict[int, float]) -> Shape:
    exponents = {i: power for i, power in exponents.items() if power != 0}
    if not exponents:
        return _constant(scale)
    total = sum(exponents.values())
    rising, falling = all(p > 0 for p in exponents.values()), all(p < 0 for p in exponents.values())
    alone = len(exponents) == 1
    return Shape(
        convex=falling or (alone and total >= 1 - _ROUNDING),
        concave=rising and total <= 1 + _ROUNDING,
        low=0.0,
        high=inf,
        monomial=(scale, exponents),
    )


def _exp(a: Shape) -> Shape:
    return Shape(a.convex, False, _exponential(a.low), _exponential(a.high))


def _logarithm(a: Shape, of: float) -> Shape:
    return Shape(
        False,
        a.concave,
        log(a.low) / of if a.low > 0 else -inf,
        log(a.high) / of if 0 < a.high < inf else inf,
    )


def _sqrt(a: Shape) -> Shape:
    return _power(a if a.low >= 0 else replace(a, low=0.0, high=max(a.high, 0.0)), _constant(0.5))


def _rising(function: Callable[[float], float], bend: int, a: Shape, most: float = inf) -> Shape:
    """An odd function that rises; bend 1 where it is convex above 0 (and concave below), -1 the other way round.

    It has values from -most to most.
    """
    low, high = (function(end) if isfinite(end) else copysign(most, end) for end in (a.low, a.high))
    above, below = (a.low >= 0, a.high <= 0)[::bend]
    return Shape(a.convex and above, a.concave and below, low, high)


def _asin(a: Shape) -> Shape:
    low, high = (min(max(end, -1.0), 1.0) for end in (a.low, a.high))
    return _rising(asin, 1, replace(a, low=low, high=high))


def _acos(a: Shape) -> Shape:
    return _add(_constant(pi / 2), _negate(_asin(a)))


def _sinh(a: Shape) -> Shape:
    return _rising(lambda x: sinh(x) if abs(x) <= 710 else copysign(inf, x), 1, a)


def _cosh(a: Shape) -> Shape:
    convex = a.affine or (a.convex and a.low >= 0) or (a.concave and a.high <= 0)
    return Shape(convex, False, 1.0, inf)


def _minimum(of: list[Shape]) -> Shape:
    return Shape(
        len(of) == 1 and of[0].convex,
        all(a.concave for a in of),
        min(a.low for a in of),
        min(a.high for a in of),
    )


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def _raise(a: float, power: float) -> float:
    if a == 0:
        return 0.0 if power > 0 else inf
    if a == inf:
        return inf if power > 0 else 0.0
    return a**power


def _exponential(a: float) -> float:
    return inf if a > 700 else exp(a)


_RULES: dict[str, Callable[..., Shape]] = {
    "add": _add,
    "subtract": lambda a, b: _add(a, _negate(b)),
    "negate": _negate,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "sqrt": _sqrt,
    "log": lambda a: _logarithm(a, 1.0),
    "log10": lambda a: _logarithm(a, log(10.0)),
    "exp": _exp,
    **dict.fromkeys(("sin", "cos"), lambda a: Shape(False, False, -1.0, 1.0)),
    "tan": lambda a: _ANY,
    "asin": _asin,
    "acos": _acos,
    "atan": lambda a: _rising(atan, -1, a, pi / 2),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": lambda a: _rising(tanh, -1, a, 1.0),
}
