"""Remarks on a sheet's cells: Excel's notes, of which each is a text in one part and a box drawn in another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count

from lxml import etree
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple

from chainopt.workbook.faults import CopyError
from chainopt.workbook.files.package import REFERENCE, Package
from chainopt.workbook.files.trees import Element, said, within

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_VML = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_NO_BOXES = (
    f'<xml {_VML}><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout>'
    '<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype></xml>'
)
_BOX = re.compile(rb"<v:shape\b(?:(?!</v:shape>).)*?</v:shape>", re.DOTALL)
_AFTER_DRAWING = (
    "AlternateContent", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
    "tableParts", "extLst",
)  # fmt: skip
_MARK = "chainopt: "
"""What each remark begins with: other programs save notes without their authors, and join what stands in one."""
_OURS = re.compile(rf"(?:\A|[\r\n]+){_MARK}")

Place = tuple[int, int]


def with_remarks(package: Package, sheet: str, remarks: Mapping[Place, str], author: str) -> None:
    """Put remarks by row and column on a sheet's cells, in place of earlier ones."""
    of = {kind: part for _, kind, part in package.relations(sheet) if kind in ("comments", "vmlDrawing")}
    if "comments" not in of and not remarks:
        return
    if "comments" not in of:
        of["comments"] = _new(package, "xl/chainoptRemarks{}.xml")
        package[of["comments"]] = f'<comments xmlns="{_MAIN}"><authors/><commentList/></comments>'.encode()
        package.declare(of["comments"], _COMMENTS)
        package.relate(sheet, "comments", of["comments"])
    if (drawn := _drawn(package, sheet)) is None:
        drawn = _new(package, "xl/drawings/chainoptRemarks{}.vml")
        package[drawn] = _NO_BOXES.encode()
        package.declare(drawn, _DRAWING, extension="vml")
        _show(package.tree(sheet), package.relate(sheet, "vmlDrawing", drawn))
    gone, new = _note(package.tree(of["comments"]), remarks, author)
    package[drawn] = _boxed(package[drawn], gone, {place: remarks[place] for place in new})


def _new(package: Package, pattern: str) -> str:
    return next(part for i in count(1) if (part := pattern.format(i)) not in package)


def _drawn(package: Package, sheet: str) -> str | None:
    """The part in which a sheet's boxes are drawn."""
    drawing = package.tree(sheet).find("{*}legacyDrawing")
    if drawing is None:
        return None
    return next((part for id_, _, part in package.relations(sheet) if id_ == drawing.get(REFERENCE)), None)


def _show(root: Element, relation: str) -> None:
    """Let a sheet refer to its boxes, at the place that the schema gives it."""
    after = (child for child in root.iterchildren("*") if etree.QName(child).localname in _AFTER_DRAWING)
    within(root, "legacyDrawing", before=next(after, None), **{REFERENCE: relation})


def _note(root: Element, remarks: Mapping[Place, str], author: str) -> tuple[list[Place], list[Place]]:
    """Put the remarks among the comments; the cells that have none any more, and those that had none before."""
    authors, listed = root.find("{*}authors"), root.find("{*}commentList")
    if authors is None or listed is None:
        raise CopyError("a sheet's notes can't be made out")
    names = [each.text for each in authors.iterchildren("*")]
    if remarks and author not in names:
        within(authors, "author", author)
        names.append(author)
    old: list[Place] = []
    others: dict[Place, Element] = {}
    for comment in listed.findall("{*}comment"):
        place = coordinate_to_tuple(comment.attrib["ref"].replace("$", ""))
        if _cut(comment):
            old.append(place)
            listed.remove(comment)
        else:
            others[place] = comment
    for place, remark in sorted(remarks.items()):
        if place not in others:
            ref = f"{get_column_letter(place[1])}{place[0]}"
            comment = within(listed, "comment", ref=ref, authorId=str(names.index(author)), shapeId="0")
            said(within(within(comment, "text"), "r"), _MARK + remark)
        elif (below := others[place].find("{*}text")) is not None:
            said(within(below, "r"), f"\n\n{_MARK}{remark}")
    new = [place for place in remarks if place not in others and place not in old]
    return [place for place in old if place not in remarks], new


def _cut(comment: Element) -> bool:
    """Take earlier remarks out of a comment; whether it holds nothing else, and is as it was."""
    runs = comment.findall("{*}text/*")
    for i, piece in ((i, piece) for i, run in enumerate(runs) for piece in run.iter("{*}t")):
        found = _OURS.search(piece.text or "")
        if found is None:
            continue
        if i == 0 and found.start() == 0:
            return True
        piece.text = piece.text[: found.start()]
        for later in runs[i + (found.start() > 0) :]:
            later.getparent().remove(later)
        break
    return False


def _boxed(text: bytes, gone: list[Place], new: Mapping[Place, str]) -> bytes:
    """The drawing without the boxes of some cells, and with boxes for others.

    It stays text: drawings of older programs are no XML.
    """
    unwanted = {*gone, *new}

    def kept(box: re.Match[bytes]) -> bytes:
        row = re.search(rb"<x:Row>(\d+)</x:Row>", box[0])
        column = re.search(rb"<x:Column>(\d+)</x:Column>", box[0])
        stays = not (row and column) or (int(row[1]) + 1, int(column[1]) + 1) not in unwanted
        return box[0] if stays else b""

    last = max([1024, *(int(found) for found in re.findall(rb"_x0000_s(\d+)", text))])
    boxes = "".join(_box(last + i, *place, remark) for i, (place, remark) in enumerate(sorted(new.items()), 1))
    before, end, after = _BOX.sub(kept, text).rpartition(b"</")
    return before + boxes.encode() + end + after


def _box(number: int, row: int, column: int, remark: str) -> str:
    lines = sum(1 + len(line) // 42 for line in remark.split("\n"))
    anchor = f"{column}, 15, {max(row - 2, 0)}, 10, {column + 4}, 15, {max(row - 2, 0) + lines + 1}, 4"
    return (
        f'<v:shape {_VML} id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
        'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" '
        'obscured="t"/><v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div '
        'style="text-align:left"></div></v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
        f"<x:SizeWithCells/><x:Anchor>{anchor}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row - 1}</x:Row>"
        f"<x:Column>{column - 1}</x:Column></x:ClientData></v:shape>"
    )
