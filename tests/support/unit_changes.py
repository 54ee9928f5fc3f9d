"""The same chain with its goods and its money counted in other units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np
from sizes import by_unit, turnover

import chainopt as co


def in_units(chain: co.Chain, factor: Mapping[str, float], money: float) -> co.Chain:
    """The chain where amounts of each good are `factor` times as large a number, and money `money` times.

    A process's level stays in its own unit, but where a formula names its output: that is its level.
    Goods in formulas are plain words, each formula has one output, and rows of `outputs` other goods.
    """

    def priced(price: float | None, good: str) -> float | None:
        return None if price is None else price * money / factor[good]

    goods = []
    for good in chain.goods:
        f = factor[good.good]
        goods.append(
            replace(
                good,
                supply=good.supply * f,
                price=priced(good.price, good.good),
                max_sale=good.max_sale * f,
                min_sale=good.min_sale * f,
                reference_sale=None if good.reference_sale is None else good.reference_sale * f,
                import_price=priced(good.import_price, good.good),
                max_import=good.max_import * f,
                disposal=priced(good.disposal, good.good),
            )
        )
    return co.Chain(
        goods,
        [_process(process, factor, money) for process in chain.processes],
        parameters=chain.parameters,
        settings=chain.settings,
    )


def _process(process: co.Process, factor: Mapping[str, float], money: float) -> co.Process:
    taken = {use.good: factor[use.good] for use in process.inputs}
    inputs = [replace(use, max=use.max * taken[use.good]) for use in process.inputs]
    if process.formula:
        output, _, body = (part.strip() for part in process.formula.partition("="))
        level = factor[output]
        known = re.compile(r"[^\W\d]\w*")
        body = known.sub(lambda m: f"({m[0]}/{factor[m[0]]!r})" if m[0] in factor else m[0], body)
        change = {"formula": f"{output} = {level!r} * ({body})"}
    else:
        level = 1.0
        exponent = {use.good: use.coefficient or 0.0 for use in process.inputs}
        power = {
            "leontief": -1.0,
            "linear": 1.0,
            "cobb-douglas": 0.0,
            "ces": 0.0 if process.elasticity is None else (process.elasticity - 1) / process.elasticity,
        }[process.function or ""]
        inputs = [replace(use, coefficient=(use.coefficient or 0.0) * taken[use.good] ** -power) for use in inputs]
        change = {}
        if process.function == "cobb-douglas":
            change = {"scale": process.scale * prod(f ** -exponent[good] for good, f in taken.items())}
    return replace(
        process,
        inputs=tuple(inputs),
        outputs=tuple(
            replace(out, **{"yield_": out.yield_ * factor[out.good] / level}) for out in process.outputs
        ),
        capacity=process.capacity * level,
        min_level=process.min_level * level,
        unit_cost=process.unit_cost * money / level,
        **change,
    )


def random_units(chain: co.Chain, seed: int, powers: float = 6.0) -> tuple[dict[str, float], float]:
    """A factor for each good and one for money, from 10^-powers to 10^powers."""
    random = np.random.default_rng([seed, 77])
    drawn = 10.0 ** random.uniform(-powers, powers, len(chain.goods) + 1)
    return dict(zip((good.good for good in chain.goods), drawn[:-1].tolist(), strict=True)), float(drawn[-1])


def difference(chain: co.Chain, factor: Mapping[str, float], money: float) -> str:
    """What a change of units changes in a solution, beyond 1e-6 of a price; "" where nothing is."""
    other_chain = in_units(chain, factor, money)
    plain, other = co.solve(chain), co.solve(other_chain)
    if plain.status is not other.status:
        return f"{plain.status} became {other.status}: {other.message}; {plain.message}"
    if not plain.certified:
        return ""
    assert plain.objective is not None
    assert other.objective is not None
    size = max(abs(plain.objective), 1e-6 * turnover(co.tables(chain, plain).goods))
    if abs(other.objective / money - plain.objective) > 1e-7 * size:
        return f"value {plain.objective!r} became {other.objective / money!r}"
    before, after = co.prices(chain, plain), co.prices(other_chain, other)
    unit = np.array([money / factor[good] for good in before["good"]])
    slack = 1e-8 * by_unit(co.tables(chain, plain).goods)
    unique = (before["interval"] == "point") & (after["interval"] == "point")
    wrong = []
    for column in ("price", "low", "high"):
        left, right = before[column].to_numpy(float), after[column].to_numpy(float) / unit
        both = np.isfinite(left) & np.isfinite(right) & (unique.to_numpy() if column == "price" else True)
        apart = both & (np.abs(right - left) > 1e-6 * np.abs(left) + slack.to_numpy())
        apart |= np.isfinite(left) != np.isfinite(right)
        wrong += [
            f"{column} of {before['good'][i]}: {left[i]!r} became {right[i]!r}" for i in np.flatnonzero(apart)
        ]
    return "; ".join(wrong)
