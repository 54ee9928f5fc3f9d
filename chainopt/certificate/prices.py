"""Prices of which each is known, as a bound needs them: the derivatives', and where these are open, the
multipliers'.

A good left blank is not at 0: it gets a supporting price. Where the price equations leave a choice it is the point
nearest to the multipliers that solves them. Last, whatever has constant returns breaks even: a regret is
quadratic in prices' errors where returns fall, but a margin above 0 of what grows without end is none that is
small.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from chainopt.backprop.equations import nearest
from chainopt.backprop.intervals import supporting
from chainopt.backprop.operations import SALE, USE, Operations
from chainopt.backprop.sweep import Derivatives
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import ROUNDED, SAME
from chainopt.technology.arrays import Array

_ROUNDS = 6
_CONSTANT = 1e-9
_EVEN = 1e-2
"""Times `ROUNDED`: where all break even to this, there is nothing to polish."""


def completed(net: Network, plan: Plan, derivatives: Derivatives, multipliers: Multipliers) -> Multipliers:
    """The multipliers with the prices that the solver left blank at those that support the plan, where some do."""
    known = supporting(net, plan, derivatives, derivatives.operations.stack(multipliers))
    goods, uses = len(net.goods), len(net.use_good)
    price, reading = known[:goods], known[goods : goods + uses]
    return replace(multipliers, price=price, reading=np.where(net.rival[net.use_good], np.nan, reading))


def polished(net: Network, derivatives: Derivatives, multipliers: Multipliers) -> Array:
    """All unknowns: the derivatives, and those that they leave open near the multipliers, in balance with them."""
    ops, known = derivatives.operations, _filled(derivatives, multipliers)
    for _ in range(_ROUNDS):
        matrix, rest, money = _straight(net, derivatives.operations, known)
        off = matrix @ known + rest
        if not np.any(np.abs(off) > ROUNDED * _EVEN * money):
            break
        columns = np.flatnonzero(ops.may & (np.diff(sparse.csc_array(matrix).indptr) > 0))
        part = sparse.csr_array(matrix[:, columns])
        known[columns] = nearest(part, part @ known[columns] - off, money, known[columns])
    rent, signed = known[ops.rent_columns], ops.signed[ops.rent_columns]
    known[ops.rent_columns] = np.where(signed, rent, np.maximum(rent, 0.0))
    known[ops.rent_columns] -= _overcharged(net, ops, known)
    return known


def _overcharged(net: Network, ops: Operations, known: Array) -> Array:
    """What each capacity's rent takes by rounding beyond all that its level earns: a level that just earns nothing
    has a best response where one that loses may have none."""
    earned = ops.earns @ known - net.unit_cost
    terms = abs(ops.earns) @ np.abs(known) + np.abs(net.unit_cost)
    loss = np.where(earned >= -SAME * terms, np.maximum(-earned, 0.0), 0.0)
    upper = np.array([limit.sign > 0 and not limit.fixed for limit in net.limits], dtype=bool)
    return np.where(upper, np.minimum(known[ops.rent_columns], net.bounding("level").T @ loss), 0.0)


def _straight(net: Network, ops: Operations, known: Array) -> tuple[sparse.csr_array, Array, Array]:
    """The rows of what has no curvature and is in use, or would gain, as matrix z + rest = 0, and the money of
    each."""
    affine = net.leontief.copy()
    for technology, batch in net.families:
        affine[batch.process] = technology.affine
    straight, money = ops.kind != USE, ops.money(known)
    little = np.maximum(SAME * money, ops.least)
    sales, uses = np.flatnonzero(ops.kind == SALE), np.flatnonzero(ops.kind == USE)
    straight[sales] = ~np.isfinite(net.elasticity[ops.index[sales]])
    straight[uses] = affine[net.use_process[ops.index[uses]]]
    of = np.flatnonzero(straight & (ops.active | _gains(ops.matrix @ known + ops.constant, little)))
    blocks, rests, moneys = [ops.matrix[of]], [ops.constant[of]], [money[of]]
    paid_by_use = ops.pays @ known
    with np.errstate(all="ignore"):
        for technology, batch in net.families:
            if technology.cheapest is None or technology.affine:
                continue
            level, price = net.first_level[batch.process], paid_by_use[batch.use]
            sound = (
                np.logical_and.reduceat(price > 0, batch.start) if len(batch.start) else np.zeros(0, dtype=bool)
            )
            rows = np.flatnonzero(sound & (np.abs(technology.returns(batch) - 1.0) <= _CONSTANT))
            mine, level = batch.part(rows), level[rows]
            mix = technology.cheapest(mine, paid_by_use[mine.use]) / mine.scale[mine.of]
            takes = sparse.csr_array((mix, (mine.of, mine.use)), shape=(len(rows), len(net.use_good)))
            matrix = sparse.csr_array(ops.earns[level] - takes @ ops.pays)
            money = (abs(ops.earns[level]) + takes @ abs(ops.pays)) @ np.abs(known) + np.abs(net.unit_cost[level])
            gains = _gains(matrix @ known - net.unit_cost[level], SAME * money)
            kept = np.flatnonzero(ops.runs[mine.process] | gains)
            blocks.append(matrix[kept])
            rests.append(-net.unit_cost[level[kept]])
            moneys.append(money[kept])
    return sparse.csr_array(sparse.vstack(blocks, format="csr")), np.concatenate(rests), np.concatenate(moneys)


def _gains(margin: Array, little: Array) -> Array:
    """Whether what is idle would gain, by so little that prices are to mend it."""
    return (margin > 0) & (margin <= little)


def _filled(derivatives: Derivatives, multipliers: Multipliers) -> Array:
    """All unknowns, those that are open near the multipliers."""
    ops, known = derivatives.operations, derivatives.unknowns.copy()
    open_ = np.isnan(known) & ops.may
    known[~ops.may] = 0.0
    if open_.any():
        given = ops.stack(multipliers)
        given[ops.rent_columns] = np.nan_to_num(given[ops.rent_columns])
        known[open_] = 0.0
        rest = ops.matrix @ known + ops.constant
        columns = sparse.csr_array(ops.matrix[:, np.flatnonzero(open_)])
        rows = np.flatnonzero(ops.active & (np.diff(columns.indptr) > 0))
        begin, gross = given[open_], ops.gross[rows][:, np.flatnonzero(open_)]
        money = np.maximum(gross @ np.abs(np.nan_to_num(begin)) + np.abs(rest[rows]), ops.least[rows])
        known[open_] = nearest(sparse.csr_array(columns[rows]), -rest[rows], money, begin)
    return known
