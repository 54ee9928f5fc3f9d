"""Idle processes whose slopes at zero are infinite, and whether they would rather start.

At zero flow a Cobb-Douglas or CES process has no derivative to price its inputs by, and an interior-point
solver near it reports success with wrong multipliers. Such a process is the operation "start at a mix d",
lambda f(d) <= pi . d for every d:

    returns < 1    lambda <= 0
    returns = 1    lambda <= unit cost at the cheapest mix: prod_i (pi_i/a_i)^a_i / scale  (cobb-douglas),
                   (sum_i a_i^sigma pi_i^(1 - sigma))^(1/(1 - sigma)) / scale              (ces)
    returns > 1    no condition

A formula is tried at small mixes instead.
"""

from __future__ import annotations

import numpy as np

from chainopt.network import FormulaProcess, Network
from chainopt.operations import Slopes, slopes
from chainopt.plan import Plan, throughput

Array = np.ndarray
_TRIALS = 64
_ROUNDING = 1e-9


def steep_idle(net: Network, plan: Plan, share: float) -> list[int]:
    """The processes whose every use is below this share of its good's flow, with an infinite slope at zero."""
    moved = throughput(net, plan)
    part = np.abs(plan.use) / np.where(moved > 0, moved, 1.0)[net.use_good]
    running = np.zeros(len(net.processes), dtype=bool)
    np.logical_or.at(running, net.use_process, (part > share) | net.signed)
    steep = _steep(net, slopes(net, np.where(running[net.use_process], plan.use, 0.0)))
    return [int(p) for p in np.flatnonzero(~running & steep)]


def _steep(net: Network, slope: Slopes) -> Array:
    """Which processes have a slope that is infinite or undefined."""
    steep = np.zeros(len(net.processes), dtype=bool)
    entries = slope.level.tocoo()
    steep[net.use_process[entries.row[~np.isfinite(entries.data)]]] = True
    arguments = slope.use_argument.tocoo()
    steep[net.use_process[arguments.row[~np.isfinite(arguments.data)]]] = True
    return steep


def starting_profit(net: Network, idle: list[int], value: Array, paid: Array) -> Array:
    """What each idle process would earn on a unit of revenue or cost if it started; 0 where it would not.

    value: lambda by level; paid: what each use pays for a unit of its good.
    """
    profit = np.zeros(len(idle))
    waiting = {p: i for i, p in enumerate(idle)}
    for name, batch in net.batch.items():
        rows = np.array([r for r, p in enumerate(batch.process) if p in waiting], dtype=int)
        if not len(rows):
            continue
        part = batch.part(rows)
        earned = value[net.first_level[part.process]]
        price = np.maximum(paid[part.use], 0.0)
        returns = part.sum(part.a) if name == "cobb-douglas" else part.returns
        with np.errstate(all="ignore"):
            if name == "cobb-douglas":
                cost = np.exp(part.sum(part.a * np.log(price / part.a)))
            else:
                sigma = (1.0 / (1.0 - part.r))[part.of]
                cost = part.sum(part.a**sigma * price ** (1.0 - sigma)) ** (1.0 - 1.0 / part.r)
            cost = np.where(np.abs(returns - 1.0) <= _ROUNDING, cost / part.scale, 0.0)
        size = np.maximum(np.abs(earned), cost)
        gain = np.where(returns > 1.0 + _ROUNDING, 0.0, np.maximum(earned - cost, 0.0))
        for p, amount, base in zip(part.process, gain, size, strict=True):
            profit[waiting[int(p)]] = amount / base if base > 0 else 0.0
    for item in net.formulas:
        if item.process in waiting:
            profit[waiting[item.process]] = _best_trial(net, item, value, paid)
    return profit


def _best_trial(net: Network, item: FormulaProcess, value: Array, paid: Array) -> float:
    """The best profit over revenue and cost of a formula at mixes of small amounts, fixed once and for all."""
    price = np.maximum(paid[item.use], 0.0)
    random = np.random.default_rng(0)
    best = 0.0
    for size in (1e-6, 1e-4, 1e-2):
        for _ in range(_TRIALS):
            mix = size * random.dirichlet(np.ones(len(item.use))) / np.where(price > 0, price, 1.0)
            known = item.program.values(mix.tolist())
            revenue = sum(value[k] * known[i] for k, i in zip(item.level, item.program.outputs, strict=True))
            cost = float(price @ mix)
            if np.isfinite(revenue) and revenue - cost > 0:
                best = max(best, (revenue - cost) / (abs(revenue) + cost))
    return best
