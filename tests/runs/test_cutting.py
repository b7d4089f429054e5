"""Inpainting of the surroundings of holes alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from invprior.prior import Prior
from invprior.priors import DIP, TV
from invprior.runs.cutting import around_holes, joined, restore_around
from invprior.runs.restoration import Measured, Restoration
from invprior.runs.tasks import Inpaint
from invprior.shapes import Window
from tests.helpers import photograph

ROUNDING = 1 / (255 * 12**0.5)
X = photograph(size=200, top=50, left=100).float()


def measured(*holes: tuple[int, int, int, int], given: str = "auto") -> Measured:
    known = torch.ones(X.shape[-2:], dtype=torch.bool)
    for top, bottom, left, right in holes:
        known[top:bottom, left:right] = False
    return Inpaint(known).measured(X, ROUNDING, given)  # type: ignore[arg-type]


def test_a_hole_is_filled_as_in_the_whole_picture() -> None:
    data = measured((10, 20, 10, 24), (170, 180, 170, 180))
    windows = around_holes(data, TV())
    assert len(windows) == 2
    exact = Restoration(gap=1e-7, iterations=1500)  # the gap of a whole picture says little of a small hole
    cut = restore_around(windows, exact, data, TV())
    whole = exact.run(data, TV())
    assert float((cut.x - whole.x).abs().max()) < 1e-3
    assert cut.x.shape == whole.x.shape


def test_what_is_known_stays_bit_for_bit() -> None:
    data = measured((60, 80, 70, 100))
    cut = restore_around(around_holes(data, TV()), Restoration(), data, TV())
    known = data.data[0].observed
    assert torch.equal(cut.x[known], X[known])


@pytest.mark.parametrize("prior", [TV(), DIP()])
def test_a_hole_lies_within_its_window_with_a_margin(prior: Prior) -> None:
    (window,) = around_holes(measured((90, 100, 80, 92)), prior) or [Window(0, 200, 0, 200)]
    assert window.top <= 58
    assert window.bottom >= 132


def test_the_whole_is_solved_where_noise_is_everywhere_or_little_is_left() -> None:
    assert around_holes(measured((20, 180, 20, 180)), TV()) == []
    assert around_holes(measured(), TV()) == []
    noisy = Measured(measured((60, 80, 70, 100)).data, "given", False)
    assert around_holes(noisy, TV()) == []


def test_windows_that_overlap_become_one() -> None:
    a, b, c = Window(0, 10, 0, 10), Window(8, 20, 8, 20), Window(30, 40, 0, 5)
    assert joined([a, c, b]) == [c, Window(0, 20, 0, 20)]
    assert joined([a, Window(10, 20, 0, 10)]) == [a, Window(10, 20, 0, 10)]


def test_the_box_of_all_holes() -> None:
    hole: Tensor = torch.zeros(50, 60, dtype=torch.bool)
    hole[5, 7] = hole[20, 30] = True
    assert Window.around(hole, 10) == Window(0, 31, 0, 41)
