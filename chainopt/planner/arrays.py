"""A chain's model as functions with exact derivatives, from its arrays at once rather than row by row.

It is the same problem as the Pyomo model of `nlp`, in the order of the model's own components, and is checked
against the model's expressions; the derivatives are CasADi's. A model that somebody has changed, and any other,
goes through `nl`.

    minimise  -value(x)   subject to   g(x) within its bounds,

x the variables use, level, sale, imported, disposed, quantity and least, one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import casadi as ca
import numpy as np
from pyomo.core.expr.visitor import evaluate_expression, identify_variables
from scipy import sparse

from chainopt.ipopt.evaluator import Evaluator, differentiated
from chainopt.ipopt.scaling import Scaling
from chainopt.network.limits import CAPACITY, MAX_USE, MIN_LEVEL
from chainopt.network.measure import Magnitudes
from chainopt.network.network import Network
from chainopt.planner.model import LIMIT_ROWS
from chainopt.technology.families import Batch
from chainopt.technology.primitives import PRIMITIVES

Array = np.ndarray
_SAMPLE = 40
_SAME = 1e-9
_STEP = 0.01


class ModelDiffersError(RuntimeError):
    """A row of the model is not what the chain's arrays say: it was changed, or one of the two is wrong."""


def chain_problem(net: Network, model: Any, size: Magnitudes) -> tuple[Evaluator, Scaling]:
    """The evaluator of a chain's model as `nlp.build` made it, and the factors that bring these sizes to one.

    Raises ModelDiffersError where a sample of its rows has other values.
    """
    begun = time.perf_counter()
    problem = _Problem(net, model, size)
    functions = differentiated(problem.x, problem.value(), problem.rows())
    x0 = np.array([variable.value for variable in problem.variables], dtype=float)
    evaluator = Evaluator(
        variables=problem.variables,
        rows=tuple(problem.owners),
        target=model.value,
        sign=-1.0,
        x0=x0,
        x_lower=problem.lower,
        x_upper=np.full(len(x0), np.inf),
        g_lower=np.concatenate(problem.g_lower),
        g_upper=np.concatenate(problem.g_upper),
        seconds={"write": 0.0, "derivatives": 0.0},
        functions=functions,
    )
    _check(evaluator)
    scaling = Scaling(1.0 / size.money, 1.0 / problem.sizes, 1.0 / np.concatenate([np.zeros(0), *problem.g_sizes]))
    evaluator.seconds["derivatives"] = time.perf_counter() - begun
    return evaluator, scaling


@np.errstate(all="ignore")
def _check(evaluator: Evaluator) -> None:
    """Compare the objective, and a sample of rows with their bounds, with the model's, a little off the start."""
    count = len(evaluator.rows)
    sample = sorted({round(i) for i in np.linspace(0, count - 1, min(count, _SAMPLE))})
    place = {id(variable): i for i, variable in enumerate(evaluator.variables)}
    x = evaluator.x0.copy()
    moved: dict[int, Any] = {}
    for i in sample:
        moved |= {place[id(v)]: v for v in identify_variables(evaluator.rows[i].body) if id(v) in place}
    for i, variable in moved.items():
        x[i] += _STEP * (abs(x[i]) or 1.0)
        variable.set_value(x[i], skip_validation=True)
    found = evaluator.constraints(x)
    bodies = {i: _value(evaluator.rows[i].body) for i in sample}
    assert evaluator.target is not None
    target, objective = _value(evaluator.target.expr), evaluator.sign * evaluator.objective(x)
    for i, variable in moved.items():
        variable.set_value(evaluator.x0[i], skip_validation=True)
    if abs(objective - target) > _SAME * (abs(target) + float(np.abs(evaluator.gradient(x)) @ np.abs(x))):
        raise ModelDiffersError(f"the objective is {target:.12g}, but {objective:.12g} by the chain's arrays")
    money = abs(evaluator.jacobian_matrix(x)) @ np.abs(x) if count else x
    for i, body in bodies.items():
        if abs(found[i] - body) > _SAME * max(float(np.nan_to_num(money[i])), abs(body)):
            name = evaluator.rows[i].name
            raise ModelDiffersError(f"'{name}' is {body:.12g}, but {found[i]:.12g} by the chain's arrays")
        for ours, theirs, missing in (
            (evaluator.g_lower[i], evaluator.rows[i].lb, -np.inf),
            (evaluator.g_upper[i], evaluator.rows[i].ub, np.inf),
        ):
            if ours != (missing if theirs is None else theirs):
                raise ModelDiffersError(
                    f"a bound of '{evaluator.rows[i].name}' is {theirs}, but {ours} by the chain"
                )


def _value(expression: Any) -> float:
    """An expression's value; nan where a formula has none, which is for the solver to find."""
    try:
        return float(evaluate_expression(expression))
    except (ArithmeticError, TypeError, ValueError):
        return np.nan


class _Problem:
    """The variables as one vector, and the rows with their owners in the model, as they are added."""

    def __init__(self, net: Network, model: Any, size: Magnitudes):
        self.net, self.model, self.size = net, model, size
        smooth = ~net.use_leontief
        never = np.zeros(len(net.goods), dtype=bool)
        minima = len(model.least)
        parts = {
            "use": (np.flatnonzero(smooth), net.signed),
            "level": (np.arange(len(net.level_process)), ~net.leontief[net.level_process]),
            "sale": (np.flatnonzero(net.sells), net.sale_signed),
            "imported": (np.flatnonzero(net.imports), never),
            "disposed": (np.flatnonzero(net.disposes), never),
            "quantity": (np.flatnonzero(~net.rival), ~never),
            "least": (np.arange(minima), np.ones(minima, dtype=bool)),
        }
        of_part = {"use": size.use, "level": size.level, "least": np.ones(minima)}
        self.x = ca.MX.sym("x", sum(len(members) for members, _ in parts.values()))
        self.members = {name: members for name, (members, _) in parts.items()}
        ends = np.cumsum([0, *(len(members) for members in self.members.values())])
        pieces = ca.vertsplit(self.x, ends.tolist())
        self.part = dict(zip(parts, pieces, strict=True))
        self.variables = tuple(v for name in parts for v in getattr(model, name).values())
        lower = [np.where(sign[members], -np.inf, 0.0) for members, sign in parts.values()]
        lower[0] = np.maximum(lower[0], np.where(net.origin > 0, net.origin, -np.inf)[smooth])
        self.lower = np.concatenate(lower)
        self.sizes = np.concatenate(
            [of_part.get(name, size.good)[members] for name, members in self.members.items()]
        )
        self.owners: list[Any] = []
        self.g: list[Any] = []
        self.g_sizes: list[Array] = []
        self.g_lower: list[Array] = []
        self.g_upper: list[Array] = []
        uses = len(net.use_good)
        of = np.flatnonzero(~smooth)
        recipe = _matrix(
            net.coefficient[of], of, net.first_level[net.use_process[of]], (uses, len(net.level_process))
        )
        self.intake = _select(self.members["use"], uses).T @ self.part["use"] + recipe @ self.part["level"]
        self.minimum_gaps: Any = ca.MX(0, 1)

    def add(self, owners: Any, body: Any, low: Array, high: Array, size: Array) -> None:
        """Rows low <= body <= high of these sizes, owned by these constraints of the model, in their order."""
        owners = list(owners)
        if owners:
            self.owners += owners
            self.g.append(body)
            self.g_lower.append(np.broadcast_to(low, len(owners)).astype(float))
            self.g_upper.append(np.broadcast_to(high, len(owners)).astype(float))
            self.g_sizes.append(np.broadcast_to(size, len(owners)).astype(float))

    def rows(self) -> Any:
        """Every row: balances, readings, production, limits and minima."""
        self._balances()
        self._readings()
        self._production()
        self._limits()
        return ca.vertcat(*self.g) if self.g else ca.MX(0, 1)

    def _balances(self) -> None:
        net, goods = self.net, len(self.net.goods)
        rival = np.flatnonzero(net.rival[net.use_good])
        terms = _matrix(np.ones(len(rival)), net.use_good[rival], rival, (goods, len(net.use_good))) @ self.intake
        made = net.yields.tocoo()
        terms -= _matrix(made.data, made.col, made.row, (goods, len(net.level_process))) @ self.part["level"]
        one = np.ones(goods)
        signs = {"sale": one * net.rival, "imported": -one, "disposed": one, "quantity": one}
        for name, sign in signs.items():
            members = self.members[name]
            weight = sign[members]
            terms += _matrix(weight, members, np.arange(len(members)), (goods, len(members))) @ self.part[name]
        owners = self.model.balance
        kept = [g for g, good in enumerate(net.goods) if good in owners]
        supply = net.supply[kept]
        rows = (owners[net.goods[g]] for g in kept)
        self.add(rows, _at(terms, np.array(kept, dtype=int)), supply, supply, self.size.good[kept])

    def _readings(self) -> None:
        net = self.net
        reads = np.flatnonzero(~net.rival[net.use_good])
        place = np.cumsum(~net.rival) - 1
        whole = self.part["quantity"]
        if len(reads):
            low = np.where(net.use_leontief[reads], -np.inf, 0.0)
            spare = _at(self.intake, reads) - _at(whole, place[net.use_good[reads]])
            size = self.size.good[net.use_good[reads]]
            self.add(self.model.reading.values(), spare, low, np.zeros(1), size)
        sold = np.flatnonzero(~net.rival & net.sells)
        if len(sold):
            at = np.cumsum(net.sells) - 1
            spare = _at(self.part["sale"], at[sold]) - _at(whole, place[sold])
            self.add(self.model.demand.values(), spare, np.zeros(1), np.zeros(1), self.size.good[sold])

    def _production(self) -> None:
        net, level = self.net, self.part["level"]
        made = ca.MX(len(net.level_process), 1)
        which: list[Array] = []
        for technology, batch in net.families:
            if len(batch.process):
                first = net.first_level[batch.process]
                values = technology.level(batch, _at(self.intake, batch.use), _SYMBOLS)
                made += _select(first, len(net.level_process)).T @ values
                which.append(first)
        if net.formulas:
            levels, values = self._formulas()
            made += _select(levels, len(net.level_process)).T @ values
            which.append(levels)
        rows = np.concatenate([np.zeros(0, dtype=int), *which])
        if len(rows):
            owners = self.model.production.values()
            self.add(owners, _at(level - made, rows), np.zeros(1), np.zeros(1), self.size.level[rows])

    def _formulas(self) -> tuple[Array, Any]:
        """Every formula's levels, by scalar expressions of their own inputs, and the rows of their minima."""
        net = self.net
        uses = np.concatenate([item.use for item in net.formulas])
        inputs = ca.SX.sym("inputs", len(uses))
        leasts = ca.SX.sym("least", len(self.members["least"]))
        given, at, number = ca.vertsplit(inputs), 0, 0
        outputs: list[Any] = []
        spare: list[Any] = []
        for item in net.formulas:
            mine = given[at : at + len(item.use)]
            at += len(item.use)

            def function(name: str) -> Callable[..., Any]:
                if name != "min":
                    return _FUNCTIONS[name]

                def least(arguments: list[Any]) -> Any:
                    nonlocal number
                    variable = leasts[number]
                    number += 1
                    spare.extend(variable - argument for argument in arguments)
                    return variable

                return least

            values = item.program.run(mine, function)
            outputs += [values[i] for i in item.program.outputs]
        whole = ca.Function("formulas", [inputs, leasts], [ca.vertcat(*outputs), ca.vertcat(*spare)])
        made, gaps = whole(_at(self.intake, uses), self.part["least"])
        self.minimum_gaps = gaps
        return np.concatenate([item.level for item in net.formulas]), made

    def _limits(self) -> None:
        net = self.net
        for name, rows in LIMIT_ROWS.items():
            mine = [limit for limit in net.limits if limit.kind == name]
            if not mine:
                continue
            index = np.array([limit.index for limit in mine])
            if name == MAX_USE:
                body, size = _at(self.intake, index), self.size.use[index]
            elif name in (CAPACITY, MIN_LEVEL):
                body, size = _at(self.part["level"], index), self.size.level[index]
            else:
                size = self.size.good[index]
                part = "imported" if name == "max import" else "sale"
                place = {g: i for i, g in enumerate(self.members[part].tolist())}
                body = _at(self.part[part], np.array([place[g] for g in index.tolist()]))
            bound = np.array([limit.bound for limit in mine])
            fixed = np.array([limit.fixed for limit in mine])
            sign = mine[0].sign
            low = np.where(fixed | (sign < 0), bound, -np.inf)
            high = np.where(fixed | (sign > 0), bound, np.inf)
            self.add(getattr(self.model, rows).values(), body, low, high, size)
        if len(self.members["least"]):
            owners, none = self.model.minimum.values(), np.full(1, -np.inf)
            self.add(owners, self.minimum_gaps, none, np.zeros(1), np.ones(1))

    def value(self) -> Any:
        """Minus the objective."""
        net = self.net
        sold = self.members["sale"]
        price = np.nan_to_num(net.price[sold])
        curved = np.isfinite(net.elasticity[sold]) & (price != 0)
        total = ca.dot(ca.DM(np.where(curved, 0.0, price)), self.part["sale"])
        if curved.any():
            of = np.flatnonzero(curved)
            reference, power = net.reference[sold[of]], 1.0 - 1.0 / net.elasticity[sold[of]]
            ratio = _at(self.part["sale"], of) / ca.DM(reference)
            log = power == 0
            weight = ca.DM(price[of] * reference)
            safe = np.where(log, 1.0, power)
            curve = ca.DM((~log).astype(float)) * (ratio ** ca.DM(safe) - 1.0) / ca.DM(safe)
            curve += ca.DM(log.astype(float)) * ca.log(ratio)
            total += ca.dot(weight, curve)
        total -= ca.dot(ca.DM(net.import_price[self.members["imported"]]), self.part["imported"])
        total -= ca.dot(ca.DM(net.disposal[self.members["disposed"]]), self.part["disposed"])
        total -= ca.dot(ca.DM(net.unit_cost), self.part["level"])
        return -total


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: row.value if not row.function else getattr(ca, name) for name, row in PRIMITIVES.items() if name != "min"
}


class _Symbols:
    """The algebra of CasADi's vectors."""

    def sum(self, batch: Batch, values: Any) -> Any:
        return self._weights(batch, np.ones(len(batch.use))) @ values

    def product(self, batch: Batch, x: Any) -> Any:
        return ca.exp(self._weights(batch, batch.a) @ ca.log(x))

    def power_sum(self, batch: Batch, x: Any, r: Array, power: Array) -> Any:
        return (self._weights(batch, batch.a) @ x ** r[batch.of]) ** power

    def of(self, name: str, values: Any) -> Any:
        return _FUNCTIONS[name](values)

    def _weights(self, batch: Batch, values: Array) -> Any:
        """A matrix that sums what belongs to each process, so weighed."""
        return _matrix(values, batch.of, np.arange(len(batch.use)), (len(batch.process), len(batch.use)))


_SYMBOLS = _Symbols()


def _matrix(values: Array, rows: Array, columns: Array, shape: tuple[int, int]) -> Any:
    """A sparse matrix of CasADi's."""
    found = sparse.csc_array((np.asarray(values, dtype=float), (rows, columns)), shape=shape)
    found.sort_indices()
    pattern = ca.Sparsity(shape[0], shape[1], found.indptr.tolist(), found.indices.tolist())
    return ca.DM(pattern, found.data)


def _select(at: Array, count: int) -> Any:
    """Rows with a one each, at column `at`."""
    return _matrix(np.ones(len(at)), np.arange(len(at)), at, (len(at), count))


def _at(vector: Any, index: Array) -> Any:
    """Entries of a column, as a column."""
    return vector[index.tolist(), 0] if len(index) else ca.MX(0, 1)
