"""Cobb-Douglas and CES in logarithms, number by number: the market's one definition of each.

    total = sum_u term(a_u, r, ln x_u)      ln(level/scale) = log_level(total)      part_u = d ln level/d ln x_u
    part_u ~ a_u exp(log_pull(r, ln x_u)) within a process

and the other side, the least that a level costs at prices: C(y) with

    total = sum_u cost_term(a_u, r, ln price_u)       ln C(y) = log_cost(ln(y/scale), total)

of which each use is cost_share

Each function takes numbers or arrays: NumPy runs them on columns, Numba compiles them into its loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


def cobb_douglas_term(a: Any, r: Any, log_x: Any) -> Any:
    return a * log_x


def cobb_douglas_log_level(total: Any, returns: Any, r: Any) -> Any:
    return total


def cobb_douglas_part(a: Any, term: Any, total: Any, returns: Any) -> Any:
    return a


def cobb_douglas_log_pull(r: Any, log_x: Any) -> Any:
    return 0.0


def cobb_douglas_cost_term(a: Any, r: Any, log_price: Any) -> Any:
    return a * (log_price - np.log(a))


def cobb_douglas_log_cost(log_level: Any, total: Any, returns: Any, r: Any) -> Any:
    return np.log(returns) + (log_level + total) / returns


def cobb_douglas_cost_share(a: Any, term: Any, total: Any, returns: Any) -> Any:
    return a / returns


def ces_term(a: Any, r: Any, log_x: Any) -> Any:
    return a * np.exp(r * log_x)


def ces_log_level(total: Any, returns: Any, r: Any) -> Any:
    return returns / r * np.log(total)


def ces_part(a: Any, term: Any, total: Any, returns: Any) -> Any:
    return returns * term / total


def ces_log_pull(r: Any, log_x: Any) -> Any:
    return r * log_x


def ces_cost_term(a: Any, r: Any, log_price: Any) -> Any:
    return np.exp((np.log(a) - r * log_price) / (1.0 - r))


def ces_log_cost(log_level: Any, total: Any, returns: Any, r: Any) -> Any:
    return log_level / returns - (1.0 - r) / r * np.log(total)


def ces_cost_share(a: Any, term: Any, total: Any, returns: Any) -> Any:
    return term / total


@dataclass(frozen=True, slots=True)
class LogForm:
    """One technology in logarithms; see the module."""

    term: Callable[..., Any]
    log_level: Callable[..., Any]
    part: Callable[..., Any]
    log_pull: Callable[..., Any]
    cost_term: Callable[..., Any]
    log_cost: Callable[..., Any]
    cost_share: Callable[..., Any]


COBB_DOUGLAS = LogForm(
    cobb_douglas_term,
    cobb_douglas_log_level,
    cobb_douglas_part,
    cobb_douglas_log_pull,
    cobb_douglas_cost_term,
    cobb_douglas_log_cost,
    cobb_douglas_cost_share,
)
CES = LogForm(ces_term, ces_log_level, ces_part, ces_log_pull, ces_cost_term, ces_log_cost, ces_cost_share)
