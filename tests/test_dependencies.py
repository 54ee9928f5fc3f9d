"""What the package imports is what it declares, no more and no less; licences and locks cover it."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(lines):
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


REQUIRED = names(PROJECT["dependencies"])
OPTIONAL = names([*PROJECT["optional-dependencies"]["solver"], *PROJECT["optional-dependencies"]["fast"]])


def versions(file):
    text = (ROOT / "requirements" / file).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


def imported():
    """The distributions of every module that the package imports, wherever it does."""
    modules = set()
    for path in (ROOT / "chainopt").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.partition(".")[0])
    known = packages_distributions()
    foreign = modules - sys.stdlib_module_names - {"chainopt"}
    return {known[module][0].lower() for module in foreign}


def test_every_import_is_declared_and_every_dependency_is_imported():
    assert imported() == REQUIRED | OPTIONAL


def test_licences_are_listed():
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([\w-]+) \| \S", page, re.MULTILINE)) - {"package", "---"} == REQUIRED | OPTIONAL


@pytest.mark.parametrize("file", ["lock.txt", "lowest.txt"])
def test_a_lock_pins_all_that_is_declared(file):
    pinned = versions(file)
    assert REQUIRED | names(PROJECT["optional-dependencies"]["dev"]) <= pinned.keys()


def test_a_run_has_developments_versions_and_a_solver():
    run, lock = versions("run.txt"), versions("lock.txt")
    assert run.keys() >= REQUIRED
    assert run.items() <= lock.items()
    assert names(PROJECT["optional-dependencies"]["solver"]) == versions("solver.txt").keys()


def test_the_site_has_developments_versions_and_a_generator():
    site, lock = versions("site.txt"), versions("lock.txt")
    assert site.keys() >= REQUIRED | names(PROJECT["optional-dependencies"]["site"])
    assert {name: site[name] for name in site.keys() & lock.keys()}.items() <= lock.items()


def test_the_lowest_versions_are_those_declared():
    pinned = versions("lowest.txt")
    for line in PROJECT["dependencies"]:
        name, low = re.match(r"([\w.-]+)>=([\d.]+)", line).groups()
        assert pinned[name.lower()].startswith(low), name
