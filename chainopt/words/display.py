"""How a notebook shows what chainopt gives: by type, registered by the reports, of which no result knows.

They are loaded by name when something is shown first, for a chain is solved without them.
"""

from __future__ import annotations

from functools import singledispatch
from html import escape
from importlib import import_module

_REGISTERED_BY = "chainopt.report.page.notebook"


@singledispatch
def as_html(shown: object) -> str:
    """A thing as a piece of HTML, for `_repr_html_`; what nobody has registered, as its own text."""
    return f"<pre>{escape(repr(shown))}</pre>"


class Displayed:
    """What displays itself at the end of a notebook's cell."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        import_module(_REGISTERED_BY)
        return as_html(self)
