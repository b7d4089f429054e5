"""What the pictures are made from: a photograph and a film that come with scikit-image, and how to look at tensors."""

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


@cache
def photograph(size: int = SIZE, top: int = 0, left: int = 160) -> Tensor:
    """A face in front of orange and blue, (3, size, size) in [0, 1]."""
    pixels = torch.from_numpy(data.astronaut()[:, :].copy()).movedim(-1, 0).float() / 255
    part = pixels[:, top : top + 2 * SIZE + 2 * top, left : left + 2 * SIZE]
    return ip.operators.Lanczos(part.shape, factor=part.shape[-1] // size)(part).clamp(0, 1)


def film(frames: int) -> Tensor:
    """The photograph under a camera that goes right by two pixels a frame, (frames, 3, H, W)."""
    wide = torch.from_numpy(data.astronaut().copy()).movedim(-1, 0).float() / 255
    return torch.stack([wide[:, :SIZE, 170 + 2 * t : 170 + 2 * t + SIZE] for t in range(frames)])


def views(caption: str, x: Tensor, most: int = 4) -> dict[str, Tensor]:
    """Pictures (C, H, W) in [0, 1] to look at: a spectrum's logarithm, values around 0 as around gray, a few of many."""
    if x.is_complex():
        size = torch.fft.fftshift(x.abs(), (-2, -1)).clamp(min=1e-3).log()
        return views(f"log |{caption}|", (size - size.amin()) / (size.amax() - size.amin()))
    pictures = x.flatten(0, -4) if x.ndim > 3 else x[None]
    if float(x.amin()) < -0.02:
        pictures = 0.5 + pictures / (2 * x.abs().amax())
    if len(pictures) == 1:
        return {caption: pictures[0]}
    return {f"{caption}, {k + 1} of {len(pictures)}": p for k, p in enumerate(pictures[:most])}


def save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
