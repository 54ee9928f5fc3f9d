"""The package's face: names that load when they are asked for, and what a start costs."""

import ast
import copy
import pickle
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import chainopt as co

DATA = Path(__file__).parent.parent / "data"
FACES = ["chainopt"]
HEAVY = {"pyomo", "casadi", "scipy", "pandas", "numpy", "jinja2", "xlsxwriter", "openpyxl", "typer", "rich"}


def python(code, *words):
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", FACES)
def test_type_checkers_and_python_see_the_same_names(package):
    found = import_module(package)
    block = next(node for node in ast.parse(Path(found.__file__).read_text()).body if isinstance(node, ast.If))
    for statement in block.body:
        for name in statement.names:
            assert getattr(found, name.name) is getattr(import_module(statement.module), name.name)
    assert sorted(name.name for statement in block.body for name in statement.names) == found.__all__
    assert set(found.__all__) <= set(dir(found))


def test_no_module_hides_a_public_name():
    """Whatever is imported first: a module's import sets its name on its package."""
    code = (
        "import pkgutil, sys, types\n"
        "from importlib import import_module\n"
        "import chainopt\n"
        "for module in pkgutil.walk_packages(chainopt.__path__, 'chainopt.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        import_module(module.name)\n"
        "for name in sys.argv[1:]:\n"
        "    package = import_module(name)\n"
        "    for public in package.__all__:\n"
        "        assert not isinstance(getattr(package, public), types.ModuleType), public\n"
        "        assert callable(getattr(package, public)), public"
    )
    python(code, *FACES)


@pytest.mark.parametrize("package", FACES)
def test_no_name_is_that_of_a_module(package):
    found = import_module(package)
    modules = {module.name for module in iter_modules(found.__path__)}
    assert not modules & set(found.__all__)


def test_the_face_loads_nothing_before_it_is_asked():
    loaded = set(python("import sys, chainopt, chainopt.report, chainopt.workbook\nprint(*sys.modules)").split())
    assert not HEAVY & loaded
    loaded = set(python("import sys, chainopt\nchainopt.Status\nprint(*sys.modules)").split())
    assert not HEAVY & loaded


def test_every_way_to_a_name():
    code = (
        "from chainopt import *\n"
        "import chainopt as co\n"
        "from chainopt import solve as again\n"
        "assert solve is co.solve is again\n"
        "assert {*co.__all__} <= {*globals()}\n"
        "print(co.solve(Chain([Good('a', supply=1, price=2)], [])).objective)"
    )
    assert float(python(code)) == pytest.approx(2)
    good = co.Good("ore", supply=1)
    assert pickle.loads(pickle.dumps(good)) == copy.copy(good) == good
    assert pickle.loads(pickle.dumps(co.solve)) is co.solve


def test_a_name_that_is_not_there_is_an_error():
    with pytest.raises(AttributeError, match="module 'chainopt' has no attribute 'sovle'"):
        _ = co.sovle
    with pytest.raises(ImportError, match="cannot import name 'sovle'"):
        from chainopt import sovle  # noqa: F401


@pytest.mark.parametrize(
    "imports", ["import chainopt\nimport pyomo.environ as pyo", "import pyomo.environ as pyo\nimport chainopt"]
)
def test_pyomo_knows_the_solver_in_either_order(imports):
    code = (
        f"{imports}\nimport sys\n"
        "assert 'chainopt.ipopt' in pyo.SolverFactory\n"
        "assert 'chainopt.ipopt.plugin' not in sys.modules\n"
        "m = pyo.ConcreteModel()\n"
        "m.x = pyo.Var(initialize=1.0)\n"
        "m.o = pyo.Objective(expr=(m.x - 3) ** 2)\n"
        "pyo.SolverFactory('chainopt.ipopt').solve(m)\n"
        "print(pyo.value(m.x))"
    )
    assert float(python(code)) == pytest.approx(3)


def test_a_solution_displays_itself_without_reports_imported_before():
    code = (
        "import sys\nimport chainopt as co\n"
        "solution = co.solve(co.Chain([co.Good('bread', supply=1, price=2)], []))\n"
        "assert not {'jinja2', 'xlsxwriter', 'chainopt.report.page.notebook'} & {*sys.modules}\n"
        "print(solution._repr_html_())"
    )
    shown = python(code)
    assert "bread" in shown
    assert "<table>" in shown


COMMAND = (
    "import sys\nfrom chainopt.command.main import main\n"
    "try:\n    main()\nexcept SystemExit as ended:\n    print(*sys.modules)\n    assert not ended.code"
)


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["solve", "--help"],
        ["new", "--help"],
        ["trace", "--help"],
        ["check", str(DATA / "tupperware.xlsx")],
        ["check", str(DATA / "petrochemicals.xlsx")],
    ],
)
def test_a_command_loads_what_it_needs(words):
    """Nothing that solves, draws or writes; numbers only where a workbook is read, which calamine does."""
    loaded = set(python(COMMAND, *words).splitlines()[-1].split())
    assert "chainopt.command.app" in loaded
    assert HEAVY & loaded == ({"typer", "numpy"} if words[0] == "check" else {"typer"})


def test_a_solve_loads_no_more_than_it_needs(tmp_path):
    """No statistics, which Pyomo would load with any scipy, and no writer or reader of what nobody asked for."""
    words = ["solve", str(DATA / "tupperware.xlsx"), "--out", str(tmp_path), "--quiet"]
    loaded = set(python(COMMAND.replace("assert", "#"), *words).splitlines()[-1].split())
    assert {"pyomo.environ", "casadi", "pandas", "xlsxwriter"} <= loaded
    assert not {"scipy.stats", "openpyxl", "chainopt.report.annotate", "chainopt.scenarios.holding"} & loaded


@pytest.mark.parametrize(
    "imports", ["import pyomo.environ, scipy.sparse", "import scipy.sparse, pyomo.environ", "import pyomo.environ"]
)
def test_pyomo_finds_scipy_where_it_asks_for_it(imports):
    code = (
        f"import sys, chainopt\n{imports}\n"
        "assert 'scipy.stats' not in sys.modules\n"
        "from pyomo.common.dependencies import scipy, scipy_available\n"
        "assert scipy_available\n"
        "print(scipy.stats.norm.cdf(0.0), scipy.sparse.eye(2).nnz, 'scipy.stats' in sys.modules)"
    )
    assert python(code).split() == ["0.5", "2", "True"]


def test_a_chain_with_something_replaced_is_another_chain():
    """`dataclasses.replace` as of every record; the new one is checked as the old one was."""
    chain = co.Chain(
        [co.Good("ore", supply=2), co.Good("steel", price=3)], [co.Process("mill", formula="steel = ore")]
    )
    more = replace(chain, goods=(co.Good("Ore", supply=5), chain.goods[1]), settings=co.Settings(name="more"))
    assert (more.good("ore").supply, more.name, more.processes) == (5, "more", chain.processes)
    assert (chain.good("ore").supply, chain.name) == (2, "")
    assert replace(chain) == chain
    assert [warning.code for warning in replace(chain, processes=()).warnings] == ["N411"]
    with pytest.raises(co.ChainError, match='"ore" is neither a good'):
        replace(chain, goods=chain.goods[1:])
