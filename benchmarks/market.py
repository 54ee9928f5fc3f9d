"""The market on layered chains from arrays, each measurement in a fresh process.

    python benchmarks/market.py [--flows 80000 1000000] [--returns 0.9] [--repeat 3]
    python benchmarks/market.py --flows 1000 5000 20000 80000 --returns 0.99 0.999 1 --repeat 1

Prints a table and writes it to benchmarks/market.md, or, of returns above 0.9, to benchmarks/near_constant.md. The
chains are those of `layered`, drawn so that a million flows take no longer: a process takes the good at its own
place in the layer before, and 3 of the 6 around it (neighbours) or 3 of the whole layer (random). One thread each;
times include the order, the passes and the certificate, not Numba's compilation, which is kept on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import version
from itertools import product
from math import sqrt
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from chainopt.columns import Columns

RESULTS = Path(__file__).with_name("market.md")
NEAR_CONSTANT = Path(__file__).with_name("near_constant.md")
INPUTS = 4
CARRIES = 1e-6
REFERENCE = 1e-12


def layered_columns(
    flows: int, graph: str = "neighbours", returns: float = 0.9, elasticity: float = 1.0, seed: int = 7
) -> Columns:
    """A layered chain of so many flows as columns: Cobb-Douglas at elasticity 1, else CES."""
    processes = flows // INPUTS
    width = max(n for n in range(1, int(sqrt(2 * processes)) + 1) if processes % n == 0)
    if flows % INPUTS or width <= 6:
        raise ValueError(f"{flows} flows don't divide into layers of more than 6 goods")
    rng = np.random.default_rng(seed)
    place, layer = np.tile(np.arange(width), processes // width), np.repeat(np.arange(processes // width), width)
    if graph == "neighbours":
        around = np.tile(np.array([-3, -2, -1, 1, 2, 3]), (processes, 1))
        other = rng.permuted(around, axis=1)[:, : INPUTS - 1]
    else:
        # One from each third of the layer: three of the whole, none twice.
        third = (width - 1) // 3
        other = 1 + third * np.arange(3) + rng.integers(0, third, (processes, INPUTS - 1))
    inputs = (place[:, None] + np.concatenate([np.zeros((processes, 1), dtype=int), other], axis=1)) % width
    a = rng.uniform(0.5, 1.5, (processes, INPUTS))
    a /= a.sum(axis=1, keepdims=True)
    goods, none = width + processes, np.full(width + processes, np.nan)
    supply, price = np.zeros(goods), none.copy()
    supply[:width], price[-width:] = rng.uniform(0.5, 1.5, width), rng.uniform(0.8, 1.2, width)
    return Columns(
        supply=supply,
        price=price,
        elasticity=np.full(goods, np.inf),
        reference=none,
        import_price=none,
        disposal=none,
        start=np.arange(0, flows + 1, INPUTS),
        scale=INPUTS**returns * rng.uniform(0.8, 1.2, processes),
        returns=np.full(processes, returns),
        r=np.full(processes, (elasticity - 1.0) / elasticity),
        unit_cost=np.zeros(processes),
        use_good=(inputs + width * layer[:, None]).ravel(),
        coefficient=(a if elasticity != 1.0 else returns * a).ravel(),
        made_process=np.arange(processes),
        made_good=width + np.arange(processes),
        made_yield=np.ones(processes),
    )


TECHNOLOGIES = {"Cobb-Douglas": 1.0, "CES 0.5": 0.5, "CES 2": 2.0}
CASES = {
    f"{technology}, {graph}": {"elasticity": elasticity, "graph": graph}
    for technology, elasticity in TECHNOLOGIES.items()
    for graph in ("neighbours", "random")
}
LARGE = ("Cobb-Douglas, neighbours", "Cobb-Douglas, random")
USUAL = 0.9


def report(case: str, flows: int, returns: float, engine: str) -> str:
    """What one process finds: times in seconds, memory in MB, accuracy against a tighter solve."""
    from chainopt.market import form_prices
    from chainopt.market_certificate import certify

    form_prices(layered_columns(400, returns=returns, **CASES[case]), engine=engine)
    columns = layered_columns(flows, returns=returns, **CASES[case])
    begun = time.perf_counter()
    market = form_prices(columns, engine=engine)
    certificate = certify(market)
    seconds = time.perf_counter() - begun
    unit = 1024 if sys.platform == "darwin" else 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024
    tight = form_prices(columns, tolerance=REFERENCE, engine=engine)
    money = tight.price * np.bincount(columns.made_good, tight.level, len(columns.supply))
    carries = money >= CARRIES * (columns.price[~np.isnan(columns.price)] @ tight.sale[~np.isnan(columns.price)])
    error = float(np.max(np.abs(market.price / tight.price - 1.0)[carries]))
    return json.dumps(
        {
            "seconds": seconds,
            "memory": memory,
            "passes": market.passes,
            "products": market.products,
            "certified": certificate.holds and market.at_rest,
            "gap": certificate.gap,
            "error": error if tight.at_rest else None,
        }
    )


def measure(case: str, flows: int, returns: float, engine: str) -> dict[str, Any]:
    """One case in a process of its own."""
    numbers = ["--flows", str(flows), "--returns", str(returns)]
    command = [sys.executable, __file__, "--measure", case, *numbers, "--engine", engine]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    answer = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{case} at {flows} flows and returns {returns} failed:\n{answer.stderr}")
    return json.loads(answer.stdout.splitlines()[-1])


def row(case: str, flows: int, returns: float, engine: str, repeat: int) -> str:
    """A line of the table: medians of the repeats, the spread of the time."""
    found = [measure(case, flows, returns, engine) for _ in range(repeat)]
    each = [result["seconds"] / flows * 1e6 for result in found]
    last = found[-1]
    error = "-" if last["error"] is None else f"{last['error']:.1e}"
    passes = f"{last['passes']}" + (f" + {last['products']:,}" if last["products"] else "")
    memory = median(result["memory"] for result in found)
    return (
        f"| {case} | {returns:g} | {flows:,} | {engine} "
        f"| {median(each):.2f} ({min(each):.2f} to {max(each):.2f}) | {passes} | "
        f"{memory:.0f} | {error} | {last['gap']:.0e} | {'yes' if last['certified'] else 'no'} |"
    )


def main() -> None:
    """Measure every case and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, nargs="+", default=[80_000, 1_000_000])
    parser.add_argument("--returns", type=float, nargs="+", default=[USUAL])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--measure", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--engine", default="numba", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(report(given.measure, given.flows[0], given.returns[0], given.engine))
        return
    returns = " ".join(f"{value:g}" for value in given.returns)
    lines = [
        "# The market: microseconds a flow",
        "",
        f"`python benchmarks/market.py --returns {returns} --repeat {given.repeat}`, {date.today()}; Python "
        f"{platform.python_version()}, NumPy {version('numpy')}, Numba {version('numba')}; one thread of "
        f"{os.cpu_count()} that others share, load at the start {os.getloadavg()[0]:.1f}. Microseconds: order, "
        "passes and certificate, medians and range. MB: peak of the process. Error: the largest of a price, "
        f"relative, of goods that carry a millionth of the value, against a solve to {REFERENCE:g}; - where that "
        "did not come to rest.",
        "",
        "| chain | returns | flows | engine | µs a flow | passes, products | MB | price error | gap | certified |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    print("\n".join(lines))
    for flows, returns in product(given.flows, given.returns):
        for case in CASES if flows <= 100_000 else LARGE:
            # Newton's steps, near constant returns, take most of the time, and are the same with both.
            for engine in ("numba", "numpy") if returns <= USUAL else ("numba",):
                lines.append(row(case, flows, returns, engine, given.repeat))
                print(lines[-1], flush=True)
    results = RESULTS if max(given.returns) <= USUAL else NEAR_CONSTANT
    results.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
