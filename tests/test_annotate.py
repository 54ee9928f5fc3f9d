"""The user's workbook with results in it: still the same to every reader, and the rest to the last byte."""

import re
import struct
import zlib
from io import BytesIO
from zipfile import ZipFile

import openpyxl
import pytest
import xlsxwriter
from containers import pack
from openpyxl.utils.cell import absolute_coordinate
from sizes import near

import chainopt as co

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")

RESULTS = {"#= price", "#= derivative", "#= sold"}


def picture():
    """A PNG of one dot."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    dot = zlib.compress(b"\0\xff\0\0")
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", dot) + chunk(b"IEND", b""))


def rich_book(path, *, table=False):
    """A workbook of the kind that people keep: formulas, a chart, a picture, notes, filters, hidden rows."""
    book = xlsxwriter.Workbook(path)
    if path.suffix == ".xlsm":
        book.add_vba_project(BytesIO(b"not really macros"), is_stream=True)
    money = book.add_format({"num_format": "#,##0.00", "bg_color": "#FFEEAA"})
    goods = book.add_worksheet("Goods")
    heads = ["good", "unit", "supply", "price", "max sale", "# mine"]
    rows = [["ore", "t", 4, None, None], ["steel", "t", None, 3, None], ["scrap", "t", 1, 0.5, 0.25]]
    if table:
        goods.add_table(1, 0, 4, 5, {"name": "mine", "columns": [{"header": head} for head in heads]})
    else:
        goods.write_row(1, 0, heads)
        goods.autofilter(1, 0, 4, 5)
    goods.write(0, 0, "All that we trade in")
    for i, row in enumerate(rows, 2):
        goods.write_row(i, 0, row)
        goods.write_formula(i, 5, f"=C{i + 1}*2", money, 8.0 if i == 2 else 0.0)
    goods.write_formula("C3", "=2+2", money, 4.0)
    goods.set_row(4, None, None, {"hidden": True})
    goods.set_column("A:A", 31)
    goods.set_column("G:XFD", None, None, {"hidden": True})
    goods.write_comment("E5", "ask Ann", {"author": "Ben"})
    goods.write_comment("B3", "tonnes, dry", {"author": "Ben"})
    goods.data_validation("B3:B99", {"validate": "list", "source": ["t", "kg"]})
    goods.conditional_format("C3:C9", {"type": "data_bar", "data_bar_2010": True})
    goods.add_sparkline("B20", {"range": "Goods!C3:C5"})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Goods!$C$3:$C$5"})
    goods.insert_chart("C12", chart)
    goods.insert_image("A12", "dot.png", {"image_data": picture()})
    processes = book.add_worksheet("processes")
    processes.write_row(0, 0, ["process", "formula", "capacity"])
    processes.write_row(1, 0, ["mill", "steel = ore^0.5", 1.5])
    book.close()


def solved(path):
    chain = co.read_workbook(path)
    return chain, co.solve(chain)


def parts(path):
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cells(path, sheet, **options):
    book = openpyxl.load_workbook(path, **options)
    return {cell.coordinate: cell for row in book[sheet].iter_rows() for cell in row if cell.value is not None}


def notes(path):
    book = openpyxl.load_workbook(path)
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.comment]
    return {(cell.parent.title, cell.coordinate): cell.comment.text for cell in found}


@pytest.mark.parametrize("name", ["book.xlsx", "book.xlsm"])
def test_all_else_stays_as_it_was(tmp_path, name):
    source, copy = tmp_path / name, tmp_path / f"copy-{name}"
    rich_book(source)
    before = source.read_bytes()
    chain, solution = solved(source)
    co.annotate(source, chain, solution, copy)
    assert source.read_bytes() == before
    assert co.read_workbook(copy) == chain
    old, new = parts(source), parts(copy)
    touched = {part for part in old if old[part] != new[part]}
    assert touched <= {
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/styles.xml",
        "xl/comments1.xml",
        "xl/drawings/vmlDrawing1.vml",
        "xl/worksheets/sheet1.xml",
        "xl/worksheets/sheet2.xml",
        "xl/worksheets/_rels/sheet2.xml.rels",
    }
    for kept in (
        b"<f>2+2</f><v>4.0</v>",
        b"dataValidation",
        b"conditionalFormatting",
        b"sparkline",
        b'hidden="1"',
    ):
        assert new["xl/worksheets/sheet1.xml"].count(kept) >= old["xl/worksheets/sheet1.xml"].count(kept) > 0
    for values in (True, False):
        was, now = (cells(path, "Goods", data_only=values) for path in (source, copy))
        assert {at: cell.value for at, cell in was.items()} == {at: now[at].value for at in was}
        assert {at: cell.number_format for at, cell in was.items()} == {at: now[at].number_format for at in was}
    sheet = openpyxl.load_workbook(copy)["Goods"]
    assert sheet.row_dimensions[5].hidden
    assert sheet.column_dimensions["A"].width == pytest.approx(31, abs=1)
    assert not sheet.column_dimensions["G"].hidden, "results stand where all columns were hidden"
    assert "ask Ann" in sheet["E5"].comment.text
    assert sheet["B3"].comment.text == "tonnes, dry"


def test_results_stand_beside_their_rows(tmp_path):
    """ore^0.5 at 3 on a supply of 4 under a capacity of 1.5: ore is not scarce, and the capacity's rent is 3."""
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    rich_book(source)
    chain, solution = solved(source)
    co.annotate(source, chain, solution, copy)
    sheet = openpyxl.load_workbook(copy)["Goods"]
    at = {cell.value: cell.column for cell in sheet[2]}
    assert at.keys() >= RESULTS
    prices = [sheet.cell(row, at["#= price"]).value for row in (3, 4, 5)]
    assert prices == near([0, 3, 0], of=3, rel=3e-7)
    sold = [sheet.cell(row, at["#= sold"]).value for row in (3, 4, 5)]
    assert sold == near([0, 1.5, 0.25], of=1.5, rel=6e-7)
    assert "one more unit would add 0.5" in sheet["E5"].comment.text
    mill = openpyxl.load_workbook(copy)["processes"]
    assert "one more unit would add 3" in mill["C2"].comment.text
    assert dict(zip([c.value for c in mill[1]], [c.value for c in mill[2]], strict=True))[
        "#= level"
    ] == pytest.approx(1.5)


@pytest.mark.parametrize("table", [False, True])
def test_sorting_takes_the_results_along(tmp_path, table):
    """A filter, or an Excel table, that ended at the last column ends at the last result."""
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    rich_book(source, table=table)
    co.annotate(source, *solved(source), copy)
    sheet = openpyxl.load_workbook(copy)["Goods"]
    last = max(cell.column_letter for cell in sheet[2] if cell.value)
    found = sheet.tables["mine"] if table else sheet.auto_filter
    assert found.ref == f"A2:{last}5"
    if table:
        assert [column.name for column in found.tableColumns] == [cell.value for cell in sheet[2]]
        assert len({column.id for column in found.tableColumns}) == len(found.tableColumns)
    else:
        assert f"Goods!$A$2:${last}$5".encode() in parts(copy)["xl/workbook.xml"]


def test_annotating_anew_replaces_the_results(tmp_path):
    source, first, second, third = (tmp_path / f"{name}.xlsx" for name in ("book", "first", "second", "third"))
    rich_book(source)
    chain, solution = solved(source)
    co.annotate(source, chain, solution, first)
    co.annotate(first, chain, solution, second)
    assert parts(first) == parts(second)
    book = openpyxl.load_workbook(first)
    # openpyxl keeps no value of a formula.
    book["Goods"]["C3"] = 4
    for sheet in book:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.comment):
            cell.comment.author = "whoever saved it last"
    book.save(tmp_path / "saved.xlsx")
    co.annotate(tmp_path / "saved.xlsx", chain, solution, second)
    # The formula there may be stale, as its note says; the number isn't.
    left = {place: text for place, text in notes(first).items() if place != ("Goods", "C3")}
    assert notes(second) == left, "notes are known by their text: not every program keeps their authors"
    wide = co.Chain(chain.goods, [*chain.processes[:0], co.Process("mill", formula="steel = ore^0.5")])
    co.annotate(first, wide, co.solve(wide), third)
    sheet, mill = openpyxl.load_workbook(third)["Goods"], openpyxl.load_workbook(third)["processes"]
    titles = [cell.value for cell in sheet[2]]
    assert len(titles) == len(set(titles))
    assert sheet.cell(3, titles.index("#= price") + 1).value == pytest.approx(0.75)
    assert "binds" not in mill["C2"].comment.text
    assert "solved with inf in place of 1.5" in mill["C2"].comment.text
    assert co.read_workbook(third) == chain


def test_without_a_solution_old_results_go_and_notes_say_why(tmp_path):
    source, first, second = (tmp_path / f"{name}.xlsx" for name in ("book", "first", "second"))
    rich_book(source)
    co.annotate(source, *solved(source), first)
    book = openpyxl.load_workbook(first)
    book["Goods"]["C4"], book["Goods"]["C3"] = -5, 4
    for row in (3, 4, 5):
        book["Goods"][f"F{row}"] = None
    book.save(first)
    chain, solution = solved(first)
    assert solution.status == "infeasible"
    co.annotate(first, chain, solution, second)
    sheet = openpyxl.load_workbook(second)["Goods"]
    titles = [cell.value for cell in sheet[2]]
    assert [sheet.cell(4, titles.index(title) + 1).value for title in RESULTS] == [None] * 3
    assert "obligation" in sheet["C4"].comment.text


def test_a_books_own_prefixes_and_implicit_places(tmp_path):
    """Other programs write prefixed tags, and cells without their place."""
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    co.write_workbook(
        co.Chain(
            [co.Good("ore", "t", supply=4, price=0), co.Good("steel", "t", supply=1, price=3)],
            [co.Process("mill", formula="steel=ore^0.5")],
        ),
        source,
    )
    old = parts(source)
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = old["xl/worksheets/sheet1.xml"].replace(b'xmlns="' + main, b'xmlns:x="' + main)
    text = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", text)
    text = re.sub(rb'<x:c r="[A-Z]+[0-9]+"', b"<x:c", text)
    old["xl/worksheets/sheet1.xml"] = text
    pack(source, old)
    chain, solution = solved(source)
    co.annotate(source, chain, solution, copy)
    assert co.read_workbook(copy) == chain
    sheet = openpyxl.load_workbook(copy)["goods"]
    titles = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, titles.index("#= price") + 1).value == pytest.approx(0.75)


def test_what_no_library_knows_stays_in_a_changed_part(tmp_path):
    """Comments, instructions, CDATA, alternates, unknown namespaces and attributes, unused prefixes, entities."""
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    rich_book(source)
    old = parts(source)
    name = "xl/worksheets/sheet1.xml"
    alternate = (
        b'<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        b'<mc:Choice Requires="ours"><ours:thing ours:a="1 &gt; 0"> <![CDATA[<kept>]]> </ours:thing></mc:Choice>'
        b"</mc:AlternateContent>"
    )
    head = b"<!-- before --><?ours told?><worksheet "
    known = b'xmlns:ours="urn:ours" xmlns:unused="urn:unused" ours:uid="{1}" '
    old[name] = (
        old[name]
        .replace(b"<worksheet ", head + known)
        .replace(b"<sheetData>", b"<sheetData><!-- within -->")
        .replace(b'<row r="3"', b'<row ours:descent="0.25" r="3"')
        .replace(b"<legacyDrawing ", alternate + b"<legacyDrawing ")
    )
    pack(source, old)
    chain, solution = solved(source)
    co.annotate(source, chain, solution, copy)
    assert co.read_workbook(copy) == chain
    text = parts(copy)[name]
    assert re.match(rb"<\?xml [^>]*standalone=.yes.\?>", text)
    for kept in (
        *known.split(),
        b'mc:Ignorable="x14ac"',
        head,
        b"<!-- within -->",
        b'ours:descent="0.25"',
        alternate,
    ):
        assert text.count(kept.strip()) == 1, kept


def test_a_filters_name_is_that_of_its_own_sheet(tmp_path):
    """Names count sheets of charts too."""
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    book = xlsxwriter.Workbook(source)
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=goods!$B$2:$B$3"})
    book.add_chartsheet("picture").set_chart(chart)
    for name, head in (("goods", ["good", "supply", "price"]), ("processes", ["process", "formula"])):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, head)
        sheet.autofilter(0, 0, 1, len(head) - 1)
    book.get_worksheet_by_name("goods").write_row(1, 0, ["ore", 4, 1])
    book.close()
    co.annotate(source, *solved(source), copy)
    ref = openpyxl.load_workbook(copy)["goods"].auto_filter.ref
    assert ref > "A1:C2"
    names = re.findall(rb"<definedName [^>]*>([^<]*)<", parts(copy)["xl/workbook.xml"])
    assert names == [f"goods!{absolute_coordinate(ref)}".encode(), b"processes!$A$1:$B$2"]


def test_names_and_causes_stay_text(tmp_path):
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    names = ["=1+1", "<b>&amp;", "\u202eabc", "@SUM(1)"]
    goods = [co.Good(name, price=1, max_sale=1, supply=2) for name in names]
    co.write_workbook(co.Chain(goods, []), source)
    chain, solution = solved(source)
    co.annotate(source, chain, solution, copy)
    assert co.read_workbook(copy) == chain
    assert all(cell.data_type != "f" for row in openpyxl.load_workbook(copy)["goods"].iter_rows() for cell in row)


def test_a_numeraire_is_named_beside_the_users_own_prices(tmp_path):
    source, copy = tmp_path / "book.xlsx", tmp_path / "copy.xlsx"
    co.write_workbook(co.Chain([co.Good("a", supply=1, price=4), co.Good("b", supply=1, price=2)], []), source)
    chain, solution = solved(source)
    for numeraire, price in ((None, 4), ("b", 2)):
        co.annotate(source, chain, solution, copy, tables=co.dossier(chain, solution, numeraire=numeraire))
        sheet = openpyxl.load_workbook(copy)["goods"]
        (head,) = (cell for cell in sheet[1] if cell.value == "#= price")
        assert sheet.cell(2, head.column).value == pytest.approx(price)
        assert ("in units of b" in head.comment.text) == (numeraire is not None)


def test_what_is_refused(tmp_path):
    source = tmp_path / "book.xlsx"
    rich_book(source)
    chain, solution = solved(source)
    (tmp_path / "link.xlsx").symlink_to(source)
    (tmp_path / "twin.xlsx").hardlink_to(source)
    before = source.read_bytes()
    for name in ("book.xlsx", "link.xlsx", "twin.xlsx"):
        with pytest.raises(OSError, match="it is the input"):
            co.annotate(source, chain, solution, tmp_path / name)
    with pytest.raises(ValueError, match=r"must end in \.xlsx"):
        co.annotate(source, chain, solution, tmp_path / "copy.xlsm")
    other = co.Chain([co.Good("tea", supply=1, price=1)], [])
    with pytest.raises(ValueError, match="other goods"):
        co.annotate(source, other, co.solve(other), tmp_path / "copy.xlsx")
    assert source.read_bytes() == before
    assert not (tmp_path / "copy.xlsx").exists()
