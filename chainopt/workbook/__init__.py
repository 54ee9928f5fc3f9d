"""The chain as a workbook: read, check, write, add to. Stands on chain and machine.

schema      every sheet and column, a row each (a new column is a row here, and a field of chain.records)
cells       a raw cell -> a value, or what is wrong with it
tables      sheets -> the schema's tables
read        a workbook -> a chain, or every problem with its cell
write       a chain -> a workbook; template: an empty one
assign      one figure changed from outside; locate: the cell of a figure; faults: problems with their cells
files/      the bytes: .xlsx, .ods, .csv, without trust in them
patch/      results added to a user's own file
"""
