"""Cobb-Douglas and CES in logarithms, number by number: the market's one definition of each.

    total = sum_u term(r, a_u, ln x_u)      ln level = log(r, total, returns, ln scale)
    part_u = d ln level/d ln x_u = part(r, a_u, term_u, total, returns)

and the other side, the least that a first unit costs at prices, by the same three of ln price_u: `log` is ln C(1),
and `part` the share of each use in it. r is 0 for a Cobb-Douglas, whose `returns` are the sum of its a_u.

Each function takes numbers or arrays: NumPy runs them on columns, Numba compiles them into its loops.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chainopt.technology.arrays import Array


class LogForm(NamedTuple):
    """One side of a technology in logarithms; see the module."""

    term: Callable[..., Any]
    log: Callable[..., Any]
    part: Callable[..., Any]


COBB_DOUGLAS = LogForm(
    term=lambda r, a, log_x: a * log_x,
    log=lambda r, total, returns, log_scale: log_scale + total,
    part=lambda r, a, term, total, returns: a,
)
CES = LogForm(
    term=lambda r, a, log_x: a * np.exp(r * log_x),
    log=lambda r, total, returns, log_scale: log_scale + returns / r * np.log(total),
    part=lambda r, a, term, total, returns: returns * term / total,
)
LEVEL = (COBB_DOUGLAS, CES)
COST = (
    LogForm(
        term=lambda r, a, log_price: a * (log_price - np.log(a)),
        log=lambda r, total, returns, log_scale: np.log(returns) + (total - log_scale) / returns,
        part=lambda r, a, term, total, returns: a / returns,
    ),
    LogForm(
        term=lambda r, a, log_price: np.exp((np.log(a) - r * log_price) / (1.0 - r)),
        log=lambda r, total, returns, log_scale: -log_scale / returns - (1.0 - r) / r * np.log(total),
        part=lambda r, a, term, total, returns: term / total,
    ),
)


def logarithms(
    side: tuple[LogForm, LogForm], start: Array, r: Array, a: Array, returns: Array, log_scale: Array, given: Array
) -> tuple[Array, Array]:
    """One side's logarithm of each process, and the part of each use in it, given the logarithms of all uses.

    start: the first use of each process, and the end.
    """
    length, ces = np.diff(start), r != 0
    r_of_use, returns_of_use = np.repeat(r, length), np.repeat(returns, length)
    found, part = np.empty(len(r)), np.empty(len(a))
    for form, chosen in zip(side, (~ces, ces), strict=True):
        if chosen.any():
            uses = np.repeat(chosen, length)
            term = np.where(uses, form.term(r_of_use, a, given), 0.0)
            total = np.add.reduceat(term, start[:-1])
            found[chosen] = form.log(r, total, returns, log_scale)[chosen]
            part[uses] = form.part(r_of_use, a, term, np.repeat(total, length), returns_of_use)[uses]
    return found, part
