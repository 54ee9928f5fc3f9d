"""Forms in which linear programs are published, each stated twice: as its source's matrix, and as a chain.

Neither is made from the other, but in `operations`, where the source has no more than a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf

from dual_faces import Number, Row

import chainopt as co

# Of a published answer a number is exact, a text has the digits that its source prints, a pair is an interval.
Answer = Number | str | tuple[Number, Number]
# What a variable earns, and what of each row it takes (below 0: makes).
Columns = Mapping[str, tuple[Number, Mapping[str, Number]]]


@dataclass(frozen=True)
class Program:
    """maximise c x, rows, x >= 0; the published optimum, and what one more unit of each good is worth.

    Every good of the chain is a row; a row that is no good of the chain is one of its limits.
    """

    source: str
    c: Sequence[Number]
    rows: Mapping[str, Row]
    chain: co.Chain
    value: Answer
    prices: Mapping[str, Answer] = field(default_factory=dict)


def by_columns(rows: Mapping[str, tuple[str, Number]], columns: Columns) -> tuple[list[Number], dict[str, Row]]:
    """A matrix whose source names its variables: c, and each row's coefficients, sense and right side."""
    for _, takes in columns.values():
        assert takes.keys() <= rows.keys()
    made = {
        row: ([takes.get(row, 0) * (-1 if sense == ">=" else 1) for _, takes in columns.values()], sense, bound)
        for row, (sense, bound) in rows.items()
    }
    return [earned for earned, _ in columns.values()], made


def operations(source: str, c: Sequence[Number], rows: Mapping[str, Row], value: Answer, **more) -> Program:
    """A matrix whose variables are Leontief operations: each earns its c, takes of some rows, makes for others."""
    goods = []
    for good, (_, sense, bound) in rows.items():
        supply = -bound if sense == ">=" else bound
        goods.append(co.Good(good, supply=float(supply), disposal=None if sense == "=" else 0.0))
    processes = []
    for j, earned in enumerate(c):
        takes = {good: float(-row[j] if sense == ">=" else row[j]) for good, (row, sense, _) in rows.items()}
        processes.append(
            co.Process(
                f"x{j + 1}",
                function="leontief",
                unit_cost=-float(earned),
                inputs={good: amount for good, amount in takes.items() if amount > 0},
                outputs={good: -amount for good, amount in takes.items() if amount < 0},
            )
        )
    return Program(source, c, rows, co.Chain(goods, processes), value, **more)


def resources(
    source: str,
    c: Sequence[Number],
    a: Sequence[Sequence[Number]],
    b: Sequence[Number],
    value: Answer,
    prices: Sequence[Answer] = (),
    sense: str = "<=",
) -> Program:
    """maximise c x, a x <= b: rows are resources (or, with >=, requirements)."""
    names = [f"row {i + 1}" for i in range(len(b))]
    rows = {name: (row, sense, bound) for name, row, bound in zip(names, a, b, strict=True)}
    return operations(source, c, rows, value, prices=dict(zip(names, prices, strict=False)))


def recipes(
    source: str,
    earned: Mapping[str, Number],
    there: Mapping[str, Number],
    takes: Mapping[str, Mapping[str, Number]],
    value: Answer,
    prices: Mapping[str, Answer],
) -> Program:
    """Products sold, each made by a formula, the least of its inputs over what a unit takes."""
    c, rows = by_columns(
        dict.fromkeys(earned, ("<=", 0)) | {good: ("<=", amount) for good, amount in there.items()},
        {f"make {product}": (0, {**uses, product: -1}) for product, uses in takes.items()}
        | {f"sell {product}": (price, {product: 1}) for product, price in earned.items()},
    )
    goods = [co.Good(good, supply=amount) for good, amount in there.items()]
    goods += [co.Good(product, price=price) for product, price in earned.items()]
    processes = []
    for product, uses in takes.items():
        terms = ", ".join(f"{good}/{amount}" for good, amount in uses.items())
        processes.append(co.Process(f"make {product}", formula=f"{product} = min({terms})"))
    return Program(source, c, rows, co.Chain(goods, processes), value, prices)


def shipping(
    source: str,
    costs: Sequence[Sequence[Number]],
    supply: Sequence[Number],
    demand: Sequence[Number],
    value: Answer,
    prices: Mapping[str, Answer] | None = None,
) -> Program:
    """A transportation problem: plants that have goods, markets that ask for them, a process for each road."""
    plants = {f"plant {i + 1}": amount for i, amount in enumerate(supply)}
    markets = {f"market {j + 1}": amount for j, amount in enumerate(demand)}
    roads = {
        (plant, market): cost
        for plant, row in zip(plants, costs, strict=True)
        for market, cost in zip(markets, row, strict=True)
    }
    c, rows = by_columns(
        {plant: ("<=", amount) for plant, amount in plants.items()}
        | {market: (">=", amount) for market, amount in markets.items()},
        {f"{plant} to {market}": (-cost, {plant: 1, market: -1}) for (plant, market), cost in roads.items()},
    )
    chain = co.Chain(
        [co.Good(plant, supply=amount) for plant, amount in plants.items()]
        + [co.Good(market, min_sale=amount) for market, amount in markets.items()],
        [
            co.Process(
                f"{here} to {there}", function="linear", inputs={here: 1}, outputs=there, unit_cost=float(cost)
            )
            for (here, there), cost in roads.items()
        ],
    )
    return Program(source, c, rows, chain, value, prices or {})


def circulation(
    source: str,
    nodes: Mapping[str, Number],
    arcs: Mapping[str, tuple[Number, Number]],
    value: Answer,
    prices: Mapping[str, Answer] | None = None,
) -> Program:
    """A minimum cost flow: arcs of a cost and a capacity, named by the initials of their nodes."""
    capacities = {arc: capacity for arc, (_, capacity) in arcs.items() if capacity < inf}
    c, rows = by_columns(
        {node: ("<=", supply) for node, supply in nodes.items()}
        | {arc: ("<=", capacity) for arc, capacity in capacities.items()},
        {
            arc: (-cost, {arc[0]: 1, arc[1]: -1} | ({arc: 1} if arc in capacities else {}))
            for arc, (cost, _) in arcs.items()
        },
    )
    chain = co.Chain(
        [co.Good(node, supply=supply) for node, supply in nodes.items()],
        [
            co.Process(
                arc, function="linear", inputs={arc[0]: 1}, outputs=arc[1], unit_cost=cost, capacity=capacity
            )
            for arc, (cost, capacity) in arcs.items()
        ],
    )
    return Program(source, c, rows, chain, value, prices or {})


def leontief(
    source: str,
    uses: Mapping[str, Mapping[str, Number]],
    labour: Mapping[str, Number],
    demand: Mapping[str, Number],
    value: Answer,
    prices: Mapping[str, Answer],
) -> Program:
    """The least labour (at a wage of 1) for a final demand, each industry using others' goods and its own."""
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {"hire": (-1, {"labour": -1})}
    for industry, takes in uses.items():
        net = {good: Fraction(str(amount)) - (good == industry) for good, amount in takes.items()}
        columns[industry] = (0, {**net, "labour": labour[industry]})
    c, rows = by_columns(
        {"labour": ("<=", 0)} | {good: (">=", amount) for good, amount in demand.items()}, columns
    )
    chain = co.Chain(
        [co.Good("labour", import_price=1)] + [co.Good(good, min_sale=amount) for good, amount in demand.items()],
        [
            co.Process(
                f"make {industry}",
                function="leontief",
                inputs={**takes, "labour": labour[industry]},
                outputs=industry,
            )
            for industry, takes in uses.items()
        ],
    )
    return Program(source, c, rows, chain, value, {"labour": 1, **prices})


def reproduction(
    source: str,
    there: tuple[str, Number],
    industries: Mapping[str, tuple[Mapping[str, Number], Number]],
    value: Answer,
    prices: Mapping[str, Answer],
) -> Program:
    """Industries that together just reproduce what they use; what is there beside becomes wheat, sold at 1."""
    rows = {good: ("<=", there[1] if good == there[0] else 0) for good in industries}
    c, matrix = by_columns(
        rows,
        {"sell": (1, {"wheat": 1})}
        | {
            industry: (0, {good: used - (made if good == industry else 0) for good, used in uses.items()})
            for industry, (uses, made) in industries.items()
        },
    )
    chain = co.Chain(
        [co.Good(good, supply=amount, price=1 if good == "wheat" else None) for good, (_, amount) in rows.items()],
        [
            co.Process(f"make {industry}", function="leontief", inputs=uses, outputs={industry: made})
            for industry, (uses, made) in industries.items()
        ],
    )
    return Program(source, c, matrix, chain, value, prices)


def diet(
    source: str,
    foods: Mapping[str, tuple[Number, Number, Sequence[Number]]],
    needs: Mapping[str, Number],
    value: Answer,
    prices: Mapping[str, Answer] | None = None,
) -> Program:
    """Foods bought at a cost, to a limit, each eaten for its nutrients: joint products."""
    yields = {food: dict(zip(needs, amounts, strict=True)) for food, (_, _, amounts) in foods.items()}
    limits = {f"most {food}": most for food, (_, most, _) in foods.items() if most < inf}
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {}
    for food, (cost, _, _) in foods.items():
        columns[f"buy {food}"] = (-cost, {food: -1} | ({f"most {food}": 1} if f"most {food}" in limits else {}))
        columns[f"eat {food}"] = (0, {food: 1} | {need: -amount for need, amount in yields[food].items()})
    c, rows = by_columns(
        dict.fromkeys(foods, ("<=", 0))
        | {need: (">=", amount) for need, amount in needs.items()}
        | {limit: ("<=", most) for limit, most in limits.items()},
        columns,
    )
    chain = co.Chain(
        [co.Good(food, import_price=cost, max_import=most) for food, (cost, most, _) in foods.items()]
        + [co.Good(need, min_sale=amount) for need, amount in needs.items()],
        [
            co.Process(
                f"eat {food}",
                function="leontief",
                inputs={food: 1},
                outputs={need: amount for need, amount in made.items() if amount},
            )
            for food, made in yields.items()
        ],
    )
    return Program(source, c, rows, chain, value, prices or {})


def methods(
    source: str,
    cost: Sequence[Number],
    made: Mapping[str, tuple[Number, Sequence[Number]]],
    most: Number,
    value: Answer,
    prices: Mapping[str, Answer] | None = None,
) -> Program:
    """What is asked, and how much of it each method makes: joint products at a cost and up to a capacity."""
    names = [f"method {j + 1}" for j in range(len(cost))]
    rows: dict[str, Row] = {good: (row, ">=", asked) for good, (asked, row) in made.items()}
    rows |= {name: ([int(name == other) for other in names], "<=", most) for name in names}
    chain = co.Chain(
        [co.Good(good, min_sale=asked) for good, (asked, _) in made.items()],
        [
            co.Process(
                name,
                function="leontief",
                outputs={good: row[j] for good, (_, row) in made.items() if row[j]},
                capacity=most,
                unit_cost=cost[j],
            )
            for j, name in enumerate(names)
        ],
    )
    return Program(source, [-x for x in cost], rows, chain, value, prices or {})
