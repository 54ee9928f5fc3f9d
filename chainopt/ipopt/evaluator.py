"""Any smooth Pyomo model as functions with exact sparse derivatives.

    minimise f(x)   subject to   g_lower <= g(x) <= g_upper,   x_lower <= x <= x_upper

The route is Pyomo's NL writer, CasADi's NL reader, and CasADi's derivatives of the expanded
(scalar) expressions. A model that maximises F is given as f = -F, with `sign` = -1.

The writer's linear presolve is off: it removes rows, and their multipliers with them. The writer
reorders what it writes: `variables` and `rows` name the components in the order of the arrays.
Fixed variables are constants, and rows without a free variable are checked and left out.
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import casadi
import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.core.expr.numeric_expr import NumericExpression
from pyomo.repn.plugins.nl_writer import NLWriter, NLWriterInfo
from scipy.sparse import csc_array, csr_array

Vector = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]

_REFUSED_FUNCTIONS = {"abs", "asinh", "acosh", "atanh", "ceil", "floor", "max", "min", "Expr_if"}
# The same functions in NL, with the comparisons and external functions. CasADi reads floor, ceil and abs
# without complaint, but they have no derivative everywhere; it cannot read the others.
_REFUSED_SEGMENTS = re.compile(r"^(?:o(?:11|12|13|14|15|2[0-4]|35|47|50|52)|f\d+ .*)$", re.MULTILINE)
_NOT_FINITE = re.compile(r"(?:^|\s|n)[-+]?(?:nan|inf)\b", re.MULTILINE)
_BOUND_TOLERANCE = 1e-8


class NotSmoothError(ValueError):
    """The model has a part without continuous derivatives; the message names the part and where it is."""


class InfeasibleModelError(ValueError):
    """A bound or row can be met by no values of the variables; the message names it."""


@contextmanager
def refusals() -> Iterator[None]:
    """MemoryError where CasADi is refused memory, which it reports like any other failure."""
    try:
        yield
    except RuntimeError as error:
        if "bad_alloc" in str(error):
            raise MemoryError from error
        raise


class _Compiled:
    """A CasADi function of vectors, bound once to fixed memory: CasADi's calls spend most of their time
    on the conversion of arguments, which its buffer interface skips.
    """

    def __init__(self, function: casadi.Function) -> None:
        self._inputs = [np.zeros(function.nnz_in(i)) for i in range(function.n_in())]
        self._output = np.zeros(function.nnz_out(0))
        self._buffer: Any
        self._buffer, self._trigger = function.buffer()
        self._sparsity = function.sparsity_out(0)
        for i, memory in enumerate(self._inputs):
            if memory.size:
                self._buffer.set_arg(i, memoryview(cast(Any, memory)))
        if self._output.size:
            self._buffer.set_res(0, memoryview(cast(Any, self._output)))

    def __call__(self, *arguments: npt.ArrayLike) -> Vector:
        for memory, argument in zip(self._inputs, arguments, strict=True):
            memory[:] = argument
        self._trigger()
        return self._output.copy()

    @cached_property
    def ends(self) -> Indices:
        """Where each column's nonzeros begin, and the last's end."""
        return np.asarray(self._sparsity.colind(), dtype=np.int32)

    @cached_property
    def places(self) -> tuple[Indices, Indices]:
        """Rows and columns of the nonzeros, column by column."""
        columns = np.repeat(np.arange(len(self.ends) - 1, dtype=np.int32), np.diff(self.ends))
        return np.asarray(self._sparsity.row(), dtype=np.int32), columns


@dataclass(frozen=True, eq=False)
class Evaluator:
    """The functions of one model, and all else that a solver needs to know of it.

    The methods bear the names that cyipopt calls. Values that are not finite are returned as they are.
    It describes the model as it was built: later changes of the model don't reach it.
    """

    variables: tuple[Any, ...]
    rows: tuple[Any, ...]
    target: Any | None
    sign: float
    x0: Vector
    x_lower: Vector
    x_upper: Vector
    g_lower: Vector
    g_upper: Vector
    seconds: dict[str, float]
    functions: dict[str, casadi.Function]

    @cached_property
    def _compiled(self) -> dict[str, _Compiled]:
        return {name: _Compiled(function) for name, function in self.functions.items()}

    def objective(self, x: Vector) -> float:
        """f(x), the function that is minimised."""
        return float(self._compiled["objective"](x)[0])

    def gradient(self, x: Vector) -> Vector:
        """The dense gradient of f."""
        return self._compiled["gradient"](x)

    def constraints(self, x: Vector) -> Vector:
        """g(x)."""
        return self._compiled["constraints"](x)

    def jacobian(self, x: Vector) -> Vector:
        """The nonzeros of dg/dx, in the order of `jacobianstructure`."""
        return self._compiled["jacobian"](x)

    def hessian(self, x: Vector, multipliers: Vector, factor: float) -> Vector:
        """The nonzeros of the lower triangle of factor f'' + sum_i multipliers_i g_i''."""
        return self._compiled["hessian"](x, multipliers, factor)

    def jacobian_matrix(self, x: Vector) -> csr_array:
        """dg/dx as a sparse matrix, rows by variables."""
        rows, ends = self._compiled["jacobian"].places[0], self._compiled["jacobian"].ends
        return csr_array(csc_array((self.jacobian(x), rows, ends), shape=(self.g_lower.size, self.x0.size)))

    def jacobianstructure(self) -> tuple[Indices, Indices]:
        """Rows and columns of the nonzeros of dg/dx."""
        return self._compiled["jacobian"].places

    def hessianstructure(self) -> tuple[Indices, Indices]:
        """Rows and columns of the nonzeros of the Hessian's lower triangle."""
        return self._compiled["hessian"].places


def build_evaluator(model: Any) -> Evaluator:
    """The evaluator of a Pyomo model or block.

    Raises NotSmoothError (discrete variables, kinks, functions without a CasADi counterpart),
    InfeasibleModelError (a bound or constant row that cannot be met), and ValueError for several
    active objectives or numbers that are not finite.
    """
    start = time.perf_counter()
    targets = list(model.component_data_objects(pyo.Objective, active=True))
    if len(targets) > 1:
        names = ", ".join(target.name for target in targets)
        raise ValueError(f"the model has several active objectives ({names}): deactivate all but one")
    target = targets[0] if targets else None
    text, info = _write(model)
    written = time.perf_counter()
    builder = _read(text) if info.variables else None
    functions = _differentiate(builder, target)
    sign = -1.0 if target is not None and target.sense == pyo.maximize else 1.0
    x_lower, x_upper, g_lower, g_upper, x0 = (
        np.asarray(getattr(builder, name) if builder else (), dtype=float)
        for name in ("x_lb", "x_ub", "g_lb", "g_ub", "x_init")
    )
    variables, rows = tuple(info.variables), tuple(info.constraints)
    x_lower, x_upper = _ordered(x_lower, x_upper, variables, "variable")
    g_lower, g_upper = _ordered(g_lower, g_upper, rows, "constraint")
    seconds = {"write": written - start, "derivatives": time.perf_counter() - written}
    return Evaluator(variables, rows, target, sign, x0, x_lower, x_upper, g_lower, g_upper, seconds, functions)


def _write(model: Any) -> tuple[str, NLWriterInfo]:
    """The model in NL format, without suffixes, which CasADi's reader refuses."""
    special = next(model.component_data_objects(pyo.SOSConstraint, active=True), None)
    if special is not None:
        raise NotSmoothError(f"'{special.name}' is a special ordered set: only smooth rows can be solved")
    stream = io.StringIO()
    # CasADi's reader refuses suffixes, and to write those of a large model takes as long as half of the rest.
    suffixes = list(model.component_objects(pyo.Suffix, active=True))
    for suffix in suffixes:
        suffix.deactivate()
    try:
        info = NLWriter().write(
            model, stream, linear_presolve=False, symbolic_solver_labels=False, scale_model=False
        )
    except InfeasibleConstraintException as error:
        raise InfeasibleModelError(str(error).strip()) from None
    except Exception:
        _refuse_kinks(model)
        raise
    finally:
        for suffix in suffixes:
            suffix.activate()
    for variable in info.variables:
        if not variable.is_continuous():
            raise NotSmoothError(
                f"variable '{variable.name}' is discrete ({variable.domain.name}): only continuous "
                "variables can be solved; fix it, or give it a continuous domain"
            )
        if variable.value is not None and not np.isfinite(variable.value):
            raise ValueError(f"variable '{variable.name}' starts at {variable.value}: give it a finite value")
    header, _, rest = stream.getvalue().partition("\n")
    # The rest of the header is a remark with the model's name, which may be any text.
    text = header.partition("\t#")[0] + "\n" + rest
    if _REFUSED_SEGMENTS.search(text):
        _refuse_kinks(model)
        raise NotSmoothError("the model has a function without continuous derivatives")
    if ("nan" in text or "inf" in text) and _NOT_FINITE.search(text):
        raise ValueError("the model has a coefficient or constant that is not a finite number")
    return text, info


def _refuse_kinks(model: Any) -> None:
    for component in model.component_data_objects((pyo.Objective, pyo.Constraint), active=True):
        for function, expression in _kinks(component.expr):
            raise NotSmoothError(
                f"'{component.name}' uses {function} in '{str(expression)[:80]}', which has no continuous "
                "derivatives or none that the solver knows: use a smooth formula"
            )


def _kinks(expression: Any) -> Iterator[tuple[str, Any]]:
    stack = [expression]
    while stack:
        node = stack.pop()
        if not hasattr(node, "is_expression_type") or not node.is_expression_type() or node.is_fixed():
            continue
        name = node.getname() if isinstance(node, NumericExpression) else ""
        if name in _REFUSED_FUNCTIONS or type(node).__name__ == "ExternalFunctionExpression":
            yield name, node
        stack.extend(node.args)


def _read(text: str) -> casadi.NlpBuilder:
    builder = casadi.NlpBuilder()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.nl"
        path.write_text(text, encoding="ascii", newline="\n")
        builder.import_nl(str(path), {})
    return builder


def _differentiate(builder: casadi.NlpBuilder | None, target: Any | None) -> dict[str, casadi.Function]:
    """f, its gradient, g, its Jacobian and the Hessian's lower triangle as CasADi functions.

    The expansion into scalar expressions comes before the derivatives: the other way round they take
    three times as long.
    """
    x: Any
    f: Any
    g: Any
    if builder is None:
        x, f, g = casadi.SX(0, 1), casadi.SX(_constant(target)), casadi.SX(0, 1)
    else:
        # Without an objective the reader leaves the sign of f undefined.
        f = builder.f if target is not None else casadi.MX(0)
        whole = casadi.Function("nlp", [casadi.vertcat(*builder.x)], [f, casadi.vertcat(*builder.g)])
        x = casadi.SX.sym("x", len(builder.x))
        f, g = whole.expand()(x)
    return differentiated(x, f, g)


def differentiated(x: Any, f: Any, g: Any) -> dict[str, casadi.Function]:
    """f, its gradient, g, its Jacobian and the Hessian's lower triangle, of scalar or of matrix expressions."""
    symbol = type(x)
    g = casadi.densify(g) if g.numel() else symbol(0, 1)
    multipliers = symbol.sym("multipliers", g.numel())
    factor = symbol.sym("factor")
    gradient = casadi.densify(casadi.gradient(f, x)) if x.numel() else symbol(0, 1)
    jacobian = casadi.jacobian(g, x)
    if symbol is casadi.SX:
        slope = factor * gradient + jacobian.T @ multipliers
    else:
        slope = casadi.gradient(factor * f + casadi.dot(multipliers, g), x)
    hessian = casadi.tril(casadi.jacobian(slope, x, {"symmetric": True})) if x.numel() else symbol(0, 0)
    inputs = {"hessian": [x, multipliers, factor]}
    outputs = {
        "objective": casadi.densify(f),
        "gradient": gradient,
        "constraints": g,
        "jacobian": jacobian,
        "hessian": hessian,
    }
    return {name: casadi.Function(name, inputs.get(name, [x]), [output]) for name, output in outputs.items()}


def _constant(target: Any | None) -> float:
    if target is None:
        return 0.0
    value: Any = pyo.value(target.expr)
    return float(-value if target.sense == pyo.maximize else value)


def _ordered(lower: Vector, upper: Vector, owners: tuple[Any, ...], kind: str) -> tuple[Vector, Vector]:
    """The bounds with lower <= upper: pairs that cross by rounding alone are made equal."""
    crossed = lower > upper
    for i in np.flatnonzero(crossed):
        if lower[i] - upper[i] <= _BOUND_TOLERANCE * max(1.0, abs(upper[i])):
            continue
        raise InfeasibleModelError(
            f"the lower bound {lower[i]:g} of {kind} '{owners[i].name}' is above its upper bound {upper[i]:g}"
        )
    return lower, np.where(crossed, lower, upper)
