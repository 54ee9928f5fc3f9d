"""Every bad or odd workbook of the corpus gets its verdicts, at their cells, and no others."""

import pytest
from books import SOUND
from corpus import CELLS, FORMULAS, LIMITS, NAMES, NUMBERS, RECORDS, RUNS, SAMPLES

import chainopt as co
from chainopt.words.messages import MESSAGES
from chainopt.workbook.read import check_workbook


def verdicts(path):
    return [str(problem).split(": ")[0] for problem in check_workbook(path)]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_workbook_gets_its_verdicts(tmp_path, sample):
    problems = check_workbook(sample.make(tmp_path / "book.xlsx"))
    assert [str(problem).split(": ")[0] for problem in problems] == list(sample.verdicts)
    assert sample.word in "\n".join(problem.text for problem in problems[:1])


@pytest.mark.parametrize("made", RECORDS, ids=lambda made: made.name)
def test_a_chain_that_cannot_be_is_refused(made):
    with pytest.raises(co.ChainError, match=made.word) as caught:
        made.make()
    assert [problem.code for problem in caught.value.problems if problem.error] == [made.code]


@pytest.mark.parametrize("limited", LIMITS, ids=lambda limited: limited.name)
def test_a_limit_that_is_set_is_kept(tmp_path, monkeypatch, limited):
    path = limited.make(tmp_path / "book.xlsx")
    for name, value in limited.environment.items():
        monkeypatch.setenv(name, value)
    (problem,) = check_workbook(path)
    assert (problem.code, limited.word in problem.text) == (limited.code, True)


def test_every_code_has_an_example():
    shown = {verdict.split()[0] for sample in SAMPLES for verdict in sample.verdicts}
    assert MESSAGES.keys() <= shown | {made.code for made in (*RECORDS, *LIMITS, *RUNS)}


@pytest.mark.parametrize("sample", [*NUMBERS, *CELLS, *NAMES, *FORMULAS], ids=lambda sample: sample.name)
def test_a_fault_reads_the_same_by_either_reader(tmp_path, sample):
    """An Excel formula anywhere, here beside the table, gives a sheet to openpyxl."""
    from openpyxl import load_workbook

    plain = sample.make(tmp_path / "book.xlsx")
    expected = verdicts(plain)
    book = load_workbook(plain)
    for name in SOUND.keys() & set(book.sheetnames):
        book[name]["AAA1"], book[name]["AAA2"] = "# aside", "=1+1"
    book.save(tmp_path / "formulas.xlsx")
    assert verdicts(tmp_path / "formulas.xlsx") == expected
