"""Chains in exact short decimals, before they are records: in units of their own, each changed by a factor."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

import chainopt as co

ROUND = [
    Decimal(figure) / 100
    for figure in (100, 100, 100, 200, 200, 300, 400, 500, 800, 1000, 50, 50, 25, 20, 10, 150)
]
MANTISSAS = [Decimal(figure) / 100 for figure in (100, 100, 100, 200, 400, 500, 800, 125, 250, 160, 320)]
GAINS = [Decimal(figure) / 1000 for figure in (500, 900, 970, 999, 1000, 1000, 1000, 1001, 1100, 2000)]
INF = Decimal("Infinity")
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass
class DraftGood:
    name: str
    worth: Decimal = ZERO
    supply: Decimal = ZERO
    price: Decimal | None = None
    min_sale: Decimal = ZERO
    max_sale: Decimal = INF
    import_price: Decimal | None = None
    max_import: Decimal = INF
    disposal: Decimal | None = ZERO
    rival: bool = True
    unit: Decimal = ONE


@dataclass
class DraftProcess:
    """pieces: a formula's outputs, each a sum of minima of arguments, each good -> slope, and "" -> constant."""

    name: str
    function: str = "leontief"
    inputs: dict[str, Decimal] = field(default_factory=dict)
    outputs: dict[str, Decimal] = field(default_factory=dict)
    pieces: dict[str, list[list[dict[str, Decimal]]]] = field(default_factory=dict)
    most: dict[str, Decimal] = field(default_factory=dict)
    capacity: Decimal = INF
    min_level: Decimal = ZERO
    unit_cost: Decimal = ZERO
    scale: Decimal = ONE
    unit: Decimal = ONE


@dataclass
class Draft:
    goods: dict[str, DraftGood] = field(default_factory=dict)
    processes: list[DraftProcess] = field(default_factory=list)
    money: Decimal = ONE

    def good(self, **figures: Any) -> DraftGood:
        number = len(self.goods)
        good = DraftGood(f"good {number}" if number % 7 == 3 else f"g{number}", **figures)
        self.goods[good.name] = good
        return good

    def process(self, **figures: Any) -> DraftProcess:
        process = DraftProcess(f"p{len(self.processes)}", **figures)
        self.processes.append(process)
        return process

    def chain(self, name: str) -> co.Chain:
        goods = [_good_record(good, self.money) for good in self.goods.values()]
        processes = [_process_record(process, self) for process in self.processes]
        return co.Chain(goods, processes, settings=co.Settings(name=name))


def _typed(figure: Decimal) -> float:
    typed = float(figure)
    if Decimal(repr(typed)) != figure:
        raise ArithmeticError(f"{figure} is not a short decimal")
    return typed


def _good_record(good: DraftGood, money: Decimal) -> co.Good:
    amount, each = good.unit, money / good.unit
    return co.Good(
        good.name,
        supply=_typed(good.supply * amount),
        price=None if good.price is None else _typed(good.price * each),
        min_sale=_typed(good.min_sale * amount),
        max_sale=_typed(good.max_sale * amount),
        import_price=None if good.import_price is None else _typed(good.import_price * each),
        max_import=_typed(good.max_import * amount),
        disposal=None if good.disposal is None else _typed(good.disposal * each),
        rival=good.rival,
    )


def _process_record(process: DraftProcess, records: Draft) -> co.Process:
    unit = {name: good.unit for name, good in records.goods.items()}
    most = {name: _typed(amount * unit[name]) for name, amount in process.most.items()}
    limits: dict[str, Any] = {
        "capacity": _typed(process.capacity * process.unit),
        "min_level": _typed(process.min_level * process.unit),
        "unit_cost": _typed(process.unit_cost * records.money / process.unit),
    }
    if process.pieces:
        first = next(iter(process.pieces))
        # The level of a formula counts its first output, in whatever that is counted.
        assert process.unit == unit[first]
        more = {
            name: _typed(amount * unit[name] / process.unit)
            for name, amount in process.outputs.items()
            if name != first
        }
        return co.Process(
            process.name,
            formula="; ".join(
                f"{_word(output)} = " + " + ".join(_step(step, output, unit) for step in steps)
                for output, steps in process.pieces.items()
            ),
            inputs=[co.Input(name, max=amount) for name, amount in most.items()],
            outputs=more,
            **limits,
        )
    leontief = process.function == "leontief"
    return co.Process(
        process.name,
        function=process.function,
        scale=_typed(process.scale),
        inputs=[
            co.Input(
                name,
                _typed(
                    amount * process.scale * unit[name] / process.unit
                    if leontief
                    else amount / process.scale * process.unit / unit[name]
                ),
                most.get(name, math.inf),
            )
            for name, amount in process.inputs.items()
        ],
        outputs={name: _typed(amount * unit[name] / process.unit) for name, amount in process.outputs.items()},
        **limits,
    )


def _word(name: str) -> str:
    return f"[{name}]" if " " in name else name


def _step(arguments: list[dict[str, Decimal]], output: str, unit: dict[str, Decimal]) -> str:
    texts = []
    for slopes in arguments:
        terms = []
        for name, slope in slopes.items():
            figure = repr(_typed(slope * unit[output] / (unit[name] if name else ONE)))
            terms.append(
                figure
                if not name
                else _word(name)
                if slope == 1 and figure == "1.0"
                else f"{figure}*{_word(name)}"
            )
        texts.append(" + ".join(terms).replace("+ -", "- "))
    return texts[0] if len(texts) == 1 else f"min({', '.join(texts)})"


class Dice:
    """A chain's figures, all round (they tie), all awkward, or some of each; and how it hangs together."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.rounds = rng.choice([1.0, 1.0, 0.9, 0.5, 0.0])
        self.window = rng.choice([3, 8, 8, 40, 10**6])
        self.backwards = rng.choice([0.0, 0.1, 0.3, 0.5])
        self.hub = rng.choice([0.0, 0.0, 0.1, 0.3])

    def figure(self) -> Decimal:
        if self.rng.random() < self.rounds:
            return self.rng.choice(ROUND)
        return Decimal(f"{10 ** self.rng.uniform(-1, 1):.3g}")

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def slack(self, tie: float = 0.4) -> Decimal:
        return ZERO if self.chance(tie) else self.figure()
