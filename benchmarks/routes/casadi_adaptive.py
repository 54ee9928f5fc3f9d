"""CasADi as in `casadi_ipopt`, with Ipopt's adaptive barrier: fewer iterations on these chains."""

from __future__ import annotations

from layered import Layered

from routes import casadi_ipopt
from routes.answer import Answer


def solve(numbers: Layered, tolerance: float) -> Answer:
    return casadi_ipopt.solve(numbers, tolerance, **{"ipopt.mu_strategy": "adaptive"})
