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

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from chainopt.market import newton
from chainopt.market.anderson import Anderson
from chainopt.market.circuit import Circuit, circuit, softened
from chainopt.market.columns import Columns
from chainopt.market.subsidy import GOOD_MATTERS, USE_MATTERS, Point, outlets
from chainopt.market.sweeps import TRIFLE, Pass, empty_pass, sweep
from chainopt.network.demand import demand_area
from chainopt.technology.arrays import Array

Sweep = Callable[[Circuit, Array, Pass], None]
TOLERANCE = 1e-9
MAX_PASSES = 1000
_WORTH_LOADING = 200_000
"""Flows above which Numba saves more than the second that it takes to load."""
_CLIP = 8.0
_NEARLY_CONSTANT = 0.995
"""Returns above which Newton's steps take over at once: passes would take hundreds, or find no rest."""
_FEW, _MANY = 10, 300
"""Passes before Newton's steps take over, where returns are nearly constant and elsewhere."""
_SOFT, _SOFT_TOLERANCE, _SOFT_PASSES = 0.9, 1e-3, 200
"""Returns of the market whose bids are the first ones where returns are nearly constant: there, equal bids make
amounts that fade from layer to layer, past the range of numbers after a few hundred."""
_OPENING = 2
_STUCK = 20
_DEEP, _SUNK = 60.0, 250.0
"""What leaves the market stays at exp(-60) of its first offers; and further down once all others are at rest."""
_FAR = 600.0
"""Bids whose money leaves the range of numbers: the market has no rest, or none that passes find."""
_NO_TURNOVER = 1e-15
"""Of what the first passes turned over: below it everything has left."""
_ROUNDING, _NEXT_TO_NOTHING = 1e-15, 1e-30
_REWEIGH = 10


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Where a market came to rest, or stopped; arrays in the order of the columns.

    By good: price, sale, imported, disposed; by use, its amount; by process, its level. change: the largest
    relative change of an offer in the last pass; `at_rest` where it is within the tolerance (or within 1e-9, where
    rounding keeps it from a smaller one). products: with the curvature, where Newton's steps took over.
    seconds: 'order', 'passes'. interrupted: by Ctrl-C, so that this is the last pass before it.
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
    interrupted: bool = False

    @property
    @np.errstate(all="ignore")
    def value(self) -> float:
        """The objective: what final demand pays, less the cost of imports, disposal and levels."""
        c = self.columns
        demand = demand_area(c.price, c.elasticity, c.reference, self.sale)
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
    progress: Callable[[Market], object] | None = None,
    finish: bool = True,
) -> Market:
    """Let a market find the prices and the plan of a chain's columns.

    engine: "numba" or "numpy"; None takes Numba where it is installed and worth the time to load. tolerance: of
    the offers, relative. time_limit: seconds. finish: with Newton's steps where passes find no rest. progress:
    called with the market as it stands after each pass and each of Newton's steps; its exceptions pass through.
    Raises ValueError for another engine, and for a good that nothing can take or supply.
    """
    begun = time.perf_counter()
    if engine is None:
        loaded = "chainopt.market.loops" in sys.modules
        worth = loaded or (len(columns.use_good) >= _WORTH_LOADING and find_spec("numba"))
        engine = "numba" if worth else "numpy"
    once = _engine(engine)
    order = circuit(columns)
    ready = time.perf_counter()
    room = empty_pass(order)
    deadline = None if time_limit is None else begun + time_limit

    reached: Point | None = None

    def standing(
        bid: Array,
        change: float,
        passes: int,
        products: int = 0,
        interrupted: bool = False,
        order: Circuit = order,
        room: Pass = room,
    ) -> Market:
        return Market(
            columns,
            order,
            **_amounts(columns, order, bid, room),
            at_rest=not interrupted and change <= max(tolerance, TOLERANCE),
            change=change,
            passes=passes,
            products=products,
            engine=engine,
            seconds={"order": ready - begun, "passes": time.perf_counter() - ready},
            interrupted=interrupted,
        )

    def subsidised(point: Point, passes: int, products: int = 0, interrupted: bool = False) -> Market:
        bid, own = point.bids[: len(point.share)], point.bidders.order
        market = standing(bid, point.change, passes, products, interrupted, own, point.room)
        goods, taken = point.scrapped
        thrown = columns.price[goods] != order.scrap[goods]
        market.sale[goods[thrown]] -= taken[thrown]
        market.disposed[goods[thrown]] += taken[thrown]
        return market

    def ahead(point: Point) -> None:
        nonlocal reached
        reached, seen.passes = point, seen.passes + 1
        if progress is not None:
            progress(subsidised(point, seen.passes))

    equal = first_bids(order)
    seen = _Watch(equal, (lambda *known: progress(standing(*known))) if progress else None)
    most, first, opening = max_passes, equal, 0
    near = order.returns.max() > _NEARLY_CONSTANT
    # Newton's steps take quantities for a function of shares: no cycle may be cut.
    if finish and not len(order.torn):
        most = min(max_passes, _FEW if near else _MANY)
    try:
        if near and most < max_passes:
            soft, quiet = softened(order, _SOFT), _Watch(equal, None)
            bid, change, opening = _iterate(
                soft, once, room, equal, _SOFT_TOLERANCE, _SOFT_PASSES, deadline, quiet
            )
            first = bid if change < np.inf else equal
        bid, change, passes = _iterate(order, once, room, first, tolerance, most, deadline, seen)
        passes += opening
        if change > tolerance and most < max_passes:
            lost = not (room.answer > -np.inf).all()
            point, products = newton.settle(order, room, bid, tolerance, deadline, ahead)
            if point.change <= TOLERANCE or not lost:
                return subsidised(point, passes, products)
            # Where all lose there is no turnover left at the end of the path.
            reached = None
            bid, change, passes = _iterate(order, once, room, equal, tolerance, max_passes, deadline, seen)
    except KeyboardInterrupt:
        if reached is not None:
            return subsidised(reached, seen.passes, interrupted=True)
        once(order, seen.bid, room)
        return standing(seen.bid, seen.change, seen.passes, interrupted=True)
    return standing(bid, change, passes)


class _Watch:
    """The last bids of which a whole pass is known, for whoever looks on or interrupts."""

    def __init__(self, bid: Array, tell: Callable[[Array, float, int], object] | None):
        self.bid, self.change, self.passes, self.tell = bid, np.inf, 0, tell

    def __call__(self, bid: Array, change: float) -> None:
        self.bid, self.change, self.passes = bid, change, self.passes + 1
        if self.tell is not None:
            self.tell(bid, change, self.passes)


def _engine(name: str) -> Sweep:
    if name == "numba":
        from chainopt.market import loops

        return loops.sweep
    if name != "numpy":
        raise ValueError(f'there is no engine "{name}": engines are numba and numpy')
    return sweep


def _iterate(
    order: Circuit,
    once: Sweep,
    room: Pass,
    bid: Array,
    tolerance: float,
    max_passes: int,
    deadline: float | None,
    seen: _Watch,
) -> tuple[Array, float, int]:
    """Bids at rest, from these, the last change and the passes that it took; `room` holds the last pass."""
    step = steps(order)
    accelerated = Anderson(order.bids)
    lowest = np.full(order.bids, -np.inf)
    sunk = np.zeros(order.bids, dtype=bool)
    change, best, best_pass, reweigh, usual = np.inf, np.inf, 0, _REWEIGH, 0.0
    for passes in range(1, max_passes + 1):
        once(order, bid, room)
        residual = room.answer - bid
        residual[np.isnan(residual)] = -_CLIP
        # The first offers are of no size in particular: plain passes find it, however far it is.
        np.clip(residual, -_CLIP, np.inf if passes <= _OPENING else _CLIP, out=residual)
        residual[(bid <= lowest) & (residual < 0)] = 0.0
        value = _turnover(order, room)
        if passes <= _OPENING and value < np.inf:
            usual = max(usual, value)
        change = _change(order, bid, room, residual, max(value, _NO_TURNOVER * usual))
        seen(bid, change)
        if change < best:
            best, best_pass = change, passes
        # Below the tolerance of prices, passes that no longer help are rounding's.
        rest = change <= tolerance or (change <= TOLERANCE and passes - best_pass >= _STUCK)
        leaves = ~(room.answer > -np.inf) & ~sunk
        if rest and leaves.any():
            sunk |= leaves
            lowest[leaves] = bid[leaves] - _SUNK
            bid = np.where(leaves, lowest, bid)
            accelerated = Anderson(order.bids, weights(order, bid, room))
            change, best = np.inf, np.inf
            continue
        if rest or (deadline is not None and time.perf_counter() > deadline):
            break
        if not np.abs(bid[~sunk]).max() < _FAR or (usual == 0.0 and passes > _OPENING):
            return bid, np.inf, passes
        if passes == reweigh:
            accelerated.reweigh(weights(order, bid, room))
            reweigh *= 2
        residual *= step
        if passes <= _OPENING:
            bid = bid + residual
            lowest = bid - _DEEP
            room.trifle[0] = TRIFLE * np.exp(bid[: order.first_torn].max())
        else:
            bid = np.maximum(accelerated.step(bid, residual), lowest)
    else:
        once(order, bid, room)
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
    # 1 of a Cobb-Douglas.
    step[order.use_bid] = np.repeat(np.minimum(1.0, 1.5 / (1.0 - order.r)), np.diff(order.start))
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


def _change(order: Circuit, bid: Array, room: Pass, residual: Array, value: float) -> float:
    """The largest change of a bid that matters: of money that counts, or rising for a good that counts, or of a
    user that loses but still has its part.

    value: the turnover; inf where no money moves.
    """
    if not 0.0 < value < np.inf:
        return np.inf
    counts = np.ones(order.bids, dtype=bool)
    # A share is of its good's offers, whose level is free: money is what the last answers say.
    counts[: order.first_torn] = room.answer[: order.first_torn] > np.log(USE_MATTERS * value)
    small = ~counts[: order.first_torn] & (residual[: order.first_torn] > 0)
    if small.any():
        carries = room.price * room.quantity > GOOD_MATTERS * value
        rising = small[order.use_bid] & carries[order.use_good]
        counts[order.use_bid[rising]] = True
        sales = slice(order.process_bids, order.first_torn)
        counts[sales] |= small[sales] & carries[order.sale_good]
    held = np.isfinite(order.ceiling) | (order.floor > 0)
    if held.any():
        # At a price that stands, an offer is an amount.
        held &= (room.posted == order.ceiling) | (room.posted == order.floor)
        buys = held[order.use_good] & (bid[order.use_bid] > np.log(USE_MATTERS * value))
        counts[order.use_bid[buys]] = True
    loses = ~(room.answer > -np.inf)
    if loses.any():
        u = np.flatnonzero(loses[order.use_bid])
        offers, good = order.coefficient[u] * np.exp(bid[order.use_bid[u]]), order.use_good[u]
        counts[order.use_bid[u[offers > USE_MATTERS * room.offered[good]]]] = True
        counts[order.first_torn :] |= loses[order.first_torn :]
    return float(np.abs(residual[counts]).max(initial=0.0))


@np.errstate(all="ignore")
def _turnover(order: Circuit, room: Pass) -> float:
    """What final demand pays in all, and what levels cost."""
    earned = room.answer[order.process_bids : order.first_torn]
    left = room.quantity - room.offered / np.where(room.posted > 0, room.posted, 1.0)
    return float(
        np.abs(outlets(order, room)).sum()
        + np.exp(earned).sum()
        + order.floor @ np.maximum(left, 0.0)
        + np.abs(order.unit_cost) @ room.level
    )


@np.errstate(all="ignore")
def _amounts(columns: Columns, order: Circuit, bid: Array, room: Pass) -> dict[str, Array]:
    """The last pass's prices and amounts, by the market's names for them, in the order of the columns."""
    money = np.exp(bid[: order.first_torn])
    posted = np.where(room.posted > 0, room.posted, np.inf)
    use, level = np.empty(len(order.use)), np.empty(len(order.process))
    use[order.use] = order.coefficient * money[order.use_bid] / posted[order.use_good]
    level[order.process] = room.level
    sale = np.where(order.floor > 0, np.maximum(room.quantity - room.offered / posted, 0.0), 0.0)
    np.add.at(sale, order.sale_good, money[order.process_bids :] / posted[order.sale_good])
    # What the last resort takes: of a good without users, all; beside users, what its trifle buys.
    rest = np.where(np.isnan(order.scrap), 0.0, room.trifle / posted)
    rest = np.where(rest > _ROUNDING * room.quantity, rest, 0.0)
    dead = rest > room.quantity / 2.0
    rest = np.where(np.isnan(order.outlet), rest, room.quantity)
    sells = columns.price == np.where(np.isnan(order.outlet), order.scrap, order.outlet)
    price = np.where(dead, order.scrap, room.price)
    disposed = np.where(sells, 0.0, rest)
    sale = np.where(sells, rest, sale)
    imported = np.where(np.isnan(order.outlet), room.imported, 0.0)
    idle = np.zeros(len(level), dtype=bool)
    gone = bid[order.use_bid] < np.log(room.trifle) - _SUNK / 2.0
    idle[order.process] = np.logical_and.reduceat(gone, order.start[:-1])
    amounts = {"use": use, "level": level, "sale": sale, "imported": imported, "disposed": disposed}
    if idle.any():
        amounts = _without(columns, idle, **amounts)
    return amounts | {"price": np.where((room.quantity > 0) | ~np.isnan(order.outlet), price, np.nan)}


def _without(
    c: Columns, idle: Array, use: Array, level: Array, sale: Array, imported: Array, disposed: Array
) -> dict[str, Array]:
    """The amounts with nothing in place of next to nothing: of idle processes, and of what waits for them.

    What nobody else would take stays with them.
    """
    length, goods = np.diff(c.start), len(c.supply)
    of = np.repeat(np.arange(len(c.scale)), length)

    def there(level: Array, imported: Array) -> Array:
        return c.supply + imported + np.bincount(c.made_good, c.made_yield * level[c.made_process], goods)

    use = np.where(idle[of] & (use < _NEXT_TO_NOTHING * there(level, imported)[c.use_good]), 0.0, use)
    while True:
        absent = np.bincount(of, use == 0, len(length))
        level = np.where((absent == length) | ((absent > 0) & (c.r <= 0)), 0.0, level)
        imported = np.where(np.bincount(c.use_good, use, goods) + sale > 0, imported, 0.0)
        stocked = there(level, imported) > 0
        sale, disposed = sale * stocked, disposed * stocked
        if not use[~stocked[c.use_good]].any():
            return {"use": use, "level": level, "sale": sale, "imported": imported, "disposed": disposed}
        use = np.where(stocked[c.use_good], use, 0.0)
