"""Write docs/workbook.md from the workbook's schema: python docs/write_workbook_page.py."""

from pathlib import Path

from chainopt.workbook.schema import schema_markdown

HEAD = """# The workbook

Sheets `goods` and `processes` are required, the others optional. A sheet named `notes`, and columns or sheets
whose name begins with `#`, are ignored; anything else unknown is an error with the nearest known name. Names of
sheets, columns and goods match without regard to case and surrounding or repeated blanks. A blank cell means the
default. `chainopt new BOOK` writes an empty workbook with drop-downs; `chainopt check BOOK` says what is wrong.

Read are `.xlsx` and `.xlsm` (macros are not looked at), `.ods`, and a folder with a `.csv` file for each sheet:
`goods.csv`, `processes.csv` and so on, in UTF-8 or UTF-16, parted by commas, semicolons or tabs, decimals with a
point. Other formats are refused by name. Rows, columns and sheets that are hidden or filtered are read, and said.
A merged cell counts for each of its rows that holds anything else where rows may share it, as a process over its
inputs, a firm or a unit, which a notice says; of merged amounts the first row alone has one, with a warning.

A file is looked at before any parser sees it, and one that is damaged, ambiguous or made to do harm is refused
with what to do ([errors.md](errors.md)). It may hold 10,000,000 cells (`CHAINOPT_MOST_CELLS` in the environment
sets another limit) and unpack to 256 MB (`CHAINOPT_MOST_MEGABYTES`). Of sheets that are not plain, and of `.ods`
files, more than 2 MB are read in a process of its own, for at most 120 s (`CHAINOPT_MOST_SECONDS`) in 2,000 MB of
memory (`CHAINOPT_MOST_MEMORY`; where the system can limit it).

Sheets without Excel formulas, error values and dates are read some fifteen times as fast as those that have some
([workbooks.md](../benchmarks/workbooks.md) measures a hundred thousand rows). The first hundred wrong names each
get the nearest known one as a hint.

A formula is `output = expression`, several separated by `;`. `^` is right-associative and binds tighter than a
sign before it: `-x^2` is `-(x^2)`. A formula has at most 30,000 characters, 20,000 steps and a nesting of 50.

"""

if __name__ == "__main__":
    Path(__file__).with_name("workbook.md").write_text(HEAD + schema_markdown(), encoding="utf-8")
