"""The pictures of a solution, for the report's page and alone: in a notebook, as a page, as an SVG file."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from uuid import uuid4

from markupsafe import Markup

from chainopt.chain.chain import Chain
from chainopt.machine.files import replacing
from chainopt.report import templates
from chainopt.report.content.findings import headline
from chainopt.report.content.legible import legible
from chainopt.report.content.salience import foremost
from chainopt.report.content.sheets import sheets
from chainopt.report.picture.flows import flows
from chainopt.report.picture.network import network_picture
from chainopt.report.picture.picture import ALONE, SCRIPT, STYLE, Picture, drawing, fragment
from chainopt.report.picture.value import value_picture
from chainopt.rows.tables import Tables, tables
from chainopt.solution.solution import Solution

MOST_DRAWN = 500
"""The most goods, and the most processes, of a network that can still be read by zooming."""
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
        drawn = [(picture.title, fragment(picture, f"{own}-{picture.name}")) for picture in self.pictures]
        files = [Markup(templates.text(name)) for name in (ALONE, STYLE, SCRIPT)]
        return templates.template("picture/plot.html").render(message=self.message, drawn=drawn, files=files)

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
        page = templates.template("picture/plot_page.html")
        return page.render(title=self.title, plot=Markup(self._repr_html_()))


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
