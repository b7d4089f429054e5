"""The noise of data that were clipped: less than its model says, near the ends."""

from __future__ import annotations

import numpy as np
import torch
from scipy.stats import norm
from torch import Tensor
from torch.nn.functional import avg_pool2d

# Values on an end of the data, as a share, from which on it clips; the side of the windows whose mean tells the level.
PLATEAU, SIDE = 1e-3, 7
LEAST = 1e-4  # share of the variance that is left at the least, which a noise model can still have
# Means of the noise before it is clipped, in standard deviations from the end.
STEPS = np.linspace(-6.0, 6.0, 241)


def clipped(y: Tensor, sigma: float) -> Tensor | None:
    """The standard deviation of each value of y (…, H, W), of noise of level ``sigma`` that was clipped after it.

    None if no end of the data holds more values than chance puts there. What clipping leaves of a Gaussian has a mean
    and a variance that both follow from the mean before it; the first is measured around each value, the second is
    read from it.
    """
    if y.is_complex() or y.ndim < 2:
        return None
    ends = ((y.amin(), 1.0), (y.amax(), -1.0))
    real = [(end, s) for end, s in ends if int((y == end).count_nonzero()) > PLATEAU * y.numel()]
    if not real:
        return None
    flat = y.reshape(-1, 1, *y.shape[-2:])
    mean = avg_pool2d(flat, SIDE, stride=1, padding=SIDE // 2, count_include_pad=False).reshape(y.shape)
    share = torch.ones_like(y)
    for end, s in real:
        above = (s * (mean - end) / sigma).double().cpu().numpy()  # the level after clipping, over the end
        share = share * torch.from_numpy(np.interp(above, *_table())).to(y)
    return sigma * share.clamp(min=LEAST).sqrt()


def _table() -> tuple[np.ndarray, np.ndarray]:
    """The mean of max(u, 0) and its variance, of u ~ N(m, 1), for the means m of :data:`STEPS`."""
    mean = STEPS * norm.cdf(STEPS) + norm.pdf(STEPS)
    square = (STEPS**2 + 1) * norm.cdf(STEPS) + STEPS * norm.pdf(STEPS)
    return mean, square - mean**2
