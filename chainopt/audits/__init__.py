"""Why a price is what it is, and who would do otherwise. Stands on solution.

verdicts    audit: every good and use, multiplier beside derivative, with a verdict and its cause
market_test would each process choose its plan by itself? by the certificate's best responses
stories     who sets a price, and along which path
standstill  what an idle process would lose on its first unit
receipt_lines, receipts   a price as a sum of lines
explain     why there is no solution, by cell
"""
