"""What to hold out of a picture with holes: pixels as far from those that are fitted as the missing ones are."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from torch import Tensor

# Single pixels stand for what is missing if that lies at most this many times as far from what is fitted.
ALIKE = 1.2
# Places that are tried for holes of one size, before they are halved.
PLACES = 8
# Pixels between a copy and the next hole, on each side; neighbours of a pixel of the same hole.
APART, TOUCHING = 2, np.ones((3, 3))


def like_missing(seen: Tensor, single: Tensor, rng: torch.Generator) -> Tensor:
    """Pixels to hold out in place of ``single``, as far from others as the missing ones: the number of their piece.

    It is from 1 on, and 0 elsewhere. Scattered missing pixels are like single ones, then pieces by themselves.
    Holes are not: a pixel amid known ones tells nothing of them. Their copies are held out, turned and moved to where
    the picture is known, and halved in size until they fit there and are no more than asked for.
    """
    known, chosen = seen.cpu().numpy(), single.cpu().numpy()
    numbers, missing = np.cumsum(chosen).reshape(chosen.shape) * chosen, ~known
    if known.ndim == 2 and chosen.any() and missing.any():
        away = distance_transform_edt(missing | chosen)
        if away[missing].mean() > ALIKE * away[chosen].mean():
            copies, count = label(_copies(missing, int(chosen.sum()), rng), TOUCHING)
            numbers = copies if count else numbers
    return torch.from_numpy(numbers).to(seen.device)


def _copies(missing: NDArray[np.bool_], count: int, rng: torch.Generator) -> NDArray[np.bool_]:
    """Moved copies of connected holes, about ``count`` pixels in all."""
    held, taken = np.zeros_like(missing), 0
    shape = missing
    while shape.any() and 2 * taken < count:
        for _ in range(PLACES):
            numbered, most = label(_moved(shape, missing.shape, rng), TOUCHING)
            sizes = np.bincount(numbered.ravel(), minlength=most + 1)
            near = numbered[binary_dilation(missing | held, iterations=APART)]
            cut = np.concatenate([numbered[0], numbered[-1], numbered[:, 0], numbered[:, -1], near])
            free = np.setdiff1d(np.arange(1, most + 1), cut)
            free = free[torch.randperm(len(free), generator=rng).numpy()]
            room = free[taken + np.cumsum(sizes[free]) <= count]
            held |= np.isin(numbered, room)
            taken += int(sizes[room].sum())
        if max(shape.shape) == 1:  # there is no room for a single pixel
            break
        shape = shape[::2, ::2]
    return held


def _moved(shape: NDArray[np.bool_], size: tuple[int, ...], rng: torch.Generator) -> NDArray[np.bool_]:
    """The holes on a canvas of this size, turned over and rolled at random."""
    canvas = np.zeros(size, dtype=bool)
    canvas[: shape.shape[0], : shape.shape[1]] = shape
    over = tuple(axis for axis in (0, 1) if torch.rand((), generator=rng) < 0.5)
    move = [int(torch.randint(n, (), generator=rng)) for n in size]
    return np.roll(np.flip(canvas, over), move, (0, 1))
