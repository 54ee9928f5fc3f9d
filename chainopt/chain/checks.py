"""What a chain's records may hold: every problem at once, each with its sheet, record and column.

The workbook reader turns a problem's record into a cell; the Python API shows the record's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from math import inf

import numpy as np

from chainopt.chain.records import Good, Observed, Parameter, Process, Settings
from chainopt.chain.rules import Problem, Rows, repeated
from chainopt.technology.arrays import Array
from chainopt.technology.families import TECHNOLOGIES, asking, figures
from chainopt.technology.formula import Formula, FormulaError, resolve
from chainopt.words import messages
from chainopt.words.names import all_plain, found, hints, key, plain

_LARGE_EXPONENT = 10.0
Parts = tuple[Sequence[Good], Sequence[Process], Sequence[Parameter], Settings, Sequence[Observed]]


class ChainError(ValueError):
    """A chain that can't be: its message lists every problem, a line each."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems if problem.error))


class _Names:
    """The chain's names by key, as they are spelled, with a hint for one that is not among them."""

    def __init__(self, goods: Rows, processes: Rows, parameters: Rows):
        self.goods, self.processes = goods.unique_rule("good"), processes.unique_rule("process")
        self.parameters = parameters.unique_rule("parameter")
        self._rule = {}
        for sheet, names in ("goods", self.goods), ("processes", self.processes):
            # By spelling too: most references are spelled as what they refer to.
            number = {name: i for spellings in (names, names.values()) for i, name in enumerate(spellings)}
            self._rule[sheet] = number, hints(names.values(), f": add it to the sheet {sheet}")
        self.kept = {
            key(good.good)
            for good in goods.records
            if good.disposal is None and good.rival and isinstance(good.good, str)
        }
        self.good_hint = self._rule["goods"][1]
        self.hint = hints([*self.goods.values(), *self.parameters.values()], "")

    def check(self, rows: Rows, column: str, where: Array | bool = True) -> Array:
        """Check that a column names goods, or processes; returns their numbers, -1 for one that is not known."""
        number, hint = self._rule["processes" if column == "process" else "goods"]
        return rows.known_rule(column, number, hint, where=where)

    def number(self, good: str) -> int:
        return found(self._rule["goods"][0], good)


def problems(parts: Parts) -> list[Problem]:
    """Every problem of a chain's parts."""
    goods, processes, parameters, settings, observed = parts
    of_goods = Rows("goods", goods, lambda i: goods[i].good)
    of_processes = Rows("processes", processes, lambda i: processes[i].process)
    of_parameters = Rows("parameters", parameters, lambda i: parameters[i].parameter)
    seen = Rows("observed", observed, lambda i: observed[i].good)
    asked = Rows("settings", [settings], lambda _: settings.name, lambda _: ())
    names = _Names(of_goods, of_processes, of_parameters)
    told = [*of_goods.taken(), *of_processes.taken(), *of_parameters.taken()]
    if not goods:
        told.append(Problem("goods", (), "good", "", messages.NO_GOODS.text, messages.NO_GOODS.code))
    _goods(of_goods)
    of_parameters.number_rule("value")
    twice = np.array([key(str(name)) in names.goods for name in of_parameters.field("parameter")], dtype=bool)
    of_parameters.say("parameter", twice, messages.SAME_AS_GOOD)
    values = {p.parameter: p.value for p in parameters if isinstance(p.parameter, str)}
    uses, made, read = _processes(of_processes, names, values)
    _settings(asked, names)
    names.check(seen, "good")
    names.check(seen, "process", seen.given("process"))
    for column in ("amount", "price"):
        seen.number_rule(column, where=seen.given(column))
    of_all = sorted([*of_processes.taken(), *uses.taken(), *made.taken()], key=lambda problem: problem.record[0])
    told += [*of_goods.taken(), *of_parameters.taken(), *of_all, *asked.taken(), *seen.taken()]
    # A misspelt name may be the one use that a good has.
    if not any(problem.error for problem in told):
        _unused(of_goods, uses, read)
    return [*told, *of_goods.taken()]


def _goods(goods: Rows) -> None:
    price, least, most = (goods.numbers(column) for column in ("price", "min sale", "max sale"))
    priced, imported, referred = (goods.given(name) for name in ("price", "import price", "reference sale"))
    rival = np.array(list(map(bool, goods.field("rival"))), dtype=bool)
    goods.number_rule("supply")
    goods.number_rule("price", where=priced)
    goods.number_rule("import price", where=imported)
    unneeded = ~imported & (goods.numbers("max import") != inf)
    goods.say("max import", unneeded, messages.IDLE_MAX_IMPORT)
    goods.number_rule("max import", 0.0, wide=True)
    goods.number_rule("disposal", where=goods.given("disposal"))
    sound = goods.number_rule("min sale", wide=True)
    goods.say_first(
        "min sale",
        (sound & (least == inf), messages.INFINITE_MIN_SALE),
        (sound & (least < 0) & ~priced, messages.BUYING_BACK),
        (sound & ~rival & (least != 0) & ~priced, messages.NON_RIVAL_OBLIGATION),
    )
    sound = goods.number_rule("max sale", wide=True)
    goods.say("max sale", sound & (most < least), messages.MAX_BELOW_MIN_SALE)
    sound = goods.number_rule("demand elasticity", 0.0, strict=True, wide=True)
    curved = sound & np.isfinite(goods.numbers("demand elasticity"))
    goods.say("demand elasticity", curved & ~(price > 0), messages.ELASTICITY_WITHOUT_PRICE)
    goods.say("reference sale", curved & ~referred, messages.ELASTICITY_WITHOUT_REFERENCE)
    goods.say("min sale", curved & (least < 0), messages.CURVE_BELOW_ZERO)
    goods.say("reference sale", sound & ~curved & referred, messages.IDLE_REFERENCE)
    goods.number_rule("reference sale", 0.0, strict=True, where=referred)


def _unused(goods: Rows, uses: Rows, read: Mapping[int, Formula | None]) -> None:
    """Notice supplies that nobody takes."""
    taken = {key(str(name)) for name in uses.field("good")}
    taken |= {key(name) for formula in read.values() if formula for name in formula.names()}
    supply, least = goods.numbers("supply"), goods.numbers("min sale")
    idle = (supply > 0) & ~goods.given("price") & (least == 0)
    if idle.any():
        free = np.array([key(str(name)) not in taken for name in goods.field("good")], dtype=bool)
        goods.say("supply", idle & free, messages.UNUSED_SUPPLY)


def _processes(
    rows: Rows, names: _Names, values: Mapping[str, float]
) -> tuple[Rows, Rows, Mapping[int, Formula | None]]:
    """Check the processes; returns the rows of inputs and of outputs, checked too, and the formulas as read."""
    processes: Sequence[Process] = rows.records
    able = rows.number_rule("capacity", 0.0, wide=True)
    rows.number_rule("unit cost")
    level = rows.numbers("min level")
    sound = rows.number_rule("min level", wide=True)
    rows.say_first(
        "min level",
        (sound & ~np.isfinite(level), messages.INFINITE_MIN_LEVEL),
        (sound & able & (level > rows.numbers("capacity")), messages.MIN_ABOVE_CAPACITY),
    )
    named, written = rows.given("function"), rows.given("formula")
    functions = {"functions": ", ".join(TECHNOLOGIES)}
    rows.say("function", ~named & ~written, messages.NO_TECHNOLOGY, lambda _: functions)
    rows.say("formula", named & written, messages.TWO_TECHNOLOGIES)
    by_function = _functions(rows, named & ~written)
    read = _formulas(rows, written, names, values)
    uses, user = _attached(processes, "inputs")
    _inputs(processes, uses, user, by_function, written, names, read)
    made, maker = _attached(processes, "outputs")
    made.number_rule("yield", 0.0, strict=True)
    code = names.check(made, "good")
    by_formula = {
        (i, names.number(output.name)) for i, formula in read.items() if formula for output in formula.outputs
    }
    again = repeated(maker, code)
    if by_formula:
        pairs = zip(maker.tolist(), code.tolist(), strict=True)
        again |= np.array([pair in by_formula for pair in pairs], dtype=bool)
    made.say("good", again, messages.MADE_TWICE)
    return uses, made, read


def _attached(processes: Sequence[Process], sheet: str) -> tuple[Rows, Array]:
    """The inputs or the outputs of all processes, and the number of the process of each."""
    of_each = [getattr(process, sheet) for process in processes]
    owner = np.repeat(np.arange(len(processes)), list(map(len, of_each)))
    first = list(accumulate(map(len, of_each), initial=0))
    rows = Rows(
        sheet,
        [record for records in of_each for record in records],
        lambda n: processes[owner[n]].process,
        lambda n: (int(owner[n]), n - first[owner[n]]),
    )
    return rows, owner


def _functions(rows: Rows, named: Array) -> Array:
    """Check the processes that name a function; returns which of them name one that there is."""
    functions = rows.field("function")
    hint = hints(TECHNOLOGIES, f": functions are {', '.join(TECHNOLOGIES)}")
    sound = named & np.array([function in TECHNOLOGIES for function in functions], dtype=bool)
    rows.say(
        "function",
        named & ~sound,
        messages.UNKNOWN_FUNCTION,
        lambda process: {"name": process.function, "hint": hint(str(process.function))},
    )
    rows.number_rule("scale", 0.0, strict=True, where=sound)
    _figures(rows, "of_process", functions, sound)
    recipe = np.array([f in TECHNOLOGIES and TECHNOLOGIES[f].recipe for f in functions], dtype=bool)
    idle = np.array([not inputs for inputs in rows.field("inputs")], dtype=bool)
    rows.say("function", sound & idle & ~recipe, messages.NO_INPUTS)
    return sound


def _figures(rows: Rows, of: str, functions: Sequence[str | None], sound: Array) -> None:
    """Check what each function asks for beside scale and coefficients, and that it is asked for."""
    for figure in figures(of).values():
        by = asking(figure, of)
        asked = sound & np.array([function in by for function in functions], dtype=bool)
        given = np.array([value != figure.default for value in rows.field(figure.column)], dtype=bool)
        kept = rows.number_rule(figure.column, figure.low, strict=figure.strict, where=asked & given)
        for broken, message in (
            (asked & ~given & (figure.default is None), messages.NEEDS_FIGURE),
            (kept & (rows.numbers(figure.column) == figure.never), messages.NEVER),
            (sound & ~asked & given, figure.unasked),
        ):
            for i in np.flatnonzero(broken).tolist():
                rows.say_at(i, figure.column, message, figure=figure, function=functions[i])


def _formulas(rows: Rows, written: Array, names: _Names, values: Mapping[str, float]) -> dict[int, Formula | None]:
    """Check the processes that have a formula; returns each formula as read, None where it can't be."""
    own = {figure.column: figure.default for figure in figures("of_process").values()}
    for column, default in ({"scale": 1.0} | own).items():
        given = np.array([value != default for value in rows.field(column)], dtype=bool)
        rows.say(column, written & given, messages.FORMULA_SAYS_IT)
    read: dict[int, Formula | None] = {}
    for i in np.flatnonzero(written).tolist():
        process, read[i] = rows.records[i], None
        if not isinstance(process.formula, str):
            rows.say_at(i, "formula", messages.NOT_TEXT, value=process.formula)
            continue
        try:
            formula = read[i] = _formula(process, names, values)
        except FormulaError as error:
            rows.say_text(i, "formula", str(error), error.code)
            continue
        lost = [name for name in dict.fromkeys(map(key, formula.in_minima())) if name in names.kept]
        if lost:
            goods = '" and "'.join(names.goods[name] for name in lost)
            rows.say_at(i, "formula", messages.LOST_IN_MINIMUM, goods=goods)
    return read


def _formula(process: Process, names: _Names, values: Mapping[str, float]) -> Formula:
    read = process.read()
    for name, position in read.names().items():
        if key(name) not in names.goods and key(name) not in names.parameters:
            raise FormulaError(messages.NEITHER_GOOD_NOR_PARAMETER, position, name=name, hint=names.hint(name))
    made: set[str] = set()
    for output in read.outputs:
        if key(output.name) not in names.goods:
            hint = names.good_hint(output.name)
            raise FormulaError(messages.UNKNOWN_GOOD, output.position, name=output.name, hint=hint)
        if key(output.name) in made:
            raise FormulaError(messages.MADE_TWICE_HERE, output.position, name=output.name)
        made.add(key(output.name))
    resolve(read, [name for name in read.names() if key(name) in names.goods], values)
    return read


def _inputs(
    processes: Sequence[Process],
    uses: Rows,
    user: Array,
    by_function: Array,
    written: Array,
    names: _Names,
    read: Mapping[int, Formula | None],
) -> None:
    function, formula = by_function[user], written[user]
    code = names.check(uses, "good", function | formula)
    unread = np.zeros(len(user), dtype=bool)
    for n in np.flatnonzero(formula & (code >= 0)).tolist():
        of = read[int(user[n])]
        unread[n] = of is not None and key(uses.records[n].good) not in {key(name) for name in of.names()}
    uses.say("good", unread, messages.UNREAD_INPUT)
    twice = repeated(user, code)
    uses.say("good", function & twice, messages.USED_TWICE)
    uses.say("good", formula & twice, messages.LIMITED_TWICE)
    given = uses.given("coefficient")
    for n in np.flatnonzero(function & ~given).tolist():
        uses.say_at(n, "coefficient", messages.NO_COEFFICIENT, function=processes[user[n]].function)
    sound = uses.number_rule("coefficient", 0.0, strict=True, where=function & given)
    named = [process.function if process.function in TECHNOLOGIES else None for process in processes]
    exponent = np.array([f is not None and TECHNOLOGIES[f].exponents for f in named], dtype=bool)[user]
    large = sound & exponent & (uses.numbers("coefficient") > _LARGE_EXPONENT)
    uses.say(
        "coefficient", large, messages.LARGE_EXPONENT, lambda use: {"times": np.exp2(min(use.coefficient, 1e3))}
    )
    uses.say("coefficient", formula & given, messages.IDLE_COEFFICIENT)
    _figures(uses, "of_use", [named[p] or "a formula" for p in user.tolist()], function | formula)
    able = uses.number_rule("max", 0.0, wide=True, where=function | formula)
    sound = uses.number_rule("min", 0.0, where=function | formula)
    uses.say("min", sound & able & (uses.numbers("min") > uses.numbers("max")), messages.MIN_ABOVE_MAX)


def _settings(asked: Rows, names: _Names) -> None:
    names.check(asked, "numeraire", asked.given("numeraire"))
    asked.number_rule("tolerance", 0.0, 0.01, strict=True, where=asked.given("tolerance"))
    sound = asked.number_rule("max iterations", 1.0, where=asked.given("max iterations"))
    broken = sound & (asked.numbers("max iterations") % 1 != 0)
    asked.say("max iterations", broken, messages.NOT_WHOLE)
    asked.number_rule("time limit", 0.0, strict=True, where=asked.given("time limit"))


def spelled(parts: Parts) -> Parts:
    """The same parts with every name without stray blanks, and every reference as its good spells it."""
    goods, processes, parameters, settings, observed = parts
    referred = {use.good for process in processes for use in process.inputs}
    referred |= {made.good for process in processes for made in process.outputs}
    names = [good.good for good in goods]
    good_of = dict(zip(*[all_plain(names)] * 2, strict=True))
    process_of = {key(process.process): plain(process.process) for process in processes} if observed else {}
    other = referred - good_of.keys()
    if other or settings.numeraire or observed:
        good_of |= {key(name): name for name in good_of}

    def of_process(process: Process) -> Process:
        return replace(
            process,
            process=plain(process.process),
            firm=plain(process.firm),
            inputs=tuple(replace(use, good=found(good_of, use.good)) for use in process.inputs),
            outputs=tuple(replace(made, good=found(good_of, made.good)) for made in process.outputs),
        )

    # Most chains are spelled right: their records stay what they are.
    if all_plain(names) is not names:
        goods = [replace(good, good=plain(good.good)) for good in goods]
    names = [name for process in processes for name in (process.process, process.firm)]
    if other or all_plain(names) is not names:
        processes = list(map(of_process, processes))
    return (
        tuple(goods),
        tuple(processes),
        tuple(replace(parameter, parameter=plain(parameter.parameter)) for parameter in parameters),
        replace(settings, numeraire=found(good_of, settings.numeraire) if settings.numeraire else None),
        tuple(
            replace(
                seen,
                good=found(good_of, seen.good),
                process=None if seen.process is None else process_of[key(seen.process)],
            )
            for seen in observed
        ),
    )
