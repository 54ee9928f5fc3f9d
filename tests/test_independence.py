"""The derivative side imports no solver and no Pyomo; the solver side doesn't import the derivative side."""

import subprocess
import sys

import pytest


def imported(module):
    code = f"import sys\nimport {module}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        f"chainopt.{name}"
        for name in (
            *(f"backprop.{name}" for name in ("sweep", "operations", "certificate", "intervals", "absorbers")),
            *("audits.response", "program.trace", "solution.by_market"),
        )
    ],
)
def test_the_derivative_side_needs_no_solver(module):
    loaded = imported(module)
    assert module in loaded
    assert not loaded & {"pyomo", "casadi", "cyipopt", "chainopt.planner.model", "chainopt.ipopt.evaluator"}


@pytest.mark.parametrize("module", ["chainopt.planner.model", "chainopt.ipopt.model"])
def test_the_solver_side_needs_no_derivatives_of_ours(module):
    loaded = imported(module)
    assert module in loaded
    assert not loaded & {
        f"chainopt.backprop.{name}" for name in ("sweep", "operations", "equations", "certificate")
    }


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
