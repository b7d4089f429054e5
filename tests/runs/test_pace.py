"""The time that a restoration is said to take."""

from __future__ import annotations

import pytest
import torch

from invprior import noise, priors
from invprior.data_term import DataTerm
from invprior.functional import Term
from invprior.operators import Identity, Lanczos
from invprior.priors import DIP, TV, NonLocal
from invprior.runs.pace import Timed, _at_once, _steps, expected_seconds, middle
from invprior.runs.restoration import Measured, Restoration
from invprior.shapes import Shape
from invprior.stop import MaxIterations
from tests.helpers import photograph, randn


def measured(size: int) -> Measured:
    x = photograph(size=size, top=0, left=0).float()
    y = x + 0.1 * randn(*x.shape).float()
    return Measured((DataTerm(Identity(x.shape), y, noise.Gaussian(0.1)),), "given", False)


def test_a_picture_that_is_hardly_larger_than_the_part_is_not_timed() -> None:
    assert expected_seconds(measured(160), TV(), Restoration()) is None


def test_a_part_of_a_large_picture_tells_the_time_of_the_whole() -> None:
    data = measured(288)
    for prior in (TV(), NonLocal()):
        seconds = expected_seconds(data, prior, Restoration())
        assert seconds is not None
        assert 0 < seconds < 60


def test_a_network_is_timed_by_a_few_steps_and_a_limit_is_heeded() -> None:
    data = measured(288)
    short, long = (expected_seconds(data, DIP(), Restoration(iterations=n)) for n in (10, 200))
    assert short is not None
    assert long is not None
    assert 3 < long / short < 100  # 20 by the steps alone


def test_a_network_after_a_guide_takes_the_time_of_both() -> None:
    data = measured(288)
    alone = expected_seconds(data, NonLocal(), Restoration())
    guided = expected_seconds(data, priors.Guided(DIP(), NonLocal()), Restoration())
    assert alone is not None
    assert guided is not None
    assert guided > alone


def test_parts_lie_at_multiples_of_the_period() -> None:
    A = Lanczos((3, 400, 400), factor=4)
    window = middle(A.in_shape, 96, Measured((DataTerm(A, torch.zeros(A.out_shape), noise.Gaussian(0.1)),), "", False))
    assert window is not None
    assert (window.top % 4, window.left % 4, window.height) == (0, 0, 96)


def test_a_weight_is_chosen_on_a_part_of_a_large_picture() -> None:
    timed = Timed(10_000, TV(), weighing=1.0, step=0.01, steps=100)
    assert timed.of(10_000) == 2.0
    assert timed.of(100_000_000) == pytest.approx(26.2144 + 10_000.0)


def test_few_steps_of_a_whole_picture_are_timed_where_they_are_a_small_part() -> None:
    def worth(step: float, steps: float, pixels: int = 40_000) -> bool:
        return Timed(10_000, TV(), weighing=0.0, step=step, steps=steps).worth(pixels)

    assert worth(0.01, 400)
    assert not worth(0.01, 12)  # patches: five steps are nearly half of it
    assert not worth(0.01, 400, 10_000_000_000)


def test_the_time_goes_by_steps_of_the_whole_picture_not_of_a_window() -> None:
    """A step of 96×96 pixels takes hardly less than one of three times its side, where calls cost more than pixels."""
    solved: set[int] = set()

    class Watched(TV):
        def terms(self, shape: Shape) -> tuple[Term, ...]:
            solved.add(shape[-1])
            return super().terms(shape)

    expected_seconds(measured(288), Watched(), Restoration(weight=0.1))
    assert solved == {96, 288}


def test_a_solve_that_ends_before_it_is_warm_has_a_time_too() -> None:
    data = measured(288)
    at_once = expected_seconds(data, TV(), Restoration(weight=0.1, stop=MaxIterations(1)))
    assert at_once is not None
    assert 0 < at_once < 60


def test_noise_ends_fits_of_small_pictures_sooner_and_tiles_count_as_pictures() -> None:
    recipe = DIP().recipe()  # three fits of 400, which the noise level may end
    small, large = (_steps(recipe, None, False, n * n) for n in (256, 512))
    assert (small, large) == (300, 600)
    assert _steps(recipe, None, False, 4096**2) == _steps(recipe, None, True, 256**2) == 1200
    assert _steps(recipe, 50, False, 256**2) == 50
    assert _at_once((3, 2000, 300), 512) == 512 * 300
    assert _at_once((3, 2000, 300), None) == 600_000
