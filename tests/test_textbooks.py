"""Published linear programs as chains: value, prices and intervals are those of all optimal duals.

The duals are found in fractions, from the source's own matrix, and are the source's figures where it prints some.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from dual_faces import Ends, dual_face
from published import PROGRAMS
from scipy.sparse.csgraph import connected_components
from sizes import near
from statements import Answer, Program

import chainopt as co


@cache
def truth(name: str) -> tuple[Fraction, dict[str, Ends]]:
    return dual_face(PROGRAMS[name].c, PROGRAMS[name].rows)


def printed(answer: Answer, exact: Ends) -> bool:
    """Whether a published answer is the exact one, to the digits that its source prints."""
    low, high = exact
    if isinstance(answer, tuple):
        return tuple(answer) == exact
    if isinstance(answer, str):
        unit = Fraction(1, 10 ** len(answer.partition(".")[2]))
        return low == high and abs(low - Fraction(answer)) <= unit / 2
    return low == high == Fraction(str(answer))


def makes_itself(program: Program) -> bool:
    """Whether some good takes part, however remotely, in making itself."""
    takes = np.array(
        [np.array(row, dtype=float) * (-1 if sense == ">=" else 1) for row, sense, _ in program.rows.values()]
    )
    parts, _ = connected_components((takes > 0).astype(int) @ (takes < 0).astype(int).T, connection="strong")
    return bool(parts < len(takes))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_fractions_give_the_sources_figures(name: str) -> None:
    program = PROGRAMS[name]
    value, face = truth(name)
    assert printed(program.value, (value, value)), float(value)
    for row, answer in program.prices.items():
        assert printed(answer, face[row]), (row, face[row])


def test_the_published_programs_are_of_all_kinds() -> None:
    assert sum(makes_itself(program) for program in PROGRAMS.values()) >= 5
    assert sum(any(low < high for low, high in truth(name)[1].values()) for name in PROGRAMS) >= 5


@pytest.mark.parametrize("options", [{}, {"method": "simplex"}], ids=["default", "simplex"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_published_program_has_its_value_and_prices(name: str, options: dict[str, str]) -> None:
    program = PROGRAMS[name]
    value, face = truth(name)
    solution = co.solve(program.chain, **options)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.scope == "global"
    assert solution.objective == near(float(value), of=float(value), rel=1e-8)
    largest = [float(end) for ends in face.values() for end in ends]
    unique = all(low == high for low, high in face.values())
    for row in co.prices(program.chain, solution).itertuples():
        low, high = (float(end) for end in face[row.good])
        assert row.low == near(low, of=largest, rel=1e-7), (row.good, "low")
        assert row.high == near(high, of=largest, rel=1e-7), (row.good, "high")
        assert (row.interval == "point") == (low == high), (row.good, "interval")
        assert min(max(row.price, low), high) == near(row.price, of=largest, rel=1e-7), (row.good, "price")
        if unique:
            assert row.backprop == near(low, of=largest, rel=1e-7), (row.good, "backprop")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_published_program_survives_its_workbook(name: str, tmp_path) -> None:
    chain = PROGRAMS[name].chain
    co.write_workbook(chain, tmp_path / "book.xlsx")
    assert co.read_workbook(tmp_path / "book.xlsx") == chain
