"""The market's equilibrium as a model of its own: the KKT conditions, solved as equations, with no planner left.

    minimise cost = -value   subject to g(x) = 0, h(x) <= 0      becomes      find x, gamma, alpha with
    d cost/dx + ... = 0,   g(x) = 0,   h(x) <= 0,   alpha >= 0,   alpha_i (-h_i(x)) <= epsilon

Pyomo's `core.kkt` writes the conditions and `pyomo.mpec`'s `mpec.simple_nonlinear` the complementarity, whose
epsilon is driven down in a few solves, each from the last, by the same bridge as every other model. In these
conditions no objective is left: every process, buyer and importer meets its own first-order conditions at common
prices, and the goods clear.

For a minimised cost L = cost + gamma (rhs - body) + alpha (body - upper), where gamma and -alpha are d(cost) /
d(right-hand side), of which `dual` makes the sign rule's. On a maximisation `core.kkt` (Pyomo 6.10) states the
multipliers of minus the objective too, and besides lets the word "maximize" into NL files as a coefficient: hence
the cost.

Limits: a chain of some hundreds of flows (each bound adds a multiplier, a slack and three rows). tanh, which
Pyomo's symbolic derivatives lack, stands as 1 - 2/(exp(2x) + 1). Processes with infinite slopes that stay at zero
have no KKT conditions: a start leaves out those that it leaves idle. First-order conditions also hold at
saddles and losses: off concave chains an equilibrium in this sense is a stationary point near the start.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pyomo.mpec  # noqa: F401 (registers mpec.simple_nonlinear)
from pyomo.common.enums import ObjectiveSense
from pyomo.common.numeric_types import RegisterIntegerType
from pyomo.core.expr.numeric_expr import UnaryFunctionExpression
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from chainopt.backprop.idle import steep_idle
from chainopt.backprop.operations import operations
from chainopt.certificate.conditions import Residuals, residuals
from chainopt.chain.chain import Chain
from chainopt.chain.reach import reach
from chainopt.ipopt.model import solve_model
from chainopt.network.measure import measure
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network, network
from chainopt.network.part import places, without
from chainopt.network.plan import Plan
from chainopt.network.tolerances import NEARLY_IDLE
from chainopt.planner.model import build
from chainopt.planner.readback import read_multipliers, read_plan
from chainopt.solution.solution import Solution
from chainopt.words.status import Status

RELAXATIONS = (1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Equilibrium:
    """Amounts and prices that meet everybody's conditions at once, and how well they do.

    net numbers what took part; plan and multipliers are in its order, under the sign rule. relaxation is the
    last epsilon that was solved, in the model's scaled money; kkt are the residuals by the independent check.
    status is OPTIMAL where these certify it, UNCERTIFIED where they don't, else how the solver ended.
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

    @property
    def certified(self) -> bool:
        """Whether the independent KKT check holds."""
        return self.status is Status.OPTIMAL


def solve_equilibrium(chain: Chain, *, start: Solution | None = None) -> Equilibrium:
    """Solve a chain's KKT conditions; from a forward run, or near the plan of a solution.

    The start's plan is moved by a few percent and its multipliers are not used, so that the prices are found
    anew; its idle processes with infinite slopes are left out. Raises ValueError for a chain that cannot be
    feasible; SolverMissing without cyipopt.
    """
    within = reach(chain)
    if within.unmet:
        raise ValueError("; ".join(map(str, within.unmet)))
    net, plan = network(within.chain), None
    if start is not None and start.net is not None and start.plan is not None:
        size = measure(start.net, start.plan)
        names = {start.net.processes[p] for p in steep_idle(start.net, start.plan, size, NEARLY_IDLE)}
        idle = [p for p, name in enumerate(net.processes) if name in names]
        net = network(without(net, idle).chain) if idle else net
        plan = places(net, start.net).narrowed(start.plan)
    conditions = state_conditions(build(net, plan and _moved(plan)))
    status, message, relaxation, iterations = Status.ITERATION_LIMIT, "", np.nan, 0
    found = multipliers = None
    for epsilon in RELAXATIONS:
        conditions.stated.mpec_bound.set_value(epsilon)
        answer = solve_model(conditions.stated)
        iterations += answer.iterations
        if answer.status is not Status.OPTIMAL and found is not None:
            # An epsilon within rounding of zero may fail where the one before has said all.
            break
        status, message = answer.status, answer.message
        conditions.load()
        found = read_plan(net, conditions.planner)
        multipliers = read_multipliers(net, conditions.planner, conditions.dual)
        if status is not Status.OPTIMAL:
            break
        relaxation = epsilon
    assert found is not None
    assert multipliers is not None
    kkt = residuals(net, found, operations(net, found), multipliers)
    if status is Status.OPTIMAL and kkt.doubts:
        status = Status.UNCERTIFIED
        message = "; ".join(kkt.doubts)
    return Equilibrium(chain, net, status, message, found, multipliers, kkt, float(relaxation), iterations)


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
    none, intervals = np.full(len(solution.net.goods), np.nan), solution.intervals
    low, high = (intervals.low, intervals.high) if intervals is not None else (none, none)
    columns = {"good": whole.goods, "price": price, "planner": planner, "difference": price - planner}
    return pd.DataFrame(columns | {"low": theirs.goods(low), "high": theirs.goods(high)})


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """A planner's model, and its KKT conditions stated in scaled units.

    stated has the mutable parameter `mpec_bound`, the epsilon of complementarity, and no objective but 0.
    """

    planner: Any
    stated: Any
    factor: dict[str, float]
    cost_factor: float

    def load(self) -> None:
        """Copy the stated amounts into the planner's variables, in its units."""
        for variable in self.planner.component_data_objects(pyo.Var):
            found = self.stated.find_component(variable)
            variable.set_value(found.value / self.factor.get(variable.name, 1.0), skip_validation=True)

    def dual(self, row: Any) -> float:
        """d(value)/d(right-hand side) of a row of the planner's model."""
        transformation = pyo.TransformationFactory("core.kkt")
        found = transformation.get_multiplier_from_object(self.stated, self.stated.find_component(row))
        if isinstance(found, tuple):
            lower, upper = found
            value = (upper.value if upper is not None else 0.0) - (lower.value if lower is not None else 0.0)
        else:
            value = -found.value
        return float(value) * self.factor.get(row.name, 1.0) / self.cost_factor


def state_conditions(planner: Any) -> Conditions:
    """The KKT conditions of a planner's model, beside it; its suffix `scaling_factor` is honoured."""
    # core.kkt multiplies by the objective's sense, an enum that Pyomo asks to be told of.
    RegisterIntegerType(ObjectiveSense)
    planner.cost = pyo.Objective(expr=-planner.value.expr, sense=pyo.minimize)
    cost_factor = planner.scaling_factor.get(planner.value, 1.0)
    planner.scaling_factor[planner.cost] = cost_factor
    planner.value.deactivate()
    factor = {component.name: float(value) for component, value in planner.scaling_factor.items()}
    stated = pyo.TransformationFactory("core.scale_model").create_using(planner, rename=False)
    stated.scaling_factor.deactivate()
    for row in list(stated.component_data_objects(pyo.Constraint, active=True)):
        row.set_value(_WithoutTanh().walk_expression(row.expr))
    pyo.TransformationFactory("core.kkt").apply_to(stated)
    pyo.TransformationFactory("mpec.simple_nonlinear").apply_to(stated)
    stated.nothing = pyo.Objective(expr=0.0)
    return Conditions(planner, stated, factor, float(cost_factor))


class _WithoutTanh(ExpressionReplacementVisitor):
    """tanh as 1 - 2/(exp(2x) + 1), which Pyomo can differentiate."""

    def exitNode(self, node: Any, data: Any) -> Any:
        found = super().exitNode(node, data)
        if isinstance(found, UnaryFunctionExpression) and found.getname() == "tanh":
            return 1.0 - 2.0 / (pyo.exp(2.0 * found.args[0]) + 1.0)
        return found


def _moved(plan: Plan) -> Plan:
    """The same plan with each amount moved by up to three percent, the same way each time."""
    random = np.random.default_rng(0)
    amounts = (getattr(plan, item.name) for item in fields(plan))
    return Plan(*(amount * (1.0 + random.uniform(-0.03, 0.03, len(amount))) for amount in amounts))
