"""A sparse basis as triangles, in fractions."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

ZERO, ONE = Fraction(0), Fraction(1)
Sparse = dict[int, Fraction]


class Factors:
    """L and U of a basis, its slots against its rows. `replaced`: slots that depend on others, each with a row's
    logical in their place."""

    def __init__(self, columns: Sequence[Sparse]) -> None:
        self.steps: list[tuple[int, int, Fraction]] = []
        self.lower: list[tuple[int, list[tuple[int, Fraction]]]] = []
        self.upper_row: dict[int, list[tuple[int, Fraction]]] = {}
        self.upper_column: dict[int, list[tuple[int, Fraction]]] = defaultdict(list)
        self.replaced: dict[int, int] = {}
        rows: list[Sparse] = [{} for _ in columns]
        places: list[set[int]] = [set() for _ in columns]
        for slot, column in enumerate(columns):
            for row, entry in column.items():
                rows[row][slot] = entry
                places[slot].add(row)
        self._eliminate(rows, places)
        for row, entries in self.upper_row.items():
            for slot, entry in entries:
                self.upper_column[slot].append((row, entry))

    def _eliminate(self, rows: list[Sparse], places: list[set[int]]) -> None:
        """Columns of one entry first, then the shortest row and its rarest column."""
        choice = _Choice(rows, places)
        for row, slot in choice:
            pivot, below = rows[row].pop(slot), []
            others = rows[row]
            for one in others:
                choice.leave(one, row)
            places[slot].discard(row)
            for other in places[slot]:
                factor = rows[other].pop(slot) / pivot
                below.append((other, factor))
                _subtract(rows[other], factor, others, other, choice)
            if below:
                self.lower.append((row, below))
            self.upper_row[row] = list(others.items())
            self.steps.append((row, slot, pivot))
        self.replaced = dict(zip(sorted(choice.slots), sorted(choice.rows), strict=True))
        if self.replaced:
            for row, entries in self.upper_row.items():
                self.upper_row[row] = [(slot, entry) for slot, entry in entries if slot not in self.replaced]
            for slot, row in self.replaced.items():
                self.upper_row[row] = []
                self.steps.append((row, slot, ONE))

    def solve(self, right: Sparse) -> Sparse:
        """x, by slot, of B x = right, by row."""
        right = dict(right)
        for row, below in self.lower:
            value = right.get(row)
            if value:
                for other, factor in below:
                    right[other] = right.get(other, ZERO) - factor * value
        found = {}
        for row, slot, pivot in reversed(self.steps):
            value = right.get(row)
            if value:
                value /= pivot
                found[slot] = value
                for other, entry in self.upper_column.get(slot, ()):
                    right[other] = right.get(other, ZERO) - entry * value
        return found

    def solve_transposed(self, right: Sparse) -> Sparse:
        """y, by row, of B'y = right, by slot."""
        right = dict(right)
        found: Sparse = {}
        for row, slot, pivot in self.steps:
            value = right.get(slot)
            if value:
                value /= pivot
                found[row] = value
                for other, entry in self.upper_row[row]:
                    right[other] = right.get(other, ZERO) - entry * value
        for row, below in reversed(self.lower):
            change = sum((factor * found[other] for other, factor in below if other in found), ZERO)
            if change:
                found[row] = found.get(row, ZERO) - change
        return {row: value for row, value in found.items() if value}


class _Choice:
    """The next pivot, as long as there is one; `rows` and `slots` are those without."""

    def __init__(self, entries: list[Sparse], places: list[set[int]]) -> None:
        self.entries, self.places = entries, places
        self.rows, self.slots = set(range(len(entries))), set(range(len(entries)))
        self.singles = [slot for slot, found in enumerate(places) if len(found) == 1]
        self.short = [(len(found), row) for row, found in enumerate(entries)]
        heapq.heapify(self.short)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        while (pivot := self._next()) is not None:
            self.rows.discard(pivot[0])
            self.slots.discard(pivot[1])
            yield pivot

    def _next(self) -> tuple[int, int] | None:
        while self.singles:
            slot = self.singles.pop()
            if slot in self.slots and len(self.places[slot]) == 1:
                return next(iter(self.places[slot])), slot
        while self.short:
            length, row = heapq.heappop(self.short)
            if row in self.rows and length == len(self.entries[row]) and length:
                return row, min(self.entries[row], key=lambda slot: (len(self.places[slot]), slot))
        return None

    def leave(self, slot: int, row: int) -> None:
        """The slot has nothing more in the row."""
        self.places[slot].discard(row)
        if len(self.places[slot]) == 1:
            self.singles.append(slot)


def _subtract(target: Sparse, factor: Fraction, entries: Sparse, row: int, choice: _Choice) -> None:
    for slot, entry in entries.items():
        changed = target.get(slot, ZERO) - factor * entry
        if changed:
            target[slot] = changed
            choice.places[slot].add(row)
        else:
            del target[slot]
            choice.leave(slot, row)
    heapq.heappush(choice.short, (len(target), row))
