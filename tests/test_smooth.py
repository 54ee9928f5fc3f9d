"""Random smooth and mixed chains, nasty at their edges: no certificate is wrong, and nearly every chain has one.

The judge is another engine from some starts (`direct_casadi`): what is certified as global is worth no less than
the best that it finds. And planted errors: a certificate that can't refuse says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from chains import random_chain
from direct_casadi import solve_directly
from sizes import money
from smooth import smooth_chain
from unit_changes import in_units

import chainopt as co
from chainopt.backprop.sweep import differentiate
from chainopt.certificate.certify import certify
from chainopt.certificate.prices import completed
from chainopt.network.multipliers import Multipliers
from chainopt.network.plan import Plan


@contextmanager
def silent() -> Iterator[None]:
    """Without what CasADi writes to the file descriptors of its evaluations outside of a domain."""
    kept, nothing = (os.dup(1), os.dup(2)), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        for at, was in zip((1, 2), kept, strict=True):
            os.dup2(was, at)
            os.close(was)
        os.close(nothing)


def best_elsewhere(chain: co.Chain) -> float:
    """The best value that another engine finds from a few starts; -inf where it finds none."""
    best = -np.inf
    for guess in (1.0, 0.1, 5.0):
        try:
            with silent():
                best = max(best, solve_directly(chain, guess=guess, tolerance=1e-9)[0])
        except RuntimeError:
            continue
    return best


def verdicts(seeds: range) -> tuple[list[int], list[int]]:
    """The seeds of wrong certificates, and of chains without one of a global optimum."""
    wrong, without = [], []
    for seed in seeds:
        chain = smooth_chain(seed)
        solution = co.solve(chain)
        if not (solution.certified and solution.scope == "global"):
            without.append(seed)
        elif best_elsewhere(chain) > solution.objective + 1e-6 * money(solution):
            wrong.append(seed)
    return wrong, without


def test_sixty_chains() -> None:
    assert verdicts(range(60)) == ([], [])


@pytest.mark.nightly
def test_two_thousand_chains() -> None:
    wrong, without = verdicts(range(10_000, 12_000))
    assert not wrong
    assert len(without) <= 20, without


@pytest.mark.parametrize(("kind", "seed"), [("mixed", 17), ("smooth", 67)])
def test_neither_a_free_input_nor_a_faint_good_costs_the_certificate(kind: str, seed: int) -> None:
    """In the one a good makes up next to nothing of a process's cost, in the other a good of 5e-9 has a price."""
    chain = random_chain(seed, kind, cyclic=True, idle=True, most=20)
    solution = co.solve(chain)
    assert solution.certified, solution.message
    assert solution.scope == "global"
    assert solution.objective == pytest.approx(best_elsewhere(chain), rel=1e-7)


def test_units_change_no_verdict() -> None:
    """Each good counted in units from 1e-3 to 1e3, and money: the same value, certified."""
    for seed in (5, 6, 8, 9, 11, 12):
        chain = smooth_chain(seed)
        if any(process.formula and ";" in process.formula for process in chain.processes):
            continue
        random = np.random.default_rng(seed)
        factor = {good.good: float(10 ** random.uniform(-3, 3)) for good in chain.goods}
        plain, other = co.solve(chain), co.solve(in_units(chain, factor, 1e3))
        assert other.status is plain.status is co.Status.OPTIMAL
        assert other.objective == pytest.approx(1e3 * plain.objective, rel=1e-7, abs=1e-7 * 1e3 * money(plain))


# Planted errors, each on ten chains.


def chains(wanted: Callable[[co.Solution], bool]) -> list[co.Solution]:
    """Ten certified solutions of which this holds."""
    found: list[co.Solution] = []
    for seed in range(500, 700):
        if len(found) == 10:
            break
        solution = co.solve(smooth_chain(seed))
        if solution.certified and wanted(solution):
            found.append(solution)
    assert len(found) == 10
    return found


def doubts(
    solution: co.Solution, plan: Plan | None = None, multipliers: Multipliers | None = None
) -> tuple[str, ...]:
    """What the certificate says of a solution with another plan, or other multipliers."""
    net = solution.net
    assert net is not None
    assert solution.plan is not None
    assert solution.multipliers is not None
    plan, multipliers = plan or solution.plan, multipliers or solution.multipliers
    derivatives = differentiate(net, plan)
    return certify(net, plan, derivatives, completed(net, plan, derivatives, multipliers)).doubts


def sold(solution: co.Solution) -> np.ndarray:
    assert solution.plan is not None
    return solution.plan.sale > 1e-2


def test_what_is_certified_is() -> None:
    for solution in chains(lambda found: True):
        assert not doubts(solution)


def test_an_amount_off_by_a_part_of_its_goods_turnover_is_refused() -> None:
    for solution in chains(lambda found: bool(sold(found).any())):
        sale, g = solution.plan.sale.copy(), int(np.argmax(sold(solution)))
        sale[g] += 1e-5 * solution.derivatives.operations.measure.moved[g]
        assert doubts(solution, replace(solution.plan, sale=sale))


def priced(solution: co.Solution) -> np.ndarray:
    """Goods with a unique price that are at least a tenth of the money of a row in use."""
    ops = solution.derivatives.operations
    z = ops.stack(solution.multipliers)
    z[np.isnan(z)] = 0.0
    parts = (
        abs(ops.matrix[ops.active]).multiply(np.abs(z)[None, :]).toarray()
        / np.maximum(ops.money(z), ops.least)[ops.active][:, None]
    )
    weighs = parts.max(axis=0, initial=0.0)[: ops.goods] >= 0.1
    return weighs & np.isfinite(solution.derivatives.price) & (solution.multipliers.price > 0)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_unique_price_off_by_little_is_refused(sign: int) -> None:
    for solution in chains(lambda found: bool(priced(found).any())):
        for g in np.flatnonzero(priced(solution))[:3]:
            price = solution.multipliers.price.copy()
            price[g] *= 1 + sign * 1.001e-5
            assert doubts(solution, multipliers=replace(solution.multipliers, price=price)), solution.net.goods[g]


def test_a_dropped_obligation_is_refused() -> None:
    def obliged(found: co.Solution) -> bool:
        return bool((np.nan_to_num(found.net.min_sale, neginf=0.0) > 0).any())

    for solution in chains(obliged):
        net, plan = solution.net, solution.plan
        g = int(np.argmax(np.nan_to_num(net.min_sale, neginf=0.0)))
        sale, disposed = plan.sale.copy(), plan.disposed.copy()
        disposed[g] += sale[g]
        sale[g] = 0.0
        assert doubts(solution, replace(plan, sale=sale, disposed=disposed))


def test_a_circulation_added_is_refused() -> None:
    """A billion more of whatever a process nets of its own product, and its balance off by a millionth of that."""

    def loops(found: co.Solution) -> bool:
        return own_use(found) is not None

    for solution in chains(loops):
        net, plan = solution.net, solution.plan
        u, k = own_use(solution)
        use, level = plan.use.copy(), plan.level.copy()
        use[u] += 1e9
        level[k] += 1e9 / net.yields[[k]].sum()
        assert doubts(solution, replace(plan, use=use, level=level))


def own_use(solution: co.Solution) -> tuple[int, int] | None:
    """A use of a good by a process that makes it, and the level."""
    net = solution.net
    for u, (p, g) in enumerate(zip(net.use_process.tolist(), net.use_good.tolist(), strict=True)):
        k = int(net.first_level[p])
        if net.yields[k, g] > 0:
            return u, k
    return None


def test_a_limit_ignored_is_refused() -> None:
    def binding(found: co.Solution) -> bool:
        return bool(len(found.net.limits)) and bool((found.multipliers.rent > 1e-2).any())

    for solution in chains(binding):
        limit = solution.net.limits[int(np.argmax(solution.multipliers.rent))]
        amounts = getattr(solution.plan, limit.amount).copy()
        amounts[limit.index] *= 1 + limit.sign * 1e-5
        assert doubts(solution, replace(solution.plan, **{limit.amount: amounts}))
