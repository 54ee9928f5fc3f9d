"""One figure of a chain changed from outside: `natgas.supply=5`, in the workbook's own words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from chainopt.chain.chain import Chain, warned
from chainopt.chain.rules import Caution
from chainopt.words.names import key, nearest
from chainopt.workbook.cells import CellFault, is_blank, value_of
from chainopt.workbook.schema import NAMED_BY, SETTINGS, Column, columns_of

_SETTINGS = {column.column: column for column in SETTINGS}


class AssignmentError(ValueError):
    """An assignment that can't be read, or that names nothing in the chain; the message says which part."""


def assign(chain: Chain, assignments: Iterable[str]) -> Chain:
    """The chain with figures changed: `good.column=value`, `process.column=value`, `parameter.value=value`.

    Names and columns are the workbook's, matched as there; `settings.column=value` changes a setting; an empty
    value is the column's default. Raises AssignmentError, and ChainError where the changed chain can't be.
    """
    parts: dict[str, Any] = {sheet: list(getattr(chain, sheet)) for sheet in NAMED_BY}
    settings = chain.settings
    figures: set[tuple[str, str, str]] = set()
    for text in assignments:
        target, equals, value = text.partition("=")
        name, dot, head = target.rpartition(".")
        if not (equals and dot and name.strip() and head.strip()):
            raise AssignmentError(f'"{text}" is not an assignment: write name.column=value, as natgas.supply=5')
        if key(name) == "settings":
            column = _column(text, head, _SETTINGS)
            settings = replace(settings, **{column.field: _value(text, value, column)})
            figures.add(("settings", key(column.column), "value"))
            continue
        sheet, row = _record(text, name, head, parts)
        column = _column(text, head, columns_of(sheet))
        parts[sheet][row] = replace(parts[sheet][row], **{column.field: _value(text, value, column)})
        figures.add((sheet, key(getattr(parts[sheet][row], NAMED_BY[sheet])), column.column))
    changed = Chain(**parts, settings=settings, observed=chain.observed)
    return warned(changed, _said(chain, changed, figures))


def _said(chain: Chain, changed: Chain, figures: set[tuple[str, str, str]]) -> Iterator[Caution]:
    """What was said of the chain's cells, less what was of figures that are changed, and what is said of these."""
    cell = {caution.of: caution.cell for caution in chain.warnings}
    parts = {sheet: getattr(chain, sheet) for sheet in (*NAMED_BY, "settings", "observed")}
    by_rule = {caution.of for caution in Chain(**parts).warnings}
    for caution in chain.warnings:
        figure = caution.sheet, key(caution.record), caution.column
        if caution.of not in by_rule and (caution.good or figure not in figures):
            yield caution
    for caution in changed.warnings:
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


def _value(text: str, value: str, column: Column) -> Any:
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
        raise AssignmentError(f'"{text}": {fault}') from None
