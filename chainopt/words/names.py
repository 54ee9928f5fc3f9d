"""Names as people type them: matched without regard to case, surrounding or repeated blanks, characters that can't
be seen, and whether an accent is a character of its own."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

_NEAR = 0.6
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"))
"""Soft hyphens, zero-width blanks, marks of direction; not the joiners, with which some scripts are spelled."""
_LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТУХаеіјорсухѕԁɡΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABESIJKMHOPCTYXaeijopcyxsdgABEZHIKMNOPTYXov",
)
"""Cyrillic and Greek letters, and the Latin ones that they are drawn like."""
MOST_HINTS = 100
"""Among many names a hint takes some milliseconds: nobody reads a thousand of them."""


def key(name: str) -> str:
    """The form under which two spellings are one name: `" Crude  Oil"` and `"crude oil"` are."""
    return plain(name).casefold()


def plain(name: str) -> str:
    """A name without stray blanks and unseen characters, each accent and its letter one character (NFC)."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name.translate(_UNSEEN))
    return " ".join(name.split())


def unseen(name: str) -> bool:
    """Whether a name holds characters that can't be seen, and are read over."""
    return not name.isascii() and name.translate(_UNSEEN) != name


def drawn(name: str) -> str:
    """The form under which two names look alike: Cyrillic and Greek letters as Latin ones, full width as plain."""
    return unicodedata.normalize("NFKC", plain(name).translate(_LOOK_ALIKES)).casefold()


def foreign(name: str) -> str:
    """The first letter of a name that looks like a Latin one and is not; "" where there is none."""
    return next((letter for letter in name if ord(letter) in _LOOK_ALIKES), "")


def all_plain(names: Sequence[str]) -> Sequence[str]:
    """Each name as of `plain`, after one look at all of them together."""
    text = "\0".join(("", *names, ""))
    stray = not text.isascii() and any(plain(name) != name for name in names)
    stray |= "  " in text or "\0 " in text or " \0" in text or len(text.replace(" ", "").split()) > 1
    return list(map(plain, names)) if stray else names


def keys(names: Sequence[str]) -> Sequence[str]:
    """Each name's key, made of all of them together where none holds the character that parts them."""
    names = all_plain(names)
    together = "\0".join(names).casefold().split("\0")
    return together if len(together) == len(names) else list(map(key, names))


def found(known: Mapping[str, Any], name: str) -> Any:
    """What is known under a name in any spelling, or None; known is by key, and may be by some spellings too."""
    value = known.get(name)
    return known.get(key(name)) if value is None else value


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name nearest to a wrong one by difflib's ratio, 2 x matched / both lengths; None below 0.6."""
    by_key = {key(candidate): candidate for candidate in known}
    wanted = key(name)
    if wanted in by_key:
        return by_key[wanted]
    if foreign(name):
        wanted = key(name.translate(_LOOK_ALIKES))
    names = list(by_key)
    import numpy as np

    # No more can match than both have in common, so that few of many names need to be compared in full:
    # get_close_matches answers the same, and takes up to 12 times as long among 20,000 names.
    most = 2 * _in_common(wanted, names) / np.maximum(np.array([*map(len, names)], dtype=int) + len(wanted), 1)
    matcher = SequenceMatcher()
    matcher.set_seq2(wanted)
    best = (_NEAR, "")
    for i in sorted(np.flatnonzero(most >= _NEAR), key=most.__getitem__, reverse=True):
        if most[i] < best[0]:
            break
        matcher.set_seq1(names[i])
        best = max(best, (matcher.ratio(), names[i]))
    return by_key[best[1]] if best[1] else None


def _in_common(wanted: str, names: list[str]) -> Any:
    """How many characters each name has in common with one, in whatever order."""
    import numpy as np

    codes = np.frombuffer("".join(names).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    ends = np.cumsum([0, *map(len, names)])
    common = np.zeros(len(names), dtype=int)
    for letter, count in Counter(wanted).items():
        seen = np.concatenate([[0], np.cumsum(codes == ord(letter))])[ends]
        common += np.minimum(np.diff(seen), count)
    return common


def nearest(name: str, known: Iterable[str]) -> str:
    """A clause that offers the known name nearest to a wrong one, or "" where none is near."""
    meant = closest(name, known)
    if not meant:
        return ""
    letter = foreign(name) if meant.isascii() else ""
    of = f' Its "{letter}" is a {unicodedata.name(letter).capitalize()}.' if letter else ""
    return f'. Did you mean "{meant}"?{of}'


def some(names: Sequence[str], most: int = 3, spell: str = '"{}"') -> str:
    """The first few of several names, each so spelled, and how many more there are."""
    shown = ", ".join(map(spell.format, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def hints(known: Iterable[str], otherwise: str) -> Callable[[str], str]:
    """What to say of each of many wrong names: `nearest` of the first hundred, otherwise where none is near."""
    names = list(known)
    said: dict[str, str] = {}

    def hint(name: str) -> str:
        if name not in said:
            said[name] = (nearest(name, names) if len(said) < MOST_HINTS else "") or otherwise
        return said[name]

    return hint
