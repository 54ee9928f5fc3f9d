"""Reading in a process of its own, with limits of time and memory: whatever a large odd file does, it does there.

Plain sheets are read by calamine where they are, for a start costs as much as reading ten thousand rows; so are
those of a small file, which can't take much.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from chainopt.machine.apart import fresh
from chainopt.words import messages
from chainopt.workbook.faults import WorkbookError
from chainopt.workbook.files.limits import Limits

_SMALL = 2**21
"""Bytes of XML that no parser takes a second for."""


def apart(path: object, size: int, limits: Limits, read: Callable[..., Any], *task: Any) -> Any:
    """read(*task), in a child process where the file has many bytes; raises WorkbookError where it takes too long
    or too much memory, or ends by itself."""
    if size <= _SMALL or not sys.executable:
        return read(*task)
    work = partial(_without_numpy, pickle.dumps((read, task)))
    try:
        return fresh([work], seconds=limits.seconds, memory=limits.memory * 2**20)[0]
    except WorkbookError:
        raise
    except TimeoutError:
        raise limits.exceeded("seconds", messages.TOO_LONG, path) from None
    except Exception:
        raise limits.exceeded("memory", messages.GAVE_UP, path) from None


def _without_numpy(task: bytes) -> Any:
    """openpyxl does without numpy, where there is none."""
    sys.modules["numpy"] = None  # type: ignore[assignment]
    read, given = pickle.loads(task)
    return read(*given)
