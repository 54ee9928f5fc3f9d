"""Functions with known derivatives, written once for any module m with the functions of `math`.

Given math they are traced; given mpmath they are their own reference in fifty digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def essay(m: Any, x: Any) -> Any:
    """The essay's f: three companies."""
    a = m.sqrt(x)
    b = 1 - 1 / (a + 1)
    c = m.log(b)
    return c


def bell(m: Any, x: Any) -> Any:
    """The essay's g(x) = (x^2 + 1) exp(-x^2/2)."""
    return (x**2 + 1) * m.exp(-(x**2) / 2)


def newton(m: Any, a: Any) -> Any:
    """Newton's square root, by a loop."""
    x = a
    for _ in range(4):
        x = (x + a / x) / 2
    return x


def fraction(m: Any, x: Any, depth: int = 12) -> Any:
    """A continued fraction, by recursion."""
    return x if depth == 0 else x + 1 / fraction(m, x, depth - 1)


def horner(m: Any, x: Any) -> Any:
    """A polynomial by Horner's rule; its coefficients may be of either sign."""
    r: Any = 0
    for c in (3, -2, 0.5, 7):
        r = r * x + c
    return r


def logistic(m: Any, x: Any, rate: Any) -> Any:
    """The logistic map, twelve rounds."""
    for _ in range(12):
        x = rate * x * (1 - x)
    return x


def matrices(m: Any, x: Any, y: Any) -> Any:
    """The trace of a product of three matrices, as lists."""

    def product(a: list[list[Any]], b: list[list[Any]]) -> list[list[Any]]:
        return [
            [sum(p * q for p, q in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a
        ]

    a = [[x, y], [1, x * y]]
    b = [[2, -x], [y, x]]
    whole = product(product(a, b), a)
    return whole[0][0] + whole[1][1]


def euler(m: Any, y: Any, k: Any) -> Any:
    """y' = -k y + sin t by Euler's method."""
    step = 0.1
    for i in range(15):
        y = y + step * (-k * y + m.sin(i * step * k))
    return y


def branch(m: Any, x: Any) -> Any:
    """A branch, and a maximum of two."""
    y = x**3 if x < 1 else m.log(x)
    return max(y, -y) * abs(x - 5)


def in_place(m: Any, x: Any) -> Any:
    """A value updated in place, in a list."""
    values = [x, x * x, 1.0]
    for i in range(1, 3):
        values[i] += values[i - 1] * x
        values[i - 1] *= 2
    values[0] /= x + 1
    return sum(values)


def dictionary(m: Any, x: Any, y: Any) -> Any:
    """An accumulation over a dict."""
    totals: dict[str, Any] = {}
    for name, amount in (("a", x), ("b", y), ("a", x * y), ("b", m.tan(x / 4))):
        totals[name] = totals.get(name, 0) + amount
    return totals["a"] * totals["b"]


def logsumexp(m: Any, x: Any, y: Any, z: Any) -> Any:
    """log-sum-exp, with its largest taken out."""
    most = max(x, y, z)
    return most + m.log(sum(m.exp(v - most) for v in (x, y, z)))


def everything(m: Any, x: Any, y: Any) -> Any:
    """Functions of `math` that are no row of the table, and all that are."""
    u = m.sin(x) + m.cos(y) * m.atan(x) + m.asin(x / 9) - m.acos(y / 9) + m.tanh(x)
    v = m.sinh(x / 2) * m.cosh(y / 2) + m.log10(2 + x) + m.sqrt(x * y) + m.tan(y / 9)
    w = (
        m.hypot(x, y)
        + m.expm1(x / 3)
        + m.log1p(y)
        + m.atan2(y, -x)
        + m.asinh(-x)
        + m.acosh(1 + y)
        + m.atanh(x / 9)
    )
    return u * v - w / 2**x + y ** (x - 1) + (-x) ** 3


@dataclass(frozen=True)
class Case:
    """A function and the arguments at which it is tried."""

    function: Callable[..., Any]
    at: dict[str, float]

    @property
    def name(self) -> str:
        return self.function.__name__


CASES = (
    Case(essay, {"x": 4.0}),
    Case(essay, {"x": 0.01}),
    Case(bell, {"x": 1.3}),
    Case(bell, {"x": -0.4}),
    Case(newton, {"a": 2.0}),
    Case(fraction, {"x": 1.7}),
    Case(horner, {"x": -1.7}),
    Case(horner, {"x": 0.0}),
    Case(logistic, {"x": 0.3, "rate": 3.7}),
    Case(matrices, {"x": -2.0, "y": 0.7}),
    Case(euler, {"y": 1.0, "k": 0.8}),
    Case(branch, {"x": 0.6}),
    Case(branch, {"x": 7.5}),
    Case(in_place, {"x": 1.4}),
    Case(dictionary, {"x": 1.2, "y": -3.0}),
    Case(logsumexp, {"x": 1.0, "y": -2.0, "z": 0.5}),
    Case(everything, {"x": 1.1, "y": 2.3}),
)
