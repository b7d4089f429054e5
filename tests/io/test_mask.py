"""Masks of holes: white, coloured and transparent marks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from invprior import InvpriorError
from invprior.io import read_mask
from invprior.io.mask import grown
from tests.helpers import photograph

HOLE = np.zeros((16, 24), dtype=bool)
HOLE[2:5, 3:9] = True
KNOWN = torch.from_numpy(~HOLE)
PHOTOGRAPH = np.rint(photograph(size=24, top=20, left=100).numpy().transpose(1, 2, 0)[:16] * 255).astype(np.uint8)


def known(folder: Path, values: np.ndarray | Image.Image, invert: bool = False, name: str = "mask.png") -> Tensor:
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(folder / name, quality=95)
    return read_mask(folder / name, invert)


def colours(background: tuple[int, ...], mark: tuple[int, ...]) -> np.ndarray:
    return np.where(HOLE[:, :, None], np.array(mark), np.array(background)).astype(np.uint8)


def over(photograph: np.ndarray, mark: tuple[int, ...]) -> np.ndarray:
    return np.where(HOLE[:, :, None], np.array(mark), photograph).astype(np.uint8)


ON_BLACK = {
    "white": np.uint8(255) * HOLE,
    "bits": HOLE,
    "sixteen bits": (65535 * HOLE).astype(np.uint16),
    "red on black": colours((0, 0, 0), (255, 0, 0)),
    "dark red on black": colours((0, 0, 0), (140, 0, 0)),
    "red on a photograph": over(PHOTOGRAPH, (255, 0, 0)),
    "magenta on a photograph": over(PHOTOGRAPH, (255, 3, 250)),
    "white strokes on a transparent layer": colours((0, 0, 0, 0), (255, 255, 255, 255)),
    "red strokes on a transparent layer": colours((255, 255, 255, 0), (255, 0, 0, 255)),
    "transparent hole of a photograph": np.dstack([PHOTOGRAPH, np.uint8(255) * ~HOLE]),
    "opaque white": colours((0, 0, 0, 255), (255, 255, 255, 255)),
}


@pytest.mark.parametrize("kind", ON_BLACK)
def test_marks_are_holes(tmp_path: Path, kind: str) -> None:
    assert torch.equal(known(tmp_path, ON_BLACK[kind]), KNOWN)
    assert torch.equal(known(tmp_path, ON_BLACK[kind], invert=True), ~KNOWN)


def test_marks_of_a_jpeg(tmp_path: Path) -> None:
    large = Image.fromarray(ON_BLACK["red on a photograph"]).resize((240, 160), Image.Resampling.NEAREST)
    found = known(tmp_path, large, name="mask.jpg")
    expected = torch.from_numpy(np.kron(~HOLE, np.ones((10, 10), bool)))
    assert float((found != expected).float().mean()) < 0.02


REFUSED = {
    "zeros and ones": (
        np.uint8(1) * HOLE,
        r"marks no hole; its brightest value is 1 of 255; holes are 255: multiply",
    ),
    "black": (np.uint8(0) * HOLE, r"marks no hole; its brightest value is 0 of 255; paint the holes white"),
    "twelve bits": (
        (4095 * HOLE).astype(np.uint16),
        r"value is 4095 of 65535; holes are 65535: multiply",
    ),
    "a photograph": (PHOTOGRAPH, r"is a photograph with no marks; paint the holes in one pure colour"),
    "two colours": (
        np.concatenate([ON_BLACK["red on a photograph"], ON_BLACK["magenta on a photograph"]]),
        r"with several colours of marks",
    ),
    "black strokes": (colours((0, 0, 0, 0), (0, 0, 0, 255)), r"black on transparent, and either could be the hole"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_marks_nothing_is_refused(tmp_path: Path, kind: str) -> None:
    values, says = REFUSED[kind]
    with pytest.raises(InvpriorError, match=says):
        known(tmp_path, values)


def test_all_known_by_inversion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvpriorError, match=r"marks every pixel as known; drop --invert-mask|as known"):
        known(tmp_path, np.full((8, 8), 255, np.uint8), invert=True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(0, 0.1))
def test_holes_grow_as_far_as_their_distance_anywhere_in_the_picture(seed: int, distance: int, share: float) -> None:
    hole = np.random.default_rng(seed).random((20, 31)) < share
    whole = distance_transform_edt(~hole) <= distance if hole.any() else hole
    assert np.array_equal(grown(torch.from_numpy(hole), distance).numpy(), whole)
