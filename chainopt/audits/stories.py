"""Who sets each good's price: what one more unit of it changes outside the chain, and what that brings.

    price = sum over moves of  amount * price outside      the low end of the price, for one more unit
                                                           the high end, for one less, its sign reversed

A move is a sale, a purchase, a disposal or a cost that changes with the good (`marginal`). Where the two ends
differ, each has moves of its own. Where several plans are as good, the moves are those of the plan that moves
least, "for example".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from chainopt.audits.marginal import Response, Tangent, tangent_of
from chainopt.network.network import Network
from chainopt.network.tolerances import CERTIFIED, ONE_PRICE, SAME, SHOWN
from chainopt.solution.solution import Solution, first_units
from chainopt.technology.arrays import Array
from chainopt.words.display import Displayed
from chainopt.words.figures import figure

MOST_USES = 600
"""Uses up to which every good's story is told: of larger chains those of the greatest turnover are, where it needs
no more than one system of equations for all of them."""
MOST_TOLD = 12
_NAMED = 3
_LITTLE = 1e-4
"""Of the largest: a move that brings less, or a process that changes by less of itself, is left out."""

Kind = Literal["sale", "import", "disposal", "cost"]


@dataclass(frozen=True, slots=True)
class Move:
    """A flow out of the chain or into it, or a process's cost, that changes: worth = amount * price.

    amount: by how much, for one unit more or less of the story's good; price: what a unit of it brings, above 0
    for a sale, below for what is bought or costs. process: of a cost, the process that runs more or less.
    """

    kind: Kind
    good: str | None
    process: str | None
    amount: float
    price: float
    worth: float


@dataclass(frozen=True, slots=True)
class Side:
    """What one more unit of a good (or one less) changes: moves, the most valuable first, whose worths add up.

    runs: the processes that run more or less for it, and by how much of their level; worth: what all moves bring;
    unique: whether nothing else is as good.
    """

    moves: tuple[Move, ...]
    runs: tuple[tuple[str, float], ...]
    worth: float
    unique: bool


@dataclass(frozen=True, slots=True)
class Story(Displayed):
    """A good's price and what sets it, in words (`text`), and in figures.

    more, less: what one more unit, or one less, changes; None where there can be none, or it was not found.
    end: who sets the price, in short. why: the words after the price.
    """

    good: str
    price: float
    low: float
    high: float
    more: Side | None
    less: Side | None
    end: str
    why: str
    text: str = field(default="")


def stories(solution: Solution, *, unit: float = 1.0, tangent: Tangent | None = None) -> dict[str, Story]:
    """A story for each good of a certified solution, in money of the unit; empty where it is not certified.

    Of a chain of more than MOST_USES uses, for the goods of the greatest turnover alone. tangent: the directions
    at its plan, where they are there already.
    """
    tangent = tangent or tangent_of(solution)
    if tangent is None:
        return {}
    net, goods = tangent.net, np.arange(len(tangent.net.goods))
    if len(net.use_good) > MOST_USES:
        assert solution.multipliers
        worth = np.abs(np.nan_to_num(solution.multipliers.price)) * tangent.ops.measure.moved
        goods = np.sort(np.argsort(-worth, kind="stable")[:MOST_TOLD])
        tangent.quick = True
    teller = _Teller(solution, unit, tangent)
    return {net.goods[g]: teller.tell(int(g)) for g in goods}


class _Teller:
    """A solution's goods, asked one after the other."""

    def __init__(self, solution: Solution, unit: float, tangent: Tangent):
        intervals = solution.intervals
        assert intervals
        self.net, self.unit, self.tangent = tangent.net, unit, tangent
        self.price, self.low, self.high = first_units(solution), intervals.low, intervals.high
        self.size = tangent.ops.measure

    def tell(self, g: int) -> Story:
        price, low, high = self.price[g], self.low[g], self.high[g]
        more = self._side(g, 1, low)
        near = ONE_PRICE * max(abs(low), abs(high)) + SHOWN * self.size.trifle[g]
        one = bool(np.isfinite(near) and abs(high - low) <= near)
        less = None if one else self._side(g, -1, high)
        why = self._why(more, low, one) if one else self._ends(more, less, low, high)
        shown = figure(price / self.unit) if np.isfinite(price) else "no price of its own"
        return Story(
            good=self.net.goods[g],
            price=float(price) / self.unit,
            low=float(low) / self.unit,
            high=float(high) / self.unit,
            more=more,
            less=less,
            end=_end(more or less),
            why=why,
            text=f"{shown}: {why}",
        )

    def _side(self, g: int, sign: int, end: float) -> Side | None:
        """What a unit changes; None where it can't be, or doesn't come to the end of the price that is known."""
        found = self.tangent.response(g, sign) if np.isfinite(end) else None
        near = SAME * abs(end) + CERTIFIED * self.size.trifle[g]
        if found is None or not abs(sign * found.worth - end) <= near:
            return None
        return _sided(self.net, found, self.size.level, self.unit)

    def _why(self, side: Side | None, end: float, one: bool) -> str:
        if side is None:
            return "what sets it is not told, as more of it has no single effect" if one else ""
        if not side.moves:
            return "one more changes nothing that is bought, sold or paid"
        return f"one more means {_listed(side)}"

    def _ends(self, more: Side | None, less: Side | None, low: float, high: float) -> str:
        """Both ends of a price, with what each means."""
        parts = []
        if np.isneginf(low):
            parts.append("no more of it can be placed")
        else:
            means = f": {_listed(more)}" if more is not None and more.moves else ""
            parts.append(f"one more is worth {figure(low / self.unit)}{means}")
        if np.isposinf(high):
            parts.append("the plan can't do with less")
        else:
            means = f": {_listed(less)}" if less is not None and less.moves else ""
            parts.append(f"one less costs {figure(high / self.unit)}{means}")
        return "; ".join(parts)


def _sided(net: Network, found: Response, level: Array, unit: float) -> Side:
    change = found.change
    by_good: tuple[tuple[Kind, Array, Array], ...] = (
        ("sale", change.sale, found.sold),
        ("import", change.imported, found.bought),
        ("disposal", change.disposed, found.thrown),
    )
    moves = []
    for kind, amount, worth in by_good:
        for g in np.flatnonzero(amount).tolist():
            price = worth[g] / amount[g] / unit
            moves.append(Move(kind, net.goods[g], None, float(amount[g]), float(price), float(worth[g]) / unit))
    for k in np.flatnonzero(found.cost).tolist():
        process = net.processes[net.level_process[k]]
        price = -float(net.unit_cost[k]) / unit
        moves.append(Move("cost", None, process, float(change.level[k]), price, float(found.cost[k]) / unit))
    moves.sort(key=lambda move: -abs(move.worth))
    most = abs(moves[0].worth) if moves else 0.0
    # What brings nothing is told where nothing else is: it is thrown away, or sold for nothing.
    kept = [move for move in moves if abs(move.worth) > _LITTLE * most] or moves[:1]
    share = np.abs(change.level) / level
    running = np.flatnonzero(share > _LITTLE * share.max(initial=0.0))
    order = running[np.argsort(-share[running], kind="stable")]
    runs = [(net.processes[net.level_process[k]], float(change.level[k])) for k in order.tolist()]
    return Side(tuple(kept), tuple(runs), found.worth / unit, found.unique)


def _listed(side: Side) -> str:
    """The largest moves in words, what each brings, and through which processes."""
    shown = side.moves[:_NAMED]
    several = len(side.moves) > 1
    parts = [_said(move) + (f" ({move.worth:+,.4g})" if several else "") for move in shown]
    rest = side.moves[_NAMED:]
    if rest:
        parts.append(f"{len(rest)} other {'move' if len(rest) == 1 else 'moves'} ({_sum(rest):+,.4g})")
    names = list(dict.fromkeys(name for name, _ in side.runs))
    paid = {move.process for move in shown}
    through = [name for name in names if name not in paid]
    way = ""
    if through:
        more = f" and {len(through) - _NAMED} more" if len(through) > _NAMED else ""
        way = f", through {', '.join(through[:_NAMED])}{more}"
    return ("" if side.unique else "for example ") + ", ".join(parts) + way


def _sum(moves: tuple[Move, ...]) -> float:
    return sum(move.worth for move in moves)


def _said(move: Move) -> str:
    amount, price = figure(abs(move.amount)), figure(abs(move.price))
    much = f"{amount} {'more' if move.amount > 0 else 'less'}"
    if move.kind == "sale":
        return f"{much} {move.good} sold at {price if move.price >= 0 else '-' + price}"
    if move.kind == "import":
        return f"{much} {move.good} bought at {price}"
    if move.kind == "cost":
        return f"{move.process} running {much} at a cost of {price}"
    if not move.price:
        return f"{much} {move.good} thrown away"
    return f"{much} {move.good} thrown away {'at a cost of' if move.price < 0 else 'for'} {price}"


def _end(side: Side | None) -> str:
    """Who sets a price: of the move that brings or costs most."""
    if side is None or not side.moves:
        return "nothing outside the chain"
    first = side.moves[0]
    if first.kind == "cost":
        return f"cost of {first.process}"
    of = {"sale": "sale of", "import": "import of", "disposal": "disposal of"}
    return f"{of[first.kind]} {first.good}"
