"""Why a chain has no solution: the cells that conflict and how much of them can be met, the trade without end."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

import chainopt as co
from chainopt.audits.explain import Cause, explain
from chainopt.workbook.locate import cells

MILL = co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel")


def chain_of(goods: list[co.Good], *processes: co.Process) -> co.Chain:
    return co.Chain(goods, processes)


# The chain, the cell that asks too much with what can be had of it, and the cells that limit that.
INFEASIBLE = {
    "a min sale": (
        chain_of(
            [co.Good("ore", supply=5), co.Good("power", supply=30), co.Good("steel", price=3, min_sale=10)],
            co.Process("mill", function="leontief", inputs={"ore": 1, "power": 1}, outputs="steel", capacity=8),
        ),
        ("goods", "steel", "min sale", 5.0),
        {("goods", "ore", "supply")},
    ),
    "a min sale of a smooth process": (
        chain_of(
            [co.Good("ore", supply=5), co.Good("power", supply=3), co.Good("steel", price=3, min_sale=10)],
            co.Process("mill", function="cobb-douglas", inputs={"ore": 0.6, "power": 0.4}, outputs="steel"),
        ),
        ("goods", "steel", "min sale", 5**0.6 * 3**0.4),
        {("goods", "ore", "supply"), ("goods", "power", "supply")},
    ),
    "an obligation": (
        chain_of(
            [co.Good("ore", supply=5), co.Good("steel", supply=-10)],
            co.Process("mill", formula="steel = 3*sqrt(ore)"),
        ),
        ("goods", "steel", "supply", 3 * 5**0.5),
        {("goods", "ore", "supply")},
    ),
    "a min level": (
        chain_of(
            [co.Good("ore", supply=5), co.Good("steel", price=1)],
            co.Process("mill", function="linear", inputs={"ore": 1}, outputs="steel", min_level=7),
        ),
        ("processes", "mill", "min level", 5.0),
        {("goods", "ore", "supply")},
    ),
    "a max use": (
        chain_of(
            [co.Good("ore", supply=50), co.Good("steel", price=1, min_sale=7)],
            co.Process("mill", function="linear", inputs=[co.Input("ore", 1, max=4)], outputs="steel"),
        ),
        ("goods", "steel", "min sale", 4.0),
        {("inputs", "mill", "max")},
    ),
    "waste that nothing takes enough of": (
        chain_of(
            [co.Good("waste", supply=10, disposal=None), co.Good("heat", price=1)],
            co.Process("burner", function="leontief", inputs={"waste": 1}, outputs="heat", capacity=4),
        ),
        ("goods", "waste", "supply", 4.0),
        {("processes", "burner", "capacity")},
    ),
    "fixed sales of joint products": (
        chain_of(
            [
                co.Good("oil", supply=20),
                co.Good("petrol", price=3, min_sale=10, max_sale=10, disposal=None),
                co.Good("tar", price=1, min_sale=2, max_sale=2, disposal=None),
            ],
            co.Process("refinery", function="leontief", inputs={"oil": 1}, outputs={"petrol": 1, "tar": 0.5}),
        ),
        ("goods", "petrol", "min sale", 4.0),
        {("goods", "tar", "min sale"), ("goods", "tar", "disposal")},
    ),
    "a max import": (
        chain_of([co.Good("ore", import_price=2, max_import=4), co.Good("steel", price=5, min_sale=7)], MILL),
        ("goods", "steel", "min sale", 4.0),
        {("goods", "ore", "max import")},
    ),
    "two sales of one labour": (
        chain_of(
            [
                co.Good("labour", supply=10),
                co.Good("bread", price=5, min_sale=7),
                co.Good("beer", price=3, min_sale=4),
            ],
            co.Process("bake", function="leontief", inputs={"labour": 1}, outputs="bread"),
            co.Process("brew", function="leontief", inputs={"labour": 1}, outputs="beer"),
        ),
        ("goods", "bread", "min sale", 6.0),
        {("goods", "labour", "supply"), ("goods", "beer", "min sale")},
    ),
    "nothing that supplies": (
        chain_of(
            [co.Good("flour"), co.Good("bread", min_sale=1)],
            co.Process("bake", function="linear", inputs={"flour": 1}, outputs="bread"),
        ),
        ("goods", "bread", "min sale", None),
        {("processes", "bake", "process")},
    ),
}


@pytest.mark.parametrize("name", INFEASIBLE)
def test_a_conflict_names_its_cells(name: str) -> None:
    chain, (sheet, record, column, most), limiting = INFEASIBLE[name]
    solution = co.solve(chain)
    assert solution.status is co.Status.INFEASIBLE
    assert co.prices(chain, solution)["price"].isna().all()
    found = explain(chain, solution)
    first, *others = found.causes
    assert (first.sheet, first.record, first.column) == (sheet, record, column)
    assert first.most == (None if most is None else pytest.approx(most, rel=1e-5))
    assert {(cause.sheet, cause.record, cause.column) for cause in others} == limiting
    assert first.text in found.summary


@pytest.mark.parametrize("amounts", [1e-6, 1e6])
def test_units_change_no_conflict(amounts: float) -> None:
    chain = co.Chain(
        [co.Good("ore", supply=5 * amounts), co.Good("steel", price=1, min_sale=10 * amounts)], [MILL]
    )
    first, second = explain(chain, co.solve(chain)).causes
    assert first.most == pytest.approx(5 * amounts, rel=1e-5)
    assert (second.record, second.column) == ("ore", "supply")


def test_independent_conflicts_are_told_apart() -> None:
    chain = chain_of(
        [
            co.Good("ore", supply=5),
            co.Good("steel", price=3, min_sale=10),
            co.Good("wood", supply=2),
            co.Good("chair", price=3, min_sale=10),
        ],
        MILL,
        co.Process("join", formula="chair = wood"),
    )
    causes = explain(chain, co.solve(chain)).causes
    most = {cause.record: cause.most for cause in causes if cause.column == "min sale"}
    assert most == {"steel": pytest.approx(5.0), "chair": pytest.approx(2.0)}


@pytest.mark.parametrize(("factor", "feasible"), [(0.999, True), (1.001, False)])
def test_as_much_as_it_says_can_be_met(factor: float, feasible: bool) -> None:
    for name in ("a min sale", "a min sale of a smooth process", "a max import", "two sales of one labour"):
        chain, (_, record, _, most), _ = INFEASIBLE[name]
        least = factor * most
        goods = [replace(good, min_sale=least) if good.good == record else good for good in chain.goods]
        status = co.solve(co.Chain(goods, chain.processes)).status
        assert (status is co.Status.OPTIMAL) if feasible else (status is co.Status.INFEASIBLE)


def test_a_trade_without_end_is_told_per_unit() -> None:
    chain = co.Chain([co.Good("ore", unit="t", import_price=1), co.Good("steel", price=3)], [MILL])
    found = explain(chain, co.solve(chain))
    assert "buy 1 t of ore at 1, run mill at 1, sell 1 of steel at 3: earns 2 " in found.summary
    assert [(cause.sheet, cause.record, cause.column) for cause in found.causes] == [
        ("goods", "ore", "max import"),
        ("processes", "mill", "capacity"),
        ("goods", "steel", "max sale"),
    ]


def test_a_ray_stops_at_limits() -> None:
    limited = co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel", capacity=5)
    spare = co.Process("old mill", function="leontief", inputs={"ore": 2}, outputs="steel")
    chain = co.Chain([co.Good("ore", import_price=1), co.Good("steel", price=3)], [limited, spare])
    found = explain(chain, co.solve(chain))
    assert "run old mill at 0.5" in found.summary
    assert "run mill" not in found.summary


def test_a_cycle_makes_goods_from_nothing() -> None:
    chain = chain_of(
        [co.Good("power"), co.Good("coal"), co.Good("heat", price=1)],
        co.Process("station", function="leontief", inputs={"coal": 1}, outputs={"power": 3}),
        co.Process("mine", function="leontief", inputs={"power": 1}, outputs={"coal": 1}),
        co.Process("heater", function="leontief", inputs={"power": 1}, outputs="heat"),
    )
    found = explain(chain, co.solve(chain))
    assert "goods from nothing" in found.summary
    assert {"station", "mine", "heater", "heat"} == {cause.record for cause in found.causes}


def test_increasing_returns_are_named() -> None:
    chain = co.Chain(
        [co.Good("ore", import_price=1), co.Good("steel", price=1)],
        [co.Process("mill", function="cobb-douglas", inputs={"ore": 1.2}, outputs="steel", scale=0.1)],
    )
    assert 'returns to scale of "mill" increase' in explain(chain, co.solve(chain)).summary


def test_an_optimal_chain_needs_no_explanation() -> None:
    chain = co.Chain([co.Good("ore", supply=5, price=1)], [])
    assert not explain(chain, co.solve(chain)).causes


def test_causes_have_their_cells(tmp_path: Path) -> None:
    chain, _, _ = INFEASIBLE["a max use"]
    path = tmp_path / "book.xlsx"
    co.write_workbook(chain, path)
    causes = explain(chain, co.solve(chain)).causes
    found = cells(path, causes)
    import openpyxl

    book = openpyxl.load_workbook(path)
    for cause, cell in zip(causes, found, strict=True):
        sheet, place = cell.split("!")
        assert sheet == cause.sheet
        assert book[sheet][place].value == cause.value


def test_a_cell_of_an_absent_column_is_its_rows_name(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    co.write_workbook(co.Chain([co.Good("gold", price=2, import_price=1)], []), path)
    assert cells(path, [Cause("goods", "gold", "max import", ""), Cause("goods", "iron", "supply", "")]) == (
        "goods!A2",
        "",
    )


def test_the_model_explains_itself() -> None:
    path = Path(__file__).parent.parent / "models" / "infeasible_obligation.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    chain = module.chain()
    first, *others = explain(chain, co.solve(chain)).causes
    assert first.most == pytest.approx(1.5 * 5**0.6 * 3**0.4, rel=1e-5)
    assert {cause.column for cause in others} == {"supply", "max import"}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_figures_out_of_range_are_no_reason_to_break_off() -> None:
    mill = co.Process("p", function="cobb-douglas", inputs={"ore": 0.3}, outputs="made")
    chain = co.Chain([co.Good("ore", supply=1e300), co.Good("made", price=1e-300)], [mill])
    assert explain(chain, co.solve(chain)).causes == ()


def test_a_chains_name_is_no_figure() -> None:
    goods = [co.Good("ore", supply=5), co.Good("power", supply=3), co.Good("steel", price=3, min_sale=10)]
    mill = co.Process("mill", function="cobb-douglas", inputs={"ore": 0.6, "power": 0.4}, outputs="steel")
    plain, named = (co.Chain(goods, [mill], name=name) for name in ("bread", "inf bread"))
    assert explain(named, co.solve(named)).causes == explain(plain, co.solve(plain)).causes != ()


def test_what_nothing_can_meet_is_a_record_and_a_cause_with_the_processes_that_it_stops() -> None:
    goods = [co.Good("ore"), co.Good("steel", price=3, min_sale=2), co.Good("slag", supply=4, disposal=None)]
    chain = co.Chain(goods, [MILL])
    solution = co.solve(chain)
    assert solution.status is co.Status.INFEASIBLE
    assert [(each.good, each.column, each.amount) for each in solution.unmet] == [
        ("steel", "min sale", 2.0),
        ("slag", "supply", 4.0),
    ]
    assert solution.message == "; ".join(str(each) for each in solution.unmet)
    found = explain(chain, solution)
    assert [(cause.record, cause.column, cause.value) for cause in found.causes] == [
        ("steel", "min sale", 2.0),
        ("mill", "process", None),
        ("slag", "supply", 4.0),
    ]
    assert found.summary == "; ".join(cause.text for cause in found.causes)


def test_a_solve_that_ran_out_of_memory_has_no_cause_in_the_chain() -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    chain = co.Chain([co.Good("ore", supply=5), co.Good("steel", price=3, min_sale=10)], [MILL])
    solution = co.solve(chain, method="ipopt", progress=full)
    assert solution.message.startswith("E603: ")
    assert solution.cut_off
    assert explain(chain, solution).summary == ""
