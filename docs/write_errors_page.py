"""Write docs/errors.md from the table of messages and the tests' corpus: python docs/write_errors_page.py."""

import os
import re
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import chainopt as co
from chainopt.words.messages import MESSAGES
from chainopt.workbook.read import check_workbook

HEAD = """# What chainopt says of a workbook

`chainopt check BOOK` lists everything at once, each with a code, sheet and cell, what stands there and what to
do. **E** is an error: the workbook is refused. **W** is a warning: it is read, and may not be what was meant.
**N** is a notice: it is read, and said. The same words come from `co.Chain(...)`, with the record's name in place
of the cell. The codes from 600 on are said of a run that was cut off ([limits.md](limits.md)), or of a report
that is missing.

This page is written from the package's own table of messages; each example is what a workbook of the tests'
corpus gets.
"""
GROUPS = {
    "0": "The file",
    "1": "A cell's value",
    "2": "Sheets and columns",
    "3": "Names",
    "4": "Goods and processes",
    "5": "Formulas",
    "6": "The run of a command",
}


def examples() -> dict[str, str]:
    """For each code the first example of the corpus, as it is said."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
    from corpus import LIMITS, RECORDS, RUNS, SAMPLES

    found: dict[str, str] = {}
    for run in RUNS:
        found.setdefault(run.code, run.text)
    samples = [*((sample, [one.split()[0] for one in sample.verdicts], {}) for sample in SAMPLES)]
    samples += [(limited, [limited.code], limited.environment) for limited in LIMITS]
    with tempfile.TemporaryDirectory() as folder:
        for number, (sample, codes, environment) in enumerate(samples):
            if all(code in found for code in codes):
                continue
            path = Path(folder, str(number), "book.xlsx")
            path.parent.mkdir()
            made = sample.make(path)
            with patch.dict(os.environ, environment):
                problems = check_workbook(made)
            for problem in problems:
                said = str(problem).replace(str(path.parent) + "/", "").replace(str(path.parent), "folder")
                found.setdefault(problem.code, re.sub("x{20,}", "xxx...", said))
    for made in RECORDS:
        try:
            made.make()
        except co.ChainError as error:
            found.setdefault(made.code, str(error).splitlines()[0])
    return found


def page() -> str:
    """The page's text."""
    said = examples()
    parts = [HEAD]
    for hundred, title in GROUPS.items():
        parts.append(f"\n## {title}\n\n| code | example | what it means |\n| --- | --- | --- |\n")
        for code, message in sorted(MESSAGES.items(), key=lambda row: row[0][1:]):
            if code[1] == hundred:
                example = said[code].removeprefix(code).lstrip(": ").replace("|", "\\|").replace("<", "&lt;")
                parts.append(f"| {code} | {example} | {message.meaning} |\n")
    return "".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("errors.md").write_text(page(), encoding="utf-8")
