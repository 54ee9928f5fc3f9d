"""Write docs/essay.md, with every number computed here and now: python docs/write_essay_page.py."""

from __future__ import annotations

import inspect
import math
from pathlib import Path

import essay

import chainopt as co

PAGE = Path(__file__).with_name("essay.md")


def _code(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _solved(program: co.Program) -> tuple[co.Chain, co.Solution, dict[str, float]]:
    """A program's chain, its solution by Ipopt, and the price of each good."""
    chain = program.to_chain()
    solution = co.solve(chain)
    return chain, solution, dict(co.prices(chain, solution).set_index("good")["price"])


def _listing(program: co.Program) -> str:
    return _code(program.listing(prices=_solved(program)[2]))


def _companies() -> str:
    program = co.trace(essay.tupperware)(natgas=4.0)
    chain, solution, price = _solved(program)
    derivative = {step.name: step.derivative for step in program.steps()} | program.gradient
    gap = max(abs(price[name] - slope) for name, slope in derivative.items())
    profit = co.processes(chain, solution).set_index("process")["profit"]
    workbook = co.read_workbook(PAGE.parent.parent / "data" / "tupperware.xlsx")
    outer = co.solve(workbook)
    firms = co.prices(workbook, outer).set_index("good")["price"]
    book = "\n".join(f"| {good} | {worth:.8g} |" for good, worth in firms.items())
    return f"""## Three companies

A program of three lines, and a chain of three companies:

{_code(inspect.getsource(essay.tupperware), "python")}

Company A makes ethylene of natural gas, B makes polyethylene of it, C makes tupperware of that. Run at natgas = 4,
each step with its value, its derivative by back-propagation, and its price: the multiplier of its balance
when Ipopt maximises the result, each step a process and each value a good.

{_listing(program)}

The two sides share no code but the function itself: the largest difference between a price and a derivative is
{"below 1e-12" if gap < 1e-12 else f"{gap:.1e}"}. Read from the bottom: C takes the price 1 of its output, and pays for polyethylene
{price["polyethylene"]:.6g}, its derivative there. B takes that price and passes
{price["polyethylene"]:.6g} x {price["ethylene"] / price["polyethylene"]:.6g} = {price["ethylene"]:.6g} on for
ethylene, A the last {price["natgas"]:.6g} for natural gas. That is the chain rule, by companies that know only their own
prices.

The same chain as a workbook, `data/tupperware.xlsx`, a process for each company, has the prices

| good | price |
| --- | --- |
{book}

One company is not happy. C's output is {program.value:.6g}, less than nothing: its profit is {profit["output"]:.6g},
what it pays for polyethylene included. It would rather shut down. Derivatives don't ask whether a firm survives; a market
does, and `chainopt solve data/tupperware.xlsx` says so."""


def _copied() -> str:
    program = co.trace(essay.read_twice)(x=4.0)
    chain, solution, price = _solved(program)
    uses = co.uses(chain, solution)
    readers = uses[(uses.good == "a") & (uses.kind == "use")]
    paid = ", ".join(f"{row.process} pays {row.value:.6g}" for row in readers.itertuples())
    return f"""## A value that is read twice

{_code(inspect.getsource(essay.read_twice), "python")}

The lines of `b` and `c` read `a`, the latter twice. What do two companies do with one intermediate? If they shared it, each
would get a part; but a program's line reads all of a value. So the value is a *non-rival* good, as a blueprint is: both
readers take the whole, each pays what it adds to its own product, and the maker gets the sum.

{_listing(program)}

Of `a`, {paid}; together {readers.value.sum():.6g}, which is its price {price["a"]:.6g}, and its derivative. *Copy*
forward is *add* in reverse."""


def _shared() -> str:
    chain = co.Chain(
        [co.Good("labour", supply=4), co.Good("bread", price=1), co.Good("wine", price=1)],
        [
            co.Process("bakery", formula="bread = sqrt(labour)"),
            co.Process("vineyard", formula="wine = 2*sqrt(labour)"),
        ],
        name="shared",
    )
    solution = co.solve(chain)
    price = co.prices(chain, solution).set_index("good")["price"]
    uses = co.uses(chain, solution)
    taken = uses[(uses.good == "labour") & (uses.kind == "use")].set_index("process")
    program = co.to_program(chain, solution)
    equal = co.trace(essay.shared)(labour=4.0, share=0.5)
    known = {step.name: step for step in equal.steps()}
    # d(bread)/d(its labour) = 1/(2 bread), d(wine)/d(its labour) = 2/wine.
    paid = {"bread": 0.5 / known["bread"].value, "wine": 2 / known["wine"].value}
    return f"""## A good that is shared

The other way round: a chain in which two makers share one good. What one takes the other lacks: a *rival* good. As a
program that is a *split*, and the shares are parameters:

{_code(inspect.getsource(essay.shared), "python")}

At equal shares of 4 the bakery would pay {paid["bread"]:.6g} for one more unit of labour, the vineyard
{paid["wine"]:.6g}: no price suits both, and d(value)/d(share) = {equal.gradient["share"]:.6g} says that labour should move.
The derivative in labour is the mean of the two, weighted by the shares: {equal.gradient["labour"]:.6g}.

The planner moves it. As a chain, solved by Ipopt, the shares are {taken.share["bakery"]:.6g} and
{taken.share["vineyard"]:.6g}, both pay {taken.value["bakery"]:.6g}, and that is the price of labour,
{price["labour"]:.6g}. `co.to_program(chain, solution)` is the chain at its plan as a program, with those shares:

{_code(str(program))}

Its derivative in labour is the price, {program.gradient["labour"]:.6g}, because at the optimum no share can be
improved: both shares have the derivative {program.gradient["share of labour: bakery"]:.6g}, so moving labour from one to
the other changes nothing. (The envelope theorem; [theory.md](theory.md) has the general case, with cycles and binding
limits.) *Split* forward is the *share-weighted mean* in reverse."""


def page() -> str:
    """The page's text."""
    return f"""# The essay, on both sides

"Competitive Markets as Distributed Backprop" says: firms that maximise profit in a competitive supply chain carry
out back-propagation; the price of a good is the derivative of the final output in it. A line of a program is a
process, a variable is a good, a derivative is a price. This page walks both ways, with every number computed when it was
built (`python docs/write_essay_page.py`).

{_companies()}

{_copied()}

{_shared()}

## Both ways, for any function and any chain

{
        _code(
            '''import chainopt as co

program = co.trace(function)(x=4.0)  # any Python function: branches, loops, recursion, lists, dicts
print(program)  # its steps: line, value, derivative
program.gradient  # {"x": ...}; co.grad(function)(4.0), as people know it
program.hessian()  # second derivatives
chain = program.to_chain()  # a supply chain: co.solve, co.prices, reports, co.write_workbook
print(program.source())  # Python text with its own reverse sweep, which needs nothing else

program = co.to_program(chain, solution)  # any chain at its plan; shares and supplies are its arguments
program({"labour": 4.5})  # its value elsewhere, at the same shares''',
            "python",
        )
    }

From the command line, `chainopt trace FILE.py:FUNCTION --at x=4 --solve` prints the table above, `--json` writes it,
`--workbook` writes the chain and `--source` prints the reverse program. It runs the file that you name.

What a trace can't follow (`int(x)`, a text of a number, a function without a rule, one of `math` in a list or a default) and
where there is no derivative (a kink, a division by zero, an infinite slope) is one error that names
the line. A traced number is a `numbers.Real`, not a `float`. A trace holds for the branches taken: `program.at(...)`
refuses where a comparison would come out otherwise, and it is time to trace again. Functions of `math` and NumPy that are
no row of the table (`hypot`, `logaddexp`, `atan2`, ...) are written in those that are, and refused where that would lose
digits. Arrays of traced numbers are of `dtype=object`, and may be changed in place. `erf` can be differentiated, but
chains don't know it.

A chain has no program where its prices are not unique. A cycle of the chain is a loop of the program: its value is a
fixed point, and so are its derivatives; the source finds both by iteration. Elsewhere than at the plan the program goes on
by a rule of its own, the best to first order: far from the plan it may break what the chain's limits allow.

{_edges()}
"""


def _edges() -> str:
    """What happens where a derivative is a limit, or none."""
    program = co.trace(essay.loss, kinks="subgradient")(w=0.0, x=0.0)
    return f"""## Where there is no derivative, or nearly

**A slope without end.** By the chain rule, `1 - cos(sqrt(x))` at 0 has the derivative 0 times infinity, which is not 0:
it is {co.grad(lambda x: 1 - math.cos(math.sqrt(x)))(0.0)}. Where an adjoint meets such a slope, each argument behind it is
moved a little to both sides, the program is expanded in broken powers of the move (t^(1/2), t, t^(3/2), ...), and the
derivative is read off: that of one side, where the program has no value on the other; refused where the two differ, where
it is infinite, and where no such expansion is known. Arguments that meet there are moved together as well:
`y*sqrt(x)` has the derivatives 0 at (0, 0), and `sqrt(x*y)`, which is 0 along both axes, has none. A step on the way may
have an infinite derivative, or none of its own (nan). No second derivative is taken through such a limit, and the source
takes none. An exponent such as `1/3` is read as the fraction that it is nearest to.

**Equal values compared.** On one side of such a point the function may take other lines. It is run again with each
such comparison decided otherwise, as far as a direction leads there, up to 64 times: side effects happen as often. Where
all these ways have the same value and the same derivatives, that is the derivative, and nothing is said: a loop that ends
with `if new == x: break`, a pivot, a sort. Values that are equal on a thin set only count as unequal
(`0.0 if x == 0 else x` has the derivative 1); those that agree to first order, as at a loop's end, are tried for one
more round. Where two ways differ it is a kink, and refused, with its line.

`kinks="subgradient"` (`co.trace`, `co.grad`, `co.value_and_grad`, `--kinks` on the command line) takes a derivative there
all the same:

| at | it takes |
| --- | --- |
| `abs` of 0 | 0 |
| a slope without end whose sides differ: `sqrt(x**2)`, `hypot(0, 0)` | the mean of both sides |
| any other comparison of equal values: `max`, `min`, `np.maximum`, `np.clip`, sorting, `if` | the side that the program itself takes: `max` the first of equal ones |

A single kink of a convex function so has a subgradient; where several meet, what comes out need not be one. Each such
step is marked, and said below; `program.kinks()` and JSON have the same:

{_code(inspect.getsource(essay.loss), "python")}

{_code(str(program))}"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
