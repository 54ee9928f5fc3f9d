"""A polyhedral chain by the simplex method: its verdict as a solution, and Ipopt's answer beside it.

Where Ipopt agrees (the same value, each multiplier between the ends of its price) its multipliers are the prices,
and three witnesses agree: they, the basis, and back-propagation. Where it does not, or a chain is large, the
basis's prices stand, and the solution says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from chainopt.backprop.intervals import intervals
from chainopt.backprop.sweep import differentiate
from chainopt.certificate.certify import certify
from chainopt.chain.chain import Chain
from chainopt.ipopt.interior import TOLERANCE
from chainopt.machine.apart import FORKS, WorkDied, forked
from chainopt.network.measure import throughput
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.part import Part, apply
from chainopt.network.tolerances import AGREES
from chainopt.simplex.judge import Infeasible, Optimum, Unbounded, judge
from chainopt.solution.attempts import Begin, answers, near
from chainopt.solution.clock import Clock
from chainopt.solution.judgement import LARGE
from chainopt.solution.solution import Solution
from chainopt.words.names import some
from chainopt.words.status import Status

_INSIDE = 0.1
"""Of a forward run, in Ipopt's start: an interior point takes longest from a vertex, and without the basis."""
_LINEAR: dict[str, str | int | float] = {
    "mu_strategy": "adaptive",
    "mumps_pivot_order": 5,
    "mumps_permuting_scaling": 0,
    "min_refinement_steps": 0,
}
"""Ipopt's options for a linear program near its solution: the quality function takes the barrier down in half of
the iterations, and METIS' order, without a matching before it, halves the time of each. Of 2,000 processes, 21 for
43 iterations and 0.8 for 2.2 seconds."""
KEPT, BESIDE_PROOF = ": the prices are the simplex method's", "beside the proof, "
"""How a warning ends that Ipopt's prices were not taken, and how one begins that another check sees the proven
plan otherwise: neither casts a doubt on what is proven."""
BESIDE = 2_000
"""Processes up to which Ipopt solves a chain beside the simplex method: above, it takes longer than it tells."""


def by_simplex(
    whole: Network, beside: Part | None, clock: Clock, limits: Mapping[str, Any], *, fractions: bool | None
) -> Solution | None:
    """The solution of a polyhedral chain, None where it stays unsettled; beside: the part that Ipopt is asked of.

    Raises TimeoutError where no time is left.
    """
    clock.doing = "the simplex method was at it"
    ask = partial(judge, whole, fractions=fractions, time_left=lambda: clock.left)
    long = len(whole.use_good) >= LARGE or clock.end is not None
    # HiGHS hears of no signal while it is at work.
    verdict = forked(lambda _: ask(), deadline=clock.end) if FORKS and long else ask()
    clock.stop("simplex")
    if not isinstance(verdict, Optimum):
        return None if verdict is None else _without(whole, verdict)
    clock.plan = verdict.plan
    solution = _with(whole, verdict)
    clock.stop("audit")
    if beside is not None and len(whole.processes) <= BESIDE:
        solution = _confirmed(solution, verdict, beside, clock, limits)
    elif beside is not None:
        note = (
            f"Ipopt was not asked beside it, as of chains of more than {BESIDE:,} processes it is on request alone"
        )
        solution = replace(solution, message=f"{solution.message} {note}.")
    return solution


def unsolved(chain: Chain) -> Solution:
    """What is left to say where the simplex method settles nothing."""
    return Solution(chain, Status.UNSOLVED, Status.UNSOLVED.advice, solver="HiGHS", solver_version=_highs())


def _without(whole: Network, verdict: Infeasible | Unbounded) -> Solution:
    """The solution of a chain without an optimum; its proof goes with it."""
    status = Status.INFEASIBLE if isinstance(verdict, Infeasible) else Status.UNBOUNDED
    message = f"{status.ending}: proven by the simplex method. {verdict.summary(whole)}"
    part = apply(whole, whole.chain)
    return Solution(
        whole.chain, status, message, part=part, proof=verdict, solver="HiGHS", solver_version=_highs()
    )


def _with(whole: Network, verdict: Optimum) -> Solution:
    derivatives = differentiate(whole, verdict.plan)
    certificate = certify(whole, verdict.plan, derivatives, verdict.multipliers)
    how = "in fractions of the numbers as typed" if verdict.exact else "in long doubles"
    return Solution(
        whole.chain,
        Status.OPTIMAL,
        f"a global optimum, proven by its basis {how}: no bound is broken, and nothing gains by leaving one.",
        verdict.plan.value(whole),
        apply(whole, whole.chain),
        verdict.plan,
        verdict.multipliers,
        derivatives,
        intervals(verdict.low, verdict.high),
        certificate.conditions,
        "global",
        # The proof stands by itself; that another check sees it otherwise is not to be kept back.
        warnings=tuple(f"{BESIDE_PROOF}{doubt}" for doubt in certificate.doubts),
        solver="HiGHS",
        solver_version=_highs(),
    )


def _confirmed(
    solution: Solution, verdict: Optimum, part: Part, clock: Clock, limits: Mapping[str, Any]
) -> Solution:
    """The solution with Ipopt's multipliers where it agrees; else with a warning that says how it does not."""
    begin = Begin(near(part.net, part.narrowed(verdict.plan), _INSIDE), said="near the basis's plan")
    chosen = {**_LINEAR, **(limits.get("options") or {})}
    within = {**limits, "tolerance": limits["tolerance"] or TOLERANCE, "options": chosen}
    try:
        answer = answers(part.net, begin, within, clock)[-1]
    except (TimeoutError, MemoryError, WorkDied, KeyboardInterrupt):
        # What is proven is finished, whatever cuts the second witness off.
        return _alone(solution, "Ipopt did not come to an end beside it")
    if answer.model.status is Status.INTERRUPTED:
        return _alone(solution, "Ipopt was interrupted beside it")
    if answer.model.status is not Status.OPTIMAL or answer.plan is None or answer.multipliers is None:
        return _alone(solution, f"Ipopt, asked beside it, found no answer of its own ({answer.model.status})")
    value, own = verdict.plan.value(part.whole), answer.plan.value(part.net)
    money = solution.derivatives.operations.measure.money if solution.derivatives else abs(value)
    if not abs(value - own) <= AGREES * max(money, abs(value)):
        return _alone(solution, f"Ipopt's plan beside it is worth {own:.10g}")
    multipliers = _moving(part.multipliers(answer.multipliers), verdict, part.whole)
    outside = _outside(multipliers, verdict)
    if len(outside):
        names = some([part.whole.goods[g] for g in outside])
        return _alone(solution, f"Ipopt's multiplier of {names} lies outside of its price interval")
    assert solution.derivatives is not None
    certificate = certify(part.whole, verdict.plan, solution.derivatives, multipliers)
    if certificate.doubts:
        return _alone(solution, f"Ipopt's multipliers don't hold the plan ({certificate.doubts[0]})")
    # An interior point ends next to an end, on either side of it.
    price = np.clip(multipliers.price, verdict.low, verdict.high)
    return replace(
        solution,
        multipliers=replace(multipliers, price=price),
        kkt=certificate.conditions,
        message=f"{solution.message} Ipopt agrees: its multipliers are the prices. {answer.model.message}",
        iterations=answer.model.iterations,
        solver="ipopt",
        solver_version=f"{answer.model.solver}, with {_highs()} as judge",
    )


def _alone(solution: Solution, why: str) -> Solution:
    said = f"{why}{KEPT}"
    return replace(solution, warnings=(*solution.warnings, said))


def _moving(found: Multipliers, verdict: Optimum, net: Network) -> Multipliers:
    """Ipopt's multipliers, the basis's where nothing moves: an interior point says nothing of that."""
    basis, moves = verdict.multipliers, throughput(net, verdict.plan) > 0
    found = replace(found, price=np.where(moves, found.price, np.nan))

    def each(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.where(np.isnan(mine), other, mine)

    return Multipliers(
        each(found.price, basis.price), found.rent, each(found.reading, basis.reading),
        each(found.reading_sale, basis.reading_sale), found.minimum,
    )  # fmt: skip


def _outside(multipliers: Multipliers, verdict: Optimum) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        ends = [np.where(np.isfinite(end), np.abs(end), 0.0) for end in (verdict.low, verdict.high)]
        slack = AGREES * np.maximum(np.maximum(*ends), verdict.ordinary)
        outside = (multipliers.price < verdict.low - slack) | (multipliers.price > verdict.high + slack)
    return np.flatnonzero(outside)


def _highs() -> str:
    return f"HiGHS {version('highspy')}"
