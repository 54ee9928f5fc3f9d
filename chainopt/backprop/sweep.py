"""Prices as derivatives: the reverse sweep, and the price equations where it has no derivative to take.

At shares sigma held at the plan's, a good's price is what one more unit of it adds to the objective:

    v = A' v + seed,   A[g, h] = sum_u sigma_u (df/dx_u) b_h   over the uses u of g by makers of h,
    seed_g = sigma_sale w - sigma_disposal k - sum_u sigma_u (df/dx_u) kappa

(rival goods; a non-rival good is read whole: its sigma are 1, less what is disposed of). The sweep solves it
from the goods nearest final demand back, and around each cycle at once. Leontief levels, formulas' minima and
binding limits have no such derivative: there the marginal profits of all operations in use are zero, and prices
and rents solve those equations together.

Everything here comes from the chain and the plan: no solver, no multiplier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from chainopt.backprop.equations import solve_equations
from chainopt.backprop.operations import DISPOSAL, LEVEL, MINIMUM, READERS, SALE, USE, Operations, operations
from chainopt.network.demand import demand_price
from chainopt.network.network import Network
from chainopt.network.order import layers
from chainopt.network.plan import Plan
from chainopt.network.tolerances import BALANCE, CONTRADICTION, FAINT, ZERO
from chainopt.technology.arrays import Array

_ROUNDS = 4
_SETTLED = 1e-12


@dataclass(frozen=True, slots=True)
class Derivatives:
    """What back-propagation finds at a plan.

    unknowns: prices, readings and rents in the order of Operations, nan where the equations leave them open;
    method: "sweep" or "price equations"; radius: the spectral radius of the largest cycle where its A is
    non-negative, else nan: at 1 or more the cycle returns more than it takes at these shares.
    """

    operations: Operations
    unknowns: Array
    method: str
    radius: float

    @property
    def price(self) -> Array:
        """The derivative of the optimal value with respect to each good's supply; nan where it is open."""
        return self.unknowns[: self.operations.goods]


def differentiate(net: Network, plan: Plan) -> Derivatives:
    """Back-propagate prices through a chain at a plan."""
    ops = operations(net, plan)
    swept, radius = sweep(net, plan, ops)
    if is_smooth(ops) and np.isfinite(swept).all():
        return Derivatives(ops, _complete(net, ops, swept), "sweep", radius)
    ops, unknowns = _consistent(ops)
    return Derivatives(ops, unknowns, "price equations", radius)


def _consistent(ops: Operations) -> tuple[Operations, Array]:
    """The operations with those taken for idle that move little and contradict the rest; and the unknowns.

    An interior point leaves a little of everything: what loses at the margin is idle, not in use.
    """
    unknowns = solve_equations(ops)
    faint = (ops.share < FAINT) & ~np.isin(ops.kind, (READERS, MINIMUM))
    for _ in range(_ROUNDS):
        gap = np.abs(_product(ops.matrix, unknowns) + ops.constant)
        money = np.maximum(ops.money(unknowns), ops.least)
        with np.errstate(invalid="ignore"):
            wrong = ops.active & faint & (gap > CONTRADICTION * money)
        if not wrong.any():
            break
        ops = replace(ops, active=ops.active & ~wrong)
        unknowns = solve_equations(ops)
    return ops, unknowns


def is_smooth(ops: Operations) -> bool:
    """Whether the sweep says all: every process that runs has a derivative, and no limit binds."""
    leontief = ops.active & (ops.kind == LEVEL)
    return not (leontief.any() or ops.slopes.argument_gap.size or ops.may[ops.rent_columns].any())


@dataclass(frozen=True, slots=True)
class Shares:
    """The part of each good that goes each way, by use and by good; 1 for each reader of a non-rival good, less
    what is disposed of. live: whether what a good moves says anything; where not, its shares are nan.
    """

    use: Array
    sale: Array
    disposed: Array
    live: Array


def shares(net: Network, plan: Plan, ops: Operations) -> Shares:
    """The shares of a plan, at which the sweep takes its derivatives."""
    goods = len(net.goods)
    reads = ~net.rival
    gone = np.bincount(net.use_good, plan.use, goods) + plan.sale + plan.disposed
    whole = plan.quantity(net) + plan.disposed
    with np.errstate(all="ignore"):
        # What moves so little on balance that shares of it say nothing is left to the price equations.
        # So is a good that as good as stands still: what it moves is the solver's rounding.
        size = ops.measure
        base = np.where((np.abs(gone) > BALANCE * size.moved) & ~size.still, gone, np.nan)
        kept = np.where(reads, 1.0 - np.where(whole != 0, plan.disposed / whole, 0.0), 1.0)
        use_share = np.where(reads[net.use_good], 1.0, plan.use / base[net.use_good]) * kept[net.use_good]
        sale_share = np.where(reads, net.sells * 1.0, plan.sale / base) * kept
        thrown = np.where(reads, 1.0 - kept, plan.disposed / base)
    return Shares(use_share, sale_share, thrown, reads | np.isfinite(base))


def sweep(net: Network, plan: Plan, ops: Operations) -> tuple[Array, float]:
    """The price of each good at fixed shares, and the largest spectral radius of a cycle.

    nan for a good that moves nothing, and for the goods of a cycle without a fixed point.
    """
    goods = len(net.goods)
    part = shares(net, plan, ops)
    flows = (np.abs(part.use) > ZERO) | net.signed
    taken = sparse.csr_array(
        (np.where(flows, np.nan_to_num(part.use), 0.0), (net.use_good, np.arange(len(net.use_good)))),
        shape=(goods, len(net.use_good)),
    )
    slope = ops.slopes.level.copy()
    slope.data[~np.isfinite(slope.data)] = 0.0
    passed = taken @ slope
    seed = (
        np.nan_to_num(part.sale) * np.nan_to_num(demand_price(net, plan.sale), posinf=0.0)
        - np.nan_to_num(part.disposed) * np.nan_to_num(net.disposal)
        - passed @ net.unit_cost
    )
    value, radius = adjoint(sparse.csr_array(passed @ net.yields), seed)
    return np.where(part.live, value, np.nan), radius


def adjoint(passed: sparse.csr_array, seed: Array) -> tuple[Array, float]:
    """Solve v = A v + seed, A[g, h] the part of h's price that g earns, cycle by cycle from the last good.

    Returns v and the largest spectral radius of a non-negative cycle (nan without one).
    """
    passed.eliminate_zeros()
    value, radius = np.zeros_like(seed), np.nan
    for layer in layers(sparse.csr_array(passed.T)):
        value[layer.alone] = seed[layer.alone] + passed[layer.alone] @ value
        for cycle in layer.cycles:
            inner = passed[cycle][:, cycle]
            outer = seed[cycle] + passed[cycle] @ value
            try:
                value[cycle] = splu(sparse.csc_array(sparse.eye_array(len(cycle)) - inner)).solve(outer)
            except RuntimeError:
                value[cycle] = np.nan
            if inner.data.size and inner.data.min() >= 0:
                radius = np.fmax(radius, _spectral_radius(inner))
    return value, float(radius)


def _spectral_radius(matrix: sparse.csr_array, passes: int = 200) -> float:
    """The largest eigenvalue of an irreducible non-negative matrix: powers of I + A, never periodic."""
    vector, value = np.ones(matrix.shape[0]), 0.0
    for _ in range(passes):
        image = vector + matrix @ vector
        last, value = value, float(np.max(image / vector))
        vector = image / image.max()
        if abs(value - last) <= _SETTLED * value:
            break
    return value - 1.0


def _complete(net: Network, ops: Operations, price: Array) -> Array:
    """Prices of a smooth chain with what each reader of a non-rival good pays, from its own row."""
    unknowns = np.zeros(len(ops.may))
    unknowns[: len(price)] = price
    reads = np.flatnonzero(~net.rival[net.use_good])
    with np.errstate(invalid="ignore"):
        earned = net.yields @ price - net.unit_cost
        paid = ops.slopes.level @ earned
    unknowns[len(price) + reads] = paid[reads]
    sold = np.where(net.rival, 0.0, ops.spread(SALE, ops.constant, 0.0))
    unknowns[len(price) + ops.uses : ops.rent_columns.start] = sold
    return unknowns


def use_values(net: Network, derivatives: Derivatives) -> tuple[Array, Array, Array]:
    """What each use, sale and disposal would pay for one more unit: v_u by use, and by good for the others.

    v_u = lambda df/dx_u; of a Leontief use, lambda less the other inputs' cost, over its coefficient; of a
    sale, the demand's price; of disposal, -k. nan where a slope is infinite or a price open.
    """
    ops, goods, uses = derivatives.operations, len(net.goods), len(net.use_good)
    known = derivatives.unknowns
    of = np.flatnonzero(net.use_leontief)
    level = net.first_level[net.use_process[of]]
    with np.errstate(invalid="ignore"):
        profit = _product(ops.matrix, known) + ops.constant
        price = np.where(net.rival[net.use_good], known[:goods][net.use_good], known[goods : goods + uses])
        pays = price + net.bounding("use") @ known[ops.rent_columns]
        use_value = ops.spread(USE, profit) + pays
        use_value[of] = pays[of] + ops.spread(LEVEL, profit)[level] / net.coefficient[of]
    return use_value, ops.spread(SALE, ops.constant), ops.spread(DISPOSAL, ops.constant + 0.0)


def _product(matrix: sparse.csr_array, known: Array) -> Array:
    """matrix @ known, nan only in the rows that read an unknown that is nan."""
    open_ = np.isnan(known)
    result = matrix @ np.where(open_, 0.0, known)
    return np.where((abs(matrix) @ open_.astype(float)) > 0, np.nan, result)
