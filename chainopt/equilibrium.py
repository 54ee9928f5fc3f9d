"""The market's equilibrium as a model of its own: the KKT conditions, solved as equations, with no planner left.

    minimise cost = -value   subject to g(x) = 0, h(x) <= 0      becomes      find x, gamma, alpha with
    d cost/dx + ... = 0,   g(x) = 0,   h(x) <= 0,   alpha >= 0,   alpha_i (-h_i(x)) <= epsilon

Pyomo's `core.kkt` writes the conditions and `pyomo.mpec`'s `mpec.simple_nonlinear` the complementarity, whose
epsilon is driven down in a few solves, each from the last, by the same bridge as every other model. In these
conditions no objective is left: every process, buyer and importer meets its own first-order conditions at common
prices, and the goods clear.

The sign: for a minimised cost L = cost + gamma (rhs - body) + alpha (body - upper), so that gamma and -alpha are
d(cost)/d(right-hand side): a price is -gamma, an upper limit's rent alpha. On a maximisation `core.kkt` (Pyomo
6.10) states the multipliers of minus the objective too, and besides lets the word "maximize" into NL files as
a coefficient: hence the minimised cost.

Limits: a chain of some hundreds of flows (each bound adds a multiplier, a slack and three rows). tanh, which
Pyomo's symbolic derivatives lack, is refused. Processes with infinite slopes that stay at zero have no KKT
conditions: a start leaves out those that it leaves idle. First-order conditions also hold at saddles and
losses: off concave chains an equilibrium in this sense is a stationary point near the start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pyomo.mpec  # noqa: F401 (registers mpec.simple_nonlinear)
from pyomo.common.enums import ObjectiveSense
from pyomo.common.numeric_types import RegisterIntegerType
from pyomo.core.expr.calculus.diff_with_pyomo import DifferentiationException

from chainopt.certificate import CERTIFIED, residuals
from chainopt.chain import Chain
from chainopt.idle import steep_idle
from chainopt.ipopt import solve_model
from chainopt.network import Network, network
from chainopt.nlp import build, read_multipliers, read_plan
from chainopt.operations import operations
from chainopt.plan import Multipliers, Plan, Residuals, places
from chainopt.reach import reach
from chainopt.solution import Solution
from chainopt.status import Status

RELAXATIONS = (1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12)
_IDLE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Amounts and prices that meet everybody's conditions at once, and how well they do.

    net numbers what took part; plan and multipliers are in its order, under the sign rule. relaxation is the
    last epsilon that was solved, in the model's scaled money; kkt are the residuals by the independent check. status is
    OPTIMAL where these certify it, UNCERTIFIED where they don't, else how the solver ended.
    """

    chain: Chain
    net: Network
    status: Status
    message: str
    plan: Plan
    multipliers: Multipliers
    kkt: Residuals
    relaxation: float
    iterations: int
    variables: int

    @property
    def certified(self) -> bool:
        """Whether the independent KKT check holds."""
        return self.status is Status.OPTIMAL


def solve_equilibrium(chain: Chain, *, start: Solution | None = None) -> Equilibrium:
    """Solve a chain's KKT conditions; from a forward run, or near the plan of a solution.

    The start's plan is moved by a few percent and its multipliers are not used, so that the prices are found
    anew; its idle processes with infinite slopes are left out. Raises ValueError for a chain that cannot be
    feasible, and for a formula with tanh; SolverMissing without cyipopt.
    """
    within = reach(chain)
    if within.infeasible:
        raise ValueError("; ".join(within.infeasible))
    net, plan = network(within.chain), None
    if start is not None and start.net is not None and start.plan is not None:
        idle = {start.net.processes[p] for p in steep_idle(start.net, start.plan, _IDLE)}
        net = network(_without(within.chain, idle)) if idle else net
        plan = _part(start, net)
    model = build(net, plan and _moved(plan))
    dual = conditions(model)
    status, message, relaxation, iterations, variables = Status.ITERATION_LIMIT, "", np.nan, 0, 0
    last = None
    for epsilon in RELAXATIONS:
        model.mpec_bound.set_value(epsilon)
        answer = solve_model(model)
        iterations, variables = iterations + answer.iterations, len(answer.values)
        if answer.status is not Status.OPTIMAL:
            # An epsilon within rounding of zero may fail where the one before it has said all.
            status, message = (answer.status, answer.message) if last is None else (status, message)
            break
        status, message, relaxation = answer.status, answer.message, epsilon
        last = read_plan(net, model), read_multipliers(net, model, dual)
    found, multipliers = last or (read_plan(net, model), read_multipliers(net, model, dual))
    kkt = residuals(net, found, operations(net, found), multipliers)
    if status is Status.OPTIMAL and not kkt.largest <= CERTIFIED:
        status = Status.UNCERTIFIED
        message = f"the independent KKT check finds a residual of {kkt.largest:.1e}"
    return Equilibrium(
        chain, net, status, message, found, multipliers, kkt, float(relaxation), iterations, variables
    )


def compare(equilibrium: Equilibrium, solution: Solution) -> pd.DataFrame:
    """The equilibrium's prices beside the planner's: good, price, planner, difference, low, high.

    Prices are in the objective's money; low and high are the planner's interval, within which the equilibrium
    may choose another price where several support the plan. Raises ValueError where the solution has no prices.
    """
    if not solution.certified or solution.net is None or solution.multipliers is None:
        raise ValueError(f"the solution is {solution.status}: it has no prices to compare with")
    whole = network(equilibrium.chain)
    ours, theirs = places(equilibrium.net, whole), places(solution.net, whole)
    price, planner = ours.goods(equilibrium.multipliers.price), theirs.goods(solution.multipliers.price)
    intervals = solution.intervals
    low, high = (
        theirs.goods(end) if intervals is not None else np.full(len(whole.goods), np.nan)
        for end in ((intervals.low, intervals.high) if intervals is not None else (planner, planner))
    )
    return pd.DataFrame(
        {
            "good": whole.goods,
            "price": price,
            "planner": planner,
            "difference": price - planner,
            "low": low,
            "high": high,
        }
    )


def conditions(model: Any) -> Callable[[Any], float]:
    """Turn a planner's model into its KKT conditions, in place; returns dual(row) under Pyomo's convention.

    The model is put into its own scaled units first; dual(row) = d(value)/d(right-hand side) in the original
    ones. Its plan can be read only in these units, so the variables' factors are undone by `core.scale_model`'s
    absence: see `_scaled`.
    """
    factor = dict(model.scaling_factor.items())
    return _Conditions(model, factor).dual
