"""The problem in cvxpy, as cones for Clarabel; levels may be below what the uses make, and are not at an optimum.

    Cobb-Douglas    level/scale <= h^returns,  h <= prod x_i^share_i, two by two   power cones
    CES 0.5         share_i h^2/x_i <= t_i,    sum t_i <= h                        second-order cones
    CES 2           t_i^2 <= x_i h,            h <= sum share_i t_i                second-order cones

No geometric program: a sum of sales can't be maximised in logarithms. Of the ways to write Cobb-Douglas this is
the fastest and the most robust: relative entropies take 1.1 to 1.6 times as long, and on one generalised power
cone a process Clarabel 0.11 fails at 20,000 flows (neighbours)."""

from __future__ import annotations

import time
import warnings

import cvxpy as cp
import numpy as np
from layered import INPUTS, Layered
from scipy import sparse

from routes.answer import OPTIMAL, Answer


def solve(numbers: Layered, tolerance: float) -> Answer:
    """Build; solve, with cvxpy's compilation to cones as its own phase."""
    begun = time.perf_counter()
    processes, width, goods = len(numbers.scale), numbers.width, numbers.goods
    use, level = cp.Variable((processes, INPUTS)), cp.Variable(processes)
    sale = cp.Variable(width, nonneg=True)
    flows = INPUTS * processes
    taken = sparse.csr_array((np.ones(flows), (numbers.inputs.ravel(), np.arange(flows))), (goods, flows))
    made = sparse.eye_array(goods, processes, k=-width, format="csr")
    sold = sparse.eye_array(goods, width, k=width - goods, format="csr")
    supply = np.concatenate([numbers.supply, np.zeros(processes)])
    balance = taken @ cp.vec(use, order="C") + sold @ sale - made @ level == supply
    problem = cp.Problem(cp.Maximize(numbers.price @ sale), [balance, *_technology(numbers, use, level)])
    built = time.perf_counter()
    options = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), tolerance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem.solve(solver=cp.CLARABEL, max_iter=500, max_threads=1, **options)
    ended = time.perf_counter()
    compiled = float(problem.compilation_time)
    return Answer(
        status=OPTIMAL if problem.status == cp.OPTIMAL else problem.status,
        price=np.full(goods, np.nan) if balance.dual_value is None else np.asarray(balance.dual_value),
        value=float(problem.value),
        seconds={"build": built - begun, "derivatives": compiled, "solve": ended - built - compiled},
        iterations=int(problem.solver_stats.num_iters),
    )


def _technology(numbers: Layered, use: cp.Variable, level: cp.Variable) -> list[cp.Constraint]:
    """level <= f(uses), process by process."""
    shares, processes = numbers.shares, len(numbers.scale)
    mix, made = cp.Variable(processes), cp.multiply(1.0 / numbers.scale, level)
    constant = numbers.returns == 1.0
    whole = made <= mix if constant else cp.PowCone3D(mix, np.ones(processes), made, numbers.returns)
    if numbers.elasticity == 1.0:
        half = cp.Variable((processes, 2))
        pair = shares[:, ::2] + shares[:, 1::2]
        return [
            cp.PowCone3D(use[:, 0], use[:, 1], half[:, 0], shares[:, 0] / pair[:, 0]),
            cp.PowCone3D(use[:, 2], use[:, 3], half[:, 1], shares[:, 2] / pair[:, 1]),
            cp.PowCone3D(half[:, 0], half[:, 1], mix, pair[:, 0]),
            whole,
        ]
    part = cp.Variable((processes, INPUTS))
    each, of = cp.vec(use, order="C"), cp.vec(part, order="C")
    by_use = mix[np.repeat(np.arange(processes), INPUTS)]
    if numbers.elasticity == 0.5:
        root = cp.multiply(np.sqrt(shares).ravel(), by_use)
        return [_rotated(of, each, root), cp.sum(part, axis=1) <= mix, whole]
    if numbers.elasticity == 2.0:
        return [_rotated(each, by_use, of), mix <= cp.sum(cp.multiply(shares, part), axis=1), whole]
    raise ValueError(f"no cones here for an elasticity of {numbers.elasticity:g}")


def _rotated(a: cp.Expression, b: cp.Expression, c: cp.Expression) -> cp.Constraint:
    """a b >= c^2, a and b not negative, entry by entry."""
    return cp.SOC(a + b, cp.vstack([2.0 * c, a - b]), axis=0)
