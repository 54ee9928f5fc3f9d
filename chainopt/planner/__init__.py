"""The planner's problem, for a solver: maximise value subject to balances, production, limits.

Stands on network and ipopt. Another solver is a writer of rows here, and an attempt in solution.attempts.

rows        the problem: blocks of variables and of rows, by number
model       the same as a Pyomo model
arrays      the same as CasADi functions
readback    plan and multipliers from a model, and back: the sign rule's table
rays        value without end
elastic     the same with every cell's row elastic: see network.conflicts
"""
