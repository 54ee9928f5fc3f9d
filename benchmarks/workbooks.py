"""Reading a workbook beside python-calamine, writing its Excel report beside XlsxWriter, each in a fresh process.

    python benchmarks/workbooks.py [--flows 66000] [--repeat 5]

The workbook is a layered chain's (about 1.5 rows a flow). Raw reading is every sheet's cells by python-calamine,
without a check; raw writing the report's own cells and formats by XlsxWriter, the better of its two modes, with
nothing else. The sides take turns. Prints the ratios and writes them to benchmarks/workbooks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).with_name("workbooks.md")
READING, WRITING = ("chainopt reads", "python-calamine"), ("chainopt writes", "XlsxWriter", "XlsxWriter, in order")
BOOK, REPORT, CELLS = "chain.xlsx", "report.xlsx", "cells.pickle"


def make(folder: Path, flows: int) -> dict[str, int]:
    """The workbook, its solution by the market, and every cell of its report, in files of a folder."""
    from layered import chain, layered
    from xlsxwriter.worksheet import Worksheet

    import chainopt as co
    from chainopt.report.excel.paper import Paper
    from chainopt.report.excel.styles import STYLES
    from chainopt.rows.dossier import dossier

    made = chain(layered(flows))
    co.write_workbook(made, folder / BOOK)
    solution = co.solve(made, method="market")
    (folder / "solution.pickle").write_bytes(pickle.dumps((made, solution, dossier(made, solution))))
    cells: list[tuple[Any, ...]] = []
    looks: dict[int, dict[str, Any]] = {}

    def noted(kind: str, write: Callable[..., Any]) -> Callable[..., Any]:
        def noting(sheet: Any, row: int, column: int, value: Any, look: Any = None) -> Any:
            plain = float(value) if kind == "write_number" else value
            cells.append((kind, sheet.name, row, column, plain, looks.get(id(look))))
            return write(sheet, row, column, value, look)

        return noting

    def look(paper: Paper, style: str, _look: Callable[..., Any] = Paper.look, **more: Any) -> Any:
        found = _look(paper, style, **more)
        looks.setdefault(id(found), {**STYLES[style], **more})
        return found

    for kind in ("write_number", "write_string"):
        setattr(Worksheet, kind, noted(kind, getattr(Worksheet, kind)))
    Paper.look = look  # type: ignore[method-assign]
    report(folder)()
    (folder / CELLS).write_bytes(pickle.dumps(cells))
    inputs = sum(len(process.inputs) for process in made.processes)
    return {"rows": len(made.goods) + len(made.processes) + inputs, "cells": len(cells)}


def report(folder: Path) -> Callable[[], Any]:
    import chainopt as co

    made, solution, tables = pickle.loads((folder / "solution.pickle").read_bytes())
    return lambda: co.write_excel(made, solution, folder / REPORT, tables=tables)


def reading(folder: Path) -> Callable[[], Any]:
    from chainopt import read_workbook

    return lambda: read_workbook(folder / BOOK)


def raw_reading(folder: Path) -> Callable[[], Any]:
    from python_calamine import CalamineWorkbook

    def read() -> list[Any]:
        book = CalamineWorkbook.from_path(folder / BOOK)
        return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]

    return read


def raw_writing(folder: Path, in_order: bool) -> Callable[[], Any]:
    from xlsxwriter import Workbook

    cells = pickle.loads((folder / CELLS).read_bytes())
    names = list(dict.fromkeys(cell[1] for cell in cells))
    if in_order:
        cells.sort(key=lambda cell: (names.index(cell[1]), cell[2], cell[3]))

    def write() -> None:
        book = Workbook(folder / "raw.xlsx", {"constant_memory": in_order})
        sheets = {name: book.add_worksheet(name) for name in names}
        formats: dict[int, Any] = {}
        for kind, name, row, column, value, look in cells:
            # The same properties are one object, in the file of cells too.
            if id(look) not in formats:
                formats[id(look)] = book.add_format(look)
            put = sheets[name].write_number if kind == "write_number" else sheets[name].write_string
            put(row, column, value, formats[id(look)])
        book.close()

    return write


SIDES: dict[str, Callable[[Path], Callable[[], Any]]] = {
    "chainopt reads": reading,
    "python-calamine": raw_reading,
    "chainopt writes": report,
    "XlsxWriter": lambda folder: raw_writing(folder, False),
    "XlsxWriter, in order": lambda folder: raw_writing(folder, True),
}


def measured(side: str, folder: Path) -> dict[str, float]:
    """Seconds on the clock and of the processor, of a side in this process."""
    work = SIDES[side](folder)
    begun, spent = time.perf_counter(), time.process_time()
    work()
    return {"clock": time.perf_counter() - begun, "processor": time.process_time() - spent}


def fresh(folder: Path, *arguments: str) -> Any:
    """What this file says in a process of its own."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    command = [sys.executable, __file__, "--folder", str(folder), *arguments]
    answer = subprocess.run(command, env={**os.environ, **threads}, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(f"{arguments} failed:\n{answer.stderr}")
    return json.loads(answer.stdout.splitlines()[-1])


def spread(values: list[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def rows(runs: dict[str, list[dict[str, float]]], sides: tuple[str, ...]) -> list[str]:
    """A row for each side: its seconds, and chainopt's over them, each pair neighbours in time."""
    lines = []
    for side in sides:
        cells = [side]
        for kind in ("clock", "processor"):
            cells.append(spread([run[kind] for run in runs[side]]))
            pairs = zip(runs[sides[0]], runs[side], strict=True)
            cells.append("" if side == sides[0] else spread([ours[kind] / theirs[kind] for ours, theirs in pairs]))
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def page(sizes: dict[str, int], lines: list[str], repeat: int, load: tuple[tuple[float, ...], ...]) -> str:
    names = ("python-calamine", "XlsxWriter", "openpyxl", "numpy", "pandas")
    before, after = (", ".join(f"{value:.2f}" for value in each) for each in load)
    head = ("side", "clock", "chainopt / side", "processor", "chainopt / side")
    table = "\n".join([f"| {' | '.join(head)} |", "| --- | --- | --- | --- | --- |", *lines])
    return f"""# Workbooks beside python-calamine and XlsxWriter

Made by `python benchmarks/workbooks.py` on {date.today()}: {repeat} fresh processes a side in turns, seconds as
median (least-greatest), {os.cpu_count()} cores; load averages before {before}, after {after}.
Python {platform.python_version()}, {", ".join(f"{name} {version(name)}" for name in names)}.
A workbook of {sizes["rows"]:,} rows, read with every check on; its Excel report of {sizes["cells"]:,} cells, the
tables of the solution being there.

{table}

The raw sides make no checks, no records, no figures and choose no formats. XlsxWriter "in order" is its
constant-memory mode. Under load the clock says less than the processor; reading works in three threads, which need
cores of their own to pay.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flows", type=int, default=66_000, help="the chain's size, in uses")
    parser.add_argument("--repeat", type=int, default=5, help="processes for each side")
    parser.add_argument("--folder", type=Path, help="where the files of a run are")
    parser.add_argument("--make", action="store_true", help="make the files")
    parser.add_argument("--measure", choices=SIDES, help="one measurement, printed as JSON")
    chosen = parser.parse_args()
    if chosen.make or chosen.measure:
        folder = chosen.folder
        print(json.dumps(make(folder, chosen.flows) if chosen.make else measured(chosen.measure, folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        before = os.getloadavg()
        sizes = fresh(Path(folder), "--make", "--flows", str(chosen.flows))
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for group in (READING, WRITING):
            for _ in range(chosen.repeat):
                for side in group:
                    runs[side].append(fresh(Path(folder), "--measure", side))
        lines = [*rows(runs, READING), *rows(runs, WRITING)]
        text = page(sizes, lines, chosen.repeat, (before, os.getloadavg()))
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
