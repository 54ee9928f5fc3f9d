"""A traced program: its steps, each with its value, its place in the source, and its derivative.

derivative of a step = d(output)/d(step),  by one reverse sweep over the tape
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import wrap
from types import CodeType
from typing import Any

import numpy as np

from chainopt.chain.chain import Chain
from chainopt.program.economy import economy, expression
from chainopt.program.following import depth
from chainopt.program.limits import Limits, NoLimitError, singular
from chainopt.program.listing import LAST, MOST_SHOWN, WIDTH, Step, listing, short
from chainopt.program.places import Place, place
from chainopt.program.source import source
from chainopt.program.structure import mapped
from chainopt.program.ties import REFUSE, Kink
from chainopt.program.tracer import Branch, Recording, TraceError, Tracer, plain
from chainopt.technology.primitives import ROWS, UNKNOWN
from chainopt.technology.tape import CONSTANT, INPUT, Tape
from chainopt.words.names import key, nearest


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A Python function, or a chain at a plan, as the steps that it ran through.

    tape: the steps; values: the value of each; result: the structure that the function returns, with the numbers
    of its outputs in it; outputs: their names, ("",) for a single one; given: names that steps have apart from
    their source. codes and instructions: the place of each step in the source, None where there is none;
    branches: the comparisons made; mode: what is done where there is no one derivative, see `trace`; chosen: where
    that was done as the function ran, by step; turned: the comparisons of equal values that make a difference.
    """

    name: str
    tape: Tape
    values: Sequence[Any]
    result: Any
    outputs: tuple[str, ...]
    codes: Sequence[CodeType | None] = field(repr=False, default=())
    instructions: Sequence[int] = field(repr=False, default=())
    given: Mapping[int, str] = field(repr=False, default_factory=dict)
    branches: Sequence[Branch] = field(repr=False, default=())
    mode: str = field(repr=False, default=REFUSE)
    chosen: Mapping[int, Kink] = field(repr=False, default_factory=dict)
    turned: tuple[Kink, ...] = field(repr=False, default=())

    @property
    def value(self) -> Any:
        """What the function returns, in its own structure."""
        return mapped(self.result, lambda k, path: self.values[self.tape.outputs[int(k)]])

    def __call__(self, changes: Mapping[str, float] | None = None, /, **named: float) -> Any:
        """The value of the same steps with some arguments changed, by name; see `at`."""
        return self.at(dict(changes or {}) | named).value

    def at(self, changes: Mapping[str, float]) -> Program:
        """The same steps with some arguments changed, by name.

        A chain's program goes on from its plan by a rule of its own, the best one to first order: far from the
        plan it may break what the chain's limits allow. Raises ValueError for an unknown argument, where a value
        is not finite, and where a comparison comes out otherwise, since the function would then take other steps:
        trace it there.
        """
        for name in changes:
            if name not in self.inputs:
                hint = nearest(name, self.inputs) or f": there are {', '.join(self.inputs)}"
                raise ValueError(f'{self.name} has no argument "{name}"{hint}')
        if all(changes[name] == self.values[i] for i, name in enumerate(self.inputs) if name in changes):
            return self
        given = [float(changes.get(name, value)) for name, value in zip(self.inputs, self.values, strict=False)]
        again = {leaf: self.values[leaf] for leaf in self.tape.loops()}
        values = [float(value) for value in self.tape.values(given, again)]
        for i in np.flatnonzero(~np.isfinite(values)):
            if i not in self.tape.constants:
                raise ValueError(f"{self.names()[i]} has no finite value there")
        for compared, left, right, outcome, kink in self.branches:
            a, b = values[left], values[right]
            if bool(compared(a, b)) != outcome or (kink and a == b):
                names = self.names()
                raise ValueError(f"{names[left]} and {names[right]} compare otherwise there: trace it there")
        return replace(self, values=values)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the traced arguments, in order."""
        return self.tape.inputs

    @property
    def gradient(self) -> dict[str, Any]:
        """d(output)/d(argument) by argument, of a program with one output; `jacobian` has those of several."""
        return self._row(self.gradient_of(None))

    @property
    def jacobian(self) -> dict[str, dict[str, Any]]:
        """d(output)/d(argument) by output and argument: one sweep for each output."""
        return {output: self._row(self.gradient_of(output)) for output in self.outputs}

    def gradient_of(self, output: str | None = None) -> np.ndarray:
        """d(output)/d(argument) in the order of `inputs`; see `derivatives`."""
        return self._swept(output, len(self.inputs))[0][: len(self.inputs)]

    def derivatives(self, output: str | None = None) -> np.ndarray:
        """d(output)/d(step) of every step of the tape, by one reverse sweep; 0 where it has no influence.

        output may be left out where there is one. Where an adjoint of 0 meets a slope without end the limit is
        taken, of one side where there is but one. Raises ValueError for another name, and TraceError where the
        derivative in an argument is not finite, not known, or not the same on both sides (unless program.mode is
        "subgradient"). Of a step on the way it may be infinite, or nan where it has none of its own.
        """
        return self._swept(output, len(self.tape))[0]

    def kinks(self, output: str | None = None) -> list[Kink]:
        """Where the derivatives of an output were chosen among several, by line, and how; see `trace`.

        Comparisons stand there whatever the output.
        """
        reached = self.tape.read_by([self.output_step(output)])
        noted = [kink for step, kink in self.chosen.items() if step in reached]
        noted += [*self.turned, *self._swept(output, len(self.inputs))[1].values()]
        return sorted(dict.fromkeys(noted), key=lambda kink: (kink.file, kink.line or 0))

    def is_singular(self) -> bool:
        """Whether a slope that an output depends on has no end."""
        edges = self.tape.edges(self.values)
        return any(singular(self.tape, edges, step) for step in self.tape.outputs)

    def _swept(self, output: str | None, count: int) -> tuple[np.ndarray, dict[int, Kink]]:
        """The derivatives, those of the first `count` steps by their limits, and where they were chosen."""
        step = self.output_step(output)
        leaves = [*self.values[: len(self.inputs)], *self.tape.constants.values()]
        if any(value.__class__ is Tracer for value in leaves):
            tape = self._regular(step)
            return tape.sweep(self.values, {step: 1.0}), {}
        edges = self.tape.edges(self.values)
        adjoint = self.tape.sweep(self.values, {step: 1.0}, edges)
        found = singular(self.tape, edges, step)
        if not found:
            return adjoint, {}
        if self.tape.loops():
            raise self._no_slope(*found[-1])
        return self._limited(adjoint, Limits(self.tape, self.values, self.branches, step, found), count)

    def _regular(self, output: int) -> Tape:
        """The tape of what an output depends on, to be differentiated again: slopes without end are refused."""
        reached = self.tape.read_by([output])
        kept = [name if i in reached or name == INPUT else CONSTANT for i, name in enumerate(self.tape.operations)]
        constants = {i: self.values[i] for i, name in enumerate(kept) if name == CONSTANT}
        tape = replace(self.tape, operations=kept, constants=constants)
        if found := singular(tape, tape.edges([float(plain(value)) for value in self.values]), output):
            raise self._no_slope(*found[-1], "; no derivative of a limit is taken")
        return tape

    def _limited(self, adjoint: np.ndarray, limits: Limits, count: int) -> tuple[np.ndarray, dict[int, Kink]]:
        """The derivatives with the limits of the first `count` steps in the place of theirs."""
        i, j = limits.singular[-1]
        at, kinks, inputs = self.place(i), {}, len(self.inputs)
        for step in limits.moved:
            if step >= count:
                continue
            try:
                slope = limits.slope(step)
            except NoLimitError as error:
                if step < inputs:
                    raise self._no_slope(i, j, f"; its limit is not known: {error}") from None
                adjoint[step] = np.nan
                continue
            adjoint[step] = slope.one
            if step >= inputs or math.isfinite(slope.one):
                continue
            if not slope.sides or not np.isfinite(slope.sides).all():
                raise self._no_slope(i, j)
            name = self.names()[step]
            what = f"the derivative in {name} is {slope.below:.6g} from below and {slope.above:.6g} from above"
            if self.mode == REFUSE:
                advice = 'move the argument off it, or take the mean with kinks="subgradient"'
                raise TraceError(f"a kink: {what}; {advice}", at.file, at.line, at.code)
            adjoint[step] = slope.middle
            kinks[i] = Kink(at.file, at.line, f"{what}: taken as their mean, {slope.middle:.6g}")
        try:
            limits.check_together()
        except NoLimitError as error:
            if self.mode == REFUSE or not kinks:
                raise self._no_slope(i, j, f": {error}") from None
        return adjoint, kinks

    def _no_slope(self, i: int, j: int, why: str = "") -> TraceError:
        """The error for a step whose slope in an argument is without end."""
        at, names = self.place(i), self.names()
        shown = f"{expression(self.tape, i, names)} has no finite derivative in {names[j]}"
        advice = "move the argument off it, or hold it fixed"
        return TraceError(f"{shown} at {plain(self.values[j]):.6g}{why}; {advice}", at.file, at.line, at.code)

    def output_step(self, output: str | None = None) -> int:
        """The step that is an output; see `derivatives`."""
        if output is None and len(self.outputs) == 1:
            return self.tape.outputs[0]
        if not self.outputs:
            raise ValueError(f"{self.name} returns no number")
        if output not in self.outputs:
            known = f": {', '.join(self.outputs)}" if len(self.outputs) > 1 else ", which is one number"
            raise ValueError(f"name one of the outputs of {self.name}{known}")
        return self.tape.outputs[self.outputs.index(output)]

    def hessian(self, output: str | None = None) -> np.ndarray:
        """d2(output)/d(argument)d(argument), a symmetric matrix in the order of `inputs`.

        The sweep itself is traced and swept, once for each argument. Raises TraceError where a second derivative
        does not exist, and ValueError for a program with a loop.
        """
        if self.tape.loops():
            raise ValueError(f"{self.name} has a loop: its second derivatives are not available")
        recording = Recording(level=depth())
        inputs = [recording.input(name, value) for name, value in zip(self.inputs, self.values, strict=False)]
        step = self.output_step(output)
        tape = self._regular(step)
        if self.mode == REFUSE and any(
            kink and self.values[i] == self.values[j] for _, i, j, _, kink in self.branches
        ):
            raise TraceError(
                f"{self.name} compares equal values: its second derivatives may differ on each side; "
                "take those of the function, by grad of its grad"
            )
        known = tape.run(inputs, lambda name: ROWS[name].value)
        slopes = tape.sweep(known, {step: 1.0})[: len(inputs)]
        rows = [recording.step_of(slope) for slope in slopes]
        swept = recording.tape(rows)
        second = np.array([swept.sweep(recording.values, {row: 1.0})[: len(inputs)] for row in rows])
        if second.dtype == float and not np.isfinite(second).all():
            raise TraceError(f"{self.name} has no finite second derivative there")
        return 0.5 * (second + second.T)

    def names(self) -> list[str]:
        """A name for every step of the tape, each another by `names.key`: a variable's, or v and its number.

        Constants have their number as text. No name has brackets, or blanks but single ones: goods are named so.
        """
        taken: set[str] = set()
        used: dict[str, int] = {}
        result: list[str] = []

        def free(name: str) -> str:
            name = unique = " ".join(name.replace("[", "(").replace("]", ")").split()) or "step"
            while key(unique) in taken:
                used[name] = used.get(name, 1) + 1
                unique = f"{name}_{used[name]}"
            taken.add(key(unique))
            return unique

        number = 0
        for i, operation in enumerate(self.tape.operations):
            if operation == CONSTANT:
                result.append(digits(self.values[i]))
                continue
            number += operation != INPUT
            name = self.tape.inputs[i] if i < len(self.tape.inputs) else self.given.get(i) or self.place(i).name
            result.append(free(name or f"v{number}"))
        return result

    def place(self, step: int) -> Place:
        """Where a step was asked for."""
        code = self.codes[step] if self.codes else None
        return place(code, self.instructions[step]) if code is not None else Place("", None)

    def steps(self, output: str | None = None) -> list[Step]:
        """Every step but arguments and constants, in order, with its derivative of the output."""
        return self._described(list(enumerate(self.numbered(), 1)), output)

    def _described(self, chosen: Sequence[tuple[int, int]], output: str | None) -> list[Step]:
        """Steps by their number and their place on the tape."""
        derivative = self.derivatives(output)
        names = self.names()
        kinked = {(kink.file, kink.line) for kink in self.kinks(output)}
        result = []
        for number, i in chosen:
            at = self.place(i)
            of = self.tape.arguments[i]
            inputs = tuple(self.values[j] if j in self.tape.constants else names[j] for j in of)
            text = expression(self.tape, i, names)
            slope = derivative[i].item() if derivative.dtype == float else derivative[i]
            operation = self.tape.operations[i]
            known = (names[i], operation, inputs, text, self.values[i], slope, (at.file, at.line) in kinked)
            result.append(Step(number, at.file, at.line, at.source, *known))
        return result

    def numbered(self) -> Iterator[int]:
        """The steps of the tape that are neither arguments nor constants, in order."""
        return (i for i, name in enumerate(self.tape.operations) if name not in (INPUT, CONSTANT))

    def to_chain(self, prices: Mapping[str, float] | None = None) -> Chain:
        """The program as a supply chain, whose prices are the derivatives; see `economy`.

        prices: what each output sells at, 1 for the only one where left out. Raises ValueError where several have
        none, and TraceError for a function that chains don't know (erf).
        """
        if prices is None and len(self.outputs) > 1:
            raise ValueError(f"{self.name} has several results: give prices for {', '.join(self.outputs)}")
        if unknown := set(prices or {}) - set(self.outputs):
            raise ValueError(f"{self.name} has no result {', '.join(sorted(unknown))}")
        for i in self.numbered():
            if self.tape.operations[i] in UNKNOWN:
                at = self.place(i)
                what = f"{expression(self.tape, i, self.names())}: chains have no {self.tape.operations[i]}"
                raise TraceError(f"{what}; it can be differentiated, but not solved", at.file, at.line, at.code)
        worth: dict[int, float] = {}
        for output, step in zip(self.outputs, self.tape.outputs, strict=True):
            worth[step] = worth.get(step, 0.0) + (1.0 if prices is None else float(prices.get(output, 0.0)))
        return economy(self.name, self.tape, self.values, self.names(), self._comments(), worth)

    def source(self, output: str | None = None) -> str:
        """Python text of the program and its reverse sweep, which runs without chainopt; see `source`.

        Raises TraceError where a derivative is a limit, which a sweep does not find.
        """
        step = self.output_step(output)
        if found := singular(self.tape, self.tape.edges(self.values), step):
            raise self._no_slope(*found[-1], "; its source takes no limit")
        return source(self.name, self.tape, self.values, self.names(), self._comments(), step)

    def listing(self, output: str | None = None, prices: Mapping[str, float | None] | None = None) -> str:
        """The program as text: the call, its value, and a line for each step; see `listing`."""
        given = dict(zip(self.inputs, self.values, strict=False))
        call = ", ".join(f"{name}={short(value)}" for name, value in given.items())
        results = ", ".join(
            f"{name} = {short(self.values[i])}" if name else short(self.values[i])
            for name, i in zip(self.outputs, self.tape.outputs, strict=True)
        )
        slopes = self._row(self.derivatives(output))
        arguments = {name: (value, slopes[name]) for name, value in given.items()}
        head = wrap(f"{self.name}({call}) = {results}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)
        of = [f"derivatives of {output}:"] if output else []
        chosen = list(enumerate(self.numbered(), 1))
        left_out = max(0, len(chosen) - MOST_SHOWN)
        if left_out:
            chosen = [*chosen[: MOST_SHOWN - LAST], *chosen[-LAST:]]
        lines = listing(arguments, self._described(chosen, output), left_out, prices)
        notes = [f"* {Path(kink.file).name}:{kink.line}: {kink.what}" for kink in self.kinks(output)]
        wrapped = [line for note in notes for line in wrap(note, WIDTH, subsequent_indent="  ")]
        return "\n".join([*head, *of, *lines, *wrapped])

    def __str__(self) -> str:
        return self.listing(self.outputs[0] if len(self.outputs) > 1 else None)

    def _comments(self) -> dict[int, str]:
        """Where each step comes from, as text."""
        places = ((i, self.place(i)) for i in self.numbered())
        return {i: f"{Path(at.file).name}:{at.line}: {at.source}" for i, at in places if at.line}

    def _row(self, derivatives: np.ndarray) -> dict[str, Any]:
        return dict(zip(self.inputs, derivatives.tolist(), strict=False))


def digits(value: float) -> str:
    """A number as text that reads back as the same number; a whole one without its point."""
    whole = abs(value) < 1e15 and value == int(value)
    return str(int(value)) if whole else repr(float(value))
