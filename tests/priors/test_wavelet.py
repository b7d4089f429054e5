"""Sparse wavelet coefficients: the value, the minimiser, the scale of the weight."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from torch import Tensor

from invprior import InvpriorError, Prior, Problem, noise, solve, solvers, stop, weight
from invprior.operators import Identity, Lanczos, Mask
from invprior.priors import TV, Tikhonov, Wavelet
from invprior.specs import parse_prior
from tests.helpers import photograph, psnr, randn


def value(prior: Prior, x: Tensor) -> float:
    return sum(float(t(x)) for t in prior.terms(tuple(x.shape)))


@pytest.mark.parametrize(("wavelet", "levels"), [("haar", 3), ("db2", 2)])
def test_value_against_pywavelets(wavelet: str, levels: int) -> None:
    x = randn(3, 16, 24)
    _, *details = pywt.swt2(x.numpy(), wavelet, level=levels, norm=True, trim_approx=True, axes=(-2, -1))
    bands = [(4.0**-j, np.stack(level)) for j, level in enumerate(reversed(details))]
    absolute = sum(s * np.abs(b).sum() for s, b in bands)
    coupled = sum(s * np.sqrt((b**2).sum(1)).sum() for s, b in bands)
    assert value(Wavelet(wavelet, levels, coupled=False), x) == pytest.approx(1.2 * absolute, rel=1e-12)
    assert value(Wavelet(wavelet, levels), x) == pytest.approx(1.2 * coupled, rel=1e-12)
    assert value(Wavelet(wavelet, levels), x[0]) == pytest.approx(value(Wavelet(wavelet, levels), x[:1]), rel=1e-12)


def test_a_constant_costs_nothing_and_a_shift_changes_nothing() -> None:
    assert value(Wavelet(), torch.full((3, 9, 9), 0.7, dtype=torch.float64)) < 1e-12
    x = randn(3, 11, 13)
    assert value(Wavelet(), x.roll((3, 5), (1, 2))) == pytest.approx(value(Wavelet(), x), rel=1e-12)


@pytest.mark.parametrize("kind", ["identity", "mask", "lanczos"])
@pytest.mark.parametrize("coupled", [True, False])
def test_the_gap_goes_to_zero(kind: str, coupled: bool) -> None:
    shape = (3, 16, 16)
    A = {"identity": Identity(shape), "mask": Mask(shape, randn(16, 16) > -0.5), "lanczos": Lanczos(shape, 2)}[kind]
    y = noise.Gaussian(0.05).sample(A(photograph(size=16)), torch.Generator().manual_seed(1))
    problem = Problem(A, y, noise=noise.Gaussian(0.05), prior=20.0 * Wavelet(coupled=coupled))
    r = solve(problem, stop=stop.RelativeGap(1e-5) | stop.MaxIterations(3000))
    assert isinstance(r.solver, solvers.PDHG)
    assert r.status.name == "converged"
    assert -1e-9 <= r.history[-1]["gap"] <= 1e-5 * max(abs(r.history[-1]["value"]), 1e-3 * problem.size)


def noisy(clean: Tensor, sigma: float) -> Tensor:
    return noise.Gaussian(sigma).sample(clean, torch.Generator().manual_seed(0))


def denoised(y: Tensor, sigma: float, prior: Prior) -> Tensor:
    return solve(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=prior)).x


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.15])
def test_a_weight_means_what_it_means_beside_tv(sigma: float) -> None:
    clean = photograph(size=96, top=20, left=100).float()
    y = noisy(clean, sigma)
    weights = [weight.TYPICAL * 1.25**k for k in range(-4, 5)]
    best = [
        max(weights, key=lambda w, p=prior: psnr(denoised(y, sigma, w * p), clean))  # type: ignore[misc]
        for prior in (TV(), Wavelet())
    ]
    assert 1 / 1.3 < best[1] / best[0] < 1.3


def test_with_its_automatic_weight_it_beats_the_quadratic_and_is_near_tv() -> None:
    clean, sigma = photograph(size=96, top=20, left=100).float(), 0.1
    y = noisy(clean, sigma)

    def quality(prior: Prior) -> float:
        choice = weight.auto(Problem(Identity(y.shape), y, noise=noise.Gaussian(sigma), prior=prior))
        return psnr(denoised(y, sigma, choice.weight * prior), clean)

    wavelet = quality(Wavelet())
    assert wavelet > quality(Tikhonov()) + 0.2
    assert abs(wavelet - quality(TV())) < 0.4
    assert wavelet > quality(Wavelet(coupled=False)) + 0.3


def test_it_has_a_name_on_the_command_line() -> None:
    x = randn(3, 8, 8)
    assert value(parse_prior("wavelet").weighted(3.0), x) == pytest.approx(3 * value(Wavelet(), x))


def test_a_picture_too_small_says_how_many_levels_fit() -> None:
    with pytest.raises(InvpriorError, match="3 levels of haar in a picture of 4×9: 1 to 2 levels fit"):
        Wavelet().terms((3, 4, 9))
