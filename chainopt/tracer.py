"""Numbers that write down what is done with them: the steps of any Python function, as it runs.

A Tracer stands for a number; every operation on it appends a step to its recording, with the place in the code
that asked for it. Branches see the number itself. What would lose the trace (`int(x)`, a text of it, a function
without a rule) raises TraceError at its line, and so does a comparison of equal values, where the function has
a kink. The operations are the rows of `primitives`; other functions of `math` and NumPy are written in them.
"""

from __future__ import annotations

import linecache
import math
import numbers
import operator
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

import numpy as np

from chainopt.primitives import PRIMITIVES
from chainopt.tape import CONSTANT, INPUT, Tape

MAX_STEPS = 5_000_000
_DIGITS = 1e-11
_OUTSIDE = (str(Path(__file__).parent), str(Path(np.__file__).parent))


class TraceError(ValueError):
    """A function that can't be followed: where (file, line), what, and what to do.

    line is None where no line is to blame.
    """

    def __init__(self, what: str, file: str = "", line: int | None = None, function: str = ""):
        self.what, self.file, self.line = what, file, line
        place = f"{Path(file).name}:{line}" if line else Path(file).name
        source = linecache.getline(file, line).strip() if line else ""
        where = [part for part in (place, f"in {function}" if function else "", source) if part]
        super().__init__(": ".join([*where, what]))


Branch = tuple[Callable[[Any, Any], bool], int, int, bool, bool]
"""A comparison, the two steps compared, how it came out, and whether equal values are a kink."""


class Recording:
    """The steps of one trace while it runs; `level` counts the traces that it runs within.

    codes and instructions say where each step was asked for; None for inputs and constants.
    """

    __slots__ = (
        "arguments",
        "branches",
        "codes",
        "constants",
        "ended",
        "home",
        "inputs",
        "instructions",
        "level",
        "limit",
        "names",
        "operations",
        "values",
    )

    def __init__(self, home: str = "", level: int = 0, limit: int = MAX_STEPS):
        self.home, self.level, self.limit = home, level, limit
        self.operations: list[str] = []
        self.arguments: list[tuple[int, ...]] = []
        self.values: list[Any] = []
        self.codes: list[CodeType | None] = []
        self.instructions: list[int] = []
        self.constants: dict[Any, int] = {}
        self.names: dict[int, str] = {}
        self.inputs: dict[str, int] = {}
        self.branches: list[Branch] = []
        self.ended = False

    def input(self, name: str, value: Any) -> Tracer:
        """A number to trace; all inputs come before any step, each with a name of its own."""
        if not math.isfinite(plain(value)):
            raise TraceError(f"the argument {name} is {plain(value)}: give it a finite number")
        unique, count = name, 1
        while unique in self.inputs:
            count += 1
            unique = f"{name}_{count}"
        self.inputs[unique] = len(self.values)
        self.names[len(self.values)] = unique
        return self._append(INPUT, (), value)

    def constant(self, value: Any) -> int:
        """The step that is this number; a number of an outer trace is a constant to this one."""
        if value.__class__ is not Tracer:
            value = float(value)
        elif value.recording.ended:
            value.recording.stop(sys._getframe(1))
        key = value if value.__class__ is float else (Tracer, id(value))
        if key not in self.constants:
            self.constants[key] = self._append(CONSTANT, (), value).index
        return self.constants[key]

    def leaf(self, operation: str, name: str, value: Any) -> Tracer:
        """A step that reads none yet: the `again` of a loop, closed by `close`."""
        self.names[len(self.values)] = name
        return self._append(operation, (), value)

    def step_of(self, value: Any) -> int:
        """The step of a value: its own, or that of a constant."""
        return value.index if value.__class__ is Tracer and value.recording is self else self.constant(value)

    def tape(self, outputs: Sequence[int]) -> Tape:
        """The steps so far, with these as outputs."""
        count = next((i for i, name in enumerate(self.operations) if name != INPUT), len(self.operations))
        constants = {step: self.values[step] for step in self.constants.values()}
        names = tuple(self.names[i] for i in range(count))
        return Tape(names, tuple(self.operations), tuple(self.arguments), constants, tuple(outputs))

    def end(self) -> None:
        """Take no further step."""
        self.ended, self.limit = True, 0

    def close(self, leaf: Tracer, source: Any) -> None:
        """Say which step an `again` step repeats."""
        self.arguments[leaf.index] = (self.step_of(source),)

    def name(self, value: Any, name: str) -> Any:
        """Name the step of a value, where it has one without a name."""
        if value.__class__ is Tracer and self.operations[value.index] not in (INPUT, CONSTANT):
            self.names.setdefault(value.index, name)
        return value

    def _append(self, operation: str, arguments: tuple[int, ...], value: Any) -> Tracer:
        index = len(self.values)
        self.operations.append(operation)
        self.arguments.append(arguments)
        self.values.append(value)
        self.codes.append(None)
        self.instructions.append(0)
        return Tracer(self, index, value)

    def step(self, operation: str, arguments: tuple[int, ...], value: Any, frame: FrameType) -> Tracer:
        """Append an operation asked for in this frame, or in the first caller of it that is the user's."""
        code = frame.f_code
        if code.co_filename is not self.home and code.co_filename.startswith(_OUTSIDE):
            frame = _users(frame)
            code = frame.f_code
        index = len(self.values)
        if index >= self.limit:
            self.stop(frame)
        self.operations.append(operation)
        self.arguments.append(arguments)
        self.values.append(value)
        self.codes.append(code)
        self.instructions.append(frame.f_lasti)
        return Tracer(self, index, value)

    def branch(self, compared: Callable[[Any, Any], bool], left: Any, right: Any, kink: bool = True) -> bool:
        """Record how a comparison comes out; equal values are a kink, unless the function has none there."""
        if len(self.branches) >= self.limit:
            self.stop(_users(sys._getframe(1)))
        a, b = plain(left), plain(right)
        i, j = self.step_of(left), self.step_of(right)
        kink = kink and i != j
        if kink and a == b:
            _refuse(
                f"a comparison of equal values, {a:.6g} and {b:.6g}: the function has a kink here, and its "
                "derivative depends on the side; move the argument off it"
            )
        outcome = bool(compared(a, b))
        self.branches.append((compared, i, j, outcome, kink))
        return outcome

    def stop(self, frame: FrameType) -> NoReturn:
        """No more steps: the limit is reached, or the trace has ended."""
        if self.ended:
            _refuse(
                "a number of a trace that has ended is used: a traced function must not keep its numbers", frame
            )
        _refuse(
            f"{self.limit:,} steps were traced and the function has not ended: a loop without end? "
            "If not, raise max_steps",
            frame,
        )


class Tracer:
    """A number of a traced function. It computes as the number does; see the module for what it refuses."""

    __slots__ = ("index", "recording", "value")
    __hash__ = object.__hash__

    def __init__(self, recording: Recording, index: int, value: Any):
        self.recording, self.index, self.value = recording, index, value

    def __repr__(self) -> str:
        return f"<traced {self.value!r}>"

    def __format__(self, form: str) -> str:
        if form:
            _refuse("a number as text is no longer traced: print it without a format, or after the trace")
        return repr(self)

    def __pos__(self) -> Tracer:
        return self

    def __neg__(self) -> Tracer:
        return _unary("negate", self)

    def __abs__(self) -> Tracer:
        return -self if self.recording.branch(operator.lt, self, 0.0) else self

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            _refuse("pow with a modulus has no derivative")
        return 1.0 if other.__class__ in (int, float) and other == 0 else _binary("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        flat = other.__class__ in (int, float) and other == 0 and plain(self) > 0
        return 0.0 if flat else _binary("power", other, self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and not options:
            if any(isinstance(value, np.ndarray) and value.dtype == object for value in inputs) or any(
                isinstance(value, np.ndarray) and value.ndim for value in inputs
            ):
                return ufunc(*map(_as_object, inputs))
            if ufunc in _UFUNCS:
                return _UFUNCS[ufunc](*map(_scalar, inputs))
        shown = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        _refuse(f"np.{shown} has no rule here: write it with {_ALLOWED}")

    @property
    def real(self) -> Tracer:
        """The number itself, as of any real number."""
        return self

    @property
    def imag(self) -> float:
        """0, as of any real number."""
        return 0.0

    def conjugate(self) -> Tracer:
        """The number itself, as of any real number."""
        return self


numbers.Real.register(Tracer)


def plain(value: Any) -> Any:
    """The number that a value stands for, whatever traces it runs in."""
    while value.__class__ is Tracer:
        value = value.value
    return value


def _users(frame: FrameType) -> FrameType:
    """The frame, or the first of its callers, that is neither this package's nor NumPy's."""
    at: FrameType | None = frame
    while at is not None and at.f_code.co_filename.startswith(_OUTSIDE):
        at = at.f_back
    return at or frame


def users_frame(error: BaseException) -> FrameType:
    """The innermost frame of the user's that an exception came through."""
    at, found = error.__traceback__, None
    while at is not None:
        if not at.tb_frame.f_code.co_filename.startswith(_OUTSIDE):
            found = at.tb_frame
        at = at.tb_next
    assert found is not None
    return found


def _refuse(what: str, frame: FrameType | None = None) -> NoReturn:
    frame = _users(frame or sys._getframe(1))
    code = frame.f_code
    raise TraceError(what, code.co_filename, frame.f_lineno, code.co_name) from None


def _binary(operation: str, left: Any, right: Any) -> Any:
    """Record an operation of two operands, at least one of them a tracer; NotImplemented for what is no number."""
    recording: Recording
    if left.__class__ is Tracer:
        recording = left.recording
        if right.__class__ is Tracer and right.recording.level > recording.level:
            recording = right.recording
    else:
        recording = right.recording
    if left.__class__ is Tracer and left.recording is recording:
        i, a = left.index, left.value
    elif left.__class__ is float or isinstance(left, numbers.Real):
        i = recording.constant(left)
        a = recording.values[i]
    else:
        return NotImplemented
    if right.__class__ is Tracer and right.recording is recording:
        j, b = right.index, right.value
    elif right.__class__ is float or isinstance(right, numbers.Real):
        j = recording.constant(right)
        b = recording.values[j]
    else:
        return NotImplemented
    try:
        value = _INFIX[operation](a, b)
    except ArithmeticError:
        _no_value(PRIMITIVES[operation].symbol, plain(a), plain(b))
    if value.__class__ is complex:
        _no_value("^", plain(a), plain(b))
    return recording.step(operation, (i, j), value, sys._getframe(2))


def _unary(operation: str, x: Tracer) -> Tracer:
    """Record an operation of one tracer."""
    function = _SCALAR[operation] if x.value.__class__ is not Tracer else lambda value: _unary(operation, value)
    try:
        value = function(x.value)
    except (ArithmeticError, ValueError) as error:
        if isinstance(error, TraceError):
            raise
        _no_value(operation, plain(x))
    return x.recording.step(operation, (x.index,), value, sys._getframe(2))


def _no_value(operation: str, *operands: float) -> NoReturn:
    given = ", ".join(f"{operand:.6g}" for operand in operands)
    if operation == "/":
        _refuse(f"division by zero: {operands[0]:.6g} / 0")
    if operation == "^":
        given = " ^ ".join(f"({operand:.6g})" if operand < 0 else f"{operand:.6g}" for operand in operands)
        _refuse(f"{given} is no finite real number")
    _refuse(f"{operation}({given}) is no finite real number")


_INFIX: dict[str, Callable[..., Any]] = {name: row.value for name, row in PRIMITIVES.items() if not row.function}
_SCALAR: dict[str, Callable[..., Any]] = {"negate": operator.neg} | {
    name: getattr(math, name) for name, row in PRIMITIVES.items() if row.function and name != "min"
}
_ALLOWED = "+ - * / ** and the functions " + ", ".join(name for name in _SCALAR if name != "negate")


def _add_operators() -> None:
    for name, short in (("add", "add"), ("subtract", "sub"), ("multiply", "mul"), ("divide", "truediv")):

        def forward(self: Tracer, other: Any, name: str = name) -> Any:
            return _binary(name, self, other)

        def reflected(self: Tracer, other: Any, name: str = name) -> Any:
            # A sum begins with 0: that is no step.
            return self if name == "add" and other.__class__ is int and other == 0 else _binary(name, other, self)

        setattr(Tracer, f"__{short}__", forward)
        setattr(Tracer, f"__r{short}__", reflected)

    for comparison in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):

        def compare(self: Tracer, other: Any, compared: Any = comparison) -> Any:
            if not isinstance(other, numbers.Real):
                return NotImplemented
            return self.recording.branch(compared, self, other)

        setattr(Tracer, f"__{comparison.__name__}__", compare)
    for short, shown in (
        ("float", "float(x), or a function without a rule here,"),
        ("int", "int(x)"),
        ("index", "a count or an index"),
        ("complex", "complex(x)"),
        ("trunc", "math.trunc(x)"),
        ("floor", "math.floor(x)"),
        ("ceil", "math.ceil(x)"),
        ("round", "round(x)"),
        ("floordiv", "x // y"),
        ("rfloordiv", "x // y"),
        ("mod", "x % y"),
        ("rmod", "x % y"),
        ("divmod", "divmod"),
        ("rdivmod", "divmod"),
    ):

        def lost(self: Tracer, *_: Any, shown: str = shown, short: str = short) -> NoReturn:
            advice = {
                "float": f"write it with {_ALLOWED}, called as math.name(x) or np.name(x); a function of math in "
                "a list, a class, a default or a partial is not followed, and an array of floats holds no traced "
                "numbers (make it of dtype=object)",
                "index": "hold the argument fixed (fixed=..., on the command line --fix)",
                "complex": "only real numbers are traced",
            }.get(short, "it jumps and has no derivative; compute it from what is not traced")
            _refuse(f"{shown} would lose the trace: {advice}")

        setattr(Tracer, f"__{short}__", lost)


_add_operators()


def primitive(operation: str) -> Callable[[Any], Any]:
    """A primitive of one argument, for tracers and numbers alike."""

    def call(x: Any) -> Any:
        return _unary(operation, x) if x.__class__ is Tracer else _SCALAR[operation](x)

    return call


_sqrt, _log, _exp, _atan, _sinh = map(primitive, ("sqrt", "log", "exp", "atan", "sinh"))


def _logarithm(x: Any, base: Any = None) -> Any:
    return _log(x) if base is None else _log(x) / _log(base)


def _hypot(*x: Any) -> Any:
    return _sqrt(sum(value * value for value in x))


def _dist(p: Any, q: Any) -> Any:
    return _hypot(*(a - b for a, b in zip(p, q, strict=True)))


def _asinh(x: Any) -> Any:
    return -_asinh(-x) if _less(x, 0.0) else _log(x + _sqrt(x * x + 1.0))


def _atan2(y: Any, x: Any) -> Any:
    left, below = _less(x, 0.0), _less(y, 0.0)
    if plain(x) == plain(y) == 0:
        _refuse("atan2(0, 0) has no derivative")
    if _less(-x if left else x, -y if below else y):
        return (-0.5 * math.pi if below else 0.5 * math.pi) - _atan(x / y)
    if not left:
        return _atan(y / x)
    return _atan(y / x) + (-math.pi if below else math.pi)


def _expm1(x: Any) -> Any:
    return 2.0 * _exp(0.5 * x) * _sinh(0.5 * x)


def _cbrt(x: Any) -> Any:
    return -((-x) ** (1 / 3)) if _less(x, 0.0) else x ** (1 / 3)


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


def _larger(a: Any, b: Any) -> Any:
    return a if a > b else b


def _smaller(a: Any, b: Any) -> Any:
    return a if a < b else b


def _asked(function: Callable[..., bool]) -> Callable[..., bool]:
    """A question about one number or two, whose answer steers the trace as a comparison does."""

    def ask(x: Any, y: Any = None, **options: Any) -> bool:
        if y is None:
            return bool(x.recording.branch(lambda a, b: function(a), x, x, kink=False))
        recording = x.recording if x.__class__ is Tracer else y.recording
        return bool(recording.branch(lambda a, b: function(a, b, **options), x, y, kink=False))

    return ask


_MATH: dict[str, Callable[..., Any]] = {name: primitive(name) for name in _SCALAR if name != "negate"} | {
    "log": _logarithm,
    "log2": lambda x: _log(x) / math.log(2.0),
    "log1p": lambda x: _log(1.0 + x),
    "exp2": lambda x: 2.0**x,
    "expm1": _expm1,
    "pow": operator.pow,
    "cbrt": _cbrt,
    "fabs": abs,
    "hypot": _hypot,
    "dist": _dist,
    "fsum": sum,
    "asinh": _asinh,
    "acosh": lambda x: _log(x + _sqrt(x * x - 1.0)),
    "atanh": lambda x: 0.5 * _log((1.0 + x) / (1.0 - x)),
    "atan2": _atan2,
    "degrees": lambda x: x * (180.0 / math.pi),
    "radians": lambda x: x * (math.pi / 180.0),
    "copysign": _copysign,
    "isfinite": _asked(math.isfinite),
    "isinf": _asked(math.isinf),
    "isnan": _asked(math.isnan),
    "isclose": _asked(math.isclose),
}
"""What a function of `math` does with tracers; those of one primitive are its row."""

_QUESTIONS = ("isfinite", "isinf", "isnan", "isclose")


def _checked(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function written in smaller steps; refuses where they lose the digits that the function itself keeps."""
    exact = getattr(math, name, None)

    def call(*arguments: Any) -> Any:
        result = rule(*arguments)
        if exact is None:
            return result
        try:
            known = exact(*([plain(v) for v in x] if isinstance(x, list) else plain(x) for x in arguments))
        except (ArithmeticError, ValueError):
            return result
        if not abs(plain(result) - known) <= _DIGITS * abs(known):
            _refuse(
                f"{name} is traced in smaller steps, which lose its digits here: {plain(result)!r} for {known!r}"
            )
        return result

    return call


_MATH |= {
    name: _checked(name, rule)
    for name, rule in _MATH.items()
    if name not in _QUESTIONS and (name not in _SCALAR or name == "log")
}

_UFUNCS: dict[Any, Callable[..., Any]] = {
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
    np.maximum: _larger,
    np.minimum: _smaller,
    np.fmax: _larger,
    np.fmin: _smaller,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.arcsin: _MATH["asin"],
    np.arccos: _MATH["acos"],
    np.arctan: _MATH["atan"],
    np.arcsinh: _MATH["asinh"],
    np.arccosh: _MATH["acosh"],
    np.arctanh: _MATH["atanh"],
    np.arctan2: _MATH["atan2"],
} | {
    getattr(np, name): rule
    for name, rule in _MATH.items()
    if isinstance(getattr(np, name, None), np.ufunc)
    and name not in ("pow", "asin", "acos", "atan", "asinh", "acosh")
}

for _ufunc, _rule in _UFUNCS.items():
    # NumPy calls the method of this name on each element of an array of objects.
    if not hasattr(Tracer, _ufunc.__name__):
        setattr(Tracer, _ufunc.__name__, _rule)


def _scalar(value: Any) -> Any:
    """A NumPy scalar, or an array of no dimension, as the Python number that it is."""
    if isinstance(value, np.ndarray):
        value = value[()]
    return value.item() if isinstance(value, np.generic) else value


def _as_object(value: Any) -> Any:
    if value.__class__ is not Tracer:
        return value
    cell = np.empty((), dtype=object)
    cell[()] = value
    return cell


def _following(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `math` that follows tracers, and is the old one for anything else."""
    original = getattr(math, name)
    takes_lists = name in ("fsum", "dist")

    def call(*arguments: Any, **options: Any) -> Any:
        if takes_lists:
            arguments = tuple(map(list, arguments))
        given = chain.from_iterable(arguments) if takes_lists else arguments
        traced = any(number.__class__ is Tracer for number in given)
        return (rule if traced else original)(*arguments, **options)

    call.__name__ = call.__qualname__ = name
    return call


_FOLLOWING = {getattr(math, name): _following(name, rule) for name, rule in _MATH.items() if hasattr(math, name)}
_swapping = threading.Lock()
_running: list[Callable[..., Any]] = []
_without: dict[str, int] = {}
_restore: list[tuple[dict[str, Any], str, Any]] = []


@contextmanager
def following(function: Callable[..., Any]) -> Iterator[None]:
    """While it lasts, the functions of `math` follow tracers, under whatever global names modules hold them.

    They have no protocol of their own by which a number could see that it is given to them. Given plain numbers
    they are what they were.
    """
    with _swapping:
        if not _running:
            for name, module in list(sys.modules.items()):
                names = getattr(module, "__dict__", {})
                # Most modules hold none, and look the same as when they were last searched.
                if _without.get(name) != len(names) and not _swap(names):
                    _without[name] = len(names)
        _swap(getattr(function, "__globals__", {}))
        _running.append(function)
    cells = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        if _is_key(held):
            cell.cell_contents = _FOLLOWING[held]
            cells.append((cell, held))
    try:
        yield
    finally:
        for cell, held in cells:
            cell.cell_contents = held
        with _swapping:
            _running.remove(function)
            while _restore and not _running:
                names, name, held = _restore.pop()
                names[name] = held


def followed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function itself; of `math`, the one that follows tracers."""
    return _FOLLOWING.get(function, function) if _is_key(function) else function


def depth() -> int:
    """How many traces are running."""
    return len(_running)


_IDENTITIES = {id(function) for function in _FOLLOWING}


def _is_key(held: Any) -> bool:
    return id(held) in _IDENTITIES


def _swap(names: dict[str, Any]) -> bool:
    """Put what follows tracers in the place of the functions of `math`; whether there were any."""
    if names is globals() or _IDENTITIES.isdisjoint(map(id, names.values())):
        return False
    for name, held in list(names.items()):
        if _is_key(held):
            names[name] = _FOLLOWING[held]
            _restore.append((names, name, held))
    return True
