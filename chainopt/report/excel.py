"""A solution as an Excel workbook: a summary, every table, and the chain's data as read."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from os import PathLike
from typing import Any

from xlsxwriter.worksheet import Worksheet

from chainopt.chain import Chain
from chainopt.dossier import dossier
from chainopt.garbage import uncollected
from chainopt.report.findings import findings, headline, money
from chainopt.report.legible import figure, places
from chainopt.report.paper import CAUTION, HEADING, TEXT, TITLE, Paper, tall
from chainopt.report.sheets import TONES, Column, Sheet, sheets
from chainopt.solution import Solution
from chainopt.tables import Tables
from chainopt.workbook.schema import SHEETS
from chainopt.writing import replacing

_HOME = {
    "prices": "Prices",
    "audit": "Audit",
    "uses": "Uses",
    "processes": "Processes",
    "market": "Market",
    "limits": "Limits",
    "solver": "Solver",
    "explanation": "Inputs",
}


def write_excel(
    chain: Chain,
    solution: Solution,
    path: str | PathLike[str],
    *,
    numeraire: str | None = None,
    tables: Tables | None = None,
) -> None:
    """Write the report to an .xlsx file, which replaces a file of that name only once it is complete.

    tables: those of `dossier`, where they are there already. Raises OSError where the file can't be written,
    and NumeraireError as `dossier` does.
    """
    figures = tables or dossier(chain, solution, numeraire=numeraire)
    with uncollected():
        paper = Paper()
        _write(paper, chain, solution, figures)
        with replacing(path) as file:
            file.write(paper.content())


def _write(paper: Paper, chain: Chain, solution: Solution, figures: Tables) -> None:
    shown = sheets(chain, figures)
    shown["prices"] = _with_balances(shown["prices"], shown["balances"])
    summary = paper.sheet("Summary")
    for name in ("prices", "audit", "uses", "processes", "market", "limits"):
        if name not in shown:
            continue
        sheet = paper.sheet(_HOME[name])
        last = _fill(paper, sheet, shown[name], _HOME[name]) - 1
        _colour(paper, sheet, name, shown[name], last)
        sheet.freeze_panes(1, {"audit": 3, "uses": 2}.get(name, 1))
        sheet.repeat_rows(0)
    _solver(paper, paper.sheet("Solver"), solution, shown["kkt"])
    _inputs(paper, paper.sheet("Inputs"), chain)
    _summary(paper, summary, chain, solution, figures)


def _colour(paper: Paper, sheet: Worksheet, name: str, table: Sheet, last: int) -> None:
    """Colour verdicts by their tone, wherever sorting takes them."""
    at = [j for j, column in enumerate(table.columns) if column.name == "verdict"]
    if name not in TONES or not at or table.rows.empty:
        return
    for verdict, tone in TONES[name].items():
        if tone:
            paper.colour(sheet, at[0], last, verdict, tone)


def _with_balances(prices: Sheet, balances: Sheet) -> Sheet:
    """Prices and amounts of each good on one sheet."""
    seen = {column.name for column in prices.columns}
    columns = tuple(column for column in prices.columns if column.name != "range")
    more = tuple(column for column in balances.columns if column.name not in seen)
    shown = prices.shown.join(balances.shown[[column.name for column in more]])
    return Sheet(prices.title, prices.caption, columns + more, prices.rows, shown)


def _fill(paper: Paper, sheet: Worksheet, table: Sheet, name: str) -> int:
    """Write a table from the first row on, as an Excel table of that name; returns the row after it."""
    values = [_values(table, column) for column in table.columns]
    shapes = [_formats(column, table) for column in table.columns]
    return paper.table(sheet, 0, table.columns, values, shapes, name)


def _values(table: Sheet, column: Column) -> list[Any]:
    """What is written of a column: a number that does not exist, and what is no text, is None."""
    values = table.rows[column.name]
    if column.numeric:
        return [None if isnan(value) else value for value in values.astype(float).tolist()]
    return [value if isinstance(value, str) else None for value in values.tolist()]


def _formats(column: Column, table: Sheet) -> list[str]:
    """Number formats that show six digits of each figure, with the points of a column one above the other."""
    if not column.numeric:
        return [""] * len(table.rows)
    if column.kind == "share":
        return ["0.0%"] * len(table.rows)
    texts = [str(text) for text in table.shown[column.name]]
    if column.kind == "residual":
        return [_format(text) if text and "e" not in text and text != "0" else "0.0E+00" for text in texts]
    most = max(map(places, texts), default=0)
    return [_format(text, most) for text in texts]


def _format(text: str, most: int = 0) -> str:
    """The number format that shows a figure as its text does, with room for as many places as the column has."""
    if "e" in text:
        return "0.00000E+00"
    own = places(text)
    point = f".{'0' * own}" if own else "_." if most else ""
    return f"#,##0{point}{'_0' * (most - own)}"


def _summary(paper: Paper, sheet: Worksheet, chain: Chain, solution: Solution, figures: Tables) -> None:
    paper.widen(sheet, 0, 18)
    paper.widen(sheet, 1, 100)
    paper.put(sheet, 0, 0, chain.name or "Supply chain", **TITLE)
    paper.put(sheet, 1, 0, headline(solution), **HEADING)
    found = findings(solution, figures)
    facts = [
        ("Status", str(solution.status)),
        ("Value", solution.objective if solution.certified else None),
        ("Optimum", solution.scope),
        ("Goods", len(chain.goods)),
        ("Processes", len(chain.processes)),
        ("Money", money(figures) if solution.certified else None),
    ]
    row = 3
    for label, value in facts:
        if value is None:
            continue
        paper.put(sheet, row, 0, label, bold=True)
        shape = {"num_format": _format(figure(value))} if isinstance(value, float) else {}
        paper.put(sheet, row, 1, value, align="left", text_wrap=True, **shape)
        row += 1
    row += 1
    paper.put(sheet, row, 0, "What it says", **HEADING)
    for finding in found:
        row += 1
        paper.link(sheet, row, _HOME[finding.about])
        paper.put(sheet, row, 1, finding.text, **(CAUTION if finding.caution else TEXT))
        sheet.set_row(row, 15 * (1 + len(finding.text) // 105))
    for text in paper.cut:
        row += 1
        paper.put(sheet, row, 1, text, **CAUTION)


def _solver(paper: Paper, sheet: Worksheet, solution: Solution, kkt: Sheet) -> None:
    row = _fill(paper, sheet, kkt, "kkt") + 1
    facts: list[tuple[str, Any]] = [
        ("Solver", solution.solver_version or solution.solver),
        ("Iterations", solution.iterations),
        *((f"Seconds: {phase}", spent) for phase, spent in solution.seconds.items()),
        ("Message", solution.message),
    ]
    for label, value in facts:
        paper.put(sheet, row, 0, label, bold=True, valign="top")
        if isinstance(value, str):
            paper.put(sheet, row, 2, value, align="left", indent=1, **TEXT)
            sheet.set_row(row, tall(value))
        else:
            paper.put(sheet, row, 1, value, **({"num_format": "0.0000"} if isinstance(value, float) else {}))
        row += 1
    paper.widen(sheet, 0, 24)


def _inputs(paper: Paper, sheet: Worksheet, chain: Chain) -> None:
    """The chain's data as read, sheet by sheet of the workbook's schema; a default is left blank."""
    row = 0
    for name, data in _data(chain).items():
        schema = SHEETS[name].values()
        count = len(next(iter(data.values())))
        if not count:
            continue
        columns, values = [], []
        for column in schema:
            default = None if column.required else column.default
            given = [None if value == default else _as_read(value) for value in data[column.column]]
            if column.main or any(value is not None for value in given):
                columns.append(Column(column.column, column.column, "word", column.meaning))
                values.append(given)
        paper.put(sheet, row, 0, name.capitalize(), **HEADING)
        shapes = [[""] * count] * len(columns)
        row = paper.table(sheet, row + 1, columns, values, shapes, f"input_{name}") + 1


def _data(chain: Chain) -> dict[str, dict[str, list[Any]]]:
    """Each input sheet's columns, whatever the sheet they were read from spelled short."""
    inputs = [(process, use) for process in chain.processes for use in process.inputs]
    outputs = [(process, made) for process in chain.processes for made in process.outputs]
    settings = {"name": chain.name, "numeraire": chain.settings.numeraire, "tolerance": chain.settings.tolerance}
    settings |= {"max iterations": chain.settings.max_iterations, "time limit": chain.settings.time_limit}
    settings = {name: value for name, value in settings.items() if value}

    def columns(sheet: str, records: Sequence[Any], **own: list[Any]) -> dict[str, list[Any]]:
        return {
            column.column: own[column.field]
            if column.field in own
            else [getattr(record, column.field) for record in records]
            for column in SHEETS[sheet].values()
        }

    return {
        "goods": columns("goods", chain.goods),
        "processes": columns("processes", chain.processes, outputs=[None] * len(chain.processes)),
        "inputs": columns("inputs", [use for _, use in inputs], process=[p.process for p, _ in inputs]),
        "outputs": columns("outputs", [made for _, made in outputs], process=[p.process for p, _ in outputs]),
        "parameters": columns("parameters", chain.parameters),
        "settings": {"setting": [*settings], "value": [*settings.values()]},
        "observed": columns("observed", chain.observed),
    }


def _as_read(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else None
