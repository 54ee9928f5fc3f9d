"""A chain with one figure changed, and solved again."""

from __future__ import annotations

from dataclasses import replace

from chainopt.chain.chain import Chain
from chainopt.solution.solution import Solution
from chainopt.solution.solve import solve
from chainopt.words.names import key, nearest
from chainopt.words.status import Status


def known_good(chain: Chain, name: str) -> str:
    """A good's own spelling of its name; raises ValueError where the chain has no such good."""
    names = {key(good.good): good.good for good in chain.goods}
    if key(name) not in names:
        raise ValueError(f'there is no good "{name}"{nearest(name, names.values())}')
    return names[key(name)]


def with_supply(chain: Chain, good: str, more: float) -> Chain:
    """The chain with more (or less) of a good supplied."""
    goods = [replace(item, supply=item.supply + more) if item.good == good else item for item in chain.goods]
    return Chain(
        goods, chain.processes, parameters=chain.parameters, settings=chain.settings, observed=chain.observed
    )


def again(known: Solution, good: str, more: float) -> Solution:
    """The solution at a little more of a good; Ctrl-C is for the whole series, not for one of it."""
    found = solve(with_supply(known.chain, good, more), start=known)
    if found.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return found
