"""chainopt check BOOK: everything that is wrong with a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainopt.command.console import BAD_INPUT, printing, say


def check(
    context: typer.Context,
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook that holds the chain.")],
) -> None:
    """Say everything that is wrong with BOOK, each with its sheet and cell; 0 where nothing is, else 2."""
    from chainopt.workbook.read import inspect_workbook

    context.obj.begin(f"reading {book}")
    context.obj.kept = "not all that is wrong with it has been said"
    chain, found = inspect_workbook(book)
    for problem in found:
        say(str(problem))
    if chain is None:
        errors = sum(problem.error for problem in found)
        say(f"{errors} error{'s' if errors > 1 else ''} in {book}")
        raise typer.Exit(BAD_INPUT)
    with printing():
        right = f"nothing wrong; {len(found)} to look at" if found else "nothing wrong"
        print(f"{book}: {right}; {len(chain.goods)} goods, {len(chain.processes)} processes")
