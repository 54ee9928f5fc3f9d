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

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from chainopt.network import FormulaProcess, Network
from chainopt.operations import Slopes, slopes
from chainopt.plan import Plan, throughput
from chainopt.technology import Batch

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


def starts_below_constant_returns(net: Network, idle: Sequence[int]) -> Array:
    """The levels of idle processes that start wherever lambda > 0: their returns at zero are below 1."""
    found: list[int] = []
    for name, part in _idle_parts(net, idle):
        found += net.first_level[part.process[_returns(name, part) < 1.0 - _ROUNDING]].tolist()
    return np.array(found, dtype=int)


def cheapest_mixes(net: Network, idle: Sequence[int], paid: Array) -> tuple[Array, sparse.csr_array]:
    """The idle processes with constant returns: their levels, and the inputs of a unit of each at least cost.

    cobb-douglas  x_i = c a_i / pi_i,   ces  x_i = c (a_i / pi_i)^sigma / sum_j a_j^sigma pi_j^(1 - sigma),
    with c the unit cost; paid is what each use pays, above 0. Returns levels, and a matrix of them by uses.
    """
    levels: list[Array] = []
    blocks: list[sparse.csr_array] = []
    for name, whole in _idle_parts(net, idle):
        part = whole.part(np.flatnonzero(np.abs(_returns(name, whole) - 1.0) <= _ROUNDING))
        if not len(part.process):
            continue
        price, cost = paid[part.use], _unit_cost(name, part, paid)
        if name == "cobb-douglas":
            amount = cost[part.of] * part.a / price
        else:
            sigma = (1.0 / (1.0 - part.r))[part.of]
            weight = part.a**sigma * price ** (1.0 - sigma)
            amount = cost[part.of] * weight / part.sum(weight)[part.of] / price
        levels.append(net.first_level[part.process])
        blocks.append(
            sparse.csr_array((amount, (part.of, part.use)), shape=(len(part.process), len(net.use_good)))
        )
    if not blocks:
        return np.zeros(0, dtype=int), sparse.csr_array((0, len(net.use_good)))
    return np.concatenate(levels), sparse.csr_array(sparse.vstack(blocks, format="csr"))


def _idle_parts(net: Network, idle: Sequence[int]) -> list[tuple[str, Batch]]:
    """The batches of each smooth function, cut down to idle processes."""
    waiting = np.zeros(len(net.processes), dtype=bool)
    waiting[list(idle)] = True
    parts = [(name, batch.part(np.flatnonzero(waiting[batch.process]))) for name, batch in net.batch.items()]
    return [(name, part) for name, part in parts if len(part.process)]


def _returns(name: str, part: Batch) -> Array:
    return part.sum(part.a) if name == "cobb-douglas" else part.returns


def _unit_cost(name: str, part: Batch, paid: Array) -> Array:
    """The least cost of a unit of each level, at constant returns."""
    price = paid[part.use]
    with np.errstate(all="ignore"):
        if name == "cobb-douglas":
            cost = np.exp(part.sum(part.a * np.log(price / part.a)))
        else:
            sigma = (1.0 / (1.0 - part.r))[part.of]
            cost = part.sum(part.a**sigma * price ** (1.0 - sigma)) ** (1.0 - 1.0 / part.r)
    return cost / part.scale


def starting_profit(net: Network, idle: Sequence[int], value: Array, paid: Array) -> Array:
    """What each idle process would earn on a unit of revenue or cost if it started; 0 where it would not.

    value: lambda by level; paid: what each use pays for a unit of its good.
    """
    profit = np.zeros(len(idle))
    waiting = {p: i for i, p in enumerate(idle)}
    for name, part in _idle_parts(net, idle):
        earned = value[net.first_level[part.process]]
        returns = _returns(name, part)
        cost = _unit_cost(name, part, np.maximum(paid, 0.0))
        cost = np.where(np.abs(returns - 1.0) <= _ROUNDING, cost, 0.0)
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
