"""No report takes another, or the answer, down with it; and what is written of chains made at random."""

import json
from io import StringIO

import pytest
from chains import random_chain
from nasty import nasty
from rich.console import Console
from typer.testing import CliRunner

import chainopt as co
from chainopt.audits.receipts import receipts
from chainopt.command.app import app
from chainopt.report.record import json_text
from chainopt.report.terminal import show

FAULTS = {
    "the report reports/chain-report.xlsx": "chainopt.write_excel",
    "the report reports/chain-report.html": "chainopt.write_html",
    "the report reports/chain-annotated.xlsx": "chainopt.annotate",
    "the JSON out.json": "chainopt.result_record",
    "what the terminal would say": "chainopt.report.screen.screen",
    "how far milk holds": "chainopt.holding",
    "what the market test, the explanation or further solves would say": "chainopt.dossier",
}
"""By what is missing, the writer that fails."""


def dairy() -> co.Chain:
    """Works that take all waste and, without power, make nothing of it: a price that is a sum of no lines."""
    return co.Chain(
        [
            co.Good("milk", supply=10),
            co.Good("cheese", price=5),
            co.Good("waste", disposal=None),
            co.Good("power", import_price=0.1),
            co.Good("clean"),
        ],
        [
            co.Process("dairy", function="leontief", inputs={"milk": 1}, outputs={"cheese": 1, "waste": 2}),
            co.Process("works", formula="clean = min(waste, 40*power)"),
        ],
    )


@pytest.mark.parametrize(("missing", "writer"), FAULTS.items(), ids=FAULTS.values())
def test_what_fails_is_named_and_all_else_is_there(tmp_path, monkeypatch, missing, writer):
    def fail(*_, **__):
        raise IndexError("tuple index out of range")

    monkeypatch.chdir(tmp_path)
    co.write_workbook(dairy(), "chain.xlsx")
    monkeypatch.setattr(writer, fail)
    words = ["solve", "chain.xlsx", "--annotate", "--json", "out.json", "--out", "reports", "--range", "milk"]
    done = CliRunner().invoke(app, words)
    warning, line = done.stderr.splitlines()
    assert warning.startswith("W519 processes!B3: ")
    assert line.startswith(
        f"E606: {missing} is missing, by a fault in chainopt and not in the workbook: IndexError"
    )
    assert "report it" in line
    assert done.exit_code == 2
    wanted = {"reports/chain-report.xlsx", "reports/chain-report.html", "reports/chain-annotated.xlsx", "out.json"}
    wanted -= {name for name in wanted if missing.endswith(name)}
    assert wanted == {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")} - {"chain.xlsx"}
    assert ("The price of milk holds" in done.stdout) == (writer != "chainopt.holding")
    assert ("Limits" in done.stdout or "Prices" in done.stdout) == (not writer.endswith("screen"))
    if "out.json" in wanted:
        assert json.loads((tmp_path / "out.json").read_text())["objective"] == pytest.approx(50)


def test_where_no_table_can_be_made_the_headline_is_said(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise IndexError

    monkeypatch.chdir(tmp_path)
    co.write_workbook(dairy(), "chain.xlsx")
    monkeypatch.setattr("chainopt.dossier", fail)
    monkeypatch.setattr("chainopt.tables", fail)
    done = CliRunner().invoke(app, ["solve", "chain.xlsx"])
    _, headline, *faults = done.stderr.splitlines()
    assert "50" in headline
    assert [line[:5] for line in faults] == ["E606:", "E606:"]
    assert done.exit_code == 2


def test_a_price_that_is_a_sum_of_no_lines(tmp_path):
    """Who takes more waste makes no more of it, so that it is worth nothing: a sum of no lines."""
    chain = dairy()
    solution = co.solve(chain)
    found = receipts(solution)
    (waste,) = [receipt for receipt in found.receipts if receipt.node == ("good", 2)]
    assert (waste.way, waste.value, waste.lines) == ("nothing", 0, ())
    every_writer(chain, tmp_path, solution)


def every_writer(chain, folder, solution=None):
    """Have a chain's solution told in every way."""
    solution = solution or co.solve(chain)
    tables = co.dossier(chain, solution)
    show(solution, tables, Console(file=StringIO(), width=100))
    assert json.loads(json_text(co.result_record(chain, solution, tables=tables)))["status"] == str(
        solution.status
    )
    co.write_excel(chain, solution, folder / "report.xlsx", tables=tables)
    co.write_html(chain, solution, folder / "report.html", tables=tables)
    assert (folder / "report.html").read_text().rstrip().endswith("</html>")


def chain_of(seed):
    """A chain of every kind in turn, one in three with cycles, and between them nasty ones."""
    kind = ("smooth", "linear", "nasty", "mixed", "market")[seed % 5]
    if kind == "nasty":
        return nasty(seed, 40)
    return random_chain(seed, kind, cyclic=seed % 3 == 0, idle=seed % 2 == 0)


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(ten, marks=pytest.mark.nightly) for ten in range(10, 200, 10))]
)
def test_random_chains_are_told_in_every_way(tmp_path, first):
    for seed in range(first, first + 10):
        try:
            every_writer(chain_of(seed), tmp_path)
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
