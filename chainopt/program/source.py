"""A program as Python text that runs without chainopt: its value, and its own reverse sweep, line by line.

    forward    z = f(a, b)
    reverse    d_a += d_z * df/da;   d_b += d_z * df/db

The partial derivatives are those of the table of primitives, applied to text instead of numbers.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from chainopt.program.structure import free
from chainopt.technology.primitives import ROWS
from chainopt.technology.tape import AGAIN, CONSTANT, INPUT, Tape

_FUNCTIONS = {row.value: name for name, row in ROWS.items() if row.function}
_RESERVED = {
    *keyword.kwlist,
    *ROWS,
    *("abs", "all", "max", "range", "print", "zip", "before", "after", "settled"),
}
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(5)
_INFIX = {
    np.add: ("+", _SUM, _SUM, _PRODUCT),
    np.subtract: ("-", _SUM, _SUM, _PRODUCT),
    np.multiply: ("*", _PRODUCT, _PRODUCT, _SIGN),
    np.divide: ("/", _PRODUCT, _PRODUCT, _SIGN),
    np.power: ("**", _POWER, _ATOM, _SIGN),
}
"""An operation's sign, how tightly it binds, and how tightly its operands must."""


class Text(NDArrayOperatorsMixin):
    """An expression as text, with how tightly it binds; operators and NumPy's functions write longer ones."""

    __slots__ = ("binds", "text")

    def __init__(self, text: str, binds: int = _ATOM):
        self.text, self.binds = text, binds

    def __str__(self) -> str:
        return self.text

    def within(self, least: int) -> str:
        """The text where at least this much must bind."""
        return self.text if self.binds >= least else f"({self.text})"

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any) -> Text:
        of = list(map(_text, inputs))
        if ufunc in _FUNCTIONS:
            return Text(f"{_FUNCTIONS[ufunc]}({', '.join(map(str, of))})")
        if ufunc is np.negative:
            return Text(f"-{of[0].within(_SIGN)}", _SIGN)
        if ufunc is np.multiply and not isinstance(inputs[1], Text) and abs(inputs[1]) == 1.0:
            return of[0] if inputs[1] > 0 else -of[0]
        sign, binds, left, right = _INFIX[ufunc]
        return Text(f"{of[0].within(left)} {sign} {of[1].within(right)}", binds)


def _text(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    return Text(repr(float(value)), _SIGN if value < 0 else _ATOM)


def source(
    title: str,
    tape: Tape,
    values: Sequence[float],
    names: Sequence[str],
    comments: Mapping[int, str],
    output: int,
) -> str:
    """Python text of a function of the tape's inputs that returns (value, {name: derivative}).

    output: the step that is its value; comments: where a step comes from. Run as a program the text prints the
    value and the derivatives. A loop is a fixed-point iteration, forward and in reverse.
    """
    word, function = _identifiers(tape, names), _identifier(title)
    function = f"{function}_program" if function in _RESERVED else function
    body = [*_forward(tape, word, comments, values), *_reverse(tape, word, values, output)]
    used = sorted({name for name in _FUNCTIONS.values() if any(f"{name}(" in line for line in body)})
    steps = [i for i, operation in enumerate(tape.operations) if operation != CONSTANT]
    arguments = [f"{word[i]}={float(values[i])!r}" for i in range(len(tape.inputs))]
    lines = [
        f'"""{_harmless(title)}: its value, and d(value) by every step of it; written by chainopt."""',
        "",
        *([f"from math import {', '.join(used)}", "", ""] if used else [""]),
        *([*_SETTLED, "", ""] if tape.loops() else []),
        f"def {function}(",
        *(f"    {argument}," for argument in arguments),
        "):",
        '    """The value, and d(value)/d(name) by name: the price of each good."""',
        *(f"    {line}" if line else "" for line in body),
        f"    return {word[output]}, {{",
        *(f"        {names[i]!r}: d_{word[i]}," for i in steps),
        "    }",
        "",
        "",
        'if __name__ == "__main__":',
        f"    value, price = {function}()",
        '    print("value =", value)',
        "    for name in price:",
        '        print("price of", name, "=", price[name])',
    ]
    return "\n".join(lines) + "\n"


_ROUNDS = 2000
_LEAST = 1e-2
_SETTLED = (
    "def settled(before, after, size):",
    '    """Whether a round changes nothing but the last digits, by the sizes of what is summed up."""',
    "    return all(abs(b - a) <= 1e-12 * max(s, abs(b)) for a, b, s in zip(before, after, size))",
)


def _forward(
    tape: Tape, word: Sequence[str], comments: Mapping[int, str], values: Sequence[float]
) -> Iterator[str]:
    loops = tape.loops()
    indent = "    " if loops else ""
    last = ""
    for leaf in loops:
        yield f"{word[leaf]} = {float(values[leaf])!r}"
    if loops:
        yield f"for _ in range({_ROUNDS}):"
    for i, operation in enumerate(tape.operations):
        if operation in (INPUT, CONSTANT, AGAIN):
            continue
        comment = comments.get(i, "")
        shown = f"  # {_harmless(comment)}" if comment and comment != last else ""
        last = comment
        of = _operands(tape, word, i)
        yield f"{indent}{word[i]} = {ROWS[operation].value(*of)}{shown}"
    yield from _round(tape, "", word, _floored(tape.sizes(values).tolist()))
    yield ""


def _reverse(tape: Tape, word: Sequence[str], values: Sequence[float], output: int) -> Iterator[str]:
    loops = tape.loops()
    indent = "    " if loops else ""
    for leaf in loops:
        yield f"d_{word[leaf]} = 0.0"
    if loops:
        yield f"for _ in range({_ROUNDS}):"
    begun: set[int] = set()
    for leaf in loops:
        yield f"{indent}before_{word[leaf]} = d_{word[leaf]}"
    for target in dict.fromkeys([output, *loops.values()]):
        if target in tape.constants:
            continue
        terms = ["1.0"] if target == output else []
        terms += [f"before_{word[leaf]}" for leaf, source in loops.items() if source == target]
        yield f"{indent}d_{word[target]} = {' + '.join(terms)}"
        begun.add(target)
    for i in range(len(tape) - 1, -1, -1):
        if tape.operations[i] == CONSTANT:
            continue
        if i not in begun:
            yield f"{indent}d_{word[i]} = 0.0"
            continue
        if tape.operations[i] in (INPUT, AGAIN):
            continue
        of = _operands(tape, word, i)
        for j, partial in zip(tape.arguments[i], ROWS[tape.operations[i]].partials, strict=True):
            if j in tape.constants:
                continue
            term = Text(f"d_{word[i]}") * partial(Text(word[i]), *of)
            yield f"{indent}d_{word[j]} {'+=' if j in begun else '='} {term}"
            begun.add(j)
    yield from _round(tape, "d_", word, _adjoint_sizes(tape, values, output))


def _operands(tape: Tape, word: Sequence[str], step: int) -> list[Text]:
    return [Text(word[j], _SIGN if word[j].startswith("-") else _ATOM) for j in tape.arguments[step]]


def _adjoint_sizes(tape: Tape, values: Sequence[float], output: int) -> Sequence[float]:
    """The size of what each loop's adjoint is the sum of."""
    loops = tape.loops()
    if not loops:
        return []
    adjoint = tape.sweep(values, {output: 1.0})
    size = dict.fromkeys(loops, 0.0)
    for i, j, slope in zip(*tape.edges(values), strict=True):
        if j in size:
            size[j] = max(size[j], abs(float(adjoint[i]) * slope))
    return _floored(list(size.values()))


def _floored(sizes: Sequence[float]) -> list[float]:
    """Sizes of loops that feed each other: what cancels in one is rounded as the others are."""
    return [max(size, _LEAST * max(sizes)) for size in sizes]


def _round(tape: Tape, prefix: str, word: Sequence[str], sizes: Sequence[float]) -> Iterator[str]:
    """The end of a round of a loop: leave where nothing changes any more."""
    loops = tape.loops()
    if not loops:
        return
    if prefix:
        before = ", ".join(f"before_{word[leaf]}" for leaf in loops)
        after = ", ".join(f"d_{word[leaf]}" for leaf in loops)
    else:
        before = ", ".join(word[leaf] for leaf in loops)
        after = ", ".join(word[target] for target in loops.values())
    size = ", ".join(f"{float(size):.3g}" for size in sizes)
    yield f"    if settled([{before}], [{after}], [{size}]):"
    yield "        break"
    if not prefix:
        yield f"    {before} = {after}"
    yield "else:"
    yield f'    raise ArithmeticError("the {"derivatives" if prefix else "values"} do not settle")'


def _identifiers(tape: Tape, names: Sequence[str]) -> list[str]:
    """A Python name for every step, each another; constants as they are."""
    taken = set(_RESERVED)
    result = []
    for i, name in enumerate(names):
        if i in tape.constants:
            result.append(repr(float(tape.constants[i])))
            continue
        word = free(_identifier(name), lambda word: bool(taken & {word, f"d_{word}", f"before_{word}"}))
        taken.update((word, f"d_{word}", f"before_{word}"))
        result.append(word)
    return result


def _identifier(name: str) -> str:
    """The nearest that a Python name can be to any text."""
    text = unicodedata.normalize("NFKC", name)
    plain = "".join(sign if f"a{sign}".isidentifier() else "_" for sign in text).strip("_") or "step"
    plain = re.sub("__+", "_", plain)
    return plain if plain.isidentifier() and not keyword.iskeyword(plain) else f"_{plain}"


def _harmless(text: str) -> str:
    """Text that can't end a comment or a docstring."""
    return " ".join(text.split()).replace("\\", "/").replace('"', "'")
