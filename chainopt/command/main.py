"""The command `chainopt`: its first moment. The commands themselves are in app."""

from __future__ import annotations

from chainopt.command.answering import alone, answering
from chainopt.command.console import settle_streams


def main() -> None:
    """The command `chainopt`, in a process of its own."""
    settle_streams()
    at = alone()
    with answering(at):
        from chainopt.command.app import app

        app(obj=at)
