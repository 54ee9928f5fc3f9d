"""The functions of `math` follow tracers while a trace runs, under whatever global names modules hold them.

They have no protocol of their own by which a number could see that it is given to them, and a few of NumPy have
none for arrays of tracers. Given plain numbers they are what they were.
"""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np

from chainopt.program.mathematics import MATH
from chainopt.program.tracer import UFUNCS, Tracer


def _following(name: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """A function of `math` that follows tracers, and is the old one for anything else."""
    original = getattr(math, name)
    takes_lists = name in ("fsum", "dist")

    def call(*arguments: Any, **options: Any) -> Any:
        if takes_lists:
            arguments = tuple(map(list, arguments))
        given = chain.from_iterable(arguments) if takes_lists else arguments
        traced = any(number.__class__ is Tracer for number in given)
        return (rule if traced else original)(*arguments, **options)

    call.__name__ = call.__qualname__ = name
    return call


class _ByElement:
    """A function of NumPy without a loop for objects, which goes through arrays of tracers one by one."""

    def __init__(self, ufunc: np.ufunc, rule: Callable[..., Any]):
        self.ufunc, self.each = ufunc, np.frompyfunc(rule, ufunc.nin, 1)

    def _chosen(self, given: Sequence[Any]) -> Any:
        objects = any(
            isinstance(value, np.ndarray | list | tuple) and np.asarray(value).dtype == object for value in given
        )
        return self.each if objects else self.ufunc

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._chosen(arguments)(*arguments, **options)

    def reduce(self, array: Any, *arguments: Any, **options: Any) -> Any:
        """As of the function."""
        return self._chosen([array]).reduce(array, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ufunc, name)


_FOLLOWING = {getattr(math, name): _following(name, rule) for name, rule in MATH.items() if hasattr(math, name)}
_FOLLOWING |= {ufunc: _ByElement(ufunc, UFUNCS[ufunc]) for ufunc in (np.logaddexp, np.logaddexp2, np.copysign)}
_swapping = threading.Lock()
_running: list[Callable[..., Any]] = []
_without: dict[str, int] = {}
_restore: list[tuple[dict[str, Any], str, Any]] = []


@contextmanager
def following(function: Callable[..., Any]) -> Iterator[None]:
    """While it lasts, the functions of `math` follow tracers: see the module."""
    with _swapping:
        if not _running:
            for name, module in list(sys.modules.items()):
                names = getattr(module, "__dict__", {})
                # Most modules hold none, and look the same as when they were last searched.
                if _without.get(name) != len(names) and not _swap(names):
                    _without[name] = len(names)
        _swap(getattr(function, "__globals__", {}))
        _running.append(function)
    cells = []
    for cell in getattr(function, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:
            continue
        if _is_key(held):
            cell.cell_contents = _FOLLOWING[held]
            cells.append((cell, held))
    try:
        yield
    finally:
        for cell, held in cells:
            cell.cell_contents = held
        with _swapping:
            _running.remove(function)
            while _restore and not _running:
                names, name, held = _restore.pop()
                names[name] = held


def followed(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function itself; of `math`, the one that follows tracers."""
    return _FOLLOWING.get(function, function) if _is_key(function) else function


def depth() -> int:
    """How many traces are running."""
    return len(_running)


_IDENTITIES = {id(function) for function in _FOLLOWING}


def _is_key(held: Any) -> bool:
    return id(held) in _IDENTITIES


def _swap(names: dict[str, Any]) -> bool:
    """Put what follows tracers in the place of the functions of `math`; whether there were any."""
    if names is globals() or _IDENTITIES.isdisjoint(map(id, names.values())):
        return False
    for name, held in list(names.items()):
        if _is_key(held):
            names[name] = _FOLLOWING[held]
            _restore.append((names, name, held))
    return True
