"""Which operations take up what a chain's balances and binding limits leave open, when a little changes.

A rival good with uses that are free (of smooth processes, sales, disposal, each in use and not at a limit) is
shared among them. Every other balance, every binding limit of a smooth process, every formula's minimum that
several arguments reach, and every non-rival good that a Leontief process reads to the full is a *row*, and some
operation in use must follow from it; more of a non-rival good moves all of its readers. Moved by one unit, an
operation moves the rows by a column of

    D = d(what there is - what is taken, by row)/d(operation),

and those to be chosen make D square and regular: the first pivots of a QR factorisation that prefers Leontief
levels and imports to uses that would leave a group. Where there are none, a price is not unique.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import qr
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from chainopt.backprop.operations import DISPOSAL, IMPORT, LEVEL, SALE, USE, Operations, bounded
from chainopt.backprop.slopes import essential_uses, running
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import BINDS, DUST, PIVOT
from chainopt.technology.arrays import Array
from chainopt.technology.tape import Tape

Column = tuple[int, int]
Row = tuple[str, int]
GOOD, LIMIT, READING, TIE = "good", "limit", "reading", "tie"
_SHARED, _ALONE = 1e-2, 1e-4
_MATCHED = 1e-12


@dataclass(frozen=True, slots=True)
class Minimum:
    """A formula's minimum at a plan: the arguments that reach it, and the ties of the first with the others."""

    tight: tuple[int, ...]
    ties: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """What moves in a chain at a plan, by the network's numbers.

    By good: whether it moves, is sold, imported, disposed of; makers (level, yield) and takers, of rival goods
    those that are free to share it (groups). By use: whether it flows; by process: whether it runs. held:
    operations that a limit holds, and at what; bound: the limits that smooth levels are at; takes: what a unit of
    a Leontief level takes of a good. readings: uses by Leontief processes of the whole of a non-rival good;
    tie_process, tie_slope: of each tie of a minimum, its process and d(other argument - first)/d(use), by use.
    """

    net: Network
    moving: Array
    sells: Array
    imports: Array
    disposes: Array
    flows: Array
    runs: Array
    makers: dict[int, list[tuple[int, float]]]
    takers: dict[int, list[Column]]
    groups: dict[int, list[Column]]
    takes: dict[tuple[int, int], float]
    held: dict[Column, float]
    bound: dict[int, float]
    readings: tuple[int, ...]
    minima: dict[tuple[int, int], Minimum]
    tie_process: tuple[int, ...]
    tie_slope: tuple[dict[int, float], ...]
    level_slope: sparse.csr_array

    def effects(self, column: Column) -> dict[Row, float]:
        """By how much a unit more of an operation moves each row; of a good, what there is less what is taken."""
        kind, i = column
        net, found = self.net, dict[Row, float]()
        if kind == LEVEL:
            self._made(i, 1.0, found, ())
            for u in np.flatnonzero(net.use_process == net.level_process[i]).tolist():
                row = (GOOD, int(net.use_good[u])) if net.rival[net.use_good[u]] else (READING, u)
                found[row] = found.get(row, 0.0) - float(net.coefficient[u])
        elif kind == USE:
            self._taken(i, 1.0, found, ())
            found[GOOD, int(net.use_good[i])] = -1.0
        else:
            self._there_is(i, 1.0 if kind == IMPORT else -1.0, found, ())
        return found

    def _there_is(self, g: int, amount: float, found: dict[Row, float], seen: tuple[int, ...]) -> None:
        """What more of a good moves: its own row, or all that read it, but for those that it is made by again."""
        net = self.net
        if net.rival[g]:
            found[GOOD, g] = found.get((GOOD, g), 0.0) + amount
            return
        for u in np.flatnonzero(net.use_good == g).tolist() if g not in seen else ():
            if net.use_leontief[u]:
                found[READING, u] = found.get((READING, u), 0.0) + amount
            elif self.flows[u]:
                self._taken(u, amount, found, (*seen, g))

    def _taken(self, u: int, amount: float, found: dict[Row, float], seen: tuple[int, ...]) -> None:
        """What a smooth process makes of more that it takes, and the limits and ties that this moves."""
        for k, slope in entries(self.level_slope, u):
            found[LIMIT, k] = found.get((LIMIT, k), 0.0) + slope * amount
            self._made(k, slope * amount, found, seen)
        for number, slopes in enumerate(self.tie_slope):
            if u in slopes:
                found[TIE, number] = found.get((TIE, number), 0.0) + slopes[u] * amount

    def _made(self, k: int, amount: float, found: dict[Row, float], seen: tuple[int, ...]) -> None:
        for g, yield_ in entries(self.net.yields, k):
            self._there_is(g, yield_ * amount, found, seen)


def entries(matrix: sparse.csr_array, row: int) -> list[tuple[int, float]]:
    """The entries of a row by column."""
    part = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return list(zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True))


def structure(net: Network, plan: Plan, ops: Operations) -> Structure:
    """What moves at a plan; raises ValueError for a binding limit that no program here can keep."""
    goods = len(net.goods)

    level, used, free_sale, imported, free_disposal = (
        ops.spread(kind, ops.active, False) for kind in (LEVEL, USE, SALE, IMPORT, DISPOSAL)
    )
    dust = DUST * ops.measure.good
    disposed = free_disposal | (net.disposes & (plan.disposed > dust))
    # The first of what a demand curve asks for may be worth much, however little it is.
    free_sale |= net.sells & np.isfinite(net.elasticity)
    sale = free_sale | (net.sells & (np.abs(plan.sale) > dust))
    runs = running(net, plan, ops.measure)
    runs[net.leontief] = level[net.first_level[net.leontief]]
    for item in net.formulas:
        runs[item.process] |= bool(np.any(np.abs(plan.level[item.level]) > 0))
    # What a running process takes next to nothing of stays as it is, unless nothing is made without it.
    flows = runs[net.use_process] & ~net.use_leontief & ((plan.use != 0) | net.signed)
    free = flows & (used | essential_uses(net))
    held, bound = _held(net, ops, runs)
    for column in [column for column in held if column[0] == USE and held[column] == 0]:
        flows[column[1]] = False
    for kind, i in held:
        if kind == SALE:
            sale[i] = True
    makers: dict[int, list[tuple[int, float]]] = {g: [] for g in range(goods)}
    yields = net.yields.tocoo()
    for k, g, yield_ in zip(yields.row.tolist(), yields.col.tolist(), yields.data.tolist(), strict=True):
        if runs[net.level_process[k]]:
            makers[g].append((k, yield_))
    takers: dict[int, list[Column]] = {g: [] for g in range(goods)}
    takes: dict[tuple[int, int], float] = {}
    for u, (g, p) in enumerate(zip(net.use_good.tolist(), net.use_process.tolist(), strict=True)):
        if net.leontief[p] and runs[p] and net.rival[g]:
            k = int(net.first_level[p])
            takes[g, k] = float(net.coefficient[u])
            takers[g].append((LEVEL, k))
        elif flows[u] and net.rival[g] and (free[u] or plan.use[u] > dust[g]):
            takers[g].append((USE, u))
    for g in np.flatnonzero(net.rival).tolist():
        takers[g] += [(SALE, g)] if sale[g] else []
        takers[g] += [(DISPOSAL, g)] if disposed[g] else []
    made = np.array([bool(makers[g]) for g in range(goods)])
    moving = (net.supply != 0) | imported | free_sale | free_disposal | made
    moving[net.use_good[free]] = True
    still = ops.measure.still
    free_of = {USE: free, SALE: free_sale, DISPOSAL: free_disposal}
    groups = {}
    for g in range(goods):
        loose = [column for column in takers[g] if column not in held and column[0] != LEVEL]
        # What moves next to nothing stays as it is; of a good that moves next to nothing, anything may go on.
        groups[g] = [column for column in loose if still[g] or free_of[column[0]][column[1]]]
        # What is sold may be of either sign, and shares of what is left say nothing: the sale takes it all.
        if (SALE, g) in groups[g] and net.sale_signed[g]:
            groups[g] = [(SALE, g)]
    minima, tie_process, tie_slope, level_slope = _minima(net, plan, ops)
    return Structure(
        net=net,
        moving=moving,
        sells=sale,
        imports=imported,
        disposes=disposed,
        flows=flows,
        runs=runs,
        makers=makers,
        takers=takers,
        groups=groups,
        takes=takes,
        held=held,
        bound=bound,
        readings=_readings(net, plan, ops, runs, held),
        minima=minima,
        tie_process=tie_process,
        tie_slope=tie_slope,
        level_slope=level_slope,
    )


def _held(net: Network, ops: Operations, runs: Array) -> tuple[dict[Column, float], dict[int, float]]:
    """What binding limits hold: operations, and levels of smooth processes."""
    held: dict[Column, float] = {}
    bound: dict[int, float] = {}
    for limit, binds in zip(net.limits, ops.may[ops.rent_columns], strict=True):
        if not binds:
            continue
        kind, i = operation = bounded(net, limit)
        if kind == LEVEL and not net.leontief[net.level_process[i]]:
            if runs[net.level_process[i]]:
                bound[i] = limit.bound
            continue
        g = int(net.use_good[i]) if kind == USE else i
        if kind in (USE, SALE) and not net.rival[g]:
            whose = "a reader" if kind == USE else "the sale"
            raise ValueError(f'a limit of {whose} of "{net.goods[g]}", which is non-rival, binds: no program')
        per = float(net.coefficient[limit.index]) if (limit.of, kind) == ("use", LEVEL) else 1.0
        held[operation] = limit.bound / per
    return held, bound


def _readings(
    net: Network, plan: Plan, ops: Operations, runs: Array, held: dict[Column, float]
) -> tuple[int, ...]:
    """The uses by which a Leontief process that runs reads the whole of a non-rival good."""
    reads = np.flatnonzero(net.use_leontief & ~net.rival[net.use_good] & runs[net.use_process])
    whole = plan.quantity(net)
    return tuple(
        int(u)
        for u in reads
        if (LEVEL, int(net.first_level[net.use_process[u]])) not in held
        and whole[net.use_good[u]] - net.coefficient[u] * plan.level[net.first_level[net.use_process[u]]]
        <= BINDS * ops.measure.use[u]
    )


def _minima(
    net: Network, plan: Plan, ops: Operations
) -> tuple[dict[tuple[int, int], Minimum], tuple[int, ...], tuple[dict[int, float], ...], sparse.csr_array]:
    """Formulas' minima at the plan, with the slopes of their ties; and of every level, minima gone through.

    A minimum goes on as the first of the arguments that reach it, which a tie keeps level with the others.
    """
    minima: dict[tuple[int, int], Minimum] = {}
    process: list[int] = []
    slopes: list[dict[int, float]] = []
    more: list[tuple[int, int, float]] = []
    at = 0
    for item in net.formulas:
        program, mine = item.program, dict[int, Minimum]()
        for step in program.minima():
            gaps = ops.slopes.argument_gap[at : at + len(program.arguments[step])]
            at += len(gaps)
            tight = [j for j, gap in enumerate(gaps) if gap <= BINDS] or [int(np.argmin(gaps))]
            mine[step] = Minimum(tuple(tight), tuple(range(len(process), len(process) + len(tight) - 1)))
            process += [item.process] * (len(tight) - 1)
        if not mine:
            continue
        values = program.values(plan.use[item.use])
        for step, minimum in mine.items():
            minima[item.process, step] = minimum
            first, *others = (program.arguments[step][j] for j in minimum.tight)
            for other in others:
                slopes.append(_entries_of(item.use, _through(program, values, {other: 1.0, first: -1.0}, mine)))
        for level, step in zip(item.level.tolist(), program.outputs, strict=True):
            found = _through(program, values, {step: 1.0}, mine) - program.sweep(values, {step: 1.0})
            more += [(u, level, slope) for u, slope in _entries_of(item.use, found).items()]
    rows, columns, data = zip(*more, strict=True) if more else ((), (), ())
    added = sparse.csr_array(
        (np.array(data, dtype=float), (np.array(rows, dtype=int), np.array(columns, dtype=int))),
        shape=ops.slopes.level.shape,
    )
    return minima, tuple(process), tuple(slopes), sparse.csr_array(ops.slopes.level + added)


def _through(program: Tape, values: list[float], seeds: dict[int, float], minima: dict[int, Minimum]) -> Array:
    """The adjoints of a formula's steps, each minimum as the first of its arguments that reach it."""
    return program.sweep_through(values, seeds, lambda step: program.arguments[step][minima[step].tight[0]])


def _entries_of(uses: Array, adjoint: Array) -> dict[int, float]:
    """The adjoints of a formula's inputs that are not 0, by use."""
    return {u: slope for u, slope in zip(uses.tolist(), adjoint.tolist(), strict=False) if slope}


def absorbers(found: Structure) -> dict[Column, Row]:
    """The operations that follow from a row, each with its row; a good that is a row is not shared out.

    Raises ValueError where there are too few: then a price is not unique at the plan.
    """
    net = found.net
    special: list[Row] = [
        *((LIMIT, k) for k in found.bound),
        *((READING, u) for u in found.readings),
        *((TIE, i) for i in range(len(found.tie_process))),
    ]
    rival: list[int] = np.flatnonzero(found.moving & net.rival).tolist()
    open_: set[int] = {g for g in rival if not found.groups[g]}
    while True:
        chosen = _choose(found, [*special, *((GOOD, g) for g in rival if g in open_)])
        emptied = {g for g in rival if found.groups[g] and all(column in chosen for column in found.groups[g])}
        if emptied <= open_:
            return chosen
        open_ |= emptied


def _choose(found: Structure, rows: list[Row]) -> dict[Column, Row]:
    net = found.net
    if not rows:
        return {}
    preferred = {
        LEVEL: (net.leontief & found.runs)[net.level_process],
        IMPORT: found.imports,
        DISPOSAL: found.disposes & ~net.rival,
    }
    alone = [(kind, i) for kind, chosen in preferred.items() for i in np.flatnonzero(chosen).tolist()]
    columns: dict[Column, float] = {column: 1.0 for column in alone if column not in found.held}
    for g, members in found.groups.items():
        for column in members if found.moving[g] else ():
            columns[column] = _SHARED if len(members) > 1 else _ALONE
    names = list(columns)
    number = {row: i for i, row in enumerate(rows)}
    matrix = np.zeros((len(rows), len(names)))
    for j, column in enumerate(names):
        for row, effect in found.effects(column).items():
            if row in number:
                matrix[number[row], j] = effect
    largest = np.max(np.abs(matrix), axis=1, initial=0.0)
    matrix = matrix / np.where(largest > 0, largest, 1.0)[:, None]
    most = np.max(np.abs(matrix), axis=0, initial=0.0)
    weighted = matrix / np.where(most > 0, most, 1.0) * np.array(list(columns.values()))
    if weighted.shape[1] < len(rows):
        _refuse(found, rows, np.ones(len(rows)))
    left, upper, order = qr(weighted, pivoting=True)
    size = np.abs(np.diag(upper))
    if size[-1] <= PIVOT:
        _refuse(found, rows, left[:, -1])
    picked = order[: len(rows)]
    part = np.abs(matrix[:, picked])
    with np.errstate(divide="ignore"):
        cost = np.where(part > _MATCHED, 1.0 - np.log(part / part.max()), 0.0)
    at, to = min_weight_full_bipartite_matching(sparse.csr_array(cost))
    return {names[picked[j]]: rows[i] for i, j in zip(at.tolist(), to.tolist(), strict=True)}


def _refuse(found: Structure, rows: list[Row], weight: Array) -> None:
    net = found.net
    of = {LIMIT: net.level_process, READING: net.use_process, TIE: np.array(found.tie_process, dtype=int)}
    names = [
        f'"{net.goods[i]}"' if kind == GOOD else f'the limit of "{net.processes[of[kind][i]]}"'
        for (kind, i), share in zip(rows, np.abs(weight), strict=True)
        if share > 0.1 * np.max(np.abs(weight))
    ]
    raise ValueError(
        f"the prices are not unique at the plan ({', '.join(names[:5])}): nothing in use takes up a little more "
        "or less, and no program has them as its derivatives"
    )
