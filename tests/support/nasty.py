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
from decimal import Decimal
from random import Random

from nasty_drafts import GAINS, INF, MANTISSAS, ONE, ZERO, Dice, Draft
from nasty_sketch import maker, recycle, sketch

import chainopt as co


def nasty(seed: int, most: int = 2000) -> co.Chain:
    """A random chain of 2 to `most` processes, sizes log-uniform; the same for the same arguments."""
    rng = Random(seed)
    size = max(2, round(math.exp(rng.uniform(math.log(2), math.log(most)))))
    kind = rng.random()
    if kind < 0.05:
        records = _program(rng, min(size, 60))
    elif kind < 0.25:
        records = _wild(rng, min(size, 40))
    else:
        records = sketch(rng, size)
        spoil = rng.random()
        if spoil < 0.2:
            _order_what_cannot_be(records, rng)
        if spoil > 0.955 or spoil < 0.015:
            _earn_without_end(records, rng)
    if rng.random() < 0.6:
        _change_units(records, rng)
    return records.chain(f"nasty {seed}")


def _order_what_cannot_be(records: Draft, rng: Random) -> None:
    dice = Dice(rng)
    some = rng.choice([name for name, good in records.goods.items() if good.rival] or [records.good().name])
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


def _earn_without_end(records: Draft, rng: Random) -> None:
    dice = Dice(rng)
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


def _wild(rng: Random, size: int) -> Draft:
    """Records drawn without regard to each other, of limits enough that most chains have an optimum."""
    dice, records = Dice(rng), Draft()
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
        process = maker(records, names, dice) if dice.chance(0.8) else recycle(records, names, dice)
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


def _program(rng: Random, size: int) -> Draft:
    """Steps that read all of what they name, of either sign; what comes of a minimum is only added, and wanted."""
    dice, records = Dice(rng), Draft()
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


def _change_units(records: Draft, rng: Random) -> None:
    spread = rng.choice([1, 3, 6, 6])

    def factor() -> Decimal:
        return rng.choice(MANTISSAS) * Decimal(10) ** rng.randint(-spread, spread)

    records.money = factor()
    for good in records.goods.values():
        good.unit = factor()
    for process in records.processes:
        process.unit = records.goods[next(iter(process.pieces))].unit if process.pieces else factor()
