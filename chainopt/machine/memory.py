"""Linear algebra's own memory, taken while there is some.

OpenBLAS takes a working space at its first large product, and where the system refuses it asks again for ever.
numpy, scipy and casadi each bring a copy of their own.
"""

from __future__ import annotations

import gc
import mmap
from collections.abc import Iterator
from contextlib import contextmanager

_ROOM = 512 * 2**20
_LARGE = 200


def take_workspace() -> None:
    """Take it, where the process may not have all the memory that it asks for; raises MemoryError."""
    if not memory_is_limited():
        return
    try:
        mmap.mmap(-1, _ROOM).close()
    except OSError:
        raise MemoryError from None
    import casadi
    import numpy as np
    from scipy.linalg.blas import dgemm

    matrix = np.eye(_LARGE)
    matrix @ matrix.T
    dgemm(1.0, matrix, matrix)
    casadi.solve(casadi.DM(matrix), casadi.DM.ones(_LARGE, _LARGE), "lapacklu")


def memory_is_limited() -> bool:
    """Whether the process has a limit of its own, beyond which memory is refused."""
    try:
        import resource
    except ImportError:
        return False
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the search: plain records form no cycles, and looking for some again and again takes a third of the
    time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
