"""The range of an image's values, found in what was measured of it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

# Values of an image in [0, 1] may pass it by so much, and its contrast is at least LOW.
OVER = 0.1
LOW = 0.25
# The range is at least so many times sigma: less would blow the noise of a constant image up to the whole of it.
NOISES = 8.0
# Below this share of blocks without a hole, quantiles replace the blocks.
FEW = 0.01


class Values(NamedTuple):
    """The values of an image run from ``low`` to ``high``."""

    low: float
    high: float

    @property
    def unit(self) -> float:
        return self.high - self.low


PHOTOGRAPH = Values(0.0, 1.0)


def found(values: Tensor, known: Tensor, sigma: float, room: float) -> Values:
    """[0, 1] for an image that fills a good part of it, else the range of its values with some room on both sides.

    With s·y + c and s·σ in place of y and σ the range becomes s·low + c, s·high + c, if it is not [0, 1].

    Parameters
    ----------
    values, known
        Noisy values of the image, (..., H, W) or of any other shape, and where they are known.
    room
        Share of the range that is added on each side.
    """
    if values.is_complex() or not bool(known.any()):
        return PHOTOGRAPH
    low, high = _extremes(values, known)
    contrast = max(high - low, NOISES * sigma)
    over = OVER + 2 * sigma
    if contrast == 0 or (low >= -over and high <= 1 + over and contrast >= LOW):
        return PHOTOGRAPH
    middle, half = (low + high) / 2, (0.5 + room) * contrast
    return Values(middle - half, middle + half)


def symmetric(values: Tensor, room: float) -> Values:
    """The range (−m, m) of values of both signs, such as the parts of a complex image, with some room."""
    low, high = _extremes(values, torch.ones_like(values, dtype=torch.bool))
    m = (1 + room) * max(abs(low), abs(high))
    return Values(-m, m) if m > 0 else Values(-1.0, 1.0)


def _extremes(values: Tensor, known: Tensor) -> tuple[float, float]:
    """The extremes that hold for blocks of 2 × 2 pixels: a hot pixel changes nothing, and neither does a dead one."""
    if values.ndim >= 2 and min(values.shape[-2:]) >= 2:
        whole = _least(known.expand_as(values).to(values.dtype)) > 0
        if float(whole.mean(dtype=torch.float32)) >= FEW:
            return -float(_least(-values)[whole].amax()), float(_least(values)[whole].amax())
    flat = values[known.expand_as(values)].double().sort().values
    drop = min(1 + flat.numel() // 1000, (flat.numel() - 1) // 2)
    return float(flat[drop]), float(flat[-1 - drop])


def _least(values: Tensor) -> Tensor:
    """The least value of every block of 2 × 2 pixels."""
    pictures = values.detach().reshape(-1, 1, *values.shape[-2:])
    return -max_pool2d(-pictures, 2, stride=1)
