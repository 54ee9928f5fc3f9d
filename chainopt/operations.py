"""Operations by prices and rents: the marginal profit of everything that moves a good, as one matrix.

    marginal profit = C z + c,   <= 0 for every operation,   = 0 for each one in use

z stacks the unknowns: prices pi by good; what each reader of a non-rival good pays, v, by use and by good for
final demand; rents by limit; multipliers of a formula's minima by argument. Assembled from the chain and a plan
alone, with lambda = sum_g b_g pi_g - kappa - r(capacity) + r(min level) written out:

    use of a smooth process  lambda df/dx - pi - r(max)             Leontief level  lambda - sum_u a_u (pi_u + r_u)
    sale                     w(s) - pi - r(max sale) + r(min sale)  import          pi - c - r(max import)
    disposal                 -k - pi                                non-rival good  pi - sum_u v_u = 0

An amount is numerically zero below `ZERO` of its good's size (a level: of every good that it moves), which is
what the good moves in all, but at least `LEAST_FLOW` of what a forward run moves, and `LEAST_AMOUNT` of the
chain's typical amount; a limit binds within `BINDS` of its size. Slopes at numerically zero flows are taken at
exactly zero: where they are infinite, the operation has no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.forward import forward_run, typical_amount
from chainopt.network import CAPACITY, MAX_IMPORT, MAX_SALE, MAX_USE, MIN_LEVEL, MIN_SALE, Network
from chainopt.plan import Multipliers, Plan, demand_price, throughput, turnover
from chainopt.technology import TECHNOLOGIES

Array = np.ndarray
ZERO = 1e-7
BINDS = 1e-6
LEAST = 1e-5
LEAST_FLOW = 1e-2
LEAST_AMOUNT = 1e-4

USE, LEVEL, SALE, IMPORT, DISPOSAL, READERS, MINIMUM = range(7)


@dataclass(frozen=True, slots=True)
class Slopes:
    """Partial derivatives at a plan.

    level: uses by levels, d level/d use, nan where the slope at zero is infinite; least_level: minima by
    levels; use_argument: uses by arguments of minima; least_argument: minima by those arguments;
    argument_gap: how far each argument is above its minimum, relative to both.
    """

    level: sparse.csr_array
    least_level: sparse.csr_array
    use_argument: sparse.csr_array
    least_argument: sparse.csr_array
    argument_gap: Array


@dataclass(frozen=True, slots=True)
class Operations:
    """The matrix and what stands beside it, a row an operation, a column an unknown.

    kind and index say which operation a row is (index counts uses, levels, goods or minima); active, whether it
    is in use, so that its marginal profit is zero; share, its part of what its good moves. of an unknown: may
    is whether it can differ from zero at the plan; signed, whether it may be negative. least is
    the money below which a row's is noise: `LEAST` of the plan's, per unit of what the row moves. throughput is
    what each good moves, size the same but never below `LEAST_FLOW` of a forward run's. earns and pays, from which
    the rows are made: what a unit of each level earns (before unit cost), and what a unit of each use pays.
    """

    matrix: sparse.csr_array
    constant: Array
    kind: Array
    index: Array
    active: Array
    share: Array
    may: Array
    signed: Array
    least: Array
    throughput: Array
    slopes: Slopes
    size: Array
    earns: sparse.csr_array
    pays: sparse.csr_array
    goods: int
    uses: int

    @property
    def rent_columns(self) -> slice:
        """Where the limits' rents stand among the unknowns."""
        first = 2 * self.goods + self.uses
        return slice(first, len(self.may) - self.slopes.argument_gap.size)

    def stack(self, multipliers: Multipliers) -> Array:
        """The unknowns' vector from multipliers: nan for the price of a good that the solver left out."""
        return np.concatenate(
            [
                multipliers.price,
                np.nan_to_num(multipliers.reading),
                np.nan_to_num(multipliers.reading_sale),
                multipliers.rent,
                multipliers.minimum,
            ]
        )


def slopes(net: Network, use: Array) -> Slopes:
    """Every derivative of the chain's functions at these uses."""
    rows: list[Array] = []
    columns: list[Array] = []
    values: list[Array] = []
    with np.errstate(all="ignore"):
        for name, batch in net.batch.items():
            x = use[batch.use]
            level = TECHNOLOGIES[name].level(batch, x)
            rows.append(batch.use)
            columns.append(net.first_level[batch.process][batch.of])
            values.append(TECHNOLOGIES[name].partials(batch, x, level))
    found: dict[str, list[tuple[int, int, float]]] = {"level": [], "least_level": [], "use": [], "least": []}
    gaps: list[float] = []
    minima = 0
    for item in net.formulas:
        program = item.program
        known = program.values(use[item.use])
        least = program.minima()
        inputs = [(i, int(step.value)) for i, step in enumerate(program.steps) if step.operation == "input"]
        places = {step: minima + n for n, step in enumerate(least)}
        for level, step in zip(item.level, program.outputs, strict=True):
            adjoint = program.sweep(known, {step: 1.0})
            found["level"] += [(item.use[j], level, adjoint[i]) for i, j in inputs]
            found["least_level"] += [(n, level, adjoint[i]) for i, n in places.items()]
        for step in least:
            for argument in program.steps[step].arguments:
                adjoint = program.sweep(known, {argument: 1.0})
                found["use"] += [(item.use[j], len(gaps), adjoint[i]) for i, j in inputs]
                found["least"] += [
                    (n, len(gaps), adjoint[i] - (1.0 if i == step else 0.0)) for i, n in places.items()
                ]
                size = abs(known[argument]) + abs(known[step])
                gaps.append((known[argument] - known[step]) / size if size else 0.0)
        minima += len(least)

    def matrix(triples: list[tuple[int, int, float]], shape: tuple[int, int]) -> sparse.csr_array:
        i, j, v = zip(*triples, strict=True) if triples else ((), (), ())
        return sparse.csr_array((np.array(v, float), (np.array(i, int), np.array(j, int))), shape=shape)

    uses, levels = len(net.use_good), len(net.level_process)
    families = sparse.csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(uses, levels)
    )
    return Slopes(
        families + matrix(found["level"], (uses, levels)),
        matrix(found["least_level"], (minima, levels)),
        matrix(found["use"], (uses, len(gaps))),
        matrix(found["least"], (minima, len(gaps))),
        np.array(gaps),
    )


def sizes(net: Network, plan: Plan, start: Plan) -> Array:
    """The size of each good at a plan, by which its flows are judged; start is a forward run."""
    moved, least = throughput(net, plan), LEAST_AMOUNT * typical_amount(net)
    return np.maximum(np.maximum(moved, LEAST_FLOW * throughput(net, start)), least)


def operations(net: Network, plan: Plan) -> Operations:
    """Assemble every operation of a chain at a plan; the solver's multipliers play no part in it."""
    goods, uses, levels = len(net.goods), len(net.use_good), len(net.level_process)
    moved = throughput(net, plan)
    start = forward_run(net)
    size = sizes(net, plan, start)
    share = np.abs(plan.use) / size[net.use_good]
    idle = (share <= ZERO) & ~net.signed
    zeroed = np.where(idle, 0.0, plan.use)
    slope = slopes(net, zeroed)
    arguments, minima = slope.argument_gap.size, slope.least_level.shape[0]

    def select(at: Array, count: int, values: Any = 1.0) -> sparse.csr_array:
        """Rows with one entry each, at column `at`; -1 leaves a row empty."""
        kept = np.flatnonzero(at >= 0)
        data = np.broadcast_to(values, len(at))[kept]
        return sparse.csr_array((data, (kept, at[kept])), shape=(len(at), count))

    limits = len(net.limits)
    limit_kind = np.array([limit.kind for limit in net.limits], dtype=object)
    limit_index = np.array([limit.index for limit in net.limits], dtype=int)

    def rent(count: int, kinds: dict[str, float]) -> sparse.csr_array:
        """Entries of the rents of these kinds of limit, a row for each thing that they limit."""
        of = np.flatnonzero(np.isin(limit_kind, list(kinds)))
        data = np.array([kinds[limit_kind[i]] for i in of], dtype=float)
        return sparse.csr_array((data, (limit_index[of], of)), shape=(count, limits))

    rival_use = net.rival[net.use_good]
    every_good = np.arange(goods)

    def row(
        count: int,
        price: sparse.csr_array | None = None,
        reading: sparse.csr_array | None = None,
        reading_sale: sparse.csr_array | None = None,
        rents: sparse.csr_array | None = None,
        least: sparse.csr_array | None = None,
    ) -> sparse.csr_array:
        parts = ((price, goods), (reading, uses), (reading_sale, goods), (rents, limits), (least, arguments))
        return sparse.csr_array(
            sparse.hstack(
                [sparse.csr_array((count, width)) if part is None else part for part, width in parts],
                format="csr",
            )
        )

    # What a level earns, and what a use pays: the two rows from which all processes' rows are made.
    earns = row(levels, net.yields, rents=rent(levels, {CAPACITY: -1.0, MIN_LEVEL: 1.0}))
    pays = row(
        uses,
        select(np.where(rival_use, net.use_good, -1), goods),
        select(np.where(rival_use, -1, np.arange(uses)), uses),
        rents=rent(uses, {MAX_USE: 1.0}),
    )
    smooth = np.flatnonzero(~net.use_leontief)
    use_rows = slope.level @ earns - pays + row(uses, least=slope.use_argument)
    use_constant = -(slope.level @ net.unit_cost)
    recipe = sparse.csr_array(
        (net.coefficient, (net.first_level[net.use_process], np.arange(uses))), shape=(levels, uses)
    )
    leontief = np.flatnonzero(net.leontief[net.level_process])
    level_rows = (earns - recipe @ pays)[leontief]
    level_share = np.maximum(
        _most(recipe, plan.level, size[net.use_good]),
        _most(net.yields, plan.level, size),
    )
    # A level that moves no good at all is in use where it is more than next to nothing.
    bare = np.diff(recipe.indptr) + np.diff(net.yields.indptr) == 0
    level_share[bare] = (np.abs(plan.level) > ZERO * np.abs(start.level))[bare].astype(float)
    sold = np.flatnonzero(net.sells)
    sale_rows = row(
        goods,
        select(np.where(net.rival, every_good, -1), goods, -1.0),
        None,
        select(np.where(net.rival, -1, every_good), goods, -1.0),
        rent(goods, {MAX_SALE: -1.0, MIN_SALE: 1.0}),
    )[sold]
    imported, disposed = np.flatnonzero(net.imports), np.flatnonzero(net.disposes)
    import_rows = row(goods, select(every_good, goods), rents=rent(goods, {MAX_IMPORT: -1.0}))[imported]
    disposal_rows = row(goods, select(every_good, goods, -1.0))[disposed]
    shared = np.flatnonzero(~net.rival)
    readers = sparse.csr_array(
        (np.where(rival_use, 0.0, -1.0), (net.use_good, np.arange(uses))), shape=(goods, uses)
    )
    paid_by_sale = select(np.where(net.sells & ~net.rival, every_good, -1), goods, -1.0)
    reader_rows = row(goods, select(every_good, goods), readers, paid_by_sale)[shared]
    least_rows = slope.least_level @ earns + row(minima, least=slope.least_argument)

    share_of_sale = np.abs(plan.sale) / size
    sale_price = demand_price(net, np.where(share_of_sale <= ZERO, 0.0, plan.sale))
    always = np.ones(max(goods, minima), dtype=bool)
    blocks: list[tuple[int, sparse.csr_array, Array, Array, Array, Array]] = [
        (USE, use_rows[smooth], use_constant[smooth], smooth, share[smooth], net.signed[smooth]),
        (LEVEL, level_rows, -net.unit_cost[leontief], leontief, level_share[leontief], always[:0]),
        (SALE, sale_rows, sale_price[sold], sold, share_of_sale[sold], net.sale_signed[sold]),
        (
            IMPORT,
            import_rows,
            -net.import_price[imported],
            imported,
            (plan.imported / size)[imported],
            always[:0],
        ),
        (
            DISPOSAL,
            disposal_rows,
            -net.disposal[disposed],
            disposed,
            (plan.disposed / size)[disposed],
            always[:0],
        ),
        (READERS, reader_rows, np.zeros(len(shared)), shared, np.ones(len(shared)), always[: len(shared)]),
        (
            MINIMUM,
            least_rows,
            -(slope.least_level @ net.unit_cost),
            np.arange(minima),
            np.ones(minima),
            always[:minima],
        ),
    ]
    # Below a part of the whole plan's money, per unit of what a row moves, a row's money is noise.
    floor = LEAST * turnover(net, plan) / size
    ones = np.ones(levels)
    of_level = (
        LEAST
        * turnover(net, plan)
        * np.maximum(_most(recipe, ones, size[net.use_good]), _most(net.yields, ones, size))
    )
    least = {USE: floor[net.use_good], LEVEL: of_level, MINIMUM: np.zeros(minima)}
    matrix = sparse.csr_array(sparse.vstack([block[1] for block in blocks], format="csr"))
    constant = np.concatenate([block[2] for block in blocks])
    kind = np.concatenate([np.full(len(block[3]), block[0]) for block in blocks])
    index = np.concatenate([block[3] for block in blocks])
    noise = np.concatenate([least.get(block[0], floor)[block[3]] for block in blocks])
    part = np.concatenate([block[4] for block in blocks])
    active = np.concatenate([(block[4] > ZERO) | (block[5] if len(block[5]) else False) for block in blocks])
    sums = matrix @ np.ones(matrix.shape[1])
    finite = np.isfinite(constant) & np.isfinite(sums)
    may, signed = _unknowns(net, plan, slope, size)
    return Operations(
        matrix[finite],
        constant[finite],
        kind[finite],
        index[finite],
        active[finite],
        part[finite],
        may,
        signed,
        noise[finite],
        moved,
        slope,
        size,
        earns,
        pays,
        goods,
        uses,
    )


def _most(moves: sparse.csr_array, level: Array, size: Array) -> Array:
    """The largest share that each level has of any good that it moves."""
    coo = sparse.coo_array(moves)
    most = np.zeros(len(level))
    np.maximum.at(most, coo.row, np.abs(coo.data * level[coo.row]) / size[coo.col])
    return most


def limited_amount(net: Network, plan: Plan) -> Array:
    """The amount that each limit bounds."""
    source = {
        CAPACITY: plan.level,
        MIN_LEVEL: plan.level,
        MAX_USE: plan.use,
        MAX_SALE: plan.sale,
        MIN_SALE: plan.sale,
        MAX_IMPORT: plan.imported,
    }
    return np.array([source[limit.kind][limit.index] for limit in net.limits], dtype=float)


def _unknowns(net: Network, plan: Plan, slope: Slopes, size: Array) -> tuple[Array, Array]:
    """Which unknowns can differ from zero at the plan, and which of them may be negative."""
    goods = len(net.goods)
    bound = np.array([limit.bound for limit in net.limits], dtype=float)
    fixed = np.array([limit.fixed for limit in net.limits], dtype=bool)
    amount = limited_amount(net, plan)
    binds = np.abs(amount - bound) <= BINDS * np.maximum(np.abs(bound), np.abs(amount))
    reads = ~net.rival[net.use_good]
    level = plan.level[net.first_level[net.use_process]]
    slack = plan.use - net.coefficient * level
    reads_all = reads & (~net.use_leontief | (slack <= BINDS * size[net.use_good]))
    may = np.concatenate(
        [np.ones(goods, bool), reads_all, net.sells & ~net.rival, fixed | binds, slope.argument_gap <= BINDS]
    )
    signed = np.concatenate(
        [
            np.ones(goods, bool),
            reads & ~net.use_leontief,
            np.ones(goods, bool),
            fixed,
            np.zeros(slope.argument_gap.size, bool),
        ]
    )
    return may, signed
