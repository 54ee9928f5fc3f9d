"""Chain -> Solution: solve the planner's problem, then check it with code that shares nothing but the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chainopt.chain.chain import Chain
from chainopt.chain.reach import reach
from chainopt.ipopt.interior import TOLERANCE, Progress
from chainopt.ipopt.model import ModelSolution
from chainopt.machine.apart import WorkDied
from chainopt.machine.memory import uncollected
from chainopt.market.formation import Market
from chainopt.network.network import Network, network
from chainopt.network.part import Part, apply
from chainopt.network.plan import Plan
from chainopt.simplex.polyhedral import is_polyhedral
from chainopt.solution.attempts import Begin, answers, beside, near
from chainopt.solution.by_market import MarketAnswer, market_answer, market_start
from chainopt.solution.by_simplex import by_simplex, unsolved
from chainopt.solution.clock import Clock
from chainopt.solution.judgement import Answer, best, judged
from chainopt.solution.proposals import proposed
from chainopt.solution.proven import least_breach, proven
from chainopt.solution.solution import Solution
from chainopt.words import messages
from chainopt.words.status import Status

METHODS = ("auto", "simplex", "ipopt", "market")
_MARKET_FLOWS = 1_000
"""Uses from which the market is worth asking first: below, Ipopt's multipliers cost next to nothing."""
# After the solver's own, what is left to try: more digits for doubtful multipliers, fewer where it got stuck.
_TOLERANCES = {
    Status.UNCERTIFIED: (1e-14, 1e-10),
    Status.EVALUATION_ERROR: (1e-10, 1e-14),
    Status.UNSOLVED: (1e-10,),
}
_LOST = (Status.UNCERTIFIED, Status.EVALUATION_ERROR, Status.ITERATION_LIMIT, Status.UNSOLVED)


def solve(
    chain: Chain,
    *,
    method: str = "auto",
    fractions: bool | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    time_limit: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    start: Solution | None = None,
) -> Solution:
    """The plan that maximises a chain's value, with prices and the check of both.

    method: "simplex", the exact judge of polyhedral chains (recipes, linear processes, formulas of straight pieces
    and min), which proves what it says; "ipopt", the planner's problem as a nonlinear program; "market", prices
    formed by the chain's own users, far faster on large smooth chains: Ipopt takes over where the market can't
    certify its plan, and a warning says why. "auto" takes the simplex method where the chain is polyhedral, with
    Ipopt's multipliers beside it up to 2,000 processes; else the market for large chains in its scope, else Ipopt.
    The message says which. fractions: whether the simplex method solves its bases in fractions of the numbers as
    typed (default: of small chains, and of bases in doubt).

    tolerance, max_iterations and time_limit (seconds) default to the chain's settings, then to the solver's.
    progress: called after each of Ipopt's iterations, and each pass of the market, whose infeasibility is the
    change of its offers. start: a solution of a chain of the same goods and processes, near whose plan the solver
    then begins. Ctrl-C ends the solve with INTERRUPTED, and the last plan.
    A chain without a solution raises nothing: see the status. Raises SolverMissing where cyipopt is not
    installed, and ValueError for an unknown method, or for "simplex" where the chain is not polyhedral.
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
    within = part = None
    try:
        # Hundreds of thousands of small objects are made and none is garbage: its collection would cost a quarter.
        with uncollected():
            within, whole = reach(chain), network(chain)
            part = apply(whole, within.chain) if not within.unmet else None
        clock.stop("build")
        solution = None
        if method == "simplex" or (method == "auto" and is_polyhedral(whole)):
            beside = part if method == "auto" else None
            solution = by_simplex(whole, beside, clock, limits, fractions=fractions)
            solution = solution or (unsolved(chain) if method == "simplex" else None)
        if solution is None and part is not None:
            solution = _solved(part, method, limits, start, clock)
        solution = solution or Solution(chain, Status.INFEASIBLE, "")
        if solution.status is Status.INFEASIBLE and within.unmet:
            message = "; ".join(map(str, within.unmet))
            solution = replace(solution, message=message, unmet=within.unmet)
    except (KeyboardInterrupt, TimeoutError, MemoryError, WorkDied) as error:
        solution = _cut_off(chain, part, error, clock)
    return replace(solution, removed=within.removed if within is not None else {}, seconds=seconds)


def _cut_off(chain: Chain, part: Part | None, error: BaseException, clock: Clock) -> Solution:
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
    value = None if part is None or clock.plan is None else clock.plan.value(part.net)
    return Solution(
        chain, status, message, value, part, clock.plan, iterations=clock.iterations, cut_off=clock.doing
    )


def _solved(part: Part, method: str, limits: Mapping[str, Any], start: Solution | None, clock: Clock) -> Solution:
    """The solution by a method; raises what cuts it off outside of Ipopt's own time."""
    net, warm = part.net, None
    known, formed, handed = _known(net, start), None, ""
    clock.doing = "prices formed"
    if method == "market" or (method == "auto" and len(net.use_good) >= _MARKET_FLOWS):
        found, handed, formed = _by_market(part, limits, clock)
        if found is not None:
            return found
        if formed is not None:
            clock.plan = known = formed
            clock.check()
    elif start is None:
        answer = market_start(net, clock.left, _told(limits["progress"]))
        clock.stop("market")
        if answer is not None and answer.interrupted:
            return _interrupted(part, answer, clock)
        if answer is not None and answer.plan is not None:
            warm = Begin(answer.plan, answer.multipliers, said="from the market's plan and prices")

    def tried(begin: Begin, tolerance: float | None) -> Solution:
        found = answers(net, begin, {**limits, "tolerance": tolerance or TOLERANCE}, clock)
        # Where Ipopt finds no plan, and there is no proof of that, it may find one from elsewhere.
        return proven(best(part, found, clock), clock.left)

    def market() -> Begin | None:
        plan = formed if handed else _formed(net, limits, clock)
        begin = None if plan is None else beside(net, plan, "the market's")
        # With nothing to leave out, a plan that the market handed over has been begun from already.
        return begin if begin is None or begin.without or not handed else None

    def proposals() -> Begin | None:
        clock.doing = "processes proposed"
        plan = proposed(net)
        clock.stop("market")
        return None if plan is None else beside(net, plan, "the proposals'")

    def kept() -> Begin | None:
        clock.doing = "a plan was looked for that keeps every limit"
        plan = least_breach(net, clock.left)
        return None if plan is None else Begin(near(net, plan), said="near a plan that breaks the least")

    solution = _by_ipopt(tried, warm, lambda: near(net, known), (market, proposals, kept), limits)
    if handed:
        taken = f"Ipopt took over from the market: {handed}"
        solution = replace(solution, warnings=(*solution.warnings, taken), message=f"{solution.message} {taken}.")
    return solution


def _by_ipopt(
    tried: Callable[[Begin, float | None], Solution],
    warm: Begin | None,
    cold: Callable[[], Plan],
    elsewhere: tuple[Callable[[], Begin | None], ...],
    limits: Mapping[str, Any],
) -> Solution:
    """Ipopt's solution: from a warm start where there is one and it serves, else from a cold one; where it gets
    lost there, from elsewhere, the market's or the proposals' plan, and then at other tolerances where none is
    given."""
    if warm is not None and (found := tried(warm, limits["tolerance"])).status.final:
        return found
    begin = Begin(cold())
    first = tried(begin, limits["tolerance"])

    def others() -> Iterator[tuple[Begin | None, float | None]]:
        if first.status in _LOST and not (first.status is Status.ITERATION_LIMIT and limits["max_iterations"]):
            for place in elsewhere:
                yield place(), limits["tolerance"]
        for each in () if limits["tolerance"] else _TOLERANCES.get(first.status, ()):
            yield begin, each

    try:
        for each, tolerance in others():
            another = tried(each, tolerance) if each is not None else first
            if another.status in (Status.OPTIMAL, Status.INFEASIBLE, Status.UNBOUNDED):
                return another
            if another.status is Status.INTERRUPTED:
                return _stopped(first, another.message)
            if another.status.final:
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
    answer = _answered(net, {**limits, "tolerance": None}, clock)
    if answer.interrupted:
        raise KeyboardInterrupt
    return answer.plan


def _by_market(part: Part, limits: Mapping[str, Any], clock: Clock) -> tuple[Solution | None, str, Plan | None]:
    """The market's solution where both its own certificate and the independent check hold, or it was interrupted.

    Else None, why, and a plan to begin from where there is one.
    """
    answer = _answered(part.net, limits, clock)
    if answer.interrupted:
        return _interrupted(part, answer, clock), "", None
    if answer.doubts or answer.plan is None:
        return None, "; ".join(answer.doubts), answer.plan
    solved = ModelSolution(Status.OPTIMAL, answer.message, iterations=answer.passes, solver=_version(answer))
    # What stands still has a price where the market followed the planner's path, elsewhere perhaps any.
    priced = [Answer(solved, answer.plan, each) for each in (answer.moving, answer.multipliers)]
    found = best(part, priced, clock)
    if found.status is not Status.OPTIMAL:
        return None, found.message, answer.plan
    return replace(found, solver="market"), "", answer.plan


def _answered(net: Network, limits: Mapping[str, Any], clock: Clock) -> MarketAnswer:
    """The market's answer within these limits."""
    answer = market_answer(
        net,
        tolerance=limits["tolerance"],
        max_passes=limits["max_iterations"],
        time_limit=clock.left,
        progress=_told(limits["progress"]),
    )
    clock.stop("market")
    return answer


def _interrupted(part: Part, answer: MarketAnswer, clock: Clock) -> Solution:
    message = f"The solve was interrupted while prices formed: {answer.message}. The last pass's plan is kept."
    stopped = ModelSolution(Status.INTERRUPTED, message, answer.value, answer.passes, solver=_version(answer))
    return replace(judged(part, Answer(stopped, answer.plan, None), clock), solver="market")


def _version(answer: MarketAnswer) -> str:
    return f"chainopt market ({answer.engine})"


def _told(progress: Callable[[Progress], object] | None) -> Callable[[Market], object] | None:
    """The market's passes, told as iterations."""
    if progress is None:
        return None
    return lambda m: progress(Progress(m.passes, m.value, 0.0, m.change, sum(m.seconds.values())))


def _known(net: Network, start: Solution | None) -> Plan | None:
    """The plan of a solution of this network."""
    if start is None or start.net is None or (start.net.goods, start.net.processes) != (net.goods, net.processes):
        return None
    return start.plan
