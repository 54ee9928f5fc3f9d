"""One measurement, in a process of its own: a route on a chain, or the chain's reference.

    python benchmarks/measure.py '{"flows": 1000, "graph": "random", "elasticity": 1.0, "returns": 0.9,
                                   "route": "CasADi", "tolerance": 1e-10, "reference": "build/reference.npz"}'

Prints what it found as a line of JSON. Seconds by the wall and of the processor, children's included; memory is
the peak of the process, or of a child where that is larger, in MiB.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import resource
import sys
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from layered import Case, layered
from reference import load, reference
from routes import ROUTES

# What only chainopt does beside building and solving: in the tables, but not in a route's total.
BESIDE = ("records", "audit", "verdicts", "other", "end to end")
PACKAGES = ("chainopt", "pyomo", "casadi", "cyipopt", "numpy", "scipy", "numba")
PEERS = ("pyoptinterface", "cvxpy", "clarabel", "gekko")
END_TO_END = ("chainopt auto",)
_KIB = 1024 if sys.platform == "darwin" else 1


def measure(task: dict[str, Any]) -> dict[str, Any]:
    """What a process finds: its time, memory, status, and the errors of prices and value."""
    numbers = layered(task["flows"], Case(task["graph"], task["elasticity"], task["returns"]))
    kept = Path(task["reference"])
    if task["route"] == "reference":
        made = reference(numbers)
        made.save(kept)
        return {
            "digest": numbers.digest,
            "value": made.value,
            "accuracy": made.accuracy,
            "start": made.start,
            "carrying": int(made.carries.sum()),
            "goods": numbers.goods,
            "cores": os.cpu_count(),
            "versions": _versions(),
        }
    module = importlib.import_module(f"routes.{ROUTES[task['route']].module}")
    getattr(module, "prepare", lambda numbers: None)(numbers)
    before, begun = _processor(), time.perf_counter()
    answer = module.solve(numbers, task["tolerance"])
    wall, processor = time.perf_counter() - begun, _processor() - before
    memory = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    right = load(kept)
    if task["route"] in END_TO_END:
        total = answer.seconds["end to end"]
    else:
        total = sum(spent for phase, spent in answer.seconds.items() if phase not in BESIDE)
    return {
        "digest": numbers.digest,
        "status": answer.status,
        "total": total,
        "seconds": answer.seconds,
        "wall": wall,
        "processor": processor,
        "memory": memory / _KIB / 1024,
        "iterations": answer.iterations,
        "value": answer.value,
        "value error": abs(answer.value / right.value - 1.0),
        "price error": right.error(answer.price),
        "note": answer.note,
    }


def _versions() -> dict[str, str]:
    found = {"Python": platform.python_version()}
    for package in (*PACKAGES, *PEERS):
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _processor() -> float:
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def main() -> None:
    with np.errstate(all="ignore"):
        print(json.dumps(measure(json.loads(sys.argv[1]))))


if __name__ == "__main__":
    main()
