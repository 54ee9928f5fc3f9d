"""Near constant returns, where offers hardly answer prices: Newton's steps on the bids, by conjugate gradients.

At shares sigma the value of the plan is V(bids). With a vanishing barrier mu sum ln sigma, its slope in bid b,
which makes uses u, n_g of them of u's good, is

    g_b = sum_u x_u (v_u - v_g) + mu (1 - n_g sigma_u)

and its curvature is taken as J' C J + S' D S. The terms that vanish at an optimum stand in it by their size
alone, D = |x_u (v_u - v_g)| + mu n_g sigma_u: far from one, a step is proportional response again. J takes changes
of bids to changes of ln x, forward through the chain,

    J = (I + G M K^-1 W) S,       K = I - W G M

with S from bids to ln shares, W the parts of uses in ln levels, M those of levels in ln quantities, G from goods
to their uses. C is -lambda f'' in logarithms: per process, with theta_u = part_u/R,

    C l = lambda y R ((1 - r) theta l - (R - r) theta (theta . l)),       of a sale with a demand curve w s l/E

K is triangular in the order in which goods flow, so that its factors are itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from chainopt.circuit import Circuit
from chainopt.logforms import CES
from chainopt.sweeps import Array, Pass

Sweep = Callable[[Circuit, Array, Pass], None]
TOLERANCE = 5e-9
"""Of prices: what inexact steps reach, within what the certificate asks."""
_BARRIER = 1e-2
_LESS = 5.0
_STEPS = 100
_PRODUCTS = 300
_CLIP = 3.0
_NEAR = 0.1
_FORCING = 1e-1
_LAST_FORCING = 1e-4
_SHORTEST = 1e-4
_ROUNDING = 1e-12
_STUCK = 12
_CLOSE = 1e-5
_USE_COUNTS = 1e-11
_GOOD_COUNTS = 1e-7


def fits(order: Circuit) -> bool:
    """Whether shares alone say what happens: no price is held by a sale or an import, and no cycle is cut."""
    return not ((order.floor > 0).any() or np.isfinite(order.ceiling).any() or len(order.torn))


@np.errstate(all="ignore")
def settle(
    order: Circuit,
    sweep: Sweep,
    room: Pass,
    bid: Array,
    tolerance: float,
    deadline: float | None,
    seen: Callable[[Array, float], object],
) -> tuple[Array, float, int]:
    """Bids at rest, how far a use's price is from its good's there, and the products with the curvature it took.

    Stops short of the tolerance (at least `TOLERANCE`) where no step gains any more; room holds the pass at the
    bids returned, or, when `seen` is told of bids and their change, at those.
    """
    tolerance = max(tolerance, TOLERANCE)
    point = _look(order, sweep, room, bid)
    barrier, products = _BARRIER * point.turnover / len(point.good), 0
    best, since = point, 0
    for _ in range(_STEPS):
        if (
            point.change <= tolerance
            or since > _STUCK
            or (deadline is not None and time.perf_counter() > deadline)
        ):
            break
        curvature, slope = _Curvature.of(order, point, barrier), point.slope(barrier)
        direction, taken = _conjugate(curvature, slope, _FORCING if point.change > _CLOSE else _LAST_FORCING)
        products += taken
        near = float(slope @ direction) <= _NEAR * barrier * len(point.good)
        direction *= min(1.0, _CLIP / max(float(np.abs(direction).max()), np.finfo(float).tiny))
        found = _along(order, sweep, room, point, direction, barrier, curvature.diagonal)
        if found is None and not near:
            break
        if found is not None:
            point = found
            seen(point.bids, point.change)
        if near:
            barrier /= _LESS
        if point.change < best.change:
            best, since = point, 0
        elif best.change <= _CLOSE:
            since += 1
    point = best
    sweep(order, point.bids, room)
    return point.bids, point.change, products


def _along(
    order: Circuit, sweep: Sweep, room: Pass, point: _Point, direction: Array, barrier: float, scale: Array
) -> _Point | None:
    """The point a step ahead, or less, that gains; None where none does.

    Where the gain is below what the value's digits show, it is the slopes that must fall.
    """
    begin, length = point.objective(barrier), 1.0
    steep = _size(point.slope(barrier), scale)
    while length >= _SHORTEST:
        found = _look(order, sweep, room, point.bids + length * direction)
        gain, digits = found.objective(barrier) - begin, _ROUNDING * abs(point.turnover)
        if gain > digits or (gain > -digits and _size(found.slope(barrier), scale) < steep):
            return found
        length /= 2.0
    return None


def _size(slope: Array, scale: Array) -> float:
    """The size of a slope in the measure of the curvature's diagonal."""
    return float(np.sum(slope**2 / np.where(scale > 0, scale, np.inf)))


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """A market at some bids. By use, sales with a demand curve after those of processes: good, bid (its number),
    share, part (of the process's level), pays (v_u x_u). change: the largest relative difference of v_u from v_g.
    """

    bids: Array
    good: Array
    bid: Array
    share: Array
    part: Array
    pays: Array
    charged: Array
    crowd: Array
    turnover: float
    value: float
    change: float
    room: Pass

    def objective(self, barrier: float) -> float:
        """V + mu sum of ln shares."""
        return self.value + barrier * float(np.log(self.share).sum())

    def slope(self, barrier: float) -> Array:
        """d objective/d bid."""
        each = self.pays - self.charged + barrier * (1.0 - self.crowd * self.share)
        return np.bincount(self.bid, each, len(self.bids))


def _look(order: Circuit, sweep: Sweep, room: Pass, bids: Array) -> _Point:
    """Evaluate a market at these bids."""
    o, goods = order, len(order.supply)
    sweep(o, bids, room)
    length = np.diff(o.start)
    good = np.concatenate([o.use_good, o.sale_good])
    bid = np.concatenate([o.use_bid, np.arange(o.process_bids, o.first_torn)])
    offer = np.exp(bids[bid]) * np.concatenate([o.coefficient, np.ones(len(o.sale_good))])
    share = offer / room.offered[good]
    log_x = np.log(share * room.quantity[good])[: len(o.use_good)]
    ces = np.repeat(o.r != 0, length)
    term = np.where(ces, CES.term(o.coefficient, np.repeat(o.r, length), log_x), 0.0)
    total = np.repeat(np.add.reduceat(term, o.start[:-1]), length)
    part = np.where(ces, CES.part(o.coefficient, term, total, np.repeat(o.returns, length)), o.coefficient)
    earned = np.exp(room.answer[o.process_bids : o.first_torn])
    pays = np.concatenate([part * np.repeat(room.revenue, length), earned])
    paid = np.bincount(good, pays, goods)
    charged = share * paid[good]
    sold = share[len(o.use_good) :] * room.quantity[o.sale_good]
    power = 1.0 - 1.0 / o.sale_elasticity
    ratio = sold / o.sale_reference
    area = o.sale_price * o.sale_reference * np.where(power == 0, np.log(ratio), (ratio**power - 1.0) / power)
    sole = np.flatnonzero(~np.isnan(o.outlet) & (room.quantity > 0))
    final = o.outlet[sole] * room.quantity[sole]
    turnover = float(np.abs(final).sum() + earned.sum())
    relative = pays / charged - 1.0
    counts = charged >= _USE_COUNTS * turnover
    rising = ~counts & (relative > 0) & (paid[good] >= _GOOD_COUNTS * turnover)
    return _Point(
        bids=bids,
        good=good,
        bid=bid,
        share=share,
        part=part,
        pays=pays,
        charged=charged,
        crowd=np.bincount(good, minlength=goods)[good].astype(float),
        turnover=turnover,
        value=float(final.sum() + area.sum() - o.unit_cost @ room.level),
        change=float(np.nan_to_num(np.abs(relative[counts | rising]), nan=np.inf).max(initial=0.0)),
        room=Pass(*(part.copy() for part in room)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Curvature:
    """J' C J at a point, as products: see the module. diagonal: what preconditions it."""

    order: Circuit
    point: _Point
    parts: sparse.csr_array
    makes: sparse.csr_array
    factors: object
    weight: Array
    bend: Array
    held: Array
    diagonal: Array

    @classmethod
    def of(cls, order: Circuit, point: _Point, barrier: float) -> _Curvature:
        o, room, goods = order, point.room, len(order.supply)
        processes, uses, length = len(o.process), len(o.use_good), np.diff(o.start)
        parts = sparse.csr_array((point.part, o.use_good, o.start), shape=(processes, goods))
        made = np.repeat(np.arange(processes), np.diff(o.made_start))
        amount = o.made_yield * room.level[made] / room.quantity[o.made_good]
        makes = sparse.csr_array((amount, (o.made_good, made)), shape=(goods, processes))
        factors = splu(
            sparse.csc_array(sparse.eye_array(processes) - parts @ makes),
            permc_spec="NATURAL",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": False, "Equil": False},
        )
        money = np.maximum(point.pays[:uses], 0.0)
        sales = np.maximum(point.pays[uses:], 0.0) / o.sale_elasticity
        weight = np.concatenate([(1.0 - np.repeat(o.r, length)) * money, sales])
        bend = np.maximum(room.revenue, 0.0) / o.returns * (o.returns - o.r)
        held = barrier * point.crowd * point.share + np.abs(point.pays - point.charged)
        own = weight.copy()
        own[:uses] -= np.repeat(bend, length) * point.part**2
        diagonal = np.bincount(
            point.bid, ((1.0 - point.share) ** 2) * np.maximum(own, 0.0) + held, len(point.bids)
        )
        return cls(o, point, parts, makes, factors, weight, bend, held, diagonal)

    def __call__(self, change: Array) -> Array:
        """The product with a change of bids."""
        o, uses = self.order, len(self.order.use_good)
        shares = self._shares(change)
        levels = self.factors.solve(np.add.reduceat(self.point.part * shares[:uses], o.start[:-1]))  # type: ignore
        log_x = shares + (self.makes @ levels)[self.point.good]
        length = np.diff(o.start)
        along = np.add.reduceat(self.point.part * log_x[:uses], o.start[:-1])
        force = self.weight * log_x
        force[:uses] -= np.repeat(self.bend * along, length) * self.point.part
        onto = np.bincount(self.point.good, force, len(o.supply))
        back = self.factors.solve(self.makes.T @ onto, trans="T")  # type: ignore
        force[:uses] += self.point.part * np.repeat(back, length)
        return self._bids(force + self.held * shares)

    def _shares(self, change: Array) -> Array:
        """S: changes of ln shares from changes of bids."""
        of_use = change[self.point.bid]
        mean = np.bincount(self.point.good, self.point.share * of_use, len(self.order.supply))
        return of_use - mean[self.point.good]

    def _bids(self, force: Array) -> Array:
        """S', its transpose."""
        onto = np.bincount(self.point.good, force, len(self.order.supply))
        return np.bincount(self.point.bid, force - self.point.share * onto[self.point.good], len(self.point.bids))


def _conjugate(curvature: _Curvature, slope: Array, forcing: float) -> tuple[Array, int]:
    """An inexact solution of curvature * step = slope, and the products that it took."""
    scale = 1.0 / np.where(curvature.diagonal > 0, curvature.diagonal, np.inf)
    step, left = np.zeros(len(slope)), slope.copy()
    ahead = scale * left
    direction, size = ahead.copy(), float(left @ ahead)
    goal = forcing**2 * size
    taken = 0
    while taken < _PRODUCTS:
        taken += 1
        image = curvature(direction)
        bent = float(direction @ image)
        if not bent > 0.0:
            break
        step += size / bent * direction
        left -= size / bent * image
        ahead = scale * left
        size, last = float(left @ ahead), size
        if size <= goal:
            break
        direction = ahead + size / last * direction
    return step, taken
