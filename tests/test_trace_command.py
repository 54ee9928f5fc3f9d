"""`chainopt trace`: what it prints, writes and refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sizes import near

import chainopt as co

ROOT = Path(__file__).parent.parent
ESSAY = ROOT / "docs" / "essay.py"

FUNCTIONS = """
import math
from dataclasses import dataclass

def twice(x, rounds=2):
    for _ in range(rounds):
        x = x * x
    return x

def several(x, y):
    return {"product": x * y, "sum": x + y}

def weights(w):
    return math.fsum(v * v for v in w)

def steep(x):
    return math.sqrt(x) * x

def folded(x):
    return abs(x) + 3 * x

def raises(x):
    raise KeyError("mine")

def endless(x):
    while True:
        x = x + 1

def leaves(x):
    raise SystemExit(3)

def chatters(x):
    print("hello", x)
    return x * x

def positional(x, /, y):
    return x * y

def star(*xs):
    return sum(x * x for x in xs)

def cases(x, X):
    return x * X

def log(x):
    return math.log(x) * 2

def nothing(x):
    return []

constant = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "functions.py"
    path.write_text(FUNCTIONS, encoding="utf-8")
    return path


def run(*words, folder=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "chainopt", "trace", *map(str, words)],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_essay_with_prices():
    done = run(f"{ESSAY}:tupperware", "--at", "natgas=4", "--solve")
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["#", "line", "step", "value", "derivative", "price"]
    assert lines[2].split() == ["natgas", "4", "0.04166667", "0.04166667"]
    assert lines[3].split()[2:] == ["ethylene", "=", "sqrt(natgas)", "2", "0.1666667", "0.1666667"]
    assert max(map(len, lines)) <= 80


def test_json_has_the_documented_keys_and_numbers():
    plain = json.loads(run(f"{ESSAY}:tupperware", "--at", "natgas=4", "--json", "-").stdout)
    assert plain["value"] == pytest.approx(-0.4054651081081644)
    assert plain["gradient"] == {"natgas": pytest.approx(1 / 24)}
    assert [step["name"] for step in plain["steps"]] == ["ethylene", "v2", "v3", "polyethylene", "output"]
    assert all(step["price"] is None for step in plain["steps"])
    assert plain["steps"][1]["inputs"] == ["ethylene", 1.0]
    solved = json.loads(run(f"{ESSAY}:tupperware", "--at", "natgas=4", "--json", "-", "--solve").stdout)
    for step in solved["steps"]:
        assert set(step) == {"line", "name", "operation", "inputs", "value", "derivative", "price", "kink"}
        assert step["price"] == pytest.approx(step["derivative"], rel=1e-8)
    assert solved["prices"]["natgas"] == pytest.approx(1 / 24, rel=1e-8)


def test_json_goes_to_a_file_and_what_is_infinite_is_null(file, tmp_path):
    done = run(f"{file}:twice", "--at", "x=3", "--json", tmp_path / "out.json")
    assert done.returncode == 0
    assert done.stdout.startswith("twice(x=3) = 81")
    assert json.loads((tmp_path / "out.json").read_text())["gradient"] == {"x": 108.0}
    steep = json.loads(run(f"{file}:steep", "--at", "x=0", "--json", "-").stdout)
    assert steep["value"] == 0.0


def test_the_workbook_is_the_chain_and_solves(file, tmp_path):
    done = run(f"{file}:weights", "--at", "w=[1, -2, 3]", "--workbook", tmp_path / "chain.xlsx")
    assert done.returncode == 0, done.stderr
    assert f"wrote {tmp_path / 'chain.xlsx'}" in done.stdout
    chain = co.read_workbook(tmp_path / "chain.xlsx")
    solution = co.solve(chain)
    assert solution.objective == pytest.approx(14)
    price = co.prices(chain, solution).set_index("good")["price"]
    assert [price[f"w.{i}"] for i in range(3)] == pytest.approx([2, -4, 6])
    assert "functions.py" in chain.processes[0].notes


def test_the_source_is_a_program(file, tmp_path):
    done = run(f"{file}:twice", "--at", "x=3", "--fix", "rounds=3", "--source")
    path = tmp_path / "source.py"
    path.write_text(done.stdout, encoding="utf-8")
    alone = subprocess.run([sys.executable, "-I", "-S", path], capture_output=True, text=True, check=True)
    assert alone.stdout.splitlines()[:2] == ["value = 6561.0", "price of x = 17496.0"]


def test_a_kink_is_marked_where_it_is_not_refused(file):
    words = (f"{file}:folded", "--at", "x=0", "--kinks", "subgradient")
    found = json.loads(run(*words, "--json", "-", "--solve").stdout)
    assert found["gradient"] == {"x": 3.0}
    assert found["prices"]["x"] == near(3.0, of=3.0, rel=1e-8)
    assert [kink["line"] for kink in found["kinks"]] == [20]
    assert [step["kink"] for step in found["steps"]] == [True] * len(found["steps"])
    assert "* functions.py:20: abs at 0" in run(*words).stdout
    assert json.loads(run(f"{file}:folded", "--at", "x=1", "--json", "-").stdout)["kinks"] == []


def test_one_of_several_results(file):
    done = run(f"{file}:several", "--at", "x=2", "--at", "y=5", "--output", "product", "--json", "-", "--solve")
    found = json.loads(done.stdout)
    assert found["gradient"] == {"x": 5.0, "y": 2.0}
    assert found["steps"][1]["price"] == near(0.0, of=5.0, rel=1e-13)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{file}:twicw", "--at", "x=1"], 'Did you mean "twice"?'),
        (["{file}:constant", "--at", "x=1"], "is no function"),
        (["{file}", "--at", "x=1"], "is not FILE.py:FUNCTION"),
        (["nowhere.py:f", "--at", "x=1"], 'there is no file "nowhere.py"'),
        (["{file}:twice", "--at", "x"], "is not name=value"),
        (["{file}:twice", "--at", "y=1"], 'no argument "y"'),
        (["{file}:twice", "--at", "x=1", "--at", "x=2"], "twice"),
        (["{file}:twice", "--at", "x=two"], "is not a number"),
        (["{file}:twice", "--at", "x='2'"], "no number to trace"),
        (["{file}:twice"], "missing a required argument: 'x'"),
        (["{file}:twice", "--at", "x=2", "--at", "rounds=3"], "--fix"),
        (["{file}:twice", "--at", "x=2", "--fix", "x=3"], "either --at or --fix"),
        (["{file}:several", "--at", "x=2", "--at", "y=3"], "--output: product, sum"),
        (["{file}:several", "--at", "x=2", "--at", "y=3", "--output", "q"], "product, sum"),
        (["{file}:raises", "--at", "x=2"], "functions.py:23: "),
        (["{file}:endless", "--at", "x=2", "--max-steps", "500"], "functions.py:27: "),
        (["{file}:folded", "--at", "x=0"], "functions.py:20: "),
        (["{file}:twice", "--at", "x=2", "--json", "no/such/folder/x.json"], "there is no folder"),
        (["{file}:leaves", "--at", "x=2"], "SystemExit: 3"),
        (["{file}:nothing", "--at", "x=2"], "returns no number"),
        (["{file}:twice", "--at", "x=2", "--json", "-", "--source"], "both write to stdout"),
        (["{file}:twice", "--at", "x=2", "--workbook", "x.txt"], "must end in .xlsx"),
        (["{file}:twice", "--at", f"x={10**400}"], "is not a number"),
        (["{file}:twice", "--at", "x=1e999"], "give it a finite number"),
        (["{file}:twice", "--at", "x=2", "--output", "y"], "which is one number"),
    ],
)
def test_bad_input_ends_with_one_line_and_exit_code_2(file, words, says):
    done = run(*(word.format(file=file) for word in words))
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_what_the_function_prints_stays_out_of_the_json(file):
    done = run(f"{file}:chatters", "--at", "x=3", "--json", "-")
    assert json.loads(done.stdout)["gradient"] == {"x": 6.0}
    assert done.stderr.startswith("hello")


def test_every_way_to_take_an_argument(file):
    for words, gradient in (
        (("positional", "--at", "x=2", "--at", "y=3"), {"x": 3.0, "y": 2.0}),
        (("star", "--at", "xs=[2, 3]"), {"xs.0": 4.0, "xs.1": 6.0}),
        (("cases", "--at", "x=2", "--at", "X=3"), {"x": 3.0, "X": 2.0}),
    ):
        done = run(f"{file}:{words[0]}", *words[1:], "--json", "-", "--solve")
        answer = json.loads(done.stdout)
        assert answer["gradient"] == gradient
        assert answer["prices"] == pytest.approx(gradient, rel=1e-8)


def test_a_function_named_as_a_primitive_has_a_source_that_runs(file):
    text = run(f"{file}:log", "--at", "x=3", "--source").stdout
    alone = subprocess.run([sys.executable, "-I", "-S", "-c", text], capture_output=True, text=True, check=True)
    assert float(alone.stdout.splitlines()[1].split(" = ")[1]) == pytest.approx(2 / 3)


def test_a_file_that_cannot_be_run_is_said_with_its_line(tmp_path):
    for text, says in (("def f(x:\n", "broken.py:1"), ("import nothing_of_this_name\n", "broken.py:1: import")):
        path = tmp_path / "broken.py"
        path.write_text(text, encoding="utf-8")
        done = run(f"{path}:f", "--at", "x=1")
        assert done.returncode == 2
        assert says in done.stderr


def test_the_help_says_that_it_runs_code():
    done = run("--help")
    assert "runs the code of the file" in done.stdout
    assert "never runs code from a" in done.stdout
