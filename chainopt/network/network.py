"""The chain as arrays: goods, uses, levels and limits by number, for the code that works on all at once.

A *use* is a process's intake of a good; a *level* is an output of a process's function (a formula with
several outputs has several, the first of which bears capacity, min level and unit cost); a *limit* is a bound
other than non-negativity, with a rent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from scipy import sparse

from chainopt.chain.batches import batch_of
from chainopt.chain.chain import Chain
from chainopt.network.limits import CAPACITY, MAX_IMPORT, MAX_SALE, MAX_USE, MIN_LEVEL, MIN_SALE, MIN_USE, Limit
from chainopt.technology.arrays import Array
from chainopt.technology.families import TECHNOLOGIES, Batch, Technology
from chainopt.technology.formula import resolve
from chainopt.technology.tape import Tape
from chainopt.words.names import key

LEONTIEF, FORMULA = -1, -2
_SAME = ("supply", "price", "min_sale", "max_sale", "import_price", "max_import", "disposal")
_BY_GOOD = {name: name for name in _SAME} | {"elasticity": "demand_elasticity", "reference": "reference_sale"}
"""Arrays over goods, each with the name that a record has for it."""


@dataclass(frozen=True, slots=True)
class FormulaProcess:
    """A process given by a formula: its program, the uses that are its inputs, the levels it makes."""

    process: int
    program: Tape
    use: Array
    level: Array


@dataclass(frozen=True, slots=True)
class Network:
    """A chain's numbers. Arrays over goods: supply to rival; over uses: use_good to coefficient, and origin, what
    a process takes before it makes anything; over levels: level_process to unit_cost; yields is a sparse matrix of
    levels by goods. nan: not sold, not imported, not disposable. `held`: goods of a whole of which this is a part,
    read as constants here where it lacks them. `batch` holds the processes of each function,
    `formulas` those of a formula; `function` tells which of them a process is in (LEONTIEF and FORMULA: in none),
    and `place` its row there; `found` keeps what was derived of all these.
    """

    chain: Chain
    goods: tuple[str, ...]
    processes: tuple[str, ...]
    supply: Array
    price: Array
    min_sale: Array
    max_sale: Array
    elasticity: Array
    reference: Array
    import_price: Array
    max_import: Array
    disposal: Array
    rival: Array
    sells: Array
    sale_signed: Array
    imports: Array
    disposes: Array
    use_good: Array
    use_process: Array
    coefficient: Array
    leontief: Array
    level_process: Array
    first_level: Array
    level_good: tuple[str, ...]
    unit_cost: Array
    yields: sparse.csr_array
    limits: tuple[Limit, ...]
    batch: dict[str, Batch]
    formulas: tuple[FormulaProcess, ...]
    function: Array
    place: Array
    origin: Array
    held: frozenset[str] = frozenset()
    found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def use_leontief(self) -> Array:
        """Whether each use is a Leontief process's, which moves with the level alone."""
        return self.leontief[self.use_process]

    @property
    def signed(self) -> Array:
        """Whether each use may have either sign: a formula's reading of a non-rival good."""
        return (self.function[self.use_process] == FORMULA) & ~self.rival[self.use_good]

    @property
    def families(self) -> list[tuple[Technology, Batch]]:
        """Each function beside the processes that have it."""
        return [(TECHNOLOGIES[name], batch) for name, batch in self.batch.items()]

    def family(self, process: int) -> tuple[Technology, Batch] | None:
        """One process's function, and its figures; None for a Leontief process or a formula."""
        code = int(self.function[process])
        if code < 0:
            return None
        technology, batch = self.families[code]
        return technology, batch.part(self.place[process : process + 1])

    def whose(self, limit: Limit) -> tuple[str | None, str | None]:
        """The good and the process whose limit it is; None for the one that it is not about."""
        i = limit.index
        if limit.of == "level":
            return None, self.processes[self.level_process[i]]
        if limit.of == "use":
            return self.goods[self.use_good[i]], self.processes[self.use_process[i]]
        return self.goods[i], None

    def named(self, limit: Limit, spell: Callable[[str], str] = str) -> str:
        """A limit in words: "max use of ore by mill"; spell says how a name is written."""
        return f"{limit.kind} of " + " by ".join(spell(name) for name in self.whose(limit) if name is not None)

    def bounds(self, amount: str) -> tuple[Array, Array]:
        """The least and the most that limits leave to a plan's amounts of this name; infinite without one."""
        low = np.full(self._count(amount), -inf)
        high = -low
        for limit in self.limits:
            if limit.amount == amount:
                for end, sign in ((low, -1), (high, 1)):
                    if limit.fixed or limit.sign == sign:
                        end[limit.index] = limit.bound
        return low, high

    def bounding(self, amount: str) -> sparse.csr_array:
        """A matrix of these amounts by limits: the sign of each limit where it bounds one.

        Its product with the limits' rents is what a unit of each amount pays for its own limits.
        """
        mine = [(limit.sign, limit.index, i) for i, limit in enumerate(self.limits) if limit.amount == amount]
        sign, index, number = np.array(mine, dtype=int).reshape(-1, 3).T
        shape = (self._count(amount), len(self.limits))
        return sparse.csr_array((sign.astype(float), (index, number)), shape=shape)

    def _count(self, amount: str) -> int:
        return {"level": len(self.level_process), "use": len(self.use_good)}.get(amount, len(self.goods))

    def intake(self, level: Array) -> Array:
        """The amounts that Leontief uses take at these levels; 0 for other uses."""
        return np.where(self.use_leontief, self.coefficient * level[self.first_level[self.use_process]], 0.0)

    def levels(self, use: Array, members: Array | None = None) -> Array:
        """f(x): every level at these uses (a Leontief level is the least that its inputs allow).

        nan for the free level of a Leontief process without inputs, for a formula outside its domain, and for
        processes that are not among members (default: all).
        """
        members = np.arange(len(self.processes)) if members is None else members
        level = np.full(len(self.level_process), nan)
        function = self.function[members]
        with np.errstate(all="ignore"):
            for code, (technology, whole) in enumerate(self.families):
                rows = self.place[members[function == code]]
                if len(rows):
                    batch = whole.part(rows)
                    level[self.first_level[batch.process]] = technology.level(batch, use[batch.use])
            for item in (self.formulas[i] for i in self.place[members[function == FORMULA]]):
                values = item.program.values(use[item.use])
                level[item.level] = [values[i] for i in item.program.outputs]
            if np.any(function == LEONTIEF):
                chosen = np.zeros(len(self.processes), dtype=bool)
                chosen[members] = self.leontief[members]
                of = np.flatnonzero(chosen[self.use_process])
                ratio = np.full(len(self.processes), inf)
                np.minimum.at(ratio, self.use_process[of], use[of] / self.coefficient[of])
                bound = chosen & np.isfinite(ratio)
                level[self.first_level[bound]] = ratio[bound]
        return level


def network(chain: Chain, held: frozenset[str] = frozenset()) -> Network:
    """Number a chain's goods, uses, levels and limits, in the chain's own order; held: of the whole, if a part."""
    goods, processes = chain.goods, chain.processes
    number = {good.good: i for i, good in enumerate(goods)}
    spelled = {key(name): name for name in number}
    constants = {parameter.parameter: parameter.value for parameter in chain.parameters}

    use_good: list[int] = []
    use_process: list[int] = []
    coefficient: list[float] = []
    use_ends: list[tuple[float, float]] = []
    level_process: list[int] = []
    level_good: list[str] = []
    first_level: list[int] = []
    yields: list[tuple[int, int, float]] = []
    formulas: list[FormulaProcess] = []
    members: dict[str, list[int]] = {name: [] for name, row in TECHNOLOGIES.items() if not row.recipe}
    first_use: list[int] = []
    for p, process in enumerate(processes):
        first_use.append(len(use_good))
        first_level.append(len(level_process))
        if process.formula is not None:
            read = process.read()
            inputs = [spelled[key(name)] for name in read.names() if key(name) in spelled]
            program = resolve(read, inputs, constants, held)
            ends = {given.good: (given.min, given.max) for given in process.inputs}
            takes = [(name, 1.0, ends.get(name, (0.0, inf))) for name in inputs]
            made = [spelled[key(output.name)] for output in read.outputs]
        else:
            takes = [
                (given.good, float(given.coefficient or 0.0), (given.min, given.max)) for given in process.inputs
            ]
            if process.function in members:
                members[process.function].append(p)
            else:
                takes = [(good, a / process.scale, of) for good, a, of in takes]
            made = [""]
        use_good += [number[good] for good, _, _ in takes]
        use_process += [p] * len(takes)
        coefficient += [a for _, a, _ in takes]
        use_ends += [of for *_, of in takes]
        for output in made:
            if output:
                yields.append((len(level_process), number[output], 1.0))
            level_process.append(p)
            level_good.append(output)
        yields += [(first_level[p], number[output.good], output.yield_) for output in process.outputs]
        if process.formula is not None:
            uses, levels = np.arange(first_use[p], len(use_good)), np.arange(first_level[p], len(level_process))
            formulas.append(FormulaProcess(p, program, uses, levels))
    first_use.append(len(use_good))

    batch = {
        name: batch_of(name, [processes[p] for p in of], of, [first_use[p] for p in of])
        for name, of in members.items()
    }
    function = np.full(len(processes), LEONTIEF)
    place = np.zeros(len(processes), dtype=int)
    formula = np.array([item.process for item in formulas], dtype=int)
    groups = dict(enumerate(part.process for part in batch.values())) | {FORMULA: formula}
    for code, rows in groups.items():
        function[rows] = code
        place[rows] = np.arange(len(rows))
    # As floats, None is nan.
    by_good = {
        ours: np.array([getattr(good, its) for good in goods], dtype=float) for ours, its in _BY_GOOD.items()
    }
    price, min_sale, max_sale = by_good["price"], by_good["min_sale"], by_good["max_sale"]
    disposal, priced = by_good["disposal"], ~np.isnan(price)
    sold = priced | (min_sale != 0)
    used = np.bincount(np.array(use_good, dtype=int), minlength=len(goods)) > 0
    # A non-rival good may stand for a value of either sign; but what is thrown away isn't less than nothing, and
    # final demand alone has nobody to share it with. What nobody reads or buys is only thrown away for pay.
    shared_out = np.array([good.rival for good in goods], dtype=bool)
    pointless = ~shared_out & ~sold & ~used & (disposal >= 0)
    rival = shared_out | (~used & ~np.isnan(disposal) & ~pointless)
    level_cost = np.zeros(len(level_process))
    level_cost[first_level] = [process.unit_cost for process in processes]
    table = np.array(yields, dtype=float).reshape(-1, 3)
    result = Network(
        chain=chain,
        goods=tuple(number),
        processes=tuple(process.process for process in processes),
        **by_good,
        rival=rival,
        sells=(priced & ~((min_sale == 0) & (max_sale == 0) & rival)) | (min_sale != 0),
        sale_signed=(priced & (min_sale < 0)) | ~rival,
        imports=~np.isnan(by_good["import_price"]) & (by_good["max_import"] > 0),
        disposes=~np.isnan(disposal) & ~pointless,
        use_good=np.array(use_good, dtype=int),
        use_process=np.array(use_process, dtype=int),
        coefficient=np.array(coefficient, dtype=float),
        leontief=function == LEONTIEF,
        level_process=np.array(level_process, dtype=int),
        first_level=np.array(first_level, dtype=int),
        level_good=tuple(level_good),
        unit_cost=level_cost,
        yields=sparse.csr_array(
            (table[:, 2], (table[:, 0].astype(int), table[:, 1].astype(int))),
            shape=(len(level_process), len(goods)),
        ),
        limits=(),
        batch=batch,
        formulas=tuple(formulas),
        function=function,
        place=place,
        origin=np.zeros(len(use_good)),
        held=held,
    )
    for technology, part in result.families:
        result.origin[part.use] = technology.origin(part)
    object.__setattr__(result, "limits", tuple(_limits(result, use_ends)))
    return result


def _limits(net: Network, use_ends: list[tuple[float, float]]) -> list[Limit]:
    limits: list[Limit] = []
    formula = {item.process for item in net.formulas}
    for p, process in enumerate(net.chain.processes):
        level = int(net.first_level[p])
        fixed = process.min_level == process.capacity
        if process.min_level > 0 or (process.min_level < 0 and p in formula):
            limits.append(Limit(MIN_LEVEL, level, float(process.min_level), fixed))
        else:
            fixed = False
        if isfinite(process.capacity) and not fixed:
            limits.append(Limit(CAPACITY, level, float(process.capacity)))
    for u, (least, most) in enumerate(use_ends):
        if least > 0:
            limits.append(Limit(MIN_USE, u, float(least), least == most))
        if isfinite(most) and not 0 < least == most:
            limits.append(Limit(MAX_USE, u, float(most)))
    for g in np.flatnonzero(net.sells):
        low, high = float(net.min_sale[g]), float(net.max_sale[g])
        fixed = bool(np.isnan(net.price[g])) or low == high
        if fixed or (isfinite(low) and low != 0):
            limits.append(Limit(MIN_SALE, int(g), low, fixed))
        if isfinite(high) and not fixed:
            limits.append(Limit(MAX_SALE, int(g), high))
    limits += [
        Limit(MAX_IMPORT, int(g), float(net.max_import[g]))
        for g in np.flatnonzero(net.imports & np.isfinite(net.max_import))
    ]
    return limits
