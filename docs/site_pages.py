"""What the documentation site has beside docs/: a hook of MkDocs, which mkdocs.yml names.

The README becomes the first page; CONTRIBUTING, CHANGELOG and the measurements of benchmarks/ become pages; each
example gets one with its report, which `make site` has solved into build/examples; the tutorials are run, and each
gets a page, with its files beside it; and the reference of the Python interface follows from `chainopt.__all__`.
Links that lead out of docs/ in the repository are led to those pages.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import chainopt

# MkDocs loads a hook by its path, and looks for what it imports elsewhere.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tutorial_pages import output_mark, run_notebook, shown, tutorial_names, tutorial_page

ROOT = Path(__file__).resolve().parents[1]
SOLVED = ROOT / "build" / "examples"
WORKED = ROOT / "build" / "tutorials"
"""Where the tutorials are run."""

BESIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages of the repository's top, and what they are called on the site."""

SUBJECTS = (
    (
        "Chains",
        "A chain is made of records, or read from a workbook.",
        "Chain Good Process Input Output Parameter Observed Settings ChainError",
    ),
    (
        "Workbooks",
        "",
        "read_workbook check_workbook write_workbook write_template annotate WorkbookError",
    ),
    (
        "Solving",
        "",
        "solve Solution Status explain differences holding Holding solve_equilibrium compare",
    ),
    (
        "Tables",
        "Plain tables of a solution, each a `pandas.DataFrame`.",
        "tables Tables prices processes uses limits firms transfers kkt NumeraireError",
    ),
    ("Why a price is what it is", "", "audit market_test stories dossier"),
    ("Reports and pictures", "", "write_excel write_html result_record plot Plot"),
    ("Programs as chains", "", "trace grad value_and_grad Program to_program TraceError"),
    ("Models and the solver", "", "build_model solve_model ModelSolution ChainoptIpopt SolverMissing"),
)
"""The public names, by what they are for: title, a sentence or none, names."""


WITH_MEMBERS = ("Status", "Tables")
"""Of these each member is shown, though its name alone says what it is."""


OUTPUTS: dict[str, list[str]] = {}
"""Of each tutorial's page, what its cells showed as HTML."""


class Files(Protocol):
    """The part of MkDocs's collection of files that is used here."""

    def append(self, file: Any) -> None:
        """Add a file."""


def reference() -> str:
    """The page of the public names, which mkdocstrings fills from their docstrings.

    Raises ValueError where SUBJECTS and `chainopt.__all__` do not name the same.
    """
    named = [name for *_, names in SUBJECTS for name in names.split()]
    if sorted(named) != sorted(chainopt.__all__):
        odd = sorted(set(named) ^ set(chainopt.__all__))
        raise ValueError(
            f"docs/site_pages.py, SUBJECTS: each public name must be there once; see {', '.join(odd)}"
        )
    page = ["# The Python interface\n", "All of it is in `import chainopt as co`; nothing else is promised.\n"]
    for title, sentence, names in SUBJECTS:
        page += [f"## {title}\n", f"{sentence}\n"]
        for name in names.split():
            public = getattr(chainopt, name)
            page.append(f"::: {public.__module__}.{public.__qualname__}")
            if name in WITH_MEMBERS:
                page.append("    options:\n      show_if_no_docstring: true")
            page.append("")
    return "\n".join(page)


def example_names() -> list[str]:
    """The workbooks of data/."""
    return sorted(path.stem for path in (ROOT / "data").glob("*.xlsx"))


def example(name: str) -> str:
    """The page of an example: what its model says of it, its files, its report, its source."""
    source = (ROOT / "models" / f"{name}.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(source)) or ""
    first, _, rest = said.partition("\n")
    return f"""---
title: {name}
---

# {name}

{first}
{rest}

[The workbook](../files/{name}.xlsx){{ .md-button download="{name}.xlsx" }}
[The report in Excel](../files/{name}-report.xlsx){{ .md-button download="{name}-report.xlsx" }}
[The report as a page of its own](../files/{name}-report.html){{ .md-button target="_blank" }}

## The report

<iframe src="../files/{name}-report.html" title="The report of {name}" style="width: 100%; height: 80vh;
border: 1px solid var(--md-default-fg-color--lightest)"></iframe>

## The model

`models/{name}.py`, which writes the workbook and can be run:

````python
{source}````
"""


def led_home(text: str, page: str) -> str:
    """A page's Markdown with the links that leave docs/ led to where the site has what they lead to."""
    if page in BESIDE.values():
        text = re.sub(r"\]\(docs/", "](", text)
        for there, here in BESIDE.items():
            text = text.replace(f"]({there})", f"]({here})")
    text = text.replace("](../models/)", "](examples.md)")
    text = re.sub(r"\]\(tutorials/(\w+)\.py\)", r"](tutorials/\1.md)", text)
    text = re.sub(r"\]\(\.\./data/(\w+)\.xlsx\)", r"](examples/\1.md)", text)
    text = re.sub(r"\]\(\.\./\.\./data/(\w+)\.xlsx\)", r"](../examples/\1.md)", text)
    return text.replace("](../benchmarks/", "](benchmarks/")


def on_config(config: Any) -> Any:
    """Name the pages of the examples and of the measurements in the navigation."""
    for part in config.nav:
        if "Examples" in part:
            part["Examples"] += [f"examples/{name}.md" for name in example_names()]
        if "Measured" in part:
            part["Measured"] += [f"benchmarks/{path.name}" for path in sorted((ROOT / "benchmarks").glob("*.md"))]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and files that docs/ has not."""
    from mkdocs.structure.files import File

    def add(uri: str, **content: Any) -> None:
        files.append(File.generated(config, uri, **content))

    for there, here in BESIDE.items():
        add(here, abs_src_path=str(ROOT / there))
    for path in (ROOT / "benchmarks").glob("*.md"):
        add(f"benchmarks/{path.name}", abs_src_path=str(path))
    add("api.md", content=reference())
    for name in example_names():
        add(f"examples/{name}.md", content=example(name))
        add(f"files/{name}.xlsx", abs_src_path=str(ROOT / "data" / f"{name}.xlsx"))
        for kind in ("xlsx", "html"):
            add(f"files/{name}-report.{kind}", abs_src_path=str(SOLVED / f"{name}-report.{kind}"))
    for name in tutorial_names():
        add_tutorial(name, add)
    return files


def add_tutorial(name: str, add: Callable[..., None]) -> None:
    """Run a tutorial; add its page, its notebook, and the files that it wrote, where the page finds them."""
    from nbformat import writes

    folder = WORKED / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notebook = run_notebook(name, folder)
    page, OUTPUTS[f"tutorials/{name}.md"] = tutorial_page(name, notebook)
    add(f"tutorials/{name}.md", content=page)
    add(f"tutorials/{name}.ipynb", content=writes(shown(notebook)))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            add(f"tutorials/{path.relative_to(folder).as_posix()}", abs_src_path=str(path))


class _Links(HTMLParser):
    """What a page of HTML leads to, or shows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses of links, pictures, frames, styles and scripts."""
        self.found |= {value for name, value in attrs if name in ("href", "src") and value}


def dead_links(site: Path) -> list[str]:
    """Each file that a page of a built site leads to and that is not there: "page: address"."""
    dead = []
    for page in sorted(site.rglob("*.html")):
        links = _Links()
        links.feed(page.read_text(encoding="utf-8"))
        for link in sorted(links.found):
            address = urlsplit(link)
            # The page of 404 is shown at any address, and so counts from the top.
            start = site if address.path.startswith("/") else page.parent
            if not (address.scheme or address.netloc or (start / unquote(address.path).lstrip("/")).exists()):
                dead.append(f"{page.relative_to(site)}: {link}")
    return dead


def on_post_build(config: Any) -> None:
    """Refuse a site with dead links: MkDocs itself looks at those of Markdown alone, not at frames and buttons."""
    from mkdocs.exceptions import PluginError

    if dead := dead_links(Path(config.site_dir)):
        raise PluginError("\n".join(["the site has links that lead nowhere:", *dead]))


def on_page_content(html: str, *, page: Any, config: Any, files: Files) -> str:
    """Put a tutorial's outputs at their marks: Markdown would take what is in them for its own."""
    for number, output in enumerate(OUTPUTS.get(page.file.src_uri, ())):
        html = html.replace(output_mark(number), output)
    return html


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Lead a page's links home."""
    return led_home(markdown, page.file.src_uri)
