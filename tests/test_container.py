"""A workbook in another format, or read in another process, is the same workbook; and odd files harm nobody."""

import csv
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock
from xml.etree.ElementTree import ParseError

import openpyxl
import pytest
from books import faulty
from containers import CONTAINERS, folder, ods, parts_of, tall
from office import office

import chainopt as co
from chainopt.workbook.files import raw
from chainopt.workbook.read import check_workbook

DATA = Path(__file__).parent.parent / "data"
EXAMPLES = ("steel_loop", "petrochemicals", "non_rival")


def made(name, path):
    return next(make for known, _, _, make in CONTAINERS if known == name)(path)


@pytest.fixture(scope="module")
def saved_as_ods(tmp_path_factory):
    """The examples as LibreOffice saves them as .ods."""
    out = tmp_path_factory.mktemp("ods")
    command = [
        office(),
        "--headless",
        f"-env:UserInstallation={(out / 'profile').as_uri()}",
        "--convert-to",
        "ods",
    ]
    books = [str(DATA / f"{name}.xlsx") for name in EXAMPLES]
    subprocess.run([*command, "--outdir", str(out), *books], check=True, capture_output=True, timeout=120)
    return out


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_ods_file_of_libreoffice_is_the_same_chain(saved_as_ods, name):
    assert co.read_workbook(saved_as_ods / f"{name}.ods") == co.read_workbook(DATA / f"{name}.xlsx")


def test_errors_and_formulas_of_libreoffice_are_found_in_its_ods_file(tmp_path):
    book = faulty(
        tmp_path / "book.xlsx", ("goods", "B2", "=1/0"), ("goods", "B3", "=2+3"), ("goods", "B4", "42,5")
    )
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office(), "--headless", profile, "--convert-to", "ods", "--outdir", str(tmp_path), str(book)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    problems = check_workbook(book.with_suffix(".ods"))
    assert [(problem.code, problem.cell) for problem in problems] == [("E102", "B2"), ("E104", "B4")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_folder_of_csv_files_is_the_same_chain(tmp_path, separator, encoding):
    book = openpyxl.load_workbook(DATA / "steel_loop.xlsx")
    for sheet in book:
        with open(tmp_path / f"{sheet.title}.csv", "w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=separator).writerows(sheet.iter_rows(values_only=True))
    assert co.read_workbook(tmp_path) == co.read_workbook(DATA / "steel_loop.xlsx")


def test_a_script_without_a_main_guard_reads_a_large_odd_file_in_another_process(tmp_path):
    """A process that imported the caller's script anew would start again without end."""
    path = tall(tmp_path / "book.xlsx")
    script = f"import chainopt as co\nprint(co.read_workbook({str(path)!r}).good('power').supply)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == ("5.0", "")


def test_a_child_reads_what_its_parent_does(tmp_path, monkeypatch):
    from chainopt.workbook.files import child

    path = faulty(
        tmp_path / "book.xlsx", ("goods", "B2", "=1/0"), ("goods", "B3", "#REF!"), ("goods", "B4", "1,5")
    )
    here = check_workbook(path)
    monkeypatch.setattr(child, "_SMALL", 0)
    assert check_workbook(path) == here
    assert len(here) == 3


def test_xml_that_memory_has_no_room_for_is_not_called_damaged(monkeypatch):
    """expat tells the lack of room as an error of the XML, by code 1 (its expat.h)."""
    error = ParseError("out of memory: line 1, column 0")
    error.code = 1
    monkeypatch.setattr(raw, "iterparse", Mock(side_effect=error))
    with pytest.raises(MemoryError):
        list(raw.elements(b"<a/>"))
    error.code = 4
    with pytest.raises(ParseError):
        list(raw.elements(b"<a/>"))


def test_styles_that_openpyxl_gives_up_on_are_no_matter(tmp_path):
    path = made("styles that can't be made out", tmp_path / "book.xlsx")
    with pytest.raises(Exception, match=r"font|nonsense|float|expected"):
        openpyxl.load_workbook(path)
    assert co.read_workbook(path).good("power").supply == 5


def test_macros_stay_where_they_are(tmp_path):
    path = made("macros", tmp_path / "book.xlsm")
    chain = co.read_workbook(path)
    co.annotate(path, chain, co.solve(chain), tmp_path / "copy.xlsm")
    assert parts_of(tmp_path / "copy.xlsm")["xl/vbaProject.bin"] == parts_of(path)["xl/vbaProject.bin"]


@pytest.mark.parametrize("make", [ods(), folder()], ids=["ods", "csv"])
def test_a_copy_with_results_is_refused_in_words_for_other_formats(tmp_path, make):
    path = make(tmp_path / "book.ods")
    chain = co.read_workbook(path)
    with pytest.raises(ValueError, match=r"save it as \.xlsx"):
        co.annotate(path, chain, co.solve(chain), tmp_path / f"copy{path.suffix}")


def test_every_row_of_a_sheet_with_a_wrong_extent_is_read(tmp_path):
    for name in ("an extent that is too small", "an extent that is too large"):
        assert len(co.read_workbook(made(name, tmp_path / "book.xlsx")).goods) == 5


def test_a_strict_office_file_is_the_same_chain(tmp_path):
    strict = made("a strict Office file", tmp_path / "strict.xlsx")
    assert co.read_workbook(strict) == co.read_workbook(faulty(tmp_path / "book.xlsx"))
