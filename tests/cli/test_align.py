"""Where the flash picture lies against the other one."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError, noise
from invprior.cli.align import moved, offset
from invprior.operators import Lanczos
from tests.flash_scene import stripes
from tests.helpers import photograph, psnr


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (7, -5), (-13, 2)])
def test_a_known_shift_is_found_in_other_light(rows: int, columns: int) -> None:
    """Cut out of a finer picture, so that nobody has to interpolate: a pixel is two of its."""
    reference, picture = (
        Lanczos((3, 256, 256), 2)(photograph(size=256, top=20 + r, left=100 + c)).float()
        for r, c in ((0, 0), (rows, columns))
    )
    dim = noise.Gaussian(0.03).sample(0.4 * reference, torch.Generator().manual_seed(0))
    lit = picture.flip(0).clamp(min=0) ** 0.7 * torch.where(
        stripes(128, 128), 0.3, 1.0
    )  # other colours, another scale, shadows
    assert offset(lit, dim) == pytest.approx((rows / 2, columns / 2), abs=0.15)


def test_moving_undoes_the_offset() -> None:
    x = photograph(size=64).float()
    there = moved(x, 3.3, -2.6)
    assert torch.equal(moved(x, 2.0, 0.0)[:, 2:], x[:, :-2])
    inner = (..., slice(8, -8), slice(8, -8))
    assert psnr(moved(there, -3.3, 2.6)[inner], x[inner]) > psnr(there[inner], x[inner]) + 10


def test_pictures_of_two_scenes_are_refused() -> None:
    x = photograph(size=64).float()
    with pytest.raises(InvpriorError, match="no common edges within a tenth"):
        offset(torch.roll(x, (30, 0), (1, 2)), x)


@pytest.mark.parametrize("shape", [(3, 20, 21), (3, 12, 12)])
def test_what_cannot_be_aligned_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="of one size of at least 16×16"):
        offset(torch.zeros(shape), torch.zeros(3, 12, 12))
