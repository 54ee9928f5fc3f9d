"""By agent, the most that it could earn at prices less what it earns, where that is proven.

    recipes                 max(margin, 0) * room - profit
    concave functions       F(x') <= F(x) + F'(x) (x' - x): the slopes at any point x bound what all others earn
    with returns rho        max_y lambda y - c y^(1/rho), c the cheapest unit's cost: (1 - rho) lambda y* below
                            1, an end at 1 and above
    levels that lose        lambda y <= lambda times the least that a function can make
    buyers, importers       their own limits, in closed form

Own limits of processes enter by their rents: of any rents >= 0 the bound is one (weak duality), and tight where
these are the optimum's. Where nothing limits an amount a margin counts at `FAR` ordinary amounts: what is
claimed is claimed within that. Each bound is of its own; a process has the least of those that are known for it,
and where there is none (a function that is not concave there) nothing is proven of the whole chain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainopt.backprop.operations import Operations
from chainopt.certificate.breaches import Breaches
from chainopt.certificate.searched import Concave, tangent_bound
from chainopt.network.demand import demand_area, demand_price
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.scales import scales
from chainopt.network.tolerances import FAR, GAP, ROUNDED
from chainopt.technology.arrays import Array
from chainopt.technology.curvature import shapes
from chainopt.technology.families import Batch

_CONSTANT = 1e-9
_PARTS = 1e3
"""A search of one process's best ends within this part of the gap that is allowed."""
_REACHED = 1e2
"""A bound that a process which is not concave misses by no more than this part of the gap is its best."""
_BEYOND = 10.0
"""Times the plan's own amount: what it reaches lies within what is claimed."""


@dataclass(frozen=True, slots=True)
class Regrets:
    """By process, by good (of its buyers, importers and disposers) and by limit of processes: regrets in money.

    breach is the money of what the plan breaks, sum_g pi_g delta_g. proven: whether each process's best is;
    where it isn't, its regret is 0.
    """

    process: Array
    sale: Array
    imported: Array
    disposed: Array
    limit: Array
    breach: float
    proven: Array

    @property
    def total(self) -> float:
        """bound - value; infinite where one has no end or no price, as of a good without one."""
        parts = (self.process, self.sale, self.imported, self.disposed, self.limit)
        total = sum(float(part.sum()) for part in parts) + self.breach
        return total if np.isfinite(total) else np.inf


@dataclass(frozen=True, slots=True)
class Most:
    """The least and the most of each amount within which the whole chain is claimed: its own limits, else
    `FAR`."""

    use: Array
    level: Array
    sale: tuple[Array, Array]
    imported: Array
    disposed: Array


def within(net: Network, plan: Plan) -> Most:
    """The amounts within which a claim on the whole chain is made."""
    size = scales(net)

    def far(name: str) -> Array:
        return np.maximum(FAR * getattr(size, name), _BEYOND * np.abs(getattr(plan, name)))

    low, high = net.bounds("sale")
    low = np.where(np.isinf(low), np.where(net.sale_signed, -far("sale"), 0.0), low)
    return Most(
        use=np.minimum(net.bounds("use")[1], far("use")),
        level=np.minimum(net.bounds("level")[1], far("level")),
        sale=(low, np.minimum(high, far("sale"))),
        imported=np.minimum(net.bounds("imported")[1], far("imported")),
        disposed=far("disposed"),
    )


@np.errstate(all="ignore")
def regrets(net: Network, plan: Plan, ops: Operations, unknowns: Array, broken: Breaches, money: float) -> Regrets:
    """Every agent's regret at these prices and rents; money is the plan's, by which a formula's is too large."""
    most, goods, uses = within(net, plan), len(net.goods), len(net.use_good)
    price, reading = unknowns[:goods], unknowns[goods : goods + uses]
    reading_sale, rent = unknowns[goods + uses : 2 * goods + uses], unknowns[ops.rent_columns]
    asked = np.where(net.rival, price, reading_sale)
    process, proven = _Processes(net, plan, ops, unknowns, most, money).regrets()
    bound, amount, sign, _ = at_limits(net, plan)
    own = np.array([limit.of != "good" for limit in net.limits], dtype=bool)
    reads = ~net.rival[net.use_good]
    breach = (
        price[net.rival] @ broken.good[net.rival]
        + reading[reads] @ broken.reading[reads]
        + float(np.where(net.sells & ~net.rival, reading_sale * broken.reading_sale, 0.0).sum())
    )
    return Regrets(
        process=process,
        sale=np.where(net.sells, _buyers(net, plan, asked, most), 0.0),
        imported=np.where(
            net.imports, _straight(price - net.import_price, plan.imported, 0.0, most.imported), 0.0
        ),
        disposed=np.where(net.disposes, _straight(-net.disposal - price, plan.disposed, 0.0, most.disposed), 0.0),
        limit=np.where(own & (rent != 0), rent * sign * (bound - amount), 0.0),
        breach=float(breach),
        proven=proven,
    )


def _straight(margin: Array, amount: Array, low: Array | float, high: Array | float) -> Array:
    """What an amount between two ends could earn more at a constant margin."""
    return np.where(margin > 0, margin * (high - amount), margin * (low - amount))


def _buyers(net: Network, plan: Plan, asked: Array, most: Most) -> Array:
    low, high = most.sale
    straight = _straight(demand_price(net, plan.sale) - asked, plan.sale, low, high)
    wanted = np.where(asked > 0, net.reference * (net.price / asked) ** net.elasticity, high)
    wanted = np.clip(wanted, low, high)
    kept = [
        demand_area(net.price, net.elasticity, net.reference, sale) - asked * sale for sale in (wanted, plan.sale)
    ]
    curved = np.where(net.price > 0, kept[0] - kept[1], np.inf)
    return np.where(np.isfinite(net.elasticity) & ~np.isnan(net.price), curved, straight)


class _Processes:
    """All processes at prices: what a unit of each level earns and each use pays, their own rents deducted."""

    def __init__(self, net: Network, plan: Plan, ops: Operations, unknowns: Array, most: Most, money: float):
        self.net, self.plan, self.ops, self.most, self.money = net, plan, ops, most, money
        self.unknowns = unknowns
        self.earned = ops.earns @ unknowns - net.unit_cost
        self.terms = abs(ops.earns) @ np.abs(unknowns) + np.abs(net.unit_cost)
        self.paid = ops.pays @ unknowns
        self.profit = self.sums(self.earned * plan.level, self.paid * plan.use)
        self.best = np.full(len(net.processes), np.inf)
        self.known = net.leontief.copy()

    def sums(self, by_level: Array, by_use: Array) -> Array:
        """By process, the sum of what its levels bring less that of what its uses take."""
        count = len(self.net.processes)
        return np.bincount(self.net.level_process, by_level, count) - np.bincount(
            self.net.use_process, by_use, count
        )

    def regrets(self) -> tuple[Array, Array]:
        net = self.net
        self._recipes()
        self._tangents()
        for technology, batch in net.families:
            if technology.cheapest is not None:
                self._returns(technology.returns(batch), batch, technology.cheapest)
            if technology.at_least_nothing:
                self._losing(batch.process)
        regret = np.where(self.known, self.best - self.profit, 0.0)
        return np.where(np.isnan(regret), np.inf, regret), self.known

    def _least(self, process: Array, best: Array) -> None:
        """A bound of these processes' best, where it is lower than what is known."""
        self.known[process] = True
        self.best[process] = np.fmin(self.best[process], best)

    def _recipes(self) -> None:
        net = self.net
        of = np.flatnonzero(net.leontief)
        level = net.first_level[of]
        cost = np.bincount(
            net.use_process, np.where(net.use_leontief, net.coefficient * self.paid, 0.0), len(net.processes)
        )[of]
        self._least(of, np.maximum(self.earned[level] - cost, 0.0) * self.most.level[level])

    def _tangents(self) -> None:
        """F(at) + F'(at) (x - at) at its greatest, of processes that are concave in what they are paid for."""
        net, ops, most = self.net, self.ops, self.most
        at, slope = ops.at, ops.slopes.level.copy()
        steep = np.zeros(len(net.use_good), dtype=bool)
        for found in (slope, ops.slopes.use_argument.tocoo()):
            entries = found.tocoo()
            steep[entries.row[~np.isfinite(entries.data)]] = True
        slope.data[~np.isfinite(slope.data)] = 0.0
        minimum = np.maximum(self.unknowns[ops.rent_columns.stop :], 0.0)
        margin = slope @ self.earned - self.paid + ops.slopes.use_argument @ minimum
        low = np.where(net.signed, -most.use, net.origin)
        gain = np.where(steep, np.inf, _straight(margin, at, low, most.use))
        made = net.levels(at)
        base = self.sums(np.where(net.leontief[net.level_process], 0.0, self.earned * made), self.paid * at)
        bound = base - self.sums(np.zeros(len(made)), gain)
        for technology, batch in net.families:
            value = self.earned[net.first_level[batch.process]]
            if technology.affine:
                fits = np.ones(len(value), dtype=bool)
            else:
                fits = technology.concave(batch) & (value >= -ROUNDED * self.terms[net.first_level[batch.process]])
            self._least(batch.process[fits], bound[batch.process[fits]])
        self._formulas(bound, minimum)

    def _formulas(self, bound: Array, minimum: Array) -> None:
        net, ops, place = self.net, self.ops, 0
        for item in net.formulas:
            value, level = self.earned[item.level], item.level
            weights = {}
            for step in item.program.minima():
                count = len(item.program.arguments[step])
                part = minimum[place : place + count]
                place += count
                weights[step] = part / part.sum() if part.sum() > 0 else np.full(count, 1.0 / count)
            signed = net.signed[item.use].tolist()
            known = shapes(item.program, signed)
            fits = np.array(
                [
                    shape.affine or (shape.concave if worth >= 0 else shape.convex)
                    for shape, worth in zip(known, value.tolist(), strict=True)
                ]
            )
            # An output that is of the wrong curvature earns no more than at its end, as where it is a loss.
            ends = np.array(
                [s.high if worth > 0 else s.low for s, worth in zip(known, value.tolist(), strict=True)]
            )
            ends = np.where(np.abs(value) <= ROUNDED * self.terms[level], 0.0, value * ends)
            fixed = float(ends[~fits].sum())
            if not np.isfinite(fixed):
                continue
            p, weight = item.process, np.where(fits, value, 0.0)
            rival = ~np.array(signed, dtype=bool)
            inside = not (ops.at[item.use][rival] <= 0).any()
            best = float(bound[p]) if fits.all() and inside and not weights else np.inf
            enough = self.profit[p] + GAP * self.money / _PARTS
            if not best <= enough:
                low = np.where(signed, -self.most.use[item.use], 0.0)
                asked = Concave(item.program, weight, self.paid[item.use], low, self.most.use[item.use], weights)
                found = fixed + tangent_bound(asked, self.plan.use[item.use], enough - fixed)
                best = min(best, found)
            # A bound of what is not concave is no best response where it is not reached.
            if fits.all() or best <= self.profit[p] + GAP * self.money / _REACHED:
                self._least(np.array([p]), np.array([best]))

    def _losing(self, process: Array) -> None:
        """A function that is never negative, and whose level earns nothing, is best left idle."""
        net = self.net
        process = process[self.earned[net.first_level[process]] <= 0]
        kept = np.zeros(len(net.processes), dtype=bool)
        kept[process] = True
        least = np.where(self.paid >= 0, net.origin, self.most.use)
        cost = np.where(kept[net.use_process], self.paid * least, 0.0)
        best = self.sums(np.zeros(len(net.level_process)), cost)[process]
        # Paid to take what it makes worse, it may have no best at all.
        reached = best - self.profit[process] <= GAP * self.money / _REACHED
        paid = np.bincount(net.use_process, self.paid < 0, len(net.processes))[process] > 0
        self._least(process[reached | ~paid], best[reached | ~paid])

    def _returns(self, returns: Array, batch: Batch, cheapest: Callable[[Batch, Array], Array]) -> None:
        net, first = self.net, self.net.first_level[batch.process]
        # What is free is taken as if it cost next to nothing, which all that is within reach of it may save.
        reach = self.most.use[batch.use]
        paid = np.maximum(self.paid[batch.use], ROUNDED * self.money / reach)
        saved = batch.sum((paid - self.paid[batch.use]) * reach)
        cost = batch.sum(paid * cheapest(batch, paid))
        origin = batch.sum(paid * net.origin[batch.use])
        value, scale = self.earned[first], batch.scale
        z = (returns * value * scale / cost) ** (1.0 / (1.0 - returns))
        falling = (1.0 - returns) * value * scale * z**returns
        most = (self.most.level[first] / scale) ** (1.0 / returns)
        constant = np.abs(returns - 1.0) <= _CONSTANT
        best = np.where(constant, np.maximum(value * scale - cost, 0.0) * most, falling)
        chosen = (value > 0) & (returns <= 1.0 + _CONSTANT)
        self._least(batch.process[chosen], (best - origin + saved)[chosen])
        # Of rising returns the best is an end, and has none without a capacity, which they face themselves.
        low, capacity = (end[first] for end in net.bounds("level"))
        raw = value + (net.bounding("level") @ self.unknowns[self.ops.rent_columns])[first]
        ends = [
            raw * level - cost * (level / scale) ** (1.0 / returns) for level in (np.maximum(low, 0.0), capacity)
        ]
        whose = self.unknowns[self.ops.rent_columns] * np.array([limit.sign * limit.bound for limit in net.limits])
        rents = (abs(net.bounding("level")) @ whose)[first] if len(net.limits) else 0.0
        rising = (returns > 1.0 + _CONSTANT) & np.isfinite(capacity)
        self._least(batch.process[rising], (np.maximum(*ends) - origin + saved - rents)[rising])
