"""Correlated noise: its covariance, its likelihood beside a dense matrix, and what knowing it is worth."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from invprior import InvpriorError, Problem, noise, solve, weight
from invprior.operators import Blur, Identity, Mask
from invprior.priors import DIP, TV, NonLocal
from invprior.shapes import Window
from invprior.stop import MaxIterations, RelativeGap, hold_out
from tests.helpers import photograph, psnr, randn
from tests.mosaic import mosaic_noise

# Channels of unlike levels with noise in common, not symmetric in any axis.
MIXING = randn(2, 2, 3, 2, seed=3)


def numbers(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def covariance(draws: Tensor, a: int, b: int, down: int, right: int) -> float:
    """E n_a(p) n_b(p + d) over draws (N, C, H, W), for d ≥ 0."""
    H, W = draws.shape[-2:]
    return float((draws[:, a, : H - down, : W - right] * draws[:, b, down:, right:]).mean())


def dense(model: noise.Coloured, shape: tuple[int, int, int]) -> Tensor:
    """The covariance matrix on a torus: every pair counts by its shortest and by its other ways round."""
    C, H, W = shape
    R = model.correlation
    assert R is not None
    spread = (model.variance(torch.zeros(shape).double()).expand(C, 1, 1)).sqrt().flatten()
    r = R.shape[-1] // 2
    S = torch.zeros(C, H, W, C, H, W, dtype=torch.float64)
    for a, b in [(a, b) for a in range(C) for b in range(C) if len(R) > 1 or a == b]:
        own = R[a, b] if len(R) > 1 else R[0, 0]
        for i in range(H):
            for j in range(W):
                for y in range(-r, r + 1):
                    for x in range(-r, r + 1):
                        share = max(1 - abs(y) / H, 0) * max(1 - abs(x) / W, 0)
                        S[a, i, j, b, (i + y) % H, (j + x) % W] += spread[a] * spread[b] * share * own[y + r, x + r]
    return S.reshape(C * H * W, C * H * W)


@pytest.mark.parametrize("blur", [0.8, MIXING[0, 0], MIXING])
def test_samples_have_the_covariance_that_the_model_says(blur: float | Tensor) -> None:
    model = noise.Coloured(0.2, blur)
    draws = model.sample(torch.zeros(200, 2, 32, 32, dtype=torch.float64), numbers())
    assert float(draws.square().mean()) == pytest.approx(0.04, rel=0.02)
    R = model.correlation
    assert R is not None
    r = R.shape[-1] // 2
    spread = model.variance(draws[0]).expand(2, 1, 1).sqrt().flatten()
    for a in range(2):
        for b in range(2):
            for down, right in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1)):
                known = 0.0 if len(R) == 1 and a != b else float(R[a % len(R), b % len(R), r + down, r + right])
                found = covariance(draws, a, b, down, right) / float(spread[a] * spread[b])
                assert found == pytest.approx(known, abs=0.01), (a, b, down, right)


@pytest.mark.parametrize("blur", [0.7, MIXING[0, 0], MIXING])
@pytest.mark.parametrize("size", [(8, 7), (2, 3)])
def test_the_likelihood_is_that_of_a_dense_matrix(blur: float | Tensor, size: tuple[int, int]) -> None:
    model, shape = noise.Coloured(0.3, blur), (2, *size)
    y, u = randn(*shape), randn(*shape, seed=1)
    S = dense(model, shape)
    rest = (u - y).flatten()
    f = model.nll(y)
    assert float(f(u)) == pytest.approx(0.5 * float(rest @ torch.linalg.solve(S, rest)), rel=1e-9)
    assert torch.allclose(f.gradient(u).flatten(), torch.linalg.solve(S, rest), rtol=1e-8)
    assert f.curvature == pytest.approx(1 / float(torch.linalg.eigvalsh(S)[0]), rel=1e-8)
    prox = y.flatten() + S @ torch.linalg.solve(S + 0.1 * torch.eye(len(S)), rest)
    assert torch.allclose(f.prox(u, 0.1).flatten(), prox, atol=1e-9)
    v = u.flatten()
    assert float(f.conj(u)) == pytest.approx(float(v @ y.flatten() + 0.5 * v @ S @ v), rel=1e-9)
    # a batch is a sum
    assert float(model.nll(torch.stack([y, u]))(torch.stack([u, u]))) == pytest.approx(float(f(u)), rel=1e-9)


def test_the_likelihood_does_not_wrap_around_the_picture() -> None:
    """The mean nll of n values is n/2 although a sample does not match across the border."""
    model = noise.Coloured(0.1, 1.0)
    y = model.sample(torch.zeros(200, 1, 24, 24, dtype=torch.float64), numbers())
    assert float(model.nll(y)(torch.zeros_like(y))) == pytest.approx(y.numel() / 2, rel=0.01)


def test_without_a_blur_it_is_white() -> None:
    y, u = randn(3, 8, 8), randn(3, 8, 8, seed=1)
    model = noise.Coloured(0.1, 0.0)
    assert model.correlation is None
    assert float(model.nll(y)(u)) == pytest.approx(float(noise.Gaussian(0.1).nll(y)(u)), rel=1e-9)


@pytest.mark.parametrize("blur", [1.0, MIXING])
def test_noise_is_measured_from_a_residual(blur: float | Tensor) -> None:
    model = noise.Coloured(0.1, blur)
    draw = model.sample(torch.zeros(2, 128, 128, dtype=torch.float64), numbers())
    ramp = 0.3 + torch.linspace(0, 0.5, 128)[:, None] - torch.linspace(0, 0.2, 128)
    found = noise.Coloured.measured(draw + ramp)
    assert found.sigma == pytest.approx(0.1, rel=0.05)
    assert torch.allclose(found.variance(draw), model.variance(draw).expand(2, 1, 1), rtol=0.1)
    known, R = model.correlation, found.correlation
    assert known is not None
    assert R is not None
    middle, centre = known.shape[-1] // 2, R.shape[-1] // 2
    near = R[:, :, centre - 2 : centre + 3, centre - 2 : centre + 3]
    known = pad(known, (2, 2, 2, 2))[:, :, middle : middle + 5, middle : middle + 5]
    if len(known) == 1:
        known = torch.eye(2)[..., None, None] * known
    assert float((near - known).abs().max()) < 0.06


def test_complex_noise_is_that_of_both_parts() -> None:
    model = noise.Coloured(0.1, 1.0)
    z = model.sample(torch.zeros(1, 200, 200, dtype=torch.complex128), numbers())
    for part in (z.real, z.imag):
        assert float(part.square().mean()) == pytest.approx(0.01, rel=0.1)
    u = torch.zeros_like(z)
    both = model.nll(z.real)(u.real) + model.nll(z.imag)(u.imag)
    assert float(model.nll(z)(u)) == pytest.approx(float(both))


def test_a_window_has_the_same_noise() -> None:
    kernel = torch.ones(16, 16)
    model = noise.Coloured(0.1, kernel)
    assert model.on_window(Window(0, 4, 0, 4), (1, 16, 16)) is model


@pytest.mark.parametrize("kind", ["low-pass", "demosaiced"])
def test_the_non_local_prior_gains_much_from_the_correlation(kind: str) -> None:
    clean = photograph(size=48).float()
    if kind == "low-pass":
        model = noise.Coloured(0.1, 1.0)
        y = model.sample(clean, numbers())
    else:
        model, y = noise.Coloured.measured(mosaic_noise(0.15, 256, 0)), clean + mosaic_noise(0.15, 48, 1)
    scores = [
        psnr(solve(Problem(Identity(y.shape), y, noise=m, prior=NonLocal())).x, clean)
        for m in (noise.Gaussian(model.sigma), model)
    ]
    assert scores[1] > scores[0] + 2


def test_tv_gains_from_the_correlation_with_its_automatic_weight() -> None:
    clean = photograph(size=48).float()
    model = noise.Coloured(0.1, 1.0)
    y = model.sample(clean, numbers())
    scores = []
    for m in (noise.Gaussian(0.1), model):
        found = weight.auto(Problem(Identity(y.shape), y, noise=m, prior=TV()))
        problem = Problem(Identity(y.shape), y, noise=m, prior=found.weight * TV())
        result = solve(problem, stop=RelativeGap(1e-3) | MaxIterations(1000))
        assert result.status.name == "converged"
        scores.append(psnr(result.x, clean))
    assert scores[1] > scores[0] + 0.4


def test_a_network_takes_its_gradient() -> None:
    y = noise.Coloured(0.1, 1.0).sample(photograph(size=32).float(), numbers())
    problem = Problem(Blur(y.shape, torch.ones(3, 3) / 9), y, noise=noise.Coloured(0.1, 1.0), prior=DIP("fast"))
    result = solve(problem, stop=MaxIterations(3))
    assert bool(result.x.isfinite().all())


@pytest.mark.parametrize(
    ("sigma", "blur", "says"),
    [
        (0.0, 1.0, "positive sigma"),
        (0.1, -1.0, "0 to 20 pixels"),
        (0.1, math.nan, "0 to 20 pixels"),
        (0.1, torch.zeros(3, 3), "zero or not finite"),
        (0.1, torch.ones(3), "(kh, kw) or (C, C, kh, kw)"),
        (0.1, torch.ones(2, 3, 3, 3), "(kh, kw) or (C, C, kh, kw)"),
    ],
)
def test_settings_are_checked(sigma: float, blur: float | Tensor, says: str) -> None:
    with pytest.raises(InvpriorError) as error:
        noise.Coloured(sigma, blur)
    assert says in str(error.value)


def test_data_that_it_does_not_fit_are_named() -> None:
    with pytest.raises(InvpriorError, match=r"is of data \(…, 2, H, W\), got shape \(3, 8, 8\)"):
        noise.Coloured(0.1, MIXING).nll(randn(3, 8, 8))
    with pytest.raises(InvpriorError, match="at least 16 by 16"):
        noise.Coloured.measured(randn(3, 12, 40))
    with pytest.raises(InvpriorError, match="a channel without any"):
        noise.Coloured.measured(torch.stack([randn(32, 32), torch.zeros(32, 32).double()]))


def test_values_that_are_not_there_are_named() -> None:
    y, model = randn(1, 16, 16), noise.Coloured(0.1, 1.0)
    hole = torch.ones(16, 16).double()
    hole[4:8, 4:8] = 0
    with pytest.raises(InvpriorError, match="takes every value"):
        solve(Problem(Mask(y.shape, hole), y, noise=model, prior=TV()))
    with pytest.raises(InvpriorError, match="cannot be held out"):
        hold_out(Problem(Identity(y.shape), y, noise=model, prior=TV()))
