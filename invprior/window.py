"""A rectangular part of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError


@dataclass(frozen=True)
class Window:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right`` of a picture, the last of each left out."""

    top: int
    bottom: int
    left: int
    right: int

    def __post_init__(self) -> None:
        if not (0 <= self.top < self.bottom and 0 <= self.left < self.right):
            raise InvpriorError(f"a window needs at least one row and one column, got {self}")

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def of(self, x: Tensor) -> Tensor:
        """The part of a tensor (..., H, W), a view."""
        return x[..., self.top : self.bottom, self.left : self.right]

    def of_constant(self, c: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The part of a tensor that broadcasts to an image of this shape, as a mask (H, W) or a level (C, 1, 1)."""
        if c.ndim == 0 or (c.shape[-1] == 1 and (c.ndim == 1 or c.shape[-2] == 1)):
            return c
        return self.of(c.expand(torch.broadcast_shapes(c.shape, shape[-2:])))
