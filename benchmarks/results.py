"""What was measured: one line of JSON a process in suite.jsonl, and the questions that the tables ask of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median
from typing import Any

from layered import GRAPHS, Case
from routes import Route

RESULTS = Path(__file__).with_name("suite.jsonl")
REFERENCE = "reference"
SIZES = (1_000, 5_000, 20_000, 80_000, 1_000_000)
RETURNS, ELASTICITIES = (0.9, 0.99, 1.0), (1.0, 0.5, 2.0)
CASES = tuple(Case(g, e, r) for r in RETURNS for e in ELASTICITIES for g in GRAPHS)
RIGHT = 1e-6
"""The relative error of prices that every solver is to reach."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """Records by (flows, case, route), in the order in which they came."""

    by: dict[tuple[int, Case, str], list[Record]]

    def all(self, flows: int, case: Case, route: str) -> list[Record]:
        return self.by.get((flows, case, route), [])

    def add(self, record: Record) -> None:
        case = Case(record["graph"], record["elasticity"], record["returns"])
        self.by[record["flows"], case, record["route"]].append(record)

    @property
    def sizes(self) -> list[int]:
        return sorted({flows for flows, _, _ in self.by})

    @property
    def every(self) -> Iterator[Record]:
        for records in self.by.values():
            yield from records

    def runs(self, flows: int, case: Case, route: str) -> list[Record]:
        """The runs that count: those at the loosest tolerance that gives right prices, else the best one."""
        ended = [record for record in self.all(flows, case, route) if "failed" not in record]
        if not ended:
            return []
        right = [record for record in ended if record["price error"] <= RIGHT]
        tolerance = (right or sorted(ended, key=lambda record: record["price error"]))[0]["tolerance"]
        return [record for record in ended if record["tolerance"] == tolerance]

    def middle(self, flows: int, case: Case, route: str, figure: str = "total") -> float | None:
        """The median of a figure over the runs that count."""
        runs = self.runs(flows, case, route)
        return median(record[figure] for record in runs) if runs else None

    def why_not(self, flows: int, case: Case, route: Route, timeout: float) -> str:
        """Why a route is not to be tried at a size, judged from smaller ones; "" where it is."""
        if flows > route.largest:
            return f"not above {route.largest:,} flows"
        for smaller in sorted((size for size in self.sizes if size < flows), reverse=True):
            records = self.all(smaller, case, route.name)
            if not records:
                continue
            runs = self.runs(smaller, case, route.name)
            if not runs:
                return f"{records[-1]['failed']} at {smaller:,} flows"
            last = runs[0]
            if not (route.ours or last["status"].startswith("optimal") or last["price error"] <= RIGHT):
                return f"failed at {smaller:,} flows ({last['status'].replace('_', ' ').lower()})"
            if self._expected(flows, smaller, case, route.name) > timeout:
                return f"would take more than {timeout:,.0f} s (took {last['wall']:,.0f} s at {smaller:,} flows)"
            return ""
        return ""

    def _expected(self, flows: int, known: int, case: Case, route: str) -> float:
        """Seconds at a size, from the last two known ones: at least in proportion."""
        last = self.middle(known, case, route, "wall") or 0.0
        before = max((size for size in self.sizes if size < known and self.runs(size, case, route)), default=None)
        power = 1.0
        if before is not None:
            power = max(1.0, log(last / (self.middle(before, case, route, "wall") or last)) / log(known / before))
        return last * (flows / known) ** power


def load(path: Path = RESULTS) -> Results:
    """Everything measured so far."""
    results = Results(defaultdict(list))
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            results.add(json.loads(line))
    return results


def keep(results: Results, record: Record, path: Path = RESULTS) -> None:
    """Add a record, on disk too."""
    line = json.dumps(_short(record))
    results.add(json.loads(line))
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _short(value: Any) -> Any:
    """Numbers to six digits: no measurement has more; a value keeps its own."""
    if isinstance(value, dict):
        return {key: each if key == "value" else _short(each) for key, each in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value
