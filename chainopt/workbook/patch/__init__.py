"""A user's own .xlsx file with something added, all else as it was.

additions   columns and rows; ink: their styles; remarks: notes on cells
"""
