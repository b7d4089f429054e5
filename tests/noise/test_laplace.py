"""Heavy tails."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, noise
from tests.helpers import randn


def test_samples_have_the_moments() -> None:
    model = noise.Laplace(0.1)
    u = torch.full((300, 300), 0.4, dtype=torch.float64)
    r = model.sample(u, torch.Generator().manual_seed(0)) - u
    assert float(r.mean()) == pytest.approx(0, abs=0.002)
    assert float(r.abs().mean()) == pytest.approx(0.1, rel=0.02)
    assert float(r.var()) == pytest.approx(float(model.variance(u)), rel=0.03)


def test_the_nll_is_the_scaled_distance() -> None:
    y, u = randn(20), randn(20, seed=1)
    f = noise.Laplace(0.2).nll(y)
    assert float(f(u)) == pytest.approx(float((u - y).abs().sum()) / 0.2)
    assert f.lipschitz == pytest.approx(5)
    assert torch.allclose(f.prox(u, 0.1), y + (u - y).sgn() * ((u - y).abs() - 0.5).clamp(min=0))


def test_the_likeliest_level_is_the_median() -> None:
    y = torch.tensor([0.1, 0.2, 5.0]).double()
    values = {u: float(noise.Laplace(0.1).nll(y)(torch.full_like(y, u))) for u in (0.1, 0.2, 0.3, 1.77)}
    assert min(values, key=lambda u: values[u]) == 0.2


def test_the_scale_must_be_positive() -> None:
    with pytest.raises(InvpriorError, match="needs a positive scale"):
        noise.Laplace(0.0)
