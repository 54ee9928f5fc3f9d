"""How added cells look: styles written at the end of those that a workbook has."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from chainopt.workbook.faults import CopyError
from chainopt.workbook.files.package import Package
from chainopt.workbook.files.trees import Element, counted, within

TITLE, NUMBER_TITLE, TEXT = "title", "number title", "text"
"""In place of a number format: a bold title, the same above numbers, and a text."""
_ALIGNMENTS = {
    TITLE: {"vertical": "top", "horizontal": "left", "indent": "1"},
    NUMBER_TITLE: {"vertical": "top", "horizontal": "right"},
    TEXT: {"horizontal": "left", "indent": "1"},
}
_SHADES = {True: "FFDCE6DC", False: "FFF3F7F3"}
_FIRST_FORMAT = 164
"""Number formats below are Excel's own."""


class Ink:
    """The styles of one workbook, to which those asked for are added once."""

    def __init__(self, package: Package):
        part = next((part for _, kind, part in package.relations(package.book) if kind == "styles"), "")
        self.root: Element = package.tree(part) if part else None
        self.known: dict[str, str] = {}

    def style(self, number_format: str) -> dict[str, str]:
        """The attribute of a cell; none where the workbook has no styles."""
        if self.root is None:
            return {}
        if number_format not in self.known:
            self.known[number_format] = self._added(number_format)
        return {"s": self.known[number_format]}

    def _added(self, number_format: str) -> str:
        title = number_format in (TITLE, NUMBER_TITLE)
        fill = self._item("fills", "fill")
        pattern = within(fill, "patternFill", patternType="solid")
        within(pattern, "fgColor", rgb=_SHADES[title])
        within(pattern, "bgColor", indexed="64")
        alignment = _ALIGNMENTS.get(number_format)
        code = self._format(number_format) if number_format and not alignment else "0"
        shape = {"numFmtId": code, "fontId": self._bold() if title else "0", "fillId": _number(fill)}
        shape |= {"borderId": "0", "xfId": "0", "applyFill": "1"}
        shape |= {"applyNumberFormat": "1"} if code != "0" else {}
        shape |= {"applyFont": "1"} if title else {}
        shape |= {"applyAlignment": "1"} if alignment else {}
        style = self._item("cellXfs", "xf", **shape)
        if alignment:
            within(style, "alignment", **alignment)
        return _number(style)

    def _bold(self) -> str:
        """The number of the workbook's own font in bold."""
        font = self._item("fonts", "font")
        within(font, "b")
        font.extend(deepcopy(each) for each in font.getparent()[0] if etree.QName(each).localname != "b")
        return _number(font)

    def _format(self, code: str) -> str:
        listed = self.root.find("{*}numFmts")
        if listed is None:
            listed = within(self.root, "numFmts", before=self.root[0], count="0")
        ids = {each.get("formatCode"): int(each.get("numFmtId", 0)) for each in listed.iterchildren("*")}
        if code not in ids:
            ids[code] = max([_FIRST_FORMAT - 1, *ids.values()]) + 1
            within(listed, "numFmt", numFmtId=str(ids[code]), formatCode=code)
            counted(listed)
        return str(ids[code])

    def _item(self, where: str, tag: str, **attributes: str) -> Element:
        """A new item at the end of its like."""
        listed = self.root.find(f"{{*}}{where}")
        if listed is None:
            raise CopyError(f"the workbook's styles have no {where}")
        return within(listed, tag, **attributes)


def _number(item: Element) -> str:
    """The number of the last item among its like; it goes where the same is there already."""
    listed = item.getparent()
    texts = [etree.tostring(each, with_tail=False) for each in listed.iterchildren("*")]
    number = texts.index(texts[-1])
    if number + 1 < len(texts):
        listed.remove(item)
    counted(listed)
    return str(number)
