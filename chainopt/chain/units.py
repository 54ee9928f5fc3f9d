"""The unit of a price: money, or the numeraire's unit, per unit of the good.

Units are text, as the workbook has them: shown, never checked or converted. (A parser would misread them: the kt
of an analyst is a kilotonne, that of pint a knot.)
"""

from __future__ import annotations

from chainopt.chain.chain import Chain
from chainopt.chain.records import Good


def price_unit(good: Good, numeraire: Good | None) -> str:
    """The unit in which a good's price is counted: "money per t", "kg of bread per hour", "bread per unit"."""
    if numeraire is None:
        money = "money"
    else:
        money = f"{numeraire.unit} of {numeraire.good}" if numeraire.unit else numeraire.good
    return f"{money} per {good.unit or 'unit'}"


def price_units(chain: Chain, numeraire: str | None) -> list[str]:
    """The unit of every good's price, in the chain's order."""
    base = chain.good(numeraire) if numeraire is not None else None
    return [price_unit(good, base) for good in chain.goods]
