"""All that a report says of a solution, what takes re-solves and searches included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from chainopt.audits.explain import explain
from chainopt.audits.market_test import MarketTest, market_test
from chainopt.chain.chain import Chain
from chainopt.rows.ranges import with_holdings
from chainopt.rows.tables import Tables, tables
from chainopt.scenarios.differences import differences as by_resolves
from chainopt.solution.solution import Solution

if TYPE_CHECKING:
    from chainopt.scenarios.holding import Holding

MOST_ASKED = 300
"""The most processes that are asked without being told to: each solves a problem of its own."""

_MONEY = ("profit", "rent", "best_profit", "deviation", "right", "left")


def dossier(
    chain: Chain,
    solution: Solution,
    *,
    numeraire: str | None = None,
    differences: bool = False,
    market: bool | None = None,
    ranges: Sequence[Holding] = (),
) -> Tables:
    """The tables of a solution, with the market test, the explanation and the differences.

    differences: re-solve for each good's one-sided differences; market: ask every process what it would do at
    these prices (None: where the chain has at most 300); ranges: those that `holding` found, to stand
    in place of what the plan alone tells of the same figures. Raises NumeraireError as `tables` does.
    """
    found = tables(chain, solution, numeraire=numeraire)
    if not solution.certified:
        return replace(found, explanation=explain(chain, solution))
    explanation = explain(chain, solution) if solution.scope == "local" else None
    asked = market if market is not None else len(chain.processes) <= MOST_ASKED
    return replace(
        found,
        ranges=with_holdings(found.ranges, ranges),
        explanation=explanation,
        market=_in_units(market_test(solution), found.unit) if asked else None,
        differences=_divided(by_resolves(solution), found.unit) if differences else None,
    )


def _in_units(test: MarketTest, unit: float) -> MarketTest:
    """A market test with its money divided by the numeraire's price."""
    return replace(
        test,
        processes=_divided(test.processes, unit),
        firms=_divided(test.firms, unit),
        others=test.others / unit,
        value=test.value / unit,
    )


def _divided(table: pd.DataFrame, unit: float) -> pd.DataFrame:
    return table.assign(**{name: table[name] / unit for name in _MONEY if name in table})
