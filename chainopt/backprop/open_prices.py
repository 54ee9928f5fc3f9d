"""What the price equations leave open: the operations' rows as conditions on the open unknowns alone.

    C z + c = 0 for operations in use,  <= 0 for all;   idle processes with infinite slopes start at no mix

Open unknowns that no row joins say nothing of each other: they come in independent parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from chainopt.backprop.equations import over
from chainopt.backprop.idle import Starts, starts, steep_idle
from chainopt.backprop.sweep import Derivatives
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import LEAST_SLACK, MOST_SLACK
from chainopt.technology.arrays import Array

_TYPICAL = 1e4
"""Of the money below which a row's is noise, the most that counts as one; a tolerance is a part of it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Conditions matrix z + rest <= 0 on open unknowns, = 0 where active; money is what each moves.

    size: the largest of each row's terms on an open unknown, before terms of one price cancel.
    """

    matrix: sparse.csr_array
    rest: Array
    money: Array
    active: Array
    size: Array

    def those(self, rows: Array) -> Rows:
        return Rows(
            sparse.csr_array(self.matrix[rows]),
            self.rest[rows],
            self.money[rows],
            self.active[rows],
            self.size[rows],
        )

    @property
    def touched(self) -> Array:
        """The rows that say something of an open unknown."""
        return np.flatnonzero(np.diff(self.matrix.indptr) > 0)


@dataclass(frozen=True, slots=True)
class OpenPrices:
    """The open unknowns, their rows, and the processes that may start.

    at: where each stands among all unknowns; signed: whether it may be negative; unit: what of each counts as
    one, so that no answer depends on the units of its goods; scale: a typical open unknown, so counted;
    slack: what each row may be missed by, of its money. By start: earns and earned, what its level is worth (of
    the open unknowns, and the rest); by use of a start: pays and paid, and the least that it counts as paying.
    """

    at: Array
    signed: Array
    unit: Array
    scale: float
    slack: float
    rows: Rows
    start: Starts
    earns: sparse.csr_array
    earned: Array
    pays: sparse.csr_array
    paid: Array
    least: Array

    def cheapest(self, unknowns: Array) -> tuple[Rows, Array, Array]:
        """The rows "does not start" at each start's cheapest mix, what it earns, and its gain, at these prices."""
        paid = self.paid + self.pays @ unknowns
        mixes = self.start.mixes(paid, LEAST_SLACK * self.scale * self.least)
        earned = self.earned + self.earns @ unknowns
        rows = Rows(
            sparse.csr_array(self.earns - mixes @ self.pays),
            self.earned - mixes @ self.paid,
            np.abs(self.earned) + mixes @ np.abs(self.paid),
            np.zeros(len(earned), dtype=bool),
            largest(sparse.csr_array(abs(self.earns) + mixes @ abs(self.pays))),
        )
        return rows, earned, earned - mixes @ paid

    def parts(self) -> list[OpenPrices]:
        """The same as independent parts."""
        touches = self._touches()
        joins = sparse.vstack([abs(self.rows.matrix), touches], format="csr")
        count, label = connected_components(joins.T @ joins, directed=False)
        return [self._part(np.flatnonzero(label == i), touches) for i in range(count)] if count > 1 else [self]

    def _touches(self) -> sparse.csr_array:
        """Which open unknowns each start rests on."""
        levels, uses = len(self.start.level), len(self.start.use)
        inputs = sparse.csr_array((np.ones(uses), np.arange(uses), self.start.ends), shape=(levels, uses))
        return sparse.csr_array(abs(self.earns) + inputs @ abs(self.pays))

    def _part(self, columns: Array, touches: sparse.csr_array) -> OpenPrices:
        rows = replace(self.rows, matrix=sparse.csr_array(self.rows.matrix[:, columns]))
        waiting = np.flatnonzero(np.diff(sparse.csr_array(touches[:, columns]).indptr) > 0)
        of = self.start.uses_of(waiting)
        return replace(
            self,
            at=self.at[columns],
            signed=self.signed[columns],
            unit=self.unit[columns],
            rows=rows.those(rows.touched),
            start=self.start.part(waiting),
            earns=sparse.csr_array(self.earns[waiting][:, columns]),
            earned=self.earned[waiting],
            pays=sparse.csr_array(self.pays[of][:, columns]),
            paid=self.paid[of],
            least=self.least[of],
        )


def open_prices(net: Network, plan: Plan, derivatives: Derivatives, *, exact: bool = False) -> OpenPrices:
    """What is open in these derivatives; exact: with the least slack, whatever the equations leave themselves."""
    ops = derivatives.operations
    missing = np.isnan(derivatives.unknowns) & ops.may
    known = np.where(np.isnan(derivatives.unknowns), 0.0, derivatives.unknowns)
    at = np.flatnonzero(missing)
    rest, money = ops.matrix @ known + ops.constant, ops.money(known)
    settled = ops.active & ((abs(ops.matrix) @ missing.astype(float)) == 0)
    gap = np.abs(rest) / np.maximum(money, np.maximum(ops.least, 1e-300))
    slack = float(np.clip(10 * np.max(gap[settled], initial=0.0), LEAST_SLACK, MOST_SLACK))
    start = starts(net, steep_idle(net, plan, ops.measure), ops.measure)
    earns, pays = ops.earns[start.level], ops.pays[start.use]
    least = ops.measure.noise / start.moved
    # Rows are compared in the money below which theirs is noise.
    counted = money * over(ops.least)
    scale = min(_TYPICAL, float(np.median(counted[counted > 1.0]))) if np.any(counted > 1.0) else 1.0
    unit = _units(ops.gross[:, at], ops.least, money / scale, pays[:, at], least)
    units = sparse.diags_array(unit)
    gross = sparse.csr_array(ops.gross[:, at] @ units)
    rows = Rows(sparse.csr_array(ops.matrix[:, at] @ units), rest, money, ops.active, largest(gross))
    return OpenPrices(
        at=at,
        signed=ops.signed[at],
        unit=unit,
        scale=scale,
        slack=LEAST_SLACK if exact else slack,
        rows=rows.those(rows.touched),
        start=start,
        earns=sparse.csr_array(earns[:, at] @ units),
        earned=earns @ known - net.unit_cost[start.level],
        pays=sparse.csr_array(pays[:, at] @ units),
        paid=pays @ known,
        least=least,
    )


def largest(matrix: sparse.csr_array) -> Array:
    """The largest entry of each row, without signs."""
    return abs(matrix).max(axis=1).toarray().ravel() if matrix.nnz else np.zeros(matrix.shape[0])


def _units(rows: Any, noise: Array, money: Array, starts: Any, least: Array) -> Array:
    """What of each unknown counts as one: what makes the row that weighs it most as much as is noise, but no more
    than what makes the known money of a row: of a good that hardly moves, every price would else be noise.
    """
    rows, starts = sparse.coo_array(rows), sparse.coo_array(starts)
    most, known = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    np.maximum.at(most, rows.col, np.abs(rows.data) * over(noise)[rows.row])
    np.maximum.at(most, starts.col, np.abs(starts.data) * over(least)[starts.row])
    np.maximum.at(known, rows.col, money[rows.row] * over(np.abs(rows.data)))
    unit = np.minimum(np.where(most > 0, over(most), np.inf), np.where(known > 0, known, np.inf))
    return np.where(np.isfinite(unit), unit, 1.0)
