"""How a solve ended, in words that say what to do next."""

from __future__ import annotations

import enum

_ADVICE = {
    "optimal": ("A point that satisfies the optimality conditions was found, with its multipliers.", 0),
    "uncertified": (
        "The solver stopped at a point that the independent KKT check refuses to certify: do not use its "
        "prices; rescale the units or loosen the tolerance.",
        6,
    ),
    "infeasible": (
        "No point satisfies all constraints, at least near where the solver looked: relax the constraints "
        "that are named, or start elsewhere.",
        3,
    ),
    "unbounded": (
        "The objective improves without limit: bound the variables that run away, or give the missing cost.",
        4,
    ),
    "iteration_limit": (
        "The iteration limit came first: raise it, or start closer to the solution.",
        5,
    ),
    "time_limit": ("The time limit came first: raise it, or start closer to the solution.", 5),
    "evaluation_error": (
        "A function has no finite value, or the solver could not proceed: start inside every function's "
        "domain, and bound the variables away from its edge.",
        5,
    ),
    "interrupted": ("The solve was interrupted: the last iterate is kept, without multipliers.", 130),
}


class Status(enum.StrEnum):
    """The end of a solve; only `OPTIMAL` carries prices."""

    OPTIMAL = "optimal"
    UNCERTIFIED = "uncertified"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ITERATION_LIMIT = "iteration_limit"
    TIME_LIMIT = "time_limit"
    EVALUATION_ERROR = "evaluation_error"
    INTERRUPTED = "interrupted"

    @property
    def advice(self) -> str:
        """One sentence: what the status means and what to do about it."""
        return _ADVICE[self.value][0]

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this status."""
        return _ADVICE[self.value][1]
