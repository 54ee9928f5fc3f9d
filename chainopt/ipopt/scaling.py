"""A problem in units of its own size, and the way back.

    x~ = d_x x,   g~ = d_g g,   f~ = d_f f;   back: lambda = lambda~ d_g / d_f,   z = z~ d_x / d_f

The factors come from a model's suffix `scaling_factor`, Pyomo's own convention for them. Tolerances, and the
judgement of a point, then don't depend on the units in which a model is written.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyomo.environ as pyo
from scipy import sparse

from chainopt.ipopt.evaluator import Evaluator, Indices, Vector
from chainopt.ipopt.optimality import Point

_OUT_OF_RANGE = np.errstate(all="ignore")
"""Of figures near 1e300 a product may be no number; whoever asked for it looks."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Positive factors of the objective, the variables and the rows, in an Evaluator's order."""

    objective: float
    x: Vector
    g: Vector

    def back(self, point: Point) -> Point:
        """A scaled problem's point in the units of the problem itself."""
        return Point(
            point.x / self.x,
            point.multipliers * self.g / self.objective,
            point.lower * self.x / self.objective,
            point.upper * self.x / self.objective,
        )


def read_scaling(model: Any, evaluator: Evaluator) -> Scaling | None:
    """The factors that the model's suffix `scaling_factor` gives; 1 for what it leaves out, None without it.

    Raises ValueError for a factor that is not positive and finite.
    """
    suffix = model.component("scaling_factor")
    if not isinstance(suffix, pyo.Suffix) or not suffix.active:
        return None

    def factors(components: tuple[Any, ...]) -> Vector:
        found = [suffix.get(component) or suffix.get(component.parent_component()) for component in components]
        return np.array([1.0 if factor is None else float(factor) for factor in found])

    x, g = factors(evaluator.variables), factors(evaluator.rows)
    objective = factors((evaluator.target,))[0] if evaluator.target is not None else 1.0
    for values, owners in ((x, evaluator.variables), (g, evaluator.rows), ([objective], (evaluator.target,))):
        for value, owner in zip(values, owners, strict=True):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"the scaling factor of '{owner.name}' is {value:g}: it must be above 0")
    return Scaling(float(objective), x, g)


@dataclass(frozen=True, eq=False)
class Scaled(Evaluator):
    """The scaled problem, over the evaluator of the problem itself."""

    inner: Evaluator
    scaling: Scaling
    slope: Vector
    bend: Vector

    @_OUT_OF_RANGE
    def objective(self, x: Vector) -> float:
        return self.scaling.objective * self.inner.objective(x / self.scaling.x)

    @_OUT_OF_RANGE
    def gradient(self, x: Vector) -> Vector:
        return self.scaling.objective / self.scaling.x * self.inner.gradient(x / self.scaling.x)

    @_OUT_OF_RANGE
    def constraints(self, x: Vector) -> Vector:
        return self.scaling.g * self.inner.constraints(x / self.scaling.x)

    @_OUT_OF_RANGE
    def jacobian(self, x: Vector) -> Vector:
        return self.slope * self.inner.jacobian(x / self.scaling.x)

    @_OUT_OF_RANGE
    def hessian(self, x: Vector, multipliers: Vector, factor: float) -> Vector:
        weights = multipliers * self.scaling.g
        return self.bend * self.inner.hessian(x / self.scaling.x, weights, factor * self.scaling.objective)

    def jacobianstructure(self) -> tuple[Indices, Indices]:
        return self.inner.jacobianstructure()

    def hessianstructure(self) -> tuple[Indices, Indices]:
        return self.inner.hessianstructure()

    @_OUT_OF_RANGE
    def jacobian_matrix(self, x: Vector) -> sparse.csr_array:
        left, right = sparse.diags_array(self.scaling.g), sparse.diags_array(1.0 / self.scaling.x)
        return sparse.csr_array(left @ self.inner.jacobian_matrix(x / self.scaling.x) @ right)


@_OUT_OF_RANGE
def scaled(evaluator: Evaluator, scaling: Scaling) -> Scaled:
    """The evaluator of the scaled problem; its `sign` also undoes the objective's factor."""
    rows, columns = evaluator.jacobianstructure()
    first, second = evaluator.hessianstructure()
    kept = {item.name: getattr(evaluator, item.name) for item in fields(evaluator)}
    changed = {
        "sign": evaluator.sign / scaling.objective,
        "x0": evaluator.x0 * scaling.x,
        "x_lower": evaluator.x_lower * scaling.x,
        "x_upper": evaluator.x_upper * scaling.x,
        "g_lower": evaluator.g_lower * scaling.g,
        "g_upper": evaluator.g_upper * scaling.g,
        "slope": scaling.g[rows] / scaling.x[columns],
        "bend": 1.0 / (scaling.x[first] * scaling.x[second]),
    }
    return Scaled(**kept | changed, inner=evaluator, scaling=scaling)
