"""The prior that is chosen for a picture."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from invprior import noise
from invprior.data_term import DataTerm
from invprior.operators import Identity, Mask
from invprior.runs.choosing import ORDER, Needs, choose_for_film, choose_prior, kind
from invprior.runs.holes import FAR, far
from invprior.specs import PriorSpec

SHAPE = (3, 400, 400)
DATA = (DataTerm(Identity(SHAPE), torch.zeros(SHAPE), noise.Gaussian(0.1)),)
TAKES = {"blend(dip(nonlocal),nonlocal)": 900.0, "nonlocal": 60.0, "tv": 5.0}


def needs(spec: PriorSpec) -> Needs:
    return Needs(1.0, TAKES[spec.text])


@pytest.mark.parametrize(
    ("limit", "chosen", "better"),
    [(1000, "blend(dip(nonlocal),nonlocal)", None), (100, "nonlocal", ORDER["denoise"][0]), (10, "tv", "nonlocal")],
)
def test_the_best_that_the_time_is_enough_for(limit: float, chosen: str, better: str | None) -> None:
    choice = choose_prior("denoise", DATA, needs, limit)
    assert choice.spec.text == chosen
    assert (choice.better is None) == (better is None)
    if choice.better is not None:
        assert choice.better.text == better
        assert choice.better_seconds == TAKES[choice.better.text]


def test_the_last_is_taken_however_long_it_takes() -> None:
    assert choose_prior("denoise", DATA, needs, 0.1).spec.text == "tv"


def test_what_does_not_fit_into_memory_is_neither_taken_nor_offered() -> None:
    choice = choose_prior("denoise", DATA, lambda spec: Needs(1e6, 1.0), 1e9)
    assert (choice.spec.text, choice.better) == ("tv", None)


def test_a_small_picture_is_not_blended() -> None:
    small = (DataTerm(Identity((3, 64, 64)), torch.zeros(3, 64, 64), noise.Gaussian(0.1)),)
    assert choose_prior("denoise", small, needs, 1e9).spec.text == "nonlocal"


def test_large_holes_and_scattered_ones_are_different_tasks() -> None:
    known = torch.ones(64, 64, dtype=torch.bool)
    known[20:30, 20:30] = False  # five pixels from the middle to its edge
    y = torch.zeros(3, 64, 64)

    def of(known: torch.Tensor) -> str:
        return kind("inpaint", (DataTerm(Mask(y.shape, known), y, noise.Gaussian(0.01)),))

    assert of(known) == "scattered"
    known[10:40, 10:40] = False
    assert of(known) == "hole"
    assert far(torch.zeros(8, 8, dtype=torch.bool))


def test_every_task_has_a_prior_that_its_purpose_knows() -> None:
    assert kind("upscale8", DATA) == "upscale"
    assert {kind(task, DATA) for task in ("denoise", "deblur", "upscale", "flash", "dejpeg")} <= set(ORDER)


def test_a_long_film_takes_a_quicker_prior() -> None:
    assert choose_for_film("denoise", (3, 144, 176), 30, 3600).spec.text == "nonlocal"
    long = choose_for_film("denoise", (3, 1080, 1920), 3000, 3600)
    assert long.spec.text == "frame-tv"
    assert long.better is not None
    assert long.better.text == "nonlocal"


@given(st.integers(0, 30), st.integers(1, 20), st.integers(0, 30), st.integers(1, 20))
def test_a_hole_is_far_by_its_distance_anywhere_in_the_picture(top: int, height: int, left: int, width: int) -> None:
    known = torch.ones(31, 32, dtype=torch.bool)
    known[top : top + height, left : left + width] = False
    assert far(known) == (distance_transform_edt(~known.numpy()).max() > FAR)
    assert not far(torch.ones(3, 3, dtype=torch.bool))
