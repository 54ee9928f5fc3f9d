"""Files are whole or absent: killed, out of room, under odd names, two at a time."""

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import openpyxl
import pytest

import chainopt as co
from chainopt.command.console import write_json
from chainopt.command.examples import copy_example
from chainopt.machine.files import apart, file_name, replacing

DATA = Path(__file__).parent.parent / "data"
COMMAND = [sys.executable, "-m", "chainopt"]
ALONE = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}

# Solves once, then forks a writer for each line that it reads: to import anew for each kill would take minutes.
WRITERS = """
import os, sys
import chainopt as co
from chainopt import annotate, write_excel, write_html
from chainopt.machine.files import replacing
book, folder = sys.argv[1:]
chain = co.read_workbook(book)
solution = co.solve(chain)
tables = co.dossier(chain, solution)
for line in sys.stdin:
    if (child := os.fork()) == 0:
        round = 0
        while True:
            round += 1
            if line == "slow\\n":
                with replacing(f"{folder}/slow") as file:
                    for _ in range(100):
                        file.write(bytes([round % 256]) * 4096)
                        file.flush()
            else:
                write_excel(chain, solution, f"{folder}/a.xlsx", tables=tables)
                write_html(chain, solution, f"{folder}/a.html", tables=tables)
                annotate(book, chain, solution, f"{folder}/b.xlsx", tables=tables)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def whole(folder):
    """Whether every file there is one that was written to its end."""
    for name in ("a.xlsx", "b.xlsx"):
        if (folder / name).exists():
            assert openpyxl.load_workbook(folder / name).sheetnames
    if (folder / "a.html").exists():
        assert (folder / "a.html").read_text().rstrip().endswith("</html>")
    if (folder / "slow").exists():
        content = (folder / "slow").read_bytes()
        assert len(content) == 409_600
        assert len(set(content)) == 1


@pytest.mark.parametrize("kills", [10, pytest.param(50, marks=pytest.mark.nightly)])
def test_killed_while_writing(tmp_path, kills):
    chance = random.Random(kills)
    with subprocess.Popen(
        [sys.executable, "-c", WRITERS, DATA / "tupperware.xlsx", tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ALONE,
    ) as writers:
        left_behind = 0
        for kill in range(kills):
            writers.stdin.write("reports\n" if kill % 2 else "slow\n")
            writers.stdin.flush()
            child = int(writers.stdout.readline())
            time.sleep(chance.uniform(0, 0.5))
            os.kill(child, 9)
            assert writers.stdout.readline() == "gone\n"
            whole(tmp_path)
            unfinished = len(list(tmp_path.glob(".chainopt-*")))
            assert unfinished <= 1, "what an earlier kill left is gone"
            left_behind += unfinished
        writers.stdin.close()
    assert left_behind, "some kills struck while a file was being written"
    with replacing(tmp_path / "other") as file:
        file.write(b"x")
    assert not list(tmp_path.glob(".chainopt-*"))


def test_two_runs_on_one_file(tmp_path):
    """Neither takes the other's unfinished file for a dead run's, and the last one stays, whole."""

    def write(letter):
        for _ in range(50):
            with replacing(tmp_path / "file") as file:
                for _ in range(10):
                    file.write(letter * 1000)
                    file.flush()

    with ThreadPoolExecutor(2) as both:
        list(both.map(write, (b"a", b"b")))
    content = (tmp_path / "file").read_bytes()
    assert content in (b"a" * 10_000, b"b" * 10_000)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def solve(*arguments, folder, limit=None):
    def limited():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*COMMAND, "solve", *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=ALONE,
        preexec_fn=limited,
    )


def test_a_file_that_may_not_grow_leaves_the_old_reports(tmp_path):
    old = {name: f"the {name} of before".encode() for name in ("tupperware-report.xlsx", "tupperware-report.html")}
    for name, content in old.items():
        (tmp_path / name).write_bytes(content)
    done = solve(DATA / "tupperware.xlsx", "--out", ".", folder=tmp_path, limit=4096)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert all("can't write" in line and "too large" in line and "choose another" in line for line in lines)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old
    assert "Solved and certified" in done.stdout, "the results are not lost with the reports"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a file system of its own")
def test_a_full_disk_leaves_the_old_reports(tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", small], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("can't mount")
    try:
        (small / "tupperware-report.xlsx").write_bytes(b"before")
        done = solve(DATA / "tupperware.xlsx", "--out", small, "--annotate", "--quiet", folder=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert all("no space left" in line for line in done.stderr.splitlines())
        for path in small.iterdir():
            assert not path.name.startswith(".chainopt")
            if path.suffix == ".xlsx":
                assert path.read_bytes() == b"before" or openpyxl.load_workbook(path)
    finally:
        subprocess.run(["umount", small], check=True)


def test_what_stands_in_the_way_is_one_line(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    for path, word in (
        (tmp_path / "absent" / "x", "there is no folder"),
        (tmp_path / "file" / "x", "is not a folder"),
        (tmp_path / "folder", "is not a file"),
        (tmp_path / ("x" * 300), "shorter name"),
    ):
        with pytest.raises(OSError, match=word) as refused, replacing(path) as file:
            file.write(b"new")
        assert "\n" not in str(refused.value)
        assert str(path) in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_the_input_is_never_written_to(tmp_path):
    """Whatever the output is called: the workbook itself, or a link to it."""
    book, out = tmp_path / "a.xlsx", tmp_path / "out"
    out.mkdir()
    book.write_bytes((DATA / "tupperware.xlsx").read_bytes())
    before = book.read_bytes()
    (out / "a-report.xlsx").symlink_to(book)
    (tmp_path / "twin").hardlink_to(book)
    for arguments in (["--out", out], ["--json", "a.xlsx"]):
        done = solve(book, *arguments, folder=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith("choose another name or folder\n")
        assert "it is the input" in done.stderr
    for target in (book, out / "a-report.xlsx", tmp_path / "twin", tmp_path / "out" / ".." / "a.xlsx"):
        with pytest.raises(OSError, match="it is the input"):
            apart(target, book)
    assert book.read_bytes() == before


def test_a_planted_link_is_replaced_not_followed(tmp_path):
    """By every writer, whether what it leads to is there or not."""
    book, own = tmp_path / "a.xlsx", tmp_path / "own"
    book.write_bytes((DATA / "tupperware.xlsx").read_bytes())
    own.write_bytes(b"precious")
    own.chmod(0o600)
    chain = co.read_workbook(book)
    solution = co.solve(chain)
    out = tmp_path / "out"
    writers = {
        "a.html": lambda path: co.write_html(chain, solution, path),
        "a.xlsx": lambda path: co.write_excel(chain, solution, path),
        "b.xlsx": lambda path: co.annotate(book, chain, solution, path),
        "c.xlsx": lambda path: co.write_workbook(chain, path),
        "a.svg": lambda path: co.plot(chain, solution).save(path),
        "a.json": lambda path: write_json(str(path), {}, []),
    }
    for goal in (own, tmp_path / "absent"):
        out.mkdir()
        for name, write in writers.items():
            (out / name).symlink_to(goal)
            write(out / name)
            assert not (out / name).is_symlink(), name
            assert (out / name).stat().st_size > 0, name
            assert (out / name).stat().st_mode & 0o044, "the mode is that of a new file, not of what was linked"
        assert (own.read_bytes(), own.stat().st_nlink) == (b"precious", 1)
        assert not (tmp_path / "absent").exists()
        shutil.rmtree(out)
    for name, write in ("d.xlsx", co.write_template), ("e.xlsx", partial(copy_example, "farm")):
        (tmp_path / name).symlink_to(tmp_path / "absent")
        with pytest.raises(FileExistsError):
            write(tmp_path / name)
    assert not (tmp_path / "absent").exists()


def test_the_systems_own_links_stay(tmp_path):
    """/dev/stdout leads to what may be a file."""
    before = os.readlink("/dev/stdout")
    with open(tmp_path / "out.json", "wb") as out:
        done = subprocess.run(
            [*COMMAND, "solve", DATA / "tupperware.xlsx", "--json", "/dev/stdout"],
            cwd=tmp_path, stdout=out, stderr=subprocess.PIPE, env=ALONE, check=False, timeout=120,
        )  # fmt: skip
    assert (done.returncode, b"it is not a file" in done.stderr) == (2, True)
    assert os.readlink("/dev/stdout") == before


@pytest.mark.parametrize(
    "text",
    [
        "../../x",
        "..",
        ".",
        "",
        "CON",
        "nul.a",
        "a\\b",
        "C:x",
        "a\nb\x00c",
        "\u202egpj",
        "x" * 300,
        "é" * 300,
        "a. .",
    ],
)
def test_names_of_files_stay_in_their_folder(tmp_path, text):
    name = file_name(text, "-report.xlsx")
    assert name.endswith("-report.xlsx")
    assert len(name.encode()) <= 255
    assert name.isprintable()
    assert not set(name) & set('/\\:*?"<>|')
    assert name.partition(".")[0].lower() not in ("con", "nul", "")
    with replacing(tmp_path / name) as file:
        file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_workbook_of_an_odd_name(tmp_path):
    book = tmp_path / "a\nb\u202e; rm -rf x.xlsx"
    book.write_bytes((DATA / "tupperware.xlsx").read_bytes())
    done = solve(book, "--out", "out", "--annotate", folder=tmp_path)
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"a_b_; rm -rf x-{name}" for name in ("annotated.xlsx", "report.html", "report.xlsx")
    ]
    assert co.read_workbook(tmp_path / "out" / "a_b_; rm -rf x-annotated.xlsx") == co.read_workbook(book)
