"""The tutorials as notebooks: read from docs/tutorials/, run, and made pages of the site.

A tutorial is a Python file whose cells begin with `# %%` (Jupytext's percent format, which Jupyter and VS Code
open as a notebook). A cell with the tag `check` asserts what the prose says; it is run, and not shown.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

TUTORIALS = Path(__file__).resolve().parent / "tutorials"
MOST_SECONDS = 300
"""For a single cell."""
_ON_PAPER = "import os\n\nos.environ['TERM'] = 'dumb'"
"""Commands would show their progress, and move a cursor, as IPython passes itself off as a terminal."""
_WIDTH = 80
"""Of lines of prose among the outputs, in characters; tables stay as they are."""


def tutorial_names() -> list[str]:
    """The tutorials of docs/tutorials/."""
    return sorted(path.stem for path in TUTORIALS.glob("*.py"))


def run_notebook(name: str, folder: Path) -> Any:
    """The tutorial's notebook with the outputs of a run in a folder, where its files stay.

    Raises nbclient's CellExecutionError where a cell fails.
    """
    import jupytext
    from nbclient import NotebookClient
    from nbformat.v4 import new_code_cell

    notebook = jupytext.read(TUTORIALS / f"{name}.py")
    notebook.cells.insert(0, new_code_cell(_ON_PAPER, metadata={"tags": ["check"]}))
    # The command `chainopt` stands beside the Python that runs this.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    client = NotebookClient(
        notebook,
        timeout=MOST_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        # Not its warning that whoever is on this machine might listen.
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute(env={**os.environ, "PATH": path, "OPENBLAS_NUM_THREADS": "1"})
    return notebook


def is_check(cell: Any) -> bool:
    """Whether a cell only asserts what the prose says."""
    return "check" in cell.metadata.get("tags", ())


def shown(notebook: Any) -> Any:
    """The notebook as a reader gets it: without the cells that check."""
    from nbformat import from_dict

    return from_dict({**notebook, "cells": [cell for cell in notebook.cells if not is_check(cell)]})


def tutorial_page(name: str, notebook: Any) -> tuple[str, list[str]]:
    """The page of a notebook that was run, in Markdown, and the HTML that belongs at its marks (`output_mark`)."""
    parts: list[str] = []
    outputs: list[str] = []
    for cell in shown(notebook).cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"````python\n{cell.source}\n````")
        said = ""
        for output in cell.outputs:
            if (html := output.get("data", {}).get("text/html")) is not None:
                parts += [*_block(said), output_mark(len(outputs))]
                outputs.append(_table_of_the_theme(html))
                said = ""
            else:
                said += plain_text(output)
        parts += _block(said)
    title, *rest = parts[0].partition("\n")
    button = f'[This page as a notebook]({name}.ipynb){{ .md-button download="{name}.ipynb" }}'
    return "\n\n".join([title, button, "".join(rest).strip(), *parts[1:]]), outputs


def plain_text(output: Any) -> str:
    """What an output of a cell says as text, without the codes of a terminal's colours."""
    text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text)


def _block(said: str) -> list[str]:
    """A block of text, if there is any."""
    lines = [part for line in said.strip("\n").splitlines() for part in _folded(line.rstrip())]
    return ["````text\n" + "\n".join(lines) + "\n````"] if lines else []


def _folded(line: str) -> list[str]:
    """A line, or its parts where it is prose and too long; what is set in columns has wide gaps."""
    if len(line) <= _WIDTH or "  " in line.strip():
        return [line]
    return textwrap.wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False)


def output_mark(number: int) -> str:
    """What stands in a page's Markdown, and is still there in its HTML, for an output in HTML."""
    return f"<!-- output {number} -->"


def _table_of_the_theme(html: str) -> str:
    """A pandas table without looks of its own: the theme gives its own to plain tables alone."""
    return html.replace('<table border="1" class="dataframe">', "<table>")
