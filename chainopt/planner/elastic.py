"""The planner's problem with every cell's row made elastic, by Ipopt: see `network.conflicts`.

Where a chain is not concave each answer is that of a local solve.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo

from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.network.conflicts import DISPOSAL, SUPPLY, Relaxed, Row
from chainopt.network.forward import forward_run
from chainopt.network.measure import throughput
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.scales import scales
from chainopt.planner.model import build
from chainopt.planner.readback import limit_rows, read_multipliers, read_plan
from chainopt.words.status import Status

_SMALL = 1e-6


class Elastic:
    """One chain's elastic problem; `solve` answers for at most time_limit seconds in all."""

    def __init__(self, net: Network, time_limit: float = 30.0):
        self.net = net
        self.deadline = time.perf_counter() + time_limit
        self.start = forward_run(net)
        self.moved = np.maximum(throughput(net, self.start), 1e-6 * scales(net).good)
        self.model: Any = build(net, self.start)
        self.rows: list[Row] = []
        self.constraint: dict[Row, Any] = {}
        self.model.value.deactivate()
        # Solves fix some slacks, and an exported suffix may not speak of what is fixed.
        self.model.scaling_factor.direction = pyo.Suffix.LOCAL
        self.model.short = pyo.Var(pyo.Any, dense=False, bounds=(0, None))
        self.model.over = pyo.Var(pyo.Any, dense=False, bounds=(0, None))
        self.model.weight = pyo.Param(pyo.Any, default=1.0, mutable=True)
        self._limits()
        self._supplies()
        self._target()
        self.begin = [(variable, variable.value) for variable in self.model.component_data_objects(pyo.Var)]

    def _limits(self) -> None:
        net = self.net
        for i, (limit, constraint) in enumerate(zip(net.limits, limit_rows(net, self.model), strict=True)):
            if limit.of == "level":
                moved = abs(float(self.start.level[limit.index]))
            else:
                moved = self.moved[net.use_good[limit.index] if limit.of == "use" else limit.index]
            row = Row(limit.kind, i, abs(limit.bound) or float(moved) or 1.0)
            self._loosen(row, constraint, short=limit.sign < 0 or limit.fixed, over=limit.sign > 0 or limit.fixed)

    def _supplies(self) -> None:
        net = self.net
        for g, good in enumerate(net.goods):
            if good not in self.model.balance:
                continue
            stuck = net.rival[g] and not net.disposes[g]
            if net.supply[g] != 0:
                row = Row(SUPPLY, g, abs(float(net.supply[g])))
                self._loosen(
                    row, self.model.balance[good], short=True, over=stuck and net.supply[g] > 0, flip=True
                )
            elif stuck:
                row = Row(DISPOSAL, g, float(self.moved[g]))
                self._loosen(row, self.model.balance[good], short=False, over=True, flip=True)

    def _loosen(self, row: Row, constraint: Any, *, short: bool, over: bool, flip: bool = False) -> None:
        """Let a row be missed from below (short) or above (over); flip: short lowers its body, as of a balance."""
        model, key, body = self.model, (row.kind, row.index), constraint.body
        for wanted, variable, sign in ((short, model.short, 1.0), (over, model.over, -1.0)):
            if wanted:
                variable[key].set_value(0.1 * row.size)
                model.scaling_factor[variable[key]] = 1.0 / row.size
                body = body + (-sign if flip else sign) * variable[key]
        constraint.set_value((constraint.lower, body, constraint.upper))
        self.rows.append(row)
        self.constraint[row] = constraint

    def _target(self) -> None:
        """The weighted slacks; besides, all flows cost a millionth, so that none grows for nothing."""
        model, net = self.model, self.net
        slacks = []
        for row in self.rows:
            model.weight[row.kind, row.index] = 1.0
            slacks += [model.weight[row.kind, row.index] * slack / row.size for slack in self._slacks(row)]
        good = dict(zip(net.goods, self.moved, strict=True))
        flows = [
            variable[name] / good[name]
            for variable in (model.imported, model.disposed)
            for name in variable
            if net.rival[net.goods.index(name)]
        ]
        model.flow = pyo.Param(initialize=_SMALL, mutable=True)
        model.misses = pyo.Objective(expr=sum(slacks) + model.flow * sum(flows))

    def _slacks(self, row: Row) -> list[Any]:
        key = (row.kind, row.index)
        return [variable[key] for variable in (self.model.short, self.model.over) if key in variable]

    def least(self) -> tuple[Plan, Multipliers] | None:
        """The plan of the least misses, and what each row of the planner's problem costs of them."""
        found = self._answer(self.rows, flows=(0.0,))
        if found is None:
            return None
        # Misses are minimised, where the planner's rows have the signs of a value that is maximised.
        multipliers = read_multipliers(self.net, self.model, lambda row: -found.dual.get(row, np.nan))
        return read_plan(self.net, self.model), multipliers

    def _missed(self, row: Row) -> float:
        """How much a row is missed in the model as it stands: short less over, relative to its size."""
        key, model = (row.kind, row.index), self.model
        short, over = (
            (variable[key].value or 0.0) if key in variable else 0.0 for variable in (model.short, model.over)
        )
        return float(short - over) / row.size

    def solve(self, kept: Collection[Row], free: Collection[Row] = ()) -> Relaxed | None:
        """The least misses of these rows: see `conflicts.Solve`."""
        solution = self._answer(kept, free)
        if solution is None:
            return None
        dual = {row: float(solution.dual[self.constraint[row]]) for row in self.rows}
        return Relaxed({row: self._missed(row) for row in self.rows}, dual)

    def _answer(
        self, kept: Collection[Row], free: Collection[Row] = (), flows: Sequence[float] = (_SMALL, 0.0)
    ) -> ModelSolution | None:
        """Ipopt's optimum at the first of these costs of flows at which it finds one; the model then holds it.

        At a cost inputs are rather wasted than thrown away, where the problem may no longer be concave.
        """
        for cost in flows:
            self.model.flow = cost
            solution = self._solved(kept, free)
            if solution is not None and solution.status is Status.OPTIMAL:
                return solution
        return None

    def _solved(self, kept: Collection[Row], free: Collection[Row]) -> ModelSolution | None:
        left = self.deadline - time.perf_counter()
        if left <= 0:
            return None
        for variable, value in self.begin:
            variable.set_value(value, skip_validation=True)
        for row in self.rows:
            self.model.weight[row.kind, row.index] = 1.0 if row in kept else _SMALL
            for slack in self._slacks(row):
                if free and row in kept and row not in free:
                    slack.fix(0.0)
                else:
                    slack.unfix()
        try:
            solution = solve_model(self.model, time_limit=left)
        except ValueError:
            # Of amounts near the ends of what a double holds, sizes and weights are no numbers: nothing is known.
            return None
        if solution.status is Status.INTERRUPTED:
            raise KeyboardInterrupt
        return solution
