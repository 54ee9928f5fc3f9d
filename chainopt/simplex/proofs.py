"""Why a chain has no plan, or no end: a proof of each, checked apart from what found it.

    infeasible   prices y at which what every plan must have is worth more than any can:
                     sup (y' A) x over the bounds  <  y' right                             (Farkas, 1902)
    unbounded    a ray r:  A r = 0, r within what bounds allow for ever, worth r > 0; and a plan to begin from

The prices come from the least breach of the rows, whose value is the margin itself. A coefficient that should be 0
on a column without a bound counts as if that column could grow to 1e9 ordinary amounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy import sparse

from chainopt.simplex.basis import Point, rounded
from chainopt.simplex.scaled import Scaled, Typed
from chainopt.simplex.simplex import GOOD_ENOUGH
from chainopt.technology.arrays import Array

_FAR = 1e9
_ZERO = 1e-12


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Prices by row at which no plan is possible; what each column counts for at its best bound, and the margin.

    In the program's units. weight: y' A by column, 0 where rounding alone is left.
    """

    price: Array
    weight: Array
    margin: float


@dataclass(frozen=True, slots=True)
class Ray:
    """Amounts that may grow together without end, and what each round of them earns; in the program's units."""

    amount: Array
    gain: float


def contradiction(program: Scaled, least_breach: Point) -> Contradiction | None:
    """The proof that a program is infeasible, from the optimum of its `elastic`; None where it proves nothing."""
    for sign in (-1, 1):
        found = _weighed(program, least_breach, sign)
        if found.margin > GOOD_ENOUGH:
            return found
    return None


def _weighed(program: Scaled, least_breach: Point, sign: int) -> Contradiction:
    if program.typed is not None and least_breach.typed_price is not None:
        return _weighed_exactly(program.typed, [sign * each for each in least_breach.typed_price])
    wide = sparse.csr_array(program.matrix.astype(np.longdouble).T)
    price = sign * least_breach.price.astype(np.longdouble)
    terms = wide @ price
    noise = abs(wide) @ np.abs(price) * np.finfo(float).eps
    ends = np.where(terms > 0, program.high, program.low)
    finite = np.isfinite(ends)
    at_best = np.where(finite, terms * np.where(finite, ends, 0.0), np.abs(terms) * _FAR)
    margin = float(price @ program.right - at_best.sum())
    kept = np.where(np.abs(terms) <= 8 * noise, 0.0, terms)
    return Contradiction(np.asarray(price, dtype=float), np.asarray(kept, dtype=float), margin)


def _weighed_exactly(typed: Typed, y: list[Fraction]) -> Contradiction:
    weight = [sum((a * y[i] for i, a in column.items() if y[i]), Fraction(0)) for column in typed.columns]
    most = Fraction(0)
    for each, low, high in zip(weight, typed.low, typed.high, strict=True):
        end = high if each > 0 else low
        most += each * end if isinstance(end, Fraction) else abs(each) * int(_FAR)
    margin = sum((a * b for a, b in zip(y, typed.right, strict=True)), Fraction(0)) - most
    return Contradiction(rounded(y), rounded(weight), float(margin))


def ray(program: Scaled, best: Point) -> Ray | None:
    """The proof that a feasible program is unbounded, from the optimum of its `rays`; None where there is none."""
    amount = best.x[: program.width]
    money = program.worth * amount
    gain, all_money = float(money.sum()), float(np.abs(money).sum())
    if best.primal <= _ZERO and gain > GOOD_ENOUGH * max(all_money, GOOD_ENOUGH):
        return Ray(amount, gain)
    return None
