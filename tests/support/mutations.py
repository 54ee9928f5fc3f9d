"""One cell of a good workbook changed at a time, with what the reader must say of it.

Whether a change is harmful is judged here from the documented columns, without the reader: a figure that is no
number, or is outside its column's range; a name that stands for nothing any more, or for two things; a cell that
no row can lack. A harmful change must be an error at the cell, or at a cell that refers to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from books import SOUND, save_book
from openpyxl import load_workbook
from openpyxl.utils.cell import get_column_letter

from chainopt.workbook.read import check_workbook

DATA = Path(__file__).resolve().parents[2] / "data"
NAMES = {("goods", "good"), ("processes", "process"), ("parameters", "parameter")}
REFERENCES = {
    ("inputs", "good"): "goods",
    ("outputs", "good"): "goods",
    ("observed", "good"): "goods",
    ("processes", "output"): "goods",
    ("inputs", "process"): "processes",
    ("outputs", "process"): "processes",
    ("observed", "process"): "processes",
}
ABOVE_ZERO = {
    ("inputs", "coefficient"),
    ("outputs", "yield"),
    ("processes", "scale"),
    ("processes", "returns"),
    ("processes", "elasticity"),
    ("goods", "demand elasticity"),
    ("goods", "reference sale"),
}
NOT_BELOW_ZERO = {("processes", "capacity"), ("goods", "max import"), ("inputs", "max")}
FREE = {
    ("goods", "supply"),
    ("goods", "price"),
    ("goods", "import price"),
    ("processes", "unit cost"),
    ("parameters", "value"),
    ("observed", "amount"),
    ("observed", "price"),
}
FIGURES = ABOVE_ZERO | NOT_BELOW_ZERO | FREE
NEEDED = {
    ("goods", "good"),
    ("processes", "process"),
    ("parameters", "parameter"),
    ("parameters", "value"),
    ("inputs", "process"),
    ("inputs", "good"),
    ("outputs", "process"),
    ("outputs", "good"),
    ("observed", "good"),
}
NO_NUMBERS = ("lots", "1,5", "12 t", "#REF!", True, datetime(2026, 2, 1), "=A1", "1e5", "nan", "--3", "½")
Sheets = dict[str, list[list[Any]]]


@dataclass(frozen=True)
class Mutation:
    """A change of one cell: where, what stood there, what stands there now, and whether it is harmful."""

    book: str
    sheet: str
    column: str
    row: int
    cell: str
    old: Any
    new: Any
    harmful: bool
    sheets: Sheets

    def __str__(self) -> str:
        return f"{self.book}: {self.sheet}!{self.cell} ({self.column}) {self.old!r} -> {self.new!r}"


def books() -> dict[str, Sheets]:
    """The sound book and the package's own, as rows of values."""
    found: dict[str, Sheets] = {"sound": SOUND}
    for path in sorted(DATA.glob("*.xlsx")):
        book = load_workbook(path, data_only=True)
        known = [sheet for sheet in book if sheet.title in {*SOUND}]
        found[path.stem] = {sheet.title: [list(row) for row in sheet.values] for sheet in known}
    return found


def mutations(count: int, seed: int) -> Iterator[Mutation]:
    """So many changes, of cells and kinds drawn at random."""
    draw, originals = Random(seed), books()
    while count:
        name = draw.choice([*originals])
        sheet = draw.choice([*originals[name]])
        rows = originals[name][sheet]
        if len(rows) < 2:
            continue
        row = draw.randrange(1, len(rows))
        column = draw.randrange(len(rows[row]))
        head = str(rows[0][column] or "").strip().lower() if column < len(rows[0]) else ""
        changed = _changed(draw, originals[name], sheet, head, row, column)
        if changed is None:
            continue
        new, harmful = changed
        sheets = deepcopy(originals[name])
        sheets[sheet][row][column] = new
        cell = f"{get_column_letter(column + 1)}{row + 1}"
        yield Mutation(name, sheet, head, row + 1, cell, rows[row][column], new, harmful, sheets)
        count -= 1


def _changed(
    draw: Random, sheets: Sheets, sheet: str, head: str, row: int, column: int
) -> tuple[Any, bool] | None:
    """A new value for a cell and whether it is harmful; None where the cell has no such change."""
    place, old = (sheet, head), sheets[sheet][row][column]
    if place in NEEDED and old is not None and draw.random() < 0.15:
        return None, True
    if place in NAMES or place in REFERENCES:
        return _renamed(draw, sheets, place, old, row)
    if place in FIGURES and isinstance(old, int | float) and not isinstance(old, bool):
        kind = draw.choice(["type", "sign", "end"])
        if kind == "type":
            return draw.choice(NO_NUMBERS), True
        if kind == "sign" and old and place not in FREE:
            return -old, True
        if kind == "end" and place in FREE:
            return draw.choice(["inf", "-inf"]), True
    return None


def _renamed(draw: Random, sheets: Sheets, place: tuple[str, str], old: Any, row: int) -> tuple[Any, bool] | None:
    if not isinstance(old, str):
        return None
    if draw.random() < 0.3:
        return draw.choice([True, datetime(2026, 2, 1), "#NAME?", "=A1"]), True
    new = typo(draw, old)
    same = " ".join(new.split()).casefold()
    if same == " ".join(old.split()).casefold() or not same:
        return None
    target = REFERENCES.get(place, place[0])
    known = {" ".join(str(record[0]).split()).casefold() for record in sheets[target][1:] if record and record[0]}
    if place in REFERENCES:
        return (new, True) if same not in known else None
    # A name of its own is missed by what refers to it, and by what a formula reads.
    return (new, _referred(sheets, place[0], old)) if same not in known else (new, True)


def _referred(sheets: Sheets, target: str, name: str) -> bool:
    wanted = " ".join(name.split()).casefold()
    for (sheet, head), of in REFERENCES.items():
        rows = sheets.get(sheet, [])
        if of != target or not rows or head not in rows[0]:
            continue
        at = rows[0].index(head)
        if any(len(r) > at and " ".join(str(r[at]).split()).casefold() == wanted for r in rows[1:]):
            return True
    formulas = rows[0].index("formula") if (rows := sheets["processes"]) and "formula" in rows[0] else None
    texts = [str(r[formulas]) for r in rows[1:] if formulas is not None and len(r) > formulas and r[formulas]]
    return target != "processes" and any(wanted in text.casefold() for text in texts)


def typo(draw: Random, name: str) -> str:
    """One edit: a letter left out, doubled, changed, added, or two that changed places."""
    at = draw.randrange(len(name))
    letter = draw.choice("abcdefghijklmnopqrstuvwxyz")
    other = {
        "left out": name[:at] + name[at + 1 :],
        "doubled": name[:at] + name[at] + name[at:],
        "changed": name[:at] + letter + name[at + 1 :],
        "added": name[:at] + letter + name[at:],
        "swapped": name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :],
    }
    return other[draw.choice([*other])]


def judged(mutation: Mutation, folder: Path) -> str:
    """What is wrong with the reader's answer: "" nothing."""
    found = check_workbook(save_book(folder / "book.xlsx", mutation.sheets))
    errors = [problem for problem in found if problem.error]
    if not mutation.harmful:
        return ""
    if not errors:
        return "passes in silence"
    own = any((problem.sheet, problem.cell) == (mutation.sheet, mutation.cell) for problem in errors)
    refers = (mutation.sheet, mutation.column) in NAMES and any(str(mutation.old) in p.text for p in errors)
    return "" if own or refers else f"flagged elsewhere: {errors[0]}"
