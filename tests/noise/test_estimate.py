"""Noise settings found from pictures."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, noise
from tests.helpers import photograph

CLEAN = photograph(size=256, top=20, left=100)
FLATS = torch.linspace(0.1, 0.9, 5).double().repeat_interleave(40).expand(200, 200)
SENSORS = [noise.PoissonGaussian(0.01, 0.02), noise.PoissonGaussian(0.002, 0.05), noise.PoissonGaussian(0.05, 0.0)]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("model", SENSORS, ids=repr)
@pytest.mark.parametrize("clean", [CLEAN, FLATS[None]], ids=["photograph", "flats"])
def test_from_one_picture(model: noise.PoissonGaussian, clean: torch.Tensor) -> None:
    found = noise.estimate_poisson_gaussian(model.sample(clean, rng()))
    assert found.gain == pytest.approx(model.gain, rel=0.12)
    assert found.read == pytest.approx(model.read, rel=0.25, abs=0.012)
    half = torch.tensor(0.5)
    assert float(found.variance(half)) == pytest.approx(float(model.variance(half)), rel=0.12)


@pytest.mark.parametrize("model", SENSORS, ids=repr)
@pytest.mark.parametrize("clean", [CLEAN[:, :96, :96], FLATS], ids=["photograph", "flats"])
def test_from_repeated_exposures(model: noise.PoissonGaussian, clean: torch.Tensor) -> None:
    found = noise.profile(torch.stack([model.sample(clean, rng(i)) for i in range(12)]))
    assert found.gain == pytest.approx(model.gain, rel=0.03)
    assert found.read == pytest.approx(model.read, rel=0.05, abs=0.003)


def test_saturated_pixels_have_no_part() -> None:
    model = noise.PoissonGaussian(0.01, 0.02)
    frames = torch.stack([model.sample(1.6 * FLATS, rng(i)).clamp(max=1) for i in range(12)])
    assert noise.profile(frames).gain == pytest.approx(0.01, rel=0.06)


def test_noise_that_does_not_grow_with_the_light_is_read_noise() -> None:
    frames = torch.stack([noise.Gaussian(0.05).sample(FLATS, rng(i)) for i in range(12)])
    found = noise.profile(frames)
    assert found.read == pytest.approx(0.05, rel=0.03)
    assert found.gain < 2e-4


def test_what_cannot_tell_the_two_apart_says_so() -> None:
    flat = torch.full((64, 64), 0.5, dtype=torch.float64)
    frames = torch.stack([noise.Poisson(0.01).sample(flat, rng(i)) for i in range(6)])
    with pytest.raises(InvpriorError, match="one gray level"):
        noise.profile(frames)
    with pytest.raises(InvpriorError, match="one gray level"):
        noise.estimate_poisson_gaussian(frames[:1])
    with pytest.raises(InvpriorError, match="two or more frames"):
        noise.profile(flat)
    with pytest.raises(InvpriorError, match="too few unsaturated pixels"):
        noise.profile(torch.ones(3, 64, 64))
    with pytest.raises(InvpriorError, match="at least 32×32"):
        noise.estimate_poisson_gaussian(torch.zeros(3, 16, 64))
