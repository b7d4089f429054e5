"""A structure that the data hold is found in them, and of one that they do not hold nothing is said."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import invprior as ip
from tests.helpers import photograph

SIZE = 48


def scene(contrast: float = 0.5) -> tuple[Tensor, Tensor]:
    """A smooth image (1, H, W) with a cross of this contrast, and the region around the cross."""
    x = 0.3 + 0.2 * torch.linspace(0, 1, SIZE).expand(1, SIZE, SIZE).clone()
    x[:, 14:26, 18:22] += contrast
    x[:, 18:22, 14:18] += contrast
    x[:, 18:22, 22:26] += contrast
    region = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    region[12:28, 12:28] = True
    return x, region


def solved(A: ip.LinearOperator, clean: Tensor, sigma: float, prior: ip.Prior) -> tuple[ip.Problem, Tensor]:
    rng = torch.Generator().manual_seed(1)
    y = A(clean)
    problem = ip.Problem(
        A, y + sigma * torch.randn(y.shape, generator=rng), noise=ip.noise.Gaussian(sigma), prior=prior
    )
    return problem, ip.solve(problem).x


PRIORS = {"tv": 10 * ip.priors.TV(), "tgv": 10 * ip.priors.TGV(), "wavelet": 10 * ip.priors.Wavelet()}


@pytest.mark.parametrize("prior", PRIORS.values(), ids=PRIORS)
def test_a_clear_cross_is_in_the_data_and_a_faint_one_is_not(prior: ip.Prior) -> None:
    for contrast, expected in ((0.5, True), (0.02, False)):
        clean, region = scene(contrast)
        problem, x = solved(ip.operators.Identity(clean.shape), clean, 0.05, prior)
        found = ip.explain.structure(problem, x, region)
        assert found.in_data is expected
        assert (found.distance > 1) is expected
        assert ("is in the data" in found.sentence) is expected


def test_what_stands_in_a_hole_is_not_in_the_data() -> None:
    clean, region = scene()
    A = ip.operators.Mask(clean.shape, ~region)
    problem, x = solved(A, clean, 0.02, 10 * ip.priors.TV())
    invented = torch.where(region, clean, x)
    found = ip.explain.structure(problem, invented, region)
    assert not found.in_data
    assert found.distance < 0.1
    seen, y = solved(
        ip.operators.Mask(clean.shape, torch.ones(SIZE, SIZE, dtype=torch.bool)), clean, 0.02, problem.prior
    )
    assert ip.explain.structure(seen, y, region).in_data


@pytest.mark.parametrize("degraded", ["blur", "lanczos"])
def test_a_cross_that_blur_or_decimation_leaves_is_in_the_data(degraded: str) -> None:
    clean, region = scene(0.6)
    A: ip.LinearOperator = ip.operators.Lanczos(clean.shape, factor=2)
    if degraded == "blur":
        A = ip.operators.Blur(clean.shape, torch.full((3, 3), 1 / 9))
    problem, x = solved(A, clean, 0.01, 100 * ip.priors.TV())
    found = ip.explain.structure(problem, x, region)
    assert found.in_data
    assert found.window.height < SIZE  # a part of the picture decides


def test_the_region_is_that_of_the_paper_and_the_bound_is_certified() -> None:
    clean, region = scene()
    problem, x = solved(ip.operators.Identity(clean.shape), clean, 0.05, 10 * ip.priors.TV())
    found = ip.explain.structure(problem, x, region, alpha=0.01)
    w = found.window
    N = w.height * w.width
    assert found.threshold - found.best == pytest.approx(N * (math.sqrt(16 * math.log(300) / N) + 1))
    data = problem.data_terms[0].on_window(w)
    assert data is not None
    part = ip.Problem.from_terms([data], problem.prior)
    assert found.best == pytest.approx(float(part.objective(ip.solve(part).x)), rel=2e-2)
    without = w.of(found.without)
    assert found.least <= float(part.objective(without)) * (1 + 1e-5)
    # no image that has the fill in the region is below the bound, whatever it is elsewhere
    for seed in range(5):
        noise = 0.05 * torch.randn(without.shape, generator=torch.Generator().manual_seed(seed))
        other = torch.where(w.of(region), without, w.of(x) + noise)
        assert float(part.objective(other)) >= found.least


def test_a_square_of_ten_pixels_takes_four_sigma_and_noise_alone_nothing() -> None:
    region = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    region[14:26, 14:26] = True
    distances = []
    for contrast in (0.0, 0.3, 0.4):
        clean = torch.full((1, SIZE, SIZE), 0.4)
        clean[:, 15:25, 15:25] += contrast
        problem, x = solved(ip.operators.Identity(clean.shape), clean, 0.1, 8 * ip.priors.TV())
        distances.append(ip.explain.structure(problem, x, region).distance)
    assert distances[0] < 0.1
    assert distances[1] < 1 < distances[2]


def test_a_smaller_alpha_asks_for_more() -> None:
    clean, region = scene()
    problem, x = solved(ip.operators.Identity(clean.shape), clean, 0.05, 10 * ip.priors.TV())
    loose, strict = (ip.explain.structure(problem, x, region, alpha) for alpha in (0.5, 1e-6))
    assert loose.threshold < strict.threshold
    assert loose.distance > strict.distance > 1


def test_colours_photons_and_a_prior_that_holds_a_guide() -> None:
    x = photograph(size=24).float()
    region = torch.zeros(24, 24, dtype=torch.bool)
    region[8:14, 8:14] = True
    y = ip.noise.Poisson(0.01).sample(x, torch.Generator().manual_seed(0))
    A = ip.operators.Identity(x.shape)
    problem = ip.Problem(A, y, noise=ip.noise.Poisson(0.01), prior=5 * ip.priors.GuidedTV(x))
    found = ip.explain.structure(problem, ip.solve(problem).x, region)
    assert (found.window.height, found.window.width) == (24, 24)  # the guide fits the whole picture alone
    assert math.isfinite(found.least)


def test_what_cannot_be_tested_is_refused() -> None:
    clean, region = scene()
    A = ip.operators.Identity(clean.shape)
    noise = ip.noise.Gaussian(0.1)
    problem = ip.Problem(A, clean, noise=noise, prior=ip.priors.TV())
    test = ip.explain.structure
    for prior in (ip.priors.DIP(), ip.priors.NonLocal(), ip.priors.Blend((ip.priors.TV(), ip.priors.NLM()))):
        with pytest.raises(ip.InvpriorError, match="convex priors such as TV"):
            test(ip.Problem(A, clean, noise=noise, prior=prior), clean, region)
    with pytest.raises(ip.InvpriorError, match="linear operators, and Saturate"):
        test(
            ip.Problem(ip.operators.Saturate(clean.shape, 1.0), clean, noise=noise, prior=ip.priors.TV()), clean, region
        )
    with pytest.raises(ip.InvpriorError, match="region is empty"):
        test(problem, clean, torch.zeros_like(region))
    with pytest.raises(ip.InvpriorError, match="all of the image"):
        test(problem, clean, torch.ones_like(region))
    with pytest.raises(ip.InvpriorError, match="must agree"):
        test(problem, clean, region[1:])
    for alpha in (0.0, 1.0):
        with pytest.raises(ip.InvpriorError, match="α of"):
            test(problem, clean, region, alpha)
