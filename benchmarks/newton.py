"""Newton's method on what an equilibrium of a layered chain is, in logarithms.

    each process   R pi_out y = C(pi) (y/scale)^(1/R)            what it pays is R of what it earns
    each good      q_g = sum_u R pi_out y w_u(pi)/pi_g           what is there is taken

    C = prod (pi/s)^s,  w = s          or         C = (sum s^e pi^(1 - e))^(1/(1 - e)),  w = s^e (pi/C)^(1 - e)

with R the returns, e the elasticity, s the shares, w_u the parts of costs. The unknowns are all prices but those
of the sold goods, and all levels. The chain is concave, so that where these hold is the optimum. What is idle has
no logarithm, and is left out: it must be known from the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from layered import INPUTS, Layered
from scipy import sparse
from scipy.sparse.linalg import splu

Array = np.ndarray
_STEPS, _CLIP, _DONE = 60, 1.0, 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """What runs of a chain: processes and goods, each use's good and process, and them as matrices of ones."""

    numbers: Layered
    process: Array
    good: Array
    use: Array
    by: Array
    share: Array
    of_input: sparse.csr_array
    of_output: sparse.csr_array
    of_process: sparse.csr_array

    @property
    def unknown(self) -> Array:
        """Of (log prices, log levels) together, those that are not known."""
        n = self.numbers
        priced = np.flatnonzero(self.good[: n.goods - n.width])
        return np.concatenate([priced, n.goods + np.flatnonzero(self.process)])


def running(numbers: Layered, process: Array) -> Running:
    """The part of a chain in which these processes run, and the others are idle."""
    goods, processes = numbers.goods, len(numbers.scale)
    good = np.concatenate([np.isin(np.arange(numbers.width), numbers.inputs[process]), process])
    taken, maker = numbers.inputs.ravel(), np.repeat(np.arange(processes), INPUTS)
    live = np.flatnonzero(process[maker] & good[taken])
    use, by = taken[live], maker[live]

    def ones(columns: Array, width: int) -> sparse.csr_array:
        return sparse.csr_array((np.ones(len(live)), (np.arange(len(live)), columns)), (len(live), width))

    share = numbers.shares.ravel()[live]
    return Running(
        numbers,
        process,
        good,
        use,
        by,
        share,
        ones(use, goods),
        ones(numbers.width + by, goods),
        ones(by, processes),
    )


def equations(of: Running, log_price: Array, log_level: Array) -> tuple[Array, sparse.csr_array]:
    """By how much each good is short and each process pays too much, in logarithms; and the derivatives."""
    n, processes = of.numbers, len(of.numbers.scale)
    bend = 1.0 - n.elasticity
    if bend == 0.0:
        part = of.share
        log_cost = np.bincount(of.by, part * (log_price[of.use] - np.log(part)), processes)
    else:
        term = np.exp(n.elasticity * np.log(of.share) + bend * log_price[of.use])
        total = np.bincount(of.by, term, processes)
        part = term / total[of.by]
        log_cost = np.log(np.where(of.process, total, 1.0)) / bend
    pays = np.log(n.returns) + log_price[n.width :] + log_level
    over = pays - log_cost - (log_level - np.log(n.scale)) / n.returns
    taken = part * np.exp(pays[of.by] - log_price[of.use])
    demand = np.bincount(of.use, taken, n.goods)
    short = np.log(np.where(demand > 0, demand, 1.0)) - np.concatenate([np.log(n.supply), log_level])
    uses = np.arange(len(of.use))
    weights = sparse.csr_array((taken / demand[of.use], (of.use, uses)), (n.goods, len(uses)))
    mean = sparse.csr_array((part, (of.by, of.use)), (processes, n.goods))
    made = sparse.eye_array(processes, n.goods, k=n.width, format="csr")
    moved = of.of_output + bend * (of.of_input - of.of_process @ mean)
    derivatives = sparse.block_array(
        [
            [weights @ moved - sparse.eye_array(n.goods), weights @ of.of_process - made.T],
            [made - mean, (1.0 - 1.0 / n.returns) * sparse.eye_array(processes)],
        ],
        format="csr",
    )
    return np.concatenate([short, over]), derivatives


def equilibrium(of: Running, price: Array, level: Array, counts: Array) -> tuple[Array, Array, float]:
    """Prices and levels from a start's, and the last step's largest relative change of a price that counts.

    Idle goods have no price, idle processes a level of 0. RuntimeError where steps lead nowhere.
    """
    n, goods, unknown = of.numbers, of.numbers.goods, of.unknown
    found = np.zeros(goods + len(level))
    found[:goods][of.good] = np.log(price[of.good])
    found[goods - n.width : goods] = np.log(n.price)
    found[goods:][of.process] = np.log(level[of.process])
    change = np.inf
    for _ in range(_STEPS):
        off, derivatives = equations(of, found[:goods], found[goods:])
        step = np.zeros(len(found))
        step[unknown] = splu(derivatives[unknown][:, unknown].tocsc()).solve(-off[unknown])
        change = float(np.max(np.abs(step[:goods][counts]), initial=0.0))
        found += step * min(1.0, _CLIP / np.max(np.abs(step)))
        if change <= _DONE:
            break
    if not np.isfinite(change):
        raise RuntimeError("Newton's steps leave the range of numbers")
    return (
        np.where(of.good, np.exp(found[:goods]), np.nan),
        np.where(of.process, np.exp(found[goods:]), 0.0),
        change,
    )
