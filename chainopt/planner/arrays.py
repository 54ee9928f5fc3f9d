"""A chain's model as functions with exact derivatives, from its arrays at once rather than row by row.

It is the problem of `rows` in CasADi's terms, whose derivatives are CasADi's, and is checked against the
expressions of the Pyomo model. A model that somebody has changed, and any other, goes through `ipopt.evaluator`.

    minimise  -value(x)   subject to   g(x) within its bounds
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import casadi as ca
import numpy as np
from pyomo.core.expr.visitor import evaluate_expression, identify_variables
from scipy import sparse

from chainopt.ipopt.evaluator import Evaluator, build_evaluator, differentiated
from chainopt.ipopt.scaling import Scaling
from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.planner.rows import Block, Problem, curves, formulas, members, problem
from chainopt.technology.arrays import Array
from chainopt.technology.families import Batch
from chainopt.technology.primitives import PRIMITIVES

_SAMPLE = 40
_SAME = 1e-9
_STEP = 0.01
_FURTHEST = 1e300
"""Sizes beyond it have no factor that brings them to one."""


class ModelDiffersError(RuntimeError):
    """A row of the model is not what the chain's arrays say: it was changed, or one of the two is wrong."""


def posed(net: Network, model: Any, size: Measure) -> tuple[Evaluator, Scaling]:
    """The same of a model that nobody has changed, whatever figures it begins with.

    Near the ends of what a double holds, and in high powers, two ways of computing one row may have no digit in
    common: then they are compared where figures are ordinary. Where rows differ there too, the model says what is
    solved.
    """
    evaluator, scaling = _by_arrays(net, model, size)
    if not (_difference(evaluator) and _difference(evaluator, ordinary=True)):
        return evaluator, scaling
    factors = (scaling.x, evaluator.variables), (scaling.g, evaluator.rows)
    known = {id(member): factor for each, members in factors for factor, member in zip(each, members, strict=True)}
    read = build_evaluator(model)
    x, g = (np.array([known[id(member)] for member in order]) for order in (read.variables, read.rows))
    return read, Scaling(scaling.objective, x, g)


def chain_problem(net: Network, model: Any, size: Measure) -> tuple[Evaluator, Scaling]:
    """The evaluator of a chain's model as `model.build` made it, and the factors that bring these sizes to one.

    Raises ModelDiffersError where a sample of its rows has other values near its start.
    """
    evaluator, scaling = _by_arrays(net, model, size)
    if difference := _difference(evaluator):
        raise ModelDiffersError(difference)
    return evaluator, scaling


def _by_arrays(net: Network, model: Any, size: Measure) -> tuple[Evaluator, Scaling]:
    begun = time.perf_counter()
    stated = problem(net)
    variables, rows = (tuple(members(model, blocks)) for blocks in (stated.variables, stated.rows))
    x = ca.MX.sym("x", len(variables))
    functions = differentiated(x, -_worth(net, stated, x), _rows(net, stated, x))
    evaluator = Evaluator(
        variables=variables,
        rows=rows,
        target=model.value,
        sign=-1.0,
        x0=np.array([variable.value for variable in variables], dtype=float),
        x_lower=np.concatenate([block.low for block in stated.variables]),
        x_upper=np.concatenate([block.high for block in stated.variables]),
        g_lower=np.concatenate([block.low for block in stated.rows]),
        g_upper=np.concatenate([block.high for block in stated.rows]),
        seconds={"write": 0.0, "derivatives": 0.0},
        functions=functions,
    )
    scaling = Scaling(_factor(size.money), *(_factors(blocks, size) for blocks in (stated.variables, stated.rows)))
    evaluator.seconds["derivatives"] = time.perf_counter() - begun
    return evaluator, scaling


def _factors(blocks: Iterable[Block], size: Measure) -> Array:
    """What brings each member to one."""
    return np.concatenate([_factor(block.sizes(size)) for block in blocks])


def _factor(size: Any) -> Any:
    """What brings a size to one, or as near as a double can, and can undo."""
    return 1.0 / np.clip(np.nan_to_num(size, nan=1.0), 1.0 / _FURTHEST, _FURTHEST)


@np.errstate(all="ignore")
def _difference(evaluator: Evaluator, *, ordinary: bool = False) -> str:
    """Where the objective, or one of a sample of rows with their bounds, is not the model's; "" for nowhere.

    They are compared a little off the start, or where what these rows name is about 1.
    """
    count = len(evaluator.rows)
    sample = sorted({round(i) for i in np.linspace(0, count - 1, min(count, _SAMPLE))})
    place = {id(variable): i for i, variable in enumerate(evaluator.variables)}
    x = evaluator.x0.copy()
    moved: dict[int, Any] = {}
    for i in sample:
        moved |= {place[id(v)]: v for v in identify_variables(evaluator.rows[i].body) if id(v) in place}
    for i, variable in moved.items():
        x[i] = 1.0 + _STEP if ordinary else x[i] + _STEP * (abs(x[i]) or 1.0)
        variable.set_value(x[i], skip_validation=True)
    found = evaluator.constraints(x)
    bodies = {i: _value(evaluator.rows[i].body) for i in sample}
    assert evaluator.target is not None
    target, objective = _value(evaluator.target.expr), evaluator.sign * evaluator.objective(x)
    for i, variable in moved.items():
        variable.set_value(evaluator.x0[i], skip_validation=True)
    if abs(objective - target) > _SAME * (abs(target) + float(np.abs(evaluator.gradient(x)) @ np.abs(x))):
        return f"the objective is {target:.12g}, but {objective:.12g} by the chain's arrays"
    money = abs(evaluator.jacobian_matrix(x)) @ np.abs(x) if count else x
    for i, body in bodies.items():
        if abs(found[i] - body) > _SAME * max(float(np.nan_to_num(money[i])), abs(body)):
            return f"'{evaluator.rows[i].name}' is {body:.12g}, but {found[i]:.12g} by the chain's arrays"
        for ours, theirs, missing in (
            (evaluator.g_lower[i], evaluator.rows[i].lb, -np.inf),
            (evaluator.g_upper[i], evaluator.rows[i].ub, np.inf),
        ):
            if ours != (missing if theirs is None else theirs):
                return f"a bound of '{evaluator.rows[i].name}' is {theirs}, but {ours} by the chain"
    return ""


def _value(expression: Any) -> float:
    """An expression's value; nan where a formula has none, which is for the solver to find."""
    try:
        return float(evaluate_expression(expression))
    except (ArithmeticError, TypeError, ValueError):
        return np.nan


def _rows(net: Network, stated: Problem, x: Any) -> Any:
    """Every row: what is linear by one matrix, less what functions, formulas and minima say."""
    intake = _at(x, stated.amounts["use"].indices)
    families = [family for family in net.families if len(family[1].process)]
    made = [technology.level(batch, _at(intake, batch.use), _SYMBOLS) for technology, batch in families]
    less = {"production": ca.vertcat(*made)}
    if net.formulas:
        more, less["minimum"] = _formulas(net, intake, _at(x, stated.amounts["least"].indices))
        less["production"] = ca.vertcat(*made, more)
    linear = ((rows, _constant(rows.terms) @ x) for rows in stated.rows if len(rows.index))
    return ca.vertcat(*(body - less[rows.name] if rows.name in less else body for rows, body in linear))


def _formulas(net: Network, intake: Any, given: Any) -> tuple[Any, Any]:
    """What all formulas make, by scalar expressions of their own inputs, and the arguments of their minima."""
    uses = np.concatenate([item.use for item in net.formulas])
    inputs, leasts = ca.SX.sym("inputs", len(uses)), ca.SX.sym("least", given.numel())
    of_use = dict(zip(uses.tolist(), ca.vertsplit(inputs), strict=True))
    made, arguments = formulas(net, of_use.__getitem__, ca.vertsplit(leasts), _FUNCTIONS)
    whole = ca.Function("formulas", [inputs, leasts], [ca.vertcat(*made), ca.vertcat(*arguments)])
    return whole(_at(intake, uses), given)


def _worth(net: Network, stated: Problem, x: Any) -> Any:
    """The objective."""
    linear = ca.dot(ca.DM(stated.worth.data), _at(x, stated.worth.indices))
    if not len(stated.curved):
        return linear
    sales = ca.SX.sym("sales", len(stated.curved))
    demand = ca.Function("demand", [sales], [ca.vertcat(*curves(net, ca.vertsplit(sales), ca.log))])
    return linear + ca.sum1(demand(_at(x, stated.amounts["sale"][stated.curved].indices)))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: row.value if not row.function else getattr(ca, name) for name, row in PRIMITIVES.items() if name != "min"
}


class _Symbols:
    """The algebra of CasADi's vectors."""

    def sum(self, batch: Batch, values: Any) -> Any:
        return self._weighed(batch, np.ones(len(batch.use)), values)

    def product(self, batch: Batch, x: Any) -> Any:
        return ca.exp(self._weighed(batch, batch.a, ca.log(x)))

    def power_sum(self, batch: Batch, x: Any, r: Array, power: Array) -> Any:
        return self._weighed(batch, batch.a, x ** r[batch.of]) ** power

    def of(self, name: str, values: Any) -> Any:
        return _FUNCTIONS[name](values)

    def _weighed(self, batch: Batch, weights: Array, values: Any) -> Any:
        """The sum of what belongs to each process, so weighed."""
        return _matrix(weights, batch.of, np.arange(len(batch.use)), (len(batch.process), len(batch.use))) @ values


_SYMBOLS = _Symbols()


def _matrix(values: Array, rows: Array, columns: Array, shape: tuple[int, int]) -> Any:
    """A sparse matrix of CasADi's."""
    return _constant(sparse.csc_array((np.asarray(values, dtype=float), (rows, columns)), shape=shape))


def _constant(terms: Any) -> Any:
    found = sparse.csc_array(terms)
    found.sum_duplicates()
    pattern = ca.Sparsity(found.shape[0], found.shape[1], found.indptr.tolist(), found.indices.tolist())
    return ca.DM(pattern, found.data)


def _at(vector: Any, index: Array) -> Any:
    """Entries of a column, as a column."""
    return vector[index.tolist(), 0] if len(index) else ca.MX(0, 1)
