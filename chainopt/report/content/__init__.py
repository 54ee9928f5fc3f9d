"""What a report says, before any ink.

salience    what of the tables deserves to be said
findings    the sentences, for every report the same
remarks     notes on a user's own cells
sheets      the tables' titles, columns and explanations
legible     names and figures as text
"""
