"""Quadratic smoothness: the linear answer, and smoother with more weight."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, LinearOperator, Problem, noise, solve, solvers, stop
from invprior.operators import FiniteDifference, Identity, Lanczos, Mask
from invprior.priors import Tikhonov
from tests.helpers import photograph, psnr, randn

SHAPE = (3, 12, 12)
KINDS = ["identity", "mask", "lanczos"]


def operator(kind: str) -> LinearOperator:
    return {
        "identity": Identity(SHAPE),
        "mask": Mask(SHAPE, randn(12, 12) > -0.5),
        "lanczos": Lanczos(SHAPE, 2),
    }[kind]


def problem(kind: str, weight: float = 8.0, weights: tuple[float, float] | None = None) -> Problem:
    A = operator(kind)
    y = noise.Gaussian(0.05).sample(A(photograph(size=12)), torch.Generator().manual_seed(1))
    return Problem(A, y, noise=noise.Gaussian(0.05), prior=weight * Tikhonov(weights=weights))


def test_value_of_a_ramp() -> None:
    x = torch.linspace(0, 1, 5, dtype=torch.float64).expand(2, 4, 5)
    (term,) = Tikhonov().terms((2, 4, 5))
    assert float(term(x)) == pytest.approx(0.5 * 2 * 4 * 4 * 0.25**2)
    (term,) = Tikhonov(axes=(-2, -1), weights=(1.0, 3.0)).terms((2, 4, 5))
    assert float(term(x)) == pytest.approx(9 * 0.5 * 2 * 4 * 4 * 0.25**2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weights", [None, (1.0, 2.0)])
def test_solve_takes_conjugate_gradients_to_the_normal_equations(
    kind: str, weights: tuple[float, float] | None
) -> None:
    p = problem(kind, weights=weights)
    r = solve(p, stop=stop.Stationary(1e-12) | stop.MaxIterations(2000))
    assert isinstance(r.solver, solvers.ConjugateGradient)
    assert r.status.name == "converged"
    A, D = operator(kind).to_dense(), FiniteDifference(SHAPE, weights=weights).to_dense()
    y = p.data_terms[0].y.flatten()
    exact = torch.linalg.solve(A.T @ A / 0.05**2 + 8.0 * D.T @ D, A.T @ y / 0.05**2)
    assert torch.allclose(r.x.flatten(), exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gap_of_pdhg_goes_to_zero(kind: str) -> None:
    p = problem(kind)
    r = solve(p, solvers.PDHG(), stop=stop.RelativeGap(1e-6) | stop.MaxIterations(6000))
    assert r.status.name == "converged"
    best = float(p.objective(solve(p, stop=stop.Stationary(1e-12) | stop.MaxIterations(2000)).x))
    assert 0 <= float(p.objective(r.x)) / best - 1 <= 1e-5


def test_a_bigger_weight_is_smoother() -> None:
    (roughness,) = Tikhonov().terms(SHAPE)
    rough = [float(roughness(solve(problem("identity", w)).x)) for w in (1.0, 10.0, 100.0, 1e3, 1e4)]
    assert rough == sorted(rough, reverse=True)
    assert rough[-1] < 0.1 * rough[0]


def test_it_denoises() -> None:
    clean = photograph(size=48)
    y = noise.Gaussian(0.1).sample(clean, torch.Generator().manual_seed(0))
    x = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=100 * Tikhonov())).x
    assert psnr(x, clean) > psnr(y, clean) + 4


def test_bad_axes_are_named() -> None:
    with pytest.raises(InvpriorError, match="must be different axes"):
        Tikhonov(axes=(-1, 2)).terms(SHAPE)
    with pytest.raises(InvpriorError, match="2 axes need as many weights, got 1"):
        Tikhonov(weights=(1.0,)).terms(SHAPE)
