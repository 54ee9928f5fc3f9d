"""A market in which every process, sale and import earns a subsidy mu, whatever it does: none of them stands idle.

It is at rest where no bid gains, on the central path of the planner's problem, of

    V + mu (sum_p ln y_p + sum ln sale + sum ln import)

so that at its prices no process profits, and each costs the plan at most mu. Here every use bids for itself, and
so do final demand at a fixed price and imports: shares are softmaxes of bids. With pays_u = part_u T_p and
T_p = lambda_p y_p + mu, the slope in a bid is what it pays beyond its share, that of an import (pi - c) m + mu:

    excess_u = pays_u - share_u sum_w pays_w

The curvature is J' C J + S' |excess| S: what vanishes at rest stands in it by its size. S takes bids to ln shares,
J bids to ln x, forward through the chain,

    J = (I + G M K^-1 W) S,       K = I - W G M

with W the parts of uses in ln levels, M those of levels in ln quantities, G from goods to their uses; an import
moves ln q by m/q. K is triangular in the order in which goods flow, so that its factors are itself. C is the
curvature of what each earns, in logarithms, with returns R:

    C l = T ((1 - r) part l - (1 - r/R) part (part . l)) + mu part (part . l),       of a sale (mu + w s/E) l

Nothing depends on the level of a good's bids: the curvature has share share' (sum of pays) for each good beside,
so that those who have most of it stand still, and the rest move.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from chainopt.market.circuit import Circuit
from chainopt.market.sweeps import Pass, empty_pass, sweep
from chainopt.network.demand import demand_area
from chainopt.network.tolerances import GOOD_COUNTS, USE_COUNTS
from chainopt.technology.arrays import Array
from chainopt.technology.logforms import LEVEL, logarithms

USE_MATTERS, GOOD_MATTERS = 0.1 * USE_COUNTS, 0.1 * GOOD_COUNTS
"""Of the turnover: what a rest is asked of, a tenth of what its certificate asks it of."""
_LEAST = 0.01
"""What a sale or an import at a fixed price begins with, of its good."""
_DEEPEST = 15.0
"""Bids begin within exp(-15) of their good's."""


@dataclass(frozen=True, slots=True, eq=False)
class Bidders:
    """Who bids: uses, then sales, each for itself, then imports (abroad: their goods; cost: what a unit costs).

    order: the circuit with these bids, without floors, last resorts beside users and ceilings. The last of its
    sales are those last resorts: so many scraps.
    """

    order: Circuit
    good: Array
    scraps: int
    abroad: Array
    cost: Array

    @property
    def count(self) -> int:
        """How many earn a subsidy."""
        return len(self.order.process) + len(self.order.sale_good) + len(self.abroad)


@np.errstate(all="ignore")
def enter(order: Circuit, bid: Array, room: Pass) -> tuple[Bidders, Array]:
    """The bidders of a market without cycles, and the bids with which they go on from a pass of it."""
    o, uses = order, len(order.use_good)
    scrap = np.flatnonzero(~np.isnan(o.scrap))
    fixed = np.concatenate([np.flatnonzero(o.floor > 0), scrap])
    abroad = np.flatnonzero(np.isfinite(o.ceiling))
    own = o._replace(
        use_bid=np.arange(uses, dtype=o.use_bid.dtype),
        process_bids=uses,
        sale_good=np.concatenate([o.sale_good, fixed]),
        sale_price=np.concatenate([o.sale_price, np.where(np.isnan(o.scrap), o.floor, o.scrap)[fixed]]),
        sale_elasticity=np.concatenate([o.sale_elasticity, np.full(len(fixed), np.inf)]),
        sale_reference=np.concatenate([o.sale_reference, np.ones(len(fixed))]),
        floor=np.zeros(len(o.supply)),
        scrap=np.full(len(o.supply), np.nan),
        ceiling=np.full(len(o.supply), np.inf),
    )
    left = np.maximum(room.quantity - room.offered / room.posted, _LEAST * room.quantity)
    bids = np.concatenate([bid[o.use_bid], bid[o.process_bids : o.first_torn], np.log(left * room.posted)[fixed]])
    good = np.concatenate([own.use_good, own.sale_good])
    weight = np.concatenate([o.log_coefficient, np.zeros(len(own.sale_good))])
    bids = np.maximum(bids, np.log(room.offered)[good] - _DEEPEST - weight)
    brought = np.log(np.maximum(room.imported, _LEAST * room.quantity))[abroad]
    return Bidders(own, good, len(scrap), abroad, o.ceiling[abroad]), np.nan_to_num(
        np.concatenate([bids, brought])
    )


@dataclass(frozen=True, eq=False)
class Point:
    """A subsidised market at some bids, where its slope and its curvature are.

    By use and sale: share, pays, excess; by use, part; by good, paid, what its users pay; by import, brought; by
    bid, slope. turnover: what final demand pays and imports cost; objective: see the module. change: the largest
    relative difference between what a bidder that counts would pay, were there no subsidy, and its good's price;
    excess_share: the largest part of an excess in what is charged, of any.
    """

    bidders: Bidders
    bids: Array
    subsidy: float
    room: Pass
    share: Array
    part: Array
    pays: Array
    paid: Array
    excess: Array
    brought: Array
    slope: Array
    turnover: float
    objective: float
    change: float
    excess_share: float

    @property
    def scrapped(self) -> tuple[Array, Array]:
        """The goods with a last resort beside users, and what it takes."""
        first = len(self.share) - self.bidders.scraps
        goods = self.bidders.good[first:]
        return goods, self.share[first:] * self.room.quantity[goods]

    @cached_property
    def curvature(self) -> Curvature:
        """See the module."""
        return _curvature(self)


@np.errstate(all="ignore")
def look(bidders: Bidders, bids: Array, subsidy: float) -> Point:
    """Evaluate a subsidised market at these bids."""
    o, good, goods, uses = bidders.order, bidders.good, len(bidders.order.supply), len(bidders.order.use_good)
    users = len(good)
    brought = np.exp(bids[users:])
    supply = o.supply.copy()
    supply[bidders.abroad] += brought
    room = empty_pass(o)
    sweep(o._replace(supply=supply), bids[:users], room, subsidy)
    room.imported[bidders.abroad] = brought
    share = np.exp(bids[:users]) / room.offered[good]
    share[:uses] *= o.coefficient
    log_x = np.log(share * room.quantity[good])[:uses]
    _, part = logarithms(LEVEL, o.start, o.r, o.coefficient, o.returns, o.log_scale, log_x)
    length = np.diff(o.start)
    sold = share[uses:] * room.quantity[o.sale_good]
    earned = sold * o.sale_price * (sold / o.sale_reference) ** (-1.0 / o.sale_elasticity)
    unaided = np.concatenate([part * np.repeat(room.revenue - subsidy, length), earned])
    pays = np.concatenate([part * np.repeat(room.revenue, length), earned + subsidy])
    paid = np.bincount(good, pays, goods)
    charged = share * paid[good]
    excess = pays - charged
    abroad = room.price[bidders.abroad] * brought
    costs = bidders.cost * brought
    sole = outlets(o, room)
    turnover = float(np.abs(earned).sum() + costs.sum() + np.abs(sole).sum())
    value = float(
        sole.sum()
        + demand_area(o.sale_price, o.sale_elasticity, o.sale_reference, sold).sum()
        - o.unit_cost @ room.level
        - costs.sum()
    )
    logs = float(np.log(room.level).sum() + np.log(sold).sum() + bids[users:].sum())
    relative = np.concatenate([unaided / charged - 1.0, abroad / costs - 1.0])
    money = np.concatenate([charged, costs])
    carries = np.concatenate([paid[good], paid[bidders.abroad]]) >= GOOD_MATTERS * turnover
    matters = (money >= USE_MATTERS * turnover) | ((relative > 0) & carries)
    return Point(
        bidders=bidders,
        bids=bids,
        subsidy=subsidy,
        room=room,
        share=share,
        part=part,
        pays=pays,
        paid=paid,
        excess=excess,
        brought=brought,
        slope=np.concatenate([excess, abroad - costs + subsidy]),
        turnover=turnover,
        objective=value + subsidy * logs,
        change=float(np.nan_to_num(np.abs(relative[matters]), nan=np.inf).max(initial=0.0)),
        excess_share=float(np.nan_to_num(np.abs(excess / charged), nan=np.inf).max(initial=0.0)),
    )


def outlets(o: Circuit, room: Pass) -> Array:
    """What goods that no process uses are worth."""
    sole = np.flatnonzero(~np.isnan(o.outlet) & (room.quantity > 0))
    return o.outlet[sole] * room.quantity[sole]


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """The curvature at a point, as products; diagonal: its own. drift: d slope/d ln mu, by the same K.

    It keeps what it needs of the point, not the point, which keeps it: a ring of the two would outlive its use.
    """

    bidders: Bidders
    share: Array
    part: Array
    paid: Array
    makes: sparse.csr_array
    made_by: sparse.csr_array
    factors: object
    weight: Array
    bend: Array
    held: Array
    weight_abroad: Array
    lift: Array
    diagonal: Array
    drift: Array

    def __call__(self, change: Array) -> Array:
        """The product with a change of bids."""
        o, good, share, part = self.bidders.order, self.bidders.good, self.share, self.part
        uses, users, length = len(o.use_good), len(good), np.diff(o.start)
        mean = np.bincount(good, share * change[:users], len(o.supply))
        shares = change[:users] - mean[good]
        rise = np.zeros(len(o.supply))
        rise[self.bidders.abroad] = self.lift * change[users:]
        log_x = shares + rise[good]
        levels = self.factors.solve(np.add.reduceat(part * log_x[:uses], o.start[:-1]))  # type: ignore
        log_x += (self.makes @ levels)[good]
        along = np.add.reduceat(part * log_x[:uses], o.start[:-1])
        force = self.weight * log_x
        force[:uses] -= np.repeat(self.bend * along, length) * part
        onto = np.bincount(good, force, len(o.supply))
        back = self.factors.solve(self.made_by @ onto, trans="T")  # type: ignore
        force[:uses] += part * np.repeat(back, length)
        held, abroad = self.held * shares, self.weight_abroad * change[users:]
        product = _onto_bids(self.bidders, share, self.lift, force, held, abroad)
        product[:users] += share * (self.paid * mean)[good]
        return product


def _onto_bids(bidders: Bidders, share: Array, lift: Array, force: Array, held: Array, abroad: Array) -> Array:
    """What forces on ln x, on ln shares and on ln imports are on bids."""
    goods, good = len(bidders.order.supply), bidders.good
    lifted = lift * np.bincount(good, force, goods)[bidders.abroad]
    force = force + held
    return np.concatenate([force - share * np.bincount(good, force, goods)[good], lifted + abroad])


@np.errstate(all="ignore")
def _curvature(p: Point) -> Curvature:
    o, room, goods = p.bidders.order, p.room, len(p.room.quantity)
    processes, uses, length = len(o.process), len(o.use_good), np.diff(o.start)
    parts = sparse.csr_array((p.part, o.use_good, o.start), shape=(processes, goods))
    made = np.repeat(np.arange(processes), np.diff(o.made_start))
    amount = o.made_yield * room.level[made] / room.quantity[o.made_good]
    makes = sparse.csr_array((amount, (o.made_good, made)), shape=(goods, processes))
    factors = splu(
        sparse.csc_array(sparse.eye_array(processes) - parts @ makes),
        permc_spec="NATURAL",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": False, "Equil": False},
    )
    earned = np.maximum(room.revenue, 0.0)
    earned_alone = np.maximum(room.revenue - p.subsidy, 0.0)
    money, sales = np.maximum(p.pays[:uses], 0.0), np.maximum(p.pays[uses:] - p.subsidy, 0.0)
    weight = np.concatenate([(1.0 - np.repeat(o.r, length)) * money, p.subsidy + sales / o.sale_elasticity])
    bend = earned_alone - earned * o.r / o.returns
    held = np.abs(p.excess)
    own = weight.copy()
    own[:uses] -= np.repeat(bend, length) * p.part**2
    own = np.maximum(own, 0.0)
    lift = p.brought / room.quantity[p.bidders.abroad]
    excess_abroad = p.slope[len(p.share) :]
    weight_abroad = np.abs(excess_abroad) + np.abs(excess_abroad - p.subsidy)
    diagonal = np.concatenate(
        [
            (1.0 - p.share) ** 2 * (own + held)
            + p.share**2 * (np.bincount(p.bidders.good, own + held, goods) + p.paid)[p.bidders.good],
            lift**2 * np.bincount(p.bidders.good, own, goods)[p.bidders.abroad] + weight_abroad,
        ]
    )
    makes_t = makes.T.tocsr()
    given = np.concatenate([np.zeros(uses), np.full(len(o.sale_good), p.subsidy)])
    revenue = factors.solve(p.subsidy + makes_t @ np.bincount(p.bidders.good, given, goods), trans="T")
    given[:uses] = p.part * np.repeat(revenue, length)
    aside, abroad = np.zeros(len(given)), np.full(len(lift), p.subsidy)
    drift = _onto_bids(p.bidders, p.share, lift, given, aside, abroad)
    known = (p.bidders, p.share, p.part, p.paid)
    return Curvature(*known, makes, makes_t, factors, weight, bend, held, weight_abroad, lift, diagonal, drift)
