"""Bad and odd workbooks in chainopt's own layout, each with the verdicts that it must get and no others.

Most are the sound book with other values in some cells; the docs' page of errors takes its examples from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from books import SOUND, edit_xml, faulty, save_book
from containers import CONTAINERS, LIMITED

import chainopt as co


@dataclass(frozen=True)
class Sample:
    """A workbook with something odd: its verdicts ("E104 goods!B3"), a word of the first, its making."""

    name: str
    verdicts: tuple[str, ...]
    word: str
    make: Callable[[Path], Path]


def _changed(name, verdict, word, *changes):
    return Sample(name, tuple(verdict.split(", ")) if verdict else (), word, lambda path: faulty(path, *changes))


def _sheets(name, verdict, word, **sheets):
    """The sound book with other sheets; one that is None is left out."""
    whole = {**SOUND, **{key.replace("__", " "): rows for key, rows in sheets.items()}}
    kept = {key: rows for key, rows in whole.items() if rows is not None}
    return Sample(name, tuple(verdict.split(", ")) if verdict else (), word, lambda path: save_book(path, kept))


def _edited(name, verdict, word, part, old, new, *changes):
    def make(path):
        faulty(path, *changes)
        edit_xml(path, part, old, new)
        return path

    return Sample(name, tuple(verdict.split(", ")) if verdict else (), word, make)


def _content(name, verdict, word, content):
    def make(path):
        path.write_bytes(content)
        return path

    return Sample(name, (verdict,), word, make)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
"""The beginning of old Office files, and of those with a password."""


def _formula(text, code, word, name=None):
    return _changed(name or f"a formula: {text[:30]}", f"{code} processes!B3", word, ("processes", "B3", text))


NUMBERS = tuple(
    _changed(f"a number as {value!r}", f"{code} goods!B3", word, ("goods", "B3", value))
    for value, code, word in [
        ("42,5", "E104", "Did you mean 42.5?"),
        ("42.5", "E104", "Did you mean 42.5?"),
        ("1 000", "E104", "Did you mean 1000?"),
        ("1\xa0000", "E104", "Did you mean 1000?"),
        ("1\u202f000", "E104", "Did you mean 1000?"),
        ("1\u2009000", "E104", "Did you mean 1000?"),
        ("1'000", "E104", "Did you mean 1000?"),
        ("1_000", "E104", "Did you mean 1000?"),
        ("1.000,5", "E104", "Did you mean 1000.5?"),
        ("1,000.5", "E104", "Did you mean 1000.5?"),
        ("1,000", "E104", "Did you mean 1000 or 1?"),
        ("1e3", "E104", "Did you mean 1000?"),
        ("5 t", "E104", 'Did you mean 5 (without "t")?'),
        ("USD 5", "E104", 'Did you mean 5 (without "USD")?'),
        ("$5", "E104", 'Did you mean 5 (without "$")?'),
        ("10%", "E104", "Did you mean 0.1?"),
        ("\u22125", "E104", "Did you mean -5?"),
        ("４２", "E104", "Did you mean 42?"),
        ("lots", "E104", '"lots" is text, not a number'),
        ("1/2", "E104", '"1/2" is text, not a number'),
        ("nan", "E104", '"nan" is text, not a number'),
        ("-", "E104", '"-" is text, not a number'),
        ("\u200b", "E104", "<U+200B>"),
        ("inf", "E108", "not allowed here"),
        ("-inf", "E108", "not allowed here"),
        (True, "E105", "TRUE is a truth value"),
        (datetime(2024, 5, 1), "E106", "2024-05-01"),
        (date(2026, 2, 1), "E106", "2026-02-01"),
        (time(12, 30), "E106", "12:30"),
        ("#REF!", "E102", "#REF! is an error value"),
        ("#N/A", "E102", "#N/A is an error value"),
        ("#DIV/0!", "E102", "#DIV/0! is an error value"),
        ("=A1*2", "E101", "never saved"),
        (5e-320, "W120", "digits are lost"),
    ]
)

CELLS = (
    _changed("a name given twice", "E302 goods!A7", "twice", ("goods", "A7", " ORE ")),
    _changed("a row without a name", "E103 goods!A7", "blank", ("goods", "B7", 1)),
    _changed("a truth value for a name", "E111 goods!A7", "format the cell as text", ("goods", "A7", True)),
    _changed("a date for a name", "E112 goods!A7", "as text", ("goods", "A7", datetime(2024, 5, 1))),
    _changed("an error value for a name", "E102 goods!A7", "#NAME?", ("goods", "A7", "#NAME?")),
    _changed("a bad price, whose elasticity is not at fault", "E104 goods!C4", "text", ("goods", "C4", "dear")),
    _changed("a bad elasticity, whose reference is not", "E104 goods!F4", "text", ("goods", "F4", "high")),
    _changed("a max sale below the min sale", "E405 goods!D4", "-1", ("goods", "D4", -1)),
    _changed("a price that the elasticity needs", "E407 goods!F4", "price above 0", ("goods", "C4", None)),
    _changed("an elasticity without its sale", "E408 goods!G4", "at which the price", ("goods", "G4", None)),
    _changed("a demand curve below 0", "E409 goods!E4", "no demand curve", ("goods", "E4", -1)),
    _changed("a sale below 0 without a price", "E403 goods!E2", "needs a price", ("goods", "E2", -1)),
    _changed("an infinite obligation", "E402 goods!E4", "can't be sold", ("goods", "E4", "inf")),
    _changed("an obligation of a non-rival good", "E404 goods!E6", "read whole", ("goods", "E6", 1)),
    _changed("a reference sale without an elasticity", "W410 goods!G4", "no effect", ("goods", "F4", None)),
    _changed("a supply that nobody takes", "N411 goods!B6", "nobody uses", ("goods", "B6", 1)),
    _changed("a max import without a price", "W401 goods!J2", "no effect", ("goods", "J1", "max import"),
             ("goods", "J2", 5)),
    _changed("an unknown word for disposal", "E109 goods!H5", 'Did you mean "free"', ("goods", "H5", "fre")),
    _changed("a truth value for disposal", "E105 goods!H5", "truth value", ("goods", "H5", False)),
    _changed("neither yes nor no", "E110 goods!I6", "yes nor no", ("goods", "I6", "maybe")),
    _changed("a number for yes or no", "E110 goods!I6", "yes nor no", ("goods", "I6", 0)),
    _changed("an unknown column", "E208 goods!K1", "known ones are", ("goods", "K1", "capasity")),
    _changed("a misspelt column", "E208 goods!C1", 'Did you mean "price"', ("goods", "C1", "pricee")),
    _changed("a misspelt column that is required", "E208 goods!A1", '"good"', ("goods", "A1", "goood")),
    _changed("a required column left out", "E205 inputs!A1", '"good" is missing', ("inputs", "B1", "#")),
    _changed("a doubled column", "E207 goods!K1", "second column", ("goods", "K1", "PRICE")),
    _changed("a value under no header", "E206 goods!K3", "without a name", ("goods", "K3", "see Bob")),
    _changed("a stray cell far away", "E206 goods!ZZ3000", "without a name", ("goods", "ZZ3000", "stray")),
    _changed("neither formula nor function", "E453 processes!C4", "a function", ("processes", "C4", None)),
    _changed("both formula and function", "E454 processes!B3", "not both", ("processes", "C3", "linear")),
    _changed("an unknown function", "E305 processes!C2", "no function", ("processes", "C2", "cess")),
    _changed("a number for a formula", "E114 processes!B3", "output = expression", ("processes", "B3", 5)),
    _changed("an Excel formula for a formula", "E113 processes!B3", "leading", ("processes", "B3", "=SQRT(A1)")),
    _changed("an unknown output", "E303 processes!D2", 'Did you mean "steel"', ("processes", "D2", "steal")),
    _changed("an output given on two sheets", "E461 outputs!B2", "already", ("outputs", "B2", "Steel")),
    _changed("a formula's own output again", "E461 processes!D3", "already", ("processes", "D3", "power")),
    _changed("a level above capacity", "E452 processes!G2", "above the capacity", ("processes", "G2", 101)),
    _changed("an infinite level", "E108 processes!G2", "not allowed here", ("processes", "G2", "-inf")),
    _changed("a capacity below 0", "E118 processes!F2", "at least 0", ("processes", "F2", -5)),
    _changed("a bad capacity, whose level is not at fault", "E104 processes!F2", "text",
             ("processes", "F2", "big"), ("processes", "G2", 5)),
    _changed("an elasticity of 1", "E456 processes!E2", "cobb-douglas", ("processes", "E2", 1)),
    _changed("an elasticity left out", "E455 processes!E2", "ces needs", ("processes", "E2", None)),
    _changed("an elasticity of a leontief", "E458 processes!E4", "no elasticity", ("processes", "E4", 2)),
    _changed("an elasticity beside a formula", "E460 processes!E3", "says it all", ("processes", "E3", 2)),
    _changed("returns of a leontief", "E457 processes!H4", "no returns", ("processes", "H1", "returns"),
             ("processes", "H4", 0.5)),
    _changed("a function without inputs", "E459 processes!C2", "at least one input", ("inputs", "A2", "mine"),
             ("inputs", "A3", "mine"), ("inputs", "B4", "steel")),
    _changed("an unknown process", "E304 inputs!A4", 'Did you mean "mine"', ("inputs", "A4", "mien")),
    _changed("a process unlike any", "E304 outputs!A2", "add it to the sheet", ("outputs", "A2", "xyz")),
    _changed("an unknown good", "E303 inputs!B2", 'Did you mean "ore"', ("inputs", "B2", "oare")),
    _changed("a min of an input above its max", "E467 inputs!E3", "above the max", ("inputs", "E1", "min"),
             ("inputs", "E3", 9)),
    _changed("a min of an input below 0", "E118 inputs!E3", "at least 0", ("inputs", "E1", "min"),
             ("inputs", "E3", -1)),
    _changed("a coefficient left out", "E465 inputs!C2", "coefficient above 0", ("inputs", "C2", None)),
    _changed("a coefficient below 0", "E118 inputs!C2", "above 0", ("inputs", "C2", -1)),
    _changed("what can't be thrown away, in a min", "W519 processes!B3", '"slag" can\'t be thrown away',
             ("processes", "B3", "power = ore^0.5 + min(0.1 + Slag, k)")),
    _changed("a percentage for an exponent", "W467 inputs!C2", "is large", ("processes", "C2", "cobb-douglas"),
             ("processes", "E2", None), ("inputs", "C2", 40)),
    _changed("a coefficient of a formula", "E466 inputs!C5", "no coefficients", ("inputs", "A5", "grinder"),
             ("inputs", "B5", "ore"), ("inputs", "C5", 1)),
    _changed("an input that the formula lacks", "E462 inputs!B5", "stands in it", ("inputs", "A5", "grinder"),
             ("inputs", "B5", "steel")),
    _changed("a formula's input limited twice", "E464 inputs!B6", "listed twice", ("inputs", "A5", "grinder"),
             ("inputs", "B5", "ore"), ("inputs", "D5", 1), ("inputs", "A6", "grinder"), ("inputs", "B6", "Ore"),
             ("inputs", "D6", 2)),
    _changed("a good used twice", "E463 inputs!B3", "add the two up", ("inputs", "B3", "ore")),
    _changed("a yield of 0", "E118 outputs!C2", "above 0", ("outputs", "C2", 0)),
    _changed("a parameter without a value", "E103 parameters!B2", "blank", ("parameters", "B2", None)),
    _changed("a parameter named like a good", "E308 parameters!A3", "this name", ("parameters", "A3", "ore")),
    _changed("an unknown setting", "E306 settings!A2", 'Did you mean "name"', ("settings", "A2", "nme")),
    _changed("a setting given twice", "E307 settings!A3", "twice", ("settings", "A3", "NAME")),
    _changed("a value without a setting", "E103 settings!A4", "blank", ("settings", "B4", 5)),
    _changed("a tolerance too large", "E118 settings!B3", "0.01", ("settings", "B3", 1)),
    _changed("a tolerance as text", "E104 settings!B3", "Did you mean 1e-08?", ("settings", "B3", "1e-8")),
    _changed("half an iteration", "E471 settings!B4", "whole number", ("settings", "A4", "max iterations"),
             ("settings", "B4", 10.5)),
    _changed("an unknown good observed", "E303 observed!B3", '"steel"', ("observed", "B3", "steeel")),
    _changed("an unknown process observed", "E304 observed!A2", '"smelter"', ("observed", "A2", "smeltr")),
    _changed("an observation of nothing", "E103 observed!B2", "blank", ("observed", "B2", None)),
    _changed("two faults in two rows", "E104 goods!B2, E303 inputs!B2", "text", ("goods", "B2", "1o"),
             ("inputs", "B2", "oer")),
)  # fmt: skip

NAMES = (
    _changed("a zero-width blank in a name", "N310 inputs!B2", "can't be seen", ("inputs", "B2", "o\u200bre")),
    _changed("a name of nothing that is seen", "E301 goods!A7", "is not a name", ("goods", "A7", "\u200b\u00ad")),
    _changed("a soft hyphen in a name", "N310 goods!A2", "can't be seen", ("goods", "A2", "o\u00adre")),
    _changed("a Cyrillic letter in a reference", "E303 inputs!B2", "Cyrillic", ("inputs", "B2", "оre")),
    _changed("a Greek letter in a reference", "E303 inputs!B2", "Greek", ("inputs", "B2", "οre")),
    _changed("two goods that look alike", "W311 goods!A7", "looks like", ("goods", "A7", "оrе")),
    _changed("two goods, one in full width", "W311 goods!A7", "looks like", ("goods", "A7", "ｏｒｅ")),
    _changed("two forms of one accent", "E302 goods!A8", "twice", ("goods", "A7", "café"),
             ("goods", "A8", "cafe\u0301")),
    _changed("another form of an accent in a reference", "", "", ("goods", "A2", "orè"),
             ("processes", "B3", "power = [ore\u0300]^0.5 * k"), ("inputs", "B2", "ore\u0300"),
             ("processes", "D4", "orè"), ("observed", "B2", "orè")),
    _changed("blanks and capitals of a reference", "", "", ("inputs", "B2", "  ORE\xa0")),
    _changed("a row of totals", "W312 goods!A7", "row of totals", ("goods", "A7", "Total")),
)  # fmt: skip

FORMULAS = (
    _formula("power = oar", "E516", "neither a good nor"),
    _formula("powr = ore", "E303", 'Did you mean "power"'),
    _formula("power = 2 ore", "E507", "write * between"),
    _formula("power = 2,5*ore", "E507", "decimals with a point"),
    _formula("power = 2ore", "E503", "write * between"),
    _formula("power = 2×ore", "E502", "write * for a product"),
    _formula("power = ore**2", "E509", "write ^"),
    _formula("power = ore*", "E511", "ends where"),
    _formula("power = (ore", "E505", 'expected ")"'),
    _formula("power = *ore", "E512", "stands where"),
    _formula("ore + 1", "E505", 'expected "="'),
    _formula("2 = ore", "E508", "begins with the good"),
    _formula("power = ore; power = ore", "E517", "made twice"),
    _formula("power = ore + 1/0", "E518", "no finite value"),
    _formula("power = ore*(-8)^(1/3)", "E518", "no finite value"),
    _formula("power = ore + 9^9^9^9", "E518", "no finite value"),
    _formula("power = ore*1e999", "E510", "too large"),
    _formula("power = factorial(1e7)", "E513", "not a function"),
    _formula("power = sqrt(2,ore)", "E514", "one argument"),
    _formula("power = []", "E515", "no name"),
    _formula("power = ore<=1", "E502", "no comparisons"),
    _formula("power = оre", "E516", "Cyrillic"),
    _formula("power = ore\u200b", "E502", "U+200B"),
    _formula("power = ４*ore", "E502", "not allowed"),
    _formula("power = __import__('os').system('x')", "E502", "not allowed"),
    _formula("power = lambda: ore", "E502", "not allowed"),
    _formula("power = ore.__class__", "E502", "brackets"),
    _formula("power = [x for x in ore]", "E516", "neither a good"),
    _formula("power = (y := ore)", "E502", "not allowed"),
    _formula("power = f'{ore}'", "E502", "not allowed"),
    _formula("power = " + "(" * 31_000 + "ore", "E501", "characters", "a formula of 31,000 parentheses"),
    _formula("power = " + "(" * 100 + "ore" + ")" * 100, "E506", "nested", "a formula of 100 parentheses"),
    _formula("power = " + "-" * 1_000 + "ore", "E506", "nested", "a formula of 1,000 minus signs"),
    _formula("power = ore" + "+1" * 12_000, "E504", "steps", "a formula of 12,001 terms"),
)

SHEETS = (
    _sheets("no goods", "E203 goods", "missing", goods=None),
    _sheets("no processes", "E203 processes", "missing", processes=None),
    _sheets("a misspelt sheet", "E202 good", 'Did you mean "goods"', goods=None, good=SOUND["goods"]),
    _sheets("a sheet of one's own", "E202 input_data", "no sheet that", input_data=[["anything"], [1]]),
    _sheets("a sheet twice", "E201 Goods ", "second sheet", Goods__=[["good"]]),
    _sheets("an empty sheet of goods", "E204 goods!A1", "empty", goods=[]),
    _sheets("no good at all", "E309 goods!A2", "no goods", goods=[["good", "supply"]], processes=[["process"]],
            inputs=None, outputs=None, parameters=None, settings=None, observed=None),
    _sheets("a title above the header", "W209 goods!A1", "row 3", goods=[["Our goods"], [], *SOUND["goods"]]),
    _sheets("blank rows", "", "", goods=[r for row in SOUND["goods"] for r in (row, [])]),
    _sheets("columns and sheets of notes", "", "", notes=[["anything"], [1]],
            **{"#scratch": [["anything"], ["=1/0"]]}),
)  # fmt: skip


def _shared(path):
    """One cell for the process of two inputs."""
    from openpyxl import load_workbook

    faulty(path)
    book = load_workbook(path)
    book["inputs"].merge_cells("A2:A3")
    book.save(path)
    return path


def _merged(path):
    from openpyxl import load_workbook

    faulty(path)
    book = load_workbook(path)
    book["goods"].merge_cells("K2:K3")
    book["goods"]["K1"] = "notes"
    book.save(path)
    return path


def _text_formula(path):
    from openpyxl import load_workbook

    faulty(path)
    book = load_workbook(path)
    book["processes"]["B3"].value, book["processes"]["B3"].data_type = "= power = ore", "s"
    book.save(path)
    return path


ODD_XML = (
    Sample("a formula as text that begins with =", ("E115 processes!B3",), "leading", _text_formula),
    Sample("merged cells", ("W210 goods!K2",), "merged", _merged),
    Sample("a process for two rows", ("N215 inputs!A2",), 'each of these rows has "smelter"', _shared),
    _edited("a number beyond all numbers", "E117 goods!B3", "finite", "xl/worksheets/sheet1.xml",
            '<c r="B3" t="n"><v>5</v></c>', '<c r="B3"><v>1E999</v></c>'),
    _edited("a whole number of 400 digits", "E107 goods!B3", "too large", "xl/worksheets/sheet1.xml",
            '<c r="B3" t="n"><v>5</v></c>', f'<c r="B3"><v>{"9" * 400}</v></c>'),
)  # fmt: skip

FILES = (
    Sample("no file", ("E001",), "there is no file", lambda path: path.with_name("absent.xlsx")),
    Sample("a folder", ("E002",), "is a folder", lambda path: path.parent),
    Sample("an endless name", ("E003",), "can't be read", lambda path: path.with_name("x" * 300)),
    _content("an empty file", "E004", "is empty", b""),
    _content("an old .xls", "E008", "old .xls", OLE + "Workbook".encode("utf-16-le")),
    _content("a password", "E005", "password", OLE + "EncryptedPackage".encode("utf-16-le")),
    _content("a table as text", "E006", "goods.csv", b"good,supply\nore,5\n"),
    Sample(
        "sheets without a cell", ("E007",), "holds nothing", lambda path: save_book(path, {"goods": [], "x": []})
    ),
)

SAMPLES = (
    *FILES,
    *SHEETS,
    *NUMBERS,
    *CELLS,
    *NAMES,
    *FORMULAS,
    *ODD_XML,
    *(Sample(*container) for container in CONTAINERS),
)


@dataclass(frozen=True)
class Made:
    """A chain made in Python that can't be: its code, a word, and the making."""

    name: str
    code: str
    word: str
    make: Callable[[], object]


@dataclass(frozen=True)
class Limited:
    """A workbook refused for a limit that the environment sets."""

    name: str
    code: str
    word: str
    environment: dict[str, str]
    make: Callable[[Path], Path]


@dataclass(frozen=True)
class Run:
    """A run of `chainopt solve chain.xlsx` that is cut off: its code, the line, its exit code, what cuts it
    off, Python that runs before the command, and which reports are left."""

    name: str
    code: str
    text: str
    exit: int
    before: str
    reports: tuple[str, ...] = ("xlsx", "html")


_SIGINT = "os.kill(os.getpid(), signal.SIGINT)"
# Every problem goes into a process of its own, and what stands for a factorisation of minutes ends otherwise.
_ELSEWHERE = """import cyipopt
sys.modules['chainopt.ipopt.interior'].LARGE = 0
class Ends(cyipopt.Problem):
    def solve(self, *_): """
_ENDING = "\ncyipopt.Problem = Ends"
_MORE = "Close other programs, raise the limit (ulimit -v), or solve a smaller chain"
_PLAN = "while Ipopt was at it: the best plan so far is kept, without prices"
RUNS = (
    Run("Ctrl-C while reading", "E601", "interrupted while reading chain.xlsx: nothing was written", 130,
        f"chainopt.read_workbook = lambda *_: {_SIGINT}", ()),
    Run("Ctrl-C while writing", "E601", "interrupted while writing: each file is whole, or as it was before", 130,
        f"os.fsync = lambda _: {_SIGINT}", ()),
    Run("Ctrl-C while solving", "N605",
        "interrupted: what there is goes into the reports, labelled; Ctrl-C again leaves without them", 130,
        f"sys.modules['chainopt.solution.attempts'].build = lambda *_, **__: {_SIGINT}"),
    Run("no memory to read", "E602",
        f"the memory ran out while reading chain.xlsx: nothing was written. {_MORE}", 5,
        "def fail(*_): raise MemoryError\nchainopt.read_workbook = fail", ()),
    Run("killed for its memory", "E603",
        f"the memory ran out {_PLAN}. {_MORE}; the market route (--method market) needs less", 5,
        f"{_ELSEWHERE}os.kill(os.getpid(), signal.SIGKILL){_ENDING}"),
    Run("a fault in a library", "E604",
        f"the process that solved ended by itself (SIGSEGV), as where the memory runs out, {_PLAN}", 5,
        f"{_ELSEWHERE}os.kill(os.getpid(), signal.SIGSEGV){_ENDING}"),
    Run("a fault in a report", "E606",
        "the report reports/chain-report.xlsx is missing, by a fault in chainopt and not in the workbook: "
        "IndexError: tuple index out of range. All other results stand; please report it to those who maintain "
        "chainopt, with this line and the workbook", 2,
        "def fail(*_, **__): raise IndexError('tuple index out of range')\nchainopt.write_excel = fail",
        ("html",)),
)  # fmt: skip

LIMITS = tuple(Limited(*limited) for limited in LIMITED)

RECORDS = (
    Made("a level without end", "E451", "leave it blank",
         lambda: co.Chain([co.Good("a")], [co.Process("p", formula="a = 1", min_level=float("inf"))])),
    Made("a word for a number", "E116", "not a number", lambda: co.Chain([co.Good("a", supply="x")], [])),
    Made("nan", "E116", "not a number", lambda: co.Chain([co.Good("a", supply=float("nan"))], [])),
    Made("a number for a formula", "E119", "not text",
         lambda: co.Chain([co.Good("a"), co.Good("b")], [co.Process("p", formula=5)])),
    Made("a number for a name", "E301", "not a name", lambda: co.Chain([co.Good(5)], [])),
    Made("a name that can't be seen", "E301", "not a name", lambda: co.Chain([co.Good("\u200b")], [])),
    Made("a supply without end", "E117", "finite", lambda: co.Chain([co.Good("a", supply=float("inf"))], [])),
)  # fmt: skip
