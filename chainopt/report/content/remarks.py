"""What a solution says of single cells of the workbook: causes, binding limits, losses, open prices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainopt.audits.market_test import BOUND, PROFIT, RENT, ZERO_PROFIT, sentence
from chainopt.audits.verdicts import Verdict
from chainopt.chain.chain import Chain
from chainopt.network.limits import KINDS
from chainopt.report.content.findings import price_range
from chainopt.report.content.legible import legible
from chainopt.report.content.salience import ambiguous, binding, eased_by_more
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
from chainopt.words.figures import figure
from chainopt.workbook.schema import columns_of

_QUIET = (Verdict.AGREES, Verdict.KINK, Verdict.RENT, Verdict.IDLE)
"""Verdicts of which nothing is said at the cell: no news, or said of the good or of the limit."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about one cell: record is the good or process of its row, good the input that the row is of."""

    sheet: str
    record: str
    column: str
    text: str
    good: str = ""


def remarks(own: Chain, chain: Chain, solution: Solution, tables: Tables) -> Iterator[Remark]:
    """All that is said of single cells, the gravest first; own is the workbook's chain, chain the one solved."""
    for cause in tables.explanation.causes if tables.explanation is not None else ():
        yield Remark(cause.sheet, cause.record, cause.column, legible(cause.text), cause.good)
    yield from _changes(own, chain)
    for process, why in solution.removed.items():
        yield Remark("processes", process, "process", f"can't run: {legible(why)}")
    if not solution.certified:
        return
    yield from _verdicts(tables)
    yield from _departures(tables)
    for row in binding(tables).to_dict("records"):
        about = KINDS[row["kind"]]
        step = "one more unit" if eased_by_more(row) else "one unit less"
        text = f"binds: {step} would add {figure(abs(row['rent']))}"
        record = row["good"] if about.of == "good" else row["process"]
        yield Remark(about.sheet, record, about.column, text, row["good"] if about.of == "use" else "")
    for row in ambiguous(tables.goods).to_dict("records"):
        prices = price_range(row["low"], row["high"], row["interval"])
        if prices:
            yield Remark("goods", row["good"], "good", f"no single price: {prices} supports the plan as well")


def _changes(own: Chain, chain: Chain) -> Iterator[Remark]:
    """Figures that the solved chain has in place of the workbook's."""
    for sheet in ("goods", "processes", "parameters"):
        columns = [column for column in columns_of(sheet).values() if column.field not in ("notes", "outputs")]
        name = columns[0].field
        for old, new in zip(getattr(own, sheet), getattr(chain, sheet), strict=False):
            if old == new:
                continue
            for column in columns[1:]:
                was, now = getattr(old, column.field), getattr(new, column.field)
                if was != now:
                    text = f"solved with {_told(now)} in place of {_told(was)}"
                    yield Remark(sheet, getattr(old, name), column.column, text)
            if sheet == "processes" and (old.inputs, old.outputs) != (new.inputs, new.outputs):
                yield Remark(sheet, getattr(old, name), "process", "solved with other inputs or outputs")


def _told(value: object) -> str:
    if value is None:
        return "nothing"
    return figure(value) if isinstance(value, float) else legible(str(value))


def _verdicts(tables: Tables) -> Iterator[Remark]:
    """What is not to be trusted, or differs for a cause that stands at no limit."""
    audit = tables.audit
    for row in audit[~audit["verdict"].isin(_QUIET)].to_dict("records"):
        text = f"{row['verdict']}: {legible(row['cause'])}"
        if row["kind"] == "use":
            yield Remark("inputs", row["process"], "good", text, row["good"])
        else:
            column = "disposal" if Verdict(row["verdict"]) is Verdict.NUISANCE else "good"
            yield Remark("goods", row["good"], column, text)


def _departures(tables: Tables) -> Iterator[Remark]:
    """Processes that would not keep to the plan at these prices."""
    if tables.market is None:
        return
    asked = tables.market.processes
    for row in asked[~asked["verdict"].isin((PROFIT, ZERO_PROFIT, RENT, BOUND))].to_dict("records"):
        yield Remark("processes", str(row["process"]), "process", legible(sentence(row)))
