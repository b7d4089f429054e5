"""Data that were clipped: the noise near their ends is less than its model says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor
from torch.nn.functional import avg_pool2d

from invprior.data_term import DataTerm
from invprior.noise import Gaussian
from invprior.shapes import Shape

# Values on an end of the data, as a share, from which on it clips; the side of the windows that are looked at.
PLATEAU, SIDE = 1e-3, 7
# Sites that next to nothing is clipped around have a smaller share of clipped values.
FEW = 0.005
# The mean before clipping is not beyond the end, but for chance, in standard deviations.
BEYOND = -1.0
LEAST = 1e-4  # share of the variance that is left at the least, which a noise model can still have
# Means of the noise before it is clipped, in standard deviations from the end.
STEPS = np.linspace(-6.0, 6.0, 241)


class Left(NamedTuple):
    """What clipping leaves of noise at each value: its standard deviation, and how far it moves the mean inwards."""

    deviation: Tensor
    moved: Tensor


def left_by_clipping(d: DataTerm) -> Left | None:
    """Of white Gaussian noise that was clipped; None if nothing tells."""
    if not isinstance(d.noise, Gaussian) or isinstance(d.noise.sigma, Tensor) or not bool(d.observed.all()):
        return None
    return clipped(d.y, d.noise.sigma)


def clipped(y: Tensor, sigma: float) -> Left | None:
    """Of each value of y (…, H, W), of noise of level ``sigma`` that was clipped after it.

    None if no end of the data holds more values than chance puts there. What clipping leaves of a Gaussian has a mean
    and a variance that both follow from the mean before it, the level that is meant; the first is measured around
    each value, the others are read from it.
    """
    if y.is_complex() or y.ndim < 2:
        return None
    found = _plateaus(y, torch.ones_like(y, dtype=torch.bool))
    if not found:
        return None
    mean, (after, variance) = _around(y), _table()
    share, moved = torch.ones_like(y), torch.zeros_like(y)
    for end, inwards, _ in found:
        above = (inwards * (mean - end) / sigma).double().cpu().numpy()  # the level after clipping, over the end
        share = share * torch.from_numpy(np.interp(above, after, variance)).to(y)
        before = np.interp(above, after, STEPS).clip(min=BEYOND)
        moved = moved + torch.from_numpy(np.where(above < after[-1], above - before, 0)).to(y)
    return Left(sigma * share.clamp(min=LEAST).sqrt(), sigma * moved.clamp(min=0))


def unclipped(y: Tensor, observed: Tensor, sites: Shape) -> Tensor:
    """The sites, the last axes of y, around which next to no values lie on an end that clips.

    A neighbourhood is looked at, since a choice by the value itself would choose its noise.
    """
    values = y.real if y.is_complex() else y
    found = _plateaus(values, observed)
    on = torch.zeros_like(values, dtype=torch.bool)
    for _, _, there in found:
        on |= there
    share = on.reshape(-1, *sites).to(torch.get_default_dtype()).mean(0)
    return (_around(share) if share.ndim == 2 and found else share) < FEW


def _plateaus(y: Tensor, observed: Tensor) -> list[tuple[Tensor, float, Tensor]]:
    """The ends of the data that clip: the value, the sign of the way inwards, and where values lie on it."""
    ends = ((y.amin(), 1.0), (y.amax(), -1.0))
    found = [(end, inwards, (y == end) & observed) for end, inwards in ends]
    return [each for each in found if int(each[2].count_nonzero()) > PLATEAU * y.numel()]


def _around(x: Tensor) -> Tensor:
    """The mean of the window around each value of x (…, H, W)."""
    flat = x.reshape(-1, 1, *x.shape[-2:])
    return avg_pool2d(flat, SIDE, stride=1, padding=SIDE // 2, count_include_pad=False).reshape(x.shape)


def _table() -> tuple[np.ndarray, np.ndarray]:
    """The mean of max(u, 0) and its variance, of u ~ N(m, 1), for the means m of :data:`STEPS`."""
    mean = STEPS * norm.cdf(STEPS) + norm.pdf(STEPS)
    square = (STEPS**2 + 1) * norm.cdf(STEPS) + STEPS * norm.pdf(STEPS)
    return mean, square - mean**2
