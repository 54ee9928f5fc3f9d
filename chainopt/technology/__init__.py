"""How inputs become outputs: y = f(x), its slopes, its curvature. Stands on words.

arrays      Array: numbers by the many
families    the production functions by name, a row each (a new function is a row here)
primitives  the functions of formulas and programs, a row each: value, partials, range
tape        steps of primitives: their values, and their reverse sweep
expansion   steps of primitives in broken powers of a small number, where they have no derivative
formula     a cell's text -> a tape
curvature   whether a tape is affine, concave or convex
logforms    Cobb-Douglas and CES in logarithms, for the market
"""
