"""What the reader says of a workbook that it takes all the same: before the solve, in the JSON and the reports,
and beside the figures that it is said of.
"""

import json
import xml.etree.ElementTree as ET

import openpyxl
import pytest
import xlsxwriter
from books import SOUND, faulty
from corpus import RUNS, SAMPLES
from lxml import html
from typer.testing import CliRunner

import chainopt as co
from chainopt.command.app import app
from chainopt.words.messages import MESSAGES

READ = [sample for sample in SAMPLES if sample.verdicts and all(v[0] in "WN" for v in sample.verdicts)]
DOUBTED = "FFFFF3E0"


def solve(book, *arguments):
    return CliRunner().invoke(app, ["solve", str(book), "--out", str(book.parent / "out"), *arguments])


def rows(table):
    return [[" ".join(cell.text_content().split()) for cell in row.iter("th", "td")] for row in table.iter("tr")]


def coloured(path):
    """The cells of the sheet Inputs in the colour of a doubt, each with the texts of its row."""
    sheet = openpyxl.load_workbook(path)["Inputs"]
    return [
        (cell.value, [str(other.value) for other in row])
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == DOUBTED
    ]


def comments(path):
    book = openpyxl.load_workbook(path)
    return [cell.comment.text for sheet in book for row in sheet.iter_rows() for cell in row if cell.comment]


@pytest.mark.parametrize("sample", READ, ids=lambda sample: sample.name)
def test_no_warning_of_the_reader_is_passed_in_silence(tmp_path, sample):
    book = sample.make(tmp_path / "book.xlsx")
    out = book.parent / "out"
    annotated = [] if ".ods" in sample.name else ["--annotate"]
    done = solve(book, "--json", str(out / "book.json"), *annotated)
    assert done.exit_code in (0, 3, 4, 5, 6), done.output
    said = {str(warning).split(": ")[0]: warning for warning in co.read_workbook(book).warnings}
    assert tuple(said) == sample.verdicts
    record = json.loads((out / "book.json").read_text())
    page = html.parse(out / f"{book.stem}-report.html").getroot()
    tables = {table.get("id"): rows(table) for table in page.iter("table")}
    excel = openpyxl.load_workbook(out / f"{book.stem}-report.xlsx")
    listed = [[str(cell) for cell in row] for row in excel["Warnings"].iter_rows(values_only=True)]
    notes = comments(out / f"{book.stem}-annotated.xlsx") if annotated else []
    for verdict, warning in said.items():
        code, cell = verdict.split(" ")
        assert done.stderr.splitlines().count(str(warning)) == 1
        assert (code, cell, warning.text) in [(row["code"], row["cell"], row["text"]) for row in record["reading"]]
        assert any(verdict in text for text in record["warnings"])
        assert verdict in page.get_element_by_id("findings").text_content()
        assert any(row[0] == cell and code in row for row in tables["warnings-table"])
        assert any(row[0] == cell and code in row for row in listed)
        assert any(verdict in str(found.value) for row in excel["Summary"] for found in row)
        assert not annotated or any(warning.text in note for note in notes)
        if not warning.record:
            continue
        beside = {"goods": "balances-table", "inputs": "uses-table", "processes": "processes-table"}[warning.sheet]
        assert any(verdict in row[-1] for row in tables[beside]), "beside the figure on the page"
        inputs = [[str(value) for value in row] for row in excel["Inputs"].iter_rows(values_only=True)]
        assert any(warning.record in row and any(verdict in text for text in row) for row in inputs)
        assert any(verdict in text for _, row in coloured(out / f"{book.stem}-report.xlsx") for text in row)


def test_every_code_of_a_warning_is_among_them():
    shown = {verdict.split()[0] for sample in READ for verdict in sample.verdicts}
    assert shown == {code for code in MESSAGES if code[0] in "WN"} - {run.code for run in RUNS}


def test_formulas_stored_as_0_are_said_of_each_figure(tmp_path):
    """XlsxWriter stores 0 where it is given no value, and asks the reader of the file to calculate."""
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, table in SOUND.items():
            sheet = book.add_worksheet(name)
            for i, row in enumerate(table):
                for j, value in enumerate(row):
                    if name == "goods" and i and table[0][j] in ("supply", "price") and value is not None:
                        sheet.write_formula(i, j, f"={value}*1")
                    elif table[0][j] not in ("demand elasticity", "reference sale"):
                        sheet.write(i, j, value)
    cells = {"goods!B2": ("ore", "supply"), "goods!B3": ("power", "supply"), "goods!C4": ("steel", "price")}
    chain = co.read_workbook(path)
    assert {w.cell: (w.record, w.column) for w in chain.warnings if w.code == "W125"} == cells
    done = solve(path)
    for cell in cells:
        assert f"W125 {cell}: " in done.stderr
    figures = coloured(tmp_path / "out" / "book-report.xlsx")
    assert sorted(row[0] for value, row in figures if value == 0) == ["ore", "power", "steel"]


def test_many_of_a_code_are_counted_before_the_solve_and_listed_in_the_reports(tmp_path):
    more = [
        ("goods", f"{column}{row}", value)
        for row in range(7, 27)
        for column, value in (("A", f"g{row}"), ("B", 1))
    ]
    path = faulty(tmp_path / "book.xlsx", *more)
    done = solve(path)
    lines = [line for line in done.stderr.splitlines() if line.startswith("N411")]
    assert len(lines) == 6
    assert lines[-1].startswith("N411: 15 more; chainopt check ")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "book-report.xlsx")["Warnings"]
    assert sum("N411" in row for row in sheet.iter_rows(values_only=True)) == 20
    checked = CliRunner().invoke(app, ["check", str(path)])
    assert (checked.exit_code, checked.stderr.count("N411")) == (0, 20)


def test_a_refused_workbook_has_its_warnings_said_too(tmp_path):
    done = solve(
        faulty(tmp_path / "book.xlsx", ("goods", "B3", "42,5"), ("goods", "F4", None), ("goods", "A7", "Total"))
    )
    assert done.exit_code == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "E104 goods!B3",
        "W410 goods!G4",
        "W312 goods!A7",
    ]


def test_a_figure_set_anew_takes_its_warning_with_it(tmp_path):
    path = faulty(tmp_path / "book.xlsx", ("goods", "B3", 5e-320), ("goods", "F4", None))
    for value, verdicts in ("5", ["W410 goods!G4"]), ("4e-320", ["W120 goods!B3", "W410 goods!G4"]):
        lines = solve(path, "--set", f"power.supply={value}").stderr.splitlines()
        assert sorted(line.split(": ")[0] for line in lines if line[0] in "WN") == verdicts


def test_a_chain_made_in_python_names_the_record():
    chain = co.Chain([co.Good("ore", supply=1), co.Good("steel", price=1, reference_sale=2)], [])
    assert {str(warning).split(": ")[0] for warning in chain.warnings} == {
        'N411 goods "ore", supply',
        'W410 goods "steel", reference sale',
    }
    text = ET.fromstring(f"<all>{co.solve(chain)._repr_html_()}</all>")
    assert "N411" in "".join(text.itertext())
