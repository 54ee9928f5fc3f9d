"""An empty workbook to fill in: every sheet and column, each explained on its header, with drop-downs."""

from __future__ import annotations

import os
from os import PathLike

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from chainopt.workbook.schema import NOTES_SHEET, SETTINGS, SHEETS, Column, columns_of
from chainopt.workbook.write import add_sheet, put, save

LAST_ROW = 2000
"""The drop-downs reach this far down."""

HOW_TO = (
    "How to fill in this workbook",
    "1. goods: a row for each good, with what there is of it (supply) and what buyers pay for it (price).",
    "2. processes: a row for each process that turns goods into goods.",
    "3. Give each process either a formula, such as steel = 2*ore^0.5*power^0.3, or a function and output.",
    "4. inputs: for a process with a function, a row for each input with its coefficient.",
    "5. outputs: only for a process with several outputs, or with a yield other than 1.",
    "6. parameters: numbers that formulas may use by name. settings: the chain's name, the solver's limits.",
    "7. observed: amounts and prices seen in the world, to be shown beside the computed ones.",
    "8. A blank cell means the default; each column's header has a comment that says what belongs there.",
    "9. Names match without regard to case and blanks; in a formula, put those with blanks in [brackets].",
    "10. Sheets and columns whose name begins with # are ignored, and so is this sheet: write what you like.",
)


def write_template(path: str | PathLike[str]) -> None:
    """Write the template; raises FileExistsError where there is a file of that name already."""
    if os.path.lexists(path):
        raise FileExistsError(f"{path} exists already: choose another name, or move it away first")
    book = Workbook()
    how_to = book.active
    how_to.title = NOTES_SHEET
    how_to.column_dimensions["A"].width = 110
    for i, line in enumerate(HOW_TO, 1):
        put(how_to, i, 1, line).alignment = Alignment(wrap_text=True)
    how_to["A1"].font = Font(bold=True)
    for name in SHEETS:
        columns = columns_of(name)
        sheet = add_sheet(book, name, tuple(columns.values()), ())
        for j, column in enumerate(columns.values(), 1):
            comment = Comment(_explanation(column), "chainopt")
            comment.width, comment.height = 360, 140
            sheet.cell(1, j).comment = comment
            choices = _choices(column)
            if choices is not None:
                sheet.add_data_validation(choices)
                letter = get_column_letter(j)
                choices.add(f"{letter}2:{letter}{LAST_ROW}")
    save(book, path)


def _explanation(column: Column) -> str:
    blank = f" Blank: {column.if_blank}." if column.if_blank else ""
    text = f"{column.meaning[0].upper()}{column.meaning[1:]}.\nHolds {column.holds}.{blank}"
    if (column.sheet, column.column) == ("settings", "value"):
        text += "".join(f"\n{setting.column}: {setting.meaning}." for setting in SETTINGS)
    return text


def _choices(column: Column) -> DataValidation | None:
    if column.refers:
        source = f"={column.refers}!$A$2:$A${LAST_ROW}"
    elif column.choices:
        source = f'"{",".join(column.choices)}"'
    else:
        return None
    # A choice offered, not imposed: names match in any spelling, and a disposal may be a number too.
    return DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=False)
