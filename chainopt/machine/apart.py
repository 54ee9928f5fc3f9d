"""Work in processes of its own, of which this one can let go: a factorisation of minutes hears of no signal.

    forked  in a copy of this process: nothing is packed up to go there, and it may tell of what it is at
    beside  the same, while this process does something else
    fresh   in new interpreters, side by side, on any system: what goes there is pickled; within a limit of memory

None hears of Ctrl-C, which is this process's to answer, and none outlives this process, however that ends. Each
takes its memory with it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

FORKS = sys.platform == "linux"
"""Elsewhere a copy of a process with threads is not to be trusted, or can't be had."""
_DIES_WITH_PARENT = 1
_NO_MEMORY = 77
_START = """
import sys
sys.path[:] = {path!r}
from chainopt.machine.apart import serve
serve({seconds!r}, {memory!r})
"""


class WorkDied(RuntimeError):
    """A process ended without a result; the message says how."""


def forked(
    work: Callable[[Callable[[Any], None]], T],
    told: Callable[[Any], object] = lambda _: None,
    *,
    deadline: float | None = None,
) -> T:
    """work(tell) in a copy of this process; what it tells is given to `told` here, while it goes on.

    deadline: by time.perf_counter. Raises what `work` or `told` raises, TimeoutError at the deadline, MemoryError
    where the system took the child for its memory, and WorkDied where it ended otherwise; Ctrl-C comes at once.
    In none of these cases does the child live on.
    """
    with _copy(work) as (mine, child):
        return _answer(mine, told, deadline, child)


@contextmanager
def beside(work: Callable[[], T]) -> Iterator[Callable[[], T]]:
    """work() in a copy of this process, beside what this one does meanwhile; gives what waits for the answer.

    That raises what `forked` does. The child does not live on after this context, waited for or not.
    """
    with _copy(lambda _: work()) as (mine, child):
        yield lambda: _answer(mine, lambda _: None, None, child)


@contextmanager
def _copy(work: Callable[[Callable[[Any], None]], T]) -> Iterator[tuple[Connection, int]]:
    """A copy of this process that works, as what hears from it and its number."""
    mine, its = Pipe(duplex=False)
    # A Ctrl-C while other libraries' hooks of a fork run would be lost in them: it waits until they are through.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        child = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        mine.close()
        its.close()
        raise
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        mine.close()
        # A search for garbage would touch, and so copy, every page.
        gc.disable()
        _work(lambda: work(lambda content: its.send(("told", content))), its.send)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)
        its.close()
        yield mine, child
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)
        mine.close()


def fresh(works: Sequence[Callable[[], T]], *, seconds: int | None = None, memory: int | None = None) -> list[T]:
    """What each of these gives, in an interpreter of its own; no script's `__main__` is loaded there.

    seconds and memory (bytes) are limits of each. Raises what one of them raises, TimeoutError, MemoryError and
    WorkDied as `forked` does, as soon as that is known; then, and on Ctrl-C, none of them lives on.
    """
    start = [sys.executable, "-c", _START.format(path=sys.path, seconds=seconds, memory=memory)]
    with ThreadPoolExecutor(len(works)) as waiting, ExitStack() as alive:
        answers = []
        for work in works:
            child = subprocess.Popen(
                start,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            alive.callback(child.wait)
            alive.callback(child.kill)
            answers.append(waiting.submit(_asked, child, work, seconds))
        for ended in wait(answers, return_when=FIRST_EXCEPTION).done:
            ended.result()
        return [answer.result() for answer in answers]


def _asked(child: subprocess.Popen[bytes], work: Callable[[], T], seconds: int | None) -> T:
    try:
        answer, _ = child.communicate(pickle.dumps(work), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if child.returncode:
        raise _death(child.returncode)
    result: T = _given(*pickle.loads(answer))
    return result


def _answer(mine: Connection, told: Callable[[Any], object], deadline: float | None, child: int) -> Any:
    while True:
        if not mine.poll(None if deadline is None else max(0.0, deadline - time.perf_counter())):
            raise TimeoutError
        try:
            kind, content = mine.recv()
        except EOFError:
            raise _death(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])) from None
        if kind != "told":
            return _given(kind, content)
        told(content)


def _given(kind: str, content: Any) -> Any:
    if kind == "raised":
        raise content
    return content


def _death(code: int) -> Exception:
    """What became of a child that ended before its answer, by its exit code (less than 0: a signal's)."""
    if code in (-signal.SIGKILL, _NO_MEMORY):
        return MemoryError()
    return WorkDied(signal.Signals(-code).name if code < 0 else f"exit code {code}")


def serve(seconds: int | None, memory: int | None) -> NoReturn:
    """What a fresh interpreter does: the pickled work that it is given, within these limits."""
    answers = os.fdopen(os.dup(1), "wb")
    # Libraries print as they like.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # Windows has no such limits; that of time is its parent's too.
    with suppress(ImportError):
        import resource

        for name, most in (("AS", memory), ("CPU", seconds), ("CORE", 0)):
            if most is not None:
                resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))

    def given() -> Any:
        return pickle.load(sys.stdin.buffer)()

    def send(answer: Any) -> None:
        pickle.dump(answer, answers)
        answers.flush()

    _work(given, send)


def _work(work: Callable[[], Any], send: Callable[[Any], None]) -> NoReturn:
    """What a child does; it never returns into code that is its parent's, nor takes its work apart again."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if FORKS:
            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
        try:
            answer = ("result", work())
        except BaseException as error:
            answer = ("raised", _sendable(error))
        send(answer)
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
