"""Runs that are cut off: by Ctrl-C, a limit of time or of memory, or met by a second run. Each says so in a line,
and leaves files that are whole or absent."""

import importlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import cyipopt
import openpyxl
import pyomo.environ as pyo
import pytest
from corpus import RUNS
from interrupting import interrupted

import chainopt as co
from chainopt.machine.apart import FORKS, WorkDied, forked, fresh

DATA = Path(__file__).parent.parent / "data"
NEVER = 600
"""Seconds of a computation that is waited for only where it can't be cut off."""
pytestmark = pytest.mark.skipif(not FORKS, reason="only Linux lets go of a computation in a library")

# Imports once, and forks a command for each line that it reads: (folder, Python to run before, words), or a
# command to wait for.
COMMANDS = """
import json, os, signal, sys
import chainopt, chainopt.report.content.findings, chainopt.report.terminal
for name in chainopt.__all__:
    getattr(chainopt, name)
from chainopt.command import app, main as cli
for line in sys.stdin:
    match json.loads(line):
        case folder, before, words:
            if (child := os.fork()) == 0:
                os.chdir(folder)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(os.open(f"{folder}.{os.getpid()}", os.O_CREAT | os.O_WRONLY), 2)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
                sys.argv = ["chainopt", *words]
                exec(before)
                try:
                    cli.main()
                except SystemExit as ended:
                    os._exit(ended.code or 0)
                os._exit(0)
            print(child, flush=True)
        case child:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Commands:
    """Commands in one process's children."""

    def __init__(self, process):
        self.process = process

    def _asked(self, task):
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def start(self, folder, *words, before=""):
        return self._asked([str(folder), before, [str(word) for word in words]])

    def end(self, folder, child):
        """Its exit code, and the lines of its stderr."""
        code = self._asked(child)
        return code, Path(f"{folder}.{child}").read_text().splitlines()


@pytest.fixture(scope="module")
def commands():
    with subprocess.Popen(
        [sys.executable, "-c", COMMANDS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    ) as process:
        yield Commands(process)
        process.stdin.close()


def folder_with_book(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "chain.xlsx").write_bytes((DATA / "tupperware.xlsx").read_bytes())
    return folder


def whole(folder):
    """The files that a run left beside its book, each of them whole, and no unfinished ones."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    del found["chain.xlsx"]
    for name, path in found.items():
        assert ".chainopt-" not in name
        if path.suffix == ".xlsx":
            assert openpyxl.load_workbook(path).sheetnames
        elif path.suffix == ".json":
            assert json.loads(path.read_text())["chain"]
        else:
            assert path.read_text().rstrip().endswith("</html>")
    return set(found)


def busy():
    """How many times longer than alone things may take: two seconds are promised on a machine that is not busy."""
    return 1 + os.getloadavg()[0] / (os.cpu_count() or 1)


def alive(group):
    """Whether a process of that group lives."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


REPORTS = {"reports/chain-report.xlsx", "reports/chain-report.html"}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_run_that_is_cut_off_says_so(commands, tmp_path, run):
    folder = folder_with_book(tmp_path)
    code, lines = commands.end(folder, commands.start(folder, "solve", "chain.xlsx", before=run.before))
    assert code == run.exit
    assert f"{run.code}: {run.text}" in [line.removeprefix("evaluation_error: ") for line in lines]
    assert not any("Traceback" in line for line in lines)
    assert whole(folder) == {f"reports/chain-report.{ending}" for ending in run.reports}


def test_a_second_ctrl_c_leaves_without_reports(commands, tmp_path):
    folder = folder_with_book(tmp_path)
    kill = "os.kill(os.getpid(), signal.SIGINT)"
    before = f"sys.modules['chainopt.solution.attempts'].build = chainopt.write_html = lambda *_, **__: {kill}"
    code, lines = commands.end(folder, commands.start(folder, "solve", "chain.xlsx", before=before))
    assert code == 130
    assert [line[:4] for line in lines] == ["N605", "E601"]
    assert whole(folder) == {"reports/chain-report.xlsx"}


def test_ctrl_c_ends_a_whole_series_of_solves(commands, tmp_path):
    folder = folder_with_book(tmp_path)
    before = (
        "of = sys.modules['chainopt.scenarios.change']\n"
        "solve, kill = of.solve, lambda _: os.kill(os.getpid(), signal.SIGINT)\n"
        "of.solve = lambda *given, **named: solve(*given, progress=kill, **named)"
    )
    words = ["solve", "chain.xlsx", "--differences"]
    code, lines = commands.end(folder, commands.start(folder, *words, before=before))
    assert (code, lines) == (130, ["E601: interrupted while solving again for each good: nothing was written"])
    assert whole(folder) == set()


def test_ctrl_c_ends_the_workers_of_a_series(commands, tmp_path):
    """A second after they are started, when they are still imported; a terminal sends it to them too."""
    folder = folder_with_book(tmp_path)
    before = (
        "import threading\n"
        "os.setpgid(0, 0)\n"
        "import chainopt.scenarios.differences\n"
        "of = sys.modules['chainopt.scenarios.differences']\n"
        "of.QUICK, side_by_side = 0, of.fresh\n"
        "def begun(*given, **options):\n"
        "    threading.Timer(1.0, lambda: os.killpg(0, signal.SIGINT)).start()\n"
        "    return side_by_side(*given, **options)\n"
        "of.fresh = begun"
    )
    words = ["solve", "chain.xlsx", "--differences"]
    child = commands.start(folder, *words, before=before)
    code, lines = commands.end(folder, child)
    # A worker that had come as far has Pyomo's lock, of which Python's tracker of resources tells, and removes it.
    lines = [line for line in lines if "resource_tracker" not in line]
    assert (code, lines) == (130, ["E601: interrupted while solving again for each good: nothing was written"])
    # Python's own tracker of resources takes a moment to see that its parent is gone.
    end = time.perf_counter() + 5 * busy()
    while alive(child) and time.perf_counter() < end:
        time.sleep(0.01)
    assert not alive(child)


HANGING = {
    "solve": "import cyipopt\nclass Hangs(cyipopt.Problem):\n    solve = long\ncyipopt.Problem = Hangs",
    "check": "sys.modules['chainopt.solution.judgement'].differentiate = long",
}
"""Where a library takes minutes, as Python that has a function `long` take its place."""


@pytest.mark.parametrize("phase", HANGING)
def test_ctrl_c_inside_a_library_is_answered(commands, tmp_path, phase):
    """A factorisation of minutes, or a check of minutes, hears of no signal."""
    folder = folder_with_book(tmp_path)
    before = (
        "import time\n"
        "from pathlib import Path\n"
        "def long(*_): Path('../there').write_text(str(os.getpid()) + '\\n'); time.sleep(600)\n"
        "sys.modules['chainopt.ipopt.interior'].LARGE = 0\n"
        f"sys.modules['chainopt.solution.judgement'].LARGE = 0\n{HANGING[phase]}"
    )
    child = commands.start(folder, "solve", "chain.xlsx", "--json", "out.json", "--out", "reports", before=before)
    there = tmp_path / "there"
    while not (there.exists() and there.read_text().endswith("\n")):
        time.sleep(0.01)
    begun = time.perf_counter()
    os.kill(child, signal.SIGINT)
    said = Path(f"{folder}.{child}")
    while not said.read_text():
        time.sleep(0.01)
    assert time.perf_counter() - begun < 2 * busy()
    code, lines = commands.end(folder, child)
    assert (code, lines[0][:4], lines[-1][:12]) == (130, "N605", "interrupted:")
    with pytest.raises(ProcessLookupError):
        os.kill(int(there.read_text()), 0)
    assert whole(folder) == {*REPORTS, "out.json"}
    answer = json.loads((folder / "out.json").read_text())
    assert answer["status"] == "interrupted"
    assert all(good["price"] is None for good in answer["goods"])
    assert answer["goods"][0]["used"] > 0, "the best plan is kept"


def test_ctrl_c_while_all_is_imported(tmp_path):
    run = interrupted(["solve", str(DATA / "tupperware.xlsx")], tmp_path, 0.05)
    assert (run.code, run.files) == (130, ())
    assert run.lines == ("E601: interrupted while starting: nothing was written",)


@pytest.mark.nightly
@pytest.mark.parametrize("book", ["tupperware", "petrochemicals"])
def test_ctrl_c_at_any_moment(tmp_path, book):
    words = ["solve", str(DATA / f"{book}.xlsx"), "--quiet"]
    (tmp_path / "alone").mkdir()
    alone = interrupted(words, tmp_path / "alone", float("inf")).ended
    chance = random.Random(7)
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        run = interrupted(words, folder, chance.uniform(0, alone))
        assert run.code in (0, 130)
        assert run.answered < 2 * busy()
        assert not any("Traceback" in line for line in run.lines)
        assert (run.code == 0) == (not run.lines)
        assert not any(".chainopt-" in name for name in run.files)
        for name in run.files:
            if name.endswith(".xlsx"):
                assert openpyxl.load_workbook(folder / name).sheetnames
            else:
                assert (folder / name).read_text().rstrip().endswith("</html>")


# Limits of time.


@pytest.fixture
def elsewhere(monkeypatch):
    """Every problem, however small, in a process of its own."""
    interior = importlib.import_module("chainopt.ipopt.interior")
    monkeypatch.setattr(interior, "LARGE", 0)
    monkeypatch.setattr(interior, "TIMED", 0)


def mill(**settings):
    goods = [co.Good("ore", supply=4), co.Good("steel", price=3)]
    return co.Chain(goods, [co.Process("mill", formula="steel = sqrt(ore)")], settings=co.Settings(**settings))


def test_elsewhere_finds_the_same(elsewhere):
    seen = []
    solution = co.solve(mill(), progress=seen.append)
    assert solution.certified
    assert solution.objective == pytest.approx(6, rel=1e-9)
    assert seen[-1].iteration == solution.iterations > 0


class Hangs(cyipopt.Problem):
    def solve(self, *_):
        time.sleep(NEVER)


@pytest.mark.parametrize("phase", HANGING)
def test_the_time_limit_holds_inside_a_library(elsewhere, monkeypatch, phase):
    judgement = importlib.import_module("chainopt.solution.judgement")
    of, name, hangs = {
        "solve": (cyipopt, "Problem", Hangs),
        "check": (judgement, "differentiate", lambda *_: time.sleep(NEVER)),
    }[phase]
    monkeypatch.setattr(of, name, hangs)
    begun = time.perf_counter()
    solution = co.solve(mill(time_limit=3))
    assert time.perf_counter() - begun < NEVER / 5
    assert solution.status is co.Status.TIME_LIMIT
    assert solution.plan is not None
    assert solution.multipliers is None


def test_the_iteration_limit_keeps_the_best_plan(elsewhere):
    solution = co.solve(mill(), max_iterations=2)
    assert (solution.status, solution.iterations) == (co.Status.ITERATION_LIMIT, 2)
    assert solution.plan.use[0] > 0
    assert solution.multipliers is None


def test_limits_of_the_command(commands, tmp_path):
    folder = folder_with_book(tmp_path)
    before = f"long = lambda *_: __import__('time').sleep(600)\n{HANGING['check']}"
    words = ["solve", "chain.xlsx", "--time-limit", 3]
    code, lines = commands.end(folder, commands.start(folder, *words, before=before))
    assert code == 5
    assert lines[-1].startswith(
        "time_limit: The time limit came while the answer was checked: the best plan so far"
    )
    code, lines = commands.end(folder, commands.start(folder, "solve", "chain.xlsx", "--max-iterations", 1))
    assert code == 5
    assert lines[-1].startswith("iteration_limit: ")
    assert "no solution" in (folder / "reports" / "chain-report.html").read_text()


# Memory.


def test_memory_that_ends_in_the_solver():
    """MUMPS is refused what its factors need: Ipopt's own return code is then that of a failed restoration."""
    code = """
import os, resource, sys
import chainopt as co
from chainopt.machine import memory as workspace
from layered import Case, chain, layered
given = chain(layered(8000, Case("random")))
workspace.memory_is_limited = lambda: True
workspace.take_workspace()
import cyipopt, casadi
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 60 * 2**20,) * 2)
solution = co.solve(given, method="ipopt")
print(solution.status, solution.plan is not None, solution.message)
"""
    places = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": places},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("evaluation_error True E603: the memory ran out while ")


@pytest.mark.parametrize("megabytes", [250, 420])
def test_memory_that_ends_before_the_solver_is_a_line(tmp_path, megabytes):
    def limited():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20,) * 2)

    done = subprocess.run(
        [sys.executable, "-m", "chainopt", "solve", DATA / "tupperware.xlsx"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=limited,
    )
    assert done.returncode == 5
    assert done.stderr.startswith("E602: the memory ran out while ")
    assert done.stderr.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_process_that_ends_is_told_from_one_that_answers():
    assert forked(lambda tell: 6 * 7) == 42
    seen = []
    assert forked(lambda tell: [tell(i) for i in range(3)], seen.append) == [None] * 3
    assert seen == [0, 1, 2]
    with pytest.raises(KeyError, match="gone"):
        forked(lambda tell: {}["gone"])
    with pytest.raises(MemoryError):
        forked(lambda tell: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(WorkDied, match="SIGTERM"):
        forked(lambda tell: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(WorkDied, match="exit code 3"):
        forked(lambda tell: os._exit(3))
    with pytest.raises(TimeoutError):
        forked(lambda tell: time.sleep(NEVER), deadline=time.perf_counter() + 0.1)


def test_fresh_interpreters_answer_in_order_or_say_what_became_of_them():
    assert fresh([partial(pow, 2, power) for power in range(3)]) == [1, 2, 4]
    assert fresh([partial(os.write, 1, b"as a library prints")]) == [19]
    with pytest.raises(ZeroDivisionError):
        fresh([partial(divmod, 1, 0), partial(time.sleep, NEVER)])
    with pytest.raises(WorkDied, match="exit code 3"):
        fresh([partial(os._exit, 3)])
    with pytest.raises(MemoryError):
        fresh([partial(bytes, 2**30)], memory=2**29)
    begun = time.perf_counter()
    with pytest.raises(TimeoutError):
        fresh([partial(time.sleep, NEVER)], seconds=1)
    assert time.perf_counter() - begun < 1 + busy()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_fresh_interpreter_outlives_the_one_that_waits_for_it(tmp_path, end):
    """Ctrl-C comes to the terminal's group, of which the interpreters are not; nobody tells them of SIGKILL."""
    long = f"import os, time; open({str(tmp_path)!r} + f'/{{os.getpid()}}', 'w').close(); time.sleep({NEVER})"
    code = (
        "from functools import partial\n"
        "from chainopt.machine.apart import fresh\n"
        f"fresh([partial(exec, {long!r})] * 2)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as waits:
        while len(found := list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        begun = time.perf_counter()
        waits.send_signal(end)
        waits.wait()
    while any(Path("/proc", path.name).exists() for path in found):
        assert time.perf_counter() - begun < 2 * busy()
        time.sleep(0.01)


# Values that are not finite.


def test_where_a_model_stumbles_on_the_way_is_named():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=1.0)
    m.growth = pyo.Objective(expr=pyo.exp(pyo.exp(m.x)), sense=pyo.maximize)
    solution = co.solve_model(m)
    assert solution.status is co.Status.EVALUATION_ERROR
    assert "Not finite on the way: objective 'growth'." in solution.message
    results = pyo.SolverFactory("chainopt.ipopt").solve(m)
    assert results.solver.termination_condition == "error"


def test_a_formula_without_a_value_is_no_warning(commands, tmp_path):
    folder = folder_with_book(tmp_path)
    goods = [co.Good("ore", supply=4), co.Good("steel", price=3)]
    chain = co.Chain(goods, [co.Process("mill", formula="steel = 1/(ore - ore)")])
    co.write_workbook(chain, folder / "chain.xlsx")
    code, lines = commands.end(folder, commands.start(folder, "solve", "chain.xlsx"))
    assert code == 5
    assert "no value at ore = 3.96" in "\n".join(lines)
    assert not any("Warning" in line for line in lines)


# Two runs at once.


def test_two_runs_at_once_on_the_same_files(commands, tmp_path):
    folder = folder_with_book(tmp_path)
    expected = {5: [], 9: []}
    words = ["solve", "chain.xlsx", "--out", "reports", "--json", "reports/answer.json", "--annotate", "--set"]
    for _ in range(3):
        both = {supply: commands.start(folder, *words, f"natgas.supply={supply}") for supply in expected}
        for child in both.values():
            assert commands.end(folder, child) == (0, [])
        ends = ("report.xlsx", "report.html", "annotated.xlsx")
        named = {f"reports/chain-natgas.supply={supply}-{end}" for supply in expected for end in ends}
        assert whole(folder) == {*named, "reports/answer.json"}
        answer = json.loads((folder / "reports" / "answer.json").read_text())
        assert answer["goods"][0]["supply"] in expected
