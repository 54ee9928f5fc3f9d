"""The workbook's schema as one table: reader, writer, template, error messages and documentation use it.

Adding a column is adding a row here and a field to its record; those that functions ask for come from the table of
functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from math import inf
from typing import Any, Literal

from chainopt.technology.families import TECHNOLOGIES, Technology, asking, figures
from chainopt.technology.primitives import SPELLINGS

Kind = Literal["name", "text", "formula", "choice", "number", "wide", "whole", "disposal", "yes/no", "setting"]

HOLDS: dict[Kind, str] = {
    "name": "a name",
    "text": "text",
    "formula": "a formula",
    "choice": "one of the choices",
    "number": "a number",
    "wide": "a number, inf or -inf",
    "whole": "a whole number",
    "disposal": "free, none or a number",
    "yes/no": "yes or no",
    "setting": "what the setting takes",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet, or one row of the sheet settings.

    `field` is the record's field, `default` what a blank cell gives it; `blank` says so where the value alone
    would not. `refers` is the sheet whose first column lists the names that belong here. A required cell may
    not be blank; a main column is written even where every cell is blank.
    """

    sheet: str
    column: str
    field: str
    kind: Kind
    default: Any
    meaning: str
    blank: str = ""
    choices: tuple[str, ...] = ()
    refers: str = ""
    required: bool = False
    main: bool = False

    @property
    def shared(self) -> bool:
        """Whether rows may share a cell: a name that others have too, a choice, a unit; no amount, which could be
        meant for all of them together."""
        own = not self.refers and self.required
        return (self.kind in ("name", "choice", "yes/no") and not own) or self.column == "unit"

    @property
    def holds(self) -> str:
        """What belongs in a cell of this column, in words."""
        return ", ".join(self.choices) if self.kind == "choice" else HOLDS[self.kind]

    @property
    def if_blank(self) -> str:
        """What a blank cell means, in words."""
        if self.blank or self.required:
            return self.blank or "not allowed"
        return {"yes/no": "yes", "disposal": "free"}.get(self.kind, f"{self.default:g}")


_NAME = "any text, matched without regard to case and surrounding or repeated blanks"

_COLUMNS: tuple[Column, ...] = (
    Column("goods", "good", "good", "name", "", f"the good's name: {_NAME}", required=True, main=True),
    Column("goods", "unit", "unit", "text", "", "unit of its amounts, such as t or MWh; only shown",
           blank="none", main=True),
    Column("goods", "supply", "supply", "number", 0.0,
           "amount that is there before anything is made; below 0 an obligation", main=True),
    Column("goods", "price", "price", "number", None, "what final demand pays, money per unit",
           blank="final demand takes exactly min sale, for nothing", main=True),
    Column("goods", "max sale", "max_sale", "wide", inf, "the most that final demand takes, an amount"),
    Column("goods", "min sale", "min_sale", "wide", 0.0,
           "the least that final demand takes, an amount; below 0 or -inf needs a price and no elasticity"),
    Column("goods", "demand elasticity", "demand_elasticity", "wide", inf,
           "the elasticity's magnitude, above 0; needs a reference sale and a price above 0",
           blank="perfectly elastic"),
    Column("goods", "reference sale", "reference_sale", "number", None,
           "the amount at which final demand pays the price, above 0", blank="none"),
    Column("goods", "import price", "import_price", "number", None, "what an import costs, money per unit",
           blank="not imported"),
    Column("goods", "max import", "max_import", "wide", inf, "the most that can be imported, an amount"),
    Column("goods", "disposal", "disposal", "disposal", 0.0,
           "what throwing it away costs, money per unit; none: it can't be thrown away",
           choices=("free", "none")),
    Column("goods", "rival", "rival", "yes/no", True,
           "no: every reader takes the whole amount, as of a blueprint", choices=("yes", "no")),
    Column("goods", "notes", "notes", "text", "", "a remark; not used", blank="none"),
    Column("processes", "process", "process", "name", "", f"the process's name: {_NAME}",
           required=True, main=True),
    Column("processes", "firm", "firm", "name", "", "the firm that runs it", blank="the process itself"),
    Column("processes", "formula", "formula", "formula", None,
           f"output = expression, several separated by ; (+ - * / ^ ( ), numbers, {' '.join(SPELLINGS)}, goods "
           "and parameters; a name that is not a plain word goes in [brackets])",
           blank="a function instead"),
    Column("processes", "function", "function", "choice", None,
           "the level from the inputs x with coefficients a", blank="a formula instead"),
    Column("processes", "output", "outputs", "name", None,
           "the good that a function makes, one unit per unit of level: short for a row of the sheet outputs",
           blank="see the sheet outputs", refers="goods"),
    Column("processes", "scale", "scale", "number", 1.0, "the function's scale, above 0"),
    Column("processes", "capacity", "capacity", "wide", inf, "the most that the level may be"),
    Column("processes", "min level", "min_level", "number", 0.0, "the least level; 0 sets no limit"),
    Column("processes", "unit cost", "unit_cost", "number", 0.0,
           "money per unit of level; below 0 it is earned"),
    Column("processes", "notes", "notes", "text", "", "a remark; not used", blank="none"),
    Column("inputs", "process", "process", "name", "", "the process that uses the good",
           refers="processes", required=True, main=True),
    Column("inputs", "good", "good", "name", "", "the good used", refers="goods", required=True, main=True),
    Column("inputs", "coefficient", "coefficient", "number", None,
           "the input's coefficient a, above 0; required with a function", blank="none, as with a formula"),
    Column("inputs", "max", "max", "wide", inf, "the most of the good that this process may take, an amount"),
    Column("inputs", "min", "min", "number", 0.0,
           "the least of the good that this process takes, an amount; 0 sets no limit"),
    Column("inputs", "notes", "notes", "text", "", "a remark; not used", blank="none"),
    Column("outputs", "process", "process", "name", "", "the process that makes the good",
           refers="processes", required=True, main=True),
    Column("outputs", "good", "good", "name", "", "the good made; with a formula, one that it doesn't name",
           refers="goods", required=True, main=True),
    Column("outputs", "yield", "yield_", "number", 1.0, "amount made per unit of level, above 0", main=True),
    Column("outputs", "notes", "notes", "text", "", "a remark; not used", blank="none"),
    Column("parameters", "parameter", "parameter", "name", "", "the name that formulas read",
           required=True, main=True),
    Column("parameters", "value", "value", "number", 1.0, "its value", required=True, main=True),
    Column("parameters", "notes", "notes", "text", "", "a remark; not used", blank="none"),
    Column("settings", "setting", "setting", "name", "", "the setting's name", required=True, main=True,
           choices=("name", "money", "numeraire", "tolerance", "max iterations", "time limit")),
    Column("settings", "value", "value", "setting", None, "its value", blank="the setting's default",
           required=True, main=True),
    Column("settings", "notes", "notes", "text", "", "a remark; neither used nor kept", blank="none"),
    Column("observed", "process", "process", "name", None, "the process that was seen to use the good",
           blank="a sale to final demand", refers="processes", main=True),
    Column("observed", "good", "good", "name", "", "the good seen", refers="goods", required=True, main=True),
    Column("observed", "amount", "amount", "number", None, "the amount seen", blank="not seen", main=True),
    Column("observed", "price", "price", "number", None, "the price seen, money per unit", blank="not seen",
           main=True),
    Column("observed", "notes", "notes", "text", "", "a remark; not used", blank="none"),
)  # fmt: skip

SETTINGS: tuple[Column, ...] = (
    Column("settings", "name", "name", "text", "", "the chain's name, for reports", blank="none"),
    Column("settings", "money", "money", "text", "",
           "what prices and costs are counted in, such as k EUR, for reports", blank="money"),
    Column("settings", "numeraire", "numeraire", "name", None,
           "the good in whose price every money figure is given", blank="money", refers="goods"),
    Column("settings", "tolerance", "tolerance", "number", None,
           "the solver's tolerance, above 0 and at most 0.01", blank="the solver's"),
    Column("settings", "max iterations", "max_iterations", "whole", None,
           "the most iterations that a solve may take", blank="the solver's"),
    Column("settings", "time limit", "time_limit", "number", None, "the most seconds that a solve may take",
           blank="no limit"),
)  # fmt: skip

SHEETS = tuple(dict.fromkeys(column.sheet for column in _COLUMNS))
REQUIRED_SHEETS = ("goods", "processes")
NAMED_BY = {"goods": "good", "processes": "process", "parameters": "parameter"}
"""The sheets whose records have names, and the field of each that holds them."""
NOTES_SHEET = "notes"
IGNORED_PREFIX = "#"


def columns_of(sheet: str) -> dict[str, Column]:
    """A sheet's columns by name; those that functions ask for stand after `scale`, or after `coefficient`."""
    return _columns(sheet, tuple(TECHNOLOGIES.values()))


@cache
def _columns(sheet: str, technologies: tuple[Technology, ...]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for column in _COLUMNS:
        if column.sheet != sheet:
            continue
        if (sheet, column.column) == ("processes", "function"):
            says = "; ".join(f"{row.name} {row.says}" for row in technologies)
            names = tuple(row.name for row in technologies)
            column = replace(column, meaning=f"{column.meaning}: {says}", choices=names)
        found[column.column] = column
        if of := _ASKED_AFTER.get((sheet, column.column)):
            found |= {asked.column: asked for asked in _asked(sheet, of)}
    return found


_ASKED_AFTER = {("processes", "scale"): "of_process", ("inputs", "coefficient"): "of_use"}


def _asked(sheet: str, of: str) -> Iterator[Column]:
    """The columns that functions ask for: a figure of several functions stands once."""
    for figure in figures(of).values():
        needed = ", which needs it" if figure.default is None else ""
        meaning = f"{figure.meaning}; for {' and '.join(asking(figure, of))} alone{needed}"
        blank = "none" if figure.default is None else ""
        yield Column(sheet, figure.column, figure.field, "number", figure.default, meaning, blank)


def schema_markdown() -> str:
    """The schema as Markdown, for the documentation: a table for each sheet, and one of the settings."""
    blocks = []
    for sheet in SHEETS:
        needed = "required" if sheet in REQUIRED_SHEETS else "optional"
        blocks += [f"### Sheet `{sheet}` ({needed})", _markdown("column", tuple(columns_of(sheet).values()))]
    blocks += ["### The settings", _markdown("setting", SETTINGS)]
    return "\n\n".join(blocks) + "\n"


def _markdown(head: str, columns: tuple[Column, ...]) -> str:
    rows = [(head, "holds", "blank means", "meaning"), ("---",) * 4]
    rows += [(f"`{c.column}`", c.holds, c.if_blank, c.meaning) for c in columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
