"""Plug-and-play: with a true proximal map it solves that problem."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.functional import Term
from invprior.functionals import L1
from invprior.operators import Blur, Identity
from invprior.prior import Prior
from invprior.priors import PnP
from invprior.shapes import Shape
from tests.helpers import photograph, randn


class Sparse(Prior):
    """Σ|x|."""

    def terms(self, shape: Shape) -> tuple[Term, ...]:
        return (Term(L1(), Identity(shape)),)


def soft(u: Tensor, sigma: float) -> Tensor:
    return L1().prox(u, sigma**2)


def test_a_proximal_map_gives_its_own_minimiser() -> None:
    A = Blur((1, 8, 8), torch.ones(3, 3, dtype=torch.float64) / 9)
    y = A(photograph(size=8)[:1])
    plugged = solve(Problem(A, y, noise=noise.Gaussian(0.1), prior=4.0 * PnP(soft)), stop=stop.MaxIterations(3000))
    exact = Problem(A, y, noise=noise.Gaussian(0.1), prior=4.0 * Sparse())
    best = solve(exact, solvers.ProximalGradient(), stop=stop.RelativeGap(1e-9) | stop.MaxIterations(20_000))
    assert isinstance(plugged.solver, solvers.ProximalGradient)
    assert torch.allclose(plugged.x, best.x, atol=1e-4)


def test_denoising_is_one_call_at_the_level_of_the_noise() -> None:
    y = randn(3, 6, 6)
    called: list[float] = []

    def record(u: Tensor, sigma: float) -> Tensor:
        called.append(sigma)
        return 0.5 * u

    r = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.2), prior=PnP(record)), stop=stop.MaxIterations(1))
    assert called == [pytest.approx(0.2)]
    assert torch.allclose(r.x, 0.5 * y)


def test_it_has_no_value_and_says_so() -> None:
    y = randn(1, 6, 6)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.2), prior=PnP(soft))
    r = solve(problem, stop=stop.MaxIterations(20))
    assert set(r.history[-1]) == {"iteration", "seconds", "value", "residual"}
    assert r.history[-1]["value"] == pytest.approx(float(problem.data_terms[0].term(r.x)))
    with pytest.raises(InvpriorError, match="no value"):
        problem.prior.terms(y.shape)[0](y)
    with pytest.raises(InvpriorError, match="ProximalGradient"):
        solve(problem, solvers.PDHG())


def test_a_denoiser_must_keep_the_format() -> None:
    y = randn(1, 6, 6)
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.2), prior=PnP(lambda u, sigma: u[..., :3]))
    with pytest.raises(InvpriorError, match="keep both"):
        solve(problem, stop=stop.MaxIterations(2))
    with pytest.raises(InvpriorError, match="function"):
        PnP(3)  # type: ignore[arg-type]
