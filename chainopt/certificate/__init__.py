"""How far a plan is from the best there is, and its prices from those that hold it. Stands on backprop.

bound - value = sum of regrets + sum_g pi_g delta_g,     value <= optimal value <= bound

breaches     delta: how far a plan is from balance, from its functions and from its limits
plans        a plan without the rounding of what is idle, balanced again
responses    a process on its own: the most that it can earn at posted prices
searched     the best of a concave formula, proven by the slopes where a search ends
regrets      by agent, what it could earn less what it earns, where that is proven
prices       multipliers completed and polished: prices of which each is known
conditions   first-order conditions, row by row
certify      Certificate: the gap, the conditions, and whether the optimum is global
"""
