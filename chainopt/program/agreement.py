"""Whether two ways round a point are one to first order, and whether a way is open to any direction at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainopt.program.limits import singular
from chainopt.program.program import Program
from chainopt.program.ties import SIDE, Tie
from chainopt.program.tracer import Recording
from chainopt.technology.tape import Edges, Tape

_SAME = 1e-9
_ROUNDING = 1e-14
Normal = tuple[Recording, np.ndarray]
"""A recording, and the gradient of a difference in its arguments."""


@dataclass(frozen=True, slots=True)
class _Gradient:
    """d(step)/d(argument); term: the largest number that each is the sum of; size: the largest that the step is
    the sum of, per unit of the argument where that is not 0."""

    slope: np.ndarray
    term: np.ndarray
    size: np.ndarray


def _gradient(tape: Tape, values: Sequence[float], edges: Edges, step: int) -> _Gradient:
    count = len(tape.inputs)
    adjoint = np.array(tape.back(edges, [(step, 1.0)]), dtype=float)
    of, argument, slope = (np.array(part) for part in edges)
    term = np.abs(adjoint[:count])
    first = argument < count if len(argument) else np.zeros(0, dtype=bool)
    with np.errstate(all="ignore"):
        np.maximum.at(term, argument[first].astype(int), np.abs(adjoint[of[first].astype(int)] * slope[first]))
        term = np.where(np.isfinite(term), term, 0.0)
        largest = max(abs(values[j]) for j in (step, *tape.arguments[step]))
        size = np.array([largest / abs(x) if x else 0.0 for x in values[:count]])
    return _Gradient(adjoint[:count], term, size)


def _alike(a: _Gradient, b: _Gradient) -> bool:
    """Whether they are the same but for rounding.

    A slope that does not move the value in its last digit where its argument doubles is none.
    """
    gap = np.abs(a.slope - b.slope)
    terms = np.max(np.abs([a.slope, b.slope, a.term, b.term]), axis=0)
    rounding = _SAME * terms + _ROUNDING * np.maximum(a.size, b.size)
    return bool((gap <= rounding).all())


def difference(a: Program, b: Program) -> str:
    """What two ways of a function differ in, "" for nothing: its results, their values or their derivatives."""
    if a.outputs != b.outputs or a.inputs != b.inputs:
        return "it returns other numbers on each side"
    gradients = []
    for output in a.outputs:
        for program in (a, b):
            step = program.output_step(output)
            edges = program.tape.edges(program.values)
            plain = _gradient(program.tape, program.values, edges, step)
            gradients.append(replace(plain, slope=program.gradient_of(output)))
        old, new = gradients[-2:]
        v, w = (program.values[program.output_step(output)] for program in (a, b))
        sizes = [
            abs(p.values[j])
            for p in (a, b)
            for j in (p.output_step(output), *p.tape.arguments[p.output_step(output)])
        ]
        shown = f" of {output}" if output else ""
        if not abs(v - w) <= _SAME * max(sizes):
            return f"the value{shown} is {v:.6g} on one side and {w:.6g} on the other"
        if not _alike(old, new):
            k = int(np.argmax(np.abs(old.slope - new.slope)))
            return (
                f"the derivative{shown} in {a.inputs[k]} is {old.slope[k]:.6g} on one side and "
                f"{new.slope[k]:.6g} on the other"
            )
    return ""


def normal(tie: Tie) -> Normal | None:
    """The gradient of left - right; None where it is 0 but for rounding, or a slope on the way has no end."""
    return None if _is_singular(tie) else _across(tie)


def is_flat(tie: Tie) -> bool:
    """Whether left and right agree to first order."""
    return not _is_singular(tie) and _across(tie) is None


def _is_singular(tie: Tie) -> bool:
    tape = tie.recording.tape(())
    return any(singular(tape, tie.recording.edges(), step) for step in (tie.left, tie.right))


def _across(tie: Tie) -> Normal | None:
    tape, values, edges = tie.recording.tape(()), tie.recording.numbers(), tie.recording.edges()
    left, right = (_gradient(tape, values, edges, step) for step in (tie.left, tie.right))
    return None if _alike(left, right) else (tie.recording, left.slope - right.slope)


def sided(tie: Tie, across: Normal, outcome: bool) -> list[Normal]:
    """The open half space in which a comparison comes out so: the directions of a positive product."""
    side = SIDE.get((tie.compared, outcome))
    return [(across[0], side * across[1])] if side else []


def is_open(cone: Sequence[Normal]) -> bool:
    """Whether a direction has a positive product with every normal; each recording has arguments of its own."""
    for recording in {id(owner): owner for owner, _ in cone}.values():
        rows = np.array([row / np.abs(row).max() for owner, row in cone if owner is recording])
        rows = rows[:, rows.any(axis=0)]
        straight = np.linalg.lstsq(rows, np.ones(len(rows)), rcond=None)[0]
        if not (rows @ straight > _SAME).all():
            from scipy.optimize import linprog

            found = linprog(np.zeros(rows.shape[1]), -rows, -np.ones(len(rows)), bounds=(None, None))
            if found.status != 0:
                return False
    return True
