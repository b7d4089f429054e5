"""A network of the caller's."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Given(nn.Module):
    """A module from z to the image, called as the networks here are; its passes are not randomised."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The image of z."""
        out: Tensor = self.module(z)
        return out
