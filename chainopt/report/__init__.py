"""A solution for people and programs: Excel, HTML, the terminal, JSON, all from the same tables."""

from chainopt.report.annotate import Notes, annotate
from chainopt.report.content.findings import Finding, findings, headline
from chainopt.report.excel.write import write_excel
from chainopt.report.page import notebook as notebook
from chainopt.report.page.write import html_text, write_html
from chainopt.report.picture.plot import Plot, plot
from chainopt.report.record import json_text, program_record, result_record
from chainopt.report.terminal import show

__all__ = [
    "Finding",
    "Notes",
    "Plot",
    "annotate",
    "findings",
    "headline",
    "html_text",
    "json_text",
    "plot",
    "program_record",
    "result_record",
    "show",
    "write_excel",
    "write_html",
]
