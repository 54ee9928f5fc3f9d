"""Published linear programs that have a form of their own, each written as a matrix and as a chain."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

from dual_faces import Number, Row
from statements import Program, by_columns, operations

import chainopt as co


def sailco() -> Program:
    demand = {"quarter 1": 40, "quarter 2": 60, "quarter 3": 75, "quarter 4": 25}
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {}
    for quarter in demand:
        columns[f"regular {quarter}"] = (-400, {quarter: -1, f"hours {quarter}": 1})
        columns[f"overtime {quarter}"] = (-450, {quarter: -1})
    for here, there in pairwise(demand):
        columns[f"hold {here}"] = (-20, {here: 1, there: -1})
    c, rows = by_columns(
        {quarter: (">=", amount - (10 if quarter == "quarter 1" else 0)) for quarter, amount in demand.items()}
        | {f"hours {quarter}": ("<=", 40) for quarter in demand},
        columns,
    )
    goods = [co.Good(q, supply=10 if q == "quarter 1" else 0, min_sale=amount) for q, amount in demand.items()]
    processes = []
    for quarter in demand:
        processes.append(
            co.Process(f"regular {quarter}", function="leontief", outputs=quarter, unit_cost=400, capacity=40)
        )
        processes.append(co.Process(f"overtime {quarter}", function="leontief", outputs=quarter, unit_cost=450))
    for here, there in pairwise(demand):
        processes.append(
            co.Process(f"hold {here}", function="linear", inputs={here: 1}, outputs=there, unit_cost=20)
        )
    return Program(
        "Winston, Operations Research: Applications and Algorithms, chapter 3, Sailco Corporation",
        c,
        rows,
        co.Chain(goods, processes),
        -78450,
    )


def rylon() -> Program:
    takes = {
        "distil": (0, {"raw": 1, "lab": 1, "brute": -3, "chanelle": -4}),
        "luxury brute": (-4, {"brute": 1, "lab": 3, "luxury brute": -1}),
        "luxury chanelle": (-4, {"chanelle": 1, "lab": 2, "luxury chanelle": -1}),
    }
    sold = {"brute": 7, "chanelle": 6, "luxury brute": 18, "luxury chanelle": 14}
    c, rows = by_columns(
        {"raw": ("<=", 0), "lab": ("<=", 6000), "purchase": ("<=", 4000)} | dict.fromkeys(sold, ("<=", 0)),
        {"buy": (-3, {"raw": -1, "purchase": 1}), **takes}
        | {f"sell {good}": (price, {good: 1}) for good, price in sold.items()},
    )
    chain = co.Chain(
        [co.Good("raw", import_price=3, max_import=4000), co.Good("lab", supply=6000)]
        + [co.Good(good, price=price) for good, price in sold.items()],
        [
            co.Process(
                f"{name} process",
                function="leontief",
                inputs={good: amount for good, amount in moves.items() if amount > 0},
                outputs={good: -amount for good, amount in moves.items() if amount < 0},
                unit_cost=-earned,
            )
            for name, (earned, moves) in takes.items()
        ],
    )
    return Program(
        "Winston, Operations Research: Applications and Algorithms, chapter 3, Rylon Corporation",
        c,
        rows,
        chain,
        "172666.667",
        # The book's row of the purchase limit has 39.667, beside the raw material's cost of 3.
        {"purchase": "39.667", "raw": "42.667", "lab": "2.333", "brute": 7, "chanelle": 6},
    )


def steel() -> Program:
    c, rows = by_columns(
        {"hours": ("<=", 40), "bands": ("<=", 0), "coils": ("<=", 0), "band orders": ("<=", 6000)}
        | {"coil orders": ("<=", 4000)},
        {
            "roll bands": (0, {"hours": Fraction(1, 200), "bands": -1}),
            "roll coils": (0, {"hours": Fraction(1, 140), "coils": -1}),
            "sell bands": (25, {"bands": 1, "band orders": 1}),
            "sell coils": (30, {"coils": 1, "coil orders": 1}),
        },
    )
    chain = co.Chain(
        [
            co.Good("hours", supply=40),
            co.Good("bands", price=25, max_sale=6000),
            co.Good("coils", price=30, max_sale=4000),
        ],
        [
            co.Process("roll bands", function="linear", inputs={"hours": 200}, outputs="bands"),
            co.Process("roll coils", function="linear", inputs={"hours": 140}, outputs="coils"),
        ],
    )
    return Program(
        "Fourer, Gay and Kernighan, AMPL, second edition (2003), chapter 1, steel",
        c,
        rows,
        chain,
        192000,
        {"hours": 4200, "band orders": 4, "coil orders": 0},
    )


def steel_in_two_stages() -> Program:
    rates = {"bands": (200, 200), "coils": (200, 140), "plate": (200, 160)}
    earned = {"bands": 25, "coils": 30, "plate": 29}
    orders = {"bands": (1000, 6000), "coils": (500, 4000), "plate": (500, 3500)}
    c, rows = by_columns(
        {"reheat": ("<=", 35), "roll": ("<=", 40)}
        | dict.fromkeys(rates, ("<=", 0))
        | {f"most {product}": ("<=", most) for product, (_, most) in orders.items()}
        | {f"least {product}": ("<=", -least) for product, (least, _) in orders.items()},
        {
            product: (0, {"reheat": Fraction(1, hot), "roll": Fraction(1, cold), product: -1})
            for product, (hot, cold) in rates.items()
        }
        | {
            f"sell {product}": (price, {product: 1, f"most {product}": 1, f"least {product}": -1})
            for product, price in earned.items()
        },
    )
    chain = co.Chain(
        [co.Good("reheat", supply=35), co.Good("roll", supply=40)]
        + [
            co.Good(product, price=price, min_sale=orders[product][0], max_sale=orders[product][1])
            for product, price in earned.items()
        ],
        [
            co.Process(f"make {product}", formula=f"{product} = min({hot}*reheat, {cold}*roll)")
            for product, (hot, cold) in rates.items()
        ],
    )
    return Program(
        "Fourer, Gay and Kernighan, AMPL, second edition (2003), chapter 1, steel4",
        c,
        rows,
        chain,
        "190071.4286",
        {"reheat": 1800, "roll": 3200},
    )


def steel_over_weeks() -> Program:
    weeks = range(1, 5)
    hours = [40, 40, 32, 40]
    rate, making, keeping, stock = [200, 140], [10, 11], [2.5, 3], [10, 0]
    earned = [[25, 26, 27, 27], [30, 35, 37, 39]]
    orders = [[6000, 6000, 4000, 6500], [4000, 2500, 3500, 4200]]
    rows: dict[str, tuple[str, Number]] = {f"hours {week}": ("<=", hours[week - 1]) for week in weeks}
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {}
    goods = [co.Good(f"hours {week}", supply=hours[week - 1]) for week in weeks]
    processes = []
    for i, product in enumerate(("bands", "coils")):
        for week in weeks:
            here, there = f"{product} {week}", f"{product} {week + 1}"
            there_now = stock[i] if week == 1 else 0
            price, most = earned[i][week - 1], orders[i][week - 1]
            rows |= {here: ("<=", there_now), f"most {here}": ("<=", most)}
            columns[f"make {here}"] = (-making[i], {f"hours {week}": Fraction(1, rate[i]), here: -1})
            columns[f"sell {here}"] = (price, {here: 1, f"most {here}": 1})
            columns[f"keep {here}"] = (-keeping[i], {here: 1} | ({there: -1} if week < 4 else {}))
            goods.append(co.Good(here, supply=there_now, price=price, max_sale=most))
            made = {"inputs": {f"hours {week}": rate[i]}, "outputs": here, "unit_cost": making[i]}
            processes.append(co.Process(f"make {here}", function="linear", **made))
            kept = {"inputs": {here: 1}, "outputs": there if week < 4 else (), "unit_cost": keeping[i]}
            processes.append(co.Process(f"keep {here}", function="linear", **kept))
    c, matrix = by_columns(rows, columns)
    return Program(
        "Fourer, Gay and Kernighan, AMPL, second edition (2003), section 4.2, steelT",
        c,
        matrix,
        co.Chain(goods, processes),
        515033,
    )


def warehouse() -> Program:
    prices = [10, 12, 8, 9]
    rows: dict[str, tuple[str, Number]] = {}
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {}
    goods, processes = [], []
    for t, price in enumerate(prices, 1):
        here, there = f"quarter {t}", f"quarter {t + 1}"
        supply = 50 if t == 1 else 0
        rows |= {here: ("=", supply), f"room {t}": ("<=", 100)}
        columns[f"buy {t}"] = (-price, {here: -1})
        columns[f"sell {t}"] = (price, {here: 1})
        columns[f"keep {t}"] = (-1, {here: 1, f"room {t}": 1} | ({there: -1} if t < 4 else {}))
        goods.append(co.Good(here, supply=supply, price=price, import_price=price, disposal=None))
        outputs = there if t < 4 else ()
        processes.append(
            co.Process(
                f"keep {t}", function="linear", inputs={here: 1}, outputs=outputs, unit_cost=1, capacity=100
            )
        )
    c, matrix = by_columns(rows, columns)
    return Program(
        "Dantzig, Linear Programming and Extensions (1963), chapter 3, the warehouse problem, figures of the GAMS "
        "model library (whouse)",
        c,
        matrix,
        co.Chain(goods, processes),
        600,
        {f"quarter {t}": price for t, price in enumerate(prices, 1)},
    )


def food_manufacture() -> Program:
    months = ["January", "February", "March", "April", "May", "June"]
    costs = {
        "VEG 1": [110, 130, 110, 120, 100, 90],
        "VEG 2": [120, 130, 140, 110, 120, 100],
        "OIL 1": [130, 110, 130, 120, 150, 140],
        "OIL 2": [110, 90, 100, 120, 110, 80],
        "OIL 3": [115, 115, 95, 125, 105, 135],
    }
    hardness = {"VEG 1": 8.8, "VEG 2": 6.1, "OIL 1": 2.0, "OIL 2": 4.2, "OIL 3": 5.0}
    lines = {"VEG": 200, "OIL": 250}
    rows: dict[str, tuple[str, Number]] = {f"stock {oil}": (">=", 500) for oil in costs}
    columns: dict[str, tuple[Number, Mapping[str, Number]]] = {}
    goods = [co.Good(f"stock {oil}", min_sale=500) for oil in costs]
    processes = []
    for t, month in enumerate(months):
        product, above, below = f"food {month}", f"above 3 {month}", f"below 6 {month}"
        rows |= {f"{line} {month}": ("<=", most) for line, most in lines.items()}
        rows |= dict.fromkeys((product, above, below), ("<=", 0))
        columns[f"sell {month}"] = (150, {product: 1})
        goods += [co.Good(f"{line} {month}", supply=most) for line, most in lines.items()]
        goods += [co.Good(product, price=150), co.Good(above), co.Good(below)]
        for oil, prices in costs.items():
            here, line = f"{oil} {month}", f"{oil[:3]} {month}"
            after = f"{oil} {months[t + 1]}" if t < 5 else f"stock {oil}"
            hard = Fraction(str(hardness[oil]))
            rows |= {here: ("<=", 500 if t == 0 else 0), f"tank {here}": ("<=", 1000)}
            columns[f"buy {here}"] = (-prices[t], {here: -1})
            moves = {here: 1, line: 1, product: -1, above: 3 - hard, below: hard - 6}
            columns[f"refine {here}"] = (0, moves)
            columns[f"keep {here}"] = (-5, {here: 1, after: -1, f"tank {here}": 1})
            goods.append(co.Good(here, supply=500 if t == 0 else 0, import_price=prices[t]))
            processes.append(
                co.Process(
                    f"refine {here}",
                    function="leontief",
                    inputs={good: float(amount) for good, amount in moves.items() if amount > 0},
                    outputs={good: float(-amount) for good, amount in moves.items() if amount < 0},
                )
            )
            kept = {"inputs": {here: 1}, "outputs": after, "unit_cost": 5, "capacity": 1000}
            processes.append(co.Process(f"keep {here}", function="linear", **kept))
    c, matrix = by_columns(rows, columns)
    return Program(
        "Williams, Model Building in Mathematical Programming, part 2, Food manufacture 1",
        c,
        matrix,
        co.Chain(goods, processes),
        "107842.59",
    )


def alloys() -> Program:
    costs = [4.1, 4.3, 5.8, 6.0, 7.6, 7.5, 7.3, 6.9, 7.3]
    parts = {
        "lead": [10, 10, 40, 60, 30, 30, 30, 50, 20],
        "zinc": [10, 30, 50, 30, 30, 40, 20, 40, 30],
        "tin": [80, 60, 10, 10, 40, 30, 50, 10, 50],
    }
    asked = {"lead": 30, "zinc": 30, "tin": 40}
    # A metal row is one that is asked exactly: negated, so that its price is that of the metal itself.
    rows: dict[str, Row] = {metal: ([-x for x in row], "=", -asked[metal]) for metal, row in parts.items()}
    c = [-cost for cost in costs]
    return operations(
        "Dantzig, Linear Programming and Extensions (1963), section 3.4, blending of nine alloys",
        c,
        rows,
        Fraction(-498, 100),
    )


def save_it() -> Program:
    grades = {"A": (8.5 - 3.0), "B": (7.0 - 2.5), "C": (5.5 - 2.0)}
    there, treating = [3000, 2000, 4000, 1000], [3, 6, 4, 5]
    shares = [
        ("A", 1, "<=", 0.3),
        ("A", 2, ">=", 0.4),
        ("A", 3, "<=", 0.5),
        ("A", 4, "=", 0.2),
        ("B", 1, "<=", 0.5),
        ("B", 2, ">=", 0.1),
        ("B", 4, "=", 0.1),
        ("C", 1, "<=", 0.7),
    ]
    variables = [(grade, i) for grade in grades for i in range(1, 5)]
    rows: dict[str, Row] = {}
    for grade, material, sense, share in shares:
        part = [int(i == material) - Fraction(str(share)) if of == grade else 0 for of, i in variables]
        rows[f"share {material} in {grade}"] = (part, sense, 0)
    for material in range(1, 5):
        row = [int(i == material) for _, i in variables]
        rows[f"material {material}"] = (row, "<=", there[material - 1])
        rows[f"half of {material}"] = (row, ">=", there[material - 1] // 2)
    rows["treatment"] = ([treating[i - 1] for _, i in variables], "=", 30000)
    return operations(
        "Hillier and Lieberman, Introduction to Operations Research, section 3.4, Save-It Company",
        [grades[grade] for grade, _ in variables],
        rows,
        "35109.65",
    )


def assignment_game() -> Program:
    asked = [18, 15, 19]
    worth = [[23, 26, 20], [22, 24, 21], [21, 22, 17]]
    houses, buyers = [f"house {i}" for i in (1, 2, 3)], [f"buyer {j}" for j in (1, 2, 3)]
    gain = [[max(0, worth[i][j] - asked[i]) for j in range(3)] for i in range(3)]
    c, rows = by_columns(
        dict.fromkeys(houses + buyers, ("<=", 1)),
        {
            f"{house} {buyer}": (gain[i][j], {house: 1, buyer: 1})
            for i, house in enumerate(houses)
            for j, buyer in enumerate(buyers)
        },
    )
    return operations(
        "Shapley and Shubik, The assignment game I: the core, International Journal of Game Theory 1 (1971), the "
        "example of three houses",
        c,
        rows,
        16,
        prices={"house 1": (3, 5), "house 2": (5, 6), "house 3": (0, 1)}
        | {"buyer 1": (1, 2), "buyer 2": (3, 5), "buyer 3": (0, 1)},
    )
