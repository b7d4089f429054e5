"""Weighted means over neighbourhoods."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

# Standard deviations of the Gaussian windows that an empty neighbourhood is filled from, one after the other.
WIDENING = 3.0
LEAST = 1e-3


def windowed(values: Tensor, spread: float) -> Tensor:
    """The sum of values (..., H, W) over a Gaussian window of sum 1; beyond the edge there is nothing."""
    reach = max(1, math.ceil(3 * spread))
    at = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    window = torch.exp(-at.square() / (2 * spread**2))
    window = (window / window.sum()).reshape(1, 1, -1)
    for axis in (-1, -2):
        moved = values.movedim(axis, -1)
        lines = pad(moved.reshape(-1, 1, moved.shape[-1]), (reach, reach))
        values = conv1d(lines, window).reshape(moved.shape).movedim(-1, axis)
    return values


def local_mean(total: Tensor, count: Tensor, spread: float) -> Tensor:
    """Σ total / Σ count over Gaussian windows, wider ones where a window counts next to nothing."""
    found = torch.zeros_like(total)
    missing = torch.ones_like(total, dtype=torch.bool)
    while spread < 4 * max(total.shape[-2:]):
        above, below = windowed(total, spread), windowed(count, spread)
        there = missing & (below > LEAST)
        found = torch.where(there, above / below.clamp(min=LEAST), found)
        missing = missing & ~there
        if not bool(missing.any()):
            return found
        spread *= WIDENING
    whole = total.sum((-2, -1), keepdim=True) / count.sum((-2, -1), keepdim=True).clamp(min=LEAST)
    return torch.where(missing, whole, found)
