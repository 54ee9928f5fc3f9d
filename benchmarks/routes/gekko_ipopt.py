"""The problem in GEKKO, solved by the Ipopt inside its own program on this machine.

GEKKO writes equations as text; multipliers come back in a file, where a level of diagnosis asks for it.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from gekko import GEKKO
from layered import Layered

from routes.answer import OPTIMAL, Answer

_IPOPT, _OPTIMISE, _LAGRANGE = 3, 3, 2


def solve(numbers: Layered, tolerance: float) -> Answer:
    """Build; solve, with writing and reading the files."""
    begun = time.perf_counter()
    model = GEKKO(remote=False)
    width, goods = numbers.width, numbers.goods
    sold = goods - width
    start, amount = numbers.forward_run()
    level = [None] * width + [model.Var(float(y), lb=0) for y in amount[width:]]
    sale = [model.Var(float(s), lb=0) for s in amount[-width:]]
    use = [[model.Var(float(x), lb=0) for x in row] for row in start]
    taken: list[list[object]] = [[] for _ in range(goods)]
    for goods_taken, row in zip(numbers.inputs.tolist(), use, strict=True):
        for g, x in zip(goods_taken, row, strict=True):
            taken[g].append(x)
    for g in range(goods):
        gone = [*taken[g], *([sale[g - sold]] if g >= sold else [])]
        model.Equation(sum(gone[1:], gone[0]) - (float(numbers.supply[g]) if g < width else level[g]) == 0)
    for p, row in enumerate(use):
        scale, shares = float(numbers.scale[p]), numbers.shares[p].tolist()
        if numbers.elasticity == 1.0:
            made = scale
            for x, share in zip(row, shares, strict=True):
                made = made * x ** (numbers.returns * share)
        else:
            mix = 0.0
            for x, share in zip(row, shares, strict=True):
                mix = mix + share * x**numbers.r
            made = scale * mix ** (numbers.returns / numbers.r)
        model.Equation(level[width + p] == made)
    for price, s in zip(numbers.price.tolist(), sale, strict=True):
        model.Maximize(price * s)
    model.options.SOLVER, model.options.IMODE, model.options.DIAGLEVEL = _IPOPT, _OPTIMISE, _LAGRANGE
    model.options.OTOL = model.options.RTOL = tolerance
    model.solver_options = [f"tol {tolerance}", "bound_relax_factor 0.0"]
    model.options.MAX_ITER = 500
    built = time.perf_counter()
    model.solve(disp=False)
    multipliers = np.loadtxt(Path(model.path) / "apm_lam.txt")
    price = multipliers[:goods]
    solved = time.perf_counter()
    value = -float(model.options.OBJFCNVAL)
    iterations = int(model.options.ITERATIONS)
    good = model.options.APPSTATUS == 1
    model.cleanup()
    return Answer(
        status=OPTIMAL if good else f"APPINFO {model.options.APPINFO}",
        price=price,
        value=value,
        seconds={"build": built - begun, "solve": solved - built},
        iterations=iterations,
    )
