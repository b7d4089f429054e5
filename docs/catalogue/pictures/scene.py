"""The photograph and the film of all pictures, from scikit-image, and how tensors are shown."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from skimage import data
from torch import Tensor

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE = 64 if SHORT else 128
SPEED = 4 * SIZE / 256


@cache
def photograph(size: int = SIZE) -> Tensor:
    """A face, (3, size, size) in [0, 1]."""
    return _seen(96, size)


def film(frames: int) -> Tensor:
    """The photograph under a camera that moves right by ``SPEED`` pixels per frame, (frames, 3, H, W)."""
    return torch.stack([_seen(96 + 4 * t, SIZE) for t in range(frames)])


def _seen(left: int, size: int) -> Tensor:
    part = torch.from_numpy(data.astronaut()[:256, left : left + 256].copy()).movedim(-1, 0).float() / 255
    return ip.operators.Lanczos(part.shape, factor=256 // size)(part).clamp(0, 1)


def views(caption: str, x: Tensor, most: int = 4) -> dict[str, Tensor]:
    """Viewable pictures (C, H, W): a spectrum by its logarithm, signed values around gray, at most ``most`` of many."""
    if x.is_complex():
        size = torch.fft.fftshift(x.abs(), (-2, -1)).clamp(min=1e-3).log()
        return views(f"log |{caption}|", (size - size.amin()) / (size.amax() - size.amin()))
    pictures = x.flatten(0, -4) if x.ndim > 3 else x[None]
    signed = float(x.amin()) < -0.25 * float(x.amax())
    seen = [_around_gray(p) if signed and float(p.amin()) <= 0 else p for p in pictures[:most]]
    if len(pictures) == 1:
        return {caption: seen[0]}
    return {f"{caption}, {k + 1} of {len(pictures)}": p for k, p in enumerate(seen)}


def _around_gray(x: Tensor) -> Tensor:
    return 0.5 + x / (2 * x.abs().amax().clamp(min=1e-6))


def save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
