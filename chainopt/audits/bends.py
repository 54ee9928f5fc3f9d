"""Second derivatives at a plan: by how much the marginal profit of each operation falls as it and others move.

    H = d(marginal profits)/d(operations),   of uses and minima of smooth processes, and of sales

at given prices: sum_k lambda_k d2f_k/dx2 for a process, the slope of the demand curve for a sale. Differences of
slopes, with a step of a part of each amount: right to nine digits or so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import sparse

from chainopt.backprop.operations import MINIMUM, SALE, USE, Operations
from chainopt.network.demand import demand_price
from chainopt.network.network import FormulaProcess, Network
from chainopt.network.plan import Plan
from chainopt.technology.arrays import Array
from chainopt.technology.families import Batch, Technology
from chainopt.technology.primitives import PRIMITIVES
from chainopt.technology.tape import MIN

_STEP = 3e-5
Entries = Iterator[tuple[int, int, float]]


def bends(net: Network, plan: Plan, ops: Operations, unknowns: Array) -> sparse.csr_array:
    """H by rows of operations, symmetric, 0 for what is idle; unknowns: all prices and rents."""
    place = {(int(kind), int(i)): row for row, (kind, i) in enumerate(zip(ops.kind, ops.index, strict=True))}
    earned = ops.earns @ unknowns - net.unit_cost
    minimum = unknowns[ops.rent_columns.stop :]
    found: list[tuple[int, int, float]] = []
    with np.errstate(all="ignore"):
        for technology, batch in net.families:
            if not technology.affine:
                found += _of_family(net, ops, technology, batch, earned, place)
        at = 0
        minima = 0
        for item in net.formulas:
            count = sum(len(item.program.arguments[step]) for step in item.program.minima())
            found += _of_formula(ops, item, earned, minimum[at : at + count], minima, place)
            at += count
            minima += len(item.program.minima())
        found += _of_sales(net, plan, ops)
    rows, columns, values = (np.array(part) for part in zip(*found, strict=True)) if found else ((), (), ())
    values = np.where(np.isfinite(values), values, 0.0)
    matrix = sparse.csr_array(
        (values, (np.asarray(rows, dtype=int), np.asarray(columns, dtype=int))), shape=(len(ops.kind),) * 2
    )
    matrix = sparse.csr_array(0.5 * (matrix + matrix.T))
    in_use = sparse.diags_array(ops.active.astype(float))
    return sparse.csr_array(in_use @ matrix @ in_use)


def _of_family(
    net: Network,
    ops: Operations,
    technology: Technology,
    batch: Batch,
    earned: Array,
    place: dict[tuple[int, int], int],
) -> Entries:
    """Of the processes of one function, all at once: the first use of each moved, then the second, ..."""
    x, value = ops.at[batch.use], earned[net.first_level[batch.process]]
    within = np.arange(len(batch.use)) - batch.start[batch.of]

    def slope(at: Array) -> Array:
        return value[batch.of] * technology.partials(batch, at, technology.level(batch, at))

    for j in range(int(within.max(initial=-1)) + 1):
        moved = within == j
        step = np.where(moved, _STEP * (x - technology.origin(batch)), 0.0)
        fall = (slope(x + step) - slope(x - step)) / 2.0
        by = np.bincount(batch.of, step, len(batch.process))[batch.of]
        mover = np.full(len(batch.process), -1)
        mover[batch.of[moved]] = batch.use[moved]
        for i in np.flatnonzero((by > 0) & (fall != 0)).tolist():
            # What is idle at an infinite slope has no row.
            here, there = place.get((USE, int(batch.use[i]))), place.get((USE, int(mover[batch.of[i]])))
            if here is not None and there is not None:
                yield here, there, float(fall[i] / by[i])


def _of_formula(
    ops: Operations,
    item: FormulaProcess,
    earned: Array,
    minimum: Array,
    first_minimum: int,
    place: dict[tuple[int, int], int],
) -> Entries:
    """Of a formula, in its inputs and its minima, each of which is a variable of its own."""
    program, least = item.program, item.program.minima()
    x = ops.at[item.use]
    known = program.values(x)
    point = np.concatenate([x, [known[step] for step in least]])
    size = np.where(point != 0, np.abs(point), 1.0)
    rows = [place.get((USE, u)) for u in item.use.tolist()]
    rows += [place.get((MINIMUM, first_minimum + n)) for n in range(len(least))]

    def slope(at: Array) -> Array:
        values = program.run(list(at[: len(x)]), _with_minima(at[len(x) :]))
        seeds: dict[int, float] = {}
        for level, step in zip(item.level.tolist(), program.outputs, strict=True):
            seeds[step] = seeds.get(step, 0.0) + float(earned[level])
        arguments = (argument for step in least for argument in program.arguments[step])
        for argument, paid in zip(arguments, minimum.tolist(), strict=True):
            seeds[argument] = seeds.get(argument, 0.0) + paid
        adjoint = program.sweep(values, seeds)
        return np.array([adjoint[i] for i in (*range(len(x)), *least)])

    for j in range(len(point)):
        step = np.zeros(len(point))
        step[j] = _STEP * size[j]
        fall = (slope(point + step) - slope(point - step)) / (2.0 * step[j])
        for i in np.flatnonzero(fall).tolist():
            here, there = rows[i], rows[j]
            if here is not None and there is not None:
                yield here, there, float(fall[i])


def _with_minima(given: Array) -> Callable[[str], Callable[..., float]]:
    """The primitives, each minimum at the next of the given values, whatever its arguments are."""
    values = iter(given)
    return lambda name: (lambda _: next(values)) if name == MIN else PRIMITIVES[name].value


def _of_sales(net: Network, plan: Plan, ops: Operations) -> Entries:
    step = _STEP * np.abs(plan.sale)
    fall = (demand_price(net, plan.sale + step) - demand_price(net, plan.sale - step)) / (2.0 * step)
    for row in np.flatnonzero(ops.kind == SALE).tolist():
        g = int(ops.index[row])
        if np.isfinite(net.elasticity[g]) and step[g] > 0:
            yield row, row, float(fall[g])
