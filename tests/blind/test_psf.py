"""The point spread function of a blurred photograph."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior import InvpriorError, noise
from invprior.blind import Simplex, estimate_psf, psf
from invprior.operators import Blur, Crop
from tests.helpers import photograph, randn

SIZE, MARGIN = 80, 6


def oblique() -> Tensor:
    h = torch.eye(7).flip(0)
    return h / h.sum()


def measured(h: Tensor) -> Tensor:
    big = photograph("camera.png", SIZE + 2 * MARGIN, 80, 190).float()
    y = Crop(big.shape, MARGIN, MARGIN, SIZE, SIZE)(Blur(big.shape, h)(big))
    return noise.Gaussian(0.005).sample(y, torch.Generator().manual_seed(0))


def distance(a: Tensor, b: Tensor) -> float:
    """Σ|a − b| after the best shift."""
    shifts = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
    return min(float((a.roll(s, (0, 1)) - b).abs().sum()) for s in shifts)


def test_a_motion_is_found_in_a_photograph() -> None:
    h = oblique()
    found = estimate_psf(measured(h), 7)
    assert float(found.sum()) == pytest.approx(1, abs=1e-4)
    assert float(found.min()) >= 0
    assert distance(found, h) < 0.9  # a round blob, where the search starts, is at 1.4
    assert float(found.flip(0).diagonal().sum()) > 0.6


def test_channels_are_averaged_and_gradients_not_recorded() -> None:
    y = measured(oblique())
    torch.testing.assert_close(
        estimate_psf(y.expand(3, -1, -1).requires_grad_(), 5, rounds=1), estimate_psf(y, 5, rounds=1)
    )


def test_the_step_for_h_is_exact_without_noise() -> None:
    x, h = photograph("camera.png", 60).float()[0], oblique()
    y = Blur(x.shape, h)(x)
    assert distance(psf.explained(x, y, h), h) < 0.25
    assert distance(psf.explained(x, y, Simplex().project(randn(7, 7).float())), h) < 0.25  # wherever it starts


def test_what_is_too_small_or_flat_is_said() -> None:
    with pytest.raises(InvpriorError, match="odd"):
        estimate_psf(torch.rand(1, 64, 64), 6)
    with pytest.raises(InvpriorError, match="at least 66 pixels"):
        estimate_psf(torch.rand(1, 64, 64), 11)
    with pytest.raises(InvpriorError, match="shows no edge"):
        estimate_psf(torch.ones(1, 64, 64), 5)
    with pytest.raises(InvpriorError, match="positive weight"):
        estimate_psf(torch.rand(1, 64, 64), 5, weight=0)
