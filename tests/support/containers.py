"""Files that are bad or odd as files, made by surgery on the sound workbook.

Each has a name, its verdicts, a word of the first, and its making.
"""

import struct
import zipfile
from io import BytesIO

from books import SOUND, faulty

GOODS, PROCESSES = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
BOOK, CONTENT, STYLES = "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml"


def parts_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, parts, stored=()):
    """Write a zip archive of (name, content) pairs, the same bytes every time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items() if isinstance(parts, dict) else parts:
            how = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return path


def zipped(parts):
    file = BytesIO()
    pack(file, parts)
    return file.getvalue()


def bytes_of(content):
    def make(path):
        path.write_bytes(content)
        return path

    return make


def edited(change, *cells):
    """The sound book with its parts changed, in place or into the pairs that change(parts) returns."""

    def make(path):
        parts = parts_of(faulty(path, *cells))
        return pack(path, change(parts) or parts)

    return make


def replaced(part, *pairs, cells=()):
    """The sound book with texts of a part replaced."""

    def change(parts):
        for old, new in pairs:
            assert old.encode() in parts[part], old
            parts[part] = parts[part].replace(old.encode(), new.encode(), 1)

    return edited(change, *cells)


def cut(path):
    content = faulty(path).read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    return path


def with_a_wrong_sum(path):
    parts = parts_of(faulty(path))
    content = bytearray(pack(path, parts, stored=(GOODS,)).read_bytes())
    at = content.index(b"<sheetData>")
    content[at + 30] ^= 1
    path.write_bytes(bytes(content))
    return path


def flagged_as_encrypted(path):
    content = bytearray(faulty(path).read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    path.write_bytes(bytes(content))
    return path


def lying_about_its_size(path):
    """A part that unpacks to 100 times what it claims."""
    parts = parts_of(faulty(path))
    parts[GOODS] = parts[GOODS].replace(b"</sheetData>", b"</sheetData>" + b" " * 50_000_000)
    content = bytearray(pack(path, parts).read_bytes())
    at = content.index(b"PK\x01\x02")
    while content[at + 46 : at + 46 + len(GOODS)] != GOODS.encode():
        at = content.index(b"PK\x01\x02", at + 4)
    content[at + 24 : at + 28] = struct.pack("<I", 500_000)
    path.write_bytes(bytes(content))
    return path


def bomb(parts):
    parts[GOODS] = parts[GOODS].replace(b"</sheetData>", b"</sheetData>" + b" " * 20_000_000)


def inflated(path):
    """Parts that claim gigabytes: the claim alone is enough."""
    content = bytearray(faulty(path).read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 2**31)
    path.write_bytes(bytes(content))
    return path


def many(parts):
    parts |= {f"xl/media/{number}.png": b"" for number in range(10_001)}


def twice(parts):
    return [*parts.items(), ("xl/WORKSHEETS/sheet1.xml", parts[GOODS])]


def strict(parts):
    usual = b"http://schemas.openxmlformats.org/"
    for name, text in parts.items():
        text = text.replace(usual + b"spreadsheetml/2006/main", b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        text = text.replace(usual + b"officeDocument/2006/", b"http://purl.oclc.org/ooxml/officeDocument/")
        parts[name] = text


def wide(parts):
    text = parts[GOODS].decode()
    parts[GOODS] = ('<?xml version="1.0" encoding="UTF-16"?>' + text).encode("utf-16")


def hostile_wide(parts):
    parts[GOODS] = ("<!DOCTYPE worksheet>" + parts[GOODS].decode()).encode("utf-16")


def without(*names):
    def change(parts):
        for name in names:
            del parts[name]

    return change


def prefixed(path):
    """A sheet that puts its tags under a prefix, as some programs do; calamine reads nothing of it."""
    parts = parts_of(faulty(path))
    text = parts[GOODS].replace(b"<worksheet xmlns=", b"<x:worksheet xmlns:x=").replace(b"</", b"\0")
    text = text.replace(b"<", b"<x:").replace(b"<x:x:", b"<x:").replace(b"\0", b"</x:")
    parts[GOODS] = text
    return pack(path, parts)


def broken_cell(stored):
    return replaced(GOODS, ('<c r="B3" t="n"><v>5</v></c>', stored))


def macros(parts):
    parts["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0" + b"Sub AutoOpen()" * 10
    main = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    assert main in parts[CONTENT]
    parts[CONTENT] = parts[CONTENT].replace(main, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")


def calculated(how):
    """A formula with its value, in a book that says how it is calculated."""

    def change(parts):
        parts[GOODS] = parts[GOODS].replace(b"<f>2+3</f><v />", b"<f>2+3</f><v>5</v>")
        assert b'fullCalcOnLoad="1"' in parts[BOOK]
        parts[BOOK] = parts[BOOK].replace(b'fullCalcOnLoad="1"', how)

    return edited(change, ("goods", "B3", "=2+3"))


def tall(path, rows=60_000):
    """Beside the sound book's goods, a tall column of formulas: more than is read in the user's process."""

    def change(parts):
        cells = "".join(f'<row r="{r}"><c r="L{r}"><f>1+{r}</f><v>{r + 1}</v></c></row>' for r in range(7, rows))
        parts[GOODS] = parts[GOODS].replace(b"</sheetData>", f"{cells}</sheetData>".encode())

    return edited(change, ("goods", "L1", "# aside"))(path)


def far(parts):
    stray = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>stray</t></is></c></row>'
    parts[GOODS] = parts[GOODS].replace(b"</sheetData>", stray + b"</sheetData>")


def swapped_rows(parts):
    text = parts[GOODS]
    start, end = text.index(b'<row r="3"'), text.index(b'<row r="4"')
    last = text.index(b'<row r="5"')
    parts[GOODS] = text[:start] + text[end:last] + text[start:end] + text[last:]


def archive(*names, **content):
    return bytes_of(zipped({**dict.fromkeys(names, b"x"), **content}))


ODS = "application/vnd.oasis.opendocument.spreadsheet"
_NS = "urn:oasis:names:tc:opendocument:xmlns"


def ods(*changes, rows=None, more=""):
    """The sound book as an OpenDocument file; changes are (sheet, cell's row, column, XML of the cell)."""
    given = {(sheet, row, column): xml for sheet, row, column, xml in changes}

    def cell(value):
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, str):
            text = value.replace("<", "&lt;")
            return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"/>'

    def row(sheet, number, cells):
        texts = (given.get((sheet, number, i), cell(value)) for i, value in enumerate(cells, 1))
        style = (rows or {}).get((sheet, number), "")
        return f"<table:table-row {style}>{''.join(texts)}</table:table-row>"

    tables = "".join(
        f'<table:table table:name="{name}"><table:table-column table:number-columns-repeated="9"/>'
        + "".join(row(name, i, cells) for i, cells in enumerate(listed, 1))
        + '<table:table-row table:number-rows-repeated="1048500"><table:table-cell '
        + 'table:number-columns-repeated="16384"/></table:table-row></table:table>'
        for name, listed in SOUND.items()
    )
    names = "".join(f' xmlns:{name}="{_NS}:{name}:1.0"' for name in ("office", "table", "text", "style"))
    text = (
        f"<office:document-content{names}><office:body><office:spreadsheet>{more}{tables}</office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    return bytes_of(zipped({"mimetype": ODS, "content.xml": text}))


def folder(**files):
    """A folder of the sound book's sheets as .csv, the given files in place of theirs; None leaves one out."""

    def make(path):
        texts = {
            name: "".join(",".join("" if cell is None else str(cell) for cell in row) + "\n" for row in rows)
            for name, rows in SOUND.items()
        }
        path = path.with_suffix("")
        path.mkdir()
        for name, text in {**texts, **files}.items():
            if text is not None:
                (path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


GOODS_CSV = "good,supply\nore,10\n{}\n"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)

CONTAINERS = (
    ("a Word file of old", ("E008",), "Word", bytes_of(OLD + "WordDocument".encode("utf-16-le"))),
    ("a web page", ("E008",), "web page", bytes_of(b"<html><body><table><tr><td>good</td></tr></table></html>")),
    ("an XML spreadsheet", ("E008",), "2003",
     bytes_of(b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>')),
    ("a binary workbook", ("E008",), "xlsb", archive("[Content_Types].xml", "xl/workbook.bin")),
    ("a document of Numbers", ("E008",), "Numbers", archive("Index/Document.iwa")),
    ("a Word document", ("E008",), "docx", archive("[Content_Types].xml", "word/document.xml")),
    ("an OpenDocument text", ("E008",), "OpenDocument text",
     archive("content.xml", mimetype=b"application/vnd.oasis.opendocument.text")),
    ("a PDF", ("E006",), "PDF", bytes_of(b"%PDF-1.7\n")),
    ("a zip of workbooks", ("E006",), "unpack it", archive("a/goods.xlsx")),
    ("zeros", ("E006",), "zeros", bytes_of(bytes(5000))),
    ("a download that broke off", ("E009",), "broke off", cut),
    ("a wrong check sum", ("E010",), "check sum", with_a_wrong_sum),
    ("a part that ends early", ("E010",), "sheet1.xml",
     replaced(GOODS, ("</sheetData>", ""), ("</worksheet>", ""))),
    ("a part that is larger than it says", ("E010",), "sheet1.xml", lying_about_its_size),
    ("a part twice", ("E011",), "twice", edited(twice)),
    ("parts with a password", ("E012",), "password", flagged_as_encrypted),
    ("a document type", ("E013",), "sheet1.xml",
     replaced(GOODS, ("<worksheet", '<!DOCTYPE a [<!ENTITY b "c">]><worksheet'))),
    ("a document type in UTF-16", ("E013",), "sheet1.xml", edited(hostile_wide)),
    ("a claim of gigabytes", ("E014",), "MB", inflated),
    ("a bomb", ("E015",), "times", edited(bomb)),
    ("ten thousand parts", ("E016",), "parts", edited(many)),
    ("a path that leads out", ("E017",), "leads out", edited(lambda p: [*p.items(), ("../../evil.xml", b"x")])),
    ("a sheet's part missing", ("E018 goods",), "sheet1.xml", edited(without(GOODS))),
    ("a sheet without a relation", ("E018 goods",), "rId77", replaced(BOOK, ('r:id="rId1"', 'r:id="rId77"'))),
    ("no part for the book", ("E009",), "workbook.xml is missing", edited(without(BOOK))),
    ("no relations", ("E009",), "which part", edited(without("_rels/.rels"))),
    ("a cell twice", ("E121 goods!B3",), "twice", broken_cell('<c r="B3"><v>5</v></c><c r="B3"><v>6</v></c>')),
    ("a cell of another row", ("E123 goods!B3",), "B4", broken_cell('<c r="B4"><v>5</v></c>')),
    ("a cell of the last corner in another row", ("E123 goods!XFD3",), "XFD1048576",
     broken_cell('<c r="XFD1048576"><v>5</v></c>')),
    ("a cell's name too long", ("E123 goods!B3",), "BXFD10485761",
     broken_cell('<c r="BXFD10485761"><v>5</v></c>')),
    ("a cell's name stored in another way", ("E123 goods!XFD3",), "XFD1048576",
     broken_cell("<c\nr = 'XFD1048576'><v>5</v></c>")),
    ("a cell beyond the last column", ("E123 goods!XFD3",), "ZZZ3", broken_cell('<c r="ZZZ3"><v>5</v></c>')),
    ("a text that isn't there", ("E122 goods!B3",), "text 99", broken_cell('<c r="B3" t="s"><v>99</v></c>')),
    ("nan stored as a number", ("E124 goods!B3",), "nan", broken_cell('<c r="B3"><v>nan</v></c>')),
    ("a number stored with _", ("E104 goods!B3",), "mean 10?", broken_cell('<c r="B3"><v>1_0</v></c>')),
    ("an unknown kind of cell", ("E124 goods!B3",), "zz", broken_cell('<c r="B3" t="zz"><v>1</v></c>')),
    ("a style that isn't there", (), "", broken_cell('<c r="B3" s="999"><v>5</v></c>')),
    ("rows out of order", ("W211 goods!A3",), "follows row 4", edited(swapped_rows)),
    ("a stray cell in the last corner", ("E206 goods!XFD1048576",), "without a name", edited(far)),
    ("an extent that is too small", (), "", replaced(GOODS, ('<dimension ref="A1:I6"', '<dimension ref="A1:A1"'))),
    ("an extent that is too large", (), "",
     replaced(GOODS, ('<dimension ref="A1:I6"', '<dimension ref="A1:XFD1048576"'))),
    ("a strict Office file", (), "", edited(strict)),
    ("a part in UTF-16", (), "", edited(wide)),
    ("tags under a prefix", (), "", prefixed),
    ("styles that can't be made out", (), "",
     replaced(STYLES, ('<sz val="11"', '<sz val="large"'), cells=[("goods", "K1", "#"), ("goods", "K2", "=1+1")])),
    ("no styles at all", (), "", edited(without(STYLES))),
    ("macros", (), "", edited(macros)),
    ("hidden rows", ("N213 goods",), "3-4, 6",
     replaced(GOODS, *((f'<row r="{row}"', f'<row r="{row}" hidden="1"') for row in (3, 4, 6)))),
    ("a hidden column", ("N214 goods",), "B-C",
     replaced(GOODS, ("<sheetData>", '<cols><col min="2" max="3" width="9" hidden="1"/></cols><sheetData>'))),
    ("a hidden sheet", ("N212 goods",), "hidden", replaced(BOOK, ('state="visible"', 'state="hidden"'))),
    ("a formula that may be stale", ("W125 goods!B3",), "may be old", calculated(b'calcMode="manual"')),
    ("a formula that no program calculated", ("W125 goods!B3",), "may be old", calculated(b'fullCalcOnLoad="1"')),
    ("a formula that was calculated", (), "", calculated(b"")),
    ("many formulas", (), "", tall),
    ("an .ods file", (), "", ods()),
    ("an .ods file: a number as text", ("E104 goods!B3",), "42.5",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="string" office:string-value="42,5"/>'))),
    ("an .ods file: a date", ("E106 goods!B3",), "2026-02-01",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="date" office:date-value="2026-02-01"/>'))),
    ("an .ods file: a percentage", (), "",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="percentage" office:value="0.05"/>'))),
    ("an .ods file: 1E999", ("E117 goods!B3",), "finite",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="float" office:value="1E999"/>'))),
    ("an .ods file: a denormal", ("W120 goods!B3",), "digits",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="float" office:value="5E-320"/>'))),
    ("an .ods file: nan", ("E124 goods!B3",), "nan",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="float" office:value="nan"/>'))),
    ("an .ods file: an error value", ("E102 goods!B3",), "#DIV/0!",
     ods(("goods", 3, 2, '<table:table-cell table:formula="of:=1/0" office:value-type="string"><text:p>#DIV/0!'
          "</text:p></table:table-cell>"))),
    ("an .ods file: a formula never calculated", ("E101 goods!B3",), "=2+3",
     ods(("goods", 3, 2, '<table:table-cell table:formula="of:=2+3"/>'))),
    ("an .ods file: a filtered row", ("N213 goods",), "3",
     ods(rows={("goods", 3): 'table:visibility="filter"'})),
    ("an .ods file: a cell a thousand million times", ("E021",), "CHAINOPT_MOST_CELLS",
     ods(("goods", 3, 2, '<table:table-cell office:value-type="float" office:value="1" '
          'table:number-columns-repeated="16000"/>'),
         rows={("goods", 3): 'table:number-rows-repeated="1000000"'})),
    ("a folder of .csv files", (), "", folder()),
    ("semicolons", (), "", folder(goods=GOODS_CSV.format("power,5\nsteel,0\nslag,0").replace(",", ";"))),
    ("UTF-16 and tabs", (), "",
     folder(goods=GOODS_CSV.format("power,5\nsteel,0\nslag,0").replace(",", "\t").encode("utf-16"))),
    ("a byte order mark", (), "",
     folder(goods=b"\xef\xbb\xbf" + GOODS_CSV.format("power,5\nsteel,0\nslag,0").encode())),
    ("a decimal comma in a .csv file", ("E104 goods!B3",), "Did you mean 42.5?",
     folder(goods=GOODS_CSV.format('power,"42,5"\nsteel,0\nslag,0'))),
    ("a .csv file in Latin-1", ("E022 goods",), "row 3", folder(goods=b"good,supply\nore,1\nStei\xdf,2\n")),
    ("a quote without end", ("E022 goods",), "row 3", folder(goods='good,supply\nore,10\n"power,5\n')),
    ("a .csv file of zeros", ("E022 goods",), "characters", folder(goods=bytes(100))),
    ("a folder without processes", ("E203 processes",), "missing", folder(processes=None)),
    ("a .csv file of one's own", ("E202 report",), "no sheet that", folder(report="a,b\n")),
    ("1E999 in a .csv file", ("E117 goods!B3",), "finite",
     folder(goods=GOODS_CSV.format("power,1E999\nsteel,0\nslag,0"))),
    ("a date in a .csv file", ("E104 goods!B3",), "1/2",
     folder(goods=GOODS_CSV.format("power,1/2\nsteel,0\nslag,0"))),
    ("a formula in a .csv file", ("E101 goods!B3",), "=2+3",
     folder(goods=GOODS_CSV.format("power,=2+3\nsteel,0\nslag,0"))),
)  # fmt: skip

LIMITED = (
    ("a limit that is no number", "E023", "whole number", {"CHAINOPT_MOST_CELLS": "1e6"}, faulty),
    ("more cells than allowed", "E021", "CHAINOPT_MOST_CELLS", {"CHAINOPT_MOST_CELLS": "50"}, faulty),
    ("more bytes than allowed", "E014", "CHAINOPT_MOST_MEGABYTES", {"CHAINOPT_MOST_MEGABYTES": "1"}, tall),
    ("longer than allowed", "E019", "1 s", {"CHAINOPT_MOST_SECONDS": "1"}, lambda path: tall(path, 500_000)),
    ("more memory than allowed", "E020", "20 MB", {"CHAINOPT_MOST_MEMORY": "20"}, tall),
)
"""Files that are read but for a limit: a name, the code, a word, the environment that sets it, the making."""
