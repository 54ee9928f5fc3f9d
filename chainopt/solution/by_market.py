"""A network through the market: a plan and its prices in the network's terms, or why there are none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainopt.market.circuit import circuit
from chainopt.market.columns import NotColumnsError, columns, personal
from chainopt.market.duality import MarketCertificate, certify
from chainopt.market.formation import MAX_PASSES, Market, form_prices
from chainopt.network.limits import Limit
from chainopt.network.measure import measure, throughput
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan, limited_amount
from chainopt.network.tolerances import NEARLY_IDLE

_TOLERANCE = 1e-12
"""A process that takes its own product nets nearly all of its money: what is left shows the smallest errors."""
_NEAR = 1e-2
"""Offers that still change by more than this say nothing of where an optimum is."""
_START = 1e-7
_START_PASSES = 60
START_FLOWS, START_BREADTH = 2_000, 40
"""Flows in all, and a layer, from which a start in the market costs less than it saves."""


@dataclass(frozen=True, slots=True)
class MarketAnswer:
    """What the market makes of a network.

    doubts: why its plan is not certified, empty where it is; plan: None where the chain is out of the market's
    scope, or where it stopped far from rest before its time was up; multipliers: the prices, with the rents of
    limits that don't bind; moving: the same, nan where a good as good as stands still. message: how it went.
    interrupted: by Ctrl-C; the plan is then the last pass's, whose worth is value.
    """

    plan: Plan | None
    multipliers: Multipliers | None
    moving: Multipliers | None
    doubts: tuple[str, ...]
    message: str
    passes: int = 0
    engine: str = ""
    interrupted: bool = False
    value: float | None = None


def market_answer(
    net: Network,
    *,
    tolerance: float | None = None,
    max_passes: int | None = None,
    time_limit: float | None = None,
    progress: Callable[[Market], object] | None = None,
) -> MarketAnswer:
    """Let the market find a network's plan and prices; it never fails silently: see `doubts`.

    progress: as in `form_prices`.
    """
    try:
        given = columns(net)
    except ValueError as error:
        reasons = error.reasons if isinstance(error, NotColumnsError) else (str(error),)
        return MarketAnswer(None, None, None, reasons, f"out of the market's scope: {error}")
    begun = time.perf_counter()
    try:
        market = form_prices(
            given,
            tolerance=tolerance or _TOLERANCE,
            max_passes=max_passes or MAX_PASSES,
            time_limit=time_limit,
            progress=progress,
        )
    except NotColumnsError as error:
        return MarketAnswer(None, None, None, error.reasons, f"out of the market's scope: {error}")
    if not market.at_rest:
        cut_off = market.interrupted or (time_limit is not None and time.perf_counter() >= begun + time_limit)
        near = market.change <= _NEAR or cut_off
        return _unfinished(market, _plan(net, market) if near else None)
    plan, certificate = _plan(net, market), certify(market)
    over = ["the " + net.named(limit, '"{}"'.format) for limit in _exceeded(net, plan)]
    doubts = (*certificate.doubts, *([f"the market's plan exceeds {_some(over)}"] if over else []))
    size, said = measure(net, plan), _message(market, certificate)
    priced, moving = _priced(net, market), _priced(net, market, ~size.moves(size.moved))
    return MarketAnswer(plan, priced, moving, doubts, said, market.passes, market.engine)


def market_start(
    net: Network, time_limit: float | None = None, progress: Callable[[Market], object] | None = None
) -> MarketAnswer | None:
    """A plan near the optimum with its prices, in a few passes of the market; None where it isn't near.

    Nor where the chain is out of the market's scope, a limit binds, a process stands as good as still, beside
    which an interior point can't begin, or the passes would cost more than they save.
    """
    flows = len(net.use_good)
    if flows < START_FLOWS:
        return None
    try:
        given = columns(net)
    except ValueError:
        return None
    try:
        if flows < START_BREADTH * len(circuit(given).layer_good):
            return None
        market = form_prices(
            given,
            tolerance=_START,
            max_passes=_START_PASSES,
            time_limit=time_limit,
            engine="numpy",
            finish=False,
            progress=progress,
        )
    except NotColumnsError:
        return None
    plan = _plan(net, market)
    if market.interrupted:
        return _unfinished(market, plan)
    idle = plan.use < NEARLY_IDLE * throughput(net, plan)[net.use_good]
    if not market.change <= _NEAR or idle.any() or _exceeded(net, plan):
        return None
    return MarketAnswer(plan, _priced(net, market), None, (), "", market.passes, market.engine)


def _unfinished(market: Market, plan: Plan | None) -> MarketAnswer:
    stopped = f"the market did not come to rest: offers still change by {market.change:.1e} of themselves"
    said = f"{stopped} after {market.passes} passes"
    return MarketAnswer(
        plan, None, None, (stopped,), said, market.passes, market.engine, market.interrupted, market.value
    )


def _message(market: Market, certificate: MarketCertificate) -> str:
    newton = f" and {market.products} products with its curvature" if market.products else ""
    pays = max(certificate.over, certificate.unequal)
    return (
        f"The market came to rest in {market.passes} passes{newton} ({market.engine}): duality gap "
        f"{certificate.gap:.1e} of the turnover, uses pay their goods' prices within {pays:.1e}."
    )


def _plan(net: Network, market: Market) -> Plan:
    own = slice(len(net.goods))
    return Plan(market.use, market.level, market.sale[own], market.imported[own], market.disposed[own])


def _priced(net: Network, market: Market, still: np.ndarray | bool = False) -> Multipliers:
    """The market's prices, where no limit binds; nan of the goods that stand still."""
    of, use_good = personal(net)
    return Multipliers(
        np.where(still, np.nan, np.bincount(of, market.price)),
        np.zeros(len(net.limits)),
        np.where(net.rival[net.use_good], np.nan, market.price[use_good]),
        np.where(~net.rival & net.sells, market.price[: len(net.goods)], np.nan),
        np.zeros(0),
    )


def _exceeded(net: Network, plan: Plan) -> list[Limit]:
    """The limits that the plan does not keep: each is an upper one, or the columns would have refused it."""
    amounts = limited_amount(net, plan)
    return [limit for limit, amount in zip(net.limits, amounts, strict=True) if amount > limit.bound]


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more limits" if len(names) > most else "")
