"""The routes that are compared, one a file: each solves a layered chain and gives an `answer.Answer`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """One way to solve a chain.

    module: the file here with its `solve(numbers, tolerance)`; of: whose solver it is; tolerances: the loosest
    first, of which the first that gives prices to 1e-6 is measured (None: its default); largest: flows above which
    it is not tried.
    """

    name: str
    module: str
    of: str
    tolerances: tuple[float | None, ...] = (None,)
    largest: int = 80_000

    @property
    def ours(self) -> bool:
        return self.of == "chainopt"


LADDER = (1e-8, 1e-10, 1e-12)
ROUTES = {
    route.name: route
    for route in (
        Route("market", "chainopt_market", "chainopt", largest=1_000_000),
        Route("market, NumPy", "chainopt_numpy", "chainopt", largest=1_000_000),
        Route("chainopt auto", "chainopt_auto", "chainopt"),
        Route("chainopt Ipopt", "chainopt_ipopt", "chainopt"),
        Route("CasADi", "casadi_ipopt", "Ipopt", LADDER),
        Route("CasADi, adaptive", "casadi_adaptive", "Ipopt", LADDER),
        Route("PyOptInterface", "pyoptinterface_ipopt", "Ipopt", LADDER),
        Route("cvxpy", "cvxpy_clarabel", "Clarabel", LADDER),
        Route("GEKKO", "gekko_ipopt", "Ipopt", LADDER),
    )
}
