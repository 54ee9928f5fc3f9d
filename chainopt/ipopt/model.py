"""A Pyomo model, solved by Ipopt, in Pyomo's terms.

Pyomo's convention, for either sense, is dual = d(optimal objective)/d(right-hand side) and
rc = d(optimal objective)/d(bound). With the multipliers lambda, z_lower, z_upper of the minimised
f = sign * objective, where sign = 1 to minimise and -1 to maximise,

    dual = -sign lambda,      rc = sign (z_lower - z_upper).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.core.staleflag import StaleFlagManager

from chainopt.ipopt.evaluator import Evaluator, InfeasibleModelError, build_evaluator, refusals
from chainopt.ipopt.interior import TOLERANCE, Options, Outcome, Progress, Start, run, solver_version, warm_start
from chainopt.ipopt.review import reviewed
from chainopt.ipopt.scaling import Scaling, read_scaling, scaled
from chainopt.words.status import Status

_EASIER = 1e-8
"""Ipopt's own tolerance; where the digits of a model's functions end before 1e-12 it may still be met."""


@dataclass(frozen=True, eq=False)
class ModelSolution:
    """What became of a Pyomo model; objective, `dual` and `rc` are in its own sense.

    `values` is the last iterate, whatever the status. `dual` and `rc` are empty unless the status is
    OPTIMAL; rows without a free variable have no dual, and fixed variables no rc. `error` is the KKT
    error of the point. `seconds` holds 'write', 'derivatives', 'solve', and of the solve 'evaluations'.
    `notes` says what else was found: multipliers that are not unique, a saddle that was left, a check skipped.
    `detail` is what the message says beside the status's advice.
    """

    status: Status
    message: str
    objective: float | None = None
    iterations: int = 0
    error: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    values: Mapping[Any, float] = field(default_factory=ComponentMap)
    dual: Mapping[Any, float] = field(default_factory=ComponentMap)
    rc: Mapping[Any, float] = field(default_factory=ComponentMap)
    solver: str = ""
    notes: tuple[str, ...] = ()
    detail: str = ""


def solve_model(
    model: Any,
    *,
    tolerance: float | None = None,
    max_iterations: int = 3000,
    time_limit: float | None = None,
    options: Options | None = None,
    progress: Callable[[Progress], object] | None = None,
    load: bool = True,
    duals: Mapping[Any, float] | None = None,
    posed: Callable[[], tuple[Evaluator, Scaling | None]] | None = None,
) -> ModelSolution:
    """Solve a Pyomo model or block, from its variables' values.

    duals: multipliers of its rows near the solution's, in Pyomo's convention (0 for a row left out): Ipopt then
    starts warm, from these and the variables' values, which should be near the solution's too.
    posed: what gives the model's functions, and the factors of its scaling (default: read from the model).

    tolerance: Ipopt's, on scaled errors; None stands for 1e-12, and where it gets stuck there, for 1e-8.

    A suffix `scaling_factor` on the model is honoured: the problem is solved, and judged, in scaled units.
    The last iterate is loaded into the variables, and `dual` and `rc` into the import suffixes of these
    names that the model declares. `time_limit` is in seconds and includes the derivatives. Raises
    NotSmoothError and ValueError for a model that cannot be posed, and SolverMissing. Ctrl-C ends the
    solve with INTERRUPTED; an exception of `progress` passes through, after the last iterate is loaded, and so do
    MemoryError, and WorkDied where the process that solves a large model ends by itself.
    """
    version = solver_version()
    begun = time.perf_counter()
    try:
        with refusals():
            if posed is not None:
                functions, scaling = posed()
            else:
                functions = build_evaluator(model)
                scaling = read_scaling(model, functions)
    except InfeasibleModelError as error:
        solution = ModelSolution(
            Status.INFEASIBLE, f"{Status.INFEASIBLE.advice} {error}", solver=version, detail=str(error)
        )
        if load:
            _load(model, solution)
        return solution
    problem = functions if scaling is None else scaled(functions, scaling)
    begin = _warm(functions, scaling, problem, duals) if duals is not None else None

    def attempted(problem: Evaluator, start: Start | None, tolerance: float | None) -> Outcome:
        return run(
            problem,
            start=start,
            tolerance=tolerance,
            max_iterations=max_iterations,
            time_limit=None if time_limit is None else time_limit - (time.perf_counter() - begun),
            options=options,
            progress=progress,
        )

    def solved(problem: Evaluator, start: Start | None = None) -> Outcome:
        outcome = attempted(problem, start, tolerance)
        if tolerance is not None or outcome.status is not Status.EVALUATION_ERROR or outcome.raised is not None:
            return outcome
        easier = attempted(problem, start, _EASIER)
        if easier.status is not Status.OPTIMAL and easier.raised is None:
            return outcome
        note = f"stuck at a tolerance of {TOLERANCE:g}: solved at {_EASIER:g}"
        both = {name: outcome.seconds[name] + easier.seconds[name] for name in ("solve", "evaluations")}
        return replace(
            easier,
            iterations=outcome.iterations + easier.iterations,
            seconds={**easier.seconds, **both},
            notes=(*easier.notes, note),
        )

    outcome = reviewed(problem, solved(problem, begin), solved)
    if scaling is not None:
        outcome = replace(
            outcome, point=scaling.back(outcome.point), objective=outcome.objective / scaling.objective
        )
    solution = _translate(functions, outcome, version)
    if load:
        _load(model, solution)
    if outcome.raised is not None and not isinstance(outcome.raised, KeyboardInterrupt):
        raise outcome.raised
    return solution


def _warm(functions: Evaluator, scaling: Scaling | None, problem: Evaluator, duals: Mapping[Any, float]) -> Start:
    """The problem's start with these duals, and bound multipliers that go with them."""
    given = np.array([duals.get(row, 0.0) for row in functions.rows])
    multipliers = -functions.sign * given
    if scaling is not None:
        multipliers *= scaling.objective / scaling.g
    return warm_start(problem, problem.x0, multipliers)


def _translate(evaluator: Evaluator, outcome: Outcome, version: str) -> ModelSolution:
    point, sign = outcome.point, evaluator.sign
    objective = sign * outcome.objective
    dual, rc = ComponentMap(), ComponentMap()
    if outcome.status is Status.OPTIMAL:
        # Adding 0.0 turns -0.0 into 0.0.
        dual.update(zip(evaluator.rows, (-sign * point.multipliers + 0.0).tolist(), strict=True))
        rc.update(zip(evaluator.variables, (sign * (point.lower - point.upper) + 0.0).tolist(), strict=True))
    return ModelSolution(
        status=outcome.status,
        message=f"{outcome.status.advice} {outcome.detail}",
        objective=objective if np.isfinite(objective) else None,
        iterations=outcome.iterations,
        error=outcome.error if np.isfinite(outcome.error) else None,
        seconds=outcome.seconds,
        values=ComponentMap(zip(evaluator.variables, point.x.tolist(), strict=True)),
        dual=dual,
        rc=rc,
        solver=version,
        notes=outcome.notes,
        detail=outcome.detail,
    )


def _load(model: Any, solution: ModelSolution) -> None:
    StaleFlagManager.mark_all_as_stale()
    for variable, value in solution.values.items():
        variable.set_value(value, skip_validation=True)
    for suffix in model.component_objects(pyo.Suffix, active=True, descend_into=False):
        if suffix.import_enabled() and suffix.local_name in ("dual", "rc"):
            suffix.clear()
            suffix.update(solution.dual if suffix.local_name == "dual" else solution.rc)
