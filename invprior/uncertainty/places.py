"""Places that a measurement treats alike: measured ones, and holes by their distance from what was measured."""

from __future__ import annotations

import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from invprior.linear_operator import LinearOperator
from invprior.problem import Problem


def measures_pixels(problem: Problem) -> bool:
    """True if each value measures one pixel: A is diagonal."""
    operators = [d.operator for d in problem.data_terms]
    return len(operators) == 1 and isinstance(A := operators[0], LinearOperator) and A.diagonal() is not None


def measured(problem: Problem) -> Tensor:
    """The pixels (H, W) that are measured in all channels, boolean; all of them where A mixes pixels."""
    H, W = problem.shape[-2:]
    if not measures_pixels(problem):
        return torch.ones(H, W, dtype=torch.bool, device=problem.device)
    return problem.data_terms[0].observed.reshape(-1, H, W).all(0)


def kinds(known: Tensor) -> Tensor:
    """0 where a pixel is known, else 1, 2, 3, 4 … up to 1, 2, 4, 8 … pixels from the next one that is."""
    if not bool(known.any()):
        return torch.ones_like(known, dtype=torch.int64)
    distance = torch.from_numpy(distance_transform_edt(~known.cpu().numpy())).to(known.device)
    return torch.where(known, 0, distance.clamp(min=1).log2().ceil() + 1).long()
