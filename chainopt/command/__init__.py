"""The command line: a thin door to the library. Stands on report.

main        solve, check, new, trace (a new command is a function here)
console     stdout for results, stderr for errors
waiting     the one line of progress
script      FILE.py:FUNCTION
examples    the workbooks of data/
"""
