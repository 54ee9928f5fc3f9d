"""Accounts by firm, which add up to the chain's objective.

    sum over firms of profit + what supplies are worth + what imports, final demand and disposal gain  =  objective

    firm      sales to final demand and to other firms - imports - other firms' goods - supplies - unit costs
              - what its own by-products cost to be thrown away
    supply    price * supply: who owns what is there before anything is made is no firm
    import    (price - import price) * imported: what a limit on imports earns
    demand    what final demand values its sales at - price * sold
    disposal  (-disposal cost - price) * disposed: 0 at an optimum

All at the plan's prices. What a firm makes for itself is neither revenue nor cost; what a party pays, another
gets, so that only what passes the chain's boundary is left in the sum.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from chainopt.network.demand import demand_value
from chainopt.network.limits import MIN_LEVEL
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import SAME, SHOWN
from chainopt.rows.trade import OTHERS, Prices, Trade
from chainopt.technology.arrays import Array
from chainopt.words.figures import figure
from chainopt.words.names import some

COLUMNS = (
    "kind", "firm", "processes", "revenue_outside", "revenue_inside", "bought_outside", "bought_inside",
    "supplies", "unit_cost", "disposal", "profit", "rent", "why",
)  # fmt: skip
_GOT = ("revenue_outside", "revenue_inside")
_PAID = ("bought_outside", "bought_inside", "supplies", "unit_cost", "disposal")
_MOST_BLAMED = 3


def firm_accounts(
    net: Network, plan: Plan, prices: Prices, pools: Trade, processes: pd.DataFrame, limits: pd.DataFrame
) -> pd.DataFrame:
    """The accounts of each firm, then of OTHERS that trade anything, by COLUMNS; nan where there are no prices.

    processes and limits: those tables, of the same plan and in the same money.
    """
    count = len(pools.firms)
    unpriced = bool(processes["profit"].isna().all())
    money = {name: np.zeros(count + len(OTHERS)) for name in (*_GOT, *_PAID)}
    if not unpriced:
        _fill(net, plan, prices, pools, money)
    by_firm = np.bincount(pools.firm, minlength=count)
    rent = np.bincount(pools.firm, np.nan_to_num(processes["rent"].to_numpy(dtype=float)), count)
    profit = np.sum([money[name] for name in _GOT], axis=0) - np.sum([money[name] for name in _PAID], axis=0)
    size = np.sum([np.abs(column) for column in money.values()], axis=0)
    losing = np.flatnonzero(profit[:count] < -SAME * size[:count])
    why = [""] * len(profit)
    least = limits[limits["kind"] == MIN_LEVEL].set_index("process")
    for f, of in processes[np.isin(pools.firm, losing)].groupby(pools.firm[np.isin(pools.firm, losing)]):
        why[int(str(f))] = _why(net, plan, prices, of, least)
    table = pd.DataFrame(
        {
            "kind": ["firm"] * count + list(OTHERS),
            "firm": pd.Series([*pools.firms, *[None] * len(OTHERS)], dtype=object),
            "processes": np.concatenate([by_firm, np.zeros(len(OTHERS), dtype=int)]),
            **money,
            "profit": profit,
            "rent": np.concatenate([rent, np.zeros(len(OTHERS))]),
            "why": why,
        }
    )[list(COLUMNS)]
    if unpriced:
        return table[:count].assign(**dict.fromkeys([*money, "profit", "rent"], np.nan))
    moves = size > SHOWN * np.max(size, initial=0.0)
    return table[(table["kind"] == "firm") | moves].reset_index(drop=True)


def _fill(net: Network, plan: Plan, prices: Prices, pools: Trade, money: dict[str, Array]) -> None:
    """What every party gets and pays."""
    firms = range(len(pools.firms))
    supply, imports, demand, disposal = map(pools.other, OTHERS)
    own = pools.own()
    money["revenue_outside"] += pools.sold_to(demand, supply)
    money["revenue_inside"] += pools.sold_to(*firms) - own
    money["bought_outside"] += pools.bought_from(imports, demand)
    money["bought_inside"] += pools.bought_from(*firms) - own
    money["supplies"] += pools.bought_from(supply)
    money["disposal"] -= pools.sold_to(disposal)
    # What no firm owns has no cost of its own; who takes what is thrown away is paid for it.
    for name in ("bought_outside", "bought_inside", "supplies"):
        at = "revenue_inside" if name == "bought_inside" else "revenue_outside"
        money[at][disposal] -= money[name][disposal]
        money[name][disposal] = 0.0
    process_cost = net.unit_cost[net.first_level] * plan.level[net.first_level] / prices.unit
    money["unit_cost"][: len(pools.firms)] = np.bincount(pools.firm, process_cost, len(pools.firms))
    outside = {
        imports: np.where(net.imports, net.import_price * plan.imported, 0.0),
        disposal: np.where(net.disposes, net.disposal * plan.disposed, 0.0),
    }
    for party, paid in outside.items():
        money["bought_outside"][party] += np.nansum(paid) / prices.unit
    money["revenue_outside"][demand] += np.nansum(demand_value(net, plan.sale)) / prices.unit


def _why(net: Network, plan: Plan, prices: Prices, processes: pd.DataFrame, least: pd.DataFrame) -> str:
    """Which of a firm's processes lose money, and through what: a least level, or a price."""
    size = SAME * (processes["revenue"].abs() + processes["cost"].abs())
    losing = processes[processes["profit"] < -size].sort_values("profit", kind="stable")
    said = []
    for p, row in list(zip(losing.index, losing.to_dict("records"), strict=True))[:_MOST_BLAMED]:
        name, loss = row["process"], -row["profit"]
        bound = least.loc[name].to_dict() if name in least.index else None
        if bound is not None and bound["rent"] * bound["amount"] > loss / 2:
            reason = f"must run at a min level of {figure(bound['limit'])}"
        else:
            reason = f"is at a loss at its prices: {_dearest(net, plan, prices, int(p), row)}"
        said.append(f'"{name}" {reason}' if len(processes) == 1 else f'"{name}" ({figure(-loss)}) {reason}')
    more = losing["process"].tolist()[_MOST_BLAMED:]
    return "; ".join([*said, *([f"so {some(more)}"] if more else [])])


def _dearest(net: Network, plan: Plan, prices: Prices, p: int, row: Mapping[Hashable, Any]) -> str:
    """What costs a process most: an input's price, its unit cost, or a good that it must pay to be rid of."""
    first = net.first_level[p]
    items = [(float(net.unit_cost[first] * plan.level[first] / prices.unit), "its unit cost")]
    # Uses and levels stand in the order of processes.
    for u in range(*np.searchsorted(net.use_process, [p, p + 1]).tolist()):
        if plan.use[u]:
            what = f"{net.goods[net.use_good[u]]} at {figure(float(prices.use[u]))}"
            items.append((float(prices.use[u] * plan.use[u]), what))
    for level in range(*np.searchsorted(net.level_process, [p, p + 1]).tolist()):
        row_of = slice(net.yields.indptr[level], net.yields.indptr[level + 1])
        for g, yield_ in zip(net.yields.indices[row_of].tolist(), net.yields.data[row_of].tolist(), strict=True):
            price, amount = float(prices.good[g]), yield_ * float(plan.level[level])
            if amount:
                items.append((-price * amount, f"being rid of {net.goods[g]} at {figure(-price)}"))
    worst, what = max(items)
    brings, pays = row["revenue"], row["cost"]
    return (
        f"its outputs bring {figure(brings)}; of the {figure(pays)} that it pays, {figure(worst)} are for {what}"
    )
