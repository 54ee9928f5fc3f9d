"""How far supplies' worth and limits' rents hold: a textbook's report, re-solves at the ends, our reports."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from random import Random

import numpy as np
import openpyxl
import pandas as pd
import pytest
from chains import recipe
from nasty import nasty
from typer.testing import CliRunner

import chainopt as co
from chainopt.command.app import app
from chainopt.scenarios.change import SUPPLY, Figure, known_figure, with_more
from chainopt.scenarios.holding import _pattern

DATA = Path(__file__).parent.parent / "data"
WYNDOR = co.Chain(
    [co.Good(f"plant {k}", supply=hours) for k, hours in ((1, 4.0), (2, 12.0), (3, 18.0))]
    + [co.Good("doors", price=3.0), co.Good("windows", price=5.0)],
    [
        recipe("door line", {"plant 1": 1.0, "plant 3": 3.0}, "doors"),
        recipe("window line", {"plant 2": 2.0, "plant 3": 2.0}, "windows"),
    ],
)


def ranges(chain: co.Chain, **more: str) -> pd.DataFrame:
    return co.tables(chain, co.solve(chain, **more)).ranges.set_index("figure")


def test_a_textbooks_sensitivity_report() -> None:
    """Hillier and Lieberman, Introduction to Operations Research, Wyndor Glass Co.: shadow prices 0, 3/2 and 1;
    the right sides may go from 2 on, from 6 to 18, from 12 to 24; the profits from 0 to 7.5, and from 2 on."""
    found = ranges(WYNDOR)
    for plant, worth, low, high in ((1, 0.0, 2.0, inf), (2, 1.5, 6.0, 18.0), (3, 1.0, 12.0, 24.0)):
        row = found.loc[f"plant {plant}.supply"]
        assert [row["more"], row["less"]] == pytest.approx([worth, worth], abs=1e-9)
        assert [row["low"], row["high"]] == pytest.approx([low, high])
    for product, sold, low, high in (("doors", 2.0, 0.0, 7.5), ("windows", 6.0, 2.0, inf)):
        row = found.loc[f"{product}.price"]
        assert [row["more"], row["low"], row["high"]] == pytest.approx([sold, low, high], abs=1e-9)
    assert found.loc["plant 2.supply", "above"] == "no longer: door line runs"
    assert found.loc["doors.price", "above"] == "plant 2 is thrown away"


def differing(solution: co.Solution, figure: Figure, row: pd.Series) -> list[str]:
    """Where a new solve nearly at an end of the range has another worth, or other operations in use."""
    wrong, size = [], abs(solution.objective or 0.0) + 1.0
    for end, worth in ((row["high"], row["more"]), (row["low"], row["less"])):
        if np.isnan(end) or not np.isfinite(worth):
            continue
        step = 0.9 * (end - row["now"]) if np.isfinite(end) else np.sign(end) * (3.0 * abs(row["now"]) + 1.0)
        if step == 0:
            continue
        again = co.solve(with_more(solution.chain, figure, float(step)))
        assert again.certified, (figure.name, step, again.message)
        expected = (solution.objective or 0.0) + worth * step
        if again.objective != pytest.approx(expected, rel=1e-7, abs=1e-8 * size):
            wrong.append(f"{figure.name} by {step}: {again.objective}, not {expected}")
    return wrong


@pytest.mark.parametrize(
    "book", ["dairy", "copper", "two_plants", "recycle", "capacity_rent", "byproduct", "farm"]
)
def test_worths_of_the_books_hold_to_their_ends(book: str) -> None:
    solution = co.solve(co.read_workbook(DATA / f"{book}.xlsx"))
    found = co.tables(solution.chain, solution).ranges.set_index("figure")
    amounts = found[~found["kind"].isin(["final price", "import price", "disposal cost", "unit cost"])]
    assert len(amounts)
    for name in amounts.index[:: 4 if len(amounts) > 20 else 1]:
        assert differing(solution, known_figure(solution.chain, name), amounts.loc[name]) == []


def test_worths_of_nasty_chains_hold_to_their_ends() -> None:
    """Loops of gain, joint products, ties, costless links, units from 1e-6 to 1e6."""
    asked, random = 0, Random(0)
    for seed in range(700, 760):
        chain = nasty(seed, 12)
        solution = co.solve(chain, method="simplex")
        if not solution.certified:
            continue
        found = co.tables(chain, solution).ranges
        found = found[~found["kind"].isin(["final price", "import price", "disposal cost", "unit cost"])]
        found = found.set_index("figure")
        for name in random.sample([*found.index], min(3, len(found))):
            row = found.loc[name]
            # A supply of a million times what moves is beyond what one re-solve tells.
            assert differing(solution, known_figure(chain, name), row) == [], seed
            asked += int(np.isfinite(row[["low", "high"]].astype(float)).sum())
    assert asked > 40


def test_beyond_an_end_other_operations_are_in_use() -> None:
    """By hand: 100 of skim, 60 of them in the vat; the dryer takes the rest, until there is none."""
    chain = co.Chain(
        [co.Good("skim", supply=100.0), co.Good("cheese", price=10.0), co.Good("powder", price=2.0)],
        [recipe("vat", {"skim": 1.0}, "cheese", capacity=60.0), recipe("dryer", {"skim": 1.0}, "powder")],
    )
    solution = co.solve(chain)
    found = ranges(chain)
    assert found.loc["skim.supply", ["more", "low", "high"]].tolist() == pytest.approx([2.0, 60.0, inf])
    assert found.loc["vat.capacity", ["more", "low", "high"]].tolist() == pytest.approx([8.0, 0.0, 100.0])
    assert found.loc["vat.capacity", "above"] == "no longer: dryer runs"
    for name in ("skim.supply", "vat.capacity"):
        row = found.loc[name]
        for end in (row["low"], row["high"]):
            if np.isfinite(end) and end > 0:
                step = 1.01 * (end - row["now"])
                again = co.solve(with_more(chain, known_figure(chain, name), step))
                assert _pattern(again) != _pattern(solution)


def test_ends_that_no_plan_can_pass_and_open_prices() -> None:
    """A good of exactly what is ordered: no less can be; more of it is thrown away, at a worth of nothing."""
    chain = co.Chain(
        [co.Good("ore", supply=5.0, disposal=0.0), co.Good("iron", price=3.0, min_sale=5.0)],
        [recipe("mill", {"ore": 1.0}, "iron", capacity=5.0)],
    )
    row = ranges(chain).loc["ore.supply"]
    assert [row["low"], row["high"], row["more"], row["less"]] == [5.0, inf, 0.0, inf]
    assert row["below"] == "the plan can't do with less"


def test_what_bends_has_no_range() -> None:
    """By hand: output sqrt(ore) sold at 1: each unit changes the price, and no figure of ore's holds."""
    chain = co.Chain(
        [co.Good("ore", supply=4.0), co.Good("iron", price=1.0)],
        [co.Process("mill", function="cobb-douglas", inputs={"ore": 0.5}, outputs="iron")],
    )
    found = ranges(chain)
    assert "ore.supply" not in found.index
    assert found.loc["iron.supply", ["more", "low", "high"]].tolist() == pytest.approx([1.0, -2.0, inf])


def test_reports_have_the_ranges_and_what_was_asked_for(tmp_path: Path) -> None:
    book = DATA / "tupperware.xlsx"
    chain = co.read_workbook(book)
    good = chain.goods[0].good
    done = CliRunner().invoke(
        app, ["solve", str(book), "--out", str(tmp_path), "--json", str(tmp_path / "r.json"), "--range", good]
    )
    assert done.exit_code == 0, done.output
    assert f"The price of {good} holds" in done.output
    (row,) = [r for r in json.loads((tmp_path / "r.json").read_text())["ranges"] if r["solved"]]
    assert row["figure"] == f"{good}.{SUPPLY}"
    assert row["solved"] == "solved again"
    sheet = openpyxl.load_workbook(tmp_path / "tupperware-report.xlsx")["Ranges"]
    assert sheet["A2"].value == f"{good}.supply"
    assert f"{good}.supply" in (tmp_path / "tupperware-report.html").read_text()
