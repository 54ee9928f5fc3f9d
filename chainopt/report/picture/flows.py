"""What flows between goods and processes, in amounts and in money: the links of a chain's pictures.

A process's account balances: what it makes is worth its inputs, its unit cost, its rents and its profit,

    sum_g pi_g made_g  =  sum_u pi_u x_u  +  kappa y  +  rent  +  (profit - rent),

and so does a good's: supply + imports + output = uses + sales + disposal, each times its price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chainopt.network.multipliers import use_prices
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution


@dataclass(frozen=True, slots=True)
class Flows:
    """The links of a chain with a plan, and what each process pays beside its inputs.

    uses: good, process, amount, price (what the process pays for a unit), value; outputs: the same, with what the
    process makes; accounts: by process, unit cost, rent and surplus, the profit that is not rent. Goods and
    processes by number in the tables. Without a certificate there are no prices, and money is nan.
    """

    uses: pd.DataFrame
    outputs: pd.DataFrame
    accounts: pd.DataFrame

    def between(self, kept: Tables) -> pd.DataFrame:
        """All links, uses (into a process) first, and their ends: by number in the goods and then the processes
        that are kept, -1 where an end is not.
        """
        links = pd.concat([self.uses.assign(into=True), self.outputs.assign(into=False)])
        good = kept.goods.index.get_indexer(pd.Index(links["good"]))
        process = kept.processes.index.get_indexer(pd.Index(links["process"]))
        process = np.where(process < 0, -1, process + len(kept.goods))
        into = links["into"].to_numpy()
        return links.assign(tail=np.where(into, good, process), head=np.where(into, process, good))


def flows(solution: Solution, tables: Tables) -> Flows | None:
    """The flows of a solution's plan, in the tables' money; None where there is no plan."""
    if solution.amounts is None:
        return None
    part, net = tables.part, tables.part.whole
    plan = part.plan(solution.amounts)
    price = tables.goods["price"].to_numpy()
    paid = np.full(len(net.use_good), np.nan)
    if solution.certified and solution.multipliers is not None:
        paid = part.uses(use_prices(part.net, solution.multipliers) / tables.unit)
    made = net.yields.tocoo()
    amount = made.data * plan.level[made.row]
    outputs = pd.DataFrame(
        {"good": made.col, "process": net.level_process[made.row], "amount": amount, "price": price[made.col]}
    )
    # A formula may name a good that is yielded beside it too: one link for both.
    outputs = outputs.groupby(["process", "good", "price"], sort=True, dropna=False, as_index=False).sum()
    uses = pd.DataFrame({"good": net.use_good, "process": net.use_process, "amount": plan.use, "price": paid})
    cost = net.unit_cost[net.first_level] / tables.unit * plan.level[net.first_level]
    profit, rent = (tables.processes[name].to_numpy() for name in ("profit", "rent"))
    accounts = pd.DataFrame({"unit cost": cost + 0.0 * rent, "rent": rent, "surplus": profit - rent})
    return Flows(_valued(uses), _valued(outputs), accounts)


def _valued(links: pd.DataFrame) -> pd.DataFrame:
    """The links with their value, 0 where nothing moves, whether or not it has a price."""
    worth = links["amount"] * links["price"]
    return links.assign(value=worth.where(links["amount"] != 0, 0.0))
