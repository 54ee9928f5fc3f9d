"""Chains that have an optimum whatever their size, drawn about prices and a plan of their own."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from random import Random

from nasty_drafts import GAINS, INF, ONE, ZERO, Dice, Draft, DraftGood, DraftProcess


def sketch(rng: Random, size: int) -> Draft:
    dice, records = Dice(rng), Draft()
    for _ in range(max(2, round(size * rng.choice([0.5, 0.8, 1.0, 1.2])))):
        worth = dice.figure() if dice.chance(0.85) else rng.choice([ZERO, -dice.figure()])
        records.good(worth=worth, rival=dice.chance(0.96))
    names = list(records.goods)
    for good in records.goods.values():
        if not good.rival:
            good.worth = ZERO if dice.chance(0.5) else abs(good.worth)
        good.disposal = _disposal(good, dice)
    busy = rng.choice([0.0, 0.5, 0.9, 0.9])
    while len(records.processes) < size:
        draw = rng.random()
        if draw < 0.06 and records.processes:
            _twin(records, rng.choice(records.processes))
        elif draw < 0.12 and size - len(records.processes) > 3:
            _ring(records, names, dice)
        elif draw < 0.17:
            recycle(records, names, dice)
        else:
            maker(records, names, dice)
    net: defaultdict[str, Decimal] = defaultdict(Decimal)
    read: dict[str, Decimal] = {}
    for process in records.processes:
        _run(process, records.goods, dice, busy, net, read)
    for name, good in records.goods.items():
        _close(good, net[name], read.get(name, ZERO), dice)
    return records


def _disposal(good: DraftGood, dice: Dice) -> Decimal | None:
    draw = dice.rng.random()
    if not good.rival:
        return None if draw < 0.5 else ZERO
    if draw < 0.2:
        return None
    if good.worth < 0:
        return -good.worth + dice.slack()
    return ZERO if draw < 0.85 else dice.figure()


def _pick(names: list[str], dice: Dice) -> tuple[list[str], list[str]]:
    """Inputs and outputs near each other, the outputs later in the list but where it turns back, and a hub."""
    rng = dice.rng
    middle = rng.randrange(len(names))
    before, after = names[max(0, middle - dice.window) : middle], names[middle : middle + dice.window]
    if dice.chance(dice.backwards):
        before, after = after, before
    inputs = rng.sample(before, min(len(before), rng.choice([0, 1, 1, 2, 2, 3])))
    outputs = rng.sample(after, min(len(after), rng.choice([0, 1, 1, 1, 1, 2, 3])))
    if dice.chance(dice.hub) and names[0] not in inputs + outputs:
        inputs.append(names[0])
    return inputs, outputs


def maker(records: Draft, names: list[str], dice: Dice) -> DraftProcess:
    inputs, outputs = _pick(names, dice)
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


def _affine(records: Draft, inputs: list[str], outputs: list[str], dice: Dice) -> DraftProcess:
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


def _minimum(records: Draft, inputs: list[str], outputs: list[str], dice: Dice) -> DraftProcess:
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


def _twin(records: Draft, one: DraftProcess) -> DraftProcess:
    return records.process(
        function=one.function,
        inputs=dict(one.inputs),
        outputs=dict(one.outputs),
        pieces=one.pieces,
        scale=one.scale,
        unit_cost=one.unit_cost,
    )


def _ring(records: Draft, names: list[str], dice: Dice) -> None:
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


def recycle(records: Draft, names: list[str], dice: Dice) -> DraftProcess:
    """A good out of itself, with a gain below, at or above 1, and perhaps another good beside it."""
    itself, other = dice.rng.choice(names), dice.rng.choice(names)
    inputs, outputs = {itself: ONE}, {itself: dice.rng.choice(GAINS)}
    if not records.goods[itself].rival:
        inputs = {}
    if other != itself and dice.chance(0.5):
        (inputs if dice.chance(0.5) else outputs)[other] = dice.figure()
    return records.process(inputs=inputs, outputs=outputs)


def _run(
    process: DraftProcess,
    goods: dict[str, DraftGood],
    dice: Dice,
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


def _gain(process: DraftProcess, goods: dict[str, DraftGood]) -> Decimal:
    return sum((amount * goods[name].worth for name, amount in process.outputs.items()), -process.unit_cost)


def _run_leontief(process: DraftProcess, goods: dict[str, DraftGood], dice: Dice, running: bool) -> _Flows:
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


def _run_linear(process: DraftProcess, goods: dict[str, DraftGood], dice: Dice, running: bool) -> _Flows:
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


def _run_formula(process: DraftProcess, goods: dict[str, DraftGood], dice: Dice, running: bool) -> _Flows:
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


def _hold(process: DraftProcess, level: Decimal, dice: Dice) -> None:
    if level > 0 and dice.chance(0.08):
        process.min_level = level if dice.chance(0.4) else level / 2


def _close(good: DraftGood, net: Decimal, read: Decimal, dice: Dice) -> None:
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


def _buyer(good: DraftGood, sold: Decimal, dice: Dice) -> None:
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
