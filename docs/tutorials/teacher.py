# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # For the teacher: markets as back-propagation
#
# *Thirty minutes for a class. It should know what a derivative is; a computer on the projector will do.*
#
# The claim, from the essay "Competitive Markets as Distributed Backprop": companies that each look only at their
# own prices and their own profit compute, together, the derivative of the final output in every good.
# Back-propagation, which is how neural networks learn, computes the same numbers by the chain rule. The class
# does both by hand, and then lets two programs do it that share nothing but the formulas.
#
# ## 1. Three companies (5 minutes)
#
# On the board: company A makes ethylene from natural gas, B makes polyethylene from ethylene, C makes tupperware
# from that. Each has one formula.

# %%
from math import log, sqrt


def tupperware(natgas):
    ethylene = sqrt(natgas)  # company A
    polyethylene = 1 - 1 / (ethylene + 1)  # company B
    output = log(polyethylene)  # company C
    return output


tupperware(4)

# %% [markdown]
# Let the class run it by hand: ethylene 2, polyethylene 2/3, output ln(2/3). (Output below nothing is odd. Keep
# it for the end.)
#
# ## 2. Backwards, by hand (10 minutes)
#
# Ask: how much more output would a little more natural gas bring? Start from the end. A unit of output is worth 1.
#
# | company | its derivative | times the price of what it makes | is the price of what it takes |
# | --- | --- | --- | --- |
# | C | 1 / polyethylene = 3/2 | x 1 | polyethylene 3/2 |
# | B | 1 / (ethylene + 1)² = 1/9 | x 3/2 | ethylene 1/6 |
# | A | 1 / (2 √natgas) = 1/4 | x 1/6 | natural gas 1/24 |
#
# Each line needs only the line above it, and the company's own formula. That is back-propagation. In Python:

# %%
natgas, ethylene, polyethylene = 4, 2, 2 / 3
price = {"output": 1}
price["polyethylene"] = 1 / polyethylene * price["output"]
price["ethylene"] = 1 / (ethylene + 1) ** 2 * price["polyethylene"]
price["natgas"] = 1 / (2 * sqrt(natgas)) * price["ethylene"]
price

# %% [markdown]
# Check it as one would in a laboratory: wiggle the natural gas.

# %%
wiggle = 1e-6
(tupperware(4 + wiggle) - tupperware(4)) / wiggle

# %% tags=["check"]
from math import isclose

assert isclose(tupperware(4), log(2 / 3))
assert ethylene == sqrt(natgas)
assert isclose(polyethylene, 1 - 1 / (ethylene + 1))
assert isclose(1 / polyethylene, 3 / 2)
assert isclose(1 / (ethylene + 1) ** 2, 1 / 9)
assert isclose(1 / (2 * sqrt(natgas)), 1 / 4)
assert isclose(price["polyethylene"], 3 / 2)
assert isclose(price["ethylene"], 1 / 6)
assert isclose(price["natgas"], 1 / 24)
assert isclose((tupperware(4 + wiggle) - tupperware(4)) / wiggle, 1 / 24, rel_tol=1e-5)

# %% [markdown]
# ## 3. Where is the market in this? (5 minutes)
#
# Ask: why would B pay just 1/6 for ethylene? Nobody told it the chain rule. Let B choose how much ethylene to
# buy, at the two prices that it sees, 3/2 for what it sells and 1/6 for what it buys:


# %%
def profit_of_b(ethylene):
    brings = price["polyethylene"] * (1 - 1 / (ethylene + 1))
    costs = price["ethylene"] * ethylene
    return brings - costs


{amount: round(profit_of_b(amount), 4) for amount in (1, 1.5, 2, 2.5, 3)}

# %% [markdown]
# The best is 2, which is what A makes. At a lower price B would want more than there is, and bid the price up; at
# a higher one less, and ethylene would be left over. The price comes to rest where
#
# price of ethylene = price of polyethylene x B's derivative,
#
# and that is the chain rule. So profit seeking computes the derivative, one company at a time.

# %% tags=["check"]
at = {amount: profit_of_b(amount) for amount in (1, 1.5, 2, 2.5, 3)}
assert max(at, key=at.get) == 2 == sqrt(natgas)

# %% [markdown]
# ## 4. Two programs that share only the formulas (5 minutes)
#
# chainopt does both sides. `trace` follows the Python function and back-propagates:

# %%
import chainopt as co

program = co.trace(tupperware)(natgas=4.0)
print(program)

# %% [markdown]
# The other side is a planner: a solver that looks for the best plan, and knows no chain rule through the
# companies. It is told the same chain in a workbook, a row for each company. What it charges for a good that is
# short, its *multiplier*, is the price.

# %%
# !chainopt new tupperware.xlsx --example tupperware

# %%
chain = co.read_workbook("tupperware.xlsx")
solution = co.solve(chain)
co.prices(chain, solution)[["good", "price", "backprop"]]

# %% [markdown]
# The columns are the same, 1/24, 1/6, 3/2 and 1, by two ways.

# %% tags=["check"]
table = co.prices(chain, solution)
for column in ("price", "backprop"):
    assert all(map(isclose, table[column], (1 / 24, 1 / 6, 3 / 2, 1))), table
assert isclose(program.gradient["natgas"], 1 / 24)

# %% [markdown]
# ## 5. Two things to discuss (5 minutes)
#
# **A good that two companies want.** A bakery and a vineyard share 4 hours of labour. The bakery makes √hours, the
# vineyard 2 √hours. Start with half each, and let labour move to whoever would pay more:

# %%
labour, bakery = 4, 2.0
for _ in range(100):
    bakery_pays = 1 / (2 * sqrt(bakery))
    vineyard_pays = 1 / sqrt(labour - bakery)
    bakery += bakery_pays - vineyard_pays
bakery, bakery_pays, vineyard_pays

# %% [markdown]
# The market ends at 0.8 hours for the bakery, where both pay 0.559. Nobody knew the best division; the price
# found it. It is the derivative of the total in labour, as the planner agrees:

# %%
goods = [
    co.Good("labour", supply=4),
    co.Good("bread", price=1),
    co.Good("wine", price=1),
]
makers = [
    co.Process("bakery", formula="bread = sqrt(labour)"),
    co.Process("vineyard", formula="wine = 2 * sqrt(labour)"),
]
village = co.Chain(goods, makers)
co.prices(village, co.solve(village))[["good", "price", "backprop"]]

# %% tags=["check"]
assert round(bakery, 6) == 0.8
assert round(bakery_pays, 3) == round(vineyard_pays, 3) == 0.559
assert isclose(co.prices(village, co.solve(village)).price[0], bakery_pays, rel_tol=1e-6)

# %% [markdown]
# **What the analogy leaves out.** Company C's output was less than nothing. What do the accounts say?

# %%
co.processes(chain, solution)[["firm", "revenue", "cost", "profit"]]

# %% [markdown]
# C runs at a loss of 1.405: it pays 1 for polyethylene, and its output of -0.405 brings less than nothing. A
# derivative doesn't ask whether a company survives; a market does, and C would close.
#
# Questions for the class:
#
# <details><summary>A blueprint can be used by both makers at once. What is it worth?</summary>
# The sum of what they would pay. A value that two lines of a program read has the sum of their derivatives, too.
# </details>
#
# <details><summary>Neural networks learn by the same numbers. Who are the companies there?</summary>
# Each operation of the network is one. The price of what it makes comes from the operations behind it.
# </details>
#
# <details><summary>When would the market not find the best plan?</summary>
# For example where a bigger company is always the better one (increasing returns), or where nobody pays for harm
# done.
# </details>

# %% tags=["check"]
accounts = co.processes(chain, solution).set_index("process")
assert round(accounts.profit["moulding"], 3) == -1.405
assert round(accounts.level["moulding"], 3) == -0.405
assert isclose(2 / 3 * 3 / 2, 1)

# %% [markdown]
# ## To read on
#
# - [The essay, on both sides](../essay.md): values that are read twice, shared goods, kinks.
# - [The theory](../theory.md): why multipliers are derivatives, in general.
# - [The example's report](../../data/tupperware.xlsx), to click through in class.
