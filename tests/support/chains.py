"""Chains for tests: small builders, and seeded random chains that are feasible, bounded and concave.

Why a random chain is so, by construction:

- feasible: every supply can be thrown away, every process may stand still, and three times what must be sold
  or delivered can be imported;
- bounded: goods are numbered, and a process that takes a good of a higher number (which may close a cycle)
  either is bounded by an input of a lower number (leontief) or has returns well below 1; imports have a limit;
- concave: returns are at most 1, and formulas are sums of increasing concave functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import chainopt as co


def with_supply(chain: co.Chain, good: str, supply: float) -> co.Chain:
    """The same chain with another supply of one good."""
    return co.Chain(
        [replace(g, supply=supply) if g.good == good else g for g in chain.goods],
        chain.processes,
        parameters=chain.parameters,
        settings=chain.settings,
    )


def recipe(name: str, takes: dict[str, float], makes: dict[str, float] | str, **more: float) -> co.Process:
    """A process of fixed proportions."""
    return co.Process(name, function="leontief", inputs=takes, outputs=makes, **more)


def objective(chain: co.Chain) -> float:
    """The optimal value of a chain, which must be certified."""
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.objective is not None
    return solution.objective


def by_good(chain: co.Chain, solution: co.Solution, column: str, **options: Any) -> dict[str, Any]:
    """One column of the table of goods, by good."""
    table = co.tables(chain, solution, **options).goods
    return dict(zip(table["good"], table[column], strict=True))


def cobb_douglas_network(
    exponents: np.ndarray, labour: np.ndarray, demand: np.ndarray, scale: np.ndarray, supply: float
) -> co.Chain:
    """Good i = scale_i labour^labour_i prod_j good_j^exponents_ij; final demand pays demand_i ln(sale_i)."""
    count = len(labour)
    goods = [co.Good("labour", supply=supply)]
    for i in range(count):
        if demand[i] > 0:
            goods.append(co.Good(f"g{i}", price=demand[i] / 2.0, reference_sale=2.0, demand_elasticity=1.0))
        else:
            goods.append(co.Good(f"g{i}"))
    processes = []
    for i in range(count):
        inputs = {"labour": labour[i]} if labour[i] > 0 else {}
        inputs |= {f"g{j}": exponents[i, j] for j in range(count) if exponents[i, j] > 0}
        processes.append(
            co.Process(f"p{i}", function="cobb-douglas", scale=scale[i], inputs=inputs, outputs=f"g{i}")
        )
    return co.Chain(goods, processes, name="Cobb-Douglas network")


_FUNCTIONS = {
    "smooth": ("cobb-douglas", "ces", "formula"),
    "linear": ("leontief", "leontief", "linear"),
    "mixed": ("cobb-douglas", "ces", "formula", "leontief", "linear"),
    "market": ("cobb-douglas", "ces"),
}


@dataclass
class _Draw:
    """A random chain under construction."""

    random: np.random.Generator
    kind: str
    cyclic: bool
    idle: bool
    goods: dict[str, co.Good] = field(default_factory=dict)
    processes: list[co.Process] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def between(self, low: float, high: float) -> float:
        return float(np.round(self.random.uniform(low, high), 4))

    def some(self, names: list[str], most: int) -> list[str]:
        count = min(len(names), int(self.random.integers(1, most + 1)))
        return [names[i] for i in sorted(self.random.choice(len(names), count, replace=False))]


def random_chain(
    seed: int, kind: str = "mixed", cyclic: bool = False, *, idle: bool = False, most: int = 40
) -> co.Chain:
    """A feasible, bounded, concave chain of 2 to `most` goods (by-products apart).

    kind "linear": leontief and linear processes, constant prices, limits. "smooth": the other functions and
    formulas, demand curves, no limits. "market": smooth without formulas, and non-rival goods. "mixed": all that,
    and obligations. Unless idle is asked for (or the kind is linear), nearly everything runs: what is made has a
    demand curve.
    """
    if kind not in _FUNCTIONS:
        raise ValueError(kind)
    random = np.random.default_rng([seed, list(_FUNCTIONS).index(kind), cyclic])
    draw = _Draw(random, kind, cyclic, idle or kind == "linear")
    total = int(draw.random.integers(2, most + 1))
    primary = max(1, min(total - 1, int(draw.random.integers(1, 6))))
    for i in range(primary):
        _primary(draw, f"g{i}")
    for i in range(primary, total):
        _made_good(draw, f"g{i}", last=i == total - 1)
    if kind in ("mixed", "market") and draw.chance(0.4):
        _design(draw)
    names = list(draw.goods)
    for i in range(primary, total):
        for k in range(1 + draw.chance(0.3)):
            _process(draw, i, names[:i], names[i + 1 : total], k)
    return co.Chain(
        draw.goods.values(), draw.processes, parameters={"k": 1.5}, name=f"random {kind} {seed} {cyclic}"
    )


def _primary(draw: _Draw, name: str) -> None:
    good = co.Good(name, supply=draw.between(1.0, 20.0))
    if draw.chance(0.25):
        good = replace(good, import_price=draw.between(2.0, 6.0), max_import=draw.between(1.0, 5.0))
    if draw.chance(0.2):
        good = replace(good, price=draw.between(0.05, 0.5))
    draw.goods[name] = good


def _made_good(draw: _Draw, name: str, *, last: bool) -> None:
    good = co.Good(name)
    if last or draw.chance(0.5) or not draw.idle:
        good = replace(good, price=draw.between(0.5, 5.0))
        if draw.kind != "linear" and (not draw.idle or draw.chance(0.5)):
            elasticity = [0.5, 1.0, 2.0, 3.0][int(draw.random.integers(4))]
            good = replace(good, demand_elasticity=elasticity, reference_sale=draw.between(0.5, 4.0))
        elif draw.kind in ("linear", "mixed") and draw.chance(0.4):
            good = replace(good, max_sale=draw.between(0.5, 4.0))
    if draw.kind in ("linear", "mixed") and not np.isfinite(good.demand_elasticity) and draw.chance(0.15):
        # Something must be had, at the worst from abroad.
        good = replace(good, import_price=draw.between(5.0, 15.0), max_import=3.0)
        if draw.chance(0.5):
            least = draw.between(0.2, 1.0)
            good = replace(good, min_sale=least, max_sale=max(least + 0.5, good.max_sale))
        else:
            good = replace(good, supply=-draw.between(0.2, 1.0))
    draw.goods[name] = good


def _design(draw: _Draw) -> None:
    """A non-rival good, made from the first good, that some processes read."""
    draw.goods["design"] = co.Good("design", rival=False, supply=draw.between(0.5, 2.0))
    research = co.Process("research", formula="design = sqrt(g0)", outputs=())
    if draw.kind == "market":
        research = co.Process("research", function="cobb-douglas", inputs={"g0": 0.5}, outputs="design")
        if draw.chance(0.3):
            draw.goods["design"] = replace(draw.goods["design"], price=draw.between(-0.2, 0.5))
    draw.processes.append(research)


def _process(draw: _Draw, i: int, below: list[str], above: list[str], k: int) -> None:
    name, output = f"p{i}.{k}", f"g{i}"
    inputs = draw.some(below, 3)
    back = [above[int(draw.random.integers(len(above)))]] if draw.cyclic and above and draw.chance(0.3) else []
    outputs: dict[str, float] = {output: draw.between(0.8, 1.5)}
    limits: dict[str, float] = {}
    if draw.kind == "linear" or draw.chance(0.3):
        limits["unit_cost"] = draw.between(0.02, 0.3)
    if draw.kind in ("linear", "mixed") and draw.chance(0.3):
        limits["capacity"] = draw.between(0.5, 4.0)
    if draw.chance(0.3):
        outputs[_by_product(draw, name)] = draw.between(0.1, 0.5)
    choices = _FUNCTIONS[draw.kind]
    function = choices[int(draw.random.integers(len(choices)))]
    if function == "linear" and back:
        function = "leontief"
    if function == "formula":
        text = _formula(draw, output, inputs, back)
        outputs.pop(output)
        draw.processes.append(co.Process(name, formula=text, outputs=outputs, **limits))
        return
    taken = {good: draw.between(0.3, 1.5) for good in inputs} | {good: draw.between(0.05, 0.3) for good in back}
    if draw.kind == "market" and "design" in draw.goods and draw.chance(0.5):
        taken["design"] = draw.between(0.1, 0.5)
    options: dict[str, Any] = {"scale": draw.between(0.6, 1.6)}
    if function == "cobb-douglas":
        whole = sum(taken.values())
        returns = 1.0 if draw.chance(0.3) and not back else draw.between(0.5, 0.9)
        taken = {good: returns * a / whole for good, a in taken.items()}
    elif function == "ces":
        options["elasticity"] = [0.3, 0.6, 0.8, 1.5, 2.0, 3.0][int(draw.random.integers(6))]
        options["returns"] = 1.0 if draw.chance(0.3) and not back else draw.between(0.5, 0.9)
        whole = sum(taken.values())
        taken = {good: a / whole for good, a in taken.items()}
    rows = [co.Input(good, a) for good, a in taken.items()]
    if draw.kind in ("linear", "mixed") and draw.chance(0.1):
        rows[0] = replace(rows[0], max=draw.between(0.5, 3.0))
    draw.processes.append(co.Process(name, function=function, inputs=rows, outputs=outputs, **options, **limits))


def _by_product(draw: _Draw, process: str) -> str:
    """A good made beside another: worthless, costly to be rid of, or saleable and without disposal."""
    name = f"waste of {process}"
    kinds = (
        co.Good(name),
        co.Good(name, disposal=draw.between(0.05, 0.5)),
        co.Good(name, price=draw.between(-0.3, 0.5), disposal=None),
    )
    draw.goods[name] = kinds[int(draw.random.integers(3))]
    return name


def _formula(draw: _Draw, output: str, inputs: list[str], back: list[str]) -> str:
    """A sum of concave, increasing terms, each of one or two inputs."""
    terms = []
    names = list(inputs) + back + (["design"] if "design" in draw.goods and draw.chance(0.5) else [])
    for name in names:
        a, b = draw.between(0.4, 1.5), draw.between(0.3, 1.2)
        shapes = [
            f"{a} * sqrt({name} + 0.1) - {a} * sqrt(0.1)",
            f"{a} * ln(1 + {b} * {name})",
            f"{a} * (1 - 1/(1 + {b} * {name}))",
            f"{a} * tanh({b} * {name})",
            f"k * (1 - exp(-{b} * {name}))",
        ]
        if name != "design":
            shapes += [f"{a} * {name}^0.6", f"{a} * sqrt({name}) * g0^0.3"]
        if draw.kind == "mixed" and name not in ("design", *back):
            shapes.append(f"min({a} * {name}, {b})")
        terms.append(shapes[int(draw.random.integers(len(shapes)))])
    return f"{output} = " + " + ".join(terms)
