"""Movements of an image that leave it a plausible one: smaller, turned, mirrored, shifted."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate


@dataclass(frozen=True)
class Movement:
    """T: makes an image (..., H, W) ``zoom`` times smaller, flips, turns and shifts it; mirror images fill the rest.

    Photographs look alike at all scales (Field 1987): what a measurement has taken from the finest detail of an image
    is there at half the size.

    Attributes
    ----------
    size
        Height and width of the image.
    zoom
        How many times smaller the image becomes.
    turns
        Quarter turns, even for an image that is not square.
    flip
        True: left and right change places first.
    down, right
        The shift in pixels.
    """

    size: tuple[int, int]
    zoom: int
    turns: int
    flip: bool
    down: int
    right: int

    @classmethod
    def drawn(cls, size: tuple[int, int], zoom: int, rng: torch.Generator) -> Movement:
        """A random movement of images of this size."""
        turns, flip, down, right = (int(torch.randint(n, (), generator=rng)) for n in (4, 2, *(2 * s for s in size)))
        return cls(size, zoom, turns if size[0] == size[1] else turns // 2 * 2, bool(flip), down, right)

    def there(self, x: Tensor) -> Tensor:
        """T x."""
        if x.is_complex():
            return torch.complex(self.there(x.real), self.there(x.imag))
        small = _resized(x, self._small, "area")
        small = torch.rot90(small.flip(-1) if self.flip else small, self.turns, (-2, -1))
        rows, columns = self._places(x.device)
        return small[..., rows, :][..., columns].contiguous()

    def back(self, values: Tensor) -> Tensor:
        """The sum of the values over all places where a pixel of the image has gone."""
        rows, columns = self._places(values.device)
        h, w = self._small
        total = values.new_zeros(*values.shape[:-2], h, values.shape[-1]).index_add_(-2, rows, values)
        total = values.new_zeros(*values.shape[:-2], h, w).index_add_(-1, columns, total)
        total = torch.rot90(total, -self.turns, (-2, -1))
        return _resized(total.flip(-1) if self.flip else total, self.size, "nearest")

    @property
    def _small(self) -> tuple[int, int]:
        return max(1, self.size[0] // self.zoom), max(1, self.size[1] // self.zoom)

    def _places(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """For each row and column of T x that of the small image which it comes from."""
        (H, W), (h, w) = self.size, self._small
        return _mirrored(H, h, self.down).to(device), _mirrored(W, w, self.right).to(device)


def _mirrored(n: int, of: int, by: int) -> Tensor:
    at = (torch.arange(n) + by) % (2 * of)
    return torch.where(at < of, at, 2 * of - 1 - at)


def _resized(x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    if tuple(x.shape[-2:]) == size:
        return x
    return interpolate(x.reshape(1, -1, *x.shape[-2:]), size=size, mode=mode).reshape(*x.shape[:-2], *size)
