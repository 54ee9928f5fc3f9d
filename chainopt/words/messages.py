"""All that is said of a workbook's cells and of a chain's records: a code, a text with gaps, and what it means.

The reader, the checks, the formulas and the docs' page of errors take their words from here. E is an error: the
chain is refused. W is a warning: it is read, and may not be what was meant. N is a notice: it is read, and said.
The hundreds of a code: 0 the file, 1 a cell's value, 2 sheets and columns, 3 names, 4 goods and processes, 5
formulas, 6 the run of a command. In a text `it` is the record at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MESSAGES: dict[str, Message] = {}
"""By code."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text with gaps, its code, and what the reader of the code's entry in the docs is told."""

    code: str
    text: str
    meaning: str

    def says(self, **gaps: Any) -> str:
        """The text with its gaps filled."""
        return self.text.format(**gaps)

    def line(self, **gaps: Any) -> str:
        """The same after its code, for what is said of no cell."""
        return f"{self.code}: {self.says(**gaps)}"


def is_error(code: str) -> bool:
    """Whether what has this code keeps a chain from being read; without a code it does."""
    return not code.startswith(("W", "N"))


def is_warning(code: str) -> bool:
    """Whether what has this code may not be what was meant; a notice is only said."""
    return code.startswith("W")


def _message(code: str, text: str, meaning: str) -> Message:
    assert code not in MESSAGES
    MESSAGES[code] = Message(code, text, meaning)
    return MESSAGES[code]


# fmt: off
NO_FILE = _message("E001", "there is no file {path}", "The path names nothing. Look at its spelling.")
FOLDER = _message("E002",
    "{path} is a folder without {needed}: name a workbook, or a folder with a .csv file for each sheet",
    "A folder of goods.csv, processes.csv and so on is read as a workbook.")
UNREADABLE = _message("E003", "{path} can't be read: {why}", "The system refuses to open the file.")
EMPTY_FILE = _message("E004", "{path} is empty: it is no workbook", "The file has no bytes: a failed copy?")
PASSWORD = _message("E005", "{path} is protected by a password: open it, take the password away and save it",
    "Without the password nothing of the file can be read.")
NO_WORKBOOK = _message("E006", "{path} is no workbook, but {what}: {advice}",
    "The file's content is not that of a workbook, whatever its name says.")
NOTHING = _message("E007", "{path} holds nothing: it needs the sheets {sheets}",
    "Every cell of every sheet is empty.")
OTHER_FORMAT = _message("E008", "{path} is {what}, which chainopt doesn't read: {advice}",
    "Read are .xlsx, .xlsm (its macros are not looked at), .ods, and folders of .csv files.")
_RESAVE = "open it in Excel or LibreOffice and save it anew"
_AGAIN = f"copy or download it again, or {_RESAVE}"
DAMAGED = _message("E009", f"{{path}} is damaged: {{why}}; {_AGAIN}",
    "A workbook is a zip archive of XML parts, and this one is not whole.")
DAMAGED_PART = _message("E010", f"{{path}} is damaged, in its part {{part}}: {{why}}; {_AGAIN}",
    "One part can't be unpacked, or is no XML. What is left of the others is not guessed at.")
PART_TWICE = _message("E011", f"{{path}} holds its part {{part}} twice: {_RESAVE}",
    "It could be either that counts, and programs differ in which they take.")
LOCKED_PART = _message("E012", "{path} is a zip archive with a password: unpack it, and save the workbook without",
    "As for E005.")
DECLARES = _message("E013", f"{{path}} declares a document type or entities in its part {{part}}: {_RESAVE}",
    "No spreadsheet program writes them; they serve to make files grow, or to read other files.")
TOO_LARGE_FILE = _message("E014",
    "{path} would unpack to {size:,.0f} MB; {most:,} are read: {variable} in the environment allows more",
    "What takes more memory than a workbook should is read only when asked for.")
SWOLLEN = _message("E015",
    f"{{path}} would unpack its part {{part}} to {{ratio:,.0f}} times its size, as no workbook does: {_RESAVE}",
    "A file made to fill the memory.")
MANY_PARTS = _message("E016", "{path} has {count:,} parts; {most:,} are read: leave out pictures and objects",
    "Workbooks have dozens of parts.")
STRAY_PATH = _message("E017", f'a part of {{path}} is called "{{part}}", which leads out of the file: {_RESAVE}',
    "Parts have plain paths; others serve to overwrite files.")
MISSING_PART = _message("E018", f"the book refers to this sheet as {{part}}, which is not there: {_RESAVE}",
    "The workbook lists a sheet that the file doesn't hold.")
TOO_LONG = _message("E019",
    "{path} takes longer than {most:,} s to read: {variable} in the environment allows more",
    "Sheets with Excel formulas, error values or dates take longer than others.")
GAVE_UP = _message("E020",
    "reading {path} broke off, as where it takes more than {most:,} MB: {variable} in the environment allows more",
    "A large workbook is read in a process of its own, and nothing else ends with it.")
MANY_CELLS = _message("E021", "{path} has more than {most:,} cells: {variable} in the environment allows more",
    "What takes more memory than a workbook should is read only when asked for.")
BAD_CSV = _message("E022", "{path}: {why}: save it as CSV in UTF-8",
    "A .csv file is text in UTF-8 or UTF-16, its cells parted by commas, semicolons or tabs.")
BAD_LIMIT = _message("E023", '{variable} is "{text}": write a whole number above 0',
    "A limit set in the environment.")

UNSAVED = _message("E101",
    "{formula} is an Excel formula whose value was never saved: open the workbook in Excel or LibreOffice and "
    "save it, or write the value",
    "chainopt reads the values that a spreadsheet program saved; a program that only writes formulas saves none.")
ERROR_VALUE = _message("E102", "{value} is an error value of Excel, not {holds}: repair the cell or clear it",
    "The cell's formula failed in the spreadsheet.")
BLANK = _message("E103", "is blank: every row of {of} needs {holds} here",
    "A name, or a figure, that no row can lack.")
TEXT_FOR_NUMBER = _message("E104", "{text} is text, not a number{advice}",
    "A figure that was typed or imported as text: a decimal comma, blanks between thousands, a unit beside it. "
    "chainopt never guesses: it says what was probably meant.")
TRUTH_FOR_NUMBER = _message("E105", "{value} is a truth value, not a number: {instead}",
    "TRUE and FALSE are not 1 and 0 here.")
DATE_FOR_NUMBER = _message("E106",
    "{value} is a date or a time, not a number: format the cell as a number and type it again",
    "Spreadsheets turn what looks like a date, such as 1/2, into one.")
TOO_LARGE = _message("E107", "the number is too large: use other units", "Beyond 1.8e308 there are no numbers.")
INFINITE = _message("E108", "{text} is not allowed here: give a finite number", "Only limits may be infinite.")
NO_DISPOSAL = _message("E109", "{text} is neither free, none nor a number{hint}",
    "What disposal costs, or one of two words.")
NEITHER_YES_NOR_NO = _message("E110", "{text} is neither yes nor no: write one of the two",
    "1 and 0 could mean either, and are refused.")
TRUTH_FOR_NAME = _message("E111",
    "{value} is a truth value, not a name: format the cell as text and type it again",
    "A good named TRUE needs a cell formatted as text.")
DATE_FOR_NAME = _message("E112",
    "{value} is a date or a time, not a name: format the cell as text and type it again",
    "Spreadsheets turn names that look like dates into dates.")
EXCEL_FORMULA = _message("E113",
    '{formula} is an Excel formula: write the formula as text, without the leading "=", as in "steel = ore^0.5"',
    "A production function is text, which chainopt reads, not a formula that Excel computes.")
NO_FORMULA = _message("E114", '{text} is not a formula: write "output = expression", as in "steel = ore^0.5"',
    "The column formula holds text.")
LEADING_EQUALS = _message("E115", '{text} begins with "=": write the formula without the leading "="',
    "It would be a formula of Excel, but for the cell's format.")
NOT_A_NUMBER = _message("E116", "{value!r} is not a number", "A record made in Python holds something else.")
NOT_FINITE = _message("E117", "{value} is not a finite number", "Only limits may be infinite; nothing may be nan.")
OUT_OF_RANGE = _message("E118", "{value:g} must be {bound}", "The figure is outside the column's range.")
TINY = _message("W120", "{value:g} is so near 0 that digits are lost: use other units",
    "Below 2.2e-308 a number keeps fewer digits the smaller it is.")
CELL_TWICE = _message("E121", "the file holds this cell twice: type it again, and save",
    "It could be either that counts, and programs differ in which they take.")
NO_SHARED_TEXT = _message("E122",
    "refers to text {index} of the {count} that the file holds: type it again, and save",
    "Texts of a workbook are listed in one place, and cells give their number.")
MISPLACED_CELL = _message("E123", 'the file calls a cell of row {row} "{name}": type the row again, and save',
    "Its place could be either.")
UNREADABLE_VALUE = _message("E124",
    'the file stores "{stored}" here, which is no value of the kind "{kind}": type it again, and save',
    "Programs other than spreadsheets write such cells.")
STALE = _message("W125",
    "{formula} is an Excel formula whose saved value, {value}, may be old: the book asks to be calculated "
    "anew. Open it in Excel or LibreOffice, let it calculate, and save it",
    "Books calculated by hand, or written by a program, keep values that may not be their formulas'.")
NOT_TEXT = _message("E119", "{value!r} is not text", "A record made in Python holds something else for a formula.")

SECOND_SHEET = _message("E201", 'is a second sheet {name}: merge it into "{first}"',
    "Names of sheets are matched in any case.")
UNKNOWN_SHEET = _message("E202", "is no sheet that chainopt knows{hint}",
    "Nothing is ignored in silence: a sheet of your own is named notes, or begins with #.")
MISSING_SHEET = _message("E203", "this sheet is missing: add it, with the columns {columns}",
    "Goods and processes are required.")
EMPTY_SHEET = _message("E204", "the sheet is empty: row 1 must name its columns: {columns}",
    "A required sheet holds nothing at all.")
MISSING_COLUMN = _message("E205", 'row {row} names the columns, and "{column}" is missing: add it ({meaning})',
    "No row does without it.")
UNNAMED_COLUMN = _message("E206",
    "{text} stands in a column without a name: give it one in row {row}; one that begins with # is ignored",
    "Nothing is ignored in silence, a stray cell far away neither.")
SECOND_COLUMN = _message("E207", "a second column {name} (the first is {first}): remove one",
    "It could be either that counts.")
UNKNOWN_COLUMN = _message("E208", "{name} is no column of {of}{hint}",
    "A column of your own begins with #, and is ignored.")
TITLE_ABOVE = _message("W209", "the columns are named in row {row}, not in row 1: what stands above is ignored",
    "Titles above the table are read over, up to ten rows.")
MERGED = _message("W210", "the cells {extent} are merged: the first alone holds a value, the others are blank",
    "A merged cell gives its value to one row, not to all that it spans.")

SPREAD = _message("N215", "the cells {extent} are merged: each of these rows has {value} for its {column}",
    "Rows in a row of one process, firm or good are often merged into one cell.")
ROWS_OUT_OF_ORDER = _message("W211", "row {row} follows row {last} in the file: rows are read by their numbers",
    "Programs other than spreadsheets write such files.")
HIDDEN_SHEET = _message("N212", "the sheet is hidden, and is read like any other",
    "A sheet whose name begins with # is left out.")
HIDDEN_ROWS = _message("N213", "hidden or filtered rows are read like any other: {rows}",
    "What a filter hides still counts; delete the rows to leave them out.")
HIDDEN_COLUMNS = _message("N214", "hidden columns are read like any other: {columns}",
    "A column whose name begins with # is left out.")

NO_NAME = _message("E301", "{name!r} is not a name: every row needs one, as text",
    "A name holds at least one character that can be seen.")
TWICE = _message("E302", '"{name}" is listed twice (the first is "{first}"): merge or rename',
    "Names are matched without regard to case and blanks.")
UNKNOWN_GOOD = _message("E303", 'there is no good "{name}"{hint}',
    "A name that the sheet goods lacks, most often misspelt.")
UNKNOWN_PROCESS = _message("E304", 'there is no process "{name}"{hint}',
    "A name that the sheet processes lacks, most often misspelt.")
UNKNOWN_FUNCTION = _message("E305", 'there is no function "{name}"{hint}',
    "Functions are those of the workbook's page in the docs.")
UNKNOWN_SETTING = _message("E306", 'there is no setting "{name}"{hint}', "Settings are a list that is fixed.")
SET_TWICE = _message("E307", '"{name}" is set twice (first in row {row}): remove one', "It could be either.")
SAME_AS_GOOD = _message("E308", "a good has this name too: rename one, a formula can't tell them apart",
    "Parameters and goods share the names that formulas read.")
UNSEEN = _message("N310", "{name} holds characters that can't be seen: they are read over",
    "Zero-width blanks and soft hyphens come with text copied from web pages; no two names differ by them alone.")
LOOK_ALIKES = _message("W311", '"{name}" looks like "{first}", and is another name: its "{letter}" is a {what}',
    "A letter of another alphabet that is drawn like a Latin one; the two names stand for two things.")
TOTAL = _message("W312", "{name} looks like a row of totals, and is read as any other row: remove it if it is one",
    "chainopt adds up by itself; a row of totals would be a good or a process of its own.")
NO_GOODS = _message("E309", "the chain has no goods: list at least one", "Nothing could be priced.")

IDLE_MAX_IMPORT = _message("W401", "has no effect without an import price: give one, or clear it",
    "A good without an import price can't be bought, so that nothing is limited.")
UNUSED_SUPPLY = _message("N411", "nobody uses or buys this good: its supply of {it.supply:g} is worth nothing",
    "No process reads it, and it has neither a price nor a min sale. Perhaps a row of inputs is missing.")
INFINITE_MIN_SALE = _message("E402", "inf can't be sold: give a finite amount", "An obligation must be an amount.")
BUYING_BACK = _message("E403", "{it.min_sale:g} is below 0, which needs a price at which to buy back",
    "A sale below 0 buys from final demand, and needs a price to pay.")
NON_RIVAL_OBLIGATION = _message("E404", "a non-rival good is read whole: without a price it takes no min sale",
    "Each reader of a non-rival good takes all of it.")
MAX_BELOW_MIN_SALE = _message("E405", "{it.max_sale:g} is below the min sale {it.min_sale:g}",
    "No amount is between the two.")
ELASTICITY_WITHOUT_PRICE = _message("E407", "needs a price above 0, at the reference sale",
    "A demand curve passes through its reference sale at its price.")
ELASTICITY_WITHOUT_REFERENCE = _message("E408", "a demand elasticity needs the sale at which the price holds",
    "A demand curve passes through its reference sale at its price.")
CURVE_BELOW_ZERO = _message("E409", "below 0 there is no demand curve: 0 or more with an elasticity",
    "A demand curve of constant elasticity ends at a sale of 0.")
IDLE_REFERENCE = _message("W410", "has no effect without a demand elasticity",
    "The price then holds whatever the sale.")

INFINITE_MIN_LEVEL = _message("E451", "{it.min_level} is not a finite number: leave it blank for no limit",
    "A level must be an amount.")
MIN_ABOVE_CAPACITY = _message("E452", "{it.min_level:g} is above the capacity {it.capacity:g}",
    "No level is between the two.")
NO_TECHNOLOGY = _message("E453", "give a formula, or a function: {functions}",
    "A process needs to know what it makes of its inputs.")
TWO_TECHNOLOGIES = _message("E454", "give a formula or a function, not both", "It could be either that counts.")
NEEDS_FIGURE = _message("E455", "{function} needs {figure.meaning}",
    "The elasticity of a ces says how readily one input takes the place of another.")
NEVER = _message("E456", "at {figure.never:g} the {function} is {figure.instead}: name that function",
    "The formula of the ces divides by 0 there.")
NO_RETURNS = _message("E457", "{function} takes no {figure.column}: leave it blank",
    "Only the ces has returns of their own; those of the others are in their coefficients.")
NO_FIGURE = _message("E458", "{function} takes no {figure.column}: leave it blank",
    "The figure belongs to other functions.")
NO_INPUTS = _message("E459", "{it.function} needs at least one input on the sheet inputs",
    "Only a leontief process may make something of nothing: it is a purchase.")
FORMULA_SAYS_IT = _message("E460", "a formula says it all: leave this blank",
    "Scale, returns and elasticity belong to functions.")
MADE_TWICE = _message("E461", '"{it.good}" is already an output of this process: list it once',
    "Yields don't add up in silence.")
UNREAD_INPUT = _message("E462", 'the formula doesn\'t name "{it.good}": an input of a formula stands in it',
    "With a formula, the sheet inputs only limits what the formula reads.")
USED_TWICE = _message("E463", '"{it.good}" is already an input of this process: add the two up',
    "Nothing adds up in silence.")
LIMITED_TWICE = _message("E464", '"{it.good}" is listed twice for this process', "It could be either limit.")
NO_COEFFICIENT = _message("E465", "{function} needs a coefficient above 0 for each input",
    "Without it the function is not defined.")
LARGE_EXPONENT = _message("W467",
    "an exponent of {it.coefficient:g} is large: doubling the input would raise the level {times:.3g} times",
    "The coefficients of cobb-douglas are exponents, most often below 1. A percentage typed without its sign?")
IDLE_COEFFICIENT = _message("E466", "a formula has no coefficients: leave it blank, here only max and min count",
    "The formula's own numbers say how inputs count.")
MIN_ABOVE_MAX = _message("E467", "{it.min:g} is above the max {it.max:g}",
    "No amount is between the two.")
NOT_WHOLE = _message("E471", "{it.max_iterations:g} is not a whole number", "Iterations are counted.")

LONG = _message("E501", "the formula has {length:,} characters; {most:,} are allowed: split the process in two",
    "A cell of a spreadsheet holds little more.")
STRANGE_CHARACTER = _message("E502", "{shown} is not allowed in a formula: {hint}",
    "Letters, digits, + - * / ^ ( ) = ; and [names].")
NO_TIMES = _message("E503", '"{text}": write * between the two', "2x could be a product, or a name.")
MANY_STEPS = _message("E504", "the formula has more than {most} steps: split the process in two",
    "Each operation is a step.")
EXPECTED = _message("E505", 'expected "{sign}" {why}, found {found}', "A sign is missing.")
DEEP = _message("E506", "the formula is nested more than {most} deep", "Parentheses, powers and signs are nested.")
UNEXPECTED = _message("E507", 'unexpected "{text}"{hint}', "The formula could have ended before it.")
NO_OUTPUT = _message("E508", "a formula begins with the good that it makes: output = ...",
    "What stands left of = is the output.")
STARS = _message("E509", "write ^ for a power, not **", "** is Python's word.")
LARGE_CONSTANT = _message("E510", "{text} is too large a number", "Beyond 1.8e308 there are no numbers.")
ENDS_EARLY = _message("E511", "the formula ends where a number or a name should stand",
    "Something is missing at the end.")
MISPLACED = _message("E512", '"{text}" stands where a number or a name should',
    "Something is missing, or too much.")
FORMULA_FUNCTION = _message("E513", '"{name}" is not a function{hint}',
    "Formulas know the functions listed, and no others.")
ONE_ARGUMENT = _message("E514", "{name} takes one argument, not {count} (write decimals with a point)",
    "A comma parts arguments; only min takes several.")
EMPTY_BRACKETS = _message("E515", "the brackets hold no name", "A name that is no plain word goes in brackets.")
NEITHER_GOOD_NOR_PARAMETER = _message("E516", '"{name}" is neither a good nor a parameter{hint}',
    "Every name of a formula must be one of them.")
MADE_TWICE_HERE = _message("E517", '"{name}" is made twice by this formula', "Each output has one expression.")
NO_VALUE = _message("E518", '"{symbol}" of these constants has no finite value',
    "Such as a division by 0, or the square root of a negative number.")

LOST_IN_MINIMUM = _message("W519",
    '"{goods}" can\'t be thrown away, and can vanish in this min: where another argument is the least, what is '
    "taken of it counts for nothing. Is the function leontief meant, whose inputs are taken in proportion?",
    "A formula may take more of an input than its min has use for, which is as good as throwing it away.")

CUT_OFF = _message("E601", "interrupted while {doing}: {kept}",
    "Ctrl-C. Exit code 130. While a chain is solved its best plan is kept instead, and goes into the reports.")
NO_MEMORY = _message("E602",
    "the memory ran out while {doing}: {kept}. Close other programs, raise the limit (ulimit -v), or solve a "
    "smaller chain",
    "The system refused memory. Exit code 5.")
NO_MEMORY_TO_SOLVE = _message("E603",
    "the memory ran out while {doing}: {kept}. Close other programs, raise the limit (ulimit -v), or solve a "
    "smaller chain; the market route (--method market) needs less",
    "The factors of a large chain's equations take far more memory than the chain. Exit code 5.")
SOLVER_DIED = _message("E604",
    "the process that solved ended by itself ({how}), as where the memory runs out, while {doing}: {kept}",
    "Large chains are solved in a process of their own, and nothing else ends with it. Exit code 5.")
KEPT = _message("N605",
    "interrupted: what there is goes into the reports, labelled; Ctrl-C again leaves without them",
    "The first Ctrl-C of a solve. Exit code 130.")
FAULT = _message("E606",
    "{what} is missing, by a fault in chainopt and not in the workbook: {fault}. All other results stand; please "
    "report it to those who maintain chainopt, with this line and the workbook",
    "Something that nobody foresaw. No report takes the answer or another report with it. Exit code 2.")
