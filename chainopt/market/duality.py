"""What makes a market's rest an optimum: a duality gap, and what each use pays.

At prices pi > 0 no plan is worth more than

    bound(pi) = pi . e + sum_p max_x (lambda_p f_p(x) - pi . x) + what buyers keep,
    pi_g >= w_g of a sale at a fixed price, pi_g <= c_g of an import, pi_g >= -k_g of a disposal

so that gap = bound - value tells how far a plan is from an optimum. It is quadratic in the prices' errors, and
says nothing of prices by itself: so each use must pay its good's price, v_u = lambda_p df_p/dx_u = v_g, where it
moves money, and must not want to pay more anywhere. Under constant returns a best response is 0 or without bound:
there the bound is stated at repaired prices, at which no such process profits: from the last process back, each
that would profit raises the prices of its inputs by its revenue over its cost (an import's price is not its to
raise: see `_repaired`).

From the columns, the plan and the prices alone; the pass that found them plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainopt.market.circuit import Circuit
from chainopt.market.columns import Columns
from chainopt.market.formation import Market
from chainopt.network.demand import demand_area
from chainopt.network.tolerances import BALANCED, GAP, GOOD_COUNTS, PAYS, USE_COUNTS
from chainopt.technology.arrays import Array
from chainopt.technology.logforms import COST, LEVEL, logarithms

_CONSTANT = 1e-9
_ROUNDS = 50
_ROUNDING, _UNPROFITABLE, _SETTLED = 1e-15, 1e-13, 1e-14


@dataclass(frozen=True, slots=True)
class MarketCertificate:
    """How far a market's plan and prices are from an optimum's, each relative.

    gap: bound less value, of the plan's turnover; over: the most by which a use would pay more than the price of
    a good that carries at least `GOOD_COUNTS` of the turnover; unequal: by which a use that moves at least
    `USE_COUNTS` of it pays more or less; balance: the largest imbalance or breach of a production function.
    """

    gap: float
    over: float
    unequal: float
    balance: float

    @property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against the optimum, in words; none certifies it."""
        checks = (
            (abs(self.gap), GAP, "the duality gap is {:.1e} of the turnover"),
            (self.over, PAYS, "a use would pay {:.1e} more than its good's price"),
            (self.unequal, PAYS, "a use pays a price {:.1e} off its good's"),
            (self.balance, BALANCED, "a balance or a production function is off by {:.1e}"),
        )
        return tuple(text.format(value) for value, limit, text in checks if not value <= limit)

    @property
    def holds(self) -> bool:
        return not self.doubts


@np.errstate(all="ignore")
def certify(market: Market) -> MarketCertificate:
    """Judge a market's plan and prices."""
    c = market.columns
    length = np.diff(c.start)
    log_scale = np.log(c.scale)
    log_level, parts = logarithms(LEVEL, c.start, c.r, c.coefficient, c.returns, log_scale, np.log(market.use))
    earned = _earned(c, market.price)
    pays = parts * np.repeat(earned * market.level, length)
    money = market.price[c.use_good] * market.use
    turnover = _turnover(c, market)
    relative = pays / money - 1.0
    quantity = _quantity(c, market)
    carries = np.nan_to_num(market.price * quantity) >= GOOD_COUNTS * turnover
    unpriced = np.where(np.isnan(market.price) & (quantity > 0), np.inf, 0.0)
    over = relative[carries[c.use_good] & (market.use > 0)]
    unequal = np.abs(relative[(money >= USE_COUNTS * turnover) & (money > 0)])
    sale_over, sale_unequal = _sales(c, market, carries, turnover)
    excess = _bound(c, market) - market.value
    return MarketCertificate(
        # Where all stand idle and nothing is worth anything, both are 0.
        gap=float(np.divide(excess, turnover)) if excess else 0.0,
        over=max(_largest(over), _largest(sale_over)),
        unequal=max(_largest(unequal), _largest(sale_unequal), _largest(unpriced)),
        balance=_balance(c, market, np.exp(log_level)),
    )


def _largest(values: Array) -> float:
    """The largest, at least 0; inf where one is not a number."""
    return float(np.max(np.nan_to_num(values, nan=np.inf), initial=0.0))


def _earned(c: Columns, price: Array) -> Array:
    """lambda: what a unit of each level earns."""
    worth = c.made_yield * np.nan_to_num(price[c.made_good])
    return np.bincount(c.made_process, worth, len(c.scale)) - c.unit_cost


def _quantity(c: Columns, market: Market) -> Array:
    goods = len(c.supply)
    made = np.bincount(c.made_good, c.made_yield * market.level[c.made_process], goods)
    return c.supply + market.imported + made


def _turnover(c: Columns, market: Market) -> float:
    """The money of sales (at what the next unit pays), imports, disposal and levels."""
    sales = np.nan_to_num(_marginal(c, market.sale) * market.sale)
    abroad = np.nan_to_num(c.import_price * market.imported)
    thrown = np.nan_to_num(c.disposal * market.disposed)
    return float(
        np.abs(sales).sum() + np.abs(abroad).sum() + np.abs(thrown).sum() + np.abs(c.unit_cost) @ market.level
    )


def _marginal(c: Columns, sale: Array) -> Array:
    """What final demand pays for one more unit."""
    curved = np.isfinite(c.elasticity)
    return np.where(curved, c.price * (sale / c.reference) ** (-1.0 / c.elasticity), c.price)


def _sales(c: Columns, market: Market, carries: Array, turnover: float) -> tuple[Array, Array]:
    """By how much buyers, importers and disposers would pay more than the price, and, in use, another one."""
    buys = _marginal(c, market.sale)
    over, unequal = [], []
    for sign, worth, amount in (
        (1.0, buys, market.sale),
        (-1.0, c.import_price, market.imported),
        (1.0, -c.disposal, market.disposed),
    ):
        there = ~np.isnan(worth) & ~np.isnan(market.price)
        size = np.maximum(np.abs(market.price), np.abs(worth))
        relative = np.where(size > 0, sign * (worth - market.price) / size, 0.0)
        over.append(relative[there & carries])
        unequal.append(np.abs(relative[there & (np.abs(worth) * amount >= USE_COUNTS * turnover) & (amount > 0)]))
    return np.concatenate(over), np.concatenate(unequal)


def _balance(c: Columns, market: Market, level: Array) -> float:
    """The largest imbalance of a good relative to its quantity, or of a level and its function."""
    quantity = _quantity(c, market)
    gone = np.bincount(c.use_good, market.use, len(c.supply)) + market.sale + market.disposed
    size = np.maximum(quantity, gone)
    goods = np.where(size > 0, np.abs(quantity - gone) / size, 0.0)
    levels = np.where(level > 0, np.abs(market.level - level) / level, market.level)
    negative = min(float(part.min(initial=0.0)) for part in (market.use, market.sale, market.imported))
    return max(_largest(goods), _largest(levels), -negative)


def _bound(c: Columns, market: Market) -> float:
    """The most that any plan can be worth, stated at the prices, repaired where they allow no bound."""
    fixed = ~np.isfinite(c.elasticity)
    # What is imported costs what it costs abroad, and what its bids say of it to rounding.
    counts = c.import_price * market.imported >= USE_COUNTS * _turnover(c, market)
    price = np.where(counts, c.import_price, np.fmin(market.price, c.import_price))
    price = np.fmax(price, np.where(fixed, c.price, np.nan))
    price = np.fmax(price, -c.disposal)
    constant = c.returns >= 1.0 - _CONSTANT
    if constant.any():
        price = _repaired(c, market, price)
    if np.any(price > c.import_price * (1.0 + _ROUNDING)) or np.isnan(price[c.use_good]).any():
        return np.inf
    log_price, log_scale = np.log(price)[c.use_good], np.log(c.scale)
    log_cost, _ = logarithms(COST, c.start, c.r, c.coefficient, c.returns, log_scale, log_price)
    earned = _earned(c, price)
    # max_y lambda y - K y^(1/R) = (1 - R) lambda y,   ln y = R/(1 - R) (ln lambda + ln R - ln K)
    with np.errstate(all="ignore"):
        log_level = c.returns / (1.0 - c.returns) * (np.log(earned) + np.log(c.returns) - log_cost)
        profit = (1.0 - c.returns) * earned * np.exp(log_level)
    profit = np.where(constant | (earned <= 0), 0.0, profit)
    if np.any(constant & (np.log(np.maximum(earned, 0.0)) > log_cost + _UNPROFITABLE)):
        return np.inf
    curved = np.isfinite(c.elasticity) & ~np.isnan(c.price)
    return float(price[c.supply > 0] @ c.supply[c.supply > 0] + profit.sum() + _surplus(c, price, curved))


def _surplus(c: Columns, price: Array, curved: Array) -> float:
    """What buyers with a demand curve keep at best: max_s area(s) - price s."""
    w, p, e, ref = c.price[curved], price[curved], c.elasticity[curved], c.reference[curved]
    sale = ref * (w / p) ** e
    return float((demand_area(w, e, ref, sale) - p * sale).sum())


def _repaired(c: Columns, market: Market, price: Array) -> Array:
    """Prices at which no process of constant returns profits, again and again on cycles.

    Forward, a process that takes nothing but imports at their price, or makes what is idle, lowers its outputs'
    prices to its cost; backward, each that still profits raises the prices of its other inputs.
    """
    order, price = market.order, price.copy()
    held = price >= c.import_price
    money = np.nan_to_num(price * _quantity(c, market))
    idle = money < GOOD_COUNTS * _turnover(c, market)
    for _ in range(_ROUNDS):
        before = price.copy()
        for layer in range(len(order.layer_ces)):
            _repair(order, layer, price, held, idle, forward=True)
        for layer in reversed(range(len(order.layer_ces))):
            _repair(order, layer, price, held, idle, forward=False)
        if np.all(np.abs(price - before) <= _SETTLED * np.abs(before)):
            break
    return price


def _repair(o: Circuit, layer: int, price: Array, held: Array, idle: Array, *, forward: bool) -> None:
    """One layer's share in the repair of prices, in place.

    held: goods at their import's price; idle: goods whose money is next to nothing.
    """
    first, end = o.layer_process[layer], o.layer_process[layer + 1]
    constant = o.returns[first:end] >= 1.0 - _CONSTANT
    if not constant.any():
        return
    uses, made = slice(o.start[first], o.start[end]), slice(o.made_start[first], o.made_start[end])
    start = o.start[first : end + 1] - o.start[first]
    made_start = o.made_start[first : end + 1] - o.made_start[first]
    goods, of = o.made_good[made], o.use_good[uses]
    earned = np.add.reduceat(o.made_yield[made] * price[goods], made_start[:-1]) - o.unit_cost[first:end]
    r, returns, log_scale = o.r[first:end], o.returns[first:end], o.log_scale[first:end]
    cost, share = logarithms(COST, start, r, o.coefficient[uses], returns, log_scale, np.log(price)[of])
    free = np.add.reduceat(np.where(held[of], 0.0, share), start[:-1])
    excess = np.where(constant & (earned > 0), np.log(earned) - cost, 0.0)
    if forward:
        worthless = np.logical_and.reduceat(idle[goods], made_start[:-1])
        lowered = np.where(((free == 0) | worthless) & (excess > 0), np.exp(-excess), 1.0)
        price[goods] *= np.where(price[goods] > 0, np.repeat(lowered, np.diff(made_start)), 1.0)
    else:
        raised = np.where((free > 0) & (excess > 0), np.exp(excess / free), 1.0)
        np.maximum.at(price, of, price[of] * np.where(held[of], 1.0, np.repeat(raised, np.diff(start))))
