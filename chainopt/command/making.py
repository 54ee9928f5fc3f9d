"""chainopt new BOOK: a workbook to fill in, or one of the examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainopt.command.console import printing, refusing
from chainopt.command.examples import copy_example, example_names
from chainopt.command.shell import command


def new(
    context: typer.Context,
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="The workbook to write; it must not exist yet.")],
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"A filled-in example: {', '.join(example_names())}.")
    ] = None,
) -> None:
    """Write an empty workbook to fill in, with drop-downs and notes, or a copy of an example."""
    from chainopt import write_template

    context.obj.begin(f"writing {book}")
    with refusing(OSError, ValueError):
        if example is None:
            write_template(book)
        else:
            copy_example(example, book)
    with printing():
        print(f"wrote {book}: fill it in, then run `{command('chainopt', 'solve', book)}`")
