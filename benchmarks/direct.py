"""The benchmark's problem written directly in CasADi, as one who knows CasADi would write it.

    maximise  price . sale   subject to   balance of each good,   level = scale prod x^a

Vectors throughout (MX): a product of powers is exp of a sparse matrix times log. The balances' multipliers are
the prices. Scalar expressions (kind "sx") solve as fast, but take 0.6 s more to differentiate at 20,000 flows.
"""

from __future__ import annotations

import time
from typing import Any

import casadi as ca
import numpy as np
from layered import INPUTS, Layered

OPTIONS: dict[str, Any] = {
    "print_time": False,
    "ipopt.print_level": 0,
    "ipopt.sb": "yes",
    "ipopt.bound_relax_factor": 0.0,
}


def solve(numbers: Layered, tolerance: float = 1e-10, kind: str = "mx", **options: Any) -> dict[str, Any]:
    """Prices by good, the objective, iterations, and the seconds of build, derivatives and solve."""
    clock = [time.perf_counter()]
    problem, start = build(numbers, kind)
    clock.append(time.perf_counter())
    solver = ca.nlpsol("solver", "ipopt", problem, {**OPTIONS, "ipopt.tol": tolerance, **options})
    clock.append(time.perf_counter())
    answer = solver(x0=start, lbx=0.0, lbg=0.0, ubg=0.0)
    clock.append(time.perf_counter())
    statistics = solver.stats()
    return {
        "success": bool(statistics["success"]),
        "price": np.asarray(answer["lam_g"]).ravel()[: numbers.goods],
        "objective": -float(answer["f"]),
        "iterations": int(statistics["iter_count"]),
        "seconds": dict(zip(("build", "derivatives", "solve"), np.diff(clock).tolist(), strict=True)),
    }


def build(numbers: Layered, kind: str = "mx") -> tuple[dict[str, Any], np.ndarray]:
    """The problem for nlpsol, with rows (balances, levels) = 0, and the variables' start: uses, levels, sales."""
    processes, width, goods = len(numbers.scale), numbers.width, numbers.goods
    uses, sold = INPUTS * processes, goods - width
    symbol = ca.MX.sym if kind == "mx" else ca.SX.sym
    use, level, sale = symbol("use", uses), symbol("level", processes), symbol("sale", width)
    every, maker = np.arange(uses), np.repeat(np.arange(processes), INPUTS)
    taken = _sparse(np.ones(uses), numbers.inputs.ravel(), every, (goods, uses)) @ use
    powers = _sparse(numbers.exponents.ravel(), maker, every, (processes, uses))
    made = ca.DM(numbers.scale) * ca.exp(powers @ ca.log(use))
    balance = taken - ca.vertcat(ca.DM(numbers.supply), level)
    balance = ca.vertcat(balance[:sold], balance[sold:] + sale)
    problem = {
        "x": ca.vertcat(use, level, sale),
        "f": -ca.dot(ca.DM(numbers.price), sale),
        "g": ca.vertcat(balance, level - made),
    }
    return problem, _start(numbers)


def _sparse(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> ca.DM:
    return ca.DM.triplet(rows.tolist(), columns.tolist(), ca.DM(values), *shape)


def _start(numbers: Layered) -> np.ndarray:
    """A forward run in which every good is shared equally among its uses."""
    width, goods = numbers.width, numbers.goods
    readers = np.bincount(numbers.inputs.ravel(), minlength=goods)
    amount = np.concatenate([numbers.supply, np.zeros(goods - width)])
    use = np.zeros(numbers.inputs.shape)
    for first in range(0, len(numbers.scale), width):
        layer = slice(first, first + width)
        use[layer] = amount[numbers.inputs[layer]] / readers[numbers.inputs[layer]]
        made = numbers.scale[layer] * np.prod(use[layer] ** numbers.exponents[layer], axis=1)
        amount[first + width : first + 2 * width] = made
    return np.concatenate([use.ravel(), amount[width:], amount[-width:]])
