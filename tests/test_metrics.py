"""Scores against scikit-image and by hand."""

from __future__ import annotations

import math

import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from invprior import InvpriorError, metrics
from tests.helpers import photograph, randn


def test_psnr_and_ssim_against_scikit_image() -> None:
    x = photograph(size=32)
    y = (x + 0.1 * randn(3, 32, 32)).clamp(0, 1)
    assert metrics.psnr(y, x) == pytest.approx(peak_signal_noise_ratio(x.numpy(), y.numpy(), data_range=1))
    gray = structural_similarity(
        x[0].numpy(),
        y[0].numpy(),
        data_range=1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.ssim(y[:1], x[:1]) == pytest.approx(gray)
    assert metrics.psnr(x, x) == math.inf
    assert math.isnan(metrics.ssim(x[:, :8], x[:, :8]))


def test_luma() -> None:
    white, black = torch.ones(3, 2, 2), torch.zeros(3, 2, 2)
    assert torch.allclose(metrics.luma(white), torch.full((1, 2, 2), 235 / 255), atol=1e-4)
    assert torch.allclose(metrics.luma(black), torch.full((1, 2, 2), 16 / 255))
    assert torch.equal(metrics.luma(white[:1]), white[:1])


def test_luma_psnr_leaves_out_the_border() -> None:
    x = photograph(size=24)
    y = x.clone()
    y[:, :4] = y[:, -4:] = 0
    y[:, :, :4] = y[:, :, -4:] = 0
    assert metrics.psnr_luma(y, x) == math.inf
    assert metrics.psnr_luma(y, x, border=3) < 30
    assert metrics.psnr_luma(x[:, :8, :8], y[:, :8, :8]) < 30


def test_psnr_after_a_shift_finds_the_shift() -> None:
    x = photograph(size=40)
    whole = x.roll((1, -2), (-2, -1))
    assert metrics.psnr(whole, x) < 25
    assert metrics.psnr_shifted(whole, x) > 100
    smooth = torch.cos(torch.linspace(0, 3 * math.pi, 40, dtype=torch.float64)).expand(1, 40, 40) / 2 + 0.5
    quarter = torch.cos(torch.linspace(0, 3 * math.pi, 40, dtype=torch.float64) - 3 * math.pi / 39 / 4)
    moved = quarter.expand(1, 40, 40) / 2 + 0.5
    assert metrics.psnr_shifted(moved, smooth) > metrics.psnr(moved, smooth) + 10
    assert metrics.psnr_shifted(whole, x, most=1) < 30
    with pytest.raises(InvpriorError, match="too small"):
        metrics.psnr_shifted(x[..., :8, :8], x[..., :8, :8])


def test_shapes_must_agree() -> None:
    with pytest.raises(InvpriorError, match="cannot compare pictures of shapes"):
        metrics.psnr(torch.zeros(3, 4, 4), torch.zeros(1, 4, 4))
