"""Another engine: the planner's problem written straight on CasADi, with CasADi's own Ipopt.

    minimise  F = -(sum_g  W_g(s_g) - c_g m_g - k_g d_g  -  sum_p kappa_p y_p)
    balance   sum_u x_u + s_g + d_g - m_g - sum_p b_gp y_p = e_g        : price_g

It shares nothing with chainopt but the records and the reader of formulas. Sign: CasADi's Lagrangian is
F + lam' h with rows h(z) = e, so dF/de = -lam and d(optimal value)/de = +lam: a balance's multiplier is the
price as it stands, and a limit's is d(optimal value)/d(limit), below 0 for a lower limit that binds.

A Leontief process's uses are coefficient * level / scale; a non-rival good has one amount q, of either sign,
that every reader takes whole, a Leontief one too. Don't trust multipliers where a Cobb-Douglas or CES process
is idle, nor where they are not unique; the plan is a local optimum unless the chain is concave.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import Any

import casadi as ca

from chainopt.chain.chain import Chain
from chainopt.chain.records import Good, Process
from chainopt.technology.formula import resolve
from chainopt.words.names import key

FUNCTIONS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negate": lambda a: -a,
    "power": ca.power,
    "sqrt": ca.sqrt,
    "log": ca.log,
    "log10": ca.log10,
    "exp": ca.exp,
    "sin": ca.sin,
    "cos": ca.cos,
    "tan": ca.tan,
    "asin": ca.asin,
    "acos": ca.acos,
    "atan": ca.atan,
    "sinh": ca.sinh,
    "cosh": ca.cosh,
    "tanh": ca.tanh,
}


PLAN = ("levels", "outputs", "uses", "sold", "imported", "disposed")


class Problem:
    """Variables, rows, an objective and a plan's expressions, under construction for a chain."""

    def __init__(self, chain: Chain, guess: float):
        self.chain = chain
        self.guess = guess
        self.variables: list[Any] = []
        self.bounds: list[float] = []
        self.rows: dict[Any, tuple[Any, float, float]] = {}
        self.value: Any = ca.SX(0)
        self.plan: dict[str, dict[Any, Any]] = {name: {} for name in PLAN}
        self.made: dict[str, Any] = dict.fromkeys((good.good for good in chain.goods), 0)
        self.whole = {g.good: self.variable(g.good, -inf) for g in chain.goods if not g.rival}

    def variable(self, name: Any, low: float = 0.0) -> Any:
        self.variables.append(ca.SX.sym(str(name)))
        self.bounds.append(low)
        return self.variables[-1]

    def limit(self, name: Any, body: Any, low: float = -inf, high: float = inf) -> None:
        """A row low <= body <= high; where low = high, one equality; where both are infinite, none."""
        if low == high:
            self.rows[name] = (body, low, high)
        else:
            if isfinite(high):
                self.rows["max", *name] = (body, -inf, high)
            if isfinite(low):
                self.rows["min", *name] = (body, low, inf)

    def solve(self, options: dict[str, Any]) -> tuple[float, Any, dict[Any, float]]:
        """The optimal value, a function that evaluates an expression, and every row's multiplier."""
        unknowns = ca.vertcat(*self.variables)
        body = ca.vertcat(*(row[0] for row in self.rows.values()))
        engine = ca.nlpsol("direct", "ipopt", {"x": unknowns, "f": -self.value, "g": body}, options)
        found = engine(
            x0=[self.guess] * len(self.variables),
            lbx=self.bounds,
            ubx=inf,
            lbg=[row[1] for row in self.rows.values()],
            ubg=[row[2] for row in self.rows.values()],
        )
        if not engine.stats()["success"]:
            raise RuntimeError(engine.stats()["return_status"])
        multipliers = dict(zip(self.rows, found["lam_g"].full().ravel().tolist(), strict=True))

        def evaluate(expression: Any) -> float:
            return float(ca.Function("expression", [unknowns], [ca.SX(expression)])(found["x"]))

        return -float(found["f"]), evaluate, multipliers


def solve_directly(
    chain: Chain, *, guess: float = 1.0, tolerance: float = 1e-10
) -> tuple[float, dict[str, float], dict[str, dict[Any, float]]]:
    """(objective, {good: price}, plan) of a chain; RuntimeError where Ipopt does not succeed.

    guess is every variable's start. The plan holds dicts: `levels` by process (a formula's first output),
    `outputs` by (process, output) of formulas, `uses` by (good, process), `sold`, `imported` and `disposed`
    by good, and `limits`: multipliers per unit of a limit, by names such as ("max", "level", process).
    Processes whose inputs nothing can supply are left out.
    """
    problem = Problem(chain, guess)
    for process in _suppliable(chain):
        _process(problem, process)
    for good in chain.goods:
        _good(problem, good)
    options = {
        "print_time": False,
        "ipopt.print_level": 0,
        "ipopt.sb": "yes",
        "ipopt.tol": tolerance,
        "ipopt.acceptable_iter": 0,
        "ipopt.bound_relax_factor": 0.0,
        "ipopt.max_iter": 3000,
    }
    objective, evaluate, multipliers = problem.solve(options)
    found = {name: {k: evaluate(x) for k, x in values.items()} for name, values in problem.plan.items()}
    limits = ("max", "min", "sale", "level")
    found["limits"] = {name: value for name, value in multipliers.items() if name[0] in limits}
    return objective, {good.good: multipliers["balance", good.good] for good in chain.goods}, found


def _suppliable(chain: Chain) -> list[Process]:
    """The processes left when those with an input that nothing can supply are removed, repeatedly."""
    left = list(chain.processes)
    while True:
        made = {key(name) for process in left for name in _made(process)}
        there = made | {
            key(good.good)
            for good in chain.goods
            if good.supply > 0
            or not good.rival
            or (good.import_price is not None and good.max_import > 0)
            or good.min_sale < 0
        }
        kept = [process for process in left if all(key(name) in there for name in _read(chain, process))]
        if len(kept) == len(left):
            return left
        left = kept


def _made(process: Process) -> list[str]:
    named = [output.name for output in process.read().outputs] if process.formula else []
    return named + [output.good for output in process.outputs]


def _read(chain: Chain, process: Process) -> list[str]:
    """The goods that a process takes, as the chain spells them."""
    if process.formula is None:
        return [use.good for use in process.inputs]
    spelling = {key(good.good): good.good for good in chain.goods}
    return [spelling[key(name)] for name in process.read().names() if key(name) in spelling]


def _process(problem: Problem, process: Process) -> None:
    name, plan, whole = process.process, problem.plan, problem.whole
    if process.function == "leontief":
        level = problem.variable(name)
        for use in process.inputs:
            taken = use.coefficient / process.scale * level
            plan["uses"][use.good, name] = taken
            if use.good in whole:
                problem.limit(("reads", use.good, name), taken - whole[use.good], 0, 0)
    else:
        goods = _read(problem.chain, process)
        taken = [whole[g] if g in whole else problem.variable((g, name)) for g in goods]
        plan["uses"].update({(good, name): x for good, x in zip(goods, taken, strict=True)})
        if process.formula is None:
            amounts = [_function(process, taken)]
        else:
            amounts = _formula(problem, process, goods, taken)
        levels = [problem.variable((name, i), -inf) for i in range(len(amounts))]
        for i, amount in enumerate(amounts):
            problem.limit(("production", name, i), levels[i] - amount, 0, 0)
        level = levels[0]
        if process.formula is not None:
            for output, amount in zip(process.read().outputs, levels, strict=True):
                made = problem.chain.good(output.name).good
                problem.made[made] += amount
                plan["outputs"][name, made] = amount
    for use in process.inputs:
        problem.limit(("use", use.good, name), plan["uses"][use.good, name], low=use.min or -inf, high=use.max)
    for output in process.outputs:
        problem.made[output.good] += output.yield_ * level
    problem.limit(("level", name), level, process.min_level or -inf, process.capacity)
    problem.value -= process.unit_cost * level
    plan["levels"][name] = level


def _function(process: Process, taken: list[Any]) -> Any:
    weighted = [(use.coefficient, x) for use, x in zip(process.inputs, taken, strict=True)]
    if process.function == "cobb-douglas":
        level = process.scale
        for a, x in weighted:
            level = level * x**a
        return level
    if process.function == "linear":
        return process.scale * sum(a * x for a, x in weighted)
    r = (process.elasticity - 1) / process.elasticity
    return process.scale * sum(a * x**r for a, x in weighted) ** (process.returns / r)


def _formula(problem: Problem, process: Process, goods: list[str], taken: list[Any]) -> list[Any]:
    """Every output's expression; a min is a variable below each of its arguments."""
    constants = {parameter.parameter: parameter.value for parameter in problem.chain.parameters}

    def least(arguments: list[Any]) -> Any:
        t = problem.variable("min", -inf)
        for argument in arguments:
            problem.rows["least", process.process, len(problem.rows)] = (t - argument, -inf, 0)
        return t

    program = resolve(process.read(), goods, constants)
    steps = program.run(taken, lambda operation: least if operation == "min" else FUNCTIONS[operation])
    return [steps[i] for i in program.outputs]


def _good(problem: Problem, good: Good) -> None:
    name, plan, whole = good.good, problem.plan, problem.whole
    imported, disposed, sold = 0, 0, 0
    if good.import_price is not None:
        imported = plan["imported"][name] = problem.variable((name, "import"))
        problem.limit(("import", name), imported, high=good.max_import)
        problem.value -= good.import_price * imported
    if good.disposal is not None:
        disposed = plan["disposed"][name] = problem.variable((name, "disposal"))
        problem.value -= good.disposal * disposed
    if good.price is None:
        sold = plan["sold"][name] = good.min_sale
    else:
        fixed = good.min_sale == good.max_sale
        free = fixed or good.min_sale < 0
        sold = whole[name] if name in whole else problem.variable(name, -inf if free else 0.0)
        plan["sold"][name] = sold
        problem.limit(("sale", name), sold, good.min_sale if fixed else good.min_sale or -inf, good.max_sale)
        problem.value += _worth(good, sold)
    if name in whole:
        uses = whole[name]
    else:
        uses = sold + sum(x for (taken, _), x in plan["uses"].items() if taken == name)
    problem.rows["balance", name] = (
        uses + disposed - imported - problem.made[name],
        good.supply,
        good.supply,
    )


def _worth(good: Good, sold: Any) -> Any:
    """What final demand pays: the area under its inverse demand curve from the reference sale."""
    price, reference, elasticity = good.price, good.reference_sale, good.demand_elasticity
    if elasticity == inf:
        return price * sold
    if elasticity == 1:
        return price * reference * ca.log(sold / reference)
    power = 1 - 1 / elasticity
    return price * reference / power * ((sold / reference) ** power - 1)
