"""PDHG: the right optimum, an honest certificate, at every scale."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from invprior import Problem, noise, solve, solvers, stop
from invprior.operators import Identity, Lanczos, Mask
from invprior.priors import TV, NoPrior
from tests.helpers import photograph, psnr, randn


def noisy(size: int = 24, sigma: float = 0.1) -> torch.Tensor:
    return noise.Gaussian(sigma).sample(photograph(size=size), torch.Generator().manual_seed(0))


def rof_by_dual_projection(y: np.ndarray, lam: float, iterations: int = 20_000) -> np.ndarray:
    """Chambolle's projection with momentum on the dual, written independently in NumPy; one channel."""

    def grad(u: np.ndarray) -> np.ndarray:
        g = np.zeros((2, *u.shape))
        g[0, :-1], g[1, :, :-1] = u[1:] - u[:-1], u[:, 1:] - u[:, :-1]
        return g

    def div(p: np.ndarray) -> np.ndarray:
        d = np.zeros(p.shape[1:])
        d[:-1] += p[0, :-1]
        d[1:] -= p[0, :-1]
        d[:, :-1] += p[1, :, :-1]
        d[:, 1:] -= p[1, :, :-1]
        return d

    p = q = np.zeros((2, *y.shape))
    t = 1.0
    for _ in range(iterations):
        v = q + grad(y + div(q)) / 8
        new = v / np.maximum(1, np.sqrt((v**2).sum(0)) / lam)
        s = (1 + math.sqrt(1 + 4 * t * t)) / 2
        q, p, t = new + (t - 1) / s * (new - p), new, s
    out: np.ndarray = y + div(p)
    return out


def test_rof_against_an_independent_solver() -> None:
    y = noisy(16)[:1]
    sigma, lam = 0.1, 0.08
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=lam / sigma**2 * TV())
    r = solve(problem, stop=stop.RelativeGap(1e-11) | stop.MaxIterations(20_000))
    assert r.status.name == "converged"
    assert np.abs(r.x[0].numpy() - rof_by_dual_projection(y[0].numpy(), lam)).max() < 1e-5


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("kind", ["identity", "mask", "lanczos"])
def test_the_gap_goes_to_zero_at_every_scale_of_the_operator(kind: str, scale: float) -> None:
    shape = (3, 16, 16)
    A = {
        "identity": Identity(shape),
        "mask": Mask(shape, randn(16, 16) > -0.5),
        "lanczos": Lanczos(shape, 2),
    }[kind]
    y = noise.Gaussian(0.05).sample(A(photograph(size=16)), torch.Generator().manual_seed(1))
    problem = Problem(scale * A, scale * y, noise=noise.Gaussian(0.05 * scale), prior=8.0 * TV())
    r = solve(problem, solvers.PDHG(), stop=stop.RelativeGap(1e-6) | stop.MaxIterations(6000))
    assert r.status.name == "converged"
    plain = Problem(A, y, noise=noise.Gaussian(0.05), prior=8.0 * TV())
    reference = solve(plain, solvers.PDHG(), stop=stop.RelativeGap(1e-8) | stop.MaxIterations(20_000))
    assert float(problem.objective(r.x) / plain.objective(reference.x)) == pytest.approx(1, abs=2e-6)


def test_the_gap_bounds_the_error() -> None:
    y = noisy()
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=10.0 * TV())
    best = float(problem.objective(solve(problem, stop=stop.RelativeGap(1e-10) | stop.MaxIterations(20_000)).x))
    rows = solve(problem, stop=stop.MaxIterations(60)).history
    assert all(-1e-9 * best <= row["value"] - best <= row["gap"] * (1 + 1e-9) for row in rows)
    assert rows[-1]["gap"] < 0.01 * rows[0]["gap"]


@pytest.mark.parametrize("kind", ["mask", "lanczos"])
def test_the_gap_bounds_the_error_where_data_leave_pixels_free(kind: str) -> None:
    shape = (3, 16, 16)
    A = Mask(shape, randn(16, 16) > 0) if kind == "mask" else Lanczos(shape, 2)
    y = A(photograph(size=16))
    problem = Problem(A, y, noise=noise.Gaussian(0.01), prior=10.0 * TV())
    solver = solvers.PDHG()
    best = float(problem.objective(solve(problem, stop=stop.RelativeGap(1e-8) | stop.MaxIterations(20_000)).x))
    rows = solve(problem, solver, x0=torch.full(shape, 7.0).double(), stop=stop.MaxIterations(200)).history
    assert all(-1e-6 * best <= row["value"] - best <= row["gap"] + 1e-6 * best for row in rows)


@pytest.mark.parametrize("prior", [TV(), TV(coupled=False), TV(isotropic=False), TV(isotropic=False, coupled=False)])
def test_every_tv_denoises(prior: TV) -> None:
    clean, y = photograph(size=48), noisy(48)
    r = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=8.0 * prior))
    assert r.status.name == "converged"
    assert psnr(r.x, clean) > psnr(y, clean) + 4


def test_a_bigger_weight_is_smoother() -> None:
    y = noisy(32)
    variations = []
    for weight in (1.0, 4.0, 16.0, 64.0):
        x = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=weight * TV())).x
        variations.append(float(TV().terms((3, 32, 32))[0](x)))
    assert variations == sorted(variations, reverse=True)


def test_a_huge_weight_gives_the_mean() -> None:
    y = noisy(8)[:1]
    x = solve(
        Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=1e5 * TV()),
        stop=stop.RelativeGap(1e-8),
    ).x
    assert torch.allclose(x, y.mean().expand_as(x), atol=1e-4)


def test_a_quadratic_problem_needs_no_dual() -> None:
    y = noisy(8)
    r = solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=NoPrior()), solvers.PDHG())
    assert torch.allclose(r.x, y, atol=1e-4)


def test_another_problem_can_go_on_from_a_state() -> None:
    y = noisy(24)
    first, second = (Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=w * TV()) for w in (10.0, 9.0))
    warm = solve(second, state=solve(first).state)
    cold = solve(second, stop=stop.RelativeGap(1e-9) | stop.MaxIterations(5000))
    assert warm.status.name == "converged"
    assert float(second.objective(warm.x)) == pytest.approx(float(second.objective(cold.x)), rel=2e-4)


def test_what_stands_in_a_hole_makes_no_gap_small() -> None:
    known = torch.ones(16, 16, dtype=torch.float64)
    known[6:9, 4:12] = 0
    x = photograph(size=16)
    plain, bright = x * known, torch.where(known > 0, x, 1000.0)
    results = [
        solve(
            Problem(Mask(x.shape, known), y, noise=noise.Gaussian(0.01), prior=10.0 * TV()),
            solvers.PDHG(),
            x0=x * known,
        )
        for y in (plain, bright)
    ]
    assert results[0].iterations == results[1].iterations > 10
    assert torch.equal(results[0].x, results[1].x)
