"""chainopt: the prices of a supply chain as derivatives, checked from both sides."""

from typing import TYPE_CHECKING

from chainopt.ipopt.announced import announce
from chainopt.words.face import face

if TYPE_CHECKING:
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
    from chainopt.report import Plot, plot, result_record, write_excel, write_html
    from chainopt.report.annotate import annotate
    from chainopt.rows.dossier import dossier
    from chainopt.rows.tables import NumeraireError, Tables, kkt, limits, prices, processes, tables, uses
    from chainopt.scenarios.differences import differences
    from chainopt.scenarios.holding import holding
    from chainopt.solution.solution import Solution
    from chainopt.solution.solve import solve
    from chainopt.words.status import Status
    from chainopt.workbook import WorkbookError, check_workbook, read_workbook, write_template, write_workbook
else:
    __all__, __getattr__, __dir__ = face(
        __name__,
        {
            "audits.explain": "explain",
            "audits.market_test": "market_test",
            "audits.stories": "stories",
            "audits.verdicts": "audit",
            "chain.chain": "Chain",
            "chain.checks": "ChainError",
            "chain.records": "Good Input Observed Output Parameter Process Settings",
            "equilibrium.conditions": "compare solve_equilibrium",
            "ipopt.interior": "SolverMissing",
            "ipopt.model": "ModelSolution solve_model",
            "ipopt.plugin": "ChainoptIpopt",
            "planner.model": "build_model",
            "program.policy": "to_program",
            "program.program": "Program",
            "program.trace": "grad trace value_and_grad",
            "program.tracer": "TraceError",
            "report": "Plot plot result_record write_excel write_html",
            "report.annotate": "annotate",
            "rows.dossier": "dossier",
            "rows.tables": "NumeraireError Tables kkt limits prices processes tables uses",
            "scenarios.differences": "differences",
            "scenarios.holding": "holding",
            "solution.solution": "Solution",
            "solution.solve": "solve",
            "words.status": "Status",
            "workbook": "WorkbookError check_workbook read_workbook write_template write_workbook",
        },
    )

announce()
