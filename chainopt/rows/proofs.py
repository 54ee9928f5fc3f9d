"""Why there is no plan, or no end, as plain rows: what anybody can check with the workbook beside it.

infeasible    price every good and every limit so: then what a plan must have counts more than any plan can
unbounded     these amounts together break nothing, however often they are added, and each time they earn
unreachable   a figure that no process, supply or import can reach, whatever runs
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.simplex.judge import Infeasible, Unbounded
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure
from chainopt.words.status import Status

MOST = 8
"""Figures that are said in a sentence; all of them are in the rows."""


def proof(solution: Solution) -> dict[str, Any] | None:
    """The proof of an infeasible or unbounded chain, by its kind; None where there is nothing to prove.

    infeasible: margin, prices (good, price) and limits (kind, good, process, limit, rent). unbounded: gain and
    amounts (kind, good, process, amount). unreachable: figures (good, process, column, amount).
    """
    found, net = solution.proof, solution.net
    if net is not None and isinstance(found, Infeasible):
        parts = {"prices": _prices(net, found), "limits": _limits(net, found)}
        return {"kind": "infeasible", "margin": found.margin, **parts}
    if net is not None and isinstance(found, Unbounded):
        return {"kind": "unbounded", "gain": found.gain, "amounts": _amounts(net, found.plan)}
    if solution.status is Status.INFEASIBLE and solution.unmet:
        names = ("good", "process", "column", "amount")
        return {
            "kind": "unreachable",
            "figures": [{n: getattr(u, n) or None for n in names} for u in solution.unmet],
        }
    return None


def told(solution: Solution) -> str:
    """The proof in a sentence; "" where there is none, or where the explanation says all of it."""
    found = proof(solution) or {}
    if found.get("kind") == "infeasible":
        prices = [f"{row['good']} at {figure(row['price'])}" for row in found["prices"]]
        weights = [f"{_named(row)} at {figure(row['rent'])}" for row in found["limits"]]
        return (
            f"Proof: at the prices and rents {_listed(prices + weights)} (all else free), what there is and all "
            f"that anybody could gain comes to {figure(-found['margin'])}, less than nothing: so no plan can be"
        )
    if found.get("kind") == "unbounded":
        amounts = [f"{_named(row)} {figure(row['amount'])}" for row in found["amounts"]]
        gain = figure(found["gain"])
        return f"Proof: {_listed(amounts)} break no limit however often they are added, and earn {gain}"
    return ""


def _named(row: dict[str, Any]) -> str:
    whose = " by ".join(name for name in (row["good"], row["process"]) if name)
    return f"{row['kind']} of {whose}"


def _listed(texts: list[str]) -> str:
    more = len(texts) - MOST
    return ", ".join(texts[:MOST]) + (f" and {more} more" if more > 0 else "")


def _prices(net: Network, found: Infeasible) -> list[dict[str, Any]]:
    return [{"good": net.goods[g], "price": float(found.price[g])} for g in np.flatnonzero(found.price)]


def _limits(net: Network, found: Infeasible) -> list[dict[str, Any]]:
    rows = []
    for i in np.flatnonzero(found.weight):
        good, process = net.whose(net.limits[i])
        limit = {"kind": net.limits[i].kind, "good": good, "process": process, "limit": net.limits[i].bound}
        rows.append({**limit, "rent": float(found.weight[i])})
    return rows


def _amounts(net: Network, plan: Plan) -> list[dict[str, Any]]:
    """What moves, each by its kind of amount: level, use, sale, imported, disposed."""
    goods, processes = np.array(net.goods, dtype=object), np.array(net.processes, dtype=object)
    nobody = np.full(max(len(goods), len(net.level_process)), None)
    good_of = {"use": goods[net.use_good], "level": nobody}
    process_of = {"use": processes[net.use_process], "level": processes[net.level_process]}
    rows = []
    for item in fields(Plan):
        amounts = getattr(plan, item.name)
        for i in np.flatnonzero(amounts).tolist():
            good, process = good_of.get(item.name, goods)[i], process_of.get(item.name, nobody)[i]
            rows.append({"kind": item.name, "good": good, "process": process, "amount": float(amounts[i])})
    return rows
