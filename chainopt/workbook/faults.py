"""What is wrong with a workbook: each problem with its sheet and cell, all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chainopt.words.messages import Message, is_error


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
    def where(self) -> str:
        """The cell with its sheet, or the sheet alone."""
        return f"{self.sheet}!{self.cell}" if self.cell else self.sheet

    @property
    def error(self) -> bool:
        """Whether the workbook is refused for it; else it is a warning or a notice."""
        return is_error(self.code)

    def __str__(self) -> str:
        return f"{self.code} {self.where}: {self.text}" if self.where else f"{self.code}: {self.text}"


class WorkbookError(ValueError):
    """A workbook that holds no chain: its message lists every error, a line each.

    `problems` holds the warnings too.
    """

    def __init__(self, problems: Sequence[CellProblem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems if problem.error))


class CopyError(ValueError):
    """A workbook that can't be copied with results in it: it is another chain's, or can't be added to."""


def refusal(message: Message, sheet: str = "", **gaps: Any) -> WorkbookError:
    """The error that refuses a file, or a sheet of it, as a whole."""
    return WorkbookError([CellProblem(sheet, "", message.says(**gaps), message.code)])


Spot = tuple[str, int, int]
"""A sheet as the book spells it, a row and a column; 0 and 0 for the sheet as a whole."""


class Faults:
    """Collects problems while a workbook is read: of a cell the first error, since others follow from it."""

    def __init__(self) -> None:
        self._errors: dict[Spot, CellProblem] = {}
        self._others: dict[tuple[str, int, int, str], CellProblem] = {}

    def say(self, sheet: str, at: tuple[int, int], message: Message, **gaps: Any) -> None:
        """Report a problem at (row, column); (0, 0) is the sheet as a whole."""
        self.say_text(sheet, at, message.says(**gaps), message.code)

    def say_text(self, sheet: str, at: tuple[int, int], text: str, code: str) -> None:
        """Report a problem, already in words, at (row, column)."""
        problem = CellProblem(sheet, coordinate(*at), text, code)
        if is_error(code):
            self._errors.setdefault((sheet, *at), problem)
        else:
            self._others.setdefault((sheet, *at, code), problem)

    def at(self, sheet: str, at: tuple[int, int]) -> bool:
        """Whether an error stands at this cell already."""
        return (sheet, *at) in self._errors

    def errors(self) -> frozenset[Spot]:
        """The sheet, row and column of every error so far."""
        return frozenset(self._errors)

    def placed(self, sheets: Sequence[str]) -> list[tuple[Spot, CellProblem]]:
        """The problems with their spots, in the order of the sheets given, then by row and column."""
        order = {sheet: i for i, sheet in enumerate(sheets)}
        others = [(place[:3], problem) for place, problem in self._others.items() if place[:3] not in self._errors]
        found = [*self._errors.items(), *others]
        found.sort(key=lambda one: (order.get(one[0][0], -1), *one[0][1:]))
        return found

    def listed(self, sheets: Sequence[str]) -> tuple[CellProblem, ...]:
        """The problems in that order."""
        return tuple(problem for _, problem in self.placed(sheets))


def coordinate(row: int, column: int) -> str:
    """A cell's name: (7, 3) is C7; "" for a row or column 0."""
    letters = ""
    while row and column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}" if letters else ""
