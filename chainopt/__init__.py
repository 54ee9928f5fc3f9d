"""chainopt: the prices of a supply chain as derivatives, checked from both sides."""

from chainopt.chain import Chain
from chainopt.checks import ChainError
from chainopt.interior import SolverMissing
from chainopt.ipopt import ModelSolution, solve_model
from chainopt.nlp import build_model
from chainopt.pyomo_plugin import ChainoptIpopt
from chainopt.records import Good, Input, Observed, Output, Parameter, Process, Settings
from chainopt.report import result_record, write_excel, write_html
from chainopt.solution import Solution
from chainopt.solve import solve
from chainopt.status import Status
from chainopt.tables import NumeraireError, Tables, kkt, limits, prices, processes, tables, uses
from chainopt.workbook import WorkbookError, check_workbook, read_workbook, write_template, write_workbook

__all__ = [
    "Chain",
    "ChainError",
    "ChainoptIpopt",
    "Good",
    "Input",
    "ModelSolution",
    "NumeraireError",
    "Observed",
    "Output",
    "Parameter",
    "Process",
    "Settings",
    "Solution",
    "SolverMissing",
    "Status",
    "Tables",
    "WorkbookError",
    "build_model",
    "check_workbook",
    "kkt",
    "limits",
    "prices",
    "processes",
    "read_workbook",
    "result_record",
    "solve",
    "solve_model",
    "tables",
    "uses",
    "write_excel",
    "write_html",
    "write_template",
    "write_workbook",
]
