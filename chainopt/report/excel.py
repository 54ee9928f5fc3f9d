"""A solution as an Excel workbook: a summary, every table, and the chain's data as read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, isfinite
from os import PathLike
from typing import Any

from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, NamedStyle, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.table import Table, TableStyleInfo

from chainopt.chain import Chain
from chainopt.dossier import dossier
from chainopt.report.findings import findings, headline, money
from chainopt.report.legible import figure, legible, places
from chainopt.report.sheets import TONES, Column, Sheet, sheets
from chainopt.solution import Solution
from chainopt.tables import Tables
from chainopt.workbook.cells import digits
from chainopt.workbook.raw import escaped
from chainopt.workbook.schema import SHEETS
from chainopt.writing import replacing

MOST_ROWS = 1_048_576
"""The most rows that Excel keeps in a sheet."""
LONGEST_TEXT = 32_767
"""The most characters that Excel keeps in a cell."""
_RISKY = ("=", "+", "-", "@")
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
_WIDEST, _WIDEST_TEXT = 52, 80
"""Columns, in characters."""
_LINE, _TALLEST = 15, 409
"""Rows, in points; Excel allows no more."""
_INK, _FONT = "1F4E5F", "Calibri"
_COLOURS = {"care": ("8A3B00", "FFF3E0"), "wrong": ("9C0006", "FFC7CE")}
"""Ink and paper of a verdict, by its tone."""


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
    book = _book(chain, solution, tables or dossier(chain, solution, numeraire=numeraire))
    with replacing(path) as file:
        book.save(file)


def _book(chain: Chain, solution: Solution, figures: Tables) -> Workbook:
    book = Workbook()
    book.remove(book.active)
    for style in _styles():
        book.add_named_style(style)
    shown = sheets(chain, figures)
    shown["prices"] = _with_balances(shown["prices"], shown["balances"])
    summary = book.create_sheet("Summary")
    cut = []
    for name in ("prices", "audit", "uses", "processes", "market", "limits"):
        if name not in shown:
            continue
        sheet = book.create_sheet(_HOME[name])
        _page(sheet)
        if len(shown[name].rows) > MOST_ROWS - 1:
            whole = len(shown[name].rows)
            cut.append(f"The sheet {_HOME[name]} holds the first {MOST_ROWS - 1:,} of {whole:,} rows.")
        _fill(sheet, 1, shown[name], _HOME[name])
        _colour(sheet, name, shown[name])
        sheet.freeze_panes = "D2" if name == "audit" else "C2" if name == "uses" else "B2"
        sheet.print_title_rows = "1:1"
    _summary(summary, chain, solution, figures, cut)
    _solver(book.create_sheet("Solver"), solution, shown["kkt"])
    _inputs(book.create_sheet("Inputs"), chain)
    return book


def _styles() -> Iterable[NamedStyle]:
    """The report's own cell styles, which a user can restyle all at once."""
    yield NamedStyle("Report title", font=Font(name=_FONT, size=16, bold=True, color=_INK))
    yield NamedStyle("Report heading", font=Font(name=_FONT, size=12, bold=True, color=_INK))
    yield NamedStyle(
        "Report header",
        font=Font(name=_FONT, bold=True, color="FFFFFF"),
        fill=PatternFill("solid", fgColor=_INK),
        alignment=Alignment(wrap_text=True, vertical="center"),
    )
    yield NamedStyle("Report text", font=Font(name=_FONT), alignment=Alignment(wrap_text=True, vertical="top"))
    yield NamedStyle(
        "Report caution",
        font=Font(name=_FONT, color="8A3B00"),
        fill=PatternFill("solid", fgColor="FFF3E0"),
        alignment=Alignment(wrap_text=True, vertical="top"),
    )


def _page(sheet: Any) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P / &N"
    sheet.sheet_view.showGridLines = False


def _colour(sheet: Any, name: str, table: Sheet) -> None:
    """Colour verdicts by their tone, wherever sorting takes them."""
    at = [i for i, column in enumerate(table.columns, 1) if column.name == "verdict"]
    if name not in TONES or not at or table.rows.empty:
        return
    letter = get_column_letter(at[0])
    for verdict, tone in TONES[name].items():
        if tone:
            ink, paper = _COLOURS[tone]
            fill = PatternFill("solid", bgColor=paper, fgColor=paper)
            rule = CellIsRule(operator="equal", formula=[f'"{verdict}"'], font=Font(color=ink), fill=fill)
            sheet.conditional_formatting.add(f"{letter}2:{letter}{sheet.max_row}", rule)


def _with_balances(prices: Sheet, balances: Sheet) -> Sheet:
    """Prices and amounts of each good on one sheet."""
    seen = {column.name for column in prices.columns}
    columns = tuple(column for column in prices.columns if column.name != "range")
    more = tuple(column for column in balances.columns if column.name not in seen)
    shown = prices.shown.join(balances.shown[[column.name for column in more]])
    return Sheet(prices.title, prices.caption, columns + more, prices.rows, shown)


def _put(sheet: Any, row: int, column: int, value: Any, style: str = "Normal") -> Any:
    """Write one cell: text stays text, whatever it begins with; what does not exist is left empty."""
    cell = sheet.cell(row, column)
    # First: a style that comes later takes the prefix away again.
    cell.style = style
    if isinstance(value, str):
        text = legible(value)
        if not text:
            return cell
        cell.value = escaped(text)[:LONGEST_TEXT]
        cell.data_type = "s"
        # Without the prefix, editing the cell would make a formula of it.
        cell.quotePrefix = text.startswith(_RISKY)
    elif value is not None and isfinite(value):
        # openpyxl itself would round a number to 16 digits; a double may need 17.
        cell.value = digits(value + 0.0)
        cell.data_type = "n"
    elif value in (float("inf"), float("-inf")):
        cell.value = "inf" if value > 0 else "-inf"
        cell.data_type = "s"
    return cell


def _indented(column: int, *, wrap: bool = False) -> Alignment:
    """Text a little away from the number that may be to its left."""
    return Alignment(horizontal="left", vertical="top", indent=int(column > 1), wrap_text=wrap)


def _width(formats: Sequence[str], values: Sequence[Any]) -> int:
    """How many characters a column of numbers needs, a place that is only kept free counted as one."""
    numbers = [
        len(f"{value:,.0f}") + len(shape.replace("_", "").partition("0")[2])
        for value, shape in zip(values, formats, strict=True)
        if isinstance(value, int | float) and isfinite(value)
    ]
    return max(numbers, default=0) + 3


def _fill(sheet: Any, top: int, table: Sheet, name: str) -> int:
    """Write a table with its header at a row, as an Excel table of that name; returns the row after it."""
    values = [[_value(row, column) for column in table.columns] for _, row in table.rows.iterrows()]
    formats = [[""] * len(values) if not column.numeric else _formats(column, table) for column in table.columns]
    return _rows(sheet, top, table.columns, values[: MOST_ROWS - top], formats, name)


def _value(row: Any, column: Column) -> Any:
    value = row[column.name]
    if column.numeric:
        return float(value)
    return value if isinstance(value, str) else None


def _rows(
    sheet: Any,
    top: int,
    columns: Sequence[Column],
    values: Sequence[Sequence[Any]],
    formats: Sequence[Sequence[str]],
    name: str,
) -> int:
    lines = [1] * len(values)
    for j, column in enumerate(columns, 1):
        header = _put(sheet, top, j, column.title, "Report header")
        header.alignment = Alignment(horizontal="right") if column.numeric else _indented(j)
        letter = get_column_letter(j)
        texts = [row[j - 1] for row in values if isinstance(row[j - 1], str)]
        width = max([len(column.title) + 4, *(len(text) + 2 for text in texts)])
        width = min(width, _WIDEST_TEXT if column.kind == "text" else _WIDEST)
        width = max(width, _width(formats[j - 1], [row[j - 1] for row in values]))
        # Tables one below the other share their columns.
        width = max(width, sheet.column_dimensions[letter].width if top > 1 else 0)
        sheet.column_dimensions[letter].width = width
        for i, row in enumerate(values):
            cell = _put(sheet, top + 1 + i, j, row[j - 1])
            if formats[j - 1][i]:
                cell.number_format = formats[j - 1][i]
            cell.alignment = Alignment(vertical="top")
            if isinstance(row[j - 1], str):
                long = len(row[j - 1]) > width - 1
                cell.alignment = _indented(j, wrap=long)
                lines[i] = max(lines[i], ceil(1.15 * len(row[j - 1]) / width) if long else 1)
    for i, count in enumerate(lines, top + 1):
        if count > 1:
            sheet.row_dimensions[i].height = min(_LINE * count, _TALLEST)
    if not values:
        _put(sheet, top + 1, 1, "none")
        return top + 2
    last = top + len(values)
    area = Table(displayName=f"chain_{name.lower()}", ref=f"A{top}:{get_column_letter(len(columns))}{last}")
    area.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    sheet.add_table(area)
    return last + 1


def _formats(column: Column, table: Sheet) -> list[str]:
    """Number formats that show six digits of each figure, with the points of a column one above the other."""
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


def _summary(sheet: Any, chain: Chain, solution: Solution, figures: Tables, cut: Sequence[str]) -> None:
    _page(sheet)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 18, 100
    _put(sheet, 1, 1, chain.name or "Supply chain", "Report title")
    _put(sheet, 2, 1, headline(solution), "Report heading")
    found = findings(solution, figures)
    facts = [
        ("Status", str(solution.status)),
        ("Value", solution.objective if solution.certified else None),
        ("Optimum", solution.scope),
        ("Goods", len(chain.goods)),
        ("Processes", len(chain.processes)),
        ("Money", money(figures) if solution.certified else None),
    ]
    row = 4
    for label, value in facts:
        if value is None:
            continue
        _put(sheet, row, 1, label).font = Font(name=_FONT, bold=True)
        cell = _put(sheet, row, 2, value)
        cell.alignment = Alignment(horizontal="left", wrap_text=True)
        if isinstance(value, float):
            cell.number_format = _format(figure(value))
        row += 1
    row += 1
    _put(sheet, row, 1, "What it says", "Report heading")
    for finding in found:
        row += 1
        _link(_put(sheet, row, 1, _HOME[finding.about]), _HOME[finding.about])
        _put(sheet, row, 2, finding.text, "Report caution" if finding.caution else "Report text")
        sheet.row_dimensions[row].height = 15 * (1 + len(finding.text) // 105)
    for text in cut:
        row += 1
        _put(sheet, row, 2, text, "Report caution")


def _link(cell: Any, sheet: str) -> None:
    """Make a cell lead to another sheet of the book."""
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{sheet}'!A1")
    cell.font = Font(name=_FONT, color="0B5394", underline="single")
    cell.alignment = Alignment(vertical="top")


def _solver(sheet: Any, solution: Solution, kkt: Sheet) -> None:
    _page(sheet)
    row = _fill(sheet, 1, kkt, "kkt") + 1
    facts: list[tuple[str, Any]] = [
        ("Solver", solution.solver_version or solution.solver),
        ("Iterations", solution.iterations),
        *((f"Seconds: {phase}", spent) for phase, spent in solution.seconds.items()),
        ("Message", solution.message),
    ]
    for label, value in facts:
        head = _put(sheet, row, 1, label)
        head.font, head.alignment = Font(name=_FONT, bold=True), Alignment(vertical="top")
        cell = _put(sheet, row, 3 if isinstance(value, str) else 2, value)
        if isinstance(value, float):
            cell.number_format = "0.0000"
        elif isinstance(value, str):
            cell.alignment = _indented(3, wrap=True)
            sheet.row_dimensions[row].height = _LINE * ceil(1.15 * len(str(value)) / _WIDEST)
        row += 1
    sheet.column_dimensions["A"].width = 24


def _inputs(sheet: Any, chain: Chain) -> None:
    """The chain's data as read, sheet by sheet of the workbook's schema; a default is left blank."""
    _page(sheet)
    row = 1
    for name, records in _records(chain).items():
        if not records:
            continue
        schema = SHEETS[name].values()
        columns = [
            Column(column.column, column.column, "word", column.meaning)
            for column in schema
            if column.main or any(record[column.column] != column.default for record in records)
        ]
        default = {column.column: None if column.required else column.default for column in schema}
        values = [
            [None if record[c.name] == default[c.name] else _as_read(record[c.name]) for c in columns]
            for record in records
        ]
        _put(sheet, row, 1, name.capitalize(), "Report heading")
        formats = [[""] * len(values)] * len(columns)
        row = _rows(sheet, row + 1, columns, values, formats, f"input_{name}") + 1


def _records(chain: Chain) -> dict[str, list[dict[str, Any]]]:
    """Each input sheet's rows by column, whatever the sheet they were read from spelled short."""

    def row(sheet: str, record: object, **own: Any) -> dict[str, Any]:
        return {
            column.column: own[column.field] if column.field in own else getattr(record, column.field)
            for column in SHEETS[sheet].values()
        }

    settings = {"name": chain.name, "numeraire": chain.settings.numeraire, "tolerance": chain.settings.tolerance}
    settings |= {"max iterations": chain.settings.max_iterations, "time limit": chain.settings.time_limit}
    return {
        "goods": [row("goods", good) for good in chain.goods],
        "processes": [row("processes", process, outputs=None) for process in chain.processes],
        "inputs": [row("inputs", use, process=p.process) for p in chain.processes for use in p.inputs],
        "outputs": [row("outputs", made, process=p.process) for p in chain.processes for made in p.outputs],
        "parameters": [row("parameters", parameter) for parameter in chain.parameters],
        "settings": [{"setting": name, "value": value} for name, value in settings.items() if value],
        "observed": [row("observed", seen) for seen in chain.observed],
    }


def _as_read(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else None
