"""Anderson acceleration of a fixed point z = z + f(z): the last residuals, combined to be as small as can be.

    gamma = argmin | f_k - dF gamma |_w        z_{k+1} = z_k + f_k - (dZ + dF) gamma

with the last few differences dZ, dF as rows, and w the weights of the residuals. Steps are clipped,
and reach no further than a thousand residuals; the memory is dropped where the residual doubles.
"""

from __future__ import annotations

import numpy as np

from chainopt.technology.arrays import Array

_RIDGE, _RANK = 1e-14, 1e-14
_GROWS = 2.0
_MEMORY, _CLIP, _REACH = 7, 8.0, 1e3


class Anderson:
    """The memory of one iteration; `step` turns each residual into the next point.

    The Gram matrix of the residuals' differences gains one row a step, so that a step costs two products of the
    memory with a vector.
    """

    def __init__(self, size: int, weight: Array | None = None):
        self.weight = weight
        self.residuals, self.moves = np.zeros((2, _MEMORY, size))
        self.gram = np.zeros((_MEMORY, _MEMORY))
        self.held, self.next, self.best = 0, 0, np.inf
        self.last_point: Array | None = None
        self.last_residual: Array | None = None

    def step(self, point: Array, residual: Array) -> Array:
        """The point after this one, whose residual this is."""
        size = self._norm(residual)
        if size > _GROWS * self.best:
            self.held, self.next = 0, 0
            self.best = size
            self.last_point = None
        self.best = min(self.best, size)
        if self.last_point is not None and self.last_residual is not None:
            self._remember(point - self.last_point, residual - self.last_residual)
        move = residual.copy()
        if self.held:
            known = self.residuals[: self.held]
            gram = self.gram[: self.held, : self.held]
            norm = np.sqrt(np.diag(gram))
            scale = np.where(norm > 0, norm, 1.0)
            system = gram / np.outer(scale, scale) + _RIDGE * np.eye(self.held)
            right = known @ self._weighted(residual) / scale
            gamma = np.linalg.lstsq(system, right, rcond=_RANK)[0] / scale
            move -= gamma @ known
            move -= gamma @ self.moves[: self.held]
        self.last_point, self.last_residual = point.copy(), residual.copy()
        # A combination of nearly dependent differences can leap far from a point that is nearly at rest.
        bound = min(_CLIP, _REACH * float(np.abs(residual).max(initial=0.0)))
        np.clip(move, -bound, bound, out=move)
        return point + move

    def reweigh(self, weight: Array) -> None:
        """Count residuals by these weights from now on."""
        self.weight = weight
        known = self.residuals[: self.held]
        self.gram[: self.held, : self.held] = (known * weight) @ known.T
        if self.last_residual is not None:
            self.best = self._norm(self.last_residual)

    def _remember(self, move: Array, change: Array) -> None:
        row = self.next
        self.moves[row], self.residuals[row] = move, change
        self.held = max(self.held, row + 1)
        self.next = (row + 1) % _MEMORY
        products = self.residuals[: self.held] @ self._weighted(self.residuals[row])
        self.gram[row, : self.held] = products
        self.gram[: self.held, row] = products

    def _weighted(self, values: Array) -> Array:
        return values if self.weight is None else self.weight * values

    def _norm(self, values: Array) -> float:
        return float(np.sqrt(values @ self._weighted(values)))
