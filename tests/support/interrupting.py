"""Ctrl-C at moments of a run: how long until the command has answered, and what it leaves.

    python tests/support/interrupting.py BOOK --moments 40 [more words of `chainopt solve`]

Each run is sent one SIGINT, at a random moment after the command has begun to answer. An answer is a line on
stderr; the table has the seconds from the signal to that line and to the end, worst first.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

FIRST_LINE = "chainopt.command.main"
"""The module after whose import the command answers."""
IMPORTED = "chainopt.workbook.assign"
"""The last module that `chainopt solve` imports, when it begins to read."""


@dataclass(frozen=True)
class Interrupted:
    """A run that was sent SIGINT `moment` seconds after it has begun to answer (inf: never)."""

    moment: float
    answered: float
    ended: float
    code: int
    lines: tuple[str, ...]
    files: tuple[str, ...]


def interrupted(words: list[str], folder: Path, moment: float, *, after: str = FIRST_LINE) -> Interrupted:
    """Run `chainopt` with these words in a folder, interrupt it a moment after a module's import, and wait for its
    end."""
    # Python itself tells of each import on stderr: the only word that there is of so early a moment.
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "chainopt", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    lines: list[tuple[float, str]] = []
    assert process.stderr is not None
    for line in process.stderr:
        if line.split()[-1:] == [after]:
            break
    begun = time.perf_counter()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            if not line.startswith("import time:"):
                lines.append((time.perf_counter(), line.rstrip()))

    listener = Thread(target=listen)
    listener.start()
    try:
        process.wait(timeout=None if moment == float("inf") else moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
    sent = time.perf_counter()
    process.wait()
    ended = time.perf_counter()
    listener.join()
    answered = next((at for at, _ in lines if at >= sent), ended)
    files = tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))
    said = tuple(line for _, line in lines)
    if moment == float("inf"):
        sent = begun
    return Interrupted(sent - begun, answered - sent, ended - sent, process.returncode, said, files)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("book")
    parser.add_argument("--moments", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--imported", action="store_true", help="moments after all is imported only")
    given, more = parser.parse_known_args()
    words = ["solve", str(Path(given.book).resolve()), "--quiet", *more]
    after = IMPORTED if given.imported else FIRST_LINE
    with tempfile.TemporaryDirectory() as folder:
        whole = interrupted(words, Path(folder), float("inf"), after=after).ended
    chance = random.Random(given.seed)
    print(f"{given.book}: {whole:.1f} s after {after} when left alone, {given.moments} moments")
    runs = []
    for _ in range(given.moments):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(interrupted(words, Path(folder), chance.uniform(0.0, whole), after=after))
    print("moment  answer   end  code  files  last line")
    for run in sorted(runs, key=lambda run: -run.answered):
        print(
            f"{run.moment:6.2f}  {run.answered:6.2f}{run.ended:6.2f}  {run.code:4}  {len(run.files):5}  "
            f"{run.lines[-1][:120] if run.lines else ''}"
        )


if __name__ == "__main__":
    main()
