"""The simplex method in fractions: a basis is proven right, or is pivoted until it is.

    maximise  c'x   subject to  A x = b,   low <= x <= high

A basis from anywhere is the start; the status, the plan and the prices of the end are exact. Column n + i is the
logical of row i, held at 0. What one more unit on a right side is worth is the optimal value of the *tangent*: the
same program with that right side alone, and each bound counted only where the plan stands on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from exact_factors import ONE, ZERO, Factors, Sparse
from linear_program import LinearProgram


class TooLong(RuntimeError):
    """More pivots than were allowed."""


@dataclass(frozen=True)
class Start:
    """Which columns are basic, and which of the others stand at their upper bound."""

    basic: tuple[int, ...]
    high: frozenset[int] = frozenset()


class Simplex:
    """A program at a basis. `weights`: what counts as one of each column, for choices only."""

    def __init__(self, program: LinearProgram, start: Start, weights: Sequence[float] | None = None) -> None:
        rows = range(len(program.right))
        self.columns = [*program.columns, *({row: ONE} for row in rows)]
        self.cost = [*program.cost, *(ZERO for _ in rows)]
        self.low = [*program.low, *(ZERO for _ in rows)]
        self.high = [*program.high, *(ZERO for _ in rows)]
        self.right = {row: value for row, value in enumerate(program.right) if value}
        self.size = len(rows)
        self.weights = weights or [1.0] * len(self.columns)
        self.across: list[list[tuple[int, Fraction]]] = [[] for _ in rows]
        for index, column in enumerate(program.columns):
            for row, entry in column.items():
                self.across[row].append((index, entry))
        self.pivots = 0
        self.proof: Sparse = {}
        logicals = (len(program.columns) + row for row in rows)
        basic = list(dict.fromkeys(start.basic))[: self.size]
        chosen = set(basic)
        basic += [index for index in logicals if index not in chosen][: self.size - len(basic)]
        self.basic = basic
        self._factorise()
        chosen = set(self.basic)
        self.at: dict[int, Fraction] = {}
        for index in range(len(self.columns)):
            if index not in chosen:
                low, high = self.low[index], self.high[index]
                raised = high is not None and (low is None or index in start.high)
                self.at[index] = (high if raised else low) or ZERO
        self._place()

    def _factorise(self) -> None:
        self.factors = Factors([self.columns[index] for index in self.basic])
        for slot, row in self.factors.replaced.items():
            self.basic[slot] = len(self.columns) - self.size + row
        self.etas: list[tuple[int, Fraction, Sparse]] = []

    def _place(self) -> None:
        right: defaultdict[int, Fraction] = defaultdict(Fraction, self.right)
        for index, value in self.at.items():
            if value:
                for row, entry in self.columns[index].items():
                    right[row] -= entry * value
        self.plan = self._solve(right)

    def _solve(self, right: Sparse) -> Sparse:
        found = self.factors.solve(right)
        for slot, pivot, others in self.etas:
            value = found.get(slot)
            if value:
                value /= pivot
                found[slot] = value
                for other, entry in others.items():
                    found[other] = found.get(other, ZERO) - entry * value
        return {slot: value for slot, value in found.items() if value}

    def _solve_transposed(self, right: Sparse) -> Sparse:
        right = dict(right)
        for slot, pivot, others in reversed(self.etas):
            value = right.get(slot, ZERO)
            value -= sum((entry * right[other] for other, entry in others.items() if other in right), ZERO)
            if value:
                right[slot] = value / pivot
            else:
                right.pop(slot, None)
        return self.factors.solve_transposed(right)

    def prices(self) -> Sparse:
        """What one more unit on each row's right side is worth at this basis."""
        return self._solve_transposed(
            {slot: self.cost[index] for slot, index in enumerate(self.basic) if self.cost[index]}
        )

    def value(self) -> Fraction:
        basic = sum((self.cost[self.basic[slot]] * value for slot, value in self.plan.items()), ZERO)
        return basic + sum((self.cost[index] * value for index, value in self.at.items() if value), ZERO)

    def reduced(self, prices: Sparse, cost: Sequence[Fraction] | None = None) -> Sparse:
        """What one more unit of each column that is not basic earns, where it isn't nothing."""
        cost = self.cost if cost is None else cost
        earned = {index: cost[index] for index in self.at if cost[index]} if cost else {}
        for row, price in prices.items():
            for index, entry in self.across[row]:
                if index in self.at:
                    earned[index] = earned.get(index, ZERO) - price * entry
        return {index: value for index, value in earned.items() if value and self._moves(index)}

    def breach(self, slot: int) -> Fraction:
        """By how much the slot's column is below its low end (negative) or above its high one."""
        value, index = self.plan.get(slot, ZERO), self.basic[slot]
        low, high = self.low[index], self.high[index]
        if low is not None and value < low:
            return value - low
        if high is not None and value > high:
            return value - high
        return ZERO

    def breaches(self) -> Sparse:
        found = ((slot, self.breach(slot)) for slot in range(self.size))
        return {slot: breach for slot, breach in found if breach}

    def optimise(self, most: int) -> str:
        """ "optimal", "infeasible" or "unbounded", infeasible asked first. Raises TooLong after `most` pivots.

        `proof` then holds prices of rows, at which no plan earns more, or can meet its right sides; or, by column,
        a change of the plan that earns without end.
        """
        if breaches := self.breaches():
            if self._refuted(breaches):
                return "infeasible"
            earned = self.reduced(self.prices())
            for index, value in earned.items():
                low, high = self.low[index], self.high[index]
                if low is not None and high is not None:
                    self.at[index] = high if value > 0 else low
            self._place()
            if not any(self._may(index, value > 0) for index, value in earned.items()):
                return self.dual(most, earned)
        return self.primal(most)

    def _refuted(self, breaches: Sparse) -> bool:
        """Whether one row of the tableau alone says that no plan is feasible: a solver may end on such a row."""
        for slot, breach in breaches.items():
            self.proof = self._solve_transposed({slot: ONE if breach < 0 else -ONE})
            if not any(self._may(index, entry < 0) for index, entry in self._across(self.proof).items()):
                return True
        return False

    def _moves(self, index: int) -> bool:
        low = self.low[index]
        return low is None or low != self.high[index]

    def _may(self, index: int, up: bool) -> bool:
        end = self.high[index] if up else self.low[index]
        return end is None or self.at[index] != end

    def primal(self, most: int) -> str:
        stalled = 0
        for _ in range(most):
            breaches = self.breaches()
            if breaches:
                towards = {slot: ONE if breach < 0 else -ONE for slot, breach in breaches.items()}
                self.proof = self._solve_transposed(towards)
                earned = self.reduced(self.proof, [])
            else:
                self.proof = self.prices()
                earned = self.reduced(self.proof)
            inviting = [index for index, value in earned.items() if self._may(index, value > 0)]
            if not inviting:
                return "infeasible" if breaches else "optimal"
            entering = (
                min(inviting)
                if stalled > self.size
                else max(inviting, key=lambda index: (abs(float(earned[index])) * self.weights[index], -index))
            )
            moved = self._enter(entering, ONE if earned[entering] > 0 else -ONE, breaches)
            if moved is None:
                return "unbounded"
            stalled = 0 if moved else stalled + 1
        raise TooLong

    def _enter(self, entering: int, sign: Fraction, breaches: Sparse) -> Fraction | None:
        """Move a column as far as the others allow, and say how far; None where nothing stops it."""
        column = self._solve(self.columns[entering])
        low, high = self.low[entering], self.high[entering]
        step = high - low if low is not None and high is not None else None
        leaving, stop = -1, ZERO
        for slot, entry in column.items():
            rate = -sign * entry
            index, value, breach = self.basic[slot], self.plan.get(slot, ZERO), breaches.get(slot, ZERO)
            if breach:
                if (breach < 0) != (rate > 0):
                    continue
                end = self.low[index] if breach < 0 else self.high[index]
            else:
                end = self.high[index] if rate > 0 else self.low[index]
            if end is None:
                continue
            length = (end - value) / rate
            if step is None or length < step or (length == step and leaving >= 0 and index < self.basic[leaving]):
                step, leaving, stop = length, slot, end
        if step is None:
            self.proof = {self.basic[slot]: -sign * entry for slot, entry in column.items()} | {entering: sign}
            return None
        if leaving < 0:
            self.at[entering] += sign * step
            self._shift(column, sign * step)
        else:
            self._exchange(entering, leaving, stop, column, sign * step)
        return step

    def _shift(self, column: Sparse, change: Fraction) -> None:
        if change:
            for slot, entry in column.items():
                value = self.plan.get(slot, ZERO) - entry * change
                if value:
                    self.plan[slot] = value
                else:
                    self.plan.pop(slot, None)

    def _exchange(self, entering: int, leaving: int, stop: Fraction, column: Sparse, change: Fraction) -> None:
        self._shift(column, change)
        self.at[self.basic[leaving]] = stop
        value = self.at.pop(entering) + change
        self.basic[leaving] = entering
        self.plan.pop(leaving, None)
        if value:
            self.plan[leaving] = value
        self.pivots += 1
        self.etas.append(
            (leaving, column[leaving], {slot: entry for slot, entry in column.items() if slot != leaving})
        )
        if len(self.etas) > 40:
            self._factorise()

    def dual(self, most: int, earned: Sparse) -> str:
        """From a basis at which nothing invites to enter (`earned`: the reduced costs, kept as they change)."""
        for count in range(most):
            breaches = self.breaches()
            if not breaches:
                self.proof = self.prices()
                return "optimal"
            slot = (
                min(breaches, key=lambda one: self.basic[one])
                if count > self.size
                else max(
                    breaches, key=lambda one: (abs(float(breaches[one])) / self.weights[self.basic[one]], -one)
                )
            )
            index, breach = self.basic[slot], breaches[slot]
            self.proof = self._solve_transposed({slot: ONE if breach < 0 else -ONE})
            entries = self._across(self.proof if breach < 0 else {row: -y for row, y in self.proof.items()})
            entering, least = -1, ZERO
            for other, entry in entries.items():
                if not self._may(other, (entry < 0) == (breach < 0)):
                    continue
                ratio = abs(earned.get(other, ZERO) / entry)
                if entering < 0 or ratio < least or (ratio == least and other < entering):
                    entering, least = other, ratio
            if entering < 0:
                return "infeasible"
            rate = earned.get(entering, ZERO) / entries[entering]
            if rate:
                for other, entry in entries.items():
                    value = earned.get(other, ZERO) - rate * entry
                    if value:
                        earned[other] = value
                    else:
                        earned.pop(other, None)
                if self._moves(index):
                    earned[index] = -rate
            earned.pop(entering, None)
            stop = self.low[index] if breach < 0 else self.high[index]
            assert stop is not None
            self._exchange(entering, slot, stop, self._solve(self.columns[entering]), breach / entries[entering])
        raise TooLong

    def _leaving(self, breaches: Sparse, count: int) -> int:
        """The largest breach in what is ordinary for its column; after long, the first column (Bland)."""
        if count > self.size:
            return min(breaches, key=lambda slot: self.basic[slot])
        return max(breaches, key=lambda slot: (abs(float(breaches[slot])) / self.weights[self.basic[slot]], -slot))

    def _across(self, prices: Sparse) -> Sparse:
        """A combination of rows over the columns that may move."""
        entries: Sparse = {}
        for row, value in prices.items():
            for index, entry in self.across[row]:
                if index in self.at and self._moves(index):
                    entries[index] = entries.get(index, ZERO) + value * entry
        return {index: entry for index, entry in entries.items() if entry}

    def standing(self) -> Iterable[tuple[int, Fraction]]:
        """Every column with its value."""
        yield from self.at.items()
        for slot, index in enumerate(self.basic):
            yield index, self.plan.get(slot, ZERO)


class Tangent:
    """One-sided derivatives of the optimal value in right sides, at a basis that is optimal."""

    def __init__(self, optimum: Simplex) -> None:
        self.optimum = optimum
        self.low: list[Fraction | None] = [None] * len(optimum.columns)
        self.high: list[Fraction | None] = [None] * len(optimum.columns)
        for index, value in optimum.standing():
            # Only ends on which the plan stands are ends of small steps.
            self.low[index] = ZERO if value == optimum.low[index] else None
            self.high[index] = ZERO if value == optimum.high[index] else None
        self.prices = optimum.prices()
        self.earned = optimum.reduced(self.prices)

    def derivative(self, row: int, sign: int, most: int) -> Fraction | None:
        """Of the optimal value in the row's right side, for more of it (sign 1) or less (-1); None where no plan
        can follow. Raises TooLong after `most` pivots."""
        step = object.__new__(Simplex)
        step.__dict__.update(self.optimum.__dict__)
        step.low, step.high = self.low, self.high
        step.right = {row: Fraction(sign)}
        step.basic, step.etas = list(self.optimum.basic), list(self.optimum.etas)
        step.at = dict.fromkeys(self.optimum.at, ZERO)
        step.plan = step._solve(step.right)
        if step.dual(most, dict(self.earned)) == "infeasible":
            return None
        return sign * step.value()
