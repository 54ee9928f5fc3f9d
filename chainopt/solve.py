"""Chain -> Solution: solve the planner's problem, then check it with code that shares nothing but the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
from pyomo.common.gc_manager import PauseGC

from chainopt import messages
from chainopt.bulk import chain_problem
from chainopt.certificate import CERTIFIED, feasibility
from chainopt.chain import Chain
from chainopt.clock import Clock
from chainopt.forked import WorkDied
from chainopt.forward import forward_run
from chainopt.idle import steep_idle
from chainopt.interior import TOLERANCE, Progress
from chainopt.ipopt import ModelSolution, solve_model
from chainopt.judgement import Answer, best, judged
from chainopt.magnitudes import magnitudes
from chainopt.market import Market
from chainopt.market_route import MarketAnswer, market_answer, market_start
from chainopt.network import Network, network
from chainopt.nlp import build, read_multipliers, read_plan, write_multipliers
from chainopt.operations import ZERO, sizes
from chainopt.plan import Multipliers, Plan, at_rest, places, throughput, turnover, with_whole_minima
from chainopt.reach import Reach, reach
from chainopt.solution import Solution
from chainopt.status import Status

METHODS = ("ipopt", "market", "auto")
_STEEP = 1e-6
_RESTARTS = 3
_ITERATIONS = 3000
_UNITS = 3
_INSIDE = 0.02
_COARSE = 0.03
# After the solver's own, what is left to try: more digits for doubtful multipliers, fewer where it got stuck.
_TOLERANCES = {Status.UNCERTIFIED: (1e-14, 1e-10), Status.EVALUATION_ERROR: (1e-10, 1e-14)}
_OF_THE_PART = (Status.INFEASIBLE, Status.TIME_LIMIT, Status.ITERATION_LIMIT)
_LOST = (Status.UNCERTIFIED, Status.EVALUATION_ERROR, Status.ITERATION_LIMIT)
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
    seconds: dict[str, float] = {}
    clock = Clock(seconds, time_limit or chain.settings.time_limit)
    limits: dict[str, Any] = {
        "tolerance": tolerance or chain.settings.tolerance,
        "max_iterations": max_iterations or chain.settings.max_iterations,
        "progress": progress,
    }
    within = net = None
    try:
        # Hundreds of thousands of small objects are made and none is garbage: its collection would cost a quarter.
        with PauseGC():
            within = reach(chain)
            if within.infeasible:
                infeasible = "; ".join(within.infeasible)
                return Solution(chain, Status.INFEASIBLE, infeasible, removed=within.removed, seconds=seconds)
            net = network(within.chain)
        clock.stop("build")
        solution = _solved(chain, within.chain, net, method, limits, start, clock)
    except (KeyboardInterrupt, TimeoutError, MemoryError, WorkDied) as error:
        solution = _cut_off(chain, net, error, clock)
    return replace(solution, removed=within.removed if within is not None else {}, seconds=seconds)


def _cut_off(chain: Chain, net: Network | None, error: BaseException, clock: Clock) -> Solution:
    """The solution of a solve that ended by this error, with the best plan until then."""
    kept = "the best plan so far is kept, without prices" if clock.plan is not None else "there is no plan yet"
    if isinstance(error, KeyboardInterrupt):
        status, message = Status.INTERRUPTED, f"The solve was interrupted while {clock.doing}: {kept}."
    elif isinstance(error, TimeoutError):
        status, message = Status.TIME_LIMIT, f"The time limit came while {clock.doing}: {kept}. Raise the limit."
    elif isinstance(error, MemoryError):
        status, message = Status.EVALUATION_ERROR, messages.NO_MEMORY_TO_SOLVE.line(doing=clock.doing, kept=kept)
    else:
        said = messages.SOLVER_DIED.line(how=error, doing=clock.doing, kept=kept)
        status, message = Status.EVALUATION_ERROR, said
    value = None if net is None or clock.plan is None else clock.plan.value(net)
    return Solution(chain, status, message, value, net=net, plan=clock.plan, iterations=clock.iterations)


def _solved(
    chain: Chain,
    reachable: Chain,
    net: Network,
    method: str,
    limits: Mapping[str, Any],
    start: Solution | None,
    clock: Clock,
) -> Solution:
    """The solution by a method; raises what cuts it off outside of Ipopt's own time."""
    warm: _Begin | None = None
    known, formed, handed = _known(net, start), None, ""
    told = _told(limits["progress"])
    clock.doing = "prices formed"
    if method != "ipopt":
        found, handed, formed = _by_market(chain, net, limits, clock)
        if found is not None:
            return found
        if formed is not None:
            clock.plan = known = formed
            clock.check()
    elif start is None:
        answer = market_start(net, clock.left, told)
        clock.stop("market")
        if answer is not None and answer.interrupted:
            return _interrupted(chain, net, answer, clock)
        if answer is not None and answer.plan is not None:
            warm = _Begin(answer.plan, answer.multipliers, said="from the market's plan and prices")

    def tried(begin: _Begin, tolerance: float | None) -> Solution:
        answers = _without_idle(reachable, net, begin, {**limits, "tolerance": tolerance or TOLERANCE}, clock)
        return best(chain, net, answers, clock)

    def market() -> _Begin | None:
        plan = formed if handed else _formed(net, limits, clock)
        begin = None if plan is None else _in_the_market(net, plan)
        # With nothing to leave out, a plan that the market handed over has been begun from already.
        return begin if begin is None or begin.without or not handed else None

    solution = _by_ipopt(tried, warm, lambda: _near(net, known), market, limits)
    if handed:
        taken = f"Ipopt took over from the market: {handed}"
        solution = replace(solution, warnings=(*solution.warnings, taken), message=f"{solution.message} {taken}.")
    return solution


def _by_ipopt(
    tried: Callable[[_Begin, float | None], Solution],
    warm: _Begin | None,
    cold: Callable[[], Plan],
    market: Callable[[], _Begin | None],
    limits: Mapping[str, Any],
) -> Solution:
    """Ipopt's solution: from a warm start where there is one and it serves, else from a cold one; where it gets
    lost there, from the market's plan, and then at other tolerances where none is given."""
    if warm is not None and (found := tried(warm, limits["tolerance"])).status in _FINAL:
        return found
    begin = _Begin(cold())
    first = tried(begin, limits["tolerance"])

    def others() -> Iterator[tuple[_Begin | None, float | None]]:
        if first.status in _LOST and not (first.status is Status.ITERATION_LIMIT and limits["max_iterations"]):
            yield market(), limits["tolerance"]
        for each in () if limits["tolerance"] else _TOLERANCES.get(first.status, ()):
            yield begin, each

    try:
        for each, tolerance in others():
            another = tried(each, tolerance) if each is not None else first
            if another.status is Status.OPTIMAL:
                return another
            if another.status is Status.INTERRUPTED:
                return _stopped(first, another.message)
            if another.status in _FINAL:
                break
    except KeyboardInterrupt:
        return _stopped(first, "The solve was interrupted while another start was looked for.")
    except (TimeoutError, MemoryError):
        pass
    return first


def _stopped(first: Solution, message: str) -> Solution:
    """What came of a first attempt, where another was interrupted."""
    return replace(first, status=Status.INTERRUPTED, message=f"{message} The attempt before: {first.message}")


def _formed(net: Network, limits: Mapping[str, Any], clock: Clock) -> Plan | None:
    """The market's plan, whatever it is worth, where it finds one; raises KeyboardInterrupt on Ctrl-C."""
    clock.doing = "prices formed"
    told = _told(limits["progress"])
    answer = market_answer(net, max_passes=limits["max_iterations"], time_limit=clock.left, progress=told)
    clock.stop("market")
    if answer.interrupted:
        raise KeyboardInterrupt
    return answer.plan


def _in_the_market(net: Network, plan: Plan) -> _Begin:
    """The market's plan without what stands idle there, near which slopes have no bound and Ipopt gets lost."""
    idle = steep_idle(net, plan, sizes(net, plan, forward_run(net)), ZERO)
    said = "near the market's plan" + (", without what is idle there" if idle else "")
    return _Begin(_near(net, plan), without=tuple(idle), said=said)


def _by_market(
    chain: Chain, net: Network, limits: Mapping[str, Any], clock: Clock
) -> tuple[Solution | None, str, Plan | None]:
    """The market's solution where both its own certificate and the independent check hold, or it was interrupted.

    Else None, why, and a plan to begin from where there is one.
    """
    answer = market_answer(
        net,
        tolerance=limits["tolerance"],
        max_passes=limits["max_iterations"],
        time_limit=clock.left,
        progress=_told(limits["progress"]),
    )
    clock.stop("market")
    if answer.interrupted:
        return _interrupted(chain, net, answer, clock), "", None
    if answer.doubts or answer.plan is None:
        return None, "; ".join(answer.doubts), answer.plan
    solved = ModelSolution(Status.OPTIMAL, answer.message, iterations=answer.passes, solver=_version(answer))
    # What stands still has a price where the market followed the planner's path, elsewhere perhaps any.
    priced = [Answer(solved, answer.plan, each, []) for each in (answer.moving, answer.multipliers)]
    found = best(chain, net, priced, clock)
    if found.status is not Status.OPTIMAL:
        return None, found.message, answer.plan
    return replace(found, solver="market"), "", answer.plan


def _interrupted(chain: Chain, net: Network, answer: MarketAnswer, clock: Clock) -> Solution:
    message = f"The solve was interrupted while prices formed: {answer.message}. The last pass's plan is kept."
    stopped = ModelSolution(Status.INTERRUPTED, message, answer.value, answer.passes, solver=_version(answer))
    return replace(judged(chain, net, Answer(stopped, answer.plan, None, []), clock), solver="market")


def _version(answer: MarketAnswer) -> str:
    return f"chainopt market ({answer.engine})"


def _told(progress: Callable[[Progress], object] | None) -> Callable[[Market], object] | None:
    """The market's passes, told as iterations."""
    if progress is None:
        return None
    return lambda m: progress(Progress(m.passes, m.value, 0.0, m.change, sum(m.seconds.values())))


@dataclass(frozen=True, slots=True)
class _Begin:
    """A plan to begin from; with multipliers, both are near the solution's. without: what is left out at first;
    said: what the message says of it."""

    plan: Plan
    multipliers: Multipliers | None = None
    without: tuple[int, ...] = ()
    said: str = ""


def _known(net: Network, start: Solution | None) -> Plan | None:
    """The plan of a solution of this network."""
    if start is None or start.net is None or (start.net.goods, start.net.processes) != (net.goods, net.processes):
        return None
    return start.plan


def _near(net: Network, known: Plan | None) -> Plan:
    """A forward run; or a plan close to a known one, but inside of every sign bound as a forward run is."""
    run = forward_run(net)
    if known is None:
        return run
    return Plan(
        *((1.0 - _INSIDE) * getattr(known, item.name) + _INSIDE * getattr(run, item.name) for item in fields(Plan))
    )


def _without_idle(chain: Chain, net: Network, begin: _Begin, limits: dict[str, Any], clock: Clock) -> list[Answer]:
    """Solve the network; and again without the processes left near zero, where their slopes are infinite.

    With these at zero by definition the multipliers no longer rest on their slopes there; whether they would
    rather start is the certificate's question. The last answer is the best, the first one holds where processes
    that were left out would start after all. Where the rest could not be solved, the first one comes once more
    between them, without the prices of goods that only such processes move.
    """
    part, first = net, begin
    if begin.without:
        part = network(_without(chain, net, begin.without).chain)
        first = replace(begin, plan=places(part, net).part_of(begin.plan))
    answers = [_attempt(net, part, first, limits, clock, begin.without)]
    unpriced: list[Answer] = []
    for _ in range(_RESTARTS):
        answer, plan = answers[-1], answers[-1].plan
        share = ZERO if answer.model.status is Status.OPTIMAL else _STEEP
        # What takes next to nothing is left out whatever it makes: the check sees where that was much of its good.
        steep = steep_idle(net, plan, sizes(net, plan, begin.plan), share, by_use=True) if plan else []
        if set(steep) <= set(answer.without) or not answer.worth_another:
            break
        rest = _without(chain, net, steep)
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


def _attempt(
    net: Network,
    part: Network,
    begin: _Begin,
    limits: dict[str, Any],
    clock: Clock,
    without: Sequence[int] = (),
) -> Answer:
    """Solve a part of the network, and read the answer as the whole's."""
    clock.check()
    clock.doing, clock.plan = "the model was built", clock.plan or begin.plan
    money = turnover(part, begin.plan)
    options = {**limits, "max_iterations": int(limits["max_iterations"] or _ITERATIONS)}
    with PauseGC():
        for _ in range(_UNITS):
            size = magnitudes(part, begin.plan, money)
            model = build(part, begin.plan, money, factors=False)
            known = begin.multipliers
            duals = write_multipliers(part, model, known) if known is not None else None
            clock.stop("build")
            posed = partial(chain_problem, part, model, size)
            try:
                answer = solve_model(model, duals=duals, posed=posed, time_limit=clock.left, **options)
            except (MemoryError, WorkDied):
                if part is net:
                    clock.doing, clock.plan = "Ipopt was at it", read_plan(net, model)
                raise
            clock.add(answer.seconds)
            plan = with_whole_minima(part, read_plan(part, model)) if answer.values else None
            # A start that moves far more money than the plan makes the tolerance too coarse for its prices.
            last, money = money, turnover(part, plan) if plan is not None else money
            if answer.status is not Status.OPTIMAL or money > _COARSE * last:
                break
    if answer.status is Status.INFEASIBLE and any(
        _keeps_all(part, known) for known in (begin.plan, at_rest(part))
    ):
        # Ipopt's word is of where it got lost, not of the chain.
        words = answer.message.removeprefix(Status.INFEASIBLE.advice)
        stuck = Status.EVALUATION_ERROR
        answer = replace(
            answer, status=stuck, message=f"{stuck.advice} A plan that keeps every limit exists.{words}"
        )
    multipliers = None
    if answer.status is Status.OPTIMAL:
        multipliers = read_multipliers(part, model, lambda row: answer.dual.get(row, np.nan))
    if part is not net:
        of = places(part, net)
        plan = plan and of.plan(plan)
        multipliers = multipliers and of.multipliers(multipliers)
    return Answer(answer, plan, multipliers, list(without), begin.said)


def _keeps_all(net: Network, plan: Plan) -> bool:
    """Whether a plan keeps every balance, function and limit, whatever it is worth."""
    return feasibility(net, plan, throughput(net, plan)) <= CERTIFIED


def _without(chain: Chain, net: Network, processes: Sequence[int]) -> Reach:
    """The chain without these processes; what they alone read of non-rival goods is thrown away, if it can be."""
    left_out = set(processes)
    goods = len(net.goods)
    read = np.bincount(net.use_good, minlength=goods) > 0
    still_read = np.bincount(net.use_good[~np.isin(net.use_process, list(left_out))], minlength=goods) > 0
    thrown = ~net.rival & read & ~still_read & ~net.sells & (net.disposal == 0)
    names = {net.goods[g] for g in np.flatnonzero(thrown)}
    return reach(
        Chain(
            [replace(good, rival=True) if good.good in names else good for good in chain.goods],
            [process for p, process in enumerate(chain.processes) if p not in left_out],
            parameters=chain.parameters,
            settings=chain.settings,
        )
    )
