# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # For the Pyomo engineer: models, multipliers, and a second opinion
#
# *Twenty-five minutes. You know Pyomo, and what a dual is.*
#
# You will solve a Pyomo model of your own without a solver executable, pin down the sign of its multipliers, take
# a supply chain apart into its Pyomo model, add a constraint to it, and check the prices by a way that uses no
# solver.
#
# ## 1. The solver, for any smooth model
#
# `import chainopt` registers a solver plugin. It calls Ipopt, an interior-point solver for smooth nonlinear
# models, through its Python interface, and needs no compiled AMPL library.

# %%
import pyomo.environ as pyo

import chainopt as co

model = pyo.ConcreteModel()
model.bread = pyo.Var(bounds=(0, None), initialize=1)
model.wine = pyo.Var(bounds=(0, None), initialize=1)
model.labour = pyo.Constraint(expr=model.bread + model.wine <= 4)
model.value = pyo.Objective(expr=pyo.sqrt(model.bread) + 2 * pyo.sqrt(model.wine), sense=pyo.maximize)
model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)

results = pyo.SolverFactory("chainopt.ipopt").solve(model)
results.solver.termination_condition, pyo.value(model.value), model.dual[model.labour]

# %% [markdown]
# `co.solve_model(model)` does the same and returns a record: status, message, values, duals, and a note where
# multipliers are not unique.

# %%
record = co.solve_model(model)
record.status, record.objective, record.dual[model.labour], record.error

# %% [markdown]
# ## 2. The sign
#
# The rule has no cases: a dual is the derivative of the optimal objective in the right-hand side, whether you
# minimise or maximise. One more hour of labour raises the best value, so the dual above is positive. Minimise the
# negative, and it is the negative that moves: down.

# %%
model.value.deactivate()
model.loss = pyo.Objective(expr=-pyo.sqrt(model.bread) - 2 * pyo.sqrt(model.wine), sense=pyo.minimize)
co.solve_model(model).dual[model.labour]

# %% [markdown]
# Don't trust a sign; move the right-hand side and look.

# %%
step = 1e-4
model.loss.deactivate()
model.value.activate()
model.labour.set_value(model.bread + model.wine <= 4 + step)
(co.solve_model(model).objective - record.objective) / step

# %% tags=["check"]
from math import isclose, sqrt

# The closed form: the best division of h hours is worth sqrt(5 h).
assert str(results.solver.termination_condition) == "optimal"
assert record.status is co.Status.OPTIMAL
assert isclose(record.objective, sqrt(5 * 4), rel_tol=1e-9)
assert isclose(record.dual[model.labour], sqrt(5) / (2 * sqrt(4)), rel_tol=1e-8)
model.labour.set_value(model.bread + model.wine <= 4)
model.value.deactivate()
model.loss.activate()
assert isclose(co.solve_model(model).dual[model.labour], -sqrt(5) / (2 * sqrt(4)), rel_tol=1e-8)

# %% [markdown]
# ## 3. A supply chain, and its Pyomo model
#
# A chain is two lists of records: goods, and the processes that turn goods into others. Here a mill and a foundry
# share ore and power. `cobb-douglas` means output = ore^a x power^b.

# %%
goods = [
    co.Good("ore", supply=10),
    co.Good("power", supply=5),
    co.Good("steel", price=3),
    co.Good("castings", price=2),
]
makers = [
    co.Process("mill", function="cobb-douglas", inputs={"ore": 0.6, "power": 0.3}, outputs="steel"),
    co.Process("foundry", function="cobb-douglas", inputs={"ore": 0.3, "power": 0.5}, outputs="castings"),
]
chain = co.Chain(goods, makers)
model = co.build_model(chain)
model.balance["power"].pprint()
model.production["mill"].pprint()

# %% [markdown]
# It is an ordinary `ConcreteModel`: maximise `value`, with a row `balance[good]` for each good and
# `production[process]` for each process. The right-hand side of a balance is the good's supply. So by the rule of
# section 2 the balance's dual is what one more unit of the good would add: its price.

# %%
record = co.solve_model(model)
{good: record.dual[model.balance[good]] for good in model.goods}

# %% [markdown]
# ## 4. A second opinion without a solver
#
# `co.solve` solves the same problem, and then goes through the plan backwards, by the chain rule, with code that
# imports neither Pyomo nor a solver: the column `backprop`.

# %%
solution = co.solve(chain)
co.prices(chain, solution)[["good", "price", "backprop", "difference"]]

# %% [markdown]
# Do one by hand. At the plan one more unit of power lets the mill make 0.3 x level / power more steel, worth 3
# each; the foundry 0.5 x level / power more castings, worth 2 each. Both come to the same:

# %%
use, level = model.use, model.level
mill_pays = 3 * 0.3 * pyo.value(level["mill"] / use["power", "mill"])
foundry_pays = 2 * 0.5 * pyo.value(level["foundry"] / use["power", "foundry"])
mill_pays, foundry_pays

# %% [markdown]
# If a multiplier had the wrong sign or scale, or belonged to another row, the two columns would differ, and
# `solution.status` would be `uncertified`. Only `optimal` means that both sides agree.

# %% tags=["check"]
table = co.prices(chain, solution).set_index("good")
assert solution.status is co.Status.OPTIMAL
for good in model.goods:
    assert isclose(record.dual[model.balance[good]], table.price[good], rel_tol=1e-6)
    assert isclose(table.backprop[good], table.price[good], rel_tol=1e-6)
assert isclose(mill_pays, foundry_pays, rel_tol=1e-6)
assert isclose(mill_pays, table.price["power"], rel_tol=1e-6)
assert str(co.Status.UNCERTIFIED) == "uncertified"

# %% [markdown]
# ## 5. A constraint of your own
#
# Say that a unit of steel emits 2 t of CO2, one of castings 1 t, and that 10 t are allowed. Add the row, solve
# again:

# %%
model.emissions = pyo.Expression(expr=2 * level["mill"] + level["foundry"])
before = pyo.value(model.emissions)
model.cap = pyo.Constraint(expr=model.emissions <= 10)
capped = co.solve_model(model)
before, pyo.value(model.emissions), capped.dual[model.cap]

# %% [markdown]
# The cap binds. Its dual is what one more tonne allowed would add: the price of CO2.
#
# The chain rule knows nothing of a row that only Pyomo sees. To have the second opinion here too, say it in the
# chain: CO2 is a good that comes with steel and castings, can't be thrown away (`disposal=None`), and of which
# the air takes 10 for nothing.

# %%
goods.append(co.Good("CO2", price=0, max_sale=10, disposal=None))
makers = [
    co.Process(
        "mill",
        function="cobb-douglas",
        inputs={"ore": 0.6, "power": 0.3},
        outputs={"steel": 1, "CO2": 2},
    ),
    co.Process(
        "foundry",
        function="cobb-douglas",
        inputs={"ore": 0.3, "power": 0.5},
        outputs={"castings": 1, "CO2": 1},
    ),
]
clean = co.Chain(goods, makers)
answer = co.solve(clean)
co.prices(clean, answer)[["good", "price", "backprop", "difference"]]

# %% [markdown]
# A tonne more of CO2 is a burden, so its price is below zero: minus the dual of your row. And a third way, to be
# sure: solve again with a cap that is a little higher.

# %%
model.cap.set_value(model.emissions <= 10 + step)
(co.solve_model(model).objective - capped.objective) / step

# %% tags=["check"]
table = co.prices(clean, answer).set_index("good")
assert answer.status is co.Status.OPTIMAL
assert before > 10
assert isclose(pyo.value(model.emissions), 10 + step, rel_tol=1e-6)
assert capped.dual[model.cap] > 0
assert isclose(table.price["CO2"], -capped.dual[model.cap], rel_tol=1e-6)
assert isclose(table.backprop["CO2"], -capped.dual[model.cap], rel_tol=1e-6)
assert isclose((co.solve_model(model).objective - capped.objective) / step, capped.dual[model.cap], rel_tol=1e-3)

# %% [markdown]
# ## What you know now
#
# - `pyo.SolverFactory("chainopt.ipopt")` and `co.solve_model` take any smooth Pyomo model.
# - dual = d(optimal objective) / d(right-hand side), for either sense.
# - `co.build_model` gives a chain as a model that you may change; `co.solve` checks each price by the chain rule.
#
# Next: [the equations](../theory.md), [what `optimal` certifies](../checks.md), and how
# long [chains of many sizes](../speed.md) take.
