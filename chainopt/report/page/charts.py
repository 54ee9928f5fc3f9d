"""Charts of the two sides of each price: where all their parts are, for the page to draw in its own style."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

import pandas as pd

from chainopt.audits.verdicts import Verdict
from chainopt.network.tolerances import AGREES, SHOWN
from chainopt.report.content.legible import residual, short
from chainopt.report.content.salience import disagreeing, relative_differences, turnover
from chainopt.report.content.sheets import TONES, sheets
from chainopt.report.picture.picture import Box, Plane
from chainopt.rows.tables import Tables
from chainopt.words.figures import figure

MOST_POINTS = 200
"""Goods in a chart: those that differ, then those of the greatest turnover."""
MOST_NAMED = 8
FEW = 12
"""So few goods are all named."""
_SIZE = 480, 360
_LEFT, _TOP, _RIGHT, _BOTTOM = _FRAME = 62, 14, 464, 316
_LETTER, _LINE = 6.4, 13
_DECADES = 2.0
"""Figures that span more than so many powers of ten are drawn by their logarithm."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with a title and a sentence of what it shows; label: the same for those who can't see it.

    ticks: x, if it is marked below too, y, and text; line: what it is, with the heights of its ends and a note;
    axes: what is across and what is up; points: x, y, tone and what is said of each, those that differ on top;
    names: x, y, anchor and text.
    """

    title: str
    caption: str
    label: str
    ticks: Sequence[tuple[float | None, float, str]]
    line: str
    ends: tuple[float, float]
    axes: tuple[str, str]
    points: Sequence[Mapping[Any, Any]]
    names: Sequence[tuple[float, float, str, str]]
    note: str = ""
    frame: Box = _FRAME
    size: tuple[int, int] = _SIZE


@dataclass(frozen=True, slots=True)
class _Axis:
    """A scale: what it does to a figure before it is laid on a line from low to high, and where its ticks are."""

    of: Callable[[float], float]
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    word: str = ""

    def at(self, value: float) -> float:
        """Where a figure is, from 0 to 1."""
        return (self.of(value) - self.low) / (self.high - self.low)


def agreement(tables: Tables) -> Chart | None:
    """Each good's price against its derivative; None where no good has both."""
    goods = _shown(tables)
    if goods.empty:
        return None
    axis = _axis([*goods["price"], *goods["backprop"]])
    both = list(zip(goods["price"], goods["backprop"], strict=True))
    points = _points(
        goods,
        [_across(axis.at(derivative)) for _, derivative in both],
        [_up(axis.at(price)) for price, _ in both],
        [f"price {figure(price)}, derivative {figure(derivative)}" for price, derivative in both],
    )
    return Chart(
        title="Price against derivative",
        caption=f"On the line the two are the same.{_missing(tables, goods)}",
        label="Price against derivative of each good",
        ticks=[(_across(axis.at(value)), _up(axis.at(value)), text) for value, text in axis.ticks],
        line="even",
        ends=(_BOTTOM, _TOP),
        axes=(f"derivative{axis.word}", f"price{axis.word}"),
        points=sorted(points, key=lambda point: bool(point["tone"])),
        names=list(_names(points)),
    )


def residuals(tables: Tables) -> Chart | None:
    """How far price and derivative are apart, relative to the price, by good; None where no good has both."""
    goods = _shown(tables)
    if goods.empty:
        return None
    sizes = [value for value in goods["apart"] if value > 0]
    low = min(-17, floor(log10(min(sizes)))) if sizes else -17
    high = max(-4, ceil(log10(max(sizes)))) if sizes else -4
    step = max(1, ceil((high - low) / 7))
    ticks = [(10.0**e, _power(e)) for e in range(high, low, -step)]
    # A decade below the least figure is where those that are exactly the same are drawn.
    axis = _axis_of_powers(low, high, [*ticks, (0.0, "0")])
    last = max(len(goods) - 1, 1)
    points = _points(
        goods,
        [_across(0.03 + 0.94 * i / last) for i in range(len(goods))],
        [_up(axis.at(apart)) for apart in goods["apart"]],
        [f"{residual(apart)} of the price" for apart in goods["apart"]],
    )
    return Chart(
        title="How far they are apart",
        caption="Rounding is far below the line; the same figure to the last digit is drawn at 0.",
        label="Distance between price and derivative, relative to the price, of each good",
        ticks=[(None, _up(axis.at(value)), text) for value, text in axis.ticks],
        line="limit",
        ends=(_up(axis.at(AGREES)),) * 2,
        note="above it they disagree",
        axes=("goods, the greatest turnover first", "|price - derivative| / |price|"),
        points=sorted(points, key=lambda point: bool(point["tone"])),
        names=list(_names(points)),
    )


def _shown(tables: Tables) -> pd.DataFrame:
    """The goods of a chart, the greatest turnover first, with verdict, tone, and whether to name them."""
    figures = sheets(tables)["prices"].rows
    goods = tables.goods.assign(
        price=figures["price"],
        backprop=figures["backprop"],
        apart=relative_differences(tables),
        worth=turnover(tables.goods).abs(),
        differs=tables.goods["good"].isin(disagreeing(tables)["good"]),
    )
    goods = goods[goods["price"].map(isfinite) & goods["backprop"].map(isfinite)]
    first = goods.sort_values(["differs", "worth"], ascending=False, kind="stable").head(MOST_POINTS)
    goods = first.sort_values("worth", ascending=False, kind="stable")
    audit = tables.audit[tables.audit["kind"] == "good"].set_index("good")["verdict"]
    verdict = [str(audit.get(good, "")) for good in goods["good"]]
    tone = [TONES["prices"].get(word, "") for word in verdict]
    odd = [word not in ("", Verdict.AGREES) for word in verdict]
    return goods.assign(verdict=verdict, tone=tone, named=[bool(o) or len(goods) <= FEW for o in odd])


def _missing(tables: Tables, shown: pd.DataFrame) -> str:
    """What the chart does not show, as sentences."""
    both = tables.goods["price"].map(isfinite) & tables.goods["backprop"].map(isfinite)
    open_ended, left = int((~both).sum()), int(both.sum()) - len(shown)
    parts = []
    if open_ended:
        parts.append(f"{open_ended:,} {'good has' if open_ended == 1 else 'goods have'} no single derivative.")
    if left:
        parts.append(f"{left:,} of less turnover {'is' if left == 1 else 'are'} left out.")
    return "".join(f" {part}" for part in parts)


def _axis(values: Sequence[float]) -> _Axis:
    """A scale for figures of any sign: by logarithm where they span more than two powers of ten."""
    sizes = sorted(abs(value) for value in values if value)
    if not sizes:
        return _Axis(float, -1.0, 1.0, [(0.0, "0")])
    least, most = max(sizes[0], sizes[-1] * SHOWN), sizes[-1]
    negative, zero = min(values) < 0, any(abs(value) < least for value in values)
    if log10(most / least) <= _DECADES:
        low, high = min(*values, 0.0), max(*values, 0.0)
        step = _round_step(high - low)
        first, last = floor(low / step), ceil(high / step)
        return _Axis(
            float, first * step, last * step, [(i * step, figure(i * step)) for i in range(first, last + 1)]
        )
    bottom, top = floor(log10(least)), ceil(log10(most))
    step = ceil((top - bottom) / (3 if negative else 6))
    powers = range(top, bottom - 1, -step)
    if not negative and not zero:
        return _axis_of_powers(bottom, top, [(10.0**e, _power(e)) for e in powers], " (logarithmic)")
    # Either sign has a logarithm of its own, and 0 is a decade below the least figure.

    def signed(value: float) -> float:
        size = max(log10(abs(value)) - bottom + 1, 0.0) if value else 0.0
        return size if value >= 0 else -size

    low = min(floor(signed(min(values))), 0)
    below = [(-(10.0**e), "\N{MINUS SIGN}" + _power(e)) for e in powers if signed(-(10.0**e)) >= low]
    ticks = [*((10.0**e, _power(e)) for e in powers), (0.0, "0"), *below]
    return _Axis(signed, low, top - bottom + 1.0, ticks, f" (logarithmic{' in either sign' if negative else ''})")


def _axis_of_powers(low: int, high: int, ticks: Sequence[tuple[float, str]], word: str = "") -> _Axis:
    """A logarithmic scale; 0, where it is among the ticks, at its foot."""
    foot = low - 1 if any(value == 0 for value, _ in ticks) else low
    return _Axis(lambda value: log10(value) if value > 0 else foot, foot, high, ticks, word)


def _round_step(span: float) -> float:
    """1, 2 or 5 times a power of ten, so that about five of them make the span."""
    rough = span / 5
    power = 10.0 ** floor(log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough)


_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def _power(exponent: int) -> str:
    if -3 <= exponent <= 4:
        return figure(10.0**exponent)
    return "10" + str(exponent).translate(_RAISED)


def _across(part: float) -> float:
    return _LEFT + part * (_RIGHT - _LEFT)


def _up(part: float) -> float:
    return _BOTTOM - part * (_BOTTOM - _TOP)


def _points(goods: pd.DataFrame, x: list[float], y: list[float], said: list[str]) -> list[dict[Any, Any]]:
    """Where each good is drawn, and what is said of it: its name, the figures, and the verdict."""
    told = zip(goods["good"], said, goods["verdict"], strict=True)
    texts = [f"{short(good)}: {figures}; {verdict}" for good, figures, verdict in told]
    return goods[["good", "tone", "named"]].assign(x=x, y=y, said=texts).to_dict("records")


def _names(points: Sequence[Mapping[Any, Any]]) -> Iterator[tuple[float, float, str, str]]:
    """The names for which there is room."""
    taken = Plane(60.0)
    for point in points:
        taken.add(point["x"] - 4, point["y"] - 4, point["x"] + 4, point["y"] + 4)
    for point in [point for point in points if point["named"]][: max(MOST_NAMED, FEW)]:
        x, y, name = point["x"], point["y"], short(point["good"], 18)
        long = len(name) * _LETTER
        sides = ((x + 8, "start"), (x - 8, "end"))
        # The best first.
        places = [
            *((at, y + down, anchor) for down in (4, 18, -10) for at, anchor in sides),
            *((x - long / 2, y + down, "start") for down in (20, -10)),
        ]
        lefts = [at if anchor == "start" else at - long for at, _, anchor in places]
        boxes = [(at, y - _LINE + 3, at + long, y + 3) for at, (_, y, _) in zip(lefts, places, strict=True)]
        found = taken.first(boxes, (_LEFT, _TOP, _RIGHT, _BOTTOM + 2))
        if found is not None:
            yield (*places[found], name)
