"""A formula as straight lines in its uses and minima, in fractions of the numbers as typed.

    output = constant + sum of weight * use + sum of weight * minimum,    each minimum <= its arguments

No weight of a minimum may be below 0: the formula would not be concave, and no linear program could state it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from chainopt.network.network import FormulaProcess, Network
from chainopt.technology.primitives import PRIMITIVES
from chainopt.technology.tape import MIN

USE, LEAST = "use", "least"


class NotPolyhedralError(ValueError):
    """Why a chain is no linear program: the process or the good, and what bends it."""


@dataclass(frozen=True, slots=True)
class Line:
    """constant + sum of weight * the use, or the minimum, of this number."""

    constant: Fraction
    weight: dict[tuple[str, int], Fraction] = field(default_factory=dict)

    def plus(self, other: Line, factor: Fraction) -> Line:
        """self + factor * other."""
        weight = dict(self.weight)
        for at, w in other.weight.items():
            weight[at] = weight.get(at, Fraction(0)) + factor * w
        return Line(self.constant + factor * other.constant, {at: w for at, w in weight.items() if w})


@dataclass(frozen=True, slots=True)
class Straight:
    """A formula's outputs, and of each minimum its arguments."""

    item: FormulaProcess
    outputs: tuple[Line, ...]
    minima: tuple[tuple[Line, ...], ...]


def straight_formulas(net: Network) -> Sequence[Straight]:
    """The formulas of a chain that is a linear program; raises NotPolyhedralError."""
    curved = np.flatnonzero(net.sells & np.isfinite(net.elasticity))
    if len(curved):
        raise NotPolyhedralError(f'the demand of "{net.goods[curved[0]]}" has a curve')
    for technology, batch in net.families:
        if not technology.affine and len(batch.process):
            raise NotPolyhedralError(f'"{net.processes[batch.process[0]]}" is a {technology.name} process')
    return [_straight(item, net.processes[item.process]) for item in net.formulas]


def _straight(item: FormulaProcess, name: str) -> Straight:
    minima: list[tuple[Line, ...]] = []

    def rule(operation: str) -> Callable[..., Line]:
        def least(given: list[Any]) -> Line:
            minima.append(tuple(map(_line, given)))
            return Line(Fraction(0), {(LEAST, len(minima) - 1): Fraction(1)})

        def apply(*given: Any) -> Line:
            found = _applied(operation, list(map(_line, given)))
            if found is None:
                raise NotPolyhedralError(
                    f'the formula of "{name}" is not made of straight pieces: {operation} bends'
                )
            return found

        return least if operation == MIN else apply

    inputs = [Line(Fraction(0), {(USE, i): Fraction(1)}) for i in range(len(item.use))]
    steps = item.program.run(inputs, rule)
    outputs = tuple(_line(steps[i]) for i in item.program.outputs)
    weights = (pair for lines in (outputs, *minima) for line in lines for pair in line.weight.items())
    if any(w < 0 for (kind, _), w in weights if kind == LEAST):
        raise NotPolyhedralError(f'the formula of "{name}" subtracts a minimum, so that it is not concave')
    return Straight(item, outputs, tuple(minima))


def _line(value: Any) -> Line:
    return value if isinstance(value, Line) else Line(Fraction(repr(float(value))))


def _applied(operation: str, of: list[Line]) -> Line | None:
    """What an operation makes of lines; None where that is no line."""
    a, b = of[0], of[-1]
    nothing, one = Line(Fraction(0)), Fraction(1)
    if operation in ("add", "subtract"):
        return a.plus(b, one if operation == "add" else -one)
    if operation == "negate":
        return nothing.plus(a, -one)
    if operation == "multiply" and not (a.weight and b.weight):
        return nothing.plus(b, a.constant) if not a.weight else nothing.plus(a, b.constant)
    if operation == "divide" and not b.weight and b.constant:
        return nothing.plus(a, 1 / b.constant)
    if operation == "power" and not b.weight and b.constant == 1:
        return a
    if any(line.weight for line in of):
        return None
    with np.errstate(all="ignore"):
        value = float(PRIMITIVES[operation].value(*(np.float64(float(line.constant)) for line in of)))
    return _line(value) if isfinite(value) else None
