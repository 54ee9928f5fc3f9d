"""The workbooks of data/, which travel with the package as examples to start from."""

from __future__ import annotations

from pathlib import Path

from chainopt.words.names import nearest

_FOLDER = Path(__file__).parents[1] / "data"


def example_names() -> tuple[str, ...]:
    """The names of the examples."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.xlsx")))


def copy_example(name: str, path: Path) -> None:
    """Copy an example to a path that must not exist yet.

    Raises ValueError for a name that is no example, FileExistsError where the path is taken.
    """
    names = example_names()
    if name not in names:
        hint = nearest(name, names) or f": there are {', '.join(names)}"
        raise ValueError(f'there is no example "{name}"{hint}')
    try:
        with path.open("xb") as file:
            file.write((_FOLDER / f"{name}.xlsx").read_bytes())
    except FileExistsError:
        raise FileExistsError(f"{path} exists already: choose another name, it is not overwritten") from None
