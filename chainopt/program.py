"""A traced program: its steps, each with its value, its place in the source, and its derivative.

derivative of a step = d(output)/d(step),  by one reverse sweep over the tape
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from chainopt.names import key
from chainopt.places import Place, place
from chainopt.primitives import PRIMITIVES
from chainopt.tape import AGAIN, CONSTANT, INPUT, Tape
from chainopt.tracer import Recording

MOST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program at the point where it was traced.

    number counts the steps from 1; inputs are names of steps and arguments, and numbers; expression is the step in
    a formula's words; derivative is d(output)/d(this step), in units of the output per unit of the step.
    """

    number: int
    file: str
    line: int | None
    source: str
    name: str
    operation: str
    inputs: tuple[str | float, ...]
    expression: str
    value: float
    derivative: float


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A Python function, or a chain at a plan, as the steps that it ran through.

    tape: the steps; values: the value of each; value: the result, in the function's own structure; outputs: the
    names of its numbers, ("",) for a single one; given: names that steps have apart from their source. codes and
    instructions: the place of each step in the source, None where there is none.
    """

    name: str
    tape: Tape
    values: Sequence[Any]
    value: Any
    outputs: tuple[str, ...]
    codes: Sequence[CodeType | None] = field(repr=False, default=())
    instructions: Sequence[int] = field(repr=False, default=())
    given: Mapping[int, str] = field(repr=False, default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the traced arguments, in order."""
        return self.tape.inputs

    @property
    def gradient(self) -> dict[str, Any]:
        """d(output)/d(argument) by argument, of a program with one output; `jacobian` has those of several."""
        return self._row(self.derivatives())

    @property
    def jacobian(self) -> dict[str, dict[str, Any]]:
        """d(output)/d(argument) by output and argument: one sweep for each output."""
        return {output: self._row(self.derivatives(output)) for output in self.outputs}

    def derivatives(self, output: str | None = None) -> np.ndarray:
        """d(output)/d(step) of every step of the tape, by one reverse sweep; 0 where it has no influence.

        output may be left out where there is one. Raises ValueError for another name.
        """
        return self.tape.sweep(self.values, {self.output_step(output): 1.0})

    def output_step(self, output: str | None = None) -> int:
        """The step that is an output; see `derivatives`."""
        if output is None and len(self.outputs) == 1:
            return self.tape.outputs[0]
        if output not in self.outputs:
            raise ValueError(f"name one of the outputs of {self.name}: {', '.join(self.outputs)}")
        return self.tape.outputs[self.outputs.index(output)]

    def hessian(self, output: str | None = None) -> np.ndarray:
        """d2(output)/d(argument)d(argument), a symmetric matrix in the order of `inputs`.

        The sweep itself is traced and swept, once for each argument. Raises TraceError where a second derivative
        does not exist, and ValueError for a program with a loop.
        """
        if self.tape.loops():
            raise ValueError(f"{self.name} has a loop: its second derivatives are not available")
        recording = Recording()
        inputs = [recording.input(name, value) for name, value in zip(self.inputs, self.values, strict=False)]
        known = self.tape.run(inputs, lambda name: PRIMITIVES[name].value)
        slopes = self.tape.sweep(known, {self.output_step(output): 1.0})[: len(inputs)]
        rows = [recording.step_of(slope) for slope in slopes]
        tape = recording.tape(rows)
        second = np.array([tape.sweep(recording.values, {row: 1.0})[: len(inputs)] for row in rows], dtype=float)
        return 0.5 * (second + second.T)

    def names(self) -> list[str]:
        """A name for every step of the tape, each another by `names.key`: a variable's, or v and its number.

        Constants have their number as text.
        """
        return _names(self)

    def place(self, step: int) -> Place:
        """Where a step was asked for."""
        code = self.codes[step] if self.codes else None
        return place(code, self.instructions[step]) if code is not None else Place("", None)

    def steps(self, output: str | None = None) -> list[Step]:
        """Every step but arguments and constants, in order, with its derivative of the output."""
        derivative = self.derivatives(output).tolist()
        names = self.names()
        result = []
        for number, i in enumerate(self.numbered(), 1):
            at = self.place(i)
            of = self.tape.arguments[i]
            inputs = tuple(self.values[j] if j in self.tape.constants else names[j] for j in of)
            result.append(
                Step(
                    number,
                    at.file,
                    at.line,
                    at.source,
                    names[i],
                    self.tape.operations[i],
                    inputs,
                    expression(self.tape, i, names),
                    self.values[i],
                    derivative[i],
                )
            )
        return result

    def numbered(self) -> Iterator[int]:
        """The steps of the tape that are neither arguments nor constants, in order."""
        return (i for i, name in enumerate(self.tape.operations) if name not in (INPUT, CONSTANT))

    def to_chain(self, prices: Mapping[str, float] | None = None) -> Any:
        """The program as a supply chain; see `economy.to_chain`."""
        from chainopt.economy import to_chain

        return to_chain(self, prices)

    @property
    def source(self) -> str:
        """Python text of the program and its reverse sweep, which needs nothing but Python; see `source`."""
        from chainopt.source import source

        return source(self)

    def __str__(self) -> str:
        return "\n".join(_table(self))

    def _row(self, derivatives: np.ndarray) -> dict[str, Any]:
        return dict(zip(self.inputs, derivatives.tolist(), strict=False))


def expression(tape: Tape, step: int, names: Sequence[str]) -> str:
    """A step in a formula's words, over names; negative constants stand in parentheses."""
    operation = tape.operations[step]
    of = [f"({names[j]})" if names[j].startswith("-") else names[j] for j in tape.arguments[step]]
    if operation == AGAIN:
        return of[0]
    row = PRIMITIVES[operation]
    if row.function:
        return f"{operation}({', '.join(of)})"
    return f"{of[0]} {row.symbol} {of[1]}" if len(of) == 2 else f"{row.symbol}{of[0]}"


def digits(value: float) -> str:
    """A number as text that reads back as the same number; a whole one without its point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


@lru_cache(maxsize=8)
def _names(program: Program) -> list[str]:
    tape = program.tape
    taken: set[str] = set()
    used: dict[str, int] = {}
    result: list[str] = []

    def free(name: str) -> str:
        unique = name
        while key(unique) in taken:
            used[name] = used.get(name, 1) + 1
            unique = f"{name}_{used[name]}"
        taken.add(key(unique))
        return unique

    number = 0
    for i, operation in enumerate(tape.operations):
        if operation == CONSTANT:
            result.append(digits(program.values[i]))
            continue
        number += operation != INPUT
        name = tape.inputs[i] if i < len(tape.inputs) else program.given.get(i) or program.place(i).name
        result.append(free(name or f"v{number}"))
    return result


def _table(program: Program) -> Iterator[str]:
    arguments = ", ".join(
        f"{name}={_short(value)}" for name, value in zip(program.inputs, program.values, strict=False)
    )
    output = program.outputs[0] if program.outputs else None
    results = ", ".join(
        f"{name} = {_short(program.values[i])}".lstrip(" =")
        for name, i in zip(program.outputs, program.tape.outputs, strict=True)
    )
    yield f"{program.name}({arguments}) = {results}"
    if output is None:
        return
    rows = program.steps(output)
    slopes = program._row(program.derivatives(output))
    shown = [*rows[: MOST_SHOWN - 10], None, *rows[-10:]] if len(rows) > MOST_SHOWN else rows
    texts = [f"{step.name} = {step.expression}" for step in shown if step]
    width = min(max([len(text) for text in [*texts, *program.inputs]], default=4), 40)
    lines = [f"{'#':>5} {'line':>5}  {'step':<{width}} {'value':>13} {'derivative':>13}"]
    for name, value in zip(program.inputs, program.values, strict=False):
        lines.append(f"{'':>5} {'':>5}  {name:<{width}} {_short(value):>13} {_short(slopes[name]):>13}")
    for step in shown:
        if step is None:
            lines.append(f"{'...':>5} {'':>5}  {len(rows) - MOST_SHOWN:,} steps more")
            continue
        text = f"{step.name} = {step.expression}"
        text = text if len(text) <= width else f"{text[: width - 3]}..."
        lines.append(
            f"{step.number:>5} {step.line or '':>5}  {text:<{width}} {_short(step.value):>13} "
            f"{_short(step.derivative):>13}"
        )
    if len(program.outputs) > 1:
        yield f"derivatives of {output}:"
    yield from lines


def _short(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
