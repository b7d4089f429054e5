"""The noise that is added to the input of a network while it is fitted."""

from __future__ import annotations

import torch
from torch import Tensor


def jittered(z: Tensor, jitter: float, rng: torch.Generator | None) -> Tensor:
    """z with noise of standard deviation ``jitter``, as in a randomised pass; z itself without ``rng``."""
    if rng is None or jitter <= 0:
        return z
    noise = torch.randn(z.shape, generator=rng, dtype=z.dtype, device=z.device)
    return torch.add(z, noise, alpha=jitter)
