"""The chain as a layered network: goods and processes from left to right, links as wide as their value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from chainopt.audits.stories import Story
from chainopt.network.tolerances import SHOWN
from chainopt.report.content.legible import legible, short
from chainopt.report.content.salience import binding, felt_prices, losing, money_scale, turnover
from chainopt.report.content.sheets import Sheet
from chainopt.report.picture.flows import Flows
from chainopt.report.picture.layout import layered
from chainopt.report.picture.picture import THINNEST, Key, Link, Mark, Node, Picture, Point, curve, left_out
from chainopt.rows.tables import Tables
from chainopt.technology.arrays import Array
from chainopt.words.figures import figure

WIDE, HIGH, MARGIN = 1200.0, 900.0, 34.0
MOVES = ("supply", "imported", "produced", "used", "sold", "disposed")
WIDEST = 11.0
SHADES = 5
MOST_RUNS, MOST_MOVES = 6, 3
"""Of what moves with one more of a good: on a smooth chain everybody does, a little."""
TITLES = {
    "good": ("Price", "in", "Derivative", "Unit", "Supply", "Imported", "Produced", "Used", "Sold", "Disposed"),
    "process": ("Level", "Revenue", "Cost", "Profit", "Of it rent", "Firm"),
    "link": ("Amount", "Share of the good", "Value"),
}
_LEGEND = (
    ("cp-zero", "good", "price 0"),
    ("cp-less", "good", "price below 0"),
    ("cp-none", "good", "no price"),
    ("", "process", "process"),
    ("cp-given", "good", "supplied or imported"),
    ("cp-sold", "good", "sold to final demand"),
    ("cp-loss", "process", "runs at a loss"),
    ("cp-rent", "rent", "a limit binds: rent"),
    ("cp-back", "back", "recycle: flows back"),
    ("cp-idle", "idle", "idle"),
)
"""A look ("" for none, which is always there), the sample that the legend shows it on, and what it means."""


def network_picture(flows: Flows, whole: Tables, kept: Tables, shown: Mapping[str, Sheet]) -> Picture:
    """The picture of the goods and processes that are kept, with figures as the tables show them."""
    certified = bool(kept.goods["price"].notna().any())
    links = flows.between(kept)
    links = links[(links["tail"] >= 0) & (links["head"] >= 0)]
    ends = list(zip(links["tail"].tolist(), links["head"].tolist(), strict=True))
    size = _sizes(links, kept, certified)
    thick = np.maximum(WIDEST * size, THINNEST)
    names = [
        *((good, "") for good in kept.goods["good"]),
        *(("", process) for process in kept.processes["process"]),
    ]
    goods, count = len(kept.goods), len(names)
    layout = layered([1.0] * count, ends, (0.02 + size).tolist(), [0.1] * len(ends), 0.6)
    ranks = int(layout.rank.max(initial=0))
    top, bottom = layout.extent([0.0] * count, [0.0] * len(ends))
    column = float(np.clip((WIDE - 2 * MARGIN) / max(ranks, 1), 28.0, 190.0))
    row = float(np.clip((HIGH - 2 * MARGIN) / max(bottom - top, 1.0), 7.0, 58.0))

    def at(rank: int, height: float) -> Point:
        return MARGIN + column * rank, MARGIN + row * (height - top)

    radius = float(np.clip(0.24 * min(2 * row, column), 3.0, 12.0))
    places = [at(*place) for place in zip(layout.rank.tolist(), layout.y.tolist(), strict=True)]
    coloured = _coloured(kept)
    number = {name: i for i, name in enumerate(names)}
    nodes = [
        *_goods(coloured, places[:goods], radius, shown, whole.stories, number),
        *_processes(kept.processes, places[goods:], radius, shown, set(losing(whole)["process"])),
    ]
    drawn: list[Link] = []
    marks: list[Mark] = []
    bound = set(binding(whole)[["good", "process"]].fillna("").itertuples(index=False, name=None))
    loop = min(0.45 * column, 60.0)
    # In a dense picture nobody could follow a link's every bend.
    slack = 1.5 if row > 13.0 else 6.0
    figures = _figures(links, kept, shown)
    for i, (a, b) in enumerate(ends):
        back, idle = layout.back[i], not size[i] > 0
        bends = [at(*bend) for bend in layout.bends[i]]
        start = (nodes[a].x + nodes[a].half[0], nodes[a].y)
        stop = (nodes[b].x - nodes[b].half[0], nodes[b].y)
        look = "cp-idle" if idle else "cp-back" if back else ""
        path = curve([start, *bends, stop], back, loop, slack)
        drawn.append(Link(a, b, path, float(thick[i]), look, figures[i]))
        x, y = bends[len(bends) // 2] if bends else ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
        if back and not idle:
            marks.append(Mark(_arrow(x, y, 3.0 + thick[i] / 2), "cp-arrow"))
        if a < goods and (names[a][0], names[b][1]) in bound:
            marks.append(Mark(_diamond(x, y, 5.0), "cp-rent"))
    marks += [
        Mark(_diamond(node.x + 0.8 * radius, node.y - 0.8 * radius, max(3.5, 0.42 * radius)), "cp-rent")
        for node, name in zip(nodes, names, strict=True)
        if name in bound
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
        width=at(ranks, 0.0)[0] + MARGIN + (loop if any(layout.back) else 0.0),
        height=2 * MARGIN + row * (bottom - top),
        nodes=nodes,
        links=drawn,
        marks=marks,
        legend=_legend([*nodes, *drawn, *marks], coloured),
        titles=TITLES,
        clear=6.0,
        tables=("prices", "uses", "processes"),
        left_out=left_out(whole, kept),
    )


def _sizes(links: pd.DataFrame, kept: Tables, certified: bool) -> Array:
    """How wide each link is, from 0 to 1: by value, or by its part of the good where nothing has a price."""
    if certified:
        value = links["value"].abs().fillna(0.0).to_numpy()
        return np.where(value > SHOWN * money_scale(kept), value, 0.0) / max(value.max(initial=0.0), 1e-300)
    whole = kept.goods[["supply", "imported", "produced"]].abs().sum(axis=1)
    part = (links["amount"].abs() / links["good"].map(whole)).fillna(0.0).clip(upper=1.0).to_numpy()
    return np.where(part > SHOWN, part, 0.0)


def _goods(
    goods: pd.DataFrame,
    places: Sequence[Point],
    radius: float,
    shown: Mapping[str, Sheet],
    stories: Mapping[str, Story],
    number: Mapping[tuple[str, str], int],
) -> Iterator[Node]:
    prices, balances = (shown[name].shown.to_dict("records") for name in ("prices", "balances"))
    for good, price, balance, (x, y) in zip(goods.to_dict("records"), prices, balances, places, strict=True):
        still = not sum(abs(good[column]) for column in MOVES) > 0
        given = good["supply"] > 0 or good["imported"] > 0
        look = (f"cp-{good['shade']}", "cp-idle" * still, "cp-sold" * (good["sold"] > 0), "cp-given" * given)
        yield Node(
            kind="good",
            name=short(good["good"], 28),
            x=x,
            y=y,
            half=(radius, radius),
            look=" ".join(filter(None, look)),
            figures=[
                price["price"],
                legible(good["price unit"]),
                price["backprop"],
                legible(good["unit"]),
                *(balance[column] if balance[column] != "0" else "" for column in MOVES),
            ],
            weight=good["worth"],
            sign=_rounded(good["felt"]),
            round=True,
            **_told(stories.get(good["good"]), number),
        )


def _processes(
    processes: pd.DataFrame, places: Sequence[Point], radius: float, shown: Mapping[str, Sheet], losers: set[str]
) -> Iterator[Node]:
    texts = shown["processes"].shown.to_dict("records")
    for process, text, (x, y) in zip(processes.to_dict("records"), texts, places, strict=True):
        look = ("cp-idle" * (process["level"] == 0), "cp-loss" * (process["process"] in losers))
        yield Node(
            kind="process",
            name=short(process["process"], 28),
            x=x,
            y=y,
            half=(0.85 * radius, 0.85 * radius),
            look=" ".join(filter(None, look)),
            figures=[text[column] for column in ("level", "revenue", "cost", "profit", "rent", "firm")],
            # A process's name stands back behind those of the goods that it moves.
            weight=0.9 * float(np.nan_to_num(max(abs(process["revenue"]), abs(process["cost"])))),
        )


def _told(story: Story | None, number: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """What sets a good's price, and what moves with one more of it: processes, and what is traded."""
    if story is None:
        return {}
    side = story.more or story.less
    moves: dict[int, str] = {}
    for process, change in side.runs[:MOST_RUNS] if side is not None else ():
        if ("", process) in number:
            moves[number["", process]] = f"runs {_signed(change)}"
    verbs = {"sale": "sold", "import": "bought", "disposal": "thrown away"}
    for move in side.moves[:MOST_MOVES] if side is not None else ():
        if move.good is not None and (move.good, "") in number:
            moves[number[move.good, ""]] = f"{verbs[move.kind]} {_signed(move.amount)}"
    return {"story": legible(story.text), "moves": tuple(moves.items())}


def _signed(change: float) -> str:
    return f"{'+' if change > 0 else '-'}{figure(float(f'{abs(change):.4g}'))}"


def _coloured(kept: Tables) -> pd.DataFrame:
    """The goods with their worth, the price felt, 0 where it is no more than rounding, as the tables have it, and
    its shade: p1 to p5 by fifths of the positive ones, zero, less, or none.
    """
    felt = felt_prices(kept)
    # Prices that read the same have one colour.
    read = felt.map(lambda value: float(f"{value:.6g}"))
    positive = np.unique(read[read > 0])
    cuts = np.quantile(positive, np.arange(1, SHADES) / SHADES) if len(positive) else np.zeros(0)
    fifth = [f"p{1 + i}" for i in np.searchsorted(cuts, read, side="left")]
    shade = np.select([read.isna(), read < 0, read == 0], ["none", "less", "zero"], fifth)
    return kept.goods.assign(worth=turnover(kept.goods).abs().fillna(0.0), felt=felt, shade=shade)


def _rounded(price: float) -> str:
    return "" if isnan(price) else figure(float(f"{price:.3g}"))


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


def _diamond(x: float, y: float, size: float) -> str:
    return f"M{x - size:.1f} {y:.1f}l{size:.1f} {-size:.1f} {size:.1f} {size:.1f} {-size:.1f} {size:.1f}z"


def _arrow(x: float, y: float, size: float) -> str:
    """A head that points to the left."""
    return f"M{x + size:.1f} {y - size:.1f}l{-2 * size:.1f} {size:.1f} {2 * size:.1f} {size:.1f}z"


def _legend(items: Sequence[Node | Link | Mark], goods: pd.DataFrame) -> list[Key]:
    looks = {"", *(look for item in items for look in item.look.split())}
    keys = []
    for shade, felt in goods.groupby("shade")["felt"]:
        if str(shade).startswith("p"):
            low, high = _rounded(felt.min()), _rounded(felt.max())
            keys.append(
                Key(f"cp-good cp-{shade}", "good", f"price {low}" if low == high else f"price {low} to {high}")
            )
    return keys + [Key(f"cp-{kind} {look}".strip(), kind, text) for look, kind, text in _LEGEND if look in looks]
