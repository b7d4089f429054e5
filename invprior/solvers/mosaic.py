"""A problem cut into overlapping tiles, and the picture blended from their solutions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.errors import InvpriorError
from invprior.linear_operator import LinearOperator
from invprior.problem import Problem
from invprior.shapes import Shape, Window

OVERLAP = 64  # pixels that tiles share by default


@dataclass(frozen=True, eq=False)
class Tile:
    """A window of the picture, and the shares of its rows and of its columns."""

    window: Window
    down: Tensor
    across: Tensor

    @property
    def share(self) -> Tensor:
        """The shares (height, width) of its pixels."""
        return self.down[:, None] * self.across

    def restricted(self, problem: Problem) -> Problem:
        """The problem restricted to the window.

        Raises
        ------
        InvpriorError
            If an operator of the problem cannot be.
        """
        data = [_part(d, self.window) for d in problem.data_terms]
        return Problem.from_terms(data, problem.prior, problem.values)


@dataclass(frozen=True, eq=False)
class Mosaic:
    """x = Σ_t w_t ⊙ x_t, with shares w_t that sum to one.

    A share is the product of one along the rows and one along the columns. Along an axis it passes from one tile to the
    next as a raised cosine over the middle half of their overlap. It is zero in the outer quarter of a tile's overlap,
    whose pixels lack data from beyond the cut.
    """

    shape: Shape
    lift: LinearOperator | None
    part_lift: LinearOperator | None
    tiles: tuple[Tile, ...]

    @classmethod
    def cut(cls, problem: Problem, size: int, overlap: int) -> Mosaic:
        """Evenly spread tiles of height and width ``size``, or of the picture's where it is smaller."""
        if len(problem.shape) < 2:
            raise InvpriorError(f"tiles need an image with height and width, and this one is {problem.shape}")
        axes = [_shares(n, size, overlap) for n in problem.shape[-2:]]
        tiles = (
            Tile(Window(top, bottom, left, right), down, across)
            for (top, bottom, down), (left, right, across) in product(*axes)
        )
        inside = (*problem.shape[:-2], *(min(n, size) for n in problem.shape[-2:]))  # all tiles have one size
        return cls(problem.full_shape, problem.lift, problem.prior.lift(inside), tuple(tiles))

    def join(self, variables: Iterable[Tensor]) -> Tensor:
        """The variable of the whole problem, blended from those of the tiles, which are taken one by one."""
        x: Tensor | None = None
        for tile, variable in zip(self.tiles, variables, strict=True):
            image = variable if self.part_lift is None else self.part_lift.forward(variable)
            if x is None:
                x = image.new_zeros(self.shape)
            tile.window.of(x).add_(tile.share.to(image) * image)
        assert x is not None
        return x if self.lift is None else self.lift.adjoint(x)


def _part(d: DataTerm, window: Window) -> DataTerm:
    part = d.on_window(window)
    if part is None:
        raise InvpriorError(
            f"{d.operator!r} cannot be restricted to a window of {window.height}×{window.width} pixels; "
            "take larger tiles, or solve the picture whole"
        )
    return part


def tiles_along(n: int, size: int, overlap: int) -> int:
    """The number of tiles along n pixels: the fewest that overlap by ``overlap`` pixels or more."""
    return max(1, math.ceil((n - overlap) / (size - overlap)))


def _shares(n: int, size: int, overlap: int) -> list[tuple[int, int, Tensor]]:
    """Start, stop and share of every tile along an axis of n pixels."""
    if n <= size:
        return [(0, n, torch.ones(n, dtype=torch.float64))]
    count = tiles_along(n, size, overlap)
    starts = [round(k * (n - size) / (count - 1)) for k in range(count)]
    pixel = torch.arange(n, dtype=torch.float64) + 0.5
    shares, left = [], torch.ones_like(pixel)  # left: what earlier tiles leave, so that all sum to one
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        later = torch.zeros_like(pixel) if following is None else _rise(pixel, following, start + size)
        shares.append((start, start + size, (left * (1 - later))[start : start + size]))
        left = left * later
    return shares


def _rise(pixel: Tensor, first: int, last: int) -> Tensor:
    """A raised cosine from 0 to 1 over the middle half of an overlap."""
    t = ((pixel - first) / (last - first) * 2 - 0.5).clamp(0, 1)
    return (1 - torch.cos(math.pi * t)) / 2
