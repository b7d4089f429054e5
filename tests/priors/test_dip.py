"""The generator: any size and channel count, seeded, jitter in fitting only."""

from __future__ import annotations

import pytest
import torch

from invprior import InvpriorError
from invprior.priors import DIP, presets
from invprior.priors.networks.skip import Skip, SkipSpec


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 33, 47), (3, 64, 64), (7, 100, 31), (8, 8), (1, 9, 130)])
def test_any_size_and_channel_count(shape: tuple[int, ...]) -> None:
    x = DIP().generator(shape, rng())()
    assert tuple(x.shape) == shape
    assert bool(((x > 0) & (x < 1)).all())


@pytest.mark.parametrize("task", presets.tasks("paper"))
def test_published_presets_build(task: str) -> None:
    x = DIP("paper", task).generator((3, 40, 24), rng())()
    assert tuple(x.shape) == (3, 40, 24)


def test_the_published_network_has_its_published_size() -> None:
    # "Number of params: 2217831" of the reference notebook counts 1,860 biases that a normalisation cancels
    net = Skip(presets.load("paper", "denoise").network, 32, 3)
    spec = presets.load("paper", "denoise").network
    biases = sum(2 * c + 2 * c + s for c, s in zip(spec.channels, spec.skip, strict=True))
    assert sum(p.numel() for p in net.parameters()) + biases == 2217831


def test_the_plain_hourglass_has_no_skip_connections() -> None:
    names = [n for n, _ in Skip(SkipSpec(channels=(8, 8), skip=(0, 0)), 4, 3).named_modules()]
    assert not any(n.endswith(".skip") for n in names)


def test_a_seed_decides_everything_and_disturbs_nobody() -> None:
    before = torch.random.get_rng_state()
    a, b, c = (DIP().generator((3, 16, 16), rng(s)) for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(a(), b())
    assert not torch.equal(a(), c())


def test_jitter_only_with_a_generator_of_numbers() -> None:
    g = DIP().generator((3, 16, 16), rng())
    assert torch.equal(g(), g())
    assert torch.equal(g(rng(5)), g(rng(5)))
    assert not torch.equal(g(rng(5)), g(rng(6)))
    assert not torch.equal(g(rng(5)), g())


def test_z_is_a_buffer_and_moves() -> None:
    g = DIP().generator((3, 16, 16), rng())
    assert "z" in dict(g.named_buffers())
    assert [n for n, _ in g.named_buffers()] == ["z"]  # no running statistics to forget
    assert g.double()().dtype == torch.float64


@pytest.mark.parametrize("shape", [(3, 7, 20), (20,), (2, 3, 16, 16)])
def test_what_it_cannot_take_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="sides of at least 8"):
        DIP().generator(shape, rng())
