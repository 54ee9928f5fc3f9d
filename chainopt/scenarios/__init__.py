"""What if: the chain changed, and solved again. Stands on solution.

change      a chain with one figure changed
differences one-sided differences of the optimal value, side by side in processes
holding     how far a price holds
"""
