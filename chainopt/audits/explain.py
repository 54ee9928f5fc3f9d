"""Why a chain has no solution, in the workbook's terms: the cells that conflict, or the trade without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from chainopt.chain.chain import Chain
from chainopt.chain.reach import reach
from chainopt.chain.records import Process
from chainopt.network.conflicts import DISPOSAL, SUPPLY, Conflict, Row, Search
from chainopt.network.forward import forward_run
from chainopt.network.limits import MIN_LEVEL, MIN_SALE
from chainopt.network.network import Network, network
from chainopt.network.tolerances import BROKEN, SHOWN
from chainopt.planner.elastic import Elastic
from chainopt.planner.rays import Ray, find_ray
from chainopt.simplex.judge import Unbounded
from chainopt.simplex.polyhedral import is_polyhedral
from chainopt.simplex.relaxed import RelaxedProgram
from chainopt.solution.solution import Solution
from chainopt.technology.arrays import Array
from chainopt.technology.curvature import shapes
from chainopt.words.figures import contrasted, figure
from chainopt.words.names import key
from chainopt.words.status import Status


@dataclass(frozen=True, slots=True)
class Cause:
    """One cell that is part of the reason.

    sheet and column as in the workbook; record is the good or the process of the row, good the second name of a
    row of `inputs`. value is what the cell holds, most what can be reached of it at best (None: not asked).
    """

    sheet: str
    record: str
    column: str
    text: str
    good: str = ""
    value: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a chain has no solution: the cells behind it, the one that asks too much first; and what else there is
    to say, of how sure that is or why nothing was found.
    """

    causes: tuple[Cause, ...] = ()
    note: str = ""

    @property
    def summary(self) -> str:
        """All in one line; "" where nothing can be said."""
        causes = "; ".join(cause.text for cause in self.causes)
        return f"{causes} ({self.note})" if causes and self.note else causes or self.note


def explain(chain: Chain, solution: Solution, *, time_limit: float = 30.0) -> Explanation:
    """What stands in the way of a chain's solution.

    Empty where the solution is optimal or was cut off, or nothing can be said; of a local optimum it tells where
    the chain's value has no end elsewhere. An infeasible chain is solved again with its limits relaxed, for at
    most time_limit seconds; see network.conflicts. Raises SolverMissing where cyipopt is not installed.
    """
    if solution.status is Status.OPTIMAL and solution.scope == "local" and solution.net is not None:
        return Explanation(_unending(solution.net, find_ray(solution.net, solution.plan)))
    if solution.status.final or solution.cut_off:
        return Explanation()
    if solution.unmet:
        return Explanation(tuple(dict.fromkeys(_structural(chain, solution))))
    net = solution.net or network(reach(chain).chain)
    hopeless = solution.status in (Status.INFEASIBLE, Status.UNSOLVED)
    found = () if hopeless else _unending(net, _ray(net, solution))
    found = found or _outside(net, solution)
    if found or solution.status is Status.UNBOUNDED:
        return Explanation(found, "" if found else _NO_RAY)
    relaxed: Elastic | RelaxedProgram = (
        RelaxedProgram(net, time_limit) if is_polyhedral(net) else Elastic(net, time_limit)
    )
    search = Search(net, relaxed.rows, relaxed.solve)
    causes = tuple(cause for conflict in search.conflicts() for cause in _conflicting(net, conflict))
    if causes:
        return Explanation(causes, "" if _concave(net) else _LOCAL)
    if not hopeless:
        return Explanation()
    ray = _unending(net, find_ray(net, solution.plan))
    return Explanation(ray, "" if ray else _UNDECIDED if search.failed else _NO_CONFLICT)


_LOCAL = "found by local solves: the chain is not concave"
_NO_RAY = (
    "no trade or cycle was found that earns without end at a steady rate: the value grows ever more slowly, or a "
    "limit is so far away that nothing in the workbook is of its size; give a max import, max sale or capacity"
)
_UNDECIDED = "which limits conflict is not known: with them relaxed the chain could not be solved either"
_NO_CONFLICT = (
    "with its limits relaxed the chain has a plan, and no limits were found that conflict: the solver may have "
    "failed where a plan exists"
)


def _structural(chain: Chain, solution: Solution) -> Iterator[Cause]:
    """What can't be met whatever the amounts, each with the processes that would and can't run."""
    for unmet in solution.unmet:
        if unmet.column == "min level":
            yield Cause("processes", unmet.process, unmet.column, str(unmet), value=unmet.amount, most=0.0)
            continue
        sheet, record, second = (
            ("inputs", unmet.process, unmet.good) if unmet.process else ("goods", unmet.good, "")
        )
        yield Cause(sheet, record, unmet.column, str(unmet), second, value=unmet.amount)
        for process in chain.processes:
            why = solution.removed.get(process.process)
            if why and key(unmet.good) in {key(name) for name in _touched(process)}:
                text = f'process "{process.process}" can\'t run: {why}'
                yield Cause("processes", process.process, "process", text)


def _touched(process: Process) -> list[str]:
    names = [output.good for output in process.outputs] + [use.good for use in process.inputs]
    if process.formula is not None:
        read = process.read()
        names += [*(output.name for output in read.outputs), *read.names()]
    return names


def _outside(net: Network, solution: Solution) -> tuple[Cause, ...]:
    """Formulas without a value where the solver started."""
    if solution.status is not Status.EVALUATION_ERROR:
        return ()
    start = forward_run(net)
    causes = []
    for item in net.formulas:
        use = start.use[item.use]
        with np.errstate(all="ignore"):
            values = item.program.values(use.tolist())
        bad = next((i for i, value in enumerate(values) if not np.isfinite(value)), None)
        if bad is None:
            continue
        of = ", ".join(figure(values[i]) for i in item.program.arguments[bad])
        at = ", ".join(f"{net.goods[net.use_good[u]]} = {figure(x)}" for u, x in zip(item.use, use, strict=True))
        name = net.processes[item.process]
        operation = item.program.operations[bad]
        text = f'the formula of "{name}" has no value at {at}, where the solve starts: {operation} of {of}'
        causes.append(Cause("processes", name, "formula", text))
    return tuple(causes)


def _concave(net: Network) -> bool:
    families = (technology.concave(batch) for technology, batch in net.families)
    programs = ((item.program, [bool(net.signed[u]) for u in item.use]) for item in net.formulas)
    return all(family.all() for family in families) and all(
        shape.concave for program, signed in programs for shape in shapes(program, signed)
    )


# What conflicts.


def _conflicting(net: Network, conflict: Conflict) -> list[Cause]:
    """The cell that asks too much, with what can be had at most, then what limits that, the worthiest first."""
    limiting = sorted(conflict.worth, key=lambda row: -abs(conflict.worth[row]) * row.size)
    return [
        _asking(net, conflict),
        *(_limiting(net, row, conflict.worth[row], conflict, len(limiting)) for row in limiting),
    ]


def _place(net: Network, row: Row) -> tuple[Cause, float, str]:
    """The row's cell, the number in it, and the name of what it is about."""
    if row.kind in (SUPPLY, DISPOSAL):
        good = net.goods[row.index]
        value = float(net.supply[row.index]) if row.kind == SUPPLY else 0.0
        return Cause("goods", good, row.kind, ""), value, good
    limit = net.limits[row.index]
    good, process = (name or "" for name in net.whose(limit))
    about, second = limit.about, good if limit.of == "use" else ""
    return Cause(about.sheet, process or good, about.column, "", second), limit.bound, good or process


def _amount(net: Network, shown: str, name: str) -> str:
    """A number's text with the unit of the good of this name, if it is one."""
    number = next((i for i, good in enumerate(net.goods) if good == name), None)
    unit = net.chain.goods[number].unit if number is not None else ""
    return f"{shown} {unit}".strip()


def _typed(value: float) -> str:
    """A cell's number as it stands there."""
    return f"{value:,.12g}"


def _asking(net: Network, conflict: Conflict) -> Cause:
    row, broken = conflict.first, conflict.broken
    place, value, name = _place(net, row)
    most = value - broken

    def amount(number: float) -> str:
        rounded = 0.0 if abs(number) <= BROKEN * row.size else number
        shown = _typed(rounded) if number == value else contrasted(rounded, abs(value))[0]
        return _amount(net, shown, name if place.sheet != "processes" else "")

    if row.kind == SUPPLY and value < 0:
        most = -(value + broken)
        text = f"supply {amount(value)} of {name} is an obligation: at most {amount(most)} can be delivered"
    elif row.kind == SUPPLY:
        most = value + broken
        text = f"supply {amount(value)} of {name} can't be thrown away: at most {amount(most)} can be taken"
    elif row.kind == DISPOSAL:
        most = 0.0
        text = f"{name} can't be thrown away: {amount(-broken)} of it would be left over"
    elif row.kind == MIN_LEVEL:
        bound = "at most" if broken >= 0 else "no less than"
        text = f"min level {amount(value)} of {name}: {bound} {amount(most)} can be reached"
    elif row.kind == MIN_SALE and broken >= 0:
        made = net.supply[net.limits[row.index].index] <= 0 and not net.imports[net.limits[row.index].index]
        text = f"min sale {amount(value)} of {name}: at most {amount(most)} can be {'made' if made else 'had'}"
    else:
        bound = "at least" if broken < 0 else "at most"
        text = f"{_named(net, row)}: {bound} {amount(most)} is possible"
    return replace(place, text=text, value=value, most=most)


def _named(net: Network, row: Row) -> str:
    """A row as a phrase: "supply 5 t of ore", "capacity 4 of mill"."""
    place, value, name = _place(net, row)
    if row.kind == DISPOSAL:
        return f"disposal none of {name}"
    amount = _amount(net, _typed(value), name if place.sheet != "processes" else "")
    return f"{place.column} {amount} of {name}" + (f" in {place.record}" if place.good else "")


def _limiting(net: Network, row: Row, worth: float, conflict: Conflict, count: int) -> Cause:
    place, value, name = _place(net, row)
    role = "is what limits it" if count == 1 else "is one of the limits"
    if row.kind == DISPOSAL:
        text = f"{name} can't be thrown away, which {role}"
    elif row.kind in (MIN_SALE, MIN_LEVEL) or (row.kind == SUPPLY and value < 0):
        text = f"{_named(net, row)} {'stands against it' if worth <= 0 else role}"
    else:
        text = f"{_named(net, row)} {role}"
    if abs(worth) > SHOWN and row.kind != DISPOSAL:
        about = _place(net, conflict.first)[2]
        text += f" (with 1 {'more' if worth > 0 else 'less'}, {figure(abs(worth))} more of {about} could be had)"
    return replace(place, text=text, value=value)


# What never ends.


def _ray(net: Network, solution: Solution) -> Ray | None:
    """The ray of a solution's proof; without a proof one is looked for."""
    if isinstance(solution.proof, Unbounded):
        grows = solution.proof.plan
        return Ray(grows.level, grows.sale, grows.imported, grows.disposed, solution.proof.gain, ())
    return find_ray(net, solution.plan)


def _unending(net: Network, ray: Ray | None) -> tuple[Cause, ...]:
    if ray is None:
        return ()
    imported, sold, level = ray.imported, ray.sale, ray.level
    unit = next((float(v[v > 0][0]) for v in (imported, sold, level) if np.any(v > 0)), 1.0)
    ray = Ray(level / unit, sold / unit, imported / unit, ray.disposed / unit, ray.value / unit, ray.growing)
    runs = np.isin(np.arange(len(net.processes)), net.level_process[ray.level != 0])
    thrown, stopped = "throwing {name} away earns money", "a {column} of {name} would stop it"
    of_good, of_process = ("goods", net.goods), ("processes", net.processes)
    causes = [
        Cause(sheet, names[i], column, text.format(column=column, name=names[i]), value=float(holds[i]))
        for (sheet, names), column, chosen, text, holds in (
            (of_good, "max import", ray.imported > 0, stopped, net.max_import),
            (of_process, "capacity", runs, stopped, np.full(len(runs), inf)),
            (of_good, "max sale", ray.sale > 0, stopped, net.max_sale),
            (of_good, "min sale", ray.sale < 0, stopped, net.min_sale),
            (of_good, "disposal", (ray.disposed > 0) & (net.disposal < 0), thrown, net.disposal),
        )
        for i in np.flatnonzero(chosen)
    ]
    if not causes:
        return ()
    first = replace(causes[0], text=f"{_story(net, ray)}; {causes[0].text}")
    return (first, *causes[1:])


def _story(net: Network, ray: Ray) -> str:
    """The ray as one sentence, per unit of its first import or sale."""
    first = np.isin(np.arange(len(ray.level)), net.first_level)
    runs = np.flatnonzero((ray.level != 0) & first)

    def moved(verb: str, amount: Array, least: float = 0.0, price: Array | None = None) -> list[str]:
        found = []
        for g in np.flatnonzero(amount > least):
            at = "" if price is None else f" at {price[g]:g}"
            found.append(f"{verb} {_amount(net, figure(float(amount[g])), net.goods[g])} of {net.goods[g]}{at}")
        return found

    steps = [
        *moved("buy", ray.imported, price=net.import_price),
        *moved("buy back", -ray.sale, price=net.price),
        *(f"run {net.processes[net.level_process[k]]} at {figure(ray.level[k])}" for k in runs),
        *moved("sell", ray.sale, price=net.price),
        *moved("throw away", ray.disposed, SHOWN),
    ]
    told = ", ".join(steps)
    told = f"{told}: earns {figure(ray.value)} a round; no limit stops it"
    if not np.any(ray.imported > 0) and not np.any(ray.sale < 0) and len(np.flatnonzero(ray.level)) > 0:
        takes = np.isin(net.use_process, net.level_process[np.flatnonzero(ray.level)])
        told += " (a cycle returns more than it takes: goods from nothing)" if takes.any() else ""
    if ray.growing:
        names = ", ".join(f'"{net.processes[p]}"' for p in ray.growing)
        told += f" (returns to scale of {names} increase: it earns this once large, and more beyond)"
    return told
