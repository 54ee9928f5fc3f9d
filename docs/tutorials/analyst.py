# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # For the analyst: from a blank workbook to a decision
#
# *Twenty minutes. You need chainopt installed, and a spreadsheet program; no Python.*
#
# A small dairy buys milk and makes cheese, butter and milk powder. By the end you will have put it into a
# workbook, and answered three questions:
#
# - What is a tonne of skim milk worth, though nobody sells or buys it?
# - What limits the dairy?
# - Somebody offers a bigger cheese vat. Take it?
#
# Lines that begin with `!` are commands: type them in a terminal, without the `!`. Every figure here is invented.
#
# ## 1. A blank workbook

# %%
# !chainopt new dairy.xlsx

# %% [markdown]
# Open `dairy.xlsx`. The sheet `notes` says how to fill it in. Two sheets matter most: `goods` has a row for each
# thing that is bought, made or sold; `processes` has one for each step that makes something.
#
# ## 2. Fill it in
#
# You would type these rows into the spreadsheet. So that this page can be run as it stands, Python types them
# here; read only what is in them. First the goods, money in EUR a week:
#
# - Milk is bought at 420 a tonne, 1,000 t a week at most.
# - Cheese, butter and powder are sold at the market's price, any amount.
# - Skim milk, cream and whey have no price. That is the point: we want to know what they are worth.
# - Whey comes with cheese, wanted or not. To be rid of a tonne costs 8.

# %%
from openpyxl import load_workbook

book = load_workbook("dairy.xlsx")


def fill(sheet, *rows):
    """Types rows below the titles of a sheet."""
    titles = [cell.value for cell in book[sheet][1]]
    for row in rows:
        book[sheet].append({titles.index(title) + 1: value for title, value in row.items()})


fill(
    "goods",
    {"good": "milk", "unit": "t", "import price": 420, "max import": 1000},
    {"good": "skim", "unit": "t"},
    {"good": "cream", "unit": "t"},
    {"good": "whey", "unit": "t", "disposal": 8},
    {"good": "cheese", "unit": "t", "price": 4900},
    {"good": "butter", "unit": "t", "price": 5600},
    {"good": "powder", "unit": "t", "price": 2900},
)

# %% [markdown]
# Then the steps. All four are recipes with fixed amounts, which the workbook calls `leontief`. The sheet `inputs`
# says what one unit of a step takes, `outputs` what it makes. The vat can make 50 t of cheese a week.

# %%
fill(
    "processes",
    {"process": "separator", "function": "leontief", "unit cost": 5},
    {"process": "vat", "function": "leontief", "unit cost": 500, "capacity": 50},
    {"process": "churn", "function": "leontief", "unit cost": 100},
    {"process": "dryer", "function": "leontief", "unit cost": 350},
)
fill(
    "inputs",
    {"process": "separator", "good": "milk", "coefficient": 1},
    {"process": "vat", "good": "skimm", "coefficient": 9},
    {"process": "vat", "good": "cream", "coefficient": 0.4},
    {"process": "churn", "good": "cream", "coefficient": 2.1},
    {"process": "dryer", "good": "skim", "coefficient": 11},
)
fill(
    "outputs",
    {"process": "separator", "good": "skim", "yield": 0.9},
    {"process": "separator", "good": "cream", "yield": 0.1},
    {"process": "vat", "good": "cheese", "yield": 1},
    {"process": "vat", "good": "whey", "yield": 8.4},
    {"process": "churn", "good": "butter", "yield": 1},
    {"process": "dryer", "good": "powder", "yield": 1},
)
fill("settings", {"setting": "name", "value": "dairy"}, {"setting": "money", "value": "EUR"})
book.save("dairy.xlsx")

# %% [markdown]
# ## 3. Check it

# %%
# !chainopt check dairy.xlsx

# %% [markdown]
# A typing error was left in on purpose. The message names the sheet, the cell and the nearest name that exists. We
# correct the cell, and check again.

# %%
book["inputs"]["B3"] = "skim"
book.save("dairy.xlsx")
# !chainopt check dairy.xlsx

# %% tags=["check"]
import chainopt as co

assert co.read_workbook("dairy.xlsx").good("skim")

# %% [markdown]
# ## 4. Solve it

# %%
# !chainopt solve dairy.xlsx

# %% [markdown]
# The best week leaves 105,482 EUR. Read the table *Prices* first. "Price" and "Derivative" are the same figure,
# found in two ways that share no code. Where they agree it has been computed rightly; whether the workbook is
# right, only you know.
#
# **What is skim worth?** 231.82 EUR a tonne. Below the table stands why: one more tonne becomes powder. A tonne of
# powder brings 2,900, costs 350 to dry, and takes 11 t of skim:

# %%
(2900 - 350) / 11

# %% [markdown]
# So the dryer sets the price of skim, and not the vat, though cheese earns more. The vat is full: it can't take
# one more tonne. A price says what *the next* tonne does, not what most tonnes do.
#
# **What limits the dairy?** The table *Limits that bind* names two: the milk that can be bought, and the vat. A
# *rent* is what one more unit of the limit would add. One more tonne of milk would add 45.54 (it is worth 465.54,
# and costs 420); one more tonne of the vat's capacity, 1,198.82.

# %% tags=["check"]
chain = co.read_workbook("dairy.xlsx")
solution = co.solve(chain)
price = co.prices(chain, solution).set_index("good").price
rent = co.limits(chain, solution).set_index("kind").rent
assert solution.status is co.Status.OPTIMAL
assert round(solution.objective) == 105482, solution.objective
assert round(price["skim"], 2) == 231.82 == round((2900 - 350) / 11, 2)
assert round(price["milk"], 2) == 465.54
assert set(rent.index) == {"max import", "capacity"}
assert (round(rent["max import"], 2), round(rent["capacity"], 2)) == (45.54, 1198.82), rent

# %% [markdown]
# The same results, in a page with pictures and in an Excel file, are in the folder `reports`. This is the page;
# click on a good in its network to see what one more unit of it would do.

# %%
from IPython.display import IFrame

IFrame("reports/dairy-report.html", width="100%", height=600)

# %% [markdown]
# ## 5. What if the vat grows?
#
# A supplier offers a vat that makes 60 t in place of 50, for 6,000 EUR a week more. By the rent, ten tonnes more
# would bring ten times 1,198.82, about 11,988. But a rent is the worth of the *next* unit. Does it hold for ten?
# Ask how far:

# %%
# !chainopt solve dairy.xlsx --range vat.capacity | grep "holds"

# %% [markdown]
# It holds up to almost 100 t a week: from there on no skim is left for the dryer. (`| grep "holds"` shows that
# line alone.) So 60 t is safe. Try it, without touching the workbook:

# %%
# !chainopt solve dairy.xlsx --set vat.capacity=60 | grep "greatest"

# %% [markdown]
# 117,470 EUR instead of 105,482: 11,988 more, as the rent said. The offer costs 6,000. **Take it.**
#
# Then the supplier offers a vat of 110 t, for 65,000 EUR a week more. By the rent, 60 t more would bring 71,929.
# But 110 is beyond where the rent holds, so ask again:

# %%
# !chainopt solve dairy.xlsx --set vat.capacity=110 | grep "greatest\|^skim"

# %% [markdown]
# 165,423 EUR is 59,941 more than today, less than the 65,000 that it costs. **Don't.** The vat would stand partly
# empty for want of milk. And see the prices: skim is now worth 365.02, as cheese. Whoever sells the dairy milk
# could ask for more.

# %% tags=["check"]
from pathlib import Path

wider = {}
for capacity in (60, 110):
    vat = load_workbook("dairy.xlsx")
    vat["processes"]["I3"] = capacity
    vat.save("wider.xlsx")
    there = co.read_workbook("wider.xlsx")
    assert there.process("vat").capacity == capacity
    wider[capacity] = co.solve(there)
    Path("wider.xlsx").unlink()
assert round(10 * rent["capacity"]) == 11988
assert round(60 * rent["capacity"]) == 71929
assert round(wider[60].objective) == 117470
assert round(wider[60].objective - solution.objective) == 11988
assert round(wider[110].objective) == 165423
assert round(wider[110].objective - solution.objective) == 59941
gains = {capacity: there.objective - solution.objective for capacity, there in wider.items()}
offers = {60: 6000, 110: 65000}
assert gains[60] > offers[60]
assert gains[110] < offers[110] < 60 * rent["capacity"]
after = co.prices(there, wider[110]).set_index("good").price
assert round(after["skim"], 2) == 365.02
held = co.holding(solution, "vat.capacity")
assert 99.9 < held.more <= 100, held
assert "dryer" in held.above

# %% [markdown]
# ## What you know now
#
# - The price of a good is what one more unit of it would add, and the report says by which way.
# - A rent is the same for a limit. It is worth the next unit; `--range` says how far it holds.
# - For a decision beyond that, solve again with `--set`.
#
# Next: a [dairy of real size](../../data/dairy.xlsx), with two farms, contracts and a kitchen at a loss
# (`chainopt new mine.xlsx --example dairy`); [every column of the workbook](../workbook.md);
# [what the reports show](../reports.md).
