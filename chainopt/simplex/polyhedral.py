"""A polyhedral chain as a linear program, stated from the network by code that shares nothing with Pyomo.

    maximise   worth x   subject to   A x = right,   low <= x <= high

A chain is *polyhedral* where every function is Leontief or linear, every formula is made of affine steps and
`min`, and no demand has a curve. Every row is an equation; a limit is a bound of its column:

    row        one for each                          states                                       its price
    good       good                                  taken + sold + disposed - imported - made = supply
                                                     non-rival: quantity + disposed - imported - made = supply
    reading    use of a non-rival good               use - quantity (+ spare) = 0                 reading
    demand     non-rival good that is sold           sale - quantity = 0                          reading_sale
    level      level of a linear process, a formula  what it takes or makes - level = a constant
    argument   argument of a minimum                 minimum - argument + spare = a constant      minimum

Columns are levels (a recipe's alone moves all of its goods), uses of other processes, sales, imports, disposals,
quantities, minima and spares. Nothing is removed first, and a figure is the number as typed: 3 * 0.1 is 0.3.
A minimum is relaxed: it may stay below all its arguments, so that it must pull its formula's outputs up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, isfinite
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.network.network import Network
from chainopt.simplex.straight import NotPolyhedralError, Straight, straight_formulas
from chainopt.technology.arrays import Array

Numbers = Callable[[Any], Array]
"""How figures are held: as floats, or as fractions of the numbers as typed."""
COLUMNS = ("level", "use", "sale", "imported", "disposed", "quantity", "least", "spare")
ROWS = ("good", "reading", "demand", "level", "argument")


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """The entries of A and the vectors, in floats or in fractions, and where each kind of column and row stands.

    first: where each kind of COLUMNS begins, and at which column its things stand (-1: it has none); of_row: the
    same of ROWS. holder: each limit's column, and the amount that it bounds per unit of that column.
    """

    net: Network
    row: Array
    column: Array
    value: Array
    right: Array
    low: Array
    high: Array
    worth: Array
    place: dict[str, Array]
    of_row: dict[str, Array]
    holder: Array
    per: Array
    found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def matrix(self) -> sparse.csc_array:
        shape = (len(self.right), len(self.worth))
        return sparse.csc_array((self.value.astype(float), (self.row, self.column)), shape=shape)


def floats(values: Any) -> Array:
    """Figures as floats."""
    return np.asarray(values, dtype=float)


def typed(values: Any) -> Array:
    """Figures as fractions of their shortest decimals; what is infinite stays so."""
    given = np.asarray(values, dtype=float).ravel()
    found = np.empty(len(given), dtype=object)
    found[:] = [Fraction(repr(x)) if isfinite(x) else x for x in given.tolist()]
    return found


def linear_program(net: Network, numbers: Numbers = floats) -> LinearProgram:
    """The program of a polyhedral chain; raises NotPolyhedralError."""
    formulas = straight_formulas(net)
    place, counts = _places(net, formulas)
    rows, heights = _row_places(net, formulas)
    parts = [*_balances(net, numbers, place), *_readings(net, numbers, place, rows)]
    parts += [*_linear_levels(net, numbers, place, rows), *_formula_levels(net, formulas, numbers, place, rows)]
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    kept = value != 0
    right = numbers(np.zeros(sum(heights)))
    right[: len(net.goods)] = numbers(net.supply)
    right[[row for row, _ in _constants(formulas, rows)]] = _held(
        [c for _, c in _constants(formulas, rows)], numbers
    )
    low, high = _signs(net, place, counts, numbers)
    holder, per = _holders(net, numbers, place)
    for limit, at, each in zip(net.limits, holder.tolist(), per, strict=True):
        bound = numbers([limit.bound])[0] / each
        if limit.sign < 0 or limit.fixed:
            low[at] = max(low[at], bound)
        if limit.sign > 0 or limit.fixed:
            high[at] = min(high[at], bound)
    worth = _worth(net, numbers, place, counts)
    entries = (row[kept], column[kept], value[kept])
    return LinearProgram(net, *entries, right, low, high, worth, place, rows, holder, per)


def _places(net: Network, formulas: Sequence[Straight]) -> tuple[dict[str, Array], list[int]]:
    """Where each level, use, ... stands among the columns, -1: it has none; and how many of each there are."""
    minima = [len(line) for formula in formulas for line in formula.minima]
    spare = np.concatenate([net.use_leontief & ~net.rival[net.use_good], np.ones(sum(minima), dtype=bool)])
    there = {
        "level": np.ones(len(net.level_process), dtype=bool),
        "use": ~net.use_leontief,
        "sale": net.sells,
        "imported": net.imports,
        "disposed": net.disposes,
        "quantity": ~net.rival,
        "least": np.ones(len(minima), dtype=bool),
        "spare": spare,
    }
    return _numbered(there)


def _row_places(net: Network, formulas: Sequence[Straight]) -> tuple[dict[str, Array], list[int]]:
    arguments = sum(len(line) for formula in formulas for line in formula.minima)
    return _numbered(
        {
            "good": np.ones(len(net.goods), dtype=bool),
            "reading": ~net.rival[net.use_good],
            "demand": net.sells & ~net.rival,
            "level": ~net.leontief[net.level_process],
            "argument": np.ones(arguments, dtype=bool),
        }
    )


def _numbered(there: dict[str, Array]) -> tuple[dict[str, Array], list[int]]:
    place, counts, first = {}, [], 0
    for name, chosen in there.items():
        place[name] = np.where(chosen, first + np.cumsum(chosen) - 1, -1)
        counts.append(int(chosen.sum()))
        first += counts[-1]
    return place, counts


Entries = tuple[Array, Array, Array]


def _recipe(net: Network, uses: Array, numbers: Numbers) -> Array:
    """What a unit of its level takes by these uses of recipes."""
    if numbers is floats:
        return net.coefficient[uses]
    records, first = net.chain.processes, np.searchsorted(net.use_process, np.arange(len(net.processes)))
    process = net.use_process[uses]
    given = zip(process.tolist(), (uses - first[process]).tolist(), strict=True)
    pairs = [(records[p].inputs[i].coefficient or 0.0, records[p].scale) for p, i in given]
    a, scale = np.array(pairs, dtype=float).reshape(-1, 2).T
    return numbers(a) / numbers(scale)


def _balances(net: Network, numbers: Numbers, place: dict[str, Array]) -> Iterator[Entries]:
    one = numbers([1.0])[0]
    taken = net.rival[net.use_good]
    fixed, free = np.flatnonzero(taken & net.use_leontief), np.flatnonzero(taken & ~net.use_leontief)
    yield (
        net.use_good[fixed],
        place["level"][net.first_level[net.use_process[fixed]]],
        _recipe(net, fixed, numbers),
    )
    yield net.use_good[free], place["use"][free], np.full(len(free), one)
    made = sparse.coo_array(net.yields)
    yield made.col, place["level"][made.row], -numbers(made.data)
    rival, goods = net.rival, np.arange(len(net.goods))
    for name, chosen, sign in (
        ("sale", net.sells & rival, one),
        ("disposed", net.disposes, one),
        ("imported", net.imports, -one),
        ("quantity", ~rival, one),
    ):
        yield goods[chosen], place[name][chosen], np.full(int(chosen.sum()), sign)


def _readings(
    net: Network, numbers: Numbers, place: dict[str, Array], rows: dict[str, Array]
) -> Iterator[Entries]:
    one = numbers([1.0])[0]
    reads = np.flatnonzero(~net.rival[net.use_good])
    fixed, free = reads[net.use_leontief[reads]], reads[~net.use_leontief[reads]]
    yield (
        rows["reading"][fixed],
        place["level"][net.first_level[net.use_process[fixed]]],
        _recipe(net, fixed, numbers),
    )
    yield rows["reading"][fixed], place["spare"][fixed], np.full(len(fixed), one)
    yield rows["reading"][free], place["use"][free], np.full(len(free), one)
    yield rows["reading"][reads], place["quantity"][net.use_good[reads]], np.full(len(reads), -one)
    sold = np.flatnonzero(net.sells & ~net.rival)
    yield rows["demand"][sold], place["sale"][sold], np.full(len(sold), one)
    yield rows["demand"][sold], place["quantity"][sold], np.full(len(sold), -one)


def _linear_levels(
    net: Network, numbers: Numbers, place: dict[str, Array], rows: dict[str, Array]
) -> Iterator[Entries]:
    batch = net.batch["linear"]
    level = net.first_level[batch.process]
    yield rows["level"][level[batch.of]], place["use"][batch.use], numbers(batch.a)
    one = numbers([1.0])[0]
    yield rows["level"][level], place["level"][level], -one / numbers(batch.scale)


def _formula_levels(
    net: Network, formulas: Sequence[Straight], numbers: Numbers, place: dict[str, Array], rows: dict[str, Array]
) -> Iterator[Entries]:
    entries: list[tuple[int, int, Fraction]] = []
    least = argument = 0
    uses = len(net.use_good)
    for formula in formulas:
        at = {("use", i): int(place["use"][u]) for i, u in enumerate(formula.item.use.tolist())}
        at |= {("least", i): int(place["least"][least + i]) for i in range(len(formula.minima))}
        for level, line in zip(formula.item.level.tolist(), formula.outputs, strict=True):
            row = int(rows["level"][level])
            entries.append((row, int(place["level"][level]), Fraction(1)))
            entries += [(row, at[key], -w) for key, w in line.weight.items()]
        for i, lines in enumerate(formula.minima):
            for line in lines:
                row = int(rows["argument"][argument])
                weight = {("least", i): Fraction(1)}
                for key, w in line.weight.items():
                    weight[key] = weight.get(key, Fraction(0)) - w
                entries += [(row, at[key], w) for key, w in weight.items()]
                entries.append((row, int(place["spare"][uses + argument]), Fraction(1)))
                argument += 1
        least += len(formula.minima)
    rows_, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    yield np.array(rows_, dtype=int), np.array(columns, dtype=int), _held(values, numbers)


def _constants(formulas: Sequence[Straight], rows: dict[str, Array]) -> list[tuple[int, Fraction]]:
    """The right sides of formulas' rows: the constants of their lines."""
    found, argument = [], 0
    for formula in formulas:
        found += [
            (int(rows["level"][k]), line.constant)
            for k, line in zip(formula.item.level, formula.outputs, strict=True)
        ]
        for lines in formula.minima:
            found += [(int(rows["argument"][argument + j]), line.constant) for j, line in enumerate(lines)]
            argument += len(lines)
    return found


def _held(values: Sequence[Fraction], numbers: Numbers) -> Array:
    """Fractions in the way in which figures are held."""
    found = np.empty(len(values), dtype=object)
    found[:] = list(values)
    return found.astype(float) if numbers is floats else found


def _signs(net: Network, place: dict[str, Array], counts: list[int], numbers: Numbers) -> tuple[Array, Array]:
    """Bounds before limits: at least 0, but for what may have either sign."""
    low, high = numbers(np.zeros(sum(counts))), numbers(np.full(sum(counts), inf))
    formula = [item.level for item in net.formulas]
    levels = np.concatenate([np.zeros(0, dtype=int), *formula])
    signed = np.concatenate(
        [
            place["level"][levels],
            place["use"][net.signed & (place["use"] >= 0)],
            place["sale"][net.sells & net.sale_signed],
            place["quantity"][place["quantity"] >= 0],
            place["least"],
        ]
    )
    low[signed] = -inf
    return low, high


def _holders(net: Network, numbers: Numbers, place: dict[str, Array]) -> tuple[Array, Array]:
    """The column that each limit bounds, and the limited amount per unit of it."""
    holder = np.zeros(len(net.limits), dtype=int)
    per = np.full(len(net.limits), numbers([1.0])[0])
    for i, limit in enumerate(net.limits):
        recipe = limit.amount == "use" and bool(net.use_leontief[limit.index])
        if recipe:
            holder[i] = place["level"][net.first_level[net.use_process[limit.index]]]
            per[i] = _recipe(net, np.array([limit.index]), numbers)[0]
        else:
            holder[i] = place[limit.amount][limit.index]
    return holder, per


def _worth(net: Network, numbers: Numbers, place: dict[str, Array], counts: list[int]) -> Array:
    worth = numbers(np.zeros(sum(counts)))
    for name, there, price in (
        ("sale", net.sells & ~np.isnan(net.price), net.price),
        ("imported", net.imports, -net.import_price),
        ("disposed", net.disposes, -net.disposal),
        ("level", net.unit_cost != 0, -net.unit_cost),
    ):
        worth[place[name][there]] = numbers(price[there])
    return worth


def is_polyhedral(net: Network) -> bool:
    """Whether a chain is a linear program."""
    try:
        straight_formulas(net)
    except NotPolyhedralError:
        return False
    return True
