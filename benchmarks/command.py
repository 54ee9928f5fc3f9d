"""What `chainopt solve` takes, beside what no such command can do without, each in a fresh process.

    python benchmarks/command.py [--flows 20000] [--repeat 5]

(a) the command on a layered chain's workbook, beside its solve alone and XlsxWriter writing the report's own cells
alone; (b) the command on data/tupperware.xlsx, four goods, beside a process that imports pandas, CasADi and Pyomo
and ends. The sides take turns: a ratio compares neighbours in time. Then the parts of a command on four goods, and
on chains of 56, 1,000 and 20,000 flows, one after the other in a process of their own. Prints the tables and
writes them to benchmarks/command.md; exit code 1 where a ratio is more than is wanted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

import workbooks

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).with_name("command.md")
SMALL = ROOT / "data" / "tupperware.xlsx"
LARGE = 20_000
SIZES = (56, 1_000, LARGE)
IMPORTS = "import pandas, casadi, pyomo.environ"
MOST = {"large": 3.0, "small": 1.3}
"""The most that a command may take, in its sides."""
Spent = tuple[float, float]
"""Seconds by the clock and of the processor, children's included."""


def process(*words: str) -> Spent:
    """What a fresh process takes from its start to its end."""
    begun, used = time.perf_counter(), _children()
    subprocess.run([sys.executable, *words], cwd=ROOT, env=_alone(), stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun, _children() - used


def inside(side: str, folder: Path) -> Spent:
    """What a part takes inside of a fresh process, without its start."""
    said = _asked("--measure", side, "--folder", str(folder))
    return said["clock"], said["processor"]


def _asked(*words: str) -> Any:
    answer = subprocess.run(
        [sys.executable, __file__, *words], env=_alone(), capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout.splitlines()[-1])


def _alone() -> dict[str, str]:
    """The environment, with one thread a process, and compiled files kept as an installed package has them."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return os.environ | {"PYTHONDONTWRITEBYTECODE": ""} | threads


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def solving(folder: Path) -> Callable[[], Any]:
    """The solve of the workbook in a folder, its reading left out."""
    import chainopt as co

    chain = co.read_workbook(folder / workbooks.BOOK)
    solve = co.solve
    return lambda: solve(chain)


MEASURED: dict[str, Callable[[Path], Callable[[], Any]]] = {
    "solve": solving,
    "XlsxWriter": lambda folder: workbooks.raw_writing(folder, False),
}


def parts(book: Path, folder: Path) -> dict[str, float]:
    """The processor's milliseconds of each part of a command in this process, one after the other."""
    spent = {"start": time.process_time()}

    def did(name: str, work: Callable[[], Any]) -> Any:
        begun = time.process_time()
        result = work()
        spent[name] = time.process_time() - begun
        return result

    import chainopt as co

    def loaded() -> None:
        import chainopt.command.app
        import chainopt.command.waiting
        import chainopt.report.terminal  # noqa: F401

        _ = co.read_workbook, co.solve, co.dossier, co.write_excel, co.write_html

    def shown() -> None:
        from rich.console import Console

        from chainopt.report.terminal import show

        show(solution, tables, Console(file=StringIO(), width=100))

    did("imports", loaded)
    chain = did("read", lambda: co.read_workbook(book))
    solution = did("solve", lambda: co.solve(chain))
    tables = did("tables", lambda: co.dossier(chain, solution))
    did("Excel", lambda: co.write_excel(chain, solution, folder / "part.xlsx", tables=tables))
    did("HTML", lambda: co.write_html(chain, solution, folder / "part.html", tables=tables))
    did("terminal", shown)
    return {name: 1e3 * seconds for name, seconds in spent.items()}


def make(flows: int, book: Path) -> None:
    """A layered chain's workbook."""
    from layered import chain, layered

    import chainopt as co

    co.write_workbook(chain(layered(flows)), book)


def compared(folder: Path, flows: int, repeat: int) -> dict[str, list[Spent]]:
    """Every side's runs, in turns; the first round, which fills caches, is left out."""
    cells = _asked("--make", str(flows), "--cells", "--folder", str(folder))["cells"]
    out = ("--out", str(folder / "reports"))
    sides: dict[str, Callable[[], Spent]] = {
        "large": lambda: process("-m", "chainopt", "solve", str(folder / workbooks.BOOK), *out),
        "solve": lambda: inside("solve", folder),
        "XlsxWriter": lambda: inside("XlsxWriter", folder),
        "small": lambda: process("-m", "chainopt", "solve", str(SMALL), *out),
        "imports": lambda: process("-c", IMPORTS),
    }
    rounds = [{name: run() for name, run in sides.items()} for _ in range(repeat + 1)][1:]
    found = {name: [one[name] for one in rounds] for name in sides}
    found["bare"] = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(found["solve"], found["XlsxWriter"], strict=True)]
    return found | {"cells": [(cells, cells)]}


def ratios(found: dict[str, list[Spent]], ours: str, bare: str) -> Spent:
    """The median ratio of neighbours in time, by the clock and of the processor."""
    pairs = list(zip(found[ours], found[bare], strict=True))
    clock, used = (median(a[of] / b[of] for a, b in pairs) for of in (0, 1))
    return clock, used


def page(
    found: dict[str, list[Spent]],
    sizes: dict[str, dict[str, float]],
    flows: int,
    repeat: int,
    load: tuple[str, str],
) -> str:
    """The tables, as the page says them."""
    titles = {
        "large": f"(a) `chainopt solve`, {flows:,} flows",
        "bare": f"its solve, and XlsxWriter's {found['cells'][0][0]:,.0f} cells",
        "solve": "of which the solve",
        "small": "(b) `chainopt solve data/tupperware.xlsx`",
        "imports": f"`{IMPORTS}`",
    }
    of = {"large": "bare", "small": "imports"}
    lines = []
    for name, title in titles.items():
        clock, used = (median(run[kind] for run in found[name]) for kind in (0, 1))
        times = ["", ""] if name not in of else [f"{ratio:.2f}" for ratio in ratios(found, name, of[name])]
        most = MOST.get(name, "")
        lines.append(f"| {title} | {clock:.2f} | {times[0]} | {used:.2f} | {times[1]} | {most} |")
    names = list(next(iter(sizes.values())))
    profile = [
        f"| {size} | " + " | ".join(f"{spent[name]:.0f}" for name in names) + f" | {sum(spent.values()):.0f} |"
        for size, spent in sizes.items()
    ]
    packages = ("XlsxWriter", "pandas", "casadi", "pyomo", "scipy", "numpy")
    return "\n".join(
        [
            "# What a command takes",
            "",
            f"Made by `python benchmarks/command.py --flows {flows} --repeat {repeat}` on {date.today()}:",
            f"medians of {repeat} fresh processes a side, in turns, {os.cpu_count()} cores; load averages before",
            f"{load[0]}, after {load[1]}. Python {platform.python_version()},",
            f"{', '.join(f'{package} {version(package)}' for package in packages)}.",
            "",
            "| process | clock, s | ratio | processor, s | ratio | at most |",
            "| --- | --- | --- | --- | --- | --- |",
            *lines,
            "",
            "A ratio is the median of those of neighbours in time. The bare sides are without a start, imports,",
            "reading, checks and tables. From 1,000 uses on the page is written beside the",
            "workbook, which the clock alone sees, and only where a core is free.",
            "",
            "The parts of a command, in milliseconds of the processor, one after the other in one process (the",
            "least of three):",
            "",
            f"| flows | {' | '.join(names)} | all |",
            f"| --- |{' --- |' * (len(names) + 1)}",
            *profile,
            "",
        ]
    )


def _load() -> str:
    return ", ".join(f"{average:.2f}" for average in os.getloadavg())


def _answer(chosen: argparse.Namespace) -> Any:
    """What a process of its own is asked for."""
    if chosen.cells:
        return workbooks.make(chosen.folder, chosen.make)
    if chosen.make:
        return make(chosen.make, chosen.book)
    if chosen.book:
        return parts(chosen.book, chosen.folder)
    work = MEASURED[chosen.measure](chosen.folder)
    begun, used = time.perf_counter(), time.process_time()
    work()
    return {"clock": time.perf_counter() - begun, "processor": time.process_time() - used}


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=LARGE, help="the large chain's size, in uses")
    parser.add_argument("--repeat", type=int, default=5, help="processes for each side")
    parser.add_argument("--folder", type=Path, help="where the files of a run are")
    parser.add_argument("--book", type=Path, help="the parts of a command on this workbook, printed as JSON")
    parser.add_argument("--make", type=int, metavar="FLOWS", help="make such a workbook")
    parser.add_argument("--cells", action="store_true", help="with its report's cells")
    parser.add_argument("--measure", choices=MEASURED, help="one measurement, printed as JSON")
    chosen = parser.parse_args()
    if chosen.folder:
        print(json.dumps(_answer(chosen)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name), _load()
        found = compared(folder, chosen.flows, chosen.repeat)
        books = {"4 goods": SMALL}
        for flows in SIZES:
            books[f"{flows:,}"] = book = folder / f"{flows}.xlsx"
            _asked("--make", str(flows), "--book", str(book), "--folder", name)
        runs = {
            size: [_asked("--book", str(book), "--folder", name) for _ in range(3)] for size, book in books.items()
        }
        sizes = {size: {part: min(run[part] for run in of) for part in of[0]} for size, of in runs.items()}
        text = page(found, sizes, chosen.flows, chosen.repeat, (before, _load()))
    RESULTS.write_text(text, encoding="utf-8")
    print(text)
    slow = [
        name
        for name, bare in (("large", "bare"), ("small", "imports"))
        if min(ratios(found, name, bare)) > MOST[name]
    ]
    sys.exit(f"more than is wanted: {', '.join(slow)}" if slow else 0)


if __name__ == "__main__":
    main()
