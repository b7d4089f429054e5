"""An image of few strong edges that explains a blurred picture."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

LAST = 1e3  # the penalty β at which splitting ends


def sharp_edges(y: Tensor, psf: Tensor, weight: float) -> Tensor:
    """min over x of ‖h ∗ x − y‖² + λ Σ_i [ (Dx)_i ≠ 0 ] by half-quadratic splitting, y of shape (H, W).

    Differences u ≈ Dx are set to zero where their squared length is below λ/β, then x follows in closed form, by
    the Fourier transform; β doubles (Xu et al. 2011, algorithm 1). The picture is extended beyond its border by a ramp
    to the opposite one, so that the transform sees no jump; the extension is cut off.
    """
    H, W = y.shape
    Y = _wrapped(y, 2 * psf.shape[0])
    size = (Y.shape[0], Y.shape[1])
    h = _transform(psf, size, (psf.shape[0] - 1) // 2)
    difference = torch.tensor([-1.0, 1.0]).flip(0).to(y)  # x[i + 1] − x[i], as a convolution
    down, across = _transform(difference[:, None], size, 1, 0), _transform(difference[None], size, 0, 1)
    data = h.conj() * torch.fft.rfft2(Y)
    energy, roughness = h.abs().square(), down.abs().square() + across.abs().square()
    x, beta = Y, 2 * weight
    while beta < LAST:
        dr, dc = x.roll(-1, 0) - x, x.roll(-1, 1) - x
        kept = dr.square() + dc.square() >= weight / beta
        u = down.conj() * torch.fft.rfft2(dr * kept) + across.conj() * torch.fft.rfft2(dc * kept)
        x = torch.fft.irfft2((data + beta * u) / (energy + beta * roughness), s=size)
        beta *= 2
    return x[:H, :W]


def _transform(kernel: Tensor, size: tuple[int, int], row: int, column: int | None = None) -> Tensor:
    """The transform of a kernel with its centre at (row, column) moved to the origin."""
    padded = F.pad(kernel, (0, size[1] - kernel.shape[1], 0, size[0] - kernel.shape[0]))
    out: Tensor = torch.fft.rfft2(padded.roll((-row, -(row if column is None else column)), (0, 1)))
    return out


def _wrapped(y: Tensor, margin: int) -> Tensor:
    t = torch.arange(1, margin + 1).to(y) / (margin + 1)
    for _ in range(2):  # to the right, and after transposing below
        y = torch.cat([y, y[:, -1:] * (1 - t) + y[:, :1] * t], 1).T
    return y
