"""The problem in PyOptInterface, which compiles one function for all alike constraints, with CasADi's libipopt.

Its Ipopt ignores a sense of Maximize, so it minimises the negative value; its duals are that value's derivatives
in the right-hand side, so that a price is minus the dual of  uses + sale - made = supply."""

from __future__ import annotations

import time
from pathlib import Path

import casadi
import numpy as np
import pyoptinterface as poi
from layered import Layered
from pyoptinterface import ipopt, nl

from routes.answer import OPTIMAL, Answer

_LIBRARY = next(Path(casadi.__file__).parent.glob("*ipopt.so"), None) or next(
    Path(casadi.__file__).parent.glob("*ipopt*.d*")
)
ipopt.load_library(str(_LIBRARY))


def solve(numbers: Layered, tolerance: float) -> Answer:
    """Build; solve, derivatives and their compilation included."""
    begun = time.perf_counter()
    model = ipopt.Model()
    width, goods = numbers.width, numbers.goods
    start, amount = numbers.forward_run()
    sold = goods - width
    level = [None] * width + [model.add_variable(lb=0.0, start=float(y)) for y in amount[width:]]
    sale = [model.add_variable(lb=0.0, start=float(s)) for s in amount[-width:]]
    taken: list[list[poi.VariableIndex]] = [[] for _ in range(goods)]
    for p, goods_taken in enumerate(numbers.inputs.tolist()):
        use = [model.add_variable(lb=0.0, start=float(x)) for x in start[p]]
        for g, x in zip(goods_taken, use, strict=True):
            taken[g].append(x)
        _add_process(model, numbers, p, level[width + p], use)
    balances = []
    for g in range(goods):
        balance = poi.ExprBuilder()
        for x in taken[g]:
            balance += x
        if g >= width:
            balance -= level[g]
        if g >= sold:
            balance += sale[g - sold]
        supply = float(numbers.supply[g]) if g < width else 0.0
        balances.append(model.add_linear_constraint(balance, poi.Eq, supply))
    worth = poi.ExprBuilder()
    for price, s in zip(numbers.price.tolist(), sale, strict=True):
        worth -= price * s
    model.set_objective(worth)
    for name, value in (("print_level", 0), ("sb", "yes"), ("tol", tolerance), ("bound_relax_factor", 0.0)):
        model.set_raw_parameter(name, value)
    built = time.perf_counter()
    model.optimize()
    solved = time.perf_counter()
    status = model.get_model_attribute(poi.ModelAttribute.TerminationStatus)
    good = status in (poi.TerminationStatusCode.LOCALLY_SOLVED, poi.TerminationStatusCode.OPTIMAL)
    dual = [model.get_constraint_attribute(row, poi.ConstraintAttribute.Dual) for row in balances]
    return Answer(
        status=OPTIMAL if good else status.name,
        price=-np.array(dual),
        value=-float(model.get_model_attribute(poi.ModelAttribute.ObjectiveValue)),
        seconds={"build": built - begun, "solve": solved - built},
    )


def _add_process(
    model: ipopt.Model, numbers: Layered, p: int, level: poi.VariableIndex, use: list[poi.VariableIndex]
) -> None:
    """level = f(uses), a graph of its own: those of one shape share one compiled function."""
    with nl.graph():
        if numbers.elasticity == 1.0:
            made: object = float(numbers.scale[p])
            for x, share in zip(use, numbers.shares[p].tolist(), strict=True):
                made = made * x ** (numbers.returns * share)
        else:
            mix: object = 0.0
            for x, share in zip(use, numbers.shares[p].tolist(), strict=True):
                mix = mix + share * x**numbers.r
            made = float(numbers.scale[p]) * mix ** (numbers.returns / numbers.r)
        model.add_nl_constraint(level - made == 0.0)
