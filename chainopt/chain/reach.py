"""What can run at all: processes with an input that nothing can supply are removed before solving.

Left in, they have no interior: Ipopt reports success with such a good's price at 3e10. A good can be supplied
by its own supply, an import or a remaining process; so a cycle survives, since it may supply itself. A process
that can do without the input (linear, ces with elasticity above 1, a formula that makes something without it)
loses the input only. Likewise a process is removed where nothing can take one of its outputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chainopt.chain.batches import batch_of
from chainopt.chain.chain import Chain
from chainopt.chain.records import Good, Parameter, Process
from chainopt.technology.curvature import shapes
from chainopt.technology.families import TECHNOLOGIES
from chainopt.technology.formula import FormulaError, resolve
from chainopt.words.names import key


@dataclass(frozen=True, slots=True)
class Unmet:
    """A figure that no plan meets, whatever runs: of a good, an obligation without a source, or a supply (above 0)
    without an outlet; of a process that always takes some of the good, that; of one that can't run, its min level,
    and why it can't. column is its column in the workbook.
    """

    good: str
    column: Literal["min sale", "supply", "good", "min level"]
    amount: float
    process: str = ""
    why: str = ""

    def __str__(self) -> str:
        if self.column == "min level":
            return f'"{self.process}" has a min level of {self.amount:g}, but {self.why}'
        if self.process:
            return f'"{self.process}" always takes {self.amount:g} of "{self.good}", but there is not as much'
        has = f'"{self.good}" has a {self.column} of {self.amount:g}'
        if self.column == "min sale":
            return f"{has}, but nothing can supply it"
        if self.amount < 0:
            return f"{has}, an obligation that nothing can meet"
        return f"{has} and nothing can take it: give it a use, a price or a disposal"


@dataclass(frozen=True, slots=True)
class Reach:
    """The chain of what can run, why the rest can't, and what of the whole can't be met."""

    chain: Chain
    removed: dict[str, str]
    unmet: tuple[Unmet, ...]


def reach(chain: Chain) -> Reach:
    """Remove, until nothing changes, what cannot be supplied or got rid of."""
    removed = {
        process.process: "its capacity is 0"
        for process in chain.processes
        if process.capacity == 0 and process.min_level <= 0 and not _always_taken(process) and not _held(process)
    }
    processes = {process.process: process for process in chain.processes if process.process not in removed}
    made = {process.process: _made(process, chain) for process in chain.processes}
    goods = {good.good: good for good in chain.goods}
    constants = {parameter.parameter: parameter.value for parameter in chain.parameters}
    less = {process.process: _less_than_nothing(process, chain, constants) for process in chain.processes}
    changed = True
    while changed:
        supplied = {good.good for good in chain.goods if good.supply > 0 or _importable(good) or _always(good)} | {
            name for process in processes for name in made[process]
        }
        taken = {
            good.good for good in chain.goods if good.supply < 0 or _sellable(good) or good.disposal is not None
        } | {name for process in processes.values() for name in (*_taken(process, goods), *less[process.process])}
        changed = False
        for name, process in list(processes.items()):
            missing = _closed(process, goods, supplied)
            stuck = [good for good in made[name] if good not in taken and goods[good].rival]
            if _held(process):
                # What must take some of a good can't be left out: whether it can, is for the solver to say.
                continue
            if stuck and process.formula is None and not _always_taken(process):
                removed[name] = f"nothing can take {_listed(stuck)}: give it a use, a price or a disposal"
            elif missing:
                kept = _without(process, missing, chain, constants)
                if kept is not None:
                    if kept != process:
                        processes[name], changed = kept, True
                    continue
                removed[name] = f"nothing can supply {_listed(missing)}"
            else:
                continue
            del processes[name]
            changed = True
    bought = {good.good for good in chain.goods if _importable(good) or _always(good)}
    more = bought | {name for process in processes for name in made[process]}
    unmet = (*_unmet(chain, supplied, taken), *_out_of_reach(chain, more), *_idle_by_force(chain, removed))
    idle = {
        good.good
        for good in chain.goods
        if good.good not in supplied and good.supply == 0 and good.rival and good.min_sale <= 0
    } - {use.good for process in processes.values() for use in process.inputs if use.min > 0}
    if len(idle) == len(chain.goods):
        # A chain has at least one good: rather one that nobody wants.
        idle.remove(min(chain.goods, key=_sellable).good)
    if not idle and tuple(processes.values()) == chain.processes:
        return Reach(chain, removed, unmet)
    named = {key(good) for process in processes.values() for good in _taken(process, goods)}
    live = Chain(
        [good for good in chain.goods if good.good not in idle],
        [
            replace(process, inputs=tuple(use for use in process.inputs if use.good not in idle))
            for process in processes.values()
        ],
        parameters=[*chain.parameters, *(Parameter(good, 0.0) for good in idle if key(good) in named)],
        settings=replace(chain.settings, numeraire=None),
    )
    return Reach(live, removed, unmet)


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _importable(good: Good) -> bool:
    return good.import_price is not None and good.max_import > 0


def _always(good: Good) -> bool:
    """Whether the good can be had without a source: bought back from final demand, or read as nothing."""
    return (good.price is not None and good.min_sale < 0) or not good.rival


def _sellable(good: Good) -> bool:
    return (good.price is not None and good.max_sale > 0) or good.min_sale > 0


def _made(process: Process, chain: Chain) -> list[str]:
    names = [output.good for output in process.outputs]
    if process.formula is not None:
        names += [chain.good(output.name).good for output in process.read().outputs]
    return names


def _less_than_nothing(process: Process, chain: Chain, constants: dict[str, float]) -> list[str]:
    """The outputs of a formula that may be negative: it takes of them, as of a capital that it spends."""
    if process.formula is None:
        return []
    read, inputs = process.read(), [good.good for good in chain.goods]
    try:
        program = resolve(read, inputs, constants)
    except FormulaError:
        return []
    found = shapes(program, [not good.rival for good in chain.goods])
    return [chain.good(out.name).good for out, shape in zip(read.outputs, found, strict=True) if shape.low < 0]


def _taken(process: Process, goods: dict[str, Good]) -> list[str]:
    if process.formula is None:
        return [use.good for use in process.inputs]
    spelled = {key(name): name for name in goods}
    return [spelled[key(name)] for name in process.read().names() if key(name) in spelled]


def _closed(process: Process, goods: dict[str, Good], supplied: set[str]) -> list[str]:
    """The inputs that can't flow: nothing supplies them, or their max is 0."""
    shut = {use.good for use in process.inputs if use.max == 0}
    return [good for good in _taken(process, goods) if good not in supplied or good in shut]


def _always_taken(process: Process) -> dict[str, float]:
    """What a process takes whatever it makes: with some of it, it can't stand idle."""
    # What has no figures of uses has no floors: of most processes that is known at a glance.
    if process.function is None or not TECHNOLOGIES[process.function].of_use:
        return {}
    origin = TECHNOLOGIES[process.function].origin(batch_of(process.function, [process])).tolist()
    return {use.good: amount for use, amount in zip(process.inputs, origin, strict=True) if amount > 0}


def _held(process: Process) -> bool:
    """Whether the process must take some of a good, by a min of its own."""
    return any(use.min > 0 for use in process.inputs)


def _without(process: Process, missing: list[str], chain: Chain, constants: dict[str, float]) -> Process | None:
    """The process without inputs that it can do without; None where it can't."""
    technology = TECHNOLOGIES.get(process.function or "")
    recipe = technology is None or technology.recipe
    if technology and not recipe and not technology.essential(batch_of(technology.name, [process])).any():
        left = tuple(use for use in process.inputs if use.good not in missing)
        return replace(process, inputs=left) if left else None
    if process.formula is None or any(use.max == 0 for use in process.inputs):
        return None
    inputs = [good.good for good in chain.goods]
    try:
        program = resolve(process.read(), inputs, constants)
    except FormulaError:
        return None
    absent = {key(name) for name in missing}
    for amount in (1.0, 2.0):
        values = program.values([0.0 if key(name) in absent else amount for name in inputs])
        outputs = [float(values[i]) for i in program.outputs]
        if not np.isfinite(outputs).all() or not np.any(outputs):
            return None
    return process


def _unmet(chain: Chain, supplied: set[str], taken: set[str]) -> Iterator[Unmet]:
    for good in chain.goods:
        if good.min_sale > 0 and good.good not in supplied:
            yield Unmet(good.good, "min sale", good.min_sale)
        elif good.supply < 0 and good.good not in supplied:
            yield Unmet(good.good, "supply", good.supply)
        if good.rival and good.supply > 0 and good.good not in taken:
            yield Unmet(good.good, "supply", good.supply)


def _idle_by_force(chain: Chain, removed: dict[str, str]) -> Iterator[Unmet]:
    """The min levels of processes that can't run: what is left out doesn't take an obligation with it."""
    for process in chain.processes:
        if process.process in removed and process.min_level > 0:
            why = removed[process.process]
            yield Unmet("", "min level", process.min_level, process.process, why)


def _out_of_reach(chain: Chain, more: set[str]) -> Iterator[Unmet]:
    """What processes always take of goods of which there is only a supply, and not as much."""
    for process in chain.processes:
        for good, amount in _always_taken(process).items():
            if good not in more and max(chain.good(good).supply, 0.0) < amount:
                yield Unmet(good, "good", amount, process.process)
