"""Near constant returns, where offers hardly answer prices: Newton's steps along the path of a vanishing subsidy.

At a subsidy mu (see `subsidy`) each step solves, by conjugate gradients and no further than it needs,

    curvature step = slope + ln(mu'/mu) d slope/d ln mu

for the next subsidy mu': once near the path, the step goes along it. In logarithms the path is nearly straight:
what leaves the market falls in proportion to mu, and what stays stands still.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from chainopt.market.circuit import Circuit
from chainopt.market.subsidy import Curvature, Point, enter, look
from chainopt.market.sweeps import Pass
from chainopt.technology.arrays import Array

_FIRST = 1e-2
"""The subsidies together, of the turnover; they end below the second, and then only prices can ask for less."""
_SPENT = 1e-10
_LEAST = 1e-21
"""Of the turnover, one subsidy: a use that counts is 1e11 times as large."""
_LESS = 8.0
_NEAR = 0.1
_AT_REST = 1e-3
"""Of what is paid: an idle bidder's excess."""
_GROWN = 10.0
_STEPS = 300
_PRODUCTS = 300
_CLIP = 3.0
_FORCING, _LAST_FORCING = 1e-1, 1e-3
_SHORTEST = 1e-3
_ROUNDING = 1e-12


@np.errstate(all="ignore")
def settle(
    order: Circuit,
    room: Pass,
    bid: Array,
    tolerance: float,
    deadline: float | None,
    seen: Callable[[Point], object],
) -> tuple[Point, int]:
    """The market at the end of the path, among its own bidders, and the products with the curvature it took.

    It begins at a pass, whose bids and room these are; tolerance: of the prices. seen:
    called with each point of the path.
    """
    bidders, bids = enter(order, bid, room)
    turnover, products = look(bidders, bids, 0.0).turnover, 0
    point = look(bidders, bids, _FIRST * turnover / bidders.count)
    for _ in range(_STEPS):
        if point.turnover > _GROWN * turnover:
            # A start far from any market is worth next to nothing, and so would be its subsidies.
            turnover = point.turnover
            point = look(bidders, point.bids, _FIRST * turnover / bidders.count)
        precise = point.change <= tolerance and point.subsidy * bidders.count <= _SPENT * point.turnover
        late = deadline is not None and time.perf_counter() > deadline
        if late or (precise and point.excess_share <= _AT_REST):
            break
        try:
            curvature, subsidy = point.curvature, point.subsidy
        except RuntimeError:
            # SuperLU's word for amounts that have left the range of numbers.
            break
        near = _size(point.slope, curvature) <= _NEAR * subsidy * bidders.count
        less = subsidy / _LESS if subsidy > _LEAST * point.turnover else subsidy
        ahead = near and not precise and less < subsidy
        slope = point.slope + np.log(less / subsidy) * curvature.drift if ahead else point.slope
        step, taken = _conjugate(curvature, slope, _FORCING if ahead or not near else _LAST_FORCING)
        products += taken
        step *= min(1.0, _CLIP / max(float(np.abs(step).max()), np.finfo(float).tiny))
        found = look(bidders, point.bids + step, less) if ahead else _along(point, step, near)
        if found is None and less == subsidy:
            break
        point = found or look(bidders, point.bids, less)
        seen(point)
    return point, products


def _along(point: Point, step: Array, near: bool) -> Point | None:
    """The point a step ahead, or less, that gains; None where none does.

    Near the path, and where the gain is below what the value's digits show, it is the slopes that must fall.
    """
    steep, digits, length = _size(point.slope, point.curvature), _ROUNDING * point.turnover, 1.0
    while length >= _SHORTEST:
        found = look(point.bidders, point.bids + length * step, point.subsidy)
        gain = found.objective - point.objective
        if (gain > digits and not near) or (gain > -digits and _size(found.slope, point.curvature) < steep):
            return found
        length /= 2.0
    return None


def _size(slope: Array, curvature: Curvature) -> float:
    """The size of a slope in the measure of the curvature's diagonal."""
    return float(np.sum(slope**2 / np.where(curvature.diagonal > 0, curvature.diagonal, np.inf)))


def _conjugate(curvature: Curvature, slope: Array, forcing: float) -> tuple[Array, int]:
    """An inexact solution of curvature step = slope, and the products that it took."""
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
        # In one call of some thousands it bends the other way, which SciPy's cg doesn't look at.
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
