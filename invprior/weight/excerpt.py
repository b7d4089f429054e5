"""Tiles of a large measurement from which the weight of the whole picture is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace

import torch
from torch import Tensor

from invprior.data_term import DataTerm
from invprior.linear_operator import LinearOperator
from invprior.noise import Noise
from invprior.operators import Mask
from invprior.problem import Problem
from invprior.shapes import Shape, Window

# Side of a tile in pixels.
SIDE = 128
TILES = 4  # to each side, spread evenly
LARGE = 4  # times their area, from which on a picture is large


def excerpt(problem: Problem) -> Problem:
    """The problem on 4×4 tiles of its picture; the problem itself if it is not large or cannot be cut."""
    operators = [d.operator for d in problem.data_terms]
    linear = [A for A in operators if isinstance(A, LinearOperator)]
    if len(linear) < len(operators) or not 2 <= len(problem.shape) <= 3 or problem.full_shape != problem.shape:
        return problem
    if not problem.prior.any_size:
        return problem
    data = in_tiles(problem.data_terms, windows(problem.shape, SIDE, max(A.period for A in linear)))
    return problem if data is None else Problem.from_terms(data, problem.prior)


def size(pixels: int) -> int:
    """Pixels that the weight of a picture of so many is chosen from."""
    part = TILES**2 * SIDE**2
    return part if pixels >= LARGE * part else pixels


def windows(shape: Shape, side: int, step: int) -> list[Window]:
    """4×4 tiles inside a picture, at multiples of ``step``; none unless it has four times their area."""
    H, W = shape[-2:]
    if LARGE * TILES**2 * side**2 > H * W or min(H, W) < side + 2 * step:
        return []
    tops, lefts = (torch.linspace(step, n - step - side, TILES).long().tolist() for n in (H, W))
    corners = [(top // step * step, left // step * step) for top in tops for left in lefts]
    return [Window(top, top + side, left, left + side) for top, left in corners]


def in_tiles(data: Sequence[DataTerm], tiles: Sequence[Window]) -> tuple[DataTerm, ...] | None:
    """The measurements of the tiles as a batch, by one common A or a stack of masks; None if A is neither."""
    if not tiles:
        return None
    terms = []
    for d in data:
        parts = [part for w in tiles if (part := d.on_window(w)) is not None]
        if not parts or len(parts) < len(tiles):
            return None
        batch = _masked(parts) if isinstance(d.operator, Mask) else _alike(parts)
        if batch is None:
            return None
        terms.append(batch)
    return tuple(terms)


def _alike(parts: list[DataTerm]) -> DataTerm | None:
    """A batch of measurements by one operator, if the operators agree on a random picture; else None."""
    first, *others = (d.operator for d in parts)
    y = parts[0].y
    x = torch.rand(first.in_shape, generator=torch.Generator().manual_seed(0)).to(y)
    if any(A.out_shape != first.out_shape or not torch.allclose(A(x), first(x), atol=1e-5) for A in others):
        return None
    return DataTerm(first, torch.stack([d.y for d in parts]), _stacked(parts))


def _masked(parts: list[DataTerm]) -> DataTerm | None:
    """The tiles under one stack of masks; tiles without known pixels are left out."""
    known, seen = [], []
    for d in parts:
        assert isinstance(d.operator, Mask)
        mask = d.operator.known
        if bool(mask.any()):
            known.append(mask[None] if mask.ndim == 2 else mask)
            seen.append(d)
    if not seen:
        return None
    y = torch.stack([d.y for d in seen])
    return DataTerm(Mask(y.shape, torch.stack(known)), y, _stacked(seen))


def _stacked(parts: list[DataTerm]) -> Noise:
    """The noise model of all tiles: levels per pixel differ from tile to tile."""
    model = parts[0].noise
    if not is_dataclass(model):
        return model
    names = [f.name for f in fields(model) if isinstance(getattr(model, f.name), Tensor)]
    levels = {name: torch.stack([getattr(d.noise, name).expand(d.y.shape) for d in parts]) for name in names}
    return replace(model, **levels)
