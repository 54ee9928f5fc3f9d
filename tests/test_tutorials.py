"""The tutorials run from top to bottom, and each figure of their prose is one that a cell states or shows."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMES = [path.stem for path in (ROOT / "docs" / "tutorials").glob("*.py")]
FIGURE = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:/\d+)?")


@pytest.fixture
def tutorial_pages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("tutorial_pages")


def figures(text):
    """The figures of a text, as it writes them, without the commas of thousands."""
    return {figure.replace(",", "") for figure in FIGURE.findall(text)}


def prose(cell):
    """A Markdown cell's text without what numbers parts of it: headings, and the times that they take."""
    lines = [line for line in cell.source.splitlines() if not line.startswith("#")]
    return re.sub(r"section \d+|\]\([^)]*\)", "", "\n".join(lines))


def stated(notebook):
    """Every figure that a cell of code has, in its source or in what it shows."""
    shown = ""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            code = cell.source.replace(" / ", "/")
            shown += f"\n{code}\n" + "\n".join(str(output) for output in cell.outputs)
    return figures(shown)


@pytest.mark.parametrize("name", NAMES)
def test_a_tutorial_runs_and_its_prose_has_no_figure_of_its_own(tutorial_pages, tmp_path, name):
    notebook = tutorial_pages.run_notebook(name, tmp_path)
    known = stated(notebook)
    said = set().union(*(figures(prose(cell)) for cell in notebook.cells if cell.cell_type == "markdown"))
    assert said
    assert not said - known, "figures of the prose that no cell states"


def test_there_are_three_doors(tutorial_pages):
    assert sorted(NAMES) == tutorial_pages.tutorial_names() == ["analyst", "engineer", "teacher"]


def planted(tutorial_pages, monkeypatch, tmp_path, source):
    """A tutorial of this source, run."""
    monkeypatch.setattr(tutorial_pages, "TUTORIALS", tmp_path)
    (tmp_path / "planted.py").write_text(source, encoding="utf-8")
    return tutorial_pages.run_notebook("planted", tmp_path)


def test_a_stale_figure_is_found(tutorial_pages, monkeypatch, tmp_path):
    source = "# %% [markdown]\n# Skim is worth 1,231.5.\n\n# %%\n2 * 600.25\n"
    notebook = planted(tutorial_pages, monkeypatch, tmp_path, source)
    [said] = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    assert figures(prose(said)) - stated(notebook) == {"1231.5"}


def test_a_failing_cell_fails(tutorial_pages, monkeypatch, tmp_path):
    with pytest.raises(Exception, match="planted wrong"):
        planted(tutorial_pages, monkeypatch, tmp_path, "# %% tags=['check']\nassert 1 == 2, 'planted wrong'\n")


def test_a_page_has_its_cells_and_outputs_but_not_its_checks(tutorial_pages, monkeypatch, tmp_path):
    source = """# %% [markdown]
# # Title
#
# Words.

# %%
print("\\x1b[1mbold\\x1b[0m")
6 * 7

# %% tags=["check"]
assert 6 * 7 == 42
"""
    notebook = planted(tutorial_pages, monkeypatch, tmp_path, source)
    page, outputs = tutorial_pages.tutorial_page("planted", notebook)
    assert page.startswith("# Title\n")
    assert "Words." in page
    assert "````text\nbold\n42\n````" in page
    assert "assert" not in page
    assert outputs == []
