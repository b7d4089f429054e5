"""Values have no scale: y → s·y + c with σ → s·σ gives s·x + c, whatever the units of a microscope or a telescope."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import nn

from invprior import LinearOperator, Prior, Problem, noise, solve, stop, weight
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.prior import SumPrior
from invprior.priors import DIP, TGV, TV, Box, Joint, Tikhonov, VideoDIP, Wavelet
from invprior.solvers import Adam
from invprior.solvers.mosaic import Mosaic
from tests.helpers import photograph

CLEAN = photograph(size=24, top=20, left=100)
SIGMA = 0.05
PRIORS: dict[str, Prior] = {"tv": TV(), "tgv": TGV(), "wavelet": Wavelet(), "tikhonov": Tikhonov()}
KNOWN = torch.rand(24, 24, generator=torch.Generator().manual_seed(0)) > 0.4
OPERATORS: dict[str, LinearOperator] = {
    "identity": Identity(CLEAN.shape),
    "mask": Mask(CLEAN.shape, KNOWN),
    "lanczos": Lanczos(CLEAN.shape, 2),
    "blur": Blur(CLEAN.shape, torch.ones(3, 3, dtype=torch.float64) / 9),
}
LOOSE = stop.RelativeGap(1e-5) | stop.Stationary(1e-7) | stop.MaxIterations(1500)


def restored(A: LinearOperator, prior: Prior, s: float, c: float) -> torch.Tensor:
    """The image by the automatic weight, in the units of scale 1 and offset 0."""
    y = noise.Gaussian(SIGMA).sample(A(CLEAN), torch.Generator().manual_seed(1))
    y = s * y + c * A(torch.ones_like(CLEAN))
    model = noise.Gaussian(s * SIGMA)
    chosen = weight.auto(Problem(A, y, noise=model, prior=prior)).weight
    return (solve(Problem(A, y, noise=model, prior=chosen * prior), stop=LOOSE).x - c) / s


UNITS = [(1 / 1024, 0.0), (65536.0, 0.0), (1.0, 1000.0), (4096.0, -5000.0)]


@pytest.mark.parametrize(
    ("name", "s", "c"), [("tv", *u) for u in UNITS] + [(n, *UNITS[3]) for n in PRIORS if n != "tv"]
)
def test_restorations_are_equivariant(name: str, s: float, c: float) -> None:
    plain, moved = (restored(OPERATORS["identity"], PRIORS[name], *units) for units in ((1.0, 0.0), (s, c)))
    assert float((plain - moved).abs().max()) < 0.02 * SIGMA


@pytest.mark.parametrize("A", OPERATORS)
def test_through_operators_too(A: str) -> None:
    plain, moved = (restored(OPERATORS[A], TV(), *units) for units in ((1.0, 0.0), (4096.0, 700.0)))
    assert float((plain - moved).abs().max()) < 0.05 * SIGMA


@pytest.mark.parametrize(("name", "s"), [("tv", 1e-3), ("tv", 0.06), ("tv", 65535.0), *((n, 4095.0) for n in PRIORS)])
def test_the_weight_has_the_units_of_the_prior(name: str, s: float) -> None:
    degree = 2 if name == "tikhonov" else 1
    y = noise.Gaussian(SIGMA).sample(CLEAN, torch.Generator().manual_seed(1))
    one, other = (
        weight.auto(Problem(Identity(y.shape), k * y, noise=noise.Gaussian(k * SIGMA), prior=PRIORS[name])).weight
        for k in (1.0, s)
    )
    assert other * s**degree == pytest.approx(one, rel=0.15)


def test_a_hot_pixel_changes_no_weight() -> None:
    y = noise.Gaussian(SIGMA).sample(CLEAN, torch.Generator().manual_seed(1))
    hot = y.clone()
    hot[:, 5, 5] = 1000.0
    weights = [
        weight.auto(Problem(Identity(y.shape), v, noise=noise.Gaussian(SIGMA), prior=TV())).weight for v in (y, hot)
    ]
    assert weights[1] == pytest.approx(weights[0], rel=0.25)


def test_little_noise_is_little_against_the_contrast() -> None:
    """Twelve bits in a file of sixteen: σ is small, and decides the weight all the same."""
    y = CLEAN / 16
    noisy = noise.Gaussian(SIGMA / 16).sample(y, torch.Generator().manual_seed(0))
    choice = weight.auto(Problem(Identity(y.shape), noisy, noise=noise.Gaussian(SIGMA / 16), prior=TV()))
    assert choice.rule == "least Monte-Carlo SURE"
    assert weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(1e-5), prior=TV())).weight == 160.0


OTHERS = [5 * TGV(), 10 * Wavelet(), 10 * TV() + Box(100.1, 100.9)]


@pytest.mark.parametrize(("A", "R"), [*((A, 10 * TV()) for A in OPERATORS), *(("mask", R) for R in OTHERS)])
def test_a_pedestal_costs_no_iterations_in_single_precision(A: str, R: Prior) -> None:
    """The image stands a hundred times its contrast above zero, and its certificate is as good as without."""
    B, clean = deepcopy(OPERATORS[A]).float(), CLEAN.float()
    bounded = isinstance(R, SumPrior)
    prior = (10 * TV() + Box(0.1, 0.9), R) if bounded else (R, R)
    results = []
    for c, kind in zip((0.0, 100.0), prior, strict=True):
        y = B(clean + c) + SIGMA * torch.randn(B.out_shape, generator=torch.Generator().manual_seed(1))
        y = B(y) if A == "mask" else y
        results.append(solve(Problem(B, y, noise=noise.Gaussian(SIGMA), prior=kind)))
    plain, high = results
    assert high.status.name in (plain.status.name, "converged")
    assert high.iterations <= 1.5 * plain.iterations + 20
    assert float((high.x - 100 - plain.x).abs().max()) < 0.1 * SIGMA
    if bounded:
        assert float(high.x.min()) >= 100.1 - 1e-4
        assert float(high.x.max()) <= 100.9 + 1e-4


def small(channels: int) -> nn.Module:
    """A network of two layers with values in [0, 1]."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, channels, 3, padding=1), nn.Sigmoid()
        return nn.Sequential(*layers)


def fitted(A: LinearOperator, prior: Prior, s: float, c: float, clean: torch.Tensor = CLEAN) -> torch.Tensor:
    """A few steps of a network, in the units of scale 1 and offset 0."""
    y = noise.Gaussian(SIGMA).sample(A(clean), torch.Generator().manual_seed(1))
    y = s * y + c * A(torch.ones_like(clean))
    problem = Problem(A, y, noise=noise.Gaussian(s * SIGMA), prior=prior)
    return (solve(problem, Adam(), stop=stop.MaxIterations(5)).x - c) / s


@pytest.mark.parametrize("A", OPERATORS)
def test_networks_are_equivariant_away_from_the_unit_range(A: str) -> None:
    dip = DIP(network=small(3))
    low, high, raised = (fitted(OPERATORS[A], dip, *units) for units in ((1 / 16, 0.0), (4096.0, 0.0), (16.0, 1000.0)))
    assert float((low - high).abs().max()) < 0.02
    assert float((low - raised).abs().max()) < 0.02
    assert float((low - CLEAN).abs().mean()) < 0.35  # of an image in [0, 1]; without a unit it would be 8


def test_films_and_pairs_are_equivariant_too() -> None:
    film = CLEAN.expand(3, *CLEAN.shape)
    A = Identity(film.shape)
    for prior in (VideoDIP("denoise"), Joint(DIP(network=small(9)))):
        low, high = (fitted(A, prior, s, 0.0, film) for s in (1 / 16, 4096.0))
        assert float((low - high).abs().max()) < 0.02


def test_the_range_of_values() -> None:
    """A photograph keeps [0, 1], and what is brighter, darker or flatter has a range that follows it."""

    def values(y: torch.Tensor, A: LinearOperator = OPERATORS["identity"], sigma: float = SIGMA) -> tuple[float, float]:
        low, high = Problem(A, y, noise=noise.Gaussian(sigma), prior=DIP()).values
        return low, high

    noisy = noise.Gaussian(SIGMA).sample(CLEAN, torch.Generator().manual_seed(1))
    assert values(noisy) == (0.0, 1.0)
    assert values(torch.full_like(CLEAN, 0.5)) == (0.0, 1.0)  # constant
    hot = (noisy / 16).clone()
    hot[:, 5, 5] = 60.0
    assert values(hot, sigma=SIGMA / 16) == pytest.approx(values(noisy / 16, sigma=SIGMA / 16), abs=2e-3)
    star = (noisy / 16).clone()
    star[:, 5:7, 5:7] = 60.0
    assert values(star, sigma=SIGMA / 16)[1] > 60.0
    few = Mask(CLEAN.shape, torch.rand(24, 24, generator=torch.Generator().manual_seed(0)) > 0.9)
    low, high = values(few(100 * CLEAN), few)
    assert low < 100 * float(CLEAN.min()) + 10
    assert high > 100 * float(CLEAN.max()) - 20
    assert values(noise.Gaussian(3.0).sample(few(0 * CLEAN), torch.Generator().manual_seed(0)), few, 3.0)[1] > 10


def test_a_dark_tile_has_the_range_of_the_picture() -> None:
    y = 1000 * CLEAN.repeat(1, 4, 4)
    y[:, :40, :40] = 3.0
    problem = Problem(Identity(y.shape), y, noise=noise.Gaussian(1.0), prior=DIP())
    assert {tile.restricted(problem).values for tile in Mosaic.cut(problem, 40, 8).tiles} == {problem.values}
    assert problem.values.high > float(y.max())
