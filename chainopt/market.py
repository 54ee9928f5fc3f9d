"""Prices formed by a market: each user offers for a good what it would pay, and gets its part.

    share_u = exp(bid_u) / sum of exp(bids) for the good,        bid_u <- bid_u + d (ln(v_u x_u) - bid_u)

At d = 1 this is proportional response: a user's next offer is the value v_u x_u of what it got, so that its share
moves by the factor v_u/v_g. A Cobb-Douglas process pays a fixed part of its revenue for each input: it bids once.
No planner: a pass is one forward run of the chain at the shares, and one reverse sweep of its prices. Anderson
acceleration extrapolates the passes. Where bids stand still, every use in use pays its good's price, which is
the planner's optimum where all processes are concave.

The torn goods of cycles are found along with the bids, in the same passes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from chainopt import newton
from chainopt.anderson import Anderson
from chainopt.circuit import Circuit, circuit
from chainopt.columns import Columns
from chainopt.sweeps import Pass, empty_pass

Array = np.ndarray
TOLERANCE = 1e-9
MAX_PASSES = 1000
_WORTH_LOADING = 10_000
"""Flows above which Numba saves more than the second that it takes to load."""
_CLIP = 8.0
_NEARLY_CONSTANT = 0.995
"""Returns above which Newton's steps take over at once: passes would take hundreds, or find no rest."""
_FEW, _MANY = 10, 300
"""Passes before Newton's steps take over, where returns are nearly constant and elsewhere."""
_OPENING = 2
_STUCK = 20
_DEEP = 60.0
"""What leaves the market stays at exp(-60) of its first offers: further down, numbers would end."""
_FAR = 600.0
"""Bids whose money leaves the range of numbers: the market has no rest, or none that passes find."""
_NEGLIGIBLE_USE = 1e-11
_NEGLIGIBLE_GOOD = 1e-7
_REWEIGH = 10


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Where a market came to rest, or stopped; arrays in the order of the columns.

    By good: price, sale, imported, disposed; by use, its amount; by process, its level. change: the largest
    relative change of an offer in the last pass; `at_rest` where it is within the tolerance (or within 1e-9, where
    rounding keeps it from a smaller one). products: with the curvature, where Newton's steps took over.
    seconds: 'order', 'passes'.
    """

    columns: Columns
    order: Circuit
    price: Array
    use: Array
    level: Array
    sale: Array
    imported: Array
    disposed: Array
    at_rest: bool
    change: float
    passes: int
    products: int
    engine: str
    seconds: dict[str, float]

    @property
    def value(self) -> float:
        """The objective: what final demand pays, less the cost of imports, disposal and levels."""
        c = self.columns
        with np.errstate(all="ignore"):
            power = 1.0 - 1.0 / c.elasticity
            ratio = self.sale / c.reference
            curve = c.price * c.reference * np.where(power == 0, np.log(ratio), (ratio**power - 1.0) / power)
            demand = np.where(np.isfinite(c.elasticity), curve, c.price * self.sale)
        return float(
            np.sum(demand[~np.isnan(c.price)])
            - np.sum((c.import_price * self.imported)[~np.isnan(c.import_price)])
            - np.sum((c.disposal * self.disposed)[~np.isnan(c.disposal)])
            - c.unit_cost @ self.level
        )


def form_prices(
    columns: Columns,
    *,
    tolerance: float = TOLERANCE,
    max_passes: int = MAX_PASSES,
    time_limit: float | None = None,
    engine: str | None = None,
    finish: bool = True,
) -> Market:
    """Let a market find the prices and the plan of a chain's columns.

    engine: "numba" or "numpy"; None takes Numba where it is installed and worth the time to load. tolerance: of
    the offers, relative. time_limit: seconds. finish: with Newton's steps where passes find no rest. Raises
    ValueError for another engine, and for a good that nothing can take or supply.
    """
    begun = time.perf_counter()
    if engine is None:
        engine = "numba" if len(columns.use_good) >= _WORTH_LOADING and find_spec("numba") else "numpy"
    sweep = _engine(engine)
    order = circuit(columns)
    ready = time.perf_counter()
    room = empty_pass(order)
    deadline = None if time_limit is None else begun + time_limit
    most = max_passes
    if finish and newton.fits(order):
        most = min(max_passes, _FEW if order.returns.max() > _NEARLY_CONSTANT else _MANY)
    bid, change, passes = _iterate(order, sweep, room, tolerance, most, deadline)
    products = 0
    if change > tolerance and most < max_passes:
        bidders, point, products = newton.settle(order, room, bid, tolerance, deadline)
        order, bid, room, change = bidders.order, point.bids[: len(bidders.good)], point.room, point.change
    seconds = {"order": ready - begun, "passes": time.perf_counter() - ready}
    return _in_columns(
        columns, order, bid, room, change, change <= max(tolerance, TOLERANCE), passes, products, engine, seconds
    )


def _engine(name: str) -> Callable[[Circuit, Array, Pass], None]:
    if name == "numba":
        from chainopt import loops

        return loops.sweep
    if name == "numpy":
        from chainopt import sweeps

        return sweeps.sweep
    raise ValueError(f'there is no engine "{name}": engines are numba and numpy')


def _iterate(
    order: Circuit,
    sweep: Callable[[Circuit, Array, Pass], None],
    room: Pass,
    tolerance: float,
    max_passes: int,
    deadline: float | None,
) -> tuple[Array, float, int]:
    """Bids at rest, the last change and the passes that it took; `room` holds the last pass."""
    bid, step = first_bids(order), steps(order)
    accelerated = Anderson(order.bids)
    lowest = np.full(order.bids, -np.inf)
    change, best, best_pass, reweigh = np.inf, np.inf, 0, _REWEIGH
    for passes in range(1, max_passes + 1):
        sweep(order, bid, room)
        residual = room.answer - bid
        residual[np.isnan(residual)] = -_CLIP
        # The first offers are of no size in particular: plain passes find it, however far it is.
        np.clip(residual, -_CLIP, np.inf if passes <= _OPENING else _CLIP, out=residual)
        residual[(bid <= lowest) & (residual < 0)] = 0.0
        change = _change(order, room, residual)
        if change < best:
            best, best_pass = change, passes
        # Below the tolerance of prices, passes that no longer help are rounding's.
        stuck = change <= TOLERANCE and passes - best_pass >= _STUCK
        if change <= tolerance or stuck or (deadline is not None and time.perf_counter() > deadline):
            break
        if not np.abs(bid).max() < _FAR:
            return bid, np.inf, passes
        if passes == reweigh:
            accelerated.reweigh(weights(order, bid, room))
            reweigh *= 2
        residual *= step
        if passes <= _OPENING:
            bid = bid + residual
            lowest[: order.first_torn] = bid[: order.first_torn] - _DEEP
        else:
            bid = np.maximum(accelerated.step(bid, residual), lowest)
    else:
        sweep(order, bid, room)
    return bid, change, passes


def first_bids(order: Circuit) -> Array:
    """Where the market opens: equal offers, torn goods at one unit and price."""
    bid = np.zeros(order.bids)
    typical = float(np.median(order.supply[order.supply > 0])) if (order.supply > 0).any() else 1.0
    bid[order.first_torn : order.first_torn + len(order.torn)] = np.log(typical)
    return bid


def steps(order: Circuit) -> Array:
    """The part d of its change that each bid makes: less where an offer falls as what it gets rises.

    At fixed prices elsewhere a CES input's offer moves by r, a sale's by 1 - 1/E, per change of its own amount:
    below -1 a whole step would overshoot for ever.
    """
    step = np.ones(order.bids)
    ces = np.flatnonzero(order.r)
    for_uses = np.repeat(np.minimum(1.0, 1.5 / (1.0 - order.r)), np.diff(order.start))
    of = np.repeat(order.r != 0, np.diff(order.start))
    if len(ces):
        step[order.use_bid[of]] = for_uses[of]
    step[order.process_bids : order.first_torn] = np.minimum(1.0, order.sale_elasticity)
    return step


@np.errstate(all="ignore")
def weights(order: Circuit, bid: Array, room: Pass) -> Array:
    """The largest share that each bid has of a good: what its residual counts. Idle bids count for nothing."""
    weight = np.ones(order.bids)
    money = np.exp(bid[: order.first_torn])
    share = order.coefficient * money[order.use_bid] / room.offered[order.use_good]
    weight[: order.process_bids] = 0.0
    np.maximum.at(weight, order.use_bid, np.nan_to_num(share))
    weight[order.process_bids : order.first_torn] = np.nan_to_num(
        money[order.process_bids :] / room.offered[order.sale_good]
    )
    return weight


def _change(order: Circuit, room: Pass, residual: Array) -> float:
    """The largest change of a bid that matters: of money that counts, or rising for a good that counts.

    inf where no money moves.
    """
    value = _turnover(order, room)
    if not 0.0 < value < np.inf:
        return np.inf
    counts = np.ones(order.bids, dtype=bool)
    # A share is of its good's offers, whose level is free: money is what the last answers say.
    counts[: order.first_torn] = room.answer[: order.first_torn] > np.log(_NEGLIGIBLE_USE * value)
    small = ~counts[: order.first_torn] & (residual[: order.first_torn] > 0)
    if small.any():
        carries = room.price * room.quantity > _NEGLIGIBLE_GOOD * value
        rising = small[order.use_bid] & carries[order.use_good]
        counts[order.use_bid[rising]] = True
        sales = slice(order.process_bids, order.first_torn)
        counts[sales] |= small[sales] & carries[order.sale_good]
    return float(np.abs(residual[counts]).max(initial=0.0))


@np.errstate(all="ignore")
def _turnover(order: Circuit, room: Pass) -> float:
    """What final demand pays in all."""
    sole = np.flatnonzero(~np.isnan(order.outlet) & (room.quantity > 0))
    earned = room.answer[order.process_bids : order.first_torn]
    left = room.quantity - room.offered / np.where(room.posted > 0, room.posted, 1.0)
    return float(
        np.abs(order.outlet[sole]) @ room.quantity[sole]
        + np.exp(earned).sum()
        + order.floor @ np.maximum(left, 0.0)
    )


def _in_columns(
    columns: Columns,
    order: Circuit,
    bid: Array,
    room: Pass,
    change: float,
    at_rest: bool,
    passes: int,
    products: int,
    engine: str,
    seconds: dict[str, float],
) -> Market:
    """The last pass in the order of the columns."""
    goods = len(columns.supply)
    money = np.exp(bid[: order.first_torn])
    posted = np.where(room.posted > 0, room.posted, np.inf)
    use, level = np.empty(len(order.use)), np.empty(len(order.process))
    use[order.use] = order.coefficient * money[order.use_bid] / posted[order.use_good]
    level[order.process] = room.level
    disposed = np.zeros(goods)
    sale = np.where(order.floor > 0, np.maximum(room.quantity - room.offered / posted, 0.0), 0.0)
    sale[order.sale_good] = money[order.process_bids :] / posted[order.sale_good]
    sole = ~np.isnan(order.outlet)
    sells = sole & (columns.price == order.outlet)
    sale[sells] = room.quantity[sells]
    disposed[sole & ~sells] = room.quantity[sole & ~sells]
    return Market(
        columns=columns,
        order=order,
        price=np.where(room.quantity > 0, room.price, np.nan),
        use=use,
        level=level,
        sale=sale,
        imported=np.where(np.isnan(order.outlet), room.imported, 0.0),
        disposed=disposed,
        at_rest=at_rest,
        change=change,
        passes=passes,
        products=products,
        engine=engine,
        seconds=seconds,
    )
