"""Masks."""

from __future__ import annotations

import pytest
import torch

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
    A = Mask((4, 5), randn(4, 5))
    assert adjoint_error(A) < 10
    assert A.norm() == float(randn(4, 5).abs().max())
    assert torch.equal(A.diagonal(), randn(4, 5))
    assert Mask((4, 5), torch.zeros(5, dtype=torch.bool)).norm() == 0


def test_integers_count_as_known_where_not_zero() -> None:
    assert torch.equal(Mask((3,), torch.tensor([0, 255, 1])).known, torch.tensor([False, True, True]))


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 4, 5), (2, 4, 5)])
def test_a_mask_of_another_size_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="does not fit an image of shape"):
        Mask((3, 4, 5), torch.ones(shape))
