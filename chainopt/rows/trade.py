"""Who trades what with whom: a good is a pool, of which everybody who takes some takes of all who bring some.

    money from seller i to buyer j of a good = brought_i * paid_j

brought is an amount; paid is what buyer j pays per unit that is brought to the pool: of a rival good its price
times j's part of all that is taken, of a non-rival one what j's readers pay for a unit, as each of them reads it
whole. So a good that several bring and several take is split pro rata by amounts, and one that has a single
seller, or a single buyer, is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.technology.arrays import Array

OTHERS = ("supply", "import", "demand", "disposal")
"""Who trades beside firms: those who own supplies, bring imports, buy in the end, and take what is thrown away."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What is paid at a plan, in one money: by good, by use, by good's sale to final demand, and rents by limit.

    unit: what money is divided by. slope: by use, how the process's first level moves with it; nan: unknown.
    nothing: by good, the amount of which no more is rounding.
    """

    good: Array
    use: Array
    sale: Array
    rent: Array
    unit: float
    slope: Array
    nothing: Array


@dataclass(frozen=True, slots=True)
class Trade:
    """Matrices of goods by parties, firms before OTHERS: amounts brought; paid, per unit brought, and the part
    taken of each unit brought. firm: each process's firm, by number; split: whether a good has several sellers and
    several buyers.
    """

    firms: tuple[str, ...]
    firm: Array
    brought: sparse.csr_array
    paid: sparse.csr_array
    part: sparse.csr_array
    split: Array

    def sold_to(self, *buyers: int) -> Array:
        """What each party gets from these buyers."""
        return np.asarray(self.brought.T @ self.paid[:, list(buyers)].sum(axis=1))

    def bought_from(self, *sellers: int) -> Array:
        """What each party pays to these sellers."""
        return np.asarray(self.paid.T @ self.brought[:, list(sellers)].sum(axis=1))

    def own(self) -> Array:
        """What each party would pay to itself."""
        return np.asarray(self.brought.multiply(self.paid).sum(axis=0)).ravel()

    def other(self, name: str) -> int:
        """The number of one of OTHERS."""
        return len(self.firms) + OTHERS.index(name)


def trade(net: Network, plan: Plan, prices: Prices) -> Trade:
    """The pools of all goods at a plan's prices; what has no price, as it can't flow, is worth nothing."""
    names = [process.firm for process in net.chain.processes]
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    firm = np.array([number[name] for name in names], dtype=int)
    count, goods = len(number), np.arange(len(net.goods))
    supply, imports, demand, disposal = (count + i for i in range(len(OTHERS)))
    made = net.yields.tocoo()
    by_maker = made.data * plan.level[made.row]
    rival, reads = net.rival, ~net.rival[net.use_good]
    maker = firm[net.level_process[made.row]]
    shape = (len(goods), count + len(OTHERS))

    def table(*entries: tuple[Array, Array | int, Array]) -> sparse.csr_array:
        """Goods by parties; what does not exist, and a good that none of it moves, is 0."""
        row = np.concatenate([good for good, _, _ in entries])
        column = np.concatenate([np.broadcast_to(party, good.shape) for good, party, _ in entries])
        amount = np.nan_to_num(np.concatenate([value for _, _, value in entries]))
        result = sparse.csr_array((amount, (row, column)), shape=shape)
        result.eliminate_zeros()
        return result

    # Of a rival good, what is brought less than nothing is taken; a non-rival one may stand for less than nothing.
    signed = ~rival
    brought = table(
        (made.col, maker, np.where(signed[made.col], by_maker, np.maximum(by_maker, 0.0))),
        (goods, supply, np.where(signed, net.supply, np.maximum(net.supply, 0.0))),
        (goods, imports, plan.imported),
        (goods, demand, np.where(signed, 0.0, np.maximum(-plan.sale, 0.0))),
    )
    taken = table(
        (net.use_good, firm[net.use_process], np.where(reads, 0.0, plan.use)),
        (made.col, maker, np.where(signed[made.col], 0.0, np.maximum(-by_maker, 0.0))),
        (goods, supply, np.where(signed, 0.0, np.maximum(-net.supply, 0.0))),
        (goods, demand, np.where(signed, 0.0, np.maximum(plan.sale, 0.0))),
        (goods, disposal, np.where(signed, 0.0, plan.disposed)),
    )
    with np.errstate(all="ignore"):
        each = np.nan_to_num(1.0 / taken.sum(axis=1), posinf=0.0, neginf=0.0)
        thrown = np.nan_to_num(plan.disposed / brought.sum(axis=1), posinf=0.0, neginf=0.0)
    kept = 1.0 - thrown
    shared = sparse.csr_array(sparse.diags_array(each) @ taken)
    price, sells = np.nan_to_num(prices.good), ~rival & net.sells
    readers = np.flatnonzero(reads)
    good = net.use_good[readers]
    # Two readers of one firm read the same.
    once, who = np.unique(np.column_stack([good, firm[net.use_process[readers]]]), axis=0).T
    read = table(
        (once, who, kept[once]),
        (goods[sells], demand, kept[sells]),
        (goods[signed], disposal, thrown[signed]),
    )
    paid = table(
        (good, firm[net.use_process[readers]], kept[good] * np.nan_to_num(prices.use[readers])),
        (goods[sells], demand, kept[sells] * np.nan_to_num(prices.sale[sells])),
        (goods[signed], disposal, thrown[signed] * price[signed]),
    )
    several = (np.diff(brought.indptr) > 1) & (np.diff(taken.indptr) > 1) & rival
    return Trade(
        tuple(number),
        firm,
        brought,
        sparse.csr_array(sparse.diags_array(price) @ shared) + paid,
        shared + read,
        several,
    )
