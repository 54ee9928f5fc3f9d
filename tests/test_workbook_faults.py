"""A faulty workbook: every fault is told once, at its cell, and all of them at once."""

from datetime import datetime

import pytest
from books import SOUND, edit_xml, faulty, save_book
from openpyxl import load_workbook
from test_workbook import TUPPERWARE

from chainopt.workbook.faults import CellProblem, WorkbookError
from chainopt.workbook.read import check_workbook, read_workbook


def test_the_sound_book_is_sound(tmp_path):
    assert check_workbook(faulty(tmp_path / "book.xlsx")) == ()


def test_ten_faults_give_ten_messages_each_at_its_cell(tmp_path):
    path = faulty(
        tmp_path / "book.xlsx",
        ("goods", "B2", "42,5"),
        ("goods", "C4", datetime(2024, 5, 1)),
        ("goods", "H5", "nothing"),
        ("goods", "K1", "supply"),
        ("processes", "B3", "=SQRT(A2)"),
        ("processes", "C4", "leontiev"),
        ("inputs", "A2", "smeltr"),
        ("inputs", "B3", "powr"),
        ("parameters", "B2", True),
        ("settings", "A3", "tolerence"),
    )
    with pytest.raises(WorkbookError) as caught:
        read_workbook(path)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0].split()[1] for line in lines] == [
        "goods!K1", "goods!B2", "goods!C4", "goods!H5",
        "processes!B3", "processes!C4", "inputs!A2", "inputs!B3", "parameters!B2", "settings!A3",
    ]  # fmt: skip
    assert lines[1] == 'E104 goods!B2: "42,5" is text, not a number. Did you mean 42.5?'
    assert [str(problem) for problem in caught.value.problems] == lines
    assert check_workbook(path) == caught.value.problems


def test_a_process_given_twice_is_one_fault(tmp_path):
    changes = [("processes", cell, value) for cell, value in (("A5", "Smelter"), ("C5", "linear"), ("D5", "ore"))]
    (problem,) = check_workbook(faulty(tmp_path / "book.xlsx", *changes))
    assert str(problem).startswith('E302 processes!A5: "Smelter" is listed twice')


def test_the_sound_book_gives_one_chain_by_either_reader(tmp_path):
    beside = [(sheet, cell, text) for sheet in SOUND for cell, text in (("Y1", "# aside"), ("Y2", "=1+1"))]
    plain, other = faulty(tmp_path / "plain.xlsx"), faulty(tmp_path / "formulas.xlsx", *beside)
    assert read_workbook(plain) == read_workbook(other)


def test_a_stray_cell_in_the_last_column_is_found_and_fills_no_memory(tmp_path):
    path = faulty(tmp_path / "book.xlsx")
    book = load_workbook(path)
    book["goods"]["XFD100000"] = "stray"
    book.save(path)
    (problem,) = check_workbook(path)
    assert (problem.cell, problem.error) == ("XFD100000", True)


@pytest.mark.parametrize("digits", ["1234567890123456", "1000000000000000", "123456789012345"])
def test_a_long_number_for_a_name_keeps_every_digit(tmp_path, digits):
    path = faulty(tmp_path / "book.xlsx", ("goods", "A6", int(digits)))
    assert read_workbook(path).goods[4].good == digits


def test_every_one_of_many_wrong_names_is_told(tmp_path):
    rows = [*SOUND["inputs"], *(["smelter", f"ore{i}", 1] for i in range(300))]
    problems = check_workbook(save_book(tmp_path / "book.xlsx", {**SOUND, "inputs": rows}))
    assert [problem.cell for problem in problems] == [f"B{i}" for i in range(5, 305)]
    assert all('there is no good "ore' in problem.text for problem in problems)
    assert problems[0].text.endswith('Did you mean "ore"?')


def sheets_without(*names, **others):
    return {**{name: rows for name, rows in SOUND.items() if name not in names}, **others}


@pytest.mark.parametrize(
    ("sheets", "where", "word"),
    [
        (sheets_without("goods"), "goods", "missing"),
        (sheets_without("processes"), "processes", "missing"),
        (sheets_without("goods", good=SOUND["goods"]), "good", 'Did you mean "goods"'),
        (sheets_without(input_data=[["anything"], [1]]), "input_data", "no sheet that chainopt knows"),
        (sheets_without(**{"Goods ": [["good"]]}), "Goods ", "second sheet"),
        (sheets_without("goods", goods=[]), "goods!A1", "empty"),
        (sheets_without("inputs", inputs=[r[:2] for r in SOUND["inputs"]]), "inputs!A2", '"coefficient"'),
    ],
)
def test_sheets_and_columns_missing_or_unknown(tmp_path, sheets, where, word):
    problems = check_workbook(save_book(tmp_path / "book.xlsx", sheets))
    found = problems[0]
    assert (f"{found.sheet}!{found.cell}" if found.cell else found.sheet) == where
    assert word in found.text
    assert all("ces needs" in problem.text or "leontief needs" in problem.text for problem in problems[1:])


def test_a_fault_of_every_row_is_told_once(tmp_path):
    rows = [["process"], *([f"p{i}"] for i in range(50))]
    path = save_book(tmp_path / "book.xlsx", {"goods": [["good"], ["ore"]], "processes": rows})
    assert [problem.cell for problem in check_workbook(path)] == ["A2"]


def test_a_warning_does_not_stop_the_reading(tmp_path):
    rows = [["good", "max import"], ["ore", 5]]
    path = save_book(tmp_path / "book.xlsx", {"goods": rows, "processes": [["process"]]})
    (problem,) = check_workbook(path)
    assert (problem.cell, problem.error) == ("B2", False)
    assert str(problem).startswith("W401 goods!B2: has no effect")
    assert read_workbook(path).goods[0].max_import == 5


def test_a_saved_error_value_is_told_from_a_number(tmp_path):
    sheets = {**TUPPERWARE, "goods": [["good", "supply"], ["natgas", "=1/0"], *TUPPERWARE["goods"][2:4]]}
    sheets["processes"] = sheets["processes"][:3]
    path = save_book(tmp_path / "book.xlsx", sheets)
    edit_xml(
        path,
        "xl/worksheets/sheet1.xml",
        '<c r="B2"><f>1/0</f><v></v>',
        '<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v>',
    )
    (problem,) = check_workbook(path)
    assert str(problem).startswith("E102 goods!B2: #DIV/0! is an error value")


def test_a_problem_says_where_what_and_whether_it_is_a_warning():
    assert str(CellProblem("goods", "C7", "is odd", "E104")) == "E104 goods!C7: is odd"
    assert str(CellProblem("goods", "", "is odd", "W209")) == "W209 goods: is odd"
    assert str(CellProblem("", "", "no file", "E001")) == "E001: no file"
    assert [CellProblem("", "", "", code).error for code in ("E001", "W209", "N901")] == [True, False, False]
