"""The looks of an Excel report, as named cell styles: to change one in Excel is to change every cell that has it.

XlsxWriter knows no named style but Hyperlink: the writer of its file of styles is asked here to list ours, and to
leave to a style what a cell has from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.packager import Packager
from xlsxwriter.styles import Styles, XFormatType

Look = Mapping[str, Any]
INK = "#1F4E5F"
_LINK, _RULE = "#0B5394", "#9DB4BD"
_TOP: Look = {"valign": "top"}

STYLES: dict[str, Look] = {
    "title": {"font_size": 18, "bold": True, "font_color": INK},
    "heading": {"font_size": 12, "bold": True, "font_color": INK},
    "good": {"font_color": "#FFFFFF", "bg_color": "#2E7D4F", "bold": True, "indent": 1, **_TOP},
    "bad": {"font_color": "#FFFFFF", "bg_color": "#9C0006", "bold": True, "indent": 1, **_TOP},
    "header": {"bold": True, "font_color": "#FFFFFF", "bg_color": INK, "text_wrap": True, "align": "left", **_TOP},
    "label": {"bold": True, **_TOP},
    "text": {"text_wrap": True, **_TOP},
    "note": {"italic": True, "font_color": "#5A6B73", **_TOP},
    "caution": {"font_color": "#8A3B00", "bg_color": "#FFF3E0", "text_wrap": True, **_TOP},
    "link": {"font_color": _LINK, **_TOP},
    "name": {"align": "left", **_TOP},
    "word": {"align": "left", **_TOP},
    "amount": _TOP,
    "price": _TOP,
    "money": _TOP,
    "share": {"num_format": "0.0%", **_TOP},
    "residual": {"num_format": "0.0E+00", "font_color": "#5A6B73", **_TOP},
    "total": {"bold": True, "top": 1, "top_color": _RULE, "bg_color": "#EAF1F4", **_TOP},
    "input": {"bg_color": "#FFF9C4", "border": 1, "border_color": "#C9B458", "font_color": "#0B3D91", **_TOP},
}
"""By name, without the prefix under which Excel lists them."""
PREFIX = "Chain "
TONES: dict[str, Look] = {
    "care": {"font_color": "#8A3B00", "bg_color": "#FFF3E0"},
    "wrong": {"font_color": "#9C0006", "bg_color": "#FFC7CE"},
}
"""Ink and paper of a verdict, by its tone."""

_INHERITED = {
    "applyNumberFormat": "num_format_index",
    "applyFont": "font_index",
    "applyFill": "fill_index",
    "applyBorder": "border_index",
}


class _Styled(Format):
    """A format of a named style: two that look the same are two formats where their styles are two."""

    def _get_format_key(self) -> str:
        return f"{super()._get_format_key()}:{self.xf_id}"


class StyledWorkbook(Workbook):
    """A workbook whose formats have the named styles."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self.named = {name: self.styled(name) for name in STYLES}
        for made in self.named.values():
            # What no cell has is in the list of styles all the same.
            made._get_xf_index()

    def styled(self, style: str, **more: Any) -> Format:
        """A format of a named style, with what a cell has beside it."""
        look = {**self.default_format_properties, **STYLES[style], **more}
        made = _Styled(look, self.xf_format_indices, self.dxf_format_indices)
        made.xf_id = 1 + list(STYLES).index(style)
        self.formats.append(made)
        return made

    def _get_packager(self) -> Packager:
        return _Packager(list(self.named.values()))


class _Packager(Packager):
    def __init__(self, named: list[Format]):
        super().__init__()
        self.named = named

    def _write_styles_file(self) -> None:
        book, styles = self.workbook, _NamedStyles(self.named)
        counts = [book.font_count, book.num_formats, book.border_count, book.fill_count]
        rest = [book.custom_colors, book.dxf_formats, book.has_comments]
        styles._set_style_properties([book.xf_formats, book.palette, *counts, *rest])
        styles._set_xml_writer(self._filename("xl/styles.xml"))
        styles._assemble_xml_file()


class _NamedStyles(Styles):
    def __init__(self, named: list[Format]):
        super().__init__()
        self.named = named
        self._left: set[str] = set()

    def _write_cell_style_xfs(self) -> None:
        self._xml_start_tag("cellStyleXfs", [("count", 1 + len(self.named))])
        for made in (self.xf_formats[0], *self.named):
            self._write_xf(made, XFormatType.STYLE)
        self._xml_end_tag("cellStyleXfs")

    def _write_cell_styles(self) -> None:
        self._xml_start_tag("cellStyles", [("count", 1 + len(self.named))])
        self._write_cell_style()
        for place, name in enumerate(STYLES, 1):
            self._xml_empty_tag("cellStyle", [("name", f"{PREFIX}{name}"), ("xfId", place)])
        self._xml_end_tag("cellStyles")

    def _write_xf(self, xf_format: Format, xf_type: XFormatType) -> None:
        self._left = set()
        if xf_type == XFormatType.USER and xf_format.xf_id:
            style = self.named[xf_format.xf_id - 1]
            self._left = {
                name for name, aspect in _INHERITED.items() if getattr(xf_format, aspect) == getattr(style, aspect)
            }
            if xf_format._get_alignment_key() == style._get_alignment_key():
                self._left.add("applyAlignment")
        super()._write_xf(xf_format, xf_type)
        self._left = set()

    def _xml_start_tag(self, tag: str, attributes: Any = ()) -> None:
        super()._xml_start_tag(tag, self._own(attributes))

    def _xml_empty_tag(self, tag: str, attributes: Any = ()) -> None:
        super()._xml_empty_tag(tag, self._own(attributes))

    def _own(self, attributes: Any) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in attributes if name not in self._left]
