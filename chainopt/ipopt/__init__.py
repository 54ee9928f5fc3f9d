"""Ipopt for any smooth Pyomo model, with exact derivatives by CasADi; knows no chain. Stands on machine.

evaluator   a model as functions with exact sparse derivatives
scaling     in units of its own size, and back
interior    Ipopt's options, attempts and callbacks
optimality  how far a point is from first-order conditions; where it stands at a bound
review      second-order conditions, dependent rows
sharpening  the last digits of a degenerate point
model       solve_model: a Pyomo model and its multipliers
plugin      the Pyomo solver of the name chainopt.ipopt; announced: that name, without importing Pyomo
"""
