"""Operations by prices and rents: the marginal profit of everything that moves a good, as one matrix.

    marginal profit = C z + c,   <= 0 for every operation,   = 0 for each one in use

z stacks the unknowns: prices pi by good; what each reader of a non-rival good pays, v, by use and by good for
final demand; rents by limit; multipliers of a formula's minima by argument. Assembled from the chain and a plan
alone, with lambda = sum_g b_g pi_g - kappa - r(capacity) + r(min level) written out:

    use of a smooth process  lambda df/dx - pi - r(max)             Leontief level  lambda - sum_u a_u (pi_u + r_u)
    sale                     w(s) - pi - r(max sale) + r(min sale)  import          pi - c - r(max import)
    disposal                 -k - pi                                non-rival good  pi - sum_u v_u = 0

What is idle, and which limits bind, is by the plan's measure: see `network.measure`. Slopes at numerically zero
flows are taken at exactly zero: where they are infinite, the operation has no row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.backprop.slopes import Slopes, curved_uses, running, slopes
from chainopt.network.demand import demand_price
from chainopt.network.limits import Limit
from chainopt.network.measure import Measure, measure
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network
from chainopt.network.plan import Plan, at_limits
from chainopt.network.tolerances import BINDS, ZERO
from chainopt.technology.arrays import Array

USE, LEVEL, SALE, IMPORT, DISPOSAL, READERS, MINIMUM = range(7)
AMOUNTS = {USE: "use", LEVEL: "level", SALE: "sale", IMPORT: "imported", DISPOSAL: "disposed"}
"""What an operation moves, by the name of a plan's amounts."""
_MOVES = {amount: kind for kind, amount in AMOUNTS.items()}
_DONE = {SALE: "sold", IMPORT: "imported", DISPOSAL: "thrown away"}


@dataclass(frozen=True, slots=True)
class Operations:
    """The matrix and what stands beside it, a row an operation, a column an unknown.

    gross is the matrix before terms of one price cancel, without signs: what a process both makes and takes may
    leave a coefficient that is all rounding, and a row is judged by its terms.
    kind and index say which operation a row is (index counts uses, levels, goods or minima); active, whether it
    is in use, so that its marginal profit is zero; share, its part of what its good moves. of an unknown: may
    is whether it can differ from zero at the plan; signed, whether it may be negative. measure is the
    plan's; least, by row, the money that is noise by it, per unit of what the row moves. earns and pays, from
    which the rows are made: what a unit of each level earns (before unit cost), and what a unit of each use pays.
    """

    matrix: sparse.csr_array
    gross: sparse.csr_array
    constant: Array
    kind: Array
    index: Array
    active: Array
    share: Array
    may: Array
    signed: Array
    least: Array
    measure: Measure
    at: Array
    runs: Array
    slopes: Slopes
    earns: sparse.csr_array
    pays: sparse.csr_array
    goods: int
    uses: int

    @property
    def rent_columns(self) -> slice:
        """Where the limits' rents stand among the unknowns."""
        first = 2 * self.goods + self.uses
        return slice(first, len(self.may) - self.slopes.argument_gap.size)

    def money(self, unknowns: Array) -> Array:
        """The sum of each row's terms without their signs, before they cancel; what is nan counts as nothing."""
        return self.gross @ np.abs(np.nan_to_num(unknowns)) + np.abs(self.constant)

    def spread(self, kind: int, values: Array, rest: Any = np.nan) -> Array:
        """Values by row as values by what the rows of a kind are of: uses, levels or goods; rest without a row."""
        counts = {USE: self.uses, LEVEL: self.earns.shape[0]}
        result, mine = np.full(counts.get(kind, self.goods), rest), self.kind == kind
        result[self.index[mine]] = values[mine]
        return result

    def stack(self, multipliers: Multipliers) -> Array:
        """The unknowns' vector from multipliers: nan for the price of a good that the solver left out."""
        reading, reading_sale = np.nan_to_num(multipliers.reading), np.nan_to_num(multipliers.reading_sale)
        return np.concatenate([multipliers.price, reading, reading_sale, multipliers.rent, multipliers.minimum])


def operations(net: Network, plan: Plan) -> Operations:
    """Assemble every operation of a chain at a plan; the solver's multipliers play no part in it."""
    size = measure(net, plan)
    share = np.abs(plan.use) / size.use
    # One input of a process that runs may be next to nothing for its good, and still move with the others.
    runs = running(net, plan, size)
    moves = runs[net.use_process] & curved_uses(net)
    at = np.where((share <= ZERO) & ~net.signed & ~moves, 0.0, plan.use)
    slope = slopes(net, at)
    rows = _Rows(net, slope.argument_gap.size)
    blocks = [*_process_blocks(net, plan, size, slope, rows), *_good_blocks(net, plan, size, rows)]
    matrix = sparse.csr_array(sparse.vstack([block.rows for block in blocks], format="csr"))
    gross = [abs(block.rows) if block.gross is None else block.gross for block in blocks]

    def stacked(name: str) -> Array:
        return np.concatenate([np.broadcast_to(getattr(block, name), len(block.index)) for block in blocks])

    constant, share = stacked("constant"), stacked("share")
    finite = np.isfinite(constant) & np.isfinite(matrix @ np.ones(matrix.shape[1]))
    may, signed = _unknowns(net, plan, slope, size)
    return Operations(
        matrix=matrix[finite],
        gross=sparse.csr_array(sparse.vstack(gross, format="csr"))[finite],
        constant=constant[finite],
        kind=stacked("kind")[finite],
        index=stacked("index")[finite],
        active=((share > ZERO) | stacked("always"))[finite],
        share=share[finite],
        may=may,
        signed=signed,
        least=(size.noise * stacked("per_unit"))[finite],
        measure=size,
        at=at,
        runs=runs,
        slopes=slope,
        earns=rows.earns,
        pays=rows.pays,
        goods=len(net.goods),
        uses=len(net.use_good),
    )


def in_words(net: Network, kind: int, index: int) -> str:
    """An operation as a sentence: "mill uses ore", "ore is imported"; "" of readers and minima."""
    if kind == USE:
        return f"{net.processes[net.use_process[index]]} uses {net.goods[net.use_good[index]]}"
    if kind == LEVEL:
        return f"{net.processes[net.level_process[index]]} runs"
    return f"{net.goods[index]} is {_DONE[kind]}" if kind in _DONE else ""


def bounded(net: Network, limit: Limit) -> tuple[int, int]:
    """The operation that a limit bounds, as kind and index: of a Leontief process's use, its level."""
    if limit.of == "use" and net.use_leontief[limit.index]:
        return LEVEL, int(net.first_level[net.use_process[limit.index]])
    return _MOVES[limit.amount], limit.index


@dataclass(frozen=True, slots=True)
class _Block:
    """The rows of one kind of operation: which things they are, how much of their goods they move, and whether
    they hold as equations however little they move. per_unit: of what counts as one, what a unit of each row
    moves. gross: the rows' terms before they cancel, without signs, where they can.
    """

    kind: int
    rows: sparse.csr_array
    constant: Array
    index: Array
    share: Array
    per_unit: Array
    always: Any = False
    gross: sparse.csr_array | None = None


@dataclass(frozen=True)
class _Rows:
    """Rows over the unknowns: prices, readings by use, readings by final demand, rents, minima's multipliers.

    All processes' rows are made of what each level earns and each use pays.
    """

    net: Network
    arguments: int

    @cached_property
    def earns(self) -> sparse.csr_array:
        return self.row(len(self.net.level_process), self.net.yields, rents=-self.net.bounding("level"))

    @cached_property
    def pays(self) -> sparse.csr_array:
        use_good, uses = self.net.use_good, len(self.net.use_good)
        rival = self.net.rival[use_good]
        price = _select(np.where(rival, use_good, -1), len(self.net.goods))
        reading = _select(np.where(rival, -1, np.arange(uses)), uses)
        return self.row(uses, price, reading, rents=self.net.bounding("use"))

    def row(
        self,
        count: int,
        price: sparse.csr_array | None = None,
        reading: sparse.csr_array | None = None,
        reading_sale: sparse.csr_array | None = None,
        rents: sparse.csr_array | None = None,
        least: sparse.csr_array | None = None,
    ) -> sparse.csr_array:
        """Rows from their parts; a part that is left out is 0."""
        goods, uses, limits = len(self.net.goods), len(self.net.use_good), len(self.net.limits)
        widths = (goods, uses, goods, limits, self.arguments)
        parts = zip((price, reading, reading_sale, rents, least), widths, strict=True)
        filled = [sparse.csr_array((count, width)) if part is None else part for part, width in parts]
        return sparse.csr_array(sparse.hstack(filled, format="csr"))


def _select(at: Array, count: int, value: float = 1.0) -> sparse.csr_array:
    """Rows with one entry each, at column `at`; -1 leaves a row empty."""
    kept = np.flatnonzero(at >= 0)
    return sparse.csr_array((np.full(len(kept), value), (kept, at[kept])), shape=(len(at), count))


def _process_blocks(net: Network, plan: Plan, size: Measure, slope: Slopes, rows: _Rows) -> Iterator[_Block]:
    """Uses of smooth processes, Leontief levels, and formulas' minima."""
    uses, levels = len(net.use_good), len(net.level_process)
    smooth = np.flatnonzero(~net.use_leontief)
    argument = rows.row(uses, least=slope.use_argument)
    yield _Block(
        USE,
        (slope.level @ rows.earns - rows.pays + argument)[smooth],
        -(slope.level @ net.unit_cost)[smooth],
        smooth,
        (np.abs(plan.use) / size.use)[smooth],
        1.0 / size.use[smooth],
        net.signed[smooth],
        (abs(slope.level) @ abs(rows.earns) + abs(rows.pays) + abs(argument))[smooth],
    )
    recipe = sparse.csr_array(
        (net.coefficient, (net.first_level[net.use_process], np.arange(uses))), shape=(levels, uses)
    )
    leontief = np.flatnonzero(net.leontief[net.level_process])
    yield _Block(
        LEVEL,
        (rows.earns - recipe @ rows.pays)[leontief],
        -net.unit_cost[leontief],
        leontief,
        (np.abs(plan.level) / size.level)[leontief],
        1.0 / size.level[leontief],
        gross=(abs(rows.earns) + recipe @ abs(rows.pays))[leontief],
    )
    minima = slope.least_level.shape[0]
    argument = rows.row(minima, least=slope.least_argument)
    yield _Block(
        MINIMUM,
        sparse.csr_array(slope.least_level @ rows.earns + argument),
        -(slope.least_level @ net.unit_cost),
        np.arange(minima),
        np.ones(minima),
        np.zeros(minima),
        True,
        sparse.csr_array(abs(slope.least_level) @ abs(rows.earns) + abs(argument)),
    )


def _good_blocks(net: Network, plan: Plan, size: Measure, rows: _Rows) -> Iterator[_Block]:
    """Sales, imports, disposal, and what the readers of a non-rival good pay together."""
    goods, uses = len(net.goods), len(net.use_good)
    every = np.arange(goods)
    price = _select(every, goods)
    sale = rows.row(
        goods,
        _select(np.where(net.rival, every, -1), goods, -1.0),
        None,
        _select(np.where(net.rival, -1, every), goods, -1.0),
        -net.bounding("sale"),
    )
    paid = demand_price(net, np.where(size.moves(plan.sale), plan.sale, 0.0))
    bought = rows.row(goods, price, rents=-net.bounding("imported"))
    thrown = rows.row(goods, -price, rents=-net.bounding("disposed"))
    readers = sparse.csr_array(
        (np.where(net.rival[net.use_good], 0.0, -1.0), (net.use_good, np.arange(uses))), shape=(goods, uses)
    )
    reading_sale = _select(np.where(net.sells & ~net.rival, every, -1), goods, -1.0)
    read, none, ones = rows.row(goods, price, readers, reading_sale), np.zeros(goods), np.ones(goods)
    for kind, row, constant, chosen, share, always in (
        (SALE, sale, paid, net.sells, np.abs(plan.sale) / size.good, net.sale_signed),
        (IMPORT, bought, -net.import_price, net.imports, plan.imported / size.good, False),
        (DISPOSAL, thrown, -net.disposal, net.disposes, plan.disposed / size.good, False),
        (READERS, read, none, ~net.rival, ones, True),
    ):
        of = np.flatnonzero(chosen)
        held = np.broadcast_to(always, goods)[of]
        yield _Block(kind, row[of], constant[of], of, share[of], 1.0 / size.good[of], held)


def _unknowns(net: Network, plan: Plan, slope: Slopes, size: Measure) -> tuple[Array, Array]:
    """Which unknowns can differ from zero at the plan, and which of them may be negative."""
    every = np.ones(len(net.goods), dtype=bool)
    bound, amount, _, fixed = at_limits(net, plan)
    binds = np.abs(amount - bound) <= BINDS * np.maximum(np.abs(bound), np.abs(amount))
    reads, gap = ~net.rival[net.use_good], slope.argument_gap
    level = plan.level[net.first_level[net.use_process]]
    slack = plan.use - net.coefficient * level
    reads_all = reads & (~net.use_leontief | (slack <= BINDS * size.use))
    may = np.concatenate([every, reads_all, net.sells & ~net.rival, fixed | binds, gap <= BINDS])
    signed = np.concatenate([every, reads & ~net.use_leontief, every, fixed, np.zeros(gap.size, dtype=bool)])
    return may, signed
