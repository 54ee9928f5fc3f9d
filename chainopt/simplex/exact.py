"""A square system in fractions: what a basis is worth on the numbers as typed.

    B x = b,   B' y = c       by elimination: rows or columns of one entry first, then the shortest row and its
                              rarest column

Zeros are true zeros, and ties are ties. A chain's bases are nearly triangular, so that little fills in.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush

Row = dict[int, Fraction]
_NOTHING = Fraction(0)


class SingularError(ArithmeticError):
    """A matrix whose columns depend on each other."""


class Elimination:
    """A square matrix of fractions, eliminated once for any number of right sides.

    rows: each row's entries by column. Raises SingularError.
    """

    def __init__(self, rows: Sequence[Row]):
        left = [dict(row) for row in rows]
        holds: list[set[int]] = [set() for _ in rows]
        for i, row in enumerate(left):
            for j in row:
                holds[j].add(i)
        self.steps: list[tuple[int, int, Fraction]] = []
        self.pivots: list[tuple[int, int]] = []
        waiting = [(len(row), i) for i, row in enumerate(left)]
        heapify(waiting)
        single = [j for j, of in enumerate(holds) if len(of) == 1]
        gone = [False] * len(left)
        while len(self.pivots) < len(left):
            r, c = _alone(single, holds) or _shortest(waiting, left, holds, gone)
            pivot = left[r]
            for i in list(holds[c]):
                if i != r:
                    self._eliminate(left, holds, i, r, c, single)
                    heappush(waiting, (len(left[i]), i))
            for j in pivot:
                holds[j].discard(r)
                if len(holds[j]) == 1 and j != c:
                    single.append(j)
            holds[c].clear()
            gone[r] = True
            self.pivots.append((r, c))
        self.upper = left

    def _eliminate(
        self, left: list[Row], holds: list[set[int]], i: int, r: int, c: int, single: list[int]
    ) -> None:
        row, pivot = left[i], left[r]
        factor = row[c] / pivot[c]
        self.steps.append((i, r, factor))
        for j, value in pivot.items():
            new = row.get(j, _NOTHING) - factor * value
            if new:
                row[j] = new
                holds[j].add(i)
            elif j in row:
                del row[j]
                holds[j].discard(i)
                if len(holds[j]) == 1:
                    single.append(j)

    def solve(self, right: Sequence[Fraction]) -> list[Fraction]:
        """x, by column, of B x = right."""
        b = list(right)
        for i, r, factor in self.steps:
            if b[r]:
                b[i] -= factor * b[r]
        x = [_NOTHING] * len(b)
        for r, c in reversed(self.pivots):
            row = self.upper[r]
            rest = b[r] - sum((value * x[j] for j, value in row.items() if j != c and x[j]), _NOTHING)
            x[c] = rest / row[c]
        return x

    def solve_transposed(self, right: Sequence[Fraction]) -> list[Fraction]:
        """y, by row, of B' y = right."""
        b, y = list(right), [_NOTHING] * len(right)
        for r, c in self.pivots:
            if b[c]:
                row = self.upper[r]
                y[r] = b[c] / row[c]
                for j, value in row.items():
                    if j != c:
                        b[j] -= value * y[r]
        for i, r, factor in reversed(self.steps):
            if y[i]:
                y[r] -= factor * y[i]
        return y


def _alone(single: list[int], holds: list[set[int]]) -> tuple[int, int] | None:
    """A column that one row alone still has: nothing is to be eliminated."""
    while single:
        c = single.pop()
        if len(holds[c]) == 1:
            return next(iter(holds[c])), c
    return None


def _shortest(
    waiting: list[tuple[int, int]], left: list[Row], holds: list[set[int]], gone: list[bool]
) -> tuple[int, int]:
    while waiting:
        length, r = heappop(waiting)
        if gone[r]:
            continue
        if length != len(left[r]):
            heappush(waiting, (len(left[r]), r))
            continue
        if not left[r]:
            break
        return r, min(left[r], key=lambda j: len(holds[j]))
    raise SingularError("the columns depend on each other")
