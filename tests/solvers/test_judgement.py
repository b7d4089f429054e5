"""What the second part of split data says of images, and the weights that follow from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from invprior import Problem, noise, solve
from invprior.operators import Blur, Identity
from invprior.priors import TV, Tikhonov
from invprior.solvers.judgement import Judgement, scatter, weighed
from invprior.solvers.simplex import least_combination
from invprior.solvers.splitting import Watched, split
from tests.helpers import photograph

SIZE = 64
CLEAN = photograph(size=SIZE).float()
LEVEL = 0.1
EVERYWHERE = torch.ones(SIZE, SIZE, dtype=torch.bool)


def smoothed(y: Tensor, width: int) -> Tensor:
    return Blur(y.shape, torch.ones(width, width) / width**2)(y)


def drawn(seed: int, share: float = 0.02) -> tuple[Tensor, Tensor, Watched]:
    """A noisy picture, the first part of it, and what the second says."""
    model, rng = noise.Gaussian(LEVEL), torch.Generator().manual_seed(seed)
    y = model.sample(CLEAN, rng)
    parts = model.split(y, share, rng)
    return y, parts.first, Watched(Identity(CLEAN.shape), parts.second, EVERYWHERE, 1.0, whole=y)


def of_part(watched: Watched, images: list[Tensor], controls: list[Tensor]) -> Judgement:
    return Judgement.of_part(watched, [watched.judged(x) for x in images], [watched.measured(h) for h in controls])


def gaps(judged: Judgement) -> NDArray[np.float64]:
    return np.asarray(judged.risk[1:] - judged.risk[0])


def test_risks_are_right_on_average_and_their_chance_is_told() -> None:
    """Of smoothing in windows of 3×3 and 5×5, over noise and over splits, with control variates and without."""
    found: dict[bool, list[float]] = {True: [], False: []}
    told: dict[bool, list[float]] = {True: [], False: []}
    true = []
    for seed in range(120):
        y, first, watched = drawn(seed)
        images = [smoothed(first, width) for width in (3, 5)]
        true.append(float((images[1] - CLEAN).square().mean() - (images[0] - CLEAN).square().mean()))
        for known in (True, False):
            judged = of_part(watched, images, [smoothed(y, width) for width in (3, 5)] if known else [])
            found[known].append(float(gaps(judged)[0]))
            told[known].append(float(np.array([-1, 1]) @ judged.chance @ np.array([-1, 1])) ** 0.5)
    for known in (True, False):
        off = np.array(found[known]) - np.array(true)
        assert abs(off.mean()) < 3 * off.std() / len(off) ** 0.5
        assert off.std() == pytest.approx(np.mean(told[known]), rel=0.2)
    assert np.std(found[True]) < 0.4 * np.std(found[False])


def test_an_image_without_a_control_has_the_nearest_one_of_others() -> None:
    """A network has none: what it has in common with a member that was solved on all data is still taken off."""
    network = smoothed(CLEAN, 3) + 0.01 * torch.randn(CLEAN.shape, generator=torch.Generator().manual_seed(0))
    spread = {}
    for known in (True, False):
        found = []
        for seed in range(60):
            y, first, watched = drawn(seed)
            images = [smoothed(first, 15), network, smoothed(first, 3)]
            controls = [smoothed(y, 15), smoothed(y, 3)] if known else []
            found.append(float(gaps(of_part(watched, images, controls))[0]))
        spread[known] = np.std(found)
    assert spread[True] < 0.6 * spread[False]


def told(risk: list[float], apart: float, error: float) -> Judgement:
    """Images at the same distance from one another, with risks of this standard error."""
    unit = np.eye(len(risk)) - 1 / len(risk)
    return Judgement(np.array(risk), 0.5 * apart**2 * unit, error**2 * unit)


def test_images_that_cannot_be_told_apart_are_averaged() -> None:
    assert told([1.0, 1.02], 0.3, 10.0).weights() == pytest.approx([0.5, 0.5], abs=0.01)
    assert told([1.0, 1.02, 0.99], 0.3, 10.0).weights() == pytest.approx(3 * [1 / 3], abs=0.01)


def test_an_image_that_is_clearly_worse_has_no_weight() -> None:
    for error in (0.01, 0.05):
        assert told([1.0, 2.0], 0.3, error).weights().tolist() == [1, 0]
        assert told([1.0, 2.0, 1.0], 0.3, error).weights()[1] == 0


def test_one_that_is_as_far_off_as_it_differs_is_not_averaged_in() -> None:
    """Its best weight is 0. Drawn to the mean by as much as little is known of it, it would have a fifth."""
    apart, error = 0.3, 0.03
    unsure = (2**0.5 * error / (2 * apart**2)) ** 2  # the variance of its weight
    w = told([1.0, 1.0 + apart**2], apart, error).weights()
    assert w[1] < 0.5 * 0.5 * unsure / (unsure + 1 / 12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=60)
def test_weights_are_convex_and_the_best_ones_where_chance_is_nothing(seed: int, members: int) -> None:
    rng = np.random.default_rng(seed)
    errors = rng.standard_normal((members, 40)) + rng.standard_normal(40)
    gram = errors @ errors.T / 40
    apart = errors - errors.mean(0)
    products = apart @ apart.T / 40
    for chance in (1e-12, 1e-3, 1.0):
        w = Judgement(gram.diagonal().copy(), products, chance * products).weights()
        assert (w >= 0).all()
        assert w.sum() == pytest.approx(1)
        if chance == 1e-12:
            best = least_combination(gram)
            assert w @ gram @ w == pytest.approx(best @ gram @ best, rel=0.02)


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
@settings(max_examples=30)
def test_weights_do_not_depend_on_units(seed: int, unit: float, constant: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((3, 20))
    rows = rows - rows.mean(0)
    risk, products = rng.standard_normal(3), rows @ rows.T / 20
    one = Judgement(risk, products, 0.1 * products).weights()
    other = Judgement(unit * (risk + constant), unit * products, unit**2 * 0.1 * products).weights()
    assert other == pytest.approx(one, abs=1e-3)


def test_equal_images_and_those_that_are_not_finite() -> None:
    _, first, watched = drawn(0)
    good, nothing = smoothed(first, 3), torch.full_like(first, torch.nan)
    assert weighed([watched], [good], [None]) == (1,)
    assert sum(weighed([watched], [good, good.clone()], [None, None])) == pytest.approx(1)
    assert weighed([watched], [nothing, good, 9 + good], [nothing, None, None]) == (0, 1, 0)
    assert weighed([watched], [nothing, nothing], [None, None]) == (0.5, 0.5)


def test_what_is_held_out_of_measured_values_stands_for_those_that_are_fitted() -> None:
    """Laplace noise cannot be split. A prior that hardly smooths interpolates well, and keeps the noise of the rest."""
    model = noise.Laplace(0.07)
    y = model.sample(CLEAN, torch.Generator().manual_seed(0))
    priors = [10.0 * TV(), 3.0 * TV(), 20.0 * Tikhonov()]
    (d,), (watched,) = split(Problem(Identity(y.shape), y, noise=model, prior=TV()).data_terms, seed=0)
    images = [solve(Problem.from_terms([d], prior, (0.0, 1.0))).x for prior in priors]
    true = np.array([float((x - CLEAN).square().mean()) for x in images])
    found = of_part(watched, images, []).risk
    assert found[1:] - found[0] == pytest.approx(true[1:] - true[0], rel=0.3)
    plain = np.array([watched.error(x) for x in images])  # of the pixels that are held out
    assert (plain[1:] - plain[0] < 0.5 * (true[1:] - true[0])).all()


def test_sites_of_a_group_are_one_where_they_err_alike() -> None:
    """Errors that are the same over blocks of 8×8 tell as little as one value of each, independent ones as all."""
    rng = torch.Generator().manual_seed(0)
    groups = torch.arange(64).reshape(8, 8).repeat_interleave(8, 0).repeat_interleave(8, 1).flatten()
    target, spread = torch.zeros(1, SIZE, SIZE), {}
    for alike in (True, False):
        found, said = [], []
        for _ in range(60):
            noises = torch.randn(2, 8 if alike else SIZE, 8 if alike else SIZE, generator=rng)
            images = noises.repeat_interleave(8, 1).repeat_interleave(8, 2) if alike else noises
            watched = Watched(Identity(target.shape), target, EVERYWHERE, 1.0, groups)
            judged = of_part(watched, [x[None] for x in images], [])
            found.append(float(gaps(judged)[0]))
            said.append(float(np.array([-1, 1]) @ judged.chance @ np.array([-1, 1])) ** 0.5)
        assert np.std(found) == pytest.approx(np.mean(said), rel=0.25)
        spread[alike] = np.std(found)
    assert spread[True] > 5 * spread[False]


@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.floats(1e-6, 1e6))
@settings(max_examples=80)
def test_members_may_be_the_same_any_number_of_times(seed: int, members: int, unit: float) -> None:
    """Their products are singular, and rounding makes them less."""
    rng = np.random.default_rng(seed)
    different = rng.standard_normal((2, 500))
    errors = unit * different[rng.integers(0, 2, members)]
    apart = errors - errors.mean(0)
    products = apart @ apart.T / 500
    risk = (errors @ errors.T / 500).diagonal().copy()
    for chance in (1e-2, 1.0):
        w = Judgement(risk, products, chance * unit**2 * products).weights()
        assert w.sum() == pytest.approx(1)
        assert (w >= 0).all()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_few_groups_are_taken_for_as_many_sites(number: int) -> None:
    """How they vary is not known: from one alone it would be not at all."""
    off = np.random.default_rng(0).standard_normal((2, 60))
    off -= off.mean(1, keepdims=True)
    found = scatter(off, torch.arange(number).repeat_interleave(60 // number))
    assert found == pytest.approx(off @ off.T / 60 / number)
    assert np.all(found.diagonal() > 5 * scatter(off, None).diagonal())


def test_parts_count_by_their_share() -> None:
    _, first, watched = drawn(0)
    images = [smoothed(first, width) for width in (1, 3, 7)]
    once = of_part(watched, images, [])
    parts = [of_part(replace(watched, share=share), images, []) for share in (1 / 3, 2 / 3)]
    both = parts[0] + parts[1]
    assert both.risk == pytest.approx(once.risk)
    assert both.products == pytest.approx(once.products)
    assert both.chance == pytest.approx((1 / 9 + 4 / 9) * once.chance)
