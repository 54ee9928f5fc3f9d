"""How added cells look: styles written at the end of those that a workbook has."""

from __future__ import annotations

from chainopt.workbook.files.package import Package
from chainopt.workbook.files.spans import Span, appended, changed, prefix, quoted, spans

TITLE, NUMBER_TITLE, TEXT = "title", "number title", "text"
"""In place of a number format: a bold title, the same above numbers, and a text."""
_ALIGNMENTS = {
    TITLE: 'vertical="top" horizontal="left" indent="1"',
    NUMBER_TITLE: 'vertical="top" horizontal="right"',
    TEXT: 'horizontal="left" indent="1"',
}
_SHADES = {True: "FFDCE6DC", False: "FFF3F7F3"}
_FIRST_FORMAT = 164
"""Number formats below are Excel's own."""


class Ink:
    """The styles of one workbook, to which those asked for are added once."""

    def __init__(self, package: Package):
        self.package = package
        self.part = next((part for _, kind, part in package.relations(package.book) if kind == "styles"), "")
        self.known: dict[str, int] = {}
        self.text = package[self.part] if self.part else b""

    def style(self, number_format: str) -> str:
        """The attribute of a cell, with its blank; "" where the workbook has no styles."""
        if not self.part:
            return ""
        if number_format not in self.known:
            self.known[number_format] = self._added(number_format)
        return f' s="{self.known[number_format]}"'

    def save(self) -> None:
        if self.part and self.known:
            self.package[self.part] = self.text

    def _added(self, number_format: str) -> int:
        title = number_format in (TITLE, NUMBER_TITLE)
        tag = self._tag()
        colours = f'<{tag}fgColor rgb="{_SHADES[title]}"/><{tag}bgColor indexed="64"/>'
        pattern = f'<{tag}patternFill patternType="solid">{colours}</{tag}patternFill>'
        fill = self._number("fills", f"<{tag}fill>{pattern}</{tag}fill>")
        font = self._number("fonts", self._bold(tag)) if title else 0
        alignment = _ALIGNMENTS.get(number_format, "")
        code = self._format(number_format) if number_format and not alignment else 0
        shape = f' numFmtId="{code}" fontId="{font}" fillId="{fill}" borderId="0" xfId="0" applyFill="1"'
        shape += ' applyNumberFormat="1"' if code else ""
        shape += ' applyFont="1"' if title else ""
        if not alignment:
            return self._number("cellXfs", f"<{tag}xf{shape}/>")
        inner = f"<{tag}alignment {alignment}/>"
        return self._number("cellXfs", f'<{tag}xf{shape} applyAlignment="1">{inner}</{tag}xf>')

    def _bold(self, tag: str) -> str:
        """The workbook's own font in bold."""
        fonts = spans(self.text, 3).child("fonts")
        first = fonts.children[0] if fonts is not None and fonts.children else None
        if first is None or first.empty(self.text):
            return f"<{tag}font><{tag}b/></{tag}font>"
        inner = b"".join(self.text[span.start : span.end] for span in first.children if span.tag != "b")
        return f"<{tag}font><{tag}b/>{inner.decode()}</{tag}font>"

    def _format(self, code: str) -> int:
        root = spans(self.text, 2)
        listed = root.child("numFmts")
        if listed is None:
            empty = f'<{self._tag()}numFmts count="0"/>'.encode()
            self.text = changed(self.text, [(root.opened, root.opened, empty)])
            return self._format(code)
        for span in listed.children:
            if span.attributes.get("formatCode") == code:
                return span.number("numFmtId")
        new = max([_FIRST_FORMAT - 1, *(span.number("numFmtId") for span in listed.children)]) + 1
        tag = f'<{self._tag()}numFmt numFmtId="{new}" formatCode={quoted(code)}/>'
        self.text = changed(self.text, appended(self.text, listed, [tag.encode()]))
        return new

    def _number(self, where: str, item: str) -> int:
        """The number of an item among its like, added at their end where it is not there yet."""
        found = self._list(where)
        texts = [self.text[span.start : span.end] for span in found.children]
        if item.encode() in texts:
            return texts.index(item.encode())
        self.text = changed(self.text, appended(self.text, found, [item.encode()]))
        return len(texts)

    def _list(self, where: str) -> Span:
        found = spans(self.text, 2).child(where)
        if found is None:
            raise ValueError(f"the workbook's styles have no {where}")
        return found

    def _tag(self) -> str:
        return prefix(self.text, spans(self.text, 0))
