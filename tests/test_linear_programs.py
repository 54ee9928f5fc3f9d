"""Linear chains against linear programs written here from the records alone, and solved by HiGHS (scipy)."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import pytest
from chains import by_good, random_chain
from scipy.optimize import linprog
from sizes import money, near

import chainopt as co

SEEDS = [(seed, cyclic) for seed in range(14) for cyclic in (False, True)]
STEP = 1e-5


@dataclass
class LinearProgram:
    """maximise value . z   subject to   balance z = supply,   below z <= limit,   z >= 0."""

    value: np.ndarray
    balance: np.ndarray
    supply: np.ndarray
    below: np.ndarray
    limit: np.ndarray
    names: list[tuple[str, str]]

    def solve(self, supply: np.ndarray | None = None):
        supply = self.supply if supply is None else supply
        return linprog(
            -self.value,
            A_ub=self.below,
            b_ub=self.limit,
            A_eq=self.balance,
            b_eq=supply,
            bounds=(0, None),
            method="highs-ds",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )

    def slopes(self, good: int, best: float) -> tuple[float, float]:
        """The right and the left derivative of the optimal value; -inf or inf where there is none."""
        ends = []
        for step in (STEP, -STEP):
            moved = self.supply.copy()
            moved[good] += step
            found = self.solve(moved)
            ends.append((-found.fun - best) / step if found.status == 0 else (-inf if step > 0 else inf))
        return ends[0], ends[1]


def linear_program(chain: co.Chain) -> LinearProgram:
    """The chain's problem as matrices: a column per Leontief level, linear use, sale, import and disposal."""
    at = {good.good: g for g, good in enumerate(chain.goods)}
    value: list[float] = []
    balance: list[np.ndarray] = []
    limits: list[tuple[tuple[str, str], dict[int, float], float]] = []

    def column(moves: dict[str, float], worth: float) -> int:
        entries = np.zeros(len(at))
        for good, amount in moves.items():
            entries[at[good]] += amount
        balance.append(entries)
        value.append(worth)
        return len(value) - 1

    for process in chain.processes:
        made = {output.good: output.yield_ for output in process.outputs}
        if process.function == "leontief":
            takes = {use.good: use.coefficient / process.scale for use in process.inputs}
            moves = {good: takes.get(good, 0.0) - made.get(good, 0.0) for good in {*takes, *made}}
            level = {column(moves, -process.unit_cost): 1.0}
            uses = {good: {next(iter(level)): amount} for good, amount in takes.items()}
        else:
            # Each use makes scale * coefficient of the level on its own.
            level, uses = {}, {}
            for use in process.inputs:
                share = process.scale * use.coefficient
                moves = {good: -share * amount for good, amount in made.items()}
                moves[use.good] = moves.get(use.good, 0.0) + 1.0
                one = column(moves, -share * process.unit_cost)
                level[one] = share
                uses[use.good] = {one: 1.0}
        limits.append((("capacity", process.process), level, process.capacity))
        limits.append((("min level", process.process), {k: -v for k, v in level.items()}, -process.min_level))
        limits += [(("max use", use.good + process.process), uses[use.good], use.max) for use in process.inputs]
    for good in chain.goods:
        if good.price is not None:
            sale = {column({good.good: 1.0}, good.price): 1.0}
            limits.append((("max sale", good.good), sale, good.max_sale))
            limits.append((("min sale", good.good), dict.fromkeys(sale, -1.0), -good.min_sale))
        if good.import_price is not None:
            limits.append(
                (("max import", good.good), {column({good.good: -1.0}, -good.import_price): 1.0}, good.max_import)
            )
        if good.disposal is not None:
            column({good.good: 1.0}, -good.disposal)
    limits = [row for row in limits if isfinite(row[2]) and not (row[2] == 0 and row[0][0].startswith("min"))]
    below = np.zeros((len(limits), len(value)))
    for i, (_, entries, _) in enumerate(limits):
        for k, amount in entries.items():
            below[i, k] = amount
    return LinearProgram(
        np.array(value),
        np.array(balance).T,
        # Final demand for a good without a price takes exactly its min sale.
        np.array([g.supply - (g.min_sale if g.price is None else 0.0) for g in chain.goods]),
        below,
        np.array([bound for _, _, bound in limits], dtype=float),
        [name for name, _, _ in limits],
    )


@pytest.mark.parametrize(("seed", "cyclic"), SEEDS)
def test_random_linear_chains_match_their_linear_program(seed: int, cyclic: bool) -> None:
    chain = random_chain(seed, "linear", cyclic)
    program = linear_program(chain)
    truth = program.solve()
    assert truth.status == 0
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    assert solution.scope == "global"
    assert solution.objective == near(-truth.fun, of=money(solution), rel=1e-8)
    table = co.prices(chain, solution).set_index("good")
    unique, largest = 0, np.max(np.abs(truth.eqlin.marginals))
    for g, good in enumerate(table.index):
        right, left = program.slopes(g, -truth.fun)
        low, high = (float(end) for end in table.loc[good, ["low", "high"]])
        assert low == near(right, of=largest, rel=1e-6), (good, "low")
        assert high == near(left, of=largest, rel=1e-6), (good, "high")
        if left - right <= 1e-6 * largest:
            unique += 1
            marginal = -truth.eqlin.marginals[g]
            assert table.loc[good, "price"] == near(marginal, of=largest, rel=1e-7), good
            assert table.loc[good, "backprop"] == near(marginal, of=largest, rel=1e-7), good
            assert table.loc[good, "interval"] == "point"
        else:
            assert np.isnan(table.loc[good, "backprop"])
            assert right - 1e-6 * largest <= table.loc[good, "price"] <= left + 1e-6 * largest
    assert unique > 0


@pytest.mark.parametrize("seed", [2, 5, 7, 9, 11])
def test_rents_are_the_marginals_of_the_limits(seed: int) -> None:
    chain = random_chain(seed, "linear")
    program = linear_program(chain)
    truth = program.solve()
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    table = co.limits(chain, solution).fillna({"good": "", "process": ""})
    name = [
        (row.kind, row.good + row.process if row.kind == "max use" else row.good or row.process)
        for row in table.itertuples()
    ]
    rents = dict(zip(name, table["rent"], strict=True))
    assert set(program.names) <= set(rents)
    for i, limit in enumerate(program.names):
        changed = []
        for step in (STEP, -STEP):
            bound = program.limit.copy()
            bound[i] += step
            moved = LinearProgram(**{**vars(program), "limit": bound}).solve()
            changed.append((-moved.fun + truth.fun) / step if moved.status == 0 else np.nan)
        largest = np.max(np.abs(truth.eqlin.marginals))
        if abs(changed[0] - changed[1]) <= 1e-6 * largest:
            assert rents[limit] == near(changed[0], of=largest, rel=1e-6), limit


def degenerate_chains() -> dict[str, co.Chain]:
    join = co.Process("join", function="leontief", inputs={"A": 1, "B": 2}, outputs="C")
    return {
        "complements in proportion": co.Chain(
            [co.Good("A", supply=5), co.Good("B", supply=10), co.Good("C", price=4)], [join]
        ),
        "capacity at the supply": co.Chain(
            [co.Good("A", supply=5), co.Good("B", supply=20, price=0.5), co.Good("C", price=4)],
            [co.Process("join", function="leontief", inputs={"A": 1, "B": 2}, outputs="C", capacity=5)],
        ),
        "max sale at the supply": co.Chain([co.Good("A", supply=3, price=2, max_sale=3)], []),
        "max import at the obligation": co.Chain([co.Good("A", supply=-3, import_price=2, max_import=3)], []),
        "two sources of one cost": co.Chain(
            [co.Good("A", import_price=2, max_import=4), co.Good("C", price=3, max_sale=4)],
            [co.Process(name, function="linear", inputs={"A": 1}, outputs="C", capacity=2) for name in "xy"],
        ),
        "nothing supplies it": co.Chain(
            [co.Good("A"), co.Good("B", supply=3, price=1), co.Good("C", price=4)], [join]
        ),
        "by-product at its outlet's limit": co.Chain(
            [
                co.Good("A", supply=4),
                co.Good("C", price=3),
                co.Good("W", price=1, max_sale=2, disposal=0.5),
            ],
            [co.Process("make", function="leontief", inputs={"A": 1}, outputs={"C": 1, "W": 0.5})],
        ),
    }


@pytest.mark.parametrize(
    "name",
    list(degenerate_chains()),
)
def test_degenerate_chains_have_the_interval_of_one_sided_slopes(name: str) -> None:
    chain = degenerate_chains()[name]
    program = linear_program(chain)
    truth = program.solve()
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    low, high, price = (by_good(chain, solution, column) for column in ("low", "high", "price"))
    open_, largest = 0, max(good.price or good.import_price or 0.0 for good in chain.goods)
    for g, good in enumerate(low):
        right, left = program.slopes(g, -truth.fun)
        open_ += left - right > 1e-6 * largest
        if np.isnan(price[good]) and np.isnan(low[good]):
            # Nothing supplies it and no process could run on it: it is out of the chain, and has no price.
            assert left == inf
            continue
        assert low[good] == near(right, of=largest, rel=1e-6), (good, "low")
        assert high[good] == near(left, of=largest, rel=1e-6), (good, "high")
        if not np.isnan(price[good]):
            assert right - 1e-6 * largest <= price[good] <= left + 1e-6 * largest
    assert open_
