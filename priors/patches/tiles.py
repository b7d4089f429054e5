"""Tiles of reference patches, and the regions around them in which similar patches are searched.

All tiles have one size, so that several are worked on as a batch; what they need stays in the cache whatever the size
of the picture. A tile's region is a window of the picture, in a film one window in each of the neighbouring frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from invprior.priors.patches.motion import followed

# Reference patches of a tile, along each axis, and tiles that are worked on at once.
SIDE, AT_ONCE = 8, 4


@dataclass(frozen=True)
class Search:
    """Where similar patches are looked for.

    Attributes
    ----------
    patch
        p, the side of the patches.
    step
        Pixels between two reference patches.
    radius
        The region reaches this many pixels beyond its tile.
    frames
        Neighbouring frames on each side that are searched as well.
    """

    patch: int
    step: int
    radius: int
    frames: int = 0

    @property
    def positions(self) -> int:
        """Patch positions along a side of a region."""
        return (SIDE - 1) * self.step + 1 + 2 * self.radius

    def starts(self, size: int) -> Tensor:
        """Where the tiles of an axis of this many pixels begin; the last reference patch lies at its end."""
        reach, last = SIDE * self.step, size - self.patch
        number = -(-(last + self.step) // reach)
        return (torch.arange(number) * reach).clamp(max=max(last - (SIDE - 1) * self.step, 0))


@dataclass(frozen=True, eq=False)
class Tiles:
    """A batch of N tiles of a film (T, C, H, W), a picture being a film of one frame.

    Attributes
    ----------
    frame, top, left
        (N, F) each: frame, first row and first column of the F windows that make up a tile's region. They may lie
        beyond the picture.
    references
        (N, SIDE²): positions of the reference patches among the F·positions² of the region.
    """

    search: Search
    height: int
    width: int
    depth: int
    frame: Tensor
    top: Tensor
    left: Tensor
    references: Tensor

    def patches(self, film: Tensor) -> Tensor:
        """All patches of the regions, (N, F·positions², C·p²); pixels beyond the picture are those at its border."""
        p = self.search.patch
        rows, columns = self._rows(self.search.positions + p - 1), self._columns(self.search.positions + p - 1)
        frame = self.frame.clamp(0, self.depth - 1)[..., None, None]
        # advanced indices on both sides of a slice go to the front: (N, F, rows, columns, C)
        region = film[frame, :, rows.clamp(0, self.height - 1), columns.clamp(0, self.width - 1)]
        patches = region.unfold(2, p, 1).unfold(3, p, 1)  # (N, F, rows, columns, C, p, p)
        return patches.reshape(len(region), -1, film.shape[1] * p * p)

    @property
    def corners(self) -> Tensor:
        """(N, F·positions²): index of each patch's first pixel among the T·H·W of the film; −1 if it is not inside."""
        rows, columns = self._rows(self.search.positions), self._columns(self.search.positions)
        frame = self.frame[..., None, None]
        inside = (rows >= 0) & (rows <= self.height - self.search.patch)
        inside = inside & (columns >= 0) & (columns <= self.width - self.search.patch)
        inside = inside & (frame >= 0) & (frame < self.depth)
        return torch.where(inside, (frame * self.height + rows) * self.width + columns, -1).flatten(1)

    def _rows(self, size: int) -> Tensor:
        return (self.top[..., None] + torch.arange(size, device=self.top.device))[..., :, None]

    def _columns(self, size: int) -> Tensor:
        return (self.left[..., None] + torch.arange(size, device=self.left.device))[..., None, :]


def tiles(guide: Tensor, search: Search) -> Iterator[Tiles]:
    """Batches of tiles whose reference patches cover every pixel of a film (T, C, H, W).

    In the neighbouring frames a region lies where the first channel of its tile has moved to.
    """
    T, _, H, W = guide.shape
    p, reach, device = search.patch, SIDE * search.step, guide.device
    starts = torch.cartesian_prod(torch.arange(T), search.starts(H), search.starts(W)).to(device)
    beside = torch.arange(-search.frames, search.frames + 1, device=device)
    along = torch.arange(SIDE, device=device) * search.step
    for part in starts.split(AT_ONCE):
        t, i, j = part.T
        frame = t[:, None] + beside
        top, left = ((v - search.radius)[:, None].expand_as(frame) for v in (i, j))
        if search.frames:
            shift = followed(guide[:, 0], t, i, j, reach, search.frames)
            top, left = top + shift[..., 0], left + shift[..., 1]
        rows = (i[:, None] + along).clamp(max=H - p) - i[:, None] + search.radius
        columns = (j[:, None] + along).clamp(max=W - p) - j[:, None] + search.radius
        own = search.frames * search.positions**2  # the tile's own frame is in the middle
        at = own + rows[:, :, None] * search.positions + columns[:, None, :]
        yield Tiles(search, H, W, T, frame, top, left, at.flatten(1))
