"""Fuzzing of what reads foreign input: python tests/support/fuzz.py formula|workbook|json --minutes 20 [--guided].

Inputs are drawn at random, or, guided, by atheris (pip install atheris), which keeps those that reach new code.
Each target says what must never happen. A failure is told with its input; else the count and the length.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import multiprocessing
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from books import faulty

if "--guided" in sys.argv:
    import atheris

    with atheris.instrument_imports(include=["chainopt"]):
        importlib.import_module("chainopt.workbook")

from chainopt.chain.chain import Chain
from chainopt.chain.records import Good, Process
from chainopt.report.record import json_text, result_record
from chainopt.solution.solve import solve
from chainopt.technology.formula import FormulaError, parse, resolve
from chainopt.workbook.faults import WorkbookError
from chainopt.workbook.read import check_workbook, read_workbook

PIECES = [
    *"+-*/^()=;,.[]<>!@#$%&|~'\"\\{}:?_ \t\n\0", "**", "//", "^^", "1e999", "1e-999", "0x1", "1_0", "inf", "nan",
    "ore", "power", "k", "steel", "[ore]", "[", "sqrt(", "log(", "exp(", "min(", "tanh(", "ore", "2", ".5", "1e3",
    "\u200b", "\u202e", "×", "−", "４", "ｏｒｅ", "о", "\ud800", "lambda", "__import__", "if", "for", "∞", "½",
]  # fmt: skip


def formula(draw: Any, folder: Path) -> str:
    """A formula is read, or refused at a place in its text; what is read has a value wherever it is asked."""
    if draw.random() < 0.2:
        text = list("power = 2*ore^0.5 + k*(ore - 1)/sqrt(ore)")
        for _ in range(draw.randrange(1, 5)):
            at = draw.randrange(len(text) + 1)
            text[at : at + draw.randrange(3)] = draw.choice(PIECES)
        said = "".join(text)
    else:
        said = draw.choice(["", "power=", "power = "]) + "".join(draw.choices(PIECES, k=draw.randrange(40)))
    try:
        tape = resolve(parse(said), ["ore", "power", "steel"], {"k": 0.5})
    except FormulaError as error:
        if not 1 <= error.position <= len(said) + 1:
            raise AssertionError(said) from error
        return said
    with np.errstate(all="ignore"):
        values = tape.values([1.5, 2.5, 3.5])
        slopes = tape.sweep(values, {tape.outputs[0]: 1.0})
    assert len(slopes) == len(tape) >= 3
    return said


def workbook(draw: Any, folder: Path) -> str:
    """A workbook with bytes changed, before or after compression, is read, or refused in words."""
    path = faulty(folder / "book.xlsx")
    content = path.read_bytes()
    how = draw.choice(["bytes", "cut", "part", "part", "part"])
    if how == "cut":
        content = content[: draw.randrange(len(content))]
    elif how == "bytes":
        raw = bytearray(content)
        for _ in range(draw.randrange(1, 20)):
            raw[draw.randrange(len(raw))] = draw.randrange(256)
        content = bytes(raw)
    else:
        content = _with_part_changed(draw, content)
    path.write_bytes(content)
    check_workbook(path)
    with contextlib.suppress(WorkbookError):
        read_workbook(path)
    return how


TOKENS = [
    b"<", b">", b'"', b"/", b"<c", b"<row", b"</row>", b' r="A1"', b' t="s"', b' t="e"', b' t="b"', b"<v>",
    b"</v>", b"99999999999", b"-1", b"<f>", b"<is><t>", b"&amp;", b"&#0;", b"\xff", b"\x00", b"1E999",
    b"XFD1048576", b"<!DOCTYPE x>",
]  # fmt: skip


def _with_part_changed(draw: Any, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    name = draw.choice([*parts])
    for _ in range(draw.randrange(1, 6)):
        part, token = parts[name], draw.choice(TOKENS)
        at = draw.randrange(len(part) + 1)
        part[at : at + draw.choice([0, 0, len(token), 10])] = token
    if draw.random() < 0.1:
        del parts[draw.choice([*parts])]
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, part in parts.items():
            archive.writestr(each, bytes(part))
    return made.getvalue()


def record(draw: Any, folder: Path) -> str:
    """Whatever a solve ends with, its record is JSON without nan and infinity, and survives being read."""
    name = "".join(draw.choices(PIECES, k=draw.randrange(1, 8))).strip() or "x"
    figures = [0.0, 1.0, -1.0, 1e-300, 1e300, 1e12, 1e-9, float("inf"), float("nan"), 3.0]
    try:
        chain = Chain(
            [Good(name, supply=draw.choice(figures)), Good("made", price=draw.choice(figures), unit=name)],
            [Process("p", function="cobb-douglas", inputs={name: draw.choice([0.3, 0.5, 1.0])}, outputs="made")],
            name=name,
        )
    except ValueError:
        return name
    text = json_text(result_record(chain, solve(chain)))
    text.encode("ascii")
    json.loads(text, parse_constant=lambda word: (_ for _ in ()).throw(AssertionError(word)))
    return name


TARGETS: dict[str, Callable[[Any, Path], str]] = {"formula": formula, "workbook": workbook, "json": record}


class Drawn:
    """What a target asks of random.Random, from bytes."""

    def __init__(self, data: Any):
        self.data = data

    def random(self) -> float:
        return float(self.data.ConsumeProbability())

    def randrange(self, start: int, stop: int | None = None) -> int:
        low, high = (0, start) if stop is None else (start, stop)
        return int(self.data.ConsumeIntInRange(low, max(high - 1, low)))

    def choice(self, of: Any) -> Any:
        return of[self.randrange(len(of))]

    def choices(self, of: Any, k: int) -> list[Any]:
        return [self.choice(of) for _ in range(k)]


def guided(target: Callable[[Any, Path], str], minutes: float) -> None:
    """Run a target under atheris, which ends the program itself."""
    import atheris

    folder = tempfile.mkdtemp()

    def one(data: bytes) -> None:
        target(Drawn(atheris.FuzzedDataProvider(data)), Path(folder))

    atheris.Setup([sys.argv[0], f"-max_total_time={round(60 * minutes)}", "-print_final_stats=1"], one)
    atheris.Fuzz()


def drawn(target: Callable[[Any, Path], str], minutes: float, seed: int, count: Any) -> None:
    """Run a target on inputs drawn at random, the number of those that passed being counted."""
    end = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            target(random.Random(seed + count.value), Path(folder))
            count.value += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--guided", action="store_true", help="by coverage, with atheris")
    given = parser.parse_args()
    if given.guided:
        guided(TARGETS[given.target], given.minutes)
    # In a process of its own, which a parser may end.
    count = multiprocessing.Value("q", 0)
    child = multiprocessing.Process(target=drawn, args=(TARGETS[given.target], given.minutes, given.seed, count))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(f"{given.target}: input {given.seed + count.value} fails, with exit code {child.exitcode}")
    print(f"{given.target}: {count.value:,} inputs in {given.minutes:g} minutes from seed {given.seed}, no crash")


if __name__ == "__main__":
    main()
