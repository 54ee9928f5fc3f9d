"""A program -> a supply chain: a line is a process, a variable is a good, a derivative is a price.

    v_i = f_i(v_j, v_k)    ->    process  v_i = f_i(v_j, v_k);  good v_i, non-rival, of either sign, no disposal

A value is read whole by every step that names it, as a blueprint is: it is copied, not shared, and its price is
the sum of what its readers pay. An argument is a good with a supply; a result is sold at its price, so that the
chain's value is the result and the price of every good its derivative.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from chainopt.chain import Chain
from chainopt.program import Program, expression
from chainopt.records import Good, Process

_WORD = re.compile(r"[^\W\d]\w*")


def to_chain(program: Program, prices: Mapping[str, float] | None = None) -> Chain:
    """The chain that a program is; its value is sum_k prices[k] output k, its plan the program's values.

    prices: by output, 1 for the only one where left out; raises ValueError where several have none. The goods are
    named as the program's steps, with parentheses for brackets.
    """
    if prices is None and len(program.outputs) > 1:
        raise ValueError(f"{program.name} has several results: give prices for {', '.join(program.outputs)}")
    tape = program.tape
    names = [re.sub(r"[\[\]]", lambda found: "()"[found[0] == "]"], name) for name in program.names()]
    worth: dict[int, float] = {}
    for output, step in zip(program.outputs, tape.outputs, strict=True):
        worth[step] = worth.get(step, 0.0) + (1.0 if prices is None else float(prices.get(output, 0.0)))
    goods = []
    for i, name in enumerate(names):
        if i in tape.constants and i not in worth:
            continue
        given = i < len(tape.inputs) or i in tape.constants
        supply = float(program.values[i]) if given else 0.0
        label = f"result {name}" if i in tape.constants else name
        goods.append(Good(label, supply=supply, price=worth.get(i), rival=False, disposal=None))
    quoted = [
        name if i in tape.constants or _WORD.fullmatch(name) else f"[{name}]" for i, name in enumerate(names)
    ]
    processes = []
    for i in program.numbered():
        at = program.place(i)
        source = f"{Path(at.file).name}:{at.line}: {at.source}" if at.line else ""
        formula = f"{quoted[i]} = {expression(tape, i, quoted)}"
        processes.append(Process(names[i], formula=formula, notes=source))
    return Chain(goods, processes, name=program.name)
