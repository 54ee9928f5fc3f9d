"""What a chain's records may hold: every problem at once, each with its sheet, record and column.

The workbook reader turns a problem's record into a cell; the Python API shows the record's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, isnan
from numbers import Real
from typing import Any

from chainopt.formula import Formula, FormulaError, resolve
from chainopt.names import key, nearest
from chainopt.records import FUNCTIONS, Good, Observed, Parameter, Process, Settings


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one field of one record: where, what stands there, what to do.

    record is the record's number in its list; for sheets inputs and outputs, the process's number and the
    input's or output's. error False is a warning: the chain can be solved.
    """

    sheet: str
    record: tuple[int, ...]
    column: str
    label: str
    text: str
    error: bool = True

    def __str__(self) -> str:
        return f'{self.sheet} "{self.label}", {self.column}: {self.text}'


class ChainError(ValueError):
    """A chain that can't be: its message lists every problem, a line each."""

    def __init__(self, found: Sequence[Problem]):
        self.problems = tuple(found)
        super().__init__("\n".join(str(problem) for problem in found if problem.error))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


class _Record:
    """Collects the problems of one record."""

    def __init__(self, found: list[Problem], sheet: str, record: tuple[int, ...], label: str):
        self.found, self.sheet, self.record, self.label = found, sheet, record, label

    def say(self, column: str, text: str, error: bool = True) -> None:
        self.found.append(Problem(self.sheet, self.record, column, self.label, text, error))

    def number(
        self,
        column: str,
        value: Any,
        low: float = -inf,
        high: float = inf,
        strict: bool = False,
        wide: bool = False,
    ) -> bool:
        """Check low <= value <= high (strict: low < value); infinities only where wide."""
        if not _is_number(value) or isnan(value):
            self.say(column, f"{value!r} is not a number")
        elif not wide and not isfinite(value):
            self.say(column, f"{value} is not a finite number")
        elif value < low or value > high or (strict and value == low):
            bound = f"above {low:g}" if strict else f"at least {low:g}"
            self.say(column, f"{value:g} must be {bound}" + (f" and at most {high:g}" if high < inf else ""))
        else:
            return True
        return False


def problems(
    goods: Sequence[Good],
    processes: Sequence[Process],
    parameters: Sequence[Parameter],
    settings: Settings,
    observed: Sequence[Observed],
) -> list[Problem]:
    """Every problem of a chain's parts."""
    found: list[Problem] = []
    known = _unique(found, "goods", "good", [good.good for good in goods])
    named = _unique(found, "processes", "process", [process.process for process in processes])
    constants = _unique(found, "parameters", "parameter", [parameter.parameter for parameter in parameters])
    if not goods:
        found.append(Problem("goods", (), "good", "", "the chain has no goods: list at least one"))
    for i, good in enumerate(goods):
        _good(_Record(found, "goods", (i,), str(good.good)), good)
    for i, parameter in enumerate(parameters):
        record = _Record(found, "parameters", (i,), str(parameter.parameter))
        record.number("value", parameter.value)
        if key(str(parameter.parameter)) in known:
            record.say("parameter", "a good has this name too: rename one, a formula can't tell them apart")
    values = {p.parameter: p.value for p in parameters if isinstance(p.parameter, str)}
    for i, process in enumerate(processes):
        _process(found, i, process, known, constants, values)
    _settings(_Record(found, "settings", (), settings.name), settings, known)
    for i, seen in enumerate(observed):
        record = _Record(found, "observed", (i,), str(seen.good))
        _known(record, "good", seen.good, known)
        if seen.process is not None:
            _known(record, "process", seen.process, named)
        for column, value in (("amount", seen.amount), ("price", seen.price)):
            if value is not None:
                record.number(column, value)
    return found


def _unique(found: list[Problem], sheet: str, column: str, names: Iterable[Any]) -> dict[str, str]:
    spelling: dict[str, str] = {}
    for i, name in enumerate(names):
        record = _Record(found, sheet, (i,), str(name))
        if not isinstance(name, str) or not name.strip():
            record.say(column, f"{name!r} is not a name: every row needs one, as text")
        elif key(name) in spelling:
            first = spelling[key(name)]
            record.say(column, f'"{name}" is listed twice (the first is "{first}"): merge or rename')
        else:
            spelling[key(name)] = " ".join(name.split())
    return spelling


def _known(record: _Record, column: str, name: Any, known: dict[str, str]) -> bool:
    if isinstance(name, str) and key(name) in known:
        return True
    kind = "process" if column == "process" else "good"
    sheet = "processes" if column == "process" else "goods"
    hint = nearest(str(name), known.values()) or f": add it to the sheet {sheet}"
    record.say(column, f'there is no {kind} "{name}"{hint}')
    return False


def _good(record: _Record, good: Good) -> None:
    record.number("supply", good.supply)
    priced = good.price is not None
    if priced:
        record.number("price", good.price)
    if good.import_price is not None:
        record.number("import price", good.import_price)
    elif good.max_import != inf:
        record.say("max import", "has no effect without an import price: give one, or clear it", error=False)
    record.number("max import", good.max_import, 0.0, wide=True)
    if good.disposal is not None:
        record.number("disposal", good.disposal)
    if record.number("min sale", good.min_sale, high=inf, wide=True):
        if good.min_sale == inf:
            record.say("min sale", "inf can't be sold: give a finite amount")
        elif good.min_sale < 0 and not priced:
            record.say("min sale", f"{good.min_sale:g} is below 0, which needs a price at which to buy back")
        elif not good.rival and good.min_sale != 0 and not priced:
            record.say("min sale", "a non-rival good is read whole: without a price it takes no min sale")
    if record.number("max sale", good.max_sale, wide=True) and good.max_sale < good.min_sale:
        record.say("max sale", f"{good.max_sale:g} is below the min sale {good.min_sale:g}")
    elif good.max_sale < 0 and good.min_sale >= 0:
        record.say("max sale", f"{good.max_sale:g} must be at least 0")
    if record.number("demand elasticity", good.demand_elasticity, 0.0, strict=True, wide=True):
        if isfinite(good.demand_elasticity):
            if not priced or not good.price > 0:  # type: ignore[operator]
                record.say("demand elasticity", "needs a price above 0, at the reference sale")
            if good.reference_sale is None:
                record.say("reference sale", "a demand elasticity needs the sale at which the price holds")
            if _is_number(good.min_sale) and good.min_sale < 0:
                record.say("min sale", "below 0 there is no demand curve: 0 or more with an elasticity")
        elif good.reference_sale is not None:
            record.say("reference sale", "has no effect without a demand elasticity", error=False)
    if good.reference_sale is not None:
        record.number("reference sale", good.reference_sale, 0.0, strict=True)


def _process(
    found: list[Problem],
    i: int,
    process: Process,
    known: dict[str, str],
    constants: dict[str, str],
    values: dict[str, float],
) -> None:
    record = _Record(found, "processes", (i,), str(process.process))
    inputs = [_Record(found, "inputs", (i, j), str(process.process)) for j in range(len(process.inputs))]
    outputs = [_Record(found, "outputs", (i, j), str(process.process)) for j in range(len(process.outputs))]
    record.number("capacity", process.capacity, 0.0, wide=True)
    record.number("unit cost", process.unit_cost)
    if record.number("min level", process.min_level, wide=True):
        if not isfinite(process.min_level):
            record.say("min level", f"{process.min_level} is not a finite number: leave it blank for no limit")
        elif process.min_level > process.capacity:
            record.say("min level", f"{process.min_level:g} is above the capacity {process.capacity:g}")
    if process.function is None and process.formula is None:
        record.say("function", f"give a formula, or a function: {', '.join(FUNCTIONS)}")
    elif process.function is not None and process.formula is not None:
        record.say("formula", "give a formula or a function, not both")
    made: set[str] = set()
    if process.formula is not None:
        read = _formula(record, process, known, constants, values)
        made = {key(output.name) for output in read.outputs} if read else set()
        _formula_inputs(inputs, process, read, known)
    elif process.function is not None:
        _function(record, inputs, process, known)
    for output, row in zip(process.outputs, outputs, strict=True):
        row.number("yield", output.yield_, 0.0, strict=True)
        if _known(row, "good", output.good, known):
            if key(output.good) in made:
                row.say("good", f'"{output.good}" is already an output of this process: list it once')
            made.add(key(output.good))


def _function(record: _Record, inputs: list[_Record], process: Process, known: dict[str, str]) -> None:
    function = process.function
    if function not in FUNCTIONS:
        hint = nearest(str(function), FUNCTIONS) or f": functions are {', '.join(FUNCTIONS)}"
        record.say("function", f'there is no function "{function}"{hint}')
        return
    record.number("scale", process.scale, 0.0, strict=True)
    record.number("returns", process.returns, 0.0, strict=True)
    if function == "ces":
        if process.elasticity is None:
            record.say("elasticity", "ces needs an elasticity of substitution, above 0 and not 1")
        elif record.number("elasticity", process.elasticity, 0.0, strict=True) and process.elasticity == 1:
            record.say("elasticity", "at 1 the ces is cobb-douglas: name that function")
    else:
        if process.returns != 1:
            record.say("returns", f"{function} takes no returns: leave it blank")
        if process.elasticity is not None:
            record.say("elasticity", f"{function} takes no elasticity: leave it blank")
    if not process.inputs and function != "leontief":
        record.say("function", f"{function} needs at least one input on the sheet inputs")
    used: set[str] = set()
    for given, row in zip(process.inputs, inputs, strict=True):
        if _known(row, "good", given.good, known):
            if key(given.good) in used:
                row.say("good", f'"{given.good}" is already an input of this process: add the two up')
            used.add(key(given.good))
        if given.coefficient is None:
            row.say("coefficient", f"{function} needs a coefficient above 0 for each input")
        else:
            row.number("coefficient", given.coefficient, 0.0, strict=True)
        row.number("max", given.max, 0.0, wide=True)


def _formula(
    record: _Record,
    process: Process,
    known: dict[str, str],
    constants: dict[str, str],
    values: dict[str, float],
) -> Formula | None:
    for column, value, default in (
        ("scale", process.scale, 1.0),
        ("returns", process.returns, 1.0),
        ("elasticity", process.elasticity, None),
    ):
        if value != default:
            record.say(column, "a formula says it all: leave this blank")
    if not isinstance(process.formula, str):
        record.say("formula", f"{process.formula!r} is not text")
        return None
    try:
        read = process.read()
        for name, position in read.names().items():
            if key(name) not in known and key(name) not in constants:
                hint = nearest(name, [*known.values(), *constants.values()])
                raise FormulaError(f'"{name}" is neither a good nor a parameter{hint}', position)
        made: set[str] = set()
        for output in read.outputs:
            if key(output.name) not in known:
                hint = nearest(output.name, known.values()) or ": add it to the sheet goods"
                raise FormulaError(f'there is no good "{output.name}"{hint}', output.position)
            if key(output.name) in made:
                raise FormulaError(f'"{output.name}" is made twice by this formula', output.position)
            made.add(key(output.name))
        resolve(read, [name for name in read.names() if key(name) in known], values)
    except FormulaError as error:
        record.say("formula", str(error))
        return None
    return read


def _formula_inputs(inputs: list[_Record], process: Process, read: Formula | None, known: dict[str, str]) -> None:
    used: set[str] = set()
    for given, row in zip(process.inputs, inputs, strict=True):
        if _known(row, "good", given.good, known):
            if read is not None and key(given.good) not in {key(name) for name in read.names()}:
                row.say("good", f'the formula doesn\'t name "{given.good}": an input of a formula stands in it')
            if key(given.good) in used:
                row.say("good", f'"{given.good}" is listed twice for this process')
            used.add(key(given.good))
        if given.coefficient is not None:
            row.say("coefficient", "a formula has no coefficients: leave it blank, here only max counts")
        row.number("max", given.max, 0.0, wide=True)


def _settings(record: _Record, settings: Settings, known: dict[str, str]) -> None:
    if settings.numeraire is not None:
        _known(record, "numeraire", settings.numeraire, known)
    if settings.tolerance is not None:
        record.number("tolerance", settings.tolerance, 0.0, 0.01, strict=True)
    most = settings.max_iterations
    if most is not None and record.number("max iterations", most, 1.0) and most != int(most):
        record.say("max iterations", f"{most:g} is not a whole number")
    if settings.time_limit is not None:
        record.number("time limit", settings.time_limit, 0.0, strict=True)


def spelled(
    goods: Sequence[Good],
    processes: Sequence[Process],
    parameters: Sequence[Parameter],
    settings: Settings,
    observed: Sequence[Observed],
) -> tuple[tuple[Good, ...], tuple[Process, ...], tuple[Parameter, ...], Settings, tuple[Observed, ...]]:
    """The same parts with every name without stray blanks, and every reference as its good spells it."""

    def plain(name: str) -> str:
        return " ".join(name.split())

    good_of = {key(good.good): plain(good.good) for good in goods}
    process_of = {key(process.process): plain(process.process) for process in processes}
    return (
        tuple(good if good.good == plain(good.good) else replace(good, good=plain(good.good)) for good in goods),
        tuple(
            replace(
                process,
                process=plain(process.process),
                firm=plain(process.firm),
                inputs=tuple(replace(use, good=good_of[key(use.good)]) for use in process.inputs),
                outputs=tuple(replace(made, good=good_of[key(made.good)]) for made in process.outputs),
            )
            for process in processes
        ),
        tuple(replace(parameter, parameter=plain(parameter.parameter)) for parameter in parameters),
        replace(settings, numeraire=good_of[key(settings.numeraire)] if settings.numeraire else None),
        tuple(
            replace(
                seen,
                good=good_of[key(seen.good)],
                process=None if seen.process is None else process_of[key(seen.process)],
            )
            for seen in observed
        ),
    )
