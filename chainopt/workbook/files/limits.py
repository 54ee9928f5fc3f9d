"""How much a workbook may ask for, and the environment variables by which a user allows it more."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

from chainopt.words import messages
from chainopt.words.messages import Message
from chainopt.workbook.faults import WorkbookError, refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """The most cells of a workbook, megabytes of XML or text in it, and seconds and megabytes of memory that the
    process may take which reads a large one; each is raised by its variable, such as CHAINOPT_MOST_CELLS."""

    cells: int = 10_000_000
    megabytes: int = 256
    seconds: int = 120
    memory: int = 2_000

    @property
    def bytes(self) -> int:
        return self.megabytes * 2**20

    def exceeded(self, limit: str, message: Message, path: object, **gaps: Any) -> WorkbookError:
        """The error of a file that asks for more than a limit allows."""
        return refusal(message, path=path, most=getattr(self, limit), variable=variable(limit), **gaps)


def variable(limit: str) -> str:
    """The environment variable of a limit."""
    return f"CHAINOPT_MOST_{limit.upper()}"


def limits() -> Limits:
    """The limits as the environment sets them; raises WorkbookError for one that is no whole number above 0."""
    given = {field.name: os.environ.get(variable(field.name), "") for field in fields(Limits)}
    for name, text in given.items():
        if text and not (text.isdecimal() and text.isascii() and 0 < len(text) < 16 and int(text)):
            raise refusal(messages.BAD_LIMIT, variable=variable(name), text=text[:40])
    return Limits(**{name: int(text) for name, text in given.items() if text})
