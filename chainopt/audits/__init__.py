"""Why a price is what it is, and who would do otherwise. Stands on solution.

verdicts    audit: every good and use, multiplier beside derivative, with a verdict and its cause
market_test would each process choose its plan by itself? by the certificate's best responses
marginal    what moves when there is a little more of a good: the directions at a plan, the best of them
bends, alike     second derivatives; of directions as good, the best in second order, then the one that moves least
stories     who sets a price: what one more unit changes outside the chain, in words
standstill  what an idle process would lose on its first unit
receipt_lines, receipts   a price as a sum of lines
ranges      how far the worth of a supply or a limit holds
following   how each price follows the money that a chain begins with, and from where to where
explain     why there is no solution, by cell
"""
