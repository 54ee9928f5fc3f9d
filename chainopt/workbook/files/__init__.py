"""Workbooks as bytes: nothing in a file is believed before it is measured.

kinds       which kind of file it is; limits: how large one may be
book        sheets of raw cells from any kind: exact (.xlsx), ods, csvs, plain (calamine)
container, outline   the archive, and what is in it, before a parser sees it
child       a large file, read in a process of its own
raw         a raw cell; package, trees: the parts of an .xlsx file, for patch/
"""
