"""The pictures of a solution, for the report's page and alone: in a notebook, as a page, as an SVG file."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from uuid import uuid4

from markupsafe import Markup, escape

from chainopt.chain.chain import Chain
from chainopt.machine.files import replacing
from chainopt.report.content.findings import headline
from chainopt.report.content.legible import legible
from chainopt.report.content.salience import foremost
from chainopt.report.content.sheets import sheets
from chainopt.report.picture.flows import flows
from chainopt.report.picture.network import network_picture
from chainopt.report.picture.picture import ALONE, SCRIPT, STYLE, Picture, drawing, fragment
from chainopt.report.picture.value import value_picture
from chainopt.report.templates import text
from chainopt.rows.tables import Tables, tables
from chainopt.solution.solution import Solution

MOST_DRAWN = 500
"""The most goods, and the most processes, of a network that can still be read by zooming."""


_PAGE = ":root { color-scheme: light dark; } body { margin: 1.5rem; font-family: system-ui, sans-serif; }"
NO_PLAN = "There is no plan to draw"


def pictures(solution: Solution, figures: Tables) -> tuple[Picture, ...]:
    """The pictures of a solution; none where there is no plan, no value flow where there are no prices."""
    moved = flows(solution, figures)
    if moved is None:
        return ()
    kept = foremost(figures, MOST_DRAWN, MOST_DRAWN)
    value = value_picture(moved, figures)
    return (network_picture(moved, figures, kept, sheets(kept)), *([value] if value is not None else []))


@dataclass(frozen=True, slots=True)
class Plot:
    """The pictures of one solution: they show themselves in a notebook, and `save` writes them to a file."""

    title: str
    pictures: tuple[Picture, ...]
    message: str

    def _repr_html_(self) -> str:
        # Two cells of a notebook are one page: the ids of each are its own.
        own = f"chainopt-{uuid4().hex[:8]}"
        parts = [Markup("<p>{}</p>").format(self.message)] if self.message else []
        for picture in self.pictures:
            parts.append(Markup("<h2>{}</h2>").format(picture.title))
            parts.append(fragment(picture, f"{own}-{picture.name}"))
        return (
            f'<div class="chainopt-alone"><style>{text(ALONE)}{text(STYLE)}</style>'
            f"{Markup('').join(parts)}<script>{{{text(SCRIPT)}}}</script></div>"
        )

    def save(self, path: str | PathLike[str], *, picture: str = "network") -> None:
        """Write both pictures to a page (.html), or one, "network" or "value-flow", to a drawing (.svg).

        The file is replaced only once it is complete. Raises OSError where it can't be written, and ValueError
        for any other ending, or where there is no such picture.
        """
        match Path(path).suffix.lower():
            case ".html" | ".htm":
                content = self._page()
            case ".svg":
                found = [drawn for drawn in self.pictures if drawn.name == picture]
                if not found:
                    known = " or ".join(f'"{drawn.name}"' for drawn in self.pictures)
                    raise ValueError(
                        f'there is no picture "{picture}": {f"say {known}" if known else self.message}'
                    )
                content = drawing(found[0])
            case _:
                raise ValueError(f'a picture is written as .svg or .html, not as "{Path(path).name}"')
        with replacing(path) as file:
            file.write(content.encode("utf-8"))

    def _page(self) -> str:
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{_PAGE}</style></head>"
            f"<body><main><h1>{escape(self.title)}</h1>{self._repr_html_()}</main></body></html>\n"
        )


def plot(chain: Chain, solution: Solution, *, numeraire: str | None = None, figures: Tables | None = None) -> Plot:
    """The chain as a layered network, and its value flow: shown by a notebook as they are, or `save`d to a file.

    Links are as wide as the value (price times amount) that they carry. figures: the solution's tables, where
    they are there already. Raises NumeraireError as `tables` does.
    """
    drawn = pictures(solution, figures or tables(chain, solution, numeraire=numeraire))
    message = "" if solution.certified else headline(solution)
    if not drawn:
        message = f"{message} {NO_PLAN}.".strip()
    return Plot(legible(chain.name) or "Supply chain", drawn, message)
