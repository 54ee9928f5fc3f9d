"""Ctrl-C, and the end of the memory: a line on stderr and an exit code, from the first moment to the last."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chainopt.command.console import say
from chainopt.words.messages import CUT_OFF, NO_MEMORY, Message

INTERRUPTED, STOPPED = 130, 5


@dataclass
class At:
    """What a command is at, and what is left of it when it is cut off there.

    owns_ctrl_c: the process is the command's own, and whoever started it said nothing else of Ctrl-C.
    """

    doing: str = "starting"
    kept: str = "nothing was written"
    owns_ctrl_c: bool = False

    def begin(self, what: str) -> None:
        """What it is at once all is imported: Ctrl-C is KeyboardInterrupt from now on, for those who catch it."""
        self._let_ctrl_c(signal.default_int_handler)
        self.doing = what

    def during(self, what: str) -> str:
        """What it is at from now on."""
        self.doing = what
        return what

    def end(self) -> None:
        """Let Ctrl-C be: all is written, the exit code stands, and what is left takes moments."""
        self._let_ctrl_c(signal.SIG_IGN)

    def line(self, message: Message) -> str:
        """A message of the run's end."""
        return message.line(doing=self.doing, kept=self.kept)

    def _let_ctrl_c(self, be: signal._HANDLER) -> None:
        if self.owns_ctrl_c:
            signal.signal(signal.SIGINT, be)


def alone() -> At:
    """What the command of a process of its own is at: Ctrl-C ends it at once until it begins.

    A library that is interrupted in the midst of its import may swallow it, or print a traceback.
    """
    at = At(owns_ctrl_c=signal.getsignal(signal.SIGINT) is signal.default_int_handler)

    def leave(*_: object) -> None:
        os.write(2, f"{at.line(CUT_OFF)}\n".encode())
        os._exit(INTERRUPTED)

    at._let_ctrl_c(leave)
    return at


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that the memory has run out."""
    # An import that finds no room for a library's code says so.
    return isinstance(error, MemoryError) or (isinstance(error, ImportError) and "failed to map" in str(error))


@contextmanager
def answering(at: At) -> Iterator[None]:
    """Turn Ctrl-C, and the end of the memory, into a line on stderr and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        say(at.line(CUT_OFF))
        raise SystemExit(INTERRUPTED) from None
    except (MemoryError, ImportError) as error:
        if not out_of_memory(error):
            raise
        say(at.line(NO_MEMORY))
        raise SystemExit(STOPPED) from None
    finally:
        at.end()
