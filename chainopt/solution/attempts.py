"""Ipopt's answers to a network from a plan: of the whole, and of what is left without processes that stand idle.

Near zero flow the slopes of Cobb-Douglas and CES processes have no bound, and an interior point stops there with
success and wrong multipliers, or gets lost. What it leaves there is taken out, and the rest is solved again.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from chainopt.backprop.idle import steep_idle
from chainopt.certificate.breaches import breaches
from chainopt.ipopt.model import solve_model
from chainopt.machine.apart import WorkDied
from chainopt.machine.memory import uncollected
from chainopt.network.forward import forward_run
from chainopt.network.measure import magnitudes, measure, turnover
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.part import Part, apply, without
from chainopt.network.plan import Plan, at_rest, with_whole_minima
from chainopt.network.tolerances import CERTIFIED, NEARLY_IDLE, ZERO
from chainopt.planner.arrays import posed
from chainopt.planner.model import build
from chainopt.planner.readback import read_multipliers, read_plan, write_multipliers
from chainopt.solution.clock import Clock
from chainopt.solution.judgement import Answer
from chainopt.words.status import Status

_RESTARTS = 3
_ITERATIONS = 3000
_UNITS = 3
_INSIDE = 0.02
_COARSE = 0.03
_WORTH_ANOTHER = (Status.OPTIMAL, Status.UNCERTIFIED, Status.EVALUATION_ERROR, Status.ITERATION_LIMIT)
_OF_THE_PART = (Status.INFEASIBLE, Status.TIME_LIMIT, Status.ITERATION_LIMIT)


@dataclass(frozen=True, slots=True)
class Begin:
    """A plan to begin from; with multipliers, both are near the solution's. without: what is left out at first;
    said: what the message says of it."""

    plan: Plan
    multipliers: Multipliers | None = None
    without: tuple[int, ...] = ()
    said: str = ""


def near(net: Network, known: Plan | None, inside: float = _INSIDE) -> Plan:
    """A forward run; or a plan close to a known one, but inside of every sign bound as a forward run is."""
    run = forward_run(net)
    if known is None:
        return run
    return Plan(
        *((1.0 - inside) * getattr(known, item.name) + inside * getattr(run, item.name) for item in fields(Plan))
    )


def beside(net: Network, plan: Plan, whose: str) -> Begin:
    """A plan of the market's or of proposals without what is idle there, near which slopes have no bound and Ipopt
    gets lost."""
    idle = steep_idle(net, plan, measure(net, plan))
    said = f"near {whose} plan" + (", without what is idle there" if idle else "")
    return Begin(near(net, plan), without=tuple(idle), said=said)


def answers(net: Network, begin: Begin, limits: dict[str, Any], clock: Clock) -> list[Answer]:
    """Solve the network; and again without the processes left near zero, where their slopes are infinite.

    With these at zero by definition the multipliers no longer rest on their slopes there; whether they would
    rather start is the certificate's question. The last answer is the best, the first one holds where processes
    that were left out would start after all. Where the rest could not be solved, the first one comes once more
    between them, without the prices of goods that only such processes move.
    """
    part, first = apply(net, net.chain), begin
    if begin.without:
        part = apply(net, without(net, begin.without).chain)
        first = replace(begin, plan=part.narrowed(begin.plan))
    found = [_attempt(part, first, limits, clock)]
    unpriced: list[Answer] = []
    for _ in range(_RESTARTS):
        answer, plan = found[-1], found[-1].plan
        share = ZERO if answer.model.status is Status.OPTIMAL else NEARLY_IDLE
        # What takes next to nothing is left out whatever it makes: the check sees where that was much of its good.
        steep = steep_idle(net, plan, measure(net, plan, begin.plan), share, by_use=True) if plan else []
        if set(steep) <= set(answer.without) or answer.model.status not in _WORTH_ANOTHER:
            break
        rest = without(net, steep)
        if rest.unmet:
            break
        part = apply(net, rest.chain)
        found.append(_attempt(part, Begin(forward_run(part.net), without=tuple(steep)), limits, clock))
        if found[-1].model.status is not Status.OPTIMAL and answer.multipliers is not None:
            price = np.where(np.isin(net.goods, part.net.goods), answer.multipliers.price, np.nan)
            unpriced = [replace(answer, multipliers=replace(answer.multipliers, price=price))]
    # What is left out may be what a chain can't do without, and no word on the whole.
    said = [answer for answer in found[1:] if answer.model.status not in _OF_THE_PART]
    return [found[0], *unpriced, *said[-1:]]


def _attempt(part: Part, begin: Begin, limits: dict[str, Any], clock: Clock) -> Answer:
    """Solve a part of a network, and read the answer as the whole's; begin's plan is the part's."""
    net = part.net
    clock.check()
    clock.doing, clock.plan = "the model was built", clock.plan or begin.plan
    money = turnover(net, begin.plan)
    options = {**limits, "max_iterations": int(limits["max_iterations"] or _ITERATIONS)}
    with uncollected():
        for _ in range(_UNITS):
            size = magnitudes(net, begin.plan, money)
            model = build(net, begin.plan, money, factors=False)
            known = begin.multipliers
            duals = write_multipliers(net, model, known) if known is not None else None
            clock.stop("build")
            functions = partial(posed, net, model, size)
            try:
                answer = solve_model(model, duals=duals, posed=functions, time_limit=clock.left, **options)
            except (MemoryError, WorkDied):
                if net is part.whole:
                    clock.doing, clock.plan = "Ipopt was at it", read_plan(net, model)
                raise
            clock.add(answer.seconds)
            # A chain in which nothing can flow is solved without a variable.
            planned = answer.values or answer.status is Status.OPTIMAL
            plan = with_whole_minima(net, read_plan(net, model)) if planned else None
            # A start that moves far more money than the plan makes the tolerance too coarse for its prices.
            last, money = money, turnover(net, plan) if plan is not None else money
            if answer.status is not Status.OPTIMAL or money > _COARSE * last:
                break
    if answer.status is Status.INFEASIBLE and any(_keeps_all(net, known) for known in (begin.plan, at_rest(net))):
        # Ipopt's word is of where it got lost, not of the chain.
        stuck = Status.EVALUATION_ERROR
        message = f"{stuck.advice} A plan that keeps every limit exists. {answer.detail}"
        answer = replace(answer, status=stuck, message=message)
    multipliers = None
    if answer.status is Status.OPTIMAL:
        multipliers = read_multipliers(net, model, lambda row: answer.dual.get(row, np.nan))
    if net is not part.whole:
        plan = plan and part.plan(plan)
        multipliers = multipliers and part.multipliers(multipliers)
    return Answer(answer, plan, multipliers, begin.without, begin.said)


def _keeps_all(net: Network, plan: Plan) -> bool:
    """Whether a plan keeps every balance, function and limit, whatever it is worth."""
    return breaches(net, plan).largest <= CERTIFIED
