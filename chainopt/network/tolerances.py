"""Every tolerance of the judgement: what decides what is idle or in use, certified or not, unique or open, shown
or hidden. Each says what it is a part of, and why; what only guides an algorithm stays with it.
"""

# Idle or in use: parts of amounts.

ZERO = 1e-7
"""Of a good's size (see `measure`): less is nothing. Ipopt at its tolerance of 1e-12 leaves some 1e-9 where 0 is
meant, and next to a limit more."""
NEARLY_IDLE = 1e-6
"""The same where an interior point may not have come to its end: what moves less is left out, or no start."""
FAINT = 1e-4
"""Of a good's size: an operation that moves less is idle where its marginal profit contradicts all others."""
STILL = 1e3 * ZERO
"""Of a good's size: where no more moves, shares of it are the solver's rounding."""
BALANCE = 1e-6
"""Of what a good moves: where no more leaves it on balance, as of one of either sign, shares of it say nothing."""
DUST = 1e-10
"""Of a good's size: what an interior point leaves of a sale, a disposal or a taking that no program has."""
DUST_SHARE = 1e-9
"""Of a good: the same as a share of it, below which a receipt has no line of a sale or a disposal."""
LEAST_FLOW, LEAST_AMOUNT = 1e-2, 1e-4
"""Of what a good moves in a forward run, and of an ordinary amount of it: its size is no less, however little
the plan moves of it."""
BINDS = 1e-6
"""Of a limit, or of the amount that it bounds: it binds where they are no further apart. Ipopt relaxes bounds by
1e-8, and stops before them."""

# Certified or not: parts of money, per unit of what moves.

CERTIFIED = 1e-6
"""Of a row's money, of what flows: the largest residual of a certified plan and its prices."""
SAME = 1e-5
"""Of a figure, or of a process's revenue and cost: within what a certificate allows, two of them are one."""
AGREES = 1e-6
"""Of a price: a report tells figures that differ by more apart, though the audit may find that they agree."""
LEAST_MONEY = 1e-5
"""Of a plan's money, per unit of what a row moves: a row of less is noise, and counts as this."""
WORTHLESS = 1e-3
"""Of a plan's money, per unit of a good's size: where prices are compared, each counts at least as this."""
LEAST_PRICE = 1e-3
"""Of a chain's largest price: the same for reports and receipts, which know no sizes."""
CONTRADICTION = 1e-7
"""Of a row's money: an operation that moves faintly and is off by more is idle. Less than `CERTIFIED`, since the
equations are solved to far less."""
FREE = 1e-9
"""Of a price below which money is noise: what pays no more is free to an idle process that may start."""
CURVED = 1e-6
"""Of a process's money: second derivatives of less are flat, as they come from differences of slopes."""

# Unique or open.

RANK = 1e-10
"""Of the largest singular value: equations have one solution above it; a cycle of receipts, by its condition."""
PIVOT = 1e-9
"""Of a row's largest entry: which operations take up a change is open below it. Pivots of QR are coarser."""
OPEN = 1e-6
"""Of an unknown's axis: the equations leave an unknown open where more of it is in their null space."""
LEAST_SLACK, MOST_SLACK = 1e-9, 1e-6
"""Of a row's money: what a row of an interval's program may be missed by, as by what the equations leave."""
ONE_PRICE = 1e-6
"""Of a price: an interval no longer than this is one price."""

# Infeasible, unbounded: the planner's own questions.

BROKEN = 1e-6
"""Of a bound: what is missed by less is kept."""
LIMITING = 1e-4
"""Of a bound, for one of another: a row whose relaxation gives less is no reason of a conflict."""
GAINS = 1e-7
"""Of the money of a ray's largest term: what earns no more does not grow without end."""

# The gap, and what a plan breaks.

GAP, NO_GAP = 1e-8, -1e-9
"""Of the money of sales, imports, supplies and costs: bound less value of a certified plan is between them. Less
than none says that a best response was not found, or that the plan breaks something, and certifies nothing."""
BALANCED, LITTLE = 1e-9, 1e-7
"""Of the sum of the terms of a balance, a function or a limit, and of an ordinary amount: the most that it is
broken by, both. A circulation would make a gauge of itself of the one, a good that hardly moves of the other."""
LEAST_TERMS = 1e-3
"""Of an ordinary amount: the terms of a balance count as no less."""
FAR = 1e3
"""Ordinary amounts: where no limit bounds a level or a flow, a claim on the whole chain is one within these."""
ROUNDED = 1e-12
"""Of a row's terms: a value of less is 0, whose sign is rounding."""

REFUTED = 1e-6
"""Of the money of ordinary amounts at a proof's prices: what is missing by less proves nothing."""

# The market's own certificate, before the planner's: it claims prices to more digits, and asks more of them.

PAYS = 1e-8
"""Of a price: by how much a use may pay more, or another one."""
GOOD_COUNTS, USE_COUNTS = 1e-6, 1e-10
"""Of the turnover: the money of a good that no use may want more of, and of a use that must pay its price."""

# Shown or hidden.

SHOWN = 1e-9
"""Of a chain's largest figure of a kind: less is rounding, shown as 0 and no news. A price is nothing where it is
less than this of the largest price, and all that it is paid for comes to less than this of the chain's money."""
