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

    def __new__(cls, value: str, exit_code: int, ending: str, advice: str) -> Status:
        member = str.__new__(cls, value)
        member._value_ = value
        member.exit_code, member.ending, member.advice = exit_code, ending, advice
        return member

    # fmt: off
    OPTIMAL = ("optimal", 0, "Solved and certified",
        "A point that satisfies the optimality conditions was found, with its multipliers.")
    UNCERTIFIED = ("uncertified", 6,
        "Not certified: the solver stopped at a plan that the independent check refuses, so that no prices "
        "are shown",
        "The solver stopped at a point that the independent KKT check refuses to certify: do not use its prices; "
        "rescale the units or loosen the tolerance.")
    INFEASIBLE = ("infeasible", 3, "Infeasible: no plan meets all obligations within the limits",
        "No point satisfies all constraints, at least near where the solver looked: relax the constraints that "
        "are named, or start elsewhere.")
    UNBOUNDED = ("unbounded", 4, "Unbounded: the value grows without end; a limit or a cost is missing",
        "The objective improves without limit: bound the variables that run away, or give the missing cost.")
    UNSOLVED = ("unsolved", 5, "Unsolved: no plan was found, and none was proven impossible",
        "No plan was found, and none was proven impossible: start elsewhere, or state more of the chain by fixed "
        "recipes, for which a proof is found.")
    ITERATION_LIMIT = ("iteration_limit", 5, "Stopped early: the iteration limit came before a solution",
        "The iteration limit came first: raise it, or start closer to the solution.")
    TIME_LIMIT = ("time_limit", 5, "Stopped early: the time limit came before a solution",
        "The time limit came first: raise it, or start closer to the solution.")
    EVALUATION_ERROR = ("evaluation_error", 5, "Stopped early: a function has no value where the solver had to go",
        "A function has no finite value, or the solver could not proceed: start inside every function's domain, "
        "and bound the variables away from its edge.")
    INTERRUPTED = ("interrupted", 130, "Interrupted before a solution was found",
        "The solve was interrupted: the last iterate is kept, without multipliers.")
    # fmt: on

    @property
    def final(self) -> bool:
        """Whether there is nothing left to try or to explain: solved, or stopped from outside."""
        return self in (Status.OPTIMAL, Status.INTERRUPTED, Status.TIME_LIMIT)
