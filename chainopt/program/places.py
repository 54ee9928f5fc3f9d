"""Where in a program's source a step was asked for: its line, and the variable that it was assigned to."""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

Range = tuple[int | None, int | None, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Place:
    """A file and a line of it; name is the variable to which the step's value was assigned as it came, or "",
    code the name of the function."""

    file: str
    line: int | None
    name: str = ""
    code: str = ""

    @property
    def source(self) -> str:
        """The line's text; "" where the file can't be read."""
        return linecache.getline(self.file, self.line).strip() if self.line else ""


def place(code: CodeType, instruction: int) -> Place:
    """The place of an instruction, counted in bytes as a frame's f_lasti."""
    where = _positions(code)[instruction // 2]
    file = code.co_filename
    return Place(file, where[0], _targets(file).get(where, ""), code.co_name)


@lru_cache(maxsize=4096)
def _positions(code: CodeType) -> list[Range]:
    return list(code.co_positions())


@lru_cache(maxsize=256)
def _targets(file: str) -> dict[Range, str]:
    """The variable that each expression of a file is assigned to, by the expression's place."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    found: dict[Range, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                where: ast.expr | ast.stmt = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                where = value
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                where = value
            case ast.AugAssign(target=ast.Name(id=name)):
                where = node
            case _:
                continue
        found[where.lineno, where.end_lineno, where.col_offset, where.end_col_offset] = name
    return found
