"""The benchmarks compare like with like: every form of a layered chain is one problem, and pages say what ran."""

import importlib
from pathlib import Path

import growth
import layered
import numpy as np
import pages
import pytest
import reference
import results
import suite
from routes import ROUTES, casadi_ipopt, chainopt_ipopt

import chainopt as co
from chainopt.market.duality import certify
from chainopt.market.formation import form_prices

ROOT = Path(__file__).parent.parent
FLOWS = 160


@pytest.mark.parametrize("returns", [0.9, 1.0])
@pytest.mark.parametrize("elasticity", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("graph", layered.GRAPHS)
def test_every_form_of_a_chain_is_one_problem(graph, elasticity, returns):
    """CasADi's own Ipopt, the records, the columns and Newton's method on the equilibrium agree."""
    numbers = layered.layered(FLOWS, layered.Case(graph, elasticity, returns))
    right = reference.reference(numbers)
    assert right.accuracy <= 1e-10
    assert right.carries.sum() > numbers.goods / 2
    peer = casadi_ipopt.solve(numbers, 1e-12)
    market = form_prices(layered.columns(numbers), engine="numpy")
    answer = chainopt_ipopt.solve(numbers)
    for price, value in ((peer.price, peer.value), (market.price, market.value), (answer.price, answer.value)):
        assert right.error(price) <= 1e-6
        assert value == pytest.approx(right.value, rel=1e-7)


@pytest.mark.nightly
def test_a_market_of_hundreds_of_layers_has_prices():
    """Shared equally, amounts would fade to 1e-121 of what goes in before they are sold."""
    case = layered.Case("neighbours", 0.5, 1.0)
    market = form_prices(layered.columns(layered.layered(160_000, case, width=100)))
    assert market.at_rest
    assert certify(market).gap <= 1e-8


def test_an_error_of_a_price_is_seen():
    numbers = layered.layered(FLOWS)
    right = reference.reference(numbers)
    wrong = right.price.copy()
    wrong[numbers.goods // 2] *= 1 + 1e-5
    assert right.error(wrong) == pytest.approx(1e-5, rel=1e-6)
    wrong[0] = np.nan
    assert right.error(wrong) == np.inf


def test_the_same_seed_is_the_same_chain():
    one, same, other = (layered.layered(FLOWS, seed=seed).digest for seed in (7, 7, 8))
    assert one == same != other


def test_a_known_growth_is_found_again():
    sizes = (1_000, 5_000, 20_000, 80_000)
    fit = growth.Power(100.0, sizes, tuple(3e-6 * n**1.25 for n in sizes))
    assert fit.exponent.least == pytest.approx(1.25) == pytest.approx(fit.exponent.greatest)
    assert fit.reaches(100.0 + 3e-6 * 1e7**1.25).figure == pytest.approx(1e7)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Results of a few runs, kept in a file of their own."""
    path = tmp_path / "suite.jsonl"
    found = results.load(path)
    task = {"graph": "random", "elasticity": 1.0, "returns": 0.9, "run": 0, "load": 0.0, "at": "2026-01-01 00:00"}
    common = {"status": "optimal", "wall": 30.0, "total": 30.0, "processor": 30.0, "memory": 100.0}

    def add(route, flows, tolerance, **figures):
        record = {**task, "route": route, "flows": flows, "tolerance": tolerance, **figures}
        results.keep(found, record if "failed" in figures else {**common, **record}, path)

    add("CasADi", 1_000, 1e-8, **{"price error": 1e-5})
    add("CasADi", 1_000, 1e-10, **{"price error": 1e-8})
    add("GEKKO", 1_000, 1e-8, failed="took more than 900 s")
    return found, path


def test_the_loosest_tolerance_with_right_prices_counts(kept):
    found, _ = kept
    case = layered.Case("random")
    assert [record["tolerance"] for record in found.runs(1_000, case, "CasADi")] == [1e-10]
    assert suite.tolerances(found, 1_000, case, ROUTES["CasADi"]) == []
    assert suite.tolerances(found, 5_000, case, ROUTES["CasADi"]) == [1e-10, 1e-12]
    assert suite.tolerances(found, 1_000, case, ROUTES["cvxpy"]) == [1e-8, 1e-10, 1e-12]


def test_what_failed_or_would_not_end_is_not_tried_at_larger_sizes(kept):
    found, path = kept
    case = layered.Case("random")
    assert "took more than 900 s at 1,000 flows" in found.why_not(5_000, case, ROUTES["GEKKO"], 900.0)
    assert not found.why_not(5_000, case, ROUTES["CasADi"], 900.0)
    assert "would take more than" in found.why_not(80_000, case, ROUTES["CasADi"], 900.0)
    assert list(results.load(path).every) == list(found.every)


def test_a_process_that_hangs_is_ended_and_said_so(monkeypatch, tmp_path):
    task = {"flows": FLOWS, "graph": "random", "elasticity": 1.0, "returns": 0.9, "route": "reference",
            "tolerance": None, "run": 0, "reference": str(tmp_path / "r.npz")}  # fmt: skip
    assert suite.run(task, timeout=0.01)["failed"] == "took more than 0 s"
    assert "accuracy" in suite.run(task, timeout=100.0)
    assert "failed" in suite.run({**task, "flows": 3}, timeout=100.0)


def test_the_pages_of_speed_have_the_numbers_of_the_results():
    assert pages.speed_page(results.load()) == (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")


def test_intervals_of_idle_goods_hold_the_solvers_price():
    """At constant returns dozens of processes stand still: the prices of what they make are intervals."""
    solution = co.solve(layered.chain(layered.layered(1000, layered.Case("random", 1.0, 1.0))))
    assert solution.certified
    wide = np.array([kind == "bounded" for kind in solution.intervals.kind])
    assert wide.sum() >= 20
    price, low, high = solution.multipliers.price, solution.intervals.low, solution.intervals.high
    assert (low[wide] > 0).all()
    known = wide & ~np.isnan(price)
    assert (low[known] <= price[known] * (1 + 1e-6)).all()
    assert (price[known] <= high[known] * (1 + 1e-6)).all()


def test_intervals_left_out_are_counted(monkeypatch):
    monkeypatch.setattr(importlib.import_module("chainopt.backprop.intervals"), "MOST_WORK", 0)
    solution = co.solve(layered.chain(layered.layered(400, layered.Case("random", 1.0, 1.0))))
    assert solution.certified
    open_ = np.isnan(solution.derivatives.price).sum()
    assert solution.intervals.kind.count("not computed") == open_ > 0
    assert f"the price intervals of {open_} goods" in solution.warnings[-1]
    verdicts = co.audit(solution)
    assert "not converged" not in set(verdicts["verdict"])
    assert verdicts["cause"].str.contains("not computed").sum() > 0
    numeraire = solution.net.goods[int(np.flatnonzero(np.isnan(solution.derivatives.price))[0])]
    with pytest.raises(co.NumeraireError):
        co.tables(solution.chain, solution, numeraire=numeraire)
