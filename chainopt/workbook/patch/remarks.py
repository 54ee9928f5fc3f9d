"""Remarks on a sheet's cells: Excel's notes, of which each is a text in one part and a box drawn in another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from xml.sax.saxutils import escape

from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import coordinate_to_tuple

from chainopt.workbook.files.package import Package
from chainopt.workbook.files.raw import escaped
from chainopt.workbook.files.spans import Change, Span, appended, changed, prefix, spans, written

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
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
_BREAK = rb"(?:\n|\r|&#10;|&#13;|&#x[aAdD];)"
_OURS = re.compile(rb"(?:\A|%s+)%s" % (_BREAK, _MARK.encode()))


def with_remarks(package: Package, sheet: str, remarks: Mapping[tuple[int, int], str], author: str) -> None:
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
        package[sheet] = _showing(package[sheet], package.relate(sheet, "vmlDrawing", drawn))
    text, gone, new = _written(package[of["comments"]], remarks, author)
    package[of["comments"]] = text
    package[drawn] = _boxed(package[drawn], gone, {place: remarks[place] for place in new})


def _new(package: Package, pattern: str) -> str:
    return next(part for i in count(1) if (part := pattern.format(i)) not in package)


def _drawn(package: Package, sheet: str) -> str | None:
    """The part in which a sheet's boxes are drawn."""
    drawing = spans(package[sheet], 1).child("legacyDrawing")
    if drawing is None:
        return None
    id_ = next(value for name, value in drawing.attributes.items() if name.endswith(":id"))
    return next((part for of, _, part in package.relations(sheet) if of == id_), None)


def _showing(text: bytes, relation: str) -> bytes:
    """The sheet with a reference to its boxes, at the place that the schema gives it."""
    root = spans(text, 1)
    after = [span.start for span in root.children if span.tag in _AFTER_DRAWING]
    place = min(after, default=root.closed)
    tag = f'<{prefix(text, root)}legacyDrawing xmlns:r="{_RELATION}" r:id="{relation}"/>'
    return changed(text, [(place, place, tag.encode())])


def _written(
    text: bytes, remarks: Mapping[tuple[int, int], str], author: str
) -> tuple[bytes, list[tuple[int, int]], list[tuple[int, int]]]:
    """The comments with the remarks; the cells that have none any more, and those that had none before."""
    root = spans(text, 5)
    tag = prefix(text, root)
    authors, listed = root.child("authors"), root.child("commentList")
    if authors is None or listed is None:
        raise ValueError("a sheet's notes can't be made out")
    names = [text[span.opened : span.closed].decode() for span in authors.children]
    changes: list[Change] = []
    if author in names:
        ours = names.index(author)
    else:
        ours = len(names)
        changes += appended(text, authors, [f"<{tag}author>{escape(author)}</{tag}author>".encode()])
    old: list[tuple[int, int]] = []
    others: dict[tuple[int, int], Span] = {}
    for span in listed.children:
        place = coordinate_to_tuple(span.attributes["ref"].replace("$", ""))
        cut = _cut(text, span)
        if cut is None:
            old.append(place)
            changes.append((span.start, span.end, b""))
        else:
            others[place] = span
            changes += cut
    added = []
    for place, remark in sorted(remarks.items()):
        below = others[place].child("text") if place in others else None
        if place not in others:
            ref = f"{get_column_letter(place[1])}{place[0]}"
            run = f"<{tag}text>{_run(tag, _MARK + remark)}</{tag}text>"
            added.append(f'<{tag}comment ref="{ref}" authorId="{ours}" shapeId="0">{run}</{tag}comment>'.encode())
        elif below is not None and not below.empty(text):
            changes.append((below.closed, below.closed, _run(tag, f"\n\n{_MARK}{remark}").encode()))
    if added and listed.empty(text):
        changes += appended(text, listed, added)
    elif added:
        changes.append((listed.closed, listed.closed, b"".join(added)))
    new = [place for place in remarks if place not in others and place not in old]
    return changed(text, changes), [place for place in old if place not in remarks], new


def _run(tag: str, text: str) -> str:
    return f'<{tag}r><{tag}t xml:space="preserve">{written(escaped(text))}</{tag}t></{tag}r>'


def _cut(text: bytes, comment: Span) -> list[Change] | None:
    """The changes that take earlier remarks out of a comment; None where it holds nothing else."""
    whole = comment.child("text")
    pieces = [
        (run, piece)
        for run in (whole.children if whole is not None else ())
        for piece in (run, *run.children)
        if piece.tag == "t"
    ]
    for i, (run, piece) in enumerate(pieces):
        found = _OURS.search(text[piece.opened : piece.closed])
        if found is None:
            continue
        if i == 0 and found.start() == 0:
            return None
        start = piece.opened + found.start()
        first = (start, piece.closed, b"") if found.start() else (run.start, run.end, b"")
        return [first, *((later.start, later.end, b"") for later, _ in pieces[i + 1 :])]
    return []


def _boxed(text: bytes, gone: list[tuple[int, int]], new: Mapping[tuple[int, int], str]) -> bytes:
    """The drawing without the boxes of some cells, and with boxes for others."""
    changes: list[Change] = []
    unwanted = {*gone, *new}
    for box in _BOX.finditer(text):
        row = re.search(rb"<x:Row>(\d+)</x:Row>", box[0])
        column = re.search(rb"<x:Column>(\d+)</x:Column>", box[0])
        if row and column and (int(row[1]) + 1, int(column[1]) + 1) in unwanted:
            changes.append((box.start(), box.end(), b""))
    last = max([1024, *(int(found) for found in re.findall(rb"_x0000_s(\d+)", text))])
    boxes = "".join(_box(last + i, *place, remark) for i, (place, remark) in enumerate(sorted(new.items()), 1))
    end = text.rindex(b"</")
    changes.append((end, end, boxes.encode()))
    return changed(text, changes)


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
