"""The order in which a network's values can be computed: layers of nodes and of cycles.

A layer's nodes depend on earlier layers alone, or, in a strongly connected component, on each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from chainopt.network.network import Network
from chainopt.technology.arrays import Array


@dataclass(frozen=True, slots=True)
class Layer:
    """Nodes that stand alone, and components whose nodes depend on each other."""

    alone: Array
    cycles: tuple[Array, ...]


def ranges(first: Array, length: Array) -> Array:
    """The numbers first[i], ..., first[i] + length[i] - 1, one range after the other."""
    total = np.cumsum(length)
    return np.repeat(first - total + length, length) + np.arange(total[-1] if len(total) else 0)


def layers(edges: sparse.csr_array) -> list[Layer]:
    """The layers of a directed graph, sources first; edges[i, j] stored means that j depends on i.

    A node that depends on itself is a cycle of one. Layers are those of the longest path from a source.
    """
    count, label = connected_components(edges, directed=True, connection="strong")
    coo = sparse.coo_array(edges)
    tail, head = label[coo.row], label[coo.col]
    looped = np.zeros(count, dtype=bool)
    looped[tail[coo.row == coo.col]] = True
    between = tail != head
    graph = sparse.csr_array((np.ones(between.sum()), (tail[between], head[between])), shape=(count, count))
    waiting = np.bincount(graph.indices, minlength=count)
    members = np.argsort(label, kind="stable")
    size = np.bincount(label, minlength=count)
    first = np.cumsum(size) - size
    length = np.diff(graph.indptr)
    result: list[Layer] = []
    ready = np.flatnonzero(waiting == 0)
    while len(ready):
        cyclic = (size[ready] > 1) | looped[ready]
        cycles = tuple(members[first[c] : first[c] + size[c]] for c in ready[cyclic])
        result.append(Layer(np.sort(members[first[ready[~cyclic]]]), cycles))
        reached = graph.indices[ranges(graph.indptr[ready], length[ready])]
        found, times = np.unique(reached, return_counts=True)
        waiting[found] -= times
        ready = found[waiting[found] == 0]
    return result


def dependencies(net: Network) -> sparse.csr_array:
    """The graph of goods (first) and processes: a process depends on its inputs, a good on its makers."""
    goods, total = len(net.goods), len(net.goods) + len(net.processes)
    made = sparse.coo_array(net.yields)
    tail = np.concatenate([net.use_good, goods + net.level_process[made.row]])
    head = np.concatenate([goods + net.use_process, made.col])
    return sparse.csr_array((np.ones(len(tail)), (tail, head)), shape=(total, total))
