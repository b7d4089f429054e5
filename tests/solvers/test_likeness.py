"""What is held out of pictures with holes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation, distance_transform_edt
from torch import Tensor

from invprior.operators import Mask
from invprior.solvers.likeness import APART, like_missing


def singles(seen: Tensor, share: float = 0.08, seed: int = 0) -> Tensor:
    return seen & (torch.rand(seen.shape, generator=torch.Generator().manual_seed(seed)) < share)


def hole(size: int, top: int, left: int, height: int, width: int) -> Tensor:
    seen = torch.ones(size, size, dtype=torch.bool)
    seen[top : top + height, left : left + width] = False
    return seen


SMALL = Mask.text((1, 64, 64), "known unknown").known
MASKS = {
    "text": SMALL.repeat_interleave(3, 0).repeat_interleave(3, 1),
    "scratch": hole(96, 0, 40, 96, 3),
    "hole": hole(128, 30, 50, 16, 20),
    "half of the picture": hole(128, 0, 0, 64, 128),
}


def depths(seen: Tensor, held: Tensor) -> tuple[float, float]:
    """How far missing pixels and those held out are from what is fitted, on average."""
    away = distance_transform_edt(~(seen & ~held).numpy())
    return float(away[~seen.numpy()].mean()), float(away[held.numpy()].mean())


@pytest.mark.parametrize("name", ["text", "hole"])
def test_holes_are_held_out_of_the_shape_of_holes(name: str) -> None:
    seen = MASKS[name]
    missing, single = depths(seen, singles(seen))
    assert missing > 1.2 * single
    numbers = like_missing(seen, singles(seen), torch.Generator().manual_seed(1))
    missing, copies = depths(seen, numbers > 0)
    assert 0.75 * missing < copies < 1.25 * missing
    assert 0 < int(numbers.max()) < int((numbers > 0).count_nonzero())


@given(st.sampled_from(sorted(MASKS)), st.integers(0, 100))
def test_nothing_missing_is_held_out_and_no_more_than_asked_for(name: str, seed: int) -> None:
    seen = MASKS[name]
    single = singles(seen, seed=seed)
    numbers = like_missing(seen, single, torch.Generator().manual_seed(seed))
    held, pieces = numbers > 0, int(numbers.max())
    assert not bool((held & ~seen).any())
    assert pieces > 0
    assert sorted(set(numbers[held].tolist())) == list(range(1, pieces + 1))
    assert int(held.count_nonzero()) <= int(single.count_nonzero())
    if pieces < int(held.count_nonzero()):  # copies keep away from the holes
        assert not bool((held.numpy() & binary_dilation(~seen.numpy(), iterations=APART)).any())


def test_large_holes_are_halved_until_they_fit() -> None:
    seen = MASKS["half of the picture"]
    numbers = like_missing(seen, singles(seen), torch.Generator().manual_seed(0))
    assert int(numbers.max()) < 20
    assert depths(seen, numbers > 0)[1] > 2


@pytest.mark.parametrize("known", [0.05, 0.5, 0.95])
def test_scattered_pixels_are_like_single_ones(known: float) -> None:
    seen = Mask.random((1, 96, 96), known, torch.Generator().manual_seed(0)).known
    single = singles(seen)
    numbers = like_missing(seen, single, torch.Generator())
    assert torch.equal(numbers > 0, single)
    assert int(numbers.max()) == int(single.count_nonzero())


def test_signals_and_whole_pictures_have_single_ones() -> None:
    for seen in (torch.ones(40, 40, dtype=torch.bool), torch.arange(60) % 20 > 8):
        single = singles(seen)
        assert torch.equal(like_missing(seen, single, torch.Generator()) > 0, single)


def test_where_no_copy_has_room_single_pixels_are_held_out() -> None:
    """Halving a hole of which no pixel is free would not end."""
    strip = hole(64, 0, 0, 64, 64)
    strip[:, 30:34] = True
    single = singles(strip, 0.3)
    assert torch.equal(like_missing(strip, single, torch.Generator().manual_seed(0)) > 0, single)
