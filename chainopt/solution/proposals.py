"""A plan near the optimum of a concave chain, by linear programs: processes propose, a centre chooses and prices.

    maximise   worth of the chosen   over weights of proposals   subject to balances and limits

Each process answers the last prices with what it would do at them, its next proposal; the centre mixes proposals
of one process, which makes no more than the mix of their inputs does where it is concave (Dantzig and Wolfe,
1960). No slope at zero flow misleads it: what stands idle here has nothing to propose, where an interior point
gets lost beside it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy
from scipy import sparse

from chainopt.certificate.searched import Concave, climbed
from chainopt.network.demand import demand_area
from chainopt.network.forward import forward_run
from chainopt.network.network import Network
from chainopt.network.plan import Plan
from chainopt.network.scales import Scales, scales
from chainopt.technology.arrays import Array

_ROUNDS, _ENOUGH, _SECONDS = 60, 1e-6, 5.0
_MISSED = 1e3
"""Of ordinary money: what an ordinary amount costs that is missing."""
_FIRST = (0.05, 1.0, 5.0)
_FAR, _CHEAP, _CONSTANT = 1e3, 1e-9, 1e-9
_PROCESSES = 300
"""More would propose for longer than another start takes."""


@dataclass(frozen=True, slots=True)
class _Proposal:
    """What a unit of weight does: by row of the program, and its worth; of whom it is, and what it is in
    amounts."""

    of: tuple[str, int]
    rows: dict[int, float]
    worth: float
    use: Array
    level: Array
    amount: float = 0.0


@dataclass
class _Centre:
    """The proposals so far, and their program: balances by good, limits of processes, one weight for each
    agent."""

    net: Network
    size: Scales
    proposals: list[_Proposal] = field(default_factory=list)
    shares: dict[tuple[str, int], tuple[int, bool]] = field(default_factory=dict)
    limits: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def solved(self) -> Any:
        """The program's end: weights, and the duals by row."""
        net, goods = self.net, len(self.net.goods)
        count = goods + len(net.limits) + len(self.shares)
        entries = [(row, j, value) for j, item in enumerate(self.proposals) for row, value in item.rows.items()]
        if not entries:
            return None, None
        rows, columns, values = (np.array(part) for part in zip(*entries, strict=True))
        scale = np.concatenate([1.0 / self.size.good, np.ones(count - goods)])
        matrix = sparse.csr_array((values * scale[rows], (rows, columns)), shape=(count, len(self.proposals)))
        missing = sparse.eye_array(count, goods)
        matrix = sparse.csr_array(sparse.hstack([matrix, missing, -missing]))
        right = np.concatenate([-net.supply / self.size.good, np.zeros(count - goods)])
        upper = np.zeros(count, dtype=bool)
        for i, limit in enumerate(net.limits):
            row = goods + i
            right[row], upper[row] = limit.sign * limit.bound, not limit.fixed
            if limit.of == "good":
                right[row], upper[row] = 0.0, True
        for row, may_stop in self.shares.values():
            right[row], upper[row] = 1.0, may_stop
        worth = [item.worth / self.size.money for item in self.proposals]
        cost = -np.array([*worth, *([-_MISSED] * (2 * goods))])
        ends = [self._ends(item) for item in self.proposals] + [(0.0, None)] * (2 * goods)
        if not (np.isfinite(matrix.data).all() and np.isfinite(cost).all() and np.isfinite(right).all()):
            return None, None
        equal = np.flatnonzero(~upper)
        least = np.flatnonzero(upper)
        found = scipy.optimize.linprog(
            cost, matrix[least], right[least], matrix[equal], right[equal], bounds=ends, method="highs"
        )
        if found.status != 0:
            return None, None
        dual = np.zeros(count)
        dual[least], dual[equal] = -found.ineqlin.marginals, -found.eqlin.marginals
        return found.x[: len(self.proposals)], dual * scale * self.size.money

    def _ends(self, item: _Proposal) -> tuple[float | None, float | None]:
        kind, i = item.of
        if kind in ("sale", "imported"):
            low, high = (float(end[i]) for end in self.net.bounds(kind))
            signed = kind == "sale" and bool(self.net.sale_signed[i])
            least = low if np.isfinite(low) else None if signed else 0.0
            return least, high if np.isfinite(high) else None
        return 0.0, None


def proposed(net: Network) -> Plan | None:
    """A plan near the optimum; None where the chain is not of the kind, or is not got near."""
    if not net.rival.all() or len(net.processes) > _PROCESSES:
        return None
    with np.errstate(all="ignore"):
        return _Proposing(net).plan()


class _Proposing:
    """A centre and the agents of a chain."""

    def __init__(self, net: Network):
        self.net, self.size = net, scales(net)
        self.centre = _Centre(net, self.size)
        self.of_use = [np.flatnonzero(net.use_process == p) for p in range(len(net.processes))]
        self.of_level = [np.flatnonzero(net.level_process == p) for p in range(len(net.processes))]
        self.yields = net.yields
        self.constant = np.zeros(len(net.processes), dtype=bool)
        for technology, batch in net.families:
            returns = technology.returns(batch)
            origin = batch.sum(np.abs(technology.origin(batch))) > 0
            self.constant[batch.process] = (np.abs(returns - 1.0) <= _CONSTANT) & ~origin

    def plan(self) -> Plan | None:
        end = time.perf_counter() + _SECONDS
        self._first()
        weights = None
        for _ in range(_ROUNDS):
            weights, dual = self.centre.solved()
            if weights is None or time.perf_counter() > end:
                break
            known = len(self.centre.proposals)
            gain = sum(self._asked(dual))
            if len(self.centre.proposals) == known or gain <= _ENOUGH * self.size.money:
                break
        return None if weights is None else self._mixed(weights)

    def _first(self) -> None:
        """What all begin with: trades, recipes, and a few sizes of a forward run."""
        net, run = self.net, forward_run(self.net)
        for g in range(len(net.goods)):
            for kind, there, sign, worth in (
                ("sale", net.sells[g] and not np.isfinite(net.elasticity[g]), -1.0, np.nan_to_num(net.price[g])),
                ("imported", net.imports[g], 1.0, -net.import_price[g]),
                ("disposed", net.disposes[g], -1.0, -net.disposal[g]),
            ):
                if there:
                    none = np.zeros(0)
                    self.centre.proposals.append(_Proposal((kind, g), {g: sign}, float(worth), none, none, 1.0))
            if net.sells[g] and np.isfinite(net.elasticity[g]):
                self._share(("buyer", g), may_stop=bool(net.elasticity[g] > 1))
                for part in (1e-3, 0.1, 1.0, 3.0):
                    self._buys(g, part * float(net.reference[g]))
        for p in range(len(net.processes)):
            uses, levels = self.of_use[p], self.of_level[p]
            if net.leontief[p]:
                self._makes(p, net.coefficient[uses], np.ones(len(levels)))
                continue
            nothing = self._levels(p, np.maximum(net.origin[uses], 0.0))
            stops = bool(np.all(nothing == 0)) and not net.origin[uses].any()
            if not self.constant[p]:
                self._share(("process", p), may_stop=stops)
            if np.isfinite(nothing).all() and not stops:
                self._makes(p, net.origin[uses], nothing)
            for part in _FIRST:
                x = net.origin[uses] + part * np.maximum(run.use[uses] - net.origin[uses], 0.0)
                self._makes(p, x, self._levels(p, x))

    def _share(self, of: tuple[str, int], *, may_stop: bool) -> None:
        row = len(self.net.goods) + len(self.net.limits) + len(self.centre.shares)
        self.centre.shares[of] = (row, may_stop)

    def _levels(self, p: int, x: Array) -> Array:
        use = np.zeros(len(self.net.use_good))
        use[self.of_use[p]] = x
        return self.net.levels(use, np.array([p]))[self.of_level[p]]

    def _buys(self, g: int, sale: float) -> None:
        net = self.net
        low, high = (float(end[g]) for end in net.bounds("sale"))
        sale = min(max(sale, low if np.isfinite(low) else 0.0), high)
        price, elasticity, reference = (array[g : g + 1] for array in (net.price, net.elasticity, net.reference))
        worth = float(demand_area(price, elasticity, reference, np.array([sale]))[0])
        if np.isfinite(worth):
            row, _ = self.centre.shares["buyer", g]
            none = np.zeros(0)
            self.centre.proposals.append(_Proposal(("buyer", g), {g: -sale, row: 1.0}, worth, none, none, sale))

    def _makes(self, p: int, x: Array, level: Array) -> None:
        net, goods = self.net, len(self.net.goods)
        if not (np.isfinite(level).all() and np.isfinite(x).all()):
            return
        rows: dict[int, float] = {}
        for g, amount in zip(net.use_good[self.of_use[p]].tolist(), x.tolist(), strict=True):
            rows[g] = rows.get(g, 0.0) - amount
        for k, made in zip(self.of_level[p].tolist(), level.tolist(), strict=True):
            part = slice(self.yields.indptr[k], self.yields.indptr[k + 1])
            for g, per in zip(self.yields.indices[part].tolist(), self.yields.data[part].tolist(), strict=True):
                rows[g] = rows.get(g, 0.0) + per * made
        at = {"use": dict(zip(self.of_use[p].tolist(), x.tolist(), strict=True))}
        at["level"] = dict(zip(self.of_level[p].tolist(), level.tolist(), strict=True))
        for i, limit in enumerate(net.limits):
            if limit.of != "good" and limit.index in at[limit.of]:
                rows[goods + i] = limit.sign * at[limit.of][limit.index]
        if ("process", p) in self.centre.shares:
            rows[self.centre.shares["process", p][0]] = 1.0
        worth = -float(net.unit_cost[self.of_level[p]] @ level)
        self.centre.proposals.append(_Proposal(("process", p), rows, worth, x, level))

    def _asked(self, dual: Array) -> Iterator[float]:
        """What each agent would gain by its answer to these prices, which is then among its proposals."""
        net, goods = self.net, len(self.net.goods)
        price = dual[:goods]
        # A balance's row has supply on the right with a minus: more of a good on hand lowers it.
        price = -price
        rent = dual[goods : goods + len(net.limits)]
        earned = net.yields @ price - net.unit_cost - net.bounding("level") @ rent
        paid = price[net.use_good] + net.bounding("use") @ rent
        for p in range(len(net.processes)):
            if net.leontief[p]:
                continue
            uses, levels = self.of_use[p], self.of_level[p]
            x = self._answer(p, earned[levels], paid[uses])
            if x is None:
                continue
            made = self._levels(p, x)
            share = self.centre.shares.get(("process", p))
            gain = float(earned[levels] @ made - paid[uses] @ x) - (dual[share[0]] if share else 0.0)
            if gain > _ENOUGH * self.size.money / len(net.processes):
                self._makes(p, x, made)
                yield gain
        for (kind, g), (row, _) in self.centre.shares.items():
            if kind == "buyer" and price[g] > 0:
                sale = float(net.reference[g] * (net.price[g] / price[g]) ** net.elasticity[g])
                before = len(self.centre.proposals)
                self._buys(g, min(sale, _FAR * float(self.size.sale[g])))
                for item in self.centre.proposals[before:]:
                    gain = item.worth - price[g] * item.amount - dual[row]
                    if gain > _ENOUGH * self.size.money / goods:
                        yield gain
                    else:
                        self.centre.proposals.pop()

    def _answer(self, p: int, value: Array, paid: Array) -> Array | None:
        """What a process would take at these prices, its own limits' rents paid; None where it knows of nothing
        new."""
        net, uses = self.net, self.of_use[p]
        far = _FAR * self.size.use[uses]
        family = net.family(p)
        if family is None:
            item = net.formulas[net.place[p]]
            weights = {}
            for step in item.program.minima():
                count = len(item.program.arguments[step])
                weights[step] = np.full(count, 1.0 / count)
            low = np.where(net.signed[uses], -far, 0.0)
            return climbed(Concave(item.program, value, paid, low, far, weights), self.size.use[uses], 1e-3)
        technology, batch = family
        if technology.cheapest is None or value[0] <= 0:
            if not technology.affine:
                return None
            # Of a linear function one input alone is a mix.
            makes = technology.partials(batch, np.zeros(len(uses)), np.zeros(1))
            best = int(np.argmax(value[0] - paid / makes))
            return np.where(np.arange(len(uses)) == best, self.size.use[uses], 0.0)
        least = _CHEAP * self.size.money / self.size.use[uses]
        mix = technology.cheapest(batch, np.maximum(paid, least))
        returns, scale = float(technology.returns(batch)[0]), float(batch.scale[0])
        cost = float(np.maximum(paid, least) @ mix)
        if abs(returns - 1.0) <= _CONSTANT:
            z = float(np.min(self.size.use[uses] / mix))
        elif returns < 1.0:
            z = (returns * float(value[0]) * scale / cost) ** (1.0 / (1.0 - returns))
            z = min(z, float(np.min(far / mix)))
        else:
            return None
        return net.origin[uses] + z * mix

    def _mixed(self, weights: Array) -> Plan:
        net, goods = self.net, len(self.net.goods)
        use, level = np.zeros(len(net.use_good)), np.zeros(len(net.level_process))
        amount = {name: np.zeros(goods) for name in ("sale", "imported", "disposed")}
        for item, weight in zip(self.centre.proposals, weights.tolist(), strict=False):
            kind, i = item.of
            if kind == "process":
                use[self.of_use[i]] += weight * item.use
                level[self.of_level[i]] += weight * item.level
            else:
                amount["sale" if kind == "buyer" else kind][i] += weight * item.amount
        made = net.levels(use)
        smooth = ~net.leontief[net.level_process] & np.isfinite(made)
        return Plan(use, np.where(smooth, made, level), **amount)
