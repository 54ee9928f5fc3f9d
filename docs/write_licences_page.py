"""Write docs/licences.md, what chainopt stands on and under which terms: python docs/write_licences_page.py."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAD = """# Licences of what chainopt stands on

Each is installed beside chainopt, none is part of it. Inside the wheel of casadi are Ipopt (EPL-2.0), MUMPS
(CeCILL-C), METIS (Apache-2.0) and OpenBLAS (BSD-3-Clause); cyipopt is built against that Ipopt. The page is
written from the packages' own data.

| package | licence | what for |
| --- | --- | --- |
"""
WHAT_FOR = {
    "pyomo": "models as engineers write them",
    "casadi": "derivatives, and the Ipopt library",
    "cyipopt": "Ipopt from Python",
    "numpy": "arrays",
    "scipy": "sparse matrices, graphs, linear programs",
    "pandas": "tables",
    "openpyxl": "workbooks with formulas, the template, styles",
    "lxml": "what is added to a workbook of one's own",
    "python-calamine": "plain workbooks, fast",
    "xlsxwriter": "the Excel report",
    "highspy": "linear programs that are solved again and again",
    "jinja2": "the HTML report",
    "markupsafe": "text that is markup already",
    "typer": "the command line",
    "rich": "the terminal",
    "numba": "the market's passes, compiled (optional)",
}


def requirements() -> list[str]:
    """The packages that chainopt needs, and those that make it faster."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["solver"]]
    lines += project["optional-dependencies"]["fast"]
    return [re.match(r"[\w-]+", line)[0] for line in lines]


def licence(package: str) -> str:
    """The licence that a package states of itself."""
    said = metadata(package)
    if found := said.get("License-Expression"):
        return found
    trove = [line.split(" :: ")[-1] for line in said.get_all("Classifier", []) if line.startswith("License ::")]
    trove = [line for line in trove if line != "OSI Approved"]
    short = (said.get("License") or "").strip().splitlines()[:1]
    return "; ".join(trove) or "".join(short)


def page() -> str:
    """The page's text."""
    rows = (f"| {package} | {licence(package)} | {WHAT_FOR[package]} |\n" for package in requirements())
    return HEAD + "".join(rows)


if __name__ == "__main__":
    Path(__file__).with_name("licences.md").write_text(page(), encoding="utf-8")
