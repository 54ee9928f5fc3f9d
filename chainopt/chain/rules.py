"""Rules on records side by side: a condition on whole columns, and what to say of each record that breaks it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, isfinite, isnan
from numbers import Real
from operator import attrgetter
from types import NoneType
from typing import Any

import numpy as np

from chainopt.technology.arrays import Array
from chainopt.words import messages
from chainopt.words.messages import Message, is_error
from chainopt.words.names import all_plain, drawn, foreign, found, key, keys, plain

Gaps = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one field of one record: where, what stands there, what to do.

    record is the record's number in its list; for sheets inputs and outputs, the process's number and the
    input's or output's. code is that of `messages`.
    """

    sheet: str
    record: tuple[int, ...]
    column: str
    label: str
    text: str
    code: str

    @property
    def error(self) -> bool:
        """Whether the chain can't be solved."""
        return is_error(self.code)

    def __str__(self) -> str:
        return f'{self.code} {self.sheet} "{self.label}", {self.column}: {self.text}'


@dataclass(frozen=True, slots=True)
class Caution:
    """What is said of a chain that can be solved all the same: a warning (W), or a notice (N).

    sheet and column as in the workbook's schema; record is the good, process, parameter or setting of the row,
    good the second name of a row of inputs, outputs and observed. cell is such as goods!B3, spelled as in the
    book, the sheet alone where it is of all of it, and "" where the chain was made in Python. code is that of
    `messages`.
    """

    code: str
    text: str
    sheet: str
    record: str = ""
    column: str = ""
    good: str = ""
    cell: str = ""

    @property
    def row(self) -> tuple[str, str, str]:
        """The row that it is said of: its sheet, and its names as keys."""
        return self.sheet, key(self.record), key(self.good)

    @property
    def of(self) -> tuple[str, ...]:
        """What it is said of, and its code."""
        return *self.row, self.column, self.code

    def __str__(self) -> str:
        whose = f'"{self.record}", "{self.good}"' if self.good and self.record else f'"{self.record or self.good}"'
        return f"{self.code} {self.cell or f'{self.sheet} {whose}, {self.column}'}: {self.text}"


class Rows:
    """The records of one sheet, and the problems found in them.

    number and label give the number and the name of the record at a position. A mask is true where a rule applies.
    """

    def __init__(
        self,
        sheet: str,
        records: Sequence[Any],
        label: Callable[[int], Any],
        number: Callable[[int], tuple[int, ...]] = lambda i: (i,),
    ):
        self.sheet, self.records, self.label, self.number = sheet, records, label, number
        self.found: list[Problem] = []
        self.field = cache(self._field)
        self.numbers = cache(self._numbers)

    def _field(self, column: str) -> list[Any]:
        field = "yield_" if column == "yield" else column.replace(" ", "_")
        return list(map(attrgetter(field), self.records))

    def _numbers(self, column: str) -> Array:
        values = self.field(column)
        if set(map(type, values)) <= {float, int, NoneType}:
            try:
                return np.array(values, dtype=float)
            except OverflowError:
                pass
        return np.array([_as_number(value) for value in values], dtype=float)

    def given(self, column: str) -> Array:
        """Where a column is not None."""
        values = self.field(column)
        if NoneType not in set(map(type, values)):
            return np.ones(len(values), dtype=bool)
        return np.array([value is not None for value in values], dtype=bool)

    def say(self, column: str, broken: Array, message: Message, gaps: Gaps | None = None) -> None:
        """Report a problem of each record at which a rule is broken; gaps are the message's own beside the
        record's fields."""
        for i in np.flatnonzero(broken).tolist():
            self.say_at(i, column, message, **(gaps(self.records[i]) if gaps else {}))

    def say_at(self, i: int, column: str, message: Message, **gaps: Any) -> None:
        """Report a problem of the record at a position."""
        self.say_text(i, column, message.says(it=self.records[i], **gaps), message.code)

    def say_text(self, i: int, column: str, text: str, code: str) -> None:
        """Report a problem, already in words, of the record at a position."""
        self.found.append(Problem(self.sheet, self.number(i), column, str(self.label(i)), text, code))

    def taken(self) -> list[Problem]:
        """The problems found since the last time, record by record."""
        found, self.found = sorted(self.found, key=lambda problem: problem.record), []
        return found

    def say_first(self, column: str, *cases: tuple[Array, Message]) -> None:
        """Report the first of several problems that a record has."""
        free = np.ones(len(self.records), dtype=bool)
        for broken, message in cases:
            self.say(column, free & broken, message)
            free &= ~broken

    def number_rule(
        self,
        column: str,
        low: float = -inf,
        high: float = inf,
        *,
        strict: bool = False,
        wide: bool = False,
        where: Array | bool = True,
    ) -> Array:
        """Check low <= value <= high (strict: low < value), infinities only where wide; returns where it holds."""
        values = self.numbers(column)
        kept = (values > low if strict else values >= low) & (values <= high)
        if not wide:
            kept &= np.isfinite(values)
        raws = self.field(column)
        tiny = (values != 0) & (np.abs(values) < np.finfo(float).tiny)
        for i in np.flatnonzero(where & kept & tiny).tolist():
            self.say_at(i, column, messages.TINY, value=values[i])
        for i in np.flatnonzero(where & ~kept).tolist():
            self._say_number(i, column, raws[i], low, high, strict, wide)
        return where & kept

    def known_rule(
        self, column: str, known: Mapping[str, int], hint: Callable[[str], str], *, where: Array | bool = True
    ) -> Array:
        """Check that names are known; returns each one's number, -1 where it is not known."""
        names = self.field(column)
        texts = set(map(type, names)) <= {str}
        codes = list(map(known.get, names)) if texts else [None] * len(names)
        if None in codes:
            of = {name: found(known, name) for name in {name for name in names if isinstance(name, str)}}
            codes = [of.get(name) if isinstance(name, str) else None for name in names]
        code = np.array([-1 if number is None else number for number in codes], dtype=int)
        message = messages.UNKNOWN_PROCESS if column == "process" else messages.UNKNOWN_GOOD

        def gaps(record: Any) -> dict[str, Any]:
            name = str(getattr(record, column))
            return {"name": name, "hint": hint(name)}

        self.say(column, where & (code < 0), message, gaps)
        return code

    def unique_rule(self, column: str) -> dict[str, str]:
        """Check that every record has a name of its own; returns each as it is spelled, by its key."""
        names = self.field(column)
        if set(map(type, names)) <= {str}:
            spelling = dict(zip(keys(names), all_plain(names), strict=True))
            if len(spelling) == len(names) and "" not in spelling:
                self._look_alikes(column, names)
                return spelling
        spelling = {}
        for i, name in enumerate(names):
            if not isinstance(name, str) or not plain(name):
                self.say_at(i, column, messages.NO_NAME, name=name)
            elif key(name) in spelling:
                self.say_at(i, column, messages.TWICE, name=name, first=spelling[key(name)])
            else:
                spelling[key(name)] = plain(name)
        self._look_alikes(column, names)
        return spelling

    def _look_alikes(self, column: str, names: Sequence[Any]) -> None:
        """Warn of names that are told apart by nothing that is seen."""
        if all(isinstance(name, str) and name.isascii() for name in names):
            return
        first: dict[str, str] = {}
        for i, name in enumerate(map(str, names)):
            twin = first.setdefault(drawn(name), name)
            if key(twin) != key(name):
                letter = foreign(name) or foreign(twin) or next(c for c in name + twin if not c.isascii())
                what = unicodedata.name(letter, f"U+{ord(letter):04X}").capitalize()
                self.say_at(i, column, messages.LOOK_ALIKES, name=name, first=twin, letter=letter, what=what)

    def _say_number(
        self, i: int, column: str, value: Any, low: float, high: float, strict: bool, wide: bool
    ) -> None:
        if isnan(number := _as_number(value)):
            return self.say_at(i, column, messages.NOT_A_NUMBER, value=value)
        if not wide and not isfinite(number):
            return self.say_at(i, column, messages.NOT_FINITE, value=value)
        bound = f"above {low:g}" if strict else f"at least {low:g}"
        bound += f" and at most {high:g}" if high < inf else ""
        return self.say_at(i, column, messages.OUT_OF_RANGE, value=number, bound=bound)


def repeated(owner: Array, code: Array) -> Array:
    """Where an owner has a code, not below 0, that it had before."""
    pair = owner * (code.max(initial=0) + 1) + code
    ordered = np.sort(pair)
    if not np.any(ordered[1:] == ordered[:-1]):
        return np.zeros(len(code), dtype=bool)
    first = np.zeros(len(code), dtype=bool)
    first[np.unique(pair, return_index=True)[1]] = True
    return ~first & (code >= 0)


def _as_number(value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        return float("nan")
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf  # type: ignore[operator]
