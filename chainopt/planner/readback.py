"""Reading a Pyomo model back: its plan, its multipliers under the sign rule."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from chainopt.network.limits import CAPACITY, MAX_USE, MIN_LEVEL, Limit
from chainopt.network.multipliers import Multipliers, level_values
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.planner.model import LIMIT_ROWS, level_keys, use_keys


def read_plan(net: Network, model: Any) -> Plan:
    """The plan that the model's variables hold."""
    uses, levels = use_keys(net), level_keys(net)
    level = np.array([model.level[key].value for key in levels], dtype=float)
    use = net.intake(level)
    smooth = np.flatnonzero(~net.use_leontief)
    use[smooth] = [model.use[uses[u]].value for u in smooth]
    amounts = []
    for name, chosen in (("sale", net.sells), ("imported", net.imports), ("disposed", net.disposes)):
        amount = np.zeros(len(net.goods))
        of = np.flatnonzero(chosen)
        amount[of] = [getattr(model, name)[net.goods[g]].value for g in of]
        amounts.append(amount)
    reading = np.flatnonzero(net.use_leontief & ~net.rival[net.use_good])
    plan = Plan(use, level, *amounts)
    use[reading] = plan.quantity(net)[net.use_good[reading]]
    return plan


def _limit_row(net: Network, model: Any, limit: Limit) -> Any:
    if limit.kind == MAX_USE:
        key: Hashable = (net.goods[net.use_good[limit.index]], net.processes[net.use_process[limit.index]])
    elif limit.kind in (CAPACITY, MIN_LEVEL):
        key = net.processes[net.level_process[limit.index]]
    else:
        key = net.goods[limit.index]
    return getattr(model, LIMIT_ROWS[limit.kind])[key]


def read_multipliers(net: Network, model: Any, dual: Callable[[Any], float]) -> Multipliers:
    """The model's duals under the sign rule; dual(row) = d(objective)/d(right-hand side)."""
    uses = use_keys(net)
    price = np.array(
        [dual(model.balance[good]) if good in model.balance else np.nan for good in net.goods], dtype=float
    )
    rent = np.zeros(len(net.limits))
    for i, limit in enumerate(net.limits):
        rent[i] = limit.sign * dual(_limit_row(net, model, limit))
    reading, reading_sale = np.full(len(uses), np.nan), np.full(len(net.goods), np.nan)
    for u in np.flatnonzero(~net.rival[net.use_good]):
        reading[u] = dual(model.reading[uses[u]])
    for g in np.flatnonzero(~net.rival & net.sells):
        reading_sale[g] = dual(model.demand[net.goods[g]])
    minimum = [
        dual(model.minimum[net.processes[item.process], number, i])
        for item in net.formulas
        for number, step in enumerate(item.program.minima())
        for i in range(len(item.program.arguments[step]))
    ]
    return Multipliers(price, rent, reading, reading_sale, np.array(minimum, dtype=float))


def write_multipliers(net: Network, model: Any, multipliers: Multipliers) -> Mapping[Any, float]:
    """The inverse of read_multipliers: the model's duals where multipliers under the sign rule are known.

    A production function's is what a unit of its level earns.
    """
    price = dict(zip(net.goods, np.nan_to_num(multipliers.price).tolist(), strict=True))
    earned = dict(zip(level_keys(net), np.nan_to_num(level_values(net, multipliers)).tolist(), strict=True))
    uses = use_keys(net)
    duals = ComponentMap()
    for component, values in ((model.balance, price), (model.production, earned)):
        duals.update((row, values[key]) for key, row in component.items())
    for limit, rent in zip(net.limits, multipliers.rent.tolist(), strict=True):
        duals[_limit_row(net, model, limit)] = limit.sign * rent
    for u in np.flatnonzero(~net.rival[net.use_good]):
        duals[model.reading[uses[u]]] = float(multipliers.reading[u])
    for g in np.flatnonzero(~net.rival & net.sells):
        duals[model.demand[net.goods[g]]] = float(multipliers.reading_sale[g])
    duals.update(zip(model.minimum.values(), multipliers.minimum.tolist(), strict=True))
    return duals
