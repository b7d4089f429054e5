"""The colour filters of a sensor."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from invprior import InvpriorError
from invprior.operators import Bayer
from invprior.shapes import Window
from tests.helpers import adjoint_error, randn

XTRANS = "GBGGRG/RGRBGB/GBGGRG/GRGGBG/BGBRGR/GRGGBG"


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["RGGB", "GBRG", "RGB", "R", XTRANS]))
def test_every_pixel_sees_the_colour_of_its_filter(H: int, W: int, pattern: str) -> None:
    A, x = Bayer((3, H, W), pattern), randn(3, H, W)
    rows = pattern.split("/") if len(pattern) != 4 else (pattern[:2], pattern[2:])
    for i, j in np.ndindex(H, W):
        colour = "RGB".index(rows[i % len(rows)][j % len(rows[0])])
        assert A(x)[0, i, j] == x[colour, i, j]
    assert adjoint_error(A) < 10
    assert torch.equal(A(A.H(A(x))), A(x))
    assert A.norm() == 1


def test_a_window_begins_with_another_filter() -> None:
    A, x = Bayer((3, 12, 10), XTRANS), randn(3, 12, 10)
    window = Window(3, 11, 1, 9)
    found = A.on_window(window)
    assert found is not None
    part, measured = found
    assert torch.equal(part(window.of(x)), measured.of(A(x)))
    assert Bayer((3, 4, 4), "RGGB").on_window(Window(0, 3, 1, 4))[0].pattern == "GR/BG"  # type: ignore[index]


@pytest.mark.parametrize("pattern", ["RGBX", "", "RG/B", "RGGBR G", "rggb"])
def test_no_pattern(pattern: str) -> None:
    with pytest.raises(InvpriorError, match="four letters such as RGGB"):
        Bayer((3, 4, 4), pattern)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4), (2, 3, 4, 4)])
def test_a_picture_without_three_colours(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvpriorError, match="sees red, green and blue"):
        Bayer(shape)
