"""A prior that is made of others is not solved without them."""

from __future__ import annotations

from typing import Any

import pytest

from invprior import InvpriorError, Prior, Problem, noise, operators, priors, solve, solvers, stop
from invprior.solvers import Solver
from tests.helpers import photograph


@pytest.mark.parametrize(
    "prior",
    [priors.Blend((priors.NLM(), 10 * priors.TV())), priors.Guided(priors.DIP(), priors.NLM())],
    ids=["blend", "guided"],
)
@pytest.mark.parametrize(
    "solver",
    [
        solvers.PDHG(),
        solvers.ConjugateGradient(),
        solvers.ProximalGradient(),
        solvers.PlugAndPlay(),
        solvers.Adam(),
        solvers.Muon(),
        solvers.Tiled(solvers.PDHG(), size=16, overlap=4),
        solvers.Restarts(solvers.Adam(), stop.MaxIterations(2), 2),
    ],
    ids=lambda s: type(s).__name__,
)
def test_a_solver_of_one_prior_does_not_leave_out_the_others(prior: Prior, solver: Solver[Any]) -> None:
    y = photograph(size=24).float()
    problem = Problem(operators.Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior)
    with pytest.raises(InvpriorError, match="made of others, which have solvers of their own"):
        solve(problem, solver, stop=stop.MaxIterations(2))
