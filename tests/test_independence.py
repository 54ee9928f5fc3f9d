"""The derivative side imports no solver and no Pyomo, the solver side no chain: import-linter's contracts say so,
are kept, and are broken by one import in the wrong direction.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imported(module):
    code = f"import sys\nimport {module}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


PLANTED = {
    "backprop/sweep.py": ("from chainopt.planner import model", "code that shares nothing but the chain"),
    "ipopt/model.py": ("from chainopt.chain import chain", "knows no chain"),
    "technology/families.py": ("import casadi", "code that shares nothing but the chain"),
}
"""An import that no file of these packages may have, and what the contract that forbids it says."""


def contracts(folder):
    """What import-linter says of a copy of the package, with the contracts of this one."""
    code = "from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def house(tmp_path):
    """A copy of the package's files and contracts."""
    shutil.copytree(ROOT / "chainopt", tmp_path / "chainopt", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_contracts_are_kept(house):
    done = contracts(house)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize("file", PLANTED)
def test_a_planted_import_breaks_the_contracts(house, file):
    line, promise = PLANTED[file]
    with (house / "chainopt" / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}  # noqa\n")
    done = contracts(house)
    assert done.returncode == 1
    broken = [text for text in done.stdout.splitlines() if text.rstrip().endswith("BROKEN")]
    assert any(promise in text for text in broken), done.stdout


def test_without_cyipopt_only_solving_fails():
    code = (
        "import sys\n"
        "sys.modules['cyipopt'] = None\n"
        "import chainopt as co\n"
        "chain = co.Chain([co.Good('a', supply=1, price=1)], [])\n"
        "try:\n"
        "    co.solve(chain)\n"
        "except co.SolverMissing as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "make install" in done.stdout
