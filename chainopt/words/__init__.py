"""How things are named, and what is said of them: floor 1, knows no chain.

names       names as people type them, and the nearest known one
messages    a row for all that is said of a cell or record: code, text, meaning (a new message is a row here)
figures     numbers as people read them
status      how a solve ends: its exit code, and advice
display     how a notebook shows a result
"""
