"""Ipopt on an Evaluator, and the judgement of the point where it ends.

Ipopt minimises f and returns the multipliers of

    f(x) + lambda' g(x) - z_lower' (x - x_lower) + z_upper' (x - x_upper).

The point is judged by its KKT error, relative to the terms of each equation, not by Ipopt's word alone:
at tight tolerances Ipopt often reports the failure to improve what is a solution already.

Measured, as the largest relative error of any multiplier above 1e-6 and that of 99 % of them, against a
tolerance of 1e-14. Chains of 5,490 variables (3,600 flows): at Ipopt's 1e-8, 9e-4 and 3e-7 in 27
iterations; at 1e-10, 3e-6 and 1e-9 in 30; at 1e-12, 4e-8 and 2e-11 in 30; at 1e-13, 3e-9 and 1e-12 in 32.
Chains of 21,140 variables (14,000 flows), some of them with idle processes, whose prices no tolerance
settles: 99 % within 8e-6 at 1e-8 (26 iterations), 4e-10 at 1e-12 (34). The adaptive barrier took 23 to 33
iterations for 30 to 33 on the smaller chains, 45 and 68 for 33 and 34 on the larger ones, and 253 for 288
on 29 Hock-Schittkowski problems; both solved all. Hence 1e-12 and the monotone barrier, and the adaptive
one for a second attempt. A smaller first push off the bounds changed nothing.

Warm, from a point whose prices are right to 1e-5, two or three iterations are left, and MUMPS' analysis becomes
half of the time: without its search for a permutation, and ordered by minimum fill, the whole took 0.15 s for
0.23 s on a layered chain of 20,000 flows, 1.0 for 3.2 on one of 80,000, and 15 for 32 on one of 60,000 flows
drawn at random, whose factors fill in.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chainopt.ipopt.evaluator import Evaluator, Vector
from chainopt.ipopt.optimality import Point, greatest, kkt_error, not_finite, row_gaps
from chainopt.machine.apart import FORKS, WorkDied, forked
from chainopt.machine.memory import memory_is_limited
from chainopt.words.status import Status

Options = Mapping[str, str | int | float]

TOLERANCE = 1e-12
_SOLVED = 1e-8
_DOUBTFUL = 1e-6
_RUNAWAY = 1e10
_FAR = 1e5
_UNBALANCED = 1e-3
_WORTH = 1e-3
_LEAST_BARRIER, _WARM_BARRIER = 1e-13, 1e-9
_NO_MEMORY = -102
_WARNINGS = 4
LARGE, TIMED = 150_000, 20_000
"""Nonzeros of the derivatives from which a factorisation may take longer than somebody waits after Ctrl-C, or than
a limit of time allows. A process of its own costs a small solve a third of its time: memory is copied."""
_GRACE = 0.25
"""Seconds that Ipopt has to see by itself that its time is up."""

_DEFAULTS: dict[str, str | int | float] = {
    "print_level": 0,
    "sb": "yes",
    "acceptable_tol": 1e-9,
    "acceptable_constr_viol_tol": 1e-8,
    "acceptable_compl_inf_tol": 1e-8,
}

# Ipopt's return codes, its words, and their status before the point itself is judged.
_CODES: dict[int, tuple[str, Status]] = {
    0: ("solved", Status.OPTIMAL),
    1: ("solved to the acceptable level", Status.OPTIMAL),
    2: ("converged to a point of local infeasibility", Status.INFEASIBLE),
    3: ("the search direction became too small", Status.EVALUATION_ERROR),
    4: ("the iterates diverge", Status.UNBOUNDED),
    5: ("stopped by a callback", Status.INTERRUPTED),
    6: ("feasible point of a square system found", Status.UNCERTIFIED),
    -1: ("iteration limit", Status.ITERATION_LIMIT),
    -2: ("the restoration phase failed", Status.EVALUATION_ERROR),
    -3: ("no search direction could be computed", Status.EVALUATION_ERROR),
    -4: ("CPU time limit", Status.TIME_LIMIT),
    -5: ("time limit", Status.TIME_LIMIT),
    -10: ("more equations than free variables", Status.INFEASIBLE),
    -11: ("invalid problem definition", Status.EVALUATION_ERROR),
    -12: ("invalid option", Status.EVALUATION_ERROR),
    -13: ("a function or derivative is not finite", Status.EVALUATION_ERROR),
    -100: ("unrecoverable exception", Status.EVALUATION_ERROR),
    -101: ("foreign exception", Status.EVALUATION_ERROR),
    -102: ("out of memory", Status.EVALUATION_ERROR),
    -199: ("internal error", Status.EVALUATION_ERROR),
}

# What a second attempt changes: more equations than variables may still be consistent; a square
# system's feasible point has no multipliers yet; a stuck line search may do with another barrier rule.
_SECOND_ATTEMPT: dict[int, Options] = {
    -10: {"dependency_detector": "mumps"},
    6: {},
    3: {"mu_strategy": "adaptive"},
    -2: {"mu_strategy": "adaptive"},
    -3: {"mu_strategy": "adaptive"},
    -13: {"mu_strategy": "adaptive"},
}

# Ipopt otherwise relaxes all bounds a little, and evaluates functions outside their domain.
_FORCED: Options = {"bound_relax_factor": 0.0}
_WARM: Options = {
    "warm_start_init_point": "yes",
    "warm_start_bound_push": 1e-9,
    "warm_start_mult_bound_push": 1e-9,
    "warm_start_slack_bound_push": 1e-9,
    "mumps_permuting_scaling": 0,
    "mumps_pivot_order": 2,
}


class SolverMissing(RuntimeError):
    """cyipopt, through which Ipopt is called, cannot be imported; the message says what to install."""


@dataclass(frozen=True, eq=False)
class Start:
    """A point near a solution, and the barrier that Ipopt begins with there."""

    point: Point
    barrier: float


@dataclass(frozen=True)
class Progress:
    """One iteration; the objective is in the model's own sense, infeasibilities are Ipopt's."""

    iteration: int
    objective: float
    primal_infeasibility: float
    dual_infeasibility: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """The end of a run and its last point, whatever the status.

    `detail` is what there is to say beside the status's advice; `objective` is f, which is minimised; `error`
    is the greatest of the point's three KKT errors; `code` is Ipopt's; `raised` is the exception that ended the
    run: KeyboardInterrupt, MemoryError, WorkDied, or one of `progress`; `notes` is for a review of the point.
    """

    status: Status
    detail: str
    point: Point
    objective: float
    error: float
    iterations: int
    code: int
    seconds: dict[str, float] = field(default_factory=dict)
    raised: BaseException | None = None
    notes: tuple[str, ...] = ()


def solver_version() -> str:
    """The versions of Ipopt and cyipopt; raises SolverMissing."""
    cyipopt = _cyipopt()
    return f"Ipopt {'.'.join(map(str, cyipopt.IPOPT_VERSION))} (cyipopt {cyipopt.__version__})"


def run(
    evaluator: Evaluator,
    *,
    start: Start | None = None,
    tolerance: float | None = None,
    max_iterations: int = 3000,
    time_limit: float | None = None,
    options: Options | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Outcome:
    """Minimise f from the evaluator's x0, or warm from `start`.

    The status is OPTIMAL where Ipopt succeeds or the KKT error is at most 1e-8 however Ipopt ended;
    UNCERTIFIED where it succeeds with an error above 1e-6 (or ten times a looser tolerance); UNBOUNDED
    where the iterates diverge or a variable runs away: it ends far beyond the greatest number among the
    start, the bounds and the right-hand sides (at least 1), and nothing holds it there. `time_limit` is in
    seconds.
    Raises ValueError for an option that Ipopt does not have, and SolverMissing.
    """
    _cyipopt()
    problem = _Problem(evaluator, progress, time_limit)
    chosen: dict[str, Any] = {"tol": TOLERANCE if tolerance is None else float(tolerance), **(options or {})}
    if start is None:
        empty = np.zeros(evaluator.x0.size)
        begin = Point(evaluator.x0, np.zeros(evaluator.g_lower.size), empty, empty)
    else:
        begin, chosen = start.point, {**_WARM, "mu_init": start.barrier, **chosen}
    if not evaluator.x0.size:
        return replace(outcome_at(evaluator, begin, 0, 0, chosen["tol"]), seconds=problem.seconds())
    outcome = problem.attempt(begin, chosen, max_iterations)
    change, left = _SECOND_ATTEMPT.get(outcome.code), max_iterations - outcome.iterations
    stuck = outcome.status is not Status.OPTIMAL and outcome.raised is None and problem.failed_at is None
    if change is not None and stuck and left > 0 and not problem.out_of_time:
        again = replace(begin, x=outcome.point.x) if outcome.code == 6 else begin
        second = problem.attempt(again, {**chosen, **change}, left)
        if second.status is Status.OPTIMAL or outcome.code in (6, -10) or second.raised is not None:
            outcome = replace(second, iterations=outcome.iterations + second.iterations)
    return replace(outcome, seconds=problem.seconds())


def warm_start(problem: Evaluator, x: Vector, multipliers: Vector) -> Start:
    """A start near a solution, with multipliers of the bounds that go with those of the rows.

    Inside, a bound's multiplier is the barrier's, mu / (x - bound); at its bound, where the multiplier is more,
    it is what is left of f' + lambda' g'. The barrier is the square of the greatest of what is left inside and of
    the rows' gaps: what one of Newton's steps leaves of them.
    """
    left = problem.gradient(x) + problem.jacobian_matrix(x).T @ multipliers
    below, above = x - problem.x_lower, problem.x_upper - x
    inside = np.minimum(below, above) >= np.sqrt(_WARM_BARRIER)
    error = max(greatest(left[inside]), greatest(row_gaps(problem, x)))
    barrier = float(np.clip(error**2, _LEAST_BARRIER, _WARM_BARRIER))

    def of(room: Vector, push: Vector) -> Vector:
        pushed = barrier / np.maximum(room, barrier)
        return np.where(room < np.sqrt(_WARM_BARRIER), np.maximum(pushed, push), pushed)

    lower = np.where(np.isfinite(problem.x_lower), of(below, left), 0.0)
    upper = np.where(np.isfinite(problem.x_upper), of(above, -left), 0.0)
    return Start(Point(x, multipliers, lower, upper), barrier)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """Where Ipopt ended an attempt, with what code, the seconds of its evaluations, and where they failed: at the
    start, or last on the way."""

    point: Point
    code: int
    evaluations: float
    failed_at: Vector | None
    stumbled_at: Vector | None


class _Problem:
    """Attempts at one problem within one time limit, and Ipopt's callbacks: timed, checked, remembering.

    A value that is not finite makes Ipopt shorten its step, but at the start it ends the attempt, and
    `failed_at` is that point; `stumbled_at` is the last one. After an exception cyipopt goes on for up to an
    iteration with arbitrary values; `kept` is the latest iterate no less feasible than the one kept before it,
    within 1e-6.
    """

    def __init__(
        self, evaluator: Evaluator, progress: Callable[[Progress], object] | None, time_limit: float | None
    ) -> None:
        self.evaluator = evaluator
        self.progress = progress
        self.clock = time.perf_counter()
        self.deadline = None if time_limit is None else self.clock + time_limit
        self.evaluations = 0.0
        self.iterations = 0
        self.failed_at: Vector | None = None
        self.stumbled_at: Vector | None = None
        self.kept = evaluator.x0
        self.infeasibility = np.inf
        self.current_iterate: Callable[[], dict[str, Vector] | None] = lambda: None
        self.seen: Callable[[Progress, Vector | None], None] = self._seen
        self.jacobianstructure = evaluator.jacobianstructure
        self.hessianstructure = evaluator.hessianstructure
        for name in ("objective", "gradient", "constraints", "jacobian", "hessian"):
            setattr(self, name, partial(self._evaluate, getattr(evaluator, name)))

    @property
    def out_of_time(self) -> bool:
        return self.deadline is not None and time.perf_counter() >= self.deadline

    def seconds(self) -> dict[str, float]:
        solve = time.perf_counter() - self.clock
        return {**self.evaluator.seconds, "solve": solve, "evaluations": self.evaluations}

    def attempt(self, start: Point, options: Options, max_iterations: int) -> Outcome:
        self.kept, self.infeasibility = start.x, np.inf
        self.iterations, self.failed_at, self.stumbled_at = 0, None, None
        tolerance = float(options["tol"])
        if self.out_of_time:
            return outcome_at(self.evaluator, start, -5, 0, tolerance)
        chosen = {**_DEFAULTS, **options, "max_iter": max_iterations, **_FORCED}
        try:
            end = self._elsewhere(start, chosen) if self._is_large() else self._ended(start, chosen, self._seen)
        except TimeoutError:
            return self._cut_short(start, -5, tolerance)
        except (MemoryError, WorkDied) as error:
            return replace(self._cut_short(start, _NO_MEMORY, tolerance), raised=error)
        except BaseException as error:
            return replace(self._cut_short(start, 5, tolerance), raised=error)
        self.evaluations, self.failed_at = end.evaluations, end.failed_at
        outcome = outcome_at(self.evaluator, end.point, end.code, self.iterations, tolerance)
        if outcome.code == _NO_MEMORY:
            return replace(outcome, raised=MemoryError())
        if outcome.code == -13 and self.failed_at is not None:
            where = not_finite(self.evaluator, self.failed_at)
            return replace(outcome, detail=f"{outcome.detail} Not finite at the start: {where}.")
        if outcome.status is Status.EVALUATION_ERROR and end.stumbled_at is not None:
            where = not_finite(self.evaluator, end.stumbled_at)
            return replace(outcome, detail=f"{outcome.detail} Not finite on the way: {where}.")
        return outcome

    def _is_large(self) -> bool:
        nonzeros = sum(len(of()[0]) for of in (self.jacobianstructure, self.hessianstructure))
        return FORKS and nonzeros >= (LARGE if self.deadline is None else TIMED)

    def _elsewhere(self, start: Point, options: Options) -> _End:
        """An attempt in a process of its own: Ctrl-C and the end of the time then need no patience."""
        late = None if self.deadline is None else self.deadline + _GRACE
        work = partial(self._ended, start, options)
        return forked(lambda tell: work(lambda *at: tell(at)), lambda at: self._seen(*at), deadline=late)

    def _ended(self, start: Point, options: Options, seen: Callable[..., None]) -> _End:
        """Where Ipopt ends."""
        with _listening() as (more, refused):
            ipopt = self._ipopt({**options, **more}, seen)
            try:
                x, info = ipopt.solve(start.x, start.multipliers, start.lower, start.upper)
            finally:
                self.current_iterate = lambda: None
            code = _NO_MEMORY if info["status"] < 0 and refused() else info["status"]
        end = Point(x, info["mult_g"], info["mult_x_L"], info["mult_x_U"])
        return _End(end, code, self.evaluations, self.failed_at, self.stumbled_at)

    def _cut_short(self, start: Point, code: int, tolerance: float) -> Outcome:
        """The outcome at the iterate that is kept."""
        return outcome_at(self.evaluator, replace(start, x=self.kept), code, self.iterations, tolerance)

    def _seen(self, progress: Progress, x: Vector | None) -> None:
        """Follow an iteration; x: the iterate, where it may be kept."""
        self.iterations = progress.iteration
        if x is not None:
            self.kept = x
        if self.progress is not None:
            self.progress(progress)

    def _ipopt(self, options: Options, seen: Callable[..., None]) -> Any:
        e = self.evaluator
        ipopt = _cyipopt().Problem(e.x0.size, e.g_lower.size, self, e.x_lower, e.x_upper, e.g_lower, e.g_upper)
        if self.deadline is not None:
            options = {**options, "max_wall_time": max(1e-3, self.deadline - time.perf_counter())}
        for name, value in options.items():
            _set_option(ipopt, name, value)
        self.current_iterate, self.seen = ipopt.get_current_iterate, seen
        return ipopt

    def _evaluate(self, function: Callable[..., Any], x: Vector, *arguments: Any) -> Any:
        clock = time.perf_counter()
        value = function(x, *arguments)
        self.evaluations += time.perf_counter() - clock
        if not np.isfinite(value).all():
            if self.iterations == 0 and self.infeasibility == np.inf:
                self.failed_at = x
            self.stumbled_at = x.copy()
            raise _cyipopt().CyIpoptEvaluationError()
        return value

    def intermediate(
        self, phase: int, iteration: int, objective: float, primal: float, dual: float, *_: Any
    ) -> bool:
        self.iterations = iteration
        iterate, x = self.current_iterate(), None
        if iterate is not None and primal <= max(1e-6, self.infeasibility):
            x, self.infeasibility = iterate["x"], primal
        elapsed = time.perf_counter() - self.clock
        self.seen(Progress(iteration, self.evaluator.sign * objective, primal, dual, elapsed), x)
        return True


@np.errstate(all="ignore")
def outcome_at(e: Evaluator, point: Point, code: int, iterations: int, tolerance: float = TOLERANCE) -> Outcome:
    """The outcome at a point where Ipopt ended with `code`, or beside it."""
    words, status = _CODES.get(code, (f"unknown code {code}", Status.EVALUATION_ERROR))
    objective = e.objective(point.x)
    stationarity, feasibility, complementarity = kkt_error(e, point)
    error = max(stationarity, feasibility, complementarity)
    given = np.concatenate([e.x0, e.x_lower, e.x_upper, e.g_lower, e.g_upper])
    size = max(1.0, greatest(given[np.isfinite(given)]))
    doubtful = max(_DOUBTFUL, 10 * tolerance)
    note = ""
    if code == 5:
        pass
    elif status is Status.UNBOUNDED or runs_away(e, point, size, sure=error <= _SOLVED):
        near = greatest(row_gaps(e, point.x)) <= _DOUBTFUL * max(1.0, greatest(point.x))
        status = Status.UNBOUNDED if near else status if code == 2 else Status.EVALUATION_ERROR
        note = _names("running away", e.variables, np.abs(point.x))
    elif error <= _SOLVED and status is not Status.INFEASIBLE:
        status = Status.OPTIMAL
    elif status is Status.OPTIMAL and not error <= doubtful:
        status = Status.UNCERTIFIED if feasibility <= doubtful else Status.INFEASIBLE
    if status is Status.INFEASIBLE:
        gaps = row_gaps(e, point.x)
        note = _names("violated most", e.rows, gaps / np.maximum(1, np.abs(e.constraints(point.x))))
    detail = f"Ipopt: {words}; KKT error {error:.1e}.{note}"
    return Outcome(status, detail, point, objective, error, iterations, code)


def runs_away(e: Evaluator, point: Point, size: float, *, sure: bool) -> bool:
    """Whether a variable far beyond the given numbers, of this size, is there because nothing stops it.

    At a solution, however large, the forces on a variable cancel; on a runaway the objective's pull, or nothing
    but a bound's multiplier on its way to zero, is left: a part of the forces, and worth something beside f.
    """
    x = np.abs(point.x)
    far = x > _FAR * size
    if not far.any():
        return False
    if not sure and x.max() > _RUNAWAY * size:
        return True
    gradient, jacobian = e.gradient(point.x), e.jacobian_matrix(point.x)
    left = np.abs(gradient + jacobian.T @ point.multipliers)
    forces = np.abs(gradient) + abs(jacobian).T @ np.abs(point.multipliers)
    loose = far & ~(left <= _UNBALANCED * forces)
    worth = left * x > _WORTH * max(1.0, abs(e.objective(point.x)))
    return bool(np.any(loose & (worth | (x > _RUNAWAY * size))))


def _names(what: str, components: tuple[Any, ...], amounts: Vector) -> str:
    """The components with the three greatest amounts, within a factor of 1000, as the end of a message."""
    worst = [i for i in np.argsort(-amounts)[:3] if amounts[i] > 1e-3 * amounts.max() > 0]
    return f" {what.capitalize()}: {', '.join(repr(components[i].name) for i in worst)}." if worst else ""


@contextmanager
def _listening() -> Iterator[tuple[Options, Callable[[], bool]]]:
    """Options by which Ipopt writes down its warnings, and whether one was that MUMPS was refused memory.

    Its return code is then one of several that don't say so. Where memory has no limit it is never refused.
    """
    if not memory_is_limited():
        yield {}, lambda: False
        return
    with tempfile.NamedTemporaryFile() as said:
        options: Options = {"output_file": said.name, "file_print_level": _WARNINGS}
        yield options, lambda: b"out of memory" in Path(said.name).read_bytes()


def _set_option(ipopt: Any, name: str, value: Any) -> None:
    """Ipopt tells 1 from 1.0: an integer is offered as an integer option first."""
    forms = [int(value), float(value)] if isinstance(value, int | np.integer) else [value]
    for form in forms:
        try:
            return ipopt.add_option(name, float(form) if isinstance(form, np.floating) else form)
        except TypeError:
            continue
    raise ValueError(f"Ipopt has no option {name!r} that takes {value!r}")


def _cyipopt() -> Any:
    try:
        import cyipopt
    except ImportError as error:
        if "failed to map" in str(error):
            raise MemoryError from error
        raise SolverMissing(
            "Ipopt is not installed: run `make install`, or install cyipopt from conda-forge "
            "(`conda install -c conda-forge cyipopt`)"
        ) from error
    return cyipopt
