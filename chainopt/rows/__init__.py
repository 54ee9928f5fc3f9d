"""Every table of a solution, as plain rows: what all reports show. Stands on audits and scenarios.

tables      prices, uses, processes, limits, ... as pandas tables (a new table, or a column of one, starts here)
accounts    what sales bring at a plan's prices, what it costs, what its buyers gain
levels      what a level counts, and what a process makes first
trade       who trades what with whom, a good a pool
firms       what every firm gets, pays and earns
ranges      how far each supply, limit, price and cost holds
transfers   what goes from one firm to another, and between what figures its price can lie
proofs      why there is no plan, or no end, as rows and in a sentence
dossier     all of them at once, with what takes re-solves
"""
