"""The unit of a price: money, by the chain's name for it, or the numeraire's unit, per unit of the good.

Units are text, as the workbook has them: shown, never checked or converted. (A parser would misread them: the kt
of an analyst is a kilotonne, that of pint a knot.)
"""

from __future__ import annotations

from chainopt.chain.chain import Chain

MONEY = "money"
"""What money is called where the chain has no name for it."""


def money_unit(chain: Chain, numeraire: str | None = None) -> str:
    """What money is counted in: "money", the chain's own name for it, such as "k EUR", or "kg of bread"."""
    if numeraire is None:
        return chain.settings.money or MONEY
    base = chain.good(numeraire)
    return f"{base.unit} of {base.good}" if base.unit else base.good


def price_units(chain: Chain, numeraire: str | None) -> list[str]:
    """The unit of every good's price, in the chain's order: "money per t", "kg of bread per hour"."""
    money = money_unit(chain, numeraire)
    return [f"{money} per {good.unit or 'unit'}" for good in chain.goods]
