"""Photon noise and its likelihood."""

from __future__ import annotations

import math

import pytest
import torch

from invprior import InvpriorError, Problem, noise, solve
from invprior.functionals import PoissonNll
from invprior.operators import Identity
from invprior.priors import TV
from invprior.solvers import PDHG, Adam
from invprior.stop import MaxIterations, RelativeGap
from tests.helpers import photograph


def test_samples_are_scaled_counts() -> None:
    model = noise.Poisson(0.02)
    u = torch.full((300, 300), 0.4, dtype=torch.float64)
    y = model.sample(u, torch.Generator().manual_seed(0))
    assert torch.equal((y / 0.02).round() * 0.02, y)
    assert float(y.mean()) == pytest.approx(0.4, rel=0.003)
    assert float(y.var()) == pytest.approx(0.02 * 0.4, rel=0.03)
    assert float(model.estimated_variance(y).mean()) == pytest.approx(0.02 * 0.4, rel=0.01)


def test_nll_is_that_of_the_poisson_law() -> None:
    gain, y = 0.1, torch.tensor([0.0, 0.1, 0.7]).double()
    nll = noise.Poisson(gain).nll(y)
    assert float(nll(y)) == 0
    for u in (torch.tensor([0.2, 0.3, 0.4]).double(), torch.tensor([1.0, 0.01, 2.0]).double()):
        exact = [
            torch.distributions.Poisson(v / gain).log_prob((y / gain).round()).sum() for v in (u, y.clamp(min=1e-9))
        ]
        assert float(nll(u)) == pytest.approx(float(exact[1] - exact[0]), abs=1e-6)


def test_outside_its_domain_it_is_infinite_and_its_gradient_no_nan() -> None:
    f = PoissonNll(torch.tensor([0.0, 0.5]).double(), 0.1)
    assert math.isinf(float(f(torch.tensor([0.0, 0.0]).double())))
    assert math.isinf(float(f(torch.tensor([-0.1, 0.5]).double())))
    assert float(f(torch.tensor([0.0, 0.5]).double())) == 0
    assert math.isinf(float(f.conj(torch.tensor([10.1, 0.0]).double())))
    assert float(f.conj(torch.tensor([10.0, 0.0]).double())) == 0
    u = torch.tensor([-0.1, 0.2]).double().requires_grad_()
    (grad,) = torch.autograd.grad(f(u), u)
    assert torch.allclose(grad, torch.tensor([0.0, (1 - 0.5 / 0.2) / 0.1]).double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_dual_steps_stay_in_the_domain(dtype: torch.dtype) -> None:
    y = torch.tensor([0.0, 1e-6, 0.5, 1.0], dtype=dtype)
    for gain in (1e-4, 0.03, 1.0):
        f = PoissonNll(y, gain)
        for size in (1.0, 1e3, 1e6):
            dual = f.conj_prox(torch.full_like(y, size), 0.7)
            assert math.isfinite(float(f.conj(dual)))


def test_negative_data_are_refused() -> None:
    with pytest.raises(InvpriorError, match=r"least value here is -0\.2; clip them at 0"):
        noise.Poisson(0.1).nll(torch.tensor([0.1, -0.2]))


@pytest.mark.parametrize("gain", [0.0, -1.0, math.nan, math.inf])
def test_the_gain_must_be_positive(gain: float) -> None:
    with pytest.raises(InvpriorError, match="needs a positive gain"):
        noise.Poisson(gain)


def test_pdhg_closes_the_gap() -> None:
    clean = photograph(size=24)
    y = noise.Poisson(0.02).sample(clean, torch.Generator().manual_seed(0))
    result = solve(Problem(Identity(y.shape), y, noise=noise.Poisson(0.02), prior=8.0 * TV()))
    assert result.status.name == "converged"
    # where counts and image meet in sum: ∂/∂t E(t x) = 0 at t = 1 gives Σ(x − y)/g + R(x) = 0
    balance = float((result.x - y).sum()) / 0.02 + float(8.0 * TV().terms(y.shape)[0](result.x))
    assert abs(balance) < 0.01 * float(y.sum()) / 0.02


def test_an_infinite_objective_on_the_way_is_neither_divergence_nor_convergence() -> None:
    y = torch.zeros(1, 8, 8, dtype=torch.float64)
    problem = Problem(2.0 * Identity(y.shape), y, noise=noise.Poisson(0.1), prior=1.0 * TV())
    start = torch.full_like(y, -1.0)
    first = solve(problem, PDHG(), x0=start, stop=RelativeGap(1e-4, every=1) | MaxIterations(1))
    assert math.isinf(first.history[-1]["value"])
    assert first.status.name == "max_iterations"
    assert solve(problem, Adam(), x0=start, stop=MaxIterations(1)).status.name == "diverged"
