"""The planner's problem, stated once: blocks of variables and of rows, from a network's arrays.

    maximise   worth x + demand curves(x)   subject to   low <= A x - n(x) <= high,   x >= 0, or its origin, but for some

x is use, level, sale, imported, disposed, quantity and least, one block after the other; n is 0 but in the rows of
production and minimum. A Leontief process has one variable, its level: its uses are coefficient * level. A
formula's minimum is a variable, least, that may exceed none of the arguments.

    rows         one for each                    state                              their multiplier
    balance      good                            taken - made = supply              price
    reading      use of a non-rival good         taken - quantity = 0 (or <= 0)     reading
    demand       non-rival good that is sold     sale - quantity = 0                reading_sale
    production   level of a smooth process       level - f(uses) = 0                what one more earns
    capacity...  limit of this kind              amount <= bound (or >=, or =)      sign of the limit * rent
    minimum      argument of a minimum           least - argument <= 0              minimum

Multipliers are d(value)/d(right-hand side), Pyomo's convention: a price is its balance's dual as it stands.
`model` writes the blocks in Pyomo's terms and `arrays` in CasADi's; `readback` reads plan and multipliers by them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.network.limits import CAPACITY, MAX_IMPORT, MAX_SALE, MAX_USE, MIN_LEVEL, MIN_SALE
from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.network.plan import Plan

Array = np.ndarray
_Terms = tuple[Array, Array, Array]

_LIMITED = {
    CAPACITY: "level",
    MIN_LEVEL: "level",
    MAX_USE: "use",
    MAX_SALE: "sale",
    MIN_SALE: "sale",
    MAX_IMPORT: "imported",
}
"""The amount that each kind of limit bounds, in the order of their rows."""


@dataclass(frozen=True, slots=True)
class Block:
    """The variables or rows of one name, name[key] in the model, within their bounds.

    of: what their sizes are those of, by number: uses, levels or goods; "": the size of each is 1.
    """

    name: str
    of: str
    index: Array
    keys: Sequence[Hashable]
    low: Array
    high: Array

    def sizes(self, size: Measure) -> Array:
        """What of each counts as one."""
        return np.asarray(getattr(size, self.of)[self.index] if self.of else np.ones(len(self.index)))


@dataclass(frozen=True, slots=True)
class Rows(Block):
    """A block of rows: their coefficients of all variables, the terms in the order in which a model has them.

    A row's dual is sign times the entry `number` of a field of Multipliers; "" is none.
    """

    terms: sparse.csr_array
    multiplier: str
    number: Array
    sign: Array | float = 1.0


@dataclass(frozen=True, slots=True)
class Problem:
    """All blocks, and the objective: worth, a row of coefficients, and the goods with a demand curve.

    uses, least and curves say where in x each use (or its level), each minimum and the sale of each curve stands.
    """

    variables: tuple[Block, ...]
    rows: tuple[Rows, ...]
    worth: sparse.csr_array
    curved: Array
    curves: Array
    uses: Array
    least: Array


def problem(net: Network) -> Problem:
    """The planner's problem of a network; stated once for each."""
    if "problem" not in net.found:
        net.found["problem"] = _Statement(net).problem()
    stated: Problem = net.found["problem"]
    return stated


def starts(net: Network, plan: Plan) -> list[Array]:
    """The values of each block of variables at a plan; 0 where that has none."""
    leasts: list[float] = []
    for item in net.formulas:
        if steps := item.program.minima():
            values = item.program.values(plan.use[item.use])
            leasts += [float(values[step]) for step in steps]
    given = {"quantity": plan.quantity(net), "least": np.array(leasts)}
    found = [
        (given[block.name] if block.name in given else getattr(plan, block.name))[block.index]
        for block in problem(net).variables
    ]
    return [np.where(np.isfinite(values), values, 0.0) for values in found]


def formulas(
    net: Network,
    uses: Mapping[int, Any] | Sequence[Any],
    leasts: Iterable[Any],
    functions: Mapping[str, Callable[..., Any]],
) -> tuple[list[Any], list[Any]]:
    """What the formulas make in these functions' terms, minima as variables; and the minima's arguments."""
    following, made, arguments = iter(leasts), [], []

    def least(of: list[Any]) -> Any:
        arguments.extend(of)
        return next(following)

    known = {**functions, "min": least}
    for item in net.formulas:
        values = item.program.run([uses[u] for u in item.use.tolist()], known.__getitem__)
        made += [values[i] for i in item.program.outputs]
    return made, arguments


class _Statement:
    """A problem while it is stated: at says where in x each use (or its level), level, sale, ... is, by number."""

    def __init__(self, net: Network):
        self.net = net
        pairs = zip(net.use_good.tolist(), net.use_process.tolist(), strict=True)
        self.uses = [(net.goods[g], net.processes[p]) for g, p in pairs]
        several = (np.bincount(net.level_process, minlength=len(net.processes)) > 1).tolist()
        self.levels: list[Hashable] = [
            (net.processes[p], good) if several[p] else net.processes[p]
            for p, good in zip(net.level_process.tolist(), net.level_good, strict=True)
        ]
        self.arguments = [
            (net.processes[item.process], number, i)
            for item in net.formulas
            for number, step in enumerate(item.program.minima())
            for i in range(len(item.program.arguments[step]))
        ]
        self.minima = {key: i for i, key in enumerate(dict.fromkeys(key[:2] for key in self.arguments))}
        self.at: dict[str, Array] = {}
        self.width = 0
        self.variables = tuple(self._variables())
        own = self.at["level"][net.first_level[net.use_process]]
        self.at["use"] = np.where(net.use_leontief, own, self.at["use"])
        self.share = np.where(net.use_leontief, net.coefficient, 1.0)

    def problem(self) -> Problem:
        net = self.net
        paid, curve = net.sells & (np.nan_to_num(net.price) != 0), np.isfinite(net.elasticity)
        worth = [
            self._terms(amount, index, value[index], np.zeros(len(index), dtype=int))
            for amount, chosen, value in (
                ("sale", paid & ~curve, net.price),
                ("imported", net.imports, -net.import_price),
                ("disposed", net.disposes, -net.disposal),
                ("level", True, -net.unit_cost),
            )
            for index in [np.flatnonzero(chosen & (value != 0))]
        ]
        curved = np.flatnonzero(paid & curve)
        return Problem(
            variables=self.variables,
            rows=tuple(self._rows()),
            worth=self._matrix(1, worth),
            curved=curved,
            curves=self.at["sale"][curved],
            uses=self.at["use"],
            least=self.at["least"],
        )

    def _variables(self) -> Iterator[Block]:
        net, goods = self.net, self.net.goods
        none, minima = np.zeros(len(goods), dtype=bool), np.ones(len(self.minima), dtype=bool)
        for name, of, keys, chosen, signed in (
            ("use", "use", self.uses, ~net.use_leontief, net.signed),
            ("level", "level", self.levels, net.level_process >= 0, ~net.leontief[net.level_process]),
            ("sale", "good", goods, net.sells, net.sale_signed),
            ("imported", "good", goods, net.imports, none),
            ("disposed", "good", goods, net.disposes, none),
            ("quantity", "good", goods, ~net.rival, ~none),
            ("least", "", list(self.minima), minima, minima),
        ):
            index = np.flatnonzero(chosen)
            least = net.origin[index] if name == "use" else 0.0
            low, high = np.where(signed[index], -np.inf, least), np.full(len(index), np.inf)
            yield Block(name, of, index, _chosen(keys, index), low, high)
            self.at[name] = self.width - 1 + np.cumsum(chosen)
            self.width += len(index)

    def _rows(self) -> Iterator[Rows]:
        net = self.net
        yield self._balances()
        reads, sold = np.flatnonzero(~net.rival[net.use_good]), np.flatnonzero(~net.rival & net.sells)
        read, loose = net.use_good[reads], np.where(net.use_leontief[reads], -np.inf, 0.0)
        spare = [("use", reads, 1.0), ("quantity", read, -1.0)]
        yield self._each("reading", "good", read, _chosen(self.uses, reads), loose, 0.0, spare, "reading", reads)
        spare = [("sale", sold, 1.0), ("quantity", sold, -1.0)]
        yield self._each("demand", "good", sold, _chosen(net.goods, sold), 0.0, 0.0, spare, "reading_sale", sold)
        firsts = (net.first_level[batch.process] for batch in net.batch.values())
        smooth = np.concatenate([np.zeros(0, dtype=int), *firsts, *(item.level for item in net.formulas)])
        made = [("level", smooth, 1.0)]
        yield self._each("production", "level", smooth, _chosen(self.levels, smooth), 0.0, 0.0, made, "", smooth)
        for kind, amount in _LIMITED.items():
            yield self._limits(kind, amount)
        row = np.arange(len(self.arguments))
        least = [("least", np.array([self.minima[key[:2]] for key in self.arguments], dtype=int), 1.0)]
        yield self._each("minimum", "", row, self.arguments, -np.inf, 0.0, least, "minimum", row)

    def _balances(self) -> Rows:
        net = self.net
        taken, made = np.flatnonzero(net.rival[net.use_good]), net.yields.tocoo()
        moves = [
            self._terms("use", taken, 1.0, net.use_good[taken]),
            self._terms("level", made.row, -made.data, made.col),
        ]
        for amount, chosen, factor in (
            ("quantity", ~net.rival, 1.0),
            ("sale", net.rival & net.sells, 1.0),
            ("disposed", net.disposes, 1.0),
            ("imported", net.imports, -1.0),
        ):
            goods = np.flatnonzero(chosen)
            moves.append(self._terms(amount, goods, factor, goods))
        whole = self._matrix(len(net.goods), moves)
        moved = np.flatnonzero(np.diff(whole.indptr))
        supply, keys = net.supply[moved], _chosen(net.goods, moved)
        return Rows("balance", "good", moved, keys, supply, supply, whole[moved], "price", moved)

    def _limits(self, kind: str, amount: str) -> Rows:
        net = self.net
        number = np.array([i for i, limit in enumerate(net.limits) if limit.kind == kind], dtype=int)
        limits = [net.limits[i] for i in number.tolist()]
        index = np.array([limit.index for limit in limits], dtype=int)
        fixed = np.array([limit.fixed for limit in limits], dtype=bool)
        bound, sign = (
            np.array([getattr(limit, name) for limit in limits], dtype=float) for name in ("bound", "sign")
        )
        low, high = np.where(fixed | (sign < 0), bound, -np.inf), np.where(fixed | (sign > 0), bound, np.inf)
        of = amount if amount in ("use", "level") else "good"
        names: dict[str, Sequence[Hashable]] = {"use": self.uses, "good": net.goods, "level": net.processes}
        keys = _chosen(names[of], net.level_process[index] if of == "level" else index)
        name, amounts = kind.replace(" ", "_"), [(amount, index, 1.0)]
        return self._each(name, of, index, keys, low, high, amounts, "rent", number, sign)

    def _each(
        self,
        name: str,
        of: str,
        index: Array,
        keys: Sequence[Hashable],
        low: Array | float,
        high: Array | float,
        amounts: Sequence[tuple[str, Array, float]],
        multiplier: str,
        number: Array,
        sign: Array | float = 1.0,
    ) -> Rows:
        """Rows with one of each of these amounts, by number, with its factor."""
        row = np.arange(len(index))
        terms = self._matrix(len(row), [self._terms(amount, at, factor, row) for amount, at, factor in amounts])
        low, high = (np.broadcast_to(bound, len(row)).astype(float) for bound in (low, high))
        return Rows(name, of, index, keys, low, high, terms, multiplier, number, sign)

    def _terms(self, amount: str, index: Array, factor: Array | float, rows: Array) -> _Terms:
        """In each of these rows one amount, by number, with its factor."""
        share = self.share[index] if amount == "use" else 1.0
        return rows, np.broadcast_to(factor * share, len(index)), self.at[amount][index]

    def _matrix(self, height: int, terms: Sequence[_Terms]) -> sparse.csr_array:
        """So many rows of coefficients; the terms of each stay in this order."""
        row, factor, column = (np.concatenate(part) for part in zip(*terms, strict=True))
        order = np.argsort(row, kind="stable")
        ends = np.cumsum([0, *np.bincount(row, minlength=height)])
        return sparse.csr_array((factor[order], column[order], ends), shape=(height, self.width))


def _chosen(names: Sequence[Hashable], index: Array) -> list[Hashable]:
    return [names[i] for i in index.tolist()]
