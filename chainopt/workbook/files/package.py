"""The parts of an .xlsx file, and how they refer to one another."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from chainopt.workbook.files.trees import Element, parsed, within, written

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
REFERENCE = f"{{{OFFICE_RELATIONS}}}id"
"""The attribute by which an element refers to another part."""


@dataclass(slots=True)
class Package:
    """A file's parts by name; those in which nothing is changed come out as they came in, byte for byte."""

    archive: ZipFile
    new: dict[str, bytes] = field(default_factory=dict)
    _trees: dict[str, tuple[Element, bytes]] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, content: bytes) -> Package:
        return cls(ZipFile(BytesIO(content)))

    def __contains__(self, part: str) -> bool:
        return part in self.new or part in self.archive.NameToInfo

    def __getitem__(self, part: str) -> bytes:
        return self.new[part] if part in self.new else self.archive.read(part)

    def __setitem__(self, part: str, text: bytes) -> None:
        self.new[part] = text

    def tree(self, part: str) -> Element:
        """The root element of a part; what is changed in it is changed in the file."""
        if part not in self._trees:
            root = parsed(self[part])
            self._trees[part] = root, written(root)
        return self._trees[part][0]

    def content(self) -> bytes:
        """The file."""
        for part, (root, before) in self._trees.items():
            if (text := written(root)) != before:
                self.new[part] = text
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
        folder, name = posixpath.dirname(part), _relations_of(part)
        return [
            (of.attrib["Id"], of.attrib["Type"].rpartition("/")[2], _joined(folder, of.attrib["Target"]))
            for of in (self.tree(name).iterchildren("*") if name in self else ())
            if of.get("TargetMode") != "External"
        ]

    def relate(self, part: str, kind: str, target: str) -> str:
        """Let a part refer to another; returns the reference's id."""
        name = _relations_of(part)
        if name not in self:
            self[name] = f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{_RELATIONS}"/>'.encode()
        root = self.tree(name)
        taken = {of.get("Id") for of in root.iterchildren("*")}
        new = next(id_ for i in range(1, len(taken) + 2) if (id_ := f"chainopt{i}") not in taken)
        within(root, "Relationship", Id=new, Type=f"{OFFICE_RELATIONS}/{kind}", Target=f"/{target}")
        return new

    def declare(self, part: str, kind: str, extension: str = "") -> None:
        """Say what a new part holds; extension: of every part whose name ends so."""
        root = self.tree("[Content_Types].xml")
        if not extension:
            within(root, "Override", PartName=f"/{part}", ContentType=kind)
        elif all(of.get("Extension", "").lower() != extension for of in root.iterchildren("*")):
            within(root, "Default", Extension=extension, ContentType=kind)

    def sheets(self) -> Iterator[tuple[Element, str, str]]:
        """What the book lists, in its order: each sheet's element, its kind ("worksheet") and its part."""
        targets = {id_: (kind, part) for id_, kind, part in self.relations(self.book)}
        for sheet in self.tree(self.book).iterfind("{*}sheets/{*}sheet"):
            yield sheet, *targets.get(sheet.get(REFERENCE), ("worksheet", ""))

    @property
    def book(self) -> str:
        """The part that lists the sheets."""
        return next(part for _, kind, part in self.relations("") if kind == "officeDocument")


def _relations_of(part: str) -> str:
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def _joined(folder: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
