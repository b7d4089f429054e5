"""The noise level beside a clean picture of the scene."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import avg_pool2d

from invprior import InvpriorError, noise
from tests.flash_scene import FLASH, scene, stripes
from tests.helpers import photograph


def test_finds_white_noise_in_another_light() -> None:
    s = scene(photograph(size=128, top=20, left=100).float(), stripes(128, 128))
    true = float((s.no_flash - s.ambient).square().mean().sqrt())
    assert noise.estimate_beside(s.no_flash, s.flash) == pytest.approx(true, rel=0.08)


def test_finds_smooth_noise_that_wavelets_overlook() -> None:
    clean = photograph(size=128, top=20, left=100).float()
    white = torch.randn(3, 130, 130, generator=torch.Generator().manual_seed(0))
    smooth = 0.3 * avg_pool2d(white, 3, 1)
    guide = FLASH.sample(clean.flip(0).square(), torch.Generator().manual_seed(1))
    assert noise.estimate_beside(0.5 * clean + smooth, guide) == pytest.approx(0.1, rel=0.15)
    assert noise.estimate(0.5 * clean + smooth) < 0.05


def test_a_clean_picture_has_none() -> None:
    clean = photograph(size=64).float()
    assert noise.estimate_beside(0.5 * clean.mean(0, keepdim=True), clean) < 1e-3


@pytest.mark.parametrize("shape", [(3, 64, 63), (3, 8, 64)])
def test_sizes_must_agree(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="two pictures of one size of at least 9×9"):
        noise.estimate_beside(torch.zeros(shape), torch.zeros(3, 8, 64))
