"""One figure of a chain changed from outside: `natgas.supply=5`, `power.price=+20%`, in the workbook's words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from math import isfinite
from typing import Any

from chainopt.chain.chain import Chain, changed, warned
from chainopt.chain.changes import Change, Told
from chainopt.chain.rules import Caution
from chainopt.words.names import key, nearest
from chainopt.workbook.cells import CellFault, is_blank, value_of
from chainopt.workbook.schema import NAMED_BY, SETTINGS, Column, columns_of

_SETTINGS = {column.column: column for column in SETTINGS}
_RELATIVE = re.compile(r"\s*(?:\*(?P<factor>[^*%]+)|(?P<percent>[+-][^%]+)%)\s*")
_FIGURES = ("number", "wide", "whole", "disposal")


class AssignmentError(ValueError):
    """An assignment that can't be read, or that names nothing in the chain; the message says which part."""


def assign(chain: Chain, assignments: Iterable[str]) -> Chain:
    """The chain with figures changed: `good.column=value`, `process.column=value`, `parameter.value=value`.

    Names and columns are the workbook's, matched as there; `settings.column=value` changes a setting; an empty
    value is the column's default; `*1.2`, `+20%` and `-20%` change the current figure by a factor. The chain's
    `changes` say what was changed. Raises AssignmentError, and ChainError where the changed chain can't be.
    """
    parts: dict[str, Any] = {sheet: list(getattr(chain, sheet)) for sheet in NAMED_BY}
    settings = chain.settings
    changes: dict[tuple[str, str, str], Change] = {
        (change.sheet, key(change.record), change.column): change for change in chain.changes
    }
    for text in assignments:
        target, equals, value = text.partition("=")
        name, dot, head = target.rpartition(".")
        if not (equals and dot and name.strip() and head.strip()):
            raise AssignmentError(f'"{text}" is not an assignment: write name.column=value, as natgas.supply=5')
        if key(name) == "settings":
            column = _column(text, head, _SETTINGS)
            old, where = settings, ("settings", column.column, "value")
            settings = replace(old, **{column.field: _value(text, value, column, getattr(old, column.field))})
            new: Any = settings
        else:
            sheet, row = _record(text, name, head, parts)
            column = _column(text, head, columns_of(sheet))
            old, where = parts[sheet][row], (sheet, getattr(parts[sheet][row], NAMED_BY[sheet]), column.column)
            new = replace(old, **{column.field: _value(text, value, column, getattr(old, column.field))})
            parts[sheet][row] = new
        figure = where[0], key(where[1]), where[2]
        # Changed twice, a figure still takes the place of the workbook's.
        before = changes[figure].before if figure in changes else _told(getattr(old, column.field))
        changes[figure] = Change(*where, before, _told(getattr(new, column.field)))
    made = Chain(**parts, settings=settings, observed=chain.observed)
    return changed(warned(made, _said(chain, made, changes.keys())), changes.values())


def _told(value: Any) -> Told:
    """A figure as a cell of the workbook has it; None for a blank one."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or None if isinstance(value, str) else value


def _said(chain: Chain, made: Chain, figures: Collection[tuple[str, str, str]]) -> Iterator[Caution]:
    """What was said of the chain's cells, less what was of figures that are changed, and what is said of these."""
    cell = {caution.of: caution.cell for caution in chain.warnings}
    parts = {sheet: getattr(chain, sheet) for sheet in (*NAMED_BY, "settings", "observed")}
    by_rule = {caution.of for caution in Chain(**parts).warnings}
    for caution in chain.warnings:
        figure = caution.sheet, key(caution.record), caution.column
        if caution.of not in by_rule and (caution.good or figure not in figures):
            yield caution
    for caution in made.warnings:
        yield replace(caution, cell=cell.get(caution.of, ""))


def _record(text: str, name: str, head: str, parts: dict[str, Any]) -> tuple[str, int]:
    """The sheet and the row that a name means; where it names several records, the one with the column."""
    names = {
        sheet: {key(getattr(record, NAMED_BY[sheet])): i for i, record in enumerate(records)}
        for sheet, records in parts.items()
    }
    found = [(sheet, rows[key(name)]) for sheet, rows in names.items() if key(name) in rows]
    fitting = [place for place in found if key(head) in columns_of(place[0])]
    if places := fitting or found:
        return places[0]
    hint = nearest(name, [known for rows in names.values() for known in rows])
    raise AssignmentError(f'"{text}": the chain has no good, process or parameter "{name.strip()}"{hint}')


def _column(text: str, head: str, columns: dict[str, Column]) -> Column:
    plain = {name: column for name, column in columns.items() if not column.refers and column.kind != "name"}
    plain = columns if columns is _SETTINGS else plain
    if key(head) not in plain:
        hint = nearest(head, plain) or f": there are {', '.join(plain)}"
        raise AssignmentError(f'"{text}": there is no column "{head.strip()}" to change{hint}')
    return plain[key(head)]


def _value(text: str, value: str, column: Column, current: Any) -> Any:
    if column.kind in _FIGURES and (relative := _RELATIVE.fullmatch(value)):
        return _relative(text, relative, column, current)
    try:
        number: Any = float(value)
    except ValueError:
        number = value.strip()
    if column.kind in ("name", "text", "formula", "choice") or number in (float("inf"), float("-inf")):
        number = value.strip()
    if is_blank(number):
        if column.required:
            raise AssignmentError(f'"{text}": a {column.column} is needed')
        return column.default
    try:
        return value_of(number, column)
    except CellFault as fault:
        hint = "; a change relative to the current figure is *1.2, +20% or -20%" if "%" in value else ""
        raise AssignmentError(f'"{text}": {fault}{hint}') from None


def _relative(text: str, change: re.Match[str], column: Column, current: Any) -> float:
    """The current figure times a factor."""
    try:
        factor = float(change["factor"]) if change["factor"] else 1 + float(change["percent"]) / 100
    except ValueError:
        factor = float("nan")
    if not isfinite(factor):
        raise AssignmentError(f'"{text}": write a change relative to the current figure as *1.2, +20% or -20%')
    if current is None or not isfinite(current):
        stands = f"is {current}" if current is not None else "is none" if column.kind == "disposal" else "is empty"
        stands += ": give a figure, nothing is relative to that"
        raise AssignmentError(f'"{text}": the {column.column} {stands}')
    # To 15 digits: 0.1 * 1.2 is 0.12 to whoever writes +20%.
    figure = float(f"{current * factor:.15g}")
    return int(figure) if column.kind == "whole" and figure.is_integer() else figure
