"""Charts of the two sides of each price, as SVG: coloured by the page's style, without a style of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from chainopt.audits.verdicts import Verdict
from chainopt.network.tolerances import AGREES, SHOWN
from chainopt.report.content.legible import figure, residual, short
from chainopt.report.content.salience import disagreeing, relative_differences, turnover
from chainopt.report.content.sheets import TONES
from chainopt.rows.tables import Tables

MOST_POINTS = 200
"""Goods in a chart: those that differ, then those of the greatest turnover."""
MOST_NAMED = 8
FEW = 12
"""So few goods are all named."""
_WIDTH, _HEIGHT = 480, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 14, 44
_LETTER, _LINE = 6.4, 13
_DECADES = 2.0
"""Figures that span more than so many powers of ten are drawn by their logarithm."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with a title and a sentence of what it shows."""

    title: str
    caption: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class _Point:
    name: str
    x: float
    y: float
    said: str
    tone: str
    named: bool


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
    points = [
        _Point(
            row["good"],
            _across(axis.at(row["backprop"])),
            _up(axis.at(row["price"])),
            f"{short(row['good'])}: price {figure(row['price'])}, derivative {figure(row['backprop'])}; "
            f"{row['verdict']}",
            row["tone"],
            row["named"],
        )
        for row in _rows(goods)
    ]
    line = _line(_across(0.0), _up(0.0), _across(1.0), _up(1.0), "even")
    ticks = "".join(_mark_across(axis.at(v), t) + _mark_up(axis.at(v), t) for v, t in axis.ticks)
    body = ticks + line + _titles(f"derivative{axis.word}", f"price{axis.word}") + "".join(_drawn(points))
    caption = f"On the line the two are the same.{_missing(tables, goods)}"
    return Chart("Price against derivative", caption, _svg("Price against derivative of each good", body))


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
    points = [
        _Point(
            row["good"],
            _across(0.03 + 0.94 * i / last),
            _up(axis.at(row["apart"])),
            f"{short(row['good'])}: {residual(row['apart'])} of the price; {row['verdict']}",
            row["tone"],
            row["named"],
        )
        for i, row in enumerate(_rows(goods))
    ]
    marks = "".join(_mark_up(axis.at(v), t) for v, t in axis.ticks)
    limit = _up(axis.at(AGREES))
    line = _line(_across(0.0), limit, _across(1.0), limit, "limit") + _text(
        _across(1.0) - 4, limit - 5, "end", "above it they disagree"
    )
    body = marks + line + _titles("goods, the greatest turnover first", "|price - derivative| / |price|")
    caption = "Rounding is far below the line; the same figure to the last digit is drawn at 0."
    label = "Distance between price and derivative, relative to the price, of each good"
    return Chart("How far they are apart", caption, _svg(label, body + "".join(_drawn(points))))


def _shown(tables: Tables) -> pd.DataFrame:
    """The goods of a chart, the greatest turnover first, with verdict, tone, and whether to name them."""
    goods = tables.goods.assign(
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


def _rows(goods: pd.DataFrame) -> Iterator[dict[str, Any]]:
    return ({str(name): value for name, value in row.items()} for row in goods.to_dict("records"))


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

    ticks = [(10.0**e, _power(e)) for e in powers] + [(0.0, "0")]
    reach = top - bottom + 1.0
    if not negative:
        return _Axis(signed, 0.0, reach, ticks, " (logarithmic)")
    below = [(-(10.0**e), "\N{MINUS SIGN}" + _power(e)) for e in powers]
    least_of_all = floor(signed(min(values)))
    return _Axis(
        signed,
        float(least_of_all),
        reach,
        ticks + [(value, text) for value, text in below if signed(value) >= least_of_all],
        " (logarithmic in either sign)",
    )


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
    return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)


def _up(part: float) -> float:
    return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)


def _svg(label: str, body: str) -> Markup:
    frame = (
        f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM}"/>'
    )
    return Markup(
        f'<svg class="points" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" aria-label="{escape(label)}">'
        f"{frame}{body}</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, anchor: str, text: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text{of} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _mark_across(part: float, text: str) -> str:
    x = _across(part)
    return _line(x, _up(0), x, _up(1), "tick") + _text(x, _up(0) + 16, "middle", text)


def _mark_up(part: float, text: str) -> str:
    y = _up(part)
    return _line(_across(0), y, _across(1), y, "tick") + _text(_LEFT - 6, y + 4, "end", text)


def _titles(across: str, up: str) -> str:
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    turned = (
        f'<text class="axis" transform="rotate(-90 14 {middle:.0f})" x="14" y="{middle:.0f}" text-anchor="middle">'
    )
    return _text(_across(0.5), _HEIGHT - 8, "middle", across, "axis") + f"{turned}{escape(up)}</text>"


def _drawn(points: Sequence[_Point]) -> Iterator[str]:
    """The points, those that differ on top, and the names for which there is room."""
    taken = [(point.x - 4, point.y - 4, point.x + 4, point.y + 4) for point in points]
    for point in sorted(points, key=lambda point: bool(point.tone)):
        tone = f" {point.tone}" if point.tone else ""
        yield (
            f'<circle class="point{tone}" cx="{point.x:.1f}" cy="{point.y:.1f}" r="4.5">'
            f"<title>{escape(point.said)}</title></circle>"
        )
    for point in [point for point in points if point.named][: max(MOST_NAMED, FEW)]:
        name = short(point.name, 18)
        for x, y, anchor in _beside(point, len(name) * _LETTER):
            left = x if anchor == "start" else x - len(name) * _LETTER
            box = (left, y - _LINE + 3, left + len(name) * _LETTER, y + 3)
            inside = (
                box[0] > _LEFT and box[2] < _WIDTH - _RIGHT and box[1] > _TOP and box[3] < _HEIGHT - _BOTTOM + 2
            )
            if inside and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                yield _text(x, y, anchor, name, "name")
                break


def _beside(point: _Point, width: float) -> Iterator[tuple[float, float, str]]:
    """Where a point's name may stand, the best first."""
    for down in (4, 18, -10):
        yield point.x + 8, point.y + down, "start"
        yield point.x - 8, point.y + down, "end"
    yield point.x - width / 2, point.y + 20, "start"
    yield point.x - width / 2, point.y - 10, "start"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
