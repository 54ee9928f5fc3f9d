"""The market's equilibrium from everybody's own conditions, solved at once; no planner.

conditions  each operation's marginal profit <= 0, = 0 in use, a Pyomo model of its own
"""
