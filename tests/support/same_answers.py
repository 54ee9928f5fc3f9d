"""Whether two checkouts give the same answers: every figure of every workbook's JSON, kind by kind.

    python tests/support/same_answers.py THERE HERE

solves each workbook of THERE's data/ by both, with one kernel and one thread, and prints for each kind of figure
the largest difference relative to the largest figure of that kind. Exit code 1 where one is above 1e-9 or a word
differs. Seconds, iterations and versions are left aside, and so is what is rounding itself: residuals, a price's
difference from its derivative, the market's gap and deviations.
"""

import json
import math
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

METHODS = ("ipopt", "market", "auto")
ROUNDING = {"difference", "stationarity", "feasibility", "complementarity", "gap", "deviation", "deviation_share"}
ASIDE = ROUNDING | {"seconds", "iterations", "version", "chainopt"}
RESIDUAL = re.compile(r"\d(\.\d+)?e-\d+")
MOST = 1e-9


def answer(checkout: Path, book: Path, method: str) -> Any:
    """The JSON that a checkout's command line prints of a workbook, with re-solves."""
    environment = {"PYTHONPATH": str(checkout), "OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"}
    command = [sys.executable, "-m", "chainopt", "solve", str(book), "--method", method, "--json", "-"]
    done = subprocess.run(
        [*command, "--differences"],
        cwd=checkout,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return {"exit": done.returncode, "answer": json.loads(done.stdout)}


def leaves(value: Any, path: str = "", kind: str = "") -> dict[str, tuple[str, Any]]:
    """Every figure and word by its place, with its kind: the place without the numbers of rows."""
    if isinstance(value, dict):
        parts = [leaves(part, f"{path}.{key}", f"{kind}.{key}") for key, part in value.items() if key not in ASIDE]
    elif isinstance(value, list):
        parts = [leaves(part, f"{path}[{i}]", f"{kind}[]") for i, part in enumerate(value)]
    else:
        return {path: (kind, RESIDUAL.sub("#", value) if isinstance(value, str) else value)}
    return {place: leaf for part in parts for place, leaf in part.items()}


def differences(one: Any, two: Any) -> tuple[dict[str, float], list[str]]:
    """The largest difference of each kind of figure, relative to its largest, and places that differ otherwise."""
    first, second = leaves(one), leaves(two)
    other = sorted(first.keys() ^ second.keys())
    largest: dict[str, float] = defaultdict(float)
    apart: dict[str, float] = defaultdict(float)
    for place in first.keys() & second.keys():
        (kind, a), (_, b) = first[place], second[place]
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (a, b)):
            largest[kind] = max(largest[kind], abs(a), abs(b))
            apart[kind] = max(apart[kind], abs(a - b))
        elif a != b:
            other.append(f"{place}: {a!r} became {b!r}")
    return {kind: gap / (largest[kind] or 1.0) for kind, gap in apart.items()}, other


def main(there: Path, here: Path) -> int:
    """Compare every workbook by every method; a line each."""
    wrong = 0
    for book in sorted((there / "data").glob("*.xlsx")):
        for method in METHODS:
            apart, other = differences(*(answer(checkout, book, method) for checkout in (there, here)))
            kind = max(apart, key=lambda name: (math.isnan(apart[name]), apart[name]))
            print(f"{book.stem:24} {method:7} {len(apart):3} kinds, worst {apart[kind]:.1e} ({kind.strip('.')})")
            for place in other[:5]:
                print(f"    {place}")
            wrong += bool(other) or not apart[kind] <= MOST
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
