"""chainopt: the prices of a supply chain as derivatives, checked from both sides."""

from chainopt import starting as starting  # isort: skip
from chainopt.audit import audit
from chainopt.chain import Chain
from chainopt.checks import ChainError
from chainopt.differences import differences, holding
from chainopt.dossier import dossier
from chainopt.equilibrium import compare, solve_equilibrium
from chainopt.explain import explain
from chainopt.interior import SolverMissing
from chainopt.ipopt import ModelSolution, solve_model
from chainopt.market_test import market_test
from chainopt.nlp import build_model
from chainopt.paths import stories
from chainopt.policy import to_program
from chainopt.program import Program
from chainopt.pyomo_plugin import ChainoptIpopt
from chainopt.records import Good, Input, Observed, Output, Parameter, Process, Settings
from chainopt.report import Plot, annotate, plot, result_record, write_excel, write_html
from chainopt.solution import Solution
from chainopt.solve import solve
from chainopt.status import Status
from chainopt.tables import NumeraireError, Tables, kkt, limits, prices, processes, tables, uses
from chainopt.trace import grad, trace, value_and_grad
from chainopt.tracer import TraceError
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
    "Plot",
    "Process",
    "Program",
    "Settings",
    "Solution",
    "SolverMissing",
    "Status",
    "Tables",
    "TraceError",
    "WorkbookError",
    "annotate",
    "audit",
    "build_model",
    "check_workbook",
    "compare",
    "differences",
    "dossier",
    "explain",
    "grad",
    "holding",
    "kkt",
    "limits",
    "market_test",
    "plot",
    "prices",
    "processes",
    "read_workbook",
    "result_record",
    "solve",
    "solve_equilibrium",
    "solve_model",
    "stories",
    "tables",
    "to_program",
    "trace",
    "uses",
    "value_and_grad",
    "write_excel",
    "write_html",
    "write_template",
    "write_workbook",
]
