"""The error that is expected, beside closed forms and beside what it is."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import invprior as ip
from invprior import InvpriorError, noise, operators, priors
from invprior.problem import Problem
from invprior.solvers.loop import choose
from invprior.stop import MaxIterations
from invprior.uncertainty import ErrorMap, error_map
from invprior.uncertainty.bootstrap import bootstrap
from invprior.uncertainty.calibration import OFF, by_sure, correction
from invprior.uncertainty.movement import Movement
from invprior.uncertainty.places import kinds
from tests.helpers import photograph, randn

SIZE = 32


def truth(size: int = SIZE, name: str = "chelsea.png") -> Tensor:
    return photograph(name, size=size).float()


def measured(A: ip.LinearOperator, sigma: float, prior: ip.Prior, seed: int = 0, size: int = SIZE) -> Problem:
    model = noise.Gaussian(sigma)
    y = model.sample(A(truth(size)), torch.Generator().manual_seed(seed))
    return Problem(A, y, noise=model, prior=prior)


def rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def mapped(problem: Problem, draws: int = 4) -> tuple[Tensor, Tensor]:
    result = ip.solve(problem)
    return error_map(problem, result, draws=draws).standard, result.x


def half(size: int = SIZE) -> operators.Mask:
    return operators.Mask.random((3, size, size), 0.5, torch.Generator().manual_seed(3))


@pytest.mark.parametrize("zoom", [1, 2, 3])
@pytest.mark.parametrize("size", [(12, 12), (10, 17)])
def test_a_movement_takes_values_back_to_where_they_came_from(zoom: int, size: tuple[int, int]) -> None:
    for seed in range(4):
        movement = Movement.drawn(size, zoom, torch.Generator().manual_seed(seed))
        x = randn(2, size[0] // zoom, size[1] // zoom).repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)
        x = torch.nn.functional.pad(x[None], (0, size[1] - x.shape[2], 0, size[0] - x.shape[1]), mode="replicate")[0]
        moved, one = movement.there(x), torch.ones(size, dtype=x.dtype)
        assert moved.shape == x.shape
        if all(n % zoom == 0 for n in size):
            seen = movement.back(one) > 0
            found = movement.back(moved) / movement.back(one).clamp(min=1)
            torch.testing.assert_close(torch.where(seen, found, 0), torch.where(seen, x, 0))
        assert float(movement.back(one).mean()) > 0


def test_the_draws_have_the_bias_and_the_variance_of_a_linear_estimator() -> None:
    """x̂ = H y: the error of a draw is (H − I) T x̂ + σ H n."""
    A, sigma = operators.Identity((1, 16, 16)), 0.2
    x = truth(16)[:1].double()
    problem = Problem(A, x, noise=noise.Gaussian(sigma), prior=30.0 * priors.Tikhonov())
    recipe = replace(choose(problem), stop=MaxIterations(60))
    each = torch.eye(256, dtype=torch.float64).reshape(256, 1, 16, 16)
    of_each = Problem(A, each, noise=noise.Gaussian(sigma), prior=problem.prior)
    H = ip.solve(of_each, stop=recipe.stop).x.reshape(256, 256).T
    seeds = range(100, 140)
    found = bootstrap(problem, x, recipe, seeds).at(torch.ones(16, 16, dtype=torch.bool)).mean()
    bias = 0.0
    for seed in seeds:
        movement = Movement.drawn((16, 16), 2, torch.Generator().manual_seed(seed))
        moved = movement.there(x).flatten()
        bias += float((H @ moved - moved).square().mean()) / len(seeds)
    variance = sigma**2 * float(H.square().sum()) / 256
    assert float(found) == pytest.approx(bias + variance, rel=0.1)


def test_steins_estimate_finds_the_factor() -> None:
    """Of an expected error that is a third too large or too small, on average over noise."""
    for wrong in (0.75, 1.33):
        ratios = []
        for seed in range(4):
            problem = measured(operators.Identity((3, 64, 64)), 0.1, 4.0 * priors.TV(), seed, 64)
            x = ip.solve(problem).x
            true = (x - truth(64)).square().mean()
            told = by_sure(problem, x, choose(problem), wrong * true.expand_as(x), seed=7)
            ratios.append(told.factor * wrong)
            assert told.off < 0.5 * OFF
        assert sum(ratios) / 4 == pytest.approx(1, abs=0.12)


def test_steins_estimate_knows_of_clipping() -> None:
    """Near black there is less noise than the model says, and its mean is not 0: it was taken for a wrong σ."""
    clean = (0.6 * truth(96) - 0.1).clamp(0, 1)
    model = noise.Gaussian(0.1)
    y = model.sample(clean, torch.Generator().manual_seed(0)).clamp(0, 1)
    problem = Problem(operators.Identity(clean.shape), y, noise=model, prior=8.0 * priors.TV())
    x = ip.solve(problem).x
    true = (x - clean).square().mean()
    assert float((y == 0).float().mean()) > 0.1
    for wrong in (0.75, 1.33):
        told = by_sure(problem, x, choose(problem), wrong * true.expand_as(x), seed=7)
        assert told.off < 1.2 * OFF
        assert abs(told.factor * wrong - 1) < 0.35
    found = error_map(problem, ip.solve(problem))
    assert found.of_picture(0.02) < float(true.sqrt()) < found.of_picture(0.98)


def test_few_counts_are_probed_with_counts_from_none_on() -> None:
    """A count of a tenth, as eight bits hold it, is moved to one that can be measured."""
    model = noise.Poisson(0.3)
    y = (0.05 * truth()).mul(255).round() / 255
    problem = Problem(operators.Identity(y.shape), y, noise=model, prior=priors.TV())
    chosen = ip.weight.auto(problem).weight
    weighed = Problem(operators.Identity(y.shape), y, noise=model, prior=chosen * priors.TV())
    assert bool(error_map(weighed, ip.solve(weighed)).standard.isfinite().all())


def test_a_correction_is_trusted_as_far_as_its_estimate_is() -> None:
    one = torch.ones(100)
    assert correction(1.5 * one, one, 0.0, 2.0).factor == pytest.approx(1.5)
    assert 1 < correction(1.5 * one, one, 0.3, 2.0).factor < 1.3
    assert correction(1.5 * one, one, math.inf, 2.0).factor == 1
    assert correction(9 * one, one, 0.0, 2.0).factor == pytest.approx(2)
    assert correction(-one, one, 0.0, 2.0).factor == 1  # noise that is not what it was said to be
    assert 0.8 < correction(-one, one, 1.0, 2.0).factor < 1  # which may be chance


def test_what_a_correction_leaves_uncertain() -> None:
    one = torch.ones(100)
    offs = [correction(one, one, deviation, 2.0).off for deviation in (0.0, 0.1, OFF, math.inf)]
    assert offs == pytest.approx([0, 0.1 * OFF / (0.1**2 + OFF**2) ** 0.5, OFF / 2**0.5, OFF])
    assert correction(9 * one, one, 0.0, 2.0).off == pytest.approx(7 / 2)  # what is beyond the largest factor
    assert correction(-one, one, 0.0, 2.0).off == 1


@given(st.floats(0.02, 3.0), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_the_error_of_a_picture_is_below_a_level_as_often_as_it_says(off: float, level: float, seed: int) -> None:
    """Of mean squares that are log-normal, of this relative deviation, around the expected one."""
    found = ErrorMap(torch.full((1, 2, 2), 0.1), torch.linspace(0, 1, 11), off)
    s = math.log1p(off**2) ** 0.5
    drawn = 0.01 * np.exp(s * np.random.default_rng(seed).standard_normal(4000))
    assert float((np.sqrt(drawn) <= found.of_picture(level)).mean()) == pytest.approx(level, abs=0.04)
    assert found.of_picture(0.5) == pytest.approx(0.1)


def test_one_hole_is_one_sample() -> None:
    """Its error is far from what is usual for its kind, however many pixels it has."""
    known = torch.ones(SIZE, SIZE, dtype=torch.bool)
    known[10:20, 8:22] = False
    A = operators.Mask((3, SIZE, SIZE), known)
    found = error_map(problem := measured(A, 0.005, 20.0 * priors.TV()), ip.solve(problem))
    assert found.off > 1
    assert found.of_picture(0.95) > 4 * found.of_picture(0.05)


def test_holes_and_known_pixels_are_uncertain_by_themselves() -> None:
    """Most of the error of an inpainting is in its holes, whose correction stands on few values."""
    sure = error_map(p := measured(operators.Identity((3, SIZE, SIZE)), 0.1, 4.0 * priors.TV()), ip.solve(p)).off
    few = error_map(p := measured(half(SIZE), 0.02, 20.0 * priors.TV()), ip.solve(p)).off
    none = error_map(p := measured(operators.Lanczos((3, SIZE, SIZE), 2), 0.02, 20.0 * priors.TV()), ip.solve(p)).off
    assert sure < few < none
    assert none == pytest.approx(OFF)


@pytest.mark.parametrize("name", ["noise", "half", "x2", "blur"])
def test_on_a_photograph_the_mean_is_right_to_a_third(name: str) -> None:
    shape = (3, 64, 64)
    A: ip.LinearOperator = {
        "noise": operators.Identity(shape),
        "half": half(64),
        "x2": operators.Lanczos(shape, 2),
        "blur": operators.Blur(shape, torch.ones(5, 5) / 25),
    }[name]
    problem = measured(A, 0.05, 10.0 * priors.TV(), size=64)
    found, x = mapped(problem, draws=2)
    assert rms(found) == pytest.approx(rms(x - truth(64)), rel=0.33)
    assert found.shape == x.shape


def test_pixels_held_out_correct_the_error_of_holes() -> None:
    """On a smooth picture with sharp edges the bootstrap alone overestimates it by half and more."""
    clean = photograph("coffee.png", size=64, top=170, left=270).float()
    A, model = half(64), noise.Gaussian(0.02)
    problem = Problem(A, model.sample(A(clean)), noise=model, prior=25.0 * priors.TV())
    result = ip.solve(problem)
    true = rms((result.x - clean)[:, ~A.known])
    alone = bootstrap(problem, result.x, choose(problem), range(2)).at(A.known)[:, ~A.known].mean().sqrt()
    assert float(alone) > 1.4 * true
    assert rms(error_map(problem, result, draws=2).standard[:, ~A.known]) == pytest.approx(true, rel=0.3)


def test_errors_that_are_gaussian_have_the_levels_of_a_gaussian() -> None:
    """Without a prior the error is the noise, the same everywhere."""
    problem = measured(operators.Identity((3, SIZE, SIZE)), 0.1, priors.NoPrior())
    found = error_map(problem, ip.solve(problem))
    assert rms(found.standard) == pytest.approx(0.1, rel=0.05)
    for level in (0.1, 0.5, 0.9, 0.99):
        assert found.factor(level) == pytest.approx(NormalDist().inv_cdf((1 + level) / 2), rel=0.07)


GRAY = (1, 96, 96)
HALF = operators.Mask.random(GRAY, 0.5, torch.Generator().manual_seed(3))


@pytest.mark.parametrize("A", [HALF, operators.Blur(GRAY, torch.ones(5, 5) / 25)], ids=["half", "blur"])
def test_the_share_of_pixels_within_a_level_is_the_level(A: ip.LinearOperator) -> None:
    """Levels of a Gaussian hold up to 18 points more of the pixels: errors are of many sizes."""
    clean = photograph("camera.png", size=96, top=60, left=180).float()
    model = noise.Gaussian(0.03)
    y = model.sample(A(clean), torch.Generator().manual_seed(1))
    problem = Problem(A, y, noise=model, prior=(0.8 / 0.03) * priors.TV())
    result = ip.solve(problem)
    found, error = error_map(problem, result), (result.x - clean).abs()
    for level in (0.25, 0.5, 0.75, 0.9, 0.99):
        assert float((error <= found.within(level)).float().mean()) == pytest.approx(level, abs=0.1)
    assert found.factor(0.5) < 0.9 * NormalDist().inv_cdf(0.75)
    assert found.factor(0.25) < found.factor(0.5) < found.factor(0.9)


def lattice(step: int) -> Tensor:
    known = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    known[::step, ::step] = True
    return known


@pytest.mark.parametrize("known", [lattice(2), lattice(3), half().known & lattice(2)], ids=["2", "3", "few"])
def test_regular_masks_have_levels_too(known: Tensor) -> None:
    """At half the size no pixel is known in full."""
    A = operators.Mask((3, SIZE, SIZE), known)
    found = error_map(problem := measured(A, 0.03, 20.0 * priors.TV()), ip.solve(problem))
    assert found.ratios.numel() > 500
    assert 0.2 < found.factor(0.5) < 1 < found.factor(0.9) < 2.5


def test_channels_that_are_measured_in_different_pixels_have_errors_everywhere() -> None:
    known = torch.zeros(3, SIZE, SIZE, dtype=torch.bool)  # a mosaic: no pixel is known in all channels
    known[0, ::2, ::2] = known[1, ::2, 1::2] = known[1, 1::2, ::2] = known[2, 1::2, 1::2] = True
    problem = measured(operators.Mask((3, SIZE, SIZE), known), 0.03, 20.0 * priors.TV())
    result = ip.solve(problem)
    assert rms(error_map(problem, result).standard) == pytest.approx(rms(result.x - truth()), rel=0.35)


def test_a_channel_that_is_not_measured_has_no_map() -> None:
    known = torch.ones(3, SIZE, SIZE, dtype=torch.bool)
    known[2] = False
    problem = measured(operators.Mask((3, SIZE, SIZE), known), 0.03, 20.0 * priors.TV())
    with pytest.raises(InvpriorError, match="1 of 3 channels are not measured"):
        error_map(problem, ip.solve(problem))


def test_levels_are_shares() -> None:
    found = ErrorMap(torch.ones(1, 2, 2), torch.linspace(0, 1, 11), 0.3)
    assert (found.of_picture(0), found.of_picture(1)) == (0, math.inf)
    assert [found.factor(level) for level in (0, 0.5, 1)] == pytest.approx([0, 0.5, 1])
    assert torch.equal(found.within(1), torch.ones(1, 2, 2))
    for wrong in (-0.1, 90, float("nan"), "x", None):
        for asked in (found.factor, found.of_picture):
            with pytest.raises(InvpriorError, match="a share from 0 to 1"):
                asked(wrong)  # type: ignore[arg-type]


def test_more_noise_makes_larger_maps() -> None:
    A = operators.Identity((3, SIZE, SIZE))
    sizes = [rms(mapped(measured(A, s, (0.6 / s) * priors.TV()))[0]) for s in (0.03, 0.1, 0.3)]
    assert sizes[0] < 0.7 * sizes[1] < 0.5 * sizes[2]


def test_holes_have_larger_errors_than_known_pixels_and_deep_ones_the_largest() -> None:
    known = torch.ones(SIZE, SIZE, dtype=torch.bool)
    known[8:22, 9:23] = False
    found = mapped(measured(operators.Mask((3, SIZE, SIZE), known), 0.02, 20.0 * priors.TV()), draws=6)[0].mean(0)
    assert rms(found[~known]) > 2 * rms(found[known])
    assert rms(found[13:17, 14:18]) > 1.2 * rms(found[kinds(known) == 1])


def test_kinds_of_places_go_by_the_distance_from_what_is_known() -> None:
    known = torch.ones(1, 12, dtype=torch.bool)
    known[0, 1:] = False
    assert kinds(known)[0].tolist() == [0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5]
    assert int(kinds(torch.zeros(3, 3, dtype=torch.bool)).max()) == 1


def test_the_same_seed_gives_the_same_map_and_another_a_similar_one() -> None:
    problem = measured(operators.Identity((3, SIZE, SIZE)), 0.1, 6.0 * priors.TV())
    result = ip.solve(problem)
    one, again, other = (error_map(problem, result, seed=s).standard for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert rms(other) == pytest.approx(rms(one), rel=0.2)


def test_any_prior_noise_and_number_of_data_terms() -> None:
    shape, rng = (3, 24, 24), torch.Generator().manual_seed(0)
    x, A = truth(24), operators.Identity((3, 24, 24))
    photons = noise.Poisson(0.02)
    data = [ip.DataTerm(A, photons.sample(x, rng), photons)]
    data.append(ip.DataTerm(operators.Lanczos(shape, 2), operators.Lanczos(shape, 2)(x), noise.Gaussian(0.02)))
    short = priors.DIP(iterations=3)
    for prior, terms in ((priors.NLM(), data[:1]), (5.0 * priors.TGV(), data), (short, data[1:])):
        problem = Problem.from_terms(terms, prior)
        found = error_map(problem, ip.solve(problem), draws=1).standard
        assert found.shape == shape
        assert bool(found.isfinite().all())
        assert bool((found > 0).all())


def test_complex_images_have_real_errors() -> None:
    shape = (1, 16, 16)
    A = operators.Identity(shape)
    y = torch.complex(truth(16)[:1], truth(16)[1:2]) + 0.1 * randn(*shape, dtype=torch.complex64)
    problem = Problem(A, y, noise=noise.Gaussian(0.1 / 2**0.5), prior=5.0 * priors.TV())
    found = error_map(problem, ip.solve(problem), draws=1).standard
    assert not found.is_complex()
    assert 0.01 < rms(found) < 0.15


def test_what_has_no_map_is_refused() -> None:
    film = operators.Identity((2, 3, 8, 8))
    problem = Problem(film, torch.rand(2, 3, 8, 8), noise=noise.Gaussian(0.1), prior=priors.TV())
    with pytest.raises(InvpriorError, match="one picture"):
        error_map(problem, ip.solve(problem))
    bent = operators.Saturate((1, 8, 8))
    problem = Problem(bent, torch.rand(1, 8, 8), noise=noise.Gaussian(0.1), prior=priors.TV())
    with pytest.raises(InvpriorError, match="takes linear operators"):
        error_map(problem, ip.solve(problem, stop=MaxIterations(2)))
    problem = measured(operators.Identity((3, SIZE, SIZE)), 0.1, 6.0 * priors.TV())
    result = ip.solve(problem)
    with pytest.raises(InvpriorError, match="one draw or more, got 0"):
        error_map(problem, result, draws=0)
    with pytest.raises(InvpriorError, match="does not hold its solver"):
        error_map(problem, replace(result, solver="PDHG()"))
    with pytest.raises(InvpriorError, match="holds NaN or infinite"):
        error_map(problem, replace(result, x=result.x * math.inf))
