"""Numbers as people read them, the same in every sentence and table."""

from __future__ import annotations

from math import isfinite, isnan

_HALF = 1e-11
"""Relative: by how much less than a half is rounded up as one."""


def figure(value: float, noise: float = 0.0) -> str:
    """A number with four significant digits, and every digit before the point; "" for nan, 0 for what is no more
    than noise."""
    if isnan(value):
        return ""
    if not isfinite(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size <= noise or size == 0:
        return "0"
    # Two figures that are the same but for rounding are so in words, where they end in a half too.
    value *= 1.0 + _HALF
    if 1e3 <= size < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.4g}"


def contrasted(*values: float) -> tuple[str, ...]:
    """Figures that a sentence sets against each other: with as many digits as it takes to tell them apart."""
    texts, different = tuple(map(figure, values)), len(set(values))
    for digits in range(5, 16):
        if len(set(texts)) == different:
            break
        texts = tuple(f"{value:,.{digits}g}" if isfinite(value) else figure(value) for value in values)
    return texts


def counted(value: float, unit: str) -> str:
    """A figure with its unit, where that has a name."""
    return f"{figure(value)} {unit}".strip()
