"""Work in a process of its own, of which this one can let go: a factorisation of minutes hears of no signal.

The child is a copy of this process (fork), so that nothing is packed up to go there; what it tells on its way and
its result come back through a pipe. It takes its memory with it when it ends, however it ends.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

FORKS = sys.platform == "linux"
"""Elsewhere a copy of a process with threads is not to be trusted, or can't be had."""
_DIES_WITH_PARENT = 1
_NO_MEMORY = 77


class WorkDied(RuntimeError):
    """The child ended without a result; the message says how."""


def forked(
    work: Callable[[Callable[[Any], None]], T],
    told: Callable[[Any], object] = lambda _: None,
    *,
    deadline: float | None = None,
) -> T:
    """work(tell) in a child process; what it tells is given to `told` here, while it goes on.

    deadline: by time.perf_counter. Raises what `work` or `told` raises, TimeoutError at the deadline, MemoryError
    where the system took the child for its memory, and WorkDied where it ended otherwise; Ctrl-C comes at once.
    In none of these cases does the child live on.
    """
    mine, its = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        mine.close()
        _serve(work, its)
    its.close()
    try:
        return _answer(mine, told, deadline, child)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
        mine.close()


def _answer(mine: Connection, told: Callable[[Any], object], deadline: float | None, child: int) -> Any:
    while True:
        if not mine.poll(None if deadline is None else max(0.0, deadline - time.perf_counter())):
            raise TimeoutError
        try:
            kind, content = mine.recv()
        except EOFError:
            raise _death(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) from None
        if kind == "told":
            told(content)
        elif kind == "raised":
            raise content
        else:
            return content


def _death(code: int) -> Exception:
    """What became of a child that ended before its answer, by its exit code (less than 0: a signal's)."""
    if code in (-signal.SIGKILL, _NO_MEMORY):
        return MemoryError()
    return WorkDied(signal.Signals(-code).name if code < 0 else f"exit code {code}")


def _serve(work: Callable[[Callable[[Any], None]], Any], its: Connection) -> NoReturn:
    """What the child does; it never returns into the code that is its parent's."""
    try:
        # The terminal sends Ctrl-C to both: the parent decides.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        # A search for garbage would touch, and so copy, every page.
        gc.disable()
        try:
            answer = ("result", work(lambda content: its.send(("told", content))))
        except BaseException as error:
            answer = ("raised", _sendable(error))
        its.send(answer)
        os._exit(0)
    except MemoryError:
        os._exit(_NO_MEMORY)
    finally:
        os._exit(1)


def _sendable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
