"""Workbooks for tests: rows of plain values saved as they are, a sound book, and the same with faults."""

import zipfile
from copy import deepcopy

from openpyxl import Workbook
from openpyxl.utils.cell import coordinate_to_tuple


def save_book(path, sheets):
    """Save rows of plain values as they are: text that begins with = becomes an Excel formula."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def edit_xml(path, part, old, new):
    """Replace text within one part of an .xlsx file, for what openpyxl can't write."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


SOUND = {
    "goods": [
        [
            "good",
            "supply",
            "price",
            "max sale",
            "min sale",
            "demand elasticity",
            "reference sale",
            "disposal",
            "rival",
        ],
        ["ore", 10],
        ["power", 5],
        ["steel", None, 3, None, None, 2, 1],
        ["slag", None, None, None, None, None, None, "none"],
        ["plan", None, None, None, None, None, None, None, "no"],
    ],
    "processes": [
        ["process", "formula", "function", "output", "elasticity", "capacity", "min level"],
        ["smelter", None, "ces", "steel", 0.5, 100],
        ["grinder", "power = ore^0.5 * k"],
        ["mine", None, "leontief", "ore"],
    ],
    "inputs": [
        ["process", "good", "coefficient", "max"],
        ["smelter", "ore", 0.4],
        ["smelter", "power", 0.6, 8],
        ["mine", "power", 1],
    ],
    "outputs": [["process", "good", "yield"], ["smelter", "slag", 0.2]],
    "parameters": [["parameter", "value"], ["k", 0.5], ["spare", 1]],
    "settings": [["setting", "value"], ["name", "works"], ["tolerance", 1e-8]],
    "observed": [["process", "good", "amount", "price"], ["smelter", "ore", 4], [None, "steel", None, 3.1]],
}


def faulty(path, *changes):
    """Save the sound book with other values at the cells named, such as ("goods", "C4", "42,5")."""
    sheets = deepcopy(SOUND)
    for sheet, cell, value in changes:
        row, column = coordinate_to_tuple(cell)
        rows = sheets[sheet]
        rows += [[] for _ in range(row - len(rows))]
        rows[row - 1] += [None] * (column - len(rows[row - 1]))
        rows[row - 1][column - 1] = value
    return save_book(path, sheets)
