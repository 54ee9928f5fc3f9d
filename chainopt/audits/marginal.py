"""What moves when there is a little more of a good, or less: first-order directions at a plan, the best of them.

    maximise    c'd                 what the directions d of all operations earn outside the chain
    subject to  C'd = -e_g          one more unit of g; every balance, reading and fixed limit is kept
                C'd >= 0            of each other limit that binds: it is not broken
                d >= 0              of what is idle; what is in use moves either way

C and c are the operations' (`backprop.operations`). It is the dual of the program of the price's ends: its value
is the low end, what one more unit is worth, and for one less, its sign reversed, the high end. Idle processes
with infinite slopes are columns at their cheapest mix. Of all directions that are best so, the one taken is best
in second order (`bends`), and then moves the least (`alike`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from highspy import HighsModelStatus
from scipy import sparse

from chainopt.audits.alike import NOTHING, Alike, program
from chainopt.audits.bends import bends
from chainopt.backprop.idle import Starts, starts, steep_idle
from chainopt.backprop.operations import (
    DISPOSAL,
    IMPORT,
    LEVEL,
    MINIMUM,
    READERS,
    SALE,
    USE,
    Operations,
)
from chainopt.backprop.sweep import Derivatives
from chainopt.certificate.prices import polished
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import LEAST_SLACK
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array

_ACCURACY = 1e-10
_WEAK = 1e-7
"""Of a row's money: an idle operation that loses no more on its first unit may start, and a limit that pays no
more may ease."""
_FLAT = 1e-9
"""Of money: an operation that bends by less, moved by what counts as one, is straight."""
_CONSTANT = 1e-9


@dataclass(frozen=True, slots=True)
class Response:
    """What one more unit of a good (sign 1) or one less (-1) moves, per unit: changes of the plan.

    sold, bought, thrown (by good) and cost (by level): what each brings outside the chain; together the low end of
    the price, and for one less minus the high end. unique: whether no other direction is as good.
    """

    sign: int
    change: Plan
    sold: Array
    bought: Array
    thrown: Array
    cost: Array
    unique: bool

    @property
    def worth(self) -> float:
        """What it brings in all."""
        return float(self.sold.sum() + self.bought.sum() + self.thrown.sum() + self.cost.sum())


def tangent_of(solution: Solution) -> Tangent | None:
    """The directions at a solution's plan; None where it is not certified."""
    net, plan, derivatives, multipliers = (
        solution.net,
        solution.plan,
        solution.derivatives,
        solution.multipliers,
    )
    if not solution.certified or net is None or plan is None or derivatives is None or multipliers is None:
        return None
    return Tangent(net, plan, derivatives, multipliers)


class Tangent:
    """The directions of a certified plan, in what counts as one of each operation, to be asked of each good and
    each limit; it keeps what it has answered."""

    def __init__(self, net: Network, plan: Plan, derivatives: Derivatives, multipliers: Multipliers):
        ops = derivatives.operations
        known = np.nan_to_num(polished(net, derivatives, multipliers))
        self.net, self.ops = net, ops
        self.begin = starts(net, steep_idle(net, plan, ops.measure), ops.measure)
        pays, earns = ops.pays[self.begin.use], ops.earns[self.begin.level]
        self.mixes = self.begin.mixes(pays @ known, np.full(len(self.begin.use), LEAST_SLACK))
        begun = sparse.csr_array(earns - self.mixes @ pays)
        self.unit, money = _units(ops, self.begin), ops.measure.money or 1.0

        kept = np.flatnonzero(ops.may)
        self.row = np.full(len(ops.may), -1)
        self.row[kept] = np.arange(len(kept))
        rows = sparse.csr_array(sparse.vstack([ops.matrix, begun], format="csr"))
        entries = sparse.csr_array(rows[:, kept].T @ sparse.diags_array(self.unit))
        most = abs(entries).max(axis=1).toarray().ravel() if entries.nnz else np.zeros(len(kept))
        self.per = np.where(most > 0, most, 1.0)
        eases = np.flatnonzero(~ops.signed[kept])
        ease = sparse.csr_array(
            (-np.ones(len(eases)), (eases, np.arange(len(eases)))), shape=(len(kept), len(eases))
        )
        self.matrix = sparse.csc_array(
            sparse.hstack([sparse.diags_array(1.0 / self.per) @ entries, ease], format="csc")
        )
        active = np.concatenate([ops.active, np.zeros(len(self.begin.level), dtype=bool)])
        self.one_sided = np.concatenate([~active, np.ones(len(eases), dtype=bool)])
        self.worth = np.concatenate(
            [
                _losses(net, ops, self.begin, self.mixes, known) * self.unit / money,
                -known[kept][eases] * self.per[eases] / money,
            ]
        )
        self.worth = np.where(self.one_sided & (self.worth < -_WEAK), self.worth, 0.0)
        self.bent = _bent(net, plan, ops, known, self.unit, money, self.matrix.shape[1])
        self.highs = program(
            self.matrix,
            np.zeros(len(kept)),
            low=np.where(self.one_sided, 0.0, -np.inf),
            worth=self.worth,
        )
        for name in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self.highs.setOptionValue(name, _ACCURACY)
        self.faces: dict[bytes, tuple[Array, Alike]] = {}
        self.known: dict[tuple[int, int], Response | None] = {}
        # Whether only what one system of equations tells is asked for.
        self.quick = False

    def response(self, good: int, sign: int = 1) -> Response | None:
        """The response to one more unit of a good (1), or one less (-1); None where there can be none."""
        return self._asked(int(self.row[good]), sign, float(self.ops.measure.good[good]), -sign)

    def shifted(self, limit: int, sign: int = 1) -> Response | None:
        """The response to a bound that is one unit higher (1), or lower (-1); None where there can be none, or it
        does not bind."""
        of, size = self.net.limits[limit], self.ops.measure
        row = int(self.row[self.ops.rent_columns][limit])
        unit = float({"level": size.level, "use": size.use}.get(of.amount, size.good)[of.index])
        return self._asked(row, sign, unit, -sign * of.sign) if row >= 0 else None

    def _asked(self, row: int, sign: int, unit: float, shift: int) -> Response | None:
        """The response to a unit more (sign 1) or less on a row's right side, which moves by the shift."""
        known = row, shift
        if known not in self.known:
            self.known[known] = self._found(row, sign, unit, shift)
        return self.known[known]

    def _found(self, row: int, sign: int, unit: float, shift: int) -> Response | None:
        right = np.zeros(len(self.per))
        right[row] = shift
        size = unit / self.per[row]
        kept, face = self._face(self.worth)
        d, unique = np.zeros(self.matrix.shape[1]), True
        at_once = face.at_once(right)
        if at_once is not None:
            d[kept] = at_once
        elif self.quick or (found := self._first(right)) is None:
            return None
        else:
            # Where nothing is lost the prices themselves are the program's, whatever others are as good.
            lost = float(self.worth @ found[0]) < -_ACCURACY
            kept, face = self._face(found[1] if lost else self.worth)
            best = face.best(found[0][kept], right)
            if best is None:
                return None
            d[kept], unique = best
        d = np.where(np.abs(d) > NOTHING * NOTHING * np.abs(d).max(initial=0.0), d, 0.0)
        return self._told(sign, d[: len(self.unit)] * self.unit * (size / unit), unique)

    def _first(self, right: Array) -> tuple[Array, Array] | None:
        """A direction that is best in first order, and what each loses beside it."""
        self.highs.changeRowsBounds(len(right), np.arange(len(right), dtype=np.int32), right, right)
        for fresh in (False, True):
            if fresh:
                self.highs.clearSolver()
            self.highs.run()
            if self.highs.getModelStatus() == HighsModelStatus.kOptimal:
                found = self.highs.getSolution()
                return np.array(found.col_value), self.worth - self.matrix.T @ np.array(found.row_dual)
        return None

    def _face(self, losses: Array) -> tuple[Array, Alike]:
        """The directions that are as good: all but those that only lose."""
        kept = np.flatnonzero(~(self.one_sided & (losses < -_WEAK)))
        name = kept.tobytes()
        if name not in self.faces:
            part = sparse.csr_array(self.bent[kept][:, kept])
            self.faces[name] = kept, Alike(sparse.csc_array(self.matrix[:, kept]), part, self.one_sided[kept])
        return self.faces[name]

    def _told(self, sign: int, d: Array, unique: bool) -> Response:
        """Directions as changes of a plan, and what they bring."""
        net, ops, begin = self.net, self.ops, self.begin
        own, begun = d[: len(ops.kind)], d[len(ops.kind) :]
        goods, uses, levels = len(net.goods), len(net.use_good), len(net.level_process)

        def of(kind: int, count: int) -> Array:
            mine = ops.kind == kind
            return np.bincount(ops.index[mine], own[mine], count)

        slope = ops.slopes.level.copy()
        slope.data[~np.isfinite(slope.data)] = 0.0
        smooth, made = of(USE, uses), of(LEVEL, levels)
        least = of(MINIMUM, ops.slopes.least_level.shape[0])
        level = made + slope.T @ smooth + ops.slopes.least_level.T @ least
        level = level + np.bincount(begin.level, begun, levels)
        smooth = smooth + np.bincount(begin.use, self.mixes.T @ begun, uses)
        reads = ~net.rival[net.use_good]
        use = np.where(
            net.use_leontief, np.where(reads, of(READERS, goods)[net.use_good], net.intake(made)), smooth
        )
        change = Plan(use, level, of(SALE, goods), of(IMPORT, goods), of(DISPOSAL, goods))
        price = np.zeros(goods)
        sales = ops.kind == SALE
        price[ops.index[sales]] = ops.constant[sales]
        # What starts at falling returns takes less for its first units than for any more.
        falling = np.concatenate([np.zeros(0), *(technology.returns(part) for technology, part in begin.parts)])
        return Response(
            sign=sign,
            change=change,
            sold=price * change.sale,
            bought=-np.nan_to_num(net.import_price) * change.imported,
            thrown=-np.nan_to_num(net.disposal) * change.disposed,
            cost=-net.unit_cost * level,
            unique=unique and not np.any((begun > 0) & (falling < 1.0 - _CONSTANT)),
        )


def _units(ops: Operations, begin: Starts) -> Array:
    """What of each operation, and of each start, counts as one."""
    size, unit = ops.measure, np.ones(len(ops.kind))
    for kind, of in {USE: size.use, LEVEL: size.level}.items():
        unit[ops.kind == kind] = of[ops.index[ops.kind == kind]]
    of_goods = np.isin(ops.kind, (SALE, IMPORT, DISPOSAL, READERS))
    unit[of_goods] = size.good[ops.index[of_goods]]
    return np.concatenate([unit, size.level[begin.level]])


def _losses(net: Network, ops: Operations, begin: Starts, mixes: sparse.csr_array, known: Array) -> Array:
    """What a unit of each operation, and of each start, earns at the prices: nothing, of what is in use."""
    earned = np.where(ops.active, 0.0, ops.matrix @ known + ops.constant)
    started = ops.earns[begin.level] @ known - net.unit_cost[begin.level] - mixes @ (ops.pays[begin.use] @ known)
    return np.minimum(np.concatenate([earned, started]), 0.0)


def _bent(
    net: Network, plan: Plan, ops: Operations, known: Array, unit: Array, money: float, width: int
) -> sparse.csr_array:
    """The second derivatives in what counts as one of each."""
    found = bends(net, plan, ops, known)
    scale = sparse.diags_array(unit[: found.shape[0]])
    scaled = sparse.coo_array(scale @ found @ scale / money)
    kept = np.abs(scaled.data) > _FLAT
    return sparse.csr_array((scaled.data[kept], (scaled.row[kept], scaled.col[kept])), shape=(width, width))
