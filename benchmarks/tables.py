"""The tables of suite.md, from the results alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from growth import FAR, Growth, Spread, growth
from layered import Case
from results import CASES, REFERENCE, RIGHT, SIZES, Results
from routes import ROUTES, Route

PEERS = [route for route in ROUTES.values() if not route.ours]
PHASES = ("build", "market", "write", "derivatives", "solve", "records", "audit", "verdicts", "other")
SAME_VALUE = 1e-7
CERTIFIERS = {"market": "market", "market, NumPy": "market", "chainopt Ipopt": "Ipopt"}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def digits(value: float) -> str:
    """Three digits, as a plain number."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def spread(values: Sequence[float]) -> str:
    """The median, and the least and the greatest where there are several."""
    middle = digits(median(values))
    return middle if len(values) == 1 else f"{middle} ({digits(min(values))}-{digits(max(values))})"


def between(figure: Spread, show: Callable[[float], str]) -> str:
    return f"{show(figure.figure)} ({show(figure.least)}-{show(figure.greatest)})"


def measured(results: Results, flows: int) -> list[Case]:
    """The kinds of chains of which there is anything at a size."""
    return [case for case in CASES if any(results.all(flows, case, name) for name in (*ROUTES, REFERENCE))]


def routes_at(results: Results, flows: int) -> list[Route]:
    return [route for route in ROUTES.values() if any(results.runs(flows, case, route.name) for case in CASES)]


def wrong(results: Results, flows: int, case: Case, route: str) -> bool:
    """Whether a run that counts has a price that is not right."""
    return any(not record["price error"] <= RIGHT for record in results.runs(flows, case, route))


def seconds(results: Results, flows: int) -> str:
    """Build, derivatives and solve; a mark where prices are not to 1e-6, or the route does not say optimal."""
    routes = routes_at(results, flows)

    def cell(case: Case, route: Route) -> str:
        runs = results.runs(flows, case, route.name)
        if not runs:
            return "-"
        doubted = any(record["status"] != "optimal" for record in runs)
        marks = " \\*" * wrong(results, flows, case, route.name) + " †" * doubted
        return spread([record["total"] for record in runs]) + marks

    rows = [[str(case), *(cell(case, route) for route in routes)] for case in measured(results, flows)]
    return table(["chain", *(route.name for route in routes)], rows)


def fastest(results: Results, flows: int, case: Case, routes: Iterable[Route] = PEERS) -> Route | None:
    """The route of the least median among those whose prices are right."""
    found = [route for route in routes if results.runs(flows, case, route.name)]
    right = [route for route in found if not wrong(results, flows, case, route.name)]
    return min(right, key=lambda route: results.middle(flows, case, route.name) or 0.0, default=None)


def ratios(results: Results, flows: int, case: Case, ours: str, theirs: str) -> list[float]:
    """Of runs next to each other in time."""
    pairs = zip(results.runs(flows, case, ours), results.runs(flows, case, theirs), strict=False)
    return [one["total"] / other["total"] for one, other in pairs]


def compared(results: Results, flows: int) -> str:
    """chainopt's routes over the fastest peer with right prices."""
    head = [
        "chain",
        "fastest Ipopt peer",
        "chainopt Ipopt / it",
        "fastest peer",
        "chainopt auto / it",
        "market / it",
    ]
    rows = []
    for case in measured(results, flows):
        ipopt = fastest(results, flows, case, [route for route in PEERS if route.of == "Ipopt"])
        peer = fastest(results, flows, case)
        cells = [str(case)]
        for best, ours in ((ipopt, ["chainopt Ipopt"]), (peer, ["chainopt auto", "market"])):
            cells.append(best.name if best else "none")
            for name in ours:
                found = ratios(results, flows, case, name, best.name) if best else []
                cells.append(spread(found) if found else "-")
        rows.append(cells)
    return table(head, rows)


def accuracy(results: Results, flows: int) -> str:
    """Largest error of a price that carries value, and the tolerance that it took."""
    routes = routes_at(results, flows)

    def cell(case: Case, route: Route) -> str:
        runs = results.runs(flows, case, route.name)
        if not runs:
            return "-"
        tolerance = f" at {runs[0]['tolerance']:.0e}" if runs[0]["tolerance"] else ""
        return f"{max(record['price error'] for record in runs):.0e}{tolerance}"

    rows = []
    for case in measured(results, flows):
        kept = [record for record in results.all(flows, case, REFERENCE) if "failed" not in record]
        if not kept:
            continue
        made = kept[-1]
        rows.append(
            [
                str(case),
                f"{made['accuracy']:.0e}, from {made['start']}",
                f"{made['carrying']:,} of {made['goods']:,}",
                *(cell(case, route) for route in routes),
            ]
        )
    return table(["chain", "reference", "goods that carry", *(route.name for route in routes)], rows)


def memory(results: Results, flows: int) -> str:
    """MiB at the peak."""
    routes = routes_at(results, flows)
    rows = [
        [
            str(case),
            *(
                f"{middle:,.0f}" if (middle := results.middle(flows, case, route.name, "memory")) else "-"
                for route in routes
            ),
        ]
        for case in measured(results, flows)
    ]
    return table(["chain", *(route.name for route in routes)], rows)


def certificates(results: Results, flows: int, case: Case) -> list[str]:
    """Which of chainopt's routes certified a chain: "auto" by what it chose, others where asked for alone."""
    found = []
    for route in ROUTES.values():
        runs = results.runs(flows, case, route.name) if route.ours else []
        if runs and all(record["status"] == "optimal" for record in runs):
            chose = f"auto ({runs[0]['note'].get('solver', '')})" if route.name == "chainopt auto" else ""
            found.append(chose or CERTIFIERS[route.name])
    return sorted(set(found))


def certified(results: Results) -> str:
    """Which routes certified each chain; in how many, any."""
    asked = [(flows, case) for flows in results.sizes for case in CASES if _asked(results, flows, case)]
    held = [each for each in asked if certificates(results, *each)]
    by_auto = [each for each in asked if any(name.startswith("auto") for name in certificates(results, *each))]

    def cell(flows: int, case: Case) -> str:
        if not _asked(results, flows, case):
            return "-"
        return ", ".join(certificates(results, flows, case)) or "**none**"

    rows = [[str(case), *(cell(flows, case) for flows in results.sizes)] for case in CASES]
    said = f'{len(held):,} of {len(asked):,} chains are certified by a route, {len(by_auto):,} by `method="auto"`'
    return f"{said}.\n\n{table(['chain', *(f'{flows:,}' for flows in results.sizes)], rows)}"


def _asked(results: Results, flows: int, case: Case) -> bool:
    return any(results.all(flows, case, route.name) for route in ROUTES.values() if route.ours)


def phases(results: Results) -> str:
    """Where chainopt's seconds go on the planner's route."""
    rows = []
    for flows in results.sizes:
        for case in CASES:
            runs = results.runs(flows, case, "chainopt Ipopt")
            if not runs or not runs[0]["seconds"].get("solve"):
                continue
            cells = [spread([record["seconds"].get(phase, 0.0) for record in runs]) for phase in PHASES]
            whole = spread([record["seconds"]["end to end"] for record in runs])
            swept = f"{runs[0]['note'].get('swept', float('nan')):.0e}"
            ended = [str(runs[0]["iterations"]), runs[0]["status"], swept]
            rows.append([f"{flows:,}", str(case), *cells, whole, *ended])
    return table(["flows", "chain", *PHASES, "end to end", "iterations", "status", "both sides"], rows)


def power(growth: Growth) -> list[str]:
    """The fits in cells: time, memory, where one machine ends."""
    b = between(growth.time.exponent, lambda value: f"{value:.2f}")
    micro = digits(growth.time.a_unit * 1e6)
    room = "too little to fit"
    if growth.memory:
        c = between(growth.memory.exponent, lambda value: f"{value:.2f}")
        room = f"{growth.memory.floor:,.0f} + {growth.memory.a_unit:.2g} n^{c}"
    ends, of = growth.ends
    far = FAR * growth.time.sizes[-1]
    reached = f"{between(ends, round_flows)}, by {of}" if 0 < ends.figure <= far else f"beyond {far:,}"
    return [
        f"{growth.time.sizes[0]:,}-{growth.time.sizes[-1]:,}",
        f"{micro} n^{b}",
        room,
        reached,
    ]


def round_flows(value: float) -> str:
    """Two digits of a number of flows."""
    if value >= 1e12:
        return f"{value:.0e}"
    return f"{float(f'{value:.2g}'):,.0f}"


def growths(results: Results, cases: Sequence[Case], names: Sequence[str]) -> str:
    rows = [
        [str(case), name, *power(found)]
        for case in cases
        for name in names
        if (found := growth(results, case, name)) is not None
    ]
    if not rows:
        return "Too few sizes are measured to say."
    return table(["chain", "route", "flows", "microseconds", "MiB", "one machine ends at flows"], rows)


def left_out(results: Results, timeout: float) -> str:
    """What was not measured, and why; what there was no time for, as a number."""
    why: dict[tuple[int, str, str], list[str]] = {}
    reached, unreached = {flows: measured(results, flows) for flows in {*SIZES, *results.sizes}}, 0
    for flows, cases in sorted(reached.items()):
        for route in ROUTES.values():
            if flows > route.largest:
                continue
            for case in cases:
                if results.runs(flows, case, route.name):
                    continue
                reason = _reason(results, flows, case, route, timeout)
                if reason:
                    why.setdefault((flows, route.name, reason), []).append(str(case))
                else:
                    unreached += 1
            unreached += (len(CASES) - len(cases)) * (flows in SIZES)
    rows = [[f"{flows:,}", name, reason, "; ".join(chains)] for (flows, name, reason), chains in why.items()]
    end = f"\n\nNot reached in the time given: {unreached:,} figures." if unreached else ""
    return (table(["flows", "route", "why", "chains"], rows) if rows else "Nothing was refused.") + end


def _reason(results: Results, flows: int, case: Case, route: Route, timeout: float) -> str:
    records = results.all(flows, case, route.name)
    if records:
        return records[-1]["failed"]
    if any("failed" in record for record in results.all(flows, case, REFERENCE)):
        return "there is no reference to judge it by"
    return results.why_not(flows, case, route, timeout)


def checks(results: Results) -> str:
    """That every route had the same chain and found the same value, on one thread."""
    words: dict[tuple[int, Case], set[str]] = {}
    off, shares = [], {name: [] for name in ROUTES}
    for (flows, case, name), records in results.by.items():
        for record in records:
            if "failed" in record:
                continue
            words.setdefault((flows, case), set()).add(record["digest"])
        for record in results.runs(flows, case, name) if name != REFERENCE else []:
            shares[name].append(record["processor"] / record["wall"])
            if not record["value error"] <= SAME_VALUE:
                off.append(f"{name} on {flows:,} flows, {case}: {record['value error']:.0e}")
    same = "Every route had the same numbers" if all(len(each) == 1 for each in words.values()) else (
        "**Routes had different numbers**"
    )  # fmt: skip
    value = f"; values differ by more than 1e-7 for {'; '.join(sorted(set(off)))}" if off else (
        ", and values agree to 1e-7"
    )  # fmt: skip
    used = ", ".join(f"{name} {min(each):.2f}-{max(each):.2f}" for name, each in shares.items() if each)
    return f"{same} (by their digest){value}. Processor seconds over seconds by the wall: {used}."
