"""The chain as a layered network: goods and processes from left to right, links as wide as their value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from chainopt.audits.stories import Story
from chainopt.network.limits import KINDS
from chainopt.network.tolerances import LEAST_PRICE, SHOWN
from chainopt.report.content.legible import figure, legible, percent, short
from chainopt.report.content.salience import binding, losing, money_scale, price_scale, turnover
from chainopt.report.content.sheets import Sheet
from chainopt.report.picture.flows import Flows
from chainopt.report.picture.layout import Layout, layered
from chainopt.report.picture.picture import THINNEST, Key, Link, Mark, Node, Picture, Step, curve, left_out
from chainopt.rows.tables import Tables
from chainopt.technology.arrays import Array

Scale = Callable[[Any], Any]
WIDE, HIGH, MARGIN = 1200.0, 900.0, 34.0
MOVES = ("supply", "imported", "produced", "used", "sold", "disposed")
WIDEST = 11.0
SHADES = 5
_OF_USES = [kind for kind, about in KINDS.items() if about.of == "use"]
TITLES = {
    "good": ("Price", "in", "Derivative", "Unit", "Supply", "Imported", "Produced", "Used", "Sold", "Disposed"),
    "process": ("Level", "Revenue", "Cost", "Profit", "Of it rent", "Firm"),
    "link": ("Amount", "Share of the good", "Value"),
}


def network_picture(flows: Flows, whole: Tables, kept: Tables, shown: Mapping[str, Sheet]) -> Picture:
    """The picture of the goods and processes that are kept, with figures as the tables show them."""
    certified = bool(kept.goods["price"].notna().any())
    number = {("good", g): i for i, g in enumerate(kept.goods.index)}
    number |= {("process", p): len(number) + i for i, p in enumerate(kept.processes.index)}
    takes = _among(flows.uses, number).assign(into=True)
    makes = _among(flows.outputs, number).assign(into=False)
    links = pd.concat([takes, makes])
    good = [number["good", g] for g in links["good"]]
    process = [number["process", p] for p in links["process"]]
    ends = [(g, p) if into else (p, g) for g, p, into in zip(good, process, links["into"], strict=True)]
    size = _sizes(links, kept, certified)
    thick = np.where(size > 0, np.maximum(WIDEST * size, THINNEST), THINNEST)
    count = len(number)
    layout = layered([1.0] * count, ends, (0.02 + size).tolist(), [0.1] * len(ends), 0.6)
    x, y, column, row = _grid(layout)
    radius = float(np.clip(0.24 * min(2 * row, column), 3.0, 12.0))
    nodes = _nodes(x(layout.rank), y(layout.y), radius, whole, kept, shown, number)
    goods, drawn, marks = len(kept.goods), [], []
    capped = _capped(whole)
    loop = min(0.45 * column, 60.0)
    # In a dense picture nobody could follow a link's every bend.
    slack = 1.5 if row > 13.0 else 6.0
    figures = _figures(links, kept, shown)
    for i, ((a, b), of) in enumerate(zip(ends, zip(links["good"], links["process"], strict=True), strict=True)):
        side = -1.0 if layout.back[i] else 1.0
        bends = [(float(x(r)), float(y(h))) for r, h in layout.bends[i]]
        start = (nodes[a].x + nodes[a].half[0], nodes[a].y)
        stop = (nodes[b].x - nodes[b].half[0], nodes[b].y)
        idle = not size[i] > 0
        look = "cp-idle" if idle else "cp-back" if layout.back[i] else ""
        path = curve([start, *bends, stop], layout.back[i], loop, slack)
        drawn.append(Link(a, b, path, float(thick[i]), look, figures[i]))
        middle = bends[len(bends) // 2] if bends else ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
        if layout.back[i] and not idle:
            marks.append(Mark(_arrow(*middle, side, 3.0 + thick[i] / 2), "cp-arrow"))
        if a < goods and of in capped:
            marks.append(Mark(_diamond(*middle, 5.0), "cp-rent"))
    marks += [
        Mark(_diamond(node.x + 0.8 * radius, node.y - 0.8 * radius, max(3.5, 0.42 * radius)), "cp-rent")
        for node, own in zip(nodes, _rented(whole, kept), strict=True)
        if own
    ]
    return Picture(
        name="network",
        title="Network",
        caption="Goods (round) and processes (square), from first supplies on the left to final demand on the "
        "right; "
        + (
            "the width of a link shows the value that it carries, the colour of a good its price"
            if certified
            else "the width of a link shows its share of the good where the solver stopped: there are no prices"
        ),
        width=float(x(layout.rank.max(initial=0))) + MARGIN + (loop if any(layout.back) else 0.0),
        height=2 * MARGIN + row * _extent(layout),
        nodes=nodes,
        links=drawn,
        marks=marks,
        legend=_legend(nodes, drawn, marks, kept),
        titles=TITLES,
        clear=6.0,
        tables=("prices", "uses", "processes"),
        left_out=left_out(len(whole.goods) - goods, len(whole.processes) - len(kept.processes)),
    )


def _among(links: pd.DataFrame, number: Mapping[tuple[str, int], int]) -> pd.DataFrame:
    """The links whose both ends are drawn."""
    drawn = [
        ("good", g) in number and ("process", p) in number
        for g, p in zip(links["good"], links["process"], strict=True)
    ]
    return links[np.array(drawn, dtype=bool)]


def _sizes(links: pd.DataFrame, kept: Tables, certified: bool) -> Array:
    """How wide each link is, from 0 to 1: by value, or by its part of the good where nothing has a price."""
    if certified:
        value = links["value"].abs().fillna(0.0).to_numpy()
        return np.where(value > SHOWN * money_scale(kept), value, 0.0) / max(value.max(initial=0.0), 1e-300)
    goods = kept.goods
    whole = goods[["supply", "imported", "produced"]].abs().sum(axis=1)
    part = (links["amount"].abs() / links["good"].map(whole)).fillna(0.0).clip(upper=1.0).to_numpy()
    return np.where(part > SHOWN, part, 0.0)


def _extent(layout: Layout) -> float:
    heights = [*layout.y, *(y for bends in layout.bends for _, y in bends)]
    return max(heights) - min(heights) if heights else 0.0


def _grid(layout: Layout) -> tuple[Scale, Scale, float, float]:
    """From ranks and heights to points: functions of x and y, and the step between columns and between rows."""
    ranks = int(layout.rank.max(initial=0))
    column = float(np.clip((WIDE - 2 * MARGIN) / max(ranks, 1), 28.0, 190.0))
    row = float(np.clip((HIGH - 2 * MARGIN) / max(_extent(layout), 1.0), 7.0, 58.0))
    top = min([*layout.y, *(y for bends in layout.bends for _, y in bends)], default=0.0)
    return (lambda rank: MARGIN + column * rank), (lambda y: MARGIN + row * (y - top)), column, row


def _nodes(
    x: Array,
    y: Array,
    radius: float,
    whole: Tables,
    kept: Tables,
    shown: Mapping[str, Sheet],
    number: Mapping[tuple[str, int], int],
) -> list[Node]:
    names = {row["good"]: number["good", g] for g, row in _rows(kept.goods)}
    runs = {row["process"]: number["process", p] for p, row in _rows(kept.processes)}
    price = _felt(kept)
    shade = _shades(price)
    prices, balances, processes = (
        shown[name].shown.to_dict("index") for name in ("prices", "balances", "processes")
    )
    worth = turnover(kept.goods).abs().fillna(0.0)
    gone = set(losing(whole).index)
    nodes: list[Node] = []
    for g, good in _rows(kept.goods):
        moved = sum(abs(good[column]) for column in MOVES)
        story = whole.stories.get(good["good"])
        sold = good["sold"] > 0
        given = good["supply"] > 0 or good["imported"] > 0
        look = [f"cp-{shade[g]}", "cp-idle" * (not moved > 0), "cp-sold" * bool(sold), "cp-given" * bool(given)]
        figures = [
            prices[g]["price"],
            legible(good["price unit"]),
            prices[g]["backprop"],
            legible(good["unit"]),
            *(balances[g][column] if balances[g][column] != "0" else "" for column in MOVES),
        ]
        i = len(nodes)
        nodes.append(
            Node(
                kind="good",
                name=short(good["good"], 28),
                x=float(x[i]),
                y=float(y[i]),
                half=(radius, radius),
                look=" ".join(filter(None, look)),
                figures=figures,
                weight=float(worth[g]),
                sign=_rounded(price[g]),
                round=True,
                story=legible(story.text) if story and not story.legs else "",
                step=_step(story, names, runs),
                end=legible(story.end) if story and not story.legs else "",
            )
        )
    for p, process in _rows(kept.processes):
        i = len(nodes)
        columns = ("level", "revenue", "cost", "profit", "rent")
        look = ["cp-idle" * (process["level"] == 0), "cp-loss" * (p in gone)]
        nodes.append(
            Node(
                kind="process",
                name=short(process["process"], 28),
                x=float(x[i]),
                y=float(y[i]),
                half=(0.85 * radius, 0.85 * radius),
                look=" ".join(filter(None, look)),
                figures=[*(processes[p][column] for column in columns), legible(process["firm"])],
                # A process's name stands back behind those of the goods that it moves.
                weight=0.9 * float(np.nan_to_num(max(abs(process["revenue"]), abs(process["cost"])))),
            )
        )
    return nodes


def _rows(table: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    """Each row with its number in the whole table."""
    return list(zip(table.index.tolist(), table.to_dict("records"), strict=True))  # type: ignore[arg-type]


def _felt(kept: Tables) -> pd.Series:
    """The goods' prices, 0 where they are no more than rounding, as the tables have it."""
    price = kept.goods["price"]
    return price.mask(price.abs() <= LEAST_PRICE * SHOWN * price_scale(kept), 0.0)


def _rounded(price: float) -> str:
    return "" if isnan(price) else figure(float(f"{price:.3g}"))


def _shades(price: pd.Series) -> dict[int, str]:
    """The class of each good's price: p1 to p5 by fifths of the positive ones, zero, less, or none."""
    # Prices that read the same have one colour.
    price = price.map(lambda value: float(f"{value:.6g}"))
    positive = np.unique(price[price > 0])
    cuts = np.quantile(positive, np.arange(1, SHADES) / SHADES) if len(positive) else np.zeros(0)
    return {
        g: "none"
        if isnan(value)
        else "less"
        if value < 0
        else "zero"
        if value == 0
        else f"p{1 + int(np.searchsorted(cuts, value, side='left'))}"
        for g, value in zip(price.index.tolist(), price.tolist(), strict=True)
    }


def _step(story: Story | None, goods: Mapping[str, int], processes: Mapping[str, int]) -> Step | None:
    """The first leg of a good's story, where all of it is drawn; of one that ends in a saving, next is -1."""
    if story is None or not story.legs or story.legs[0].process not in processes:
        return None
    leg = story.legs[0]
    if leg.next is not None and leg.next not in goods:
        return None
    part = percent(leg.share) if leg.share < 0.995 else ""
    return Step(processes[leg.process], goods[leg.next] if leg.next is not None else -1, figure(leg.factor), part)


def _figures(links: pd.DataFrame, kept: Tables, shown: Mapping[str, Sheet]) -> list[list[str]]:
    noise = SHOWN * money_scale(kept)
    # An amount is rounding against what there is of its good, as in the tables.
    least = SHOWN * links["amount"].abs().groupby(links["good"]).transform("max")
    uses = shown["uses"].shown
    amount, share = uses["amount"].to_dict(), uses["share"].to_dict()
    return [
        [amount[u] if into else figure(moved, small), share[u] if into else "", figure(value, noise)]
        for u, into, moved, small, value in zip(
            links.index, links["into"], links["amount"], least, links["value"], strict=True
        )
    ]


def _capped(whole: Tables) -> set[tuple[int, int]]:
    """The uses, by good and process, whose limit costs something."""
    goods = dict(zip(whole.goods["good"], whole.goods.index, strict=True))
    processes = dict(zip(whole.processes["process"], whole.processes.index, strict=True))
    rows = binding(whole)
    rows = rows[rows["kind"].isin(_OF_USES)]
    return {(goods[g], processes[p]) for g, p in zip(rows["good"], rows["process"], strict=True)}


def _rented(whole: Tables, kept: Tables) -> list[bool]:
    """Whether each node has a limit of its own that costs something, goods first."""
    rows = binding(whole)
    rows = rows[~rows["kind"].isin(_OF_USES)]
    goods, processes = set(rows["good"].dropna()), set(rows["process"].dropna())
    return [*(g in goods for g in kept.goods["good"]), *(p in processes for p in kept.processes["process"])]


def _diamond(x: float, y: float, size: float) -> str:
    return f"M{x - size:.1f} {y:.1f}l{size:.1f} {-size:.1f} {size:.1f} {size:.1f} {-size:.1f} {size:.1f}z"


def _arrow(x: float, y: float, side: float, size: float) -> str:
    long = 2 * side * size
    return f"M{x - long / 2:.1f} {y - size:.1f}l{long:.1f} {size:.1f} {-long:.1f} {size:.1f}z"


def _legend(nodes: Sequence[Node], links: Sequence[Link], marks: Sequence[Mark], kept: Tables) -> list[Key]:
    every = [item.look for item in nodes] + [item.look for item in links] + [item.look for item in marks]
    looks = {look for item in every for look in item.split()}
    price = _felt(kept)
    shade = _shades(price)
    keys = []
    for name in [f"p{i}" for i in range(1, SHADES + 1)]:
        found = [price[g] for g, given in shade.items() if given == name]
        if found:
            low, high = _rounded(min(found)), _rounded(max(found))
            keys.append(
                Key(f"cp-good cp-{name}", "good", f"price {low}" if low == high else f"price {low} to {high}")
            )
    for look, shape, text in (
        ("cp-zero", "good", "price 0"),
        ("cp-less", "good", "price below 0"),
        ("cp-none", "good", "no price"),
    ):
        if look in looks:
            keys.append(Key(f"cp-good {look}", shape, text))
    keys.append(Key("cp-process", "process", "process"))
    for look, kind, text in (
        ("cp-given", "good", "supplied or imported"),
        ("cp-sold", "good", "sold to final demand"),
        ("cp-loss", "process", "runs at a loss"),
        ("cp-rent", "rent", "a limit binds: rent"),
        ("cp-back", "back", "recycle: flows back"),
        ("cp-idle", "idle", "idle"),
    ):
        if look in looks:
            keys.append(Key(f"cp-{kind} {look}", kind, text))
    return keys
