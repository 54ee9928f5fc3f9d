"""The file before any parser sees it: what it is, whether it is whole, and how much it would unpack to."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo
from zlib import error as DeflateError

from chainopt.words import messages
from chainopt.words.messages import Message
from chainopt.workbook.faults import WorkbookError, refusal
from chainopt.workbook.files.kinds import PROTECTED, Refusal, archive_kind, refused
from chainopt.workbook.files.limits import Limits, limits

_MOST_PARTS = 10_000
_MOST_RATIO = 200
"""Times that a part may unpack to its packed size: sheets reach some fifty, a bomb a thousand."""
_SMALL = 2**22
"""Bytes: a part that unpacks to less is no bomb, whatever its ratio."""
_XML = (".xml", ".rels", ".vml")
_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = (
    (b"spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (b"drawingml/main", b"http://schemas.openxmlformats.org/drawingml/2006/main"),
    (b"officeDocument/relationships", b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    (b"officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
)


@dataclass(frozen=True, slots=True)
class Container:
    """A file found whole: its format ("xlsx" or "ods"), its bytes, and its XML parts unpacked."""

    format: str
    content: bytes
    parts: dict[str, bytes]


def opened(path: object, content: bytes, allowed: Limits) -> Container:
    """The parts of a workbook's file; raises WorkbookError where it is not whole, harmless and of a known format.

    A strict Office file, or one in UTF-16, comes out as the usual kind.
    """

    def refuse(message: Message, **gaps: Any) -> WorkbookError:
        return refusal(message, path=path, **gaps)

    def refuse_kind(kind: Refusal) -> WorkbookError:
        return refuse(kind.message, what=kind.what, advice=kind.advice)

    if not content:
        raise refuse(messages.EMPTY_FILE)
    if odd := refused(content):
        raise refuse_kind(odd)
    try:
        archive = ZipFile(BytesIO(content))
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        why = "its end is missing, as of a download that broke off" if "not a zip" in str(error) else str(error)
        raise refuse(messages.DAMAGED, why=why) from None
    with archive:
        infos = archive.infolist()
        if len(infos) > _MOST_PARTS:
            raise refuse(messages.MANY_PARTS, count=len(infos), most=_MOST_PARTS)
        seen: set[str] = set()
        for info in infos:
            if _strays(info.filename):
                raise refuse(messages.STRAY_PATH, part=info.filename[:80])
            # Names are matched in any case by Office, and by file systems.
            if info.filename.lower() in seen:
                raise refuse(messages.PART_TWICE, part=info.filename)
            seen.add(info.filename.lower())
        names = {info.filename for info in infos}
        stated = archive.NameToInfo.get("mimetype")
        mimetype = _read(archive, stated, refuse) if stated and stated.file_size < 200 else b""
        kind = archive_kind(names, mimetype)
        if isinstance(kind, Refusal):
            raise refuse_kind(kind)
        xml = [info for info in infos if info.filename.lower().endswith(_XML)]
        if any(info.flag_bits & 1 for info in xml):
            raise refuse(messages.LOCKED_PART)
        size = sum(info.file_size for info in xml)
        if size > allowed.bytes:
            raise allowed.exceeded("megabytes", messages.TOO_LARGE_FILE, path, size=size / 2**20)
        for info in xml:
            if info.file_size > _SMALL and info.file_size > _MOST_RATIO * info.compress_size:
                ratio = info.file_size / (info.compress_size or 1)
                raise refuse(messages.SWOLLEN, part=info.filename, ratio=ratio)
        parts = {info.filename: _read(archive, info, refuse) for info in xml}
    usual = {name: _usual(text) for name, text in parts.items()}
    for name, text in usual.items():
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise refuse(messages.DECLARES, part=name)
    if b":encryption-data" in usual.get("META-INF/manifest.xml", b""):
        raise refuse_kind(PROTECTED)
    if any(usual[name] is not parts[name] for name in parts):
        content = _packed(usual)
    return Container(kind, content, usual)


def usual_office_file(path: Path) -> bytes:
    """The bytes of an .xlsx or .xlsm file as Excel writes it; raises ValueError for a workbook of another kind."""
    content = b"" if path.is_dir() else path.read_bytes()
    found = opened(path, content, limits()) if content else None
    if found is None or found.format != "xlsx" or found.content is not content:
        raise ValueError(f"can't copy {path} with results: only .xlsx and .xlsm files are; save it as .xlsx")
    return content


def _strays(name: str) -> bool:
    """Whether a part's name would lead out of a folder, or means something else on another system."""
    return "\\" in name or name.startswith("/") or ":" in name or ".." in name.split("/")


def _read(archive: ZipFile, info: ZipInfo, refuse: Any) -> bytes:
    try:
        with archive.open(info) as source:
            # No more than it claims to hold, whatever its bytes unpack to.
            text = source.read(info.file_size) if info.file_size else b""
            source.read(1)
    except (BadZipFile, DeflateError, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        why = "its check sum is wrong" if "CRC" in str(error) else str(error).lower() or "it ends too early"
        raise refuse(messages.DAMAGED_PART, part=info.filename, why=why) from None
    if len(text) < info.file_size:
        raise refuse(messages.DAMAGED_PART, part=info.filename, why="it ends too early")
    return text


def _usual(text: bytes) -> bytes:
    """A part in UTF-8 and under the names of transitional Office files; the same object where it is so already."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text[:4]:
        encoding = "utf-16" if text[0] >= 0xFE else "utf-16-be" if text[0] == 0 else "utf-16-le"
        decoded = text.decode(encoding, "replace")
        text = re.sub(r"^(<\?xml[^>]*?)\s+encoding=[\"'][^\"']*[\"']", r"\1", decoded).encode()
    if _STRICT in text:
        for strict, usual in _TRANSITIONAL:
            text = text.replace(_STRICT + strict, usual)
    return text


def _packed(parts: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()
