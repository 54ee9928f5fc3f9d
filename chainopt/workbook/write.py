"""A Chain -> a workbook that reads back as the same chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isinf
from os import PathLike
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from chainopt.chain.chain import Chain
from chainopt.chain.records import Process
from chainopt.machine.files import replacing
from chainopt.workbook.cells import digits
from chainopt.workbook.files.raw import LONGEST_TEXT, escaped
from chainopt.workbook.schema import NOTES_SHEET, REQUIRED_SHEETS, SETTINGS, Column, columns_of

Row = dict[str, Any]


def write_workbook(chain: Chain, path: str | PathLike[str], *, notes: Sequence[Sequence[str]] = ()) -> None:
    """Write a chain to an .xlsx file, which replaces a file of that name only once it is complete.

    Reading it back gives an equal chain, but for a unit or note of blanks alone, which comes back empty.
    `notes` are the rows of a sheet that no reader looks at: sources, remarks. Raises ValueError for a text
    that is longer than a cell holds.
    """
    book = Workbook()
    book.remove(book.active)
    for name, rows in _rows(chain).items():
        if rows or name in REQUIRED_SHEETS:
            columns = [
                column
                for column in columns_of(name).values()
                if column.main or any(row.get(column.column) != column.default for row in rows)
            ]
            add_sheet(book, name, columns, rows)
    if notes:
        sheet = book.create_sheet(NOTES_SHEET)
        for i, texts in enumerate(notes, 1):
            for j, text in enumerate(texts, 1):
                put(sheet, i, j, text)
        sheet.column_dimensions["A"].width = 30
    save(book, path)


def _rows(chain: Chain) -> dict[str, list[Row]]:
    """Each sheet's rows as values by column, in the chain's order."""
    inputs: list[Row] = []
    outputs: list[Row] = []
    processes: list[Row] = []
    for process in chain.processes:
        short = _short_output(process)
        own = {"outputs": short, "firm": "" if process.firm == process.process else process.firm}
        processes.append(_row("processes", process, **own))
        inputs += [_row("inputs", use, process=process.process) for use in process.inputs]
        if short is None:
            outputs += [_row("outputs", made, process=process.process) for made in process.outputs]
    settings = ((setting, getattr(chain.settings, setting.field)) for setting in SETTINGS)
    return {
        "goods": [_row("goods", good) for good in chain.goods],
        "processes": processes,
        "inputs": inputs,
        "outputs": outputs,
        "parameters": [_row("parameters", parameter) for parameter in chain.parameters],
        "settings": [
            {"setting": setting.column, "value": value, "notes": ""}
            for setting, value in settings
            if value != setting.default
        ],
        "observed": [_row("observed", seen) for seen in chain.observed],
    }


def _row(sheet: str, record: object, **own: Any) -> Row:
    return {
        column.column: own[column.field] if column.field in own else getattr(record, column.field)
        for column in columns_of(sheet).values()
    }


def _short_output(process: Process) -> str | None:
    """The good that fits the column output: a function's only one, with yield 1 and no remark."""
    only = process.outputs[0] if process.formula is None and len(process.outputs) == 1 else None
    return only.good if only is not None and only.yield_ == 1 and not only.notes else None


def add_sheet(book: Workbook, name: str, columns: Sequence[Column], rows: Iterable[Row]) -> Any:
    """Add a sheet with a bold, frozen header and the rows; returns it."""
    sheet = book.create_sheet(name)
    widths = [len(column.column) for column in columns]
    for j, column in enumerate(columns, 1):
        cell = put(sheet, 1, j, column.column)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDE6EE")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for i, row in enumerate(rows, 2):
        for j, column in enumerate(columns, 1):
            value = row[column.column]
            if not column.required and value == column.default:
                continue
            cell = put(sheet, i, j, _cell(value, column))
            widths[j - 1] = max(widths[j - 1], len(str(cell.value)))
            if column.kind == "formula" or column.column == "notes":
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    for j, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(j)].width = min(max(width, 8), 60) + 3
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{max(sheet.max_row, 2)}"
    return sheet


def _cell(value: Any, column: Column) -> Any:
    if column.kind == "disposal":
        return "none" if value is None else float(value)
    if column.kind == "yes/no":
        return "yes" if value else "no"
    return value


def put(sheet: Any, row: int, column: int, value: Any) -> Any:
    """Write one cell: text stays text, whatever it begins with, and a number keeps every digit."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        text = escaped(value)
        if len(text) > LONGEST_TEXT:
            where = f"{sheet.title}!{cell.coordinate}"
            raise ValueError(f"{where}: {len(text):,} characters are too many: a cell holds {LONGEST_TEXT:,}")
        cell.value = text
        cell.data_type = "s"
    elif isinf(value):
        cell.value = "inf" if value > 0 else "-inf"
    else:
        # openpyxl itself would round a number to 16 digits; a double may need 17.
        cell.value = digits(value)
        cell.data_type = "n"
    return cell


def save(book: Workbook, path: str | PathLike[str]) -> None:
    """Save a book whole or not at all: a failure leaves what was there."""
    with replacing(path) as file:
        book.save(file)
