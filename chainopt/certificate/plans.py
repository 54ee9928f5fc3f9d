"""A plan without what an interior point leaves of what is idle, balanced again by what is in use.

    C'[in use] step = what the plan breaks,   step the least in parts of ordinary amounts

C is the operations' matrix: its columns say by how much a unit of each operation moves each balance, and each
limit that binds, so that what solves the price equations balances the plan too. Levels are what their functions
make.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from scipy import sparse

from chainopt.backprop.equations import nearest
from chainopt.backprop.operations import AMOUNTS, USE, Operations
from chainopt.certificate.breaches import Breaches, breaches
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.tolerances import BALANCED
from chainopt.technology.arrays import Array

_ROUNDS = 4
_EVEN, _SINGULAR = 1e-14, 1e-12
_FAINT = 1e-6
"""Of what counts as one: what moves less is moved as if it were this much."""


def settled(net: Network, plan: Plan, ops: Operations) -> Plan:
    """The plan with what is idle at 0 and all else in balance; the plan itself where that can't be had so."""
    best, least = plan, breaches(net, plan)
    found = _completed(net, _without_idle(net, plan, ops))
    for _ in range(_ROUNDS):
        broken = breaches(net, found)
        if broken.largest <= max(_EVEN, least.largest) or broken.largest < BALANCED:
            best, least = found, broken
        if broken.largest <= _EVEN or not np.isfinite(broken.largest):
            break
        found = _completed(net, _stepped(net, found, ops, broken))
    return best


def _without_idle(net: Network, plan: Plan, ops: Operations) -> Plan:
    """What no operation in use moves is 0, but for what may be negative, or is taken before anything is made."""
    amounts = {item.name: getattr(plan, item.name).copy() for item in fields(Plan)}
    for kind, name in AMOUNTS.items():
        index = ops.index[(ops.kind == kind) & ~ops.active]
        if kind == USE:
            index = index[~net.signed[index] & ~ops.runs[net.use_process[index]]]
        amounts[name][index] = 0.0
    idle = ~ops.runs[net.use_process] & ~net.use_leontief & ~net.signed
    amounts["use"][idle] = net.origin[idle]
    return Plan(**{name: _kept(net, name, values) for name, values in amounts.items()})


def _kept(net: Network, name: str, values: Array) -> Array:
    """Amounts of this name, at least 0 but for those that may be negative."""
    signed = {"use": net.signed, "level": ~net.leontief[net.level_process], "sale": net.sale_signed}
    return np.where(signed.get(name, np.zeros(len(values), dtype=bool)), values, np.maximum(values, 0.0))


def _completed(net: Network, plan: Plan) -> Plan:
    """The plan with levels as their functions make them, and uses that follow from levels and from whole goods."""
    use = np.where(net.use_leontief, net.intake(plan.level), plan.use)
    made = net.levels(use)
    level = np.where(net.leontief[net.level_process] | ~np.isfinite(made), plan.level, made)
    filled = replace(plan, use=use, level=level)
    reads = ~net.rival[net.use_good] & net.use_leontief
    return replace(filled, use=np.where(reads, filled.quantity(net)[net.use_good], use))


def _stepped(net: Network, plan: Plan, ops: Operations, broken: Breaches) -> Plan:
    """What is in use moved by what mends the most of the breaches with the least."""
    bound, amount, sign, _ = at_limits(net, plan)
    target = np.concatenate([-broken.good, -broken.reading, -broken.reading_sale, -sign * (bound - amount)])
    size = np.concatenate([ops.measure.good, ops.measure.use, ops.measure.good, np.abs(bound) + np.abs(amount)])
    moves = np.flatnonzero(ops.active & np.isin(ops.kind, list(AMOUNTS)))
    # Formulas' minima have no breach of their own: their processes' levels say it.
    rows = np.flatnonzero(ops.may[: len(target)])
    amounts = {item.name: getattr(plan, item.name).copy() for item in fields(Plan)}
    ones = {"use": ops.measure.use, "level": ops.measure.level}
    unit = np.ones(len(moves))
    for kind, name in AMOUNTS.items():
        mine = ops.kind[moves] == kind
        of, one = ops.index[moves][mine], ones.get(name, ops.measure.good)
        unit[mine] = np.maximum(np.abs(amounts[name][of]), _FAINT * one[of])
    matrix = sparse.csr_array((sparse.diags_array(unit) @ ops.matrix[moves][:, rows]).T)
    if not matrix.nnz:
        return plan
    most = abs(matrix).max(axis=1).toarray().ravel()
    money = np.maximum(most, _SINGULAR * size[rows])
    step = unit * nearest(matrix, target[rows], money, np.zeros(len(moves)))
    for kind, name in AMOUNTS.items():
        mine = ops.kind[moves] == kind
        amounts[name][ops.index[moves][mine]] += step[mine]
    return Plan(**{name: _kept(net, name, values) for name, values in amounts.items()})
