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
from chainopt.audits.stories import Story
from chainopt.chain.chain import Chain
from chainopt.chain.changes import Change
from chainopt.program.program import Program
from chainopt.report.content.findings import warnings
from chainopt.rows.dossier import dossier
from chainopt.rows.proofs import proof
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution

_COLUMNS = {
    "goods": (
        "good", "unit", "supply", "imported", "produced", "used", "sold", "disposed",
        "price", "backprop", "difference", "low", "high", "interval",
    ),
    "uses": ("kind", "good", "process", "amount", "share", "value"),
    "processes": ("process", "firm", "level", "revenue", "cost", "profit", "rent", "first_loss", "needed"),
    "limits": ("kind", "good", "process", "limit", "amount", "rent", "backprop"),
    "firms": (
        "kind", "firm", "processes", "revenue_outside", "revenue_inside", "bought_outside", "bought_inside",
        "supplies", "unit_cost", "disposal", "profit", "rent", "why",
    ),
    "transfers": (
        "good", "unit", "seller", "buyer", "amount", "price", "low", "high", "cost", "worth", "money", "split",
    ),
    "ranges": (
        "figure", "kind", "good", "process", "now", "more", "less", "low", "high", "below", "above", "solved",
    ),
    "kkt": ("stationarity", "feasibility", "complementarity"),
}  # fmt: skip


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
    rows = {name: getattr(all_tables, name)[list(columns)] for name, columns in _COLUMNS.items()}
    return {
        "chainopt": version("chainopt"),
        "chain": chain.name,
        "changes": [_change(change) for change in chain.changes],
        "status": str(solution.status),
        "message": solution.message,
        "objective": _plain(solution.objective),
        "numeraire": all_tables.numeraire,
        "money": all_tables.money,
        "goods": _records(_goods(rows["goods"], all_tables)),
        "uses": _records(_uses(rows["uses"], all_tables)),
        "processes": _records(rows["processes"]),
        "limits": _records(rows["limits"]),
        "kkt": _records(rows["kkt"])[0],
        "solver": {
            "name": solution.solver,
            "version": solution.solver_version,
            "iterations": int(solution.iterations),
            "seconds": {phase: _plain(spent) for phase, spent in {**(seconds or {}), **solution.seconds}.items()},
        },
        "firms": _records(rows["firms"]),
        "transfers": _records(rows["transfers"]),
        "ranges": _records(rows["ranges"]),
        "scope": solution.scope,
        "market": _market(all_tables.market),
        "explanation": _explanation(all_tables.explanation),
        "proof": proof(solution),
        "moves": _moves(all_tables.stories),
        "warnings": warnings(solution),
        "reading": _records(all_tables.warnings),
        "removed": [{"process": process, "why": why} for process, why in solution.removed.items()],
    }


def _change(change: Change) -> dict[str, Any]:
    told = {name: getattr(change, name) for name in ("cell", "sheet", "record", "column")}
    return told | {"from": _plain(change.before), "to": _plain(change.after)}


def _moves(stories: Mapping[str, Story]) -> list[dict[str, Any]]:
    """What one more of each good, or one less, changes outside the chain: a row for each move."""
    return [
        {
            "good": story.good,
            "change": change,
            "kind": move.kind,
            "of": move.good or move.process,
            "amount": _plain(move.amount),
            "price": _plain(move.price),
            "worth": _plain(move.worth),
            "unique": side.unique,
        }
        for story in stories.values()
        for change, side in (("one more", story.more), ("one less", story.less))
        if side is not None
        for move in side.moves
    ]


def _goods(goods: pd.DataFrame, all_tables: Tables) -> pd.DataFrame:
    """Each good with its verdict, the cause, the story of its price, and what re-solves found."""
    verdicts = all_tables.audit[all_tables.audit["kind"] == "good"].set_index("good")
    told = {
        "price unit": all_tables.goods["price unit"],
        "verdict": goods["good"].map(verdicts["verdict"]),
        "cause": goods["good"].map(verdicts["cause"]),
        "story": goods["good"].map({good: story.text for good, story in all_tables.stories.items()}),
    }
    if all_tables.differences is not None:
        found = all_tables.differences.set_index("good")
        told |= {side: goods["good"].map(found[side]) for side in ("right", "left")}
    return goods.assign(**told)


def _uses(uses: pd.DataFrame, all_tables: Tables) -> pd.DataFrame:
    """Each use with its verdict in the audit and the cause."""
    whose = ["kind", "good", "process"]
    return uses.merge(all_tables.audit[[*whose, "verdict", "cause"]], how="left", on=whose)


def _market(test: MarketTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {"gap": _plain(test.gap), "supported": test.supported, "processes": _records(test.processes)}


def _explanation(found: Explanation | None) -> dict[str, Any] | None:
    if found is None or not found.summary:
        return None
    told = ("sheet", "record", "column", "text")
    causes = [{name: _plain(getattr(cause, name)) for name in told} for cause in found.causes]
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
        "kinks": [{"line": kink.line, "what": kink.what} for kink in program.kinks(output)],
        "steps": [
            {
                "line": step.line,
                "name": step.name,
                "operation": step.operation,
                "inputs": list(step.inputs),
                "value": _plain(step.value),
                "derivative": _plain(step.derivative),
                "price": _plain(known.get(step.name)),
                "kink": step.kink,
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
        return value if value is None else str(value)
    number = float(value)
    return number + 0.0 if isfinite(number) else None
