"""What a long run is at: one line on stderr, on a terminal only, that is gone when the run ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.progress import Progress as Line
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from chainopt.ipopt.interior import Progress
from chainopt.report.content.legible import residual
from chainopt.words.figures import figure


class Results(Console):
    """A console whose reader may go: whoever prints is told, where rich would end the program."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


PATIENCE = 1.0
"""Seconds that nobody asks after."""


class Waiting:
    """Says what a run is at; says nothing where there is no line to say it on."""

    def __init__(self, line: Line | None):
        self._line = line
        self._task = line.add_task("") if line is not None else None

    def doing(self, what: str) -> None:
        """Begin a stage, such as solving."""
        if self._line is not None and self._task is not None:
            self._line.update(self._task, description=what)

    def say(self, text: str) -> None:
        """A line that stays, above this one."""
        if self._line is not None:
            self._line.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def step(self, at: Progress) -> None:
        """Follow a solver, or the passes of a market."""
        worst = max(at.primal_infeasibility, at.dual_infeasibility)
        self.doing(f"solving: iteration {at.iteration}, value {figure(at.objective)}, residual {residual(worst)}")


@contextmanager
def waiting(console: Console, patience: float = PATIENCE) -> Iterator[Waiting]:
    """A line that appears after some seconds, and goes at the end; none where nobody would see it move."""
    if not console.is_interactive:
        yield Waiting(None)
        return
    columns = SpinnerColumn("line"), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    line = Line(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    late = Timer(patience, line.start)
    late.daemon = True
    late.start()
    try:
        yield Waiting(line)
    finally:
        late.cancel()
        late.join()
        if line.live.is_started:
            line.stop()
