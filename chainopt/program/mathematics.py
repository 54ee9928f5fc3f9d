"""The functions of `math` and NumPy, of tracers: those that are no primitive are written in primitives.

A function in smaller steps may lose digits that the function itself keeps: then it is refused. What it asks of a
number on the way (`isnan`, a sign) is recorded as a branch.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from chainopt.program.tracer import SCALAR, UFUNCS, Tracer, plain, primitive, refuse
from chainopt.technology.primitives import ROWS

_DIGITS = 1e-11
_QUESTIONS = ("isfinite", "isinf", "isnan", "isclose")

_sqrt, _log, _exp, _atan, _log1p, _erf = map(primitive, ("sqrt", "log", "exp", "atan", "log1p", "erf"))
_SQUARES = (1e-140, 1e140)


def _hypot(*x: Any) -> Any:
    largest = max((abs(plain(value)) for value in x), default=0.0)
    if largest == 0 or _SQUARES[0] < largest < _SQUARES[1]:
        return _sqrt(sum(value * value for value in x))
    # A power of two changes no digit.
    unit = 2.0 ** min(math.frexp(largest)[1], 1000)
    return _sqrt(sum((value / unit) * (value / unit) for value in x)) * unit


def _logaddexp(a: Any, b: Any) -> Any:
    """log(e^a + e^b), which has no kink at a = b."""
    least, most = (a, b) if _less(a, b) else (b, a)
    return most + _log1p(_exp(least - most))


def _logaddexp2(a: Any, b: Any) -> Any:
    least, most = (a, b) if _less(a, b) else (b, a)
    return most + _log1p(2.0 ** (least - most)) / math.log(2.0)


def _asinh(x: Any) -> Any:
    return -_asinh(-x) if _less(x, 0.0) else _log(x + _sqrt(x * x + 1.0))


def _atan2(y: Any, x: Any) -> Any:
    left, below = _less(x, 0.0), _less(y, 0.0)
    if plain(x) == plain(y) == 0:
        refuse("atan2(0, 0) has no derivative")
    if _less(-x if left else x, -y if below else y):
        return (-0.5 * math.pi if below else 0.5 * math.pi) - _atan(x / y)
    if not left:
        return _atan(y / x)
    return _atan(y / x) + (-math.pi if below else math.pi)


def _copysign(x: Any, y: Any) -> Any:
    size = abs(x)
    below = y.recording.branch(operator.lt, y, 0.0) if y.__class__ is Tracer else math.copysign(1.0, y) < 0
    return -size if below else size


def _less(a: Any, b: Any) -> bool:
    """a < b, where the function that asks has no kink at a = b."""
    for value in (a, b):
        if value.__class__ is Tracer:
            return bool(value.recording.branch(operator.lt, a, b, kink=False))
    return bool(a < b)


def _asked(function: Callable[..., bool]) -> Callable[..., bool]:
    """A question about one number or two, whose answer steers the trace as a comparison does."""

    def ask(x: Any, y: Any = None, **options: Any) -> bool:
        if y is None:
            return bool(x.recording.branch(lambda a, b: function(a), x, x, kink=False))
        recording = x.recording if x.__class__ is Tracer else y.recording
        return bool(recording.branch(lambda a, b: function(a, b, **options), x, y, kink=False))

    return ask


MATH: dict[str, Callable[..., Any]] = {name: primitive(name) for name in SCALAR if name != "negate"} | {
    "log": lambda x, base=None: _log(x) if base is None else _log(x) / _log(base),
    "log2": lambda x: _log(x) / math.log(2.0),
    "exp2": lambda x: 2.0**x,
    "erfc": lambda x: 1.0 - _erf(x),
    "logaddexp": _logaddexp,
    "logaddexp2": _logaddexp2,
    "pow": operator.pow,
    "cbrt": lambda x: -((-x) ** (1 / 3)) if x < 0.0 else x ** (1 / 3),
    "fabs": abs,
    "hypot": _hypot,
    "dist": lambda p, q: _hypot(*(a - b for a, b in zip(p, q, strict=True))),
    "fsum": sum,
    "asinh": _asinh,
    "acosh": lambda x: _log(x + _sqrt(x * x - 1.0)),
    "atanh": lambda x: 0.5 * _log((1.0 + x) / (1.0 - x)),
    "atan2": _atan2,
    "degrees": lambda x: x * (180.0 / math.pi),
    "radians": lambda x: x * (math.pi / 180.0),
    "copysign": _copysign,
    **{name: _asked(getattr(math, name)) for name in _QUESTIONS},
}
"""What a function of `math` does with tracers; those of one primitive are its row."""


def _checked(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function written in smaller steps; refuses where they lose the digits that the function itself keeps."""
    exact = getattr(math, name, getattr(np, name, None))

    def call(*arguments: Any) -> Any:
        result = rule(*arguments)
        if exact is None:
            return result
        try:
            known = exact(*([plain(v) for v in x] if isinstance(x, list) else plain(x) for x in arguments))
        except (ArithmeticError, ValueError):
            return result
        if not abs(plain(result) - known) <= _DIGITS * abs(known):
            refuse(
                f"{name} is traced in smaller steps, which lose its digits here: {plain(result)!r} for {known!r}"
            )
        return result

    return call


MATH |= {
    name: _checked(name, rule)
    for name, rule in MATH.items()
    if name not in _QUESTIONS and (name not in SCALAR or name == "log")
}

UFUNCS |= {getattr(np, name): rule for name, rule in MATH.items() if isinstance(getattr(np, name, None), np.ufunc)}
UFUNCS |= {name: MATH[name] for name in ("erf", "erfc")} | {ROWS["erf"].value: MATH["erf"]}
UFUNCS |= dict.fromkeys((np.maximum, np.fmax), lambda a, b: a if a > b else b)
UFUNCS |= dict.fromkeys((np.minimum, np.fmin), lambda a, b: a if a < b else b)
UFUNCS |= {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.power: operator.pow,
    np.float_power: operator.pow,
    np.negative: operator.neg,
    np.positive: operator.pos,
    np.absolute: abs,
    np.square: lambda x: x * x,
    np.reciprocal: lambda x: 1.0 / x,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
}
for _ufunc, _rule in UFUNCS.items():
    # NumPy calls the method of this name on each element of an array of objects.
    if isinstance(_ufunc, np.ufunc) and not hasattr(Tracer, _ufunc.__name__):
        setattr(Tracer, _ufunc.__name__, _rule)
