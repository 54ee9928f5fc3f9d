"""What a notebook shows of a solution, its tables and a price's story: HTML in one scope, without a script."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pandas as pd

from chainopt.audits.stories import Story
from chainopt.report.content.findings import answers, findings, headline, money
from chainopt.report.content.legible import legible
from chainopt.report.content.salience import foremost
from chainopt.report.page.tables import pages
from chainopt.report.templates import template
from chainopt.rows.tables import Tables, tables
from chainopt.solution.solution import Solution
from chainopt.words.display import as_html

MOST_ROWS = 12
"""The most rows of a table that are shown; the rest are counted."""


@as_html.register
def _(solution: Solution) -> str:
    figures = tables(solution.chain, solution)
    shown = "prices" if solution.certified else "balances"
    kept = foremost(figures, MOST_ROWS, MOST_ROWS)
    return _cell(
        headline(solution, figures),
        answers=answers(findings(solution, figures)),
        money=money(figures) if solution.certified else "",
        pages=[page for page in pages(solution, kept) if page.name == shown],
        left_out=len(figures.goods) - len(kept.goods) if solution.amounts is not None else 0,
    )


@as_html.register
def _(shown: Tables) -> str:
    frames = {field.name: getattr(shown, field.name) for field in fields(shown)}
    return _cell(
        money(shown),
        frames=[
            (name, len(frame), frame.map(_seen).to_html(max_rows=MOST_ROWS, border=0, index=False, na_rep=""))
            for name, frame in frames.items()
            if isinstance(frame, pd.DataFrame) and len(frame)
        ],
    )


@as_html.register
def _(story: Story) -> str:
    return _cell(legible(story.good), f": {legible(story.text)}")


def _seen(value: object) -> object:
    return legible(value) if isinstance(value, str) else value


def _cell(lead: str, rest: str = "", **parts: Any) -> str:
    nothing = {"answers": {}, "money": "", "pages": (), "left_out": 0, "frames": ()}
    return template("page/notebook.html").render(lead=lead, rest=rest, **nothing | parts)
