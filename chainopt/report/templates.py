"""The files beside the reports: templates that escape what they are given, styles and scripts as they stand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


@cache
def template(name: str, **filters: Callable[..., str]) -> Template:
    """A template by its file's name, with filters of its own."""
    environment = Environment(
        loader=PackageLoader("chainopt", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)


@cache
def text(name: str) -> str:
    """A file's text."""
    return files("chainopt").joinpath("report", name).read_text("utf-8")
