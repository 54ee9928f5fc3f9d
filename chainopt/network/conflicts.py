"""Which limits and supplies conflict, whoever solves the chain with its rows made elastic.

    minimise   sum_i weight_i slack_i / size_i   subject to the chain, where row i may be broken by slack_i

Rows whose relaxation is worth something there conflict; dropping them one by one, and keeping only those without
which a plan exists, leaves an irreducible set (the deletion filter; Chinneck and Dravnieks, 1991).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chainopt.network.limits import MIN_LEVEL, MIN_SALE, MIN_USE
from chainopt.network.network import Network
from chainopt.network.tolerances import BROKEN, LIMITING

SUPPLY, DISPOSAL = "supply", "disposal"
_OBLIGING = (MIN_SALE, SUPPLY, MIN_LEVEL, MIN_USE, DISPOSAL)


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a cell makes: a limit (index: its number), a supply or a disposal of none (index: the good)."""

    kind: str
    index: int
    size: float


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that no plan meets together, and how much of the first can be met beside the others.

    broken: by how much the first is missed, signed: above 0 there is too little, below 0 too much.
    worth: by each other row, the gain in the first for one unit more of its bound (of a supply: signed).
    whole: whether all other rows of the chain were kept while it was measured, not only those that conflict.
    """

    first: Row
    broken: float
    worth: dict[Row, float]
    whole: bool


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The least misses: by row short less over, of its size; d(all misses)/d(its bound)."""

    missed: Mapping[Row, float]
    dual: Mapping[Row, float]


Solve = Callable[[Collection[Row], Collection[Row]], Relaxed | None]
"""solve(kept, free): kept rows weigh 1, others next to nothing; where some are free, of the kept they alone may be
missed. None where it has no answer."""


@dataclass(slots=True)
class Search:
    """The search for conflicts among a chain's rows; failed says whether a solve has ended without an answer."""

    net: Network
    rows: Sequence[Row]
    solve: Solve
    failed: bool = field(default=False)

    def conflicts(self, most: int = 5) -> list[Conflict]:
        """Sets of conflicting rows, each without the first rows of those before it; [] where none is found."""
        found: list[Conflict] = []
        dropped: set[Row] = set()
        while len(found) < most:
            conflict = self._conflict([row for row in self.rows if row not in dropped])
            if conflict is None:
                break
            found.append(conflict)
            dropped.add(conflict.first)
        return found

    def _breaks(self, kept: Collection[Row]) -> Relaxed | None:
        """The answer where these rows can't all be met; None where they can, or nothing is known."""
        found = self.solve(kept, ())
        self.failed |= found is None
        if found is None:
            return None
        return found if sum(abs(found.missed[row]) for row in kept) > BROKEN else None

    def _conflict(self, kept: list[Row]) -> Conflict | None:
        found = self._breaks(kept)
        if found is None:
            return None
        worth = {row: abs(found.dual[row]) * row.size for row in kept}
        members = [row for row in kept if worth[row] > LIMITING]
        if self._breaks(members) is None:
            members = kept
        for row in sorted(members, key=lambda row: worth[row]):
            rest = [other for other in members if other != row]
            if self._breaks(rest) is not None:
                members = rest
        return self._measured(members, kept, worth)

    def _measured(self, members: list[Row], kept: list[Row], worth: dict[Row, float]) -> Conflict | None:
        """How much of the row that obliges can be met beside the others, and what more of each would give."""
        for whole, among in ((True, kept), (False, members)):
            for first in sorted(members, key=lambda row: (_obliges(self.net, row), -worth[row])):
                found = self.solve(among, [first])
                if found is None:
                    continue
                gain = {row: -found.dual[row] * first.size for row in among if row != first}
                # More of a good always helps; what can't be thrown away limits only where less would.
                limiting = {
                    row: value
                    for row, value in gain.items()
                    if abs(value) * row.size > LIMITING * first.size and (row.kind != DISPOSAL or value < 0)
                }
                chosen = {row: gain.get(row, 0.0) for row in members if row != first} | limiting
                return Conflict(first, found.missed[first] * first.size, chosen, whole)
        return None


def _obliges(net: Network, row: Row) -> int:
    """What is asked for comes before what there is of it: the rank of a row as the first of a conflict."""
    if row.kind == SUPPLY and net.supply[row.index] > 0:
        return len(_OBLIGING)
    return _OBLIGING.index(row.kind) if row.kind in _OBLIGING else len(_OBLIGING) + 1
