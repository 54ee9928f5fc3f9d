"""What a solution says, in plain sentences: the same for every report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import isinf
from typing import Any, Literal

import pandas as pd

from chainopt.audits.market_test import MarketTest, held_sentence
from chainopt.audits.market_test import against as market_against
from chainopt.audits.market_test import findings as market_findings
from chainopt.audits.stories import Story
from chainopt.audits.verdicts import Verdict
from chainopt.chain.chain import Chain
from chainopt.chain.rules import Caution
from chainopt.chain.units import MONEY, money_unit
from chainopt.network.limits import KINDS, MIN_LEVEL, cell
from chainopt.network.tolerances import SHOWN
from chainopt.report.content.legible import legible, residual, short
from chainopt.report.content.salience import (
    ambiguous,
    binding,
    brings,
    disagreeing,
    eased_by_more,
    felt_prices,
    losing,
    price_scale,
    relative_differences,
    scarce_supplies,
    telling,
    turnover,
)
from chainopt.rows.accounts import accounts
from chainopt.rows.levels import RUNS, first_outputs, level_units
from chainopt.rows.proofs import told
from chainopt.rows.ranges import supply_cell
from chainopt.rows.tables import Tables
from chainopt.solution.by_simplex import BESIDE_PROOF, KEPT
from chainopt.solution.solution import Solution
from chainopt.words.figures import contrasted, counted, figure
from chainopt.words.messages import is_warning

MOST = 5
"""How many of a kind are named; the rest are counted."""
MOST_IN_TITLE = 3
_ROW = "#"

Subject = Literal[
    "changes", "explanation", "warnings", "prices", "audit", "uses", "processes", "firms", "market", "limits",
    "solver",
]  # fmt: skip


class Question(StrEnum):
    """What a reader asks of a solution, in the order of a report."""

    FAILED = "Why is there no solution?"
    SURE = "What to beware of?"
    LIMITS = "What limits the output?"
    WORTH = "What is each good worth, and why?"
    LEAVING = "Which process would rather shut down, or do something else?"
    APART = "Where do multiplier and derivative differ, and why?"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, the question that it answers, the table that shows more of it, and the number of its row there
    where it is about one; caution where the reader should think twice.
    """

    question: Question
    about: Subject
    text: str
    caution: bool = False
    row: int | None = None


def report_title(chain: Chain) -> str:
    """What a report is of: the chain's name, and what it has in place of its workbook's figures."""
    name = short(chain.name) or "Supply chain"
    return f"{name}, with {_listed_changes(chain, MOST_IN_TITLE)}" if chain.changes else name


def _listed_changes(chain: Chain, most: int) -> str:
    shown = [short(str(change)) for change in chain.changes[:most]]
    more = len(chain.changes) - len(shown)
    return ", ".join(shown) + (f" and {_count(more, 'more change', 'more changes')}" if more else "")


def headline(solution: Solution, tables: Tables | None = None, *, brief: bool = False) -> str:
    """How the solve ended, in one sentence; tables: those below it, which may have another money.

    brief: without what the objective is, where sales less costs are told.
    """
    ending = solution.status.ending
    if not solution.certified or solution.objective is None:
        return f"{ending}."
    own = _own_money(solution)
    value = counted(solution.objective, own)
    in_units = ""
    if tables is not None and tables.numeraire is not None:
        there = counted(solution.objective / tables.unit, short(tables.money, 40))
        in_units = f", or {there}, in which all money below is counted"
    local = solution.scope == "local"
    found = accounts(solution)
    if found is not None and found.elastic:
        left = counted(abs(found.profit), own)
        result = f"{left} is left" if found.profit >= 0 else f"a loss of {left}"
        best = "the greatest of the plans nearby" if local else "the greatest that this chain has"
        told = (
            f"{ending}: sales bring {counted(found.revenue, own)} at the plan's prices, what they take costs "
            f"{counted(found.costs, own)}: {result}."
        )
        if brief:
            return told
        return (
            f"{told} The objective is {value}{in_units}, {best}: the area under the demand curves from their "
            "reference sales, less costs."
        )
    if local:
        return f"{ending}, as a local optimum: no plan nearby is worth more than {value}{in_units}."
    return f"{ending}: the greatest value of this chain is {value}{in_units}."


def value_facts(solution: Solution) -> list[tuple[str, float]]:
    """The value of a certified solution, or its accounts where that is an area under demand curves."""
    if not solution.certified or solution.objective is None:
        return []
    found = accounts(solution)
    if found is None or not found.elastic:
        return [("Value", solution.objective)]
    told = [("Sales", found.revenue), ("Costs", found.costs), ("Sales less costs", found.profit)]
    return [*told, ("Objective", solution.objective)]


def _own_money(solution: Solution) -> str:
    """What the objective is counted in, "" where that has no name."""
    own = money_unit(solution.chain)
    return "" if own == MONEY else short(own, 40)


def _surplus(solution: Solution) -> Iterator[Finding]:
    """What the buyers of an elastic demand gain, which is not the chain's."""
    found = accounts(solution) if solution.certified else None
    if found is None or not found.elastic or abs(found.surplus) <= SHOWN * found.revenue:
        return
    more = "more" if found.surplus >= 0 else "less"
    surplus = counted(abs(found.surplus), _own_money(solution))
    text = (
        f"Beside the chain's own accounts, the buyers of what has an elastic demand gain {surplus} {more} than "
        "with their reference sales at their reference prices (buyers' surplus)."
    )
    yield Finding(Question.LIMITS, "uses", text)


def findings(solution: Solution, tables: Tables) -> list[Finding]:
    """All that is worth saying: what to beware of first, then what is scarce, then how sure the prices are."""
    leaving = list(
        _market(tables.market, _named(tables)) if tables.market is not None else _losses(solution, tables)
    )
    loud = any(finding.caution for finding in leaving)
    return [
        *_scenario(solution),
        *_explanation(solution, tables),
        *(leaving if loud else []),
        *_firms_at_a_loss(tables),
        *_reading(solution),
        *_removed(solution),
        *_warned(solution),
        *_scarce(tables),
        *_surplus(solution),
        *_worth(tables),
        *_agreement(tables),
        *_ranges(tables),
        *_apart(tables),
        *_audit(tables),
        *([] if loud else leaving),
        *_idle(tables),
    ]


def answers(found: Iterable[Finding]) -> dict[Question, list[Finding]]:
    """Findings by the question that they answer, in the questions' order; those without an answer are left out."""
    listed = list(found)
    by = {question: [each for each in listed if each.question is question] for question in Question}
    return {question: said for question, said in by.items() if said}


def warnings(solution: Solution) -> list[str]:
    """What the solve, and the reading of the chain, warn of, legible, each once."""
    return _legible((*solution.warnings, *map(str, solution.chain.warnings)))


def _legible(texts: Iterable[str]) -> list[str]:
    return [short(text, 500) for text in dict.fromkeys(texts)]


def money(tables: Tables) -> str:
    """What money figures are counted in, as a sentence."""
    if tables.numeraire is None:
        named = _named(tables)
        return f"Money is in {named}." if named else "Money is in the unit of the chain's own prices."
    return f"Money, but for the chain's value, is in units of {short(tables.numeraire)}: its price is 1."


def _named(tables: Tables) -> str:
    """What money is counted in, "" where it has no name."""
    return "" if tables.money == MONEY else short(tables.money, 40)


def audit_sentence(tables: Tables) -> str:
    """How many goods and uses come to each verdict, as a sentence; "" where nothing was audited."""
    audit = tables.audit
    if audit.empty:
        return ""
    goods = int((audit["kind"] == "good").sum())
    found = audit["verdict"].value_counts()
    counts = [
        f"{found[verdict]:,} {one if found[verdict] == 1 else many}"
        for verdict, (one, many) in _VERDICTS.items()
        if verdict in found
    ]
    audited = f"{_count(goods, 'good', 'goods')} and {_count(len(audit) - goods, 'way', 'ways')} of taking them"
    return f"Audit of {audited}: {', '.join(counts)}."


_VERDICTS = {
    Verdict.UNCONVERGED: ("is not converged", "are not converged"),
    Verdict.UNQUALIFIED: ("has no constraint qualification", "have no constraint qualification"),
    Verdict.SIGN: ("has the wrong sign", "have the wrong sign"),
    Verdict.AGREES: ("agrees", "agree"),
    Verdict.KINK: ("is at a kink, with a range of prices", "are at a kink, with a range of prices"),
    Verdict.RENT: ("pays a rent", "pay a rent"),
    Verdict.NUISANCE: ("can't be thrown away", "can't be thrown away"),
    Verdict.STEEP: ("has an infinite slope at zero flow", "have an infinite slope at zero flow"),
    Verdict.IDLE: ("is idle", "are idle"),
}


def _audit(tables: Tables) -> Iterator[Finding]:
    text = audit_sentence(tables)
    if text:
        sound = all(Verdict(name).sound for name in tables.audit["verdict"])
        yield Finding(Question.APART, "audit", text, caution=not sound)


def _market(market: MarketTest, money: str) -> Iterator[Finding]:
    """Whether a market holds the plan, and which processes would not keep to it, or lose by keeping to it."""
    whole, *rest = market_findings(market, money)
    losing = market_against(market, money)
    # Who would not keep to the plan is what a reader asks; what that means comes after.
    for text in losing[:MOST]:
        yield Finding(Question.LEAVING, "market", short(text, 1000), caution=True)
    if len(losing) > MOST:
        text = f"So it is with {_count(len(losing) - MOST, 'more process', 'more processes')}."
        yield Finding(Question.LEAVING, "market", text, caution=True)
    for text in (whole, *rest[len(losing) :]):
        yield Finding(Question.LEAVING, "market", short(text, 1000), caution=not market.supported)


def _explanation(solution: Solution, tables: Tables) -> Iterator[Finding]:
    explanation = tables.explanation
    causes = explanation.causes if explanation is not None else ()
    reason = Question.SURE if solution.certified else Question.FAILED
    for cause in causes[:MOST]:
        where = f'Sheet {cause.sheet}, row "{short(cause.record)}", column "{cause.column}"'
        yield Finding(reason, "explanation", _stopped(f"{where}: {short(cause.text, 1000)}"), caution=True)
    if len(causes) > MOST:
        text = f"{_count(len(causes) - MOST, 'more cell is', 'more cells are')} part of the reason."
        yield Finding(reason, "explanation", text, caution=True)
    if solution.certified:
        return
    if proven := told(solution):
        yield Finding(reason, "explanation" if causes else "solver", _stopped(short(proven, 1000)), caution=True)
    if explanation is not None and explanation.summary:
        if explanation.note:
            yield Finding(reason, "explanation", _sentence(short(explanation.note, 1000)), caution=True)
    elif solution.message:
        yield Finding(reason, "solver", _sentence(short(solution.message, 1000)), caution=True)
    if solution.amounts is not None:
        text = "The amounts shown are where the solver stopped, not a solution."
        yield Finding(reason, "processes", text, caution=True)
    else:
        yield Finding(reason, "solver", "There is no plan, so that there are no amounts to show.", caution=True)


def _losses(solution: Solution, tables: Tables) -> Iterator[Finding]:
    rows = losing(tables)
    least = tables.limits[(tables.limits["kind"] == MIN_LEVEL) & (tables.limits["rent"] > 0)]
    held = dict(zip(least["process"], least["limit"], strict=True))
    for row in _rows(rows.head(MOST)):
        who, least = _process(row), held.get(row["process"], 0.0)
        loss = counted(-row["profit"], _named(tables))
        text = f"{who} runs at a loss of {loss} at these prices and would shut down if it could."
        if least > 0:
            text = held_sentence(who, -row["profit"], least, _named(tables))
        yield Finding(Question.LEAVING, "processes", text, caution=True, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more process', 'more processes')} at a loss."
        yield Finding(Question.LEAVING, "processes", text, True)
    if rows.empty and solution.certified:
        yield Finding(Question.LEAVING, "processes", "None: no process runs at a loss at these prices.")


def _idle(tables: Tables) -> Iterator[Finding]:
    """Which processes stand idle, what their first unit would lose, and what they would need to run."""
    net = tables.part.whole
    price = tables.goods.set_index("good")["price"]
    output = dict(zip(net.processes, first_outputs(net), strict=True))
    idle = tables.processes[tables.processes["first_loss"].notna()]
    rows = idle.sort_values("first_loss", kind="stable")
    noise, money = SHOWN * price_scale(tables), _named(tables)
    for row in _rows(rows.head(MOST)):
        good = output[row["process"]]
        text = f"{_process(row)} stands idle: its first unit would neither gain nor lose."
        if row["first_loss"] > noise:
            text = f"{_process(row)} stands idle: its first unit would lose {counted(row['first_loss'], money)}"
            if good is not None:
                now = figure(float(price[good]))
                text += f"; it needs {short(good)} at {figure(row['needed'])}, whose price is {now}"
            text += "."
        elif row["first_loss"] < -noise:
            gain = counted(-row["first_loss"], money)
            text = f"{_process(row)} stands idle, though its first unit would gain {gain}: its own limits hold it."
        yield Finding(Question.LEAVING, "processes", text, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more process stands', 'more processes stand')} idle."
        yield Finding(Question.LEAVING, "processes", text)


def _warned(solution: Solution) -> Iterator[Finding]:
    """What the solve warns of; where a proof stands beside what another witness says, that it stands."""
    beside = [text for text in solution.warnings if text.endswith(KEPT) or text.startswith(BESIDE_PROOF)]
    for text in _legible(text for text in solution.warnings if text not in beside):
        yield Finding(Question.SURE, "solver", _sentence(text), caution=True)
    if beside:
        text = "The plan and its prices are those of the simplex method, which proves them; Ipopt's are not shown."
        yield Finding(Question.SURE, "solver", text)


def _firms_at_a_loss(tables: Tables) -> Iterator[Finding]:
    """The firms of several processes that lose money, the most first, each with those at a loss and why; of others
    the process itself is told."""
    several = (tables.firms["why"] != "") & (tables.firms["processes"] > 1)
    rows = tables.firms[several].sort_values("profit", kind="stable")
    for row in _rows(rows.head(MOST)):
        text = f"The firm {short(row['firm'])} loses {figure(-row['profit'])}: {short(row['why'], 500)}"
        yield Finding(Question.LEAVING, "firms", _stopped(text), caution=True, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more firm loses', 'more firms lose')} money."
        yield Finding(Question.LEAVING, "firms", text, caution=True)


def _removed(solution: Solution) -> Iterator[Finding]:
    gone = list(solution.removed.items())
    for process, why in gone[:MOST]:
        text = f"{short(process)} can't run: {_stopped(short(why, 300))}"
        yield Finding(Question.SURE, "processes", text, caution=True)
    if len(gone) > MOST:
        text = f"{_count(len(gone) - MOST, 'more process', 'more processes')} can't run either."
        yield Finding(Question.SURE, "processes", text, caution=True)


def _scenario(solution: Solution) -> Iterator[Finding]:
    """What the chain has in place of its workbook's figures."""
    if solution.chain.changes:
        text = f"This is not the workbook as it stands, but {_listed_changes(solution.chain, MOST)}."
        yield Finding(Question.SURE, "changes", text)


def _reading(solution: Solution) -> Iterator[Finding]:
    """What reading said of the chain, the warnings before the notices, the first of each code."""
    said: dict[str, list[Caution]] = {}
    for caution in solution.chain.warnings:
        said.setdefault(caution.code, []).append(caution)
    for code, found in sorted(said.items(), reverse=True):
        for text in _legible(map(str, found[:MOST])):
            yield Finding(Question.SURE, "warnings", _stopped(text), caution=is_warning(code))
        if len(found) > MOST:
            text = f"{code} is said of {_count(len(found) - MOST, 'more cell', 'more cells')}."
            yield Finding(Question.SURE, "warnings", text, caution=is_warning(code))


def _scarce(tables: Tables) -> Iterator[Finding]:
    """The limits and the supplies that hold the value back, what is worth most in all first."""
    limits, supplies = binding(tables), scarce_supplies(tables)
    told = [
        *((abs(row["total"]), _limit(row, tables)) for row in _rows(limits.head(MOST))),
        *((row["worth"], _supply(row, tables)) for row in _rows(supplies.head(MOST))),
    ]
    yield from (finding for _, finding in sorted(told, key=lambda each: -each[0]))
    if len(limits) > MOST:
        text = f"{_count(len(limits) - MOST, 'more limit binds', 'more limits bind')}."
        yield Finding(Question.LIMITS, "limits", text)
    if limits.empty and tables.limits["rent"].notna().any():
        yield Finding(Question.LIMITS, "limits", "No limit binds.")
    if len(supplies) > MOST:
        text = f"{_count(len(supplies) - MOST, 'more supply is', 'more supplies are')} worth less."
        yield Finding(Question.LIMITS, "prices", text)


def _limit(row: dict[str, Any], tables: Tables) -> Finding:
    unit = _unit_of_limit(row, tables)
    names = {name: short(row[name]) for name in ("good", "process") if isinstance(row[name], str)}
    which = KINDS[row["kind"]].phrase.format_map(names)
    step = f"one more {unit or 'unit'}" if eased_by_more(row) else f"one {unit or 'unit'} less"
    money = _named(tables)
    rent = counted(abs(row["rent"]), money)
    whole = f"; rent in all: {counted(abs(row['total']), money)}" if row["total"] else ""
    bound = f"{figure(row['limit'])} {unit}".strip()
    far = _how_far(tables, cell(row["kind"], row["good"], row["process"]), row["limit"], up=eased_by_more(row))
    text = f"{which}, {bound}, binds: {step} would add {rent}{far}{whole}."
    if pd.isna(row["backprop"]):
        text = f"{which}, {bound}, binds; its rent, {rent}, is one of several that support the plan."
    return Finding(Question.LIMITS, "limits", text[0].upper() + text[1:], row=row[_ROW])


def _how_far(tables: Tables, name: str, now: float, *, up: bool) -> str:
    """Up to which figure the next unit's worth is that of further ones; "" where it is not known."""
    known = tables.ranges[tables.ranges["figure"] == name]
    if known.empty or pd.isna(end := float(known["high" if up else "low"].iloc[0])):
        return ""
    if isinf(end):
        return ", and so any more" if up else ", and so any less"
    return f", {'up' if up else 'down'} to {contrasted(end, now)[0]}"


def _unit_of_limit(row: dict[str, Any], tables: Tables) -> str:
    """The unit of what a limit bounds: of its good, or of its process's level where that is the amount of one."""
    if isinstance(row["good"], str):
        return short(str(tables.goods.set_index("good")["unit"].get(row["good"], "")), 20)
    unit = level_units(tables.part.whole)[row["process"]]
    return "" if unit == RUNS else short(unit, 40)


def _supply(row: dict[str, Any], tables: Tables) -> Finding:
    unit, money = short(row["unit"], 20), _named(tables)
    supply = f"{figure(row['supply'])} {unit}".strip()
    more = brings(tables).get(row["good"], row["price"])
    adds = f"would add {counted(more, money)}" if pd.notna(more) else "has no single worth"
    far = _how_far(tables, supply_cell(row["good"]), row["supply"], up=True) if pd.notna(more) else ""
    text = (
        f"The supply of {short(row['good'])}, {supply}, is all that there is: "
        f"one more {unit or 'unit'} {adds}{far}; worth in all, at its price: {counted(row['worth'], money)}."
    )
    return Finding(Question.LIMITS, "prices", text, row=row[_ROW])


def _worth(tables: Tables) -> Iterator[Finding]:
    """What the goods of the greatest turnover are worth, and who sets it; first those that are made on."""
    goods = tables.goods[tables.goods["price"].abs() > SHOWN * price_scale(tables)]
    goods = goods[goods["good"].isin(tables.stories.keys())]
    goods = goods.assign(
        plain=[not _made_on(tables.stories[good]) for good in goods["good"]], moved=-turnover(goods).abs()
    )
    for row in _rows(goods.sort_values(["plain", "moved"], kind="stable").head(MOST)):
        unit = f" per {short(row['unit'], 20)}" if row["unit"] else ""
        why = legible(tables.stories[row["good"]].why)
        text = f"{short(row['good'])} is worth {figure(row['price'])}{unit}: {why}."
        yield Finding(Question.WORTH, "prices", text, row=row[_ROW])


def _made_on(story: Story) -> bool:
    return any(side is not None and side.runs for side in (story.more, story.less))


def _agreement(tables: Tables) -> Iterator[Finding]:
    goods = tables.goods[tables.goods["price"].notna()]
    compared = goods[goods["difference"].notna()]
    if compared.empty:
        return
    apart = disagreeing(tables)
    if apart.empty:
        largest = float(relative_differences(tables).max())
        near = f"to a relative {residual(largest)}" if largest else "exactly"
        both = "the price (the solver's multiplier) and the derivative (the chain rule) of every good agree"
        rest = ""
        if len(compared) < len(goods):
            rest = " (the others have no single derivative)"
            both = (
                f"the price and the derivative of {len(compared):,} of {_count(len(goods), 'good', 'goods')} agree"
            )
        yield Finding(Question.APART, "prices", f"Checked from both sides: {both}, {near}{rest}.")
    for row in _rows(apart.head(MOST)):
        text = (
            f"{short(row['good'])}: the solver's price {figure(row['price'])} and the derivative "
            f"{figure(row['backprop'])} differ by {figure(row['difference'])}."
        )
        yield Finding(Question.APART, "prices", text, caution=True, row=row[_ROW])
    if len(apart) > MOST:
        text = f"Price and derivative differ for {_count(len(apart) - MOST, 'more good', 'more goods')}."
        yield Finding(Question.APART, "prices", text, caution=True)


def _ranges(tables: Tables) -> Iterator[Finding]:
    rows = ambiguous(tables.goods.assign(**{name: felt_prices(tables, name) for name in ("price", "low", "high")}))
    for row in _rows(rows.head(MOST)):
        any_price = price_range(row["low"], row["high"], row["interval"])
        name = short(row["good"])
        text = f"{name} has no single price: {any_price} supports the plan as well."
        if not any(row[column] for column in ("supply", "imported", "produced", "used", "sold", "disposed")):
            worth = f"at least {figure(row['price'])}" if pd.notna(row["low"]) else "any amount"
            text = (
                f"Nothing of {name} moves: the first unit would be worth {worth} ({any_price} supports the plan)."
            )
        yield Finding(Question.APART, "prices", text, caution=True, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more good has', 'more goods have')} no single price."
        yield Finding(Question.APART, "prices", text, caution=True)


def _apart(tables: Tables) -> Iterator[Finding]:
    """The flows at which multiplier and derivative differ, but for idle ones, which say no more than that; takers
    whom a limit holds are no disagreement, but would pay another price.
    """
    if tables.audit.empty:
        return
    flows = tables.audit[(tables.audit["kind"] != "good") & (tables.audit["verdict"] != Verdict.IDLE)]
    rows = telling(flows, len(flows))
    rents = bool((rows["verdict"] == Verdict.RENT).all())
    for row in _rows(rows.head(MOST)):
        if row["verdict"] == Verdict.RENT:
            yield Finding(Question.WORTH, "audit", _would_pay(row, _named(tables)), row=row[_ROW])
            continue
        text = f"{short(row['good'])} for {_taker(row)}: {row['verdict']}; {_stopped(short(row['cause'], 300))}"
        yield Finding(Question.APART, "audit", text, caution=not Verdict(row["verdict"]).sound, row=row[_ROW])
    if len(rows) > MOST:
        text = f"So it is with {_count(len(rows) - MOST, 'more flow', 'more flows')}, each with its cause."
        yield Finding(Question.WORTH if rents else Question.APART, "audit", text)


def _taker(row: dict[str, Any]) -> str:
    return {"sale": "final demand", "disposal": "disposal"}.get(row["kind"]) or short(row["process"])


def _would_pay(row: dict[str, Any], money: str) -> str:
    """What a taker whom a limit holds would pay: no disagreement, as the limit's rent is the rest."""
    gap = row["derivative"] - row["multiplier"]
    apart, price = counted(abs(gap), money), counted(row["multiplier"], money)
    one = (
        f"{_taker(row)[:1].upper()}{_taker(row)[1:]} would pay {counted(row['derivative'], money)} for one more of"
    )
    if gap > 0:
        return (
            f"{one} {short(row['good'])}, {apart} more than its price, {price}, but a limit lets it have no more."
        )
    return f"{one} {short(row['good'])}, {apart} less than its price, {price}, but a limit makes it take as much."


def price_range(low: float, high: float, interval: str | None) -> str:
    """The prices that support the plan, in words; "" where they were not computed."""
    match interval:
        case "point":
            return "one price"
        case "bounded":
            return " to ".join(contrasted(low, high))
        case "unbounded below":
            return f"{figure(high)} or less"
        case "unbounded above":
            return f"{figure(low)} or more"
        case "unbounded":
            return "any price"
    return ""


def _process(row: dict[str, Any]) -> str:
    """A process, with its firm where that has a name of its own."""
    name, firm = short(row["process"]), short(row["firm"])
    return name if firm in (name, "") else f"{name} ({firm})"


def _rows(frame: pd.DataFrame) -> Iterable[dict[str, Any]]:
    """The rows of a part of a table as records, each with its number in the whole."""
    return (
        {_ROW: int(number)} | {str(name): value for name, value in row.items()}
        for number, row in zip(frame.index, frame.to_dict("records"), strict=True)
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _listed(names: list[str]) -> str:
    """Names one after the other, as a sentence has them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and then {names[-1]}"


def _sentence(text: str) -> str:
    """Text with a capital and a full stop."""
    return _stopped(text[:1].upper() + text[1:])


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
