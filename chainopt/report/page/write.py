"""A solution as one self-contained web page, which asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from os import PathLike

from markupsafe import Markup

from chainopt.audits.market_test import findings as market_findings
from chainopt.chain.chain import Chain
from chainopt.machine.files import replacing
from chainopt.machine.memory import uncollected
from chainopt.network.tolerances import SHOWN
from chainopt.report import templates
from chainopt.report.content.findings import (
    answers,
    audit_sentence,
    findings,
    headline,
    money,
    report_title,
    value_facts,
)
from chainopt.report.content.legible import legible, short
from chainopt.report.content.salience import foremost, greatest, money_scale, turnover
from chainopt.report.page.charts import agreement, residuals
from chainopt.report.page.tables import pages
from chainopt.report.picture.picture import SCRIPT, STYLE, fragment
from chainopt.report.picture.plot import pictures
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure

STYLES = ("page/page.css", STYLE)
SCRIPTS = ("page/page.js", SCRIPT)
"""Files beside this one that make the page's one style and one script."""
MOST_ROWS = 500
"""The most goods, processes and warnings that a page shows; the workbook and the JSON hold all."""
MOST_FLOWS = 500
"""The most uses, and the most flows of the audit."""
MOST_BARS = 15


def write_html(
    chain: Chain,
    solution: Solution,
    path: str | PathLike[str],
    *,
    numeraire: str | None = None,
    tables: Tables | None = None,
) -> None:
    """Write the report to an HTML file, which replaces a file of that name only once it is complete.

    tables: those of `dossier`, where they are there already. Raises OSError where the file can't be written,
    and NumeraireError as `dossier` does.
    """
    figures = tables or dossier(chain, solution, numeraire=numeraire)
    with uncollected():
        text = html_text(chain, solution, figures)
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def html_text(chain: Chain, solution: Solution, figures: Tables) -> str:
    """The page's text, from the tables of a solution."""
    kept = foremost(figures, MOST_ROWS, MOST_ROWS, MOST_FLOWS)
    if len(figures.warnings) > MOST_ROWS:
        kept = replace(kept, warnings=figures.warnings[:MOST_ROWS])
    found = findings(solution, figures)
    market = figures.market
    said = {"market": [legible(text) for text in market_findings(market)[:1]] if market is not None else []}
    said["audit"] = [audit_sentence(figures)]
    charts = (agreement(kept), residuals(kept)) if solution.certified else ()
    return templates.template("page/page.html", csp_hash=_csp_hash, place="{:.1f}".format).render(
        style=_joined(STYLES),
        script=_joined(SCRIPTS),
        title=report_title(chain),
        solution=solution,
        headline=headline(solution, figures),
        answers=answers(found),
        money=money(figures),
        facts=_facts(chain, solution),
        bars=_bars(kept) if solution.certified else [],
        drawn=[(picture, fragment(picture, picture.name)) for picture in pictures(solution, figures)],
        pages=pages(solution, kept, said),
        charts={"prices": [chart for chart in charts if chart is not None]},
        left_out={
            "warnings": len(figures.warnings) - len(kept.warnings),
            "prices": len(figures.goods) - len(kept.goods),
            "balances": len(figures.goods) - len(kept.goods),
            "uses": len(figures.uses) - len(kept.uses),
            "audit-whole": len(figures.audit) - len(kept.audit),
            "processes": len(figures.processes) - len(kept.processes),
            "firms": len(figures.firms) - len(kept.firms),
            "transfers": len(figures.transfers) - len(kept.transfers),
            "ranges": len(figures.ranges) - len(kept.ranges),
            "market": len(figures.processes) - len(kept.processes) if figures.market is not None else 0,
        },
        message=legible(solution.message),
        made_by=legible(_made_by(solution)),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the picture: where it begins and how long it is, in per cent of the width."""

    name: str
    text: str
    start: float
    length: float
    negative: bool


def _bars(figures: Tables) -> list[Bar]:
    """The goods of the greatest turnover, as bars from a common zero."""
    worth = turnover(figures.goods).dropna()
    worth = worth[worth.abs() > SHOWN * money_scale(figures)]
    worth = worth.loc[greatest(worth)[:MOST_BARS]]
    if worth.empty:
        return []
    low, high = min(float(worth.min()), 0.0), max(float(worth.max()), 0.0)
    scale = 100 / (high - low)
    names = figures.goods["good"].loc[worth.index]
    return [
        Bar(short(name, 80), figure(value), (min(value, 0.0) - low) * scale, abs(value) * scale, value < 0)
        for name, value in zip(names, worth, strict=True)
    ]


def _facts(chain: Chain, solution: Solution) -> list[tuple[str, str]]:
    facts = [("Status", str(solution.status).replace("_", " "))]
    facts += [(label, figure(value)) for label, value in value_facts(solution)]
    if solution.scope:
        facts.append(("Optimum", solution.scope))
    facts += [("Goods", f"{len(chain.goods):,}"), ("Processes", f"{len(chain.processes):,}")]
    return facts


def _made_by(solution: Solution) -> str:
    """Who solved it, and how long that took."""
    by = f"Solved by {solution.solver_version or solution.solver}, {solution.iterations:,} iterations"
    return f"{by}, in {sum(solution.seconds.values()):.2f} seconds." if solution.seconds else f"{by}."


def _joined(names: tuple[str, ...]) -> Markup:
    """The files one after the other, as they stand in the page."""
    return Markup("\n".join(map(templates.text, names)))


def _csp_hash(text: str) -> str:
    """The hash by which a Content-Security-Policy admits one inline script or style, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(str(text).encode()).digest()).decode()
