"""A Python function -> the steps that it runs through, and their derivatives.

The function runs once, on tracers in place of its numbers: branches, loops and recursion go the way that they go
at these arguments. Lists, tuples, dicts, dataclasses and arrays of numbers are arguments and results as well.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

import numpy as np

from chainopt.program.bounds import MAX_STEPS
from chainopt.program.following import depth, followed, following
from chainopt.program.program import Program
from chainopt.program.structure import free, mapped, same
from chainopt.program.ties import KINKS, REFUSE, Way, running, taking
from chainopt.program.tracer import Recording, TraceError, Tracer, plain, users_frame
from chainopt.program.ways import followed_all_round


def trace(
    function: Callable[..., Any],
    *,
    fixed: Collection[str] = (),
    max_steps: int = MAX_STEPS,
    kinks: str = REFUSE,
) -> Callable[..., Program]:
    """A function of the same arguments that gives the Program which `function` runs through at them.

    Every number among the arguments given is traced, whole ones too, in whatever structure it stands; arguments
    named in `fixed`, defaults and what is no number are passed as they are. Calling the result raises TraceError,
    with file and line, for what can't be followed: a result that is no number, no number to trace, an operation
    without a value or a derivative, a function that loses the trace, a kink, more than `max_steps` steps. Other
    exceptions of the function pass through.

    Where it compares equal values, the function is run again, decided otherwise: it is a kink where that changes
    the derivative. kinks="subgradient" takes a derivative there all the same, and notes it in `program.kinks`: 0
    for abs at 0, the mean of both sides where a slope without end is passed (sqrt(x^2) at 0), else that of the way
    which the program takes (max takes the first of equal ones). "refuse" raises TraceError with the line.
    """
    function = followed(function)
    _check_kinks(kinks)
    signature = _signature(function)
    known = signature.parameters if signature else {}
    unknown = set(fixed) - set(known)
    if unknown and signature and all(p.kind is not p.VAR_KEYWORD for p in known.values()):
        raise ValueError(f"{_name(function)} has no argument {', '.join(sorted(unknown))} to hold fixed")

    def traced(*arguments: Any, **named: Any) -> Program:
        given = {f"x{i}": value for i, value in enumerate(arguments)} | named
        if signature:
            given = dict(signature.bind(*arguments, **named).arguments)
        held = {name: value for name, value in given.items() if name in fixed}

        def call(found: dict[str, Any]) -> Any:
            whole = {name: (held | found)[name] for name in given}
            if signature is None:
                return function(*whole.values())
            bound = inspect.BoundArguments(signature, whole)
            return function(*bound.args, **bound.kwargs)

        moved = {name: value for name, value in given.items() if name not in fixed}
        return _run(function, moved, call, max_steps, kinks)

    return traced


def value_and_grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, kinks: str = REFUSE
) -> Callable[..., Any]:
    """A function of the same arguments that gives (value, gradient); see `grad`."""
    function = followed(function)
    _check_kinks(kinks)
    signature = _signature(function)
    asked = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @wraps(function)
    def both(*arguments: Any, **named: Any) -> Any:
        order = list(arguments)
        if signature:
            bound = signature.bind(*arguments, **named)
            order, named = list(bound.args), bound.kwargs
        chosen = [i % len(order) if -len(order) <= i < len(order) else -1 for i in asked]
        if -1 in chosen or len(set(chosen)) < len(chosen):
            raise ValueError(
                f"{_name(function)} is given {len(order)} arguments: argnums {argnums} is none of them"
            )
        names = list(signature.parameters) if signature else []
        given = {names[i] if i < len(names) else f"x{i}": order[i] for i in chosen}

        def call(traced: dict[str, Any]) -> Any:
            for i, value in zip(chosen, traced.values(), strict=True):
                order[i] = value
            return function(*order, **named)

        program = _run(function, given, call, MAX_STEPS, kinks)
        if program.outputs != ("",):
            raise ValueError(f"the gradient of {_name(function)}: its result must be one number; see trace")
        slopes = iter(program.gradient.values())
        found = tuple(mapped(value, lambda number, path: next(slopes), same) for value in given.values())
        return program.value, found[0] if isinstance(argnums, int) else found

    return both


def grad(
    function: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, kinks: str = REFUSE
) -> Callable[..., Any]:
    """A function of the same arguments that gives d(result)/d(argument), in that argument's own structure.

    argnums: which argument, counted from 0, or a tuple of several, of which it then gives a tuple. The result must
    be one number. It may be traced itself: grad(grad(f)) is the second derivative. Raises TraceError as `trace`,
    and where there is no finite derivative; kinks as there.
    """
    both = value_and_grad(function, argnums, kinks=kinks)

    @wraps(function)
    def slope(*arguments: Any, **named: Any) -> Any:
        return both(*arguments, **named)[1]

    return slope


def _run(
    function: Callable[..., Any],
    given: dict[str, Any],
    call: Callable[[dict[str, Any]], Any],
    max_steps: int,
    kinks: str,
) -> Program:
    """The program, by as many runs as its comparisons of equal values ask for; a trace within one runs along."""
    within = running()
    if within is not None:
        return _run_once(function, given, call, max_steps, kinks, within)

    def along(way: Way) -> Program:
        with taking(way):
            return _run_once(function, given, call, max_steps, kinks, way)

    return followed_all_round(along, kinks)


def _run_once(
    function: Callable[..., Any],
    given: dict[str, Any],
    call: Callable[[dict[str, Any]], Any],
    max_steps: int,
    kinks: str,
    way: Way,
) -> Program:
    code = getattr(inspect.unwrap(function), "__code__", None)
    file, line = (code.co_filename, code.co_firstlineno) if code else ("", None)
    title = _name(function)
    recording = Recording(home=file, level=depth(), limit=max_steps, way=way, kinks=kinks)

    def input(value: Any, path: str) -> Tracer:
        return recording.input(path, value if value.__class__ is Tracer else float(value))

    arguments = {name: mapped(value, input, same, name) for name, value in given.items()}
    if not recording.values:
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
        except (TypeError, AttributeError) as error:
            if not any(sign in str(error) for sign in ("Tracer", "dtype('O')", "ufunc '")):
                raise
            at = users_frame(error)
            what = str(error).replace("'Tracer'", "a traced number").replace("dtype('O')", "traced numbers")
            raise TraceError(what, at.f_code.co_filename, at.f_lineno, at.f_code.co_name) from error
    steps: list[int] = []
    outputs: dict[str, int] = {}

    def output(value: Any, path: str) -> int:
        outputs[free(path, outputs.__contains__)] = number = len(steps)
        steps.append(recording.step_of(value))
        return number

    def refuse(value: Any, path: str) -> Any:
        shown = f"{type(value).__name__} {value!r:.40}"
        raise TraceError(f"it returns {path + ', ' if path else ''}{shown}, not a number", file, line, title)

    structure = mapped(result, output, refuse)
    program = Program(
        title,
        recording.end(steps),
        recording.values,
        structure,
        tuple(outputs),
        recording.codes,
        recording.instructions,
        recording.names,
        recording.steering(),
        mode=kinks,
        chosen=recording.chosen,
    )
    _check_finite(program, file, line)
    return program


def _check_finite(program: Program, file: str, line: int | None) -> None:
    try:
        known = np.array(program.values, dtype=float)
    except TraceError:
        known = np.array([plain(value) for value in program.values], dtype=float)
    wrong = set(np.flatnonzero(~np.isfinite(known)).tolist())
    if not wrong:
        return
    # A constant that is only compared with may be infinite.
    for step in program.numbered():
        if step in wrong or not wrong.isdisjoint(program.tape.arguments[step]):
            at = program.place(step)
            what = f"the value {known[step]} of {program.tape.operations[step]} is not finite"
            raise TraceError(what, at.file, at.line, at.code)
    if not wrong.isdisjoint(program.tape.outputs):
        raise TraceError("it returns what is not finite", file, line, program.name)


def _check_kinks(kinks: str) -> None:
    if kinks not in KINKS:
        raise ValueError(f'kinks="{kinks}" is neither "refuse" nor "subgradient"')


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
