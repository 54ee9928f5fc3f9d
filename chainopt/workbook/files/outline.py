"""What an .xlsx file says of its sheets before they are read: where they are, and whether they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZipFile

from chainopt.words import messages
from chainopt.workbook.faults import refusal
from chainopt.workbook.files.package import REFERENCE, Package
from chainopt.workbook.files.trees import Element


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet's name, its part, and whether the book hides it."""

    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """A book's worksheets in order, the parts of its texts and styles ("" for none), whether its days are counted
    from 1904, and whether it asks to be calculated anew."""

    sheets: tuple[SheetPart, ...]
    texts: str
    styles: str
    from_1904: bool
    stale: bool


def outlined(path: object, parts: Mapping[str, bytes]) -> Outline:
    """The outline of a file; raises WorkbookError where a part that the book refers to isn't there."""
    with BytesIO() as none, ZipFile(none, "w") as archive:
        package = Package(archive, dict(parts))
    try:
        book = package.book
        kinds = {kind: part for _, kind, part in package.relations(book) if part in parts}
        root = package.tree(book) if book in parts else None
        listed = [] if root is None else list(package.sheets())
    except StopIteration:
        raise refusal(messages.DAMAGED, path=path, why="it doesn't say which part is the workbook") from None
    except (ValueError, KeyError) as error:
        raise refusal(messages.DAMAGED, path=path, why=f"in its list of sheets {error}") from None
    if root is None:
        raise refusal(messages.DAMAGED, path=path, why=f"its part {book} is missing")
    sheets = []
    for sheet, kind, part in listed:
        if kind != "worksheet":
            continue
        name = sheet.get("name", "")
        if part not in parts:
            raise refusal(messages.MISSING_PART, sheet=name, part=part or sheet.get(REFERENCE) or "nothing")
        sheets.append(SheetPart(name, part, sheet.get("state", "visible") != "visible"))
    calculation = _attributes(root, "calcPr")
    stale = calculation.get("calcMode") == "manual" or any(
        calculation.get(name, "0") in ("1", "true") for name in ("fullCalcOnLoad", "forceFullCalc")
    )
    from_1904 = _attributes(root, "workbookPr").get("date1904", "0") in ("1", "true")
    return Outline(tuple(sheets), kinds.get("sharedStrings", ""), kinds.get("styles", ""), from_1904, stale)


def _attributes(root: Element, tag: str) -> Mapping[str, str]:
    child = root.find(f"{{*}}{tag}")
    return {} if child is None else child.attrib
