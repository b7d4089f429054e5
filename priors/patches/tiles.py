"""Tiles of reference patches, and the regions around them in which similar patches are searched.

All tiles have one size, so that several are worked on as a batch; what they need stays in the cache whatever the size
of the picture. A tile's region is a window of the picture, in a film one window in each of the neighbouring frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv_transpose2d, fold

# Reference patches of a tile, along each axis, and tiles that are worked on at once.
SIDE, AT_ONCE = 8, 8


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

    @property
    def region(self) -> int:
        """Pixels along a side of a region."""
        return self.positions + self.patch - 1


@dataclass(frozen=True, eq=False)
class Tiles:
    """A batch of N tiles of a film (T, C, H, W), a picture being a film of one frame.

    Attributes
    ----------
    frame, top, left
        (N, F) each: frame, first row and first column of the F windows that make up a tile's region. They may lie
        beyond the picture.
    ours
        (N,): which of the F windows holds the reference patches.
    references
        (N, SIDE²): positions of the reference patches among those of the region.
    """

    search: Search
    shape: tuple[int, ...]
    frame: Tensor
    top: Tensor
    left: Tensor
    ours: Tensor
    references: Tensor

    def patches(self, film: Tensor) -> Tensor:
        """All patches of the regions, (N, F·positions², C·p²); pixels beyond the picture are those at its border."""
        region, p = self._windows(film), self.search.patch
        patches = region.unfold(-2, p, 1).unfold(-2, p, 1)  # (N, F, C, rows, columns, p, p)
        return patches.permute(0, 1, 3, 4, 2, 5, 6).reshape(len(region), -1, film.shape[1] * p * p)

    def _windows(self, film: Tensor) -> Tensor:
        _, _, H, W = film.shape
        along = torch.arange(self.search.region, device=film.device)
        rows = (self.top[..., None] + along).clamp(0, H - 1)
        columns = (self.left[..., None] + along).clamp(0, W - 1)
        # advanced indices on both sides of a slice go to the front: (N, F, rows, columns, C)
        taken = film[self.frame[..., None, None], :, rows[..., :, None], columns[..., None, :]]
        return taken.permute(0, 1, 4, 2, 3)

    @property
    def outside(self) -> Tensor:
        """(N, F·positions²): True for patches that are not wholly inside the picture, or are those of a frame again."""
        H, W = self.shape[-2:]
        along = torch.arange(self.search.positions, device=self.top.device)
        rows, columns = self.top[..., None] + along, self.left[..., None] + along
        bad_rows = (rows < 0) | (rows > H - self.search.patch)
        bad_columns = (columns < 0) | (columns > W - self.search.patch)
        beyond = (self.frame < 0) | (self.frame >= self.shape[0])
        outside = bad_rows[..., :, None] | bad_columns[..., None, :] | beyond[..., None, None]
        return outside.flatten(1)

    def add(self, total: Tensor, patches: Tensor, window: Tensor) -> None:
        """Add patches (N, F·positions², C·p²), times a window (p, p), to the film ``total`` where they come from."""
        C, size, p = total.shape[1], self.search.region, self.search.patch
        shaped = patches.view(self.frame.numel(), -1, C, p * p) * window.flatten()
        self._put(total, fold(shaped.flatten(2).mT, (size, size), p))

    def add_shares(self, total: Tensor, weights: Tensor, window: Tensor) -> None:
        """Add the window times a weight (N, F·positions², C) for every patch, as :meth:`add` does with patches of 1."""
        C, side = total.shape[1], self.search.positions
        maps = weights.view(self.frame.numel(), side, side, C).permute(0, 3, 1, 2).reshape(-1, 1, side, side)
        self._put(
            total, conv_transpose2d(maps, window[None, None]).view(self.frame.numel(), C, *[self.search.region] * 2)
        )

    def _put(self, total: Tensor, regions: Tensor) -> None:
        """Add regions (N·F, C, rows, columns) to the film at their places; what lies beyond it is left out."""
        T, _, H, W = total.shape
        size = self.search.region
        places = torch.stack((self.frame, self.top, self.left), -1).view(-1, 3).tolist()
        for region, (t, i, j) in zip(regions, places, strict=True):
            if 0 <= t < T:
                top, bottom, left, right = max(i, 0), min(i + size, H), max(j, 0), min(j + size, W)
                total[t, :, top:bottom, left:right] += region[:, top - i : bottom - i, left - j : right - j]


def tiles(shape: tuple[int, ...], search: Search, motion: Tensor | None, device: torch.device) -> Iterator[Tiles]:
    """Batches of tiles whose reference patches cover every pixel of a film of this shape.

    Parameters
    ----------
    motion
        (T, T, 2, rows, columns) of tiles: displacement of each tile of a frame in every other, in whole pixels; None
        for a film at rest.
    """
    T, _, H, W = shape
    p, reach = search.patch, SIDE * search.step
    rows, columns = across(shape, search)
    starts = torch.cartesian_prod(torch.arange(T), torch.arange(rows), torch.arange(columns))
    beside = torch.arange(-search.frames, search.frames + 1)
    for part in starts.split(AT_ONCE):
        t, i, j = part.T
        frame = t[:, None] + beside
        top = (i * reach - search.radius)[:, None].expand_as(frame)
        left = (j * reach - search.radius)[:, None].expand_as(frame)
        if motion is not None:
            shift = motion[t[:, None], frame.clamp(0, T - 1), :, i[:, None], j[:, None]]
            top, left = top + shift[..., 0], left + shift[..., 1]
        along = torch.arange(SIDE) * search.step
        row = torch.minimum(i[:, None] * reach + along, torch.tensor(H - p)) - (i * reach - search.radius)[:, None]
        column = torch.minimum(j[:, None] * reach + along, torch.tensor(W - p)) - (j * reach - search.radius)[:, None]
        at = row[:, :, None] * search.positions + column[:, None, :] + search.frames * search.positions**2
        ours = torch.full((len(t),), search.frames)
        moved = (v.to(device) for v in (frame, top, left, ours, at.flatten(1)))
        yield Tiles(search, shape, *moved)


def across(shape: tuple[int, ...], search: Search) -> tuple[int, int]:
    """Rows and columns of tiles in a frame: the last reference patch of a row lies at its end, at n − p."""
    rows, columns = (-(-(n - search.patch + search.step) // (SIDE * search.step)) for n in shape[-2:])
    return rows, columns
