"""Chain -> the planner's problem as a Pyomo model.

    maximise value   subject to   balance[good]: what is taken of a good - what is made of it = supply[good]

Every limit that can bind is a row (`capacity`, `min_level`, `max_use`, `min_use`, `max_sale`, `min_sale`,
`max_import`), so that it has a multiplier; non-negativity alone is a bound. Under Pyomo's convention, dual =
d(objective) / d(right-hand side), the dual of `balance` is the good's price as it stands.

The blocks of `rows` in Pyomo's terms, with the expressions of production functions, formulas and demand curves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression
from scipy import sparse

from chainopt.chain.chain import Chain
from chainopt.machine.memory import uncollected
from chainopt.network.forward import forward_run
from chainopt.network.measure import Measure, magnitudes, turnover
from chainopt.network.network import Network, network
from chainopt.network.plan import Plan
from chainopt.planner.rows import Block, Problem, Rows, curves, formulas, members, problem, starts
from chainopt.technology.families import Objects, objects
from chainopt.technology.primitives import PRIMITIVES


def build_model(chain: Chain) -> pyo.ConcreteModel:
    """The chain's planner's problem; see the module for its components.

    `use[good, process]`, `sale[good]`, `imported[good]`, `disposed[good]` are amounts; `level[process]` (or
    `level[process, good]`, for a formula with several outputs) are the processes' levels; `quantity[good]` is
    what there is of a non-rival good, which `reading[good, process]` and `demand[good]` hand to each reader.
    `supply[good]` is a mutable Param. Start values come from a forward run of the chain.
    """
    return build(network(chain))


def build(
    net: Network, start: Plan | None = None, money: float | None = None, *, factors: bool = True
) -> pyo.ConcreteModel:
    """build_model for a network, from a start (default: a forward run) and the money that a plan moves in all.

    factors: with the suffix `scaling_factor`.
    """
    start = start or forward_run(net)
    money = money or turnover(net, start)
    # Collections would go through every expression again and again, and find nothing.
    with uncollected():
        stated = problem(net)
        model: Any = pyo.ConcreteModel(name=net.chain.name or "chain")
        model.goods = pyo.Set(initialize=net.goods)
        model.processes = pyo.Set(initialize=net.processes)
        supply = dict(zip(net.goods, net.supply, strict=True))
        model.supply = pyo.Param(model.goods, initialize=supply, mutable=True, within=pyo.Reals)
        for block, values in zip(stated.variables, starts(net, start), strict=True):
            setattr(model, block.name, _variables(block, values))
        x = members(model, stated.variables)
        made, arguments = _made(net, [x[i] for i in stated.amounts["use"].indices.tolist()], model.least.values())
        less = {"production": made, "minimum": arguments}
        # Ipopt is given what it always was, to the last digit, where minima stand before what is made of them.
        first = ("balance", "reading", "demand", "minimum")
        for rows in sorted(stated.rows, key=lambda rows: rows.name not in first):
            right = (
                list(map(model.supply.__getitem__, rows.keys)) if rows.name == "balance" else rows.high.tolist()
            )
            setattr(model, rows.name, _rows(rows, x, less.get(rows.name), right))
        sales = [x[i] for i in stated.amounts["sale"][stated.curved].indices.tolist()]
        model.value = pyo.Objective(
            expr=sum([*_linear(stated.worth, x), *curves(net, sales, pyo.log)]), sense=pyo.maximize
        )
        if factors:
            _scale(model, stated, magnitudes(net, start, money))
    return model


def _scale(model: Any, stated: Problem, size: Measure) -> None:
    """Factors that bring flows, and the money of an average flow, to about 1 at the start."""
    suffix = model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
    for block in (*stated.variables, *stated.rows):
        suffix.update(zip(members(model, [block]), (1.0 / block.sizes(size)).tolist(), strict=True))
    suffix[model.value] = 1.0 / size.money


def _variables(block: Block, values: np.ndarray) -> pyo.Var:
    """A block's variables with these starts."""
    component = pyo.Var(pyo.Set(initialize=block.keys, dimen=None), bounds=(0, None))
    component.construct()
    for variable, value, low in zip(component.values(), values.tolist(), block.low.tolist(), strict=True):
        if low != 0:
            variable.setlb(low if np.isfinite(low) else None)
        variable.set_value(value, skip_validation=True)
    return component


def _rows(rows: Rows, x: list[Any], less: list[Any] | None, right: list[Any]) -> pyo.Constraint:
    """A block's rows, less what is not linear in them; right: the bounds from above."""
    bodies = _linear(rows.terms, x)
    if less is not None:
        bodies = [body - made for body, made in zip(bodies, less, strict=True)]
    kinds = (rows.low.tolist(), (rows.low == rows.high).tolist(), np.isfinite(rows.high).tolist())
    written = {
        key: body == high if fixed else body <= high if bounded else body >= low
        for key, body, high, low, fixed, bounded in zip(rows.keys, bodies, right, *kinds, strict=True)
    }
    return pyo.Constraint(pyo.Set(initialize=list(written), dimen=None), rule=written)


def _linear(terms: sparse.csr_array, x: list[Any]) -> list[Any]:
    """Rows of coefficients as expressions."""
    coefs, variables = terms.data.tolist(), [x[i] for i in terms.indices.tolist()]
    return [
        variables[i]
        if j == i + 1 and coefs[i] == 1.0
        else LinearExpression(constant=0.0, linear_coefs=coefs[i:j], linear_vars=variables[i:j])
        for i, j in pairwise(terms.indptr.tolist())
    ]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: row.value if not row.function else getattr(pyo, name)
    for name, row in PRIMITIVES.items()
    if name != "min"
}


def _made(net: Network, uses: Sequence[Any], leasts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What functions and formulas make, in the order of the rows of production, and the arguments of minima."""
    functions = Objects(_FUNCTIONS.__getitem__)
    made = [
        level
        for technology, batch in net.families
        for level in technology.level(batch, objects([uses[u] for u in batch.use.tolist()]), functions)
    ]
    more, arguments = formulas(net, uses.__getitem__, leasts, _FUNCTIONS)
    return made + more, arguments
