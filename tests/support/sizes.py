"""What the rounding of a figure is relative to: tests compare no money and no amount absolutely.

The last figures of a solve depend on the machine's kernels of linear algebra, by a part of the sums that they are
of: a price of 0 by a part of the other prices, or of the plan's money by unit of what the good moves; an amount by
a part of what its good moves; a value or profit by a part of the money that goes in and out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import chainopt as co


def near(expected: Any, of: float | Iterable[float], rel: float) -> Any:
    """Equal to `rel` of the expected figure, or of the largest finite figure in `of`, where that is larger."""
    sizes = np.abs(np.atleast_1d(np.asarray(of if np.ndim(of) or np.isscalar(of) else list(of), dtype=float)))
    return pytest.approx(expected, rel=rel, abs=rel * float(np.max(sizes, initial=0.0, where=np.isfinite(sizes))))


def moves(goods: pd.DataFrame) -> pd.Series:
    """What there is of each good, from a table of goods: supplied, imported and produced."""
    return goods[["supply", "imported", "produced"]].abs().sum(axis=1)


def typical(flow: pd.Series) -> float:
    """The median of what moves at all: in a chain of which most stands still, the median of all is noise."""
    return float(flow[flow > 1e-6 * flow.max()].median())


def turnover(goods: pd.DataFrame) -> float:
    """The money of a plan: of all goods, what there is at its price."""
    return float((goods["price"].abs() * moves(goods)).sum())


def by_unit(goods: pd.DataFrame) -> pd.Series:
    """The plan's money by unit of what each good moves: what would move a part of it is that part of a price."""
    flow = moves(goods)
    return turnover(goods) / np.maximum(flow, 1e-6 * flow.median())


def money(solution: co.Solution) -> float:
    """The turnover of a solution."""
    assert solution.chain is not None
    return turnover(co.tables(solution.chain, solution).goods)
