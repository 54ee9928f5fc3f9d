"""A package's face: the names that it gives, each loaded from its module when it is first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def face(
    package: str, homes: Mapping[str, str]
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """`__all__`, `__getattr__` and `__dir__` of a package: the names that each of its modules gives, by module.

    No name may be that of a module of the package: whoever imports the module would find it in the name's place.
    """
    found = sys.modules[package]
    home = {name: f"{package}.{module}" for module, names in homes.items() for name in names.split()}

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=found)
        value = getattr(import_module(home[name]), name)
        setattr(found, name, value)
        return value

    return sorted(home), load, lambda: sorted({*vars(found), *home})
