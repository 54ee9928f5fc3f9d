"""The sheets of an OpenDocument workbook (.ods), cell by cell: its XML says of each what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, ParseError

from chainopt.words import messages
from chainopt.workbook.faults import coordinate, refusal
from chainopt.workbook.files.limits import Limits
from chainopt.workbook.files.raw import TALLEST, WIDEST, Calculated, ErrorValue, Plain, Raw, Sheet, elements

_NAMESPACE = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
_TABLE, _OFFICE, _TEXT, _STYLE = (
    f"{{{_NAMESPACE.format(name)}}}" for name in ("table", "office", "text", "style")
)
_EXTENSION = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_ERRORS = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "Err:")
_BLANKS = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_HIDDEN = ("collapse", "filter")


def ods_sheets(path: str, parts: Mapping[str, bytes], limits: Limits) -> list[Sheet]:
    """Every sheet; raises WorkbookError where the content is no XML, or holds too many cells."""
    if "content.xml" not in parts:
        raise refusal(messages.DAMAGED, path=path, why="its part content.xml is missing")
    try:
        return list(_sheets(path, parts["content.xml"], limits))
    except (ParseError, RecursionError) as error:
        raise refusal(messages.DAMAGED_PART, path=path, part="content.xml", why=str(error)) from None


def _sheets(path: str, xml: bytes, limits: Limits) -> Iterator[Sheet]:
    hidden: set[str | None] = set()
    style: str | None = None
    depth, cells = 0, 0
    reading = _Reading("", False)
    for event, node in elements(xml, ("start", "end")):
        if event == "start":
            if node.tag == f"{_STYLE}style":
                style = node.get(f"{_STYLE}name")
            elif node.tag == f"{_STYLE}table-properties" and node.get(f"{_TABLE}display") == "false":
                hidden.add(style)
            elif node.tag == f"{_TABLE}table":
                depth += 1
                if depth == 1:
                    shown = node.get(f"{_TABLE}style-name") not in hidden
                    reading = _Reading(node.get(f"{_TABLE}name", ""), not shown)
        elif node.tag == f"{_TABLE}table":
            depth -= 1
            if depth == 0:
                yield reading.sheet
                node.clear()
        elif depth == 1 and node.tag == f"{_TABLE}table-column":
            reading.column(node)
        elif depth == 1 and node.tag == f"{_TABLE}table-row":
            cells += reading.row(node, limits.cells - cells)
            if cells > limits.cells:
                raise limits.exceeded("cells", messages.MANY_CELLS, path)
            node.clear()


class _Reading:
    """Reads one sheet."""

    def __init__(self, name: str, hidden: bool):
        self.rows: list[tuple[Raw, ...]] = []
        self.sheet = Sheet(name, self.rows, hidden=hidden)
        self.skipped = self.columns = 0

    def column(self, node: Element) -> None:
        first, self.columns = self.columns, min(self.columns + _times(node, "columns"), WIDEST)
        if node.get(f"{_TABLE}visibility") in _HIDDEN:
            self.sheet.hidden_columns += range(first + 1, self.columns + 1)

    def row(self, node: Element, room: int) -> int:
        """Read a row, as often as it is repeated; how many cells it held, which are kept where there is room."""
        number = len(self.rows) + self.skipped + 1
        times = _times(node, "rows")
        cells: list[Raw] = []
        blanks = 0
        for cell in node:
            if cell.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            again = _times(cell, "columns")
            raw = self.raw(cell, number, len(cells) + blanks + 1)
            if raw is None:
                blanks += again
                continue
            if len(cells) + blanks + again > WIDEST:
                return room + 1
            cells += [None] * blanks + [raw] * again
            blanks = 0
        if not cells:
            self.skipped += times
            return 0
        if number + times - 1 > TALLEST or len(cells) * times > room:
            return room + 1
        self.rows += [()] * self.skipped + [tuple(cells)] * times
        self.skipped = 0
        if node.get(f"{_TABLE}visibility") in _HIDDEN:
            self.sheet.hidden_rows += range(number, number + times)
        return len(cells) * times

    def raw(self, cell: Element, row: int, column: int) -> Raw:
        wide, high = (_times(cell, of, "spanned") for of in ("columns", "rows"))
        if wide > 1 or high > 1:
            extent = f"{coordinate(row, column)}:{coordinate(row + high - 1, column + wide - 1)}"
            self.sheet.merged.append((extent, (row, column)))
        try:
            value = _value(cell)
        except ValueError as error:
            said = {"stored": str(error)[:40], "kind": cell.get(f"{_OFFICE}value-type")}
            self.sheet.say((row, column), messages.UNREADABLE_VALUE, **said)
            return None
        formula = cell.get(f"{_TABLE}formula")
        if formula is None:
            return value
        return Calculated(f"={formula.partition('=')[2]}", value, cell.get(f"{_OFFICE}value-type") is not None)


def _times(node: Element, of: str, how: str = "repeated") -> int:
    text = node.get(f"{_TABLE}number-{of}-{how}", "1")
    return max(int(text), 1) if text.isdecimal() and len(text) < 9 else 1


def _value(cell: Element) -> Plain:
    """What a cell holds; raises ValueError with what is stored where that is no value of its kind."""
    kind = cell.get(f"{_OFFICE}value-type")
    match kind:
        case None:
            return None
        case "float" | "percentage" | "currency":
            stored = cell.get(f"{_OFFICE}value", "")
            if not stored.strip() or "_" in stored or stored.strip()[-1] not in "0123456789.":
                raise ValueError(stored)
            return float(stored)
        case "boolean":
            return cell.get(f"{_OFFICE}boolean-value") == "true"
        case "date":
            return datetime.fromisoformat(cell.get(f"{_OFFICE}date-value", ""))
        case "time":
            return _span(cell.get(f"{_OFFICE}time-value", ""))
    text = cell.get(f"{_OFFICE}string-value") or "\n".join(map(_text, cell.findall(f"{_TEXT}p")))
    computed = cell.get(f"{_TABLE}formula") is not None
    if cell.get(_EXTENSION) == "error" or (computed and text.startswith(_ERRORS)):
        return ErrorValue(text)
    return text or ("" if computed else None)


def _span(text: str) -> timedelta:
    """An ISO duration, such as PT12H30M00S."""
    try:
        hours, _, rest = text.removeprefix("PT").partition("H")
        minutes, _, seconds = rest.partition("M")
        return timedelta(hours=float(hours), minutes=float(minutes), seconds=float(seconds.rstrip("S")))
    except OverflowError:
        raise ValueError(text) from None


def _text(node: Element) -> str:
    """A paragraph's text: its blanks and breaks are elements."""
    if node.tag == f"{_TEXT}s":
        return " " * min(int(node.get(f"{_TEXT}c", "1")), 10_000)
    own = (node.text or "") + _BLANKS.get(node.tag, "")
    return own + "".join(_text(child) + (child.tail or "") for child in node)
