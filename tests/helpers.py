"""What several tests need: real small pictures, random tensors, the adjoint identity."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from invprior import LinearOperator

# What the record of a run with a truth holds at least.
SCORED_RECORD = (
    "status",
    "kept",
    "iterations",
    "seconds",
    "prior",
    "solver",
    "preset",
    "seed",
    "operator",
    "noise",
    "versions",
    "history",
    "psnr",
    "ssim",
)


@cache
def photograph(name: str = "chelsea.png", size: int = 64, top: int = 60, left: int = 130) -> Tensor:
    """A crop of a photograph that scikit-image carries, (C, size, size) in [0, 1], float64."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    with Image.open(Path(spec.origin).parent / "data" / name) as image:
        values = np.asarray(image, dtype=np.float64) / 255
    values = values[:, :, None] if values.ndim == 2 else values
    return torch.from_numpy(values[top : top + size, left : left + size].transpose(2, 0, 1).copy())


RESTORING = ("denoise", "upscale", "inpaint", "deblur", "dejpeg", "flash")


def randn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def adjoint_error(A: LinearOperator, seed: int = 0, dtype: torch.dtype = torch.float64) -> float:
    """|⟨Ax, y⟩ − ⟨x, Aᴴy⟩| / (‖Ax‖‖y‖ + ‖x‖‖Aᴴy‖), in units of eps·√n: of order one for a right adjoint."""
    x, y = randn(*A.in_shape, seed=seed, dtype=dtype), randn(*A.out_shape, seed=seed + 1, dtype=dtype)
    Ax, Ay = A(x), A.H(y)
    left, right = float((Ax * y).sum()), float((x * Ay).sum())
    size = float(Ax.norm() * y.norm() + x.norm() * Ay.norm())
    n = max(x.numel(), y.numel())
    return 0.0 if size == 0 else abs(left - right) / size / (torch.finfo(dtype).eps * math.sqrt(n))


def psnr(x: Tensor, truth: Tensor) -> float:
    return -10 * math.log10(float((x.double() - truth.double()).square().mean()))


def over(arguments: Iterable[object]) -> list[str]:
    """A command line as words; one that restores a picture may write over its last result."""
    words = [str(a) for a in arguments]
    return [*words, "--overwrite"] if words[0] in RESTORING and "--overwrite" not in words else words
