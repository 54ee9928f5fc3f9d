"""What a start costs, as a ratio to a bare `python -c pass` of the same interpreter.

    python benchmarks/startup.py [--repeat 15]

Each start is a fresh process, and the starts take turns: a ratio compares neighbours in time. Prints the table and
writes it to benchmarks/startup.md; exit code 1 where a start costs more than is wanted, by the clock and by the
processor, which says more under load.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import time
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("startup.md")
BARE = "python -c pass"
STARTS: dict[str, tuple[list[str], float | None]] = {
    BARE: (["-c", "pass"], None),
    "import chainopt": (["-c", "import chainopt"], 4),
    "chainopt --version": (["-m", "chainopt", "--version"], 10),
    "chainopt --help": (["-m", "chainopt", "--help"], 10),
    "chainopt check data/tupperware.xlsx": (["-m", "chainopt", "check", "data/tupperware.xlsx"], 25),
}
"""The words of each start, and the most that it may cost."""


def seconds(words: list[str]) -> tuple[float, float]:
    """What a fresh process takes from its start to its end, by the clock and of the processor."""
    begun, used = time.perf_counter(), processor()
    subprocess.run([sys.executable, *words], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun, processor() - used


def processor() -> float:
    """The processor's seconds of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(repeat: int) -> dict[str, tuple[float, float]]:
    """The median seconds of each start, in turns; the first round, which fills caches, is left out."""
    rounds = [{name: seconds(words) for name, (words, _) in STARTS.items()} for _ in range(repeat + 1)]
    clock, used = ({name: median(one[name][of] for one in rounds[1:]) for name in STARTS} for of in (0, 1))
    return {name: (clock[name], used[name]) for name in STARTS}


def page(found: dict[str, tuple[float, float]], repeat: int, before: str, after: str) -> str:
    """The table, as the page says it."""
    rows = []
    for name, (clock, used) in found.items():
        most = STARTS[name][1] or ""
        ratios = f"{clock / found[BARE][0]:.1f} | {1e3 * used:.0f} | {used / found[BARE][1]:.1f}"
        rows.append(f"| `{name}` | {1e3 * clock:.0f} | {ratios} | {most} |")
    packages = ", ".join(f"{package} {version(package)}" for package in ("typer", "numpy", "python-calamine"))
    return "\n".join(
        [
            "# What a start costs",
            "",
            f"Made by `python benchmarks/startup.py` on {date.today()}: the median of {repeat} fresh processes",
            f"each, in turns, {os.cpu_count()} cores; load averages before {before}, after {after}.",
            f"Python {platform.python_version()}, {packages}.",
            "",
            "| start | clock, ms | / bare | processor, ms | / bare | at most |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def load() -> str:
    """The load averages now."""
    return ", ".join(f"{average:.2f}" for average in os.getloadavg())


def main() -> None:
    """Measure, print and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=15)
    before = load()
    repeat = parser.parse_args().repeat
    found = measured(repeat)
    text = page(found, repeat, before, load())
    print(text)
    RESULTS.write_text(text, encoding="utf-8")
    slow = [
        name
        for name, (_, most) in STARTS.items()
        if most is not None and all(a > most * b for a, b in zip(found[name], found[BARE], strict=True))
    ]
    sys.exit(f"more than is wanted: {', '.join(slow)}" if slow else 0)


if __name__ == "__main__":
    main()
