"""The tables as they are shown: which columns, under which titles, and every number as text.

One table of columns serves Excel, HTML and the terminal: adding a column to a report is adding a row here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainopt.audits.market_test import BOUND, ENDLESS, LOSS, OTHER, SADDLE
from chainopt.audits.verdicts import Verdict
from chainopt.chain.rules import Caution
from chainopt.network.limits import KINDS
from chainopt.network.tolerances import LEAST_PRICE, SHOWN
from chainopt.report.content.findings import price_range
from chainopt.report.content.legible import legible, percent, residual
from chainopt.report.content.salience import felt_prices, money_scale, moved, nothing, price_scale, turnover
from chainopt.rows.levels import counted, level_units
from chainopt.rows.tables import Tables
from chainopt.words.figures import figure
from chainopt.words.names import key

Kind = Literal["name", "word", "amount", "price", "money", "share", "residual", "text"]
Tone = Literal["", "care", "wrong"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the table, its title, and what its figures mean.

    kind tells how to show it: a name, a word, an amount in the good's unit, a price (money per unit), money, a
    share, a residual, of which only the magnitude matters, or a text, which may be long.
    """

    name: str
    title: str
    kind: Kind
    meaning: str

    @property
    def numeric(self) -> bool:
        return self.kind not in ("name", "word", "text")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to be shown: the numbers in `rows`, the same as text in `shown`."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    shown: pd.DataFrame

    def place(self, name: str) -> int:
        """Where a column stands among the columns, from 0."""
        return [column.name for column in self.columns].index(name)

    def only(self, rows: pd.Index) -> Sheet:
        """The table of these rows, in their order."""
        return replace(self, rows=self.rows.loc[rows], shown=self.shown.loc[rows])


_GOOD = Column("good", "Good", "name", "the good")
_UNIT = Column("unit", "Unit", "word", "the unit of its amounts")
_PROCESS = Column("process", "Process", "name", "the process")
_VERDICT = Column(
    "verdict", "Verdict", "word", "whether multiplier and derivative agree, and if not, what kind of cause it has"
)

_WARNING = Column(
    "warning", "Read with a warning", "text", "what reading said of the row's figures, and their cells"
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "prices": (
        _GOOD,
        _UNIT,
        Column("price", "Price", "price", "what one more unit adds to the value: the solver's multiplier"),
        Column("price unit", "Price in", "word", "what the price is counted in"),
        Column("backprop", "Derivative", "price", "the same by the chain rule, from the plan alone"),
        Column("difference", "Difference", "residual", "price less derivative"),
        Column("right", "With more", "price", "what a little more added per unit, solved again"),
        Column("left", "With less", "price", "what a little less took away per unit, solved again"),
        _VERDICT,
        Column(
            "end",
            "Set by",
            "name",
            "the sale, import, disposal or cost that moves most with one unit more or less",
        ),
        Column(
            "story",
            "Why",
            "text",
            "what one more (or one less) changes outside the chain, which comes to the price",
        ),
        Column("low", "Low", "price", "the least price that supports the plan"),
        Column("high", "High", "price", "the greatest price that supports the plan"),
        Column("interval", "Interval", "word", "whether one price or a range of prices supports the plan"),
        Column("range", "Range", "word", "the prices that support the plan"),
        Column("turnover", "Turnover", "money", "price times what there is of the good"),
    ),
    "audit": (
        Column("kind", "Kind", "word", "the good itself, a use by a process, a sale or a disposal"),
        _GOOD,
        Column("taker", "Taken by", "name", "the process, final demand or disposal; or the good as a whole"),
        Column("amount", "Amount", "amount", "how much is taken"),
        _UNIT,
        Column("share", "Share", "share", "of all that there is of the good"),
        Column("multiplier", "Multiplier", "price", "what one more unit costs here, by the solver"),
        Column("derivative", "Derivative", "price", "what one more unit would bring here, by the chain rule"),
        Column("difference", "Difference", "residual", "multiplier less derivative"),
        _VERDICT,
        Column("cause", "Why", "text", "the cause of the difference"),
    ),
    "market": (
        _PROCESS,
        Column("firm", "Firm", "name", "who runs it"),
        Column("verdict", "Verdict", "word", "whether it would keep to the plan at these prices, and why"),
        Column("profit", "Profit", "money", "what it earns at the plan"),
        Column("rent", "Of it rent", "money", "what its own limits earn; below 0, what its min level costs it"),
        Column("returns", "Returns", "amount", "per cent more of output for one per cent more of every input"),
        Column("second_order", "At the plan", "word", "what kind of point of its profit the plan is"),
        Column("best_profit", "Best profit", "money", "the most it could earn at these prices"),
        Column("deviation", "Gain by leaving", "money", "best profit less profit"),
        Column("deviation_share", "Gain in share", "share", "that gain as a share of its revenue and cost"),
    ),
    "explanation": (
        Column("text", "Why", "text", "the reason in words"),
        Column("sheet", "Sheet", "word", "the workbook's sheet"),
        Column("record", "Row", "name", "the good or the process"),
        Column("column", "Column", "word", "the cell's column"),
        Column("value", "It says", "amount", "what the cell holds now"),
        Column("most", "At most", "amount", "what can be reached of it at best"),
    ),
    "warnings": (
        Column("cell", "Cell", "name", "the workbook's cell, or the sheet where it is of all of it"),
        Column("record", "Row", "name", "the good, process, parameter or setting of the row"),
        Column("good", "Good", "name", "the good that the process of the row takes or makes"),
        Column("column", "Column", "word", "the cell's column"),
        Column("code", "Code", "word", "W: it may not be what was meant; N: it is read, and said"),
        Column("text", "What reading says", "text", "what stands there, and what to do"),
    ),
    "balances": (
        _GOOD,
        _UNIT,
        Column("turnover", "Turnover", "money", "price times what there is of the good"),
        Column("supply", "Supply", "amount", "what there is before anything is made"),
        Column("imported", "Imported", "amount", "what is bought from outside"),
        Column("produced", "Produced", "amount", "what the processes make"),
        Column("used", "Used", "amount", "what the processes take"),
        Column("sold", "Sold", "amount", "what final demand takes"),
        Column("disposed", "Disposed", "amount", "what is thrown away"),
        _WARNING,
    ),
    "uses": (
        Column("kind", "Kind", "word", "a use by a process, a sale to final demand, or a disposal"),
        _GOOD,
        _UNIT,
        Column("taker", "Taken by", "name", "the process, final demand, or disposal"),
        Column("amount", "Amount", "amount", "how much is taken"),
        Column("share", "Share", "share", "of all that there is of the good"),
        Column("value", "Would pay", "price", "what one more unit is worth to the taker"),
        Column("price", "Price", "price", "the good's price, which no taker's figure exceeds at an optimum"),
        _WARNING,
    ),
    "processes": (
        _PROCESS,
        Column("firm", "Firm", "name", "who runs it"),
        Column(
            "level",
            "Level",
            "amount",
            "how much it runs: of each output it makes the level times its yield",
        ),
        Column("unit", "Level in", "word", "the good whose amount the level is; runs, where it is of none"),
        Column("revenue", "Revenue", "money", "what its outputs are worth"),
        Column("cost", "Cost", "money", "what its inputs and its level cost"),
        Column("profit", "Profit", "money", "revenue less cost, rents included"),
        Column(
            "rent",
            "Of it rent",
            "money",
            "what its limits earn; below 0, what its min level costs it: in Limits the same figure is above 0",
        ),
        Column("first_loss", "First unit loses", "price", "of an idle process: what its first unit would lose"),
        Column(
            "needed", "Needs a price of", "price", "of an idle process: the price of its first output to run from"
        ),
        Column("added", "Value added", "money", "revenue less what its inputs cost"),
        _WARNING,
    ),
    "firms": (
        Column("who", "Firm", "name", "the firm, or who else trades: all profits add up to the value"),
        Column("processes", "Processes", "amount", "how many processes it runs"),
        Column("revenue_outside", "Sold outside", "money", "its sales to final demand, at the goods' prices"),
        Column("revenue_inside", "Sold to firms", "money", "its sales to other firms"),
        Column(
            "bought_outside", "Bought outside", "money", "what it pays for imports; importers: at import prices"
        ),
        Column("bought_inside", "Bought from firms", "money", "what it pays to other firms"),
        Column(
            "supplies", "Supplies", "money", "what it pays to the owners of what is there before anything is made"
        ),
        Column("unit_cost", "Unit costs", "money", "unit cost times level, of all its processes"),
        Column("disposal", "Disposal", "money", "what it pays to have thrown away what it makes"),
        Column("profit", "Profit", "money", "what it sells less what it pays"),
        Column("rent", "Of it rent", "money", "what its processes' own limits earn"),
        Column("why", "Why a loss", "text", "which of its processes lose money, and through what"),
    ),
    "transfers": (
        _GOOD,
        Column("seller", "Seller", "name", "the firm that makes it"),
        Column("buyer", "Buyer", "name", "the firm that takes it"),
        Column("amount", "Amount", "amount", "how much goes from the one to the other"),
        _UNIT,
        Column("price", "Price", "price", "what the buyer pays per unit at these prices"),
        Column("price unit", "Price in", "word", "what the price is counted in"),
        Column("low", "Low", "price", "the least price that supports the plan"),
        Column("high", "High", "price", "the greatest price that supports the plan"),
        Column("range", "Range", "word", "the prices that support the plan, where there is more than one"),
        Column(
            "cost",
            "Seller's cost",
            "price",
            "what its last unit costs the process that makes it, whose inputs are at their prices, without "
            "the rents of that process's own limits",
        ),
        Column(
            "worth",
            "Buyer's worth",
            "price",
            "what its last unit brings the process that takes it, whose other inputs are at their prices, before "
            "rents of that process's own limits",
        ),
        Column("money", "In all", "money", "price times amount"),
        Column(
            "note",
            "Note",
            "text",
            "pro rata: several sell it and several take it, each of all by its part; who is bound loses by it",
        ),
    ),
    "limits": (
        Column("kind", "Kind", "word", "what is limited"),
        _GOOD,
        _PROCESS,
        _UNIT,
        Column("limit", "Limit", "amount", "the bound"),
        Column("amount", "Amount", "amount", "what it bounds"),
        Column("rent", "Rent", "price", "what easing the bound by one unit would add, by the solver"),
        Column("backprop", "Rent derived", "price", "the same from the plan alone"),
        Column("total", "Rent in all", "money", "rent times limit"),
        _WARNING,
    ),
    "ranges": (
        Column("figure", "Figure", "name", "the workbook's cell, by its row and column"),
        Column("now", "Now", "amount", "what it is"),
        Column("more", "One more adds", "price", "what one more of it adds to the value"),
        Column("less", "One less costs", "price", "what one less of it takes away, where that is another figure"),
        Column("low", "Holds from", "amount", "the least of it at which the same operations are in use"),
        Column("below", "Below it", "text", "what changes with less"),
        Column("high", "Holds to", "amount", "the most of it at which the same operations are in use"),
        Column("above", "Above it", "text", "what changes with more"),
        Column("solved", "How found", "word", "solved again, or from this plan alone"),
    ),
    "kkt": (
        Column("check", "Check", "name", "one of the optimum's conditions"),
        Column("residual", "Residual", "residual", "how far it is from holding, relative to the goods' scales"),
        Column("meaning", "What it means", "word", "the condition in words"),
    ),
}

CAPTIONS = {
    "prices": ("Prices", "What one more unit of each good is worth"),
    "audit": ("Audit", "Multiplier beside derivative for each good and each of its uses, and why they differ"),
    "market": ("Market", "What each process would do by itself at these prices"),
    "warnings": ("Warnings", "What reading said of the workbook's figures; they were solved as they are"),
    "explanation": ("Explanation", "The cells of the workbook that are the reason"),
    "balances": ("Balances", "Where each good comes from and where it goes"),
    "uses": ("Uses", "Who takes each good, and what one more unit is worth to them"),
    "processes": ("Processes", "What each process earns at these prices"),
    "firms": ("Firms", "What each firm gets, pays and earns at these prices; all profits add up to the value"),
    "transfers": (
        "Transfers",
        "What goes from one firm to another, its price, its seller's cost and buyer's worth",
    ),
    "limits": ("Limits", "The bounds, and what they cost"),
    "ranges": ("Ranges", "Between which figures prices, rents and plan hold, all other cells as they are"),
    "kkt": ("Solver", "The independent check of the optimum"),
}

_PARTIES = {
    "supply": "owners of supplies",
    "import": "importers",
    "demand": "final demand",
    "disposal": "disposal",
}
"""Who trades beside firms."""

_CHECKS = {
    "stationarity": "no process, sale, import or disposal would gain by a small change",
    "feasibility": "every good balances, every process keeps to its function, every limit is kept",
    "complementarity": "only what is used up has a price, and only a limit that binds has a rent",
}

_AUDIT_TONES: dict[str, Tone] = {
    str(verdict): "" if verdict is Verdict.AGREES else "care" if verdict.sound else "wrong" for verdict in Verdict
}
_MARKET_TONES: dict[str, Tone] = {LOSS: "care", BOUND: "care", ENDLESS: "care", SADDLE: "care", OTHER: "care"}
TONES = {"prices": _AUDIT_TONES, "audit": _AUDIT_TONES, "market": _MARKET_TONES}
"""By table, the tone of each verdict: care where a difference has a cause, wrong where it has none."""


def sheets(tables: Tables) -> Mapping[str, Sheet]:
    """Every table of the report by name, made once; audit, market and explanation only where there is one."""
    if "sheets" not in tables.found:
        tables.found["sheets"] = _sheets(tables)
    made: Mapping[str, Sheet] = tables.found["sheets"]
    return made


def _sheets(tables: Tables) -> dict[str, Sheet]:
    net = tables.part.whole
    goods = tables.goods.assign(turnover=turnover(tables.goods))
    of_goods = tables.audit[tables.audit["kind"] == "good"].set_index("good")
    goods["verdict"] = goods["good"].map(of_goods["verdict"])
    for name, of in (("end", "end"), ("story", "why")):
        goods[name] = goods["good"].map({good: getattr(story, of) for good, story in tables.stories.items()})
    if tables.differences is not None:
        resolved = tables.differences.set_index("good")
        goods = goods.assign(**{side: goods["good"].map(resolved[side]) for side in ("right", "left")})
    ends = (felt_prices(tables, end) for end in ("low", "high"))
    goods["range"] = [price_range(*row) for row in zip(*ends, goods["interval"], strict=True)]
    unit = {good.good: good.unit for good in net.chain.goods}
    price = goods.set_index("good")["price"]
    level_unit = level_units(net)
    uses, limits = tables.uses, tables.limits
    kkt = [(name, float(tables.kkt[name].iloc[0]), meaning) for name, meaning in _CHECKS.items()]
    frames = {
        "prices": goods,
        "balances": goods,
        "uses": uses.assign(unit=uses["good"].map(unit), price=uses["good"].map(price), taker=_takers(uses)),
        "processes": tables.processes.assign(unit=tables.processes["process"].map(level_unit)),
        "limits": limits.assign(
            total=limits["rent"] * limits["limit"],
            unit=limits["good"].map(unit).where(limits["good"].notna(), limits["process"].map(level_unit)),
        ),
        "kkt": pd.DataFrame(kkt, columns=["check", "residual", "meaning"]),
    }
    if tables.firms["profit"].notna().any():
        frames["firms"] = tables.firms.assign(who=tables.firms["firm"].fillna(tables.firms["kind"].map(_PARTIES)))
    if len(tables.transfers):
        frames["transfers"] = _with_ranges(tables.transfers, goods)
    if len(tables.ranges):
        frames["ranges"] = _told_ranges(tables.ranges)
    if len(tables.warnings):
        frames["warnings"] = tables.warnings
        for name in _FIGURES:
            if any(texts := _beside(name, frames[name], tables)):
                frames[name] = frames[name].assign(warning=texts)
    if len(tables.audit):
        frames["audit"] = tables.audit.assign(unit=tables.audit["good"].map(unit), taker=_takers(tables.audit))
    if tables.market is not None:
        frames["market"] = tables.market.processes
    if tables.explanation is not None and tables.explanation.causes:
        names = [column.name for column in COLUMNS["explanation"]]
        rows = [[getattr(cause, name) for name in names] for cause in tables.explanation.causes]
        cells = pd.DataFrame(rows, columns=names).astype({"value": float, "most": float})
        # What is not limited is an empty cell in the workbook.
        frames["explanation"] = cells.assign(value=cells["value"].replace([np.inf, -np.inf], np.nan))
    return {name: _sheet(name, frame, tables) for name, frame in frames.items()}


def _sheet(name: str, frame: pd.DataFrame, tables: Tables) -> Sheet:
    """A table with its figures, and the same as text; what is rounding is 0 in both."""
    columns = tuple(column for column in COLUMNS[name] if column.name in frame)
    shown = _shown(name, frame, tables)
    pointed = [column.name for column in columns if column.kind in ("amount", "price", "money")]
    rows = frame.assign(**{each: frame[each].mask(shown[each] == "0", 0.0) for each in pointed})
    return Sheet(*CAPTIONS[name], columns, rows, shown)


def _with_ranges(transfers: pd.DataFrame, goods: pd.DataFrame) -> pd.DataFrame:
    """Transfers with the prices that support the plan in words, where some good has more than one."""
    several = goods.loc[goods["range"] != "one price"].set_index("good")["range"]
    transfers = transfers.assign(note=[_bound(*row) for row in transfers[_OF_A_TRANSFER].itertuples(index=False)])
    known = transfers["low"].notna() | transfers["high"].notna()
    ranges = transfers["good"].map(several.to_dict()).astype(object).where(known).fillna("")
    return transfers.assign(range=ranges) if (ranges != "").any() else transfers


_OF_A_TRANSFER = ["split", "price", "cost", "worth"]


def _bound(split: str, price: float, cost: float, worth: float) -> str:
    """How a good is split, and which of both loses at its price."""
    near = SHOWN * max(abs(price), abs(cost), abs(worth))
    seller = "its seller is bound to run at a loss" if cost > price + near else ""
    buyer = "its buyer is bound to run at a loss" if worth < price - near else ""
    return "; ".join(filter(None, (split, seller, buyer)))


def _told_ranges(ranges: pd.DataFrame) -> pd.DataFrame:
    """Ranges with only those columns that say something."""
    near = SHOWN * ranges["more"].abs()
    same = (ranges["less"] - ranges["more"]).abs() <= near
    told = ranges.assign(less=ranges["less"].mask(same))
    told["below"] = told["below"].mask(told["low"] == -np.inf, "no end")
    told["above"] = told["above"].mask(told["high"] == np.inf, "no end")
    told = told.replace([np.inf, -np.inf], np.nan)
    kept = {"less": told["less"].notna().any(), "solved": (ranges["solved"] != "").any()}
    return told.drop(columns=[name for name, says in kept.items() if not says])


_FIGURES = ("balances", "uses", "processes", "limits")
"""The tables of which a row shows figures of the workbook."""
_OF_SALES = ("price", "demand elasticity", "reference sale")


def _beside(name: str, frame: pd.DataFrame, tables: Tables) -> list[str]:
    """By row of a table, what was said of the workbook's figures that it shows, or follows from."""
    said: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in tables.warnings.to_dict("records"):
        caution = Caution(**{str(name): value for name, value in row.items()})
        said.setdefault(caution.row, []).append((caution.column, str(caution)))

    def of(sheet: str, *names: str, columns: Sequence[str] = ()) -> list[str]:
        found = said.get((sheet, *map(key, (*names, "")[:2])), ())
        return [text for column, text in found if not columns or column in columns]

    def beside(row: Mapping[Any, Any]) -> list[str]:
        match name, row.get("kind"):
            case "balances", _:
                return of("goods", row["good"])
            case "processes", _:
                return of("processes", row["process"])
            case "uses", "use":
                return of("inputs", row["process"], row["good"])
            case "uses", kind:
                return of("goods", row["good"], columns=_OF_SALES if kind == "sale" else ("disposal",))
            case _:
                about = KINDS[row["kind"]]
                names = [row[each] for each in ("process", "good") if isinstance(row[each], str)]
                return of(about.sheet, *names, columns=(about.column,))

    return ["; ".join(beside(row)) for row in frame.to_dict("records")]


def _takers(rows: pd.DataFrame) -> pd.Series:
    """Who takes the good: a process, or what takes it in place of one."""
    others = rows["kind"].map({"sale": "final demand", "disposal": "disposal", "good": "the good as a whole"})
    return rows["process"].where(rows["kind"] == "use", others)


def _shown(sheet: str, frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """A table's cells as text."""
    columns = {
        column.name: _texts(column, frame[column.name], _noise(sheet, column, frame, tables))
        for column in COLUMNS[sheet]
        if column.name in frame
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def _texts(column: Column, values: pd.Series, noise: np.ndarray) -> list[str]:
    if not column.numeric:
        return [legible(value) if isinstance(value, str) else "" for value in values.tolist()]
    if column.kind == "residual":
        return [residual(value) for value in values.tolist()]
    if column.kind == "share":
        return [percent(value) for value in values.tolist()]
    return [figure(value, small) for value, small in zip(values.tolist(), noise.tolist(), strict=True)]


def _noise(sheet: str, column: Column, frame: pd.DataFrame, tables: Tables) -> np.ndarray:
    """Up to what a figure is rounding: amounts against their own good, levels against what has their unit, money
    against the chain's largest, prices by the money that they come to.
    """
    whole = moved(tables).set_axis(tables.goods["good"])
    values = frame[column.name]
    match column.kind:
        case "money":
            level: Any = SHOWN * money_scale(tables)
        case "amount" if sheet in ("balances", "uses", "audit", "transfers"):
            level = SHOWN * frame["good"].map(whole)
        case "amount" if sheet == "limits":
            level = SHOWN * frame["limit"].abs()
        # A difference of two solves is far less exact than a price.
        case "price" if column.name in ("right", "left"):
            level = SHOWN * price_scale(tables) * 10
        case "price" if sheet == "ranges":
            level = nothing(tables, frame["good"].map(whole).fillna(frame["now"].abs()))
        case "amount" if sheet == "ranges":
            level = SHOWN * frame[["now", "low", "high"]].abs().replace(np.inf, np.nan).max(axis=1)
        case "price" if sheet == "processes":
            level = SHOWN * price_scale(tables)
        case "price" if sheet == "limits":
            level = nothing(tables, frame["limit"])
        case "price":
            level = nothing(tables, frame["good"].map(whole))
        case "amount" if column.name == "level":
            unit = dict(zip(tables.goods["good"], tables.goods["unit"], strict=True))
            of = dict(zip(tables.part.whole.processes, counted(tables.part.whole), strict=True))
            kind = frame["process"].map(lambda process: unit.get(of[process], ""))
            level = SHOWN * values.abs().groupby(kind).transform("max")
        case "amount":
            level = SHOWN * LEAST_PRICE * values.abs().max()
        case _:
            level = 0.0
    return np.nan_to_num(np.broadcast_to(np.asarray(level, dtype=float), len(values)))
