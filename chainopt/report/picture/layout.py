"""A directed graph in layers from left to right, after Sugiyama, Tagawa and Toda (1981).

1. edges that close cycles are turned round: few, and of little weight (Eades, Lin and Smyth 1993);
2. ranks minimise sum weight (rank(head) - rank(tail)), each at least 1: a linear program;
3. an edge over several ranks passes a bend in each, one that was turned round also beside both its ends;
4. within ranks, sweeps of weighted means order the nodes, and the order with the fewest crossings is kept;
5. heights come from sweeps too: nearest to the neighbours' mean that the order allows (isotonic regression).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy
from scipy import sparse

from chainopt.technology.arrays import Array

Edge = tuple[int, int]
SWEEPS = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand: by node, rank (0 is leftmost) and y (its middle); by edge, whether it goes back, and
    the ranks and heights of its bends from tail to head.
    """

    rank: Array
    y: Array
    back: tuple[bool, ...]
    bends: tuple[tuple[tuple[int, float], ...], ...]

    def extent(self, size: Sequence[float], thick: Sequence[float]) -> tuple[float, float]:
        """The top and the bottom of it all, with nodes and edges of these heights."""
        ends = [
            *zip(self.y.tolist(), size, strict=True),
            *((y, t) for bends, t in zip(self.bends, thick, strict=True) for _, y in bends),
        ]
        return min((y - h / 2 for y, h in ends), default=0.0), max((y + h / 2 for y, h in ends), default=0.0)


def layered(
    size: Sequence[float], edges: Sequence[Edge], weight: Sequence[float], thick: Sequence[float], gap: float
) -> Layout:
    """Lay out nodes of these heights: weight, how much an edge wants to be short and straight; thick, the height
    that an edge takes where it passes other nodes; gap, what is left between neighbours.
    """
    count = len(size)
    back = _turned(count, edges, weight)
    forward = [(b, a) if turn else (a, b) for (a, b), turn in zip(edges, back, strict=True)]
    rank = _ranks(count, forward, weight)
    where = [int(r) for r in rank]
    height = list(size)
    pieces: dict[Edge, float] = defaultdict(float)
    strings: list[list[int]] = []
    for (a, b), turn, w, t in zip(forward, back, weight, thick, strict=True):
        span = range(where[a], where[b] + 1) if turn else range(where[a] + 1, where[b])
        bends = list(range(len(where), len(where) + len(span)))
        where += span
        height += [t] * len(span)
        stops = bends if turn else [a, *bends, b]
        for i, j in pairwise(stops):
            # Bends would rather lie on one line than near their ends.
            pieces[i, j] += w * (1 + 2 * (i >= count) + 2 * (j >= count))
        if turn:
            # The bends beside the ends keep near them.
            pieces[a, bends[1]] += w
            pieces[bends[-2], b] += w
        strings.append(bends)
    order = _ordered(where, pieces)
    y = _heights(order, height, pieces, gap, count)
    return Layout(
        rank,
        y[:count],
        tuple(back),
        tuple(
            tuple((where[i], float(y[i])) for i in (reversed(bends) if turn else bends))
            for bends, turn in zip(strings, back, strict=True)
        ),
    )


def _turned(count: int, edges: Sequence[Edge], weight: Sequence[float]) -> list[bool]:
    """Which edges point back in an order where sources come first, sinks last, and the others by net weight."""
    out: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
    into: list[dict[int, float]] = [defaultdict(float) for _ in range(count)]
    for (a, b), w in zip(edges, weight, strict=True):
        out[a][b] += w
        into[b][a] += w
    left = set(range(count))
    first: list[int] = []
    last: list[int] = []
    while left:
        sinks = sorted(v for v in left if not out[v])
        sources = sorted(v for v in left if out[v] and not into[v])
        chosen = sources + sinks
        if not chosen:
            chosen = [max(sorted(left), key=lambda v: sum(out[v].values()) - sum(into[v].values()))]
        for v in chosen:
            (last if v in sinks else first).append(v)
            left.discard(v)
            for w in out[v]:
                into[w].pop(v, None)
            for w in into[v]:
                out[w].pop(v, None)
    at = {v: i for i, v in enumerate([*first, *reversed(last)])}
    back = [at[a] >= at[b] for a, b in edges]
    after: list[list[int]] = [[] for _ in range(count)]
    for (a, b), turn in zip(edges, back, strict=True):
        if not turn:
            after[a].append(b)
    # Any that closes no cycle after all goes forward again, the heaviest first.
    for e in sorted((e for e, turn in enumerate(back) if turn), key=lambda e: -weight[e]):
        a, b = edges[e]
        if not _reaches(after, b, a):
            back[e] = False
            after[a].append(b)
    return back


def _reaches(after: list[list[int]], start: int, end: int) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        if here == end:
            return True
        waiting += [v for v in after[here] if v not in seen]
        seen.update(after[here])
    return False


def _ranks(count: int, edges: Sequence[Edge], weight: Sequence[float]) -> Array:
    """The ranks that keep edges shortest; the matrix is totally unimodular, so that they are whole numbers."""
    if not edges:
        return np.zeros(count, dtype=int)
    tail, head = np.array(edges).T
    row = np.arange(len(edges))
    steps = sparse.csr_array(
        (np.repeat([1.0, -1.0], len(edges)), (np.tile(row, 2), np.concatenate([tail, head]))),
        shape=(len(edges), count),
    )
    cost = np.bincount(head, weight, count) - np.bincount(tail, weight, count)
    # A small pull to the left sets nodes that nothing holds.
    found = scipy.optimize.linprog(
        cost + 1e-6, A_ub=steps, b_ub=-np.ones(len(edges)), bounds=(0, None), method="highs"
    )
    rank = np.round(found.x).astype(int)
    return rank - rank.min()


def _ordered(where: Sequence[int], pieces: dict[Edge, float]) -> list[list[int]]:
    """The nodes of each rank from top to bottom."""
    before: list[list[tuple[int, float]]] = [[] for _ in where]
    after: list[list[tuple[int, float]]] = [[] for _ in where]
    for (i, j), w in pieces.items():
        after[i].append((j, w))
        before[j].append((i, w))
    ranks: list[list[int]] = [[] for _ in range(max(where, default=-1) + 1)]
    for v, r in enumerate(where):
        ranks[r].append(v)
    place = [0.0] * len(where)

    def number(nodes: list[int]) -> None:
        for i, v in enumerate(nodes):
            place[v] = (i + 0.5) / len(nodes)

    def mean(v: int, near: list[tuple[int, float]]) -> float:
        return sum(place[i] * w for i, w in near) / sum(w for _, w in near) if near else place[v]

    for nodes in ranks:
        number(nodes)
    best, fewest = [list(nodes) for nodes in ranks], _crossings(ranks, after, place)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        near = before if down else after
        for nodes in ranks if down else reversed(ranks):
            wanted = {v: mean(v, near[v]) for v in nodes}
            nodes.sort(key=lambda v: (wanted[v], place[v]))
            number(nodes)
        crossed = _crossings(ranks, after, place)
        if crossed < fewest:
            best, fewest = [list(nodes) for nodes in ranks], crossed
    return best


def _crossings(ranks: list[list[int]], after: list[list[tuple[int, float]]], place: Sequence[float]) -> int:
    """How many pairs of edges cross: the inversions of their heads, tails in order."""
    crossed = 0
    for nodes in ranks:
        seen: list[float] = []
        for v in nodes:
            heads = [place[j] for j, _ in after[v]]
            crossed += sum(len(seen) - bisect_right(seen, head) for head in heads)
            for head in heads:
                insort(seen, head)
    return crossed


def _heights(
    order: list[list[int]], height: Sequence[float], pieces: dict[Edge, float], gap: float, count: int
) -> Array:
    """Middles as near to their neighbours' as order and heights allow, bends closer together than nodes."""
    y = np.zeros(len(height))
    offsets = []
    for nodes in order:
        at, spread = 0.0, []
        for i, v in enumerate(nodes):
            if i:
                u = nodes[i - 1]
                air = gap * (1.0 if u < count and v < count else 0.6 if u < count or v < count else 0.3)
                at += (height[u] + height[v]) / 2 + air
            spread.append(at)
        offsets.append(np.array(spread))
        y[nodes] = offsets[-1] - (at / 2)
    if not pieces:
        return y
    tail, head = np.array(list(pieces)).T
    pull = np.array(list(pieces.values()))
    shape = (len(height), len(height))
    into = sparse.csr_array((pull, (head, tail)), shape=shape)
    out = sparse.csr_array((pull, (tail, head)), shape=shape)
    both = sparse.csr_array(into + out)
    free = both.sum(axis=1) == 0
    sides = [[(near[nodes], near.sum(axis=1)[nodes]) for nodes in order] for near in (into, out, both)]
    for sweep in range(3 * SWEEPS):
        # At the end everything is drawn to both its sides.
        side = sides[2 if sweep >= 2 * SWEEPS else sweep % 2]
        for r in range(len(order)) if sweep % 2 == 0 else reversed(range(len(order))):
            nodes, (near, held) = order[r], side[r]
            wanted = np.where(held > 0, (near @ y) / np.where(held > 0, held, 1.0), y[nodes])
            # What is linked to nothing stands beside the rest.
            loose = free[nodes]
            wanted[loose] = wanted[~loose].mean() if (~loose).any() else 0.0
            weights = np.where(held > 0, held, 1e-3 * pull.min())
            fitted = scipy.optimize.isotonic_regression(wanted - offsets[r], weights=weights)
            y[nodes] = fitted.x + offsets[r]
    return y
