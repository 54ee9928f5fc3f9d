"""A price follows a changed final price, import price, disposal cost or unit cost as a new solve says: by the
rates of `following`, and by the sheet Receipts as LibreOffice recalculates it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import openpyxl
import pytest
from chains import random_chain, recipe
from nasty import nasty
from office import recalculated, values

import chainopt as co
from chainopt.audits.following import Following, following
from chainopt.audits.ranges import Range
from chainopt.audits.receipt_lines import Node
from chainopt.network.network import Network
from chainopt.report.excel.write import write_excel

DATA = Path(__file__).parent.parent / "data"
BOOKS = sorted(path.stem for path in DATA.glob("*.xlsx") if path.stem != "infeasible_obligation")
OF = {
    "final price": "price",
    "import price": "import_price",
    "disposal cost": "disposal",
    "unit cost": "unit_cost",
}
AT, AGAIN = 7, 12


def named(net: Network, node: Node) -> str:
    return net.processes[net.level_process[node[1]]] if node[0] == "unit cost" else net.goods[node[1]]


def figure(net: Network, node: Node) -> float:
    return float(getattr(net, OF[node[0]])[node[1]])


def changed(chain: co.Chain, net: Network, node: Node, value: float) -> co.Chain:
    """The chain with this money at another figure."""
    name, column = named(net, node), OF[node[0]]
    goods, processes = list(chain.goods), list(chain.processes)
    if node[0] == "unit cost":
        processes = [replace(p, unit_cost=value) if p.process == name else p for p in processes]
    else:
        goods = [replace(g, **{column: value}) if g.good == name else g for g in goods]
    return co.Chain(goods, processes, parameters=chain.parameters, settings=chain.settings)


def prices(solution: co.Solution) -> dict[str, float]:
    table = co.prices(solution.chain, solution)
    return dict(zip(table["good"], table["price"], strict=True))


def within(found: Following, node: Node, now: float) -> list[float]:
    """Nearly at both ends of a span, or far where it has none."""
    far = 3.0 * abs(now) + 1.0
    return [
        now + (0.9 * (end - now) if np.isfinite(end) else np.sign(end) * far) for end in found.ranges[node].ends
    ]


def off(solution: co.Solution, found: Following, node: Node, to: float) -> list[str]:
    """Where a new solve at another figure has other prices than those that follow."""
    assert solution.net is not None
    net, before = solution.net, prices(solution)
    again = co.solve(changed(solution.chain, net, node, to), method="simplex")
    assert again.certified, (node, to, again.message)
    now, size = prices(again), max(abs(price) for price in before.values())
    wrong = []
    for g, rates in found.rates.items():
        expected = before[net.goods[g]] + rates.get(node, 0.0) * (to - figure(net, node))
        if now[net.goods[g]] != pytest.approx(expected, rel=1e-6, abs=1e-9 * size):
            wrong.append(f"{net.goods[g]} with {node} at {to}: {now[net.goods[g]]}, not {expected}")
    return wrong


@pytest.mark.parametrize("book", ["dairy", "copper", "two_plants", "recycle"])
def test_prices_of_fixed_recipes_follow_to_the_ends_of_their_ranges(book: str) -> None:
    solution = co.solve(co.read_workbook(DATA / f"{book}.xlsx"))
    assert solution.net is not None
    found = following(solution)
    assert set(found.rates) == set(range(len(solution.net.goods)))
    assert set(found.ranges) > set(found.money)
    for node in [*found.ranges][:: 1 if book == "recycle" else 6]:
        for to in within(found, node, figure(solution.net, node)):
            assert off(solution, found, node, to) == []


def test_beyond_a_span_some_price_leaves_its_line() -> None:
    """By hand: paper falls out of use below a price of 1.445, where recycling costs more than it brings."""
    solution = co.solve(co.read_workbook(DATA / "recycle.xlsx"))
    found = following(solution)
    ends = [(node, end) for node, span in found.ranges.items() for end in span.ends if np.isfinite(end)]
    assert ends
    for node, end in ends:
        assert solution.net is not None
        now = figure(solution.net, node)
        again = co.solve(changed(solution.chain, solution.net, node, end + 0.05 * (end - now)), method="simplex")
        if again.certified:
            assert off(solution, found, node, end + 0.05 * (end - now)) != [], (node, end)


def test_nasty_chains_follow_too() -> None:
    """Loops of gain, joint products, ties, costless links, units from 1e-6 to 1e6."""
    followed, random = 0, Random(0)
    for seed in range(400, 460):
        chain = nasty(seed, 12)
        solution = co.solve(chain, method="simplex")
        if not solution.certified or solution.net is None:
            continue
        found = following(solution)
        for node in random.sample([*found.ranges], min(2, len(found.ranges))):
            now = figure(solution.net, node)
            # A formula's minimum that begins to cost has no answer: see docs/proofs.md.
            for end in found.ranges[node].ends if now else ():
                to = now + 0.5 * (end - now) if np.isfinite(end) else now + 0.1 * np.sign(end) * abs(now)
                assert off(solution, found, node, to) == [], seed
                followed += 1
    assert followed > 20


def test_money_that_no_price_follows_has_a_span_too() -> None:
    """By hand: board costs what the dearer saw's does, 5, until the full one's cost is above the other's, 4."""
    goods = [co.Good("wood", import_price=1), co.Good("board", price=10, max_sale=8)]
    saws = [recipe(f"saw{k}", {"wood": 1.0}, {"board": 1.0}, capacity=5, unit_cost=2.0 * k) for k in (1, 2)]
    found = following(co.solve(co.Chain(goods, saws)))
    assert found.rates[1].get(("unit cost", 0), 0.0) == 0.0
    assert found.ranges["unit cost", 0].ends == (-np.inf, pytest.approx(4.0))
    assert found.ranges["unit cost", 1].ends == (pytest.approx(2.0), pytest.approx(9.0))


def test_a_good_of_large_units_hides_no_other() -> None:
    """By hand: ore makes 1e10 of grain at 1e-10, and a ship at 7."""
    goods = [co.Good("ore", supply=4), co.Good("grain", price=1e-10), co.Good("ship", price=7)]
    found = following(co.solve(co.Chain(goods, [recipe("yard", {"ore": 1.0}, {"grain": 1e10, "ship": 1.0})])))
    assert found.rates[0]["final price", 2] == pytest.approx(1.0)
    assert found.rates[0]["final price", 1] == pytest.approx(1e10)


def test_bent_prices_follow_at_first() -> None:
    """A step, and half of it: what is left falls with the square."""
    for seed in (1, 2, 3, 5):
        chain = random_chain(seed, "smooth", cyclic=False, most=12)
        solution = co.solve(chain)
        found, net, before = following(solution), solution.net, prices(solution)
        assert net is not None
        assert found.ranges == {}
        for node in [node for node in found.money if node[0] == "import price"][:2]:
            now, left = figure(net, node), []
            for step in (1e-2, 5e-3):
                after = prices(co.solve(changed(chain, net, node, now * (1 + step))))
                left.append(
                    max(
                        abs(after[net.goods[g]] - before[net.goods[g]] - rates.get(node, 0.0) * now * step)
                        for g, rates in found.rates.items()
                    )
                )
            most = max(abs(rates.get(node, 0.0)) * now for rates in found.rates.values())
            assert left[1] <= max(0.35 * left[0], 1e-7 * most), (seed, node, left)


def reported() -> dict[str, co.Solution]:
    """All books, and twenty random chains of either kind."""
    found = {book: co.solve(co.read_workbook(DATA / f"{book}.xlsx")) for book in BOOKS}
    for seed in range(10):
        found[f"bent {seed}"] = co.solve(random_chain(seed, "smooth", cyclic=bool(seed % 2), most=10))
        found[f"straight {seed}"] = co.solve(nasty(500 + seed, 8))
    return {name: solution for name, solution in found.items() if solution.certified}


def elastic(net: Network, node: Node) -> bool:
    """Whether its cell holds another figure than the book does: what buyers pay at the plan's sale."""
    return node[0] == "final price" and bool(np.isfinite(net.elasticity[node[1]]))


def row_of(sheet: openpyxl.worksheet.worksheet.Worksheet, name: str, kind: str | None) -> int:
    return next(
        row[0].row for row in sheet.iter_rows() if row[0].value == name and (not kind or row[1].value == kind)
    )


def test_the_sheet_of_receipts_says_what_a_new_solve_says(tmp_path: Path) -> None:
    """One yellow cell of each book is changed, recalculated by LibreOffice and solved anew."""
    asked, paths = [], []
    for name, solution in reported().items():
        found, net = following(solution), solution.net
        assert net is not None
        nodes = [node for node in found.money if figure(net, node) and not elastic(net, node)]
        if not nodes:
            continue
        node = nodes[len(nodes) // 2]
        now = figure(net, node)
        end = found.ranges.get(node, Range(now, now * (1 + 1e-4))).high
        to = now + 0.5 * (end - now) if np.isfinite(end) and end > now else now * (1 + 1e-4)
        path = tmp_path / f"{name}.xlsx"
        write_excel(solution.chain, solution, path)
        book = openpyxl.load_workbook(path)
        sheet = book["Receipts"]
        cell = sheet.cell(row_of(sheet, named(net, node), node[0]), AT)
        assert cell.value == pytest.approx(now)
        cell.value = to
        book.save(path)
        asked.append((name, solution, found, node, to))
        paths.append(path)
    assert len(paths) > 20
    compared = 0
    for path, (name, solution, found, node, to) in zip(recalculated(paths, tmp_path), asked, strict=True):
        net, sheet = solution.net, values(path)["Receipts"]
        assert net is not None
        before, after = prices(solution), prices(co.solve(changed(solution.chain, net, node, to)))
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        shown = {row[0]: row[AGAIN - 1] for row in rows if row[10] and row[AGAIN - 1]}
        size = max(abs(price) for price in before.values() if np.isfinite(price))
        for g in found.rates:
            good = net.goods[g]
            change = abs(after[good] - before[good])
            bent = 0.0 if node in found.ranges else 0.02 * change
            said = shown.get(good, 0.0)
            assert said == pytest.approx(after[good], rel=1e-6, abs=bent + 1e-8 * size), (name, good, node, to)
            compared += change > 1e-7 * size
    assert compared > 40


def test_a_cell_says_that_it_has_left_its_range(tmp_path: Path) -> None:
    solution = co.solve(co.read_workbook(DATA / "dairy.xlsx"))
    paths = []
    for name, price in (("inside", 130.0), ("beyond", 150.0)):
        path = tmp_path / f"{name}.xlsx"
        write_excel(solution.chain, solution, path)
        book = openpyxl.load_workbook(path)
        sheet = book["Receipts"]
        sheet.cell(row_of(sheet, "power", "import price"), AT).value = price
        book.save(path)
        paths.append(path)
    said = []
    for path in recalculated(paths, tmp_path):
        sheet = values(path)["Receipts"]
        said.append(sheet.cell(row_of(sheet, "power", "import price"), AGAIN).value)
    assert said == ["within", "beyond: solve again"]
