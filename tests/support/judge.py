"""What a polyhedral chain's answer is: status, value and every price's ends, proven in fractions.

SoPlex solves the program in scaled units, and only its last basis is taken: in fractions that basis is proven
optimal, infeasible or unbounded, or pivoted until it is. Without SoPlex it starts from nothing, and takes longer.

    low  = d(optimal value)/d(supply) for one more unit,    high = for one less

infinite where no plan can follow on that side: low -inf, high inf.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import numpy as np
from exact_simplex import Simplex, Start, Tangent
from linear_program import LinearProgram, state
from scipy import sparse
from scipy.sparse.linalg import lsmr

import chainopt as co

try:
    from pyscipopt import LP
except ImportError:
    LP = None

MOST_PIVOTS = 5000
SMALL, SAMPLED = 200, 20
"""Of a chain of more processes than SMALL only SAMPLED goods are priced, unless asked for by name."""

VALUE_PART, PRICE_PART, ORDINARY_PART = 1e-6, 1e-6, 1e-8

Number = Fraction | float


@dataclass(frozen=True)
class Judged:
    """An answer, with what its tolerances are relative to: `money`, all that the plan earns and costs, each for
    itself; `ordinary`, the price that is ordinary for a good, and under "" the ordinary money of a plan."""

    status: str
    value: Fraction | None = None
    low: Mapping[str, Number] = field(default_factory=dict)
    high: Mapping[str, Number] = field(default_factory=dict)
    money: float = 0.0
    ordinary: Mapping[str, float] = field(default_factory=dict)


def judge(chain: co.Chain, goods: Iterable[str] | None = None) -> Judged:
    """The chain's status ("optimal", "infeasible" or "unbounded", infeasible asked first), value, and ends of the
    prices of `goods`. Raises NotPolyhedral, and TooLong where the basis took too many pivots."""
    program = state(chain)
    if program.crossed:
        return Judged("infeasible")
    scales = Scales.of(program)
    simplex = Simplex(program, soplex_basis(program, scales), scales.weights)
    status = simplex.optimise(MOST_PIVOTS)
    if status != "optimal":
        return Judged(status)
    names = [good.good for good in chain.goods]
    if goods is None and len(chain.processes) > SMALL:
        names = Random(chain.name).sample(names, min(SAMPLED, len(names)))
    chosen = names if goods is None else [chain.good(name).good for name in goods]
    tangent = Tangent(simplex)
    low: dict[str, Number] = {}
    high: dict[str, Number] = {}
    for name in chosen:
        more = tangent.derivative(program.goods[name], 1, MOST_PIVOTS)
        less = tangent.derivative(program.goods[name], -1, MOST_PIVOTS)
        low[name] = -math.inf if more is None else more
        high[name] = math.inf if less is None else less
    ordinary = {name: math.ldexp(1.0, scales.rows[program.goods[name]] - scales.money) for name in chosen}
    money = sum(
        abs(float(program.cost[index] * value)) for index, value in simplex.standing() if index < len(program.cost)
    )
    return Judged("optimal", simplex.value(), low, high, money, ordinary | {"": math.ldexp(1.0, -scales.money)})


def same(judged: Judged, solution: co.Solution) -> list[str]:
    """Where a solution differs from the judge, as text; empty where it doesn't.

    The value may be off by 1e-6 of the plan's money (all receipts and costs, each for itself) and 1e-8 of an
    ordinary plan's; a price or an end by 1e-6 of the end and 1e-8 of the good's ordinary price. What is ordinary
    is the unit in which the program's figures are nearest to 1.
    """
    status = solution.status.value
    if status != judged.status:
        return [f"status {status}, not {judged.status}: {solution.message}"]
    if judged.value is None:
        return []
    found = []
    off = VALUE_PART * judged.money + ORDINARY_PART * judged.ordinary[""]
    if solution.objective is None or not abs(solution.objective - float(judged.value)) <= off:
        found.append(f"value {solution.objective}, not {float(judged.value)}")
    table = co.prices(solution.chain, solution).set_index("good")
    for name, low in judged.low.items():
        row, high = table.loc[name], judged.high[name]
        found += _prices_differ(name, row, float(low), float(high), ORDINARY_PART * judged.ordinary[name])
    return found


def _prices_differ(
    name: str, row: Mapping[str, object], low: float, high: float, ordinary: float
) -> Iterator[str]:
    if not isinstance(row["interval"], str):
        yield f"{name}: no interval, not [{low}, {high}]"
        return
    for end, expected in (("low", low), ("high", high)):
        shown = _number(row[end])
        if shown is None:
            shown = -math.inf if end == "low" else math.inf
        if not _near(shown, expected, ordinary):
            yield f"{name}: {end} {shown}, not {expected}"
    price = _number(row["price"])
    if price is None:
        if math.isfinite(low) or math.isfinite(high):
            yield f"{name}: no price, though in [{low}, {high}]"
    elif not (price >= low or _near(price, low, ordinary)) or not (price <= high or _near(price, high, ordinary)):
        yield f"{name}: price {price} outside [{low}, {high}]"


def _number(figure: object) -> float | None:
    return float(figure) if isinstance(figure, (int, float)) and not math.isnan(figure) else None


def _near(shown: float, expected: float, ordinary: float) -> bool:
    if math.isinf(shown) or math.isinf(expected):
        return shown == expected
    return abs(shown - expected) <= PRICE_PART * abs(expected) + ordinary


@dataclass(frozen=True)
class Scales:
    """Powers of two: row i times 2^rows[i], column j in units of 2^columns[j], money times 2^money."""

    rows: list[int]
    columns: list[int]
    money: int

    @classmethod
    def of(cls, program: LinearProgram) -> Scales:
        """The least squares of all figures' logarithms (Curtis and Reid 1972, with sides, bounds and costs)."""
        size, width = len(program.right), len(program.columns)
        entries: list[tuple[int, int, float]] = []
        target: list[float] = []

        def ask(figure: Fraction, signs: Mapping[int, float]) -> None:
            entries.extend((len(target), unknown, sign) for unknown, sign in signs.items())
            target.append(math.log2(figure.denominator) - math.log2(abs(figure.numerator)))

        for index, column in enumerate(program.columns):
            for row, entry in column.items():
                ask(entry, {row: 1.0, size + index: 1.0})
            if program.cost[index]:
                ask(program.cost[index], {size + index: 1.0, size + width: 1.0})
            for end in {program.low[index], program.high[index]}:
                if end:
                    ask(end, {size + index: -1.0})
        for row, right in enumerate(program.right):
            if right:
                ask(right, {row: 1.0})
        if not target:
            return cls([0] * size, [0] * width, 0)
        places, unknowns, signs = zip(*entries, strict=True)
        matrix = sparse.csr_matrix((signs, (places, unknowns)), shape=(len(target), size + width + 1))
        powers = [int(power) for power in np.rint(lsmr(matrix, np.array(target), maxiter=300)[0])]
        return cls(powers[:size], powers[size:-1], powers[-1])

    @property
    def weights(self) -> list[float]:
        """What counts as one of each column and of each row's logical."""
        return [math.ldexp(1.0, power) for power in (*self.columns, *(-power for power in self.rows))]


def soplex_basis(program: LinearProgram, scales: Scales) -> Start:
    """SoPlex's last basis, whatever it says of it; none at all where SoPlex is not there."""
    if LP is None or not program.columns:
        return Start(())
    solver = LP("chain", "maximize")
    infinity = solver.infinity()

    def end(figure: Fraction | None, power: int, otherwise: float) -> float:
        return otherwise if figure is None else math.ldexp(float(figure), -power)

    right = [math.ldexp(float(value), power) for value, power in zip(program.right, scales.rows, strict=True)]
    solver.addRows([[] for _ in right], right, right)
    powers = scales.columns
    solver.addCols(
        [
            [(row, math.ldexp(float(entry), scales.rows[row] + power)) for row, entry in column.items()]
            for column, power in zip(program.columns, powers, strict=True)
        ],
        [math.ldexp(float(cost), power + scales.money) for cost, power in zip(program.cost, powers, strict=True)],
        [end(low, power, -infinity) for low, power in zip(program.low, powers, strict=True)],
        [end(high, power, infinity) for high, power in zip(program.high, powers, strict=True)],
    )
    solver.solve(True)
    columns, rows = solver.getBase()
    basic, upper = 1, 2
    return Start(
        tuple(index for index, where in enumerate((*columns, *rows)) if where == basic),
        frozenset(index for index, where in enumerate(columns) if where == upper),
    )
