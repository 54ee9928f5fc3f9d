"""The market test: with the plan's prices posted, would each process choose the plan by itself?

    gap = sum_p (best profit_p - profit_p) + what buyers, importers and disposers could still gain  >= 0

A firm knows its own limits (capacity, min level, max of a use), whose rents are part of its profit; all else
reaches it as a price. A firm with several processes chooses them one by one: what it makes for itself has a
price too, so that its profit is a sum. Where the gap is 0 the prices are those of a competitive equilibrium, and
the plan is a global optimum; where it is not, each price still is the derivative of the optimal value, but no
market holds the plan. Verdicts:

    profit                                       decreasing returns: revenue above cost, and the best there is
    zero profit                                  revenue is cost, or it does not operate
    rent                                         profit is what its own limits earn
    loss: bound to run                           a loss that a min level, or what it must take, imposes
    loss: would shut down                        best is not to operate
    increasing returns: no finite best response  more always pays more
    saddle                                       the plan is a stationary point, not a maximum, of its profit
    would change its mix                         another mix or scale earns more

From the chain, the plan and the posted prices alone: no solver.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np
import pandas as pd

from chainopt.certificate.responses import Offer, best_response, offers
from chainopt.network.demand import demand_price, demand_value
from chainopt.network.limits import MIN_SALE
from chainopt.network.multipliers import Multipliers, process_rents
from chainopt.network.network import Network
from chainopt.network.plan import Plan, limited_amount
from chainopt.network.tolerances import BINDS, CURVED, SAME, ZERO
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array
from chainopt.words.figures import counted, figure
from chainopt.words.names import some

PROFIT, ZERO_PROFIT, RENT, BOUND = "profit", "zero profit", "rent", "loss: bound to run"
LOSS, ENDLESS = "loss: would shut down", "increasing returns: no finite best response"
SADDLE, OTHER = "saddle", "would change its mix"
_KEEPS = (PROFIT, ZERO_PROFIT, RENT, BOUND)
_STEP = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class MarketTest:
    """What each process would do at the posted prices; money in the objective's units.

    processes: process, firm, verdict, profit, rent (of its own limits, within profit), returns (d ln level / d ln
    scale at the plan), second_order ("maximum", "saddle", "minimum", "flat": a direction without curvature and
    none that gains, "kink": a minimum's arguments meet there; None where it does not operate), best_profit,
    deviation = best_profit - profit, deviation_share (of revenue plus cost), min_level (that costs it; nan without
    one). firms: the sums by firm. others: what buyers, importers and disposers could still gain; gap: all gains,
    relative to `value`, the money of the whole plan. held: the goods whose buyers a min sale makes take more than
    they would.
    """

    processes: pd.DataFrame
    firms: pd.DataFrame
    others: float
    gap: float
    value: float
    held: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the posted prices hold the plan: no process and no one else would rather do otherwise."""
        return bool(self.processes["verdict"].isin(_KEEPS).all()) and self.gap <= SAME


def market_test(solution: Solution, *, starts: int = 12) -> MarketTest:
    """Let every process maximise its own profit at a solution's prices.

    starts: how many mixes of its own each search tries, beside the plan and its multiples. Processes that
    could not run at all (`solution.removed`) are not asked. Raises ValueError where the solution is not
    certified: without trusted prices there is nothing to post.
    """
    net, plan, multipliers = solution.net, solution.plan, solution.multipliers
    if not solution.certified or not (net and plan and multipliers and solution.derivatives):
        raise ValueError(
            f"the market test needs the prices of a certified solution, but this one is {solution.status}: "
            f"{solution.message}"
        )
    size = solution.derivatives.operations.measure
    rent = process_rents(net, multipliers.rent * limited_amount(net, plan))
    level_rent = (net.bounding("level") @ multipliers.rent)[net.first_level]
    use_rent = net.bounding("use") @ multipliers.rent
    rows = []
    for offer in offers(net, plan, multipliers, size):
        p = offer.process
        running = (np.abs(offer.x) > ZERO * size.moved[net.use_good[offer.use]]) | offer.signed
        shadow = offer.worth.copy()
        shadow[0] -= level_rent[p]
        # A rent that comes to nothing is the solver's rounding, and binds nothing.
        least = SAME * max(offer.money(offer.x, offer.level), SAME * size.money)
        held = abs(level_rent[p] * offer.level[0]) > least
        paid = np.where(np.abs(use_rent[offer.use] * offer.x) > least, use_rent[offer.use], 0.0)
        returns, curvature = _local(offer, shadow, paid, running, bool(held))
        best = best_response(offer, starts=starts)
        rows.append(_row(net, offer, best, float(rent[p]), returns, curvature, size.money))
    processes = pd.DataFrame(rows, columns=_COLUMNS).astype({"second_order": object})
    others = _others(net, plan, multipliers, size.moved)
    whole = float(np.nansum(np.maximum(processes["deviation"], 0.0))) + others
    sums = processes.groupby("firm", sort=False)[["profit", "rent", "best_profit", "deviation"]]
    firms = sums.sum().reset_index()
    firms.insert(1, "processes", processes.groupby("firm", sort=False).size().to_numpy())
    paid = np.abs(multipliers.rent * limited_amount(net, plan)) > SAME * SAME * size.money
    binding = [limit for limit, pays in zip(net.limits, paid, strict=True) if pays and limit.kind == MIN_SALE]
    held = [net.goods[limit.index] for limit in binding]
    return MarketTest(processes, firms, others, whole / size.money, size.money, tuple(held))


def findings(test: MarketTest, money: str = "") -> list[str]:
    """What the test finds, in plain sentences: first whether a market holds the plan, then who would not keep to
    it (`against`), then how firms of several processes are read.

    money: what figures are counted in, "" where that has no name.
    """
    table = test.processes
    leaving, bound = table[~table["verdict"].isin(_KEEPS)], table[table["verdict"] == BOUND]
    if test.supported:
        keeps = "No process would rather do otherwise"
        if len(bound):
            held = "its own limits hold" if len(bound) == 1 else "their own limits hold"
            keeps = (
                f"But for {some(bound['process'].tolist())}, which {held}, no process would rather do otherwise"
            )
        others = "nor would any buyer or importer"
        if test.held:
            others += f" but those whom a min sale binds ({some(list(test.held))})"
        whole = f"{keeps} at these prices, {others}: a market could run this plan by them."
    else:
        who = some(leaving["process"].tolist()) if len(leaving) else "a buyer or importer"
        gap = "money without bound" if test.gap == inf else f"{test.gap:.3g} times the plan's money"
        whole = (
            "No market could run this plan by prices alone, although each price is the derivative of the optimal "
            f"value: {who} would not keep to it (all could earn {gap} more by leaving it)."
        )
    several = test.firms[test.firms["processes"] > 1]
    firms = (
        f"Firms with several processes ({some(several['firm'].tolist())}) choose them one by one: what a firm "
        "makes for itself has a price too, so that its profit is their sum."
    )
    return [whole, *against(test, money), *([firms] if len(several) else [])]


def against(test: MarketTest, money: str = "") -> list[str]:
    """Each process that would not keep to the plan, or only does as its own limits hold it at a loss, and why."""
    table = test.processes
    leaving, bound = table[~table["verdict"].isin(_KEEPS)], table[table["verdict"] == BOUND]
    said = [sentence(row, money) for row in leaving.to_dict("records")]
    return said + [
        held_sentence(_named(row), -row["profit"], row["min_level"], money) for row in bound.to_dict("records")
    ]


def _named(row: Mapping[Hashable, Any]) -> str:
    """A process with its firm, where that has another name."""
    firm = "" if row["firm"] == row["process"] else f" (firm {row['firm']})"
    return f'"{row["process"]}"{firm}'


def held_sentence(process: str, loss: float, least: float, money: str = "") -> str:
    """Why a process runs at a loss that it can't leave; least: its min level, nan without one."""
    why = "what it must take" if isnan(least) else f"its min level of {figure(least)} (a contract)"
    return f"{process} loses {counted(loss, money)} at these prices; it runs because of {why}."


_COLUMNS = (
    "process", "firm", "verdict", "profit", "rent", "returns", "second_order", "best_profit", "deviation",
    "deviation_share", "min_level",
)  # fmt: skip
_REASONS = {
    LOSS: "{at}: it would rather shut down, and earn 0 without inputs. Its price equals its derivative, but a "
    "derivative does not ask whether the whole pays.",
    ENDLESS: "{at}, and has increasing returns there: at these prices more always pays more, so that no finite "
    "amount is its best.",
    SADDLE: "{at}, a stationary point that is no maximum of its profit ({second_order}): elsewhere it would earn "
    "{more} more.",
    OTHER: "{at}, and would earn {more} more with another mix or scale.",
}


def sentence(row: Mapping[Hashable, Any], money: str = "") -> str:
    """One process's reason not to keep to the plan."""
    profit, told = row["profit"], {str(name): value for name, value in row.items()}
    at = (
        f"makes a loss of {counted(-profit, money)} at the plan"
        if profit < 0
        else f"earns {counted(profit, money)} at the plan"
    )
    more = counted(row["deviation"], money)
    reason = _REASONS.get(row["verdict"], _REASONS[OTHER]).format(at=at, more=more, **told)
    return f"{_named(row)} {reason}"


def _row(
    net: Network, offer: Offer, best: float, rent: float, returns: float, curvature: str | None, value: float
) -> tuple[object, ...]:
    profit, money = offer.profit(offer.x, offer.level), offer.money(offer.x, offer.level)
    gain = best - profit
    size = max(money, SAME * value) or 1.0
    share = gain / size
    if share == inf:
        verdict = ENDLESS
    elif share > SAME:
        stops = best <= 0 and offer.may_stop
        verdict = LOSS if stops else SADDLE if curvature in ("saddle", "minimum") else OTHER
    elif not abs(profit) > SAME * size:
        verdict = ZERO_PROFIT
    else:
        verdict = BOUND if profit < 0 else RENT if abs(rent) >= abs(profit - rent) else PROFIT
    name, least = net.processes[offer.process], offer.least if rent < 0 else np.nan
    firm = net.chain.processes[offer.process].firm
    return (name, firm, verdict, profit, rent, returns, curvature, best, gain, share, least)


def _local(offer: Offer, shadow: Array, use_rent: Array, running: Array, bound: bool) -> tuple[float, str | None]:
    """Returns to scale and the second-order status at the plan; shadow: lambda by level, own rents deducted."""
    technology, batch = offer.family or (None, None)
    if offer.recipe or (technology is not None and technology.affine):
        working = bool(np.any(np.abs(offer.level) > 0))
        free = 1 if offer.recipe else np.count_nonzero(running & ~(use_rent > 0))
        tight = bound or (offer.recipe and bool((use_rent > 0).any()))
        return 1.0, ("maximum" if free - tight <= 0 else "flat") if working else None
    if not running.any():
        return (np.nan if technology is None or batch is None else float(technology.returns(batch)[0])), None
    weight = shadow if len(shadow) > 1 and abs(shadow @ offer.level) > 0 else np.eye(1, len(shadow))[0]
    earned = float(weight @ offer.level)
    if _kinked(offer):
        worth = float(shadow @ offer.level)
        paid = float((offer.price + use_rent) @ offer.x)
        return paid / worth if worth else np.nan, "kink"
    x = np.where(running, offer.x, 0.0)
    slope = np.where(running, offer.slope(x, weight), 0.0)
    returns = float(slope @ x) / earned if earned else np.nan
    return returns, _second_order(offer, x, shadow, running, bound)


def _kinked(offer: Offer) -> bool:
    """Whether a formula's minimum is reached by two of its arguments at the plan."""
    if offer.program is None:
        return False
    values = offer.program.values(offer.x.tolist())
    for step in offer.program.minima():
        near = [
            abs(values[i] - values[step]) <= BINDS * (abs(values[i]) + abs(values[step]))
            for i in offer.program.arguments[step]
        ]
        if sum(near) > 1:
            return True
    return False


def _second_order(offer: Offer, x: Array, shadow: Array, running: Array, bound: bool) -> str:
    """The sign of the profit's second derivative in the directions that are free at the plan.

    Relative to the money of inputs and levels; a binding limit of the level leaves the directions that keep it.
    """
    at_most = x >= (1.0 - BINDS) * offer.most
    free = np.flatnonzero(running & ~at_most)
    size = np.where(x[free] != 0, np.abs(x[free]), offer.size[free])
    hessian = np.zeros((len(free), len(free)))
    for j, u in enumerate(free):
        up, down = x.copy(), x.copy()
        up[u] += _STEP * size[j]
        down[u] -= _STEP * size[j]
        difference = (offer.slope(up, shadow) - offer.slope(down, shadow))[free]
        hessian[:, j] = difference / (2 * _STEP) * size
    money = float(np.abs(offer.slope(x, shadow)[free]) @ size) or 1.0
    hessian = (hessian + hessian.T) / (2 * money)
    if bound and len(free):
        keeps = offer.slope(x, np.eye(1, len(shadow))[0])[free] * size
        norm = float(np.linalg.norm(keeps))
        if norm > 0:
            _, _, rows = np.linalg.svd(keeps[None, :] / norm)
            hessian = rows[1:] @ hessian @ rows[1:].T
    if not len(hessian):
        return "maximum"
    curvature = np.linalg.eigvalsh(np.nan_to_num(hessian))
    if curvature[-1] > CURVED:
        return "saddle" if curvature[0] < -CURVED else "minimum"
    return "flat" if curvature[-1] > -CURVED else "maximum"


def _others(net: Network, plan: Plan, multipliers: Multipliers, moved: Array) -> float:
    """What buyers, importers and disposers could gain by trading other amounts at the posted prices.

    Each knows its own limit; a margin without a limit counts at what its good moves.
    """
    price = np.where(net.rival, multipliers.price, multipliers.reading_sale)
    low, high = net.bounds("sale")
    low[np.isinf(low) & ~net.sale_signed] = 0.0
    low, high = np.maximum(low, plan.sale - moved), np.minimum(high, plan.sale + moved)
    with np.errstate(all="ignore"):
        curved = np.isfinite(net.elasticity)
        wanted = np.where(curved, net.reference * (net.price / price) ** net.elasticity, plan.sale)
        wanted = np.clip(np.where(np.isfinite(wanted), wanted, plan.sale), low, high)
        gain = demand_value(net, wanted) - demand_value(net, plan.sale) - price * (wanted - plan.sale)
        margin = demand_price(net, plan.sale) - price
        straight = np.maximum(margin * (high - plan.sale), margin * (low - plan.sale))
        total = float(np.nansum(np.maximum(np.where(curved, gain, straight), 0.0)[net.sells]))
        room = np.minimum(net.max_import, plan.imported + moved)
        for margin, amount, most, chosen in (
            (multipliers.price - net.import_price, plan.imported, room, net.imports),
            (-net.disposal - multipliers.price, plan.disposed, plan.disposed + moved, net.disposes),
        ):
            best = np.maximum(margin * (most - amount), -margin * amount)
            total += float(np.nansum(np.maximum(best, 0.0)[chosen]))
    return total
