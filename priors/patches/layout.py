"""Images, volumes and films as films of real frames, (T, C, H, W), and back."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.shapes import Shape


@dataclass(frozen=True)
class Layout:
    """How an image of one event shape is a film.

    Attributes
    ----------
    prior
        The name of the prior that asks.
    shape
        The event shape.
    slices
        True if axis −3 is one of space: (D, H, W) are D frames of one channel.
    """

    prior: str
    shape: Shape
    slices: bool

    def __post_init__(self) -> None:
        if len(self.shape) not in (2, 3, 4) or (self.slices and len(self.shape) != 3):
            takes = "(D, H, W)" if self.slices else "(H, W), (C, H, W) or a film's (T, C, H, W)"
            raise InvpriorError(f"{self.prior} takes an image {takes}, got shape {self.shape}")

    def film(self, u: Tensor) -> Tensor:
        """The film of an image without batch axes; the parts of complex values become channels."""
        if u.is_complex():
            parts = torch.view_as_real(u).movedim(-1, 0)  # (2, …)
            return torch.cat([self.film(part) for part in parts], dim=1)
        if self.slices:
            return u[:, None]
        return u.reshape(*(1,) * (4 - u.ndim), *u.shape)

    def image(self, film: Tensor, dtype: torch.dtype) -> Tensor:
        """The image of a film, real or complex."""
        if dtype.is_complex:
            real, imaginary = (self.image(part, film.dtype) for part in film.chunk(2, dim=1))
            return torch.complex(real, imaginary)
        return film.reshape(self.shape)
