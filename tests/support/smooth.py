"""Random small chains that are smooth or mixed, concave, feasible and bounded, and nasty at their edges.

A process may take its own product, at a limit that binds; nothing may be worth doing; a logarithm goes through 0;
a formula makes less than nothing of a good that can't be thrown away; imports, twins and trades are worth just
their price. Amounts are of order one: units are spread by `unit_changes`.

- feasible: what must be had can be imported; whatever is there can be thrown away, sold, or spent
- bounded: constant returns take of a primary good, of which there is a supply; loops have returns below 1 else
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

import chainopt as co

_TERMS = ("{a}*{g}^0.6", "{a}*ln(1 + {g})", "{a}*tanh({g})")


class Draw:
    """Seeded choices."""

    def __init__(self, seed: int):
        self.random = np.random.default_rng([seed, 17])

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def between(self, low: float, high: float) -> float:
        return float(np.round(self.random.uniform(low, high), 3))

    def one(self, of: tuple[Any, ...]) -> Any:
        return of[int(self.random.integers(len(of)))]

    def some(self, names: list[str], most: int) -> list[str]:
        count = int(self.random.integers(1, min(most, len(names)) + 1))
        return [names[i] for i in sorted(self.random.choice(len(names), count, replace=False))]


def smooth_chain(seed: int) -> co.Chain:
    """A chain of 2 to 13 goods."""
    draw = Draw(seed)
    primary = [f"r{i}" for i in range(int(draw.random.integers(1, 4)))]
    made = [f"g{i}" for i in range(int(draw.random.integers(1, 7)))]
    goods = {name: _primary(draw, name) for name in primary}
    worthless = draw.chance(0.1)
    for name in made:
        sold = not worthless and (draw.chance(0.6) or name == made[-1])
        goods[name] = _sold(draw, name) if sold else co.Good(name)
    processes = []
    for i, name in enumerate(made):
        for k in range(1 + draw.chance(0.35)):
            processes.append(_process(draw, f"p{i}.{k}", name, primary, made[:i], made))
            if draw.chance(0.1):
                processes.append(_twin(processes[-1]))
    if draw.chance(0.3):
        of = draw.one(tuple(made))
        goods["u"] = co.Good("u", price=draw.between(0.5, 2), min_sale=-inf, disposal=None)
        processes.append(co.Process("log", formula=f"u = ln({of})"))
        goods[of] = replace(goods[of], import_price=draw.between(3, 9), max_import=1.0)
    if draw.chance(0.2):
        goods["capital"] = co.Good("capital", supply=draw.between(5, 50), disposal=None)
        goods["x"] = co.Good("x", import_price=draw.between(0, 0.2))
        goods["money"] = co.Good("money", price=1.0)
        formula = f"money = {draw.between(1, 9)}*ln(1 + x); capital = -x"
        processes.append(co.Process("spend", formula=formula))
    return co.Chain(goods.values(), processes, name=f"smooth {seed}")


def _primary(draw: Draw, name: str) -> co.Good:
    good = co.Good(name, supply=draw.between(0.5, 8), price=draw.between(0.05, 0.5) if draw.chance(0.3) else None)
    if draw.chance(0.3):
        # A trade that is worth just nothing, or an import.
        return replace(good, import_price=good.price or draw.between(1, 3), max_import=draw.between(1, 5))
    return good


def _sold(draw: Draw, name: str) -> co.Good:
    good = co.Good(name, price=draw.between(0.3, 4))
    kind = draw.random.random()
    if kind < 0.3:
        return replace(good, demand_elasticity=draw.one((0.5, 1.0, 2.0)), reference_sale=draw.between(0.3, 3))
    if kind < 0.55:
        return replace(good, max_sale=draw.between(0.1, 1.5))
    if kind < 0.65:
        return replace(good, import_price=good.price, max_import=draw.between(0.5, 3))
    if kind < 0.75:
        least = draw.between(0.1, 1)
        return replace(good, min_sale=least, import_price=draw.between(5, 9), max_import=2 * least)
    return good


def _twin(process: co.Process) -> co.Process:
    own = ("function", "formula", "inputs", "outputs", "scale", "returns", "elasticity", "unit_cost")
    return co.Process(f"twin of {process.process}", **{field: getattr(process, field) for field in own})


def _process(
    draw: Draw, name: str, output: str, primary: list[str], below: list[str], made: list[str]
) -> co.Process:
    yields, more = {output: draw.between(0.5, 2)}, {}
    if draw.chance(0.3):
        more["unit_cost"] = draw.between(0.05, 6 if draw.chance(0.2) else 0.6)
    if draw.chance(0.3):
        more["capacity"] = draw.between(0.2, 2)
    kind = draw.one(("formula", "recipe", "cobb-douglas", "ces", "cobb-douglas", "ces"))
    if kind == "formula":
        terms = [draw.one(_TERMS).format(a=draw.between(0.3, 2), g=g) for g in draw.some([*primary, *below], 3)]
        return co.Process(name, formula=f"{output} = {' + '.join(terms)}", **more)
    if kind == "recipe":
        inputs = {g: draw.between(0.3, 2) for g in draw.some([*primary, *below], 3)}
        function = draw.one(("linear", "leontief", "leontief"))
        return co.Process(name, function=function, inputs=inputs, outputs=yields, **more)
    # Its own product and later ones too: loops.
    taken = [*draw.some(primary, 2), *draw.some(made, 2)]
    inputs = {g: draw.between(0.2, 1) for g in taken}
    whole, returns = sum(inputs.values()), 1.0 if draw.chance(0.2) else draw.between(0.4, 0.9)
    more["scale"] = draw.between(0.5, 1.5)
    if kind == "cobb-douglas":
        inputs = {g: returns * a / whole for g, a in inputs.items()}
        return co.Process(name, function=kind, inputs=inputs, outputs=yields, **more)
    elasticity = draw.one((0.5, 0.8, 2.0))
    # Where one input will do, a loop of constant returns could grow of itself.
    returns = 0.8 if elasticity > 1 and returns == 1 else returns
    inputs = {g: a / whole for g, a in inputs.items()}
    options = {"elasticity": elasticity, "returns": returns, **more}
    return co.Process(name, function=kind, inputs=inputs, outputs=yields, **options)
