"""Reading in a process of its own, with limits of time and memory: whatever a large odd file does, it does there.

Plain sheets are read by calamine where they are, for a start costs as much as reading ten thousand rows; so are
those of a small file, which can't take much. The child reads a pickled task from its input.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from chainopt.words import messages
from chainopt.workbook.faults import WorkbookError
from chainopt.workbook.files.container import refusal
from chainopt.workbook.files.limits import Limits, variable

SMALL = 2**21
"""Bytes of XML that no parser takes a second for."""
_START = """
import sys
sys.path[:] = {path!r}
# openpyxl does without numpy, where there is none.
sys.modules["numpy"] = None
from chainopt.workbook.files.child import serve
serve()
"""


def apart(path: object, size: int, limits: Limits, read: Callable[..., Any], *task: Any) -> Any:
    """read(*task), in a child process where the file has many bytes; raises WorkbookError where it takes too long
    or too much memory, or ends by itself."""
    if size <= SMALL or not sys.executable:
        return read(*task)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _START.format(path=sys.path)],
            input=pickle.dumps(limits) + pickle.dumps((read, task)),
            capture_output=True,
            timeout=limits.seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        more = variable("seconds")
        raise refusal(messages.TOO_LONG, path=path, most=limits.seconds, variable=more) from None
    if done.returncode:
        raise refusal(messages.GAVE_UP, path=path, most=limits.memory, variable=variable("memory"))
    answer = pickle.loads(done.stdout)
    if isinstance(answer, Exception):
        raise answer
    return answer


def serve() -> None:
    """What the child does: one task, whose result or problems it prints."""
    _limit(pickle.load(sys.stdin.buffer))
    read, task = pickle.load(sys.stdin.buffer)
    try:
        answer = read(*task)
    except WorkbookError as error:
        answer = error
    sys.stdout.buffer.write(pickle.dumps(answer))
    sys.stdout.buffer.flush()
    # Taking a million cells apart again would be time for nothing.
    os._exit(0)


def _limit(limits: Limits) -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limits; that of time stands.
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
