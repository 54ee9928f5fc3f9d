"""A chain as numbers; plans and multipliers by number, and what of them counts as nothing. Stands on chain.

limits      the kinds of limits that have a rent: capacity, min level, max use, max sale, min sale, max import
network     Network: goods, uses, levels and limits as arrays
order       layers and cycles: the order in which values can be computed
plan        Plan: an amount for each use, level, sale, import, disposal
demand      what final demand pays for a sale, and for one unit more
multipliers Multipliers: prices and rents, under the sign rule
part        Part: what is left of a chain, in the whole, and the way back
scales      what counts as one: an ordinary amount of each good, use and level, by least squares
tolerances  every tolerance of the judgement: idle or in use, certified or not, unique or open, shown or hidden
measure     Measure: what counts as one, and what as nothing, made once for a plan
forward     a first run, at given shares
conflicts   which limits and supplies no plan meets together, whoever solves the chain with them elastic
"""
