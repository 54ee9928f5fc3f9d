"""The solver's answer as a solution, certified where the independent check holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from chainopt.backprop.intervals import SKIPPED, Intervals, price_intervals
from chainopt.backprop.sweep import Derivatives, differentiate
from chainopt.certificate.certify import Certificate, certify
from chainopt.certificate.plans import settled
from chainopt.certificate.prices import completed
from chainopt.ipopt.model import ModelSolution
from chainopt.machine.apart import FORKS, forked
from chainopt.network.measure import Measure
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.part import Part
from chainopt.network.plan import Plan
from chainopt.network.tolerances import CERTIFIED
from chainopt.planner.rays import confirmed
from chainopt.solution.clock import Clock
from chainopt.solution.solution import Solution
from chainopt.words.names import some
from chainopt.words.status import Status

_DOUBTFUL = (Status.UNCERTIFIED, Status.EVALUATION_ERROR)
_CUT_OFF = (Status.INTERRUPTED, Status.TIME_LIMIT)
LARGE = 2_000
"""Uses from which the price equations' factors may take longer than somebody waits after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the solver said of a network without some processes, in the terms of the whole one.

    began: what the message says of where it began, if anything.
    """

    model: ModelSolution
    plan: Plan | None
    multipliers: Multipliers | None
    without: tuple[int, ...] = ()
    began: str = ""


def best(part: Part, answers: Sequence[Answer], clock: Clock) -> Solution:
    """The last answer's solution, or where that is doubtful the first before it that isn't."""
    solutions = []
    for answer in reversed(answers):
        solutions.append(judged(part, answer, clock))
        clock.stop("audit")
        if solutions[-1].status not in _DOUBTFUL:
            return solutions[-1]
    return solutions[0]


def judged(part: Part, answer: Answer, clock: Clock) -> Solution:
    """The answer to a part as a solution; raises as `forked` does where the check is cut off."""
    clock.doing, clock.plan = "the answer was checked", answer.plan or clock.plan
    clock.iterations = answer.model.iterations
    check = partial(_verdict, part.net, answer)
    long = len(part.net.use_good) >= LARGE or clock.end is not None
    if FORKS and long and answer.plan is not None and answer.model.status not in _CUT_OFF:
        found = forked(lambda _: check(), deadline=clock.end)
    else:
        found = check()
    found |= {"iterations": answer.model.iterations, "solver_version": answer.model.solver}
    return Solution(part.whole.chain, part=part, **{"plan": answer.plan, **found})


def _verdict(net: Network, answer: Answer) -> dict[str, Any]:
    """What the check makes of an answer, by the fields of a solution."""
    model, plan, multipliers = answer.model, answer.plan, answer.multipliers
    if plan is None or multipliers is None:
        status = confirmed(net, plan, model.status) if plan is not None else model.status
        message = model.message if status is model.status else status.advice
        return {"status": status, "message": message, "objective": model.objective}
    check = _best_check(net, plan, multipliers)
    derivatives, certificate, intervals = check.derivatives, check.certificate, check.intervals
    doubts, scope, local = check.doubts, certificate.scope, certificate.unproven
    warnings = []
    if scope == "local":
        warnings.append(
            f"the optimum is local: {some(local)} {'is' if len(local) == 1 else 'are'} not concave there"
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
    began = f" It began {answer.began}." if answer.began else ""
    if doubts or scope == "local":
        status = confirmed(net, plan, status)
        if status is Status.UNBOUNDED:
            return {"status": status, "message": status.advice}
    certified = f"a {scope} optimum, certified by the independent check. {model.message}{began}"
    return {
        "status": status,
        "message": "; ".join(doubts) or certified,
        "objective": check.plan.value(net),
        "plan": check.plan,
        "multipliers": _of_first_units(check.multipliers, derivatives, intervals),
        "derivatives": derivatives,
        "intervals": intervals,
        "kkt": certificate.conditions,
        "scope": scope,
        "warnings": tuple(warnings),
    }


@dataclass(frozen=True, slots=True)
class _Check:
    """A plan, its multipliers, what the chain's own derivatives say of it, and what speaks against it."""

    plan: Plan
    multipliers: Multipliers
    derivatives: Derivatives
    certificate: Certificate
    intervals: Intervals
    doubts: list[str]


def _best_check(net: Network, plan: Plan, multipliers: Multipliers) -> _Check:
    """The check of a plan and its multipliers, or where that has doubts, of what may stand in their place.

    That is the multipliers without the prices of what nothing moves, with the derivatives of what next to nothing
    does, and a settled plan. Intervals, which may take
    long, are asked for where nothing else speaks against it, or in the end.
    """
    derivatives = differentiate(net, plan)
    first = _certified(net, plan, derivatives, multipliers)
    if not first.doubts and not (check := _checked(net, first, plan, derivatives, multipliers)).doubts:
        return check
    for plan_, derivatives_, priced in _others(net, plan, derivatives, multipliers):
        certificate = _certified(net, plan_, derivatives_, priced)
        if not certificate.doubts:
            other = _checked(net, certificate, plan_, derivatives_, priced)
            if not other.doubts:
                return other
    return check if not first.doubts else _checked(net, first, plan, derivatives, multipliers)


def _others(
    net: Network, plan: Plan, derivatives: Derivatives, multipliers: Multipliers
) -> Iterator[tuple[Plan, Derivatives, Multipliers]]:
    priced = _moved(multipliers, derivatives)
    if np.isnan(priced.price).sum() > np.isnan(multipliers.price).sum():
        yield plan, derivatives, priced
    still = derivatives.operations.measure.still
    if np.any(still & ~np.isnan(priced.price)):
        # An interior point's product of a faint amount and its price is next to 0, whatever the price is.
        yield plan, derivatives, replace(priced, price=np.where(still, derivatives.price, priced.price))
    other = settled(net, plan, derivatives.operations)
    if other is not plan:
        yield other, differentiate(net, other), priced


def _certified(net: Network, plan: Plan, derivatives: Derivatives, multipliers: Multipliers) -> Certificate:
    return certify(net, plan, derivatives, completed(net, plan, derivatives, multipliers))


def _checked(
    net: Network, certificate: Certificate, plan: Plan, derivatives: Derivatives, multipliers: Multipliers
) -> _Check:
    intervals = price_intervals(net, plan, derivatives)
    doubts = [*certificate.doubts, *_doubts(net, multipliers, derivatives.operations.measure, intervals)]
    return _Check(plan, multipliers, derivatives, certificate, intervals, doubts)


def _of_first_units(multipliers: Multipliers, derivatives: Derivatives, intervals: Intervals) -> Multipliers:
    """The multipliers with the price of what nothing moves at what its first unit is worth at least.

    That is the low end of its interval, the high one where it has no low one; nan where it has neither.
    """
    low, high, price = intervals.low, intervals.high, _moved(multipliers, derivatives).price
    first = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, np.nan))
    return replace(multipliers, price=np.where(np.isnan(price), first, price))


def _moved(multipliers: Multipliers, derivatives: Derivatives) -> Multipliers:
    """The multipliers without the prices of what nothing moves and nothing prices: there the solver's is any that
    supports what it left of the chain."""
    nothing = derivatives.operations.measure.still & np.isnan(derivatives.price)
    return replace(multipliers, price=np.where(nothing, np.nan, multipliers.price))


def _doubts(net: Network, multipliers: Multipliers, size: Measure, intervals: Intervals) -> list[str]:
    """Multipliers outside their interval: a price that can't support the plan."""
    floor = CERTIFIED * (np.abs(multipliers.price) + 10 * size.trifle)
    with np.errstate(invalid="ignore"):
        outside = (multipliers.price < intervals.low - floor) | (multipliers.price > intervals.high + floor)
    names = [net.goods[g] for g in np.flatnonzero(outside)]
    return [f"the multiplier of {some(names)} is outside its price interval"] if names else []
