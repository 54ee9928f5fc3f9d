"""Value without end: a direction in which a plan can grow for ever, and what it earns.

    maximise value(d)   subject to   balances of d with no supply,  d <= 0 at upper limits,  d >= 0 at lower ones,
                                     level = growth of f along a mix of inputs,  all flows of d together <= 1

A Leontief or linear process grows as it stands, one with constant returns along any mix, one with lower returns
makes nothing more in the long run, one with increasing returns ever more. Smooth processes enter by mixes of
inputs, first the plan's own and then the cheapest at the linear program's prices, so that a ray found is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from scipy import sparse

from chainopt.network.forward import forward_run
from chainopt.network.measure import throughput
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.tolerances import GAINS
from chainopt.planner.rows import problem
from chainopt.technology.arrays import Array
from chainopt.technology.families import Batch, Technology
from chainopt.words.status import Status

_ROUNDS = 12
_NEW = 1e-6
_FAR = (1e3, 1e6, 1e9)
_FLOWS = ("sale", "imported", "disposed")


@dataclass(frozen=True, slots=True)
class Ray:
    """A direction of growth, by the network's numbers: amounts per step, and what a step earns.

    growing: processes in it whose output grows faster than their inputs, so that only a long step earns this.
    """

    level: Array
    sale: Array
    imported: Array
    disposed: Array
    value: float
    growing: tuple[int, ...]


@np.errstate(all="ignore")
def find_ray(net: Network, plan: Plan | None = None) -> Ray | None:
    """A direction in which the value grows without end, None where there is none of the kinds sought.

    Non-rival goods stay as they are, and demand that is not perfectly elastic pays nothing for more.
    """
    if not (net.rival.any() or net.leontief.any()):
        return None
    start = forward_run(net)
    size = np.maximum(throughput(net, start), 1e-12)
    mixes = _Mixes(net, plan if plan is not None and np.isfinite(plan.use).all() else start, start)
    for far in (None, *_FAR):
        if far is not None and not mixes.increasing:
            break
        mixes.begin(far)
        for _ in range(_ROUNDS):
            program = _Program(net, mixes, size)
            if program.value > GAINS * program.money:
                return program.ray()
            if not mixes.cheapen(program.price):
                break
    return None


def confirmed(net: Network, plan: Plan | None, status: Status) -> Status:
    """UNBOUNDED where a chain has a ray, whatever the solver said of it; the status as it is otherwise.

    For what is no global optimum: that has none. An infeasible chain stays so: a ray needs a plan to start from.
    """
    open_ = (Status.OPTIMAL, Status.UNCERTIFIED, Status.EVALUATION_ERROR, Status.ITERATION_LIMIT)
    return Status.UNBOUNDED if status in open_ and find_ray(net, plan) is not None else status


@dataclass(frozen=True, slots=True)
class _Mix:
    """A way to grow of one process: its uses, and what its levels make, per step."""

    process: int
    use: Array
    amount: Array
    level: Array
    made: Array


class _Mixes:
    """The mixes of all smooth processes; `increasing` says whether any grows faster than its inputs."""

    def __init__(self, net: Network, plan: Plan, start: Plan):
        self.net, self.plan, self.start = net, plan, start
        self.uses: dict[int, Array] = {
            int(p): np.flatnonzero(net.use_process == p) for p in np.flatnonzero(~net.leontief)
        }
        alone = {p: net.family(p) for p in self.uses}
        # Without returns of its own a process is tried far out, as a formula is.
        self.family: dict[int, tuple[Technology, Batch]] = {
            p: (row, batch)
            for p, (row, batch) in ((p, of) for p, of in alone.items() if of)
            if row.returns(batch)[0] > 0 and not row.origin(batch).any()
        }
        self.far: float | None = None
        self.mixes: list[_Mix] = []
        self.known: set[tuple[Any, ...]] = set()
        self.increasing = {p for p in self.uses if p not in self.family or self.returns(p) > 1.0 + 1e-9}

    def returns(self, p: int) -> float:
        technology, batch = self.family[p]
        return float(technology.returns(batch)[0])

    def begin(self, far: float | None) -> None:
        """Start from the plan's mixes; with far, increasing returns are judged at that many times the start."""
        self.far, self.mixes, self.known = far, [], set()
        for p, uses in self.uses.items():
            if p in self.family and self.family[p][0].affine:
                for u in uses:
                    self.add(p, np.where(uses == u, 1.0, 0.0))
                continue
            for plan in (self.plan, self.start):
                self.add(p, np.where(self.net.rival[self.net.use_good[uses]], plan.use[uses], 0.0))

    def add(self, p: int, mix: Array) -> bool:
        """Add a mix of a process's inputs, in proportion; False where it is known or makes nothing."""
        net, uses = self.net, self.uses[p]
        total = float(np.sum(mix))
        if total <= 0 or not np.isfinite(mix).all():
            return False
        mix = mix / total
        name = (p, *np.round(mix, 6))
        made = self.growth(p, mix)
        if name in self.known or not np.isfinite(made).all() or not np.any(np.abs(made) > 1e-12):
            return False
        self.known.add(name)
        levels = np.flatnonzero(net.level_process == p)
        self.mixes.append(_Mix(p, uses, mix, levels, made))
        return True

    def growth(self, p: int, mix: Array) -> Array:
        """What a process's levels grow by per unit of a mix, in the long run; with returns above 1, far out."""
        uses = self.uses[p]
        scale = max(1.0, float(np.sum(self.start.use[uses])))
        if p in self.family:
            returns = self.returns(p)
            if returns < 1.0 - 1e-9 or (returns > 1.0 + 1e-9 and self.far is None):
                return np.zeros(1)
            step = 1.0 if returns <= 1.0 + 1e-9 else scale * (self.far or 1.0)
            technology, batch = self.family[p]
            with np.errstate(all="ignore"):
                return technology.level(batch, step * mix) / step
        near, far = self.trials(p, mix, scale)
        with np.errstate(all="ignore"):
            if self.far is not None and np.any(far > near * (1.0 + 1e-6)):
                return near
            # What still falls makes nothing more in the long run; what still rises is a matter for `far`.
            return np.where(np.abs(far - near) <= 1e-6 * np.abs(near), near, 0.0)

    def trials(self, p: int, mix: Array, scale: float) -> tuple[Array, Array]:
        """A process's outputs per unit of a mix, far out and a thousand times as far."""
        uses = self.uses[p]
        held = np.where(self.net.rival[self.net.use_good[uses]], 0.0, self.plan.use[uses])
        step = scale * (self.far or 1e9)
        found = []
        for amount in (step, 1e3 * step):
            use = self.plan.use.copy()
            use[uses] = held + amount * mix
            level = self.net.levels(use, np.array([p]))
            found.append(level[self.net.level_process == p] / amount)
        return found[0], found[1]

    def cheapen(self, price: Array) -> bool:
        """Add each constant-returns process's cheapest mix at these prices; whether any is new."""
        new = False
        for p, (technology, batch) in self.family.items():
            if technology.cheapest is None or self.returns(p) < 1.0 - 1e-9:
                continue
            paid = np.maximum(price[self.net.use_good[batch.use]], 1e-6 * max(1e-12, float(np.max(np.abs(price)))))
            mix = technology.cheapest(batch, paid)
            new |= self.add(p, np.where(self.net.rival[self.net.use_good[batch.use]], mix, 0.0))
        return new


class _Program:
    """The linear program of one set of mixes, by HiGHS, and its prices: the rows of d = ways @ amounts."""

    def __init__(self, net: Network, mixes: _Mixes, size: Array):
        self.net, self.mixes = net, mixes
        stated = problem(net)
        self.amounts = of = stated.amounts
        width = of["use"].shape[1]
        goods = [np.flatnonzero(net.rival & some) for some in (net.sells, net.imports, net.disposes)]
        own = of["level"][net.leontief[net.level_process]].indices
        flows = np.concatenate([of[name][g].indices for name, g in zip(_FLOWS, goods, strict=True)])
        mixed = [
            (
                np.append(of["use"][mix.use].indices, of["level"][mix.level].indices),
                np.append(mix.amount, mix.made),
            )
            for mix in mixes.mixes
        ]
        self.mixed = slice(len(own), len(own) + len(mixed))
        unit = sparse.eye_array(width, format="csc")
        ways = sparse.hstack([unit[:, own], _columns(width, mixed), unit[:, flows]], format="csc")
        self.ways = sparse.csc_array(ways)
        moves = sparse.vstack([of["use"], unit[:, flows].T], format="csr") @ self.ways
        flow = abs(moves).T @ (1.0 / size[np.concatenate([net.use_good, *goods])])
        count = np.where(flow > 0, flow, 1.0)
        value = (stated.worth @ self.ways).toarray().ravel()
        low = np.zeros(len(value))
        low[self.mixed.stop :] = np.concatenate([block.low for block in stated.variables])[flows]
        balances, *others = stated.rows
        rival = net.rival[balances.index]
        held = [
            sign * rows.terms[np.isfinite(bound)] @ self.ways
            for rows in others
            if rows.name not in ("production", "minimum")
            for sign, bound in ((1.0, rows.high), (-1.0, rows.low))
        ]
        bounded = sparse.vstack([sparse.csr_array(count[None, :]), *held], format="csr")
        self.money = float(np.max(np.abs(value) / count, initial=0.0))
        self.amount, self.value, self.price = np.zeros(len(value)), 0.0, np.zeros(len(net.goods))
        equal = balances.terms[rival] @ self.ways
        sound = all(np.isfinite(figures).all() for figures in (value, self.money, bounded.data, equal.data))
        if not (len(value) and sound):
            return
        found = scipy.optimize.linprog(
            -value / (self.money or 1.0),
            A_ub=bounded,
            b_ub=np.append(1.0, np.zeros(bounded.shape[0] - 1)),
            A_eq=equal,
            b_eq=np.zeros(np.count_nonzero(rival)),
            bounds=np.column_stack([low, np.full(len(value), np.inf)]),
            method="highs",
        )
        if found.status == 0:
            self.amount, self.value = found.x, float(value @ found.x)
            self.price[balances.index[rival]] = found.eqlin.marginals * -self.money

    def ray(self) -> Ray:
        """The direction found, as a ray of the network."""
        amount = np.where(np.abs(self.amount) > 1e-9 * np.abs(self.amount).max(), self.amount, 0.0)
        mixes = zip(self.mixes.mixes, amount[self.mixed], strict=True)
        running = {mix.process for mix, much in mixes if much > 0}
        growing = sorted(running & self.mixes.increasing) if self.mixes.far is not None else []
        x = self.ways @ amount
        level, sale, imported, disposed = (self.amounts[name] @ x for name in ("level", *_FLOWS))
        return Ray(level, sale, imported, disposed, self.value, tuple(map(int, growing)))


def _columns(height: int, columns: list[tuple[Array, Array]]) -> sparse.csc_array:
    number = [np.full(len(rows), i) for i, (rows, _) in enumerate(columns)]
    if not columns:
        return sparse.csc_array((height, 0))
    return sparse.csc_array(
        (
            np.concatenate([values for _, values in columns]),
            (np.concatenate([rows for rows, _ in columns]), np.concatenate(number)),
        ),
        shape=(height, len(columns)),
    )
