"""The flow of value from supplies to final demand: a Sankey diagram whose nodes balance.

What comes in on a process's left, inputs + unit cost + rent + other profit, is as high as what leaves on its
right, revenue + loss. Money never flows against a link: a good with a negative price is a service that its takers
are paid for, so that its links point from taker to maker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainopt.network.tolerances import CERTIFIED, SHOWN
from chainopt.report.content.legible import legible, percent, short
from chainopt.report.content.salience import felt_prices, foremost, money_scale
from chainopt.report.picture.flows import Flows
from chainopt.report.picture.layout import layered
from chainopt.report.picture.picture import Key, Link, Mark, Node, Picture, Point, curve, left_out
from chainopt.rows.tables import Tables
from chainopt.words.figures import figure

WIDE, HIGH, MARGIN = 1200.0, 680.0, 40.0
TALLEST, GAP, HALF, STUB = 230.0, 16.0, 5.0, 16.0
MOST_FLOWS = 60
"""The most goods, and the most processes, whose flows can be told apart."""
PARTS = {
    "cp-supply": "supply",
    "cp-import": "imports",
    "cp-cost": "unit cost",
    "cp-rent": "rent of limits",
    "cp-profit": "other profit",
    "cp-sale": "final demand",
    "cp-lost": "loss",
    "cp-waste": "disposal",
    "cp-rest": "what is not drawn",
}
TITLES = {
    "good": ("Supply", "Imports", "Made", "Used", "Sales", "Disposal", "Price"),
    "process": ("Inputs", "Unit cost", "Rent", "Other profit", "Revenue"),
    "link": ("Amount", "Share of the good", "Value"),
}


@dataclass(slots=True)
class _Side:
    """What passes one side of a node, as money: links by number, and parts of its account by look."""

    links: dict[int, float] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.links.values()) + sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class _Stream:
    """A link's ends, its money, and its figures."""

    tail: int
    head: int
    money: float
    paid: bool
    figures: list[str]


def value_picture(flows: Flows, whole: Tables) -> Picture | None:
    """The picture of the goods and processes that move the most money; None where nothing has a price."""
    noise = SHOWN * money_scale(whole)
    if not noise > 0:
        return None
    kept = foremost(whole, MOST_FLOWS, MOST_FLOWS)
    streams, sides = _accounts(flows, whole, kept, noise)
    money = [max(left.total, right.total) for left, right in sides]
    drawn = [i for i, worth in enumerate(money) if worth > noise]
    if not drawn:
        return None
    place = {i: n for n, i in enumerate(drawn)}
    unit = TALLEST / max(money)
    size = [max(unit * money[i], 2.0) for i in drawn]
    thick = [unit * stream.money for stream in streams]
    ends = [(place[stream.tail], place[stream.head]) for stream in streams]
    layout = layered(size, ends, [0.05 + t for t in thick], thick, GAP)
    top, bottom = layout.extent(size, thick)
    fit = min(1.0, (HIGH - 2 * MARGIN) / (bottom - top))
    column = float(np.clip((WIDE - 2 * MARGIN) / max(int(layout.rank.max()), 1), 46.0, 190.0))

    loops = [14.0 + fit * t / 2 if back else 0.0 for t, back in zip(thick, layout.back, strict=True)]
    # A loop swings out by three quarters of its handles, and half its width beyond.
    swing = max((0.75 * loop + fit * t / 2 for loop, t in zip(loops, thick, strict=True) if loop), default=0.0)

    def at(rank: int, height: float) -> Point:
        return MARGIN + swing + column * rank, MARGIN + fit * (height - top)

    goods = kept.goods.assign(price=felt_prices(kept))
    records = [*goods.to_dict("records"), *kept.processes.to_dict("records")]
    nodes = [
        _node(records[i], *sides[i], money[i], at(rank, y), fit * high / 2)
        for i, rank, y, high in zip(drawn, layout.rank, layout.y, size, strict=True)
    ]
    bends = [[at(*bend) for bend in points] for points in layout.bends]
    ports: dict[tuple[int, bool], float] = {}
    marks: list[Mark] = []
    for node, i in zip(nodes, drawn, strict=True):
        for into, side in zip((True, False), sides[i], strict=True):
            height = node.y - fit * unit * side.total / 2
            start = node.x + (-HALF - STUB if into else HALF)

            def other(link: int, into: bool = into) -> float:
                return bends[link][-1 if into else 0][1] if bends[link] else nodes[ends[link][0 if into else 1]].y

            for link in sorted(side.links, key=other):
                width = fit * thick[link]
                ports[link, into] = height + width / 2
                height += width
            for look, part in side.parts.items():
                high = fit * unit * part
                marks.append(Mark(f"M{start:.1f} {height:.2f}h{STUB:.0f}v{high:.2f}h{-STUB:.0f}z", look))
                height += high
    links = []
    for i, ((a, b), stream, back) in enumerate(zip(ends, streams, layout.back, strict=True)):
        points = [(nodes[a].x + HALF, ports[i, False]), *bends[i], (nodes[b].x - HALF, ports[i, True])]
        look = "cp-back" if back else "cp-paid" if stream.paid else ""
        links.append(Link(a, b, curve(points, back, loops[i]), fit * thick[i], look, stream.figures))
    looks = {mark.look for mark in marks} | {link.look for link in links}
    legend = [
        Key("cp-good", "stub", "good"),
        Key("cp-process", "stub", "process"),
        *(Key(look, "stub", text) for look, text in PARTS.items() if look in looks),
    ]
    if "cp-back" in looks:
        legend.append(Key("cp-back", "back", "recycle: flows back"))
    return Picture(
        name="value-flow",
        title="Value flow",
        caption="Money at the goods' prices, from supplies on the left to final demand on the right. What comes "
        "into a process on its left (inputs, unit cost, rent, other profit) is as high as what leaves it: its "
        "revenue, and any loss",
        width=at(int(layout.rank.max()), 0.0)[0] + MARGIN + swing,
        height=2 * MARGIN + fit * (bottom - top),
        nodes=nodes,
        links=links,
        marks=marks,
        legend=legend,
        titles=TITLES,
        tables=("processes", "balances"),
        clear=STUB,
        left_out=left_out(whole, kept),
    )


def _accounts(
    flows: Flows, whole: Tables, kept: Tables, noise: float
) -> tuple[list[_Stream], list[tuple[_Side, _Side]]]:
    """The links with money in them, and the left and the right of each node: goods first, then processes."""
    streams: list[_Stream] = []
    sides = [(_Side(), _Side()) for _ in range(len(kept.goods) + len(kept.processes))]

    def part(node: int, look: str, money: float, *, into: bool) -> None:
        # What has a negative worth is on the other side of the account.
        left, right = sides[node]
        parts = (left if (money > 0) == into else right).parts
        if abs(money) > noise:
            parts[look] = parts.get(look, 0.0) + abs(money)

    share = whole.uses["share"].to_dict()
    links = flows.between(kept)
    links = links[links["value"].abs() > noise]
    for row, into, a, b, amount, money in links[["into", "tail", "head", "amount", "value"]].itertuples():
        if a < 0 or b < 0:
            if a >= 0:
                part(a, "cp-rest", money, into=False)
            if b >= 0:
                part(b, "cp-rest", money, into=True)
            continue
        tail, head = (a, b) if money > 0 else (b, a)
        figures = [figure(amount), percent(share[row]) if into else "", figure(money)]
        sides[tail][1].links[len(streams)] = sides[head][0].links[len(streams)] = abs(money)
        streams.append(_Stream(tail, head, abs(money), money < 0, figures))
    # A non-rival good is sold at final demand's own price, beside what its readers pay.
    own = whole.uses[whole.uses["kind"] == "sale"].set_index("good")["value"]
    readers = flows.uses.groupby("good")["amount"].sum()
    for i, (g, row) in enumerate(zip(kept.goods.index, kept.goods.to_dict("records"), strict=True)):
        price = row["price"]
        if np.isnan(price):
            continue
        shared = readers.get(g, 0.0) + row["sold"] + row["disposed"]
        gone = row["supply"] + row["imported"] + row["produced"]
        rival = abs(shared - gone) <= CERTIFIED * max(abs(shared), abs(gone))
        part(i, "cp-supply" if row["supply"] > 0 else "cp-sale", price * row["supply"], into=True)
        part(i, "cp-import", price * row["imported"], into=True)
        part(i, "cp-sale", (price if rival else own.get(row["good"], price)) * row["sold"], into=False)
        part(i, "cp-waste", price * row["disposed"], into=False)
    for i, account in enumerate(flows.accounts.loc[kept.processes.index].to_dict("records"), len(kept.goods)):
        for name, look, less in (
            ("unit cost", "cp-cost", "cp-sale"),
            ("rent", "cp-rent", "cp-lost"),
            ("surplus", "cp-profit", "cp-lost"),
        ):
            part(i, look if account[name] > 0 else less, account[name], into=True)
    return streams, sides


def _node(row: Mapping[Any, Any], left: _Side, right: _Side, money: float, at: Point, half: float) -> Node:
    inputs, outputs = sum(left.links.values()), sum(right.links.values())
    kind = "good" if "good" in row else "process"
    parts = {**right.parts, **left.parts}
    if kind == "good":
        supply, bought, sold, waste = (
            parts.get(f"cp-{part}", 0.0) for part in ("supply", "import", "sale", "waste")
        )
        figures = _texts([supply, bought, inputs, outputs, sold, waste])
        figures.append(f"{figure(row['price'])} {legible(row['price unit'])}")
    else:
        cost = left.parts.get("cp-cost", 0.0)
        figures = _texts([row["cost"] - cost, cost, row["rent"], row["profit"] - row["rent"], row["revenue"]])
    return Node(
        kind=kind,
        name=short(row[kind], 28),
        x=at[0],
        y=at[1],
        half=(HALF, half),
        look="",
        figures=figures,
        weight=money * (1.0 if kind == "good" else 0.9),
        sign=figure(float(f"{money:.3g}")),
    )


def _texts(money: Iterable[float]) -> list[str]:
    return [figure(value) if value else "" for value in money]
