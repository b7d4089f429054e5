"""Layers of the networks: dropout, symmetries, the layout in memory."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.priors import DIP
from invprior.priors.networks import SkipSpec
from invprior.priors.networks.layers import Dropout
from invprior.priors.networks.symmetry import drawn, turned, turned_back
from invprior.solvers.precision import convolvable, layout
from tests.helpers import randn

FORMATS = (torch.contiguous_format, torch.channels_last)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("order", FORMATS)
@given(share=st.floats(0.05, 0.9), seed=st.integers(0, 99))
def test_dropout_drops_its_share_and_keeps_the_mean(order: torch.memory_format, share: float, seed: int) -> None:
    x = torch.ones(1, 5, 61, 67).contiguous(memory_format=order)
    out = Dropout(share)(x, rng(seed))
    assert out.stride() == x.stride()
    # five standard deviations, and the rounding to 1/256
    spread = 5 * (share * (1 - share) / x.numel()) ** 0.5
    assert abs(float((out == 0).float().mean()) - share) < spread + 1 / 512
    assert abs(float(out.mean()) - 1) < spread / (1 - share) + 1e-5
    assert len(out.unique()) == 2


def test_every_place_is_dropped_as_often() -> None:
    # eight decisions come from one number: none of them may have another chance
    x = torch.ones(1, 1, 1, 8)
    numbers = rng()
    kept = torch.stack([Dropout(0.3)(x, numbers) > 0 for _ in range(3000)]).float().mean(0)
    assert float((kept - 179 / 256).abs().max()) < 0.045


def test_dropout_is_the_identity_without_random_numbers() -> None:
    x = randn(1, 3, 8, 8)
    assert torch.equal(Dropout(0.3)(x, None), x)
    net = SkipSpec(channels=(8, 8), skip=(4, 4), dropout=0.3).build(4, 3)
    z = torch.rand(1, 4, 16, 16, generator=rng())
    assert torch.equal(net(z), net(z))
    assert torch.equal(net(z, rng(1)), net(z, rng(1)))
    assert not torch.equal(net(z, rng(1)), net(z, rng(2)))


@given(symmetry=st.integers(0, 7))
def test_a_symmetry_is_undone(symmetry: int) -> None:
    x = randn(2, 5, 7)
    assert torch.equal(turned_back(turned(x, symmetry), symmetry), x)


def test_there_are_eight_symmetries_of_a_square_and_four_of_a_rectangle() -> None:
    square = torch.arange(9.0).reshape(3, 3)
    assert len({tuple(turned(square, k).flatten().tolist()) for k in range(8)}) == 8
    numbers = rng()
    assert {drawn(square, numbers) for _ in range(200)} == set(range(8))
    assert {drawn(randn(4, 5), numbers) for _ in range(200)} == set(range(4))


def test_the_layout_changes_where_numbers_lie_and_no_number() -> None:
    x = randn(1, 4, 32, 32).float()
    assert convolvable(x, "float32").is_contiguous(memory_format=layout("cpu"))
    net = SkipSpec(channels=(8, 8), skip=(4, 4)).build(4, 3)
    one, other = (net(x.contiguous(memory_format=f)) for f in FORMATS)
    assert torch.allclose(one, other, rtol=0, atol=1e-5)


def test_steady_has_its_own_network() -> None:
    for network in ("hourglass", torch.nn.Conv2d(16, 3, 1)):
        with pytest.raises(InvpriorError, match="preset steady has a network of its own"):
            DIP("steady", network=network)
