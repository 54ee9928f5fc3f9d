"""A program's steps as lines of text, one a step, within the width of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WIDTH = 80
MOST_SHOWN = 60
LAST = 10


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a program at the point where it was traced.

    number counts the steps from 1; inputs are names of steps and arguments, and numbers; expression is the step in
    a formula's words; derivative is d(output)/d(this step), in units of the output per unit of the step; kink says
    whether its line has a kink, where the derivative was chosen among several.
    """

    number: int
    file: str
    line: int | None
    source: str
    name: str
    operation: str
    inputs: tuple[str | float, ...]
    expression: str
    value: float
    derivative: float
    kink: bool = False


def listing(
    arguments: Mapping[str, tuple[float, float]],
    steps: Sequence[Step],
    left_out: int = 0,
    prices: Mapping[str, float | None] | None = None,
) -> Iterator[str]:
    """A head and a line for each argument (value, derivative) and each step, with prices by name where given.

    left_out: how many steps are not among them, of which a line tells before the last `LAST`.
    """
    columns = ["value", "derivative", *(["price"] if prices is not None else [])]
    room = WIDTH - 13 - 14 * len(columns)
    texts = {step.number: f"{step.name} = {step.expression}" for step in steps}
    width = min(max(map(len, [*arguments, *texts.values()]), default=4), room)

    def line(number: str, place: str, text: str, numbers: Sequence[str]) -> str:
        text = text if len(text) <= width else f"{text[: width - 3]}..."
        return f"{number:>5} {place:>5}  {text:<{width}}" + "".join(f" {value:>13}" for value in numbers)

    def figures(name: str, value: float, derivative: float) -> list[str]:
        known = prices.get(name) if prices is not None else None
        price = [] if prices is None else ["" if known is None else short(known)]
        return [short(value), short(derivative), *price]

    yield line("#", "line", "step", columns)
    for name, (value, derivative) in arguments.items():
        yield line("", "", name, figures(name, value, derivative))
    for i, step in enumerate(steps):
        if left_out and i == len(steps) - LAST:
            yield line("...", "", f"{left_out:,} steps more", [])
        numbers = figures(step.name, step.value, step.derivative)
        yield line(f"{'*' if step.kink else ''}{step.number}", str(step.line or ""), texts[step.number], numbers)


def short(value: float) -> str:
    """A number in seven digits."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)
