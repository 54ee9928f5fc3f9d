"""The planner's problem, stated once: blocks of variables and of rows, from a network's arrays.

    maximise   worth x + demand curves(x)   subject to   low <= A x - n(x) <= high,   x >= 0 but for some

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
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.network.limits import KINDS
from chainopt.network.measure import Measure
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.technology.arrays import Array


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
    """All blocks in the order of x and of the rows; worth, the objective's linear part, is a row of coefficients.

    amounts: each use, level, sale, ... of the network in terms of x: matrices with at most one entry in a row.
    curved: the goods whose demand has a curve.
    """

    variables: tuple[Block, ...]
    rows: tuple[Rows, ...]
    worth: sparse.csr_array
    amounts: dict[str, sparse.csr_array]
    curved: Array


def problem(net: Network) -> Problem:
    """The planner's problem of a network; stated once for each."""
    if "problem" not in net.found:
        net.found["problem"] = _problem(net)
    stated: Problem = net.found["problem"]
    return stated


def members(model: Any, blocks: Iterable[Block]) -> list[Any]:
    """The parts of a model that these blocks name, in their order."""
    return [part for block in blocks for part in getattr(model, block.name).values()]


def starts(net: Network, plan: Plan) -> list[Array]:
    """The values of each block of variables at a plan; 0 where it has none."""
    leasts: list[float] = []
    for item in net.formulas:
        if steps := item.program.minima():
            values = item.program.values(plan.use[item.use])
            leasts += [float(values[step]) for step in steps]
    given = {item.name: getattr(plan, item.name) for item in fields(plan)}
    given |= {"quantity": plan.quantity(net), "least": np.array(leasts)}
    found = (given[block.name][block.index] for block in problem(net).variables)
    return [np.where(np.isfinite(values), values, 0.0) for values in found]


def formulas(
    net: Network, uses: Callable[[int], Any], leasts: Iterable[Any], functions: Mapping[str, Callable[..., Any]]
) -> tuple[list[Any], list[Any]]:
    """What the formulas make, in these functions' terms with minima as variables; and the minima's arguments."""
    following, made, arguments = iter(leasts), [], []

    def least(of: list[Any]) -> Any:
        arguments.extend(of)
        return next(following)

    known = {**functions, "min": least}
    for item in net.formulas:
        values = item.program.run(list(map(uses, item.use.tolist())), known.__getitem__)
        made += [values[i] for i in item.program.outputs]
    return made, arguments


def curves(net: Network, sales: Iterable[Any], log: Callable[..., Any]) -> list[Any]:
    """What final demand pays where it has a curve, for these sales; see `demand_area`."""
    found = []
    for g, sale in zip(problem(net).curved.tolist(), sales, strict=True):
        reference, power = float(net.reference[g]), 1.0 - 1.0 / float(net.elasticity[g])
        ratio = sale / reference
        found.append(
            float(net.price[g]) * reference * (log(ratio) if power == 0 else (ratio**power - 1.0) / power)
        )
    return found


def _problem(net: Network) -> Problem:
    names, entries, variables, width = _names(net), {}, [], 0
    none, minima = np.zeros(len(net.goods), dtype=bool), np.ones(len(names[""]), dtype=bool)
    for name, of, chosen, signed in (
        ("use", "use", ~net.use_leontief, net.signed),
        ("level", "level", net.level_process >= 0, ~net.leontief[net.level_process]),
        ("sale", "good", net.sells, net.sale_signed),
        ("imported", "good", net.imports, none),
        ("disposed", "good", net.disposes, none),
        ("quantity", "good", ~net.rival, ~none),
        ("least", "", minima, minima),
    ):
        index = np.flatnonzero(chosen)
        least = net.origin[index] if name == "use" else 0.0
        low, high = np.where(signed[index], -np.inf, least), np.full(len(index), np.inf)
        variables.append(Block(name, of, index, _chosen(names[of], index), low, high))
        entries[name] = np.ones(len(index)), width + np.arange(len(index)), np.cumsum([0, *chosen])
        width += len(index)
    fixed, level = net.use_leontief, entries["level"][1][net.first_level[net.use_process]]
    share, place = np.where(fixed, net.coefficient, 1.0), np.where(fixed, level, np.cumsum(~fixed) - 1)
    entries["use"] = share, place, np.arange(len(place) + 1)
    amounts = {name: sparse.csr_array(of, shape=(len(of[-1]) - 1, width)) for name, of in entries.items()}
    paid, curve = net.sells & (np.nan_to_num(net.price) != 0), np.isfinite(net.elasticity)
    worth = [
        (amounts[name][index], value[index], np.zeros(len(index), dtype=int))
        for name, chosen, value in (
            ("sale", paid & ~curve, net.price),
            ("imported", net.imports, -net.import_price),
            ("disposed", net.disposes, -net.disposal),
            ("level", True, -net.unit_cost),
        )
        for index in [np.flatnonzero(chosen & (value != 0))]
    ]
    return Problem(
        tuple(variables), tuple(_rows(net, names, amounts)), _sum(worth, 1), amounts, np.flatnonzero(paid & curve)
    )


def _names(net: Network) -> dict[str, Sequence[Hashable]]:
    """The keys of uses, levels (as outputs and as processes), goods, minima and the minima's arguments."""
    several = (np.bincount(net.level_process, minlength=len(net.processes)) > 1).tolist()
    uses = zip(net.use_good.tolist(), net.use_process.tolist(), strict=True)
    levels = zip(net.level_process.tolist(), net.level_good, strict=True)
    arguments = [
        (net.processes[item.process], number, i)
        for item in net.formulas
        for number, step in enumerate(item.program.minima())
        for i in range(len(item.program.arguments[step]))
    ]
    return {
        "use": [(net.goods[g], net.processes[p]) for g, p in uses],
        "level": [(net.processes[p], good) if several[p] else net.processes[p] for p, good in levels],
        "maker": [net.processes[p] for p in net.level_process.tolist()],
        "good": net.goods,
        "": list(dict.fromkeys(key[:2] for key in arguments)),
        "argument": arguments,
    }


def _balances(net: Network, of: dict[str, sparse.csr_array]) -> Rows:
    taken, made = np.flatnonzero(net.rival[net.use_good]), net.yields.tocoo()
    goods, whole = np.arange(len(net.goods)), np.flatnonzero(net.rival)
    terms = [
        (of["use"][taken], 1.0, net.use_good[taken]),
        (of["level"][made.row], -made.data, made.col),
        (of["quantity"], 1.0, goods),
        (of["sale"][whole], 1.0, whole),
        (of["disposed"], 1.0, goods),
        (of["imported"], -1.0, goods),
    ]
    balances = _sum(terms, len(goods))
    moved = np.flatnonzero(np.diff(balances.indptr))
    supply, keys = net.supply[moved], _chosen(net.goods, moved)
    return Rows("balance", "good", moved, keys, supply, supply, balances[moved], "price", moved)


def _rows(net: Network, names: dict[str, Sequence[Any]], of: dict[str, sparse.csr_array]) -> Iterator[Rows]:
    yield _balances(net, of)
    reads, sold = np.flatnonzero(~net.rival[net.use_good]), np.flatnonzero(~net.rival & net.sells)
    read, zero = net.use_good[reads], np.zeros(len(reads))
    low, keys = np.where(net.use_leontief[reads], -np.inf, 0.0), _chosen(names["use"], reads)
    spare = of["use"][reads] - of["quantity"][read]
    yield Rows("reading", "good", read, keys, low, zero, spare, "reading", reads)
    spare, zero = of["sale"][sold] - of["quantity"][sold], np.zeros(len(sold))
    yield Rows("demand", "good", sold, _chosen(net.goods, sold), zero, zero, spare, "reading_sale", sold)
    firsts = (net.first_level[batch.process] for batch in net.batch.values())
    smooth = np.concatenate([np.zeros(0, dtype=int), *firsts, *(item.level for item in net.formulas)])
    keys, zero = _chosen(names["level"], smooth), np.zeros(len(smooth))
    yield Rows("production", "level", smooth, keys, zero, zero, of["level"][smooth], "", smooth)
    yield from _limits(net, names, of)
    row = np.arange(len(names["argument"]))
    least = np.cumsum([first == 0 for *_, first in names["argument"]], dtype=int) - 1
    low, zero = np.full(len(row), -np.inf), np.zeros(len(row))
    yield Rows("minimum", "", row, names["argument"], low, zero, of["least"][least], "minimum", row)


def _limits(net: Network, names: dict[str, Sequence[Any]], of: dict[str, sparse.csr_array]) -> Iterator[Rows]:
    for kind, about in KINDS.items():
        mine = [(i, limit) for i, limit in enumerate(net.limits) if limit.kind == kind]
        number, index = np.array([(i, limit.index) for i, limit in mine], dtype=int).reshape(-1, 2).T
        bounds = [(limit.bound, limit.sign, limit.fixed) for _, limit in mine]
        bound, sign, fixed = np.array(bounds, dtype=float).reshape(-1, 3).T
        low, high = (np.where((sign == side) & (fixed == 0), side * -np.inf, bound) for side in (1, -1))
        name, keys = kind.replace(" ", "_"), _chosen(names["maker" if about.of == "level" else about.of], index)
        yield Rows(name, about.of, index, keys, low, high, of[about.amount][index], "rent", number, sign)


def _sum(parts: Sequence[tuple[sparse.csr_array, Any, Array]], height: int) -> sparse.csr_array:
    """Rows of at most one term each, times a factor, gathered into so many others: their terms stay in order."""
    scaled = [sparse.diags_array(np.broadcast_to(factor, len(into))) @ terms for terms, factor, into in parts]
    whole = np.concatenate([into for *_, into in parts])
    order = np.argsort(whole, kind="stable")
    terms = sparse.vstack(scaled, format="csr")[order]
    ends = terms.indptr[np.searchsorted(whole[order], np.arange(height + 1))]
    return sparse.csr_array((terms.data, terms.indices, ends), shape=(height, terms.shape[1]))


def _chosen(names: Sequence[Hashable], index: Array) -> list[Hashable]:
    return [names[i] for i in index.tolist()]
