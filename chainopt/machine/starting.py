"""The command line while it is still imported: Ctrl-C, or the end of the memory, is a line, not a traceback.

The package imports this before all else, for the rest takes seconds. A program that imports chainopt keeps its own
ways: only where the process is the command, and nobody has said otherwise, is it answered here.
"""

from __future__ import annotations

import os
import signal
import sys
from types import TracebackType
from typing import Any

INTERRUPTED, STOPPED = 130, 5
CUT_OFF = b"E601: interrupted while starting: nothing was written\n"
NO_MEMORY = (
    b"E602: the memory ran out while starting: nothing was written. Close other programs, raise the limit "
    b"(ulimit -v), or solve a smaller chain\n"
)


def _is_command() -> bool:
    name = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    # While `python -m chainopt` looks for its module, its name is -m.
    module = name == "-m" and "chainopt" in sys.orig_argv
    return module or name.removesuffix(".exe").removesuffix("-script.py") == "chainopt"


def _leave(*_: Any) -> None:
    os.write(2, CUT_OFF)
    os._exit(INTERRUPTED)


def _failed(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """What import errors come to where a library finds no room for its code or its tables."""
    if issubclass(kind, MemoryError) or (issubclass(kind, ImportError) and "failed to map" in str(error)):
        os.write(2, NO_MEMORY)
        os._exit(STOPPED)
    sys.__excepthook__(kind, error, where)


_GUARDED = _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def started() -> None:
    """Let Ctrl-C be KeyboardInterrupt again, for those who catch it."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ending() -> None:
    """Let Ctrl-C be: all is written, the exit code stands, and what is left takes moments."""
    if _GUARDED:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if _GUARDED:
    signal.signal(signal.SIGINT, _leave)
    sys.excepthook = _failed
