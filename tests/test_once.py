"""What one run makes once: the chain's numbers, and where its part stands in the whole."""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from rich.console import Console

import chainopt as co
from chainopt.chain.reach import reach
from chainopt.network.network import network
from chainopt.network.part import places
from chainopt.report.terminal import show

DATA = Path(__file__).parent.parent / "data"


def calls(run: Callable[[], object], *functions: Callable[..., object]) -> Counter[str]:
    """How often a run calls each of these functions."""
    names = {function.__code__: function.__name__ for function in functions}
    found: Counter[str] = Counter()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in names:
            found[names[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(before)
    return found


def everything(chain: co.Chain, folder: Path) -> None:
    """A solve, and all that is written of it."""
    solution = co.solve(chain)
    assert solution.certified
    tables = co.dossier(chain, solution)
    co.write_excel(chain, solution, folder / "report.xlsx", tables=tables)
    co.write_html(chain, solution, folder / "report.html", tables=tables)
    co.result_record(chain, solution, tables=tables)
    show(solution, tables, Console(file=io.StringIO()))


@pytest.mark.parametrize("book", ["tupperware", "refinery"])
def test_a_chain_is_numbered_once(book: str, tmp_path: Path) -> None:
    chain = co.read_workbook(DATA / f"{book}.xlsx")
    found = calls(lambda: everything(chain, tmp_path), network, places, reach)
    assert found == {"network": 1, "reach": 1}


def test_what_is_left_of_a_chain_is_numbered_once_more_and_found_once(tmp_path: Path) -> None:
    goods = [co.Good("ore", supply=4), co.Good("steel", price=3), co.Good("coal")]
    mill = co.Process("mill", function="cobb-douglas", inputs={"ore": 0.5}, outputs={"steel": 1})
    smelter = co.Process("smelter", function="leontief", inputs={"coal": 1}, outputs={"steel": 1})
    found = calls(lambda: everything(co.Chain(goods, [mill, smelter]), tmp_path), network, places, reach)
    assert found == {"network": 2, "places": 1, "reach": 1}
