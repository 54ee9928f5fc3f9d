"""Number formats of Excel that show a figure as its text does."""

from __future__ import annotations

from chainopt.report.content.legible import places


def shape(text: str, most: int = 0) -> str:
    """The number format that shows a figure as its text does, with room for as many places as its column has."""
    if "e" in text:
        return "0.00000E+00"
    own = places(text)
    point = f".{'0' * own}" if own else "_." if most else ""
    return f"#,##0{point}{'_0' * (most - own)}"
