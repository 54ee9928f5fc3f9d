"""The name `chainopt.ipopt` among Pyomo's solvers, whichever of the two is imported first.

Pyomo asks no package for its solvers (it has no entry points for them): somebody must register them once Pyomo is
there, and importing it takes half a second. So where it isn't there yet, a finder that finds nothing sees its
import come, registers, and goes.
"""

from __future__ import annotations

import sys
from typing import Any


def announce() -> None:
    """Register the solver now, or when Pyomo is imported."""
    if "pyomo.environ" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _PyomoComes())


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
