"""One raw cell -> the value that its column takes, or what is wrong with it and what was probably meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from math import inf, isfinite
from typing import Any

from chainopt.words import messages
from chainopt.words.messages import Message
from chainopt.words.names import key, nearest, plain
from chainopt.workbook.files.raw import Calculated, ErrorValue, Plain, Raw
from chainopt.workbook.schema import Column


class CellFault(ValueError):
    """A cell that can't be read: the text says why; `meant` is the likely value, None where there is none."""

    def __init__(self, message: Message, meant: Any = None, **gaps: Any):
        super().__init__(message.says(**gaps))
        self.code = message.code
        self.meant = meant


def is_blank(raw: Raw) -> bool:
    """Whether a cell holds nothing, or nothing but blanks."""
    if isinstance(raw, Calculated):
        return raw.saved and is_blank(raw.value)
    return raw is None or (isinstance(raw, str) and not raw.strip())


def blanks(raws: Iterable[Raw]) -> set[Raw]:
    """What cells hold that are blank, of many at once."""
    distinct = set(raws)
    if set(map(type, distinct)) == {str}:
        return {"", *filter(str.isspace, distinct)} & distinct  # type: ignore[return-value, arg-type]
    return set(filter(is_blank, distinct))


def value_of(raw: Raw, column: Column) -> Any:
    """The value of a cell that is not blank; raises CellFault."""
    if column.kind == "formula":
        return _formula(raw)
    if isinstance(raw, Calculated):
        if not raw.saved:
            raise CellFault(messages.UNSAVED, formula=shown(raw.formula))
        raw = raw.value
    if column.kind == "text":
        return raw.text if isinstance(raw, ErrorValue) else _typed(raw)
    if isinstance(raw, ErrorValue):
        raise CellFault(messages.ERROR_VALUE, value=raw.text, holds=column.holds)
    if column.kind in ("name", "choice"):
        return _name(raw, column)
    if column.kind == "yes/no":
        return _yes_or_no(raw)
    if column.kind == "disposal" and isinstance(raw, str) and key(raw) in ("free", "none"):
        return 0.0 if key(raw) == "free" else None
    number = _number(raw, column)
    return int(number) if column.kind == "whole" and number == int(number) else number


def shown(text: str) -> str:
    """Text between quotes, one line, with what can't be seen spelled out."""
    visible = "".join(c if c.isprintable() else " " if c.isspace() else f"<U+{ord(c):04X}>" for c in text[:80])
    return f'"{visible}{"..." if len(text) > 80 else ""}"'


def digits(number: float) -> str:
    """A number as a person writes it, with every digit that it needs: 1000, 42.5, 1e-09."""
    if isinstance(number, int) or (isfinite(number) and number == int(number) and abs(number) < 1e15):
        return str(int(number))
    return repr(float(number))


def _typed(raw: Plain) -> str:
    if isinstance(raw, bool):
        return str(raw).upper()
    if isinstance(raw, datetime) and raw.time() == time():
        return str(raw.date())
    return digits(raw) if isinstance(raw, int | float) else str(raw)


def _formula(raw: Raw) -> str:
    if isinstance(raw, Calculated):
        if isinstance(raw.value, str) and "=" in raw.value:
            return raw.value
        raise CellFault(messages.EXCEL_FORMULA, formula=shown(raw.formula))
    if not isinstance(raw, str):
        text = raw.text if isinstance(raw, ErrorValue) else _typed(raw)
        raise CellFault(messages.NO_FORMULA, text=text)
    if raw.lstrip().startswith("="):
        raise CellFault(messages.LEADING_EQUALS, text=shown(raw))
    return raw


def _name(raw: Plain, column: Column) -> str:
    if isinstance(raw, bool):
        raise CellFault(messages.TRUTH_FOR_NAME, _typed(raw), value=_typed(raw))
    if isinstance(raw, date | time | timedelta):
        raise CellFault(messages.DATE_FOR_NAME, value=_typed(raw))
    name = plain(_typed(raw))
    if not name:
        raise CellFault(messages.NO_NAME, name=raw)
    if column.kind == "choice":
        return {key(choice): choice for choice in column.choices}.get(key(name), name)
    return name


_TRUTH = {"yes": True, "y": True, "true": True, "no": False, "n": False, "false": False}


def _yes_or_no(raw: Plain) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and key(raw) in _TRUTH:
        return _TRUTH[key(raw)]
    text = shown(raw) if isinstance(raw, str) else _typed(raw)
    raise CellFault(messages.NEITHER_YES_NOR_NO, text=text)


_INFINITE = {"inf": inf, "+inf": inf, "-inf": -inf}


def _number(raw: Plain, column: Column) -> float:
    if isinstance(raw, bool):
        raise CellFault(messages.TRUTH_FOR_NUMBER, value=_typed(raw), instead=_instead(column))
    if isinstance(raw, date | time | timedelta):
        raise CellFault(messages.DATE_FOR_NUMBER, value=_typed(raw))
    if isinstance(raw, int | float):
        try:
            return float(raw)
        except OverflowError:
            raise CellFault(messages.TOO_LARGE) from None
    text = str(raw)
    if key(text) in _INFINITE:
        if column.kind == "wide":
            return _INFINITE[key(text)]
        raise CellFault(messages.INFINITE, text=shown(text))
    if column.kind == "disposal" and (hint := nearest(text, column.choices)):
        raise CellFault(messages.NO_DISPOSAL, 0.0, text=shown(text), hint=hint)
    meant, extra = numbers_meant(text)
    if meant:
        advice = f". Did you mean {' or '.join(digits(number) for number in meant)}"
        advice += f" (without {shown(extra)})?" if extra else "?"
        raise CellFault(messages.TEXT_FOR_NUMBER, meant[0], text=shown(text), advice=advice)
    raise CellFault(messages.TEXT_FOR_NUMBER, text=shown(text), advice=f": {_instead(column)}")


def _instead(column: Column) -> str:
    return f"write {column.holds}" + ("" if column.required else ", or clear the cell for the default")


_NUMERAL = re.compile(
    r"""(?P<before>[^\w\s.,+-]*|[^\W\d_]{1,3}\s)\s*
        (?P<sign>[+-]?)\s*(?=[.,]?[0-9])
        (?P<whole>[0-9]{1,3}(?:[ '’.,_][0-9]{3})+|[0-9_]+|)
        (?P<fraction>[.,][0-9]+|)
        (?P<power>[eE][+-]?[0-9]{1,3}|)
        [.,]?\s*(?P<after>[^\W\d_][^0-9]*\d?|[^\w\s.,+-][^0-9]*|)""",
    re.VERBOSE,
)  # fmt: skip


def numbers_meant(text: str) -> tuple[tuple[float, ...], str]:
    """The numbers that a text may mean, likeliest first, and what stands beside the digits, such as a unit.

    "42,5" is 42.5, "1 000" and "1_000" are 1000, "5 t" is 5 with "t" beside it, and "1,000" is 1000 or 1.
    """
    found = _NUMERAL.fullmatch(unicodedata.normalize("NFKC", text).replace("−", "-").strip())
    if found is None:
        return (), ""
    divisor = 100 if found["after"].startswith("%") else 1
    extra = " ".join(f"{found['before']} {found['after'].removeprefix('%')}".split())
    grouped = re.sub("[^0-9]", "", found["whole"])
    tail = found["fraction"].replace(",", ".") + found["power"]
    readings = [f"{found['sign']}{grouped or 0}{tail}"]
    if re.fullmatch("[0-9]{1,3}[.,][0-9]{3}", found["whole"]) and not found["fraction"]:
        readings.append(found["sign"] + found["whole"].replace(",", ".") + tail)
        if "." in found["whole"]:
            readings = readings[1:]
    values = (float(reading) / divisor for reading in readings)
    return tuple(value for value in values if isfinite(value)), extra
