"""A cell's text -> the steps of a small program.

    output = expression [; output = expression ...]
    expression: + - * / ^ ( ), numbers, functions, names; [any name] in brackets

Functions are those of `primitives`. The text is read by a tokenizer and a precedence parser that emits steps as it
goes; nothing is evaluated by Python. `^` is right-associative and binds tighter than a sign before it: -x^2 =
-(x^2). Limits: 30,000 characters, nesting 50 deep, 20,000 steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from chainopt.technology.primitives import PRIMITIVES, SPELLINGS
from chainopt.technology.tape import CONSTANT, INPUT, MIN, Tape
from chainopt.words import messages
from chainopt.words.messages import Message
from chainopt.words.names import key, nearest

MAX_LENGTH = 30_000
MAX_DEPTH = 50
MAX_STEPS = 20_000
"""A cell of a spreadsheet holds 32,767 characters; a formula of 18,000 is read in a tenth of a second."""


class FormulaError(ValueError):
    """A formula that can't be read: what is wrong, and at which character (1 is the first)."""

    def __init__(self, message: Message, position: int, **gaps: Any):
        super().__init__(f"{message.says(**gaps)} (character {position})")
        self.code = message.code
        self.position = position


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a name, a constant, an input's number or a primitive of earlier steps."""

    operation: str
    arguments: tuple[int, ...] = ()
    value: float = 0.0
    name: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """One `output = ...`: the name on its left, and the step that it equals."""

    name: str
    step: int
    position: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula as read: its names are not yet known to be goods or parameters."""

    text: str
    steps: tuple[Step, ...]
    outputs: tuple[Output, ...]

    def names(self) -> dict[str, int]:
        """The names that the expressions read, in order, each with its first position."""
        return {step.name: step.position for step in self.steps if step.operation == "name"}

    def in_minima(self) -> list[str]:
        """The names that stand within a min, in order: what is taken of them may count for nothing."""
        inside = {i for step in self.steps if step.operation == "min" for i in step.arguments}
        for i in range(len(self.steps) - 1, -1, -1):
            if i in inside:
                inside.update(self.steps[i].arguments)
        return [step.name for i, step in enumerate(self.steps) if i in inside and step.operation == "name"]


_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<bracket>\[[^\[\]]*\])
      | (?P<word>[^\W\d]\w*)
      | (?P<sign>[-+*/^()=;,])""",
    re.VERBOSE,
)

_HINTS = {
    **dict.fromkeys("×·", "write * for a product"),
    "÷": "write / for a quotient",
    "−": "write - for a minus",
    **dict.fromkeys("<>", "a formula has no comparisons"),
    "[": "a bracketed name must be closed by ]",
    ".": "names with a point go in [brackets]",
    "@": "names with @ go in [brackets]",
}


_INFIX = {row.symbol: row.name for row in PRIMITIVES.values() if len(row.partials) == 2}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            sign = text[at]
            shown = f'"{sign}"' if sign.isprintable() and not sign.isspace() else f"U+{ord(sign):04X}"
            hint = _HINTS.get(sign, "use + - * / ^ ( ), numbers, functions and names of goods or parameters")
            raise FormulaError(messages.STRANGE_CHARACTER, at + 1, shown=shown, hint=hint)
        kind = match.lastgroup or ""
        if kind != "blank":
            last = tokens[-1] if tokens else _Token("", "", 0)
            if kind == "word" and last.kind == "number" and last.position + len(last.text) == at + 1:
                raise FormulaError(messages.NO_TIMES, at + 1, text=last.text + match.group())
            tokens.append(_Token(kind, match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


class _Parser:
    """Reads tokens left to right and emits steps in the order in which they are computed."""

    def __init__(self, text: str):
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.steps: list[Step] = []
        self.names: dict[str, int] = {}

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def emit(self, step: Step) -> int:
        if len(self.steps) >= MAX_STEPS:
            raise FormulaError(messages.MANY_STEPS, step.position, most=MAX_STEPS)
        self.steps.append(step)
        return len(self.steps) - 1

    def accept(self, *signs: str) -> _Token | None:
        token = self.token
        if token.kind == "sign" and token.text in signs:
            self.at += 1
            return token
        return None

    def expect(self, sign: str, why: str) -> None:
        if self.accept(sign) is None:
            found = f'"{self.token.text}"' if self.token.text else "the end"
            raise FormulaError(messages.EXPECTED, self.token.position, sign=sign, why=why, found=found)

    def deeper(self, position: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(messages.DEEP, position, most=MAX_DEPTH)

    def formula(self) -> tuple[Output, ...]:
        outputs = [self.assignment()]
        while self.accept(";"):
            if self.token.kind == "end":
                break
            outputs.append(self.assignment())
        if self.token.kind != "end":
            before = self.tokens[self.at - 1]
            hint = ""
            if self.token.text == "=":
                hint = ": separate several outputs by ;"
            elif self.token.text == ",":
                hint = ": write decimals with a point"
            elif before.text == "*" or self.token.text == "*":
                hint = ": write ^ for a power"
            elif self.token.kind in ("number", "word", "bracket") or self.token.text == "(":
                hint = f': write * between "{before.text}" and "{self.token.text}"'
            raise FormulaError(messages.UNEXPECTED, self.token.position, text=self.token.text, hint=hint)
        return tuple(outputs)

    def assignment(self) -> Output:
        token = self.token
        if token.kind not in ("word", "bracket"):
            raise FormulaError(messages.NO_OUTPUT, token.position)
        self.at += 1
        self.expect("=", "after the output's name")
        return Output(_name(token), self.sum(), token.position)

    def sum(self) -> int:
        return self.chain("+-", self.product)

    def product(self) -> int:
        return self.chain("*/", self.signed)

    def chain(self, signs: str, operand: Callable[[], int]) -> int:
        left = operand()
        while sign := self.accept(*signs):
            if sign.text == self.token.text == "*":
                raise FormulaError(messages.STARS, sign.position)
            left = self.emit(Step(_INFIX[sign.text], (left, operand()), position=sign.position))
        return left

    def signed(self) -> int:
        sign = self.accept("+", "-")
        if sign is None:
            return self.power()
        self.deeper(sign.position)
        value = self.signed()
        self.depth -= 1
        return value if sign.text == "+" else self.emit(Step("negate", (value,), position=sign.position))

    def power(self) -> int:
        base = self.atom()
        sign = self.accept("^")
        if sign is None:
            return base
        self.deeper(sign.position)
        exponent = self.signed()
        self.depth -= 1
        return self.emit(Step("power", (base, exponent), position=sign.position))

    def atom(self) -> int:
        token = self.token
        self.at += token.kind != "end"
        if token.kind == "number":
            value = float(token.text)
            if not np.isfinite(value):
                raise FormulaError(messages.LARGE_CONSTANT, token.position, text=token.text)
            return self.emit(Step("constant", value=value, position=token.position))
        if token.kind == "word" and self.token.text == "(":
            return self.call(token)
        if token.kind in ("word", "bracket"):
            name = _name(token)
            if key(name) not in self.names:
                self.names[key(name)] = self.emit(Step("name", name=name, position=token.position))
            return self.names[key(name)]
        if token.text == "(":
            self.deeper(token.position)
            value = self.sum()
            self.depth -= 1
            self.expect(")", "to close the parenthesis")
            return value
        if token.kind == "end":
            raise FormulaError(messages.ENDS_EARLY, token.position)
        raise FormulaError(messages.MISPLACED, token.position, text=token.text)

    def call(self, token: _Token) -> int:
        operation = SPELLINGS.get(token.text.lower())
        if operation is None:
            hint = nearest(token.text, SPELLINGS) or f": functions are {', '.join(SPELLINGS)}"
            raise FormulaError(messages.FORMULA_FUNCTION, token.position, name=token.text, hint=hint)
        self.deeper(token.position)
        self.expect("(", "after the function's name")
        arguments = [self.sum()]
        while self.accept(","):
            arguments.append(self.sum())
        self.expect(")", f"to close {token.text}(")
        self.depth -= 1
        if operation == "min":
            return self.emit(Step("min", tuple(dict.fromkeys(arguments)), position=token.position))
        if len(arguments) != 1:
            raise FormulaError(messages.ONE_ARGUMENT, token.position, name=token.text, count=len(arguments))
        return self.emit(Step(operation, tuple(arguments), position=token.position))


def _name(token: _Token) -> str:
    if token.kind == "word":
        return token.text
    name = " ".join(token.text[1:-1].split())
    if not name:
        raise FormulaError(messages.EMPTY_BRACKETS, token.position)
    return name


@lru_cache(maxsize=65536)
def parse(text: str) -> Formula:
    """Read a formula's text into steps; raises FormulaError with the position of the first fault."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(messages.LONG, MAX_LENGTH + 1, length=len(text), most=MAX_LENGTH)
    parser = _Parser(text)
    outputs = parser.formula()
    return Formula(text, tuple(parser.steps), outputs)


def resolve(
    formula: Formula, inputs: Sequence[str], constants: Mapping[str, float], held: Collection[str] = ()
) -> Tape:
    """Bind a formula's names to numbered inputs and to constants, and fold what is constant.

    Names are matched by `names.key`. held: of the constants, those that are inputs of a whole; a minimum of such
    stays a step, since it has multipliers there. Raises FormulaError at a name that is neither, and where an
    operation on constants alone has no finite value.
    """
    number = {key(name): i for i, name in enumerate(inputs)}
    given = {key(name): value for name, value in constants.items()}
    operations = [INPUT] * len(inputs)
    arguments: list[tuple[int, ...]] = [()] * len(inputs)
    fixed: dict[int, float] = {}
    names, moving = {key(name) for name in held}, set[int]()
    place: list[int] = []
    for step in formula.steps:
        of = tuple(place[i] for i in step.arguments)
        value: float | None = None
        if step.operation == CONSTANT:
            value = step.value
        elif step.operation == "name":
            if key(step.name) in number:
                place.append(number[key(step.name)])
                continue
            if key(step.name) not in given:
                raise FormulaError(messages.NEITHER_GOOD_NOR_PARAMETER, step.position, name=step.name, hint="")
            value = given[key(step.name)]
            if key(step.name) in names:
                moving.add(len(operations))
        elif all(i in fixed for i in of) and not (step.operation == MIN and moving.intersection(of)):
            value = _folded(step, [fixed[i] for i in of])
        place.append(len(operations))
        if moving.intersection(of):
            moving.add(len(operations))
        if value is not None:
            fixed[len(operations)] = value
        operations.append(step.operation if value is None else CONSTANT)
        arguments.append(of if value is None else ())
    return Tape(
        tuple(inputs), operations, arguments, fixed, tuple(place[output.step] for output in formula.outputs)
    )


def _folded(step: Step, arguments: Sequence[float]) -> float:
    """The value of an operation on constants; raises FormulaError where it is not finite."""
    row = PRIMITIVES[step.operation]
    given = [np.float64(argument) for argument in arguments]
    with np.errstate(all="ignore"):
        value = row.value(given) if step.operation == MIN else row.value(*given)
    if not np.isfinite(value):
        raise FormulaError(messages.NO_VALUE, step.position, symbol=row.symbol or row.name)
    return float(value)
