"""A Python function -> the steps that it runs through, and their derivatives.

The function runs once, on tracers in place of its numbers: branches, loops and recursion go the way that they go
at these arguments. Lists, tuples, dicts, dataclasses and arrays of numbers are arguments and results as well.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import numbers
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import numpy as np

from chainopt.program import Program
from chainopt.tape import CONSTANT
from chainopt.tracer import MAX_STEPS, Recording, TraceError, Tracer, depth, following, plain, users_frame


def trace(
    function: Callable[..., Any], *, fixed: Collection[str] = (), max_steps: int = MAX_STEPS
) -> Callable[..., Program]:
    """A function of the same arguments that gives the Program which `function` runs through at them.

    Every number among the arguments given is traced, whole ones too, in whatever structure it stands; arguments
    named in `fixed`, defaults and what is no number are passed as they are. Calling the result raises TraceError,
    with file and line, for what can't be followed: a result that is no number, no number to trace, an operation
    without a value or a derivative, a function that loses the trace, a comparison of equal values, more than
    `max_steps` steps. Other exceptions of the function pass through.
    """
    names = _signature(function)
    unknown = set(fixed) - set(names.parameters) if names else set()
    if unknown:
        raise ValueError(f"{_name(function)} has no argument {', '.join(sorted(unknown))} to hold fixed")

    def traced(*arguments: Any, **named: Any) -> Program:
        given = _bound(function, arguments, named)
        held = {name: value for name, value in given.items() if name in fixed}
        free = {name: value for name, value in given.items() if name not in fixed}
        return _run(
            function,
            free,
            lambda found: _call(function, {name: (held | found)[name] for name in given}),
            max_steps,
        )

    return traced


def value_and_grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function of the same arguments that gives (value, gradient); see `grad`."""
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @wraps(function)
    def both(*arguments: Any, **named: Any) -> Any:
        order, named = _positional(function, arguments, named)
        if any(not -len(order) <= i < len(order) for i in chosen):
            raise ValueError(
                f"{_name(function)} is given {len(order)} arguments: argnums {argnums} is none of them"
            )
        given = {str(i): order[i] for i in chosen}

        def call(traced: dict[str, Any]) -> Any:
            for i, value in zip(chosen, traced.values(), strict=True):
                order[i] = value
            return function(*order, **named)

        program = _run(function, given, call, MAX_STEPS)
        if program.outputs != ("",):
            raise ValueError(f"the gradient of {_name(function)}: its result must be one number; see trace")
        slopes = iter(program.derivatives().tolist())
        found = tuple(mapped(value, lambda number, path: next(slopes), _same) for value in given.values())
        return program.value, found[0] if isinstance(argnums, int) else found

    return both


def grad(function: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function of the same arguments that gives d(result)/d(argument), in that argument's own structure.

    argnums: which argument, counted from 0, or a tuple of several, of which it then gives a tuple. The result must
    be one number. It may be traced itself: grad(grad(f)) is the second derivative. Raises TraceError as `trace`.
    """
    both = value_and_grad(function, argnums)

    @wraps(function)
    def slope(*arguments: Any, **named: Any) -> Any:
        return both(*arguments, **named)[1]

    return slope


def mapped(value: Any, leaf: Callable[[Any, str], Any], other: Callable[[Any, str], Any], path: str = "") -> Any:
    """The same structure with leaf(number, path) for each number in it, and other(value, path) for what is none.

    A path joins the names of arguments and fields, keys and places by points.
    """

    def inner(part: Any, name: Any) -> Any:
        return mapped(part, leaf, other, f"{path}.{name}" if path else str(name))

    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return leaf(value, path)
    if isinstance(value, dict):
        return {name: inner(part, name) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(inner(part, name) for name, part in zip(value._fields, value, strict=True)))
    if isinstance(value, list | tuple):
        return type(value)(inner(part, i) for i, part in enumerate(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiuO":
        parts = [inner(part, "_".join(map(str, i))) for i, part in np.ndenumerate(value)]
        if value.ndim == 0:
            return parts[0]
        result = np.empty(value.shape, dtype=object)
        result.ravel()[:] = parts
        plainly = all(isinstance(part, float) for part in parts)
        return result.astype(float) if plainly else result
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        twin = copy.copy(value)
        for item in dataclasses.fields(value):
            object.__setattr__(twin, item.name, inner(getattr(value, item.name), item.name))
        return twin
    return other(value, path)


def _run(
    function: Callable[..., Any],
    given: dict[str, Any],
    call: Callable[[dict[str, Any]], Any],
    max_steps: int,
) -> Program:
    code = getattr(inspect.unwrap(function), "__code__", None)
    file, line = (code.co_filename, code.co_firstlineno) if code else ("", None)
    title = _name(function)
    recording = Recording(home=file, level=depth(), limit=max_steps)
    arguments = {name: mapped(value, _input(recording), _same, name) for name, value in given.items()}
    inputs = len(recording.values)
    if not inputs:
        raise TraceError("it takes no number to trace: give an argument a number", file, line, title)
    with following(function):
        try:
            result = call(arguments)
        except RecursionError as error:
            raise TraceError(
                "the recursion is deeper than Python's limit: see sys.setrecursionlimit, or write a loop",
                file,
                line,
                title,
            ) from error
        except TypeError as error:
            if "Tracer" not in str(error) and "dtype('O')" not in str(error):
                raise
            at = users_frame(error)
            what = str(error).replace("'Tracer'", "a traced number").replace("dtype('O')", "traced numbers")
            raise TraceError(what, at.f_code.co_filename, at.f_lineno, at.f_code.co_name) from error
    steps: list[int] = []
    outputs: list[str] = []

    def output(value: Any, path: str) -> Any:
        steps.append(recording.step_of(value))
        outputs.append(path)
        return value.value if value.__class__ is Tracer and value.recording is recording else value

    def refuse(value: Any, path: str) -> Any:
        shown = f"{type(value).__name__} {value!r:.40}"
        raise TraceError(f"it returns {path + ', ' if path else ''}{shown}, not a number", file, line, title)

    value = mapped(result, output, refuse)
    recording.end()
    program = Program(
        title,
        recording.tape(steps),
        recording.values,
        value,
        tuple(outputs),
        recording.codes,
        recording.instructions,
        recording.names,
        recording.branches,
    )
    _check_finite(program, file, line)
    return program


def _check_finite(program: Program, file: str, line: int | None) -> None:
    try:
        known = np.array(program.values, dtype=float)
    except TraceError:
        known = np.array([plain(value) for value in program.values], dtype=float)
    if np.isfinite(known).all():
        return
    step = int(np.flatnonzero(~np.isfinite(known))[0])
    at = program.place(step)
    what = f"the value {known[step]} is not finite"
    if program.tape.operations[step] == CONSTANT:
        what = f"it computes with {known[step]}, which is not finite"
    raise TraceError(what, at.file or file, at.line or line, program.name)


def _input(recording: Recording) -> Callable[[Any, str], Any]:
    return lambda value, path: recording.input(path, value if value.__class__ is Tracer else float(value))


def _same(value: Any, path: str) -> Any:
    return value


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    signature = _signature(function)
    if signature is None:
        return function(*arguments.values())
    bound = inspect.BoundArguments(signature, arguments)
    return function(*bound.args, **bound.kwargs)


def _bound(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments by name, as the function would take them."""
    signature = _signature(function)
    if signature is None:
        return {f"x{i}": value for i, value in enumerate(arguments)} | named
    return dict(signature.bind(*arguments, **named).arguments)


def _positional(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments by position where they have one, and the rest by name."""
    signature = _signature(function)
    if signature is None:
        return list(arguments), named
    bound = signature.bind(*arguments, **named)
    return list(bound.args), bound.kwargs


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
