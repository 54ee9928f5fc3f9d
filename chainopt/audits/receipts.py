"""Receipts: each price and rent as a sum of lines that anyone can add up.

    price_g = sum over lines of  share * brings * price of what it brings

A line is a part of what one more unit of g does at fixed shares: a taker's share of it, by how much it moves what
that taker makes (or costs, with a minus), and what that is worth. A rival good is shared among its free takers; a
non-rival good is read whole by each, so that their lines add up. Where nothing is free to share, the price is that
at which one operation in use (an import, a Leontief process) neither gains nor loses: the one that would take up
the last unit, as `absorbers` finds it. Prices that need each other are resolved around their cycle: such a line is
the sum over all rounds, a row of (I - A)^-1 B.

The lines come from the chain and the plan. Where they leave a price open, it is a value, without lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from chainopt.audits.receipt_lines import MONEY, Clerk, Draft, Line, Node, Way
from chainopt.network.network import Network
from chainopt.network.order import layers
from chainopt.network.tolerances import LEAST_PRICE, RANK, SAME
from chainopt.solution.solution import Solution

MOST_USES = 5_000
"""The most uses of a chain whose receipts are drawn up."""
_MOST_AROUND = 60


@dataclass(frozen=True, slots=True)
class Receipt:
    """A price or a rent: its value, and the lines that add up to it.

    way: how they come about; every one of these has lines. Without lines it is a value that stays as it is:
    "nothing" where a further unit brings nothing, a sum of no lines, "knot" in a cycle of too many prices, "apart"
    where lines come to another figure, as where next to nothing moves, "value" where nothing fixes it.
    """

    node: Node
    way: Way
    value: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Receipts:
    """Every receipt in an order in which they can be added up, and the money that they begin with.

    money: final, import and disposal prices by good, and unit costs by level. A node's number is that of a good,
    a limit, a use, a tie or a level of `net`; all money is in one unit.
    """

    net: Network
    receipts: tuple[Receipt, ...]
    money: dict[Node, float]

    def values(self) -> dict[Node, float]:
        """What every node comes to."""
        return self.money | {receipt.node: receipt.value for receipt in self.receipts}


def receipts(solution: Solution, *, unit: float = 1.0, also: Iterable[Node] = ()) -> Receipts | None:
    """Receipts of a certified solution's prices and rents, in money divided by unit; None where it is not
    certified, or the chain has more than MOST_USES uses.

    also: money that is among what the prices begin with, whether or not a line refers to it.
    """
    net = solution.net
    if not solution.certified or net is None or len(net.use_good) > MOST_USES:
        return None
    clerk = Clerk(solution)
    drafts = clerk.draw_up()
    goods: list[Node] = [("good", g) for g in range(len(net.goods))]
    asked = sorted({*(line.of for draft in drafts.values() for line in draft.lines), *also})
    money = {node: clerk.begins(node) / unit for node in asked if node[0] in MONEY}
    nodes = list(dict.fromkeys([*goods, *drafts, *(node for node in asked if node not in money)]))
    return Receipts(net, tuple(_Adder(solution, unit, drafts).add(nodes, money)), money)


class _Adder:
    """Adds lines up, each price after those that its lines refer to; least: what a price counts as at least."""

    def __init__(self, solution: Solution, unit: float, drafts: dict[Node, Draft]):
        derivatives, multipliers = solution.derivatives, solution.multipliers
        assert derivatives and multipliers
        self.unit, self.drafts, self.derivatives, self.multipliers = unit, drafts, derivatives, multipliers
        self.least = LEAST_PRICE * float(np.nanmax(np.abs(multipliers.price), initial=0.0)) / unit

    def add(self, nodes: list[Node], money: dict[Node, float]) -> Iterator[Receipt]:
        """Receipts one after the other, each from those before it."""
        place = {node: i for i, node in enumerate(nodes)}
        pairs = [
            (place[line.of], place[node])
            for node, draft in self.drafts.items()
            for line in draft.lines
            if line.of not in money
        ]
        tail, head = zip(*pairs, strict=True) if pairs else ((), ())
        edges = sparse.csr_array((np.ones(len(pairs)), (tail, head)), shape=(len(nodes), len(nodes)))
        values = dict(money)
        for layer in layers(edges):
            drafts: list[tuple[Node, Draft | None]] = [
                (nodes[i], self.drafts.get(nodes[i])) for i in layer.alone.tolist()
            ]
            for cycle in layer.cycles:
                drafts += self._resolved([nodes[i] for i in cycle.tolist()])
            for node, draft in drafts:
                found = self._receipt(node, draft, values)
                values[node] = found.value
                yield found

    def _receipt(self, node: Node, draft: Draft | None, values: dict[Node, float]) -> Receipt:
        if draft is None or draft.way == "knot":
            return Receipt(node, "knot" if draft else "value", self.known(node), ())
        value = sum(line.share * line.brings * values[line.of] for line in draft.lines) + 0.0
        if self._stands(node, value):
            return Receipt(node, draft.way if draft.lines else "nothing", value, draft.lines)
        return Receipt(node, "apart" if np.isfinite(value) else "value", self.known(node), ())

    def _stands(self, node: Node, value: float) -> bool:
        """Whether lines come to what is known of their sum: a plan may be too delicate for them."""
        known = self.known(node)
        if not np.isfinite(value):
            return False
        size = max(abs(value), abs(known), self.least)
        return np.isnan(known) or abs(value - known) <= SAME * size

    def _resolved(self, cycle: list[Node]) -> Iterator[tuple[Node, Draft]]:
        """The nodes of a cycle from what is outside it: x = A x + B y, x = (I - A)^-1 B y."""
        place = {node: i for i, node in enumerate(cycle)}
        outside = list(
            dict.fromkeys(line.of for node in cycle for line in self.drafts[node].lines if line.of not in place)
        )
        column = {node: i for i, node in enumerate(outside)}
        inner, outer = np.zeros((len(cycle), len(cycle))), np.zeros((len(cycle), len(outside)))
        for i, node in enumerate(cycle):
            for line in self.drafts[node].lines:
                into = (inner, place) if line.of in place else (outer, column)
                into[0][i, into[1][line.of]] += line.share * line.brings
        around = np.eye(len(cycle)) - inner
        if len(cycle) > _MOST_AROUND or 1.0 / np.linalg.cond(around) < RANK:
            yield from ((node, Draft("knot", ())) for node in cycle)
            return
        whole = np.linalg.solve(around, outer)
        for node, factors in zip(cycle, whole.tolist(), strict=True):
            lines = (
                Line("cycle", None, np.nan, 1.0, factor, of)
                for of, factor in zip(outside, factors, strict=True)
                if factor
            )
            yield node, Draft("cycle", tuple(lines))

    def known(self, node: Node) -> float:
        """A price or a rent by other means: the derivative where there is one, else the multiplier."""
        kind, i = node
        derivatives, multipliers = self.derivatives, self.multipliers
        unknowns, goods = derivatives.unknowns, len(multipliers.price)
        if kind == "good":
            found, other = derivatives.price[i], multipliers.price[i]
        elif kind == "rent":
            found, other = unknowns[derivatives.operations.rent_columns][i], multipliers.rent[i]
        elif kind == "reading":
            found, other = unknowns[goods + i], multipliers.reading[i]
        else:
            return np.nan
        return float(other if np.isnan(found) else found) / self.unit
