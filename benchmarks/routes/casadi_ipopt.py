"""The problem written directly in CasADi, as one who knows CasADi would write it, solved by its own Ipopt.

    maximise  price . sale   subject to   balance of each good,   level = f(uses)

Vectors throughout (MX): a product of powers is exp of a sparse matrix times log, a CES sum a sparse matrix times
powers. The balances' multipliers are the prices. Scalar expressions (SX) solve as fast, but take 0.6 s more to
differentiate at 20,000 flows.
"""

from __future__ import annotations

import time
from typing import Any

import casadi as ca
import numpy as np
from layered import INPUTS, Layered

from routes.answer import OPTIMAL, Answer

OPTIONS: dict[str, Any] = {
    "print_time": False,
    "show_eval_warnings": False,
    "ipopt.print_level": 0,
    "ipopt.sb": "yes",
    "ipopt.bound_relax_factor": 0.0,
}


def solve(numbers: Layered, tolerance: float, **options: Any) -> Answer:
    """Build, differentiate and solve."""
    clock = [time.perf_counter()]
    problem, start = build(numbers)
    clock.append(time.perf_counter())
    solver = ca.nlpsol("solver", "ipopt", problem, {**OPTIONS, "ipopt.tol": tolerance, **options})
    clock.append(time.perf_counter())
    answer = solver(x0=start, lbx=0.0, lbg=0.0, ubg=0.0)
    clock.append(time.perf_counter())
    statistics = solver.stats()
    return Answer(
        status=OPTIMAL if statistics["success"] else statistics["return_status"],
        price=np.asarray(answer["lam_g"]).ravel()[: numbers.goods],
        value=-float(answer["f"]),
        seconds=dict(zip(("build", "derivatives", "solve"), np.diff(clock).tolist(), strict=True)),
        iterations=int(statistics["iter_count"]),
        level=np.asarray(answer["x"]).ravel()[numbers.inputs.size : numbers.inputs.size + len(numbers.scale)],
    )


def build(numbers: Layered) -> tuple[dict[str, Any], np.ndarray]:
    """The problem for nlpsol, with rows (balances, levels) = 0, and the variables' start: uses, levels, sales."""
    processes, width, goods = len(numbers.scale), numbers.width, numbers.goods
    uses, sold = INPUTS * processes, goods - width
    use, level, sale = ca.MX.sym("use", uses), ca.MX.sym("level", processes), ca.MX.sym("sale", width)
    every, maker = np.arange(uses), np.repeat(np.arange(processes), INPUTS)
    taken = _sparse(np.ones(uses), numbers.inputs.ravel(), every, (goods, uses)) @ use
    mixed = _sparse(numbers.shares.ravel(), maker, every, (processes, uses))
    if numbers.elasticity == 1.0:
        mix = numbers.returns * (mixed @ ca.log(use))
    else:
        mix = numbers.returns / numbers.r * ca.log(mixed @ use**numbers.r)
    balance = taken - ca.vertcat(ca.DM(numbers.supply), level)
    balance = ca.vertcat(balance[:sold], balance[sold:] + sale)
    problem = {
        "x": ca.vertcat(use, level, sale),
        "f": -ca.dot(ca.DM(numbers.price), sale),
        "g": ca.vertcat(balance, level - ca.DM(numbers.scale) * ca.exp(mix)),
    }
    start, amount = numbers.forward_run()
    return problem, np.concatenate([start.ravel(), amount[width:], amount[-width:]])


def _sparse(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> ca.DM:
    return ca.DM.triplet(rows.tolist(), columns.tolist(), ca.DM(values), *shape)
