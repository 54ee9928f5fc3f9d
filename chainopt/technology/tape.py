"""A program as a list of operations, each of a primitive and earlier steps; its values; its reverse sweep.

    forward    z_i = f_i(z_j, z_k, ...)                               j, k < i
    reverse    adjoint_j += adjoint_i df_i/dz_j                       from the last step to the first

An `again` step closes a loop: its value is that of a *later* step, one round before, and at the fixed point the
two are equal. Forward and in reverse the loops are solved for together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from chainopt.technology.primitives import ROWS

_NEWTON = 50
_CLOSED = 1e-9
INPUT, CONSTANT, AGAIN, MIN = "input", "constant", "again", "min"

Edges = tuple[list[int], list[int], list[Any]]


class NoFixedPointError(ArithmeticError):
    """A loop without a fixed point, forward or in reverse; the message says which of the two."""


@dataclass(frozen=True, slots=True)
class Tape:
    """Numbered steps over numbered inputs, which are the first of them.

    operations: "input", "constant", "again" or the name of a primitive; arguments: the steps that each reads;
    constants: the constants' values, by step; outputs: the steps that are the result.
    """

    inputs: tuple[str, ...]
    operations: Sequence[str]
    arguments: Sequence[tuple[int, ...]]
    constants: Mapping[int, Any]
    outputs: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.operations)

    def run(
        self,
        inputs: Sequence[Any],
        function: Callable[[str], Callable[..., Any]],
        again: Mapping[int, Any] | None = None,
    ) -> list[Any]:
        """Every step's value, in order; function(name) gives the primitive in the caller's own terms.

        A function of several arguments, `min`, is given them as one list. again: the values of the last round.
        """
        fixed = dict(again or {})
        fixed.update(self.constants)
        first = len(self.inputs)
        rules = {name: function(name) for name in set(self.operations) - {INPUT, CONSTANT, AGAIN}}
        values = list(inputs)
        steps = zip(self.operations[first:], self.arguments[first:], strict=True)
        for i, (operation, of) in enumerate(steps, first):
            if operation == MIN:
                values.append(rules[MIN]([values[j] for j in of]))
            elif operation in rules:
                values.append(
                    rules[operation](values[of[0]], values[of[1]])
                    if len(of) == 2
                    else rules[operation](values[of[0]])
                )
            else:
                values.append(fixed[i])
        return values

    def values(self, inputs: Sequence[float], again: Mapping[int, float] | None = None) -> list[Any]:
        """Every step's value in floating point; outside a domain nan or inf, without a warning.

        Loops are closed by Newton's method from the values `again` (default: 1); raises NoFixedPointError where it
        finds no fixed point.
        """
        loops = self.loops()
        targets = list(loops.values())
        carried = np.array([(again or {}).get(leaf, 1.0) for leaf in loops])
        given = [np.float64(x) for x in inputs]
        best, found = np.inf, None
        with np.errstate(all="ignore"):
            for _ in range(_NEWTON):
                values = self.run(
                    given, lambda name: ROWS[name].value, dict(zip(loops, carried.tolist(), strict=True))
                )
                if not loops:
                    return values
                gap = np.array([values[target] for target in targets]) - carried
                error = float(np.max(np.abs(gap) / (self.sizes(values) + 1e-300)))
                if not error < 0.5 * best:
                    break
                best, found = error, values
                response = self._response(self.edges(values), loops)
                try:
                    carried = carried + np.linalg.solve(np.eye(len(loops)) - response.T, gap)
                except np.linalg.LinAlgError:
                    break
        if found is None or best > _CLOSED:
            raise NoFixedPointError("the loop has no fixed point near where it starts")
        return found

    def sizes(self, values: Sequence[float]) -> np.ndarray:
        """The size of each loop's value: its own, or that of what it is the sum or difference of."""
        loops = self.loops().values()
        return np.array([max(abs(values[j]) for j in (target, *self.arguments[target])) for target in loops])

    def loops(self) -> dict[int, int]:
        """Each `again` step, and the later step whose value it is."""
        if AGAIN not in self.operations:
            return {}
        return {i: self.arguments[i][0] for i, name in enumerate(self.operations) if name == AGAIN}

    def minima(self) -> list[int]:
        """The steps that are a minimum of others."""
        return [i for i, name in enumerate(self.operations) if name == MIN] if MIN in self.operations else []

    def read_by(self, outputs: Iterable[int]) -> set[int]:
        """The steps that these depend on, themselves among them, whatever the slopes; not constants."""
        reached = set(outputs) - self.constants.keys()
        ahead = list(reached)
        while ahead:
            new = set(self.arguments[ahead.pop()]) - reached - self.constants.keys()
            reached |= new
            ahead += new
        return reached

    def edges(self, values: Sequence[Any]) -> Edges:
        """Every derivative of a step in an earlier one that is not constant: (step, argument, slope), in order.

        Each primitive's partials are evaluated once, for all of its steps together. A `min` step has none, since a
        minimum has no derivative where its arguments meet; `again` has none within a round.
        """
        known = np.array(values)
        count = np.fromiter(map(len, self.arguments), np.int64, len(self))
        argument = np.fromiter(chain.from_iterable(self.arguments), np.int64, int(count.sum()))
        first = np.cumsum(count) - count
        names = {name: code for code, name in enumerate(dict.fromkeys(self.operations))}
        code = np.fromiter(map(names.__getitem__, self.operations), np.int64, len(self))
        varies = np.ones(len(self), dtype=bool)
        varies[list(self.constants)] = False
        step = np.repeat(np.arange(len(self)), count)
        slope = np.zeros(len(argument), dtype=known.dtype)
        kept = np.zeros(len(argument), dtype=bool)
        with np.errstate(all="ignore"):
            for name in names.keys() - {INPUT, CONSTANT, AGAIN, MIN}:
                rows = np.flatnonzero(code == names[name])
                for k, partial in enumerate(ROWS[name].partials):
                    of = rows[varies[argument[first[rows] + k]]]
                    given = [known[argument[first[of] + m]] for m in range(len(ROWS[name].partials))]
                    # Tracers among the values: NumPy's functions would refuse an array of both kinds.
                    each = np.frompyfunc(partial, len(given) + 1, 1) if known.dtype == object else partial
                    slope[first[of] + k] = each(known[of], *given)
                    kept[first[of] + k] = True
        return step[kept].tolist(), argument[kept].tolist(), slope[kept].tolist()

    def back(self, edges: Edges, seeds: Iterable[tuple[int, Any]]) -> list[Any]:
        """One pass in reverse: adjoints of every step, loops open; what has no weight passes nothing on."""
        adjoint: list[Any] = [0.0] * len(self)
        for at, seed in seeds:
            adjoint[at] += seed
        for i, j, partial in zip(*map(reversed, edges), strict=True):
            weight = adjoint[i]
            if weight.__class__ is not float or weight:
                adjoint[j] += weight * partial
        return adjoint

    def sweep(self, values: Sequence[Any], seeds: Mapping[int, Any], edges: Edges | None = None) -> np.ndarray:
        """The reverse sweep: adjoints sum_k seed_k d(step k)/d(step i) of every step i, given all values.

        A `min` step is a leaf: its adjoint is that of the step's own value, and goes no further; seed its
        arguments to go on. What a loop carries back is the adjoint of its fixed point, t = b + R t; raises
        NoFixedPointError where that is singular. edges: those of the values, where they are known already.
        """
        edges, loops = edges or self.edges(values), self.loops()
        adjoint = self.back(edges, seeds.items())
        if loops:
            response = self._response(edges, loops)
            own = np.array([adjoint[leaf] for leaf in loops])
            try:
                carried = np.linalg.solve(np.eye(len(loops)) - response, own)
            except np.linalg.LinAlgError:
                raise NoFixedPointError("the loop's adjoints have no fixed point") from None
            adjoint = self.back(edges, [*seeds.items(), *zip(loops.values(), carried.tolist(), strict=True)])
        return np.array(adjoint)

    def sweep_through(
        self, values: Sequence[Any], seeds: Mapping[int, float], argument: Callable[[int], int]
    ) -> np.ndarray:
        """The reverse sweep with each minimum taken for one of its arguments: argument(step) gives which step."""
        total = self.sweep(values, seeds)
        for step in reversed(self.minima()):
            if total[step]:
                total = total + self.sweep(values, {argument(step): float(total[step])})
        return total

    def _response(self, edges: Edges, loops: Mapping[int, int]) -> np.ndarray:
        """R[i, k] = d(what loop k comes to)/d(what loop i was in the round before)."""
        back = [self.back(edges, [(target, 1.0)]) for target in loops.values()]
        return np.array([[adjoint[leaf] for adjoint in back] for leaf in loops]).reshape(len(loops), len(loops))

    def responses(self, values: Sequence[float]) -> np.ndarray:
        """J[k, i] = d(what loop k comes to)/d(what loop i was in the round before)."""
        return self._response(self.edges(values), self.loops()).T
