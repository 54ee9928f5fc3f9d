"""The chain as a workbook: read, check, write, and a template to fill in."""

from chainopt.workbook.assign import AssignmentError, assign
from chainopt.workbook.faults import CellProblem, WorkbookError
from chainopt.workbook.locate import cells
from chainopt.workbook.read import check_workbook, inspect_workbook, read_workbook
from chainopt.workbook.schema import schema_markdown
from chainopt.workbook.template import write_template
from chainopt.workbook.write import write_workbook

__all__ = [
    "AssignmentError",
    "CellProblem",
    "WorkbookError",
    "assign",
    "cells",
    "check_workbook",
    "inspect_workbook",
    "read_workbook",
    "schema_markdown",
    "write_template",
    "write_workbook",
]
