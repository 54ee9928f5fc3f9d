"""The tables as they are shown: which columns, under which titles, and every number as text.

One table of columns serves Excel, HTML and the terminal: adding a column to a report is adding a row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from chainopt.chain import Chain
from chainopt.network import network
from chainopt.report.findings import price_range
from chainopt.report.legible import figure, legible, percent, residual
from chainopt.report.salience import NOISE, money_scale, price_scale, turnover
from chainopt.tables import Tables

Kind = Literal["name", "word", "amount", "price", "money", "share", "residual"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the table, its title, and what its figures mean.

    kind tells how to show it: a name, a word, an amount in the good's unit, a price (money per unit), money, a
    share, or a residual, of which only the magnitude matters.
    """

    name: str
    title: str
    kind: Kind
    meaning: str

    @property
    def numeric(self) -> bool:
        return self.kind not in ("name", "word")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to be shown: the numbers in `rows`, the same as text in `shown`."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: pd.DataFrame
    shown: pd.DataFrame


_GOOD = Column("good", "Good", "name", "the good")
_UNIT = Column("unit", "Unit", "word", "the unit of its amounts")
_PROCESS = Column("process", "Process", "name", "the process")

COLUMNS: dict[str, tuple[Column, ...]] = {
    "prices": (
        _GOOD,
        _UNIT,
        Column("price", "Price", "price", "what one more unit adds to the value: the solver's multiplier"),
        Column("backprop", "Derivative", "price", "the same by the chain rule, from the plan alone"),
        Column("difference", "Difference", "residual", "price less derivative"),
        Column("low", "Low", "price", "the least price that supports the plan"),
        Column("high", "High", "price", "the greatest price that supports the plan"),
        Column("interval", "Interval", "word", "whether one price or a range of prices supports the plan"),
        Column("range", "Range", "word", "the prices that support the plan"),
        Column("turnover", "Turnover", "money", "price times what there is of the good"),
    ),
    "balances": (
        _GOOD,
        _UNIT,
        Column("supply", "Supply", "amount", "what there is before anything is made"),
        Column("imported", "Imported", "amount", "what is bought from outside"),
        Column("produced", "Produced", "amount", "what the processes make"),
        Column("used", "Used", "amount", "what the processes take"),
        Column("sold", "Sold", "amount", "what final demand takes"),
        Column("disposed", "Disposed", "amount", "what is thrown away"),
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
    ),
    "processes": (
        _PROCESS,
        Column("firm", "Firm", "name", "who runs it"),
        Column("level", "Level", "amount", "how much it runs, in units of its first output"),
        Column("revenue", "Revenue", "money", "what its outputs are worth"),
        Column("cost", "Cost", "money", "what its inputs and its level cost"),
        Column("profit", "Profit", "money", "revenue less cost, rents included"),
        Column("rent", "Of it rent", "money", "what its limits earn"),
    ),
    "limits": (
        Column("kind", "Kind", "word", "what is limited"),
        _GOOD,
        _PROCESS,
        _UNIT,
        Column("limit", "Limit", "amount", "the bound"),
        Column("amount", "Amount", "amount", "what it bounds"),
        Column("rent", "Rent", "price", "what moving the bound by one unit would add, by the solver"),
        Column("backprop", "Rent derived", "price", "the same from the plan alone"),
        Column("total", "Rent in all", "money", "rent times limit"),
    ),
    "kkt": (
        Column("check", "Check", "name", "one of the optimum's conditions"),
        Column("residual", "Residual", "residual", "how far it is from holding, relative to the goods' scales"),
        Column("meaning", "What it means", "word", "the condition in words"),
    ),
}

_CAPTIONS = {
    "prices": ("Prices", "What one more unit of each good is worth"),
    "balances": ("Balances", "Where each good comes from and where it goes"),
    "uses": ("Uses", "Who takes each good, and what one more unit is worth to them"),
    "processes": ("Processes", "What each process earns at these prices"),
    "limits": ("Limits", "The bounds, and what they cost"),
    "kkt": ("Solver", "The independent check of the optimum"),
}

_CHECKS = {
    "stationarity": "no process, sale, import or disposal would gain by a small change",
    "feasibility": "every good balances, every process keeps to its function, every limit is kept",
    "complementarity": "only what is used up has a price, and only a limit that binds has a rent",
}


def sheets(chain: Chain, tables: Tables) -> dict[str, Sheet]:
    """Every table of the report by name, in the order of reading."""
    goods = tables.goods.assign(turnover=turnover(tables.goods))
    goods["range"] = [
        price_range(low, high, kind if isinstance(kind, str) else None)
        for low, high, kind in zip(goods["low"], goods["high"], goods["interval"], strict=True)
    ]
    of_good = goods.set_index("good")
    units = {good.good: good.unit for good in chain.goods} | _level_units(chain)
    uses = tables.uses.assign(
        unit=tables.uses["good"].map(of_good["unit"]),
        price=tables.uses["good"].map(of_good["price"]),
        taker=tables.uses["process"]
        .where(tables.uses["kind"] == "use", tables.uses["kind"])
        .replace({"sale": "final demand"}),
    )
    limits = tables.limits.assign(total=tables.limits["rent"] * tables.limits["limit"])
    limits["unit"] = [
        units.get(good if isinstance(good, str) else (process,), "")
        for good, process in zip(limits["good"], limits["process"], strict=True)
    ]
    kkt = pd.DataFrame(
        {
            "check": list(_CHECKS),
            "residual": [float(tables.kkt[name].iloc[0]) for name in _CHECKS],
            "meaning": list(_CHECKS.values()),
        }
    )
    frames = {
        "prices": goods,
        "balances": goods,
        "uses": uses,
        "processes": tables.processes,
        "limits": limits,
        "kkt": kkt,
    }
    return {
        name: Sheet(*_CAPTIONS[name], COLUMNS[name], frame, _shown(name, frame, tables))
        for name, frame in frames.items()
    }


def _level_units(chain: Chain) -> dict[Any, str]:
    """The unit of a process's level, by (process,), where it is that of the good it makes."""
    net = network(chain)
    units = {good.good: good.unit for good in chain.goods}
    return {
        (name,): units.get(net.level_good[level], "")
        for name, level in zip(net.processes, net.first_level, strict=True)
    }


def _shown(sheet: str, frame: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """A table's cells as text."""
    columns = {
        column.name: _texts(column, frame[column.name], _noise(sheet, column, frame, tables))
        for column in COLUMNS[sheet]
    }
    return pd.DataFrame(columns, index=frame.index, dtype=object)


def _texts(column: Column, values: pd.Series, noise: np.ndarray) -> list[str]:
    if not column.numeric:
        return [legible(value) if isinstance(value, str) else "" for value in values]
    if column.kind == "residual":
        return [residual(value) for value in values]
    if column.kind == "share":
        return [percent(value) for value in values]
    return [figure(value, small) for value, small in zip(values, noise, strict=True)]


def _noise(sheet: str, column: Column, frame: pd.DataFrame, tables: Tables) -> np.ndarray:
    """Below what a figure is rounding: amounts against their own good, money against the chain's largest."""
    goods = tables.goods
    flows = ["supply", "imported", "produced", "used", "sold", "disposed"]
    moved = goods[flows].abs().max(axis=1).set_axis(goods["good"])
    values = frame[column.name]
    match column.kind:
        case "money":
            level: Any = money_scale(tables)
        case "amount" if sheet in ("balances", "uses"):
            level = frame["good"].map(moved)
        case "amount" if sheet == "limits":
            level = frame["limit"].abs()
        # Prices, and levels, have no unit in common: only one that is far smaller than another is noise.
        case "price":
            level = price_scale(tables) * 1e-3
        case "amount":
            level = values.abs().max() * 1e-3
        case _:
            level = 0.0
    return np.nan_to_num(np.broadcast_to(np.asarray(level, dtype=float) * NOISE, len(values)))
