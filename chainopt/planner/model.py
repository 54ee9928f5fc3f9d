"""Chain -> the planner's problem as a Pyomo model.

    maximise value   subject to   balance[good]: what is taken of a good - what is made of it = supply[good]

Every limit that can bind is a row (`capacity`, `min_level`, `max_use`, `max_sale`, `min_sale`, `max_import`), so
that it has a multiplier; non-negativity alone is a bound. Under Pyomo's convention, dual = d(objective) /
d(right-hand side), the dual of `balance` is the good's price as it stands.

A Leontief process has one variable, its level: its uses are coefficient * level. A formula's minimum is a
variable with a row `minimum` for each argument that it may not exceed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from chainopt.chain.chain import Chain
from chainopt.machine.memory import uncollected
from chainopt.network.forward import forward_run
from chainopt.network.limits import CAPACITY, MAX_IMPORT, MAX_SALE, MAX_USE, MIN_LEVEL, MIN_SALE, Limit
from chainopt.network.measure import magnitudes, turnover
from chainopt.network.network import FormulaProcess, Network, network
from chainopt.network.plan import Plan
from chainopt.technology.families import Objects, objects
from chainopt.technology.primitives import PRIMITIVES

_VARIABLES = Objects(lambda name: getattr(pyo, name))
LIMIT_ROWS = {
    CAPACITY: "capacity",
    MIN_LEVEL: "min_level",
    MAX_USE: "max_use",
    MAX_SALE: "max_sale",
    MIN_SALE: "min_sale",
    MAX_IMPORT: "max_import",
}


def build_model(chain: Chain) -> pyo.ConcreteModel:
    """The chain's planner's problem; see the module for its components.

    `use[good, process]`, `sale[good]`, `imported[good]`, `disposed[good]` are amounts; `level[process]` (or
    `level[process, good]`, for a formula with several outputs) are the processes' levels; `quantity[good]` is
    what there is of a non-rival good, which `reading[good, process]` and `demand[good]` hand to each reader.
    `supply[good]` is a mutable Param. Start values come from a forward run of the chain.
    """
    return build(network(chain))


def level_keys(net: Network) -> list[Hashable]:
    """The index of each level in the model: its process, and its good where the process has several."""
    count = np.bincount(net.level_process, minlength=len(net.processes)).tolist()
    return [
        net.processes[p] if count[p] == 1 else (net.processes[p], good)
        for p, good in zip(net.level_process.tolist(), net.level_good, strict=True)
    ]


def use_keys(net: Network) -> list[tuple[str, str]]:
    """The index of each use in the model: (good, process); made once for a network."""
    if "use keys" not in net.found:
        pairs = zip(net.use_good.tolist(), net.use_process.tolist(), strict=True)
        net.found["use keys"] = [(net.goods[g], net.processes[p]) for g, p in pairs]
    keys: list[tuple[str, str]] = net.found["use keys"]
    return keys


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
        return _Builder(net, start, money, factors).build()


@dataclass(slots=True)
class _Builder:
    net: Network
    start: Plan
    money: float
    factors: bool

    def build(self) -> pyo.ConcreteModel:
        net, start = self.net, self.start
        model = pyo.ConcreteModel(name=net.chain.name or "chain")
        smooth = np.flatnonzero(~net.use_leontief)
        uses, levels = use_keys(net), level_keys(net)
        signed, free = net.signed, ~net.leontief[net.level_process]
        model.goods = pyo.Set(initialize=net.goods)
        model.processes = pyo.Set(initialize=net.processes)
        model.supply = pyo.Param(
            model.goods,
            initialize=dict(zip(net.goods, net.supply, strict=True)),
            mutable=True,
            within=pyo.Reals,
        )
        model.use = _variables([uses[u] for u in smooth.tolist()], start.use[smooth], signed[smooth])
        for u in np.flatnonzero(net.origin > 0).tolist():
            model.use[uses[u]].setlb(float(net.origin[u]))
        model.level = _variables(levels, start.level, free)
        names = np.array(net.goods, dtype=object)
        for name, chosen, values, sign in (
            ("sale", net.sells, start.sale, net.sale_signed),
            ("imported", net.imports, start.imported, np.zeros_like(net.rival)),
            ("disposed", net.disposes, start.disposed, np.zeros_like(net.rival)),
            ("quantity", ~net.rival, start.quantity(net), np.ones_like(net.rival)),
        ):
            setattr(model, name, _variables(list(names[chosen]), values[chosen], sign[chosen]))
        use, level = iter(model.use.values()), list(model.level.values())
        # Of each use, a coefficient and a variable: a Leontief process takes a part of its level.
        taken = [
            (a, level[k]) if fixed else (1.0, next(use))
            for a, k, fixed in zip(
                net.coefficient.tolist(),
                net.first_level[net.use_process].tolist(),
                net.use_leontief.tolist(),
                strict=True,
            )
        ]
        intake = [
            a * variable if fixed else variable
            for fixed, (a, variable) in zip(net.use_leontief.tolist(), taken, strict=True)
        ]
        self._balances(model, taken)
        self._readings(model, intake, uses)
        self._production(model, intake, levels)
        self._limits(model, intake, uses, levels)
        self._value(model, levels)
        if self.factors:
            self._scale(model)
        return model

    def _scale(self, model: Any) -> None:
        """Factors that bring flows, and the money of an average flow, to about 1 at the start."""
        net, size = self.net, magnitudes(self.net, self.start, self.money)
        uses, levels = use_keys(net), level_keys(net)
        good: dict[Any, float] = dict(zip(net.goods, 1.0 / size.good, strict=True))
        of_use: dict[Any, float] = dict(zip(uses, 1.0 / size.use, strict=True))
        of_level: dict[Any, float] = dict(zip(levels, 1.0 / size.level, strict=True))
        first: dict[Any, float] = dict(zip(net.processes, 1.0 / size.level[net.first_level], strict=True))
        suffix = model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
        for component, factors in (
            *((getattr(model, name), good) for name in ("sale", "imported", "disposed", "quantity")),
            *((getattr(model, name), good) for name in ("balance", "demand")),
            *((getattr(model, name), good) for name in ("max_sale", "min_sale", "max_import")),
            *((getattr(model, name), of_use) for name in ("use", "max_use")),
            *((getattr(model, name), of_level) for name in ("level", "production")),
            *((getattr(model, name), first) for name in ("capacity", "min_level")),
        ):
            suffix.update((part, factors[key]) for key, part in component.items())
        suffix.update((row, good[key[0]]) for key, row in model.reading.items())
        suffix[model.value] = 1.0 / size.money

    def _balances(self, model: Any, taken: list[tuple[float, Any]]) -> None:
        net = self.net
        rival = net.rival[net.use_good]
        takes = list(compress(taken, rival.tolist()))
        made = net.yields.tocoo()
        level = list(model.level.values())
        goods = [net.use_good[rival], made.col]
        coefs = [*(a for a, _ in takes), *(-made.data).tolist()]
        moves = [*(variable for _, variable in takes), *(level[k] for k in made.row.tolist())]
        for chosen, component, sign in (
            (~net.rival, model.quantity, 1.0),
            (net.rival & net.sells, model.sale, 1.0),
            (net.disposes, model.disposed, 1.0),
            (net.imports, model.imported, -1.0),
        ):
            of = np.flatnonzero(chosen)
            goods.append(of)
            coefs += [sign] * len(of)
            moves += [component[net.goods[g]] for g in of.tolist()]
        of_good = np.concatenate(goods)
        order = np.argsort(of_good, kind="stable").tolist()
        coefs, moves = [coefs[i] for i in order], [moves[i] for i in order]
        ends = np.cumsum([0, *np.bincount(of_good, minlength=len(net.goods))]).tolist()
        rows = {
            good: LinearExpression(constant=0.0, linear_coefs=coefs[i:j], linear_vars=moves[i:j])
            == model.supply[good]
            for good, (i, j) in zip(net.goods, pairwise(ends), strict=True)
            if i < j
        }
        model.balance = _rows(rows)

    def _readings(self, model: Any, intake: list[Any], uses: list[tuple[str, str]]) -> None:
        net = self.net
        rows = {}
        for u in np.flatnonzero(~net.rival[net.use_good]):
            good, process = uses[u]
            spare = intake[u] - model.quantity[good]
            rows[good, process] = spare <= 0 if net.use_leontief[u] else spare == 0
        model.reading = _rows(rows)
        model.demand = _rows(
            {
                net.goods[g]: model.sale[net.goods[g]] - model.quantity[net.goods[g]] == 0
                for g in np.flatnonzero(~net.rival & net.sells)
            }
        )

    def _production(self, model: Any, intake: list[Any], levels: list[Hashable]) -> None:
        net, level = self.net, list(model.level.values())
        rows = {}
        for technology, batch in net.families:
            inputs = objects([intake[u] for u in batch.use.tolist()])
            first = net.first_level[batch.process].tolist()
            for k, made in zip(first, technology.level(batch, inputs, _VARIABLES), strict=True):
                rows[levels[k]] = level[k] - made == 0
        model.least = pyo.Var(pyo.Any, dense=False)
        model.minimum = pyo.Constraint(pyo.Any)
        for item in net.formulas:
            for k, made in zip(item.level, self._formula(model, item, intake), strict=True):
                rows[levels[k]] = model.level[levels[k]] - made == 0
        model.production = _rows(rows)

    def _formula(self, model: Any, item: FormulaProcess, intake: list[Any]) -> list[Any]:
        process = self.net.processes[item.process]
        values = item.program.values(self.start.use[item.use])
        known = iter(enumerate([float(values[i]) for i in item.program.minima()]))

        def function(name: str) -> Callable[..., Any]:
            if name != "min":
                return PRIMITIVES[name].value if not PRIMITIVES[name].function else getattr(pyo, name)

            def least(arguments: list[Any]) -> Any:
                number, value = next(known)
                variable = model.least[process, number]
                variable.set_value(value if np.isfinite(value) else 0.0)
                for i, argument in enumerate(arguments):
                    model.minimum.add((process, number, i), variable - argument <= 0)
                return variable

            return least

        made = item.program.run([intake[u] for u in item.use], function)
        return [made[i] for i in item.program.outputs]

    def _limits(self, model: Any, intake: list[Any], uses: list[tuple[str, str]], levels: list[Hashable]) -> None:
        net = self.net
        rows: dict[str, dict[Hashable, Any]] = {name: {} for name in LIMIT_ROWS.values()}
        for limit in net.limits:
            key, body = self._limited(model, limit, intake, uses, levels)
            row = (
                body == limit.bound
                if limit.fixed
                else (body <= limit.bound if limit.sign > 0 else body >= limit.bound)
            )
            rows[LIMIT_ROWS[limit.kind]][key] = row
        for name, found in rows.items():
            setattr(model, name, _rows(found))

    def _limited(
        self,
        model: Any,
        limit: Limit,
        intake: list[Any],
        uses: list[tuple[str, str]],
        levels: list[Hashable],
    ) -> tuple[Hashable, Any]:
        net, i = self.net, limit.index
        if limit.kind == MAX_USE:
            return uses[i], intake[i]
        if limit.kind in (CAPACITY, MIN_LEVEL):
            return net.processes[net.level_process[i]], model.level[levels[i]]
        return net.goods[i], (model.imported if limit.kind == MAX_IMPORT else model.sale)[net.goods[i]]

    def _value(self, model: Any, levels: list[Hashable]) -> None:
        net = self.net
        terms: list[Any] = []
        for g in np.flatnonzero(net.sells & ~np.isnan(net.price)):
            sale, price = model.sale[net.goods[g]], float(net.price[g])
            if not np.isfinite(net.elasticity[g]):
                terms.append(price * sale)
                continue
            reference, power = float(net.reference[g]), 1.0 - 1.0 / float(net.elasticity[g])
            curve = pyo.log(sale / reference) if power == 0 else ((sale / reference) ** power - 1.0) / power
            terms.append(price * reference * curve)
        for g in np.flatnonzero(net.imports):
            terms.append(-float(net.import_price[g]) * model.imported[net.goods[g]])
        for g in np.flatnonzero(net.disposes & (np.nan_to_num(net.disposal) != 0)):
            terms.append(-float(net.disposal[g]) * model.disposed[net.goods[g]])
        for k in np.flatnonzero(net.unit_cost):
            terms.append(-float(net.unit_cost[k]) * model.level[levels[k]])
        model.value = pyo.Objective(expr=sum(terms), sense=pyo.maximize)


def _variables(keys: list[Any], values: Any, signed: Any) -> pyo.Var:
    """Variables with these starts, at least 0 but for the signed ones."""
    component = pyo.Var(pyo.Set(initialize=keys, dimen=None), bounds=(0, None))
    component.construct()
    for variable, value, sign in zip(
        component.values(), np.where(np.isfinite(values), values, 0.0).tolist(), signed, strict=True
    ):
        if sign:
            variable.setlb(None)
        variable.set_value(value, skip_validation=True)
    return component


def _rows(rows: dict[Any, Any]) -> pyo.Constraint:
    return pyo.Constraint(pyo.Set(initialize=list(rows), dimen=None), rule=rows)
