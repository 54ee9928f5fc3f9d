"""What a notebook shows of a solution, its tables and a price's story: HTML in one scope, without a script."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd
from markupsafe import Markup, escape

from chainopt.audits.stories import Story
from chainopt.report.content.findings import answers, findings, headline, money
from chainopt.report.content.legible import legible
from chainopt.report.content.salience import foremost
from chainopt.report.page.tables import Page, pages
from chainopt.rows.tables import Tables, tables
from chainopt.solution.solution import Solution
from chainopt.words.display import as_html

MOST_ROWS = 12
"""The most rows of a table that are shown; the rest are counted."""

_STYLE = Markup("""<style>
.chainopt { max-width: 70rem; overflow-x: auto; }
.chainopt p, .chainopt ul { margin: .3rem 0; }
.chainopt table { border-collapse: collapse; margin: .6rem 0; }
.chainopt caption { text-align: left; font-weight: bold; padding: .2rem 0; }
.chainopt th, .chainopt td { text-align: left; vertical-align: top; padding: .15rem .9rem .15rem 0; }
.chainopt .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.chainopt i { visibility: hidden; font-style: normal; }
</style>""")


@as_html.register
def _(solution: Solution) -> str:
    figures = tables(solution.chain, solution)
    parts = [Markup("<p><strong>{}</strong></p>").format(headline(solution))]
    for question, said in answers(findings(solution, figures)).items():
        points = Markup().join(Markup("<li>{}</li>").format(finding.text) for finding in said)
        parts.append(Markup("<p>{}</p><ul>{}</ul>").format(question, points))
    shown = "balances"
    if solution.certified:
        parts.append(Markup("<p>{}</p>").format(money(figures)))
        shown = "prices"
    kept = foremost(figures, MOST_ROWS, MOST_ROWS)
    parts += [_table(page) for page in pages(solution, kept) if page.name == shown]
    left = len(figures.goods) - len(kept.goods)
    if left and solution.plan is not None:
        parts.append(
            Markup("<p>{} more of less value {} left out.</p>").format(left, "is" if left == 1 else "are")
        )
    return _scoped(parts)


@as_html.register
def _(shown: Tables) -> str:
    frames = {field.name: getattr(shown, field.name) for field in fields(shown)}
    parts = []
    for name, frame in frames.items():
        if isinstance(frame, pd.DataFrame) and len(frame):
            body = Markup(frame.map(_seen).to_html(max_rows=MOST_ROWS, border=0, index=False, na_rep=""))
            rows = f"{len(frame):,} {'row' if len(frame) == 1 else 'rows'}"
            parts.append(Markup("<details><summary>{}: {}</summary>{}</details>").format(name, rows, body))
    return _scoped([Markup("<p><strong>{}</strong></p>").format(money(shown)), *parts])


@as_html.register
def _(story: Story) -> str:
    return _scoped([Markup("<p><strong>{}</strong>: {}</p>").format(legible(story.good), legible(story.text))])


def _seen(value: object) -> object:
    return legible(value) if isinstance(value, str) else value


def _table(page: Page) -> Markup:
    heads = Markup().join(
        Markup("<th{}>{}</th>").format(_NUMBER if column.numeric else "", column.title) for column in page.columns
    )
    rows = Markup().join(
        Markup("<tr>{}</tr>").format(
            Markup().join(
                Markup("<td{}>{}{}</td>").format(
                    _NUMBER if cell.column.numeric else "",
                    cell.text,
                    Markup("<i>{}</i>").format(cell.pad) if cell.pad else "",
                )
                for cell in row
            )
        )
        for group in page.groups
        for row in group.rows
    )
    caption = escape(f"{page.title}: {page.caption}")
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        caption, heads, rows
    )


_NUMBER = Markup(' class="n"')


def _scoped(parts: list[Markup]) -> str:
    return str(Markup('<div class="chainopt">{}{}</div>').format(_STYLE, Markup().join(parts)))
