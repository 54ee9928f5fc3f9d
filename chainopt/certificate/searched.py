"""The best of a concave formula, searched, and proven by the slopes where the search ends.

    F(x') <= F(x) + sum_i F_i(x) (x'_i - x_i) at its greatest within the bounds,   F = sum_k value_k f_k - paid . x

for any x inside: so that a search need not be trusted, only its end be good. No point is at an edge: where a
factor is 0 there and another's slope infinite, their product has no slope. Of a minimum any average of its
arguments is a bound, and smooth: of these the one whose weights are the multipliers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from chainopt.technology.arrays import Array
from chainopt.technology.primitives import PRIMITIVES
from chainopt.technology.tape import MIN, Tape

_STARTS = (1e-3, 1e-6, 1e-1, 1.0)
_SMALL, _WIDE = 1e-12, 1e3
_NEWTON, _STEP, _TURN = 8, 1e-5, 2.0


@dataclass(frozen=True, slots=True)
class Concave:
    """A formula at prices: what a unit of each output is worth, what each input pays, and between which ends it
    is.

    weights: by step of a minimum, those of its arguments, which sum to 1.
    """

    program: Tape
    value: Array
    paid: Array
    low: Array
    high: Array
    weights: dict[int, Array]

    @property
    def signed(self) -> Array:
        """Which inputs may be negative."""
        return self.low < 0

    @property
    def least(self) -> Array:
        """What counts as next to nothing of each input."""
        return _SMALL * self.high

    def inside(self, x: Array) -> Array:
        return np.where(self.signed, x, np.clip(x, np.maximum(self.least, self.low), self.high))

    def at(self, x: Array) -> tuple[float, Array]:
        """What is earned at a point, and its slopes."""
        program, weights = self.program, iter(self.weights.values())

        def average(of: list[float]) -> float:
            return float(next(weights) @ np.array(of))

        values = program.run(
            [np.float64(amount) for amount in x],
            lambda name: average if name == MIN else PRIMITIVES[name].value,
        )
        seeds: dict[int, float] = {}
        for step, seed in zip(program.outputs, self.value.tolist(), strict=True):
            if seed:
                seeds[step] = seeds.get(step, 0.0) + seed
        slope = program.sweep(values, seeds)
        for step in reversed(list(self.weights)):
            if slope[step]:
                passed = self.weights[step] * float(slope[step])
                slope = slope + program.sweep(values, _together(program.arguments[step], passed))
        earned = sum(seed * float(values[step]) for step, seed in seeds.items()) - float(self.paid @ x)
        return earned, np.asarray(slope[: len(x)], dtype=float) - self.paid

    def bound(self, x: Array) -> float:
        """The most that any point earns by the slopes at this one."""
        earned, slope = self.at(x)
        if not (np.isfinite(earned) and np.isfinite(slope).all()):
            return np.inf
        return earned + float(np.maximum(slope * (self.high - x), slope * (self.low - x)).sum())


def _together(steps: tuple[int, ...], weights: Array) -> dict[int, float]:
    found = dict.fromkeys(steps, 0.0)
    for step, weight in zip(steps, weights.tolist(), strict=True):
        found[step] += weight
    return found


@np.errstate(all="ignore")
def tangent_bound(given: Concave, begin: Array, enough: float) -> float:
    """A bound of what a concave formula can earn: at most `enough`, or the least found; inf where there is
    none."""
    best = np.inf
    for factor in (None, *_STARTS):
        x = given.inside(begin) if factor is None else climbed(given, begin, factor)
        for _ in range(_NEWTON):
            best = min(best, given.bound(x))
            if best <= enough:
                return best
            x, moved = _newton(given, x)
            if not moved:
                break
    return best


def _newton(given: Concave, x: Array) -> tuple[Array, bool]:
    """One step to where all slopes are 0, in logarithms of inputs; whether there is one."""
    earned, slope = given.at(x)
    size = np.where(given.signed, np.abs(x) + given.least, x)
    free = np.flatnonzero(~((x <= given.least) & (slope < 0)) & ~((x >= given.high) & (slope > 0)))
    if not (len(free) and np.isfinite(earned) and np.isfinite(slope).all()):
        return x, False
    gradient = slope[free] * size[free]
    curve = np.zeros((len(free), len(free)))
    for j, i in enumerate(free):
        ends = []
        for sign in (1.0, -1.0):
            near = x.copy()
            near[i] += sign * _STEP * size[i]
            ends.append(given.at(near)[1][free])
        curve[:, j] = (ends[0] - ends[1]) / (2 * _STEP) * size[free]
    # In logarithms a slope has its own part in the curvature; of a rising one it would turn the step round.
    bent = 0.5 * (curve + curve.T) + np.diag(np.where(given.signed[free], 0.0, np.minimum(gradient, 0.0)))
    if not np.isfinite(bent).all():
        return x, False
    step = np.linalg.lstsq(bent, -gradient, rcond=1e-14)[0]
    step = np.clip(step, -_TURN, _TURN)
    new = x.copy()
    new[free] = np.where(given.signed[free], x[free] + step * size[free], x[free] * np.exp(step))
    new = given.inside(new)
    return new, bool((new != x).any())


def climbed(given: Concave, begin: Array, factor: float) -> Array:
    """Where a search of what is earned ends that begins at this part of all inputs' ends."""
    size = given.high / _WIDE

    def point(z: Array) -> Array:
        return given.inside(np.where(given.signed, begin, size * np.exp(z)))

    def goal(z: Array) -> tuple[float, Array]:
        x = point(z)
        earned, slope = given.at(x)
        if not np.isfinite(earned):
            return 1e10, np.zeros(len(z))
        return -earned / unit, -np.nan_to_num(np.where(given.signed, 0.0, slope * x)) / unit

    start = np.full(len(size), np.log(factor))
    x = point(start)
    unit = abs(given.at(x)[0]) + float(np.abs(given.paid) @ np.abs(x))
    unit = unit if 0 < unit < np.inf else 1.0
    ends = [(np.log(_SMALL * _WIDE), np.log(_WIDE))] * len(size)
    return point(scipy.optimize.minimize(goal, start, jac=True, method="L-BFGS-B", bounds=ends).x)
