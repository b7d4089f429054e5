"""Proposals for masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.marks import scratches, text
from tests.helpers import photograph

SIZE = 256
X = photograph(size=SIZE, top=20, left=80).float()


def laid_over(mask: Image.Image, colour: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    """The picture under a mask of this colour, in 8 bits, and the marks."""
    a = torch.from_numpy(np.asarray(mask).copy()).float() / 255
    paint = torch.tensor(colour).float()[:, None, None] / 255
    return ((X * (1 - a) + paint * a) * 255).round() / 255, a > 0.5


def lines() -> Image.Image:
    large = Image.new("L", (4 * SIZE, 4 * SIZE), 0)
    draw = ImageDraw.Draw(large)
    for ends in ((100, 60, 700, 500), (900, 100, 820, 900)):
        draw.line(ends, fill=255, width=7)
    return large.resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def letters() -> Image.Image:
    mask = Image.new("L", (SIZE, SIZE), 0)
    draw = ImageDraw.Draw(mask)
    for k in range(3):
        draw.text((10, 20 + 80 * k), "Samples only", fill=255, font=ImageFont.load_default(30))
    return mask


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_scratches_are_found(colour: tuple[int, int, int]) -> None:
    x, marks = laid_over(lines(), colour)
    found = scratches(x)
    assert float(found[marks].float().mean()) > 0.9
    assert float(found.float().mean()) < 0.12


@pytest.mark.parametrize("colour", [(255, 255, 255), (220, 30, 40), (0, 0, 0)])
def test_letters_of_one_colour_are_found(colour: tuple[int, int, int]) -> None:
    x, marks = laid_over(letters(), colour)
    found = text(x)
    assert float(found[marks].float().mean()) > 0.95
    assert float(found.float().mean()) < 4 * float(marks.float().mean())


def test_a_photograph_without_letters_has_none() -> None:
    assert not bool(text(X + 0.02 * torch.randn(X.shape, generator=torch.Generator().manual_seed(0))).any())


def test_other_shapes_are_refused() -> None:
    for propose in (scratches, text):
        with pytest.raises(InvpriorError, match=r"a picture \(1 or 3, H, W\), got \(2, 8, 8\)"):
            propose(torch.zeros(2, 8, 8))
