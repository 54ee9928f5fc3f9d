"""How each price follows the money that a chain begins with: final, import and disposal prices, and unit costs.

    d price_g / d money_h  =  by how much one more unit of g moves the flow h        (reciprocity: both are the
                                                                      second derivative of the optimal value)

It is above 0 for what is sold, below for what is bought, thrown away or costs. A price that is an interval, or of
which one more may move several ways, follows no single one. Where nothing bends, prices are straight in this money
as long as the same operations stay in use: between the figures of `ranges`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainopt.audits.marginal import Response, Tangent, tangent_of
from chainopt.audits.ranges import Range
from chainopt.audits.receipt_lines import Kind, Node
from chainopt.audits.stories import MOST_USES
from chainopt.backprop.equations import over
from chainopt.backprop.operations import DISPOSAL, IMPORT, LEVEL, MINIMUM, SALE, USE, Operations, in_words
from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.network.tolerances import SAME
from chainopt.simplex.polyhedral import is_polyhedral
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array

_ROUNDING, _SLIGHT, _SOLVED = 1e-9, 1e-3, 1e3
"""Of a row's terms, and of a part of the largest row's: less is rounding; times that, what solved equations may
leave."""
_MONEY = {
    "final price": "price",
    "import price": "import_price",
    "disposal cost": "disposal",
    "unit cost": "unit_cost",
}
"""By what a price begins with, the network's figures that hold it."""
_OPERATIONS: dict[Kind, int] = {"final price": SALE, "import price": IMPORT, "disposal cost": DISPOSAL}


@dataclass(frozen=True, slots=True)
class Following:
    """rates: of each good by number, d price / d money by node; goods that follow nothing single are not there.

    ranges: of all money of the chain, between which figures the same operations stay in use; a node is not there
    where that is not known.
    """

    rates: Mapping[int, Mapping[Node, float]]
    ranges: Mapping[Node, Range]

    @property
    def money(self) -> list[Node]:
        """All money that some price follows."""
        return list(dict.fromkeys(node for of in self.rates.values() for node in of))


NOTHING_FOLLOWS = Following({}, {})


def following(solution: Solution, *, unit: float = 1.0, tangent: Tangent | None = None) -> Following:
    """How the prices of a certified solution follow; of more than MOST_USES uses nothing is found.

    unit: by which ranges are divided, as the money beside them is; tangent: as of `stories`.
    """
    intervals, multipliers = solution.intervals, solution.multipliers
    if intervals is None or solution.net is None or len(solution.net.use_good) > MOST_USES:
        return NOTHING_FOLLOWS
    tangent = tangent or tangent_of(solution)
    if tangent is None:
        return NOTHING_FOLLOWS
    assert multipliers and solution.derivatives
    net, ops = tangent.net, tangent.ops
    rates = {}
    for g, kind in enumerate(intervals.kind):
        response = tangent.response(g) if kind == "point" else None
        near = SAME * max(abs(multipliers.price[g]), ops.measure.trifle[g])
        if response is not None and response.unique and abs(response.worth - multipliers.price[g]) <= near:
            rates[g] = _rates(response, ops.measure)
    if not is_polyhedral(net) or np.isnan(solution.derivatives.unknowns[ops.may]).any():
        return Following(rates, {})
    return Following(rates, _ranges(net, solution, _all_money(net), unit))


def _all_money(net: Network) -> list[Node]:
    """Every final, import and disposal price, and every unit cost."""
    there: tuple[tuple[Kind, Array], ...] = (
        ("final price", net.sells & np.isfinite(net.price)),
        ("import price", net.imports),
        ("disposal cost", net.disposes),
        ("unit cost", np.ones(len(net.unit_cost), dtype=bool)),
    )
    return [(kind, i) for kind, has in there for i in np.flatnonzero(has).tolist()]


def _rates(found: Response, size: Measure) -> dict[Node, float]:
    change = found.change
    flows: tuple[tuple[Kind, Array, Array], ...] = (
        ("final price", change.sale, size.good),
        ("import price", -change.imported, size.good),
        ("disposal cost", -change.disposed, size.good),
        ("unit cost", -change.level, size.level),
    )
    # Amounts of different goods compare in what counts as one of each.
    most = max(float(np.max(np.abs(moved) / of, initial=0.0)) for _, moved, of in flows)
    return {
        (kind, i): float(moved[i])
        for kind, moved, of in flows
        for i in np.flatnonzero(np.abs(moved) / of > _ROUNDING * most).tolist()
    }


def _ranges(net: Network, solution: Solution, nodes: list[Node], unit: float) -> dict[Node, Range]:
    """Between which figures no idle operation would gain, and no limit's rent be below 0.

    C_use dz + dc_use = 0,      margin_idle + d(margin_idle) <= 0,     rent + d(rent) >= 0
    """
    assert solution.derivatives is not None
    ops, z = solution.derivatives.operations, np.nan_to_num(solution.derivatives.unknowns)
    changes = _changes(ops, nodes)
    moved = _moved(ops, z, changes)
    follows = ops.matrix @ moved + changes
    # Rows differ in units: what is rounding for one is so in parts of its money.
    money = np.maximum(ops.money(z), ops.least)[:, None]
    money = np.where(money > 0, money, 1.0)
    terms = (ops.gross @ np.abs(moved) + np.abs(changes)) / money
    noise = _ROUNDING * money * (terms + _SLIGHT * terms.max(axis=0, initial=0.0))
    rents = np.flatnonzero(ops.may & ~ops.signed)
    idle, margin = ~ops.active, ops.matrix @ z + ops.constant
    away = np.concatenate([follows[idle], -moved[rents]])
    of_rents = over((ops.gross / money).max(axis=0).toarray().ravel()[rents])[:, None]
    least = _ROUNDING * _SLIGHT * of_rents * terms.max(axis=0, initial=0.0)
    noise_of = np.concatenate([noise[idle], _ROUNDING * np.abs(moved[rents]) + least])
    room = np.concatenate([np.maximum(-margin[idle], 0.0), np.maximum(z[rents], 0.0)])
    told = [in_words(net, *of) for of in zip(ops.kind[idle].tolist(), ops.index[idle].tolist(), strict=True)]
    told += [_ceases(net, i) for i in (rents - ops.rent_columns.start).tolist()]

    def first(moves: Array, by: Array) -> tuple[float, str]:
        """How far the first of what moves goes to its end, and what happens there."""
        if not moves.any():
            return np.inf, ""
        far = np.where(moves, room / np.where(moves, by, 1.0), np.inf)
        return float(far.min()), told[int(far.argmin())]

    found = {}
    for k, (kind, i) in enumerate(nodes):
        # What the equations can't follow has no range: not all of these operations stay in use.
        if (np.abs(follows[ops.active, k]) > _SOLVED * noise[ops.active, k]).any():
            continue
        now = float(getattr(net, _MONEY[kind])[i])
        more, above = first(away[:, k] > noise_of[:, k], away[:, k])
        less, below = first(away[:, k] < -noise_of[:, k], -away[:, k])
        ends = (now - less, now + more)
        low, high = (0.0 if abs(end) <= _ROUNDING * abs(now) else end / unit for end in ends)
        found[kind, i] = Range(low, high, below, above)
    return found


def _ceases(net: Network, rent: int) -> str:
    """What ends where a rent comes to nothing, by number: a limit's, a reader's before, a minimum's after."""
    if rent < 0:
        return "a reader no longer pays"
    return (
        f"no longer: the {net.named(net.limits[rent])} binds"
        if rent < len(net.limits)
        else "a min has another least"
    )


def _moved(ops: Operations, z: Array, changes: Array) -> Array:
    """The unknowns' changes at which the operations in use go on breaking even, by column of changes."""
    columns, row = np.flatnonzero(ops.may), over(np.maximum(ops.money(z), ops.least)[ops.active])
    scaled = row[:, None] * ops.matrix[ops.active][:, columns].toarray()
    size = over(np.abs(scaled).max(axis=0, initial=0.0))
    found = np.zeros((len(z), changes.shape[1]))
    goal = -row[:, None] * changes[ops.active]
    found[columns] = size[:, None] * np.linalg.lstsq(scaled * size, goal, rcond=None)[0]
    return found


def _changes(ops: Operations, nodes: list[Node]) -> Array:
    """By operation, what one more unit of each money adds to its margin: of a good's to its own, of a unit cost to
    that of whatever moves the level."""
    rows = dict(zip(zip(ops.kind.tolist(), ops.index.tolist(), strict=True), range(len(ops.kind)), strict=True))
    uses, levels, minima = (ops.kind == kind for kind in (USE, LEVEL, MINIMUM))
    costs = np.zeros((len(ops.kind), ops.earns.shape[0]))
    costs[uses] = -ops.slopes.level.toarray()[ops.index[uses]]
    costs[minima] = -ops.slopes.least_level.toarray()[ops.index[minima]]
    costs[np.flatnonzero(levels), ops.index[levels]] = -1.0
    found = np.zeros((len(ops.kind), len(nodes)))
    for k, (kind, i) in enumerate(nodes):
        if kind == "unit cost":
            found[:, k] = costs[:, i]
        elif (row := rows.get((_OPERATIONS[kind], i))) is not None:
            found[row, k] = 1.0 if kind == "final price" else -1.0
    return found
