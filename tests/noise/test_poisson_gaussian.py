"""A sensor's noise and its shifted likelihood."""

from __future__ import annotations

import math

import pytest
import torch

from invprior import InvpriorError, noise
from tests.helpers import randn


def test_samples_have_the_moments() -> None:
    model = noise.PoissonGaussian(0.02, 0.05, 0.1)
    u = torch.full((300, 300), 0.4, dtype=torch.float64)
    y = model.sample(u, torch.Generator().manual_seed(0))
    assert float(y.mean()) == pytest.approx(0.5, rel=0.003)
    assert float(y.var()) == pytest.approx(0.02 * 0.4 + 0.05**2, rel=0.03)
    assert torch.equal(model.signal(y), y - 0.1)
    error = float((model.signal(y) - u).square().mean())
    assert float(model.estimated_variance(y).mean()) == pytest.approx(error, rel=0.03)


def test_without_read_noise_it_is_poisson() -> None:
    y, u = randn(50).abs(), randn(50, seed=1).abs()
    shifted = noise.PoissonGaussian(0.1, 0.0, 0.2).nll(y + 0.2)
    assert float(shifted(u)) == pytest.approx(float(noise.Poisson(0.1).nll(y)(u)))


def test_without_photon_noise_it_is_gaussian() -> None:
    y = 0.5 + 0.1 * randn(1000)
    u = torch.full_like(y, 0.5)
    nearly = noise.PoissonGaussian(1e-6, 0.1).nll(y)
    assert float(nearly(u)) == pytest.approx(float(noise.Gaussian(0.1).nll(y)(u)), rel=1e-3)


def test_values_below_black_are_data_too() -> None:
    model = noise.PoissonGaussian(0.01, 0.05)
    y = torch.tensor([-0.1, -0.3]).double()
    assert math.isfinite(float(model.nll(y)(torch.zeros(2).double())))


@pytest.mark.parametrize("settings", [(0.0, 0.1), (0.1, -0.1), (0.1, 0.1, math.inf), (math.nan, 0.1)])
def test_settings_out_of_range(settings: tuple[float, ...]) -> None:
    with pytest.raises(InvpriorError, match="PoissonGaussian needs a positive gain"):
        noise.PoissonGaussian(*settings)
