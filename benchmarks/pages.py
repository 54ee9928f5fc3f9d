"""suite.md and docs/speed.md, from the results: no number on them is typed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import tables
from layered import Case
from results import REFERENCE, Results, load
from routes import ROUTES

SUITE = Path(__file__).with_name("suite.md")
DOCS = Path(__file__).parent.parent / "docs"
SPEED, PICTURE = DOCS / "speed.md", DOCS / "speed.svg"
CERTIFIED = """auto: what `method="auto"` chose, where its certificate and the independent check hold; Ipopt: asked
for alone, with that check; market: from arrays, with its own certificate."""
MAIN = tuple(Case(graph, returns=returns) for returns in (0.9, 0.99, 1.0) for graph in ("neighbours", "random"))


def write(results: Results, timeout: float) -> None:
    """Both pages, and the picture."""
    from picture import draw

    SUITE.write_text(suite_page(results, timeout), encoding="utf-8")
    SPEED.write_text(speed_page(results), encoding="utf-8")
    draw(results, PICTURE)


def circumstances(results: Results) -> str:
    """When, on what, and beside which load."""
    every = list(results.every)
    made = [record for record in every if record["route"] == REFERENCE and "versions" in record]
    days = sorted({record["at"].split()[0] for record in every})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    loads = [record["load"] for record in every]
    versions = made[-1]["versions"]
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"Measured {when} up to {results.sizes[-1]:,} flows, one thread each on "
        f"{made[-1]['cores']} cores; the load before a measurement was "
        f"{min(loads):.1f} to {max(loads):.1f}. {named}."
    )


def suite_page(results: Results, timeout: float) -> str:
    """suite.md."""
    parts = [
        f"""# The benchmark suite

Made by `python benchmarks/suite.py` (`make benchmark`). {circumstances(results)}

Each measurement is a fresh process; seconds are medians (least-greatest) of what every route does, from the
numbers in arrays to prices: build, derivatives, solve. For the market that is the order, the passes and the
certificate; chainopt auto is `co.solve(chain, method="auto")` as a user calls it, end to end: the records, the
solve, the audit. Imports are left out. A figure of more than a minute stands on one run; none takes more than
{timeout:,.0f} s.

The chains are those of `layered.py`, the routes those of `routes/`. Every solver runs at the loosest of its
tolerances (1e-8, 1e-10, 1e-12; chainopt at its defaults) at which its prices are right to 1e-6, relative, on
goods that carry at least 1e-6 of the value: \\* where none of them is; † where the route does not say optimal.
The right prices are those of `reference.py`, Newton's method on the equilibrium's equations.
{tables.checks(results)}""",
        f"## Which route certified each chain\n\n{CERTIFIED}\n\n{tables.certified(results)}",
    ]
    for flows in results.sizes:
        parts.append(
            f"""## {flows:,} flows

Seconds:

{tables.seconds(results, flows)}

Ratios, of runs next to each other, to the fastest peer whose prices are right:

{tables.compared(results, flows)}

The largest relative error of a price, and the tolerance that the solver was given:

{tables.accuracy(results, flows)}

MiB at the peak, Python and libraries included:

{tables.memory(results, flows)}"""
        )
    parts += [
        f"""## chainopt's planner by phase

Of `method="ipopt"`. market: the plan and prices that it may begin from. Records with their checks, the audit, and
all else are what only chainopt does: they are in "end to end", but not in its total above; verdicts with the story
of every price come after. Both sides: the largest relative difference between a multiplier and its back-propagated
derivative.

{tables.phases(results)}""",
        f"""## Growth

A power of n flows, by least squares in logarithms over the sizes measured; what is held at the least size is
left out of memory's power. In brackets, the least and the greatest over the fits that leave out one size. One
machine ends at an hour or at 24 GiB, whichever comes first: an extrapolation, where that is beyond the sizes
measured.

{tables.growths(results, tables.CASES, ("market", "market, NumPy", "chainopt auto", "chainopt Ipopt"))}

{tables.growths(results, MAIN, [route.name for route in tables.PEERS])}""",
        f"## What was left out\n\n{tables.left_out(results, timeout)}",
    ]
    return "\n\n".join(parts) + "\n"


def speed_page(results: Results) -> str:
    """docs/speed.md."""
    return f"""# Speed: which method for what size

Written by `python benchmarks/suite.py` from its measurements ([../benchmarks/suite.md](../benchmarks/suite.md),
which has all of them, with spread, accuracy, memory and versions).
{circumstances(results)}

![Seconds against flows, both axes logarithmic, for each route](speed.svg)

Chains of four inputs a process, in layers; a flow is one input of one process. All routes at options that give
prices to 1e-6. Solid market lines are with Numba, dotted ones without.

## Which method

- `method="auto"` where you don't know: the simplex method for fixed recipes ([proofs.md](proofs.md)), the market
  for chains of at least 1,000 flows in its scope ([market.md](market.md)), else Ipopt.
- The market from arrays (`form_prices`, `certify`) for large chains of Cobb-Douglas and CES processes without
  binding limits: no record for each flow.
- `method="ipopt"` for everything else: curved formulas, mixed chains, limits that bind, increasing returns.

Median seconds, Cobb-Douglas; in bold the least; \\* where prices are not to 1e-6:

{_by_size(results)}

## Growth, and where one machine ends

Time as a power of n flows, by least squares in logarithms (in brackets the range when one size is left out); one
machine ends where a solve takes an hour, or 24 GiB.

{tables.growths(results, MAIN, list(ROUTES))}

Beyond the sizes measured these are extrapolations. An interior-point code factorises a matrix of the whole chain,
which fills in on a random graph; a pass of the market visits each flow once, whatever the graph.
"""


def _by_size(results: Results) -> str:
    tried = [(size, case) for size in results.sizes for case in MAIN]
    routes = [name for name in ROUTES if any(results.runs(*each, name) for each in tried)]
    return tables.table(["flows", "chain", *routes], _rows(results, routes))


def _rows(results: Results, routes: list[str]) -> Iterable[list[str]]:
    """Medians, the least of those with right prices in bold."""
    for flows in results.sizes:
        for case in MAIN:
            best = tables.fastest(results, flows, case, ROUTES.values())
            cells = []
            for name in routes:
                middle = results.middle(flows, case, name)
                bold = "**" if best and best.name == name else ""
                wrong = " \\*" if middle and tables.wrong(results, flows, case, name) else ""
                cells.append(f"{bold}{tables.digits(middle)}{bold}{wrong}" if middle else "-")
            if any(cell != "-" for cell in cells):
                yield [f"{flows:,}", str(case), *cells]


if __name__ == "__main__":
    print(speed_page(load()))
