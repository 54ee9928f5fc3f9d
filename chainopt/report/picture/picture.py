"""A picture of nodes and links: what is drawn, with every text as people read it, and the SVG and HTML of it.

The SVG stands by itself, on paper too. The script, where it runs, makes it zoom, search and trace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from chainopt.report import templates
from chainopt.report.content.legible import width
from chainopt.rows.tables import Tables

STYLE, ALONE, SCRIPT = "picture/picture.css", "picture/alone.css", "picture/picture.js"
"""The files of the pictures' style in the page's colours, of colours of their own, and of the script, which finds
each picture of the page by itself, and none twice.
"""
MOST_LABELS = 150
THINNEST = 0.8
"""Links are no thinner than this; the style's own width."""
Point = tuple[float, float]
Box = tuple[float, float, float, float]
LETTER, LINE = 6.4, 14.0
"""The mean width of a letter of a label, and the height of its lines."""


@dataclass(frozen=True, slots=True)
class Node:
    """A good or a process where it stands: half its width and height, its class, its figures by title.

    weight: what matters most is labelled first. sign: a short figure under its label. round: a circle, not a box.
    story: of a good, what sets its price; moves: the nodes that move with one more of it, and how, in words.
    """

    kind: str
    name: str
    x: float
    y: float
    half: tuple[float, float]
    look: str
    figures: Sequence[str]
    weight: float
    sign: str = ""
    round: bool = False
    story: str = ""
    moves: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A flow from node to node: its path, how wide it is, its class and its figures by title."""

    tail: int
    head: int
    path: str
    width: float
    look: str
    figures: Sequence[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape that says one thing more: a rent, a recycle's direction, a part of an account."""

    path: str
    look: str


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of the legend: a sample of a look, and what it means."""

    look: str
    shape: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn.

    titles: of the figures, by kind of node and for "link"; tables: where else to read them; clear: the room that
    labels leave on both sides of a node.
    """

    name: str
    title: str
    caption: str
    width: float
    height: float
    nodes: Sequence[Node]
    links: Sequence[Link]
    marks: Sequence[Mark]
    legend: Sequence[Key]
    titles: Mapping[str, Sequence[str]]
    tables: Sequence[str]
    left_out: str = ""
    clear: float = 0.0

    @property
    def traces(self) -> bool:
        return any(node.moves for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Label:
    """A name beside its node: the text's anchor point, and a second line."""

    x: float
    y: float
    anchor: str
    text: str
    sign: str


def labels(picture: Picture) -> list[Label]:
    """The labels of the weightiest nodes, as far as they fit without touching each other or a node."""
    taken = Plane(60.0)
    for node in picture.nodes:
        dx, dy = node.half[0] + picture.clear, node.half[1]
        taken.add(node.x - dx, node.y - dy, node.x + dx, node.y + dy)
    placed: list[Label] = []
    for node in sorted(picture.nodes, key=lambda node: -node.weight):
        if len(placed) == MOST_LABELS:
            break
        long = LETTER * max(width(node.name), width(node.sign)) + 4
        tall = LINE * (2 if node.sign else 1)
        dx, dy = node.half[0] + picture.clear + 4, node.half[1] + 4
        middle = min(max(node.x - long / 2, 0.0), picture.width - long)
        places = (
            ("middle", middle, node.y + dy),
            ("middle", middle, node.y - dy - tall),
            ("start", node.x + dx, node.y - tall / 2),
            ("end", node.x - dx - long, node.y - tall / 2),
        )
        boxes = [(left, top, left + long, top + tall) for _, left, top in places]
        found = taken.first(boxes, (0.0, 0.0, picture.width, picture.height))
        if found is not None:
            anchor, left, top = places[found]
            x = {"middle": left + long / 2, "start": left + 2, "end": left + long - 2}[anchor]
            placed.append(Label(x, top + LINE - 3.5, anchor, node.name, node.sign))
    return placed


class Plane:
    """Boxes by the squares that they touch."""

    def __init__(self, side: float):
        self.side = side
        self.squares: dict[tuple[int, int], list[Box]] = {}

    def _over(self, left: float, top: float, right: float, bottom: float) -> list[tuple[int, int]]:
        return [
            (i, j)
            for i in range(int(left // self.side), int(right // self.side) + 1)
            for j in range(int(top // self.side), int(bottom // self.side) + 1)
        ]

    def first(self, boxes: Sequence[Box], within: Box) -> int | None:
        """Which of these boxes is the first to lie within another and to touch none that is there; it is added."""
        for i, (left, top, right, bottom) in enumerate(boxes):
            inside = left >= within[0] and top >= within[1] and right <= within[2] and bottom <= within[3]
            if inside and not any(
                left < box[2] and box[0] < right and top < box[3] and box[1] < bottom
                for square in self._over(left, top, right, bottom)
                for box in self.squares.get(square, ())
            ):
                self.add(left, top, right, bottom)
                return i
        return None

    def add(self, left: float, top: float, right: float, bottom: float) -> None:
        for square in self._over(left, top, right, bottom):
            self.squares.setdefault(square, []).append((left, top, right, bottom))


def curve(points: Sequence[Point], back: bool = False, loop: float = 0.0, slack: float = 1.5) -> str:
    """The path past points, by slack at most, level at both ends; back: it leaves and arrives by a loop."""
    through = _straight(points[1:-1] if back else points, slack)
    x, y = points[0]
    path = f"M{_short(x)} {_short(y)}"
    pieces = [*pairwise(through)]
    bent = list(zip(pieces, pairwise(_slopes(through)), strict=True))
    if back:
        bent = [((points[0], through[0]), (loop, loop)), *bent, ((through[-1], points[-1]), (-loop, -loop))]
    for i, (((x, y), (u, v)), (leave, arrive)) in enumerate(bent):
        if back and i in (0, len(bent) - 1):
            handles = (leave, 0.0, u - x + arrive, v - y)
        else:
            # A level end has a longer handle, so that short steps still look like steps.
            first, second = ((u - x) * (1 / 2 if slope == 0 else 1 / 3) for slope in (leave, arrive))
            handles = (first, leave * first, u - x - second, v - y - arrive * second)
        path += "c" + " ".join(map(_short, (*handles, u - x, v - y)))
    return path


def _straight(points: Sequence[Point], most: float) -> list[Point]:
    """The points without those that lie nearly on the line through the others (Ramer, Douglas and Peucker)."""
    if len(points) < 3:
        return list(points)
    (x, y), (u, v) = points[0], points[-1]
    off = [abs(b - y - (v - y) * (a - x) / (u - x)) if u != x else 0.0 for a, b in points]
    far = max(range(len(points)), key=off.__getitem__)
    if off[far] <= most:
        return [points[0], points[-1]]
    return _straight(points[: far + 1], most)[:-1] + _straight(points[far:], most)


def _slopes(points: Sequence[Point]) -> list[float]:
    """The slope at each point: level at the ends and where the path turns, so that it never overshoots.

    In between it is the harmonic mean of both sides' slopes (Fritsch and Carlson 1980).
    """
    steps = [(v - y) / (u - x) if u != x else 0.0 for (x, y), (u, v) in pairwise(points)]
    inner = [2 * a * b / (a + b) if a * b > 0 else 0.0 for a, b in pairwise(steps)]
    return [0.0, *inner, 0.0] if len(points) > 1 else [0.0]


def _short(number: float) -> str:
    text = f"{number:.1f}".removesuffix(".0").replace("-0.", "-.")
    return text.removeprefix("0") or "0"


def left_out(whole: Tables, kept: Tables) -> str:
    """What of the chain is not drawn, as a sentence."""
    goods, processes = len(whole.goods) - len(kept.goods), len(whole.processes) - len(kept.processes)
    parts = [
        f"{count:,} {one if count == 1 else many}"
        for count, one, many in ((goods, "good", "goods"), (processes, "process", "processes"))
        if count
    ]
    if not parts:
        return ""
    verb = "is" if goods + processes == 1 else "are"
    return f"{' and '.join(parts)} of less value {verb} left out of the picture, with what links to them."


def svg(picture: Picture, name: str) -> Markup:
    """The picture's SVG alone, with ids that begin with name."""
    return Markup(
        templates.template("picture/picture.svg", short=_short).render(
            picture=picture, name=name, labels=labels(picture), thinnest=THINNEST
        )
    )


def drawing(picture: Picture) -> str:
    """The picture as a file: its legend below it, its colours written out for programs that know no variables."""
    light = re.sub(
        r"light-dark\(([^,]+),[^)]+\)", r"\1", templates.text(ALONE) + templates.text(STYLE).partition("@media")[0]
    )
    colours = dict(re.findall(r"(--[\w-]+): ([^;}]+)", light))
    plain = re.sub(r"var\((--[\w-]+)\)", lambda match: colours[match[1]], light)
    keys, x, y = [], 20.0, picture.height + 16.0
    for key in picture.legend:
        long = 40.0 + LETTER * width(key.text)
        if x > 20.0 and x + long > picture.width:
            x, y = 20.0, y + 20.0
        keys.append((x, y, key))
        x += long
    return templates.template("picture/picture_alone.svg", short=_short).render(
        picture=picture,
        height=y + 16.0,
        keys=keys,
        style=Markup(plain),
        paper=colours["--panel"],
        svg=svg(picture, "chainopt"),
    )


def fragment(picture: Picture, name: str) -> Markup:
    """The picture for a page: SVG, legend and controls, without style and script; ids begin with name."""
    return Markup(
        templates.template("picture/picture.html", short=_short).render(
            picture=picture, name=name, svg=svg(picture, name), data=Markup(_data(picture))
        )
    )


def _data(picture: Picture) -> str:
    """What the script reads, as JSON that no name can break out of."""
    kinds = list(dict.fromkeys(node.kind for node in picture.nodes))
    nodes = [
        [
            node.name,
            kinds.index(node.kind),
            round(node.x, 1),
            round(node.y, 1),
            round(node.half[0] + picture.clear, 1),
            round(node.half[1], 1),
            node.sign,
            list(node.figures),
            node.story,
            [list(move) for move in node.moves],
        ]
        for node in picture.nodes
    ]
    found = {
        "kinds": kinds,
        "titles": [picture.titles[kind] for kind in kinds],
        "link": picture.titles["link"],
        "size": [round(picture.width), round(picture.height)],
        "order": sorted(range(len(nodes)), key=lambda i: -picture.nodes[i].weight),
        "nodes": nodes,
        "links": [[link.tail, link.head, *link.figures] for link in picture.links],
    }
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
