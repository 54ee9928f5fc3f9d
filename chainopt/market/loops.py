"""The pass of `sweeps` as loops, which Numba compiles once and keeps on disk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from chainopt.market.circuit import Circuit
from chainopt.market.sweeps import Pass
from chainopt.technology.arrays import Array
from chainopt.technology.logforms import CES, COBB_DOUGLAS

_loop = njit(cache=True, error_model="numpy")
_inline = njit(error_model="numpy")
_cd_term, _cd_log, _cd_part = map(_inline, COBB_DOUGLAS)
_ces_term, _ces_log, _ces_part = map(_inline, CES)


def sweep(circuit: Circuit, bid: Array, room: Pass) -> None:
    """One pass at these bids, into `room`: see `sweeps.sweep`."""
    goods, processes, uses = len(circuit.supply), len(circuit.process), len(circuit.use_good)
    # -ln p and what is made of a torn good; by process and by use, the terms and their totals.
    between = np.zeros(goods), np.zeros(goods), np.empty(processes), np.empty(uses)
    _forward(circuit, bid, room, between)
    _reverse(circuit, bid, room, between)


@_loop
def _forward(c: Any, bid: Array, room: Any, between: Any) -> None:
    log_rate, made, totals, terms = between
    offered, quantity = room.offered, room.quantity
    is_torn = np.zeros(len(quantity), dtype=np.bool_)
    for g in range(len(quantity)):
        offered[g] = 0.0 if np.isnan(c.scrap[g]) else room.trifle[0]
    quantity[:] = c.supply
    for p in range(len(c.process)):
        if c.r[p] == 0.0:
            money = np.exp(bid[c.use_bid[c.start[p]]])
            for u in range(c.start[p], c.start[p + 1]):
                offered[c.use_good[u]] += c.coefficient[u] * money
        else:
            for u in range(c.start[p], c.start[p + 1]):
                offered[c.use_good[u]] += c.coefficient[u] * np.exp(bid[c.use_bid[u]])
    for i in range(len(c.sale_good)):
        offered[c.sale_good[i]] += np.exp(bid[c.process_bids + i])
    for i in range(len(c.torn)):
        # What is shared out of a torn good is the guess; its own amount gathers in `made`.
        quantity[c.torn[i]] = np.exp(bid[c.process_bids + len(c.sale_good) + i])
        is_torn[c.torn[i]] = True
    for layer in range(len(c.layer_ces)):
        for i in range(c.layer_good[layer], c.layer_good[layer + 1]):
            g = c.good[i]
            posted = min(max(offered[g] / quantity[g], c.floor[g]), c.ceiling[g])
            room.imported[g] = max(offered[g] / posted - quantity[g], 0.0) if posted == c.ceiling[g] else 0.0
            quantity[g] += room.imported[g]
            room.posted[g] = posted
            log_rate[g] = -np.log(posted)
        for p in range(c.layer_process[layer], c.layer_process[layer + 1]):
            r, total = c.r[p], 0.0
            if r == 0.0:
                own = bid[c.use_bid[c.start[p]]]
                for u in range(c.start[p], c.start[p + 1]):
                    total += _cd_term(r, c.coefficient[u], c.log_coefficient[u] + own + log_rate[c.use_good[u]])
                log_level = _cd_log(r, total, c.returns[p], c.log_scale[p])
            else:
                for u in range(c.start[p], c.start[p + 1]):
                    log_x = c.log_coefficient[u] + bid[c.use_bid[u]] + log_rate[c.use_good[u]]
                    terms[u] = _ces_term(r, c.coefficient[u], log_x)
                    total += terms[u]
                log_level = _ces_log(r, total, c.returns[p], c.log_scale[p])
            totals[p] = total
            level = np.exp(log_level)
            room.level[p] = level
            for k in range(c.made_start[p], c.made_start[p + 1]):
                g = c.made_good[k]
                if is_torn[g]:
                    made[g] += c.made_yield[k] * level
                else:
                    quantity[g] += c.made_yield[k] * level


@_loop
def _reverse(c: Any, bid: Array, room: Any, between: Any) -> None:
    log_rate, made, totals, terms = between
    answer, quantity, price, offered = room.answer, room.quantity, room.price, room.offered
    torn, first_torn = len(c.torn), c.process_bids + len(c.sale_good)
    paid = np.zeros(len(quantity))
    is_torn = np.zeros(len(quantity), dtype=np.bool_)
    for g in range(len(quantity)):
        price[g] = 0.0 if np.isnan(c.outlet[g]) else c.outlet[g]
        if c.floor[g] > 0.0:
            paid[g] = c.floor[g] * (quantity[g] - offered[g] / room.posted[g])
        elif c.scrap[g] < 0.0:
            paid[g] = c.scrap[g] * room.trifle[0] / room.posted[g]
    for i in range(torn):
        price[c.torn[i]] = np.exp(bid[first_torn + torn + i])
        is_torn[c.torn[i]] = True
    for i in range(len(c.sale_good)):
        g = c.sale_good[i]
        sold = np.exp(bid[c.process_bids + i]) / room.posted[g]
        earned = sold * c.sale_price[i] * (sold / c.sale_reference[i]) ** (-1.0 / c.sale_elasticity[i])
        paid[g] += earned
        answer[c.process_bids + i] = np.log(earned)
    for layer in range(len(c.layer_ces) - 1, -1, -1):
        for p in range(c.layer_process[layer + 1] - 1, c.layer_process[layer] - 1, -1):
            earned = -c.unit_cost[p]
            for k in range(c.made_start[p], c.made_start[p + 1]):
                earned += c.made_yield[k] * price[c.made_good[k]]
            revenue = earned * room.level[p] if room.level[p] > 0.0 else 0.0
            room.revenue[p] = revenue
            r, head = c.r[p], c.start[p]
            if r == 0.0:
                for u in range(head, c.start[p + 1]):
                    paid[c.use_good[u]] += _cd_part(r, c.coefficient[u], 0.0, totals[p], c.returns[p]) * revenue
                answer[c.use_bid[head]] = np.log(revenue)
            elif room.level[p] == 0.0:
                for u in range(head, c.start[p + 1]):
                    answer[c.use_bid[u]] = -np.inf
            else:
                # Within a process all offers are as the pulls, r ln x; one of them says how much.
                level = 0.0
                for u in range(head, c.start[p + 1]):
                    pull = r * (c.log_coefficient[u] + bid[c.use_bid[u]] + log_rate[c.use_good[u]])
                    part = _ces_part(r, c.coefficient[u], terms[u], totals[p], c.returns[p])
                    if u == head:
                        level = np.log(part / c.coefficient[u]) - pull + np.log(revenue)
                    paid[c.use_good[u]] += part * revenue
                    answer[c.use_bid[u]] = pull + level
        for i in range(c.layer_good[layer], c.layer_good[layer + 1]):
            g = c.good[i]
            if not is_torn[g] and np.isnan(c.outlet[g]):
                price[g] = paid[g] / quantity[g]
    for i in range(torn):
        g = c.torn[i]
        price[g] = paid[g] / quantity[g]
        answer[first_torn + i] = np.log(c.supply[g] + made[g])
        answer[first_torn + torn + i] = np.log(price[g])
