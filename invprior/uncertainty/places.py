"""Places that a measurement treats alike: measured ones, and holes by their distance from what was measured."""

from __future__ import annotations

import torch
from scipy.ndimage import distance_transform_edt, label
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.problem import Problem


def measures_pixels(problem: Problem) -> bool:
    """True if each value measures one pixel, and all channels of it or none: A is diagonal, as a mask is."""
    channels = _seen(problem)
    return channels is not None and bool((channels == channels[0]).all())


def measured(problem: Problem) -> Tensor:
    """The pixels (H, W) that are measured, boolean; all of them where A mixes pixels or leaves single channels out."""
    H, W = problem.shape[-2:]
    if not measures_pixels(problem):
        return torch.ones(H, W, dtype=torch.bool, device=problem.device)
    return problem.data_terms[0].observed.reshape(-1, H, W)[0]


def kinds(known: Tensor) -> Tensor:
    """0 where a pixel is known, else 1, 2, 3, 4 … up to 1, 2, 4, 8 … pixels from the next one that is."""
    if not bool(known.any()):
        return torch.ones_like(known, dtype=torch.int64)
    distance = torch.from_numpy(distance_transform_edt(~known.cpu().numpy())).to(known.device)
    return torch.where(known, 0, distance.clamp(min=1).log2().ceil() + 1).long()


def unseen_channels(problem: Problem) -> int:
    """How many channels of the image no value measures, where A is diagonal."""
    channels = _seen(problem)
    return 0 if channels is None else int((~channels.any(-1).any(-1)).sum())


def _seen(problem: Problem) -> Tensor | None:
    """What is measured of each channel, (C, H, W), boolean; None unless each value measures one pixel of one."""
    operators = [d.operator for d in problem.data_terms]
    if len(operators) != 1 or not isinstance(A := operators[0], LinearOperator) or A.diagonal() is None:
        return None
    return problem.data_terms[0].observed.reshape(-1, *problem.shape[-2:])


def number_of_holes(known: Tensor) -> float:
    """About how many holes there are that err by themselves, at least 1, where these pixels (H, W) are measured.

    Missing pixels that touch are one hole; a hole that winds through the picture is many of its own width.
    """
    missing = ~known.cpu().numpy()
    if not missing.any():
        return 1.0
    width = 2 * float(distance_transform_edt(missing).max()) + 1
    return max(float(label(missing)[1]), float(missing.sum()) / width**2, 1.0)
