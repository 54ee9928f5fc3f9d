"""The commands. A new one is a file, and a line of COMMANDS; it imports what takes long when it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chainopt.command.answering import At, answering
from chainopt.command.checking import check
from chainopt.command.making import new
from chainopt.command.solving import solve
from chainopt.command.tracing import trace

COMMANDS: dict[Callable[..., None], tuple[str, str]] = {
    solve: ("Solve a workbook: plan, prices, reports.", "data/tupperware.xlsx --set natgas.supply=5 --json -"),
    check: ("Say everything that is wrong with a workbook.", "data/tupperware.xlsx"),
    new: ("Write a workbook to fill in, or an example.", "chain.xlsx --example steel_loop"),
    trace: ("Trace a Python function as a supply chain.", "docs/essay.py:tupperware --at natgas=4 --solve"),
}
"""What the list of commands says of each, and the words of an example."""


class _Answering(TyperGroup):
    """The commands, each answering Ctrl-C and the end of the memory."""

    def invoke(self, ctx: Any) -> Any:
        ctx.obj = ctx.obj or At()
        with answering(ctx.obj):
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Answering,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Prices of a supply chain as derivatives: a workbook in, audited shadow prices out.",
)
for command, (said, words) in COMMANDS.items():
    name = command.__name__
    app.command(name, short_help=said, epilog=f"Example: chainopt {name} {words}")(command)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"chainopt {version('chainopt')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
