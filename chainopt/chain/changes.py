"""What a chain has in place of the figures of its workbook: a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

Told = float | str | None
"""A figure or a text as a workbook has it; None for a blank cell."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure, or a text, that is another than the workbook's: before there, after in the chain.

    sheet and column as in the workbook's schema (of a setting the column value), record the good, process,
    parameter or setting of the row. cell is such as goods!B3, "" where it is not known.
    """

    sheet: str
    record: str
    column: str
    before: Told
    after: Told
    cell: str = ""

    @property
    def good(self) -> str:
        """The second name of its row: it has none."""
        return ""

    @property
    def name(self) -> str:
        """How it is called on a command line: natgas.supply."""
        return f"settings.{self.record}" if self.sheet == "settings" else f"{self.record}.{self.column}"

    def __str__(self) -> str:
        return f"{self.name} {said(self.after)} in place of {said(self.before)}"


def said(value: Told) -> str:
    """A figure or a text in a sentence, with every digit that it needs."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return value
    return repr(float(value)).removesuffix(".0") if abs(value) < inf else "no limit"
