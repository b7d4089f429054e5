"""Masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from invprior import InvpriorError
from invprior.operators import Mask
from tests.helpers import adjoint_error, randn


def test_one_channel_masks_all_channels() -> None:
    known = randn(4, 5) > 0
    x = randn(3, 4, 5)
    out = Mask((3, 4, 5), known)(x)
    assert torch.equal(out, torch.where(known, x, 0))


def test_a_boolean_mask_takes_every_dtype_and_a_soft_one_its_own() -> None:
    hard = Mask((4, 5), randn(4, 5) > 0)
    assert hard(randn(4, 5).half()).dtype == torch.float16
    assert hard(randn(4, 5)).dtype == torch.float64
    soft = Mask((4, 5), torch.full((4, 5), 0.25))
    with pytest.raises(InvpriorError, match=r"holds torch\.float32"):
        soft(randn(4, 5))


def test_adjoint_norm_and_diagonal() -> None:
    weights = randn(4, 5).sigmoid()
    A = Mask((4, 5), weights)
    assert adjoint_error(A) < 10
    assert A.norm() == float(weights.max())
    assert torch.equal(A.diagonal(), weights)
    assert Mask((4, 5), torch.zeros(5, dtype=torch.bool)).norm() == 0


def test_integers_count_as_known_where_not_zero() -> None:
    assert torch.equal(Mask((3,), torch.tensor([0, 255, 1])).known, torch.tensor([False, True, True]))


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 4, 5), (2, 4, 5)])
def test_a_mask_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="does not fit an image of shape"):
        Mask((3, 4, 5), torch.ones(shape))


def test_a_random_mask_repeats_with_its_seed_and_is_the_same_in_all_channels() -> None:
    masks = [Mask.random((3, 100, 90), 0.3, torch.Generator().manual_seed(seed)).known for seed in (5, 5, 6)]
    assert tuple(masks[0].shape) == (100, 90)
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])
    assert float(masks[0].double().mean()) == pytest.approx(0.3, abs=0.025)  # five standard deviations
    assert Mask.random((3, 9, 9), 1, torch.Generator()).known.all()
    assert not Mask.random((3, 9, 9), 0, torch.Generator()).known.any()


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_is_from_0_to_1(fraction: float) -> None:
    with pytest.raises(InvpriorError, match="from 0 to 1, got"):
        Mask.random((3, 4, 5), fraction, torch.Generator())


def test_white_in_a_file_is_the_hole(tmp_path: Path) -> None:
    white = np.zeros((4, 5), dtype=np.uint8)
    white[1, 2:] = 255
    Image.fromarray(white).save(tmp_path / "mask.png")
    hole = torch.from_numpy(white > 0)
    assert torch.equal(Mask.from_file((3, 4, 5), tmp_path / "mask.png").known, ~hole)
    assert torch.equal(Mask.from_file((3, 4, 5), tmp_path / "mask.png", invert=True).known, hole)
    with pytest.raises(InvpriorError, match=r"mask\.png is 5×4 pixels but an image of shape \(3, 5, 4\) needs 4×5"):
        Mask.from_file((3, 5, 4), tmp_path / "mask.png")


def test_a_text_is_the_hole() -> None:
    known = Mask.text((3, 40, 60), "HHHHHHHHHHHH").known
    assert tuple(known.shape) == (40, 60)
    assert 0.3 < float(known.double().mean()) < 0.9
    assert known[:2].all()  # above the first line
    assert not torch.equal(known, Mask.text((3, 40, 60), "IIIIIIIIIIII").known)
    assert Mask.text((3, 40, 60), "").known.all()
    assert not Mask.text((128, 128)).known.all()
    with pytest.raises(InvpriorError, match=r"Mask\.text needs an image"):
        Mask.text((40,))
