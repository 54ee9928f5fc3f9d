"""The XML of a part as a tree: a little of it is changed, and all else stays, whether it is understood or not."""

from __future__ import annotations

from typing import TypeAlias

from lxml import etree

from chainopt.workbook.files.raw import escaped

Element: TypeAlias = etree._Element
_BLANKS = "{http://www.w3.org/XML/1998/namespace}space"


def parsed(text: bytes) -> Element:
    """The root element; raises ValueError for a text that is no XML, or that declares a type of its own."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=False
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the XML can't be read: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise ValueError("the XML declares a type of document, or entities")
    return root


def written(root: Element) -> bytes:
    """The text of a whole part, with the declaration that it had."""
    tree = root.getroottree()
    alone = tree.docinfo.standalone or None
    return etree.tostring(tree, encoding=tree.docinfo.encoding, xml_declaration=True, standalone=alone)


def within(
    parent: Element, tag: str, text: str | None = None, before: Element | None = None, **attributes: str
) -> Element:
    """A new child under its parent's prefix, before another or at the end."""
    child = etree.SubElement(parent, etree.QName(etree.QName(parent).namespace, tag), attributes)
    child.text = text
    if before is not None:
        before.addprevious(child)
    return child


def said(parent: Element, text: str) -> None:
    """Give a parent a text whose blanks are kept."""
    within(parent, "t", escaped(text), **{_BLANKS: "preserve"})


def counted(parent: Element) -> list[Element]:
    """A parent's elements; where it states their count, it is made theirs."""
    children = list(parent.iterchildren("*"))
    if "count" in parent.attrib:
        parent.set("count", str(len(children)))
    return children
