"""Columns in the order in which goods flow: layers of goods and processes, and the goods where cycles are cut.

A layer's processes read goods that earlier layers have made. On a cycle one good is *torn*: its amount and its
price are guessed, and become part of what the market has to find. The order within a cycle is the columns' own.

A *bid* is the logarithm of the money that a user offers for its good; goods are shared in proportion to bids.
What a Cobb-Douglas process would pay for each input is a fixed part of what it earns, so that one bid says all:
use u offers a_u exp(bid). Each use of a CES process bids for itself, and so does a sale with a demand curve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from chainopt.market.columns import Columns, NotColumnsError
from chainopt.network.order import ranges
from chainopt.technology.arrays import Array


class Circuit(NamedTuple):
    """A chain ready for sweeps; a tuple of arrays because Numba reads those.

    process: the columns' number of each process here, layer by layer, Cobb-Douglas before CES in each; use: the
    same of uses. layer_good and layer_process hold each layer's first place (and, last, the end), among `good`
    and `process`; layer_ces, where the CES processes of the layer begin. By process: start, log_scale, returns,
    r, unit_cost, made_start; by output: made_good, made_yield; by use: use_good, coefficient and its
    logarithm, use_bid (its number among bids). By good: supply; outlet, what its last resort pays where no process
    uses it (nan where one does); floor, what final demand pays for whatever is left over (0: nothing); scrap, what
    a last resort beside users pays where that is not positive (nan: there is none); ceiling, what it costs abroad
    (inf: not imported).

    Bids, in this order: of processes and CES uses; of sales with a demand curve (sale_good, sale_price,
    sale_elasticity, sale_reference); then the logarithms of torn goods' amounts, and of their prices (torn).
    """

    process: Array
    use: Array
    good: Array
    layer_good: Array
    layer_process: Array
    layer_ces: Array
    start: Array
    log_scale: Array
    returns: Array
    r: Array
    unit_cost: Array
    made_start: Array
    made_good: Array
    made_yield: Array
    use_good: Array
    coefficient: Array
    log_coefficient: Array
    use_bid: Array
    process_bids: int
    supply: Array
    outlet: Array
    sale_good: Array
    sale_price: Array
    sale_elasticity: Array
    sale_reference: Array
    floor: Array
    scrap: Array
    ceiling: Array
    torn: Array

    @property
    def bids(self) -> int:
        """How many numbers the market has to find."""
        return self.first_torn + 2 * len(self.torn)

    @property
    def first_torn(self) -> int:
        return self.process_bids + len(self.sale_good)


def softened(order: Circuit, most: float) -> Circuit:
    """The same market, its technologies' returns at most so high: R' = min(R, most)."""
    factor = np.minimum(1.0, most / order.returns)
    # A Cobb-Douglas coefficient is a part of the returns, a CES one of the whole.
    of = np.repeat(np.where(order.r == 0, factor, 1.0), np.diff(order.start))
    coefficient = of * order.coefficient
    return order._replace(
        returns=factor * order.returns, coefficient=coefficient, log_coefficient=np.log(coefficient)
    )


def circuit(columns: Columns) -> Circuit:
    """Order a chain's columns; raises ValueError for a good that nothing can take or supply."""
    goods, processes = len(columns.supply), len(columns.scale)
    users = np.bincount(columns.use_good, minlength=goods)
    makers = np.bincount(columns.made_good, minlength=goods)
    sold, thrown = ~np.isnan(columns.price), ~np.isnan(columns.disposal)
    stranded = (users == 0) & ~sold & ~thrown & ((columns.supply > 0) | (makers > 0))
    absent = (users > 0) & (columns.supply == 0) & (makers == 0) & np.isnan(columns.import_price)
    profit = sold & (columns.price > columns.import_price)
    for bad, what in (
        (profit & np.isinf(columns.elasticity), "a sale pays more than the import costs of"),
        (stranded, "nothing can take"),
        (absent, "nothing can supply"),
    ):
        if bad.any():
            raise NotColumnsError([f"{what} good number {np.flatnonzero(bad)[0]}"])
    good_layer, process_layer, torn = _layers(columns)
    ces = columns.r != 0
    process = np.lexsort((ces, process_layer))
    length = np.diff(columns.start)[process]
    start = np.concatenate([[0], np.cumsum(length)])
    use = ranges(columns.start[process], length)
    count = int(process_layer.max(initial=-1)) + 2
    layer_process = np.searchsorted(process_layer[process], np.arange(count + 1))
    layer_ces = layer_process[:-1] + np.bincount(process_layer[~ces], minlength=count)
    good = np.argsort(good_layer, kind="stable")
    layer_good = np.searchsorted(good_layer[good], np.arange(count + 1))
    made_first = np.searchsorted(columns.made_process, np.arange(processes + 1))
    made_length = np.diff(made_first)[process]
    made = ranges(made_first[process], made_length)
    # One bid for a Cobb-Douglas process, one for each use of a CES process.
    bids = np.where(ces[process], length, 1)
    first_bid = np.cumsum(bids) - bids
    of = np.repeat(np.arange(processes), length)
    within = np.arange(len(use)) - start[:-1][of]
    use_ces = ces[process][of]
    coefficient = columns.coefficient[use].astype(float)
    curved = np.isfinite(columns.elasticity)
    outlet = np.where(thrown, -columns.disposal, -np.inf)
    outlet = np.where(sold & ~curved, np.fmax(columns.price, outlet), outlet)
    outlet = np.where((users == 0) & ~(sold & curved), outlet, np.nan)
    sale = np.flatnonzero(sold & curved)
    used = np.isnan(outlet)
    last = np.fmax(np.where(sold & ~curved, columns.price, np.nan), -columns.disposal)
    floor = np.where(used, np.fmax(last, 0.0), 0.0)
    scrap = np.where(used & (last <= 0), last, np.nan)
    ceiling = np.where(used & ~np.isnan(columns.import_price), columns.import_price, np.inf)
    return Circuit(
        process=process,
        use=use,
        good=good,
        layer_good=layer_good,
        layer_process=layer_process,
        layer_ces=layer_ces,
        start=start,
        log_scale=np.log(columns.scale[process]),
        returns=columns.returns[process].astype(float),
        r=columns.r[process].astype(float),
        unit_cost=columns.unit_cost[process].astype(float),
        made_start=np.concatenate([[0], np.cumsum(made_length)]),
        made_good=columns.made_good[made],
        made_yield=columns.made_yield[made].astype(float),
        use_good=columns.use_good[use].astype(np.int32),
        coefficient=coefficient,
        log_coefficient=np.log(coefficient),
        use_bid=(first_bid[of] + np.where(use_ces, within, 0)).astype(np.int32),
        process_bids=int(bids.sum()),
        supply=columns.supply.astype(float),
        outlet=outlet,
        sale_good=sale,
        sale_price=columns.price[sale].astype(float),
        sale_elasticity=columns.elasticity[sale].astype(float),
        sale_reference=columns.reference[sale].astype(float),
        floor=floor,
        scrap=scrap,
        ceiling=ceiling,
        torn=torn,
    )


def _layers(columns: Columns) -> tuple[Array, Array, Array]:
    """The layer of each good and of each process, and the torn goods."""
    goods, processes = len(columns.supply), len(columns.scale)
    of = np.repeat(np.arange(processes), np.diff(columns.start))
    reader = of[np.argsort(columns.use_good, kind="stable")]
    readers = np.bincount(columns.use_good, minlength=goods)
    reader_start = np.cumsum(readers) - readers
    outputs = np.bincount(columns.made_process, minlength=processes)
    made_start = np.cumsum(outputs) - outputs

    def follow(makers: Array) -> tuple[Array, Array]:
        """Layers from the sources on; -1 for what a cycle holds up."""
        waits, good_layer, process_layer = np.diff(columns.start), np.full(goods, -1), np.full(processes, -1)
        ready, layer = np.flatnonzero(makers == 0), 0
        while len(ready):
            good_layer[ready] = layer
            reached = reader[ranges(reader_start[ready], readers[ready])]
            found, times = np.unique(reached, return_counts=True)
            waits[found] -= times
            run = found[waits[found] == 0]
            process_layer[run] = layer
            made = columns.made_good[ranges(made_start[run], outputs[run])]
            found, times = np.unique(made, return_counts=True)
            makers[found] -= times
            layer += 1
            ready = found[makers[found] == 0]
        return good_layer, process_layer

    makers, torn = np.bincount(columns.made_good, minlength=goods), np.zeros(0, dtype=int)
    found = follow(makers.copy())
    if (found[1] < 0).any():
        torn = _torn(columns, of)
        # A torn good waits for nobody.
        makers[torn] = 0
        found = follow(makers)
    return *found, torn


def _torn(columns: Columns, of: Array) -> Array:
    """Goods of a cycle that a process of the same cycle makes at or after where another takes them."""
    goods, processes = len(columns.supply), len(columns.scale)
    tail = np.concatenate([columns.use_good, goods + columns.made_process])
    head = np.concatenate([goods + of, columns.made_good])
    total = goods + processes
    graph = sparse.csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(total, total))
    _, label = connected_components(graph, directed=True, connection="strong")
    inside = label[columns.use_good] == label[goods + of]
    first_use = np.full(goods, processes)
    np.minimum.at(first_use, columns.use_good[inside], of[inside])
    made_inside = label[columns.made_good] == label[goods + columns.made_process]
    last_made = np.full(goods, -1)
    np.maximum.at(last_made, columns.made_good[made_inside], columns.made_process[made_inside])
    return np.flatnonzero(last_made >= first_use)
