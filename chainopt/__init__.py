"""chainopt: the prices of a supply chain as derivatives, checked from both sides."""

from chainopt.machine import starting as starting  # isort: skip
from chainopt.audits.explain import explain
from chainopt.audits.market_test import market_test
from chainopt.audits.stories import stories
from chainopt.audits.verdicts import audit
from chainopt.chain.chain import Chain
from chainopt.chain.checks import ChainError
from chainopt.chain.records import Good, Input, Observed, Output, Parameter, Process, Settings
from chainopt.equilibrium.conditions import compare, solve_equilibrium
from chainopt.ipopt.interior import SolverMissing
from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.ipopt.plugin import ChainoptIpopt
from chainopt.planner.model import build_model
from chainopt.program.policy import to_program
from chainopt.program.program import Program
from chainopt.program.trace import grad, trace, value_and_grad
from chainopt.program.tracer import TraceError
from chainopt.report import Plot, annotate, plot, result_record, write_excel, write_html
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import NumeraireError, Tables, kkt, limits, prices, processes, tables, uses
from chainopt.scenarios.differences import differences
from chainopt.scenarios.holding import holding
from chainopt.solution.solution import Solution
from chainopt.solution.solve import solve
from chainopt.words.status import Status
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
