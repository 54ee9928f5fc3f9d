"""The streams of a command: results on stdout, errors on stderr, neither with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, NoReturn

BAD_INPUT = 2


@contextmanager
def refusing(*errors: type[Exception]) -> Iterator[None]:
    """Turn these errors into lines on stderr and the exit code of bad input."""
    try:
        yield
    except errors as error:
        refuse(str(error))


def refuse(text: str) -> NoReturn:
    """Say a text on stderr, and end with the exit code of bad input."""
    say(text)
    raise SystemExit(BAD_INPUT)


def say(text: str) -> None:
    """A line on stderr."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def printing() -> Iterator[None]:
    """Print the results. That their reader has read enough is no error; that the disk is full is."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # What is still in the buffer must not fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            refuse(f"can't print the results: {(error.strerror or str(error)).lower()}")


def write_json(target: str, record: dict[str, Any], problems: list[str]) -> None:
    """Write a record to a file, or to stdout (-); what keeps it from being written is one more problem."""
    from chainopt.machine.files import replacing
    from chainopt.report.record import json_text

    text = json_text(record)
    if target == "-":
        with printing():
            print(text)
        return
    try:
        with replacing(target) as file:
            file.write(f"{text}\n".encode())
    except OSError as error:
        problems.append(str(error))


def settle_streams() -> None:
    """Let the streams take whatever is printed, also characters without a code there, and when they are closed."""
    for stream in (0, 1, 2):
        try:
            os.fstat(stream)
        except OSError:
            # Else the next file to be opened would take its place, and what is printed.
            os.open(os.devnull, os.O_RDWR)
    for file in (sys.stdout, sys.stderr):
        if isinstance(file, TextIOWrapper):
            file.reconfigure(errors="backslashreplace")
