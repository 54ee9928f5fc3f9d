"""Ipopt for any Pyomo user: `pyo.SolverFactory("chainopt.ipopt")`, without a solver executable.

It keeps the contract of Pyomo's legacy solvers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.core.base import SymbolMap
from pyomo.opt import Solution, SolverResults, SolverStatus, TerminationCondition
from pyomo.opt.results.solution import SolutionStatus

from chainopt.ipopt.interior import SolverMissing, solver_version
from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.words.status import Status

# What became of the solve, of the solver, and of the solution, in Pyomo's words.
_IN_PYOMO = {
    Status.OPTIMAL: ("optimal", "ok", "optimal"),
    Status.UNCERTIFIED: ("other", "warning", "unsure"),
    Status.INFEASIBLE: ("infeasible", "warning", "infeasible"),
    Status.UNBOUNDED: ("unbounded", "warning", "unbounded"),
    Status.ITERATION_LIMIT: ("maxIterations", "warning", "stoppedByLimit"),
    Status.TIME_LIMIT: ("maxTimeLimit", "warning", "stoppedByLimit"),
    Status.EVALUATION_ERROR: ("error", "error", "error"),
    Status.INTERRUPTED: ("userInterrupt", "aborted", "unknown"),
}


class ChainoptIpopt:
    """Ipopt through chainopt; `options` holds Ipopt's own options, and those of `solve` come on top."""

    def __init__(self, *, options: Mapping[str, Any] | None = None, **_: Any) -> None:
        self.options: dict[str, Any] = dict(options or {})

    def __enter__(self) -> ChainoptIpopt:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def available(self, exception_flag: bool = False) -> bool:
        """Whether Ipopt can be called; with `exception_flag`, raises SolverMissing where it cannot."""
        try:
            solver_version()
        except SolverMissing:
            if exception_flag:
                raise
            return False
        return True

    def license_is_valid(self) -> bool:
        """Ipopt needs no licence key."""
        return True

    def version(self) -> tuple[int, ...]:
        """Ipopt's version."""
        return tuple(int(part) for part in solver_version().split()[1].split("."))

    def solve(
        self,
        model: Any,
        *,
        tee: bool = False,
        load_solutions: bool = True,
        timelimit: float | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> SolverResults:
        """Solve a model; the last iterate is loaded, whatever the status, unless `load_solutions` is off.

        `tee` shows Ipopt's log. Without `load_solutions` the results carry the solution, for
        `model.solutions.load_from(results)`. `timelimit` is in seconds.
        """
        chosen = {**self.options, **(options or {})}
        if tee:
            chosen.setdefault("print_level", 5)
        most = int(chosen.pop("max_iter", 3000))
        solution = solve_model(
            model, max_iterations=most, time_limit=timelimit, options=chosen, load=load_solutions
        )
        return _results(model, solution, with_solution=not load_solutions)


def _results(model: Any, solution: ModelSolution, *, with_solution: bool) -> SolverResults:
    condition, solver_status, solution_status = _IN_PYOMO[solution.status]
    results: Any = SolverResults()
    results.solver.name = solution.solver
    results.solver.status = SolverStatus(solver_status)
    results.solver.termination_condition = TerminationCondition(condition)
    results.solver.message = solution.message
    results.solver.wallclock_time = sum(solution.seconds.get(k, 0.0) for k in ("write", "derivatives", "solve"))
    results.problem.name = model.name
    results.problem.number_of_variables = len(solution.values)
    target = next(model.component_data_objects(pyo.Objective, active=True), None)
    if target is not None:
        results.problem.sense = target.sense
        if solution.status is Status.OPTIMAL:
            results.problem.lower_bound = results.problem.upper_bound = solution.objective
    if with_solution and solution.values:
        results.solution.insert(_solution(model, results, solution, solution_status))
    return results


def _solution(model: Any, results: Any, solution: ModelSolution, status: str) -> Solution:
    symbols = SymbolMap()
    record: Any = Solution()
    record.status = SolutionStatus(status)
    for i, (variable, value) in enumerate(solution.values.items()):
        symbols.addSymbol(variable, f"v{i}")
        rc = {"Rc": solution.rc[variable]} if variable in solution.rc else {}
        record.variable[f"v{i}"] = {"Value": value, **rc}
    for i, (row, dual) in enumerate(solution.dual.items()):
        symbols.addSymbol(row, f"c{i}")
        record.constraint[f"c{i}"] = {"Dual": dual}
    model.solutions.add_symbol_map(symbols)
    results._smap_id = id(symbols)
    return record
