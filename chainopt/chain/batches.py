"""Records -> arrays: the processes of one function as a Batch."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np

from chainopt.chain.records import Process
from chainopt.technology.arrays import Array
from chainopt.technology.families import TECHNOLOGIES, Batch, Figure


def batch_of(
    name: str, processes: Sequence[Process], number: Sequence[int] = (0,), first_use: Sequence[int] = (0,)
) -> Batch:
    """The batch of these processes of a function; number: of each process, first_use: of the first of its uses."""
    row = TECHNOLOGIES[name]
    inputs = [use for process in processes for use in process.inputs]
    length = np.array([len(process.inputs) for process in processes], dtype=int)
    start = np.cumsum(length) - length
    of = np.repeat(np.arange(len(processes)), length)

    def figures(asked: tuple[Figure, ...], records: Sequence[Any]) -> dict[str, Array]:
        return {figure.field: _numbers(figure.field, records) for figure in asked}

    return Batch(
        process=np.array(number, dtype=int)[: len(processes)],
        use=np.array(first_use, dtype=int)[: len(processes)][of] + np.arange(len(inputs)) - start[of],
        start=start,
        of=of,
        a=_numbers("coefficient", inputs),
        scale=_numbers("scale", processes),
        by_process=figures(row.of_process, processes),
        by_use=figures(row.of_use, inputs),
    )


def _numbers(field: str, records: Sequence[Any]) -> Array:
    values = (getattr(record, field) for record in records)
    return np.array([nan if value is None else value for value in values], dtype=float)
