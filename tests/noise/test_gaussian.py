"""Sampling and likelihood of one object agree."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, noise
from tests.helpers import photograph, randn


@pytest.mark.parametrize("sigma", [0.1, torch.tensor([0.05, 0.2, 0.1]).double().reshape(3, 1, 1)])
def test_samples_have_the_likelihoods_moments(sigma: float | torch.Tensor) -> None:
    model = noise.Gaussian(sigma)
    u = torch.full((3, 200, 200), 0.4, dtype=torch.float64)
    y = model.sample(u, torch.Generator().manual_seed(0))
    residual = y - u
    assert torch.allclose(residual.mean((1, 2)), torch.zeros(3).double(), atol=4 * 0.2 / 200)
    assert torch.allclose(residual.var((1, 2)), model.variance(u).expand(3, 1, 1).flatten(), rtol=0.03)
    # the expected nll of n unit-variance residuals is n/2
    assert float(model.nll(y)(u)) == pytest.approx(y.numel() / 2, rel=0.02)
    assert float(model.estimated_variance(y).expand_as(y).mean()) == pytest.approx(
        float(residual.square().mean()), rel=0.03
    )


def test_gradient_of_the_nll() -> None:
    y, u = randn(2, 3), randn(2, 3, seed=1).requires_grad_()
    (grad,) = torch.autograd.grad(noise.Gaussian(0.1).nll(y)(u), u)
    assert torch.allclose(grad, (u - y) / 0.01)


def test_a_seed_gives_the_same_sample() -> None:
    draws = [noise.Gaussian(0.1).sample(randn(4), torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), torch.tensor([1.0, 0.0])])
def test_sigma_must_be_positive(sigma: float | torch.Tensor) -> None:
    with pytest.raises(InvpriorError, match="needs a positive sigma"):
        noise.Gaussian(sigma)


def test_the_level_is_estimated_from_one_picture() -> None:
    clean = photograph(size=128, top=20, left=100)
    for sigma in (0.05, 0.15):
        y = noise.Gaussian(sigma).sample(clean, torch.Generator().manual_seed(0))
        assert noise.estimate(y) == pytest.approx(sigma, rel=0.1)


def test_an_estimate_needs_a_picture() -> None:
    with pytest.raises(InvpriorError, match="at least 4×4"):
        noise.estimate(torch.zeros(3, 2, 9))
