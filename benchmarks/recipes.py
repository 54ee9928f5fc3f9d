"""Fixed recipes by the simplex judge, as ratios to HiGHS alone on the same matrix.

    python benchmarks/recipes.py [--sizes 400 2000 8000 30000] [--repeat 3]

From records to certified prices, with back-propagation and the ends of every price. Both sides run in one process,
in turns; what counts is the processor's time. Prints the table and writes it to benchmarks/recipes.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

import highspy
import numpy as np

import chainopt as co
from chainopt.network.network import network
from chainopt.simplex.polyhedral import linear_program

RESULTS = Path(__file__).with_name("recipes.md")
NEAR, BESIDE, OFTEN = 60, 2_000, 8_000
ROUTES = ("simplex", "auto")


def recipes(count: int, seed: int = 0) -> co.Chain:
    """Random Leontief processes: three inputs each, three in ten with a capacity, three in ten with a by-product.

    One good in ten is imported, one in five is made in two ways; most are used by several processes. Final goods
    sell up to a limit, at prices from a little below what they cost to well above.
    """
    random = np.random.default_rng(seed)
    raw, made = max(3, count // 10), count * 4 // 5
    total = raw + made
    cost = np.full(total, np.inf)
    cost[:raw] = random.uniform(1, 3, raw)
    used = np.zeros(total, dtype=int)
    processes = []
    for p, good in enumerate(sorted([*range(raw, total), *random.integers(raw, total, count - made).tolist()])):
        near = random.choice(np.arange(max(0, good - NEAR), good), size=min(2, good), replace=False)
        taken = np.unique([*near, random.integers(0, raw)])
        amount = np.round(random.uniform(0.1, 0.6, len(taken)), 3)
        used[taken] += 1
        makes = {f"g{good}": 1.0}
        if random.random() < 0.3 and good + 1 < total:
            beside = int(random.integers(good + 1, min(total, good + NEAR)))
            makes[f"g{beside}"] = float(np.round(random.uniform(0.05, 0.3), 3))
        own = float(np.round(random.uniform(0.05, 0.4), 3))
        cost[good] = min(cost[good], float(amount @ cost[taken]) + own)
        takes = {f"g{i}": float(a) for i, a in zip(taken, amount, strict=True)}
        most = float(np.round(random.uniform(1, 20), 2)) if random.random() < 0.3 else np.inf
        processes.append(
            co.Process(f"p{p}", function="leontief", inputs=takes, outputs=makes, capacity=most, unit_cost=own)
        )
    goods = []
    for i in range(total):
        if i < raw:
            supply, price = random.uniform(0, 20), float(np.round(cost[i], 2))
            goods.append(co.Good(f"g{i}", supply=float(np.round(supply, 1)), import_price=price))
        elif used[i] == 0 or random.random() < 0.15:
            price, most = cost[i] * random.uniform(0.9, 1.6), random.uniform(5, 50)
            goods.append(co.Good(f"g{i}", price=float(np.round(price, 2)), max_sale=float(np.round(most, 1))))
        else:
            goods.append(co.Good(f"g{i}"))
    return co.Chain(goods, processes)


def alone(chain: co.Chain) -> Callable[[], float]:
    """HiGHS on the chain's matrix, presolve on, one thread; building the model is not counted."""
    program = linear_program(network(chain))
    matrix, lp = program.matrix, highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = program.worth, program.low, program.high
    lp.row_lower_ = lp.row_upper_ = program.right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data

    def run() -> float:
        highs = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("presolve", "on")):
            highs.setOptionValue(name, value)
        highs.passModel(lp)
        begun = processor()
        highs.run()
        return processor() - begun

    return run


def solved(chain: co.Chain, method: str) -> tuple[float, co.Solution]:
    """The processor's seconds of a solve, and its solution."""
    begun = processor()
    solution = co.solve(chain, method=method)
    return processor() - begun, solution


def processor() -> float:
    """The processor's seconds so far: of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(count: int, repeat: int) -> dict[str, float | str]:
    """One size's medians: seconds of HiGHS alone, and of each route; and what was certified."""
    chain = recipes(count)
    highs = alone(chain)
    co.solve(recipes(3), method="auto")
    seconds: dict[str, list[float]] = {name: [] for name in ("HiGHS", *ROUTES)}
    row: dict[str, float | str] = {"processes": float(count)}
    for _ in range(repeat):
        seconds["HiGHS"].append(highs())
        for method in ROUTES if count <= BESIDE else ROUTES[:1]:
            spent, solution = solved(chain, method)
            seconds[method].append(spent)
            row[f"{method} said"] = f"{solution.status}, {solution.solver}"
            kinds = solution.intervals.kind if solution.intervals else ()
            row["open"] = float(sum(kind != "point" for kind in kinds))
            row["phases"] = ", ".join(f"{name} {spent:.3g}" for name, spent in solution.seconds.items())
    row["HiGHS"] = median(seconds["HiGHS"])
    return row | {name: median(of) / row["HiGHS"] for name, of in seconds.items() if of and name != "HiGHS"}


def page(rows: list[dict[str, float | str]], repeat: int, before: str, after: str) -> str:
    """The table, as the page says it."""
    lines = []
    for row in rows:
        routes = [f"{row[name]:.2f} ({row[f'{name} said']})" if name in row else "on request" for name in ROUTES]
        lines.append(
            f"| {row['processes']:,.0f} | {1e3 * row['HiGHS']:,.0f} | {' | '.join(routes)} | {row['open']:,.0f} |"
        )
    return "\n".join(
        [
            "# Fixed recipes, as ratios to HiGHS alone",
            "",
            f"Made by `python benchmarks/recipes.py` on {date.today()}: medians of {repeat} runs in turns",
            f"(above {OFTEN:,} processes one run), processor's time, {os.cpu_count()} cores; load averages",
            f"before {before}, after {after}.",
            f"Python {platform.python_version()}, highspy {version('highspy')}. simplex: from records to",
            "certified prices, with the derivatives and the ends of every price; auto: with Ipopt's multipliers",
            "beside. Bases of up to 300 rows are solved in fractions: none here.",
            "",
            "| processes | HiGHS alone, ms | simplex / HiGHS | auto / HiGHS | goods of open price |",
            "| --- | --- | --- | --- | --- |",
            *lines,
            "",
        ]
    )


def load() -> str:
    """The load averages now."""
    return ", ".join(f"{average:.2f}" for average in os.getloadavg())


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=[400, 2_000, 8_000, 30_000])
    parser.add_argument("--repeat", type=int, default=3)
    given, before, rows = parser.parse_args(), load(), []
    for count in given.sizes:
        rows.append(measured(count, given.repeat if count <= OFTEN else 1))
        print(rows[-1], flush=True)
    text = page(rows, given.repeat, before, load())
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
