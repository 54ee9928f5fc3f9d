"""The pictures of a solution, for the report's page and alone: in a notebook, as a page, as an SVG file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from uuid import uuid4

from markupsafe import Markup, escape

from chainopt.chain import Chain
from chainopt.flows import flows
from chainopt.report.network_picture import network_picture
from chainopt.report.picture import Picture, fragment, script, style, svg
from chainopt.report.salience import foremost
from chainopt.report.sheets import Sheet, sheets
from chainopt.solution import Solution
from chainopt.tables import Tables, tables
from chainopt.writing import replacing

MOST_DRAWN = 500
"""The most goods, and the most processes, of a network that can still be read by zooming."""


def pictures(chain: Chain, solution: Solution, figures: Tables) -> tuple[Picture, ...]:
    """The pictures of a solution; none where there is no plan, no value flow where there are no prices."""
    moved = flows(chain, solution, figures)
    if moved is None:
        return ()
    kept = foremost(figures, MOST_DRAWN, MOST_DRAWN)
    shown: Mapping[str, Sheet] = sheets(chain, kept)
    return (network_picture(moved, figures, kept, shown),)
