"""Linear programs of textbooks with their published shadow prices, each as a chain of Leontief operations.

A variable is a process without outputs that earns its objective coefficient (a negative unit cost) and uses the
resources; a negative coefficient of a resource is an output. A resource's price is its shadow price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.optimize import linprog
from sizes import near

import chainopt as co


@dataclass(frozen=True)
class Program:
    """maximise c x, A x <= b, x >= 0, with its published optimum and shadow prices (None: not unique)."""

    source: str
    c: list[float]
    a: list[list[float]]
    b: list[float]
    value: float
    prices: list[float] | None


PROGRAMS = {
    "wyndor": Program(
        "Hillier and Lieberman, Introduction to Operations Research, Wyndor Glass Co.",
        [3, 5],
        [[1, 0], [0, 2], [3, 2]],
        [4, 12, 18],
        36,
        [0, 1.5, 1],
    ),
    "giapetto": Program(
        "Winston, Operations Research: Applications and Algorithms, Giapetto's Woodcarving",
        [3, 2],
        [[2, 1], [1, 1], [1, 0]],
        [100, 80, 40],
        180,
        [1, 1, 0],
    ),
    "dakota": Program(
        "Winston, Operations Research: Applications and Algorithms, Dakota Furniture",
        [60, 30, 20],
        [[8, 6, 1], [4, 2, 1.5], [2, 1.5, 0.5], [0, 1, 0]],
        [48, 20, 8, 5],
        280,
        [0, 10, 10, 0],
    ),
    "reddy mikks": Program(
        "Taha, Operations Research: An Introduction, Reddy Mikks Company",
        [5, 4],
        [[6, 4], [1, 2], [-1, 1], [0, 1]],
        [24, 6, 1, 2],
        21,
        [0.75, 0.5, 0, 0],
    ),
    "chvatal": Program(
        "Chvatal, Linear Programming (1983), chapter 2, first example",
        [5, 4, 3],
        [[2, 3, 1], [4, 1, 2], [3, 4, 2]],
        [5, 11, 8],
        13,
        [1, 0, 1],
    ),
    "taha degenerate": Program(
        "Taha, Operations Research: An Introduction, the example of degeneracy",
        [3, 9],
        [[1, 4], [1, 2]],
        [8, 4],
        18,
        None,
    ),
    "beale": Program(
        "Beale, Cycling in the dual simplex algorithm, Naval Research Logistics Quarterly 2 (1955)",
        [0.75, -150, 0.02, -6],
        [[0.25, -60, -0.04, 9], [0.5, -90, -0.02, 3], [0, 0, 1, 0]],
        [0, 0, 1],
        0.05,
        [0, 1.5, 0.05],
    ),
    "chvatal degenerate": Program(
        "Chvatal, Linear Programming (1983), chapter 3, the example of a degenerate dictionary",
        [2, -1, 8],
        [[0, 0, 2], [2, -4, 6], [-1, 3, 4]],
        [1, 3, 2],
        13.5,
        None,
    ),
}


def chain(program: Program) -> co.Chain:
    resources = [f"resource {i}" for i in range(len(program.b))]
    processes = []
    for j, earned in enumerate(program.c):
        column = dict(zip(resources, (row[j] for row in program.a), strict=True))
        processes.append(
            co.Process(
                f"x{j}",
                function="leontief",
                unit_cost=-earned,
                inputs={good: amount for good, amount in column.items() if amount > 0},
                outputs={good: -amount for good, amount in column.items() if amount < 0},
            )
        )
    return co.Chain([co.Good(g, supply=b) for g, b in zip(resources, program.b, strict=True)], processes)


def test_a_degenerate_program_has_no_single_price() -> None:
    solution = co.solve(chain(PROGRAMS["taha degenerate"]))
    assert list(co.prices(solution.chain, solution)["interval"]) == ["bounded", "bounded"]


def dual_face(program: Program) -> list[tuple[float, float]]:
    """The least and the greatest of each dual variable over all optimal duals, by brute force."""
    a, b, c = np.array(program.a), np.array(program.b), np.array(program.c)
    ends = []
    for i in range(len(b)):
        direction = np.eye(len(b))[i]
        found = []
        for sign in (1, -1):
            answer = linprog(sign * direction, A_ub=-a.T, b_ub=-c, A_eq=[b], b_eq=[program.value])
            found.append(np.inf if answer.status == 3 else sign * answer.fun)
        ends.append((found[0], found[1]))
    return ends


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_textbook_program_has_its_published_prices(program: Program) -> None:
    solution = co.solve(chain(program))
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.objective == pytest.approx(program.value, rel=1e-8)
    table = co.prices(solution.chain, solution)
    largest = table["price"].abs().max()
    for row, (low, high) in zip(table.itertuples(), dual_face(program), strict=True):
        assert row.low == near(low, of=largest, rel=1e-7)
        assert row.high == near(high, of=largest, rel=1e-7)
        assert low - 1e-7 * largest <= row.price <= high + 1e-7 * largest
    if program.prices is not None:
        assert table["price"].to_numpy() == near(program.prices, of=largest, rel=1e-8)
        assert table["backprop"].to_numpy() == near(program.prices, of=largest, rel=1e-8)
