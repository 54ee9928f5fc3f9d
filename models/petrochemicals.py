"""A petrochemical site of some 0.9 Mt of ethylene a year: from crude oil and ethane to plastics, fibres.

A refinery, a reformer and crackers make joint products, from which come some twenty goods for sale. Amounts
are in kt a year (heat and fuel gases in TJ, electricity in GWh), prices in USD/t (USD/GJ, USD/MWh): all money
is in thousand USD a year. A level is in kt of the main product or, for refinery, crackers and separations, of
the main feed.

What to look for in the prices:

- Loops: boilers take electricity, and turbines make it from their steam; hydrogen chloride from cracking
  ethylene dichloride makes ethylene dichloride again; hydrogen from naphtha helps to make naphtha.
- Goods that nobody wants: CO2 costs its carbon price. Waste water must be treated, and the plant that treats
  it is full: its price is below minus the cost. Ammonium sulphate beyond what farmers buy is carted away.
- Chlorine and hydrogen chloride must not be released: their prices may have either sign.
- Of the plants some are full and earn a rent, some have slack, and a few stand idle at these prices. The
  cable to the grid is full too: electricity is worth more here than what it costs there.
- Polystyrene is under contract, and costs more at the margin than the contract pays. Demand for caustic
  soda, which comes with chlorine whether it is wanted or not, has a constant elasticity.

Plants are Leontief, but for three: furnaces substitute natural gas for fuel gas (CES), low-density
polyethylene trades compression against ethylene (Cobb-Douglas, decreasing returns), and each further steam
turbine gains less (a formula with two outputs). The chain is concave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from math import inf

import chainopt as co

WORLD = "price invented, of the order of world prices"
WITHIN = "made and used within the site"
STOICHIOMETRY = "yield near stoichiometry, less some per cent of losses; energy and unit cost rounded guesses"
HANDBOOK = (
    "rounded from memory to the order of magnitude that handbooks give (Ullmann's Encyclopedia of Industrial "
    "Chemistry; Matar and Hatch, Chemistry of Petrochemical Processes), not transcribed"
)
MEMBRANE = "membrane cells: products near stoichiometry; electricity rounded, BREF chlor-alkali's order"
INVENTED = "invented"
SIZE = "capacity invented, of the order of a world-scale plant"


def goods() -> list[co.Good]:
    """What the site takes in, passes on, sells and must get rid of."""
    return [*_feeds(), *_utilities(), *_intermediates(), *_products()]


def _feeds() -> list[co.Good]:
    return [
        co.Good("crude oil", "kt", import_price=540, max_import=7500, notes=WORLD),
        co.Good("ethane", "kt", import_price=330, max_import=550, notes=f"{WORLD}; pipeline's size too"),
        co.Good("natural gas", "TJ", import_price=7, notes=WORLD),
        co.Good("ammonia", "kt", import_price=420, notes=WORLD),
        co.Good("salt", "kt", import_price=45, notes=WORLD),
        co.Good("naphtha", "kt", price=590, import_price=620, max_import=2000, notes=WORLD),
        co.Good("propane", "kt", price=500, import_price=545, max_import=400, notes=WORLD),
    ]


def _utilities() -> list[co.Good]:
    return [
        co.Good("fuel gas", "TJ", disposal=None, notes=f"{WITHIN}; may not be flared"),
        co.Good("furnace heat", "TJ", notes=WITHIN),
        co.Good("high-pressure steam", "kt", notes=WITHIN),
        co.Good("steam", "kt", notes=WITHIN),
        co.Good("electricity", "GWh", import_price=88, max_import=750, notes=f"{WORLD}; cable's size too"),
        co.Good("hydrogen", "kt", notes=WITHIN),
        co.Good("CO2", "kt", disposal=60, notes="the disposal cost is a carbon price; invented"),
        co.Good("waste water", "kt", disposal=None, notes=f"{WITHIN}; must be treated"),
    ]


def _intermediates() -> list[co.Good]:
    names = (
        "mixed C4, butenes, pyrolysis gasoline, mixed xylenes, ethylene dichloride, vinyl chloride, "
        "ethylene oxide, ethylbenzene, styrene, cumene, cyclohexane, terephthalic acid"
    )
    return [
        *(co.Good(name, "kt", notes=WITHIN) for name in names.split(", ")),
        co.Good("chlorine", "kt", disposal=None, notes=f"{WITHIN}; may not be released"),
        co.Good("hydrogen chloride", "kt", disposal=None, notes=f"{WITHIN}; may not be released"),
        co.Good("ethylene", "kt", price=820, import_price=1080, max_import=100, notes=WORLD),
        co.Good("propylene", "kt", price=830, import_price=960, max_import=150, notes=WORLD),
        co.Good("butadiene", "kt", price=1020, notes=WORLD),
        co.Good("benzene", "kt", price=800, import_price=930, notes=WORLD),
        co.Good("toluene", "kt", price=760, max_sale=60, notes=f"{WORLD}; solvent market's size too"),
        co.Good("p-xylene", "kt", price=930, import_price=1010, max_import=120, notes=WORLD),
    ]


def _products() -> list[co.Good]:
    sold: dict[str, tuple[float, float]] = {
        "gas oil": (720, inf),
        "fuel oil": (430, inf),
        "gasoline": (740, inf),
        "high-density polyethylene": (1150, inf),
        "low-density polyethylene": (1260, inf),
        "polypropylene": (1080, inf),
        "polyvinyl chloride": (900, inf),
        "ethylene glycol": (640, inf),
        "polyester": (1120, 330),
        "acrylonitrile": (1420, 140),
        "propylene oxide": (1590, inf),
        "phenol": (1120, inf),
        "acetone": (760, 130),
        "caprolactam": (2000, inf),
        "synthetic rubber": (1750, 110),
    }
    market = "; market's size too"
    return [
        *(
            co.Good(name, "kt", price=price, max_sale=most, notes=WORLD + (market if most < inf else ""))
            for name, (price, most) in sold.items()
        ),
        co.Good("polystyrene", "kt", price=1220, min_sale=120, notes=f"{WORLD}; the contract too"),
        co.Good(
            "caustic soda",
            "kt",
            price=330,
            demand_elasticity=1.4,
            reference_sale=300,
            notes=f"{WORLD}; elasticity and reference sale too",
        ),
        co.Good(
            "ammonium sulphate",
            "kt",
            price=110,
            max_sale=150,
            disposal=15,
            notes=f"{WORLD}; market's size and cost of disposal too",
        ),
    ]


def processes() -> list[co.Process]:
    """The site's plants, a firm each group."""
    groups = (_refinery, _crackers, _aromatics, _chlorine, _derivatives, _polymers, _smooth, _energy)
    return [process for group in groups for process in group()]


def _plant(
    process: str,
    firm: str,
    inputs: Mapping[str, float],
    outputs: Mapping[str, float],
    notes: str,
    *,
    capacity: float = inf,
    unit_cost: float = 0,
) -> co.Process:
    """A Leontief process: inputs and outputs per unit of level."""
    return co.Process(
        process,
        firm=firm,
        function="leontief",
        inputs=inputs,
        outputs=outputs,
        capacity=capacity,
        unit_cost=unit_cost,
        notes=f"{notes}; {SIZE}" if capacity < inf else notes,
    )


# fmt: off
# A plant reads like a recipe: what it takes, what it gives, its source, its size and its cost.

def _refinery() -> list[co.Process]:
    return [
        _plant("crude distillation", "refinery",
            {"crude oil": 1, "furnace heat": 1.6, "steam": 0.05, "electricity": 0.008},
            {"naphtha": 0.20, "gas oil": 0.43, "fuel oil": 0.31, "propane": 0.025, "fuel gas": 1.0,
             "waste water": 0.1}, f"a light crude's cuts, {HANDBOOK}", capacity=6000, unit_cost=10),
        _plant("hydrocracker", "refinery",
            {"fuel oil": 1, "hydrogen": 0.028, "furnace heat": 2, "electricity": 0.06},
            {"naphtha": 0.22, "gas oil": 0.68, "propane": 0.04, "fuel gas": 2.0}, HANDBOOK, capacity=900,
            unit_cost=45),
        _plant("catalytic reformer", "refinery",
            {"naphtha": 1, "furnace heat": 3, "electricity": 0.03},
            {"benzene": 0.05, "toluene": 0.14, "mixed xylenes": 0.18, "gasoline": 0.45, "hydrogen": 0.03,
             "propane": 0.06, "fuel gas": 3.5}, HANDBOOK, capacity=800, unit_cost=22),
        _plant("butene blending", "refinery",
            {"butenes": 1}, {"gasoline": 0.97}, INVENTED, unit_cost=12),
    ]


def _crackers() -> list[co.Process]:
    return [
        _plant("ethane cracker", "crackers",
            {"ethane": 1, "furnace heat": 13, "steam": 0.3, "electricity": 0.04},
            {"ethylene": 0.80, "propylene": 0.02, "mixed C4": 0.025, "pyrolysis gasoline": 0.02,
             "hydrogen": 0.06, "fuel gas": 3.5, "high-pressure steam": 0.9, "waste water": 0.1},
            f"ultimate yields of about 80% ethylene, ethane recycled, {HANDBOOK}", capacity=600,
            unit_cost=55),
        _plant("naphtha cracker", "crackers",
            {"naphtha": 1, "furnace heat": 8.5, "steam": 0.5, "electricity": 0.03},
            {"ethylene": 0.30, "propylene": 0.16, "mixed C4": 0.10, "pyrolysis gasoline": 0.22,
             "fuel oil": 0.04, "hydrogen": 0.01, "fuel gas": 8.0, "high-pressure steam": 0.7,
             "waste water": 0.15}, f"about 30% ethylene and 16% propylene, {HANDBOOK}", capacity=2000,
            unit_cost=50),
        _plant("gas oil cracker", "crackers",
            {"gas oil": 1, "furnace heat": 8, "steam": 0.8, "electricity": 0.03},
            {"ethylene": 0.24, "propylene": 0.14, "mixed C4": 0.10, "pyrolysis gasoline": 0.18,
             "fuel oil": 0.22, "hydrogen": 0.007, "fuel gas": 5.5, "high-pressure steam": 0.6,
             "waste water": 0.2}, HANDBOOK, capacity=500, unit_cost=60),
        _plant("propane dehydrogenation", "crackers",
            {"propane": 1.18, "furnace heat": 7, "steam": 0.6, "electricity": 0.15},
            {"propylene": 1, "hydrogen": 0.038, "fuel gas": 5.5}, STOICHIOMETRY, capacity=350, unit_cost=75),
        _plant("butadiene extraction", "crackers",
            {"mixed C4": 1, "steam": 1.4, "electricity": 0.1}, {"butadiene": 0.45, "butenes": 0.54}, HANDBOOK,
            unit_cost=60),
        _plant("metathesis", "crackers",
            {"ethylene": 0.35, "butenes": 0.69, "steam": 0.4, "electricity": 0.03}, {"propylene": 1},
            STOICHIOMETRY, capacity=150, unit_cost=35),
    ]


def _aromatics() -> list[co.Process]:
    return [
        _plant("pygas extraction", "aromatics",
            {"pyrolysis gasoline": 1, "hydrogen": 0.012, "steam": 0.8, "electricity": 0.04},
            {"benzene": 0.38, "toluene": 0.18, "mixed xylenes": 0.09, "gasoline": 0.33}, HANDBOOK,
            unit_cost=40),
        _plant("toluene hydrodealkylation", "aromatics",
            {"toluene": 1.2, "hydrogen": 0.045, "furnace heat": 2.5, "electricity": 0.03},
            {"benzene": 1, "fuel gas": 10.5}, STOICHIOMETRY, capacity=150, unit_cost=35),
        _plant("xylene isomerisation", "aromatics",
            {"mixed xylenes": 1.16, "hydrogen": 0.003, "furnace heat": 6, "electricity": 0.08},
            {"p-xylene": 1, "benzene": 0.05, "fuel gas": 4}, HANDBOOK, unit_cost=55),
        _plant("xylene blending", "aromatics",
            {"mixed xylenes": 1}, {"gasoline": 1}, INVENTED, unit_cost=5),
        _plant("cumene plant", "aromatics",
            {"propylene": 0.37, "benzene": 0.67, "steam": 0.5}, {"cumene": 1}, STOICHIOMETRY, unit_cost=30),
        _plant("phenol plant", "aromatics",
            {"cumene": 1.32, "steam": 2.6, "electricity": 0.25},
            {"phenol": 1, "acetone": 0.61, "waste water": 0.7}, STOICHIOMETRY, capacity=200, unit_cost=95),
        _plant("cyclohexane plant", "aromatics",
            {"benzene": 0.935, "hydrogen": 0.073, "electricity": 0.02}, {"cyclohexane": 1, "steam": 0.8},
            STOICHIOMETRY, unit_cost=20),
        _plant("caprolactam plant", "aromatics",
            {"cyclohexane": 1.05, "ammonia": 0.75, "hydrogen": 0.05, "steam": 5, "electricity": 0.6},
            {"caprolactam": 1, "ammonium sulphate": 1.8, "waste water": 2.5},
            f"the sulphuric acid stands in the unit cost; {HANDBOOK}", capacity=110, unit_cost=330),
    ]


def _chlorine() -> list[co.Process]:
    return [
        _plant("chlor-alkali electrolysis", "chlorine",
            {"salt": 1.7, "electricity": 2.6, "steam": 0.6},
            {"chlorine": 1, "caustic soda": 1.1, "hydrogen": 0.028, "waste water": 0.4}, MEMBRANE,
            capacity=400, unit_cost=70),
        _plant("direct chlorination", "chlorine",
            {"ethylene": 0.287, "chlorine": 0.724}, {"ethylene dichloride": 1, "steam": 0.2}, STOICHIOMETRY,
            unit_cost=15),
        _plant("oxychlorination", "chlorine",
            {"ethylene": 0.293, "hydrogen chloride": 0.75, "electricity": 0.1},
            {"ethylene dichloride": 1, "steam": 0.5, "waste water": 0.25}, STOICHIOMETRY, unit_cost=30),
        _plant("vinyl chloride furnaces", "chlorine",
            {"ethylene dichloride": 1.6, "furnace heat": 3, "steam": 0.2},
            {"vinyl chloride": 1, "hydrogen chloride": 0.583}, STOICHIOMETRY, unit_cost=35),
    ]


def _derivatives() -> list[co.Process]:
    return [
        _plant("ethylene oxide plant", "derivatives",
            {"ethylene": 0.81, "electricity": 0.45}, {"ethylene oxide": 1, "CO2": 0.45, "steam": 1.2},
            f"electricity includes the oxygen's; {HANDBOOK}", capacity=180, unit_cost=70),
        _plant("glycol plant", "derivatives",
            {"ethylene oxide": 0.74, "steam": 3, "electricity": 0.03},
            {"ethylene glycol": 1, "waste water": 0.2}, STOICHIOMETRY, unit_cost=25),
        _plant("ethylbenzene plant", "derivatives",
            {"ethylene": 0.268, "benzene": 0.742, "furnace heat": 1}, {"ethylbenzene": 1, "steam": 0.6},
            STOICHIOMETRY, unit_cost=18),
        _plant("styrene plant", "derivatives",
            {"ethylbenzene": 1.06, "furnace heat": 3, "steam": 1.8, "electricity": 0.08},
            {"styrene": 1, "hydrogen": 0.018, "toluene": 0.03, "waste water": 0.8}, STOICHIOMETRY,
            capacity=250, unit_cost=45),
        _plant("acrylonitrile plant", "derivatives",
            {"propylene": 1.1, "ammonia": 0.48, "electricity": 0.15},
            {"acrylonitrile": 1, "high-pressure steam": 2, "CO2": 0.4, "waste water": 1.2}, HANDBOOK,
            capacity=160, unit_cost=150),
        _plant("propylene oxide plant", "derivatives",
            {"propylene": 0.81, "chlorine": 1.4, "steam": 4, "electricity": 0.3},
            {"propylene oxide": 1, "waste water": 40},
            f"chlorohydrin route, its lime in the unit cost; {HANDBOOK}", capacity=120, unit_cost=160),
        _plant("terephthalic acid plant", "derivatives",
            {"p-xylene": 0.66, "electricity": 0.15, "steam": 0.5}, {"terephthalic acid": 1, "waste water": 3},
            f"the acetic acid stands in the unit cost; {HANDBOOK}", unit_cost=95),
        _plant("waste water treatment", "utilities",
            {"waste water": 1, "electricity": 0.0015, "steam": 0.005}, {}, INVENTED, capacity=5600,
            unit_cost=2.5),
    ]


def _polymers() -> list[co.Process]:
    def polymer(product: str, inputs: Mapping[str, float], notes: str, **limits: float) -> co.Process:
        return _plant(f"{product} plant", "polymers", inputs, {product: 1}, notes, **limits)

    return [
        polymer("high-density polyethylene", {"ethylene": 1.02, "electricity": 0.45, "steam": 0.3},
            STOICHIOMETRY, capacity=400, unit_cost=110),
        polymer("polypropylene", {"propylene": 1.02, "electricity": 0.35, "steam": 0.2},
            STOICHIOMETRY, capacity=400, unit_cost=110),
        polymer("polyvinyl chloride", {"vinyl chloride": 1.01, "electricity": 0.2, "steam": 0.9},
            STOICHIOMETRY, capacity=350, unit_cost=90),
        polymer("polystyrene", {"styrene": 1.01, "electricity": 0.15, "steam": 0.1},
            STOICHIOMETRY, capacity=200, unit_cost=115),
        polymer("polyester",
            {"terephthalic acid": 0.865, "ethylene glycol": 0.34, "furnace heat": 1.5, "electricity": 0.2},
            STOICHIOMETRY, capacity=300, unit_cost=90),
        polymer("synthetic rubber", {"butadiene": 0.77, "styrene": 0.25, "steam": 3, "electricity": 0.45},
            HANDBOOK, capacity=150, unit_cost=300),
    ]


def _smooth() -> list[co.Process]:
    return [
        co.Process(
            "furnaces",
            firm="utilities",
            function="ces",
            scale=1.84,
            elasticity=6,
            inputs={"fuel gas": 0.5, "natural gas": 0.5},
            outputs={"furnace heat": 1, "CO2": 0.058},
            notes="92% efficient at an even mix; CO2 near the 56 t/TJ of natural gas (IPCC 2006 guidelines), "
            "here per TJ of heat; elasticity invented",
        ),
        co.Process(
            "low-density polyethylene plant",
            firm="polymers",
            function="cobb-douglas",
            scale=1.44,
            inputs={"ethylene": 0.88, "electricity": 0.05},
            outputs="low-density polyethylene",
            unit_cost=100,
            notes="invented: some 1.05 t of ethylene and 0.5 MWh per t near 250 kt; meant for there only",
        ),
        co.Process(
            "steam turbines",
            firm="utilities",
            formula="electricity = [turbine size] * (1 - exp(-0.1*[high-pressure steam]/[turbine size])); "
            "steam = 0.96 * [high-pressure steam]",
            notes="0.1 MWh per t of steam let down, rounded; falling with the amount, invented",
        ),
    ]


def _energy() -> list[co.Process]:
    return [
        _plant("boilers", "utilities",
            {"furnace heat": 2.9, "electricity": 0.02}, {"high-pressure steam": 1},
            "steam's enthalpy over feed water's, rounded; pumps and fans rounded", unit_cost=2),
        _plant("gas turbines", "utilities",
            {"natural gas": 10}, {"electricity": 1, "high-pressure steam": 1.3, "CO2": 0.56},
            "36% electric efficiency, 56 t CO2/TJ of natural gas (IPCC 2006 guidelines); steam rounded",
            capacity=900, unit_cost=8),
        _plant("steam reformer", "utilities",
            {"natural gas": 165, "electricity": 0.6}, {"hydrogen": 1, "CO2": 9.2, "high-pressure steam": 5},
            "165 GJ and 9 t CO2 per t of hydrogen, rounded", capacity=40, unit_cost=250),
        _plant("hydrogen burners", "utilities",
            {"hydrogen": 1}, {"furnace heat": 110}, "lower heating value 120 GJ/t, at 92% efficiency"),
    ]

# fmt: on


def chain() -> co.Chain:
    """The site, with every good and plant."""
    return co.Chain(
        goods(),
        processes(),
        parameters=[co.Parameter("turbine size", 700, notes="GWh, never reached; invented")],
        name="petrochemicals",
    )


def _figures(record: co.Good | co.Process) -> str:
    """Every number of a record that isn't the default, as text."""
    given: list[str] = []
    if isinstance(record, co.Process):
        given += [record.formula] if record.formula else []
        given += [f"{use.coefficient:g} {use.good}" for use in record.inputs]
        given += ["gives"] * bool(record.outputs)
        given += [f"{made.yield_:g} {made.good}" for made in record.outputs]
        plain: co.Good | co.Process = co.Process(record.process)
        names = ("scale", "elasticity", "capacity", "unit_cost")
    else:
        plain = co.Good(record.good)
        names = tuple(field.name for field in fields(plain) if field.name not in ("good", "unit", "notes"))
    given += [
        f"{name.replace('_', ' ')} {value if value is not None else 'none'}"
        for name in names
        if (value := getattr(record, name)) != getattr(plain, name)
    ]
    return ", ".join(given).replace(", gives, ", " -> ").replace("gives, ", "-> ")


SOURCES = (
    ("units", "kt, TJ, GWh a year; USD/t, USD/GJ, USD/MWh", "all money is in thousand USD a year"),
    ("the site", "which plants, and how they connect", "invented; no real site"),
    ("turbine size", "700 GWh", "what the turbines would make of endless steam; invented"),
    *((good.good, _figures(good), good.notes) for good in goods() if _figures(good)),
    *((process.process, _figures(process), process.notes) for process in processes()),
)
"""What, its figures, and where they come from, row by row: the records' own notes."""


if __name__ == "__main__":
    site = chain()
    solution = co.solve(site)
    print(solution.status)
    print(co.prices(site, solution))
