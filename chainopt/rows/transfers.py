"""Transfer prices: what goes from one firm to another, and between what figures its price can lie.

    unit cost   what the last unit costs its seller, inputs at their prices: price - (rents of its limits per unit)
    worth       what the last unit brings its buyer, other inputs at their prices: price + (rents of its limits per
                unit)

Rents are those of the firm's own limits (capacity, min level, max of a use), which it earns or bears itself, so
that unit cost <= price <= worth where no min level makes it run. Both follow from the first-order conditions of
what is in use: with lambda = sum_h b_h pi_h - kappa - r what a unit of level earns net of the rent r of its limit,

    lambda * (what an input adds to the level) = its price + the rent of its max

A unit less takes all inputs of a seller's mix in proportion. A firm with several makers has the unit cost of the
dearest, with several takers of a rival good the worth to the one that gives least: where all of them go on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.rows.trade import Prices, Trade
from chainopt.technology.arrays import Array

MOST_PAIRS = 100_000
"""The most rows; goods of the most pairs of seller and buyer are left out first."""
PRO_RATA = "pro rata"
COLUMNS = (
    "good", "unit", "seller", "buyer", "amount", "price", "price unit", "low", "high", "cost", "worth", "money",
    "split",
)  # fmt: skip


def transfer_prices(net: Network, plan: Plan, prices: Prices, pools: Trade, goods: pd.DataFrame) -> pd.DataFrame:
    """Each good's way from a firm to another, by COLUMNS, in the order of goods; goods: that table.

    price: of a non-rival good what the buyer's readers pay together, of which no interval is known.
    """
    count = len(pools.firms)
    brought, part = (sparse.csr_array(table[:, :count]) for table in (pools.brought, pools.part))
    if goods["price"].isna().all():
        brought = sparse.csr_array(brought.shape)
    good, seller, buyer = _pairs(brought, part)
    amount = _at(brought, good, seller) * _at(part, good, buyer)
    flows = np.abs(amount) > prices.nothing[good]
    good, seller, buyer, amount = (figures[flows] for figures in (good, seller, buyer, amount))
    money = _at(brought, good, seller) * _at(sparse.csr_array(pools.paid[:, :count]), good, buyer)
    rival = net.rival[good]
    with np.errstate(all="ignore"):
        price = np.where(rival, np.nan_to_num(prices.good[good]), money / amount)
    about = goods.iloc[good]
    return pd.DataFrame(
        {
            "good": about["good"].to_numpy(dtype=object),
            "unit": about["unit"].to_numpy(dtype=object),
            "seller": np.array(pools.firms, dtype=object)[seller],
            "buyer": np.array(pools.firms, dtype=object)[buyer],
            "amount": amount,
            "price": price,
            "price unit": about["price unit"].to_numpy(dtype=object),
            "low": np.where(rival, about["low"], np.nan),
            "high": np.where(rival, about["high"], np.nan),
            "cost": unit_costs(net, plan, prices, pools).reindex(good * count + seller).to_numpy(),
            "worth": worths(net, plan, prices, pools).reindex(good * count + buyer).to_numpy(),
            "money": money,
            "split": np.where(pools.split[good], PRO_RATA, "").astype(object),
        }
    )[list(COLUMNS)]


def unit_costs(net: Network, plan: Plan, prices: Prices, pools: Trade) -> pd.Series:
    """What a firm's last unit of each good costs it, by good * firms + firm."""
    owed, per_level = _owed(net, plan, prices)
    made = net.yields.tocoo()
    runs = np.abs(made.data * plan.level[made.row]) > prices.nothing[made.col]
    level, good, yields = made.row[runs], made.col[runs], made.data[runs]
    of_inputs = (per_level * owed)[net.level_process[level]] * _level_value(net, prices)[level]
    cost = prices.good[good] - (_bounded(net, prices, "level")[level] + of_inputs) / yields
    whose = good * len(pools.firms) + pools.firm[net.level_process[level]]
    return pd.Series(cost).groupby(whose).max()


def worths(net: Network, plan: Plan, prices: Prices, pools: Trade) -> pd.Series:
    """What a firm's last unit of each good is worth to it, by good * firms + firm."""
    count = len(pools.firms)
    first = net.first_level[net.use_process]
    rent, own = _bounded(net, prices, "level")[first], _bounded(net, prices, "use")
    value = _level_value(net, prices)[first]
    levels = np.bincount(net.level_process, minlength=len(net.processes))[net.use_process]
    with np.errstate(all="ignore"):
        # Of one level, the slope is what its price says; it is so at a kink too.
        slope = np.where((levels == 1) & (value != 0), (prices.use + own) / value, prices.slope)
        curved = own + np.where(rent == 0, 0.0, slope * rent)
        of_recipes = np.where(net.use_leontief, net.coefficient * own, 0.0)
        recipe = np.bincount(net.use_process, of_recipes, len(net.processes))
        fixed = (recipe[net.use_process] + rent) / net.coefficient
    worth = prices.use + np.where(net.use_leontief, fixed, curved)
    taken = np.abs(plan.use) > prices.nothing[net.use_good]
    whose = net.use_good * count + pools.firm[net.use_process]
    found = pd.Series(worth[taken]).groupby(whose[taken]).agg(["min", "sum"])
    rival = net.rival[found.index.to_numpy() // count] if len(found) else np.zeros(0, dtype=bool)
    return found["min"].where(rival, found["sum"])


def _owed(net: Network, plan: Plan, prices: Prices) -> tuple[Array, Array]:
    """By process, what its inputs' own limits earn, and one over what its inputs are worth in all."""
    count = len(net.processes)
    rent = np.nan_to_num(_bounded(net, prices, "use") * plan.use)
    whole = np.bincount(net.use_process, np.nan_to_num(prices.use * plan.use) + rent, count)
    with np.errstate(all="ignore"):
        return np.bincount(net.use_process, rent, count), np.nan_to_num(1.0 / whole, posinf=0.0, neginf=0.0)


def _level_value(net: Network, prices: Prices) -> Array:
    """lambda: what one more unit of each level earns, its own limits' rents paid."""
    earned = net.yields @ np.nan_to_num(prices.good) - net.unit_cost / prices.unit
    return np.asarray(earned - _bounded(net, prices, "level"))


def _bounded(net: Network, prices: Prices, amount: str) -> Array:
    """What a unit of each level, or use, pays to its own limits."""
    return np.asarray(net.bounding(amount) @ np.nan_to_num(prices.rent))


def _at(table: sparse.csr_array, good: Array, party: Array) -> Array:
    """A table's figures by good and party."""
    return np.asarray(table[good, party]).ravel() if len(good) else np.zeros(0)


def _pairs(brought: sparse.csr_array, part: sparse.csr_array) -> tuple[Array, Array, Array]:
    """Every good, seller and other firm that takes some, by number, but for goods of the most pairs."""
    pairs = np.diff(brought.indptr) * np.diff(part.indptr)
    order = np.argsort(pairs, kind="stable")
    left_out = order[np.cumsum(pairs[order]) > MOST_PAIRS]
    one, other = (
        pd.DataFrame({"good": table.tocoo().row, name: table.tocoo().col})
        for table, name in ((brought, "seller"), (part, "buyer"))
    )
    found = one[~one["good"].isin(left_out)].merge(other, on="good")
    found = found[found["seller"] != found["buyer"]].sort_values(["good", "seller", "buyer"])
    good, seller, buyer = (found[name].to_numpy(dtype=int) for name in ("good", "seller", "buyer"))
    return good, seller, buyer
