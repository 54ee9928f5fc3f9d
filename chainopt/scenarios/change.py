"""A chain with one figure changed, and solved again: a supply, or a limit of a good, a process or a use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from chainopt.chain.chain import Chain
from chainopt.network.limits import KINDS, MIN_LEVEL, MIN_SALE, MIN_USE, cell
from chainopt.solution.solution import Solution
from chainopt.solution.solve import solve
from chainopt.words.names import key, nearest
from chainopt.words.status import Status

SUPPLY = "supply"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure whose worth is a price or a rent: a good's supply, or a limit of a kind of `network.limits`.

    name is what it is asked for by: ore, mill.capacity, mill.max ore.
    """

    name: str
    kind: str
    good: str | None
    process: str | None
    value: float

    @property
    def worth(self) -> str:
        """What is worth it, in words."""
        if self.kind == SUPPLY:
            return f"price of {self.good}"
        return f"rent of {KINDS[self.kind].phrase.format(good=self.good, process=self.process)}"


def known_good(chain: Chain, name: str) -> str:
    """A good's own spelling of its name; raises ValueError where the chain has no such good."""
    names = {key(good.good): good.good for good in chain.goods}
    if key(name) not in names:
        raise ValueError(f'there is no good "{name}"{nearest(name, names.values())}')
    return names[key(name)]


def known_figure(chain: Chain, name: str) -> Figure:
    """A good's supply by its name, or a limit: mill.capacity, mill.min level, mill.max ore, ore.max sale.

    Raises ValueError where the chain has neither, or no such limit is set.
    """
    for good in chain.goods:
        if key(name) in (key(good.good), key(f"{good.good}.{SUPPLY}")):
            return Figure(good.good, SUPPLY, good.good, None, good.supply)
    limits = {key(figure.name): figure for figure in _limits(chain)}
    found = limits.get(key(name))
    if found is None:
        known = [*(good.good for good in chain.goods), *(limit.name for limit in limits.values() if _set(limit))]
        what = "good and no limit" if "." in name else "good"
        raise ValueError(f'there is no {what} "{name}"{nearest(name, known)}')
    if not _set(found):
        raise ValueError(f"{found.name} sets no limit: there is none whose rent could hold")
    return found


def _set(limit: Figure) -> bool:
    """Whether a limit limits anything."""
    return isfinite(limit.value) and (limit.value != 0 or limit.kind not in (MIN_LEVEL, MIN_SALE, MIN_USE))


def _limits(chain: Chain) -> Iterator[Figure]:
    """Every limit that the chain's records could set, set or not."""
    for kind, about in KINDS.items():
        field = about.column.replace(" ", "_")
        if about.of == "good":
            for good in chain.goods:
                yield Figure(cell(kind, good.good, None), kind, good.good, None, getattr(good, field))
        elif about.of == "level":
            for process in chain.processes:
                name = cell(kind, None, process.process)
                yield Figure(name, kind, None, process.process, getattr(process, field))
        else:
            for process in chain.processes:
                for use in process.inputs:
                    name = cell(kind, use.good, process.process)
                    yield Figure(name, kind, use.good, process.process, getattr(use, field))


def with_more(chain: Chain, figure: Figure, more: float) -> Chain:
    """The chain with more (or less) of a supply or a limit. Raises ChainError where no chain has so little."""
    field = SUPPLY if figure.kind == SUPPLY else KINDS[figure.kind].column.replace(" ", "_")
    changed: dict[str, Any] = {field: figure.value + more}
    if figure.process is None:
        goods = [replace(item, **changed) if item.good == figure.good else item for item in chain.goods]
        return replace(chain, goods=tuple(goods))
    processes = list(chain.processes)
    for p, process in enumerate(processes):
        if process.process == figure.process:
            if KINDS[figure.kind].of == "use":
                uses = [replace(use, **changed) if use.good == figure.good else use for use in process.inputs]
                changed = {"inputs": uses}
            processes[p] = replace(process, **changed)
    return replace(chain, processes=tuple(processes))


def again(known: Solution, figure: Figure, more: float) -> Solution:
    """The solution at a little more of a figure; Ctrl-C is for the whole series, not for one of it."""
    found = solve(with_more(known.chain, figure, more), start=known)
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found
