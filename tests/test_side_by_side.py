"""A large chain's reports, written side by side: the same files, and none takes another down with it."""

import os
import signal
from math import inf
from zipfile import ZipFile

import pytest
from typer.testing import CliRunner

import chainopt as co
from chainopt.command import reporting
from chainopt.command.app import app
from chainopt.machine.apart import FORKS

pytestmark = pytest.mark.skipif(not FORKS, reason="elsewhere they are written one after the other")

REPORTS = {"chain-report.xlsx", "chain-report.html", "chain-annotated.xlsx"}


def farm():
    return co.Chain(
        [co.Good("grain", supply=10), co.Good("flour"), co.Good("bread", price=3)],
        [co.Process("mill", formula="flour = 2*grain^0.5"), co.Process("oven", formula="bread = flour^0.8")],
    )


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reporting, "MANY", 0)
    co.write_workbook(farm(), "chain.xlsx")
    return tmp_path / "chain.xlsx"


def parts(folder):
    """What is in every file of a folder, but when it was made."""
    found = {}
    for path in folder.iterdir():
        if path.suffix == ".xlsx":
            with ZipFile(path) as file:
                found |= {(path.name, name): file.read(name) for name in file.namelist() if "core.xml" not in name}
        else:
            found[path.name, ""] = path.read_bytes()
    return found


def test_they_are_those_that_are_written_one_after_the_other(book, tmp_path, monkeypatch):
    chain = co.read_workbook(book)
    solution = co.solve(chain)
    found = {}
    for name, many in (("beside", 0), ("after", inf)):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(reporting, "MANY", many)
        planned = reporting.planned(book, tmp_path / name, (), reports=True, annotated=True)
        problems = []
        lines = reporting.written(planned, chain, solution, co.dossier(chain, solution), problems)
        assert not problems
        assert [line.partition(":")[0] for line in lines] == [f"wrote {path}" for path, _ in planned]
        found[name] = parts(tmp_path / name)
    assert found["beside"].keys() == found["after"].keys()
    assert {name for name, _ in found["after"]} == REPORTS
    assert found["beside"] == found["after"]


@pytest.mark.parametrize("writer", ["write_excel", "write_html", "annotate"])
def test_what_fails_is_named_and_all_else_is_there(book, tmp_path, monkeypatch, writer):
    def fail(*_, **__):
        raise IndexError("tuple index out of range")

    monkeypatch.setattr(f"chainopt.{writer}", fail)
    done = CliRunner().invoke(app, ["solve", "chain.xlsx", "--annotate"])
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("E")]
    missing = {"write_excel": "report.xlsx", "write_html": "report.html", "annotate": "annotated.xlsx"}[writer]
    assert line.startswith(f"E606: the report reports/chain-{missing} is missing, by a fault in chainopt")
    assert done.exit_code == 2
    assert {path.name for path in (tmp_path / "reports").iterdir()} == REPORTS - {f"chain-{missing}"}


def test_what_the_system_refuses_is_said_as_ever(book, tmp_path):
    (tmp_path / "reports" / "chain-report.html").mkdir(parents=True)
    done = CliRunner().invoke(app, ["solve", "chain.xlsx"])
    assert 'chain-report.html": it is not a file' in done.stderr
    assert done.exit_code == 2
    assert (tmp_path / "reports" / "chain-report.xlsx").is_file()


@pytest.mark.parametrize("refused", ["the copy ends", "no copy can be had"])
def test_without_a_copy_all_is_written_here(book, tmp_path, monkeypatch, refused):
    here, write_html, tried = os.getpid(), co.write_html, []

    def dies_in_a_copy(*given, **named):
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        tried.append(given)
        return write_html(*given, **named)

    def no_process():
        raise BlockingIOError("resource temporarily unavailable")

    monkeypatch.setattr("chainopt.write_html", dies_in_a_copy)
    if refused == "no copy can be had":
        monkeypatch.setattr(os, "fork", no_process)
    done = CliRunner().invoke(app, ["solve", "chain.xlsx"])
    assert done.exit_code == 0, done.stderr
    assert len(tried) == 1
    assert (tmp_path / "reports" / "chain-report.html").read_text().rstrip().endswith("</html>")
    assert (tmp_path / "reports" / "chain-report.xlsx").is_file()
