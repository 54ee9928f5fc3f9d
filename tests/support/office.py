"""LibreOffice as an outside reader of workbooks: what its own calculation makes of their formulas."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

ALWAYS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">
<value>0</value></prop></item></oor:items>"""
"""A profile's setting: calculate a workbook anew when it is opened, whatever values it holds."""


def office() -> str:
    """The program; without it a test is skipped, but fails in CI, which installs it."""
    found = shutil.which("soffice")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no LibreOffice: .ci/run installs libreoffice-calc")
        pytest.skip("LibreOffice (soffice) is not installed, so that nothing can recalculate the workbook")
    return found


def recalculated(books: list[Path], folder: Path) -> list[Path]:
    """The same workbooks as LibreOffice saves them after a full calculation."""
    program = office()
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS, encoding="utf-8")
    out = folder / "recalculated"
    command = [program, "--headless", f"-env:UserInstallation={profile.as_uri()}", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", out, *books], check=True, capture_output=True, timeout=300)
    return [out / book.name for book in books]


def formulas(path: Path) -> Iterator[tuple[str, str, str]]:
    """Sheet, cell and text of every formula of a workbook."""
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate, cell.value


def values(path: Path) -> Any:
    """A workbook whose cells are the values that it was saved with."""
    with warnings.catch_warnings():
        # LibreOffice saves extensions that openpyxl leaves out, and says so.
        warnings.simplefilter("ignore", UserWarning)
        return openpyxl.load_workbook(path, data_only=True)
