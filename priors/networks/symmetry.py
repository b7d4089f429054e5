"""The flips and quarter turns of pictures, in which a network cannot keep the noise of a place in mind."""

from __future__ import annotations

import torch
from torch import Tensor


def drawn(pictures: Tensor, rng: torch.Generator) -> int:
    """One of the eight symmetries of a square, or the four of a rectangle, for pictures (…, H, W)."""
    square = pictures.shape[-2] == pictures.shape[-1]
    return int(torch.randint(8 if square else 4, (), generator=rng, device=rng.device))


def turned(x: Tensor, symmetry: int) -> Tensor:
    """x in this symmetry: its bits flip along the width, along the height, and exchange the two."""
    x = _flipped(x, symmetry)
    return x.mT if symmetry & 4 else x


def turned_back(x: Tensor, symmetry: int) -> Tensor:
    """The inverse of :func:`turned`."""
    return _flipped(x.mT if symmetry & 4 else x, symmetry)


def _flipped(x: Tensor, symmetry: int) -> Tensor:
    axes = [axis for axis, bit in ((-1, 1), (-2, 2)) if symmetry & bit]
    return x.flip(axes) if axes else x
