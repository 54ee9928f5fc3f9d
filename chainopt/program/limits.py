"""Derivatives where a step has none of its own: an adjoint of 0 times a slope without end is not 0, but a limit.

    f(x + s t) = f(x) + s d_s t + ...,     s = -1 from below, 1 from above,  t -> 0

Each step that a singular slope goes back to is moved by itself, and what comes of it is expanded (`expansion`).
Arguments that meet while a slope is without end are moved together as well, on every side: only where all that is
no sum of theirs vanishes faster than they do is there a derivative in each.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chainopt.program.ties import SIDE
from chainopt.program.tracer import Branch
from chainopt.technology.expansion import Expansion, Outside, Unknown, apply, as_expansion, variable
from chainopt.technology.tape import Edges, Tape

_LINEAR = {"add", "subtract", "negate"}
_TOGETHER = 5
_SAME = 1e-9
_MOST_WORK = 20_000_000


class NoLimitError(ArithmeticError):
    """A limit that is not known, or not one; the message says why."""


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative from below and from above; None where the program has no value, or takes other steps."""

    below: float | None
    above: float | None

    @property
    def sides(self) -> list[float]:
        """Those that there are."""
        return [side for side in (self.below, self.above) if side is not None]

    @property
    def one(self) -> float:
        """The derivative, of one side where there is but one; nan where the two differ, or there is none."""
        sides = self.sides
        return self.middle if sides and _same(sides[0], sides[-1]) else math.nan

    @property
    def middle(self) -> float:
        """The mean of the sides."""
        return self.sides[0] if len(set(self.sides)) == 1 else sum(self.sides) / len(self.sides)


def _same(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= _SAME * max(abs(a), abs(b)) < math.inf


def singular(tape: Tape, edges: Edges, output: int) -> list[tuple[int, int]]:
    """The slopes without end that an output depends on, as (step, argument), in order."""
    if math.isfinite(sum(edges[2])):
        return []
    reached = tape.read_by([output])
    return [(i, j) for i, j, slope in zip(*edges, strict=True) if i in reached and not math.isfinite(slope)]


@dataclass(frozen=True, eq=False)
class Limits:
    """Of the derivatives of one output: the tape at its values, and the slopes without end on the way."""

    tape: Tape
    values: Sequence[float]
    branches: Sequence[Branch]
    output: int
    singular: Sequence[tuple[int, int]]

    @cached_property
    def moved(self) -> list[int]:
        """The steps that slopes without end go back to, arguments first."""
        return sorted(self.tape.read_by(j for _, j in self.singular))

    @cached_property
    def ties(self) -> list[Branch]:
        """The comparisons of equal values, which come out otherwise on another side."""
        return [each for each in self.branches if each[4] and self.values[each[1]] == self.values[each[2]]]

    @cached_property
    def read(self) -> list[int]:
        """The steps that the output and the ties depend on, in order."""
        return sorted(self.tape.read_by([self.output, *(step for each in self.ties for step in each[1:3])]))

    def slope(self, step: int) -> Slope:
        """The derivative in a step that is moved by itself. Raises NoLimitError."""
        if len(self.moved) * len(self.read) > _MOST_WORK:
            raise NoLimitError("too many steps lead there")
        return Slope(self._side(step, -1.0), self._side(step, 1.0))

    def _side(self, step: int, sign: float) -> float | None:
        try:
            found = self._expanded({step: variable(self.values[step], sign)})[self.output]
        except Outside:
            return None
        moving = found.moving()
        if moving.least > 1:
            return 0.0
        if moving.least == moving.order:
            raise NoLimitError("it is beyond what is expanded")
        powers = min(moving.terms)
        c = sign * moving.terms[powers]
        return c if powers == (1,) else math.copysign(math.inf, c)

    def check_together(self) -> None:
        """Raise NoLimitError where arguments that meet have no derivative in common."""
        for group in self._meetings():
            if len(group) > _TOGETHER:
                raise NoLimitError(f"more than {_TOGETHER} arguments meet")
            slopes: dict[tuple[int, float], float] = {}
            for signs in itertools.product((-1.0, 1.0), repeat=len(group)):
                try:
                    found = self._expanded(
                        {
                            step: variable(self.values[step], sign, k, len(group))
                            for k, (step, sign) in enumerate(zip(group, signs, strict=True))
                        }
                    )[self.output]
                except Outside:
                    continue
                moving = found.moving()
                linear = {powers: c for powers, c in moving.terms.items() if sum(powers) == max(powers) == 1}
                together = any(sum(powers) <= 1 for powers in moving.terms.keys() - linear.keys())
                if together or moving.order <= 1:
                    raise NoLimitError("it depends on how its arguments move together")
                for k, sign in enumerate(signs):
                    c = next((sign * c for powers, c in linear.items() if powers[k] == 1), 0.0)
                    if not _same(slopes.setdefault((k, sign), c), c):
                        raise NoLimitError("it depends on how its arguments move together")

    def _meetings(self) -> list[list[int]]:
        """Arguments that come together, but in sums, at or after a slope without end that still shows."""
        count = len(self.tape.inputs)
        arguments = [step for step in self.moved if step < count]
        if len(arguments) < 2:
            return []
        rough = {i for step in arguments for i in self._rough(step)}
        reach: dict[int, frozenset[int]] = {step: frozenset([step]) for step in arguments}
        group = {step: {step} for step in arguments}
        ends = {i for i, _ in self.singular}
        for i in sorted(self.tape.read_by([self.output])):
            of = [j for j in self.tape.arguments[i] if j in reach]
            if i >= count and of:
                reach[i] = frozenset[int]().union(*(reach[j] for j in of))
                if i in ends or (not self._is_linear(i, of) and not rough.isdisjoint(of)):
                    whole = set().union(*(group[step] for step in reach[i]))
                    group |= dict.fromkeys(whole, whole)
        return [sorted(each) for each in {min(each): each for each in group.values()}.values() if len(each) > 1]

    def _is_linear(self, i: int, of: Sequence[int]) -> bool:
        name, alone = self.tape.operations[i], len(of) == 1
        return name in _LINEAR or (
            alone and (name == "multiply" or (name == "divide" and of[0] == self.tape.arguments[i][0]))
        )

    def _rough(self, step: int) -> Iterator[int]:
        """The steps without a finite slope where this one is moved by itself."""
        for sign in (-1.0, 1.0):
            try:
                known = self._expanded({step: variable(self.values[step], sign)})
            except Outside:
                continue
            yield from (i for i, each in known.items() if each.moving().least < 1)

    def _expanded(self, moved: Mapping[int, Expansion]) -> dict[int, Expansion]:
        """What the output depends on, where these steps move.

        Raises Outside where there is no value on this side, or the program takes other steps there; NoLimitError.
        """
        count = next(iter(moved.values())).count
        known = dict(moved)

        def of(step: int) -> Expansion:
            return known[step] if step in known else as_expansion(self.values[step], count)

        try:
            for i in self.read:
                if i not in moved and not known.keys().isdisjoint(self.tape.arguments[i]):
                    found = apply(self.tape.operations[i], list(map(of, self.tape.arguments[i])))
                    known[i] = found.at(float(self.values[i]))
            for compared, left, right, outcome, _ in self.ties:
                _check_side(compared, apply("subtract", [of(left), of(right)]), outcome)
        except Unknown as error:
            raise NoLimitError(str(error)) from None
        known.setdefault(self.output, of(self.output))
        return known


def _check_side(compared: Callable[[Any, Any], bool], gap: Expansion, outcome: bool) -> None:
    """Raise Outside where a comparison comes out otherwise on this side."""
    if not gap.terms and gap.order == math.inf:
        # They stay equal along here: on the border of both sides.
        return
    if gap.count == 1 and gap.terms:
        sign = int(math.copysign(1, gap.terms[min(gap.terms)]))
    else:
        raise Unknown("which side a comparison takes is beyond what is expanded")
    if compared in _COMPARISONS and bool(compared(sign, 0)) != outcome:
        raise Outside("other steps are taken")


_COMPARISONS = {order for order, _ in SIDE} | {operator.ne}
