"""Where the elements of an XML text stand, so that a change leaves every other byte as it was.

An Excel file holds more than any library knows: what is not understood must not be parsed and written anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

_START_TAG = re.compile(rb"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
_COUNT = re.compile(rb'\bcount="[0-9]*"')

Change = tuple[int, int, bytes]
"""Bytes that take the place of those from a start up to an end."""


@dataclass(slots=True)
class Span:
    """An element: its bytes are text[start:end], its content text[opened:closed]; tag has no prefix."""

    tag: str
    attributes: dict[str, str]
    start: int
    opened: int
    closed: int = 0
    end: int = 0
    children: list[Span] = field(default_factory=list)

    def empty(self, text: bytes) -> bool:
        """Whether it is one tag, such as <cols/>."""
        return text[self.opened - 2] == ord("/")

    def child(self, tag: str) -> Span | None:
        """The first child of a tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def number(self, name: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        return int(self.attributes.get(name, default))


def spans(text: bytes, deepest: int = 99) -> Span:
    """The root element, with those within it down to a depth (1: its own children).

    Raises ValueError for a text that is no XML in UTF-8, or that declares entities.
    """
    root = Span("", {}, 0, 0)
    open_: list[Span] = [root]
    depth = 0
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth <= deepest:
            at = parser.CurrentByteIndex
            found = _START_TAG.match(text, at)
            assert found is not None
            span = Span(name.rpartition(":")[2], attributes, at, found.end())
            open_[-1].children.append(span)
            open_.append(span)
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1
        if depth <= deepest:
            span = open_.pop()
            if span.empty(text):
                span.closed = span.end = span.opened
            else:
                span.closed = parser.CurrentByteIndex
                span.end = text.index(b">", span.closed) + 1

    def entity(*_: object) -> None:
        raise ValueError("the XML declares entities")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ValueError(f"the XML can't be read: {error}") from None
    if re.match(rb"[^>]*encoding=[\"'](?!utf-?8)", text, re.IGNORECASE):
        raise ValueError("the XML is not in UTF-8")
    return root.children[0]


def changed(text: bytes, changes: Iterable[Change]) -> bytes:
    """The text with these changes, none of which overlap; of those at one place the first given comes first."""
    parts, at = [], 0
    for start, end, new in sorted(changes, key=lambda change: change[:2]):
        parts += [text[at:start], new]
        at = end
    return b"".join([*parts, text[at:]])


def prefix(text: bytes, span: Span) -> str:
    """The prefix under which an element's tag is written, with its colon; "" for none."""
    name = re.split(rb"[\s/>]", text[span.start + 1 : span.opened], maxsplit=1)[0].decode()
    return name[: -len(span.tag)]


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """A start tag with an attribute set."""
    new = f"{name}={quoted(value)}".encode()
    old = re.compile(rb"""(?<=\s)%s=("[^"]*"|'[^']*')""" % name.encode())
    if old.search(tag):
        return old.sub(lambda _: new, tag, count=1)
    end = -2 if tag.endswith(b"/>") else -1
    return tag[:end].rstrip() + b" " + new + tag[end:]


def appended(text: bytes, span: Span, children: Iterable[bytes]) -> list[Change]:
    """The changes that add children at an element's end, and count them where it has a count."""
    new = list(children)
    if not new:
        return []
    opening = text[span.start : span.opened]
    if _COUNT.search(opening):
        opening = _COUNT.sub(f'count="{len(span.children) + len(new)}"'.encode(), opening)
    added = b"".join(new)
    if span.empty(text):
        name = prefix(text, span) + span.tag
        return [(span.start, span.end, opening[:-2].rstrip() + b">" + added + f"</{name}>".encode())]
    return [(span.start, span.opened, opening), (span.closed, span.closed, added)]


# By xml.sax.saxutils too, which brings all of urllib.
_WRITTEN = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_QUOTED = _WRITTEN | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def written(text: str) -> str:
    """Text as it stands in XML, its line ends kept."""
    return text.translate(_WRITTEN)


def quoted(text: str) -> str:
    """Text as the value of an attribute, in quotes."""
    return f'"{text.translate(_QUOTED)}"'
