"""The parts of an .xlsx file, and how they refer to one another."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from chainopt.workbook.files.spans import Span, appended, changed, prefix, quoted, spans

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "[Content_Types].xml"


@dataclass(slots=True)
class Package:
    """A file's parts by name; those that are never touched come out as they came in."""

    archive: ZipFile
    new: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes) -> Package:
        return cls(ZipFile(BytesIO(content)))

    def __contains__(self, part: str) -> bool:
        return part in self.new or part in self.archive.NameToInfo

    def __getitem__(self, part: str) -> bytes:
        return self.new[part] if part in self.new else self.archive.read(part)

    def __setitem__(self, part: str, text: bytes) -> None:
        self.new[part] = text

    def content(self) -> bytes:
        """The file."""
        file = BytesIO()
        with ZipFile(file, "w", ZIP_DEFLATED) as target:
            for info in self.archive.infolist():
                target.writestr(copy(info), self[info.filename])
            for part, text in self.new.items():
                if part not in self.archive.NameToInfo:
                    target.writestr(part, text)
        return file.getvalue()

    def relations(self, part: str) -> list[tuple[str, str, str]]:
        """What a part refers to: the id, the kind (the last word of its type) and the other part's name."""
        name = _relations_of(part)
        if name not in self:
            return []
        folder = posixpath.dirname(part)
        return [
            (of["Id"], of["Type"].rpartition("/")[2], _joined(folder, of["Target"]))
            for of in (span.attributes for span in spans(self[name], 1).children)
            if of.get("TargetMode") != "External"
        ]

    def relate(self, part: str, kind: str, target: str) -> str:
        """Let a part refer to another; returns the reference's id."""
        name = _relations_of(part)
        if name not in self:
            self[name] = f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{_RELATIONS}"/>'.encode()
        text = self[name]
        root = spans(text, 1)
        taken = {span.attributes["Id"] for span in root.children}
        new = next(id_ for i in range(1, len(taken) + 2) if (id_ := f"chainopt{i}") not in taken)
        kind = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
        tag = f'<{prefix(text, root)}Relationship Id="{new}" Type="{kind}" Target="/{target}"/>'
        self[name] = changed(text, appended(text, root, [tag.encode()]))
        return new

    def declare(self, part: str, kind: str, extension: str = "") -> None:
        """Say what a new part holds; extension: of every part whose name ends so."""
        text = self[_TYPES]
        root = spans(text, 1)
        if extension and any(span.attributes.get("Extension", "").lower() == extension for span in root.children):
            return
        which = f'Default Extension="{extension}"' if extension else f"Override PartName={quoted('/' + part)}"
        tag = f'<{prefix(text, root)}{which} ContentType="{kind}"/>'
        self[_TYPES] = changed(text, appended(text, root, [tag.encode()]))

    def worksheets(self) -> Iterator[tuple[str, str]]:
        """Each worksheet's name and part, in the book's order."""
        book = self.book
        targets = {id_: part for id_, kind, part in self.relations(book) if kind == "worksheet"}
        listed = spans(self[book], 2).child("sheets") or Span("", {}, 0, 0)
        for sheet in listed.children:
            id_ = next(value for name, value in sheet.attributes.items() if name.endswith(":id"))
            if id_ in targets:
                yield sheet.attributes["name"], targets[id_]

    @property
    def book(self) -> str:
        """The part that lists the sheets."""
        return next(part for _, kind, part in self.relations("") if kind == "officeDocument")


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _joined(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
