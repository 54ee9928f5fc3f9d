"""A faulty workbook: every fault is told once, at its cell, and all of them at once."""

from copy import deepcopy
from datetime import datetime

import pytest
from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_to_tuple
from test_workbook import TUPPERWARE, edit_xml, save_book

from chainopt.workbook import CellProblem, WorkbookError, check_workbook, read_workbook

SOUND = {
    "goods": [
        [
            "good",
            "supply",
            "price",
            "max sale",
            "min sale",
            "demand elasticity",
            "reference sale",
            "disposal",
            "rival",
        ],
        ["ore", 10],
        ["power", 5],
        ["steel", None, 3, None, None, 2, 1],
        ["slag", None, None, None, None, None, None, "none"],
        ["plan", None, None, None, None, None, None, None, "no"],
    ],
    "processes": [
        ["process", "formula", "function", "output", "elasticity", "capacity", "min level"],
        ["smelter", None, "ces", "steel", 0.5, 100],
        ["grinder", "power = ore^0.5 * k"],
        ["mine", None, "leontief", "ore"],
    ],
    "inputs": [
        ["process", "good", "coefficient", "max"],
        ["smelter", "ore", 0.4],
        ["smelter", "power", 0.6, 8],
        ["mine", "power", 1],
    ],
    "outputs": [["process", "good", "yield"], ["smelter", "slag", 0.2]],
    "parameters": [["parameter", "value"], ["k", 0.5], ["spare", 1]],
    "settings": [["setting", "value"], ["name", "works"], ["tolerance", 1e-8]],
    "observed": [["process", "good", "amount", "price"], ["smelter", "ore", 4], [None, "steel", None, 3.1]],
}


def faulty(path, *changes):
    """Save the sound book with other values at the cells named, such as ("goods", "C4", "42,5")."""
    sheets = deepcopy(SOUND)
    for sheet, cell, value in changes:
        row, column = coordinate_to_tuple(cell)
        rows = sheets[sheet]
        rows += [[] for _ in range(row - len(rows))]
        rows[row - 1] += [None] * (column - len(rows[row - 1]))
        rows[row - 1][column - 1] = value
    return save_book(path, sheets)


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


NUMBERS = [
    ("42,5", "Did you mean 42.5?"),
    ("42.5", "Did you mean 42.5?"),
    ("1 000", "Did you mean 1000?"),
    ("1\xa0000", "Did you mean 1000?"),
    ("1\u202f000", "Did you mean 1000?"),
    ("1'000", "Did you mean 1000?"),
    ("1_000", "Did you mean 1000?"),
    ("1.000,5", "Did you mean 1000.5?"),
    ("1,000.5", "Did you mean 1000.5?"),
    ("1,000", "Did you mean 1000 or 1?"),
    ("1e3", "Did you mean 1000?"),
    ("5 t", 'Did you mean 5 (without "t")?'),
    ("USD 5", 'Did you mean 5 (without "USD")?'),
    ("$5", 'Did you mean 5 (without "$")?'),
    ("10%", "Did you mean 0.1?"),
    ("\u22125", "Did you mean -5?"),
    ("４２", "Did you mean 42?"),
    ("lots", '"lots" is text, not a number'),
    ("1/2", '"1/2" is text, not a number'),
    ("nan", '"nan" is text, not a number'),
    ("\u200b", "<U+200B>"),
    ("inf", "not allowed here"),
    (True, "TRUE is a truth value"),
    (datetime(2024, 5, 1), "2024-05-01"),
    ("#REF!", "#REF! is an error value"),
    ("#N/A", "#N/A is an error value"),
    ("=A1*2", "never saved"),
]


@pytest.mark.parametrize(("value", "word"), NUMBERS)
def test_what_is_no_number_is_refused_with_the_number_meant(tmp_path, value, word):
    (problem,) = check_workbook(faulty(tmp_path / "book.xlsx", ("goods", "B3", value)))
    assert (problem.sheet, problem.cell, problem.error) == ("goods", "B3", True)
    assert word in problem.text


FAULTS = [
    ("a name given twice", "goods", "A7", " ORE ", "goods!A7", "twice"),
    ("a row without a name", "goods", "B7", 1, "goods!A7", "blank"),
    ("a truth value for a name", "goods", "A7", True, "goods!A7", "format the cell as text"),
    ("a date for a name", "goods", "A7", datetime(2024, 5, 1), "goods!A7", "format the cell as text"),
    ("an error value for a name", "goods", "A7", "#NAME?", "goods!A7", "#NAME?"),
    ("a bad price, whose elasticity is not at fault", "goods", "C4", "dear", "goods!C4", "text"),
    ("a bad elasticity, whose reference sale is not", "goods", "F4", "high", "goods!F4", "text"),
    ("an infinite supply", "goods", "B2", "-inf", "goods!B2", "finite"),
    ("a max sale below the min sale", "goods", "D4", -1, "goods!D4", "-1"),
    ("a price that the elasticity needs", "goods", "C4", None, "goods!F4", "price above 0"),
    ("an unknown word for disposal", "goods", "H5", "fre", "goods!H5", 'Did you mean "free"'),
    ("a truth value for disposal", "goods", "H5", False, "goods!H5", "truth value"),
    ("neither yes nor no", "goods", "I6", "maybe", "goods!I6", "yes nor no"),
    ("a number for yes or no", "goods", "I6", 0, "goods!I6", "yes nor no"),
    ("an unknown column", "goods", "K1", "capasity", "goods!K1", "known ones are"),
    ("a misspelt column", "goods", "C1", "pricee", "goods!C1", 'Did you mean "price"'),
    ("a misspelt column that is required", "goods", "A1", "goood", "goods!A1", 'Did you mean "good"'),
    ("a required column left out", "inputs", "B1", "#", "inputs!A1", '"good" is missing'),
    ("a doubled column", "goods", "K1", "PRICE", "goods!K1", "second column"),
    ("a value under no header", "goods", "K3", "see Bob", "goods!K3", "without a name"),
    ("neither formula nor function", "processes", "C4", None, "processes!C4", "formula, or a function"),
    ("both formula and function", "processes", "C3", "linear", "processes!B3", "not both"),
    ("an unknown function", "processes", "C2", "cess", "processes!C2", "no function"),
    ("a number for a formula", "processes", "B3", 5, "processes!B3", "output = expression"),
    ("an Excel formula for a formula", "processes", "B3", "=SQRT(A1)", "processes!B3", "leading"),
    ("a formula of an unknown good", "processes", "B3", "power = oar", "processes!B3", "neither a good nor"),
    ("a formula that can't be read", "processes", "B3", "power = 2 ore", "processes!B3", "character"),
    ("an unknown output", "processes", "D2", "steal", "processes!D2", 'Did you mean "steel"'),
    ("an output given on two sheets", "outputs", "B2", "Steel", "outputs!B2", "already an output"),
    ("a formula's own output again", "processes", "D3", "power", "processes!D3", "already an output"),
    ("a level above capacity", "processes", "G2", 101, "processes!G2", "above the capacity"),
    ("a bad capacity, whose level is not at fault", "processes", "F2", "big", "processes!F2", "text"),
    ("an elasticity of 1", "processes", "E2", 1, "processes!E2", "cobb-douglas"),
    ("an unknown process", "inputs", "A4", "mien", "inputs!A4", 'Did you mean "mine"'),
    ("a process unlike any", "outputs", "A2", "xyz", "outputs!A2", "add it to the sheet processes"),
    ("an unknown good", "inputs", "B2", "oare", "inputs!B2", 'Did you mean "ore"'),
    ("a coefficient left out", "inputs", "C2", None, "inputs!C2", "coefficient above 0"),
    ("a coefficient below 0", "inputs", "C2", -1, "inputs!C2", "above 0"),
    ("a good used twice", "inputs", "B3", "ore", "inputs!B3", "add the two up"),
    ("a yield of 0", "outputs", "C2", 0, "outputs!C2", "above 0"),
    ("a parameter without a value", "parameters", "B2", None, "parameters!B2", "blank"),
    ("a parameter named like a good", "parameters", "A3", "ore", "parameters!A3", "a good has this name"),
    ("an unknown setting", "settings", "A2", "nme", "settings!A2", 'Did you mean "name"'),
    ("a setting given twice", "settings", "A3", "NAME", "settings!A3", "twice"),
    ("a value without a setting", "settings", "B4", 5, "settings!A4", "blank"),
    ("a tolerance too large", "settings", "B3", 1, "settings!B3", "0.01"),
    ("a tolerance as text", "settings", "B3", "1e-8", "settings!B3", "Did you mean 1e-08?"),
    ("an unknown good observed", "observed", "B3", "steeel", "observed!B3", 'Did you mean "steel"'),
    ("an unknown process observed", "observed", "A2", "smeltr", "observed!A2", 'Did you mean "smelter"'),
    ("an observation of nothing", "observed", "B2", None, "observed!B2", "blank"),
]


@pytest.mark.parametrize(
    ("change", "where", "word"),
    [(fault[1:4], *fault[4:]) for fault in FAULTS],
    ids=[fault[0] for fault in FAULTS],
)
def test_one_fault_is_one_message_at_its_cell(tmp_path, change, where, word):
    problems = check_workbook(faulty(tmp_path / "book.xlsx", change))
    assert [f"{problem.sheet}!{problem.cell}" for problem in problems] == [where], problems
    assert word in problems[0].text


def test_a_process_given_twice_is_one_fault(tmp_path):
    changes = [("processes", cell, value) for cell, value in (("A5", "Smelter"), ("C5", "linear"), ("D5", "ore"))]
    (problem,) = check_workbook(faulty(tmp_path / "book.xlsx", *changes))
    assert str(problem).startswith('E302 processes!A5: "Smelter" is listed twice')


@pytest.mark.parametrize(
    "changes", [[fault[1:4]] for fault in FAULTS] + [[("goods", "B3", v)] for v, _ in NUMBERS]
)
def test_a_fault_reads_the_same_by_either_reader(tmp_path, changes):
    """An Excel formula anywhere, here beside the table, gives a sheet to openpyxl."""
    beside = [(sheet, cell, text) for sheet in SOUND for cell, text in (("Y1", "# aside"), ("Y2", "=1+1"))]
    plain = check_workbook(faulty(tmp_path / "plain.xlsx", *changes))
    assert plain == check_workbook(faulty(tmp_path / "formulas.xlsx", *beside, *changes))


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
        '<c r="B2"><f>1/0</f><v />',
        '<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v>',
    )
    (problem,) = check_workbook(path)
    assert str(problem).startswith("E102 goods!B2: #DIV/0! is an error value")


def test_a_problem_says_where_what_and_whether_it_is_a_warning():
    assert str(CellProblem("goods", "C7", "is odd", "E104")) == "E104 goods!C7: is odd"
    assert str(CellProblem("goods", "", "is odd", "W209")) == "W209 goods: is odd"
    assert str(CellProblem("", "", "no file", "E001")) == "E001: no file"
    assert [CellProblem("", "", "", code).error for code in ("E001", "W209", "N901")] == [True, False, False]
