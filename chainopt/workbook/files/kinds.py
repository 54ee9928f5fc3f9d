"""What a file is by its content, whatever its name says; what chainopt doesn't read is refused by name."""

from __future__ import annotations

from typing import NamedTuple

from chainopt.words import messages
from chainopt.words.messages import Message


class Refusal(NamedTuple):
    """A message, what the file is and what to do."""

    message: Message
    what: str
    advice: str


_RESAVE = "open it and save it as .xlsx"
_CSV = "put it, as goods.csv, into a folder with a .csv file for each sheet, and name the folder"

_MAGIC = (
    (b"%PDF", "a PDF document", "name the workbook that it was printed from"),
    (b"\x1f\x8b", "packed by gzip", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"PAR1", "a Parquet file", "write its tables to a workbook"),
    (b"SQLite format 3", "an SQLite database", "write its tables to a workbook"),
    (b"\x89PNG", "a picture", "name a workbook"),
    (b"\xff\xd8\xff", "a picture", "name a workbook"),
    (b"{\\rtf", "a text document (.rtf)", "name a workbook"),
)
_OLE = b"\xd0\xcf\x11\xe0"
_STREAMS = (
    ("WordDocument", "a Word document (.doc)", "name a workbook"),
    ("PowerPoint Document", "a presentation (.ppt)", "name a workbook"),
    ("__properties_version1.0", "an e-mail (.msg)", "save the workbook attached to it"),
    ("Workbook", "a workbook in the old .xls format", _RESAVE),
    ("Book", "a workbook in the old .xls format", _RESAVE),
)
_PARTS = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)", _RESAVE),
    ("word/document.xml", "a Word document (.docx)", "name a workbook"),
    ("ppt/presentation.xml", "a presentation (.pptx)", "name a workbook"),
    ("Index/Document.iwa", "a document of Numbers, Pages or Keynote", "export it as an Excel workbook"),
    ("Index.zip", "a document of Numbers, Pages or Keynote", "export it as an Excel workbook"),
    ("AndroidManifest.xml", "a program", "name a workbook"),
)
_SHEET = b"application/vnd.oasis.opendocument.spreadsheet"
_TEXTS = (
    ("urn:schemas-microsoft-com:office:spreadsheet", "an XML spreadsheet of 2003", _RESAVE),
    ("urn:oasis:names:tc:opendocument", "a flat OpenDocument file (.fods)", "open it and save it as .ods"),
    ("<!doctype html", "a web page", f"{_RESAVE}, which some exports called .xls or .xlsx need"),
    ("<html", "a web page", f"{_RESAVE}, which some exports called .xls or .xlsx need"),
    ("<table", "a web page", f"{_RESAVE}, which some exports called .xls or .xlsx need"),
)


def refused(content: bytes) -> Refusal | None:
    """Why a file that is no zip archive is refused; None for an archive, whole or cut off."""
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return None
    if content.startswith(_OLE):
        return _ole(content)
    for magic, what, advice in _MAGIC:
        if content.startswith(magic):
            return Refusal(messages.NO_WORKBOOK, what, advice)
    return _text(content)


def _ole(content: bytes) -> Refusal:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return PROTECTED
    for stream, what, advice in _STREAMS:
        if stream.encode("utf-16-le") in content:
            return Refusal(messages.OTHER_FORMAT, what, advice)
    return Refusal(messages.OTHER_FORMAT, "in a format of old Office programs", _RESAVE)


PROTECTED = Refusal(messages.PASSWORD, "", "")


def _text(content: bytes) -> Refusal:
    head = content[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    if not head.strip(b"\0"):
        return Refusal(messages.NO_WORKBOOK, "nothing but zeros", "copy or download it again")
    if b"\0" in head:
        return Refusal(messages.NO_WORKBOOK, "something else", "name a workbook")
    text = head.decode("utf-8", "replace").lower()
    for mark, what, advice in _TEXTS:
        if mark in text:
            return Refusal(messages.OTHER_FORMAT, what, advice)
    if text.lstrip("\ufeff \r\n\t").startswith(("{", "[")):
        return Refusal(messages.NO_WORKBOOK, "JSON", "name the workbook that it was made from")
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        return Refusal(messages.NO_WORKBOOK, "an XML file", _RESAVE)
    if any(sign in text.split("\n")[0] for sign in ",;\t"):
        return Refusal(messages.NO_WORKBOOK, "a table as text (.csv)", _CSV)
    return Refusal(messages.NO_WORKBOOK, "text", "name a workbook")


def archive_kind(names: set[str], mimetype: bytes) -> Refusal | str:
    """What a zip archive is by its parts' names and its mimetype: "xlsx", "ods", or why it is refused."""
    for part, what, advice in _PARTS:
        if part in names:
            return Refusal(messages.OTHER_FORMAT, what, advice)
    if mimetype.startswith(_SHEET):
        return "ods"
    if mimetype.startswith(b"application/vnd.oasis"):
        return Refusal(messages.OTHER_FORMAT, "an OpenDocument text or drawing", "name a workbook")
    if "[Content_Types].xml" in names or "_rels/.rels" in names:
        return "xlsx"
    if not names:
        return Refusal(messages.NO_WORKBOOK, "an empty archive", "copy or download it again")
    inside = next((name for name in sorted(names) if name.lower().endswith((".xlsx", ".ods", ".xls"))), "")
    advice = f'unpack it, and name "{inside[:60]}"' if inside else "name a workbook"
    return Refusal(messages.NO_WORKBOOK, "a zip archive of other files", advice)
