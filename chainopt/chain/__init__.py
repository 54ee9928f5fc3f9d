"""What a chain is: goods, and processes that turn goods into goods. Stands on technology.

maximise  sum w s - c m - k d - sum kappa y   subject to   sum x + s + d = e + m + sum b y,   y = f(x),   limits

records     Good, Process, Input, Output, Parameter, Settings, Observed: a field for each column of the workbook
rules       conditions on records side by side, and what is said where one is broken
checks      every problem of a chain's records at once
chain       Chain: the records, checked; changes: what it has in place of its workbook's figures
batches     records -> arrays: the processes of one function
reach       what can run at all
units       the unit of a price
"""
