"""A solution as JSON: the record that other programs read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from math import isfinite
from typing import Any

import pandas as pd

from chainopt.audits.explain import Explanation
from chainopt.audits.market_test import MarketTest
from chainopt.chain.chain import Chain
from chainopt.program.program import Program
from chainopt.report.content.findings import warnings
from chainopt.rows.dossier import dossier
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution

_COLUMNS = {
    "goods": (
        "good", "unit", "supply", "imported", "produced", "used", "sold", "disposed",
        "price", "backprop", "difference", "low", "high", "interval",
    ),
    "uses": ("kind", "good", "process", "amount", "share", "value"),
    "processes": ("process", "firm", "level", "revenue", "cost", "profit", "rent"),
    "limits": ("kind", "good", "process", "limit", "amount", "rent", "backprop"),
    "kkt": ("stationarity", "feasibility", "complementarity"),
}  # fmt: skip
_CAUSE = ("sheet", "record", "column", "text")


def result_record(
    chain: Chain,
    solution: Solution,
    *,
    numeraire: str | None = None,
    seconds: Mapping[str, float] | None = None,
    tables: Tables | None = None,
) -> dict[str, Any]:
    """The solution as plain lists and dicts of text, numbers and None, under the documented keys.

    A number that does not exist, nan or infinite, is None. seconds adds phases that the solve did not time, such
    as reading. tables: those of `dossier`, where they are there already. Raises NumeraireError as it does.
    """
    all_tables = tables or dossier(chain, solution, numeraire=numeraire)
    rows = {name: _records(getattr(all_tables, name)[list(columns)]) for name, columns in _COLUMNS.items()}
    return {
        "chainopt": version("chainopt"),
        "chain": chain.name,
        "status": str(solution.status),
        "message": solution.message,
        "objective": _plain(solution.objective),
        "numeraire": all_tables.numeraire,
        "goods": _with_differences(_with_audit(rows["goods"], all_tables), all_tables),
        "uses": _with_verdicts(rows["uses"], all_tables),
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
        "market": _market(all_tables.market),
        "explanation": _explanation(all_tables.explanation),
        "warnings": warnings(solution),
        "removed": [{"process": process, "why": why} for process, why in solution.removed.items()],
    }


def _with_audit(goods: list[dict[str, Any]], all_tables: Tables) -> list[dict[str, Any]]:
    """Each good with its verdict, the cause, and the story of its price."""
    found = all_tables.audit
    verdicts = {row.good: row for row in found[found["kind"] == "good"].itertuples()} if len(found) else {}
    for good, unit in zip(goods, all_tables.goods["price unit"], strict=True):
        row, story = verdicts.get(good["good"]), all_tables.stories.get(good["good"])
        good["price unit"] = unit
        good["verdict"] = str(row.verdict) if row else None
        good["cause"] = row.cause if row else None
        good["story"] = story.text if story else None
    return goods


def _with_differences(goods: list[dict[str, Any]], all_tables: Tables) -> list[dict[str, Any]]:
    if all_tables.differences is not None:
        found = all_tables.differences.set_index("good")
        for good in goods:
            for side in ("right", "left"):
                good[side] = _plain(found[side].get(good["good"]))
    return goods


def _with_verdicts(uses: list[dict[str, Any]], all_tables: Tables) -> list[dict[str, Any]]:
    """Each use with its verdict in the audit and the cause."""
    rows = {(row.kind, row.good, _plain(row.process)): row for row in all_tables.audit.itertuples()}
    for use in uses:
        row = rows.get((use["kind"], use["good"], use["process"]))
        use["verdict"], use["cause"] = (str(row.verdict), row.cause) if row else (None, None)
    return uses


def _market(test: MarketTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {"gap": _plain(test.gap), "supported": test.supported, "processes": _records(test.processes)}


def _explanation(found: Explanation | None) -> dict[str, Any] | None:
    if found is None or not found.summary:
        return None
    causes = [{name: _plain(getattr(cause, name)) for name in _CAUSE} for cause in found.causes]
    return {"summary": found.summary, "causes": causes}


def program_record(
    program: Program, output: str | None = None, prices: Mapping[str, float | None] | None = None
) -> dict[str, Any]:
    """A program as plain lists and dicts: value, gradient by argument, and a record for each step.

    output: which of several results; prices: of the program's chain, by good, None without a solve. A number that
    does not exist is None.
    """
    steps = program.steps(output)
    derivatives = program.derivatives(output)[: len(program.inputs)].tolist()
    known = prices or {}
    return {
        "value": _plain(program.values[program.output_step(output)]),
        "gradient": {name: _plain(slope) for name, slope in zip(program.inputs, derivatives, strict=True)},
        "steps": [
            {
                "line": step.line,
                "name": step.name,
                "operation": step.operation,
                "inputs": list(step.inputs),
                "value": _plain(step.value),
                "derivative": _plain(step.derivative),
                "price": _plain(known.get(step.name)),
            }
            for step in steps
        ],
        "prices": {name: _plain(known.get(name)) for name in program.inputs},
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
