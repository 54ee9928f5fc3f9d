"""A supply chain, checked: the program that it poses is

maximise   sum_g w_g s_g - c_g m_g - k_g d_g - sum_p kappa_p y_p
subject to sum_u x_u + s_g + d_g = e_g + m_g + sum_p b_gp y_p      (rival goods)
           y_p = f_p(x_p),   limits,   s, m, d, x >= 0
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field

from chainopt.chain.changes import Change
from chainopt.chain.checks import ChainError, Parts, problems, spelled
from chainopt.chain.records import Good, Observed, Parameter, Process, Settings
from chainopt.chain.rules import Caution, Problem
from chainopt.words.names import key, plain


@dataclass(frozen=True, slots=True, init=False)
class Chain:
    """Goods and processes whose names are unique, every reference in its good's own spelling.

    Raises ChainError, which holds every problem found, each with its record and column. `warnings` holds what
    doesn't forbid a solve, of a workbook's cells too where the chain was read from one; each prints as a line.
    `changes` holds what it has in place of its workbook's figures. `dataclasses.replace` gives another chain,
    checked anew, with the warnings of its own records and without changes.
    """

    goods: tuple[Good, ...]
    processes: tuple[Process, ...]
    parameters: tuple[Parameter, ...]
    settings: Settings
    observed: tuple[Observed, ...]
    warnings: tuple[Caution, ...] = field(init=False, compare=False)
    changes: tuple[Change, ...] = field(init=False, compare=False)

    def __init__(
        self,
        goods: Iterable[Good],
        processes: Iterable[Process],
        *,
        parameters: Mapping[str, float] | Iterable[Parameter] = (),
        settings: Settings | None = None,
        observed: Iterable[Observed] = (),
        name: str = "",
    ):
        if isinstance(parameters, Mapping):
            parameters = [Parameter(parameter, value) for parameter, value in parameters.items()]
        parts = (
            tuple(goods),
            tuple(processes),
            tuple(parameters),
            settings or Settings(name=name),
            tuple(observed),
        )
        _fill(self, parts, problems(parts))

    @property
    def name(self) -> str:
        """The chain's name, as its settings give it."""
        return self.settings.name

    def good(self, name: str) -> Good:
        """The good of this name, in any spelling; KeyError where there is none."""
        for good in self.goods:
            if key(good.good) == key(name):
                return good
        raise KeyError(name)

    def process(self, name: str) -> Process:
        """The process of this name, in any spelling; KeyError where there is none."""
        for process in self.processes:
            if key(process.process) == key(name):
                return process
        raise KeyError(name)


def checked_chain(parts: Parts, found: Sequence[Problem], warnings: Iterable[Caution] | None = None) -> Chain:
    """The chain of parts that have been checked: found is what `problems` says of them. Raises as Chain does.

    warnings: in place of those found, where more is known of their cells.
    """
    chain = object.__new__(Chain)
    _fill(chain, parts, found)
    return chain if warnings is None else warned(chain, warnings)


def warned(chain: Chain, warnings: Iterable[Caution]) -> Chain:
    """The same chain with other warnings."""
    other = copy(chain)
    object.__setattr__(other, "warnings", tuple(warnings))
    return other


def changed(chain: Chain, changes: Iterable[Change]) -> Chain:
    """The same chain, known to have these figures in place of its workbook's."""
    other = copy(chain)
    object.__setattr__(other, "changes", tuple(changes))
    return other


def _fill(chain: Chain, parts: Parts, found: Sequence[Problem]) -> None:
    if any(problem.error for problem in found):
        raise ChainError(found)
    names = ("goods", "processes", "parameters", "settings", "observed")
    for part, value in zip(names, spelled(parts), strict=True):
        object.__setattr__(chain, part, value)
    object.__setattr__(chain, "warnings", tuple(_caution(chain, problem) for problem in found))
    object.__setattr__(chain, "changes", ())


def _caution(chain: Chain, problem: Problem) -> Caution:
    """What a problem says, with the names of its record."""
    record, column, good, number = problem.label, problem.column, "", problem.record
    if problem.sheet in ("inputs", "outputs"):
        good = getattr(chain.processes[number[0]], problem.sheet)[number[1]].good
    elif problem.sheet == "observed":
        seen = chain.observed[number[0]]
        record, good = seen.process or "", seen.good
    elif problem.sheet == "settings":
        record, column = problem.column, "value"
    return Caution(problem.code, problem.text, problem.sheet, plain(record), column, good)
