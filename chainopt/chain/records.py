"""What a chain is made of: goods, and processes that turn goods into goods.

Records are frozen and hold what a workbook's row holds, in the same words; `checks` says what they may hold.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from chainopt.technology.families import figures
from chainopt.technology.formula import Formula, parse
from chainopt.words.names import nearest

Own = tuple[tuple[str, float], ...]
"""What a function asks for beside, by the field's name: what it has by default is left out."""


@dataclass(frozen=True, slots=True)
class Good:
    """A good: what there is of it, who buys it, and what may be done with it.

    Amounts (supply, sales, imports, reference sale) are in `unit`; price, import price and disposal are money
    per unit. price None: final demand takes exactly `min_sale`, for nothing. disposal None: the good can't be
    thrown away; 0 is free disposal. rival False: every reader takes the whole amount.
    """

    good: str
    unit: str = ""
    supply: float = 0.0
    price: float | None = None
    max_sale: float = inf
    min_sale: float = 0.0
    demand_elasticity: float = inf
    reference_sale: float | None = None
    import_price: float | None = None
    max_import: float = inf
    disposal: float | None = 0.0
    rival: bool = True
    notes: str = ""


def _own(of: str, given: Mapping[str, Any]) -> Own:
    known = figures(of)
    for name in given.keys() - known.keys():
        raise TypeError(f"no function asks for {name}{nearest(name, known) or ': see technology.families'}")
    return tuple(sorted((name, value) for name, value in given.items() if value != known[name].default))


class _Asked:
    """Records with figures that only some functions ask for, each read as if it were a field."""

    __slots__ = ()
    _of = ""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name == "own" or (name.startswith("__") and name.endswith("__")):
                raise AttributeError(name)
            given = dict(self.own)
            if name not in given and name not in (known := figures(self._of)):
                raise AttributeError(f"{type(self).__name__} has no {name}")
            return given[name] if name in given else known[name].default


@dataclass(frozen=True, slots=True, init=False)
class Input(_Asked):
    """A use of a good by a process: its coefficient a in the function, the most that it may take, and the least
    that it must, where that is above 0.

    What else the process's function asks of each use (a floor, a curvature) is given by name. Raises TypeError for
    a name that no function asks for.
    """

    good: str
    coefficient: float | None
    max: float
    min: float
    notes: str
    own: Own

    _of = "of_use"

    def __init__(
        self,
        good: str,
        coefficient: float | None = None,
        max: float = inf,
        *,
        min: float = 0.0,
        notes: str = "",
        own: Own = (),
        **more: float,
    ):
        values = {
            "good": good,
            "coefficient": coefficient,
            "max": max,
            "min": min,
            "notes": notes,
            "own": _own("of_use", dict(own) | more),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Output:
    """A good that a process makes, and how much of it a unit of the process's level yields."""

    good: str
    yield_: float = 1.0
    notes: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Process(_Asked):
    """A process: level = f(its inputs), by a named function with coefficients or by a formula.

    Either `function` (one of `technology.families`) with `inputs` (a mapping good -> coefficient, or
    Input records) and `outputs` (a name, names, a mapping good -> yield, or Output records), or `formula`
    ("a = sqrt(b)"; several outputs separated by ;), where `inputs` may only set a max and a min for a good that
    the formula names, and `outputs` other goods than those it names, yielded by its first level. A min level of 0
    sets no limit: a function's level is never negative, a formula's is what the formula says. What else the
    function asks of the process is given by name; TypeError for a name that no function asks for.
    """

    process: str
    firm: str
    function: str | None
    formula: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    scale: float
    returns: float
    elasticity: float | None
    capacity: float
    min_level: float
    unit_cost: float
    notes: str
    own: Own

    _of = "of_process"

    def __init__(
        self,
        process: str,
        *,
        firm: str = "",
        function: str | None = None,
        formula: str | None = None,
        inputs: Mapping[str, float] | Iterable[Input] = (),
        outputs: str | Mapping[str, float] | Iterable[Output] = (),
        scale: float = 1.0,
        returns: float = 1.0,
        elasticity: float | None = None,
        capacity: float = inf,
        min_level: float = 0.0,
        unit_cost: float = 0.0,
        notes: str = "",
        own: Own = (),
        **more: float,
    ):
        if isinstance(inputs, Mapping):
            inputs = [Input(good, coefficient) for good, coefficient in inputs.items()]
        if isinstance(outputs, str):
            outputs = [Output(outputs)]
        elif isinstance(outputs, Mapping):
            outputs = [Output(good, yield_) for good, yield_ in outputs.items()]
        values = {
            "process": process,
            "firm": firm or process,
            "function": function,
            "formula": formula,
            "inputs": tuple(inputs),
            "outputs": tuple(outputs),
            "scale": scale,
            "returns": returns,
            "elasticity": elasticity,
            "capacity": capacity,
            "min_level": min_level,
            "unit_cost": unit_cost,
            "notes": notes,
            "own": _own("of_process", dict(own) | more),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def read(self) -> Formula:
        """The process's formula as read; raises FormulaError where it can't be read."""
        return parse(self.formula or "")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number that formulas may read."""

    parameter: str
    value: float
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """An amount or a price seen in the world, to be shown beside the model's: of a use, or of a sale."""

    good: str
    process: str | None = None
    amount: float | None = None
    price: float | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the workbook asks of a solve; None leaves the choice to the caller or the default."""

    name: str = ""
    money: str = ""
    numeraire: str | None = None
    tolerance: float | None = None
    max_iterations: int | None = None
    time_limit: float | None = None


Record = TypeVar("Record", Good, Input, Output, Process, Parameter, Observed)


def from_columns(kind: type[Record], columns: Mapping[str, Sequence[Any]], count: int) -> list[Record]:
    """Records from the columns of all their fields, as they stand: three times as fast as one at a time."""
    made = list(map(object.__new__, repeat(kind, count)))
    if "own" in kind.__slots__:
        columns = {**columns, "own": _own_columns(kind, columns, count)}
    for field in kind.__slots__:
        # A slot's own setter, as the records are frozen; the deque only runs the map.
        deque(map(getattr(kind, field).__set__, made, columns[field]), maxlen=0)
    return made


def _own_columns(kind: Any, columns: Mapping[str, Sequence[Any]], count: int) -> list[Own]:
    """Each record's own figures from the columns that hold some."""
    asked = {name: figure.default for name, figure in figures(kind._of).items() if name not in kind.__slots__}
    held = {name: columns[name] for name in asked if name in columns}
    given = {name: values for name, values in held.items() if any(value != asked[name] for value in values)}
    if not given:
        return [()] * count
    return [_own(kind._of, dict(zip(given, row, strict=True))) for row in zip(*given.values(), strict=True)]
