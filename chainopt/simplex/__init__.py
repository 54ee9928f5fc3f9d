"""The exact judge of polyhedral chains: optimal, infeasible or unbounded, each with a proof. Stands on network.

maximise  worth x   subject to   A x = right,  low <= x <= high,   and its dual, by HiGHS's bases alone

straight    a formula as straight lines in its uses and minima
polyhedral  a chain as a linear program, in floats or in fractions of the numbers as typed
scaled      the same in its ordinary amounts; the least breach of its rows; what may grow without end
exact       a square system in fractions
basis       a basis, and what it is worth: amounts, prices, rents
simplex     HiGHS as a finder of bases, and their refinement
proofs      why there is no plan, or no end
faces       between which ends each price lies; the plan that moves the least
relaxed     every cell's row elastic: which of them conflict
judge       judge: the verdict (begin here)

Nothing here knows Pyomo, Ipopt or the planner's model: where both sides solve a chain, they are two witnesses.
"""
