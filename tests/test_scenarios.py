"""A run with --set says so, and changes relative to the current figure are what they say."""

import json
from math import inf

import openpyxl
import pytest
from typer.testing import CliRunner

import chainopt as co
from chainopt.command.app import app
from chainopt.workbook.assign import AssignmentError, assign

MILL = co.Chain(
    [
        co.Good("power", supply=10, price=0.1, max_sale=inf),
        co.Good("ore", supply=3, disposal=None),
        co.Good("steel", price=4, max_sale=8),
    ],
    [co.Process("mill", function="leontief", inputs={"power": 2, "ore": 1}, outputs="steel", capacity=3)],
    parameters={"k": 2},
    settings=co.Settings(name="Mill", max_iterations=50),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    co.write_workbook(MILL, "mill.xlsx")
    return tmp_path


def solve(*words):
    return CliRunner().invoke(app, ["solve", "mill.xlsx", *words])


def test_a_run_says_what_was_changed(folder):
    """Everywhere: titles, names, JSON and terminal; by hand, 3 of steel at 4, and 4 of power at 0.12."""
    assert solve("--annotate").exit_code == 0
    base = {path.name: path.read_bytes() for path in (folder / "reports").iterdir()}
    done = solve("--set", "POWER.price=+20%", "--annotate", "--json", "out.json", "--out", "reports")
    assert (done.exit_code, done.stderr) == (0, "")
    said = "power.price 0.12 in place of 0.1"
    assert f"not the workbook as it stands, but {said}" in " ".join(done.stdout.split())
    files = {path.name: path for path in (folder / "reports").iterdir()}
    assert {name: files[name].read_bytes() for name in base} == base, "the base run's reports stay"
    mine = [f"mill-power.price=0.12-{what}" for what in ("report.xlsx", "report.html", "annotated.xlsx")]
    assert sorted(files) == sorted([*base, *mine])
    assert f"<h1><bdi>Mill, with {said}</bdi></h1>" in files[mine[1]].read_text()
    assert f"<title>Mill, with {said}: prices and plan</title>" in files[mine[1]].read_text()
    assert openpyxl.load_workbook(files[mine[0]])["Summary"]["A1"].value == f"Mill, with {said}"
    answer = json.loads((folder / "out.json").read_text())
    assert answer["objective"] == pytest.approx(3 * 4 + 4 * 0.12)
    change = {"cell": "goods!D2", "sheet": "goods", "record": "power", "column": "price", "from": 0.1, "to": 0.12}
    assert answer["changes"] == [change]
    assert openpyxl.load_workbook("mill.xlsx")["goods"]["D2"].value == 0.1


def test_a_run_without_changes_says_nothing_of_them(folder):
    done = solve("--json", "-")
    assert json.loads(done.stdout)["changes"] == []


def test_every_change_is_in_the_json_with_what_stood_there(folder):
    changes = ["ore.disposal=free", "power.rival=no", "mill.capacity=*2", "k.value=-50%", "steel.max sale="]
    changes += ["settings.max iterations=*3", "settings.name=Other", "power.price=1", "power.price=+100%"]
    answer = json.loads(solve("--json", "-", *(word for one in changes for word in ("--set", one))).stdout)
    found = [(row["cell"], row["record"], row["column"], row["from"], row["to"]) for row in answer["changes"]]
    assert found == [
        ("goods!F3", "ore", "disposal", None, 0),
        ("goods!A2", "power", "rival", "yes", "no"),
        ("processes!D2", "mill", "capacity", 3, 6),
        ("parameters!B2", "k", "value", 2, 1),
        ("goods!E4", "steel", "max sale", 8, None),
        ("settings!B3", "max iterations", "value", 50, 150),
        ("settings!B2", "name", "value", "Mill", "Other"),
        ("goods!D2", "power", "price", 0.1, 2),
    ]


def test_names_of_files_stay_names(folder):
    """A formula has signs that no file's name takes, and many changes are longer than a name."""
    for more in ("", "steel^0.5"):
        changes = [f"settings.name=a/b: *{'long ' * 30}{more}", "power.price=7"]
        done = solve(*(word for one in changes for word in ("--set", one)))
        assert done.exit_code == 0, done.stderr
    names = [path.name for path in (folder / "reports").iterdir()]
    assert len(names) == 4, "two scenarios that begin alike are told apart"
    assert all(name.startswith("mill-settings.name=a_b_ _long") and len(name) < 130 for name in names)


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ("+20%", 0.12),
        ("-20%", 0.08),
        ("*1.2", 0.12),
        (" * 1e1 ", 1),
        ("+0%", 0.1),
        ("-100%", 0),
        ("-5", -5),
        ("0.2", 0.2),
    ],
)
def test_relative_changes(change, figure):
    assert assign(MILL, [f"power.price={change}"]).good("power").price == figure


def test_relative_changes_follow_each_other():
    assert assign(MILL, ["mill.capacity=*2", "mill.capacity=-50%"]).process("mill").capacity == 3


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("ore.price=+20%", "price is empty: give a figure"),
        ("power.max sale=*2", "max sale is inf: give a figure"),
        ("ore.disposal=+20%", "disposal is none: give a figure"),
        ("power.price=+x%", r"\*1.2, \+20% or -20%"),
        ("power.price=*", r"is text, not a number"),
        ("power.price=*inf", r"\*1.2, \+20% or -20%"),
        ("power.price=20%", r"relative to the current figure is \*1.2, \+20% or -20%"),
    ],
)
def test_what_is_relative_to_nothing_is_refused(change, word):
    with pytest.raises(AssignmentError, match=word):
        assign(MILL, [change])


def test_a_text_may_look_relative():
    assert assign(MILL, ["power.unit=+20%"]).good("power").unit == "+20%"
