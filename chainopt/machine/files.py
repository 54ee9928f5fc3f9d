"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where a file that is open can't be removed anyway
    fcntl = None  # type: ignore[assignment]

_UNFINISHED = ".chainopt-"
_LONGEST = 240
"""Bytes of a file's name: file systems take 255, and copies are named longer than their originals."""
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def file_name(text: str, ending: str) -> str:
    """A name for a file, of a text and an ending such as "-report.xlsx", that every system takes as a plain name.

    What would lead to another folder, is a device's name or can't be seen is replaced; the text is cut, not the
    ending.
    """
    name = unicodedata.normalize("NFC", text)
    name = "".join("_" if c in '<>:"/\\|?*' or not c.isprintable() else c for c in name).strip(" .")
    if name.partition(".")[0].strip().lower() in _DEVICES or not name:
        name = f"_{name}"
    most = _LONGEST - len(ending.encode())
    return name.encode()[:most].decode(errors="ignore").rstrip(" .") + ending


def apart(path: str | PathLike[str], source: str | PathLike[str]) -> None:
    """Raises FileExistsError where writing to `path` would replace `source`, under whatever name or link."""
    if os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
        raise FileExistsError(f'can\'t write "{path}": it is the input, "{source}"; choose another name or folder')


def folder_for(path: str | PathLike[str]) -> Path:
    """The folder of that path, made where it is absent; raises OSError with one line that says why it can't be."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "there is a file of that name" if isinstance(error, FileExistsError) else error.strerror or ""
        raise type(error)(f'can\'t make the folder "{path}": {reason.lower()}; choose another') from error
    return folder


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file that takes the place of `path` once it is complete and on the disk.

    It is written beside it under another name; whatever fails, and wherever a kill strikes, the old file stays
    whole, and what a killed run left behind is removed by the next. A link of that name is replaced itself: what
    it leads to may be somebody else's choice. Raises OSError with one line that says what to do: no such folder, a
    read-only file or folder, no file at all (a folder, a device), a full disk, a file held open by another
    program.
    """
    folder, name = os.path.split(path)
    target = Path(os.path.realpath(folder), name)
    stands = os.path.exists(target) and not os.path.islink(target)
    if _of_the_system(target) or (os.path.exists(target) and not os.path.isfile(target)):
        raise OSError(f'can\'t write "{path}": it is not a file; choose another name')
    if stands and not os.access(target, os.W_OK):
        raise PermissionError(f'can\'t write "{path}": the file is read-only; choose another name')
    unfinished = None
    try:
        _clear(target.parent)
        unfinished, file = _begun(target.parent)
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if stands:
                shutil.copymode(target, unfinished)
            if fcntl is not None:
                # While it is locked: until it has its name, another run must not take it for a killed one's.
                os.replace(unfinished, target)
        if fcntl is None:
            os.replace(unfinished, target)
        _sync_folder(target.parent)
    except OSError as error:
        raise type(error)(f'can\'t write "{path}": {_reason(error, target)}') from error
    finally:
        if unfinished is not None:
            with suppress(OSError):
                unfinished.unlink()


def _of_the_system(target: Path) -> bool:
    """Whether a name is one of the system's own, such as /dev/stdout, a link to what may be a file."""
    return str(target.parent) == "/dev" or target.is_relative_to("/proc")


def _begun(folder: Path) -> tuple[Path, BinaryIO]:
    """A new file, locked for as long as it is open, where the file system has locks."""
    while True:
        path = folder / f"{_UNFINISHED}{secrets.token_hex(8)}.tmp"
        file = open(path, "xb")  # noqa: SIM115
        if fcntl is not None:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
        # A run that cleared the folder may have been faster than the lock.
        if os.fstat(file.fileno()).st_nlink:
            return path, file
        file.close()


def _clear(folder: Path) -> None:
    """Remove what killed runs left in a folder: the files of living ones are locked."""
    if fcntl is None:
        return
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_UNFINISHED) and entry.is_file(follow_symlinks=False):
                with suppress(OSError), open(entry.path, "rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


def _reason(error: OSError, target: Path) -> str:
    match error:
        case FileNotFoundError():
            return f'there is no folder "{target.parent}"; make it first'
        case NotADirectoryError():
            return f'"{target.parent}" is not a folder'
        case PermissionError() if os.path.exists(target):
            return "the file or its folder is read-only, or another program has it open"
        case PermissionError():
            return f'the folder "{target.parent}" is read-only'
    return (error.strerror or str(error)).lower() + _ADVICE.get(error.errno or 0, "")


_ADVICE = {
    errno.ENOSPC: "; free some space, or choose another folder",
    errno.EDQUOT: "; free some space, or choose another folder",
    errno.EFBIG: "; raise the limit (ulimit -f), or choose another folder",
    errno.EROFS: "; choose another folder",
    errno.ENAMETOOLONG: "; choose a shorter name",
}


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
