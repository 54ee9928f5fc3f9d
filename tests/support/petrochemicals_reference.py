"""Objective and prices of models/petrochemicals.py and models/steel_loop.py, from another engine.

Computed by `solve_directly` of direct_casadi.py (CasADi's own Ipopt on a model that shares nothing with
chainopt but the records and the reader of formulas) at tolerance 1e-12. From starts of 1, 100 and 1000 the
petrochemical prices agree to 1e-8, and the one-sided slopes of the optimum, by steps of 0.001 in every
supply, meet at them: they are unique. Every operation at zero loses at least 5 a unit at the margin, and
every limit that binds has a rent of at least 5.

Prices are in thousand USD per kt (USD/t), the objective in thousand USD a year; the steel loop has no units.
"""

OBJECTIVE = 667535.5069

PRICES = {
    "crude oil": 540,
    "ethane": 732.3562137,
    "natural gas": 7,
    "ammonia": 420,
    "salt": 45,
    "naphtha": 620,
    "propane": 545,
    "fuel gas": 6.354047211,
    "furnace heat": 10.68719904,
    "high-pressure steam": 35.62317078,
    "steam": 30.29603696,
    "electricity": 131.5146782,
    "hydrogen": 1175.591894,
    "CO2": -60,
    "waste water": -8.22861349,
    "mixed C4": 884.0349053,
    "butenes": 746.9738117,
    "pyrolysis gasoline": 719.3278733,
    "mixed xylenes": 817.8836592,
    "ethylene dichloride": 391.6248298,
    "vinyl chloride": 635.6448361,
    "ethylene oxide": 891.4939714,
    "ethylbenzene": 955.8867616,
    "styrene": 1118.824031,
    "cumene": 1001.215609,
    "cyclohexane": 953.7616723,
    "terephthalic acid": 821.1610607,
    "chlorine": 150.9198995,
    "hydrogen chloride": 109.9068544,
    "ethylene": 952.6760625,
    "propylene": 899.9124071,
    "butadiene": 1324.966592,
    "benzene": 930,
    "toluene": 731.7936854,
    "p-xylene": 1010,
    "gas oil": 720,
    "fuel oil": 430,
    "gasoline": 740,
    "high-density polyethylene": 1150,
    "low-density polyethylene": 1260,
    "polypropylene": 1080,
    "polyvinyl chloride": 900,
    "ethylene glycol": 781.1848128,
    "polyester": 1120,
    "acrylonitrile": 1323.858844,
    "propylene oxide": 1590,
    "phenol": 1120,
    "acetone": 760,
    "caprolactam": 2000,
    "synthetic rubber": 1750,
    "polystyrene": 1267.769077,
    "caustic soda": 296.4279622,
    "ammonium sulphate": -15,
}

STEEL_LOOP_OBJECTIVE = 1.99282403

STEEL_LOOP_PRICES = {
    "labour": 0.128585958,
    "coal": 0.2482934701,
    "power": 0.3649904862,
    "coke": 0.3624438723,
    "gas": 0.05172482335,
    "steel": 1,
}
