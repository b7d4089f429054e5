"""Pictures of a study for eyes: 8-bit PNGs of images and measurements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invprior.io import Picture, write
from invprior.noise import Gaussian
from invprior.priors import NoPrior
from invprior.problem import Problem
from invprior.study.measurement import Trial


def visible(given: Trial) -> Tensor:
    """The measurement if it is a picture, else its back projection."""
    y = given.y
    if y.is_floating_point() and y.ndim == 3 and y.shape[0] == given.truth.shape[0]:
        return y
    return Problem(given.operator, y, noise=Gaussian(1.0), prior=NoPrior()).back_projection()


def pixels(x: Tensor) -> NDArray[np.uint8]:
    """(C, H, W) in [0, 1] as (H, W, C) in 8 bits."""
    out: NDArray[np.uint8] = x.clamp(0, 1).mul(255).round().to(torch.uint8).movedim(-3, -1).contiguous().cpu().numpy()
    return out


def write_pixels(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, C) in 8 bits as PNG."""
    x = torch.from_numpy(pixels).movedim(-1, 0).float() / 255
    write(path, Picture(x, None, "uchar", 0.0, 255.0, None))


def png_size(png: bytes) -> list[int]:
    """Height and width of a PNG, from its header."""
    return [int.from_bytes(png[at : at + 4], "big") for at in (20, 16)]
