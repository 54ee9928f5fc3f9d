"""chainopt: the prices of a supply chain as derivatives, checked from both sides."""

from importlib import import_module
from typing import TYPE_CHECKING

from chainopt.ipopt.announced import announce

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
    from chainopt.report.annotate import annotate
    from chainopt.report.excel.write import write_excel
    from chainopt.report.page.write import write_html
    from chainopt.report.picture.plot import Plot, plot
    from chainopt.report.record import result_record
    from chainopt.rows.dossier import dossier
    from chainopt.rows.tables import (
        NumeraireError,
        Tables,
        firms,
        kkt,
        limits,
        prices,
        processes,
        tables,
        transfers,
        uses,
    )
    from chainopt.scenarios.differences import differences
    from chainopt.scenarios.holding import Holding, holding
    from chainopt.solution.solution import Solution
    from chainopt.solution.solve import solve
    from chainopt.words.status import Status
    from chainopt.workbook.faults import WorkbookError
    from chainopt.workbook.read import check_workbook, read_workbook
    from chainopt.workbook.template import write_template
    from chainopt.workbook.write import write_workbook
else:
    _HOME = {
        name: f"chainopt.{module}"
        for module, names in {
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
            "report.annotate": "annotate",
            "report.excel.write": "write_excel",
            "report.page.write": "write_html",
            "report.picture.plot": "Plot plot",
            "report.record": "result_record",
            "rows.dossier": "dossier",
            "rows.tables": "NumeraireError Tables firms kkt limits prices processes tables transfers uses",
            "scenarios.differences": "differences",
            "scenarios.holding": "Holding holding",
            "solution.solution": "Solution",
            "solution.solve": "solve",
            "words.status": "Status",
            "workbook.faults": "WorkbookError",
            "workbook.read": "check_workbook read_workbook",
            "workbook.template": "write_template",
            "workbook.write": "write_workbook",
        }.items()
        for name in names.split()
    }
    __all__ = sorted(_HOME)  # noqa: PLE0605

    def __getattr__(name):
        """Loads a name from its module when it is first asked for (PEP 562)."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(_HOME[name]), name)
        return value

    def __dir__():
        return sorted({*globals(), *_HOME})


announce()
