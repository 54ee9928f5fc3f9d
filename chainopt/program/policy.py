"""A chain at a plan -> a program of its supplies, whose value and derivatives are the chain's value and prices.

    x_u = sigma_u * (q_g - what is taken of g at all events)          a good shared among its free uses

By the envelope theorem any rule that says how a plan goes on from here, and that keeps binding limits, earns the
optimum's derivative. Here free uses keep their shares, which are parameters of the program; Leontief levels and
imports stay as they are. Where a good has no free use, one operation in use follows from its balance, and so does
one from each binding limit of a smooth process: `absorbers` picks them. A value that is needed to find itself is
carried from round to round; where its rounds would not settle, it is corrected by the inverse of its own response:

    z <- z + (I - J)^-1 (F(z) - z),     J = dF/dz at the plan
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from chainopt.backprop.absorbers import GOOD, LIMIT, READING, Column, Row, Structure, absorbers, structure
from chainopt.backprop.operations import DISPOSAL, IMPORT, LEVEL, SALE, USE
from chainopt.chain.chain import Chain
from chainopt.network.network import FormulaProcess, Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import SAME
from chainopt.program.program import Program
from chainopt.program.tracer import Recording, Tracer, primitive
from chainopt.solution.solution import Solution
from chainopt.technology.families import Objects, objects
from chainopt.technology.primitives import PRIMITIVES
from chainopt.technology.tape import AGAIN, MIN

_SLOW = 0.9

Node = tuple[str, int]


def to_program(chain: Chain, solution: Solution) -> Program:
    """The chain at its plan as a program of its supplies and shares.

    Its value is the objective; its derivative in a supply, the argument of the good's name, is the good's price.
    Goods and processes that the plan leaves at rest are not in it. It takes memory by the square of the number of
    goods without a free use, and time by its cube: seconds at a thousand. Raises ValueError where the solution is
    not certified, and where a price is not unique, so that no program has it as its derivative.
    """
    if not solution.certified or solution.net is None or solution.plan is None or solution.derivatives is None:
        raise ValueError(f"the chain has no certified solution ({solution.status}): a program goes on from a plan")
    net, plan, ops = solution.net, solution.plan, solution.derivatives.operations
    found = structure(net, plan, ops)
    with _deep(net):
        policy = _Policy(net, plan, found, absorbers(found))
        value = policy.value()
        policy.settle()
    recording = policy.recording
    recording.name(value, "value")
    tape = recording.tape([recording.step_of(value)])
    inputs = recording.values[: len(tape.inputs)]
    loops = {leaf: recording.values[leaf] for leaf in tape.loops()}
    values = [float(known) for known in tape.values(inputs, loops)]
    program = Program(chain.name or "chain", tape, values, 0, ("",), given=dict(recording.names))
    _check(program, solution)
    return program


def _check(program: Program, solution: Solution) -> None:
    """Refuse a program whose derivatives are not the chain's prices: a plan so delicate that none is found."""
    net, intervals, derivatives = solution.net, solution.intervals, solution.derivatives
    assert net and intervals and derivatives
    slope, noise = program.gradient, 0.1 * derivatives.operations.measure.trifle
    for good, low, high, least in zip(net.goods, intervals.low, intervals.high, noise, strict=True):
        found = slope.get(good, np.nan)
        slack = SAME * (abs(found) + least)
        if found < low - slack or found > high + slack:
            raise ValueError(
                f'the derivative in "{good}" would be {found:.8g} for a price of {low:.8g}: the plan is too '
                "delicate for a program; rescale the units or tighten the tolerance"
            )


@contextmanager
def _deep(net: Network) -> Iterator[None]:
    """Room for a chain's own depth of calls."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 12 * (len(net.goods) + len(net.level_process) + len(net.use_good)))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


class _Policy:
    """Amounts as tracers, each found from the others when it is first asked for."""

    def __init__(self, net: Network, plan: Plan, found: Structure, pulled: dict[Column, Row]):
        self.net, self.plan, self.found, self.pulled = net, plan, found, pulled
        self.recording = Recording(limit=sys.maxsize)
        self.known: dict[Node, Any] = {}
        self.loops: dict[Node, Tracer] = {}
        self.asked: set[Node] = set()
        goods = np.flatnonzero(found.moving)
        self.supply = {int(g): self.recording.input(net.goods[g], float(net.supply[g])) for g in goods}
        rows = {i for kind, i in pulled.values() if kind == GOOD}
        self.group = {
            int(g): [] if g in rows else [column for column in found.groups[int(g)] if column not in pulled]
            for g in goods
            if net.rival[g]
        }
        self.share: dict[Column, Any] = {}
        for members in self.group.values():
            total = sum(self.amount(member) for member in members)
            for member in members if len(members) > 1 else ():
                self.share[member] = self.recording.input(self._share_name(member), self.amount(member) / total)

    def amount(self, column: Column) -> float:
        """What an operation moves at the plan."""
        plan = self.plan
        of = {USE: plan.use, LEVEL: plan.level, SALE: plan.sale, IMPORT: plan.imported, DISPOSAL: plan.disposed}
        return float(of[column[0]][column[1]])

    def _share_name(self, column: Column) -> str:
        kind, i = column
        net = self.net
        if kind == USE:
            return f"share of {net.goods[net.use_good[i]]}: {net.processes[net.use_process[i]]}"
        return f"share of {net.goods[i]}: {'sale' if kind == SALE else 'disposal'}"

    def _name(self, node: Node) -> str:
        net, (kind, i) = self.net, node
        if kind == "use":
            return f"{net.goods[net.use_good[i]]} to {net.processes[net.use_process[i]]}"
        if kind == "tie":
            return f"tie of {net.processes[self.found.tie_process[i]]}"
        if kind == "level":
            several = int(np.sum(net.level_process == net.level_process[i])) > 1
            return f"{net.processes[net.level_process[i]]}{f': {net.level_good[i]}' if several else ' level'}"
        return f"{net.goods[i]} {kind}"

    def get(self, kind: str, i: int) -> Any:
        """An amount: "there is" and "left" of a good, "use", "level", "sold", "imported", "disposed of"."""
        node = (kind, i)
        if node in self.known:
            return self.known[node]
        if kind == "tie":
            self.get("level", int(self.net.first_level[self.found.tie_process[i]]))
            self.asked.add(node)
        if node in self.known:
            return self.known[node]
        if node in self.asked:
            if node not in self.loops:
                self.loops[node] = self.recording.leaf(AGAIN, f"{self._name(node)} before", self._start(node))
            return self.loops[node]
        self.asked.add(node)
        found = getattr(self, kind.replace(" ", "_"))(i)
        self.known.setdefault(node, self.recording.name(found, self._name(node)))
        return self.known[node]

    def _start(self, node: Node) -> float:
        kind, i = node
        if kind == "tie":
            return 0.0
        if kind in ("there is", "left"):
            whole = float(self.plan.quantity(self.net)[i])
            if kind == "there is":
                return whole
            return sum(self.amount(member) for member in self.group[i])
        return self.amount((_KINDS[kind], i))

    def there_is(self, g: int, without: Column | None = None) -> Any:
        """Supply, imports and what processes make of a good, but for one operation."""
        total = self.supply[g]
        if self.found.imports[g] and without != (IMPORT, g):
            total = total + self.get("imported", g)
        for k, yield_ in self.found.makers[g]:
            if without != (LEVEL, k):
                total = total + _times(yield_, self.get("level", k))
        return total

    def left(self, g: int) -> Any:
        """What the free uses of a good share."""
        return self.less(self.get("there is", g), g)

    def less(self, total: Any, g: int, without: Column | None = None) -> Any:
        """A total less what is taken of a good at all events, but for one operation."""
        for taken in self.taken(g, without):
            total = total - taken
        return total

    def taken(self, g: int, without: Column | None = None) -> Iterator[Any]:
        """What is taken of a good at all events, but for one operation."""
        for column in self.found.takers[g]:
            if column == without or column in self.group[g]:
                continue
            kind, i = column
            if kind == LEVEL:
                yield _times(self.found.takes[g, i], self.get("level", i))
            else:
                yield self.get(_WORDS[kind], i)

    def use(self, u: int) -> Any:
        """What a smooth process takes: all of a non-rival good, its share, its limit, or what is left."""
        g = int(self.net.use_good[u])
        return self.flow(g, (USE, u)) if self.net.rival[g] else self.quantity(g)

    def flow(self, g: int, column: Column) -> Any:
        """A flow of a rival good: a share of what is left, or as of `follows`."""
        if column in self.group.get(g, ()):
            left = self.get("left", g)
            return self.share[column] * left if column in self.share else left
        return self.follows(column)

    def follows(self, column: Column) -> Any:
        """An amount that a row determines, or that stays at its limit, or as at the plan."""
        return self.pull(column) if column in self.pulled else self.found.held.get(column, self.amount(column))

    def quantity(self, g: int) -> Any:
        """What there is of a non-rival good, less what is thrown away."""
        whole = self.get("there is", g)
        return whole - self.get("disposed of", g) if self.found.disposes[g] else whole

    def sold(self, g: int) -> Any:
        """What final demand takes."""
        return self.flow(g, (SALE, g)) if self.net.rival[g] else self.quantity(g)

    def imported(self, g: int) -> Any:
        """What is imported: as at the plan, or what a balance asks for."""
        return self.follows((IMPORT, g))

    def disposed_of(self, g: int) -> Any:
        """What is thrown away."""
        return self.flow(g, (DISPOSAL, g))

    def level(self, k: int) -> Any:
        """A process's level: what its inputs make, or a Leontief process's own."""
        net, p = self.net, int(self.net.level_process[k])
        if net.leontief[p]:
            return self.follows((LEVEL, k))
        for j, made in self.made(p):
            self.known[("level", j)] = self.recording.name(made, self._name(("level", j)))
        return self.known[("level", k)]

    def made(self, p: int) -> list[tuple[int, Any]]:
        """Every level of a smooth process from its inputs."""
        net = self.net
        if family := net.family(p):
            technology, batch = family
            batch = batch.taking(self.found.flows[batch.use])
            taken = objects([self.get("use", int(u)) for u in batch.use])
            return [(int(net.first_level[p]), technology.level(batch, taken, Objects(_operation))[0])]
        item = net.formulas[net.place[p]]
        inputs = [self.get("use", int(u)) if self.found.flows[u] else float(self.plan.use[u]) for u in item.use]
        values = item.program.run(inputs, self._function(item))
        return [(int(k), values[i]) for k, i in zip(item.level, item.program.outputs, strict=True)]

    def _function(self, item: FormulaProcess) -> Callable[[str], Callable[..., Any]]:
        known = iter(item.program.minima())

        def least(arguments: list[Any]) -> Any:
            minimum = self.found.minima[item.process, next(known)]
            tight = [arguments[j] for j in minimum.tight]
            for number, row in enumerate(minimum.ties, 1):
                self.known["tie", row] = tight[0] - tight[number]
            return tight[0]

        return lambda name: least if name == MIN else _operation(name)

    def pull(self, column: Column) -> Any:
        """The amount of an operation that a row determines: a good's balance, a limit, a reading, a tie."""
        net, found = self.net, self.found
        row = self.pulled[column]
        kind, i = row
        slope = found.effects(column)[row]
        if kind == GOOD and not (column[0] == USE and net.use_good[column[1]] != i):
            return self.residual(i, column, slope)
        if kind == READING:
            return self.quantity(int(net.use_good[i])) / net.coefficient[i]
        known = self.get(_WORDS[column[0]], column[1])
        if kind == GOOD:
            gap = -self.less(self.get("there is", i), i)
        elif kind == LIMIT:
            gap = found.bound[i] - self.get("level", i)
        else:
            gap = self.get("tie", i)
        return known + gap * (1.0 / slope)

    def residual(self, g: int, column: Column, slope: float) -> Any:
        """What closes a balance: what there is, less what others take, per unit of the operation."""
        rest = self.there_is(g, without=column) if column[0] in (LEVEL, IMPORT) else self.get("there is", g)
        return _times(-1.0 / slope, self.less(rest, g, without=column))

    def value(self) -> Any:
        """The objective: final demand's value less what imports, disposal and levels cost."""
        net, found = self.net, self.found
        total: Any = 0
        for g in np.flatnonzero(found.sells & ~np.isnan(net.price)):
            total = total + self.demand(int(g))
        for word, cost, paid in (
            ("imported", net.import_price, found.imports),
            ("disposed of", net.disposal, found.disposes & (np.nan_to_num(net.disposal) != 0)),
            ("level", net.unit_cost, (net.unit_cost != 0) & found.runs[net.level_process]),
        ):
            for i in np.flatnonzero(paid).tolist():
                total = total - _times(float(cost[i]), self.get(word, i))
        return total

    def demand(self, g: int) -> Any:
        """What final demand pays for a sale: see plan.demand_value."""
        net, sale, price = self.net, self.get("sold", g), float(self.net.price[g])
        if not np.isfinite(net.elasticity[g]):
            return _times(price, sale)
        reference, power = float(net.reference[g]), 1.0 - 1.0 / float(net.elasticity[g])
        ratio = sale / reference
        curve = _operation("log")(ratio) if power == 0 else (ratio**power - 1.0) / power
        return price * reference * curve

    def settle(self) -> None:
        """Close the loops, those that would settle slowly or not at all by their inverse response."""
        recording = self.recording
        leaves = list(self.loops.values())
        targets = [self.known[node] for node in self.loops]
        if not leaves:
            return
        for leaf, target in zip(leaves, targets, strict=True):
            recording.close(leaf, target)
        response = recording.tape([]).responses(recording.values)
        count, label = connected_components(sparse.csr_array(response != 0), connection="strong")
        for component in range(count):
            of = np.flatnonzero(label == component)
            inner = response[np.ix_(of, of)]
            if np.max(np.abs(np.linalg.eigvals(inner))) < _SLOW:
                continue
            try:
                inverse = np.linalg.inv(np.eye(len(of)) - inner)
            except np.linalg.LinAlgError:
                raise ValueError(
                    "a cycle of the chain has no derivative at its plan: no program has one"
                ) from None
            gaps = [targets[j] - leaves[j] for j in of]
            for i, weights in zip(of, inverse, strict=True):
                corrected = leaves[i]
                for weight, gap in zip(weights.tolist(), gaps, strict=True):
                    corrected = corrected + weight * gap
                recording.close(leaves[i], corrected)


def _times(factor: float, amount: Any) -> Any:
    return amount if factor == 1 else -amount if factor == -1 else factor * amount


def _operation(name: str) -> Callable[..., Any]:
    row = PRIMITIVES[name]
    return primitive(name) if row.function else row.value


_WORDS = {USE: "use", LEVEL: "level", SALE: "sold", IMPORT: "imported", DISPOSAL: "disposed of"}
_KINDS = {word: kind for kind, word in _WORDS.items()}
