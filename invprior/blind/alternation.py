"""Alternate between the image and the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.blind.constraint import Constraint
from invprior.blind.descent import descend
from invprior.blind.found import BlindResult, copied, parameters_of
from invprior.blind.misfit import misfit
from invprior.errors import InvpriorError
from invprior.problem import Problem
from invprior.solvers.loop import solve
from invprior.solvers.result import SolveState
from invprior.stop import MaxIterations


@dataclass(frozen=True)
class Alternation:
    """Solve for the image with the parameters held, then for the parameters with the image held, and again.

    The image goes on from where it was. The parameters follow spectral projected gradients. A problem of image and
    parameters is seldom convex: with ``ease`` the prior is stronger at first, so that strong edges alone decide.

    Parameters
    ----------
    rounds
        The number of times that both are solved for.
    iterations
        Iterations of the solver for the image in a round. The last solve, with the parameters found, runs to its end.
    steps
        Gradient steps of the parameters in a round.
    ease
        The weight of the prior in the first round, over its own. It falls geometrically and is 1 from two thirds on.

    References
    ----------
    - Birgin, Martínez & Raydan, "Nonmonotone spectral projected gradient methods on convex sets", SIAM J. Optim. 10
      (2000).
    """

    rounds: int = 20
    iterations: int = 30
    steps: int = 10
    ease: float = 1.0

    def __post_init__(self) -> None:
        if min(self.rounds, self.iterations, self.steps) < 1:
            raise InvpriorError("rounds, iterations and steps of an Alternation are 1 or more")
        if not self.ease >= 1:
            raise InvpriorError(f"the ease of an Alternation is 1 or more, got {self.ease}")

    def run(self, problem: Problem, constraints: Mapping[str, Constraint], seed: int) -> BlindResult:
        problem = copied(problem)
        held = parameters_of(problem)
        with torch.no_grad():
            for name, p in held.items():
                p.copy_(constraints[name].project(p))
        state: SolveState | None = None
        for k in range(self.rounds):
            eased = self.ease ** max(0.0, 1 - 1.5 * k / self.rounds)
            now = Problem.from_terms(problem.data_terms, problem.prior if eased == 1 else eased * problem.prior)
            result = solve(now, stop=MaxIterations(self.iterations), state=state, seed=seed)
            state, x = result.state, result.x

            def f(values: Mapping[str, Tensor], now: Problem = now, x: Tensor = x) -> Tensor:
                return misfit(now, x, {held[name]: value for name, value in values.items()})

            before = {name: p.detach().clone() for name, p in held.items()}
            found = descend(f, before, constraints, self.steps)
            with torch.no_grad():
                for name, p in held.items():
                    p.copy_(found[name])
        problem = Problem.from_terms(problem.data_terms, problem.prior)
        last = solve(problem, state=state, seed=seed)
        return BlindResult(last.x, {name: p.detach().clone() for name, p in held.items()}, problem, last)
