"""Commands to be copied into a shell: every word arrives as the bytes that it is, whatever it holds."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path


def command(*words: str | Path) -> str:
    """A command line of these words, of which a path is no option whatever it begins with.

    A word is spelled out where the stream of results has no code for it, or where it can't be seen:
    $'caf\\303\\251', as POSIX has it since 2024, and bash, zsh and ksh long before.
    """
    return " ".join(map(_word, words))


def _word(word: str | Path) -> str:
    text = str(word)
    if isinstance(word, Path) and text.startswith("-"):
        text = f".{os.sep}{text}"
    if text.isprintable() and _has_code(text):
        return shlex.quote(text)
    return f"$'{''.join(map(_octet, os.fsencode(text)))}'"


def _has_code(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _octet(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F and byte not in b"'\\" else f"\\{byte:03o}"
