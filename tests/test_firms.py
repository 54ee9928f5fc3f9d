"""Accounts by firm and transfer prices, against figures added up by hand, and against the objective."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from rich.console import Console

import chainopt as co
from chainopt.report.content.findings import findings
from chainopt.report.page.write import html_text
from chainopt.report.record import result_record
from chainopt.report.terminal import show
from chainopt.rows.dossier import dossier
from tests.support.chains import random_chain, recipe
from tests.support.sizes import near

DATA = Path(__file__).parent.parent / "data"
BOOKS = sorted(book.stem for book in DATA.glob("*.xlsx") if book.stem != "infeasible_obligation")
RANDOM = [(seed, kind) for kind in ("smooth", "linear", "mixed", "market") for seed in range(5)]
GOT = ["revenue_outside", "revenue_inside"]
PAID = ["bought_outside", "bought_inside", "supplies", "unit_cost", "disposal"]
INF = float("inf")
SAME = 1e-6
"""Of the money that goes in and out: what a certificate allows."""


def in_three_firms(chain):
    """The same chain, its processes dealt out to three firms."""
    processes = [replace(process, firm=f"firm {p % 3}") for p, process in enumerate(chain.processes)]
    return co.Chain(chain.goods, processes, parameters=chain.parameters, settings=chain.settings)


def solved(goods, processes):
    chain = co.Chain(goods, processes)
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL, solution.message
    return chain, solution


def accounts(chain, solution, **options):
    """Rows by firm, and by kind for the others."""
    table = co.firms(chain, solution, **options)
    return table.set_index(table["firm"].fillna(table["kind"]))


def only_transfer(chain, solution):
    table = co.transfers(chain, solution)
    assert len(table) == 1
    return table.iloc[0]


def check(chain, solution):
    """The identities that docs/reports.md states."""
    tables = co.tables(chain, solution)
    firms, transfers = tables.firms, tables.transfers
    money = float(firms[[*GOT, *PAID]].abs().to_numpy().max()) + abs(solution.objective)
    assert float(firms["profit"].sum()) == near(solution.objective, money, SAME)
    for row in firms.to_dict("records"):
        assert row["profit"] == near(sum(row[c] for c in GOT) - sum(row[c] for c in PAID), money, SAME)
    by_process = tables.processes.groupby("firm")[["profit", "rent"]].sum()
    for row in firms[firms["kind"] == "firm"].to_dict("records"):
        assert row["profit"] == near(by_process.at[row["firm"], "profit"], money, SAME)
        assert row["rent"] == near(by_process.at[row["firm"], "rent"], money, SAME)
        sold = transfers.loc[transfers["seller"] == row["firm"], "money"].sum()
        bought = transfers.loc[transfers["buyer"] == row["firm"], "money"].sum()
        assert sold == near(row["revenue_inside"], money, SAME)
        assert bought == near(row["bought_inside"], money, SAME)


@pytest.mark.parametrize("book", BOOKS)
def test_every_example_adds_up_to_its_objective(book):
    chain = co.read_workbook(DATA / f"{book}.xlsx")
    check(chain, co.solve(chain))


@pytest.mark.parametrize(("seed", "kind"), RANDOM)
def test_random_chains_add_up_to_their_objective(seed, kind):
    chain = in_three_firms(random_chain(seed, kind, cyclic=seed % 2 == 1, most=20))
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL
    check(chain, solution)


def test_a_planted_error_breaks_the_identity():
    """The check can fail: it counts what a supply is worth."""
    chain = co.read_workbook(DATA / "dairy.xlsx")
    solution = co.solve(chain)
    firms = co.firms(chain, solution)
    without = firms.loc[firms["kind"] != "supply", "profit"].sum()
    assert without != near(solution.objective, firms["revenue_outside"], SAME)


@pytest.mark.parametrize(("seed", "kind"), RANDOM)
def test_a_price_is_between_cost_and_worth(seed, kind):
    """Without a min level nobody sells below his cost, or buys above what it is worth to him."""
    chain = in_three_firms(random_chain(seed, kind, cyclic=seed % 2 == 1, most=20))
    bound = [replace(process, min_level=0.0) for process in chain.processes]
    chain = co.Chain(chain.goods, bound, parameters=chain.parameters)
    solution = co.solve(chain)
    table = co.transfers(chain, solution)
    table = table[table["good"].map({good.good: good.rival for good in chain.goods})]
    slack = 1e-5 * co.prices(chain, solution)["price"].abs().max()
    assert (table["cost"] <= table["price"] + slack).all()
    assert (table["price"] <= table["worth"] + slack).all()


# By hand: ore at 1 a unit, two of ore make one of metal, which costs 3 to make and is sold at 20.


def mine_and_smelter(mine, smelter):
    return solved(
        [co.Good("ore"), co.Good("metal", price=20.0)],
        [
            recipe("mine", {}, "ore", unit_cost=1.0, capacity=mine),
            recipe("smelter", {"ore": 2.0}, "metal", unit_cost=3.0, capacity=smelter),
        ],
    )


def test_the_seller_earns_the_rent_of_his_capacity():
    row = only_transfer(*(case := mine_and_smelter(10.0, INF)))
    assert (row["good"], row["seller"], row["buyer"], row["split"]) == ("ore", "mine", "smelter", "")
    assert row[["amount", "price", "low", "high", "cost", "worth"]].tolist() == pytest.approx(
        [10.0, 8.5, 8.5, 8.5, 1.0, 8.5]
    )
    firms = accounts(*case)
    assert firms.loc["mine", [*GOT, *PAID, "profit", "rent"]].tolist() == pytest.approx(
        [0, 85, 0, 0, 0, 10, 0, 75, 75], abs=1e-6
    )
    assert firms.loc["smelter", [*GOT, *PAID, "profit", "rent"]].tolist() == pytest.approx(
        [100, 0, 0, 85, 0, 15, 0, 0, 0], abs=1e-6
    )


def test_the_buyer_earns_the_rent_of_his():
    row = only_transfer(*(case := mine_and_smelter(INF, 4.0)))
    assert row[["amount", "price", "cost", "worth"]].tolist() == pytest.approx([8.0, 1.0, 1.0, 8.5])
    assert accounts(*case).at["smelter", "profit"] == pytest.approx(60.0)


def test_where_both_are_at_capacity_the_interval_is_the_fair_range():
    row = only_transfer(*(case := mine_and_smelter(10.0, 5.0)))
    assert row[["low", "high", "cost", "worth"]].tolist() == pytest.approx([1.0, 8.5, 1.0, 8.5])
    assert 1.0 - 1e-6 <= row["price"] <= 8.5 + 1e-6
    section = html_text(*case, dossier(*case)).split('<section id="transfers"')[1].split("</section>")[0]
    assert "<td>1 to 8.5</td>" in section


def test_a_limit_of_an_input_is_its_buyers():
    """At most 6 of ore: its price is its cost, and another would bring 8.5."""
    goods = [co.Good("ore"), co.Good("metal", price=20.0)]
    smelter = recipe("smelter", [co.Input("ore", 2.0, max=6.0)], "metal", unit_cost=3.0)
    row = only_transfer(*solved(goods, [recipe("mine", {}, "ore", unit_cost=1.0), smelter]))
    assert row[["amount", "price", "cost", "worth"]].tolist() == pytest.approx([6.0, 1.0, 1.0, 8.5])


def test_a_limited_input_of_the_seller_is_no_cost_of_his():
    """At most 6 of ore at 1 a unit for 3 of metal: it costs 2 + 3, and is sold on at 20 less 4."""
    case = solved(
        [co.Good("ore", import_price=1.0), co.Good("metal"), co.Good("wire", price=20.0)],
        [
            recipe("smelter", [co.Input("ore", 2.0, max=6.0)], "metal", unit_cost=3.0),
            recipe("drawing", {"metal": 1.0}, "wire", unit_cost=4.0),
        ],
    )
    row = only_transfer(*case)
    assert row[["amount", "price", "cost", "worth"]].tolist() == pytest.approx([3.0, 16.0, 5.0, 16.0])


@pytest.mark.parametrize("formula", [True, False])
def test_worth_is_the_derivative_of_a_curved_use(formula):
    """y = sqrt(x) of at most 2, at 12: x = 4, and the last unit of x brings 12 / (2 sqrt 4) = 3, and costs 2."""
    function = {"formula": "y = sqrt(x)"} if formula else {"function": "cobb-douglas", "inputs": {"x": 0.5}}
    outputs = () if formula else "y"
    case = solved(
        [co.Good("x"), co.Good("y", price=12.0)],
        [recipe("maker", {}, "x", unit_cost=2.0), co.Process("taker", outputs=outputs, capacity=2.0, **function)],
    )
    row = only_transfer(*case)
    assert row[["amount", "price", "cost", "worth"]].tolist() == pytest.approx([4.0, 2.0, 2.0, 3.0], rel=1e-5)


def test_a_good_of_several_sellers_and_buyers_is_split_pro_rata():
    """6 and 4 are made, 5 go to c and 5 to final demand: c takes 3 of the one and 2 of the other."""
    case = solved(
        [co.Good("g", price=3.0), co.Good("h", price=10.0)],
        [
            recipe("a", {}, "g", capacity=6.0),
            recipe("b", {}, "g", capacity=4.0),
            recipe("c", {"g": 1.0}, "h", capacity=5.0),
        ],
    )
    table = co.transfers(*case)
    assert table[["seller", "buyer", "split"]].to_numpy().tolist() == [
        ["a", "c", "pro rata"],
        ["b", "c", "pro rata"],
    ]
    assert table["amount"].tolist() == pytest.approx([3.0, 2.0])
    firms = accounts(*case)
    assert firms.loc["a", GOT].tolist() == pytest.approx([9.0, 9.0])
    assert firms.loc["b", GOT].tolist() == pytest.approx([6.0, 6.0])


def test_what_a_firm_makes_for_itself_is_no_sale():
    goods = [co.Good("ore"), co.Good("metal", price=20.0)]
    case = solved(
        goods,
        [
            recipe("pit", {}, "ore", unit_cost=1.0, capacity=10.0, firm="works"),
            recipe("furnace", {"ore": 2.0}, "metal", unit_cost=3.0, firm="works"),
        ],
    )
    assert co.transfers(*case).empty
    row = accounts(*case).loc["works"]
    assert row[["processes", *GOT, *PAID, "profit"]].tolist() == pytest.approx(
        [2, 100, 0, 0, 0, 0, 25, 0, 75], abs=1e-6
    )


# Who is no firm.


def test_supplies_are_paid_to_their_owners_and_disposal_by_who_makes_the_waste():
    """4 of land make 4 of wheat at 5 and 4 of straw, which costs 0.5 to be rid of: land is worth 4.5."""
    case = solved(
        [co.Good("land", supply=4.0), co.Good("wheat", price=5.0), co.Good("straw", disposal=0.5)],
        [recipe("farm", {"land": 1.0}, {"wheat": 1.0, "straw": 1.0})],
    )
    firms = accounts(*case)
    assert firms.loc["farm", [*GOT, *PAID, "profit"]].tolist() == pytest.approx(
        [20, 0, 0, 0, 18, 0, 2, 0], abs=1e-6
    )
    assert firms.at["supply", "profit"] == pytest.approx(18.0)
    assert firms.loc["disposal", ["revenue_inside", "bought_outside"]].tolist() == pytest.approx([2.0, 2.0])


def test_an_obligation_is_sold_outside():
    case = solved([co.Good("aid", supply=-2.0)], [recipe("kitchen", {}, "aid", unit_cost=3.0)])
    firms = accounts(*case)
    assert firms.at["kitchen", "revenue_outside"] == pytest.approx(6.0)
    assert firms.at["supply", "profit"] == pytest.approx(-6.0)


def test_a_limit_on_imports_and_one_on_sales_are_nobodys_in_the_chain():
    """2 imported at 1 are worth 4 each; 2 sold at 5 cost 1 each to make."""
    imported = solved(
        [co.Good("bean", import_price=1.0, max_import=2.0), co.Good("coffee", price=4.0)],
        [recipe("roaster", {"bean": 1.0}, "coffee")],
    )
    assert accounts(*imported).at["roaster", "bought_outside"] == pytest.approx(8.0)
    assert accounts(*imported).at["import", "profit"] == pytest.approx(6.0)
    sold = solved([co.Good("bread", price=5.0, max_sale=2.0)], [recipe("oven", {}, "bread", unit_cost=1.0)])
    assert accounts(*sold).at["oven", "profit"] == pytest.approx(0.0, abs=1e-6)
    assert accounts(*sold).at["demand", "profit"] == pytest.approx(8.0)


def test_readers_of_a_non_rival_good_pay_their_own_prices():
    chain = co.read_workbook(DATA / "non_rival.xlsx")
    solution = co.solve(chain)
    table = co.transfers(chain, solution)
    price = co.prices(chain, solution).set_index("good").at["forecast", "price"]
    assert table["price"].sum() == pytest.approx(price, rel=1e-6)
    assert table["amount"].nunique() == 1
    assert table["low"].isna().all()


def test_a_numeraire_divides_all_but_the_objective():
    chain, solution = mine_and_smelter(10.0, INF)
    firms = accounts(chain, solution, numeraire="metal")
    assert firms["profit"].sum() * 20.0 == pytest.approx(solution.objective)
    assert co.transfers(chain, solution, numeraire="metal")["cost"].tolist() == pytest.approx([0.05])


def test_without_a_certificate_there_are_no_accounts():
    chain = co.read_workbook(DATA / "infeasible_obligation.xlsx")
    solution = co.solve(chain)
    firms = co.firms(chain, solution)
    assert list(dict.fromkeys(process.firm for process in chain.processes)) == firms["firm"].tolist()
    assert firms["profit"].isna().all()
    assert co.transfers(chain, solution).empty
    assert 'id="firms"' not in html_text(chain, solution, dossier(chain, solution))


# Who loses money, and the reports.


def test_a_firm_that_loses_money_is_named_with_its_process_and_the_reason():
    """A min level of 3 of bread at a cost of 5, sold at 4; in the firm, a cake earns less than that."""
    chain, solution = solved(
        [co.Good("bread", price=4.0), co.Good("cake", price=2.0)],
        [
            recipe("oven", {}, "bread", unit_cost=5.0, min_level=3.0, firm="bakery"),
            recipe("pan", {}, "cake", unit_cost=1.0, capacity=2.0, firm="bakery"),
        ],
    )
    assert accounts(chain, solution).at["bakery", "profit"] == pytest.approx(-1.0)
    said = [finding.text for finding in findings(solution, dossier(chain, solution)) if finding.about == "firms"]
    assert said == ['The firm bakery loses 1: "oven" (-3) must run at a min level of 3.']


def test_a_loss_that_no_min_level_imposes_is_laid_to_a_price():
    chain = co.read_workbook(DATA / "loss_making_firm.xlsx")
    solution = co.solve(chain)
    why = accounts(chain, solution)["why"]
    assert '"railway" is at a loss at its prices' in why["railway"]
    assert "for fuel at 1.075" in why["railway"]
    assert why["bakery"] == ""


@pytest.fixture(scope="module")
def copper():
    chain = co.read_workbook(DATA / "copper.xlsx")
    solution = co.solve(chain)
    return chain, solution, dossier(chain, solution)


@pytest.mark.parametrize("width", [80, 109, 110, 160])
def test_a_wide_terminal_has_the_transfers(copper, width):
    _, solution, tables = copper
    out = io.StringIO()
    show(solution, tables, Console(width=width, file=out))
    text = out.getvalue()
    assert ("Seller's cost" in text) == (width >= 110)
    assert max(map(len, text.splitlines())) <= width
    assert '"tube works" loses 428.6 at these prices' in " ".join(text.split())


def test_the_page_has_both_sections_in_its_contents(copper):
    text = html_text(*copper)
    for name, title in (("firms", "Firms"), ("transfers", "Transfers")):
        assert f'<li><a href="#{name}">{title}</a></li>' in text
        assert f'<section id="{name}"' in text
    assert "final demand" in text


def test_the_excel_report_has_both_sheets_in_its_contents(copper, tmp_path):
    chain, solution, tables = copper
    co.write_excel(chain, solution, tmp_path / "report.xlsx", tables=tables)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = [cell for row in book["Summary"].iter_rows() for cell in row if cell.hyperlink]
    links = {cell.value: cell.hyperlink.location for cell in cells}
    for sheet in ("Firms", "Transfers"):
        assert links[sheet] == f"'{sheet}'!A1"
    head = [cell.value for cell in book["Firms"][1]]
    profit = [row[head.index("Profit (money)")].value for row in book["Firms"].iter_rows(min_row=2)]
    assert np.sum(profit) == pytest.approx(solution.objective)


def test_the_json_has_both(copper):
    chain, solution, tables = copper
    record = json.loads(json.dumps(result_record(chain, solution, tables=tables)))
    assert sum(row["profit"] for row in record["firms"]) == pytest.approx(solution.objective)
    assert {row["seller"] for row in record["transfers"]} == {"mine", "smelter", "refinery", "mills", "tube works"}
    assert record["transfers"][0]["price"] == pytest.approx(2110.0)
