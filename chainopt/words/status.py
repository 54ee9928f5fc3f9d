"""How a solve ended: one table, whose words say what to do next."""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """The end of a solve; only `OPTIMAL` carries prices.

    ending: how a chain's solve ended, as a sentence without its full stop. advice: what it means of any model, and
    what to do about it. exit_code: of a command that ends so.
    """

    ending: str
    advice: str
    exit_code: int

    def __new__(cls, value: str, ending: str, advice: str, exit_code: int) -> Status:
        member = str.__new__(cls, value)
        member._value_ = value
        member.ending, member.advice, member.exit_code = ending, advice, exit_code
        return member

    OPTIMAL = (
        "optimal",
        "Solved and certified",
        "A point that satisfies the optimality conditions was found, with its multipliers.",
        0,
    )
    UNCERTIFIED = (
        "uncertified",
        "Not certified: the solver stopped at a plan that the independent check refuses, so that no prices are "
        "shown",
        "The solver stopped at a point that the independent KKT check refuses to certify: do not use its "
        "prices; rescale the units or loosen the tolerance.",
        6,
    )
    INFEASIBLE = (
        "infeasible",
        "Infeasible: no plan meets all obligations within the limits",
        "No point satisfies all constraints, at least near where the solver looked: relax the constraints "
        "that are named, or start elsewhere.",
        3,
    )
    UNBOUNDED = (
        "unbounded",
        "Unbounded: the value grows without end; a limit or a cost is missing",
        "The objective improves without limit: bound the variables that run away, or give the missing cost.",
        4,
    )
    ITERATION_LIMIT = (
        "iteration_limit",
        "Stopped early: the iteration limit came before a solution",
        "The iteration limit came first: raise it, or start closer to the solution.",
        5,
    )
    TIME_LIMIT = (
        "time_limit",
        "Stopped early: the time limit came before a solution",
        "The time limit came first: raise it, or start closer to the solution.",
        5,
    )
    EVALUATION_ERROR = (
        "evaluation_error",
        "Stopped early: a function has no value where the solver had to go",
        "A function has no finite value, or the solver could not proceed: start inside every function's "
        "domain, and bound the variables away from its edge.",
        5,
    )
    INTERRUPTED = (
        "interrupted",
        "Interrupted before a solution was found",
        "The solve was interrupted: the last iterate is kept, without multipliers.",
        130,
    )

    @property
    def final(self) -> bool:
        """Whether there is nothing left to try or to explain: solved, or stopped from outside."""
        return self in (Status.OPTIMAL, Status.INTERRUPTED, Status.TIME_LIMIT)
