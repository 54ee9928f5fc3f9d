"""What counts as one: an ordinary amount of each good, use and level, and of money, in the data's own units.

Every line of a chain that ties two figures is one equation between logarithms, and all are fitted together by
least squares (Curtis and Reid, "On the automatic scaling of matrices for Gaussian elimination", 1972):

    a use               use ~ good / users                  a recipe's use      coefficient * level ~ use
    what is made        yield * level ~ good / makers       a smooth process    level ~ f(uses), elasticities there
    a supply, a limit   its own figure                      a price, a cost     price * amount ~ money

No amount follows another round a loop, so none can compound there; a change of units moves each by its own factor.
Where nothing ties a figure to any other it is 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg, spsolve

from chainopt.network.network import FormulaProcess, Network
from chainopt.technology.arrays import Array
from chainopt.technology.primitives import PRIMITIVES
from chainopt.technology.tape import MIN

_RANGE = 70.0
"""Of logarithms: beyond 1e30 no amount is ordinary."""
_ROUNDS, _MANY, _ROUNDS_OF_MANY = 3, 5_000, 2
"""Of a smooth chain: slopes at the amounts found give amounts at which slopes are taken again. Of more levels than
_MANY the third round would take as long as the others, and move no amount by 2 %."""
_WEAK = 0.1
"""Of the other equations, what ties a use to its level by itself: an input that hardly matters there is tied by
nothing else."""
_FEW = 1_000
"""Unknowns that are solved for at once, and so the same on the way and wherever they begin."""
_ACCURACY, _ON_THE_WAY = 1e-6, 1e-3
"""Of the residuals, in the last round and in those before it, whose amounts only say where slopes are taken."""
_MOST_STEPS = 2000
_MOST_TOGETHER = 50
"""Uses of a process that are eliminated together: the inverse of more would cost more than it saves."""
_MOST_ELASTIC = 3.0
"""The sum of a level's elasticities: where it is more, the level is a difference."""
_FAINT = 3e-6
"""The weight of an equation "amount ~ 1", which decides where nothing else does: of what no figure ties."""
_AMOUNTS = ("good", "use", "level", "sale", "imported", "disposed")

Equations = tuple[sparse.csr_array, Array]
"""Rows over the logarithms of all amounts and of money, and what each sums to."""


@dataclass(frozen=True, slots=True)
class Scales:
    """An ordinary amount of each good, use and level, and of what is sold, imported and thrown away of each good;
    and ordinary money. All are above 0.
    """

    good: Array
    use: Array
    level: Array
    sale: Array
    imported: Array
    disposed: Array
    money: float


def scales(net: Network) -> Scales:
    """The ordinary amounts of a network; found once for each."""
    if "scales" not in net.found:
        net.found["scales"] = _scales(net)
    found: Scales = net.found["scales"]
    return found


def powers_of_two(amounts: Array) -> Array:
    """The nearest powers of two, by which a figure is divided without rounding."""
    return np.exp2(np.round(np.log2(amounts)))


def _scales(net: Network) -> Scales:
    known = _Logarithms(net)
    fixed = list(_ties(net, known))
    smooth = not (net.leontief.all() and not net.formulas)
    group = _groups(net, known)
    rounds = _ROUNDS if len(net.level_process) < _MANY else _ROUNDS_OF_MANY
    accuracy = [*[_ON_THE_WAY] * rounds, _ACCURACY] if smooth else [_ACCURACY]
    found = _fitted([*fixed, *_first_guess(net, known)], group, np.zeros(known.count), accuracy[0])
    for round_ in accuracy[1:]:
        equations = [*fixed, *_first_guess(net, known, _WEAK), *_elastic(net, known, found)]
        found = _fitted(equations, group, found, round_)
    amounts = np.exp(np.clip(found, -_RANGE, _RANGE))
    parts = {name: amounts[known.place[name] : known.place[name] + known.size[name]] for name in _AMOUNTS}
    return Scales(**parts, money=float(amounts[-1]))


class _Logarithms:
    """Where the logarithm of each amount stands, and rows over them."""

    def __init__(self, net: Network):
        goods, uses, levels = len(net.goods), len(net.use_good), len(net.level_process)
        self.size = dict.fromkeys(_AMOUNTS, goods) | {"use": uses, "level": levels}
        ends = np.cumsum([0, *self.size.values()])
        self.place = dict(zip(_AMOUNTS, ends.tolist(), strict=False))
        self.count = int(ends[-1]) + 1

    def rows(self, target: Array, *terms: tuple[str, Array, Array | float]) -> Equations:
        """sum of weight * log of an amount = target; a term is amounts' name, their numbers and weights."""
        count = len(target)
        row = np.concatenate([np.arange(count)] * len(terms)) if terms else np.zeros(0, dtype=int)
        place = [self.count - 1 + 0 * at if name == "money" else self.place[name] + at for name, at, _ in terms]
        weight = [np.broadcast_to(w, count) for *_, w in terms]
        matrix = sparse.csr_array(
            (np.concatenate(weight).astype(float), (row, np.concatenate(place))), shape=(count, self.count)
        )
        return matrix, target


def _ties(net: Network, known: _Logarithms) -> Iterator[Equations]:
    """What the data say whatever the processes' functions."""
    uses, goods = np.arange(len(net.use_good)), len(net.goods)
    # Of the whole of each input every user would make more than there is, and more again with each layer.
    users = np.where(net.rival, np.bincount(net.use_good, minlength=goods) + net.sells, 1)[net.use_good]
    yield known.rows(-np.log(users), ("use", uses, 1.0), ("good", net.use_good, -1.0))
    recipe = np.flatnonzero(net.use_leontief & (net.coefficient > 0))
    level = net.first_level[net.use_process[recipe]]
    yield known.rows(-np.log(net.coefficient[recipe]), ("level", level, 1.0), ("use", recipe, -1.0))
    made = sparse.coo_array(net.yields)
    makers = np.bincount(made.col, minlength=goods)[made.col]
    yield known.rows(-np.log(np.abs(made.data) * makers), ("level", made.row, 1.0), ("good", made.col, -1.0))
    for name, there in (("sale", net.sells), ("imported", net.imports), ("disposed", net.disposes)):
        at = np.flatnonzero(there)
        yield known.rows(np.zeros(len(at)), (name, at, 1.0), ("good", at, -1.0))
    for name, figure in (("good", net.supply), ("sale", net.reference)):
        at = np.flatnonzero(np.isfinite(figure) & (figure != 0))
        yield known.rows(np.log(np.abs(figure[at])), (name, at, 1.0))
    for name in ("use", "level", "sale", "imported"):
        for bound in net.bounds(name):
            at = np.flatnonzero(np.isfinite(bound) & (bound != 0))
            yield known.rows(np.log(np.abs(bound[at])), (name, at, 1.0))
    for name, price, there in (
        ("sale", net.price, net.sells),
        ("imported", net.import_price, net.imports),
        ("disposed", net.disposal, net.disposes),
        ("level", net.unit_cost, np.ones(len(net.unit_cost), dtype=bool)),
    ):
        at = np.flatnonzero(there & np.isfinite(price) & (price != 0))
        yield known.rows(-np.log(np.abs(price[at])), (name, at, 1.0), ("money", at, -1.0))


def _first_guess(net: Network, known: _Logarithms, weight: float = 1.0) -> Iterator[Equations]:
    """Of a smooth process before any slope is known: its level is what it makes of one unit of each input; of a
    linear one, and where a minimum hides all inputs but one, of each input alone."""
    at = np.flatnonzero(~net.use_leontief)
    if len(at):
        ones = np.ones(len(net.use_good))
        each = _level_at(net, ones)[net.first_level[net.use_process]]
        linear = net.batch["linear"]
        each[linear.use] = linear.a * linear.scale[linear.of]
        for item in net.formulas:
            alone = np.zeros(len(item.use))
            for _, _, slope in _lines(item, ones[item.use]) if item.program.minima() else ():
                alone = np.maximum(alone, np.abs(slope))
            each[item.use] = np.where(alone > 0, alone, each[item.use])
        one = np.where(np.isfinite(each) & (each > 0), each, 1.0)[at]
        level = net.first_level[net.use_process[at]]
        yield known.rows(weight * np.log(one), ("level", level, weight), ("use", at, -weight))


def _elastic(net: Network, known: _Logarithms, found: Array) -> Iterator[Equations]:
    """log level = log f(x) + sum of elasticities * (log use - log x) at the amounts found so far, by level, and of
    a formula with minima by each of their arguments: ordinarily they are of one size.

    A level that is what a cancelling sum leaves has no size of its own, and elasticities beyond reason: it is as
    large as the sum of its terms, of which each input has a share.
    """
    use = np.exp(np.clip(found[known.place["use"] :][: known.size["use"]], -_RANGE, _RANGE)) + net.origin
    lines = _slopes(net, use)
    of_use, of_line, slope, level, number = lines.use, lines.line, lines.slope, lines.value, lines.level
    with np.errstate(all="ignore"):
        term = slope * (use - net.origin)[of_use]
        terms = np.bincount(of_line, np.abs(term), len(level))
        cancels = ~(terms <= _MOST_ELASTIC * np.abs(level))
        level = np.where(cancels, terms, level)
        weight = np.where(cancels[of_line], np.abs(term), term) / level[of_line]
    sound = np.isfinite(level) & (np.abs(level) > 0)
    bad = ~np.isfinite(weight)
    sound[of_line[bad]] = False
    kept = sound[of_line]
    at = np.flatnonzero(sound)
    row = np.searchsorted(at, of_line[kept])
    size = np.log(np.abs(level[at])) - np.bincount(
        row, weight[kept] * np.log((use - net.origin)[of_use[kept]]), len(at)
    )
    ones = known.rows(np.zeros(len(at)), ("level", number[at], 1.0))[0]
    terms = sparse.csr_array(
        (-weight[kept], (row, known.place["use"] + of_use[kept])), shape=(len(at), known.count)
    )
    yield sparse.csr_array(ones + terms), size


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Levels as functions of uses, a line each: which level it is, its value; by slope, its line and its use."""

    level: Array
    value: Array
    use: Array
    line: Array
    slope: Array


def _level_at(net: Network, use: Array) -> Array:
    with np.errstate(all="ignore"):
        return net.levels(use)


def _slopes(net: Network, use: Array) -> _Slopes:
    """The lines of smooth processes: one for each level, and one for each argument of a formula's minima."""
    level, value, of_use, line, slope = [], [], [], [], []
    count = 0
    with np.errstate(all="ignore"):
        for technology, batch in net.families:
            x = use[batch.use]
            made = technology.level(batch, x)
            level.append(net.first_level[batch.process])
            value.append(made)
            of_use.append(batch.use)
            line.append(count + batch.of)
            slope.append(technology.partials(batch, x, made))
            count += len(made)
        for item in net.formulas:
            for number, made, slopes in _lines(item, use[item.use]):
                level.append(np.array([number]))
                value.append(np.array([made]))
                of_use.append(item.use)
                line.append(np.full(len(item.use), count))
                slope.append(slopes)
                count += 1
    empty = [np.zeros(0, dtype=int), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0)]
    found = zip(empty, (level, value, of_use, line, slope), strict=True)
    return _Slopes(*(np.concatenate([nothing, *parts]) for nothing, parts in found))


def _lines(item: FormulaProcess, x: Array) -> Iterator[tuple[int, float, Array]]:
    """Each output of a formula, its value and its slopes, each minimum taken for its first argument, then for its
    second, and so on, as far as it has any."""
    most = max((len(item.program.arguments[step]) for step in item.program.minima()), default=1)
    for k in range(most):
        yield from _line(item, x, partial(_kth, k))


def _line(
    item: FormulaProcess, x: Array, pick: Callable[[Sequence[Any]], Any]
) -> Iterator[tuple[int, float, Array]]:
    program = item.program
    values = program.run(
        [np.float64(amount) for amount in x], lambda name: pick if name == MIN else PRIMITIVES[name].value
    )
    for number, step in zip(item.level.tolist(), program.outputs, strict=True):
        adjoint = program.sweep_through(values, {step: 1.0}, lambda least: pick(program.arguments[least]))
        yield number, float(values[step]), np.asarray(adjoint[: len(x)], dtype=float)


def _kth(k: int, of: Sequence[Any]) -> Any:
    return of[min(k, len(of) - 1)]


def _groups(net: Network, known: _Logarithms) -> Array:
    """Unknowns that share equations with those of their own group alone, goods, levels and money aside, which are
    of none (-1): a smooth process's uses are a group, all others are each their own."""
    group = np.arange(known.count)
    uses = slice(known.place["use"], known.place["use"] + known.size["use"])
    many = np.bincount(net.use_process, minlength=len(net.processes))[net.use_process] > _MOST_TOGETHER
    together = np.where(many, -1, known.count + net.use_process)
    group[uses] = np.where(net.use_leontief, group[uses], together)
    for name in ("good", "level"):
        group[known.place[name] : known.place[name] + known.size[name]] = -1
    group[-1] = -1
    return group


def _fitted(equations: list[Equations], group: Array, begin: Array, accuracy: float) -> Array:
    """The least squares solution, from whose normal equations the unknowns that are of a group are eliminated
    first: they are most of them. Of many others it is found by conjugate gradients, from a first guess."""
    matrix = sparse.csr_array(sparse.vstack([rows for rows, _ in equations], format="csr"))
    target = np.concatenate([values for _, values in equations])
    faint = _FAINT * sparse.eye_array(matrix.shape[1])
    normal, right = sparse.csr_array(matrix.T @ matrix + faint), matrix.T @ target
    inner, leaf = np.flatnonzero(group < 0), np.flatnonzero(group >= 0)
    outer = normal[leaf]
    across, inverse = sparse.csr_array(outer[:, inner]), _inverse(sparse.coo_array(outer[:, leaf]), group[leaf])
    back = sparse.csr_array(across.T @ inverse)
    left = sparse.csr_array(normal[inner][:, inner] - back @ across)
    goal, found = right[inner] - back @ right[leaf], begin.copy()
    if len(inner) <= _FEW:
        found[inner] = spsolve(sparse.csc_array(left), goal)
    else:
        near, begun = sparse.diags_array(1.0 / left.diagonal()), begin[inner]
        found[inner], _ = cg(left, goal, x0=begun, rtol=accuracy, maxiter=_MOST_STEPS, M=near)
    found[leaf] = inverse @ (right[leaf] - across @ found[inner])
    return found


def _inverse(matrix: sparse.coo_array, group: Array) -> sparse.csr_array:
    """The inverse of a matrix without entries between groups, block by block of one size."""
    order = np.argsort(group, kind="stable")
    _, first, of, size = np.unique(group[order], return_index=True, return_inverse=True, return_counts=True)
    number, place = np.empty(len(group), dtype=int), np.empty(len(group), dtype=int)
    number[order], place[order] = of, np.arange(len(group)) - first[of]
    begin = np.concatenate([[0], np.cumsum(size**2)])
    blocks = np.zeros(begin[-1])
    mine = number[matrix.row]
    blocks[begin[mine] + place[matrix.row] * size[mine] + place[matrix.col]] = matrix.data
    row, column = np.empty(len(blocks), dtype=int), np.empty(len(blocks), dtype=int)
    for k in np.unique(size).tolist():
        those = np.flatnonzero(size == k)
        at = begin[those][:, None] + np.arange(k * k)
        blocks[at] = np.linalg.inv(blocks[at].reshape(-1, k, k)).reshape(-1, k * k)
        members = order[first[those][:, None] + np.arange(k)]
        row[at], column[at] = np.repeat(members, k, axis=1), np.tile(members, k)
    return sparse.csr_array((blocks, (row, column)), shape=matrix.shape)
