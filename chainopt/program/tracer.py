"""Numbers that write down what is done with them: the steps of any Python function, as it runs.

A Tracer stands for a number; every operation on it appends a step to its recording, with the place in the code
that asked for it. Branches see the number itself. What would lose the trace (`int(x)`, a text of it, a function
without a rule) raises TraceError at its line. A comparison of equal values may be a kink: it is noted as a tie
(`ties`), and judged when the function has run (`ways`). The operations are the rows of `primitives`; `mathematics`
has the other functions of `math` and NumPy.
"""

from __future__ import annotations

import linecache
import math
import numbers
import operator
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

import numpy as np

from chainopt.program.bounds import MAX_STEPS
from chainopt.program.structure import free
from chainopt.program.ties import REFUSE, SUBGRADIENT, Kink, Tie, Way
from chainopt.technology.primitives import ROWS
from chainopt.technology.tape import CONSTANT, INPUT, Edges, Tape

UFUNCS: dict[Any, Callable[..., Any]] = {}
"""What each function of NumPy does with tracers, and those of SciPy by name; `mathematics` fills it."""
_OUTSIDE = (str(Path(__file__).parents[1]), str(Path(np.__file__).parent))


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


@dataclass(slots=True, eq=False)
class Recording:
    """The steps of one trace while it runs; `level` counts the traces that it runs within.

    codes and instructions say where each step was asked for; None for inputs and constants.
    """

    home: str = ""
    level: int = 0
    limit: int = MAX_STEPS
    way: Way = field(default_factory=Way)
    kinks: str = REFUSE
    operations: list[str] = field(default_factory=list)
    arguments: list[tuple[int, ...]] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    codes: list[CodeType | None] = field(default_factory=list)
    instructions: list[int] = field(default_factory=list)
    constants: dict[Any, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)
    branches: list[Branch] = field(default_factory=list)
    folds: dict[int, int] = field(default_factory=dict)
    tied: list[int] = field(default_factory=list)
    chosen: dict[int, Kink] = field(default_factory=dict)
    outputs: tuple[int, ...] = ()
    ended: bool = False
    known_edges: Edges | None = None
    known_read: set[int] | None = None

    def input(self, name: str, value: Any) -> Tracer:
        """A number to trace; all inputs come before any step, each with a name of its own."""
        if not math.isfinite(plain(value)):
            raise TraceError(f"the argument {name} is {plain(value)}: give it a finite number")
        unique = free(name, self.inputs.__contains__)
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

    def end(self, outputs: Sequence[int]) -> Tape:
        """Take no further step: the tape of these outputs."""
        self.ended, self.limit, self.outputs = True, 0, tuple(outputs)
        return self.tape(outputs)

    def read(self) -> set[int]:
        """The steps that the outputs depend on, or a comparison of equal values, of a trace that has ended."""
        if self.known_read is None:
            self.known_read = self.tape(self.outputs).read_by([*self.outputs, *self.tied])
        return self.known_read

    def steering(self) -> list[Branch]:
        """The comparisons that what is returned depends on."""
        return [
            each for k, each in enumerate(self.branches) if k not in self.folds or self.folds[k] in self.read()
        ]

    def edges(self) -> Edges:
        """The slopes of a trace that has ended, as plain numbers."""
        if self.known_edges is None:
            self.known_edges = self.tape(()).edges(self.numbers())
        return self.known_edges

    def numbers(self) -> list[float]:
        """The values of all steps, of whatever traces they are numbers."""
        return [float(plain(value)) for value in self.values]

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
        """Record how a comparison comes out; of equal values as this way decides, unless they are no kink."""
        if len(self.branches) >= self.limit:
            self.stop(_users(sys._getframe(1)))
        a, b = plain(left), plain(right)
        i, j = self.step_of(left), self.step_of(right)
        kink = kink and i != j
        outcome = bool(compared(a, b))
        if kink and a == b and (self.kinks == REFUSE or self.way.kinks == SUBGRADIENT):
            frame = _users(sys._getframe(1))
            self.tied += (i, j)
            place = (frame.f_code, frame.f_lasti, frame.f_lineno)
            outcome = self.way.decided(Tie(*place, self, compared, i, j, a, outcome, turned=False))
        self._branched(compared, left, right, outcome, kink)
        return outcome

    def _branched(self, compared: Any, left: Any, right: Any, outcome: bool, kink: bool) -> None:
        """Note how a comparison came out, here and in the traces that this one runs within: it steers them too."""
        self.branches.append((compared, self.step_of(left), self.step_of(right), outcome, kink))
        left, right = (x.value if x.__class__ is Tracer and x.recording is self else x for x in (left, right))
        if left.__class__ is Tracer or right.__class__ is Tracer:
            innermost(left, right)._branched(compared, left, right, outcome, kink)

    def folded(self, x: Tracer) -> Tracer:
        """|x| at 0: either side, or between them a slope of 0."""
        if self.kinks == REFUSE:
            below = self.branch(operator.lt, x, 0.0)
            made: Tracer = _binary("multiply", x, -1.0 if below else 1.0)
            self.way.ties[-1].made = made.index
            made.note_fold()
            return made
        frame = _users(sys._getframe(1))
        self.branches.append((operator.eq, x.index, self.constant(0.0), True, False))
        made = _binary("multiply", x, 0.0)
        what = "abs at 0 has the slopes -1 and 1: taken as 0"
        self.chosen[made.index] = Kink(frame.f_code.co_filename, frame.f_lineno, what)
        return made

    def stop(self, frame: FrameType) -> NoReturn:
        """No more steps: the limit is reached, or the trace has ended."""
        if self.ended:
            refuse(
                "a number of a trace that has ended is used: a traced function must not keep its numbers", frame
            )
        refuse(
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
            refuse("a number as text is no longer traced: print it without a format, or after the trace")
        return repr(self)

    def __pos__(self) -> Tracer:
        """The number itself, as of any real number: its real part, and its conjugate."""
        return self

    real, imag, conjugate = property(__pos__), 0.0, __pos__

    def __neg__(self) -> Tracer:
        return _unary("negate", self)

    def note_fold(self) -> None:
        """Note that the last comparison, here and in the traces around this one, is only for this step."""
        self.recording.folds[len(self.recording.branches) - 1] = self.index
        if self.value.__class__ is Tracer:
            self.value.note_fold()

    def __abs__(self) -> Tracer:
        if plain(self) == 0:
            return self.recording.folded(self)
        return -self if self.recording.branch(operator.lt, self, 0.0) else self

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            refuse("pow with a modulus has no derivative")
        return 1.0 if _is_zero(other) else _binary("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return 0.0 if _is_zero(other) and plain(self) > 0 else _binary("power", other, self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__" and options.keys() <= {"out"}:
            places = options.get("out", ())
            if any(place.dtype != object for place in places):
                refuse(f"an array of {places[0].dtype} holds no traced numbers: make it of dtype=object")
            arrays = (value for value in inputs if isinstance(value, np.ndarray))
            if places or any(array.ndim or array.dtype == object for array in arrays):
                return ufunc(*map(_as_object, inputs), **options)
            if rule := UFUNCS.get(ufunc, UFUNCS.get(ufunc.__name__)):
                return rule(*map(_scalar, inputs))
        shown = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        refuse(f"np.{shown} has no rule here: write it with {_ALLOWED}")


numbers.Real.register(Tracer)


def plain(value: Any) -> Any:
    """The number that a value stands for, whatever traces it runs in."""
    while value.__class__ is Tracer:
        value = value.value
    return value


def innermost(left: Any, right: Any) -> Recording:
    """The recording of two operands, at least one of them a tracer, that runs within the other's."""
    traced = [value.recording for value in (left, right) if value.__class__ is Tracer]
    return max(traced, key=lambda recording: recording.level)


def _is_zero(value: Any) -> bool:
    """Whether it is a plain number, and 0."""
    return isinstance(value, numbers.Real) and value.__class__ is not Tracer and value == 0


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


def refuse(what: str, frame: FrameType | None = None) -> NoReturn:
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
        _no_value(ROWS[operation].symbol, plain(a), plain(b))
    if value.__class__ is complex:
        _no_value("^", plain(a), plain(b))
    return recording.step(operation, (i, j), value, sys._getframe(2))


def _unary(operation: str, x: Tracer) -> Tracer:
    """Record an operation of one tracer."""
    function = SCALAR[operation] if x.value.__class__ is not Tracer else lambda value: _unary(operation, value)
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
        refuse(f"division by zero: {operands[0]:.6g} / 0")
    if operation == "^":
        given = " ^ ".join(f"({operand:.6g})" if operand < 0 else f"{operand:.6g}" for operand in operands)
        refuse(f"{given} is no finite real number")
    refuse(f"{operation}({given}) is no finite real number")


_INFIX: dict[str, Callable[..., Any]] = {name: row.value for name, row in ROWS.items() if not row.function}
SCALAR: dict[str, Callable[..., Any]] = {"negate": operator.neg} | {
    name: getattr(math, name) for name, row in ROWS.items() if row.function and name != "min"
}
_ALLOWED = "+ - * / ** and the functions " + ", ".join(name for name in SCALAR if name != "negate")


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
            return innermost(self, other).branch(compared, self, other)

        setattr(Tracer, f"__{comparison.__name__}__", compare)
    for short, shown in _LOST.items():

        def lost(self: Tracer, *_: Any, shown: str = shown, short: str = short) -> NoReturn:
            refuse(f"{shown} would lose the trace: {_ADVICE.get(short, _JUMPS)}")

        setattr(Tracer, f"__{short}__", lost)


_LOST = {
    "float": "float(x), or a function without a rule here,",
    "index": "a count or an index",
    **{name: f"{name}(x)" for name in ("int", "complex", "round")},
    **{name: f"math.{name}(x)" for name in ("trunc", "floor", "ceil")},
    **dict.fromkeys(("floordiv", "rfloordiv"), "x // y"),
    **dict.fromkeys(("mod", "rmod"), "x % y"),
    **dict.fromkeys(("divmod", "rdivmod"), "divmod"),
}
"""What would lose the trace, by the method that it calls."""
_JUMPS = "it jumps and has no derivative; compute it from what is not traced"
_ADVICE = {
    "float": f"write it with {_ALLOWED}, called as math.name(x) or np.name(x); a function of math in "
    "a list, a class, a default or a partial is not followed, and an array of floats holds no traced "
    "numbers (make it of dtype=object)",
    "index": "hold the argument fixed (fixed=..., on the command line --fix)",
    "complex": "only real numbers are traced",
}
_add_operators()


def primitive(operation: str) -> Callable[[Any], Any]:
    """A primitive of one argument, for tracers and numbers alike."""

    def call(x: Any) -> Any:
        return _unary(operation, x) if x.__class__ is Tracer else SCALAR[operation](x)

    return call


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
