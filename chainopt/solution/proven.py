"""What a solver says of a chain without an optimum, proven, or taken back.

    infeasible   prices at which a plan would have to earn more than all agents together can:
                 price . supply + sum over agents of the most that each could gain at them < 0, all else free
    unbounded    a ray, and a plan to begin from

The prices are the multipliers of the least breach of balances and limits, which Ipopt finds; each agent's most is
found apart from it. Where a proof fails the chain is unsolved: no plan was found, and none was proven impossible.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from chainopt.backprop.operations import operations
from chainopt.certificate.breaches import breaches
from chainopt.certificate.regrets import regrets
from chainopt.chain.chain import Chain
from chainopt.network.forward import forward_run
from chainopt.network.multipliers import Multipliers
from chainopt.network.network import Network, network
from chainopt.network.plan import Plan, at_rest
from chainopt.network.scales import scales
from chainopt.network.tolerances import BALANCED, REFUTED, SHOWN
from chainopt.planner.elastic import Elastic
from chainopt.planner.rays import find_ray
from chainopt.simplex.judge import Infeasible
from chainopt.solution.solution import Solution
from chainopt.words.status import Status


def proven(solution: Solution, time_limit: float | None) -> Solution:
    """The solution with a proof of its status where that needs one; unsolved where there is none."""
    net = solution.net
    if solution.status not in (Status.INFEASIBLE, Status.UNBOUNDED) or solution.proof is not None or net is None:
        return solution
    if (
        solution.status is Status.UNBOUNDED
        and find_ray(net, solution.plan) is not None
        and _has_a_plan(net, solution)
    ):
        return solution
    if (proof := refutation(net, time_limit)) is not None:
        message = f"{Status.INFEASIBLE.ending}: proven by prices. {proof.summary(net)}"
        return replace(solution, status=Status.INFEASIBLE, message=message, proof=proof)
    said = solution.message if solution.status is Status.INFEASIBLE else ""
    return replace(solution, status=Status.UNSOLVED, message=f"{Status.UNSOLVED.advice} {said}".strip())


def _has_a_plan(net: Network, solution: Solution) -> bool:
    """Whether a plan is at hand that keeps all that a chain asks."""
    plans = [solution.plan, forward_run(net), at_rest(net)]
    return any(breaches(net, plan).largest <= BALANCED for plan in plans if plan is not None)


def least_breach(net: Network, time_limit: float | None) -> Plan | None:
    """A plan that breaks balances and limits as little as can be, whatever it is worth; None without one."""
    _, found = _least_breach(net, time_limit)
    return None if found is None else found[0]


def _least_breach(net: Network, time_limit: float | None) -> tuple[Network, tuple[Plan, Multipliers] | None]:
    """The network with all else free, and the least breach's plan and prices; found once for each network."""
    if "least breach" not in net.found:
        free = network(without_money(net.chain))
        least = None
        # A formula that has no value anywhere can't even be written down.
        with suppress(ArithmeticError):
            least = Elastic(free, time_limit or 30.0).least()
        net.found["least breach"] = free, least
    found: tuple[Network, tuple[Plan, Multipliers] | None] = net.found["least breach"]
    return found


def refutation(net: Network, time_limit: float | None) -> Infeasible | None:
    """The proof that a network has no plan; None where there is none, or it can't be found in this time."""
    free, found = _least_breach(net, time_limit)
    if found is None:
        return None
    plan, multipliers = found
    ops = operations(free, plan)
    unknowns = ops.stack(multipliers)
    rent, signed = unknowns[ops.rent_columns], ops.signed[ops.rent_columns]
    unknowns[ops.rent_columns] = np.where(signed, rent, np.maximum(rent, 0.0))
    unknowns, goods = np.nan_to_num(unknowns), len(free.goods)
    money = np.abs(unknowns[:goods]) * scales(free).good
    # What Ipopt leaves of a price that plays no part would be named as if it did.
    clean = unknowns.copy()
    clean[:goods][money <= SHOWN * money.sum()] = 0.0
    for prices in (clean, unknowns):
        bound = regrets(free, plan, ops, prices, breaches(free, plan), float(money.sum()))
        if bound.proven.all() and bound.total < -REFUTED * money.sum():
            return Infeasible(prices[:goods], prices[ops.rent_columns], -bound.total)
    return None


def without_money(chain: Chain) -> Chain:
    """The chain in which nothing costs or earns anything: what it can do is the same."""
    goods = [
        replace(
            good,
            price=None if good.price is None else 0.0,
            demand_elasticity=np.inf,
            reference_sale=None,
            import_price=None if good.import_price is None else 0.0,
            disposal=None if good.disposal is None else 0.0,
        )
        for good in chain.goods
    ]
    processes = [replace(process, unit_cost=0.0) for process in chain.processes]
    return Chain(goods, processes, parameters=chain.parameters)
