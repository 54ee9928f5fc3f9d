"""A function of a Python file, by the words of the command line: FILE.py:FUNCTION, name=value.

Loading a file runs it, as `python FILE.py` would, but for what stands under `if __name__ == "__main__"`.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from chainopt.words.names import nearest


class ScriptError(ValueError):
    """A file, a function or an argument that can't be had; the message says which, and what to do."""


def load(target: str) -> Callable[..., Any]:
    """The function that FILE.py:FUNCTION names; the file is run. Raises ScriptError where there is none."""
    file, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        raise ScriptError(f'"{target}" is not FILE.py:FUNCTION, as docs/essay.py:tupperware')
    path = Path(file)
    if not path.is_file():
        raise ScriptError(f'there is no file "{file}"')
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ScriptError(f'"{file}" is not a Python file: its name must end in .py')
    module = importlib.util.module_from_spec(spec)
    with_path = str(path.resolve().parent)
    sys.path.insert(0, with_path)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ScriptError(f"{file} can't be run: {where(error)}") from error
    finally:
        sys.path.remove(with_path)
    return _function(module, file, name)


def _function(module: ModuleType, file: str, name: str) -> Callable[..., Any]:
    found = getattr(module, name, None)
    if callable(found):
        return found
    if found is not None:
        raise ScriptError(f'"{name}" of {file} is no function')
    names = [known for known, value in vars(module).items() if inspect.isfunction(value)]
    hint = nearest(name, names) or (f": there are {', '.join(names)}" if names else "")
    raise ScriptError(f'{file} has no function "{name}"{hint}')


def arguments(words: Iterable[str], option: str, function: Callable[..., Any]) -> dict[str, Any]:
    """name=value words as arguments of a function: numbers, and lists, tuples and dicts of them.

    Raises ScriptError for a word of another form, and for a name that the function doesn't take.
    """
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]
    any_name = not parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    given: dict[str, Any] = {}
    for word in words:
        name, equals, text = (part.strip() for part in word.partition("="))
        if not (name and equals and text):
            raise ScriptError(f'{option} "{word}" is not name=value, as {option} x=4')
        if name in given:
            raise ScriptError(f"{option} gives {name} twice")
        if not any_name and name not in parameters:
            hint = nearest(name, parameters) or f": it takes {', '.join(parameters)}"
            raise ScriptError(f'the function has no argument "{name}"{hint}')
        try:
            given[name] = _numbers(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise ScriptError(f'{option} {name}: "{text:.40}" is not a number, or a list of numbers') from None
    return given


def _numbers(text: str) -> Any:
    """A literal of Python; ValueError for a whole number that is too large to compute with."""
    value = ast.literal_eval(text)
    if isinstance(value, int) and abs(value) > 10**300:
        raise ValueError(text)
    return value


def call_of(function: Callable[..., Any], given: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments by name as a call: those that a function takes by position alone come first.

    Raises ScriptError where the function can't be called so.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return tuple(given.values()), {}
    first: list[Any] = []
    rest = dict(given)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.POSITIONAL_ONLY and name in rest:
            first.append(rest.pop(name))
        elif parameter.kind is parameter.VAR_POSITIONAL and name in rest:
            values = rest.pop(name)
            first += values if isinstance(values, list | tuple) else [values]
    try:
        signature.bind(*first, **rest)
    except TypeError as error:
        raise ScriptError(f"{error}: give arguments as --at x=4, or --fix n=3 to hold them fixed") from None
    return tuple(first), rest


def where(error: BaseException) -> str:
    """An exception in a line: file and line, kind and message."""
    if isinstance(error, SyntaxError):
        line = f":{error.lineno}" if error.lineno else ""
        return f"{Path(error.filename or '').name}{line}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((str(Path(__file__).parents[1]), "<frozen"))]
    at = f"{Path(own[-1].filename).name}:{own[-1].lineno}: {own[-1].line}: " if own else ""
    return " ".join(f"{at}{type(error).__name__}: {error}".split()).rstrip(": ")
