"""chainopt beside the same problem written directly in CasADi, each measurement in a fresh process.

    python benchmarks/compare.py [--flows 1000 5000 20000] [--repeat 3]

Prints a table and writes it to benchmarks/results.md. The routes take turns, so that a ratio compares neighbours
in time; one thread each.
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
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from layered import Layered, chain, layered

RESULTS = Path(__file__).with_name("results.md")
PHASES = ("build", "market", "write", "derivatives", "solve")
CARRIES = 1e-6
ADAPTIVE = {"ipopt.mu_strategy": "adaptive"}


def chainopt(numbers: Layered) -> dict[str, Any]:
    """The package: records to prices, with its own defaults."""
    import chainopt as co

    begun = time.perf_counter()
    made = chain(numbers)
    ready = time.perf_counter()
    solution = co.solve(made)
    ended = time.perf_counter()
    seconds = {phase: solution.seconds[phase] for phase in (*PHASES, "audit")}
    seconds |= {"records": ready - begun, "other": ended - ready - sum(seconds.values())}
    co.audit(solution)
    co.stories(solution)
    seconds["verdicts"] = time.perf_counter() - ended
    assert solution.net is not None
    assert solution.plan is not None
    assert solution.multipliers is not None
    assert solution.derivatives is not None
    return {
        "status": str(solution.status.value),
        "price": solution.multipliers.price.tolist(),
        "derivative": solution.derivatives.price.tolist(),
        "quantity": solution.plan.quantity(solution.net).tolist(),
        "objective": solution.objective,
        "iterations": solution.iterations,
        "seconds": seconds,
    }


def casadi(numbers: Layered, tolerance: float, **options: Any) -> dict[str, Any]:
    """CasADi's vectors and its own Ipopt."""
    import direct

    answer = direct.solve(numbers, tolerance, **options)
    status = "optimal" if answer["success"] else "failed"
    return {**answer, "status": status, "price": answer["price"].tolist()}


ROUTES: dict[str, Callable[[Layered], dict[str, Any]]] = {
    "chainopt": chainopt,
    "CasADi": lambda numbers: casadi(numbers, 1e-10),
    "CasADi, adaptive barrier": lambda numbers: casadi(numbers, 1e-8, **ADAPTIVE),
    "reference": lambda numbers: casadi(numbers, 1e-14),
}
PEERS = ("CasADi", "CasADi, adaptive barrier")


def measure(route: str, flows: int) -> dict[str, Any]:
    """One route at one size, in a process of its own."""
    command = [sys.executable, __file__, "--measure", route, "--flows", str(flows)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    answer = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{route} at {flows} flows failed:\n{answer.stderr}")
    return json.loads(answer.stdout.splitlines()[-1])


def report(route: str, flows: int) -> str:
    """What such a process says."""
    result = ROUTES[route](layered(flows))
    unit = 1024 if sys.platform == "darwin" else 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024
    return json.dumps({**result, "memory": memory})


def total(result: dict[str, Any]) -> float:
    """Build, write, derivatives and solve: what both routes do."""
    return sum(result["seconds"].get(phase, 0.0) for phase in PHASES)


def spread(values: list[float], digits: int = 2) -> str:
    """The median, and the least and the greatest where there are several."""
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def error(price: list[float], reference: dict[str, Any], carrying: np.ndarray) -> tuple[float, float]:
    """The largest relative error of a price: of the goods that carry value, and of all."""
    right = np.array(reference["price"])
    off = np.abs(np.array(price) - right) / np.abs(right)
    return float(off[carrying].max()), float(off.max())


def compare(flows: int, repeat: int) -> tuple[list[str], list[str]]:
    """The rows of both tables for one size."""
    runs = {name: [] for name in ("chainopt", *PEERS)}
    for _ in range(repeat):
        for name, results in runs.items():
            results.append(measure(name, flows))
    reference = measure("reference", flows)
    first = runs["chainopt"][0]
    worth = np.abs(np.array(reference["price"]) * np.array(first["quantity"]))
    carrying = worth >= CARRIES * reference["objective"]
    rows = []
    for name, results in runs.items():
        cells = [f"{flows:,}", name]
        cells += [
            spread([result["seconds"][phase] for result in results]) if phase in results[0]["seconds"] else "-"
            for phase in PHASES
        ]
        cells += [spread([total(result) for result in results])]
        ratios = [total(ours) / total(theirs) for ours, theirs in zip(runs["chainopt"], results, strict=True)]
        cells += ["1" if name == "chainopt" else spread(ratios)]
        cells += [str(results[0]["iterations"]), f"{median(r['memory'] for r in results):.0f}"]
        cells += [f"{figure:.0e}" for figure in error(results[0]["price"], reference, carrying)]
        rows.append(_row([*cells, "/".join(sorted({result["status"] for result in results}))]))
    between = error(first["price"], runs["CasADi"][0], carrying)
    swept = error(first["derivative"], runs["CasADi"][0], carrying)
    cells = [f"{flows:,}"]
    cells += [
        spread([r["seconds"][name] for r in runs["chainopt"]])
        for name in ("records", "audit", "verdicts", "other")
    ]
    cells += [spread([sum(result["seconds"].values()) for result in runs["chainopt"]])]
    cells += [f"{figure:.0e}" for figure in (*between, *swept)]
    cells += [f"{carrying.sum():,} of {len(carrying):,}"]
    return rows, [_row(cells)]


HEAD = (
    "flows",
    "route",
    *PHASES,
    "total",
    "chainopt / route",
    "iterations",
    "MiB",
    "price error",
    "of all goods",
    "status",
)
REST = (
    "flows",
    "records",
    "audit",
    "verdicts",
    "other",
    "end to end",
    "multipliers - CasADi",
    "of all goods",
    "back-propagated - CasADi",
    "of all goods",
    "goods that carry 1e-6 of the value",
)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(head: tuple[str, ...], rows: list[str]) -> str:
    return "\n".join([_row(list(head)), _row(["---"] * len(head)), *rows])


def page(first: list[str], second: list[str], repeat: int, load: tuple[tuple[float, ...], ...]) -> str:
    """results.md: the tables, and under which circumstances they were made."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("pyomo", "casadi", "cyipopt", "numpy", "scipy"))
    before, after = (", ".join(f"{value:.2f}" for value in each) for each in load)
    return f"""# chainopt beside CasADi

Made by `python benchmarks/compare.py` on {date.today()}: {repeat} fresh process(es) a figure, seconds as
median (least-greatest), one thread, {os.cpu_count()} cores; load averages before {before}, after {after}.
Python {platform.python_version()}, {packages}.
The problem: `benchmarks/layered.py`; the peer: `benchmarks/direct.py`, vectors of CasADi's MX with its own Ipopt
at tolerance 1e-10, or with the adaptive barrier at 1e-8, no bounds relaxed. chainopt runs at its defaults.

{_table(HEAD, first)}

The total is build, write, derivatives and solve; the ratio is the median over runs next to each other. Price
errors are relative, against CasADi at tolerance 1e-14: the largest of the goods that carry at least 1e-6 of the
value, and of all.

{_table(REST, second)}

Seconds that only chainopt spends: the chain's records with their checks; the audit by back-propagation with the
certificate, and its table of verdicts with the story of every price (together less than the solve); and all
else. Then the largest relative difference between chainopt's prices, by either of its two routes, and those of
CasADi at 1e-10.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, nargs="+", default=[1000, 5000, 20000], help="sizes, in uses")
    parser.add_argument("--repeat", type=int, default=3, help="processes for each figure")
    parser.add_argument("--measure", choices=ROUTES, help="one measurement, printed as JSON")
    chosen = parser.parse_args()
    if chosen.measure:
        print(report(chosen.measure, chosen.flows[0]))
        return
    before = os.getloadavg()
    first: list[str] = []
    second: list[str] = []
    for flows in chosen.flows:
        rows, rest = compare(flows, chosen.repeat)
        first += rows
        second += rest
        print("\n".join([*rows, *rest]), file=sys.stderr, flush=True)
    text = page(first, second, chosen.repeat, (before, os.getloadavg()))
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
