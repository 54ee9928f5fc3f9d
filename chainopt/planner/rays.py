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
from scipy import sparse
from scipy.optimize import linprog

from chainopt.network.forward import forward_run
from chainopt.network.limits import CAPACITY, MAX_IMPORT, MAX_SALE, MAX_USE, MIN_LEVEL, MIN_SALE
from chainopt.network.measure import throughput
from chainopt.network.network import FormulaProcess, Network
from chainopt.network.plan import Plan
from chainopt.technology.families import TECHNOLOGIES
from chainopt.words.status import Status

Array = np.ndarray
_ROUNDS = 12
_NEW = 1e-6
_GAIN = 1e-7
_FAR = (1e3, 1e6, 1e9)


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
            if program.value > _GAIN * program.money:
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
        self.family: dict[int, tuple[str, int]] = {
            int(p): (name, row) for name, batch in net.batch.items() for row, p in enumerate(batch.process)
        }
        self.formula: dict[int, FormulaProcess] = {item.process: item for item in net.formulas}
        self.far: float | None = None
        self.mixes: list[_Mix] = []
        self.known: set[tuple[Any, ...]] = set()
        self.increasing: set[int] = {p for p in self.family if self.returns(p) > 1.0 + 1e-9} | set(self.formula)

    def returns(self, p: int) -> float:
        name, row = self.family[p]
        batch = self.net.batch[name]
        return float(
            batch.sum(batch.a)[row] if name == "cobb-douglas" else batch.returns[row] if name == "ces" else 1
        )

    def begin(self, far: float | None) -> None:
        """Start from the plan's mixes; with far, increasing returns are judged at that many times the start."""
        self.far, self.mixes, self.known = far, [], set()
        for p, uses in self.uses.items():
            if p in self.family and self.family[p][0] == "linear":
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
        net, uses = self.net, self.uses[p]
        scale = max(1.0, float(np.sum(self.start.use[uses])))
        if p in self.family:
            returns = self.returns(p)
            if returns < 1.0 - 1e-9 or (returns > 1.0 + 1e-9 and self.far is None):
                return np.zeros(1)
            step = 1.0 if returns <= 1.0 + 1e-9 else scale * (self.far or 1.0)
            name, row = self.family[p]
            with np.errstate(all="ignore"):
                return TECHNOLOGIES[name].level(net.batch[name].part(np.array([row])), step * mix) / step
        near, far = self.trials(p, mix, scale)
        with np.errstate(all="ignore"):
            if self.far is not None and np.any(far > near * (1.0 + 1e-6)):
                return near
            # What still falls makes nothing more in the long run; what still rises is a matter for `far`.
            return np.where(np.abs(far - near) <= 1e-6 * np.abs(near), near, 0.0)

    def trials(self, p: int, mix: Array, scale: float) -> tuple[Array, Array]:
        """A formula's outputs per unit of a mix, far out and a thousand times as far."""
        item, uses = self.formula[p], self.uses[p]
        held = np.where(self.net.rival[self.net.use_good[uses]], 0.0, self.plan.use[uses])
        step = scale * (self.far or 1e9)
        found = []
        for amount in (step, 1e3 * step):
            values = item.program.values((held + amount * mix).tolist())
            found.append(np.array([values[i] for i in item.program.outputs]) / amount)
        return found[0], found[1]

    def cheapen(self, price: Array) -> bool:
        """Add each constant-returns process's cheapest mix at these prices; whether any is new."""
        new = False
        for p, (name, row) in self.family.items():
            if name == "linear" or self.returns(p) < 1.0 - 1e-9:
                continue
            batch = self.net.batch[name].part(np.array([row]))
            paid = np.maximum(price[self.net.use_good[batch.use]], 1e-6 * max(1e-12, float(np.max(np.abs(price)))))
            sigma = 1.0 if name == "cobb-douglas" else 1.0 / (1.0 - float(batch.r[0]))
            new |= self.add(
                p, np.where(self.net.rival[self.net.use_good[batch.use]], (batch.a / paid) ** sigma, 0.0)
            )
        return new


class _Program:
    """The linear program of one set of mixes, by HiGHS, and its prices."""

    def __init__(self, net: Network, mixes: _Mixes, size: Array):
        self.net, self.mixes = net, mixes
        leontief = np.flatnonzero(net.leontief[net.level_process])
        rival = np.flatnonzero(net.rival)
        sold = np.flatnonzero(net.sells & net.rival)
        bought, disposed = np.flatnonzero(net.imports & net.rival), np.flatnonzero(net.disposes & net.rival)
        goods, uses, levels = len(net.goods), len(net.use_good), len(net.level_process)
        mix_use = _columns(uses, [(mix.use, mix.amount) for mix in mixes.mixes])
        mix_level = _columns(levels, [(mix.level, mix.made) for mix in mixes.mixes])
        recipe = sparse.csr_array(
            (
                np.where(net.use_leontief, net.coefficient, 0.0),
                (np.arange(uses), net.first_level[net.use_process]),
            ),
            shape=(uses, levels),
        )
        own = sparse.eye_array(levels, format="csc")[:, leontief]
        self.level = sparse.csc_array(sparse.hstack([own, mix_level], format="csc"))
        self.use = sparse.csc_array(sparse.hstack([recipe @ own, mix_use], format="csc"))
        takes = sparse.csr_array((np.ones(uses), (net.use_good, np.arange(uses))), shape=(goods, uses))
        unit = sparse.eye_array(goods, format="csc")
        balance = sparse.hstack(
            [takes @ self.use - net.yields.T @ self.level, unit[:, sold], -unit[:, bought], unit[:, disposed]],
            format="csr",
        )[rival]
        price = np.where(np.isfinite(net.elasticity) | np.isnan(net.price), 0.0, net.price)
        parts = (
            -(self.level.T @ net.unit_cost),
            price[sold],
            -net.import_price[bought],
            -net.disposal[disposed],
        )
        value = np.concatenate(parts)
        self.cut = np.cumsum([len(part) for part in parts])[:-1]
        self.sold, self.bought, self.disposed = sold, bought, disposed
        count = np.zeros((balance.shape[1], 1))
        flow = np.concatenate(
            [
                np.asarray(abs(self.use).T @ (1.0 / size[net.use_good])).ravel(),
                1.0 / size[sold],
                1.0 / size[bought],
                1.0 / size[disposed],
            ]
        )
        count[:, 0] = np.where(flow > 0, flow, 1.0)
        low, high = np.zeros(len(value)), np.full(len(value), np.inf)
        signed = net.sale_signed[sold] & ~np.isfinite(net.min_sale[sold])
        low[self.cut[0] : self.cut[1]][signed] = -np.inf
        reads = np.flatnonzero(~net.rival[net.use_good])
        rows = [self.use[reads]]
        at = {MAX_SALE: (sold, self.cut[0]), MIN_SALE: (sold, self.cut[0]), MAX_IMPORT: (bought, self.cut[1])}
        for limit in net.limits:
            if limit.kind in at:
                members, first = at[limit.kind]
                for column in first + np.flatnonzero(members == limit.index):
                    if limit.sign > 0 or limit.fixed:
                        high[column] = 0.0
                    if limit.sign < 0:
                        low[column] = 0.0
            elif limit.kind in (CAPACITY, MIN_LEVEL, MAX_USE):
                row = (self.use if limit.kind == MAX_USE else self.level)[[limit.index]]
                rows += [sign * row for sign in ((1.0, -1.0) if limit.fixed else (limit.sign,))]
        held = sparse.vstack(rows, format="csr")
        held.resize(held.shape[0], len(value))
        self.money = float(np.max(np.abs(value) / count[:, 0], initial=0.0))
        found = linprog(
            -value / (self.money or 1.0),
            A_ub=sparse.vstack([sparse.csr_array(count.T), held], format="csr"),
            b_ub=np.append(1.0, np.zeros(held.shape[0])),
            A_eq=balance,
            b_eq=np.zeros(len(rival)),
            bounds=np.column_stack([low, high]),
            method="highs",
        )
        ok = found.status == 0
        self.amount = found.x if ok else np.zeros(len(value))
        self.value = float(value @ self.amount)
        self.price = np.zeros(goods)
        if ok:
            self.price[rival] = found.eqlin.marginals * -self.money

    def ray(self) -> Ray:
        """The direction found, as a ray of the network."""
        net, x = self.net, np.where(np.abs(self.amount) > 1e-9 * np.abs(self.amount).max(), self.amount, 0.0)
        ways, *flows = np.split(x, self.cut)
        sale, imported, disposed = (np.zeros(len(net.goods)) for _ in flows)
        sale[self.sold], imported[self.bought], disposed[self.disposed] = flows
        first = len(ways) - len(self.mixes.mixes)
        running = {mix.process for mix, amount in zip(self.mixes.mixes, ways[first:], strict=True) if amount > 0}
        growing = sorted(running & self.mixes.increasing) if self.mixes.far is not None else []
        made = self.level @ ways
        return Ray(made, sale, imported, disposed, self.value, tuple(int(p) for p in growing))


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
