"""Chain -> Solution: solve the planner's problem, then check it with code that shares nothing but the chain."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from pyomo.common.gc_manager import PauseGC

from chainopt.backprop import Derivatives, differentiate
from chainopt.bulk import chain_problem
from chainopt.certificate import CERTIFIED, WORTHLESS, residuals
from chainopt.chain import Chain
from chainopt.forward import forward_run
from chainopt.idle import steep_idle
from chainopt.interior import Progress
from chainopt.intervals import SKIPPED, Intervals, price_intervals, supporting
from chainopt.ipopt import ModelSolution, solve_model
from chainopt.magnitudes import magnitudes
from chainopt.market import Market
from chainopt.market_route import MarketAnswer, market_answer, market_start
from chainopt.network import Network, network
from chainopt.nlp import build, read_multipliers, read_plan, write_multipliers
from chainopt.operations import ZERO, sizes
from chainopt.plan import Multipliers, Plan, places, turnover, with_whole_minima
from chainopt.reach import Reach, reach
from chainopt.scope import bent
from chainopt.solution import Solution
from chainopt.status import Status
from chainopt.unbounded import confirmed

METHODS = ("ipopt", "market", "auto")
_STEEP = 1e-6
_RESTARTS = 3
_UNITS = 3
_MOMENT = 1e-3
_INSIDE = 0.02
_COARSE = 0.03
# After the solver's own, what is left to try: more digits for doubtful multipliers, fewer where it got stuck.
_TOLERANCES = {Status.UNCERTIFIED: (1e-14, 1e-10), Status.EVALUATION_ERROR: (1e-10, 1e-14)}
_DOUBTFUL = tuple(_TOLERANCES)
_OF_THE_PART = (Status.INFEASIBLE, Status.TIME_LIMIT, Status.ITERATION_LIMIT)
_FINAL = (Status.OPTIMAL, Status.INTERRUPTED, Status.TIME_LIMIT)


def solve(
    chain: Chain,
    *,
    method: str = "ipopt",
    tolerance: float | None = None,
    max_iterations: int | None = None,
    time_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    start: Solution | None = None,
) -> Solution:
    """The plan that maximises a chain's value, with prices and the check of both.

    method: "ipopt", the planner's problem as a nonlinear program; "market", prices formed by the chain's own
    users, far faster on large smooth chains: Ipopt takes over where the market can't certify its plan, and a
    warning says why; "auto", the market where the chain is in its scope, else Ipopt. The message says which.

    tolerance, max_iterations and time_limit (seconds) default to the chain's settings, then to the solver's.
    progress: called after each of Ipopt's iterations, and each pass of the market, whose infeasibility is the
    change of its offers. start: a solution of a chain of the same goods and processes, near whose plan the solver
    then begins. Ctrl-C ends the solve with INTERRUPTED, and the last plan.
    A chain without a solution raises nothing: see the status. Raises SolverMissing where cyipopt is not
    installed, and ValueError for an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f'there is no method "{method}": methods are {", ".join(METHODS)}')
    settings = chain.settings
    seconds: dict[str, float] = {}
    clock = _Clock(seconds, time_limit or settings.time_limit)
    within = reach(chain)
    if within.infeasible:
        return Solution(
            chain, Status.INFEASIBLE, "; ".join(within.infeasible), removed=within.removed, seconds=seconds
        )
    net = network(within.chain)
    limits: dict[str, Any] = {
        "tolerance": tolerance or settings.tolerance,
        "max_iterations": int(max_iterations or settings.max_iterations or 3000),
        "progress": progress,
    }
    clock.stop("build")
    warm: _Begin | None = None
    handed = ""
    try:
        if method != "ipopt":
            passes = max_iterations or settings.max_iterations
            found, handed, plan = _by_market(chain, net, limits, passes, clock)
            if found is not None:
                return replace(found, removed=within.removed, seconds=seconds)
            if plan is not None:
                start = Solution(chain, Status.UNCERTIFIED, "", net=net, plan=plan)
        elif start is None:
            answer = market_start(net, clock.left, _told(progress))
            clock.stop("market")
            if answer is not None and answer.interrupted:
                return replace(_interrupted(chain, net, answer), removed=within.removed, seconds=seconds)
            if answer is not None and answer.plan is not None:
                warm = _Begin(answer.plan, answer.multipliers)
    except KeyboardInterrupt:
        message = "The solve was interrupted while the market's prices formed: there is no plan yet."
        return Solution(
            chain, Status.INTERRUPTED, message, net=net, removed=within.removed, seconds=seconds, solver="market"
        )

    def tried(begin: _Begin, tolerance: float | None) -> Solution:
        answers = _without_idle(within.chain, net, begin, {**limits, "tolerance": tolerance}, clock)
        return _best(chain, net, answers, clock)

    solution = _by_ipopt(tried, warm, partial(_near, net, start), limits["tolerance"])
    if handed:
        taken = f"Ipopt took over from the market: {handed}"
        solution = replace(solution, warnings=(*solution.warnings, taken), message=f"{solution.message} {taken}.")
    return replace(solution, removed=within.removed, seconds=seconds)


def _by_ipopt(
    tried: Callable[[_Begin, float | None], Solution],
    warm: _Begin | None,
    cold: Callable[[], Plan],
    tolerance: float | None,
) -> Solution:
    """Ipopt's solution: from a warm start where there is one and it serves, else from a cold one, at its own
    tolerance and then at others where none is given."""
    if warm is not None and (found := tried(warm, tolerance)).status in _FINAL:
        return found
    begin = _Begin(cold())
    first = tried(begin, tolerance)
    for each in () if tolerance else _TOLERANCES.get(first.status, ()):
        another = tried(begin, each)
        if another.status is Status.OPTIMAL:
            return another
        if another.status in _FINAL:
            break
    return first


def _by_market(
    chain: Chain, net: Network, limits: Mapping[str, Any], passes: int | None, clock: _Clock
) -> tuple[Solution | None, str, Plan | None]:
    """The market's solution where both its own certificate and the independent check hold, or it was interrupted.

    Else None, why, and a plan to begin from where there is one.
    """
    answer = market_answer(
        net,
        tolerance=limits["tolerance"],
        max_passes=passes,
        time_limit=clock.left,
        progress=_told(limits["progress"]),
    )
    clock.stop("market")
    if answer.interrupted:
        return _interrupted(chain, net, answer), "", None
    if answer.doubts or answer.plan is None:
        return None, "; ".join(answer.doubts), answer.plan
    solved = ModelSolution(Status.OPTIMAL, answer.message, iterations=answer.passes, solver=_version(answer))
    # What stands still has a price where the market followed the planner's path, elsewhere perhaps any.
    priced = [_Answer(solved, answer.plan, each, []) for each in (answer.moving, answer.multipliers)]
    found = _best(chain, net, priced, clock)
    if found.status is not Status.OPTIMAL:
        return None, found.message, answer.plan
    return replace(found, solver="market"), "", answer.plan


def _interrupted(chain: Chain, net: Network, answer: MarketAnswer) -> Solution:
    message = f"The solve was interrupted while prices formed: {answer.message}. The last pass's plan is kept."
    stopped = ModelSolution(Status.INTERRUPTED, message, answer.value, answer.passes, solver=_version(answer))
    return replace(_judge(chain, net, _Answer(stopped, answer.plan, None, [])), solver="market")


def _version(answer: MarketAnswer) -> str:
    return f"chainopt market ({answer.engine})"


def _told(progress: Callable[[Progress], object] | None) -> Callable[[Market], object] | None:
    """The market's passes, told as iterations."""
    if progress is None:
        return None
    return lambda m: progress(Progress(m.passes, m.value, 0.0, m.change, sum(m.seconds.values())))


@dataclass(frozen=True, slots=True)
class _Begin:
    """A plan to begin from; with multipliers, both are near the solution's."""

    plan: Plan
    multipliers: Multipliers | None = None


def _near(net: Network, start: Solution | None) -> Plan:
    """A forward run; or a plan close to a known one, but inside of every sign bound as a forward run is."""
    run = forward_run(net)
    if start is None or start.plan is None or start.net is None:
        return run
    if (start.net.goods, start.net.processes) != (net.goods, net.processes):
        return run
    known = start.plan
    return Plan(
        *((1.0 - _INSIDE) * getattr(known, item.name) + _INSIDE * getattr(run, item.name) for item in fields(Plan))
    )


def _without_idle(
    chain: Chain, net: Network, begin: _Begin, limits: dict[str, Any], clock: _Clock
) -> list[_Answer]:
    """Solve the network; and again without the processes left near zero, where their slopes are infinite.

    With these at zero by definition the multipliers no longer rest on their slopes there; whether they would
    rather start is the certificate's question. The last answer is the best, the first one holds where processes
    that were left out would start after all. Where the rest could not be solved, the first one comes once more
    between them, without the prices of goods that only such processes move.
    """
    answers = [_attempt(net, net, begin, limits, clock)]
    unpriced: list[_Answer] = []
    for _ in range(_RESTARTS):
        answer = answers[-1]
        share = ZERO if answer.model.status is Status.OPTIMAL else _STEEP
        steep = steep_idle(net, answer.plan, sizes(net, answer.plan, begin.plan), share) if answer.plan else []
        if not steep or answer.without == steep or not answer.worth_another:
            break
        rest = _without(chain, steep)
        if rest.infeasible:
            break
        part = network(rest.chain)
        answers.append(_attempt(net, part, _Begin(forward_run(part)), limits, clock, steep))
        if answers[-1].model.status is not Status.OPTIMAL and answer.multipliers is not None:
            price = np.where(np.isin(net.goods, part.goods), answer.multipliers.price, np.nan)
            unpriced = [replace(answer, multipliers=replace(answer.multipliers, price=price))]
    # What is left out may be what a chain can't do without, and no word on the whole.
    said = [answer for answer in answers[1:] if answer.model.status not in _OF_THE_PART]
    return [answers[0], *unpriced, *said[-1:]]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the solver said of a network, in the terms of the whole one."""

    model: ModelSolution
    plan: Plan | None
    multipliers: Multipliers | None
    without: list[int]
    warm: bool = False

    @property
    def worth_another(self) -> bool:
        return self.model.status in (
            Status.OPTIMAL,
            Status.UNCERTIFIED,
            Status.EVALUATION_ERROR,
            Status.ITERATION_LIMIT,
        )


def _attempt(
    net: Network,
    part: Network,
    begin: _Begin,
    limits: dict[str, Any],
    clock: _Clock,
    without: Sequence[int] = (),
) -> _Answer:
    """Solve a part of the network, and read the answer as the whole's."""
    # Hundreds of thousands of small objects are made and none is garbage: its collection would cost a quarter.
    money = turnover(part, begin.plan)
    with PauseGC():
        for _ in range(_UNITS):
            size = magnitudes(part, begin.plan, money)
            model = build(part, begin.plan, money, factors=False)
            known = begin.multipliers
            duals = write_multipliers(part, model, known) if known is not None else None
            clock.stop("build")
            posed = partial(chain_problem, part, model, size)
            answer = solve_model(model, duals=duals, posed=posed, time_limit=clock.left, **limits)
            clock.add(answer.seconds)
            plan = with_whole_minima(part, read_plan(part, model)) if answer.values else None
            # A start that moves far more money than the plan makes the tolerance too coarse for its prices.
            last, money = money, turnover(part, plan) if plan is not None else money
            if answer.status is not Status.OPTIMAL or money > _COARSE * last:
                break
    multipliers = None
    if answer.status is Status.OPTIMAL:
        multipliers = read_multipliers(part, model, lambda row: answer.dual.get(row, np.nan))
    if part is not net:
        of = places(part, net)
        plan = plan and of.plan(plan)
        multipliers = multipliers and of.multipliers(multipliers)
    return _Answer(answer, plan, multipliers, list(without), begin.multipliers is not None)


def _without(chain: Chain, processes: Sequence[int]) -> Reach:
    left_out = set(processes)
    return reach(
        Chain(
            chain.goods,
            [process for p, process in enumerate(chain.processes) if p not in left_out],
            parameters=chain.parameters,
            settings=chain.settings,
        )
    )


class _Clock:
    """Seconds by phase, each from the last stop, and what is left of those that are allowed in all."""

    def __init__(self, seconds: dict[str, float], allowed: float | None):
        self.seconds, self.last = seconds, time.perf_counter()
        self.end = None if allowed is None else self.last + allowed

    @property
    def left(self) -> float | None:
        return None if self.end is None else max(self.end - time.perf_counter(), _MOMENT)

    def stop(self, phase: str) -> None:
        self.add({phase: time.perf_counter() - self.last})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Phases that something else has timed, up to now."""
        for phase, spent in seconds.items():
            self.seconds[phase] = self.seconds.get(phase, 0.0) + spent
        self.last = time.perf_counter()


def _best(chain: Chain, net: Network, answers: Sequence[_Answer], clock: _Clock) -> Solution:
    """The last answer's solution, or where that is doubtful the first before it that isn't."""
    solutions = []
    for answer in reversed(answers):
        solutions.append(_judge(chain, net, answer))
        clock.stop("audit")
        if solutions[-1].status not in _DOUBTFUL:
            return solutions[-1]
    return solutions[0]


def _judge(chain: Chain, net: Network, answer: _Answer) -> Solution:
    """The solver's answer as a solution, certified where the independent check holds."""
    model, plan, multipliers = answer.model, answer.plan, answer.multipliers
    common: dict[str, Any] = {
        "iterations": model.iterations,
        "solver_version": model.solver,
        "net": net,
        "plan": plan,
    }
    if plan is None or multipliers is None:
        status = confirmed(net, plan, model.status) if plan is not None else model.status
        message = model.message if status is model.status else status.advice
        return Solution(chain, status, message, model.objective, **common)
    derivatives = differentiate(net, plan)
    ops = derivatives.operations
    known = supporting(net, plan, derivatives, ops.stack(multipliers))
    priced = replace(multipliers, price=known[: len(net.goods)])
    intervals = price_intervals(net, plan, derivatives)
    kkt = residuals(net, plan, ops, priced)
    doubts = _doubts(net, plan, multipliers, derivatives, intervals)
    if not kkt.largest <= CERTIFIED:
        worst = max(("stationarity", "feasibility", "complementarity"), key=lambda name: getattr(kkt, name))
        doubts.insert(0, f"the independent KKT check finds a {worst} residual of {getattr(kkt, worst):.1e}")
    local = bent(net, priced)
    scope = "local" if local else "global"
    warnings = []
    if local:
        warnings.append(
            f"the optimum is local: {_some(local)} {'is' if len(local) == 1 else 'are'} not concave there"
        )
    if derivatives.radius >= 1:
        warnings.append(
            f"a cycle returns {derivatives.radius:.3g} times what it takes at these shares: its prices solve "
            "the price equations, but are no sum over its rounds"
        )
    skipped = intervals.kind.count(SKIPPED)
    if skipped:
        warnings.append(
            f"the price intervals of {skipped} goods were not computed: so many open prices hang together that it "
            "would take long"
        )
    status = Status.UNCERTIFIED if doubts else Status.OPTIMAL
    began = " It began from the market's plan and prices." if answer.warm else ""
    if doubts or local:
        status = confirmed(net, plan, status)
        if status is Status.UNBOUNDED:
            return Solution(chain, status, status.advice, **common)
    return Solution(
        chain,
        status,
        "; ".join(doubts) or f"a {scope} optimum, certified by the independent check. {model.message}{began}",
        plan.value(net),
        multipliers=multipliers,
        derivatives=derivatives,
        intervals=intervals,
        kkt=kkt,
        scope=scope,
        warnings=tuple(warnings),
        **common,
    )


def _doubts(
    net: Network, plan: Plan, multipliers: Multipliers, derivatives: Derivatives, intervals: Intervals
) -> list[str]:
    """Multipliers outside their interval: a price that can't support the plan."""
    size = derivatives.operations.size
    noise = WORTHLESS * turnover(net, plan) / np.where(size > 0, size, np.inf)
    floor = CERTIFIED * (np.abs(multipliers.price) + 10 * noise)
    with np.errstate(invalid="ignore"):
        outside = (multipliers.price < intervals.low - floor) | (multipliers.price > intervals.high + floor)
    names = [net.goods[g] for g in np.flatnonzero(outside)]
    return [f"the multiplier of {_some(names)} is outside its price interval"] if names else []


def _some(names: list[str], most: int = 3) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
