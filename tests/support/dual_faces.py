"""All optimal prices of a linear program, in fractions: every ray of the cone over its optimal dual face.

HiGHS only suggests which variables are used. Their plan is solved for exactly; that it keeps every row, and that
prices support it, proves both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import inf

import numpy as np
from scipy.optimize import linprog

Number = float | Fraction
Vector = list[Fraction]
Ends = tuple[Fraction | float, Fraction | float]
# A row's coefficients, its sense, and its right side.
Row = tuple[Sequence[Number], str, Number]


def typed(number: Number) -> Fraction:
    """A number as it was typed: 0.1 is a tenth."""
    return Fraction(str(number))


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True) if x and y), Fraction(0))


def nullspace(rows: Sequence[Sequence[Fraction]], n: int) -> list[Vector]:
    """A basis of all z of length n with rows z = 0, by elimination."""
    reduced: dict[int, Vector] = {}
    for row in rows:
        rest = list(row)
        for pivot, known in reduced.items():
            if by := rest[pivot]:
                rest = [x - by * y for x, y in zip(rest, known, strict=True)]
        pivot = next((i for i, x in enumerate(rest) if x), None)
        if pivot is None:
            continue
        rest = [x / rest[pivot] for x in rest]
        for other, known in reduced.items():
            if by := known[pivot]:
                reduced[other] = [x - by * y for x, y in zip(known, rest, strict=True)]
        reduced[pivot] = rest
    free = [i for i in range(n) if i not in reduced]
    return [[-reduced[i][f] if i in reduced else Fraction(i == f) for i in range(n)] for f in free]


def rays(inequalities: Sequence[Vector], n: int) -> list[Vector]:
    """The extreme rays of the pointed cone of all z of length n with inequalities z >= 0.

    By double description (Motzkin, Raiffa, Thompson and Thrall, 1953): one inequality after the other cuts the
    cone, and each edge between a ray that stays and one that goes gives a new one.
    """
    first: list[Vector] = []
    for row in inequalities:
        if len(nullspace([*first, row], n)) < n - len(first):
            first.append(row)
    assert len(first) == n, "the cone has a line in it"
    found = []
    for row in first:
        (ray,) = nullspace([other for other in first if other is not row], n)
        found.append([x / dot(row, ray) for x in ray])
    done = list(first)
    for row in inequalities:
        if row in first:
            continue
        at = [dot(row, ray) for ray in found]
        tight = [{k for k, other in enumerate(done) if dot(other, ray) == 0} for ray in found]
        kept = [ray for ray, side in zip(found, at, strict=True) if side >= 0]
        for i, j in combinations(range(len(found)), 2):
            if at[i] * at[j] < 0 and sum(tight[i] & tight[j] <= others for others in tight) == 2:
                crossing = [abs(at[j]) * x + abs(at[i]) * y for x, y in zip(found[i], found[j], strict=True)]
                kept.append([x / max(map(abs, crossing)) for x in crossing])
        found = kept
        done.append(row)
    return found


def dual_face(c: Sequence[Number], rows: Mapping[str, Row]) -> tuple[Fraction, dict[str, Ends]]:
    """The greatest c x under the rows, x >= 0, and the least and greatest worth of one more unit of each good.

    A row `a x <= b` is a good of which there is b, `a x >= b` one of which b is asked, and `=` one that can't be
    left over. Raises AssertionError where the suggested plan is not optimal.
    """
    sign = {good: -1 if sense == ">=" else 1 for good, (_, sense, _) in rows.items()}
    a = {good: [sign[good] * typed(x) for x in row] for good, (row, _, _) in rows.items()}
    b = {good: sign[good] * typed(bound) for good, (_, _, bound) in rows.items()}
    earned = [typed(x) for x in c]
    plan = exact_plan(earned, a, b, [good for good, (_, sense, _) in rows.items() if sense == "="])
    tight = [good for good in rows if dot(a[good], plan) == b[good]]
    # Of the unknowns (prices of the tight rows, 1), made homogeneous: what column j takes, less what it earns.
    columns = [[a[good][j] for good in tight] + [-earned[j]] for j in range(len(plan))]
    unit = [[Fraction(i == k) for i in range(len(tight) + 1)] for k in range(len(tight) + 1)]
    at_least_0 = [column for column, level in zip(columns, plan, strict=True) if level == 0]
    at_least_0 += [unit[k] for k, good in enumerate(tight) if rows[good][1] != "="] + [unit[-1]]
    basis = nullspace([column for column, level in zip(columns, plan, strict=True) if level], len(tight) + 1)
    ends: dict[str, list[Fraction | float]] = {good: [] for good in tight}
    supported = False
    for ray in rays([[dot(row, z) for z in basis] for row in at_least_0], len(basis)):
        *prices, one = (dot(ray, entries) for entries in zip(*basis, strict=True))
        supported |= one > 0
        for good, price in zip(tight, prices, strict=True):
            if one:
                ends[good].append(price / one)
            elif price:
                ends[good].append(inf if price > 0 else -inf)
    assert supported, "no prices support the suggested plan"
    face = {good: (min(ends[good]), max(ends[good])) if good in ends else (Fraction(0),) * 2 for good in rows}
    return dot(earned, plan), face


def exact_plan(earned: Vector, a: Mapping[str, Vector], b: Mapping[str, Fraction], equal: Sequence[str]) -> Vector:
    """A vertex of a x <= b (= where equal), x >= 0: the one that HiGHS thinks best, in fractions."""
    below = [good for good in a if good not in equal]
    found = linprog(
        -np.array(earned, dtype=float),
        A_ub=np.array([a[good] for good in below], dtype=float) if below else None,
        b_ub=np.array([b[good] for good in below], dtype=float) if below else None,
        A_eq=np.array([a[good] for good in equal], dtype=float) if equal else None,
        b_eq=np.array([b[good] for good in equal], dtype=float) if equal else None,
        method="highs-ds",
    )
    assert found.status == 0, found.message
    used = [j for j, level in enumerate(found.x) if level > 1e-7 * max(1.0, *found.x)]
    slack = {good: float(b[good]) - float(np.dot(np.array(a[good], dtype=float), found.x)) for good in a}
    equations = [
        [a[good][j] for j in used] + [-b[good]] for good in a if abs(slack[good]) < 1e-7 * max(1.0, *found.x)
    ]
    (solved,) = nullspace(equations, len(used) + 1)
    plan = [Fraction(0)] * len(earned)
    for j, level in zip(used, solved, strict=False):
        plan[j] = level / solved[-1]
    assert all(level >= 0 for level in plan)
    for good in a:
        made = dot(a[good], plan)
        assert made == b[good] if good in equal else made <= b[good], good
    return plan
