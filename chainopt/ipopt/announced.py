"""The name `chainopt.ipopt` among Pyomo's solvers, whichever of the two is imported first.

Pyomo asks no package for its solvers (it has no entry points for them): somebody must register them once Pyomo is
there, and importing it takes half a second. So where it isn't there yet, a finder that finds nothing sees its
import come, registers, and goes.

Pyomo loads scipy.stats where scipy is there before it, or comes after it: that takes longer than all of Pyomo, for
parts of it that few ask for. Where it sees no scipy at first, and no import of it later, it does so when it needs
it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any


def announce() -> None:
    """Register the solver now, or when Pyomo is imported."""
    if "pyomo.environ" in sys.modules:
        _register()
    else:
        sys.meta_path[:0] = [_PyomoBegins(), _PyomoComes()]


class _PyomoBegins:
    """Has Pyomo's first module run without a sight of scipy, and leaves the rest to it."""

    def find_spec(self, name: str, *_: Any) -> ModuleSpec | None:
        if name != "pyomo":
            return None
        sys.meta_path.remove(self)
        found = find_spec(name)
        if found is not None and found.loader is not None:
            begin = found.loader.exec_module
            found.loader.exec_module = lambda module: _unseen(begin, module)  # type: ignore[method-assign]
        return found


def _unseen(begin: Callable[[ModuleType], None], module: ModuleType) -> None:
    import scipy

    del sys.modules["scipy"]
    try:
        begin(module)
    finally:
        sys.modules["scipy"] = scipy


class _PyomoComes:
    def find_spec(self, name: str, *_: Any) -> None:
        if name == "pyomo.environ":
            sys.meta_path.remove(self)
            _register()


def _register() -> None:
    from pyomo.opt import SolverFactory

    doc = "Ipopt with exact derivatives, from Python packages alone"
    SolverFactory.register("chainopt.ipopt", doc=doc)(_solver)


def _solver(**given: Any) -> Any:
    from chainopt.ipopt.plugin import ChainoptIpopt

    return ChainoptIpopt(**given)
