"""The kinds of limits that have a rent, a row each; and a limit by number.

A new kind is a row of `KINDS`, a column in `workbook.schema`, and its bounds in `network.network`; what the
planner's model states, what derivatives and audits charge, and what reports call it, follow from the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CAPACITY, MIN_LEVEL = "capacity", "min level"
MAX_USE, MIN_USE = "max use", "min use"
MAX_SALE, MIN_SALE, MAX_IMPORT = "max sale", "min sale", "max import"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of limit bounds: the amounts of a `Plan` of this name.

    sign: of the sign rule (see `multipliers`). sheet and column are its cell in the workbook; phrase is what it is
    in a sentence, by the names of its good and process.
    """

    amount: Literal["level", "use", "sale", "imported", "disposed"]
    sign: int
    sheet: str
    column: str
    phrase: str

    @property
    def of(self) -> Literal["level", "use", "good"]:
        """What a limit's index counts."""
        return self.amount if self.amount in ("level", "use") else "good"


KINDS = {
    CAPACITY: Kind("level", 1, "processes", "capacity", "the capacity of {process}"),
    MIN_LEVEL: Kind("level", -1, "processes", "min level", "the least level of {process}"),
    MAX_USE: Kind("use", 1, "inputs", "max", "the most {good} that {process} may take"),
    MIN_USE: Kind("use", -1, "inputs", "min", "the least {good} that {process} must take"),
    MAX_SALE: Kind("sale", 1, "goods", "max sale", "the most {good} that final demand takes"),
    MIN_SALE: Kind("sale", -1, "goods", "min sale", "the least {good} that final demand must get"),
    MAX_IMPORT: Kind("imported", 1, "goods", "max import", "the most {good} that can be imported"),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on one amount, by its number among levels, uses or goods.

    fixed: the lower and the upper bound are one, so that the rent may have either sign.
    """

    kind: str
    index: int
    bound: float
    fixed: bool = False

    @property
    def about(self) -> Kind:
        """What limits of its kind bound."""
        return KINDS[self.kind]

    @property
    def amount(self) -> str:
        """The name of the amounts of a plan one of which it bounds."""
        return self.about.amount

    @property
    def of(self) -> str:
        """What its index counts: "level", "use" or "good"."""
        return self.about.of

    @property
    def sign(self) -> int:
        """+1 for an upper bound, -1 for a lower one."""
        return self.about.sign


def cell(kind: str, good: str | None, process: str | None) -> str:
    """What a limit is asked for by: mill.capacity, mill.max ore, ore.max sale."""
    about = KINDS[kind]
    return f"{good if about.of == 'good' else process}.{about.column}" + (f" {good}" if about.of == "use" else "")
