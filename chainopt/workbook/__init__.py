"""The chain as a workbook: read, check, write, add to. Stands on chain and machine.

schema      every sheet and column, a row each (a new column is a row here, and a field of chain.records)
cells       a raw cell -> a value, or what is wrong with it
tables      sheets -> the schema's tables
read        a workbook -> a chain, or every problem with its cell
write       a chain -> a workbook; template: an empty one
assign      one figure changed from outside; locate: the cell of a figure; faults: problems with their cells
files/      the bytes: .xlsx, .ods, .csv, without trust in them
patch/      results added to a user's own file
"""

from typing import TYPE_CHECKING

from chainopt.words.face import face

if TYPE_CHECKING:
    from chainopt.workbook.assign import AssignmentError
    from chainopt.workbook.faults import CellProblem, WorkbookError
    from chainopt.workbook.read import check_workbook, inspect_workbook, read_workbook
    from chainopt.workbook.schema import schema_markdown
    from chainopt.workbook.template import write_template
    from chainopt.workbook.write import write_workbook
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "assign": "AssignmentError",
            "faults": "CellProblem WorkbookError",
            "read": "check_workbook inspect_workbook read_workbook",
            "schema": "schema_markdown",
            "template": "write_template",
            "write": "write_workbook",
        },
    )
