"""A solution as JSON: the record that other programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from math import isfinite
from typing import Any

import pandas as pd

from chainopt.chain import Chain
from chainopt.report.findings import warnings
from chainopt.solution import Solution
from chainopt.tables import tables

_COLUMNS = {
    "goods": (
        "good", "unit", "supply", "imported", "produced", "used", "sold", "disposed",
        "price", "backprop", "difference", "low", "high", "interval",
    ),
    "uses": ("kind", "good", "process", "amount", "share", "value"),
    "processes": ("process", "firm", "level", "revenue", "cost", "profit", "rent"),
    "limits": ("kind", "good", "process", "limit", "rent"),
    "kkt": ("stationarity", "feasibility", "complementarity"),
}  # fmt: skip


def result_record(
    chain: Chain, solution: Solution, *, numeraire: str | None = None, seconds: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """The solution as plain lists and dicts of text, numbers and None, under the documented keys.

    A number that does not exist, nan or infinite, is None. seconds adds phases that the solve did not time, such
    as reading. Raises NumeraireError as `tables` does.
    """
    all_tables = tables(chain, solution, numeraire=numeraire)
    rows = {name: _records(getattr(all_tables, name)[list(columns)]) for name, columns in _COLUMNS.items()}
    return {
        "chainopt": version("chainopt"),
        "chain": chain.name,
        "status": str(solution.status),
        "message": solution.message,
        "objective": _plain(solution.objective),
        "numeraire": all_tables.numeraire,
        "goods": rows["goods"],
        "uses": rows["uses"],
        "processes": rows["processes"],
        "limits": rows["limits"],
        "kkt": rows["kkt"][0],
        "solver": {
            "name": solution.solver,
            "version": solution.solver_version,
            "iterations": int(solution.iterations),
            "seconds": {phase: _plain(spent) for phase, spent in {**(seconds or {}), **solution.seconds}.items()},
        },
        "scope": solution.scope,
        "warnings": warnings(solution),
        "removed": [{"process": process, "why": why} for process, why in solution.removed.items()],
    }


def json_text(record: Mapping[str, Any]) -> str:
    """A record as JSON text, ASCII only, so that every pipe and every name survives."""
    return json.dumps(record, indent=2, allow_nan=False)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    """A Python text or number; None for what does not exist, and 0 without a sign."""
    if value is None or isinstance(value, str):
        return value
    number = float(value)
    return number + 0.0 if isfinite(number) else None
