"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO


def apart(path: str | PathLike[str], source: str | PathLike[str]) -> None:
    """Raises FileExistsError where writing to `path` would replace `source`, under whatever name or link."""
    if os.path.exists(path) and os.path.samefile(path, source):
        raise FileExistsError(f'can\'t write "{path}": it is the input, "{source}"; choose another name or folder')


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is complete and on the disk.

    It is written beside it under another name; whatever fails, and wherever a kill strikes, the old file stays
    whole. Raises OSError with one line that says what to do: no such folder, a read-only file or folder, no
    file at all (a folder, a device), a full disk, a file held open by another program.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(f'can\'t write "{path}": it is not a file; choose another name')
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f'can\'t write "{path}": the file is read-only; choose another name')
    unfinished = target.with_name(f".chainopt-{secrets.token_hex(8)}.tmp")
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, unfinished)
        os.replace(unfinished, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise type(error)(f'can\'t write "{path}": {_reason(error, target)}') from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _reason(error: OSError, target: Path) -> str:
    match error:
        case FileNotFoundError():
            return f'there is no folder "{target.parent}"; make it first'
        case NotADirectoryError():
            return f'"{target.parent}" is not a folder'
        case PermissionError() if target.exists():
            return "the file or its folder is read-only, or another program has it open"
        case PermissionError():
            return f'the folder "{target.parent}" is read-only'
    return (error.strerror or str(error)).lower()


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError:
        # Some network file systems can't; the file itself is complete and in place.
        pass
    finally:
        os.close(handle)
