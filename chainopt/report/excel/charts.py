"""The sheet Charts: what matters most, drawn by Excel itself from cells beside it that refer to the tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from chainopt.network.tolerances import SHOWN
from chainopt.report.content.legible import short
from chainopt.report.content.sheets import Sheet
from chainopt.report.excel.paper import Paper
from chainopt.report.excel.styles import INK

MOST = 20
"""The most bars of a chart."""
_LEAST_ROWS, _WIDTH, _LINE = 18, 760, 20
_DERIVATIVE, _BAR, _GRID = "#C77C11", "#2E7D4F", "#D9E1E4"


def write_charts(paper: Paper, sheet: Worksheet, shown: Mapping[str, Sheet], money: str) -> None:
    """Price against derivative, value added by process, and rents: at most 20 of each, the largest."""
    paper.put(sheet, 0, 0, "Charts", "title")
    sheet.set_row(0, 26)
    sheet.set_portrait()
    sheet.fit_to_pages(1, 1)
    paper.put(sheet, 1, 0, f"At most {MOST} of a kind, the largest; the figures are those of the tables.", "note")
    for column, width in ((0, 34), (1, 16), (2, 16), (3, 3)):
        paper.widen(sheet, column, width)
    prices, processes, limits = (shown[name] for name in ("prices", "processes", "limits"))
    priced = prices.rows[prices.rows["price"].notna() & prices.rows["backprop"].notna()]
    rents = f"Rents: what the limits that bind earn in all ({money})"
    row, bars = 3, partial(_bars, money=money)
    for table, rows, by, title, columns, draw in (
        (
            prices,
            priced,
            "turnover",
            "Price against derivative",
            ("backprop", "price"),
            partial(_against, money=money),
        ),
        (processes, processes.rows, "added", f"Value added by process ({money})", ("added",), bars),
        (limits, limits.rows, "total", rents, ("total",), bars),
    ):
        most = _largest(rows, by)
        names = [
            _limit(record) if table is limits else short(record[table.columns[0].name], 40)
            for record in most.to_dict("records")
        ]
        row = _block(paper, sheet, row, title, table, most.assign(label=names), columns, draw)


def _largest(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    size = rows[column].abs()
    felt = rows[size > SHOWN * size.max()] if len(rows) else rows
    return felt.sort_values(column, key=lambda values: -values.abs(), kind="stable").head(MOST)


def _limit(row: Mapping[Any, Any]) -> str:
    names = [short(row[name], 24) for name in ("good", "process") if isinstance(row[name], str)]
    return f"{row['kind']}: {', '.join(names)}"


def _block(
    paper: Paper,
    sheet: Worksheet,
    top: int,
    title: str,
    table: Sheet,
    rows: pd.DataFrame,
    columns: tuple[str, ...],
    draw: Any,
) -> int:
    """The cells of a chart of some rows of a table, from row `top` on, and the chart to their right; returns the
    row after both.
    """
    if rows.empty:
        return top
    numbers = (rows.index + 2).tolist()
    paper.put(sheet, top, 0, title, "heading")
    paper.put(sheet, top + 1, 0, table.columns[0].title if table.title != "Limits" else "Limit", "header")
    for j, name in enumerate(columns, 1):
        column, letter = table.columns[table.place(name)], xl_col_to_name(table.place(name))
        paper.put(sheet, top + 1, j, column.title, "header", align="right")
        for n, (number, value) in enumerate(zip(numbers, rows[name].tolist(), strict=True), top + 2):
            paper.formula(sheet, n, j, f"={table.title}!${letter}${number}", value, column.kind)
    for n, (number, label) in enumerate(zip(numbers, rows["label"], strict=True), top + 2):
        paper.link(sheet, n, 0, f"'{table.title}'!A{number}", label)
    chart = draw(paper, sheet, top + 2, top + 1 + len(rows), title, rows)
    high = max(len(rows) + 4, _LEAST_ROWS)
    chart.set_size({"width": _WIDTH, "height": _LINE * high})
    sheet.insert_chart(top, 4, chart, {"object_position": 3, "description": title})
    return top + high + 2


def _axis(name: str, **more: Any) -> dict[str, Any]:
    font = {"color": "#37474F", "size": 9}
    return {
        "name": name,
        "name_font": {**font, "bold": False, "size": 10},
        "num_font": font,
        "line": {"color": "#9DB4BD"},
        "major_gridlines": {"visible": True, "line": {"color": _GRID, "width": 0.5}},
        **more,
    }


def _titled(chart: Any, title: str) -> Any:
    chart.set_title({"name": title, "name_font": {"size": 12, "color": INK}, "overlay": False})
    chart.set_chartarea({"border": {"color": "#C9D6DB"}})
    return chart


def _against(
    paper: Paper, sheet: Worksheet, first: int, last: int, title: str, rows: pd.DataFrame, *, money: str
) -> Any:
    """Each good's price above its derivative: on the diagonal where the two agree."""
    values = rows[["backprop", "price"]].astype(float)
    chart = _titled(paper.book.add_chart({"type": "scatter"}), title)
    few = len(rows) <= 12
    # What begins with "=" would be read as a formula.
    labels = [{"value": f" {label}"} for label in rows["label"]]
    named = {"custom": labels, "value": True, "position": "right", "font": {"size": 8, "color": "#37474F"}}
    chart.add_series(
        {
            "name": "goods",
            "categories": ["Charts", first, 1, last, 1],
            "values": ["Charts", first, 2, last, 2],
            "marker": {"type": "circle", "size": 8, "fill": {"color": _BAR}, "border": {"color": "#FFFFFF"}},
            **({"data_labels": named} if few else {}),
        }
    )
    low, high = float(values.min().min()), float(values.max().max())
    for row, name, value in ((last + 1, "MIN", low), (last + 2, "MAX", high)):
        paper.put(sheet, row, 0, "least of all" if name == "MIN" else "greatest of all", "note")
        for column in (1, 2):
            least = f"={name}($B${first + 1}:$C${last + 1})"
            paper.formula(sheet, row, column, least, value, "price")
    chart.add_series(
        {
            "name": "where they agree",
            "categories": ["Charts", last + 1, 1, last + 2, 1],
            "values": ["Charts", last + 1, 2, last + 2, 2],
            "marker": {"type": "none"},
            "line": {"color": _DERIVATIVE, "width": 1, "dash_type": "dash"},
        }
    )
    scale = {"log_base": 10} if low > 0 and high > 50 * low else {}
    for name, set_axis in (("derivative", chart.set_x_axis), ("price", chart.set_y_axis)):
        crossing = "min" if scale else None
        set_axis(_axis(f"{name}, {money} per unit", **scale, num_format="General", crossing=crossing))
    chart.set_legend({"position": "bottom", "font": {"size": 9}})
    return chart


def _bars(
    paper: Paper, sheet: Worksheet, first: int, last: int, title: str, rows: pd.DataFrame, *, money: str
) -> Any:
    """A bar for each row, the largest on top."""
    chart = _titled(paper.book.add_chart({"type": "bar"}), title)
    chart.add_series(
        {
            "name": title,
            "categories": ["Charts", first, 0, last, 0],
            "values": ["Charts", first, 1, last, 1],
            "fill": {"color": _BAR},
            "invert_if_negative": True,
            "invert_if_negative_color": "#B23B3B",
            "gap": 40,
        }
    )
    what = "limit" if "kind" in rows else "process"
    none = {"visible": False}
    chart.set_y_axis(_axis(what, reverse=True, crossing="max", label_position="low", major_gridlines=none))
    chart.set_x_axis(_axis(money, num_format="#,##0.######"))
    chart.set_legend({"none": True})
    return chart
