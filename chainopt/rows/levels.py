"""What a process's level counts, and what it makes first.

A level is the amount of a good where one unit of level makes one unit of it (a yield of 1), or, by a recipe, takes
one unit of it (a coefficient of 1), the first product before what is taken, that before by-products; elsewhere it
counts runs of the process, and has no unit.
"""

from __future__ import annotations

from chainopt.network.network import Network

RUNS = "runs"
"""What a level counts that is the amount of no good."""


def first_outputs(net: Network) -> list[str | None]:
    """By process, the good that it makes first, None where it makes none; a formula's names come first."""
    return [
        net.level_good[level] or next((made.good for made in process.outputs), None)
        for process, level in zip(net.chain.processes, net.first_level, strict=True)
    ]


def counted(net: Network) -> list[str | None]:
    """By process, the good of which its level is the amount, None where it counts runs."""
    found: list[str | None] = []
    for process, level, leontief in zip(net.chain.processes, net.first_level, net.leontief, strict=True):
        ones = [made.good for made in process.outputs if made.yield_ == 1]
        if leontief:
            # What is taken in counts before what comes off beside the first product.
            first = 1 if ones and ones[0] == process.outputs[0].good else 0
            ones[first:first] = [use.good for use in process.inputs if use.coefficient == process.scale]
        found.append(net.level_good[level] or (ones[0] if ones else None))
    return found


def level_units(net: Network) -> dict[str, str]:
    """By process, what its level is counted in: "kt of ore", the good alone where it has no unit, "runs"."""
    unit = {good.good: good.unit for good in net.chain.goods}
    return {
        process: RUNS if good is None else f"{unit[good]} of {good}" if unit[good] else good
        for process, good in zip(net.processes, counted(net), strict=True)
    }
