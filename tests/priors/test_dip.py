"""The generator: any size and channel count, seeded, jitter in fitting only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from invprior import InvpriorError, Problem, noise, solve, solvers, stop
from invprior.operators import Identity
from invprior.priors import DIP, presets
from invprior.priors.network_generator import NetworkGenerator
from invprior.priors.networks import NETWORKS, SkipSpec
from invprior.priors.networks.layers import Convolution, packed
from invprior.solvers.precision import Precision, has_bfloat16
from tests.helpers import photograph, psnr, randn

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 33, 47), (3, 64, 64), (7, 100, 31), (8, 8), (1, 9, 130)])
def test_any_size_and_channel_count(shape: tuple[int, ...]) -> None:
    x = DIP().generator(shape, rng())()
    assert tuple(x.shape) == shape
    assert bool(((x > 0) & (x < 1)).all())


@pytest.mark.parametrize(("name", "task"), [(n, t) for n in presets.names() for t in presets.tasks(n)])
def test_presets_build(name: str, task: str) -> None:
    x = DIP(name, task).generator((3, 40, 24), rng())()
    assert tuple(x.shape) == (3, 40, 24)
    assert DIP(name, task).recipe().stop.most is not None


def test_the_paper_stops_at_its_limit_and_the_others_by_the_noise() -> None:
    assert DIP("paper").recipe().stop.rules == (stop.MaxIterations(1800),)
    for name in ("fast", "best"):
        solver = DIP(name).recipe().solver
        assert isinstance(solver, solvers.Restarts)
        kinds = [type(r) for r in solver.each.rules]
        assert kinds == [stop.Discrepancy, stop.MovingVariance, stop.MaxIterations]


def test_the_published_network_has_its_published_size() -> None:
    # "Number of params: 2217831" of the reference notebook counts 1,860 biases that a normalisation cancels
    spec = presets.load("paper", "denoise").network
    assert isinstance(spec, SkipSpec)
    net = spec.build(32, 3)
    biases = sum(2 * c + 2 * c + s for c, s in zip(spec.channels, spec.skip, strict=True))
    assert sum(p.numel() for p in net.parameters()) + biases == 2217831


def test_the_plain_hourglass_has_no_skip_connections() -> None:
    names = [n for n, _ in SkipSpec(channels=(8, 8), skip=(0, 0)).build(4, 3).named_modules()]
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


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 33, 47), (100, 40, 9), (70, 8)])
def test_every_network_takes_any_size_and_precision(name: str, shape: tuple[int, ...]) -> None:
    g = DIP(network=name).generator(shape, rng())
    assert tuple(g(rng(1)).shape) == shape
    wide = g.double()(rng(1))
    assert wide.dtype == torch.float64
    assert bool(((wide >= 0) & (wide <= 1)).all())


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns(name: str) -> None:
    y = photograph(size=64).float()
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP(network=name))
    r = solve(problem, solvers.Adam(), stop=stop.MaxIterations(15))
    gray = y.mean((1, 2), keepdim=True).expand_as(y)
    assert psnr(r.state.solver_state.x, y) > psnr(gray, y)


def test_a_network_of_ones_own() -> None:
    layer = nn.Conv2d(presets.load("fast", "denoise").input_channels, 3, 3, padding=1)
    own, before = nn.Sequential(layer, nn.Sigmoid()), layer.weight.clone()
    prior = DIP(network=own)
    g = prior.generator((3, 20, 70), rng())
    assert tuple(g().shape) == (3, 20, 70)
    assert g.double()().dtype == torch.float64
    assert layer.weight.dtype == torch.float32
    y = photograph(size=24).float()
    solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=prior), stop=stop.MaxIterations(3))
    assert torch.equal(layer.weight, before)


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(InvpriorError, match="no network 'unet'; choose one of skip, hourglass, deep_decoder"):
        DIP(network="unet")


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 2)])
def test_a_convolution_is_torchs_with_reflected_borders(kernel: int, stride: int) -> None:
    own = Convolution(4, 6, kernel, stride).double()
    torchs = nn.Conv2d(4, 6, kernel, stride, kernel // 2, bias=False, padding_mode="reflect").double()
    torchs.load_state_dict(own.state_dict())
    x = randn(1, 4, 12, 10)
    exact = torchs(x)
    assert torch.allclose(own(x), exact, rtol=0, atol=1e-12)
    half = own.float()(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert torch.allclose(half.double(), exact, rtol=0, atol=0.05)
    assert own.weight.dtype == torch.float32


def test_packing_changes_where_numbers_lie_and_no_number() -> None:
    x = randn(1, 6, 8, 8).contiguous(memory_format=torch.channels_last).requires_grad_()
    seen: list[torch.Tensor] = []
    middle = 2 * x
    middle.register_hook(seen.append)
    out = torch.cat([randn(1, 1, 8, 8), packed(middle)], dim=1)
    (grad,) = torch.autograd.grad((out.square() / 2).sum(), x)
    assert torch.allclose(grad, 4 * x)
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_is_near_float32_and_never_in_the_weights(name: str) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = NETWORKS[name].build(8, 3)
    size = 128 // NETWORKS[name].reduction
    z = 0.1 * torch.rand(1, 8, size, size, generator=rng())
    exact, rounded = (NetworkGenerator(network, z, (3, 128, 128), 0.0, p) for p in PRECISIONS)
    assert rounded().dtype == torch.float32
    assert all(p.dtype == torch.float32 for p in network.parameters())
    assert 0 < float((exact() - rounded()).detach().square().mean()) < 0.02**2 or not has_bfloat16("cpu")
    assert torch.equal(exact.double()(), rounded.double()())


@pytest.mark.parametrize("shape", [(3, 7, 20), (20,), (2, 3, 16, 16)])
def test_what_it_cannot_take_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="sides of at least 8"):
        DIP().generator(shape, rng())


@pytest.mark.parametrize("network", [None, "hourglass", "deep_decoder"])
def test_a_picture_can_be_the_input(network: str | None) -> None:
    flash = photograph(size=40)[:, :33, :].float()
    generator = DIP(network=network, input=flash).generator((1, 33, 40), rng())
    assert isinstance(generator, NetworkGenerator)
    assert generator.z.shape[1] == 3
    assert generator().shape == (1, 33, 40)
    if network is None:  # the canvas is cut where the picture lies on it
        top, left = ((n - m) // 2 for n, m in zip(generator.z.shape[-2:], (33, 40), strict=True))
        assert torch.equal(generator.z[0, :, top : top + 33, left : left + 40], flash)


def test_an_input_that_does_not_fit() -> None:
    with pytest.raises(InvpriorError, match="resize it"):
        DIP(input=torch.rand(3, 16, 16)).generator((3, 16, 20), rng())
    with pytest.raises(InvpriorError, match="floating picture"):
        DIP(input=torch.zeros(3, 16, 16, dtype=torch.uint8))


@pytest.mark.parametrize("channels", [1, 2, 4, 100])
def test_many_channels_are_fitted(channels: int) -> None:
    y = torch.rand(channels, 12, 9, generator=rng())
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(0.1), prior=DIP())
    r = solve(problem, stop=stop.MaxIterations(3))
    assert r.x.shape == y.shape
    assert bool(r.x.isfinite().all())


@pytest.mark.parametrize("network", ["skip", "deep_decoder"])
def test_a_seed_holds_in_threads_and_disturbs_nobody(network: str) -> None:
    def weights(seed: int) -> torch.Tensor:
        made = DIP(network=network).generator((3, 32, 32), torch.Generator().manual_seed(seed))
        return torch.cat([p.detach().flatten() for p in made.parameters()])

    before = torch.get_rng_state()
    serial = [weights(seed) for seed in range(6)]
    with ThreadPoolExecutor(6) as pool:
        for _ in range(3):
            side_by_side = list(pool.map(weights, range(6)))
            assert all(torch.equal(a, b) for a, b in zip(serial, side_by_side, strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(serial[0], serial[1])
    # as torch.nn draws them after manual_seed
    with torch.random.fork_rng(devices=[]):
        rng = torch.Generator().manual_seed(3)
        z = DIP(network=network).generator((3, 32, 32), rng)
        assert isinstance(z, NetworkGenerator)
        rng = torch.Generator().manual_seed(3)
        settings = DIP(network=network).settings
        torch.rand(z.z.shape, generator=rng)
        torch.manual_seed(int(torch.randint(2**62, (), generator=rng)))
        plain = settings.network.build(settings.input_channels, 3)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), z.network.parameters(), strict=True))


def test_a_network_of_other_channels_is_named() -> None:
    for network, message in (
        (
            torch.nn.Conv2d(8, 3, 1),
            r"a network for \(3, 32, 32\) maps \(1, 16, 64, 64\) to .*; Conv2d failed",
        ),
        (torch.nn.Conv2d(16, 1, 1), r"maps \(1, 16, 64, 64\) to .*, and Conv2d gave \(1, 1, 64, 64\)"),
        (torch.nn.Conv2d(16, 3, 3), r"and Conv2d gave \(1, 3, 62, 62\)"),
    ):
        with pytest.raises(InvpriorError, match=message):
            DIP(network=network).generator((3, 32, 32), torch.Generator().manual_seed(0))
