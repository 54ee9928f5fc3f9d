"""A production function is one row of the table, and all follows from it: held by rows that are added here."""

from dataclasses import replace
from math import exp, log

import numpy as np
import openpyxl
import pytest

import chainopt as co
from chainopt.audits.verdicts import Verdict
from chainopt.technology.families import TECHNOLOGIES, Figure, Technology
from chainopt.workbook.schema import schema_markdown


def decay(batch, x, algebra):
    return algebra.of("exp", -1.0 * x / batch["reach"])


def kept(batch):
    return batch.scale * (1.0 - batch["drag"])


# Mitscherlich's law of diminishing returns, with figures of its own of both kinds.
MITSCHERLICH = Technology(
    name="mitscherlich",
    says="scale * (1 - drag) * sum a (1 - exp(-x/reach))",
    form=lambda batch, x, algebra: (
        (1.0 - batch["drag"]) * algebra.sum(batch, batch.a - batch.a * decay(batch, x, algebra))
    ),
    partials=lambda batch, x, level: (
        kept(batch)[batch.of] * batch.a / batch["reach"] * np.exp(-x / batch["reach"])
    ),
    of_process=(Figure("drag", "the part of the level that is lost", 0.0, strict=False),),
    of_use=(Figure("reach", "a use's reach, an amount above 0"),),
)


@pytest.fixture
def mitscherlich(monkeypatch):
    monkeypatch.setitem(TECHNOLOGIES, "mitscherlich", MITSCHERLICH)


def everything(chain, folder, prices, *, rtol=1e-6):
    """What a chain must be able to do: read from its workbook, solved, priced, audited, tested, formed by its
    equilibrium, written as a program, and reported; prices: by good, in closed form."""
    book = folder / "chain.xlsx"
    co.write_workbook(chain, book)
    read = co.read_workbook(book)
    assert (read.goods, read.processes) == (chain.goods, chain.processes)
    solution = co.solve(read)
    assert solution.certified, solution.message
    found = co.prices(read, solution).set_index("good")
    formed = co.compare(co.solve_equilibrium(read, start=solution), solution).set_index("good")
    gradient = co.to_program(read, solution).gradient
    for good, price in prices.items():
        assert found.price[good] == pytest.approx(price, rel=rtol), good
        assert found.backprop[good] == pytest.approx(price, rel=rtol), good
        assert formed.price[good] == pytest.approx(price, rel=1e-5), good
        assert gradient[good] == pytest.approx(price, rel=rtol), good
    assert all(Verdict(verdict).sound for verdict in co.audit(solution).verdict)
    report, page = folder / "report.xlsx", folder / "report.html"
    co.write_excel(read, solution, report)
    co.write_html(read, solution, page)
    receipts = openpyxl.load_workbook(report)["Receipts"]
    texts = {str(cell.value) for row in receipts.iter_rows() for cell in row if cell.value is not None}
    for process in read.processes:
        assert process.process in page.read_text(encoding="utf-8")
        assert any(process.process in text for text in texts)
    return solution, co.market_test(solution)


def test_a_function_with_figures_of_its_own_needs_a_row_alone(mitscherlich, tmp_path):
    water = co.Input("water", 4.0, reach=1.5)
    feed = co.Input("feed", 3.0, reach=0.5)
    chain = co.Chain(
        [co.Good("water", supply=3.0), co.Good("feed", import_price=2.0), co.Good("crop", price=5.0)],
        [co.Process("field", function="mitscherlich", inputs=[water, feed], outputs="crop", scale=2.0, drag=0.1)],
    )
    worth = 5.0 * 2.0 * 0.9
    solution, market = everything(chain, tmp_path, {"water": worth * 4.0 / 1.5 * exp(-3.0 / 1.5), "feed": 2.0})
    bought = 0.5 * log(worth * 3.0 / (0.5 * 2.0))
    made = 4.0 * (1.0 - exp(-3.0 / 1.5)) + 3.0 * (1.0 - exp(-bought / 0.5))
    assert solution.objective == pytest.approx(worth * made - 2.0 * bought, rel=1e-8)
    assert market.supported, str(market)
    assert "mitscherlich scale * (1 - drag)" in schema_markdown()
    assert "| `reach` |" in schema_markdown()
    co.write_template(tmp_path / "new.xlsx")
    header = [cell.value for cell in openpyxl.load_workbook(tmp_path / "new.xlsx")["inputs"][1]]
    assert "reach" in header


def test_what_a_function_asks_for_is_checked_at_its_cell(mitscherlich, tmp_path):
    water = co.Input("water", 4.0, reach=1.5)
    chain = co.Chain(
        [co.Good("water", supply=3.0), co.Good("crop", price=5.0)],
        [
            co.Process("field", function="mitscherlich", inputs=[water], outputs="crop"),
            co.Process("lake", function="linear", inputs={"water": 1.0}, outputs="crop"),
        ],
    )
    path = tmp_path / "chain.xlsx"
    co.write_workbook(chain, path)
    book = openpyxl.load_workbook(path)
    sheet = book["inputs"]
    column = next(cell.column for cell in sheet[1] if cell.value == "reach")
    for value, row, said in (
        (None, 2, "mitscherlich needs a use's reach"),
        (-1.0, 2, "above 0"),
        (2.0, 3, "linear takes no reach"),
    ):
        kept = sheet.cell(row, column).value
        sheet.cell(row, column).value = value
        book.save(path)
        sheet.cell(row, column).value = kept
        (problem,) = [problem for problem in co.check_workbook(path) if problem.error]
        assert said in str(problem)
        assert f"inputs!{sheet.cell(row, column).coordinate}" in str(problem)
    with pytest.raises(TypeError, match='Did you mean "reach"'):
        co.Input("water", 4.0, raech=1.5)


@pytest.mark.parametrize("book", ["steel_loop", "capacity_rent", "petrochemicals"])
@pytest.mark.parametrize("name", ["cobb-douglas", "ces", "linear"])
def test_a_function_under_another_name_is_the_same_function(book, name, monkeypatch):
    monkeypatch.setitem(TECHNOLOGIES, "twin", replace(TECHNOLOGIES[name], name="twin"))
    chain = co.read_workbook(f"data/{book}.xlsx")
    twins = [
        replace(process, function="twin") if process.function == name else process for process in chain.processes
    ]
    twin = co.Chain(chain.goods, twins, parameters=chain.parameters, settings=chain.settings)
    for method in ("ipopt", "auto"):
        ours, theirs = co.solve(chain, method=method), co.solve(twin, method=method)
        assert theirs.certified, theirs.message
        one, two = co.prices(chain, ours), co.prices(twin, theirs)
        scale = np.nanmax(np.abs(one.price))
        assert np.allclose(one.price, two.price, rtol=1e-6, atol=1e-8 * scale, equal_nan=True)
        assert list(co.audit(ours).verdict) == list(co.audit(theirs).verdict)
        assert list(co.market_test(ours).processes.verdict) == list(co.market_test(theirs).processes.verdict)


def test_a_wrong_partial_in_a_row_is_caught(monkeypatch):
    wrong = replace(MITSCHERLICH, partials=lambda *given: 1.01 * MITSCHERLICH.partials(*given))
    monkeypatch.setitem(TECHNOLOGIES, "mitscherlich", wrong)
    chain = co.Chain(
        [co.Good("water", supply=3.0), co.Good("crop", price=5.0)],
        [co.Process("field", function="mitscherlich", inputs=[co.Input("water", 4.0, reach=1.5)], outputs="crop")],
    )
    assert co.solve(chain).status is co.Status.UNCERTIFIED


def test_quadratic_returns_diminish_at_their_rate(tmp_path):
    inputs = [co.Input("water", 4.0, curvature=1.0), co.Input("feed", 3.0, curvature=0.5)]
    chain = co.Chain(
        [co.Good("water", supply=3.0), co.Good("feed", import_price=2.0), co.Good("crop", price=5.0)],
        [co.Process("field", function="quadratic", inputs=inputs, outputs="crop", scale=0.5)],
    )
    solution, market = everything(chain, tmp_path, {"water": 2.5 * (4.0 - 3.0), "feed": 2.0})
    bought = (3.0 - 2.0 / 2.5) / 0.5
    made = 4.0 * 3.0 - 0.5 * 3.0**2 + 3.0 * bought - 0.25 * bought**2
    assert solution.objective == pytest.approx(2.5 * made - 2.0 * bought, rel=1e-8)
    assert market.supported, str(market)


def test_beyond_satiation_a_good_is_worth_nothing_and_a_nuisance_less():
    def chain(disposal):
        return co.Chain(
            [co.Good("water", supply=6.0, disposal=disposal), co.Good("crop", price=5.0)],
            [
                co.Process(
                    "field", function="quadratic", inputs=[co.Input("water", 4.0, curvature=1.0)], outputs="crop"
                )
            ],
        )

    free, bound = co.solve(chain(0.0)), co.solve(chain(None))
    assert free.objective == pytest.approx(5.0 * 8.0, rel=1e-8)
    assert co.prices(chain(0.0), free).price[0] == pytest.approx(0.0, abs=1e-5 * 5.0)
    assert co.prices(chain(None), bound).price[0] == pytest.approx(5.0 * (4.0 - 6.0), rel=1e-6)


def test_quadratic_without_curvature_is_linear():
    def chain(function):
        goods = [
            co.Good("water", supply=3.0),
            co.Good("feed", supply=1.0, import_price=11.0),
            co.Good("crop", price=5.0),
        ]
        return co.Chain(
            goods, [co.Process("field", function=function, inputs={"water": 4.0, "feed": 2.0}, outputs="crop")]
        )

    one, two = (co.prices(chain(name), co.solve(chain(name))) for name in ("linear", "quadratic"))
    assert np.allclose(one.price, two.price, rtol=1e-6)


def test_stone_geary_is_a_cobb_douglas_above_its_floors(tmp_path):
    inputs = [co.Input("coal", 0.3, floor=4.0), co.Input("labour", 0.5, floor=1.0)]
    chain = co.Chain(
        [co.Good("coal", supply=10.0), co.Good("labour", import_price=2.0), co.Good("steel", price=7.0)],
        [co.Process("furnace", function="stone-geary", inputs=inputs, outputs="steel", scale=1.5)],
    )
    # 7 * 1.5 * 0.5 * 6^0.3 * z^-0.5 = 2, for the labour above its floor.
    above = (7.0 * 1.5 * 0.5 * 6.0**0.3 / 2.0) ** 2
    made = 1.5 * 6.0**0.3 * above**0.5
    solution, market = everything(chain, tmp_path, {"coal": 7.0 * 0.3 * made / 6.0, "labour": 2.0})
    assert solution.objective == pytest.approx(7.0 * made - 2.0 * (above + 1.0), rel=1e-8)
    assert market.supported, str(market)


def test_a_stone_geary_runs_at_a_loss_rather_than_leave_its_floor():
    inputs = [co.Input("fuel", 0.5, floor=8.0)]
    chain = co.Chain(
        [co.Good("fuel", import_price=1.0), co.Good("heat", price=2.0)],
        [co.Process("boiler", function="stone-geary", inputs=inputs, outputs="heat")],
    )
    solution = co.solve(chain)
    # 2 * 0.5 / sqrt(z) = 1: one unit above the floor, sold for 2, of nine that are bought.
    assert solution.certified
    assert solution.objective == pytest.approx(2.0 - 9.0, rel=1e-8)


def test_a_floor_that_nothing_can_reach_is_said():
    inputs = [co.Input("fuel", 0.5, floor=8.0)]
    boiler = co.Process("boiler", function="stone-geary", inputs=inputs, outputs="heat")
    goods = [co.Good("heat", price=2.0), co.Good("air", supply=1.0, price=1.0)]
    chain = co.Chain([co.Good("fuel"), *goods], [boiler])
    solution = co.solve(chain)
    assert solution.status is co.Status.INFEASIBLE
    assert '"boiler" always takes 8 of "fuel"' in solution.message
    chain = co.Chain([co.Good("fuel", supply=5.0), *goods], [boiler])
    short = co.solve(chain)
    assert short.status is co.Status.INFEASIBLE
    assert [(cause.sheet, cause.record, cause.good) for cause in co.explain(chain, short).causes] == [
        ("inputs", "boiler", "fuel")
    ]


@pytest.mark.parametrize("name", ["cobb-douglas", "ces", "linear", "quadratic", "stone-geary"])
def test_partials_are_the_slopes_of_the_form_and_cheapest_mixes_the_cheapest(name):
    from chainopt.chain.batches import batch_of

    random = np.random.default_rng(7)
    row = TECHNOLOGIES[name]
    own = {"curvature": 0.3} if name == "quadratic" else {"floor": 0.2} if name == "stone-geary" else {}
    uses = [co.Input(f"g{i}", a, **own) for i, a in enumerate(random.uniform(0.1, 0.4, 3))]
    more = {"elasticity": 0.7, "returns": 0.8} if name == "ces" else {}
    batch = batch_of(name, [co.Process("p", function=name, inputs=uses, outputs="y", scale=1.7, **more)])
    x = random.uniform(0.5, 2.0, 3)
    slopes = row.partials(batch, x, row.level(batch, x))
    for i in range(3):
        step = 1e-6 * np.eye(3)[i]
        difference = (row.level(batch, x + step) - row.level(batch, x - step)) / 2e-6
        assert slopes[i] == pytest.approx(float(difference[0]), rel=1e-7)
    if row.cheapest is None:
        return
    price = random.uniform(0.5, 2.0, 3)
    returns, origin = row.returns(batch), row.origin(batch)
    best = row.cheapest(batch, price)
    assert row.level(batch, origin + best)[0] == pytest.approx(1.7, rel=1e-12)
    for _ in range(50):
        mix = best * np.exp(0.3 * random.standard_normal(3))
        z = (row.level(batch, origin + mix) / 1.7) ** (1.0 / returns)
        assert price @ mix / z[0] >= price @ best * (1.0 - 1e-12)
