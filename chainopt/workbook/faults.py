"""What is wrong with a workbook: each problem with its sheet and cell, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainopt.messages import Message, is_error


@dataclass(frozen=True, slots=True)
class CellProblem:
    """Something wrong with one cell: where, what stands there and what to do.

    `sheet` is spelled as in the book; both are "" where the file itself is at fault. code is that of `messages`.
    """

    sheet: str
    cell: str
    text: str
    code: str

    @property
    def error(self) -> bool:
        """Whether the workbook is refused for it; else it is a warning or a notice."""
        return is_error(self.code)

    def __str__(self) -> str:
        where = f"{self.sheet}!{self.cell}" if self.cell else self.sheet
        return f"{self.code} {where}: {self.text}" if where else f"{self.code}: {self.text}"


class WorkbookError(ValueError):
    """A workbook that holds no chain: its message lists every error, a line each.

    `problems` holds the warnings too.
    """

    def __init__(self, problems: Sequence[CellProblem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems if problem.error))


class Faults:
    """Collects problems while a workbook is read: the first error of a cell, since others follow from it."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], CellProblem] = {}

    def say(self, sheet: str, at: tuple[int, int], message: Message, **gaps: Any) -> None:
        """Report a problem at (row, column); (0, 0) is the sheet as a whole."""
        self.say_text(sheet, at, message.says(**gaps), message.code)

    def say_text(self, sheet: str, at: tuple[int, int], text: str, code: str) -> None:
        """Report a problem, already in words, at (row, column)."""
        place = (sheet, *at)
        if place not in self._found or (is_error(code) and not self._found[place].error):
            self._found[place] = CellProblem(sheet, coordinate(*at), text, code)

    def at(self, sheet: str, at: tuple[int, int]) -> bool:
        """Whether an error stands at this cell already."""
        return (sheet, *at) in self._found and self._found[sheet, *at].error

    def errors(self) -> frozenset[tuple[str, int, int]]:
        """The sheet, row and column of every error so far."""
        return frozenset(place for place, problem in self._found.items() if problem.error)

    def listed(self, sheets: Sequence[str]) -> tuple[CellProblem, ...]:
        """The problems in the order of the sheets given, then by row and column."""
        order = {sheet: i for i, sheet in enumerate(sheets)}
        places = sorted(self._found, key=lambda place: (order.get(place[0], -1), *place[1:]))
        return tuple(self._found[place] for place in places)


def coordinate(row: int, column: int) -> str:
    """A cell's name: (7, 3) is C7; "" for a row or column 0."""
    letters = ""
    while row and column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}" if letters else ""
