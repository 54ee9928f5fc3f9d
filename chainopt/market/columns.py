"""A chain of Cobb-Douglas and CES processes as columns: no Python record for each flow.

What `market` works on. A million flows are some fifteen arrays; `columns` makes them from a network, and refuses
what a market of smooth processes can't hold, saying why.

All goods of columns are rival. A non-rival good is one good for each who takes it, made jointly: each reader has
the whole amount to itself, and pays its own price.

    q_g = e_g + sum_p b_pg y_p = x_u for each u,        pi_g = sum_u pi_u
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from chainopt.network.limits import KINDS
from chainopt.network.network import Network
from chainopt.technology.arrays import Array

_ROUNDING = 1e-12


class NotColumnsError(ValueError):
    """A chain that columns don't hold; `reasons` says why, each naming what it is about."""

    def __init__(self, reasons: list[str]):
        self.reasons = tuple(reasons)
        super().__init__("; ".join(reasons))


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Goods, processes, uses and outputs by number.

    By good: supply; price of a sale (nan: not sold) with its demand's elasticity (inf: a fixed price) and
    reference sale; import_price (nan: not imported); disposal, its cost (nan: none). By process, whose uses are
    start[p] to start[p + 1]: scale, returns, unit_cost, and r = (elasticity - 1)/elasticity, 0 for Cobb-Douglas
    (whose returns are the sum of its coefficients). By use: use_good, coefficient. By output: made_process (in
    ascending order), made_good, made_yield. Money and units as in the records. Raises ValueError for columns of
    different lengths, numbers that name nothing, and coefficients that are not positive.
    """

    supply: Array
    price: Array
    elasticity: Array
    reference: Array
    import_price: Array
    disposal: Array
    start: Array
    scale: Array
    returns: Array
    r: Array
    unit_cost: Array
    use_good: Array
    coefficient: Array
    made_process: Array
    made_good: Array
    made_yield: Array

    def __post_init__(self) -> None:
        goods, processes = len(self.supply), len(self.scale)
        for length, names in (
            (goods, "price elasticity reference import_price disposal"),
            (processes + 1, "start"),
            (processes, "returns r unit_cost"),
            (len(self.use_good), "coefficient"),
            (len(self.made_process), "made_good made_yield"),
        ):
            for name in names.split():
                if len(getattr(self, name)) != length:
                    raise ValueError(f"the column {name} has {len(getattr(self, name))} entries, not {length}")
        if self.start[0] != 0 or self.start[-1] != len(self.use_good) or np.any(np.diff(self.start) < 1):
            raise ValueError("start must rise from 0 to the number of uses: every process has at least one")
        if np.any(np.diff(self.made_process) < 0):
            raise ValueError("made_process must be in ascending order")
        for name, count in (("use_good", goods), ("made_good", goods), ("made_process", processes)):
            column = getattr(self, name)
            if len(column) and (column.min() < 0 or column.max() >= count):
                raise ValueError(f"the column {name} names a number outside 0 to {count - 1}")
        for name in ("coefficient", "scale", "returns", "made_yield"):
            if not np.all(getattr(self, name) > 0):
                raise ValueError(f"the column {name} must be positive")
        if not np.all(self.supply >= 0):
            raise ValueError("a supply must not be negative")
        if not np.all(self.r < 1):
            raise ValueError("r = (elasticity - 1)/elasticity is below 1")

    @property
    def memory(self) -> int:
        """Bytes of all columns."""
        return sum(getattr(self, item.name).nbytes for item in fields(self))


def personal(net: Network) -> tuple[Array, Array]:
    """By good of the columns, its good in the network; by use, its good in the columns.

    The network's own come first. Who is first to take a non-rival good, final demand or else a reader, keeps its
    number.
    """
    goods, good = len(net.goods), net.use_good.copy()
    readers = np.flatnonzero(~net.rival[good])
    _, first = np.unique(good[readers], return_index=True)
    further = np.setdiff1d(readers, readers[first][~net.sells[good[readers[first]]]])
    of = np.concatenate([np.arange(goods), good[further]])
    good[further] = goods + np.arange(len(further))
    return of, good


def columns(net: Network) -> Columns:
    """A network's columns, goods and processes in its own order; raises NotColumnsError.

    Goods of `personal` follow. Upper limits are left out, and the disposal of what several take whole: whether a
    plan keeps them, and needs it, is the caller's question.
    """
    reasons = _reasons(net)
    if reasons:
        raise NotColumnsError(reasons)
    processes = len(net.processes)
    scale, returns, r = np.ones(processes), np.ones(processes), np.zeros(processes)
    for technology, batch in net.families:
        if technology.substitution is not None:
            scale[batch.process], returns[batch.process] = batch.scale, technology.returns(batch)
            r[batch.process] = technology.substitution(batch)
    goods = len(net.goods)
    of, use_good = personal(net)
    alone, own = np.bincount(of)[of] == 1, np.arange(len(of)) < goods
    copies = sparse.csr_array((np.ones(len(of)), (of, np.arange(len(of)))), shape=(goods, len(of)))
    made = sparse.coo_array(net.yields @ copies)
    by_process = np.argsort(made.row, kind="stable")
    return Columns(
        supply=net.supply[of],
        price=np.where(own & net.sells[of], net.price[of], np.nan),
        elasticity=np.where(own, net.elasticity[of], np.inf),
        reference=np.where(own, net.reference[of], np.nan),
        import_price=np.where(net.imports, net.import_price, np.nan)[of],
        disposal=np.where(alone, net.disposal[of], np.nan),
        start=np.concatenate([[0], np.cumsum(np.bincount(net.use_process, minlength=processes))]),
        scale=scale,
        returns=returns,
        r=r,
        unit_cost=net.unit_cost,
        use_good=use_good,
        coefficient=net.coefficient,
        made_process=made.row[by_process],
        made_good=made.col[by_process],
        made_yield=made.data[by_process],
    )


def _reasons(net: Network) -> list[str]:
    """Why a market of smooth concave processes can't hold this network."""
    found = []

    def note(what: str, names: list[str]) -> None:
        if names:
            shown = ", ".join(f'"{name}"' for name in names[:3])
            found.append(f"{what}: {shown}" + (f" and {len(names) - 3} more" if len(names) > 3 else ""))

    def goods(chosen: Array) -> list[str]:
        return [net.goods[g] for g in np.flatnonzero(chosen)]

    note("Leontief processes", [net.processes[p] for p in np.flatnonzero(net.leontief)])
    note("formulas", [net.processes[item.process] for item in net.formulas])
    for technology, batch in net.families:
        if technology.substitution is None:
            note(f"{technology.name} processes", [net.processes[p] for p in batch.process])
        else:
            rising = batch.process[technology.returns(batch) > 1.0 + _ROUNDING]
            note("increasing returns", [net.processes[p] for p in rising])
    readers = np.bincount(net.use_good, minlength=len(net.goods)) + net.sells
    note("imports of non-rival goods", goods(~net.rival & net.imports & (readers > 1)))
    note(
        "non-rival goods to throw away",
        goods(~net.rival & net.sells & (readers == 1) & (net.price < -net.disposal)),
    )
    used = np.bincount(net.use_good, minlength=len(net.goods)) > 0
    note("disposal that pays", goods(net.disposes & (np.nan_to_num(net.disposal) < 0) & used))
    note("obligations", goods(net.supply < 0))
    note("sales of either sign", goods(net.rival & net.sale_signed & net.sells))
    for kind in (kind for kind, about in KINDS.items() if about.sign < 0):
        whose = [net.whose(limit) for limit in net.limits if limit.kind == kind]
        note(f"{kind}s", [process or good or "" for good, process in whose])
    if not len(net.processes):
        found.append("no process at all")
    made = np.bincount(sparse.coo_array(net.yields).row, minlength=len(net.processes))
    note("processes that make nothing", [net.processes[p] for p in np.flatnonzero(made == 0)])
    return found
