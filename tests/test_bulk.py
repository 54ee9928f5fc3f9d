"""A chain's functions from its arrays are those of its Pyomo model, read through NL: values, slopes, curvature."""

from pathlib import Path

import numpy as np
import pytest
from chains import random_chain
from scipy import sparse

import chainopt as co
from chainopt.chain.reach import reach
from chainopt.ipopt.evaluator import build_evaluator
from chainopt.ipopt.model import solve_model
from chainopt.ipopt.scaling import read_scaling
from chainopt.network.forward import forward_run
from chainopt.network.measure import magnitudes, turnover
from chainopt.network.network import network
from chainopt.planner.arrays import ModelDiffersError, chain_problem, posed
from chainopt.planner.model import build
from chainopt.planner.readback import read_multipliers, write_multipliers

DATA = sorted((Path(__file__).parent.parent / "data").glob("*.xlsx"))


def symmetric(evaluator, x, multipliers):
    shape = (len(x), len(x))
    values = evaluator.hessian(x, multipliers, 1.3)
    lower = sparse.csr_array(sparse.coo_array((values, evaluator.hessianstructure()), shape=shape))
    return (lower + sparse.tril(lower, -1).T).toarray()


def problem(net, model):
    start = forward_run(net)
    return chain_problem(net, model, magnitudes(net, start, turnover(net, start)))


def assert_same(chain):
    net = network(reach(chain).chain)
    model = build(net)
    read, (bulk, scaling) = build_evaluator(model), problem(net, model)
    factors = read_scaling(model, bulk)
    np.testing.assert_allclose(scaling.x, factors.x, rtol=1e-12)
    np.testing.assert_allclose(scaling.g, factors.g, rtol=1e-12)
    assert scaling.objective == pytest.approx(factors.objective, rel=1e-12)
    variable = {id(owner): i for i, owner in enumerate(read.variables)}
    row = {id(owner): i for i, owner in enumerate(read.rows)}
    p = np.array([variable[id(owner)] for owner in bulk.variables], dtype=int)
    q = np.array([row[id(owner)] for owner in bulk.rows], dtype=int)
    assert sorted(p) == list(range(len(read.variables)))
    assert sorted(q) == list(range(len(read.rows)))
    np.testing.assert_array_equal(read.x0[p], bulk.x0)
    np.testing.assert_array_equal(read.x_lower[p], bulk.x_lower)
    np.testing.assert_array_equal(read.x_upper[p], bulk.x_upper)
    assert read.sign == bulk.sign
    random = np.random.default_rng(1)
    x = np.abs(read.x0) * random.uniform(0.5, 1.5, len(read.x0)) + 0.1
    multipliers = random.normal(size=len(read.rows))

    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * np.max(np.abs(a), initial=1.0))

    close(read.objective(x), bulk.objective(x[p]))
    close(read.gradient(x)[p], bulk.gradient(x[p]))
    close(read.jacobian_matrix(x).toarray()[np.ix_(q, p)], bulk.jacobian_matrix(x[p]).toarray())
    close(symmetric(read, x, multipliers)[np.ix_(p, p)], symmetric(bulk, x[p], multipliers[q]))
    # NL puts a row's constants into its bounds: what is left of each bound is the same.
    with np.errstate(invalid="ignore"):
        for bound in ("g_lower", "g_upper"):
            left = getattr(read, bound)[q] - read.constraints(x)[q]
            right = getattr(bulk, bound) - bulk.constraints(x[p])
            np.testing.assert_array_equal(np.isfinite(left), np.isfinite(right))
            close(left[np.isfinite(left)], right[np.isfinite(left)])


@pytest.mark.parametrize("book", DATA, ids=lambda book: book.stem)
def test_the_workbooks(book):
    assert_same(co.read_workbook(book))


@pytest.mark.parametrize("kind", ["linear", "smooth", "mixed"])
@pytest.mark.parametrize("seed", range(12))
def test_random_chains(kind, seed):
    assert_same(random_chain(seed, kind=kind, cyclic=bool(seed % 2)))


def test_every_limit_and_demand_curve():
    assert_same(
        co.Chain(
            [
                co.Good("a", supply=5, import_price=2, max_import=3),
                co.Good("b", price=3, min_sale=0.1, max_sale=2),
                co.Good("c", price=2, demand_elasticity=1, reference_sale=1),
                co.Good("d", price=2, demand_elasticity=0.5, reference_sale=1, disposal=0.2),
                co.Good("e", rival=False, price=1, min_sale=-4, max_sale=9),
                co.Good("f", min_sale=0.2),
            ],
            [
                co.Process(
                    "p", function="cobb-douglas", inputs=[co.Input("a", 0.5, max=3)], outputs="b", capacity=2
                ),
                co.Process(
                    "q", formula="c = min(a, 2*sqrt(a)) + sin(e/9); d = tanh(a)", min_level=0.1, capacity=4
                ),
                co.Process(
                    "r", function="leontief", inputs={"a": 2, "e": 1}, outputs={"e": 0.1, "f": 1}, unit_cost=0.1
                ),
                co.Process("s", function="leontief", outputs="e", unit_cost=0.3, capacity=3),
                co.Process(
                    "t", function="linear", inputs={"a": 1, "b": 2}, outputs="f", min_level=0.1, capacity=0.1
                ),
                co.Process("u", function="ces", elasticity=2, returns=0.9, inputs={"a": 1, "b": 2}, outputs="f"),
            ],
        )
    )


def test_a_model_that_was_changed_is_noticed():
    net = network(co.read_workbook(next(book for book in DATA if book.stem == "steel_loop")))

    def row(model):
        first = next(iter(model.production.values()))
        first.set_value(2 * first.body == 0)

    def bound(model):
        first = next(iter(model.production.values()))
        first.set_value(first.body <= 0)

    def objective(model):
        model.value.set_value(2 * model.value.expr)

    for change in (row, bound, objective):
        model = build(net)
        problem(net, model)
        change(model)
        with pytest.raises(ModelDiffersError):
            problem(net, model)


def test_a_row_that_underflows_is_not_taken_for_another():
    """(a b)^60 is 1e-180 where a^60 by itself is no more than 0."""
    goods = [co.Good("a", supply=1e-7), co.Good("b", supply=1e4), co.Good("c", price=1)]
    steep = co.Process("steep", function="cobb-douglas", inputs={"a": 60, "b": 60}, outputs="c")
    net = network(co.Chain(goods, [steep]))
    start = forward_run(net)
    size = magnitudes(net, start, turnover(net, start))
    model = build(net)
    with pytest.raises(ModelDiffersError, match="production"):
        chain_problem(net, model, size)
    evaluator, _ = posed(net, model, size)
    x = np.array([{"a": 1e-7, "b": 1e4}.get(str(v.index()[1]), 0.0) if "use" in v.name else 0.0 for v in
                  evaluator.variables])  # fmt: skip
    made = -evaluator.constraints(x)[[row.name for row in evaluator.rows].index("production[steep]")]
    assert made == pytest.approx(1e-180, rel=1e-9)
    for change in (lambda row: row.set_value(2 * row.body == 0), lambda row: row.set_value(row.body <= 0)):
        model = build(net)
        change(next(iter(model.production.values())))
        evaluator, _ = posed(net, model, size)
        read = build_evaluator(model)
        assert evaluator.constraints(read.x0) == pytest.approx(read.constraints(read.x0), rel=1e-12)
        assert [row.name for row in evaluator.rows] == [row.name for row in read.rows], (
            "the model says what is solved"
        )


@pytest.mark.parametrize("book", DATA, ids=[book.stem for book in DATA])
def test_multipliers_written_are_the_duals_that_were_read(book):
    net = network(reach(co.read_workbook(book)).chain)
    model = build(net)
    solved = solve_model(model)
    if solved.status is not co.Status.OPTIMAL:
        pytest.skip("has no solution")
    multipliers = read_multipliers(net, model, lambda row: solved.dual[row])
    written = write_multipliers(net, model, multipliers)
    assert len(written) == len(solved.dual)
    largest = max(abs(value) for value in solved.dual.values())
    for row, dual in solved.dual.items():
        assert written[row] == pytest.approx(dual, rel=1e-7, abs=1e-8 * largest), row.name
