"""Numbers in structures: lists, tuples, dicts, dataclasses and arrays of them, however they are nested."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import numbers
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np


def same(value: Any, path: str) -> Any:
    """The value as it is."""
    return value


def mapped(
    value: Any, leaf: Callable[[Any, str], Any], other: Callable[[Any, str], Any] = same, path: str = ""
) -> Any:
    """The same structure with leaf(number, path) for each number in it, and other(value, path) for what is none.

    A path joins the names of arguments and fields, keys and places by points.
    """

    def inner(part: Any, name: Any) -> Any:
        return mapped(part, leaf, other, f"{path}.{name}" if path else str(name))

    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return leaf(value, path)
    if isinstance(value, dict):
        table = copy.copy(value)
        for name, part in value.items():
            table[name] = inner(part, name)
        return table
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(inner(part, name) for name, part in zip(value._fields, value, strict=True)))
    if isinstance(value, list | tuple):
        return type(value)(inner(part, i) for i, part in enumerate(value))
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiuO":
        parts = [inner(part, "_".join(map(str, i))) for i, part in np.ndenumerate(value)]
        if value.ndim == 0:
            return parts[0]
        result = np.empty(value.shape, dtype=object)
        result.ravel()[:] = parts
        plainly = all(isinstance(part, float) for part in parts)
        return result.astype(float) if plainly else result
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        twin = copy.copy(value)
        for name in [name for name in getattr(twin, "__dict__", {}) if _is_cached(type(value), name)]:
            del twin.__dict__[name]
        for item in dataclasses.fields(value):
            object.__setattr__(twin, item.name, inner(getattr(value, item.name), item.name))
        return twin
    return other(value, path)


def _is_cached(kind: type, name: str) -> bool:
    """Whether an attribute is what a property has computed of the others."""
    return isinstance(getattr(kind, name, None), cached_property)


def free(name: str, taken: Callable[[str], bool]) -> str:
    """The name, or the first of name_2, name_3, ... that is not taken."""
    further = (f"{name}_{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], further) if not taken(each))
