"""What is said of a solution, drawn, and put on pages and sheets: all from the same rows, without mathematics.

content/    what is said: findings, sheets, remarks
picture/    the chain and its value, drawn
excel/      write_excel; page/: write_html, and a notebook's cell
terminal    show; record: JSON; annotate: results in the user's own workbook
templates   the files beside the code
"""

from typing import TYPE_CHECKING

from chainopt.words.face import face

if TYPE_CHECKING:
    from chainopt.report.annotate import Notes
    from chainopt.report.content.findings import Finding, findings, headline
    from chainopt.report.excel.write import write_excel
    from chainopt.report.page.write import html_text, write_html
    from chainopt.report.picture.plot import Plot, plot
    from chainopt.report.record import json_text, program_record, result_record
    from chainopt.report.terminal import show
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "annotate": "Notes",
            "content.findings": "Finding findings headline",
            "excel.write": "write_excel",
            "page.write": "html_text write_html",
            "picture.plot": "Plot plot",
            "record": "json_text program_record result_record",
            "terminal": "show",
        },
    )
