"""What the system may do to a run: processes, memory, files, Ctrl-C. Floor 1, knows no chain.

files       files that are written whole or not at all
apart       work in processes of its own, of which this one can let go
memory      linear algebra's workspace; many records at once without a search for garbage
"""
