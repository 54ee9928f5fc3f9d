"""Prices formed by bids, without a planner: each user of a good gets the part that it pays for. Stands on network.

columns     a chain of smooth processes, column by column
circuit     columns in the order in which goods flow, cycles cut
sweeps      one pass with NumPy; loops: the same with Numba
anderson    passes accelerated
subsidy     near constant returns: the path of a vanishing subsidy; newton: its steps
formation   passes until the market rests
duality     its certificate: the gap between what all could earn and what they do
"""
