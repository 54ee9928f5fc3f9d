"""What a solution says, in plain sentences: the same for every report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import pandas as pd

from chainopt.audits.market_test import MarketTest
from chainopt.audits.market_test import findings as market_findings
from chainopt.audits.verdicts import Verdict
from chainopt.chain.chain import Chain
from chainopt.chain.rules import Caution
from chainopt.network.limits import KINDS
from chainopt.network.tolerances import SHOWN
from chainopt.report.content.legible import figure, percent, residual, short
from chainopt.report.content.salience import (
    ambiguous,
    binding,
    disagreeing,
    eased_by_more,
    losing,
    price_scale,
    relative_differences,
    scarce_supplies,
    telling,
    turnover,
)
from chainopt.rows.proofs import told
from chainopt.rows.tables import Tables
from chainopt.solution.solution import Solution
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


def headline(solution: Solution) -> str:
    """How the solve ended, in one sentence."""
    ending = solution.status.ending
    if not solution.certified:
        return f"{ending}."
    value = figure(solution.objective if solution.objective is not None else float("nan"))
    if solution.scope == "local":
        return f"{ending}, as a local optimum: no plan nearby is worth more than {value}."
    return f"{ending}: the greatest value of this chain is {value}."


def findings(solution: Solution, tables: Tables) -> list[Finding]:
    """All that is worth saying: what to beware of first, then what is scarce, then how sure the prices are."""
    leaving = list(_market(tables.market) if tables.market is not None else _losses(solution, tables))
    loud = any(finding.caution for finding in leaving)
    return [
        *_scenario(solution),
        *_explanation(solution, tables),
        *(leaving if loud else []),
        *_firms_at_a_loss(tables),
        *_reading(solution),
        *_removed(solution),
        *(Finding(Question.SURE, "solver", _sentence(text), caution=True) for text in _legible(solution.warnings)),
        *_scarce_limits(tables),
        *_scarce_supplies(tables),
        *_worth(tables),
        *_agreement(tables),
        *_ranges(tables),
        *_apart(tables),
        *_audit(tables),
        *([] if loud else leaving),
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
        return "Money is in the unit of the chain's own prices."
    return f"Money, but for the chain's value, is in units of {short(tables.numeraire)}: its price is 1."


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


def _market(market: MarketTest) -> Iterator[Finding]:
    """Whether a market holds the plan, and which processes would not keep to it."""
    said = market_findings(market)
    if not market.supported:
        # Who would not keep to the plan is what a reader asks; what that means comes after.
        said = [*said[1 : MOST + 1], said[0], *said[MOST + 1 :]]
    for text in said[: MOST + 1]:
        yield Finding(Question.LEAVING, "market", short(text, 1000), caution=not market.supported)
    if len(said) > MOST + 1:
        text = f"The market test says {len(said) - MOST - 1:,} more of the kind."
        yield Finding(Question.LEAVING, "market", text, True)


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
    if solution.plan is not None:
        text = "The amounts shown are where the solver stopped, not a solution."
        yield Finding(reason, "processes", text, caution=True)
    else:
        yield Finding(reason, "solver", "There is no plan, so that there are no amounts to show.", caution=True)


def _losses(solution: Solution, tables: Tables) -> Iterator[Finding]:
    rows = losing(tables)
    for row in _rows(rows.head(MOST)):
        who = _process(row)
        loss = figure(-row["profit"])
        text = f"{who} runs at a loss of {loss} at these prices and would shut down if it could."
        yield Finding(Question.LEAVING, "processes", text, caution=True, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more process', 'more processes')} at a loss."
        yield Finding(Question.LEAVING, "processes", text, True)
    if rows.empty and solution.certified:
        yield Finding(Question.LEAVING, "processes", "None: no process runs at a loss at these prices.")


def _firms_at_a_loss(tables: Tables) -> Iterator[Finding]:
    """The firms that lose money, the most first, each with its processes at a loss and why."""
    rows = tables.firms[tables.firms["why"] != ""].sort_values("profit", kind="stable")
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


def _scarce_limits(tables: Tables) -> Iterator[Finding]:
    rows = binding(tables)
    units = tables.goods.set_index("good")["unit"].map(lambda unit: short(unit, 20))
    for row in _rows(rows.head(MOST)):
        names = {name: short(row[name]) for name in ("good", "process") if isinstance(row[name], str)}
        which = KINDS[row["kind"]].phrase.format_map(names)
        unit = units.get(row["good"], "")
        step = f"one more {unit or 'unit'}" if eased_by_more(row) else f"one {unit or 'unit'} less"
        rent = figure(abs(row["rent"]))
        whole = f"; rent in all: {figure(abs(row['total']))}" if row["total"] else ""
        bound = f"{figure(row['limit'])} {unit}".strip()
        text = f"{which}, {bound}, binds: {step} would add {rent}{whole}."
        yield Finding(Question.LIMITS, "limits", text[0].upper() + text[1:], row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more limit binds', 'more limits bind')}."
        yield Finding(Question.LIMITS, "limits", text)
    if rows.empty and tables.limits["rent"].notna().any():
        yield Finding(Question.LIMITS, "limits", "No limit binds.")


def _scarce_supplies(tables: Tables) -> Iterator[Finding]:
    rows = scarce_supplies(tables)
    for row in _rows(rows.head(MOST)):
        unit = short(row["unit"], 20)
        supply = f"{figure(row['supply'])} {unit}".strip()
        text = (
            f"The supply of {short(row['good'])}, {supply}, is all that there is: "
            f"one more {unit or 'unit'} would add {figure(row['price'])}; worth in all: {figure(row['worth'])}."
        )
        yield Finding(Question.LIMITS, "prices", text, row=row[_ROW])
    if len(rows) > MOST:
        text = f"{_count(len(rows) - MOST, 'more supply is', 'more supplies are')} worth less."
        yield Finding(Question.LIMITS, "prices", text)


def _worth(tables: Tables) -> Iterator[Finding]:
    """What the goods of the greatest turnover are worth, and what makes it so; first those that are made on."""
    goods = tables.goods[tables.goods["price"].abs() > SHOWN * price_scale(tables)]
    goods = goods[goods["good"].isin(tables.stories.keys())]
    goods = goods.assign(
        plain=[not tables.stories[good].legs for good in goods["good"]], moved=-turnover(goods).abs()
    )
    factored = False
    for row in _rows(goods.sort_values(["plain", "moved"], kind="stable").head(MOST)):
        story = tables.stories[row["good"]]
        one = f"One more {short(row['unit'], 20)} of" if row["unit"] else "One more unit of"
        path = [str(leg.next) for leg in story.legs if leg.next is not None]
        why = f"set by {short(story.end, 120)}"
        if path:
            factors = [figure(leg.factor) for leg in story.legs if leg.next is not None]
            last = tables.stories[path[-1]].price if path[-1] in tables.stories else float("nan")
            shown = " \N{MULTIPLICATION SIGN} ".join([*factors, figure(last)])
            why += f" through {_listed([short(name, 40) for name in path])}: {shown}, the last one's price"
            factored = True
            if story.share < 0.995:
                why += f" ({percent(story.share)} of its value goes that way)"
        text = f"{one} {short(row['good'])} is worth {figure(row['price'])}, {why}."
        yield Finding(Question.WORTH, "prices", text, row=row[_ROW])
    if factored:
        text = (
            "A factor is what one more unit of a good is worth, the other inputs paid, in units of the next good "
            "on its way."
        )
        yield Finding(Question.WORTH, "prices", text)


def _agreement(tables: Tables) -> Iterator[Finding]:
    goods = tables.goods[tables.goods["price"].notna()]
    compared = goods[goods["difference"].notna()]
    if compared.empty:
        return
    apart = disagreeing(tables)
    if apart.empty:
        worst = residual(float(relative_differences(tables).max()))
        both = "the price (the solver's multiplier) and the derivative (the chain rule) of every good agree"
        rest = ""
        if len(compared) < len(goods):
            rest = " (the others have no single derivative)"
            both = (
                f"the price and the derivative of {len(compared):,} of {_count(len(goods), 'good', 'goods')} agree"
            )
        yield Finding(Question.APART, "prices", f"Checked from both sides: {both}, to a relative {worst}{rest}.")
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
    rows = ambiguous(tables.goods)
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
    """The flows at which multiplier and derivative differ, but for idle ones, which say no more than that."""
    if tables.audit.empty:
        return
    flows = tables.audit[(tables.audit["kind"] != "good") & (tables.audit["verdict"] != Verdict.IDLE)]
    rows = telling(flows, len(flows))
    for row in _rows(rows.head(MOST)):
        taker = {"sale": "final demand", "disposal": "disposal"}.get(row["kind"]) or short(row["process"])
        text = f"{short(row['good'])} for {taker}: "
        if row["verdict"] == Verdict.RENT:
            gap = row["derivative"] - row["multiplier"]
            text += (
                f"worth {figure(row['derivative'])} there (the derivative), {figure(abs(gap))} "
                f"{'more' if gap > 0 else 'less'} than its price, {figure(row['multiplier'])} (the multiplier), "
                f"as a limit {'holds it back' if gap > 0 else 'imposes it'}."
            )
        else:
            text += f"{row['verdict']}; {_stopped(short(row['cause'], 300))}"
        yield Finding(Question.APART, "audit", text, caution=not Verdict(row["verdict"]).sound, row=row[_ROW])
    if len(rows) > MOST:
        text = f"They differ for {_count(len(rows) - MOST, 'more flow', 'more flows')}, each with its cause."
        yield Finding(Question.APART, "audit", text)


def price_range(low: float, high: float, interval: str | None) -> str:
    """The prices that support the plan, in words; "" where they were not computed."""
    match interval:
        case "point":
            return "one price"
        case "bounded":
            return f"{figure(low)} to {figure(high)}"
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
