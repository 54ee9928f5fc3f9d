"""A plan in amounts, and multipliers: what prices and derivatives are computed from.

The sign rule: price_g = d(optimal value)/d(supply of g), and a limit's rent = d(optimal value)/d(bound) times
the limit's sign (+1 for an upper bound, -1 for a lower one), so that a rent is what the limit costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chainopt.network import CAPACITY, MAX_USE, MIN_LEVEL, Network

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Plan:
    """Amounts, in the order of a Network: by use, by level, and by good (sale, imported, disposed)."""

    use: Array
    level: Array
    sale: Array
    imported: Array
    disposed: Array

    def produced(self, net: Network) -> Array:
        """What all processes yield of each good."""
        return net.yields.T @ self.level

    def used(self, net: Network) -> Array:
        """What all processes take of each good; of a non-rival good, what each of them reads."""
        taken = np.bincount(net.use_good, self.use, len(net.goods))
        return np.where(
            net.rival, taken, self.quantity(net) * (np.bincount(net.use_good, minlength=len(net.goods)) > 0)
        )

    def quantity(self, net: Network) -> Array:
        """What there is of each good to share: supply + imported + produced; non-rival, less disposed."""
        total = net.supply + self.imported + self.produced(net)
        return np.where(net.rival, total, total - self.disposed)

    def value(self, net: Network) -> float:
        """The objective: final demand's value less what imports, disposal and levels cost."""
        return float(
            np.sum(demand_value(net, self.sale))
            - np.sum(np.where(net.imports, net.import_price * self.imported, 0.0))
            - np.sum(np.where(net.disposes, net.disposal * self.disposed, 0.0))
            - net.unit_cost @ self.level
        )


def demand_area(price: Array, elasticity: Array, reference: Array, sale: Array) -> Array:
    """What final demand pays for sales: w s, or the area under its inverse demand curve; nan where not sold.

    w ref/(1 - 1/E) ((s/ref)^(1 - 1/E) - 1), at E = 1 w ref ln(s/ref), from the reference sale.
    """
    with np.errstate(all="ignore"):
        power = 1.0 - 1.0 / elasticity
        ratio = sale / reference
        curve = price * reference * np.where(power == 0, np.log(ratio), (ratio**power - 1.0) / power)
        return np.where(np.isfinite(elasticity), curve, price * sale)


def demand_value(net: Network, sale: Array) -> Array:
    """What final demand pays for each good's sale; 0 where it pays nothing."""
    value = demand_area(net.price, net.elasticity, net.reference, sale)
    return np.where(net.sells & ~np.isnan(net.price), value, 0.0)


def demand_price(net: Network, sale: Array) -> Array:
    """What final demand pays for one more unit: w, or w (s/ref)^(-1/E); 0 where it pays nothing."""
    with np.errstate(all="ignore"):
        curve = net.price * (sale / net.reference) ** (-1.0 / net.elasticity)
        value = np.where(np.isfinite(net.elasticity), curve, net.price)
    return np.where(net.sells & ~np.isnan(net.price), value, 0.0)


def with_whole_minima(net: Network, plan: Plan) -> Plan:
    """The plan with every level at its formula's value, and what that adds thrown away.

    A minimum in a formula is a step that may stay below all its arguments where nothing pulls it up: where the
    process makes what is worthless.
    """
    pulled = np.array([bool(item.program.minima()) for item in net.formulas], dtype=bool)
    if not pulled.any():
        return plan
    made = net.levels(plan.use, np.array([item.process for item in net.formulas])[pulled])
    more = np.where(np.isfinite(made) & (made > plan.level), made - plan.level, 0.0)
    added = net.yields.T @ more
    if (added[~net.disposes] > 0).any():
        return plan
    return replace(plan, level=plan.level + more, disposed=plan.disposed + added)


def at_rest(net: Network) -> Plan:
    """The plan in which no rival good is used: what there is, is thrown away where it can be, else sold.

    Where it keeps every limit the chain has a plan; it need not.
    """
    use = np.where(net.rival[net.use_good], 0.0, net.supply[net.use_good])
    level = np.nan_to_num(net.levels(use), nan=0.0, posinf=0.0, neginf=0.0)
    there = net.supply + net.yields.T @ level
    sale = np.where(net.sells & ~(net.rival & net.disposes), there, 0.0)
    disposed = np.where(net.rival & net.disposes, there, 0.0)
    return Plan(use=use, level=level, sale=sale, imported=np.zeros(len(there)), disposed=disposed)


def throughput(net: Network, plan: Plan) -> Array:
    """What each good moves in all at a plan: the larger of what comes and what goes, without signs."""
    goods = len(net.goods)
    comes = np.abs(net.supply) + plan.imported + abs(net.yields).T @ np.abs(plan.level)
    goes = np.bincount(net.use_good, np.abs(plan.use), goods) + np.abs(plan.sale) + plan.disposed
    return np.where(net.rival, np.maximum(comes, goes), np.maximum(comes, np.abs(plan.quantity(net))))


def turnover(net: Network, plan: Plan) -> float:
    """All the money of a plan: sales, imports, disposal and levels without their signs; 1 where none moves."""
    demand = demand_value(net, plan.sale)
    return (
        float(
            np.sum(np.abs(demand[np.isfinite(demand)]))
            + np.sum(np.abs(np.where(net.imports, net.import_price * plan.imported, 0.0)))
            + np.sum(np.abs(np.where(net.disposes, net.disposal * plan.disposed, 0.0)))
            + np.sum(np.abs(net.unit_cost * plan.level))
        )
        or 1.0
    )


@dataclass(frozen=True, slots=True)
class Multipliers:
    """The solver's multipliers under the sign rule: by good, by use of a non-rival good, by limit.

    reading: what each reader of a non-rival good would pay for one more unit (nan for other uses);
    reading_sale: the same for final demand, by good. minimum: by argument of the formulas' minima, what the
    minimum would gain if that argument could be exceeded by one.
    """

    price: Array
    rent: Array
    reading: Array
    reading_sale: Array
    minimum: Array


def level_values(net: Network, multipliers: Multipliers) -> Array:
    """lambda: what one more unit of each level earns, sum_g b_g pi_g - kappa - r(capacity) + r(min level)."""
    value = net.yields @ multipliers.price - net.unit_cost
    for limit, rent in zip(net.limits, multipliers.rent, strict=True):
        if limit.kind in (CAPACITY, MIN_LEVEL):
            value[limit.index] -= limit.sign * rent
    return value


def use_prices(net: Network, multipliers: Multipliers) -> Array:
    """What each use pays for a unit of its good: its price, or the reader's own of a non-rival good."""
    return np.where(net.rival[net.use_good], multipliers.price[net.use_good], multipliers.reading)


@dataclass(frozen=True, slots=True)
class Residuals:
    """How far a plan and its prices are from the KKT conditions, each relative to the goods' own scales."""

    stationarity: float
    feasibility: float
    complementarity: float

    @property
    def largest(self) -> float:
        """The largest of the three; infinite where one is not a number."""
        worst = max(np.nan_to_num([self.stationarity, self.feasibility, self.complementarity], nan=np.inf))
        return float(worst)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the goods, uses, levels and limits of a part of a chain stand in the whole."""

    part: Network
    whole: Network
    good: Array
    use: Array
    level: Array
    limit: Array

    def goods(self, values: Array, rest: float = np.nan) -> Array:
        """Values by good of the part, by good of the whole; rest where the part has none. So the others."""
        return _spread(values, self.good, len(self.whole.goods), rest)

    def uses(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.use, len(self.whole.use_good), rest)

    def levels(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.level, len(self.whole.level_process), rest)

    def limits(self, values: Array, rest: float = np.nan) -> Array:
        return _spread(values, self.limit, len(self.whole.limits), rest)

    def part_of(self, plan: Plan) -> Plan:
        """What a plan of the whole is for the part."""
        goods = (amount[self.good] for amount in (plan.sale, plan.imported, plan.disposed))
        return Plan(plan.use[self.use], plan.level[self.level], *goods)

    def plan(self, plan: Plan) -> Plan:
        """The part's plan as the whole's: what the part lacks is 0, but a non-rival good is read by all."""
        wide = Plan(
            self.uses(plan.use, 0.0),
            self.levels(plan.level, 0.0),
            *(self.goods(amount, 0.0) for amount in (plan.sale, plan.imported, plan.disposed)),
        )
        reads = ~self.whole.rival[self.whole.use_good]
        return replace(wide, use=np.where(reads, wide.quantity(self.whole)[self.whole.use_good], wide.use))

    def multipliers(self, multipliers: Multipliers) -> Multipliers:
        """The part's multipliers as the whole's: nan for goods that it lacks, 0 for what rests on processes."""
        minimum: list[float] = []
        given = iter(multipliers.minimum)
        names = {self.part.processes[item.process] for item in self.part.formulas}
        for item in self.whole.formulas:
            count = sum(len(item.program.arguments[step]) for step in item.program.minima())
            here = self.whole.processes[item.process] in names
            minimum += [next(given) if here else 0.0 for _ in range(count)]
        return Multipliers(
            self.goods(multipliers.price),
            self.limits(multipliers.rent, 0.0),
            self.uses(multipliers.reading, 0.0),
            self.goods(multipliers.reading_sale),
            np.array(minimum),
        )


def places(part: Network, whole: Network) -> Places:
    """Find a part of a chain in the whole, by the names of its goods and processes."""
    good = {name: i for i, name in enumerate(whole.goods)}
    process = {name: i for i, name in enumerate(whole.processes)}
    goods = np.array([good[name] for name in part.goods], dtype=int)
    processes = np.array([process[name] for name in part.processes], dtype=int)
    use = {pair: i for i, pair in enumerate(zip(whole.use_good, whole.use_process, strict=True))}
    uses = [use[pair] for pair in zip(goods[part.use_good], processes[part.use_process], strict=True)]
    offset = np.arange(len(part.level_process)) - part.first_level[part.level_process]
    levels = (whole.first_level[processes[part.level_process]] + offset).astype(int)
    number = {MAX_USE: uses, CAPACITY: levels, MIN_LEVEL: levels}
    at = {(limit.kind, limit.index): i for i, limit in enumerate(whole.limits)}
    limits = [at[limit.kind, int(number.get(limit.kind, goods)[limit.index])] for limit in part.limits]
    return Places(part, whole, goods, np.array(uses, dtype=int), levels, np.array(limits, dtype=int))


def _spread(values: Array, places: Array, size: int, rest: float) -> Array:
    result = np.full(size, rest)
    result[places] = values
    return result
