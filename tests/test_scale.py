"""Values have no scale: y → s·y + c with σ → s·σ gives s·x + c, whatever the units of a microscope or a telescope."""

from __future__ import annotations

import pytest
import torch

from invprior import LinearOperator, Prior, Problem, noise, solve, stop, weight
from invprior.operators import Blur, Identity, Lanczos, Mask
from invprior.prior import SumPrior
from invprior.priors import TGV, TV, Box, Tikhonov, Wavelet
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
    B, clean = OPERATORS[A].float() if A == "blur" else OPERATORS[A], CLEAN.float()
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
