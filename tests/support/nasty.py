"""Random polyhedral chains that are made to be nasty, written from the documentation alone: `nasty(seed)`.

A *sketch* begins at prices and a plan of its own and gives each record the figures that both can live with: every
process loses or breaks even at the prices, or has a limit; every balance holds at the plan. So it has an optimum,
whatever its size, and ties wherever "breaks even" and "just holds" were drawn. A *wild* chain is drawn blindly.
A *program* is all non-rival goods and formulas. Some sketches are spoilt on purpose, by an order that nothing can
fill or a trade that earns without end. All figures are short decimals, and goods, levels and money change units by
factors whose reciprocals are short too: ties survive as typed, and nothing ties to the last bit only.

A formula's `min` stands as a step below its arguments. It is drawn where that comes to the same: what it makes can
be thrown away for nothing, or is wanted, and its unit cost is not above 0.
"""

from __future__ import annotations

import math
from collections import defaultdict
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


def nasty(seed: int, most: int = 2000) -> co.Chain:
    """A random chain of 2 to `most` processes, sizes log-uniform; the same for the same arguments."""
    rng = Random(seed)
    size = max(2, round(math.exp(rng.uniform(math.log(2), math.log(most)))))
    kind = rng.random()
    if kind < 0.05:
        records = _program(rng, min(size, 150))
    elif kind < 0.25:
        records = _wild(rng, min(size, 40))
    else:
        records = _sketch(rng, size)
        spoil = rng.random()
        if spoil < 0.2:
            _order_what_cannot_be(records, rng)
        if spoil > 0.94 or spoil < 0.02:
            _earn_without_end(records, rng)
    if rng.random() < 0.6:
        _change_units(records, rng)
    return records.chain(f"nasty {seed}")


@dataclass
class _Good:
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
class _Process:
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
class _Records:
    goods: dict[str, _Good] = field(default_factory=dict)
    processes: list[_Process] = field(default_factory=list)
    money: Decimal = ONE

    def good(self, **figures: Any) -> _Good:
        number = len(self.goods)
        good = _Good(f"good {number}" if number % 7 == 3 else f"g{number}", **figures)
        self.goods[good.name] = good
        return good

    def process(self, **figures: Any) -> _Process:
        process = _Process(f"p{len(self.processes)}", **figures)
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


def _good_record(good: _Good, money: Decimal) -> co.Good:
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


def _process_record(process: _Process, records: _Records) -> co.Process:
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


class _Dice:
    """Figures of a chain: all round, so that they tie, or all awkward, or some of each."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.rounds = rng.choice([1.0, 1.0, 0.9, 0.5, 0.0])

    def figure(self) -> Decimal:
        if self.rng.random() < self.rounds:
            return self.rng.choice(ROUND)
        return Decimal(f"{10 ** self.rng.uniform(-1, 1):.3g}")

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def slack(self, tie: float = 0.4) -> Decimal:
        return ZERO if self.chance(tie) else self.figure()


def _sketch(rng: Random, size: int) -> _Records:
    dice, records = _Dice(rng), _Records()
    for _ in range(max(2, round(size * rng.choice([0.5, 0.8, 1.0, 1.2])))):
        worth = dice.figure() if dice.chance(0.85) else rng.choice([ZERO, -dice.figure()])
        records.good(worth=worth, rival=dice.chance(0.96))
    names = list(records.goods)
    for good in records.goods.values():
        if not good.rival and dice.chance(0.5):
            good.worth = ZERO
        good.disposal = _disposal(good, dice)
    backwards = rng.choice([0.0, 0.1, 0.3, 1.0])
    busy = rng.choice([0.0, 0.5, 0.9, 0.9])
    while len(records.processes) < size:
        draw = rng.random()
        if draw < 0.06 and records.processes:
            _twin(records, rng.choice(records.processes))
        elif draw < 0.12 and size - len(records.processes) > 3:
            _ring(records, names, dice)
        elif draw < 0.17:
            _recycle(records, names, dice)
        else:
            _maker(records, names, dice, backwards)
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    read: dict[str, Decimal] = {}
    for process in records.processes:
        _run(process, records.goods, dice, busy, net, read)
    for name, good in records.goods.items():
        _close(good, net[name], read.get(name, ZERO), dice)
    return records


def _disposal(good: _Good, dice: _Dice) -> Decimal | None:
    draw = dice.rng.random()
    if not good.rival:
        return None if draw < 0.5 else ZERO
    if draw < 0.2:
        return None
    if good.worth < 0:
        return -good.worth + dice.slack()
    return ZERO if draw < 0.85 else dice.figure()


def _pick(names: list[str], dice: _Dice, backwards: float) -> tuple[list[str], list[str]]:
    """Inputs and outputs near each other, the outputs later in the list but where the chain turns back."""
    rng = dice.rng
    middle = rng.randrange(len(names))
    window = 8 if dice.chance(0.9) else len(names)
    before, after = names[max(0, middle - window) : middle], names[middle : middle + window]
    if dice.chance(backwards):
        before, after = after, before
    return (
        rng.sample(before, min(len(before), rng.choice([0, 1, 1, 2, 2, 3]))),
        rng.sample(after, min(len(after), rng.choice([0, 1, 1, 1, 1, 2, 3]))),
    )


def _maker(records: _Records, names: list[str], dice: _Dice, backwards: float) -> _Process:
    inputs, outputs = _pick(names, dice, backwards)
    draw = dice.rng.random()
    goods = records.goods
    rival = [name for name in inputs if goods[name].rival]
    if draw < 0.12 and rival and outputs:
        return _affine(records, rival, outputs, dice)
    welcome = [
        name for name in outputs if goods[name].disposal == 0 and goods[name].worth >= 0 and goods[name].rival
    ]
    if draw < 0.27 and rival and welcome:
        return _minimum(records, rival, welcome, dice)
    linear = draw < 0.4 and len(inputs) > 0 and rival == inputs
    process = records.process(
        function="linear" if linear else "leontief",
        inputs={name: dice.figure() for name in inputs},
        outputs={name: dice.figure() if dice.chance(0.5) else ONE for name in outputs},
        scale=ONE if dice.chance(0.8) else dice.rng.choice([Decimal(2), Decimal("0.5"), Decimal(10)]),
    )
    if dice.chance(0.3):
        process.unit_cost = dice.figure()
    return process


def _affine(records: _Records, inputs: list[str], outputs: list[str], dice: _Dice) -> _Process:
    made = outputs[: dice.rng.choice([1, 1, 2])]
    pieces = {
        output: [
            [
                {name: dice.figure() * dice.rng.choice([1, 1, 1, -1]) for name in inputs}
                | ({} if dice.chance(0.6) else {"": dice.figure()})
            ]
        ]
        for output in made
    }
    return records.process(
        pieces=pieces, outputs={made[0]: ONE} | {name: dice.figure() for name in outputs if name not in made}
    )


def _minimum(records: _Records, inputs: list[str], outputs: list[str], dice: _Dice) -> _Process:
    made = outputs[: dice.rng.choice([1, 1, 1, 2])]
    pieces = {}
    for output in made:
        steps = [[{name: dice.figure()} for name in inputs]]
        if dice.chance(0.4):
            steps[0][0] |= {"": dice.figure()}
        if len(inputs) > 1 and dice.chance(0.3):
            steps[0].append({name: dice.figure() for name in inputs})
        if dice.chance(0.5) or len(inputs) == 1:
            steps[0].append({"": dice.figure()})
        if dice.chance(0.3):
            steps.append([{inputs[0]: dice.figure()}, {"": dice.figure()}])
        pieces[output] = steps
    return records.process(
        pieces=pieces,
        outputs={made[0]: ONE} | {name: dice.figure() for name in outputs if name not in made},
        unit_cost=ZERO if dice.chance(0.8) else -dice.figure(),
    )


def _twin(records: _Records, one: _Process) -> _Process:
    return records.process(
        function=one.function,
        inputs=dict(one.inputs),
        outputs=dict(one.outputs),
        pieces=one.pieces,
        scale=one.scale,
        unit_cost=one.unit_cost,
    )


def _ring(records: _Records, names: list[str], dice: _Dice) -> None:
    """Costless links round a ring of goods of one worth, both ways or one way."""
    rival = [name for name in names if records.goods[name].rival and records.goods[name].worth > 0]
    ring = dice.rng.sample(rival, min(len(rival), dice.rng.choice([2, 3, 4])))
    pairs = list(zip(ring, ring[1:] + ring[:1], strict=True)) if len(ring) > 1 else []
    if dice.chance(0.5):
        pairs += [(there, here) for here, there in pairs]
    worth = records.goods[ring[0]].worth if ring else ONE
    for name in ring:
        records.goods[name].worth = worth
    for here, there in pairs:
        records.process(inputs={here: ONE}, outputs={there: ONE})


def _recycle(records: _Records, names: list[str], dice: _Dice) -> _Process:
    """A good out of itself, with a gain below, at or above 1, and perhaps another good beside it."""
    itself, other = dice.rng.choice(names), dice.rng.choice(names)
    inputs, outputs = {itself: ONE}, {itself: dice.rng.choice(GAINS)}
    if not records.goods[itself].rival:
        inputs = {}
    if other != itself and dice.chance(0.5):
        (inputs if dice.chance(0.5) else outputs)[other] = dice.figure()
    return records.process(inputs=inputs, outputs=outputs)


def _run(
    process: _Process,
    goods: dict[str, _Good],
    dice: _Dice,
    busy: float,
    net: defaultdict[str, Decimal],
    read: dict[str, Decimal],
) -> None:
    """A plan for the process, limits that allow it, and a cost or a limit where it would earn at the worths."""
    running = dice.chance(busy)
    run = _run_formula if process.pieces else _run_linear if process.function == "linear" else _run_leontief
    uses, made = run(process, goods, dice, running)
    for name, amount in uses.items():
        if goods[name].rival:
            net[name] -= amount
        else:
            read[name] = max(read.get(name, ZERO), amount)
    for name, amount in made.items():
        net[name] += amount


_Flows = tuple[dict[str, Decimal], dict[str, Decimal]]


def _gain(process: _Process, goods: dict[str, _Good]) -> Decimal:
    return sum((amount * goods[name].worth for name, amount in process.outputs.items()), -process.unit_cost)


def _run_leontief(process: _Process, goods: dict[str, _Good], dice: _Dice, running: bool) -> _Flows:
    level = dice.figure() if running else ZERO
    uses = {name: amount * level for name, amount in process.inputs.items()}
    rival = [name for name in process.inputs if goods[name].rival]
    margin = _gain(process, goods) - sum((process.inputs[name] * goods[name].worth for name in rival), ZERO)
    if margin < 0 and dice.chance(0.15):
        process.unit_cost += margin
    elif margin > 0 and dice.chance(0.5):
        process.unit_cost += margin + dice.slack()
    elif margin > 0 and rival and dice.chance(0.3):
        limited = dice.rng.choice(rival)
        process.most[limited] = uses[limited] + dice.slack()
    elif margin > 0 or dice.chance(0.15):
        process.capacity = level + dice.slack()
    _hold(process, level, dice)
    return uses, {name: amount * level for name, amount in process.outputs.items()}


def _run_linear(process: _Process, goods: dict[str, _Good], dice: _Dice, running: bool) -> _Flows:
    uses = {name: dice.figure() if running and dice.chance(0.7) else ZERO for name in process.inputs}
    level = sum((process.inputs[name] * uses[name] for name in uses), ZERO)
    gain = _gain(process, goods)
    earning = [name for name, slope in process.inputs.items() if slope * gain > goods[name].worth]
    if dice.chance(0.5):
        process.most = {name: uses[name] + dice.slack() for name in earning}
    elif earning or dice.chance(0.15):
        process.capacity = level + dice.slack()
    _hold(process, level, dice)
    return uses, {name: amount * level for name, amount in process.outputs.items()}


def _run_formula(process: _Process, goods: dict[str, _Good], dice: _Dice, running: bool) -> _Flows:
    steps = [(output, step) for output, sums in process.pieces.items() for step in sums]
    inputs = sorted({name for _, step in steps for part in step for name in part} - {""})
    uses = {name: dice.figure() if running and dice.chance(0.8) else ZERO for name in inputs}
    levels = dict.fromkeys(process.pieces, ZERO)
    for output, step in steps:
        levels[output] += min(
            sum((slope * uses.get(name, ONE) for name, slope in part.items()), ZERO) for part in step
        )
    first = next(iter(levels))
    worth = {output: goods[output].worth for output in levels} | {first: _gain(process, goods)}
    for name in inputs:
        best = sum((max(worth[output] * part.get(name, ZERO) for part in step) for output, step in steps), ZERO)
        if best > goods[name].worth or dice.chance(0.05):
            process.most[name] = uses[name] + dice.slack(0.2)
    if all(len(step) == 1 for _, step in steps) and levels[first] >= 0 and dice.chance(0.15):
        process.capacity = levels[first] + dice.slack()
    _hold(process, levels[first], dice)
    return uses, {name: amount * levels[first] for name, amount in process.outputs.items()} | levels


def _hold(process: _Process, level: Decimal, dice: _Dice) -> None:
    if level > 0 and dice.chance(0.08):
        process.min_level = level if dice.chance(0.4) else level / 2


def _close(good: _Good, net: Decimal, read: Decimal, dice: _Dice) -> None:
    """Supply, buyers and sellers that let the balance hold, and earn nothing without limit at the worth."""
    if not good.rival:
        good.supply = max(read - net, ZERO)
        good.price = good.worth if good.worth else None
        return
    sold = brought = ZERO
    if net < 0 and dice.chance(0.4):
        brought = -net
    elif net < 0 or (net > 0 and dice.chance(0.1)):
        good.supply = -net
    elif good.disposal is None or dice.chance(0.7):
        sold = net
    if dice.chance(0.25):
        more = dice.figure()
        good.supply += more
        sold += more if good.disposal is None or dice.chance(0.6) else ZERO
    if sold or dice.chance(0.3):
        _buyer(good, sold, dice)
    if brought or dice.chance(0.2):
        away = dice.slack()
        cheap = away > 0 and dice.chance(0.2)
        good.import_price = good.worth - away if cheap else good.worth + away
        if cheap or dice.chance(0.3):
            good.max_import = brought + dice.slack()


def _buyer(good: _Good, sold: Decimal, dice: _Dice) -> None:
    if dice.chance(0.12):
        good.min_sale = sold
        return
    away = dice.slack()
    dear = away > 0 and dice.chance(0.3)
    good.price = good.worth + away if dear else good.worth - away
    if dear or dice.chance(0.25):
        good.max_sale = sold + dice.slack()
    if dice.chance(0.15):
        good.min_sale = sold if dice.chance(0.5) else sold / 2
    elif dice.chance(0.06):
        good.min_sale = -dice.figure()
    elif good.price >= good.worth and dice.chance(0.03):
        good.min_sale = -INF


def _order_what_cannot_be(records: _Records, rng: Random) -> None:
    dice = _Dice(rng)
    names = [name for name, good in records.goods.items() if good.rival]
    some = rng.choice(names)
    draw = rng.randrange(6)
    if draw == 0:
        capacity, short = dice.figure(), rng.choice([Decimal("1.001"), Decimal("1.5"), Decimal(10)])
        order = records.good(min_sale=capacity * short, price=None if dice.chance(0.5) else dice.figure())
        records.process(inputs={some: dice.figure()}, outputs={order.name: ONE}, capacity=capacity)
    elif draw == 1:
        records.good(supply=-dice.figure())
    elif draw == 2:
        records.process(
            inputs={records.good().name: dice.figure(), some: ONE}, outputs={some: ONE}, min_level=dice.figure()
        )
    elif draw == 3:
        stuck = records.good(supply=dice.figure(), disposal=None)
        records.process(inputs={stuck.name: ONE, some: ONE}, outputs={stuck.name: rng.choice(GAINS[4:])})
    elif draw == 4:
        one, two = records.good(min_sale=dice.figure()), records.good()
        records.process(inputs={one.name: ONE}, outputs={two.name: Decimal("0.9")})
        records.process(inputs={two.name: ONE}, outputs={one.name: ONE})
    else:
        wanted = records.goods[some]
        wanted.max_sale, wanted.min_sale = (
            INF,
            abs(wanted.supply if wanted.min_sale == -INF else wanted.min_sale) * 10 + 1000,
        )


def _earn_without_end(records: _Records, rng: Random) -> None:
    dice = _Dice(rng)
    draw = rng.randrange(6)
    if draw == 0:
        seed = records.good(price=dice.figure(), supply=dice.figure() if dice.chance(0.5) else ZERO)
        records.process(
            inputs={seed.name: ONE}, outputs={seed.name: Decimal("1.01") if dice.chance(0.5) else Decimal(2)}
        )
    elif draw == 1:
        records.good(price=Decimal("1.01"), import_price=ONE)
    elif draw == 2:
        records.process(outputs={records.good(price=dice.figure()).name: dice.figure()})
    elif draw == 3:
        one, two = records.good(disposal=None), records.good(disposal=None)
        records.process(inputs={one.name: ONE}, outputs={two.name: ONE}, unit_cost=ONE)
        records.process(inputs={two.name: ONE}, outputs={one.name: ONE}, unit_cost=-Decimal("1.001"))
    elif draw == 4:
        records.process(unit_cost=-dice.figure())
    else:
        records.good(price=-ONE, min_sale=-INF, import_price=Decimal("-1.5"), disposal=None)


def _wild(rng: Random, size: int) -> _Records:
    """Records drawn without regard to each other, of limits enough that most chains have an optimum."""
    dice, records = _Dice(rng), _Records()
    limited, obliged = rng.choice([0.2, 0.6, 0.9, 1.0]), rng.choice([0.0, 0.0, 0.02, 0.1])
    for _ in range(max(2, round(size * rng.choice([0.5, 1.0, 1.5])))):
        good = records.good(
            worth=dice.figure(),
            supply=dice.figure() if dice.chance(0.4) else -dice.figure() if dice.chance(obliged) else ZERO,
            disposal=None if dice.chance(0.1) else dice.figure() if dice.chance(0.1) else ZERO,
        )
        if dice.chance(0.4):
            good.price = -dice.figure() if dice.chance(0.1) else dice.figure()
            good.max_sale = dice.figure() if dice.chance(limited / 2) else INF
            good.min_sale = -dice.figure() if dice.chance(0.05) else ZERO
        if dice.chance(0.25):
            # Above any buyer's price, most often; with a limit, at any.
            good.import_price = dice.figure() * 10
            if dice.chance(0.5):
                good.import_price, good.max_import = dice.figure(), rng.choice([ZERO, dice.figure()])
        if dice.chance(obliged):
            good.min_sale, good.max_sale = dice.figure() / 10, INF
    names = list(records.goods)
    for _ in range(size):
        process = _maker(records, names, dice, 0.5) if dice.chance(0.8) else _recycle(records, names, dice)
        inputs = {
            name for steps in process.pieces.values() for step in steps for part in step for name in part
        } - {""}
        if process.pieces:
            process.most = {name: dice.figure() for name in sorted(inputs) if dice.chance(limited)}
        elif dice.chance(limited):
            process.capacity = ZERO if dice.chance(0.05) else dice.figure()
            process.min_level = process.capacity / 2 if dice.chance(obliged) else ZERO
        if dice.chance(0.05) and process.unit_cost > 0 and process.capacity < INF:
            process.unit_cost = -process.unit_cost
    return records


def _program(rng: Random, size: int) -> _Records:
    """Steps that read all of what they name, of either sign; what comes of a minimum is only added, and wanted."""
    dice, records = _Dice(rng), _Records()
    for _ in range(rng.randint(1, 4)):
        records.good(supply=dice.figure() * rng.choice([1, 1, 1, -1]), rival=False, disposal=None)
    lesser: set[str] = set()
    for _ in range(size):
        names = list(records.goods)
        read = rng.sample(names[-12:], min(len(names), rng.choice([1, 1, 2, 3])))
        wanted = bool(lesser & set(read)) or dice.chance(0.3)
        output = records.good(rival=False, disposal=None)
        sign = [1] if wanted else [1, 1, -1]
        # Slopes below 1 on the whole, so that long programs stay within bounds.
        parts = [
            {name: dice.figure() * rng.choice(sign) / (10 if len(read) > 1 else 5) for name in read}
            | ({"": dice.figure() * rng.choice([1, -1])} if dice.chance(0.4) else {})
            for _ in range(rng.choice([2, 3]) if wanted and dice.chance(0.7) else 1)
        ]
        if wanted:
            lesser.add(output.name)
        records.process(pieces={output.name: [parts]}, outputs={output.name: ONE})
    for name in list(records.goods)[-max(1, size // 4) :]:
        good = records.goods[name]
        if dice.chance(0.5) or name == output.name:
            good.price = dice.figure() * (1 if name in lesser or dice.chance(0.7) else -1)
    return records


def _change_units(records: _Records, rng: Random) -> None:
    spread = rng.choice([1, 3, 6, 6])

    def factor() -> Decimal:
        return rng.choice(MANTISSAS) * Decimal(10) ** rng.randint(-spread, spread)

    records.money = factor()
    for good in records.goods.values():
        good.unit = factor()
    for process in records.processes:
        process.unit = records.goods[next(iter(process.pieces))].unit if process.pieces else factor()
