"""The planner's problem, for a solver: maximise value subject to balances, production, limits.

Stands on network and ipopt.

model       the problem as a Pyomo model
arrays      the same as CasADi functions, from arrays at once
readback    plan and multipliers from a model, and back: the sign rule's table
rays        value without end
elastic     which cells conflict
"""
