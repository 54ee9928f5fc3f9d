"""Layered Cobb-Douglas chains of any size, the benchmark's problem.

    layer 0     `width` goods, each with a supply
    layer l     `width` goods, each made by one process from 4 goods of layer l - 1
    last layer  sold at prices around 1

A process draws its 4 inputs from the 7 goods nearest to its own place in the layer before (the layers are rings),
until every good of that layer has at least two uses. Exponents are drawn and scaled to sum to 0.9; the scale
4^0.9, times a draw around 1, keeps amounts near 1 in every layer. Nothing is disposed of. So flows (uses) =
4 x processes = 4 x width x layers:

    flows   width   layers
    1,000      25       10
    5,000      50       25
    20,000    100       50
    80,000    200      100
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainopt import Chain

INPUTS, NEAREST, RETURNS = 4, 7, 0.9


@dataclass(frozen=True, slots=True)
class Layered:
    """The numbers of a layered chain: process p makes good width + p; inputs and exponents are processes by 4."""

    width: int
    supply: np.ndarray
    inputs: np.ndarray
    exponents: np.ndarray
    scale: np.ndarray
    price: np.ndarray

    @property
    def goods(self) -> int:
        return self.width + len(self.scale)


def layered(flows: int, seed: int = 7) -> Layered:
    """The chain of so many flows, a multiple of 4 that divides into layers; the same for the same seed."""
    processes = flows // INPUTS
    widths = [n for n in range(NEAREST, processes + 1) if processes % n == 0]
    if flows % INPUTS or not widths:
        raise ValueError(f"{flows} flows don't divide into layers of at least {NEAREST} goods with 4 uses each")
    width = min(widths, key=lambda n: abs(n - sqrt(2 * processes)))
    rng = np.random.default_rng(seed)
    layers = processes // width
    inputs = np.concatenate([layer * width + _inputs(rng, width) for layer in range(layers)])
    exponents = rng.uniform(0.5, 1.5, (processes, INPUTS))
    return Layered(
        width=width,
        supply=rng.uniform(0.5, 1.5, width),
        inputs=inputs,
        exponents=RETURNS * exponents / exponents.sum(axis=1, keepdims=True),
        scale=INPUTS**RETURNS * rng.uniform(0.8, 1.2, processes),
        price=rng.uniform(0.8, 1.2, width),
    )


def _inputs(rng: np.random.Generator, width: int) -> np.ndarray:
    """For each place in a layer, 4 of the 7 nearest in the layer before, which all have two uses or more."""
    while True:
        nearest = rng.permuted(np.tile(np.arange(NEAREST) - NEAREST // 2, (width, 1)), axis=1)[:, :INPUTS]
        drawn = np.sort((np.arange(width)[:, None] + nearest) % width, axis=1)
        if np.bincount(drawn.ravel(), minlength=width).min() >= 2:
            return drawn


def chain(numbers: Layered) -> Chain:
    """The same as a chain; a good is named "g{layer}.{place}", its process "p{layer}.{place}"."""
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
    processes = [
        co.Process(
            "p" + place[numbers.width + p],
            function="cobb-douglas",
            inputs={names[g]: float(a) for g, a in zip(inputs, exponents, strict=True)},
            outputs=names[numbers.width + p],
            scale=float(numbers.scale[p]),
        )
        for p, (inputs, exponents) in enumerate(zip(numbers.inputs, numbers.exponents, strict=True))
    ]
    return co.Chain(goods, processes, name=f"{INPUTS * len(processes)} flows")
