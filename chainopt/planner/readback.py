"""Reading a Pyomo model back: its plan, its multipliers under the sign rule (the table of `rows`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from chainopt.network.multipliers import Multipliers, level_values
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.planner.rows import members, problem


def read_plan(net: Network, model: Any) -> Plan:
    """The plan that the model's variables hold."""
    stated = problem(net)
    x = np.array([variable.value for variable in members(model, stated.variables)], dtype=float)
    plan = Plan(*(stated.amounts[item.name] @ x for item in fields(Plan)))
    reading = np.flatnonzero(net.use_leontief & ~net.rival[net.use_good])
    plan.use[reading] = plan.quantity(net)[net.use_good[reading]]
    return plan


def limit_rows(net: Network, model: Any) -> list[Any]:
    """The row of each limit."""
    blocks = [rows for rows in problem(net).rows if rows.multiplier == "rent"]
    number = np.concatenate([rows.number for rows in blocks]).tolist()
    found = dict(zip(number, members(model, blocks), strict=True))
    return [found[i] for i in range(len(net.limits))]


def read_multipliers(net: Network, model: Any, dual: Callable[[Any], float]) -> Multipliers:
    """The model's duals under the sign rule; dual(row) = d(objective)/d(right-hand side)."""
    goods, uses, limits = len(net.goods), len(net.use_good), len(net.limits)
    unknown = [np.full(count, np.nan) for count in (goods, limits, uses, goods, len(model.minimum))]
    found = Multipliers(*unknown)
    for rows in problem(net).rows:
        if rows.multiplier:
            duals = np.array([dual(row) for row in members(model, [rows])], dtype=float)
            getattr(found, rows.multiplier)[rows.number] = rows.sign * duals
    return found


def write_multipliers(net: Network, model: Any, multipliers: Multipliers) -> Mapping[Any, float]:
    """The inverse of read_multipliers: the model's duals where multipliers under the sign rule are known.

    A production function's is what a unit of its level earns.
    """
    earned = level_values(net, multipliers)
    duals = ComponentMap()
    for rows in problem(net).rows:
        known = getattr(multipliers, rows.multiplier) if rows.multiplier else earned
        values = rows.sign * np.nan_to_num(known[rows.number])
        duals.update(zip(members(model, [rows]), values.tolist(), strict=True))
    return duals
