"""The lines of receipts: what each operation brings with one more unit, as shares, slopes and the prices of both.

    marginal profit of an operation = sum of (by how much it moves each priced thing) * (its price)

It is 0 for one in use. Solved for the price of what the operation takes, or of what it makes, the sum is that
price's lines. Priced things are nodes: goods, rents of limits, what a reader of a non-rival good pays, ties of a
formula's minimum, and the money that all begins with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from chainopt.backprop.absorbers import LIMIT, Column, Row, Structure, absorbers, entries, structure
from chainopt.backprop.operations import AMOUNTS, DISPOSAL, IMPORT, LEVEL, SALE, USE, bounded
from chainopt.backprop.sweep import shares
from chainopt.network.demand import demand_price
from chainopt.network.tolerances import DUST_SHARE, ZERO
from chainopt.solution.solution import Solution

Kind = Literal["good", "rent", "reading", "tie", "final price", "import price", "disposal cost", "unit cost"]
Node = tuple[Kind, int]
Way = Literal[
    "shared", "read", "one taker", "import", "maker", "limit", "cycle", "nothing", "knot", "apart", "value"
]
MONEY: tuple[Kind, ...] = ("final price", "import price", "disposal cost", "unit cost")


@dataclass(frozen=True, slots=True)
class Line:
    """share * brings * the value of `of`; taker: who takes the unit, and how much he takes (nan: of nothing)."""

    kind: str
    taker: str | None
    amount: float
    share: float
    brings: float
    of: Node


@dataclass(frozen=True, slots=True)
class Draft:
    """Lines whose sum is a node's value, before it is known in which order they can be added up."""

    way: Way
    lines: tuple[Line, ...]


class Clerk:
    """What drawing up receipts needs of a solution, and the drafts by node."""

    def __init__(self, solution: Solution):
        net, plan, derivatives = solution.net, solution.plan, solution.derivatives
        assert net and plan and derivatives
        self.net, self.plan, self.ops, self.method = net, plan, derivatives.operations, derivatives.method
        self.found: Structure | None = None
        if self.method != "sweep":
            with suppress(ValueError):
                self.found = structure(net, plan, self.ops)
        found = self.found
        self.slope = sparse.csr_array(self.ops.slopes.level if found is None else found.level_slope).copy()
        self.slope.data[~np.isfinite(self.slope.data)] = 0.0
        self.uses_of: list[list[int]] = [[] for _ in net.processes]
        for u, p in enumerate(net.use_process.tolist()):
            self.uses_of[p].append(u)
        bound = found.bound if found is not None else {}
        self.limit_of: dict[Row, int] = {
            (LIMIT, limit.index): number
            for number, limit in enumerate(net.limits)
            if limit.of == "level" and bound.get(limit.index) == limit.bound
        }
        self.final = np.nan_to_num(demand_price(net, plan.sale), posinf=0.0)
        self.drafts: dict[Node, Draft] = {}

    def draw_up(self) -> dict[Node, Draft]:
        """The lines of every price and rent that the plan fixes."""
        if self.method == "sweep":
            self._by_shares()
        elif self.found is not None:
            self._by_structure(self.found)
        return self.drafts

    def begins(self, node: Node) -> float:
        """The money of a node that has no lines."""
        kind, i = node
        of = {
            "final price": self.final,
            "import price": self.net.import_price,
            "disposal cost": self.net.disposal,
            "unit cost": self.net.unit_cost,
        }
        return float(of[kind][i])

    # What each operation earns with one more unit

    def effects(self, column: Column) -> dict[Node, float]:
        """By how much a unit more of an operation moves each priced thing, money included."""
        kind, i = column
        net, found = self.net, dict[Node, float]()

        def add(node: Node, amount: float) -> None:
            found[node] = found.get(node, 0.0) + amount

        def make(k: int, amount: float) -> None:
            for g, yield_ in entries(net.yields, k):
                add(("good", g), amount * yield_)
            if (LIMIT, k) in self.limit_of:
                number = self.limit_of[LIMIT, k]
                add(("rent", number), -net.limits[number].sign * amount)
            if net.unit_cost[k]:
                add(("unit cost", k), -amount)

        if kind == LEVEL:
            make(i, 1.0)
            for u in self.uses_of[net.level_process[i]]:
                node: Node = ("good", int(net.use_good[u])) if net.rival[net.use_good[u]] else ("reading", u)
                add(node, -float(net.coefficient[u]))
        elif kind == USE:
            for k, slope in entries(self.slope, i):
                make(k, slope)
            for number, slopes in enumerate(self.found.tie_slope if self.found is not None else ()):
                if i in slopes:
                    add(("tie", number), slopes[i])
            add(("good", int(net.use_good[i])), -1.0)
        elif kind == IMPORT:
            add(("good", i), 1.0)
            add(("import price", i), -1.0)
        else:
            add(("good", i), -1.0)
            add(("final price", i) if kind == SALE else ("disposal cost", i), 1.0 if kind == SALE else -1.0)
        return {node: amount for node, amount in found.items() if amount}

    def amount(self, column: Column) -> float:
        """What an operation moves: of a Leontief level, its level."""
        kind, i = column
        return float(getattr(self.plan, AMOUNTS[kind])[i])

    def taker(self, column: Column) -> tuple[str, str | None]:
        """An operation's kind in words, and its process."""
        kind, i = column
        if kind == USE:
            return "use", self.net.processes[self.net.use_process[i]]
        if kind == LEVEL:
            return "level", self.net.processes[self.net.level_process[i]]
        return {SALE: "sale", IMPORT: "import", DISPOSAL: "disposal"}[kind], None

    def lines(
        self,
        column: Column,
        own: Node | None,
        *,
        share: float = 1.0,
        rate: float = -1.0,
        amount: float | None = None,
    ) -> Iterator[Line]:
        """The lines of an operation that takes `-rate` of `own` with each unit, per unit of `own`."""
        effects = self.effects(column)
        if own is not None:
            effects[own] = effects.get(own, 0.0) - rate
        moved = self.amount(column) if amount is None else amount
        for node, effect in effects.items():
            if effect:
                yield Line(*self.taker(column), moved, share, -effect / rate, node)

    # Where lines come from

    def _by_shares(self) -> None:
        """A smooth chain: every good by the shares of all that take it, as the reverse sweep has them."""
        net, part = self.net, shares(self.net, self.plan, self.ops)
        takers: list[list[tuple[Column, float]]] = [[] for _ in net.goods]
        for u, g in enumerate(net.use_good.tolist()):
            if abs(part.use[u]) > ZERO or net.signed[u]:
                takers[g].append(((USE, u), float(part.use[u])))
        for g in range(len(net.goods)):
            if net.sells[g] and abs(part.sale[g]) > DUST_SHARE:
                takers[g].append(((SALE, g), float(part.sale[g])))
            if net.disposes[g] and part.disposed[g] > DUST_SHARE:
                takers[g].append(((DISPOSAL, g), float(part.disposed[g])))
            if part.live[g]:
                self._shared(g, takers[g])

    def _shared(self, g: int, takers: list[tuple[Column, float]]) -> None:
        """A good that all of these take, each with its share."""
        node: Node = ("good", g)
        way: Way = "read" if not self.net.rival[g] else "shared" if len(takers) > 1 else "one taker"
        lines = (line for column, share in takers for line in self.lines(column, node, share=share))
        self.drafts[node] = Draft(way, tuple(lines))

    def _by_structure(self, found: Structure) -> None:
        """A chain with Leontief processes or binding limits: shares where there are any, else who takes it up."""
        net = self.net
        try:
            chosen = absorbers(found)
        except ValueError:
            # Some price is open: those that are shared still add up.
            chosen = {}
        rows = {row: column for column, row in chosen.items()}
        for g in np.flatnonzero(found.moving).tolist():
            if not net.rival[g]:
                self._read(found, g)
            elif ("good", g) in rows:
                self._solved(("good", g), rows["good", g])
            elif members := [column for column in found.groups[g] if column not in chosen]:
                total = sum(map(self.amount, members))
                alone = len(members) == 1
                self._shared(g, [(each, 1.0 if alone else self.amount(each) / total) for each in members])
        for row, column in rows.items():
            if row[0] == LIMIT:
                self._solved(("rent", self.limit_of[row]), column)
            elif row[0] in ("reading", "tie"):
                self._solved((row[0], row[1]), column)  # type: ignore[arg-type]
        self._held(found)

    def _read(self, found: Structure, g: int) -> None:
        """A non-rival good: what its readers would pay, added up."""
        net = self.net
        node: Node = ("good", g)
        lines: list[Line] = []
        for u in np.flatnonzero(net.use_good == g).tolist():
            if u in found.readings:
                reader = net.processes[net.use_process[u]]
                lines.append(Line("use", reader, self.amount((USE, u)), 1.0, 1.0, ("reading", u)))
            elif not net.leontief[net.use_process[u]]:
                lines += self.lines((USE, u), node)
        if net.sells[g]:
            lines += self.lines((SALE, g), node)
        self.drafts[node] = Draft("read", tuple(lines))

    def _solved(self, node: Node, column: Column) -> None:
        """A node at the value at which an operation neither gains nor loses."""
        rate = self.effects(column).get(node, 0.0)
        if not rate:
            return
        moved = self.amount(column) * (abs(rate) if column[0] == LEVEL else 1.0)
        way: Way = "maker" if rate > 0 else "one taker"
        if column[0] == IMPORT or node[0] == "rent":
            way = "import" if column[0] == IMPORT else "limit"
        self.drafts[node] = Draft(way, tuple(self.lines(column, node, rate=rate, amount=moved)))

    def _held(self, found: Structure) -> None:
        """The rent of a limit that holds an operation: what the operation earns at the margin."""
        net, binds = self.net, self.ops.may[self.ops.rent_columns]
        columns = {
            number: column
            for number, limit in enumerate(net.limits)
            if binds[number] and (column := bounded(net, limit)) in found.held
        }
        several = Counter(columns.values())
        for number, column in columns.items():
            if several[column] > 1:
                continue
            limit = net.limits[number]
            per = float(net.coefficient[limit.index]) if limit.of == "use" and column[0] == LEVEL else 1.0
            lines = tuple(self.lines(column, None, rate=-limit.sign * per))
            self.drafts["rent", number] = Draft("limit", lines)
