"""Names as people type them: matched without regard to case and surrounding or repeated blanks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def key(name: str) -> str:
    """The form under which two spellings are one name: `" Crude  Oil"` and `"crude oil"` are."""
    return " ".join(name.split()).casefold()


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to a wrong one, or None where none is near."""
    by_key = {key(candidate): candidate for candidate in known}
    found = difflib.get_close_matches(key(name), by_key, n=1, cutoff=0.6)
    return by_key[found[0]] if found else None


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that offers the known name nearest to a wrong one, or "" where none is near."""
    found = closest(name, known)
    return f'; did you mean "{found}"?' if found else ""
