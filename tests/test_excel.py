"""The Excel report as a spreadsheet: it calculates to what it says, and its receipts are the prices.

LibreOffice is the outside calculator; the reverse sweep at the plan, and the chain solved again, say what a
changed final price does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from chains import random_chain
from office import formulas, recalculated, values
from sizes import near

import chainopt as co
from chainopt.audits.receipts import receipts
from chainopt.backprop.intervals import Intervals
from chainopt.backprop.sweep import differentiate
from chainopt.network.network import network
from chainopt.report.excel.styles import PREFIX, STYLES
from chainopt.report.excel.write import write_excel

DATA = Path(__file__).resolve().parents[1] / "data"
BOOKS = sorted(path.stem for path in DATA.glob("*.xlsx"))
SOLVED = [book for book in BOOKS if not book.startswith("infeasible")]

Solved = dict[str, tuple[co.Chain, co.Solution]]


@pytest.fixture(scope="module")
def solved() -> Solved:
    chains = {book: co.read_workbook(DATA / f"{book}.xlsx") for book in SOLVED}
    return {book: (chain, co.solve(chain)) for book, chain in chains.items()}


@pytest.fixture(scope="module")
def reports(solved: Solved, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    for book, (chain, solution) in solved.items():
        write_excel(chain, solution, folder / f"{book}.xlsx")
    return {book: folder / f"{book}.xlsx" for book in solved}


# What the receipts say


def unique(solution: co.Solution) -> dict[str, tuple[float, float]]:
    """Multiplier and derivative of the goods that have both."""
    assert solution.net
    assert solution.multipliers
    assert solution.derivatives
    both = zip(solution.net.goods, solution.multipliers.price, solution.derivatives.price, strict=True)
    return {good: (float(price), float(slope)) for good, price, slope in both if np.isfinite(slope)}


def added_up(solution: co.Solution, unit: float = 1.0) -> dict[str, float]:
    """Each good's price as the sum of its lines, each line from the sums before it."""
    found = receipts(solution, unit=unit)
    assert found is not None
    known: dict[Any, float] = dict(found.money)
    for receipt in found.receipts:
        lines = [line.share * line.brings * known[line.of] for line in receipt.lines]
        known[receipt.node] = sum(lines) if lines else receipt.value
    return {found.net.goods[i]: value for (kind, i), value in known.items() if kind == "good"}


@pytest.mark.parametrize("book", SOLVED)
def test_receipts_add_up_to_multiplier_and_derivative(book: str, solved: Solved) -> None:
    _, solution = solved[book]
    sums = added_up(solution)
    known = receipts(solution)
    assert known is not None
    assert all(receipt.lines for receipt in known.receipts)
    for good, (price, slope) in unique(solution).items():
        assert sums[good] == pytest.approx(price, rel=1e-6)
        assert sums[good] == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("kind", ["smooth", "linear", "mixed", "market"])
@pytest.mark.parametrize("cyclic", [False, True])
def test_receipts_of_random_chains_are_their_derivatives(kind: str, cyclic: bool) -> None:
    lines = 0
    for seed in range(3):
        chain = random_chain(seed, kind, cyclic, most=20)
        solution = co.solve(chain)
        assert solution.certified
        sums, both = added_up(solution), unique(solution)
        scale = max(abs(slope) for _, slope in both.values())
        for good, (_, slope) in both.items():
            assert sums[good] == pytest.approx(slope, rel=1e-6, abs=1e-9 * scale), (seed, good)
        found = receipts(solution)
        assert found is not None
        lines += sum(len(receipt.lines) for receipt in found.receipts)
    assert lines > 30


def test_a_rent_adds_up_too(solved: Solved) -> None:
    """The good mill's capacity earns what flour is worth above its grain and work: 4 - 1.25 * 2 - 1."""
    _, solution = solved["capacity_rent"]
    found = receipts(solution)
    assert found is not None
    (rent,) = [receipt for receipt in found.receipts if receipt.node[0] == "rent"]
    assert rent.value == pytest.approx(0.5)
    assert sorted(round(line.brings, 9) for line in rent.lines) == [-1.25, -1.0, 1.0]


def test_what_a_limit_of_a_smooth_process_leaves_is_its_rent() -> None:
    """Labour earns 2 as leisure; mine = sqrt(labour) is held at 1, where a unit costs 2 * 2 of labour."""
    goods = [co.Good("labour", supply=10, price=2), co.Good("ore", price=9)]
    chain = co.Chain(goods, [co.Process("mine", formula="ore = sqrt(labour)", capacity=1)])
    found = receipts(co.solve(chain))
    assert found is not None
    value = {receipt.node: receipt.value for receipt in found.receipts if receipt.lines}
    assert value == pytest.approx({("good", 0): 2, ("good", 1): 9, ("rent", 0): 5}, rel=1e-6)


def test_open_prices_are_values_that_say_their_range(tmp_path: Path) -> None:
    goods = [co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)]
    press = co.Process("p", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")
    chain = co.Chain(goods, [press])
    solution = co.solve(chain)
    found = receipts(solution)
    assert found is not None
    ways = {found.net.goods[receipt.node[1]]: receipt.way for receipt in found.receipts}
    assert ways == {"A": "value", "B": "value", "C": "one taker"}
    write_excel(chain, solution, tmp_path / "report.xlsx")
    cells = [cell.value for row in values(tmp_path / "report.xlsx")["Receipts"].iter_rows() for cell in row]
    assert "a value: 8 to 10 supports the plan" in cells
    assert any(str(text).startswith("A price without lines is a value and does not follow") for text in cells)


def test_a_numeraire_divides_receipts_and_what_they_begin_with(solved: Solved, tmp_path: Path) -> None:
    chain, solution = solved["refinery"]
    write_excel(chain, solution, tmp_path / "report.xlsx", numeraire="petrol")
    sheet = values(tmp_path / "report.xlsx")["Receipts"]
    prices = receipt_prices(sheet)
    assert prices["petrol"] == pytest.approx(1)
    assert prices["naphtha"] == pytest.approx(604 / 740)
    assert sheet.cell(final_price(sheet, "fuel oil"), AT).value == pytest.approx(430 / 740)
    assert any("units of petrol" in str(row[0].value) for row in sheet.iter_rows(max_row=6))


def test_a_long_chain_has_no_receipts_and_says_so(solved: Solved, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("chainopt.audits.receipts.MOST_USES", 2)
    write_excel(*solved["steel_loop"], tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert "Receipts" not in book.sheetnames
    assert any("There are no receipts" in str(row[1].value) for row in book["Summary"].iter_rows())


# What a spreadsheet makes of it


AT, VALUE = 7, 8


def receipt_prices(sheet: Any) -> dict[str, float]:
    """The price of each good's receipt: of the rows that have a unit."""
    rows = sheet.iter_rows(min_row=2)
    return {row[0].value: row[VALUE - 1].value for row in rows if row[10].value and row[0].value != "Good"}


def final_price(sheet: Any, good: str) -> int:
    """The row of the cell that holds a good's final price."""
    (row,) = [row[0].row for row in sheet.iter_rows() if (row[0].value, row[1].value) == (good, "final price")]
    return row


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def test_reports_calculate_to_the_values_they_were_written_with(reports: dict[str, Path], tmp_path: Path) -> None:
    paths = [*reports.values()]
    for path, again in zip(paths, recalculated(paths, tmp_path), strict=True):
        written, now, count = values(path), values(again), 0
        for sheet, cell, text in formulas(path):
            before, after = written[sheet][cell].value, now[sheet][cell].value
            if isinstance(before, str):
                assert after == before, (path.name, sheet, cell, text)
                continue
            assert isinstance(after, int | float), (path.name, sheet, cell, text, after)
            # A difference of two figures has their rounding, which LibreOffice takes for 0.
            row = [abs(each.value) for each in written[sheet][written[sheet][cell].row] if is_number(each.value)]
            noise = 1e-12 * max(row) if "-" in text else 1e-300
            assert after == pytest.approx(before, rel=1e-9, abs=noise), (sheet, cell)
            count += 1
        assert count > 20, path.name


def at_the_same_plan(chain: co.Chain, solution: co.Solution) -> dict[str, float]:
    """The derivatives of a chain at the plan of another, by the reverse sweep."""
    net = network(chain)
    assert solution.plan
    assert solution.net
    assert solution.net.goods == net.goods
    return dict(zip(net.goods, differentiate(net, solution.plan).price, strict=True))


def solved_again(chain: co.Chain, solution: co.Solution) -> dict[str, float]:
    """The prices of a chain whose limits bind as before, so that its plan is the same at other prices."""
    again = co.solve(chain)
    assert again.plan
    assert solution.plan
    assert again.plan.level == near(solution.plan.level, of=solution.plan.level, rel=1e-7)
    return dict(zip(co.prices(chain, again)["good"], co.prices(chain, again)["price"], strict=True))


def as_a_program(chain: co.Chain, solution: co.Solution) -> dict[str, float]:
    """The derivatives of the chain as a program of its supplies, at the plan of another."""
    net = network(chain)
    wide = np.full(len(net.goods), np.inf)
    # At these prices the plan is no optimum, and its derivatives no prices: any are welcome.
    assert solution.part
    part = replace(solution.part, net=net)
    kept = replace(solution, part=part, intervals=Intervals(-wide, wide, ("unbounded",) * len(wide)))
    slopes = co.to_program(chain, kept).gradient
    return {good: slopes[good] for good in net.goods}


CHANGE = 1.001
CHANGES: list[tuple[str, str, Callable[..., dict[str, float]]]] = [
    ("tupperware", "tupperware", at_the_same_plan),
    ("steel_loop", "steel", at_the_same_plan),
    ("non_rival", "power", at_the_same_plan),
    ("loss_making_firm", "bread", at_the_same_plan),
    ("recycle", "paper", solved_again),
    ("refinery", "petrol", solved_again),
    ("byproduct", "copper", solved_again),
    ("capacity_rent", "flour", as_a_program),
    ("petrochemicals", "high-density polyethylene", as_a_program),
]


def test_a_changed_final_price_travels_as_the_derivative_says(
    solved: Solved, reports: dict[str, Path], tmp_path: Path
) -> None:
    changed = {}
    for book, good, _ in CHANGES:
        sheets = openpyxl.load_workbook(reports[book])
        cell = sheets["Receipts"].cell(final_price(sheets["Receipts"], good), AT)
        cell.value *= CHANGE
        sheets.save(tmp_path / f"{book}.xlsx")
        changed[book] = tmp_path / f"{book}.xlsx"
    paths = recalculated([*changed.values()], tmp_path)
    for path, (book, good, truth) in zip(paths, CHANGES, strict=True):
        chain, solution = solved[book]
        goods = [replace(g, price=CHANGE * g.price) if g.good == good else g for g in chain.goods]
        other = co.Chain(goods, chain.processes, parameters=chain.parameters, settings=chain.settings)
        expected, after = truth(other, solution), values(path)
        now = receipt_prices(after["Receipts"])
        before = dict(zip(co.prices(chain, solution)["good"], co.prices(chain, solution)["price"], strict=True))
        assert {name: now[name] for name in expected} == pytest.approx(expected, rel=1e-6), book
        moved = [name for name in expected if abs(now[name] - before[name]) > 1e-6 * abs(before[name])]
        assert len(moved) > 1, book
        # The sheet says that it is no longer what was solved, and the sheets that refer to receipts follow.
        assert values(reports[book])["Receipts"]["A2"].value.startswith("No yellow cell is changed"), book
        assert after["Receipts"]["A2"].value.startswith("A yellow cell is changed"), book
        heads, *rows = after["Prices"].iter_rows(values_only=True)
        prices = {row[0]: row[heads.index("Receipt")] for row in rows}
        assert {name: prices[name] for name in now} == now


# What it looks like


def test_openpyxl_reads_named_styles_charts_and_links(reports: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(reports["petrochemicals"])
    assert {f"{PREFIX}{name}" for name in STYLES} <= set(book.named_styles)
    assert book["Receipts"].cell(final_price(book["Receipts"], "gasoline"), AT).style == f"{PREFIX}input"
    assert book["Summary"]["A2"].style == f"{PREFIX}good"
    assert book["Prices"]["C2"].style == f"{PREFIX}price"
    assert book["Prices"]["C2"].number_format != "General"
    charts = book["Charts"]._charts
    assert len(charts) == 3
    assert all(chart.x_axis.title is not None and chart.y_axis.title is not None for chart in charts)
    for chart in charts:
        # They stand beside the cells that they draw.
        assert chart.anchor._from.col > 3
        assert all(
            int(end) - int(first) < 20
            for series in chart.series
            for first, end in re.findall(r"\$(\d+):\$\w+\$(\d+)", (series.val or series.yVal).numRef.f)
        )


def test_links_lead_to_the_good_they_name(reports: dict[str, Path]) -> None:
    """From a price to its receipt and back, and from a line to the receipt of what it brings."""
    book = openpyxl.load_workbook(reports["petrochemicals"])

    def target(cell: Any) -> Any:
        sheet, _, at = cell.hyperlink.location.partition("!")
        return book[sheet.strip("'")][at]

    for (cell,) in book["Prices"].iter_rows(min_row=2, max_col=1):
        there = target(cell)
        assert there.parent.title == "Receipts"
        assert there.value == cell.value
        assert target(there).coordinate == cell.coordinate
    for sheet in ("Uses", "Audit"):
        for row in book[sheet].iter_rows(min_row=2):
            assert target(row[1]).value == row[1].value
    links = [row[5] for row in book["Receipts"].iter_rows() if row[5].hyperlink]
    goods = [cell for cell in links if target(cell).column == 1]
    assert len(goods) > 50
    assert all(target(cell).value == cell.value for cell in goods)
    for cell in links:
        kind = book["Receipts"].cell(target(cell).row, 2).value
        assert cell in goods or cell.value.startswith(kind), cell.coordinate


def test_the_summary_leads_to_the_row_that_shows_it(reports: dict[str, Path]) -> None:
    book = openpyxl.load_workbook(reports["refinery"])
    rows = {row[1].value: row[0] for row in book["Summary"].iter_rows() if row[0].hyperlink}
    (scarce,) = [cell for text, cell in rows.items() if str(text).startswith("The capacity of cracker")]
    sheet, _, at = scarce.hyperlink.location.partition("!")
    row = book[sheet.strip("'")][int(at[1:])]
    assert [row[0].value, row[2].value] == ["capacity", "cracker"]
    said = [cell.value for row in book["Summary"].iter_rows() for cell in row]
    assert "The most valuable supply" in said
    assert any(str(text).startswith("The supply of crude, 100 kt, is all that there is") for text in said)


def test_what_excel_can_not_hold_is_replaced_and_said(tmp_path: Path) -> None:
    goods = [co.Good("a\u202eb", supply=1, notes="x" * 40_000), co.Good("c", price=1)]
    chain = co.Chain(goods, [co.Process("p\x07", function="linear", inputs={"a\u202eb": 1}, outputs="c")])
    write_excel(chain, co.solve(chain), tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert book["Prices"]["A2"].value == "a<U+202E>b"
    assert "p<U+0007>" in {row[0].value for row in book["Processes"].iter_rows()}
    (said,) = [r[1].value for r in book["Summary"].iter_rows() if "is written as its code" in str(r[1].value)]
    assert "a<U+202E>b" in said
    assert "p<U+0007>" in said
