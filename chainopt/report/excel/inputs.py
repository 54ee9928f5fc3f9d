"""The sheet Inputs: the chain's data as read, so that the report stands alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

from xlsxwriter.worksheet import Worksheet

from chainopt.chain.chain import Chain
from chainopt.chain.rules import Caution
from chainopt.report.content.sheets import Column
from chainopt.report.excel.paper import Paper
from chainopt.words.names import key
from chainopt.workbook.schema import SETTINGS, columns_of

_WARNING = Column("warning", "read with a warning", "text", "what reading said of the row")


def write_inputs(paper: Paper, sheet: Worksheet, chain: Chain) -> None:
    """The chain's data as read, sheet by sheet of the workbook's schema; a default is left blank.

    Beside a row stands what reading said of it, and the figures that it was said of are coloured.
    """
    said: dict[tuple[str, ...], list[Caution]] = {}
    for caution in chain.warnings:
        said.setdefault(caution.row, []).append(caution)
    row = 0
    for name, data in _data(chain).items():
        count = len(next(iter(data.values())))
        if not count:
            continue
        beside = [said.get(names, []) for names in _names(name, data)] if said else []
        doubted = {caution.column for found in beside for caution in found}
        columns, values = [], []
        for column in columns_of(name).values():
            default = None if column.required else column.default
            given = [None if value == default else _as_read(value) for value in data[column.column]]
            if column.main or column.column in doubted or any(value is not None for value in given):
                columns.append(Column(column.column, column.column, "word", column.meaning))
                values.append(given)
        if any(beside):
            columns.append(_WARNING)
            values.append(["; ".join(map(str, found)) or None for found in beside])
        paper.put(sheet, row, 0, name.capitalize(), "heading")
        shapes = [[""] * count] * len(columns)
        first, row = row + 2, paper.table(sheet, row + 1, columns, values, shapes, f"input_{name}") + 1
        numbers = {column.name: j for j, column in enumerate(columns)}
        for n, found in enumerate(beside[: row - 1 - first]):
            for caution in found:
                if caution.column in numbers:
                    # A blank cell is coloured too.
                    figure = None if (value := data[caution.column][n]) == "" else _as_read(value)
                    paper.put(sheet, first + n, numbers[caution.column], figure, "caution", text_wrap=False)


def _names(sheet: str, data: dict[str, list[Any]]) -> Iterator[tuple[str, ...]]:
    """What each row of an input sheet is of, as a caution names its row."""
    first = next(iter(data))
    goods = data["good"] if first != "good" and "good" in data else repeat("")
    for name, good in zip(data[first], goods, strict=False):
        yield sheet, key(name or ""), key(good)


def _data(chain: Chain) -> dict[str, dict[str, list[Any]]]:
    """Each input sheet's columns, whatever the sheet they were read from spelled short."""
    inputs = [(process, use) for process in chain.processes for use in process.inputs]
    outputs = [(process, made) for process in chain.processes for made in process.outputs]
    known = {"name": chain.name} | {row.column: getattr(chain.settings, row.field) for row in SETTINGS[1:]}
    settings = {name: value for name, value in known.items() if value}

    def columns(sheet: str, records: Sequence[Any], **own: list[Any]) -> dict[str, list[Any]]:
        return {
            column.column: own[column.field]
            if column.field in own
            else [getattr(record, column.field) for record in records]
            for column in columns_of(sheet).values()
        }

    return {
        "goods": columns("goods", chain.goods),
        "processes": columns("processes", chain.processes, outputs=[None] * len(chain.processes)),
        "inputs": columns("inputs", [use for _, use in inputs], process=[p.process for p, _ in inputs]),
        "outputs": columns("outputs", [made for _, made in outputs], process=[p.process for p, _ in outputs]),
        "parameters": columns("parameters", chain.parameters),
        "settings": {"setting": [*settings], "value": [*settings.values()], "notes": [""] * len(settings)},
        "observed": columns("observed", chain.observed),
    }


def _as_read(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else None
