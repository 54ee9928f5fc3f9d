"""A polyhedral chain as a linear program in fractions, stated from the records by the rules of the documentation.

    maximise  c'x   subject to  A x = b,   low <= x <= high

Rows are goods first, then limits and definitions; the columns are levels, uses, sales, imports, disposals,
non-rival amounts, formulas' steps and slacks. Figures count as typed: 0.1 is one tenth.
Nothing is removed, and nothing is shared with the package but its records.
"""

from __future__ import annotations

import ast
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import chainopt as co

ZERO, ONE = Fraction(0), Fraction(1)
End = Fraction | None
"""A bound: None where there is none."""


class NotPolyhedral(ValueError):
    """The chain has a technology or a demand that no linear program can state."""


@dataclass
class LinearProgram:
    """Columns as row -> coefficient, with cost and bounds; right sides; the row of each good that has one."""

    columns: list[dict[int, Fraction]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    cost: list[Fraction] = field(default_factory=list)
    low: list[End] = field(default_factory=list)
    high: list[End] = field(default_factory=list)
    right: list[Fraction] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    goods: dict[str, int] = field(default_factory=dict)

    @property
    def crossed(self) -> bool:
        """Whether a column's ends leave it no value."""
        ends = zip(self.low, self.high, strict=True)
        return any(low is not None and high is not None and low > high for low, high in ends)

    def row(self, name: str, right: Fraction = ZERO) -> int:
        self.rows.append(name)
        self.right.append(right)
        return len(self.right) - 1

    def column(
        self,
        name: str,
        entries: dict[int, Fraction],
        cost: Fraction = ZERO,
        low: End = ZERO,
        high: End = None,
    ) -> int:
        self.columns.append({row: entry for row, entry in entries.items() if entry})
        self.names.append(name)
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        return len(self.columns) - 1


def state(chain: co.Chain) -> LinearProgram:
    """The planner's problem of a chain. Raises NotPolyhedral where it isn't linear."""
    program = LinearProgram()
    formulas = {process.process: Formula.read(chain, process) for process in chain.processes if process.formula}
    read = {use.good for process in chain.processes for use in process.inputs}
    read |= {good for formula in formulas.values() for good in formula.uses}
    amounts: dict[str, int] = {}
    for good in chain.goods:
        program.goods[good.good] = program.row(f"balance of {good.good}", typed(good.supply))
    for good in chain.goods:
        _state_good(program, good, good.good in read, amounts)
    for process in chain.processes:
        if process.formula is not None:
            _state_formula(program, formulas[process.process], process, amounts)
        elif process.function == "leontief":
            _state_leontief(program, process, amounts)
        elif process.function == "linear":
            _state_linear(program, process, amounts)
        else:
            raise NotPolyhedral(f"{process.process} is {process.function}")
    return program


def typed(figure: float) -> Fraction:
    """The figure as its shortest decimal says it."""
    return Fraction(repr(float(figure)))


def _end(figure: float) -> End:
    return typed(figure) if math.isfinite(figure) else None


def _state_good(program: LinearProgram, good: co.Good, read: bool, amounts: dict[str, int]) -> None:
    """Final demand, imports, disposal, and the amount that readers of a non-rival good share."""
    if math.isfinite(good.demand_elasticity):
        raise NotPolyhedral(f"the demand for {good.good} is elastic")
    name, row = good.good, program.goods[good.good]
    bought = good.price is not None
    pays = good.disposal is not None and good.disposal < 0
    shared = not good.rival and (read or (good.disposal is None if bought else not pays))
    if good.import_price is not None:
        program.column(f"import of {name}", {row: -ONE}, -typed(good.import_price), ZERO, _end(good.max_import))
    if good.disposal is not None:
        program.column(f"disposal of {name}", {row: ONE}, -typed(good.disposal))
    least, most = _end(good.min_sale), _end(good.max_sale)
    price = typed(good.price) if good.price is not None else ZERO
    if not bought:
        most = least
    if not shared:
        program.column(f"sale of {name}", {row: ONE}, price, least, most)
        return
    amounts[name] = program.column(f"amount of {name}", {row: ONE}, ZERO, None, None)
    if bought:
        # Final demand reads the whole, of either sign: a min sale of 0 says nothing.
        _reading(program, name, program.column(f"sale of {name}", {}, price, least or None, most), amounts)


def _reading(program: LinearProgram, good: str, column: int, amounts: dict[str, int], whole: bool = True) -> None:
    """The column, in units of the good, is the whole of a non-rival good, or at most that."""
    row = program.row(f"reading of {good}")
    program.columns[column][row] = ONE
    program.columns[amounts[good]][row] = -ONE
    if not whole:
        program.column(f"unread of {good}", {row: ONE})


def _state_leontief(program: LinearProgram, process: co.Process, amounts: dict[str, int]) -> None:
    entries: defaultdict[int, Fraction] = defaultdict(Fraction)
    scale, least, most = typed(process.scale), max(typed(process.min_level), ZERO), _end(process.capacity)
    shared = {}
    for use in process.inputs:
        assert use.coefficient is not None
        each = typed(use.coefficient) / scale
        if math.isfinite(use.max):
            limit = typed(use.max) / each
            most = limit if most is None else min(most, limit)
        least = max(least, typed(use.min) / each)
        if use.good in amounts:
            shared[use.good] = each
        else:
            entries[program.goods[use.good]] += each
    for output in process.outputs:
        entries[program.goods[output.good]] -= typed(output.yield_)
    level = program.column(f"level of {process.process}", entries, -typed(process.unit_cost), least, most)
    for good, each in shared.items():
        row = program.row(f"reading of {good} by {process.process}")
        program.columns[level][row] = each
        program.columns[amounts[good]][row] = -ONE
        program.column(f"unread of {good} by {process.process}", {row: ONE})


def _state_linear(program: LinearProgram, process: co.Process, amounts: dict[str, int]) -> None:
    row = program.row(f"level of {process.process}")
    _level(program, process, row, ZERO)
    for use in process.inputs:
        assert use.coefficient is not None
        column = program.column(
            f"use of {use.good} by {process.process}",
            {row: -typed(use.coefficient) * typed(process.scale)},
            low=typed(use.min),
            high=_end(use.max),
        )
        _take(program, use.good, column, amounts)


def _take(program: LinearProgram, good: str, column: int, amounts: dict[str, int]) -> None:
    if good in amounts:
        _reading(program, good, column, amounts)
    else:
        program.columns[column][program.goods[good]] = ONE


def _level(program: LinearProgram, process: co.Process, row: int, least: End, output: str | None = None) -> int:
    """The level that limits, unit cost and rows of outputs refer to; of a formula, the amount of `output`."""
    entries: defaultdict[int, Fraction] = defaultdict(Fraction)
    for made in process.outputs:
        entries[program.goods[made.good]] -= typed(made.yield_)
    if output is not None:
        entries[program.goods[output]] -= ONE
    entries[row] += ONE
    limit = typed(process.min_level)
    if limit:
        least = limit if least is None else max(least, limit)
    cost, most = -typed(process.unit_cost), _end(process.capacity)
    return program.column(f"level of {process.process}", entries, cost, least, most)


def _state_formula(program: LinearProgram, formula: Formula, process: co.Process, amounts: dict[str, int]) -> None:
    limits = {use.good: (typed(use.min) or None, _end(use.max)) for use in process.inputs}
    variables: dict[str | int, int] = {}
    for good in formula.uses:
        least, most = limits.get(good, (None, None))
        low = least if least is not None or good in amounts else ZERO
        column = program.column(f"use of {good} by {process.process}", {}, low=low, high=most)
        _take(program, good, column, amounts)
        variables[good] = column
    for number, _ in enumerate(formula.minima):
        variables[number] = program.column(f"minimum {number} of {process.process}", {}, low=None)

    def define(column: int | None, affine: Affine, row: int) -> None:
        program.right[row] = affine.constant
        for key, slope in affine.slopes.items():
            if slope:
                program.columns[variables[key]][row] = -slope
        if column is not None:
            program.columns[column][row] = ONE

    for number, arguments in enumerate(formula.minima):
        for argument in arguments:
            row = program.row(f"minimum {number} of {process.process}")
            program.column(f"slack of a minimum of {process.process}", {row: ONE})
            define(variables[number], argument, row)
    for place, (output, affine) in enumerate(formula.outputs.items()):
        row = program.row(f"{output} of {process.process}")
        if place == 0:
            define(_level(program, process, row, None, output), affine, row)
        else:
            made = {program.goods[output]: -ONE}
            define(program.column(f"{output} of {process.process}", made, low=None), affine, row)


@dataclass(frozen=True)
class Affine:
    """A constant and slopes in goods (by name) and in minima (by number)."""

    constant: Fraction = ZERO
    slopes: dict[str | int, Fraction] = field(default_factory=dict)

    def plus(self, other: Affine, times: Fraction = ONE) -> Affine:
        slopes = dict(self.slopes)
        for key, slope in other.slopes.items():
            slopes[key] = slopes.get(key, ZERO) + times * slope
        return Affine(self.constant + times * other.constant, slopes)

    def times(self, factor: Fraction) -> Affine:
        return Affine().plus(self, factor)

    @property
    def number(self) -> Fraction:
        if any(self.slopes.values()):
            raise NotPolyhedral("a product, quotient or power of goods")
        return self.constant


@dataclass
class Formula:
    """Affine steps and minima: its outputs, the arguments of its minima, and the goods that it names."""

    outputs: dict[str, Affine]
    minima: list[list[Affine]]
    uses: dict[str, None]

    @classmethod
    def read(cls, chain: co.Chain, process: co.Process) -> Formula:
        """Python's grammar has the same arithmetic; names in brackets are put in its words first."""
        assert process.formula is not None
        return _Reader(chain).read(process.formula)


_TOKEN = re.compile(
    r"\[(?P<bracketed>[^\]]*)\]|(?P<number>(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)|(?P<plain>[^\W\d]\w*)", re.I
)


class _Reader:
    def __init__(self, chain: co.Chain) -> None:
        self.goods = {_key(good.good): good.good for good in chain.goods}
        self.parameters = {_key(parameter.parameter): typed(parameter.value) for parameter in chain.parameters}
        self.words: dict[str, str] = {}
        self.formula = Formula({}, [], {})

    def read(self, text: str) -> Formula:
        plain = _TOKEN.sub(self._word, text).replace("^", "**")
        for sentence in plain.split(";"):
            output, expression = sentence.split("=")
            affine = self.affine(ast.parse(expression.strip(), mode="eval").body)
            self._concave(affine)
            self.formula.outputs[self.goods[_key(self.words[output.strip()])]] = affine
        return self.formula

    def _word(self, match: re.Match[str]) -> str:
        if match["number"] is not None:
            return match[0]
        name = match["bracketed"] if match["bracketed"] is not None else match["plain"]
        if match["plain"] is not None and name.casefold() == "min" and "min" not in self.goods:
            return "min"
        word = f"w{len(self.words)}"
        self.words[word] = name
        return word

    def _concave(self, affine: Affine) -> None:
        if any(slope < 0 for key, slope in affine.slopes.items() if isinstance(key, int)):
            raise NotPolyhedral("a minimum that counts against what is made")

    def affine(self, node: ast.expr) -> Affine:
        match node:
            case ast.Constant(int() | float() as value):
                return Affine(typed(value))
            case ast.Name(word):
                return self._name(_key(self.words[word]))
            case ast.UnaryOp(ast.USub(), part):
                return self.affine(part).times(-ONE)
            case ast.UnaryOp(ast.UAdd(), part):
                return self.affine(part)
            case ast.BinOp(left, operator, right):
                return self._binary(self.affine(left), operator, self.affine(right))
            case ast.Call(ast.Name("min"), parts):
                arguments = [self.affine(part) for part in parts]
                for argument in arguments:
                    self._concave(argument)
                self.formula.minima.append(arguments)
                return Affine(ZERO, {len(self.formula.minima) - 1: ONE})
        raise NotPolyhedral(ast.dump(node))

    def _name(self, key: str) -> Affine:
        if key in self.parameters:
            return Affine(self.parameters[key])
        good = self.goods[key]
        self.formula.uses[good] = None
        return Affine(ZERO, {good: ONE})

    def _binary(self, left: Affine, operator: ast.operator, right: Affine) -> Affine:
        match operator:
            case ast.Add():
                return left.plus(right)
            case ast.Sub():
                return left.plus(right, -ONE)
            case ast.Mult() if any(left.slopes.values()):
                return left.times(right.number)
            case ast.Mult():
                return right.times(left.number)
            case ast.Div():
                return left.times(1 / right.number)
            case ast.Pow() if right.number == 1:
                return left
            case ast.Pow() if right.number.denominator == 1:
                return Affine(left.number ** int(right.number))
        raise NotPolyhedral(ast.dump(operator))


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
