"""What a solve gives: how it ended, the plan, and the two sides of every price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from chainopt.backprop.intervals import Intervals
from chainopt.backprop.sweep import Derivatives
from chainopt.certificate.conditions import Residuals
from chainopt.chain.chain import Chain
from chainopt.chain.reach import Unmet
from chainopt.network.measure import throughput
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.part import Part
from chainopt.network.plan import Plan
from chainopt.simplex.judge import Infeasible, Unbounded
from chainopt.technology.arrays import Array
from chainopt.words.display import Displayed
from chainopt.words.status import Status


@dataclass(frozen=True, slots=True, eq=False)
class Solution(Displayed):
    """A chain's solution.

    part is what could run of the chain: plan, multipliers, derivatives and intervals are in the order of its
    network, net; removed says which processes could not, and why. They are None where there is nothing worth
    showing: multipliers and what is compared with them only where the status is optimal or uncertified. scope is
    "global" where the optimum is one of the whole chain, "local" where only its neighbourhood is known. unmet is
    what no plan can meet, whatever runs; proof, why there is no plan or no end; cut_off, what the solve was at
    where Ctrl-C, or the end of the time or of the memory, cut it off outside of its solver.
    """

    chain: Chain
    status: Status
    message: str
    objective: float | None = None
    part: Part | None = None
    plan: Plan | None = None
    multipliers: Multipliers | None = None
    derivatives: Derivatives | None = None
    intervals: Intervals | None = None
    kkt: Residuals | None = None
    scope: str | None = None
    removed: Mapping[str, str] = field(default_factory=dict)
    unmet: tuple[Unmet, ...] = ()
    proof: Infeasible | Unbounded | None = None
    cut_off: str = ""
    warnings: tuple[str, ...] = ()
    iterations: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)
    solver: str = "ipopt"
    solver_version: str = ""

    @property
    def net(self) -> Network | None:
        """The network of what could run."""
        return self.part.net if self.part is not None else None

    @property
    def amounts(self) -> Plan | None:
        """The plan to be shown: none of a chain that has no plan, or no end, wherever a solver stopped."""
        return None if self.status in (Status.INFEASIBLE, Status.UNBOUNDED) else self.plan

    @property
    def certified(self) -> bool:
        """Whether the independent KKT check holds, so that prices may be shown."""
        return self.status is Status.OPTIMAL


def first_units(solution: Solution) -> Array:
    """Each good's price as it is shown: its multiplier; where nothing supplies, makes or takes it, what the first
    unit is worth at least.

    That is the low end of its interval, the high one where low has none, nan where neither has: any price would
    support the plan. A solution without prices has none: ValueError.
    """
    if solution.net is None or solution.plan is None or solution.multipliers is None or solution.intervals is None:
        raise ValueError(f"a solution that is {solution.status} has no prices")
    low, high = solution.intervals.low, solution.intervals.high
    worth = np.where(np.isfinite(low), low, np.where(np.isfinite(high), high, np.nan))
    moves = throughput(solution.net, solution.plan) > 0
    return np.where(moves | np.isnan(low) | np.isnan(high), solution.multipliers.price, worth)
