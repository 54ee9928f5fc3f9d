"""The streams of a command: results on stdout, errors on stderr, neither with a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from typing import NoReturn

import typer
from rich.console import Console

from chainopt.machine.starting import INTERRUPTED, STOPPED, ending, started
from chainopt.words.messages import CUT_OFF, NO_MEMORY

BAD_INPUT = 2


@dataclass
class At:
    """What a command is at, and what is left of it when it is cut off there."""

    doing: str = "starting"
    kept: str = "nothing was written"

    def during(self, what: str) -> str:
        """What it is at from now on."""
        self.doing = what
        return what


@contextmanager
def answering() -> Iterator[At]:
    """Turn Ctrl-C, and the end of the memory, into a line on stderr and an exit code."""
    at = At()
    try:
        started()
        yield at
    except KeyboardInterrupt:
        say(CUT_OFF.line(doing=at.doing, kept=at.kept))
        raise typer.Exit(INTERRUPTED) from None
    except MemoryError:
        say(NO_MEMORY.line(doing=at.doing, kept=at.kept))
        raise typer.Exit(STOPPED) from None
    finally:
        ending()


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
    raise typer.Exit(BAD_INPUT)


def say(text: str) -> None:
    """A line on stderr."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


class _Results(Console):
    """A console whose reader may go: whoever prints is told, where rich would end the program."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


@contextmanager
def printing() -> Iterator[Console]:
    """The console of the results. That its reader has read enough is no error; that the disk is full is."""
    try:
        yield _Results()
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # What is still in the buffer must not fail once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            refuse(f"can't print the results: {(error.strerror or str(error)).lower()}")


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
