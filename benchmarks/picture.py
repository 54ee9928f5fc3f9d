"""Time against flows, as an SVG that is the same for the same results."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from layered import Case
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from results import Results
from routes import ROUTES

PANELS = (Case("neighbours"), Case("random"), Case("random", returns=1.0))
STYLE = {
    "market": ("#0a7d3f", "o", "-"),
    "market, NumPy": ("#0a7d3f", "o", ":"),
    "chainopt auto": ("#58b07f", "v", "-"),
    "chainopt Ipopt": ("#1f4e9c", "s", "-"),
    "CasADi": ("#c45a00", "^", "-"),
    "CasADi, adaptive": ("#c45a00", "^", ":"),
    "PyOptInterface": ("#a02c6d", "D", "-"),
    "cvxpy": ("#7a6a00", "P", "-"),
    "GEKKO": ("#666666", "X", "-"),
}


def draw(results: Results, path: Path) -> None:
    """A panel for each kind of chain, both axes logarithmic."""
    with mpl.rc_context({"svg.hashsalt": "chainopt", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(10.5, 4.2))
        cases = [case for case in PANELS if any(of == case for _, of, _ in results.by)]
        panels = figure.subplots(1, len(cases), sharey=True, squeeze=False)[0]
        for axes, case in zip(panels, cases, strict=True):
            _panel(axes, results, case)
        panels[0].set_ylabel("seconds")
        handles = {}
        for axes in panels:
            lines, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, lines, strict=True))
        order = [name for name in ROUTES if name in handles]
        figure.legend(
            [handles[name] for name in order], order, loc="lower center", ncols=len(order), frameon=False,
            fontsize=8, columnspacing=1.2, handlelength=1.8,
        )  # fmt: skip
        figure.tight_layout(rect=(0, 0.07, 1, 1))
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _panel(axes: Axes, results: Results, case: Case) -> None:
    for name, (colour, marker, line) in STYLE.items():
        sizes = [size for size in results.sizes if results.runs(size, case, name)]
        if not sizes:
            continue
        runs = [[record["total"] for record in results.runs(size, case, name)] for size in sizes]
        middle = [results.middle(size, case, name) for size in sizes]
        off = (
            [m - min(each) for m, each in zip(middle, runs, strict=True)],
            [max(each) - m for m, each in zip(middle, runs, strict=True)],
        )
        look = {"color": colour, "marker": marker, "linestyle": line, "markersize": 4, "linewidth": 1.2}
        axes.errorbar(sizes, middle, yerr=off, label=name, **look)
    axes.set(xscale="log", yscale="log", title=str(case), xlabel="flows")
    axes.title.set_fontsize(9)
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{s:g}"))
    axes.minorticks_off()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
