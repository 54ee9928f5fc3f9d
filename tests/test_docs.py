"""The documents keep their word: their commands run, their Python runs, their tables are true."""

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chainopt.command.app import app
from chainopt.command.examples import example_names
from chainopt.words.status import Status
from chainopt.workbook.read import read_workbook
from chainopt.workbook.schema import schema_markdown

ROOT = Path(__file__).parent.parent
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
PYTHON = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def shell(command, folder):
    words = shlex.split(command, comments=True)
    assert words[0] == "chainopt"
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def folder(tmp_path):
    """An empty folder with the repository's data in it, as the page's commands expect."""
    for name in ("data", "docs"):
        os.symlink(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_commands_of_the_page_run(folder):
    commands = [
        line for block in blocks(COMMANDS, "sh") for line in block.splitlines() if line.startswith("chainopt")
    ]
    assert len(commands) >= 5
    for command in commands:
        done = shell(command, folder)
        assert done.returncode == 0, (command, done.stderr)


def test_the_python_of_the_page_runs():
    assert len(blocks(PYTHON, "python")) == 2
    for block in blocks(PYTHON, "python"):
        done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_every_command_has_an_example_that_runs(folder):
    assert {"solve", "check", "new", "trace"} <= {
        command.name or command.callback.__name__ for command in app.registered_commands
    }
    for command in app.registered_commands:
        assert command.epilog.startswith("Example: chainopt "), command.name
        done = shell(command.epilog.removeprefix("Example: "), folder)
        assert done.returncode == 0, done.stderr


def test_help_shows_the_example(folder):
    for command in ("solve", "check", "new", "trace"):
        assert f"chainopt {command} " in shell(f"chainopt {command} --help", folder).stdout


def test_the_table_of_exit_codes_is_the_programs():
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", COMMANDS, re.MULTILINE)}
    assert codes == {status.exit_code for status in Status} | {2}


def test_the_workbook_page_is_the_schema():
    assert schema_markdown() in (ROOT / "docs" / "workbook.md").read_text(encoding="utf-8")


def test_the_page_of_errors_is_the_table_of_messages(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    page = importlib.import_module("write_errors_page").page()
    assert page == (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def test_the_essays_page_has_the_numbers_of_today(monkeypatch):
    """Built anew, the page is the same: every number on it is computed."""
    monkeypatch.syspath_prepend(ROOT / "docs")
    page = importlib.import_module("write_essay_page").page()
    assert page == (ROOT / "docs" / "essay.md").read_text(encoding="utf-8")


def keys(part):
    """Every key of a JSON value, at any depth."""
    if isinstance(part, dict):
        return set(part).union(*map(keys, part.values()))
    return set().union(*map(keys, part)) if isinstance(part, list) else set()


def test_the_json_page_has_every_key(folder):
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
    for book in ("petrochemicals", "infeasible_obligation"):
        answer = json.loads(shell(f"chainopt solve data/{book}.xlsx --json -", folder).stdout)
        del answer["solver"]["seconds"]
        assert not {key for key in keys(answer) if f'"{key}"' not in page}
    traced = json.loads(shell("chainopt trace docs/essay.py:read_twice --at x=4 --json -", folder).stdout)
    traced["gradient"], traced["prices"] = {}, {}
    assert not {key for key in keys(traced) if f'"{key}"' not in page}


def test_the_page_of_examples_lists_each_once():
    page = (ROOT / "docs" / "examples.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\(\.\./data/(\w+)\.xlsx\)", page)) == list(example_names())
    for name in re.findall(r"\[(\w+)\]\(\.\./data/\w+\.xlsx\) \| .*; (\d+) goods", page):
        assert len(read_workbook(ROOT / "data" / f"{name[0]}.xlsx").goods) == int(name[1]), name


def test_links_lead_somewhere():
    docs = ROOT / "docs"
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *docs.glob("*.md"), *docs.glob("tutorials/*.py")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def test_the_readme_is_one_screen_with_two_commands_and_three_doors():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) <= 50
    assert readme.count("![") == 1
    targets = [line.split()[1] for block in blocks(readme, "sh") for line in block.splitlines()]
    assert targets == ["run", "test"]
    doors = re.findall(r"\]\(docs/tutorials/(\w+)\.py\)", readme)
    assert sorted(doors) == sorted(path.stem for path in (ROOT / "docs" / "tutorials").glob("*.py"))


def test_the_readme_leads_to_every_page():
    """Directly, or through the pages that it names."""
    docs, seen, todo = ROOT / "docs", set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        for link in re.findall(r"\]\(([^)#:]+\.md)[)#]", page.read_text(encoding="utf-8")):
            there = (page.parent / link).resolve()
            if there not in seen:
                seen.add(there)
                todo.append(there)
    assert not set(docs.glob("*.md")) - seen
