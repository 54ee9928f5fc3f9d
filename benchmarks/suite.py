"""The benchmark suite: chainopt's routes beside their peers, each measurement in a fresh process.

    python benchmarks/suite.py [--sizes 1000 5000 20000 80000 1000000] [--minutes BUDGET]

Small chains come first; the routes take turns on each, so that a ratio compares neighbours in time. Each result
is appended to benchmarks/suite.jsonl as it comes: started again, the suite goes on where it was; remove the file
to begin anew. A route is run at the loosest of its tolerances that gives prices to 1e-6, and no more on a kind
of chain on which it failed, or ran out of time, at a smaller size. In the end it writes benchmarks/suite.md,
docs/speed.md and docs/speed.svg from the results (`--tables` writes them alone, without a run)."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from layered import Case
from pages import write
from results import CASES, REFERENCE, RIGHT, SIZES, Record, Results, keep, load
from routes import ROUTES, Route

FOLDER = Path(__file__).parent
REFERENCES = FOLDER.parent / "build" / "references"
LONG = 60.0
"""Seconds above which a figure stands on one run."""
PATIENCE = 4
"""The reference may take so many times a route's limit."""


def run(task: dict[str, Any], timeout: float) -> Record:
    """One measurement in a process of its own; "failed" says why there is none."""
    command = [sys.executable, str(FOLDER / "measure.py"), json.dumps(task)]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    record = {key: value for key, value in task.items() if key != "reference"}
    record |= {"load": os.getloadavg()[0], "at": time.strftime("%Y-%m-%d %H:%M")}
    with subprocess.Popen(
        command,
        env={**os.environ, **threads},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except BaseException as stopped:
            # A solver that is a program of its own goes with its parent.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if isinstance(stopped, subprocess.TimeoutExpired):
                return {**record, "failed": f"took more than {timeout:,.0f} s"}
            raise
    if process.returncode:
        last = err.strip().splitlines()[-1][:200] if err.strip() else f"exit code {process.returncode}"
        if last.startswith("ModuleNotFoundError"):
            raise SystemExit(f"{last}: the peers come with pip install --editable '.[benchmark]'")
        return {**record, "failed": f"failed ({last})"}
    return {**record, **json.loads(out.splitlines()[-1])}


def tolerances(results: Results, flows: int, case: Case, route: Route) -> list[float | None]:
    """What is left to try: from what was needed at the size before; none where prices are right."""
    records = results.all(flows, case, route.name)
    if any("failed" in record or record["price error"] <= RIGHT for record in records):
        return []
    tried = {record["tolerance"] for record in records}
    before = [size for size in results.sizes if size < flows and results.runs(size, case, route.name)]
    needed = results.runs(before[-1], case, route.name)[0]["tolerance"] if before else route.tolerances[0]
    start = route.tolerances.index(needed) if needed in route.tolerances else 0
    return [each for each in route.tolerances[start:] if each not in tried]


class Budget:
    """Minutes that may be spent, and what takes part of them."""

    def __init__(self, minutes: float):
        self.end = time.monotonic() + 60.0 * minutes

    @property
    def spent(self) -> bool:
        return time.monotonic() >= self.end


def instance(results: Results, flows: int, case: Case, given: argparse.Namespace, budget: Budget) -> None:
    """All that is still to be measured of one chain."""
    task = {"flows": flows, "graph": case.graph, "elasticity": case.elasticity, "returns": case.returns}
    file = REFERENCES / f"{flows}-{case.graph}-{case.elasticity:g}-{case.returns:g}.npz"
    task["reference"] = str(file)
    wanted = [route for route in map(ROUTES.__getitem__, given.routes) if flows <= route.largest]

    def measured(route: str, run_: int, tolerance: float | None, timeout: float) -> Record:
        record = run({**task, "route": route, "run": run_, "tolerance": tolerance}, timeout)
        keep(results, record)
        said = record.get("failed") or f"{record.get('total', 0):.3f} s, error {record.get('price error', 0):.0e}"
        print(f"{flows:,} {case}: {route} {tolerance or ''} {said}", file=sys.stderr, flush=True)
        return record

    for repeat in range(given.repeat):
        for route in wanted:
            if budget.spent:
                return
            if results.why_not(flows, case, route, given.timeout):
                continue
            runs = results.runs(flows, case, route.name)
            if repeat == 0:
                left = tolerances(results, flows, case, route)
            elif runs and len(runs) <= repeat and runs[0]["wall"] <= LONG:
                left = [runs[0]["tolerance"]]
            else:
                left = []
            kept = results.all(flows, case, REFERENCE)
            if kept and "failed" in kept[-1]:
                return
            # A reference of older results may be of other numbers.
            made = not left or (kept and file.exists())
            if not made and "failed" in measured(REFERENCE, len(kept), None, PATIENCE * given.timeout):
                return
            for tolerance in left:
                record = measured(route.name, repeat, tolerance, given.timeout)
                if "failed" in record or record["price error"] <= RIGHT:
                    break


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="flows")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing after so long")
    parser.add_argument("--repeat", type=int, default=3, help="processes for each figure of at most a minute")
    parser.add_argument("--timeout", type=float, default=900.0, help="seconds for one measurement")
    parser.add_argument("--routes", nargs="+", choices=ROUTES, default=list(ROUTES), metavar="ROUTE")
    parser.add_argument("--cases", nargs="+", type=int, choices=range(len(CASES)), default=None, metavar="N",
                        help="some of the kinds of chains, by number")  # fmt: skip
    parser.add_argument("--tables", action="store_true", help="write the pages from what there is")
    given = parser.parse_args()
    results = load()
    if not given.tables:
        budget = Budget(given.minutes)
        cases = CASES if given.cases is None else [CASES[number] for number in given.cases]
        for flows in sorted(given.sizes):
            for case in cases:
                instance(results, flows, case, given, budget)
    write(results, given.timeout)


if __name__ == "__main__":
    main()
