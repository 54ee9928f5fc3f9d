"""Ctrl-C while the command line is still imported: a line and exit code 130, where Python would print a traceback.

The package imports this before all else, for the rest takes seconds. A program that imports chainopt keeps its own
ways: only where the process is the command, and nobody has said otherwise, is the signal answered here.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

INTERRUPTED = 130
SAID = b"E601: interrupted while starting: nothing was written\n"


def _is_command() -> bool:
    name = os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    # While `python -m chainopt` looks for its module, its name is -m.
    module = name == "-m" and "chainopt" in sys.orig_argv
    return module or name.removesuffix(".exe").removesuffix("-script.py") == "chainopt"


def _leave(*_: Any) -> None:
    os.write(2, SAID)
    os._exit(INTERRUPTED)


def guard() -> None:
    """Answer Ctrl-C by leaving at once, until `started`."""
    if _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def started() -> None:
    """Let Ctrl-C be KeyboardInterrupt again, for those who catch it."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def ending() -> None:
    """Let Ctrl-C be: everything is written, the exit code stands, and what is left takes moments."""
    if _is_command():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


guard()
