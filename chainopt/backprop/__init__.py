"""Prices as derivatives: the side that knows no solver. Stands on network.

v = A' v + seed at fixed shares; with limits that bind, the marginal profit of every operation in use is zero

slopes      every derivative of a chain's functions at a plan
operations  the marginal profit of whatever moves a good, as one matrix of prices and rents
sweep       the reverse sweep: prices from final demand back
equations   the price equations, where limits earn rents; square: large ones by their structure
idle        processes whose slopes at zero flow are infinite
open_prices what the equations leave open; intervals: between which ends it lies
absorbers   what takes up a small change: a chain at its plan, as a program
"""
