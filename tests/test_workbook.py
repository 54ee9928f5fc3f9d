"""A workbook and a chain say the same: what is written reads back equal, and cells are never guessed at."""

import re
import zipfile
from math import inf

import pytest
from books import edit_xml, save_book
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from xlsxwriter import Workbook as XlsxWriter

import chainopt as co
from chainopt.chain.chain import Chain
from chainopt.chain.records import Good, Input, Observed, Output, Parameter, Process, Settings
from chainopt.technology.families import TECHNOLOGIES
from chainopt.words.names import key, plain
from chainopt.workbook.faults import WorkbookError
from chainopt.workbook.read import check_workbook, read_workbook
from chainopt.workbook.schema import schema_markdown
from chainopt.workbook.template import write_template
from chainopt.workbook.write import write_workbook

TUPPERWARE = {
    "goods": [
        ["good", "supply", "price", "min sale"],
        ["natgas", 4],
        ["ethylene"],
        ["polyethylene"],
        ["tupperware", None, 1, "-inf"],
    ],
    "processes": [
        ["process", "formula"],
        ["A", "ethylene = sqrt(natgas)"],
        ["B", "polyethylene = 1 - 1/(ethylene + 1)"],
        ["C", "tupperware = ln(polyethylene)"],
    ],
}


AWKWARD = (
    "NA",
    "TRUE",
    "1e5",
    "=1+1",
    "steel@mill 2",
    "#N/A",
    "-inf",
    "007",
    "1,5",
    "_x000D_",
    "Öl ½",
    "'a",
    "#x",
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(AWKWARD)
remarks = texts.filter(lambda text: not text or text.strip())
names = texts.filter(plain)
numbers = st.floats(allow_nan=False, allow_infinity=False)
amounts = st.floats(0, 1e300)
above_0 = st.floats(0, 1e300, exclude_min=True)
maybe = st.one_of


@st.composite
def goods(draw, name):
    price = draw(maybe(st.none(), numbers))
    elastic = price is not None and price > 0 and draw(st.booleans())
    rival = draw(st.booleans())
    least = 0.0
    if price is not None or rival:
        least = draw(amounts if price is None or elastic else numbers | st.just(-inf))
    return Good(
        name,
        unit=draw(remarks),
        supply=draw(numbers),
        price=price,
        min_sale=least,
        max_sale=draw(st.floats(max(least, 0.0), inf)),
        demand_elasticity=draw(above_0) if elastic else inf,
        reference_sale=draw(above_0) if elastic else None,
        import_price=draw(maybe(st.none(), numbers)),
        max_import=draw(amounts | st.just(inf)),
        disposal=draw(maybe(st.none(), st.just(0.0), numbers)),
        rival=rival,
        notes=draw(remarks),
    )


@st.composite
def processes(draw, name, known):
    chosen = draw(st.lists(st.sampled_from(known), unique_by=key, max_size=4))
    plain = [good for good in chosen if not set(good) & set("[]")]
    capacity = draw(amounts | st.just(inf))
    common = {
        "firm": draw(texts),
        "capacity": capacity,
        "min_level": draw(st.floats(-1e300, min(capacity, 1e300))),
        "unit_cost": draw(numbers),
        "notes": draw(remarks),
    }
    if len(plain) > 1 and draw(st.booleans()):
        formula = f"[{plain[0]}] = 2*[{plain[1]}]^0.5"
        uses = draw(st.sampled_from([[], [Input(plain[1], max=1.5)]]))
        makes = [Output(good, draw(above_0)) for good in chosen if good not in plain[:1]]
        return Process(name, formula=formula, inputs=uses, outputs=makes, **common)
    function = draw(st.sampled_from([*TECHNOLOGIES])) if chosen else "leontief"
    if function == "ces":
        common |= {"returns": draw(above_0), "elasticity": draw(above_0.filter(lambda x: x != 1))}
    return Process(
        name,
        function=function,
        inputs=[Input(good, draw(above_0), draw(amounts | st.just(inf))) for good in chosen],
        outputs=[Output(good, draw(st.just(1.0) | above_0)) for good in draw(st.permutations(chosen))],
        scale=draw(above_0),
        **common,
    )


@st.composite
def chains(draw):
    named = draw(st.lists(names, unique_by=key, min_size=2, max_size=8))
    cut = draw(st.integers(1, len(named) - 1))
    known, constants = named[:cut], named[cut:]
    called = draw(st.lists(names, unique_by=key, max_size=4))
    return Chain(
        [draw(goods(name)) for name in known],
        [draw(processes(name, known)) for name in called],
        parameters=[Parameter(name, draw(numbers), draw(remarks)) for name in constants],
        settings=Settings(
            name=draw(remarks),
            numeraire=draw(maybe(st.none(), st.sampled_from(known))),
            tolerance=draw(maybe(st.none(), st.floats(1e-12, 0.01))),
            max_iterations=draw(maybe(st.none(), st.integers(1, 10**9))),
            time_limit=draw(maybe(st.none(), above_0)),
        ),
        observed=[
            Observed(good, draw(maybe(st.none(), st.sampled_from(called))) if called else None, draw(numbers))
            for good in draw(st.lists(st.sampled_from(known), max_size=3))
        ],
    )


@given(chains())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_written_chain_reads_back_equal(tmp_path_factory, chain):
    path = tmp_path_factory.getbasetemp() / "round trip.xlsx"
    write_workbook(chain, path, notes=[["source", "=none"]])
    assert read_workbook(path) == chain


def test_text_is_never_written_as_a_formula(tmp_path):
    path = tmp_path / "book.xlsx"
    write_workbook(Chain([Good("=1+1", notes="=HYPERLINK(0)")], []), path, notes=[["=2+2"]])
    book = load_workbook(path)
    found = [cell for sheet in book for row in sheet for cell in row if str(cell.value).startswith("=")]
    assert len(found) == 3
    assert {cell.data_type for cell in found} == {"s"}


def test_a_written_workbook_holds_only_what_says_something(tmp_path):
    path = tmp_path / "book.xlsx"
    ore = Process("mine", function="leontief", outputs="ore")
    write_workbook(Chain([Good("ore", price=2.0, disposal=None)], [ore]), path)
    book = load_workbook(path)
    assert book.sheetnames == ["goods", "processes"]
    assert [cell.value for cell in book["goods"][1]] == ["good", "unit", "supply", "price", "disposal"]
    assert book["goods"].freeze_panes == "B2"
    assert book["goods"]["A1"].font.bold


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "book.xlsx"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"goods!E2.*32,767"):
        write_workbook(Chain([Good("ore", notes="x" * 40_000)], []), path)
    assert [file.name for file in tmp_path.iterdir()] == ["book.xlsx"]
    assert path.read_text() == "old"


def test_the_essays_chain_reads_as_it_stands(tmp_path):
    chain = read_workbook(save_book(tmp_path / "book.xlsx", TUPPERWARE))
    assert chain == Chain(
        [
            Good("natgas", supply=4),
            Good("ethylene"),
            Good("polyethylene"),
            Good("tupperware", price=1, min_sale=-inf),
        ],
        [Process(name, formula=formula) for name, formula in TUPPERWARE["processes"][1:]],
    )


def test_names_match_without_regard_to_case_and_blanks(tmp_path):
    path = save_book(
        tmp_path / "book.xlsx",
        {
            " Goods": [["GOOD ", "Max  Sale"], ["Crude  Oil ", "INF"], ["fuel", None], [1234], [2.5]],
            "PROCESSES": [["Process", "Function", "Output"], ["Refine ry", "Leontief", "FUEL"]],
            "Inputs": [["process", "good", "Coefficient"], [" refine  RY", "\xa0crude\noil", 2]],
            "outputs": [["process", "good"], ["refine ry", "1234"]],
            "Settings": [
                ["Setting", "VALUE"],
                ["Numeraire", "CRUDE OIL"],
                ["MAX iterations", 50],
                ["name", 7],
            ],
            "Notes": [["anything", 5]],
            "# scratch": [["x"]],
        },
    )
    chain = read_workbook(path)
    assert [good.good for good in chain.goods] == ["Crude Oil", "fuel", "1234", "2.5"]
    assert chain.processes[0].inputs == (Input("Crude Oil", 2),)
    assert chain.processes[0].outputs == (Output("fuel"), Output("1234"))
    assert chain.settings == Settings(name="7", numeraire="Crude Oil", max_iterations=50)


def test_text_that_looks_like_a_value_stays_text(tmp_path):
    path = save_book(
        tmp_path / "book.xlsx",
        {
            "goods": [
                ["good", "unit", "#", "rival"],
                ["NA", "nan", 1, "N"],
                ["TRUE", None, "x", True],
                ["null"],
            ],
            "processes": [["process"]],
        },
    )
    chain = read_workbook(path)
    assert [(good.good, good.unit, good.rival) for good in chain.goods] == [
        ("NA", "nan", False),
        ("TRUE", "", True),
        ("null", "", True),
    ]


def test_disposal_takes_two_words_and_numbers(tmp_path):
    rows = [["good", "disposal"], ["a", "Free"], ["b", "none "], ["c", 3], ["d", None]]
    path = save_book(tmp_path / "book.xlsx", {"goods": rows, "processes": [["process"]]})
    assert [good.disposal for good in read_workbook(path).goods] == [0.0, None, 3.0, 0.0]


def test_an_excel_formula_is_read_by_its_saved_value(tmp_path):
    rows = [["good", "supply", "unit"], ["a", "=2*21", '=""'], ["b", "=1/3"]]
    path = save_book(tmp_path / "book.xlsx", {"goods": rows, "processes": [["process"]]})
    part = "xl/worksheets/sheet1.xml"
    edit_xml(path, part, "<f>2*21</f><v></v>", "<f>2*21</f><v>42</v>")
    edit_xml(path, part, '<c r="C2"><f>""</f><v></v>', '<c r="C2" t="str"><f>""</f><v></v>')
    problems = check_workbook(path)
    # openpyxl asks Excel to calculate the book anew.
    assert [(problem.cell, problem.code) for problem in problems] == [("B2", "W125"), ("B3", "E101")]
    assert "never saved" in problems[1].text
    edit_xml(path, part, "<f>1/3</f><v></v>", "<f>1/3</f><v>0.5</v>")
    assert [(good.supply, good.unit) for good in read_workbook(path).goods] == [(42.0, ""), (0.5, "")]


def shared_book(path, text="", supply="<v>77</v>", shape="General", formula=False):
    """A sound book with shared strings, one of them as XML, and a supply as XML in a number format.

    A formula that was calculated, in a note, is what calamine can't read.
    """
    book = XlsxWriter(path)
    goods, processes = book.add_worksheet("goods"), book.add_worksheet("processes")
    for i, row in enumerate([["good", "supply", "price", "unit", "notes"], ["a", 77, 1, "TEXT"], ["b", 0, 1]]):
        goods.write_row(i, 0, row)
    goods.write_number(1, 1, 77, book.add_format({"num_format": shape}))
    if formula:
        goods.write_formula(2, 4, "=1+1", value=2)
    processes.write_row(0, 0, ["process", "formula"])
    processes.write_row(1, 0, ["p", "b = sqrt(a)"])
    book.close()
    edit_xml(path, "xl/sharedStrings.xml", "<si><t>TEXT</t></si>", f"<si>{text or '<t>t</t>'}</si>")
    edit_xml(path, "xl/worksheets/sheet1.xml", "<v>77</v>", supply)
    return path


TEXTS = [
    ("<t>_x005F_x0041_ t</t>", "_x0041_ t"),
    ("<t>_x0041_ t</t>", "A t"),
    ("<t>_x005F_x0041_x005F_x0042_</t>", "_x0041_x0042_"),
    ("<t>_x005f_x0041_</t>", "_x0041_"),
    ("<t>x005F_ t</t>", "x005F_ t"),
    ("<t>&#95;x005F_x0041_</t>", "_x0041_"),
    ("<r><t>one </t></r><r><t>two</t></r>", "one two"),
    ("<r><t>one</t></r><r><t> two</t></r>", "one two"),
    ("<r><t>one</t></r><r><t>\n</t></r><r><t>two</t></r>", "one\ntwo"),
    ('<r><t xml:space="preserve">one </t></r><r><rPr><b/></rPr><t>two</t></r>', "one two"),
    ('<r><t>one</t></r><rPh sb="0" eb="1"><t>ONE</t></rPh>', "one"),
    ("<t>t_xFFFE_</t>", "t\ufffe"),
    ("<t>steel_xdata</t>", "steel_xdata"),
    ("<t>_xDATA_xfff</t>", "_xDATA_xfff"),
    ("<t>a &amp; <![CDATA[<b>]]></t>", "a & <b>"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_both_readers_read_a_text_alike(tmp_path, text, expected):
    paths = [shared_book(tmp_path / f"{odd}.xlsx", text, formula=odd) for odd in (False, True)]
    assert [read_workbook(path).good("a").unit for path in paths] == [expected] * 2
    inline = shared_book(tmp_path / "inline.xlsx")
    edit_xml(inline, "xl/sharedStrings.xml", "<t>t</t>", "<t>QQQ</t>")
    with zipfile.ZipFile(inline) as archive:
        cell = re.search(r'<c r="D2"[^>]*><v>[0-9]+</v></c>', archive.read("xl/worksheets/sheet1.xml").decode())
    edit_xml(inline, "xl/worksheets/sheet1.xml", cell[0], f'<c r="D2" t="inlineStr"><is>{text}</is></c>')
    assert read_workbook(inline).good("a").unit == expected


SHAPES = ["0*d", "0*m", "*h0.0", '0"d"', "0\\d", "_d0", "[$d]0", "General;[Red]d", "0.00E+00"]


@pytest.mark.parametrize("shape", SHAPES)
def test_both_readers_take_a_number_for_a_number(tmp_path, shape):
    paths = [shared_book(tmp_path / f"{odd}.xlsx", shape=shape, formula=odd) for odd in (False, True)]
    assert [read_workbook(path).good("a").supply for path in paths] == [77, 77]


@pytest.mark.parametrize("shape", ["d", "yyyy", "\\*d", "_*d", "[h]:mm", "mmm*-d"])
def test_both_readers_take_a_date_for_a_date(tmp_path, shape):
    for odd in (False, True):
        (problem,) = check_workbook(shared_book(tmp_path / f"{odd}.xlsx", shape=shape, formula=odd))
        assert (problem.cell, "date or a time" in problem.text) == ("B2", True)


@pytest.mark.parametrize("name", ["steel_xdata", "_xdata_", "_xFFFE", "_xD83D_ t", "x_xdead_y"])
def test_a_name_may_look_like_an_escape(tmp_path, name):
    text = f"<t>{name.replace('_x', '_x005F_x')}</t>"
    assert read_workbook(shared_book(tmp_path / "book.xlsx", text)).good("a").unit == name
    # Other programs leave as it stands what is no escape.
    if not re.search("_x[0-9A-Fa-f]{4}_", name):
        assert read_workbook(shared_book(tmp_path / "bare.xlsx", f"<t>{name}</t>")).good("a").unit == name


def test_an_escape_that_calamine_does_not_undo_is_no_empty_book(tmp_path):
    assert read_workbook(shared_book(tmp_path / "book.xlsx", "<t>_xFFFE_ odd</t>")).good("a").unit == "\ufffe odd"


@pytest.mark.parametrize("markup", ["<f\n>1+1</f>", "<f\t>1+1</f>", "<f>1+1</f>", "<f/>"])
def test_a_formula_is_seen_however_it_is_written(tmp_path, markup):
    (problem,) = check_workbook(shared_book(tmp_path / "book.xlsx", supply=markup))
    assert (problem.cell, "never saved" in problem.text) == ("B2", True)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_an_error_value_is_seen_however_it_is_written(tmp_path, quote):
    path = shared_book(tmp_path / "book.xlsx", supply="<v>#REF!</v>")
    edit_xml(path, "xl/worksheets/sheet1.xml", 'r="B2"', f'r="B2" t={quote}e{quote}')
    (problem,) = check_workbook(path)
    assert (problem.cell, "error value" in problem.text) == ("B2", True)


def test_hidden_rows_and_sheets_and_a_stale_extent_are_read_over(tmp_path):
    path = save_book(tmp_path / "book.xlsx", TUPPERWARE)
    book = load_workbook(path)
    book["goods"].row_dimensions[3].hidden = True
    book["processes"].sheet_state = "hidden"
    book.save(path)
    edit_xml(path, "xl/worksheets/sheet1.xml", 'ref="A1:D5"', 'ref="A1:A2"')
    chain = read_workbook(path)
    assert (len(chain.goods), len(chain.processes)) == (4, 3)
    assert chain.good("tupperware").min_sale == -inf


def test_a_title_above_the_header_is_a_warning(tmp_path):
    sheets = {**TUPPERWARE, "goods": [["My chain, in t"], [], *TUPPERWARE["goods"]]}
    path = save_book(tmp_path / "book.xlsx", sheets)
    assert [(problem.cell, problem.error) for problem in check_workbook(path)] == [("A1", False)]
    assert len(read_workbook(path).goods) == 4


def test_merged_cells_are_a_warning(tmp_path):
    path = save_book(tmp_path / "book.xlsx", TUPPERWARE)
    book = load_workbook(path)
    book["goods"].merge_cells("B3:C4")
    book.save(path)
    (problem,) = check_workbook(path)
    assert (problem.sheet, problem.cell, problem.error) == ("goods", "B3", False)
    assert "B3:C4" in problem.text


def test_rows_may_share_a_merged_cell_where_it_is_no_amount(tmp_path):
    """A process over its inputs, a firm over two processes, a unit over two goods: as if typed in each row."""
    goods = [
        ["good", "unit", "supply", "price"],
        ["ore", "t", 4],
        ["coal", None, 2],
        ["gas", "m3", 2],
        ["iron", "kg", None, 9],
    ]
    processes = [
        ["process", "firm", "function", "output"],
        ["mill", "works", "leontief", "iron"],
        ["forge", None, None, None],
    ]
    inputs = [["process", "good", "coefficient"], ["mill", "ore", 2], [None, "coal", 1], [None, None, None],
              [None, "gas", 1], ["forge", "ore", 3]]  # fmt: skip
    path = save_book(tmp_path / "book.xlsx", {"goods": goods, "processes": processes, "inputs": inputs})
    book = load_workbook(path)
    merged = {"goods": ["B2:B3"], "processes": ["B2:B3", "C2:C3", "D2:D3"], "inputs": ["A2:A5"]}
    for sheet, extent in ((sheet, extent) for sheet, of in merged.items() for extent in of):
        book[sheet].merge_cells(extent)
    book.save(path)
    chain = read_workbook(path)
    assert [good.unit for good in chain.goods] == ["t", "t", "m3", "kg"]
    assert [process.firm for process in chain.processes] == ["works", "works"]
    assert [[use.good for use in process.inputs] for process in chain.processes] == [
        ["ore", "coal", "gas"],
        ["ore"],
    ]
    assert [caution.code for caution in chain.warnings] == ["N215"] * 5
    assert 'A2:A5 are merged: each of these rows has "mill" for its process' in chain.warnings[-1].text


def test_the_template_has_every_column_explained_and_drop_downs(tmp_path):
    path = tmp_path / "new.xlsx"
    write_template(path)
    book = load_workbook(path)
    assert set(book.sheetnames) == {
        "notes", "goods", "processes", "inputs", "outputs", "parameters", "settings", "observed",
    }  # fmt: skip
    for sheet in book:
        if sheet.title != "notes":
            assert all(cell.comment for cell in sheet[1])
            assert sheet.max_row == 1
    lists = {
        (sheet.title, sheet.cell(1, area.min_col).value): validation.formula1
        for sheet in book
        for validation in sheet.data_validations.dataValidation
        for area in validation.sqref.ranges
    }
    assert lists["processes", "function"] == '"cobb-douglas,ces,leontief,linear,quadratic,stone-geary"'
    assert lists["goods", "disposal"] == '"free,none"'
    assert lists["goods", "rival"] == '"yes,no"'
    assert "max iterations" in lists["settings", "setting"]
    assert lists["inputs", "good"].startswith("=goods!$A$2")
    assert lists["inputs", "process"].startswith("=processes!$A$2")


def test_the_template_lacks_nothing_but_goods(tmp_path):
    path = tmp_path / "new.xlsx"
    write_template(path)
    (problem,) = check_workbook(path)
    assert str(problem).startswith("E309 goods!A2: the chain has no goods")


def test_the_template_overwrites_nothing(tmp_path):
    path = tmp_path / "new.xlsx"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="exists already"):
        write_template(path)
    assert path.read_text() == "mine"


def test_the_schema_documents_every_column_of_the_template(tmp_path):
    path = tmp_path / "new.xlsx"
    write_template(path)
    text = schema_markdown()
    book = load_workbook(path)
    for sheet in book:
        if sheet.title != "notes":
            assert f"### Sheet `{sheet.title}`" in text
            assert all(f"| `{cell.value}` |" in text for cell in sheet[1])


def test_a_book_of_empty_sheets_is_refused_in_one_line(tmp_path):
    path = save_book(tmp_path / "book.xlsx", {"Sheet1": [], "Sheet2": []})
    (problem,) = check_workbook(path)
    assert "holds nothing: it needs the sheets goods and processes" in str(problem)


def test_a_damaged_sheet_is_refused_in_one_line(tmp_path):
    path = save_book(tmp_path / "book.xlsx", TUPPERWARE)
    edit_xml(path, "xl/worksheets/sheet1.xml", "</sheetData>", "</sheet>")
    (problem,) = check_workbook(path)
    assert "damaged" in problem.text
    assert "\n" not in str(problem)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "there is no file"),
        ("a folder", "is a folder"),
        (b"", "is empty"),
        (b"good,price\nore,1\n", "a table as text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        (b"PK\x03\x04" + bytes(600), "damaged"),
        (b"PK\x05\x06" + bytes(18), "empty archive"),
    ],
)
def test_a_file_that_is_no_workbook_is_refused_in_one_line(tmp_path, content, word):
    path = tmp_path / "book.xlsx"
    if content == "a folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(WorkbookError, match=word) as caught:
        read_workbook(path)
    assert len(str(caught.value).splitlines()) == 1
    assert len(check_workbook(path)) == 1


def test_every_sheet_takes_notes(tmp_path):
    """They are kept, but for those of settings, and change nothing."""
    chain = co.Chain(
        [co.Good("ore", supply=2, notes="n1"), co.Good("steel", price=3)],
        [
            co.Process(
                "mill",
                function="leontief",
                inputs=[co.Input("ore", 1, notes="n2")],
                outputs=[co.Output("steel", notes="n3")],
                notes="n4",
            )
        ],
        parameters=[co.Parameter("k", 1, notes="n5")],
        observed=[co.Observed("ore", "mill", amount=1, notes="n6")],
        settings=co.Settings(name="noted"),
    )
    co.write_workbook(chain, tmp_path / "book.xlsx")
    book = load_workbook(tmp_path / "book.xlsx")
    book["settings"].cell(1, 3, "Notes")
    book["settings"].cell(2, 3, "any text")
    book.save(tmp_path / "book.xlsx")
    found = co.read_workbook(tmp_path / "book.xlsx")
    assert (found, found.warnings) == (chain, chain.warnings)
    assert "n2" in {cell.value for row in book["inputs"] for cell in row}
    solution = co.solve(found)
    assert solution.objective == pytest.approx(6)
    co.write_excel(found, solution, tmp_path / "report.xlsx")
    inputs = {cell.value for row in load_workbook(tmp_path / "report.xlsx")["Inputs"] for cell in row}
    assert {f"n{i}" for i in range(1, 7)} <= inputs
