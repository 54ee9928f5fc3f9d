"""The flow of value from supplies to final demand: a Sankey diagram whose nodes balance.

What comes in on a process's left, inputs + unit cost + rent + other profit, is as high as what leaves on its
right, revenue + loss. Money never flows against a link: a good with a negative price is a service that its takers
are paid for, so that its links point from taker to maker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from chainopt.network.tolerances import CERTIFIED, SHOWN
from chainopt.report.content.legible import figure, legible, percent, short
from chainopt.report.content.salience import foremost, money_scale
from chainopt.report.picture.flows import Flows
from chainopt.report.picture.layout import layered
from chainopt.report.picture.picture import Key, Link, Mark, Node, Picture, curve, left_out
from chainopt.rows.tables import Tables

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
    """What passes one side of a node: links by number, and parts of its account by look, as money."""

    links: list[int] = field(default_factory=list)
    parts: dict[str, float] = field(default_factory=dict)


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
    streams, left, right = _accounts(flows, whole, kept, noise)
    money = [max(_total(left[i], streams), _total(right[i], streams)) for i in range(len(left))]
    drawn = [i for i in range(len(left)) if money[i] > noise]
    if not drawn:
        return None
    place = {i: n for n, i in enumerate(drawn)}
    unit = TALLEST / max(money)
    size = [max(unit * money[i], 2.0) for i in drawn]
    thick = [unit * stream.money for stream in streams]
    ends = [(place[stream.tail], place[stream.head]) for stream in streams]
    layout = layered(size, ends, [0.05 + t for t in thick], thick, GAP)
    heights = [
        *((y - h / 2, y + h / 2) for y, h in zip(layout.y, size, strict=True)),
        *(
            (y - t / 2, y + t / 2)
            for bends, t in zip(layout.bends, thick, strict=True)
            for _, y in bends
        ),
    ]  # fmt: skip
    top, bottom = min(low for low, _ in heights), max(high for _, high in heights)
    fit = min(1.0, (HIGH - 2 * MARGIN) / (bottom - top))
    column = float(np.clip((WIDE - 2 * MARGIN) / max(int(layout.rank.max()), 1), 46.0, 190.0))

    loops = [14.0 + fit * t / 2 if back else 0.0 for t, back in zip(thick, layout.back, strict=True)]
    # A loop swings out by three quarters of its handles, and half its width beyond.
    swing = max((0.75 * loop + fit * t / 2 for loop, t in zip(loops, thick, strict=True) if loop), default=0.0)

    def x(rank: int) -> float:
        return MARGIN + swing + column * rank

    def y(height: float) -> float:
        return MARGIN + fit * (height - top)

    nodes = [
        _node(i, whole, kept, left[i], right[i], streams, money[i], (x(layout.rank[n]), y(layout.y[n])),
              fit * size[n] / 2)
        for n, i in enumerate(drawn)
    ]  # fmt: skip
    bends = [[(x(r), y(h)) for r, h in points] for points in layout.bends]
    ports: dict[tuple[int, bool], float] = {}
    marks: list[Mark] = []
    for n, i in enumerate(drawn):
        for side, into in ((left[i], True), (right[i], False)):
            at = nodes[n].y - fit * unit * _total(side, streams) / 2

            def other(link: int, into: bool = into) -> float:
                near = bends[link]
                if near:
                    return near[-1 if into else 0][1]
                return nodes[place[streams[link].tail if into else streams[link].head]].y

            for link in sorted(side.links, key=other):
                width = fit * thick[link]
                ports[link, into] = at + width / 2
                at += width
            for look, part in side.parts.items():
                start = nodes[n].x + (-HALF - STUB if into else HALF)
                marks.append(Mark(f"M{start:.1f} {at:.2f}h{STUB:.0f}v{fit * unit * part:.2f}h{-STUB:.0f}z", look))
                at += fit * unit * part
    links = [
        Link(
            tail=a,
            head=b,
            path=curve(
                [(nodes[a].x + HALF, ports[i, False]), *bends[i], (nodes[b].x - HALF, ports[i, True])],
                layout.back[i],
                loops[i],
            ),
            width=fit * thick[i],
            look="cp-back" if layout.back[i] else "cp-paid" if streams[i].paid else "",
            figures=streams[i].figures,
        )
        for i, (a, b) in enumerate(ends)
    ]
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
        width=x(int(layout.rank.max())) + MARGIN + swing,
        height=2 * MARGIN + fit * (bottom - top),
        nodes=nodes,
        links=links,
        marks=marks,
        legend=legend,
        titles=TITLES,
        tables=("processes", "balances"),
        clear=STUB,
        left_out=left_out(len(whole.goods) - len(kept.goods), len(whole.processes) - len(kept.processes)),
    )


def _total(side: _Side, streams: list[_Stream]) -> float:
    return sum(streams[link].money for link in side.links) + sum(side.parts.values())


def _accounts(
    flows: Flows, whole: Tables, kept: Tables, noise: float
) -> tuple[list[_Stream], list[_Side], list[_Side]]:
    """The links with money in them, and both sides of each node: goods first, then processes."""
    good = {g: i for i, g in enumerate(kept.goods.index)}
    process = {p: len(good) + i for i, p in enumerate(kept.processes.index)}
    count = len(good) + len(process)
    streams: list[_Stream] = []
    left, right = [_Side() for _ in range(count)], [_Side() for _ in range(count)]

    def part(node: int, look: str, money: float, *, into: bool) -> None:
        # What has a negative worth is on the other side of the account.
        side = (left if (money > 0) == into else right)[node]
        if abs(money) > noise:
            side.parts[look] = side.parts.get(look, 0.0) + abs(money)

    share = whole.uses["share"].to_dict()
    for links, uses in ((flows.uses, True), (flows.outputs, False)):
        for row, g, p, amount, money in zip(
            links.index, links["good"], links["process"], links["amount"], links["value"], strict=True
        ):
            if not abs(money) > noise:
                continue
            a, b = (good.get(g), process.get(p)) if uses else (process.get(p), good.get(g))
            if a is None or b is None:
                if a is not None:
                    part(a, "cp-rest", money, into=False)
                if b is not None:
                    part(b, "cp-rest", money, into=True)
                continue
            if money < 0:
                a, b = b, a
            figures = [figure(amount), percent(share[row]) if uses else "", figure(money)]
            right[a].links.append(len(streams))
            left[b].links.append(len(streams))
            streams.append(_Stream(a, b, abs(money), money < 0, figures))
    # A non-rival good is sold at final demand's own price, beside what its readers pay.
    own = whole.uses[whole.uses["kind"] == "sale"].set_index("good")
    readers = flows.uses.groupby("good")["amount"].sum().to_dict()
    for g, i in good.items():
        row = whole.goods.loc[g]
        price = row["price"]
        if np.isnan(price):
            continue
        shared = readers.get(g, 0.0) + row["sold"] + row["disposed"]
        gone = row["supply"] + row["imported"] + row["produced"]
        rival = abs(shared - gone) <= CERTIFIED * max(abs(shared), abs(gone))
        part(i, "cp-supply" if row["supply"] > 0 else "cp-sale", price * row["supply"], into=True)
        part(i, "cp-import", price * row["imported"], into=True)
        paid = price if rival or row["good"] not in own.index else own.at[row["good"], "value"]
        part(i, "cp-sale", paid * row["sold"], into=False)
        part(i, "cp-waste", price * row["disposed"], into=False)
    for p, i in process.items():
        account = flows.accounts.loc[p]
        part(i, "cp-cost" if account["unit cost"] > 0 else "cp-sale", account["unit cost"], into=True)
        part(i, "cp-rent" if account["rent"] > 0 else "cp-lost", account["rent"], into=True)
        part(i, "cp-profit" if account["surplus"] > 0 else "cp-lost", account["surplus"], into=True)
    return streams, left, right


def _node(
    i: int,
    whole: Tables,
    kept: Tables,
    left: _Side,
    right: _Side,
    streams: list[_Stream],
    money: float,
    at: tuple[float, float],
    half: float,
) -> Node:
    inputs = sum(streams[link].money for link in left.links)
    outputs = sum(streams[link].money for link in right.links)
    goods = len(kept.goods)
    if i < goods:
        row = kept.goods.iloc[i]
        parts = {**right.parts, **left.parts}
        figures = _texts(
            [parts.get("cp-supply", 0.0), parts.get("cp-import", 0.0), inputs, outputs,
             parts.get("cp-sale", 0.0), parts.get("cp-waste", 0.0)]
        )  # fmt: skip
        figures.append(f"{figure(row['price'])} {legible(row['price unit'])}")
        kind, name = "good", row["good"]
    else:
        row = kept.processes.iloc[i - goods]
        cost = left.parts.get("cp-cost", 0.0)
        figures = _texts([row["cost"] - cost, cost, row["rent"], row["profit"] - row["rent"], row["revenue"]])
        kind, name = "process", row["process"]
    return Node(
        kind=kind,
        name=short(name, 28),
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
