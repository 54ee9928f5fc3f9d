"""The command line: its exit codes, each with a real workbook, its streams, and its JSON."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from io import StringIO
from math import inf, log
from pathlib import Path

import pytest

import chainopt as co
from chainopt.words.figures import figure

DATA = Path(__file__).parent.parent / "data"
COMMAND = [sys.executable, "-m", "chainopt"]


def run(*arguments, folder):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def book(folder, *, settings=None, goods, processes=()):
    path = folder / "chain.xlsx"
    co.write_workbook(co.Chain(goods, processes, settings=settings), path)
    return path


def test_json_of_the_essays_chain(tmp_path):
    done = run("solve", DATA / "tupperware.xlsx", "--json", "-", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["status"] == "optimal"
    goods = {row["good"]: row for row in answer["goods"]}
    for good, price in {"natgas": 1 / 24, "ethylene": 1 / 6, "polyethylene": 3 / 2, "tupperware": 1}.items():
        assert goods[good]["price"] == pytest.approx(price, rel=1e-8)
        assert goods[good]["backprop"] == pytest.approx(price, rel=1e-8)
    assert answer["objective"] == pytest.approx(log(2 / 3), rel=2e-9)
    loss = next(row for row in answer["processes"] if row["firm"] == "C")
    assert loss["profit"] == pytest.approx(log(2 / 3) - 1, rel=5e-9)
    assert list(tmp_path.iterdir()) == [], "with --json alone no report is written"


def test_nothing_but_json_goes_to_stdout_where_prices_are_intervals(tmp_path):
    """The linear programs that bound a price are another library's, and some versions of it talk."""
    goods = [co.Good("A", supply=1, price=8), co.Good("B", supply=1), co.Good("C", price=10)]
    join = co.Process("join", function="leontief", inputs={"A": 1, "B": 1}, outputs="C")
    done = run("solve", book(tmp_path, goods=goods, processes=[join]), "--json", "-", folder=tmp_path)
    assert done.stderr == ""
    row = json.loads(done.stdout)["goods"][0]
    assert (row["interval"], row["low"], row["high"]) == ("bounded", pytest.approx(8), pytest.approx(10))


def test_reports_and_tables(tmp_path):
    done = run("solve", DATA / "tupperware.xlsx", folder=tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        "tupperware-report.html",
        "tupperware-report.xlsx",
    ]
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert "loss" in done.stdout


def test_set_changes_a_figure(tmp_path):
    done = run(
        "solve", DATA / "tupperware.xlsx", "--set", "NatGas.Supply=9", "--json", "out.json", folder=tmp_path
    )
    assert done.returncode == 0
    answer = json.loads((tmp_path / "out.json").read_text())
    assert answer["objective"] == pytest.approx(log(3 / 4), rel=2e-9)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("natgas.suply=5", "supply"),
        ("natgass.supply=5", "natgas"),
        ("natgas.supply=five", "number"),
        ("natgas", "natgas.supply=5"),
        ("natgas.max sale=-5", "max sale"),
    ],
)
def test_set_refuses_what_it_cannot_read(tmp_path, change, word):
    done = run("solve", DATA / "tupperware.xlsx", "--set", change, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_numeraire(tmp_path):
    done = run("solve", DATA / "tupperware.xlsx", "--numeraire", "ethylene", "--json", "-", folder=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["numeraire"] == "ethylene"
    assert {row["good"]: row["price"] for row in answer["goods"]}["tupperware"] == pytest.approx(6, rel=1e-8)
    assert answer["objective"] == pytest.approx(log(2 / 3), rel=2e-9)


def test_a_numeraire_without_a_price_is_refused(tmp_path):
    path = book(tmp_path, goods=[co.Good("air", supply=5), co.Good("bread", supply=1, price=1)])
    done = run("solve", path, "--numeraire", "air", folder=tmp_path)
    assert done.returncode == 2
    assert '"air"' in done.stderr


def test_bad_input_ends_with_2(tmp_path):
    path = book(tmp_path, goods=[co.Good("bread", supply=1, price=1)])
    for arguments in (["solve", "absent.xlsx"], ["solve"], ["sovle", path], ["solve", path, "--method", "magic"]):
        done = run(*arguments, folder=tmp_path)
        assert done.returncode == 2, arguments
        assert done.stderr
        assert "Traceback" not in done.stderr


def test_infeasible_ends_with_3(tmp_path):
    path = book(
        tmp_path,
        goods=[co.Good("ore", supply=1), co.Good("steel", min_sale=5)],
        processes=[co.Process("mill", formula="steel = 2*ore")],
    )
    done = run("solve", path, "--json", "-", folder=tmp_path)
    assert done.returncode == 3
    answer = json.loads(done.stdout)
    assert answer["status"] == "infeasible"
    assert all(row["price"] is None for row in answer["goods"])


def test_unbounded_ends_with_4(tmp_path):
    path = book(
        tmp_path,
        goods=[co.Good("ore", import_price=1), co.Good("steel", price=3)],
        processes=[co.Process("mill", formula="steel = ore")],
    )
    done = run("solve", path, "--json", "-", folder=tmp_path)
    assert done.returncode == 4
    assert json.loads(done.stdout)["status"] == "unbounded"


def test_stopping_early_ends_with_5(tmp_path):
    path = book(
        tmp_path,
        settings=co.Settings(max_iterations=2),
        goods=[co.Good("ore", supply=4), co.Good("steel", price=3)],
        processes=[co.Process("mill", formula="steel = sqrt(ore)")],
    )
    done = run("solve", path, "--json", "-", folder=tmp_path)
    assert done.returncode == 5
    answer = json.loads(done.stdout)
    assert answer["status"] == "iteration_limit"
    assert answer["goods"][0]["price"] is None


def test_uncertified_ends_with_6(tmp_path):
    path = book(
        tmp_path,
        settings=co.Settings(tolerance=0.01),
        goods=[co.Good("ore", supply=4), co.Good("steel", price=3, max_sale=1)],
        processes=[co.Process("mill", formula="steel = sqrt(ore)")],
    )
    done = run("solve", path, "--json", "-", folder=tmp_path)
    assert done.returncode == 6
    answer = json.loads(done.stdout)
    assert answer["status"] == "uncertified"
    assert answer["goods"][0]["price"] is None
    assert "check" in done.stderr


def test_interrupting_ends_with_130(tmp_path):
    goods = [co.Good("g0", supply=4000)]
    processes = []
    for i in range(1500):
        goods.append(co.Good(f"g{i + 1}", price=1, min_sale=-inf))
        processes.append(co.Process(f"p{i}", formula=f"[g{i + 1}] = log(1 + [g{i}])"))
    path = book(tmp_path, goods=goods, processes=processes)
    reader, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "solve", path, "--json", "out.json"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(terminal)
    seen = b""
    while b"solving" not in seen and b"iteration" not in seen:
        seen += os.read(reader, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    os.close(reader)


def test_check_names_every_fault(tmp_path):
    good = run("check", DATA / "petrochemicals.xlsx", folder=tmp_path)
    assert (good.returncode, good.stderr) == (0, "")
    path = book(tmp_path, goods=[co.Good("bread", supply=1, price=1)])
    import openpyxl

    workbook = openpyxl.load_workbook(path)
    workbook["goods"]["C2"], workbook["goods"]["D2"] = "1,5", "cheap"
    workbook.save(path)
    bad = run("check", path, folder=tmp_path)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "goods!C2" in bad.stderr
    assert "goods!D2" in bad.stderr


def test_new_writes_a_template_and_examples_and_never_overwrites(tmp_path):
    assert run("new", "empty.xlsx", folder=tmp_path).returncode == 0
    assert run("new", "loop.xlsx", "--example", "steel_loop", folder=tmp_path).returncode == 0
    assert co.read_workbook(tmp_path / "loop.xlsx") == co.read_workbook(DATA / "steel_loop.xlsx")
    before = (tmp_path / "loop.xlsx").read_bytes()
    for arguments in (["new", "loop.xlsx"], ["new", "loop.xlsx", "--example", "steel_loop"]):
        again = run(*arguments, folder=tmp_path)
        assert again.returncode == 2
        assert "loop.xlsx" in again.stderr
    assert (tmp_path / "loop.xlsx").read_bytes() == before
    wrong = run("new", "x.xlsx", "--example", "stel_loop", folder=tmp_path)
    assert wrong.returncode == 2
    assert "steel_loop" in wrong.stderr


def test_a_report_never_overwrites_the_workbook(tmp_path):
    path = tmp_path / "a-report.xlsx"
    path.write_bytes((DATA / "tupperware.xlsx").read_bytes())
    twin = tmp_path / "a.xlsx"
    twin.write_bytes(path.read_bytes())
    done = run("solve", path, "--out", ".", folder=tmp_path)
    assert done.returncode == 0
    assert path.read_bytes() == twin.read_bytes()


def test_annotate_writes_a_copy_and_names_the_next_step(tmp_path):
    path = book(tmp_path, goods=[co.Good("A", supply=1, price=8), co.Good("bread", supply=1, price=1)])
    done = run("solve", path.name, folder=tmp_path)
    assert done.stdout.splitlines()[-1].startswith("next: chainopt solve chain.xlsx --annotate")
    done = run("solve", path.name, "--annotate", folder=tmp_path)
    assert done.returncode == 0
    assert co.read_workbook(tmp_path / "reports" / "chain-annotated.xlsx") == co.read_workbook(path)
    assert done.stdout.splitlines()[-1].startswith("next: open ")


def test_the_next_step_keeps_what_was_given_and_can_be_copied(tmp_path):
    path = book(tmp_path, goods=[co.Good("bread", supply=1, price=1)])
    out = tmp_path / "my reports"
    given = ["solve", path.name, "--method", "market", "--out", out.name]
    last = run(*given, folder=tmp_path).stdout.splitlines()[-1]
    assert shlex.split(last.removeprefix("next: "), comments=True) == ["chainopt", *given, "--annotate"]
    last = run(*given, "--annotate", folder=tmp_path).stdout.splitlines()[-1]
    assert shlex.split(last.removeprefix("next: ")) == ["open", "my reports/chain-report.html"]


NAMES = [b"a b.xlsx", b"it's.xlsx", b'"$(id)".xlsx', b"-a.xlsx", b"--help.xlsx", b"a\nb.xlsx", b"caf\xc3\xa9.xlsx",
         b"\xff\xfe.xlsx", b"a\xe2\x80\xaeb.xlsx", b"`id`#;&.xlsx"]  # fmt: skip
EACH = """import sys
from chainopt.command.console import settle_streams
settle_streams()
from chainopt.command.app import app
for name in sys.argv[1:]:
    app(["new", "--", name], standalone_mode=False)
"""
"""Writes a workbook of each name, in one process."""
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def as_bash_reads(text):
    """The words of a command line, by the shell that it is pasted into."""
    script = b"set -- " + text + b"\nprintf '%s\\0' \"$@\""
    return subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.split(b"\0")[:-1]


@pytest.mark.parametrize("locale", [ASCII, {"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}], ids=["ASCII", "C", "UTF-8"])
def test_a_suggested_command_can_be_pasted_whatever_the_name(tmp_path, locale):
    folder, environment = os.fsencode(tmp_path), {**os.environ, **locale}
    done = subprocess.run(
        [sys.executable, "-c", EACH, *NAMES], cwd=tmp_path, capture_output=True, env=environment, check=True
    )
    told = done.stdout.split(b"then run `")[1:]
    assert len(told) == len(NAMES)
    for name, text in zip(NAMES, told, strict=True):
        said = text.rpartition(b"`\n")[0]
        *command, path = as_bash_reads(said)
        assert command == [b"chainopt", b"solve"]
        assert not path.startswith(b"-")
        assert os.path.samefile(os.path.join(folder, path), os.path.join(folder, name))
        assert said.decode("ascii" if locale is ASCII else "utf-8").isprintable()


def test_the_next_step_can_be_pasted_whatever_the_name(tmp_path):
    """The first solve's next step is pasted, and the second's opens a report that is there."""
    path = book(tmp_path, goods=[co.Good("caf\u00e9", supply=1, price=1)])
    name, out = b"-\xff caf\xc3\xa9.xlsx", b"-caf\xc3\xa9"
    os.rename(path, os.path.join(os.fsencode(tmp_path), name))
    words = [b"chainopt", b"solve", b"--numeraire", b"caf\xc3\xa9", b"--out", out, b"--", name]
    for _ in range(2):
        given = [*COMMAND, *words[1:]]
        done = subprocess.run(
            given, cwd=tmp_path, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=True
        )
        words = as_bash_reads(done.stdout.splitlines()[-1].removeprefix(b"next: "))
    assert words[0] == b"open"
    assert os.path.isfile(os.path.join(os.fsencode(tmp_path), words[1]))
    assert not words[1].startswith(b"-")


def test_a_range_of_no_good_is_refused_before_anything_is_written(tmp_path):
    path = book(tmp_path, goods=[co.Good("bread", supply=1, price=1)])
    done = run("solve", path, "--range", "bred", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == 'there is no good "bred". Did you mean "bread"?\n'
    assert [*tmp_path.iterdir()] == [path]


def test_a_reader_that_goes_away_and_a_full_disk(tmp_path):
    """What is written is written before anything is printed."""
    arguments = [*COMMAND, "solve", DATA / "tupperware.xlsx"]
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(arguments, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (0, b"")
    assert len(list((tmp_path / "reports").iterdir())) == 2
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            arguments, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False
        )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"no space left" in done.stderr


SOLVED = sorted(path.stem for path in DATA.glob("*.xlsx") if "infeasible" not in path.stem)


@pytest.mark.parametrize("book", SOLVED)
def test_an_answer_fits_one_screen_of_24_lines(book):
    """With the two lines that say what was written, and the next step; a prompt has room for one more."""
    from rich.console import Console

    from chainopt.report.screen import screen

    chain = co.read_workbook(DATA / f"{book}.xlsx")
    solution = co.solve(chain)
    tables = co.dossier(chain, solution)
    console = Console(width=80, record=True, file=StringIO())
    screen(solution, tables, console)
    lines = console.export_text().splitlines()
    assert len(lines) + 3 + 1 <= 24
    assert max(map(len, lines)) <= 80
    said = "\n".join(lines)
    dearest = (tables.goods["price"] * (tables.goods["supply"].clip(lower=0) + tables.goods["produced"])).abs()
    assert str(tables.goods["good"][dearest.idxmax()]) in said
    table = tables.processes
    losing = table["profit"] < -1e-6 * table["revenue"].abs().max()
    assert all(process in said for process in table.loc[losing, "process"])
    assert "--full" in said
    # No figure loses its last digits to a long name.
    costly = (tables.limits["rent"] * tables.limits["limit"]).abs().max()
    largest = max(costly, (tables.goods["price"] * tables.goods["supply"]).max())
    assert "In all" not in said or re.search(rf"\b{re.escape(figure(largest))}\b", said)


def test_one_screen_says_what_more_brings_and_less_costs():
    """By hand: ore of which one more saves an import at 3, and one less costs a sale at 5; B is neither."""
    from rich.console import Console

    from chainopt.report.screen import screen

    goods = [co.Good("ore", supply=10), co.Good("metal", price=5, max_sale=10), co.Good("slag", price=3)]
    mill = co.Process("mill", function="leontief", inputs={"ore": 1}, outputs="metal")
    heap = co.Process("heap", function="leontief", inputs={"ore": 1}, outputs="slag")
    chain = co.Chain(goods, [mill, heap])
    console = Console(width=80, record=True, file=StringIO())
    solution = co.solve(chain)
    screen(solution, co.dossier(chain, solution), console)
    ore = next(line for line in console.export_text().splitlines() if line.startswith("ore"))
    assert ore.split()[1:3] == ["3", "5"]


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_figures_are_never_cut(width):
    """A table that does not fit loses columns, and says which."""
    from rich.console import Console

    from chainopt.report.terminal import show

    chain = co.read_workbook(DATA / "petrochemicals.xlsx")
    solution = co.solve(chain)
    console = Console(width=width, record=True, file=StringIO())
    show(solution, co.dossier(chain, solution, market=False), console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    assert "\u2026" not in text
    processes = text[text.index("\nProcesses") :]
    assert "hydrocracker" in processes
    assert "98,338" in processes
    assert ("Too narrow here for Revenue" in processes) == (width < 80)
