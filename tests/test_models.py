"""Every model runs as a script, and stands as the same chain in data/, with its reference prices."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import petrochemicals_reference as reference
import pytest

import chainopt as co

ROOT = Path(__file__).parent.parent
MODELS = sorted(path for path in (ROOT / "models").glob("*.py") if path.stem != "to_workbooks")


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_runs(path):
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("book", sorted((ROOT / "data").glob("*.xlsx")), ids=lambda path: path.stem)
def test_a_workbook_is_its_model_and_names_its_sources(book):
    import openpyxl

    model = load(ROOT / "models" / f"{book.stem}.py")
    assert co.read_workbook(book) == model.chain()
    notes = openpyxl.load_workbook(book)["notes"]
    assert notes.max_row > len(model.SOURCES) > 0


@pytest.mark.parametrize(
    ("name", "objective", "prices"),
    [
        ("petrochemicals", reference.OBJECTIVE, reference.PRICES),
        ("steel_loop", reference.STEEL_LOOP_OBJECTIVE, reference.STEEL_LOOP_PRICES),
    ],
)
def test_a_workbook_has_the_prices_of_another_engine(name, objective, prices):
    chain = co.read_workbook(ROOT / "data" / f"{name}.xlsx")
    solution = co.solve(chain)
    assert solution.status is co.Status.OPTIMAL
    assert solution.objective == pytest.approx(objective, rel=1e-8)
    table = co.prices(chain, solution).set_index("good")
    for good, price in prices.items():
        assert table.price[good] == pytest.approx(price, rel=1e-7)
        assert table.backprop[good] == pytest.approx(price, rel=1e-7)
