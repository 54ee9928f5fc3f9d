"""What in the tables matters most: the figures behind the findings, and what a long chain's report keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from chainopt.audits.verdicts import Verdict
from chainopt.network.limits import KINDS
from chainopt.network.tolerances import AGREES, LEAST_PRICE, SHOWN
from chainopt.rows.tables import Tables

MOST_TOLD = 10
"""Rows of the audit that are read before the whole of it."""


def turnover(goods: pd.DataFrame) -> pd.Series:
    """Price times all that there is of each good: supplied, imported and produced; nan without a price."""
    return goods["price"] * (goods["supply"].clip(lower=0) + goods["imported"] + goods["produced"])


def money_scale(tables: Tables) -> float:
    """The largest money figure of the chain: what others are small against."""
    return _once(
        tables,
        "money scale",
        lambda: _largest(
            turnover(tables.goods),
            tables.uses["value"] * tables.uses["amount"],
            tables.processes["revenue"],
            tables.processes["cost"],
            tables.limits["rent"] * tables.limits["limit"],
        ),
    )


def price_scale(tables: Tables) -> float:
    """The largest figure per unit of anything: price, rent, or what a taker would pay."""
    return _once(
        tables,
        "price scale",
        lambda: _largest(tables.goods["price"], tables.uses["value"], tables.limits["rent"]),
    )


_Figure = TypeVar("_Figure")


def _once(tables: Tables, name: str, figure: Callable[[], _Figure]) -> _Figure:
    """A figure of these tables, found once: every cell of theirs is compared with it."""
    if name not in tables.found:
        tables.found[name] = figure()
    found: _Figure = tables.found[name]
    return found


def _largest(*figures: pd.Series) -> float:
    sizes = pd.concat(figures).abs().replace(np.inf, np.nan)
    return float(sizes.max()) if sizes.notna().any() else 0.0


def nothing(tables: Tables, amount: pd.Series) -> pd.Series:
    """By row, the price (or rent) up to which it is rounding; amount: what each is paid for.

    Prices have no unit in common, so that one that is small is nothing only where the money is too.
    """
    paid = SHOWN * money_scale(tables) / amount.abs().replace([0.0, np.inf], np.nan)
    return paid.clip(upper=SHOWN * price_scale(tables)).fillna(LEAST_PRICE * SHOWN * price_scale(tables))


def felt_prices(tables: Tables, column: str = "price") -> pd.Series:
    """Each good's price, or another of its figures per unit, 0 where it is no more than rounding."""
    price = tables.goods[column].astype(float)
    return price.mask(price.abs() <= nothing(tables, moved(tables)), 0.0)


def moved(tables: Tables) -> pd.Series:
    """The most that there is of each good, wherever it comes from or goes."""
    flows = ["supply", "imported", "produced", "used", "sold", "disposed"]
    return _once(tables, "moved", lambda: tables.goods[flows].abs().max(axis=1))


def greatest(figures: pd.Series) -> pd.Index:
    """The rows of these figures, the greatest of either sign first, and what has none last."""
    return figures.abs().sort_values(ascending=False, kind="stable", na_position="last").index


def losing(tables: Tables) -> pd.DataFrame:
    """The processes that run at a loss, the greatest first."""
    processes = tables.processes
    return processes[processes["profit"] < -SHOWN * money_scale(tables)].sort_values("profit", kind="stable")


def binding(tables: Tables) -> pd.DataFrame:
    """The limits that cost something, with the column total = rent * limit, the greatest first."""
    limits = tables.limits.assign(total=tables.limits["rent"] * tables.limits["limit"])
    # A limit of 0, such as a forbidden import, has a rent in each unit and none in all.
    at_zero = (limits["limit"] == 0) & (limits["rent"].abs() > SHOWN * price_scale(tables))
    felt = limits["total"].abs() > SHOWN * money_scale(tables)
    return limits[felt | at_zero].sort_values("total", key=lambda total: -total.abs(), kind="stable")


def eased_by_more(limit: Mapping[Any, Any]) -> bool:
    """Whether it is more of a limit that binds, rather than less, that would add to the value."""
    return bool((limit["rent"] > 0) == (KINDS[limit["kind"]].sign > 0))


def scarce_supplies(tables: Tables) -> pd.DataFrame:
    """The supplied goods that are worth something, with the column worth = price * supply, the greatest first."""
    goods = tables.goods.assign(worth=tables.goods["price"] * tables.goods["supply"])
    kept = goods[goods["worth"] > SHOWN * money_scale(tables)]
    return kept.sort_values("worth", ascending=False, kind="stable")


def disagreeing(tables: Tables) -> pd.DataFrame:
    """The goods whose price and derivative are two different figures."""
    goods = tables.goods
    return goods[goods["difference"].abs() > AGREES * goods["price"].abs() + SHOWN * price_scale(tables)]


def relative_differences(tables: Tables) -> pd.Series:
    """|price - derivative| of each good relative to its price; nan where it has no single derivative.

    A price of less than a thousandth of the greatest is compared with that thousandth, so that the figure is above
    `AGREES` just where the two disagree.
    """
    size = tables.goods["price"].abs().clip(lower=LEAST_PRICE * price_scale(tables))
    return tables.goods["difference"].abs() / size.where(size > 0, 1.0)


def ambiguous(goods: pd.DataFrame) -> pd.DataFrame:
    """The goods of which more than one price supports the plan."""
    return goods[goods["interval"].notna() & (goods["interval"] != "point")]


def brings(tables: Tables) -> dict[str, float]:
    """What one more of each good brings: its price, or the low end of its interval; nan where that isn't known in
    this money, or no more can be placed."""
    return _ends(tables, "low")


def costs(tables: Tables) -> dict[str, float]:
    """What one less of each good costs: its price, or the high end of its interval; nan as in `brings`."""
    return _ends(tables, "high")


def _ends(tables: Tables, end: str) -> dict[str, float]:
    # With a numeraire low and high are ends of ratios, of which each may be had at another of its prices.
    known = felt_prices(tables, end) if tables.numeraire is None else pd.Series(np.nan, tables.goods.index)
    open_ = tables.goods.index.isin(ambiguous(tables.goods).index)
    found = felt_prices(tables).where(~open_, known.replace([np.inf, -np.inf], np.nan))
    return dict(zip(tables.goods["good"], found.tolist(), strict=True))


def redundant(tables: Tables) -> set[str]:
    """The columns of prices that say nothing beside it: derivative, difference and verdict where all agree, and
    the ends of its interval where every price is one."""
    of_goods = tables.audit.loc[tables.audit["kind"] == "good", "verdict"]
    said: set[str] = set() if (of_goods != Verdict.AGREES).any() else {"verdict"}
    if disagreeing(tables).empty and tables.goods["backprop"].notna().all():
        said |= {"backprop", "difference"}
    return said | ({"low", "high", "interval", "range"} if ambiguous(tables.goods).empty else set())


def telling(audit: pd.DataFrame, most: int) -> pd.DataFrame:
    """The rows of the audit worth reading first: figures not to be trusted, the furthest apart first; then kinks,
    rents and other causes of a difference where something flows, by value; then idle uses and sales, those that
    would pay nearly the price first.

    Rows that agree are no news, nor is it that nobody throws away what has a price.
    """
    sound = audit["verdict"].isin([str(verdict) for verdict in Verdict if verdict.sound])
    idle = audit["verdict"] == Verdict.IDLE
    rank = np.where(~sound, 0, np.where(idle, 2, 1))
    size = audit[["multiplier", "derivative"]].abs().max(axis=1)
    apart = (audit["difference"].abs() / size.where(size > 0, 1.0)).fillna(0.0)
    value = (audit["multiplier"] * audit["amount"]).abs().fillna(0.0)
    order = audit.assign(rank=rank, by=np.where(rank == 0, -apart, np.where(rank == 1, -value, apart)))
    news = (audit["verdict"] != Verdict.AGREES) & ~(idle & (audit["kind"] == "disposal"))
    return audit.loc[order[news].sort_values(["rank", "by"], kind="stable").index[:most]]


def foremost(tables: Tables, goods: int, processes: int, flows: int | None = None) -> Tables:
    """The tables cut to the goods of the greatest turnover, with their uses and audit, and the processes that move
    the most money, each first to last; as they are where no more are there.

    flows: the most uses and transfers, by value, and the most flows of the audit, those that do not agree before
    those that do. What says most in the audit is kept in any case.
    """
    kept = tables
    if len(kept.goods) > goods:
        first = kept.goods.loc[greatest(turnover(kept.goods))[:goods]]
        told = kept.audit.index.isin(telling(kept.audit, MOST_TOLD).index)
        uses, audit = (table["good"].isin(first["good"]) for table in (kept.uses, kept.audit))
        kept = replace(kept, goods=first, uses=kept.uses[uses], audit=kept.audit[told | audit])
    if flows is not None and max(len(kept.uses), int((kept.audit["kind"] != "good").sum())) > flows:
        kept = replace(kept, uses=_foremost_uses(kept.uses, flows), audit=_foremost_audit(kept.audit, flows))
    if flows is not None and len(kept.transfers) > flows:
        dearest = greatest(kept.transfers["money"])[:flows]
        kept = replace(kept, transfers=kept.transfers.loc[np.sort(dearest)])
    if len(kept.ranges) > goods + processes:
        kept = replace(kept, ranges=kept.ranges[: goods + processes])
    if len(kept.firms) > processes:
        flowed = ["revenue_outside", "revenue_inside", "bought_outside", "bought_inside"]
        moved = kept.firms[flowed].abs().max(axis=1).where(kept.firms["kind"] == "firm", np.inf)
        kept = replace(kept, firms=kept.firms.loc[np.sort(greatest(moved)[:processes])])
    if len(kept.processes) > processes:
        moved = kept.processes[["revenue", "cost"]].abs().max(axis=1)
        kept = replace(kept, processes=kept.processes.loc[greatest(moved)[:processes]])
        if kept.market is not None:
            asked = kept.market.processes
            asked = asked[asked["process"].isin(kept.processes["process"])]
            kept = replace(kept, market=replace(kept.market, processes=asked))
    return kept


def _foremost_uses(uses: pd.DataFrame, most: int) -> pd.DataFrame:
    worth = (uses["value"] * uses["amount"]).abs()
    return uses[worth.rank(method="first", ascending=False, na_option="bottom") <= most]


def _foremost_audit(audit: pd.DataFrame, most: int) -> pd.DataFrame:
    """Every good, and of the flows those that do not agree before those that do, by value."""
    flows = audit[audit["kind"] != "good"]
    worth = (flows["multiplier"] * flows["amount"]).abs().fillna(0.0)
    order = flows.assign(plain=flows["verdict"] == Verdict.AGREES, less=-worth)
    return audit.drop(order.sort_values(["plain", "less"], kind="stable").index[most:])
