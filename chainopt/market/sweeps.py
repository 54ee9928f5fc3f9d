"""One pass of a market: goods forward at what the bids buy, prices back, and what each bidder would pay.

    forward   p_g = T_g/q_g, at least final demand's price and at most the import's,     x_u = a_u exp(bid_u)/p_g,
              q_g = e_g + m_g + sum_p b_pg y_p,    m_g = max(0, T_g/p_g - e_g - ...),    s_g = q_g - T_g/p_g
    reverse   lambda_p = sum_g b_pg pi_g - kappa_p,     pi_g = (sum_u part_u lambda_p y_p + w_g s_g) / q_g

with T_g the bids for g together. Where final demand buys at one price, what the bids leave is its sale; where
imports are to be had at one price, they are what the bids lack; who takes away what is worthless offers a trifle,
which counts where all others have left. Answers are logarithms: of part_u lambda_p y_p/a_u
for a bid, of the amounts and prices that come out for torn goods. Where money is not positive its logarithm is
-inf or nan: the bidder leaves. Over layers, each at once, with NumPy; `loops` is the same with Numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from chainopt.market.circuit import Circuit
from chainopt.technology.arrays import Array
from chainopt.technology.logforms import CES, COBB_DOUGLAS, LogForm

TRIFLE = 1e-20
"""Of the largest of the first offers: what the last resort of a good bids beside its users."""


class Pass(NamedTuple):
    """What a pass finds. answer: by bid; by good: offered, the bids together; posted, the price at which they buy;
    quantity; imported, a part of it; price, by the reverse sweep; by process: level, revenue (lambda y).
    trifle: what it reads beside the bids, in an array of one.
    """

    answer: Array
    offered: Array
    posted: Array
    quantity: Array
    imported: Array
    price: Array
    level: Array
    revenue: Array
    trifle: Array


def empty_pass(circuit: Circuit) -> Pass:
    """Room for a pass."""
    goods, processes = len(circuit.supply), len(circuit.process)
    room = Pass(*(np.zeros(count) for count in (circuit.bids, *[goods] * 5, *[processes] * 2, 1)))
    room.trifle[0] = TRIFLE
    return room


@np.errstate(all="ignore")
def sweep(circuit: Circuit, bid: Array, room: Pass, subsidy: float = 0.0) -> None:
    """One pass at these bids, into `room`; subsidy: what each process and sale earns beside, at any level."""
    c, goods = circuit, len(circuit.supply)
    first_torn, torn = c.first_torn, len(c.torn)
    money = np.exp(bid[:first_torn])
    room.offered[:] = np.bincount(c.use_good, c.coefficient * money[c.use_bid], goods)
    np.add.at(room.offered, c.sale_good, money[c.process_bids :])
    room.offered[~np.isnan(c.scrap)] += room.trifle
    room.quantity[:] = c.supply
    room.quantity[c.torn] = np.exp(bid[first_torn : first_torn + torn])
    made = np.zeros(goods)
    parts, pulls = _forward(c, bid, room, made)
    room.price[:] = np.nan_to_num(c.outlet)
    room.price[c.torn] = np.exp(bid[first_torn + torn :])
    paid = np.where(c.floor > 0, c.floor * (room.quantity - room.offered / room.posted), 0.0)
    paid += np.where(c.scrap < 0, c.scrap * room.trifle / room.posted, 0.0)
    sold = money[c.process_bids :] / room.posted[c.sale_good]
    earned = sold * c.sale_price * (sold / c.sale_reference) ** (-1.0 / c.sale_elasticity) + subsidy
    np.add.at(paid, c.sale_good, earned)
    room.answer[c.process_bids : first_torn] = np.log(earned)
    _reverse(c, room, paid, parts, pulls, subsidy)
    room.answer[first_torn : first_torn + torn] = np.log(c.supply[c.torn] + made[c.torn])
    room.price[c.torn] = paid[c.torn] / room.quantity[c.torn]
    room.answer[first_torn + torn :] = np.log(room.price[c.torn])


def _batches(c: Circuit, layer: int) -> tuple[tuple[LogForm, int, int], ...]:
    """The processes of a layer by technology: each with its first place and its end."""
    first, ces, end = c.layer_process[layer], c.layer_ces[layer], c.layer_process[layer + 1]
    return tuple(batch for batch in ((COBB_DOUGLAS, first, ces), (CES, ces, end)) if batch[1] < batch[2])


def _forward(c: Circuit, bid: Array, room: Pass, made_torn: Array) -> tuple[Array, Array]:
    """Amounts, layer by layer; returns by use its part in its process's level, and the logarithm of its pull.

    made_torn: of torn goods.
    """
    log_x = c.log_coefficient + bid[c.use_bid]
    term, total = np.empty_like(log_x), np.empty(len(c.process))
    lengths, made_lengths = np.diff(c.start), np.diff(c.made_start)
    r_of_use = np.repeat(c.r, lengths)
    is_torn = np.zeros(len(c.supply), dtype=bool)
    is_torn[c.torn] = True
    # By good in the layers' order, of which a layer is a slice.
    offered, floor, ceiling = room.offered[c.good], c.floor[c.good], c.ceiling[c.good]
    posted, log_posted = np.empty_like(offered), np.zeros(len(c.supply))
    abroad = bool(np.isfinite(ceiling).any())
    once = bool(np.bincount(c.made_good, minlength=1).max(initial=0) <= 1)
    single = bool((made_lengths == 1).all())
    for layer in range(len(c.layer_ces)):
        own = slice(c.layer_good[layer], c.layer_good[layer + 1])
        ready = c.good[own]
        there = room.quantity[ready]
        rate = np.minimum(np.maximum(offered[own] / there, floor[own]), ceiling[own])
        if abroad:
            lacking = np.where(rate == ceiling[own], np.maximum(offered[own] / rate - there, 0.0), 0.0)
            room.imported[ready] = lacking
            room.quantity[ready] += lacking
        posted[own] = rate
        log_posted[ready] = np.log(rate)
        for form, first, end in _batches(c, layer):
            uses = slice(c.start[first], c.start[end])
            log_x[uses] -= log_posted[c.use_good[uses]]
            term[uses] = form.term(r_of_use[uses], c.coefficient[uses], log_x[uses])
            batch = slice(first, end)
            total[batch] = np.add.reduceat(term[uses], c.start[batch] - c.start[first])
            log_level = form.log(c.r[batch], total[batch], c.returns[batch], c.log_scale[batch])
            room.level[batch] = np.exp(log_level)
        first, end = c.layer_process[layer], c.layer_process[layer + 1]
        made = slice(c.made_start[first], c.made_start[end])
        level = room.level[first:end]
        amount = c.made_yield[made] * (level if single else np.repeat(level, made_lengths[first:end]))
        goods = c.made_good[made]
        if len(c.torn):
            cut = is_torn[goods]
            np.add.at(made_torn, goods[cut], amount[cut])
            goods, amount = goods[~cut], amount[~cut]
        if once:
            room.quantity[goods] += amount
        else:
            np.add.at(room.quantity, goods, amount)
    room.posted[c.good] = posted
    # A Cobb-Douglas part is its coefficient, whatever the amounts.
    parts, pulls = c.coefficient.copy(), np.zeros(len(c.use_good))
    of = np.flatnonzero(r_of_use)
    if len(of):
        by_use = np.repeat(np.arange(len(c.process)), lengths)[of]
        # The pull of complements that are next to absent is beyond all numbers: nothing is made of them.
        parts[of] = np.nan_to_num(
            CES.part(c.r[by_use], c.coefficient[of], term[of], total[by_use], c.returns[by_use])
        )
        pulls[of] = r_of_use[of] * log_x[of]
    return parts, pulls


def _reverse(c: Circuit, room: Pass, paid: Array, parts: Array, pulls: Array, subsidy: float) -> None:
    """Prices from the last layer back: what each good's users would pay together, over its quantity."""
    worked = np.isnan(c.outlet)
    worked[c.torn] = False
    lengths, made_lengths = np.diff(c.start), np.diff(c.made_start)
    single = bool((made_lengths == 1).all())
    priced = c.good[worked[c.good]]
    ends = np.concatenate([[0], np.cumsum(worked[c.good])])[c.layer_good]
    for layer in range(len(c.layer_ces) - 1, -1, -1):
        first, end = c.layer_process[layer], c.layer_process[layer + 1]
        if first < end:
            made = slice(c.made_start[first], c.made_start[end])
            earned = c.made_yield[made] * room.price[c.made_good[made]]
            if not single:
                earned = np.add.reduceat(earned, c.made_start[first:end] - c.made_start[first])
            level = room.level[first:end]
            # Of what nobody makes there is no price: it must not reach those who live.
            revenue = np.where(level > 0, (earned - c.unit_cost[first:end]) * level, 0.0) + subsidy
            room.revenue[first:end] = revenue
            uses = slice(c.start[first], c.start[end])
            np.add.at(paid, c.use_good[uses], parts[uses] * np.repeat(revenue, lengths[first:end]))
        ready = priced[ends[layer] : ends[layer + 1]]
        room.price[ready] = paid[ready] / room.quantity[ready]
    log_revenue = np.log(room.revenue)
    head = c.start[:-1]
    room.answer[c.use_bid[head]] = log_revenue
    ces = c.r != 0
    if ces.any():
        # Within a process all offers are as the pulls; one of them says how much.
        head = head[ces]
        level = np.log(parts[head] / c.coefficient[head]) - pulls[head] + log_revenue[ces]
        bidding = np.repeat(ces, lengths)
        room.answer[c.use_bid[bidding]] = pulls[bidding] + np.repeat(level, lengths[ces])
