"""The table of functions: every operation that a step of a formula or of a traced program may use.

A row gives a primitive's value and partial derivatives in NumPy, one operation at a time, so that they work on
arrays, on tracers and on text alike. The formula parser takes its function names from here, the forward run its
values, the reverse sweep its partials, the tracer what it can follow, and the Pyomo model the function of the
same name: adding a function is adding a row, and a rule in `curvature`. A few rows are of programs alone.
"""

from __future__ import annotations

import math
import operator
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True, slots=True)
class Primitive:
    """One operation of a program: z = value(*x), dz/dx_i = partials[i](z, *x).

    symbol is how a formula writes it between its operands, "" for a function; formula, how a row of programs alone
    is written in those of formulas. What convex analysis needs to know of it stands in `curvature`.
    """

    name: str
    value: Callable[..., Array]
    partials: tuple[Callable[..., Array], ...]
    symbol: str = ""
    function: bool = True
    formula: str = ""


def _infix(name: str, symbol: str, value: Callable[..., Array], *partials: Callable[..., Array]) -> Primitive:
    return Primitive(name, value, partials, symbol=symbol, function=False)


PRIMITIVES: dict[str, Primitive] = {
    row.name: row
    for row in (
        _infix("add", "+", operator.add, lambda z, a, b: 1.0, lambda z, a, b: 1.0),
        _infix("subtract", "-", operator.sub, lambda z, a, b: 1.0, lambda z, a, b: -1.0),
        _infix("multiply", "*", operator.mul, lambda z, a, b: b, lambda z, a, b: a),
        _infix("divide", "/", operator.truediv, lambda z, a, b: 1.0 / b, lambda z, a, b: -z / b),
        _infix(
            "power",
            "^",
            operator.pow,
            lambda z, a, b: b * a ** (b - 1.0),
            lambda z, a, b: z * np.log(a),
        ),
        _infix("negate", "-", operator.neg, lambda z, a: -1.0),
        Primitive("sqrt", np.sqrt, (lambda z, a: 0.5 / z,)),
        Primitive("log", np.log, (lambda z, a: 1.0 / a,)),
        Primitive("log10", np.log10, (lambda z, a: 1.0 / (a * np.log(10.0)),)),
        Primitive("exp", np.exp, (lambda z, a: z,)),
        Primitive("sin", np.sin, (lambda z, a: np.cos(a),)),
        Primitive("cos", np.cos, (lambda z, a: -np.sin(a),)),
        Primitive("tan", np.tan, (lambda z, a: 1.0 + z * z,)),
        Primitive("asin", np.arcsin, (lambda z, a: 1.0 / np.sqrt((1.0 - a) * (1.0 + a)),)),
        Primitive("acos", np.arccos, (lambda z, a: -1.0 / np.sqrt((1.0 - a) * (1.0 + a)),)),
        Primitive("atan", np.arctan, (lambda z, a: 1.0 / (1.0 + a * a),)),
        Primitive("sinh", np.sinh, (lambda z, a: np.cosh(a),)),
        Primitive("cosh", np.cosh, (lambda z, a: np.sinh(a),)),
        Primitive("tanh", np.tanh, (lambda z, a: 1.0 / np.cosh(a) ** 2.0,)),
        Primitive("min", np.minimum.reduce, ()),
    )
}

PROGRAMS: dict[str, Primitive] = {
    row.name: row
    for row in (
        Primitive("log1p", np.log1p, (lambda z, a: 1.0 / (1.0 + a),), formula="log(1 + {0})"),
        Primitive("expm1", np.expm1, (lambda z, a: np.exp(a),), formula="2 * exp({0} / 2) * sinh({0} / 2)"),
        Primitive(
            "erf", np.frompyfunc(math.erf, 1, 1), (lambda z, a: (2.0 / math.sqrt(math.pi)) * np.exp(-(a * a)),)
        ),
    )
}
"""What programs may use and formulas may not, since solvers don't know it."""

UNKNOWN = {name for name, row in PROGRAMS.items() if not row.formula}
"""Those that can't be written in formulas either."""

ROWS: Mapping[str, Primitive] = ChainMap(PRIMITIVES, PROGRAMS)
"""Every operation that a step may be."""

SPELLINGS = {"ln": "log"} | {name: name for name, row in PRIMITIVES.items() if row.function}
"""What a formula may write before a parenthesis, and the primitive that it means."""
