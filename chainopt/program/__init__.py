"""A line of a program is a process, a variable a good, a derivative a price. Stands on solution.

tracer      numbers that record what is done with them; bounds: of how many steps; ties: of equal values
following, mathematics   the functions of math and NumPy, of such numbers
structure, places        lists and records of numbers; the line where each step stands
trace       trace, grad: a Python function -> its steps
program     Program: steps, values, derivatives; limits: where a slope has no end
ways        the ways of a function round a point where it compares equal values; agreement: of two of them
economy     a program -> a chain
policy      a chain at its plan -> a program
source, listing          a program as Python text; as lines
"""
