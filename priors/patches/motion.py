"""Where a block of a frame has moved to in the neighbouring frames, in whole pixels."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d

# Pixels that a block may move from one frame to the next, along each axis.
FARTHEST = 10


def followed(gray: Tensor, frame: Tensor, top: Tensor, left: Tensor, size: int, frames: int) -> Tensor:
    """Displacements of N square blocks in the 2F + 1 frames around theirs, (N, 2F + 1, 2), by the least squared error.

    Each frame is searched around the displacement in the frame before, so that a steady motion may go far.

    Parameters
    ----------
    gray
        (T, H, W).
    frame, top, left
        (N,): the block's frame, first row and first column.
    """
    found = torch.zeros(len(frame), 2 * frames + 1, 2, dtype=torch.long, device=gray.device)
    block = _windows(gray, frame, top, left, size)
    for sign in (-1, 1):
        shift = torch.zeros(len(frame), 2, dtype=torch.long, device=gray.device)
        for k in range(1, frames + 1):
            shift = shift + _nearby(gray, frame + sign * k, top + shift[:, 0], left + shift[:, 1], block)
            found[:, frames + sign * k] = shift
    return found


def _nearby(gray: Tensor, frame: Tensor, top: Tensor, left: Tensor, block: Tensor) -> Tensor:
    """The step from (top, left), of up to FARTHEST pixels, at which the frame is most like the block, (N, 2)."""
    size, side = block.shape[-1], 2 * FARTHEST + 1
    around = _windows(gray, frame, top - FARTHEST, left - FARTHEST, size + side - 1)
    mean = block.mean((1, 2), keepdim=True)  # fewer digits are lost in the difference
    around, block = (around - mean)[None], (block - mean)[:, None]
    products = conv2d(around, block, groups=len(block))[0]
    energy = conv2d(around.square(), torch.ones_like(block), groups=len(block))[0]
    least = (energy - 2 * products).flatten(1).argmin(1)
    return torch.stack((least // side, least % side), 1) - FARTHEST


def _windows(gray: Tensor, frame: Tensor, top: Tensor, left: Tensor, size: int) -> Tensor:
    """Square windows (N, size, size); what lies beyond the film is its nearest pixel."""
    along = torch.arange(size, device=gray.device)
    T, H, W = gray.shape
    rows, columns = (top[:, None] + along).clamp(0, H - 1), (left[:, None] + along).clamp(0, W - 1)
    return gray[frame.clamp(0, T - 1)[:, None, None], rows[:, :, None], columns[:, None, :]]
