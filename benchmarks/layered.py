"""Layered chains of any size, the benchmarks' problem: the same numbers for every route.

    layer 0     `width` goods, each with a supply
    layer l     `width` goods, each made by one process from 4 goods of layer l - 1
    last layer  sold at prices around 1

A process takes the good at its own place in the layer before (the layers are rings), so that every good has a use,
and 3 more: of the 6 nearest ("neighbours"), or one from each third of the layer ("random", in ten wide layers, so
that a factorisation fills in). The scale 4^returns, times a draw around 1, keeps amounts near 1 in every layer.
Nothing is disposed of. So flows (uses) = 4 x processes = 4 x width x layers:

                neighbours         random
    flows       width   layers     width   layers
    1,000          25       10        25       10
    5,000          50       25       125       10
    20,000        100       50       500       10
    80,000        200      100     2,000       10
    1,000,000     625      400    25,000       10
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from hashlib import sha256
from math import isqrt, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainopt import Chain
    from chainopt.market.columns import Columns

INPUTS, NEAREST, WIDE = 4, 6, 10
GRAPHS = ("neighbours", "random")


@dataclass(frozen=True, slots=True)
class Case:
    """What a chain is like but for its size; elasticity 1 is Cobb-Douglas, any other CES."""

    graph: str = "neighbours"
    elasticity: float = 1.0
    returns: float = 0.9

    @property
    def technology(self) -> str:
        return "Cobb-Douglas" if self.elasticity == 1.0 else f"CES {self.elasticity:g}"

    def __str__(self) -> str:
        return f"{self.technology}, {self.graph}, returns {self.returns:g}"


@dataclass(frozen=True, slots=True)
class Layered:
    """The numbers of a layered chain: process p makes good width + p; inputs and shares are processes by 4.

        y = scale prod_i x_i^(returns share_i),   or   y = scale (sum_i share_i x_i^r)^(returns/r)

    The shares of a process sum to 1; r = (elasticity - 1)/elasticity.
    """

    width: int
    elasticity: float
    returns: float
    supply: np.ndarray
    inputs: np.ndarray
    shares: np.ndarray
    scale: np.ndarray
    price: np.ndarray

    @property
    def goods(self) -> int:
        return self.width + len(self.scale)

    @property
    def r(self) -> float:
        return (self.elasticity - 1.0) / self.elasticity

    @property
    def digest(self) -> str:
        """A word for these numbers: two routes with the same word had the same problem."""
        return sha256(
            b"".join(np.asarray(getattr(self, item.name)).tobytes() for item in fields(self))
        ).hexdigest()[:12]

    def forward_run(self) -> tuple[np.ndarray, np.ndarray]:
        """Uses (processes by 4) and amounts by good where every good is shared equally among its uses."""
        readers = np.bincount(self.inputs.ravel(), minlength=self.goods)
        amount = np.concatenate([self.supply, np.zeros(len(self.scale))])
        use = np.zeros(self.inputs.shape)
        for first in range(0, len(self.scale), self.width):
            layer = slice(first, first + self.width)
            use[layer] = amount[self.inputs[layer]] / readers[self.inputs[layer]]
            amount[first + self.width : first + 2 * self.width] = self._level(layer, use[layer])
        return use, amount

    def _level(self, processes: slice, use: np.ndarray) -> np.ndarray:
        shares, scale = self.shares[processes], self.scale[processes]
        if self.elasticity == 1.0:
            return scale * np.prod(use ** (self.returns * shares), axis=1)
        return scale * (shares * use**self.r).sum(axis=1) ** (self.returns / self.r)


def layered(flows: int, case: Case | None = None, seed: int = 7, width: int | None = None) -> Layered:
    """The chain of so many flows, a multiple of 4 that divides into layers; the same for the same seed.

    width: goods of a layer; None takes the one that the suite has.
    """
    case = case or Case()
    processes = flows // INPUTS
    broad = case.graph != "neighbours"
    most = max(processes // WIDE if broad else 0, isqrt(4 * processes))
    widths = [n for n in ([width] if width else range(NEAREST + 1, most + 1)) if processes % n == 0]
    if flows % INPUTS or not widths:
        raise ValueError(f"{flows} flows don't divide into layers of more than {NEAREST} goods with 4 uses each")
    width = widths[-1] if broad else min(widths, key=lambda n: abs(n - sqrt(2 * processes)))
    rng = np.random.default_rng(seed)
    place, layer = np.tile(np.arange(width), processes // width), np.repeat(np.arange(processes // width), width)
    if not broad:
        around = np.tile([-3, -2, -1, 1, 2, 3], (processes, 1))
        other = rng.permuted(around, axis=1)[:, : INPUTS - 1]
    else:
        third = (width - 1) // 3
        other = 1 + third * np.arange(3) + rng.integers(0, third, (processes, INPUTS - 1))
    steps = np.concatenate([np.zeros((processes, 1), dtype=int), other], axis=1)
    shares = rng.uniform(0.5, 1.5, (processes, INPUTS))
    return Layered(
        width=width,
        elasticity=case.elasticity,
        returns=case.returns,
        supply=rng.uniform(0.5, 1.5, width),
        inputs=(place[:, None] + steps) % width + width * layer[:, None],
        shares=shares / shares.sum(axis=1, keepdims=True),
        scale=INPUTS**case.returns * rng.uniform(0.8, 1.2, processes),
        price=rng.uniform(0.8, 1.2, width),
    )


def chain(numbers: Layered) -> Chain:
    """The same as a chain of records; a good is named "g{layer}.{place}", its process "p{layer}.{place}"."""
    # Here, so that a peer's process holds none of it.
    import chainopt as co

    place = [f"{g // numbers.width}.{g % numbers.width}" for g in range(numbers.goods)]
    names = ["g" + at for at in place]
    sold = numbers.goods - numbers.width
    goods = [
        co.Good(
            name,
            supply=float(numbers.supply[g]) if g < numbers.width else 0.0,
            price=float(numbers.price[g - sold]) if g >= sold else None,
            disposal=None,
        )
        for g, name in enumerate(names)
    ]
    cobb_douglas = numbers.elasticity == 1.0
    coefficients = numbers.returns * numbers.shares if cobb_douglas else numbers.shares
    technology = (
        {"function": "cobb-douglas"}
        if cobb_douglas
        else {"function": "ces", "elasticity": numbers.elasticity, "returns": numbers.returns}
    )
    processes = [
        co.Process(
            "p" + place[numbers.width + p],
            inputs={names[g]: float(a) for g, a in zip(inputs, of, strict=True)},
            outputs=names[numbers.width + p],
            scale=float(numbers.scale[p]),
            **technology,
        )
        for p, (inputs, of) in enumerate(zip(numbers.inputs, coefficients, strict=True))
    ]
    return co.Chain(goods, processes, name=f"{INPUTS * len(processes)} flows")


def columns(numbers: Layered) -> Columns:
    """The same as columns, for the market."""
    from chainopt.market.columns import Columns

    width, goods, processes = numbers.width, numbers.goods, len(numbers.scale)
    none = np.full(goods, np.nan)
    supply, price = np.zeros(goods), none.copy()
    supply[:width], price[-width:] = numbers.supply, numbers.price
    cobb_douglas = numbers.elasticity == 1.0
    return Columns(
        supply=supply,
        price=price,
        elasticity=np.full(goods, np.inf),
        reference=none,
        import_price=none,
        disposal=none,
        start=np.arange(0, INPUTS * processes + 1, INPUTS),
        scale=numbers.scale,
        returns=np.full(processes, numbers.returns),
        r=np.full(processes, numbers.r),
        unit_cost=np.zeros(processes),
        use_good=numbers.inputs.ravel(),
        coefficient=(numbers.returns * numbers.shares if cobb_douglas else numbers.shares).ravel(),
        made_process=np.arange(processes),
        made_good=width + np.arange(processes),
        made_yield=np.ones(processes),
    )
