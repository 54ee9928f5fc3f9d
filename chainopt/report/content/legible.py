"""Names and numbers as people read them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from math import isfinite, isnan

from chainopt.network.tolerances import SHOWN
from chainopt.words.figures import figure

LONGEST_NAME = 60
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def legible(text: str) -> str:
    """Text whose every character can be seen: a control character, one that turns the reading direction, or one
    that no file can hold, is written <U+202E>; line ends and tabs become blanks.

    The joiners that Persian and Indian scripts are spelled with stay.
    """
    if text.isprintable():
        return text
    return "".join(" " if c in "\t\n\r" else f"<U+{ord(c):04X}>" if _unseen(c) else c for c in text)


def _unseen(character: str) -> bool:
    noncharacter = ord(character) & 0xFFFE == 0xFFFE
    return noncharacter or (unicodedata.category(character) in _UNSEEN and character not in _JOINERS)


def short(text: str, most: int = LONGEST_NAME) -> str:
    """A legible name of at most so many characters: its beginning and its end, where it is longer."""
    text = legible(text)
    if len(text) <= most:
        return text
    end = (most - 3) // 3
    return f"{text[: most - 3 - end]}...{text[-end:]}"


def residual(value: float) -> str:
    """A number of which only the magnitude matters, such as 2.7e-16; one that is not small, as any other."""
    if isnan(value) or value == 0 or abs(value) >= 1e-3:
        return figure(value)
    return f"{value:.1e}"


def percent(value: float, noise: float = SHOWN) -> str:
    """A share, as 12.3%; "" for nan."""
    if isnan(value):
        return ""
    if not isfinite(value):
        return figure(value)
    if noise < abs(value) < 0.0005:
        return "<0.1%" if value > 0 else ">-0.1%"
    return f"{100 * value + 0.0:.1f}%" if abs(value) > noise else "0.0%"


def places(text: str) -> int:
    """How many digits follow the point of a number's text; none where it has an exponent."""
    return len(text.partition(".")[2]) if "e" not in text else 0


def pointed(texts: Sequence[str], title: str = "") -> list[str]:
    """Numbers' texts with blanks before them, so that their points stand one under the other, and the last digit
    of the longest under the last letter of their title."""
    digits = [places(text) for text in texts]
    most = max(digits, default=0)
    room = [
        0 if "e" in text or own == most else most - own + (not own)
        for text, own in zip(texts, digits, strict=True)
    ]
    width = max([len(title), *(len(text) + more for text, more in zip(texts, room, strict=True))])
    return [text.rjust(width - more) for text, more in zip(texts, room, strict=True)]


def shape(text: str, most: int = 0) -> str:
    """The number format that shows a figure as its text does, with room for as many places as its column has."""
    if "e" in text:
        return "0.00000E+00"
    own = places(text)
    point = f".{'0' * own}" if own else "_." if most else ""
    return f"#,##0{point}{'_0' * (most - own)}"


def width(text: str) -> float:
    """How wide a text is, in letters of mean width: wide scripts take two, thin letters half."""
    return sum(_letter(c) for c in text)


def _letter(character: str) -> float:
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 2.0
    return 0.5 if character in "ijlft.,:;'|! " else 1.35 if character in "mwMW" else 1.0
