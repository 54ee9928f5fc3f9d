"""A solution as tidy tables: plain rows, the same for Excel, HTML, JSON and the terminal.

Every table is a pandas DataFrame in the chain's own order; nan is a number that does not exist. Prices and all
that follows from them are there only where the solution is certified. With a numeraire, every money figure is
divided by that good's price.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from chainopt.audits.explain import Explanation
from chainopt.audits.following import Following, following
from chainopt.audits.marginal import tangent_of
from chainopt.audits.market_test import MarketTest
from chainopt.audits.standstill import first_unit_losses
from chainopt.audits.stories import Story, stories
from chainopt.audits.verdicts import audit
from chainopt.backprop.intervals import POINT, SKIPPED, Intervals, intervals, price_intervals, settled
from chainopt.backprop.sweep import Derivatives, use_values
from chainopt.chain.chain import Chain
from chainopt.chain.units import money_unit, price_units
from chainopt.network.multipliers import Multipliers, process_rents, use_prices
from chainopt.network.network import Network, network
from chainopt.network.part import Part, apply, places
from chainopt.network.plan import Plan, limited_amount
from chainopt.network.tolerances import ZERO
from chainopt.rows.firms import firm_accounts
from chainopt.rows.levels import first_outputs
from chainopt.rows.ranges import ranges
from chainopt.rows.trade import Prices, trade
from chainopt.rows.transfers import transfer_prices
from chainopt.simplex.judge import ratio_ends
from chainopt.simplex.polyhedral import is_polyhedral
from chainopt.solution.solution import Solution, first_units
from chainopt.technology.arrays import Array
from chainopt.words.display import Displayed
from chainopt.words.names import key, nearest

_NONE = np.array(np.nan)


class NumeraireError(ValueError):
    """A good that can't be the unit of account: there is none of that name, or its price may be 0 or less."""


@dataclass(frozen=True, slots=True)
class Tables(Displayed):
    """All tables of a solution, in money of the numeraire (None: the objective's own).

    goods: amounts and both prices of each good; uses: every use, sale and disposal with what it would pay for
    one more unit; processes: level and accounts; limits: each bound and its rent; firms: accounts by firm,
    which with those of all others add up to the objective; transfers: what goes from one firm to another, and
    between what figures its price can lie; kkt: one row; ranges: how far each figure holds; audit: each good
    and use with a verdict and its cause; stories: by good, who sets its price, and through which path; warnings:
    what was said of the chain's figures when they were read, and where. What takes longer is None unless `dossier`
    has asked for it: market, what each process would do at these prices; explanation, why there is no solution;
    differences, prices by re-solves. unit: the numeraire's price in the objective's money, by which all money is
    divided. part: what of the chain has a plan, in the whole, whose numbers the rows follow; following: how prices
    follow the money that the chain begins with; `found` keeps what was derived of these tables.
    """

    goods: pd.DataFrame
    uses: pd.DataFrame
    processes: pd.DataFrame
    limits: pd.DataFrame
    firms: pd.DataFrame
    transfers: pd.DataFrame
    kkt: pd.DataFrame
    ranges: pd.DataFrame
    audit: pd.DataFrame
    stories: Mapping[str, Story]
    warnings: pd.DataFrame
    numeraire: str | None
    part: Part = field(repr=False)
    following: Following = field(repr=False)
    market: MarketTest | None = None
    explanation: Explanation | None = None
    differences: pd.DataFrame | None = None
    unit: float = 1.0
    found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def money(self) -> str:
        """What its money is counted in: "money", "k EUR", "t of steel"."""
        return money_unit(self.part.whole.chain, self.numeraire)


def tables(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> Tables:
    """Every table of a chain's solution; numeraire defaults to the chain's own setting.

    Raises NumeraireError where the numeraire's price is not positive, or its interval touches 0.
    """
    part = _part(chain, solution)
    net, plan = part.whole, _whole_plan(part, solution)
    view = _View.of(part, solution, numeraire or chain.settings.numeraire)
    goods, processes, limits = (table(net, plan, view) for table in (_goods, _processes, _limits))
    paid = Prices(view.price, view.use_price, view.sale_price, view.rent, view.unit, view.slope, view.nothing)
    pools = trade(net, plan, paid)
    tangent = tangent_of(solution)
    follows = following(solution, unit=view.unit, tangent=tangent)
    return Tables(
        goods,
        _uses(net, plan, view),
        processes,
        limits,
        firm_accounts(net, plan, paid, pools, processes, limits),
        transfer_prices(net, plan, paid, pools, goods),
        _kkt(solution),
        ranges(solution, tangent, follows, view.unit),
        audit(solution, unit=view.unit),
        stories(solution, unit=view.unit, tangent=tangent),
        _warnings(chain),
        view.numeraire,
        part,
        follows,
        unit=view.unit,
    )


def _alone(
    table: Callable[[Network, Plan, _View], pd.DataFrame],
    chain: Chain,
    solution: Solution,
    numeraire: str | None,
) -> pd.DataFrame:
    """One of the tables, without the stories and verdicts of the others."""
    part = _part(chain, solution)
    view = _View.of(part, solution, numeraire or chain.settings.numeraire)
    return table(part.whole, _whole_plan(part, solution), view)


def prices(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """Each good's price, from both sides: good, unit, price (the solver's multiplier), backprop (the derivative),
    difference, low, high, interval; in money (or numeraire) per unit of the good. See `tables` for errors.
    """
    goods = _alone(_goods, chain, solution, numeraire)
    return goods[["good", "unit", "price", "backprop", "difference", "low", "high", "interval"]]


def uses(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """Every use, sale and disposal: amount, its share of the good, and value, what it pays for one more unit."""
    return _alone(_uses, chain, solution, numeraire)


def processes(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """Every process: level, revenue, cost (inputs and unit cost), profit, the rent of its limits in it, added:
    revenue less what its inputs cost; and where it stands idle, first_loss, what its first unit of level would
    lose, and needed, the price of its first output from which it would run.
    """
    return _alone(_processes, chain, solution, numeraire)


def limits(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """Every limit: kind, good or process, the amount it bounds, and its rent per unit of the limit."""
    return _alone(_limits, chain, solution, numeraire)


def firms(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """The accounts of every firm, at the plan's prices: sales outside and to other firms, purchases, unit costs,
    disposal, profit, the rent in it, and why where it is a loss. Those who own supplies, bring imports, buy in the
    end and take what is thrown away have a row each, by kind, so that profits add up to the objective.
    """
    return tables(chain, solution, numeraire=numeraire).firms


def transfers(chain: Chain, solution: Solution, *, numeraire: str | None = None) -> pd.DataFrame:
    """What goes from one firm to another: amount, price, the interval of prices that support the plan, and the
    fair range between cost, what the last unit costs the seller, and worth, what it brings the buyer.
    """
    return tables(chain, solution, numeraire=numeraire).transfers


def kkt(chain: Chain, solution: Solution) -> pd.DataFrame:
    """The independent check: stationarity, feasibility and complementarity residuals, relative."""
    return _kkt(solution)


@dataclass(frozen=True, slots=True)
class _View:
    """A solution's figures in the whole chain's numbering, in the chosen money; nan where there is none."""

    numeraire: str | None
    unit: float
    interval: tuple[str | None, ...]
    price: Array
    backprop: Array
    low: Array
    high: Array
    sale_value: Array
    disposal_value: Array
    sale_price: Array
    nothing: Array
    use_value: Array
    use_price: Array
    slope: Array
    rent: Array
    derived_rent: Array
    unit_cost: Array
    first_loss: Array

    @classmethod
    def of(cls, of: Part, solution: Solution, numeraire: str | None) -> _View:
        net, part = of.whole, of.net
        goods, uses, limits = of.goods(_NONE), of.uses(_NONE), of.limits(_NONE)
        costs = np.full(len(net.processes), np.nan)
        rest = *(uses,) * 3, *(limits,) * 2, costs, of.levels(_NONE)
        empty = cls(None, 1.0, (None,) * len(goods), *(goods,) * 8, *rest)
        derivatives, multipliers = solution.derivatives, solution.multipliers
        found, plan = solution.intervals, solution.plan
        if not solution.certified or not (derivatives and multipliers and found and plan):
            return empty
        unit = 1.0
        if numeraire is not None:
            at = _numeraire(part, multipliers, found, numeraire)
            unit = float(multipliers.price[at])
            found = _ratios(part, plan, derivatives, found, at)
            numeraire = part.goods[at]
        kinds = dict(zip(of.good.tolist(), found.kind, strict=True))
        use_value, sale_value, disposal_value = use_values(part, derivatives)
        return cls(
            numeraire=numeraire,
            unit=unit,
            price=of.goods(first_units(solution) / unit),
            backprop=of.goods(settled(found)),
            low=of.goods(found.low),
            high=of.goods(found.high),
            interval=tuple(kinds.get(g) for g in range(len(goods))),
            use_value=of.uses(use_value / unit),
            use_price=of.uses(use_prices(part, multipliers) / unit),
            sale_value=of.goods(sale_value / unit),
            disposal_value=of.goods(disposal_value / unit),
            sale_price=of.goods(np.where(part.rival, multipliers.price, multipliers.reading_sale) / unit),
            nothing=of.goods(ZERO * derivatives.operations.measure.good, 0.0),
            slope=of.uses(_first_slopes(part, derivatives)),
            unit_cost=net.unit_cost[net.first_level] / unit,
            first_loss=of.levels(first_unit_losses(solution) / unit),
            rent=of.limits(multipliers.rent / unit),
            derived_rent=of.limits(derivatives.unknowns[derivatives.operations.rent_columns] / unit),
        )


def _first_slopes(net: Network, derivatives: Derivatives) -> Array:
    """By use, the slope of its process's first level; nan where it is not known."""
    slope = derivatives.operations.slopes.level.tocoo()
    first = slope.col == net.first_level[net.use_process[slope.row]]
    found = np.full(len(net.use_good), np.nan)
    found[slope.row[first]] = slope.data[first]
    return found


def _ratios(net: Network, plan: Plan, derivatives: Derivatives, found: Intervals, at: int) -> Intervals:
    """The intervals of prices in units of this good's."""
    if found.kind[at] == POINT:
        return intervals(found.low / found.low[at], found.high / found.high[at])
    return intervals(*ratio_ends(net, at)) if is_polyhedral(net) else price_intervals(net, plan, derivatives, at)


def _numeraire(net: Network, multipliers: Multipliers, intervals: Intervals, name: str) -> int:
    """The number of the good that is to be the unit of account."""
    number = {key(good): g for g, good in enumerate(net.goods)}
    if key(name) not in number:
        raise NumeraireError(f'the numeraire "{name}" is not a good that can flow{nearest(name, net.goods)}')
    g = number[key(name)]
    price, low = float(multipliers.price[g]), float(intervals.low[g])
    if not price > 0:
        raise NumeraireError(
            f'the numeraire "{net.goods[g]}" has the price {price:g}, which can\'t be the unit of the others: '
            "choose a good that is scarce"
        )
    if intervals.kind[g] == SKIPPED:
        raise NumeraireError(
            f'the range of prices of the numeraire "{net.goods[g]}" was not computed, as it would take long: '
            "choose a good that moves"
        )
    if not low > 0:
        raise NumeraireError(
            f'the numeraire "{net.goods[g]}" may have any price from {low:g} to {intervals.high[g]:g}: in its '
            "terms the others would have none; choose a good that is scarce"
        )
    return g


def _part(chain: Chain, solution: Solution) -> Part:
    """The solution's part of its own chain, or of one that has the same names."""
    part = solution.part
    if part is not None and part.whole.chain is chain:
        return part
    whole = network(chain)
    return apply(whole, chain) if part is None else places(part.net, whole)


def _whole_plan(part: Part, solution: Solution) -> Plan:
    """The plan in the whole chain's numbering; all nan where there is none."""
    if solution.amounts is None:
        return Plan(part.uses(_NONE), part.levels(_NONE), *(part.goods(_NONE),) * 3)
    return part.plan(solution.amounts)


def _money(price: Array, amount: Array) -> Array:
    """price * amount, 0 where nothing moves, whether or not it has a price."""
    return np.where(amount == 0, 0.0, price * amount)


def _goods(net: Network, plan: Plan, view: _View) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "good": net.goods,
            "unit": [good.unit for good in net.chain.goods],
            "price unit": price_units(net.chain, view.numeraire),
            "supply": net.supply,
            "imported": plan.imported,
            "produced": plan.produced(net),
            "used": plan.used(net),
            "sold": plan.sale,
            "disposed": plan.disposed,
            "price": view.price,
            "backprop": view.backprop,
            "difference": view.price - view.backprop,
            "low": view.low,
            "high": view.high,
            "interval": pd.Series(view.interval, dtype=object),
        }
    )


def _uses(net: Network, plan: Plan, view: _View) -> pd.DataFrame:
    goods = np.array(net.goods, dtype=object)
    processes = np.array(net.processes, dtype=object)
    sold, disposed = np.flatnonzero(net.sells), np.flatnonzero(net.disposes)
    gone = np.bincount(net.use_good, plan.use, len(goods)) + plan.sale + plan.disposed
    with np.errstate(all="ignore"):
        whole = np.where(net.rival, np.where(gone == 0, np.nan, gone), plan.quantity(net) + plan.disposed)
        share = [
            np.where(net.rival[net.use_good], plan.use / whole[net.use_good], 1.0),
            np.where(net.rival[sold], plan.sale[sold] / whole[sold], 1.0),
            plan.disposed[disposed] / whole[disposed],
        ]
    return pd.DataFrame(
        {
            "kind": pd.Series(
                ["use"] * len(net.use_good) + ["sale"] * len(sold) + ["disposal"] * len(disposed), dtype=object
            ),
            "good": np.concatenate([goods[net.use_good], goods[sold], goods[disposed]]),
            "process": pd.Series(
                [*processes[net.use_process], *[None] * (len(sold) + len(disposed))], dtype=object
            ),
            "amount": np.concatenate([plan.use, plan.sale[sold], plan.disposed[disposed]]),
            "share": np.concatenate(share),
            "value": np.concatenate([view.use_value, view.sale_value[sold], view.disposal_value[disposed]]),
        }
    )


def _processes(net: Network, plan: Plan, view: _View) -> pd.DataFrame:
    count = len(net.processes)
    level = plan.level[net.first_level]
    made = net.yields.tocoo()
    amount = made.data * plan.level[made.row]
    revenue = np.bincount(net.level_process[made.row], _money(view.price[made.col], amount), count)
    inputs = np.bincount(net.use_process, _money(view.use_price, plan.use), count)
    cost = inputs + view.unit_cost * level
    rent = process_rents(net, _money(view.rent, limited_amount(net, plan)))
    return pd.DataFrame(
        {
            "process": net.processes,
            "firm": [process.firm for process in net.chain.processes],
            "level": level,
            "revenue": revenue,
            "cost": cost,
            "profit": revenue - cost,
            "rent": np.where(np.isnan(revenue), np.nan, rent),
            "added": revenue - inputs,
            "first_loss": view.first_loss[net.first_level],
            "needed": _needed(net, view),
        }
    )


def _needed(net: Network, view: _View) -> list[float]:
    """By process, the price of its first output at which its first unit loses nothing."""
    number = {good: g for g, good in enumerate(net.goods)}
    found = []
    for level, good in zip(net.first_level.tolist(), first_outputs(net), strict=True):
        g = number[good] if good is not None else -1
        found.append(view.price[g] + view.first_loss[level] / net.yields[level, g] if g >= 0 else np.nan)
    return found


def _limits(net: Network, plan: Plan, view: _View) -> pd.DataFrame:
    rows = [(limit.kind, *net.whose(limit), limit.bound) for limit in net.limits]
    found = pd.DataFrame(rows, columns=["kind", "good", "process", "limit"]).astype({"limit": float})
    return found.assign(amount=limited_amount(net, plan), rent=view.rent, backprop=view.derived_rent)


def _warnings(chain: Chain) -> pd.DataFrame:
    names = ["cell", "code", "sheet", "record", "good", "column", "text"]
    rows = [[getattr(caution, name) for name in names] for caution in chain.warnings]
    return pd.DataFrame(rows, columns=names, dtype=object)


def _kkt(solution: Solution) -> pd.DataFrame:
    names = ("stationarity", "feasibility", "complementarity")
    return pd.DataFrame([{name: getattr(solution.kkt, name, np.nan) for name in names}])
