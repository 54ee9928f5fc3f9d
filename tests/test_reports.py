"""Reports: the same figures in every form, any name harmless, and files that are whole or untouched."""

from __future__ import annotations

import html
import importlib.util
import io
import json
import os
import re
import zipfile
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple
from python_calamine import CalamineWorkbook
from rich.console import Console

import chainopt as co
from chainopt.machine.files import replacing
from chainopt.report.content.findings import Question, findings, headline
from chainopt.report.content.sheets import Column, sheets
from chainopt.report.excel.paper import Paper
from chainopt.report.excel.write import write_excel
from chainopt.report.page.write import html_text, write_html
from chainopt.report.record import json_text, result_record
from chainopt.report.terminal import show
from chainopt.rows.accounts import accounts
from chainopt.rows.dossier import dossier

MODELS = Path(__file__).resolve().parents[1] / "models"

HOSTILE = (
    "=1+1",
    "@SUM(1)",
    '=HYPERLINK("http://x")',
    "+cmd|x",
    "-2",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "../../x",
    "CON",
    "x" * 300,
    "exe.\u202egnp",
    "{{ 7 * 7 }}",
    "[bold]loud[/bold]",
)

KEYS = {
    "goods": "good unit supply imported produced used sold disposed price backprop difference low high interval "
    "price unit verdict cause story",
    "uses": "kind good process amount share value verdict cause",
    "processes": "process firm level revenue cost profit rent first_loss needed",
    "limits": "kind good process limit amount rent backprop",
    "ranges": "figure kind good process now more less low high below above solved",
}


def model(name: str) -> co.Chain:
    spec = importlib.util.spec_from_file_location(name, MODELS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.chain()


@pytest.fixture(scope="module")
def tupperware() -> tuple[co.Chain, co.Solution]:
    chain = model("tupperware")
    return chain, co.solve(chain)


@pytest.fixture(scope="module")
def petrochemicals() -> tuple[co.Chain, co.Solution]:
    chain = model("petrochemicals")
    return chain, co.solve(chain)


@pytest.fixture(scope="module")
def dairy() -> tuple[co.Chain, co.Solution]:
    chain = model("dairy")
    return chain, co.solve(chain)


@pytest.fixture(scope="module")
def hostile() -> tuple[co.Chain, co.Solution]:
    """A row of goods whose names are attacks, each made of the one before."""
    goods = [co.Good(name, unit="=2+2") for name in HOSTILE]
    goods[0] = replace(goods[0], supply=5)
    goods[-1] = replace(goods[-1], price=2, notes="=3+3")
    processes = [
        co.Process(f"{made}!", firm="=4+4", function="linear", inputs={used: 1}, outputs=made, notes="@x")
        for used, made in pairwise(HOSTILE)
    ]
    chain = co.Chain(goods, processes, name="=<b>attack</b>")
    return chain, co.solve(chain)


def infeasible() -> tuple[co.Chain, co.Solution]:
    goods = [co.Good("a", supply=1), co.Good("b", min_sale=5)]
    chain = co.Chain(goods, [co.Process("p", formula="b = a")])
    return chain, co.solve(chain)


def stopped(status: co.Status, solution: co.Solution) -> co.Solution:
    """A solution as a solve with another end would have left it."""
    bare = replace(solution, status=status, message="stopped; for a test")
    if status is co.Status.UNCERTIFIED:
        return bare
    return replace(bare, multipliers=None, derivatives=None, intervals=None, kkt=None, scope=None)


def terminal(chain: co.Chain, solution: co.Solution, width: int = 80, **options: Any) -> str:
    console = Console(width=width, file=io.StringIO(), **options)
    show(solution, co.tables(chain, solution), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class Tags(HTMLParser):
    """Every element of a page with its attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def page(chain: co.Chain, solution: co.Solution) -> str:
    return html_text(chain, solution, dossier(chain, solution))


# JSON


def test_the_record_has_the_documented_keys_in_order(petrochemicals: tuple[co.Chain, co.Solution]) -> None:
    record = result_record(*petrochemicals, seconds={"read": 0.5})
    documented = [
        "chainopt",
        "chain",
        "changes",
        "status",
        "message",
        "objective",
        "numeraire",
        "money",
        "goods",
        "uses",
        "processes",
        "limits",
        "kkt",
        "solver",
    ]
    assert list(record)[: len(documented)] == documented
    assert set(record) - set(documented) == {
            "firms", "transfers", "scope", "market", "explanation", "proof", "moves", "warnings", "removed",
            "reading",
            "ranges",
        }  # fmt: skip
    for table, keys in KEYS.items():
        assert record[table], table
        assert all(" ".join(row) == keys for row in record[table])
    assert list(record["kkt"]) == ["stationarity", "feasibility", "complementarity"]
    assert list(record["solver"]) == ["name", "version", "iterations", "seconds"]
    assert record["solver"]["seconds"]["read"] == 0.5
    assert record["solver"]["seconds"]["solve"] > 0


def test_the_record_says_what_the_essay_says(tupperware: tuple[co.Chain, co.Solution]) -> None:
    record = json.loads(json_text(result_record(*tupperware)))
    prices = {row["good"]: row["price"] for row in record["goods"]}
    assert prices == pytest.approx({"natgas": 1 / 24, "ethylene": 1 / 6, "polyethylene": 1.5, "tupperware": 1})
    assert [row["interval"] for row in record["goods"]] == ["point"] * 4
    assert record["status"] == "optimal"
    assert record["numeraire"] is None
    assert {row["verdict"] for row in record["goods"]} == {"agrees"}
    assert {row["price unit"] for row in record["goods"]} == {"money per unit"}
    assert record["goods"][2]["story"] == "1.5: one more means 1.5 more tupperware sold at 1, through moulding"
    moves = [row for row in record["moves"] if row["good"] == "polyethylene"]
    assert [(row["change"], row["kind"], row["of"]) for row in moves] == [("one more", "sale", "tupperware")]
    assert moves[0]["worth"] == pytest.approx(1.5, rel=1e-6)
    assert record["market"]["supported"] is False
    verdicts = {row["process"]: row["verdict"] for row in record["market"]["processes"]}
    assert verdicts["moulding"] == "loss: would shut down"
    assert record["explanation"] is None


def test_what_does_not_exist_is_null(tupperware: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = infeasible()
    record = json.loads(json_text(result_record(chain, solution)))
    assert record["status"] == "infeasible"
    assert {row["price"] for row in record["goods"]} == {None}
    assert {row["interval"] for row in record["goods"]} == {None}
    assert {row["verdict"] for row in record["goods"]} == {None}
    assert record["market"] is None
    causes = record["explanation"]["causes"]
    assert [(cause["sheet"], cause["record"], cause["column"]) for cause in causes] == [
        ("goods", "b", "min sale"),
        ("goods", "a", "supply"),
    ]
    for row in result_record(*tupperware)["uses"]:
        assert row["process"] is None or row["kind"] == "use"


def test_an_unbounded_end_is_null() -> None:
    chain = co.Chain(
        [co.Good("ore", supply=1, price=1), co.Good("dross", price=2, max_sale=0)],
        [co.Process("sort", function="linear", inputs={"ore": 1}, outputs={"dross": 1})],
    )
    record = result_record(chain, co.solve(chain))
    for row in record["goods"]:
        unbounded = {"unbounded above": ["high"], "unbounded below": ["low"], "unbounded": ["low", "high"]}
        assert all(row[end] is None for end in unbounded.get(row["interval"], []))
    json_text(record)


def test_a_numeraire_divides_every_price(petrochemicals: tuple[co.Chain, co.Solution]) -> None:
    record = result_record(*petrochemicals, numeraire="Crude  oil")
    assert record["numeraire"] == "crude oil"
    prices = {row["good"]: row["price"] for row in record["goods"]}
    assert prices["crude oil"] == pytest.approx(1)
    assert prices["naphtha"] == pytest.approx(620 / 540)


# Excel


def sheet_rows(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_excel_holds_the_tables_numbers(petrochemicals: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    chain, solution = petrochemicals
    write_excel(chain, solution, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx", data_only=True)
    first, last = ["Summary", "Charts", "Prices", "Balances"], ["Ranges", "Receipts", "Audit", "Solver", "Inputs"]
    assert book.sheetnames == [*first, "Uses", "Processes", "Firms", "Transfers", "Market", "Limits", *last]
    tables = dossier(chain, solution)
    assert tables.market is not None
    columns = {
        "Prices": (
            tables.goods,
            {"Price": "price", "Derivative": "backprop", "Difference": "difference", "Low": "low"},
        ),
        "Balances": (tables.goods, {"Supply": "supply", "Produced": "produced", "Disposed": "disposed"}),
        "Audit": (tables.audit, {"Multiplier": "multiplier", "Derivative": "derivative", "Amount": "amount"}),
        "Market": (tables.market.processes, {"Profit": "profit", "Gain by leaving": "deviation"}),
        "Uses": (tables.uses, {"Amount": "amount", "Share": "share", "Would pay": "value"}),
        "Processes": (tables.processes, {"Level": "level", "Cost": "cost", "Profit": "profit"}),
        "Limits": (tables.limits, {"Limit": "limit", "Rent": "rent"}),
        "Ranges": (tables.ranges, {"Now": "now", "One more adds": "more"}),
    }
    for name, (frame, titles) in columns.items():
        rows = [
            {title.partition(" (")[0]: value for title, value in row.items()} for row in sheet_rows(book[name])
        ]
        assert len(rows) == len(frame)
        for title, column in titles.items():
            expected = [None if isnan(value) else value for value in frame[column]]
            # What is rounding is written as 0, all else with every digit.
            nothing = 1e-9 * frame.select_dtypes("number").abs().max(axis=None)
            written = [row[title] for row in rows]
            kept = [
                value if cell != 0 or value is None or abs(value) > nothing else 0.0
                for cell, value in zip(written, expected, strict=True)
            ]
            assert written == kept, (name, title)
        assert book[name].freeze_panes
        assert book[name].tables
        assert book[name].page_setup.orientation == "landscape"


def test_excel_shows_the_data_as_read(tupperware: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    write_excel(*tupperware, tmp_path / "report.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["Inputs"]
    texts = {cell.value for row in sheet.iter_rows() for cell in row}
    assert {"ethylene = sqrt(natgas)", "tupperware = ln(polyethylene)", "C", 4, "-inf"} <= texts


OURS = re.compile(
    r"=(?:[A-Z][a-z]+!|'[A-Z][a-z]+'!|\$?[A-Z]{1,3}\$?\d+|(?:SUM|MAX|MIN)(?=\()|[-*:(),])+"
    r'|=IF\(MAX\(MAX\((J\d+:J\d+)\),-MIN\(\1\)\)=0,"No yellow cell [^"]+","A yellow cell [^"]+"\)'
    r'|=IF\(OR\((?:G\d+[<>][MN]\d+,?){1,2}\),"beyond: solve again","within"\)'
    r"|=I\d+(?:[-+][\d.e+-]+\*J\d+)*"
)
"""A formula of ours: cells, sheets of the report, three functions; no text of anybody's. Others say whether a cell
that may be changed was, whether it left its range, and what a price follows by."""
PLACE = re.compile(r"'[A-Z][a-z]+'![AG]\d+")


def test_names_stay_text_in_excel(hostile: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    write_excel(*hostile, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" or OURS.fullmatch(cell.value), (sheet.title, cell.coordinate)
                if cell.data_type == "s" and cell.value.startswith(("=", "+", "-", "@")):
                    assert cell.quotePrefix
                assert cell.hyperlink is None or cell.hyperlink.target is None
                assert cell.hyperlink is None or PLACE.fullmatch(cell.hyperlink.location)
    goods = [row["Good"] for row in sheet_rows(book["Prices"])]
    assert goods == [name.replace("\u202e", "<U+202E>") for name in HOSTILE]
    with zipfile.ZipFile(tmp_path / "report.xlsx") as parts:
        for part in parts.namelist():
            found = re.findall(r"<(?:c:)?f>(.*?)</(?:c:)?f>", parts.read(part).decode())
            assert all(OURS.fullmatch(f"={unescape(text)}") for text in found), part
        assert not any(b'TargetMode="External"' in parts.read(name) for name in parts.namelist())


MARKUP = (
    "<r>a & b</r>",
    "<r><t>fake</t></r>",
    "<r></t></r>",
    "<r>",
    "<r>open</t>",
    "&lt;r&gt; &#95;",
    "_x0041_x0042_",
    "<r>_x0041_ & _x0042_x</r>",
    "_x005F_x0041_",
)
"""What a writer of XML could take for its own."""


def texts(path: Path, sheet: str) -> list[list[Any]]:
    """A sheet's cells by two readers, which must agree but for what openpyxl leaves out wherever it stands."""
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
    book = openpyxl.load_workbook(path, data_only=True)
    read = [["" if c.value is None else c.value for c in row] for row in book[sheet]]
    assert read == [[c.replace("x005F_", "") if isinstance(c, str) else c for c in row] for row in rows]
    return rows


def test_markup_stays_text_in_excel(tmp_path: Path) -> None:
    inputs = [
        co.Good(name, unit=MARKUP[-1 - i], notes=f"{name}\n{name}", supply=1) for i, name in enumerate(MARKUP)
    ]
    formulas = [f"bread{i} = sqrt([{name}])" for i, name in enumerate(MARKUP)]
    made = [co.Good(f"bread{i}", price=1) for i in range(len(MARKUP))]
    processes = [co.Process(f"{MARKUP[i]}!", formula=formula) for i, formula in enumerate(formulas)]
    chain = co.Chain([*inputs, *made], processes)
    write_excel(chain, co.solve(chain), tmp_path / "report.xlsx")
    head, *rows = texts(tmp_path / "report.xlsx", "Prices")
    assert head[:2] == ["Good", "Unit"]
    assert [row[:2] for row in rows[: len(MARKUP)]] == [[good.good, good.unit] for good in inputs]
    shown = {cell for row in texts(tmp_path / "report.xlsx", "Inputs") for cell in row}
    assert {*formulas, *(f"{name} {name}" for name in MARKUP), *(f"{name}!" for name in MARKUP)} <= shown


@pytest.mark.parametrize("title", MARKUP[:-1])
def test_a_tables_header_may_look_like_markup(title: str) -> None:
    paper = Paper()
    paper.table(paper.sheet("one"), 0, [Column("good", title, "name", "")], [["a"]], [[""]], "one")
    sheet = openpyxl.load_workbook(io.BytesIO(bytes(paper.content()))).active
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [[title], ["a"]]
    assert [column.name for column in sheet.tables["chain_one"].tableColumns] == [title]


def test_no_column_is_wider_than_excel_allows(tmp_path: Path) -> None:
    huge = (1e299, -1e299, 123456789012345680000.0, 1e14, 0.1 + 0.2)
    goods = [co.Good(f"bread{i}", price=1, min_sale=-1e300, max_sale=value) for i, value in enumerate(huge)]
    chain = co.Chain([co.Good("labour", supply=4), *goods], [co.Process("p", formula="bread0 = sqrt(labour)")])
    write_excel(chain, co.solve(chain), tmp_path / "report.xlsx")
    for sheet in openpyxl.load_workbook(tmp_path / "report.xlsx"):
        assert all(size.width < 256 for size in sheet.column_dimensions.values())
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["Inputs"]
    for column in (4, 5, 6, 7):
        assert sheet.column_dimensions[get_column_letter(column)].width <= 20
    paper = Paper()
    share = Column("share", "Share", "share", "")
    paper.table(page := paper.sheet("one"), 0, [share], [[1e300]], [["0.0%"]], "one")
    assert paper.widen(page, 0, 0) == 255


def test_what_a_sheet_has_no_room_for_is_said(
    petrochemicals: tuple[co.Chain, co.Solution], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, solution = petrochemicals
    most = len(chain.goods) + 8
    monkeypatch.setattr("chainopt.report.excel.paper.MOST_ROWS", most)
    write_excel(chain, solution, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    said = [row[1].value for row in book["Summary"].iter_rows() if isinstance(row[1].value, str)]
    lasts = [table.ref.partition(":")[2] for sheet in book for table in sheet.tables.values()]
    assert max(coordinate_to_tuple(last)[0] for last in lasts) == most
    tables = book["Inputs"].tables
    assert [*tables] == ["chain_input_goods", "chain_input_processes"]
    for table in tables.values():
        head, *rows = book["Inputs"][table.ref]
        assert [cell.value for cell in head] == [column.name for column in table.tableColumns]
        assert all(row[0].value for row in rows)
    count = len(chain.processes)
    kept = len(book["Inputs"][tables["chain_input_processes"].ref]) - 1
    assert 0 < kept < count
    assert f"The sheet Inputs holds the first {kept} of {count} rows of its table chain_input_processes." in said
    uses = sum(len(process.inputs) for process in chain.processes)
    if uses:
        assert f"The sheet Inputs holds the first 0 of {uses} rows of its table chain_input_inputs." in said
    for name in ("Audit", "Uses"):
        (table,) = book[name].tables.values()
        assert any(text.startswith(f"The sheet {name} holds the first {most - 1} of ") for text in said)


# HTML


def test_html_asks_nothing_of_the_network(petrochemicals: tuple[co.Chain, co.Solution]) -> None:
    text = page(*petrochemicals)
    tags = Tags(text).found
    policy = [a["content"] for tag, a in tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert len(policy) == 1
    assert policy[0] is not None
    assert "default-src 'none'" in policy[0]
    assert "unsafe" not in policy[0]
    links = [a[name] for _, a in tags for name in ("src", "href", "action", "data", "srcset") if a.get(name)]
    assert links
    assert all(link is not None and link.startswith(("#", "data:")) for link in links)
    assert not re.search(r"https?://|@import|url\(", text)
    assert len(text) < 1_500_000


def test_html_tables_can_be_read_aloud(petrochemicals: tuple[co.Chain, co.Solution]) -> None:
    tags = Tags(page(*petrochemicals)).found
    tables = sum(tag == "table" for tag, _ in tags)
    assert tables == sum(tag == "caption" for tag, _ in tags) > 4
    assert all(attributes.get("scope") for tag, attributes in tags if tag == "th")
    assert all("style" not in attributes for _, attributes in tags)
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {a["href"] for tag, a in tags if tag == "a"}
    assert targets <= {f"#{name}" for name in ids}


def test_names_are_harmless_in_html(
    hostile: tuple[co.Chain, co.Solution], petrochemicals: tuple[co.Chain, co.Solution]
) -> None:
    text = page(*hostile)
    kinds = {tag for tag, _ in Tags(text).found}
    assert kinds <= {tag for tag, _ in Tags(page(*petrochemicals)).found}
    # The pictures' figures are data, which no browser runs.
    kinds_of_script = [attributes.get("type") for tag, attributes in Tags(text).found if tag == "script"]
    assert kinds_of_script == ["application/json"] * 2 + [None]
    assert not any(name.startswith("on") for _, attributes in Tags(text).found for name in attributes)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "\u202e" not in text
    assert "&lt;U+202E&gt;" in text


def test_a_long_chain_keeps_what_matters() -> None:
    count = 600
    goods = [co.Good(f"g{i}", supply=1, price=1 + i) for i in range(count)]
    chain = co.Chain(goods, [co.Process("p", function="linear", inputs={"g0": 1}, outputs="g1")])
    solution = co.solve(chain)
    text = page(chain, solution)
    assert "100 more of less value are left out" in text
    assert "<bdi>g599</bdi>" in text
    assert "<bdi>g5</bdi>" not in text
    shown = terminal(chain, solution)
    assert "570 more goods are left out." in shown
    assert "g599" in shown


# Every status, in every form


@pytest.mark.parametrize("status", list(co.Status))
@pytest.mark.parametrize("planned", [True, False])
def test_every_status_can_be_reported(
    status: co.Status, planned: bool, tupperware: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    chain, solution = tupperware
    if status is not co.Status.OPTIMAL:
        solution = stopped(status, solution)
        if not planned:
            solution = replace(stopped(co.Status.TIME_LIMIT, solution), status=status, plan=None, part=None)
    assert headline(solution)
    assert "nan" not in " ".join(found.text for found in findings(solution, co.tables(chain, solution))).split()
    json_text(result_record(chain, solution))
    write_html(chain, solution, tmp_path / "report.html")
    write_excel(chain, solution, tmp_path / "report.xlsx")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert headline(solution).replace("'", "&#39;") in text
    assert ">nan<" not in text
    assert " ".join(headline(solution).split()) in " ".join(terminal(chain, solution).split())
    openpyxl.load_workbook(tmp_path / "report.xlsx")


def test_removed_processes_and_warnings_are_said(tupperware: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = tupperware
    solution = replace(solution, removed={"mill": 'nothing supplies "ore"'}, warnings=("mind the gap",))
    text = " ".join(found.text for found in findings(solution, co.tables(chain, solution)))
    assert 'mill can\'t run: nothing supplies "ore".' in text
    assert "Mind the gap." in text
    record = result_record(chain, solution)
    assert record["removed"] == [{"process": "mill", "why": 'nothing supplies "ore"'}]
    assert "mind the gap" in record["warnings"]


def test_a_price_that_is_a_range_is_said_so() -> None:
    chain = co.Chain(
        [co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)],
        [co.Process("p", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")],
    )
    solution = co.solve(chain)
    sentences = [found.text for found in findings(solution, co.tables(chain, solution))]
    assert "A has no single price: 8 to 10 supports the plan as well." in sentences
    assert "8 to 10" in terminal(chain, solution)
    assert "8 to 10" in page(chain, solution)


def test_nothing_matters_but_what_is_scarce() -> None:
    """Multipliers of 1e-13 are rounding, whatever the largest price is."""
    goods = [co.Good("sand", supply=5), co.Good("glass", price=2, max_sale=1)]
    chain = co.Chain(
        goods, [co.Process("melt", function="linear", inputs={"sand": 1}, outputs="glass", capacity=4)]
    )
    solution = co.solve(chain)
    found = [finding.text for finding in findings(solution, co.tables(chain, solution))]
    assert (
        found[0] == "The most glass that final demand takes, 1, binds: "
        "one more unit would add 2, up to 4; rent in all: 2."
    )
    assert not any("sand" in text or "melt" in text for text in found)


def test_a_level_says_what_it_counts() -> None:
    """By a yield of 1 its output, by a coefficient of 1 its input; of a yield of 0.7, neither."""
    ore, power, metal = co.Good("ore", unit="kt", supply=10), co.Good("power", supply=9), co.Good("metal", price=3)
    inputs = ({"ore": 2, "power": 1}, {"ore": 1, "power": 0.1}, {"ore": 2, "power": 0.2})
    processes = [
        co.Process(f"p{i}", function="leontief", inputs=taken, outputs={"metal": 1.0 if i == 0 else 0.7})
        for i, taken in enumerate(inputs)
    ]
    processes[1] = replace(processes[1], capacity=2.0)
    chain = co.Chain([ore, power, metal], processes)
    solution = co.solve(chain)
    shown = sheets(dossier(chain, solution))
    assert shown["processes"].rows["unit"].tolist() == ["metal", "kt of ore", "runs"]
    (level,) = [column for column in shown["processes"].columns if column.name == "level"]
    assert "first output" not in level.meaning
    said = " ".join(found.text for found in findings(solution, co.tables(chain, solution)))
    assert "The capacity of p1, 2 kt of ore, binds: one more kt of ore would add" in said


def test_what_is_worth_most_comes_first_whatever_it_is() -> None:
    """A supply worth 60 in all stands before a capacity that earns 4, and after one that earns 90."""
    goods = [co.Good("labour", unit="h", supply=20), co.Good("bread", price=3), co.Good("pie", price=10)]
    bakery = co.Process("bakery", function="linear", inputs={"labour": 1}, outputs="bread")
    for capacity, order in ((0.4, ["supply", "capacity"]), (9, ["capacity", "supply"])):
        pies = co.Process("pies", function="linear", inputs={"labour": 1}, outputs="pie", capacity=capacity)
        chain = co.Chain(goods, [bakery, pies])
        solution = co.solve(chain)
        found = [each.text for each in findings(solution, co.tables(chain, solution))]
        starts = [text.split()[1] for text in found if text.startswith(("The supply", "The capacity"))]
        assert starts == order


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> tuple[co.Chain, co.Solution]:
    """A chain with a name for its money, by way of a workbook: a contract, a capacity, an idle process."""
    goods = [
        co.Good("ore", unit="kt", supply=10),
        co.Good("steel", unit="kt", price=3000),
        co.Good("wire", unit="kt", price=4000),
    ]
    processes = [
        co.Process("mill", function="leontief", inputs={"ore": 2}, outputs="steel", capacity=4),
        co.Process("shop", function="leontief", inputs={"steel": 1}, outputs="wire", unit_cost=4000, min_level=1),
        co.Process("idle", function="leontief", inputs={"steel": 1}, outputs="wire", unit_cost=4500),
    ]
    chain = co.Chain(goods, processes, settings=co.Settings(money="k EUR"))
    path = tmp_path_factory.mktemp("named") / "book.xlsx"
    co.write_workbook(chain, path)
    read = co.read_workbook(path)
    assert read.settings == chain.settings
    return read, co.solve(read)


def test_money_has_its_name_wherever_it_is_counted(named: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    chain, solution = named
    record = result_record(chain, solution)
    assert record["money"] == "k EUR"
    assert {row["price unit"] for row in record["goods"]} == {"k EUR per kt"}
    for form, text in forms(chain, solution, tmp_path).items():
        for wanted in (
            "the greatest value of this chain is 9,000 k EUR",
            "one more kt of steel would add 3,000 k EUR, up to 5; rent in all: 12,000 k EUR",
            '"shop" loses 3,000 k EUR at these prices',
            "its first unit would lose 3,500 k EUR",
            "Money is in k EUR.",
        ):
            assert wanted in text, (form, wanted)
    write_excel(chain, solution, tmp_path / "report.xlsx")
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    assert {"Revenue (k EUR)", "Profit (k EUR)"} <= {cell.value for cell in book["Processes"][1]}
    plain = co.Chain(chain.goods, chain.processes)
    assert result_record(plain, co.solve(plain))["money"] == "money"


def test_the_headline_says_what_is_counted_in_a_numeraire(
    named: tuple[co.Chain, co.Solution],
) -> None:
    """By hand: 9,000 k EUR is 3 kt of steel at 3,000."""
    chain, solution = named
    figures = dossier(chain, solution, numeraire="steel")
    said = headline(solution, figures)
    assert "9,000 k EUR, or 3 kt of steel, in which all money below is counted" in said
    assert said in html.unescape(html_text(chain, solution, figures))
    assert result_record(chain, solution, tables=figures)["money"] == "kt of steel"


def test_an_elastic_demand_is_told_by_its_accounts(tmp_path: Path) -> None:
    """By hand, w(s) = 6 (s/10)^(-1/2), cost 4.5: w(s) (1 buyer's price) = 4.5 at s = 10 (6/4.5)^2 = 160/9."""
    goods = [co.Good("ore", import_price=4.5), co.Good("tin", price=6, demand_elasticity=2, reference_sale=10)]
    chain = co.Chain(goods, [co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="tin")])
    solution = co.solve(chain)
    sale = 160 / 9
    area = 6 * 10 / 0.5 * ((sale / 10) ** 0.5 - 1)
    found = accounts(solution)
    assert found is not None
    assert found.revenue == pytest.approx(4.5 * sale)
    assert found.costs == pytest.approx(4.5 * sale)
    assert found.profit == pytest.approx(0, abs=1e-6 * found.revenue)
    # Between 6 and 4.5 on the price axis: the integral of 10 (6/w)^2 dw.
    assert found.surplus == pytest.approx(360 / 4.5 - 360 / 6)
    assert solution.objective == pytest.approx(area - 4.5 * sale)
    assert headline(solution).startswith(
        "Solved and certified: sales bring 80 at the plan's prices, what they take"
    )
    assert f"The objective is {area - 80:.6g}" in headline(solution)
    for form, text in forms(chain, solution, tmp_path).items():
        assert "greatest value of this chain" not in text, form
        assert "gain 20 more than with their reference sales" in text, form


def test_buyers_who_would_pay_more_are_no_disagreement(dairy: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = dairy
    found = findings(solution, dossier(chain, solution))
    apart = [each.text for each in found if each.question is Question.APART]
    assert not any("final demand" in text or "Final demand" in text for text in apart)
    said = [each.text for each in found if each.question is Question.WORTH]
    assert (
        "Final demand would pay 180 for one more of buttermilk, 191 more than its price, -11, but a limit lets it "
        "have no more."
    ) in said
    assert any("of drinking milk, 24.24 less than its price, 454.2, but a limit makes it take" in t for t in said)


def test_a_proof_stands_in_one_plain_line(dairy: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = dairy
    doubts = (
        "beside the proof, the gap is 5.8e-08",
        "Ipopt's multipliers don't hold the plan (a gap of 5.8e-08): the prices are the simplex method's",
        "mind the gap",
    )
    solution = replace(solution, warnings=doubts, solver="HiGHS")
    said = terminal(chain, solution)
    assert "5.8e-08" not in said
    lines = [each for each in findings(solution, co.tables(chain, solution)) if "simplex method" in each.text]
    assert [each.caution for each in lines] == [False]
    assert "Mind the gap." in said
    assert result_record(chain, solution)["warnings"][:3] == [*doubts]


def test_rounding_is_nothing_in_every_form(petrochemicals: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    """What an interior point leaves of a rent, a price, a level: in a chain of 1e6 of money, no news."""
    chain, solution = petrochemicals
    figures = dossier(chain, solution)
    slack = figures.limits.index[figures.limits["rent"].abs() < 1e-9][0]
    figures.limits.loc[slack, ["rent", "limit"]] = [4.36e-09, 480.0]
    figures.goods.loc[0, ["price", "backprop", "difference", "low", "high"]] = [5.73e-08, 5.73e-08, 0, 0, 0]
    figures.goods.loc[1, "price"] = -5.73e-08
    figures.processes.loc[0, "level"] = 6.87e-09
    figures.goods.loc[2, "price"] = least = 1.25e-6
    figures.goods.loc[2, "supply"] = 1e12
    shown = sheets(figures)
    assert shown["limits"].shown.at[slack, "rent"] == shown["prices"].shown.at[1, "price"] == "0"
    assert shown["limits"].rows.at[slack, "rent"] == shown["prices"].rows.at[0, "price"] == 0
    assert shown["processes"].rows.at[0, "level"] == 0
    # Small by its unit alone: what all of it is paid is a large part of the money.
    assert shown["prices"].rows.at[2, "price"] == least
    out = io.StringIO()
    show(solution, figures, Console(file=out, width=100))
    write_excel(chain, solution, tmp_path / "report.xlsx", tables=figures)
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    numbers = {cell.value for name in ("Limits", "Prices", "Processes") for row in book[name] for cell in row}
    assert not numbers & {4.36e-09, 5.73e-08, -5.73e-08, 6.87e-09}
    for text in (out.getvalue(), html_text(chain, solution, figures)):
        assert re.findall(r".{80}(?:4\.36e-0?9|5\.73e-0?8|6\.87e-0?9)", text) == []


# What a reader wants to know


def unbounded() -> tuple[co.Chain, co.Solution]:
    goods = [co.Good("ore", import_price=1), co.Good("steel", price=3)]
    chain = co.Chain(goods, [co.Process("mill", formula="steel = ore")])
    return chain, co.solve(chain)


def forms(chain: co.Chain, solution: co.Solution, folder: Path) -> dict[str, str]:
    """The text of every report; of the workbook, all but the sheet Solver."""
    figures = dossier(chain, solution)
    out = io.StringIO()
    show(solution, figures, Console(file=out, width=80))
    write_excel(chain, solution, folder / "report.xlsx", tables=figures)
    book = openpyxl.load_workbook(folder / "report.xlsx")
    cells = [str(c.value) for sheet in book if sheet.title != "Solver" for row in sheet.iter_rows() for c in row]
    web = html.unescape(html_text(chain, solution, figures))
    web = web.replace("\N{RIGHTWARDS ARROW}", "->").replace("\N{MULTIPLICATION SIGN}", "x")
    return {"terminal": " ".join(out.getvalue().split()), "excel": "\n".join(cells), "html": web}


def test_every_form_says_why_a_price_is_what_it_is(
    petrochemicals: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    story = "one more means 1 less benzene bought at 930"
    audited = "189 agree, 4 pay a rent, 1 can't be thrown away, 63 are idle"
    for form, text in forms(*petrochemicals, tmp_path).items():
        for wanted in (story, audited, "money per TJ", "a market could run this plan by them."):
            assert wanted in text, (form, wanted)


def test_every_form_says_who_would_rather_shut_down(
    tupperware: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    for form, text in forms(*tupperware, tmp_path).items():
        assert "No market could run this plan by prices alone" in text, form
        assert '"moulding" (firm C) makes a loss of 1.405 at the plan: it would rather shut down' in text, form
        if form != "terminal":
            assert "loss: would shut down" in text, form


def test_a_contract_that_costs_is_said_plainly(dairy: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = dairy
    figures = dossier(chain, solution)
    said = [found.text for found in findings(solution, figures)]
    contract = "loses 1,076 at these prices; it runs because of its min level of 25 (a contract)."
    assert f'"yoghurt kitchen" (firm kitchen) {contract}' in said
    assert not any(text.startswith("No process would rather") for text in said)
    assert not any("would run at less" in text for text in said)
    assert figures.market is not None
    asked = figures.market.processes.set_index("process").loc["yoghurt kitchen"]
    assert asked["verdict"] == "loss: bound to run"
    # Without the market test, the same words.
    bare = replace(figures, market=None)
    told = [found.text for found in findings(solution, bare)]
    assert f"yoghurt kitchen (kitchen) {contract}" in told


IDLE = (
    # Of a chain of ore at 2 and steel at 3: what makes steel, and what its first unit would lose.
    (co.Process("idle", function="leontief", inputs={"ore": 2}, outputs="steel", unit_cost=0.5), 1.5, 4.5),
    (co.Process("idle", function="linear", inputs={"ore": 0.5}, outputs={"steel": 2.0}), 4 - 6.0, None),
    (co.Process("idle", function="linear", inputs={"ore": 0.25}, outputs={"steel": 2.0}), 8 - 6.0, 4.0),
    # A Cobb-Douglas unit costs prod (price / exponent)^exponent.
    (co.Process("idle", function="cobb-douglas", inputs={"ore": 0.5, "power": 0.5}, outputs="steel"), 5.0, 8.0),
    (co.Process("idle", formula="steel = 0.5 * ore / (1 + ore)"), 1.0, 4.0),
)


@pytest.mark.parametrize(("process", "loss", "needed"), IDLE)
def test_an_idle_process_says_what_its_first_unit_would_lose(
    process: co.Process, loss: float, needed: float | None, tmp_path: Path
) -> None:
    goods = [
        co.Good("ore", unit="t", import_price=2),
        co.Good("power", import_price=8),
        co.Good("steel", unit="t", price=3, max_sale=5),
    ]
    mill = co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="steel", capacity=4)
    chain = co.Chain(goods, [mill, process])
    solution = co.solve(chain)
    mine, other = (result_record(chain, solution)["processes"][i] for i in (1, 0))
    assert other["first_loss"] is other["needed"] is None
    if needed is None:
        assert mine["level"] > 0
        assert mine["first_loss"] is None
        return
    assert mine["level"] == pytest.approx(0, abs=1e-6 * other["level"])
    assert mine["first_loss"] == pytest.approx(loss, rel=1e-5)
    assert mine["needed"] == pytest.approx(needed, rel=1e-5)
    for form, text in forms(chain, solution, tmp_path).items():
        told = "idle" + f" stands idle: its first unit would lose {loss:.6g}"
        assert told in text or told.replace("unit", "t") in text, form
        assert f"it needs steel at {needed:.6g}, whose price is 3" in text, form
        if form != "terminal":
            assert "First unit loses" in text, form


@pytest.mark.parametrize(
    ("case", "cause"),
    [(infeasible, "min sale 5 of b: at most 1 can be made"), (unbounded, "a capacity of mill would stop it")],
)
def test_no_solution_is_explained_by_cells(case: Any, cause: str, tmp_path: Path) -> None:
    chain, solution = case()
    for form, text in forms(chain, solution, tmp_path).items():
        assert cause in text, form
        said = text.partition("What the solver said")[0]
        assert "Ipopt:" not in said, form
        assert "balance[" not in said, form
        assert "level[" not in said, form


def test_the_page_shows_first_what_can_not_be_trusted(petrochemicals: tuple[co.Chain, co.Solution]) -> None:
    chain, solution = petrochemicals
    figures = dossier(chain, solution)
    planted = figures.audit.copy()
    at = planted.index[(planted["good"] == "steam") & (planted["kind"] == "good")]
    planted.loc[at, "verdict"] = "not converged"
    shown = html_text(chain, solution, replace(figures, audit=planted))
    audit = shown.partition('<table id="audit-table"')[2].partition("</table>")[0]
    first = audit.partition("<tbody>")[2].partition("</tr>")[0]
    assert "<bdi>steam</bdi>" in first
    assert '<bdi class="wrong">not converged</bdi>' in first
    assert audit.count('<bdi class="care">rent</bdi>') == 4
    assert '<table id="audit-whole-table"' in shown
    assert any(
        found.caution and "1 is not converged" in found.text
        for found in findings(solution, replace(figures, audit=planted))
    )


def test_verdicts_are_coloured_wherever_they_are_sorted(
    petrochemicals: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    write_excel(*petrochemicals, tmp_path / "report.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["Audit"]
    rules = {r.formula[0]: r for area in sheet.conditional_formatting for r in area.rules}
    assert '"agrees"' not in rules
    assert rules['"rent"'].dxf.font.color.rgb != rules['"not converged"'].dxf.font.color.rgb
    (area,) = {str(area.sqref) for area in sheet.conditional_formatting}
    heads = [cell.value for cell in sheet[1]]
    assert sheet[area.partition(":")[0]].column == heads.index("Verdict") + 1


def test_differences_are_shown_where_they_were_asked_for(
    tupperware: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    chain, solution = tupperware
    goods = [good.good for good in chain.goods]
    resolved = pd.DataFrame({"good": goods, "step": 0.1, "right": 0.25, "left": 0.75})
    figures = replace(co.tables(chain, solution), differences=resolved)
    assert "With more" not in html_text(chain, solution, co.tables(chain, solution))
    assert "With more" in html_text(chain, solution, figures)
    write_excel(chain, solution, tmp_path / "report.xlsx", tables=figures)
    rows = sheet_rows(openpyxl.load_workbook(tmp_path / "report.xlsx")["Prices"])
    assert {(row["With more"], row["With less"]) for row in rows} == {(0.25, 0.75)}
    out = io.StringIO()
    show(solution, figures, Console(file=out, width=80))
    assert "With less" in out.getvalue()


# The terminal


def test_the_terminal_fits_and_shows_the_loss(tupperware: tuple[co.Chain, co.Solution]) -> None:
    text = terminal(*tupperware)
    assert max(map(len, text.splitlines())) <= 80
    said = " ".join(text.split())
    assert "moulding (C) runs at a loss of 1.405 at these prices and would shut down if it could." in said
    assert "-1.405" in said


@pytest.mark.parametrize("which", ["petrochemicals", "hostile"])
def test_the_terminal_fits_any_chain(which: str, request: pytest.FixtureRequest) -> None:
    text = terminal(*request.getfixturevalue(which))
    assert max(map(len, text.splitlines())) <= 80
    assert "\u202e" not in text


def test_names_are_no_markup_in_the_terminal(
    hostile: tuple[co.Chain, co.Solution], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "[bold]loud[/bold]" in terminal(*hostile, width=200)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in terminal(*hostile, force_terminal=True)


# Files


def test_a_failing_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def half() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert path.read_text() == "old"
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_text() == "new"
    assert [child.name for child in tmp_path.iterdir()] == ["report.html"]


def test_a_full_disk_leaves_the_old_file(
    tupperware: tuple[co.Chain, co.Solution], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r'^can\'t write ".*report.html": no space left on device; free some space'):
        write_html(*tupperware, path)
    assert path.read_text() == "old"
    assert [child.name for child in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("write", [write_html, write_excel])
def test_a_place_that_can_not_be_written_is_one_line(
    write: Any, tupperware: tuple[co.Chain, co.Solution], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder") as missing:
        write(*tupperware, tmp_path / "none" / "report")
    assert "\n" not in str(missing.value)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        write(*tupperware, tmp_path / "file" / "report")
    with pytest.raises(OSError, match="it is not a file"):
        write(*tupperware, tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_line(tupperware: tuple[co.Chain, co.Solution], tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="read-only"):
            write_html(*tupperware, tmp_path / "report.html")
    finally:
        tmp_path.chmod(0o700)
