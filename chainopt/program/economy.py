"""A program -> a supply chain: a line is a process, a variable is a good, a derivative is a price.

    v_i = f_i(v_j, v_k)    ->    process  v_i = f_i(v_j, v_k);  good v_i, non-rival, of either sign, no disposal

A value is read whole by every step that names it, as a blueprint is: it is copied, not shared, and its price is
the sum of what its readers pay. An argument is a good with a supply; a result is sold at its price, so that the
chain's value is the result and the price of every good its derivative.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chainopt.chain.chain import Chain
from chainopt.chain.records import Good, Process
from chainopt.technology.primitives import PROGRAMS, ROWS
from chainopt.technology.tape import AGAIN, CONSTANT, INPUT, Tape

_WORD = re.compile(r"[^\W\d]\w*")


def expression(tape: Tape, step: int, names: Sequence[str]) -> str:
    """A step in a formula's words, over names; negative constants stand in parentheses."""
    operation = tape.operations[step]
    of = [f"({names[j]})" if names[j].startswith("-") else names[j] for j in tape.arguments[step]]
    if operation == AGAIN:
        return of[0]
    row = ROWS[operation]
    if row.function:
        return f"{operation}({', '.join(of)})"
    return f"{of[0]} {row.symbol} {of[1]}" if len(of) == 2 else f"{row.symbol}{of[0]}"


def _formula(tape: Tape, step: int, names: Sequence[str]) -> str:
    """The same in words that formulas know."""
    row = PROGRAMS.get(tape.operations[step])
    return row.formula.format(names[tape.arguments[step][0]]) if row else expression(tape, step, names)


def economy(
    title: str,
    tape: Tape,
    values: Sequence[float],
    names: Sequence[str],
    notes: Mapping[int, str],
    worth: Mapping[int, float],
) -> Chain:
    """The chain that a tape is, of goods named as its steps.

    values: of every step; those of inputs, of constants that are results, and of what loops begin with are
    supplies; notes: on processes, by step; worth: what the outputs
    sell at, by step. The chain's value is sum_i worth_i values_i, and its plan the values.
    """
    goods, processes = [], []
    for i, (operation, name) in enumerate(zip(tape.operations, names, strict=True)):
        supply = float(values[i]) if operation in (INPUT, CONSTANT) else 0.0
        if operation == AGAIN:
            supply = _begun(values[i])
        if operation != CONSTANT:
            goods.append(Good(name, supply=supply, price=worth.get(i), rival=False, disposal=None))
        elif i in worth:
            goods.append(Good(f"result {name}", supply=supply, price=worth[i], rival=False, disposal=None))
    quoted = [
        name if i in tape.constants or _WORD.fullmatch(name) else f"[{name}]" for i, name in enumerate(names)
    ]
    for i, operation in enumerate(tape.operations):
        if operation not in (INPUT, CONSTANT):
            formula = f"{quoted[i]} = {_formula(tape, i, quoted)}"
            if operation == AGAIN:
                formula += f" - ({_begun(values[i])!r})"
            processes.append(Process(names[i], formula=formula, notes=notes.get(i, "")))
    return Chain(goods, processes, name=title)


def _begun(value: float) -> float:
    """What a loop goes on from is there as a supply, not 0, so that a run of the chain begins at the values."""
    return float(value) or 1e-300
