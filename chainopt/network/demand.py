"""What final demand pays for a sale, and for one unit more."""

from __future__ import annotations

import numpy as np

from chainopt.network.network import Network
from chainopt.technology.arrays import Array


def demand_area(price: Array, elasticity: Array, reference: Array, sale: Array) -> Array:
    """What final demand pays for sales: w s, or the area under its inverse demand curve; nan where not sold.

    w ref/(1 - 1/E) ((s/ref)^(1 - 1/E) - 1), at E = 1 w ref ln(s/ref), from the reference sale.
    """
    with np.errstate(all="ignore"):
        power = 1.0 - 1.0 / elasticity
        ratio = sale / reference
        curve = price * reference * np.where(power == 0, np.log(ratio), (ratio**power - 1.0) / power)
        return np.where(np.isfinite(elasticity), curve, price * sale)


def demand_value(net: Network, sale: Array) -> Array:
    """What final demand pays for each good's sale; 0 where it pays nothing."""
    value = demand_area(net.price, net.elasticity, net.reference, sale)
    return np.where(net.sells & ~np.isnan(net.price), value, 0.0)


def demand_price(net: Network, sale: Array) -> Array:
    """What final demand pays for one more unit: w, or w (s/ref)^(-1/E); 0 where it pays nothing."""
    with np.errstate(all="ignore"):
        curve = net.price * (sale / net.reference) ** (-1.0 / net.elasticity)
        value = np.where(np.isfinite(net.elasticity), curve, net.price)
    return np.where(net.sells & ~np.isnan(net.price), value, 0.0)
