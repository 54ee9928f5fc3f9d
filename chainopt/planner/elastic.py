"""Which limits and supplies conflict: the planner's problem with every cell's row made elastic.

    minimise   sum_i weight_i slack_i / size_i   subject to the chain, where row i may be broken by slack_i

Rows whose relaxation is worth something there conflict; dropping them one by one, and keeping only those without
which a plan exists, leaves an irreducible set (the deletion filter; Chinneck and Dravnieks, 1991). Where a chain
is not concave each answer is that of a local solve.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from chainopt.ipopt.model import ModelSolution, solve_model
from chainopt.network.forward import forward_run
from chainopt.network.limits import CAPACITY, MAX_USE, MIN_LEVEL, MIN_SALE
from chainopt.network.measure import throughput
from chainopt.network.network import Network
from chainopt.network.tolerances import BROKEN, LIMITING
from chainopt.network.typical import typical_amounts
from chainopt.planner.model import build
from chainopt.planner.readback import limit_rows
from chainopt.words.status import Status

SUPPLY, DISPOSAL = "supply", "disposal"

_SMALL = 1e-6
_OBLIGING = (MIN_SALE, SUPPLY, MIN_LEVEL, DISPOSAL)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a cell makes: a limit (index: its number), a supply or a disposal of none (index: the good)."""

    kind: str
    index: int
    size: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that no plan meets together, and how much of the first can be met beside the others.

    broken: by how much the first is missed, signed: above 0 there is too little, below 0 too much.
    worth: by each other row, the gain in the first for one unit more of its bound (of a supply: signed).
    whole: whether all other rows of the chain were kept while it was measured, not only those that conflict.
    """

    first: Row
    broken: float
    worth: dict[Row, float]
    whole: bool


class Elastic:
    """One chain's elastic problem: `conflicts()` finds sets of rows that conflict until what is left agrees.

    failed says whether one of its solves has ended without an answer.
    """

    def __init__(self, net: Network, time_limit: float = 30.0):
        self.net = net
        self.deadline = time.perf_counter() + time_limit
        self.failed = False
        self.start = forward_run(net)
        self.moved = np.maximum(throughput(net, self.start), 1e-6 * typical_amounts(net))
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

    def conflicts(self, most: int = 5) -> list[Conflict]:
        """Sets of conflicting rows, each without the first rows of those before it; [] where none is found."""
        found: list[Conflict] = []
        dropped: set[Row] = set()
        while len(found) < most:
            conflict = self._conflict(dropped)
            if conflict is None:
                break
            found.append(conflict)
            dropped.add(conflict.first)
        return found

    def _limits(self) -> None:
        net = self.net
        for i, (limit, constraint) in enumerate(zip(net.limits, limit_rows(net, self.model), strict=True)):
            if limit.kind in (CAPACITY, MIN_LEVEL):
                moved = abs(float(self.start.level[limit.index]))
            else:
                moved = self.moved[net.use_good[limit.index] if limit.kind == MAX_USE else limit.index]
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
        model.misses = pyo.Objective(expr=sum(slacks) + _SMALL * sum(flows))

    def _slacks(self, row: Row) -> list[Any]:
        key = (row.kind, row.index)
        return [variable[key] for variable in (self.model.short, self.model.over) if key in variable]

    def _missed(self, row: Row) -> float:
        """How much a row is missed in the model as it stands: short less over, relative to its size."""
        key, model = (row.kind, row.index), self.model
        short, over = (
            (variable[key].value or 0.0) if key in variable else 0.0 for variable in (model.short, model.over)
        )
        return float(short - over) / row.size

    def _solve(self, kept: Collection[Row], free: Collection[Row] = ()) -> ModelSolution | None:
        """Solve with these rows weighing 1 (those also in free: alone breakable), all others next to nothing."""
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
        return solution if solution.status is Status.OPTIMAL else None

    def _breaks(self, kept: Collection[Row]) -> ModelSolution | None:
        """The solution where these rows can't all be met; None where they can, or nothing is known."""
        solution = self._solve(kept)
        self.failed |= solution is None
        missed = sum(abs(self._missed(row)) for row in kept)
        return solution if solution is not None and missed > BROKEN else None

    def _conflict(self, dropped: set[Row]) -> Conflict | None:
        kept = [row for row in self.rows if row not in dropped]
        solution = self._breaks(kept)
        if solution is None:
            return None
        worth = {row: abs(solution.dual[self.constraint[row]]) * row.size for row in kept}
        members = [row for row in kept if worth[row] > LIMITING]
        if self._breaks(members) is None:
            members = kept
        for row in sorted(members, key=lambda row: worth[row]):
            rest = [other for other in members if other != row]
            if self._breaks(rest) is not None:
                members = rest
        return self._measured(members, kept, worth)

    def _measured(self, members: list[Row], kept: list[Row], worth: dict[Row, float]) -> Conflict | None:
        """How much of the row that obliges can be met beside the others, and what more of each would give."""
        for whole, among in ((True, kept), (False, members)):
            for first in sorted(members, key=lambda row: (_obliges(self.net, row), -worth[row])):
                solution = self._solve(among, [first])
                if solution is None:
                    continue
                gain = {row: -solution.dual[self.constraint[row]] * first.size for row in among if row != first}
                # More of a good always helps; what can't be thrown away limits only where less would.
                limiting = {
                    row: value
                    for row, value in gain.items()
                    if abs(value) * row.size > LIMITING * first.size and (row.kind != DISPOSAL or value < 0)
                }
                chosen = {row: gain.get(row, 0.0) for row in members if row != first} | limiting
                return Conflict(first, self._missed(first) * first.size, chosen, whole)
        return None


def _obliges(net: Network, row: Row) -> int:
    """What is asked for comes before what there is of it: the rank of a row as the first of a conflict."""
    if row.kind == SUPPLY and net.supply[row.index] > 0:
        return len(_OBLIGING)
    return _OBLIGING.index(row.kind) if row.kind in _OBLIGING else len(_OBLIGING) + 1
