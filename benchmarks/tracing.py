"""Tracing and one reverse sweep, beside HIPS/autograd on the same function, each in a fresh process.

    python benchmarks/tracing.py [--steps 100000 1000000] [--repeat 3]

Prints a table and writes it to benchmarks/tracing.md. The routes take turns, so that a ratio compares neighbours
in time; one thread each.
"""

from __future__ import annotations

import argparse
import json
import math
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

RESULTS = Path(__file__).with_name("tracing.md")
SAME = 1e-9


def affine(steps: int, module: Any) -> Callable[[Any], Any]:
    """A loop of products and sums: two steps a round."""

    def function(x: Any) -> Any:
        y = x
        for _ in range(steps // 2):
            y = y * 0.999999 + x
        return y

    return function


def functions(steps: int, module: Any) -> Callable[[Any], Any]:
    """A loop of sine, quotient, sum and product: four steps a round."""

    def function(x: Any) -> Any:
        y = x
        for _ in range(steps // 4):
            y = module.sin(y) / 1.5 + x * y
        return y

    return function


PROGRAMS = {"products and sums": affine, "functions": functions}
AT = {"products and sums": 1.5, "functions": 0.3}


def chainopt(name: str, steps: int) -> dict[str, Any]:
    """trace, one reverse sweep; and the forward run of the same steps."""
    import chainopt as co

    function = PROGRAMS[name](steps, math)
    begun = time.perf_counter()
    function(AT[name])
    plain = time.perf_counter()
    program = co.trace(function)(AT[name])
    traced = time.perf_counter()
    slope = program.derivatives()[0]
    swept = time.perf_counter()
    program.tape.values([AT[name]])
    ran = time.perf_counter()
    return {
        "steps": sum(1 for _ in program.numbered()),
        "value": program.value,
        "derivative": float(slope),
        "seconds": {
            "plain": plain - begun, "trace": traced - plain, "sweep": swept - traced, "forward": ran - swept,
        },
    }  # fmt: skip


def autograd(name: str, steps: int) -> dict[str, Any]:
    """autograd.value_and_grad: its trace and sweep are one call."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    function = PROGRAMS[name](steps, anp)
    begun = time.perf_counter()
    value, slope = value_and_grad(function)(AT[name])
    return {
        "value": float(value),
        "derivative": float(slope),
        "seconds": {"both": time.perf_counter() - begun},
    }


ROUTES = {"chainopt": chainopt, "autograd": autograd}


def measured(route: str, name: str, steps: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--route", route, "--program", name, "--steps", str(steps)],
        capture_output=True, text=True, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return json.loads(done.stdout)


def spread(values: list[float], form: str = ".2f") -> str:
    return f"{median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def table(sizes: list[int], repeat: int) -> str:
    """The results as Markdown: medians with their range, ratios within one round."""
    head = [
        "steps", "program", "function alone", "trace", "sweep", "forward run", "sweep / forward run",
        "sweep / trace", "trace + sweep", "autograd", "autograd / chainopt", "MiB", "autograd's MiB",
    ]  # fmt: skip
    rows = [head, ["---"] * len(head)]
    for steps in sizes:
        for name in PROGRAMS:
            rounds = [{route: measured(route, name, steps) for route in ROUTES} for _ in range(repeat)]
            for found in rounds:
                ours, theirs = found["chainopt"]["derivative"], found["autograd"]["derivative"]
                assert abs(ours - theirs) <= SAME * abs(theirs), (name, steps, ours, theirs)
            own = [found["chainopt"]["seconds"] for found in rounds]
            both = [seconds["trace"] + seconds["sweep"] for seconds in own]
            other = [found["autograd"]["seconds"]["both"] for found in rounds]
            rows.append(
                [
                    f"{rounds[0]['chainopt']['steps']:,}",
                    name,
                    *(
                        spread([seconds[phase] for seconds in own])
                        for phase in ("plain", "trace", "sweep", "forward")
                    ),
                    spread([seconds["sweep"] / seconds["forward"] for seconds in own], ".1f"),
                    spread([seconds["sweep"] / seconds["trace"] for seconds in own], ".1f"),
                    spread(both),
                    spread(other),
                    spread([theirs / ours for theirs, ours in zip(other, both, strict=True)], ".1f"),
                    str(round(median(found["chainopt"]["memory"] for found in rounds))),
                    str(round(median(found["autograd"]["memory"] for found in rounds))),
                ]
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--route", choices=ROUTES)
    parser.add_argument("--program", choices=PROGRAMS)
    given = parser.parse_args()
    if given.route:
        found = ROUTES[given.route](given.program, given.steps[0])
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    before = os.getloadavg()
    text = table(given.steps, given.repeat)
    loads = [", ".join(f"{load:.2f}" for load in found) for found in (before, os.getloadavg())]
    machine = f"one thread, {os.cpu_count()} cores; load averages before {loads[0]}, after {loads[1]}"
    versions = f"Python {platform.python_version()}, numpy {version('numpy')}, autograd {version('autograd')}"
    page = f"""# Tracing beside autograd

Made by `python benchmarks/tracing.py` on {date.today()}: {given.repeat} fresh process(es) a figure, seconds
as median (least-greatest), {machine}. {versions}.
`forward run` is the tape's own run of the same steps; `function alone` is the Python function on plain floats. The
derivatives of the two agree to 1e-9.

{text}
"""
    RESULTS.write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
