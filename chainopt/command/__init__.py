"""The command line: a thin door to the library. Stands on report.

main        the first moment; app: the commands (a new one is a file here, and a line in app)
solving, checking, making, tracing      solve, check, new, trace
answering   Ctrl-C, and the end of the memory
console     stdout for results, stderr for errors
reporting   the reports of a solve, none of which takes another down
waiting     the one line of progress
script      FILE.py:FUNCTION
examples    the workbooks of data/
"""
