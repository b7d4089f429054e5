"""Measurements and images in files that other programs read and write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.failure import called
from invprior.io import Picture, read, write
from invprior.shapes import Shape
from invprior.study.methods.image import image


def write_values(path: Path, y: Tensor, beside: Mapping[str, float]) -> None:
    """Write values by the suffix of the path.

    ``.npz`` holds y as it is, with the numbers ``beside``; ``.tif`` real values (C, H, W) as (H, W, C) in 32-bit
    floats; ``.png`` the same in 8 bits, clipped.

    Raises
    ------
    InvpriorError
        If y is no picture and the file holds pictures alone.
    """
    values = y.detach().cpu()
    if path.suffix == ".npz":
        arrays: dict[str, Any] = {"y": values.numpy()} | {key: np.asarray(number) for key, number in beside.items()}
        np.savez(path, **arrays)
        return
    if values.is_complex() or values.ndim != 3 or values.shape[0] not in (1, 3):
        raise InvpriorError(
            f"a measurement of shape {tuple(y.shape)} is no picture for a {path.suffix} file; write {{{path.stem}.npz}}"
        )
    if path.suffix == ".png":
        write(path, Picture(values.float().clamp(0, 1), None, "uchar", 0.0, 255.0, None))
        return
    pixels = values.float().movedim(0, -1).numpy()
    if pixels.shape[-1] == 1:
        tifffile.imwrite(path, pixels[..., 0])
    else:
        tifffile.imwrite(path, pixels, photometric="rgb")


def read_image(path: Path, shape: Shape, device: torch.device, method: str) -> Tensor:
    """The image that a program wrote.

    Raises
    ------
    InvpriorError
        If there is none, or it is not of this shape, not of floats (PNG apart), or not finite.
    """
    if not path.is_file():
        raise InvpriorError(f"{method} wrote no {path.name}")
    wrote = f"{method} wrote"
    if path.suffix == ".png":
        return image(called(f"read what {method} wrote", lambda: read(path).x), shape, device, wrote)
    if path.suffix == ".npz":
        return image(called(f"read what {method} wrote", lambda: _array(path, method)), shape, device, wrote)
    pixels = called(f"read what {method} wrote", lambda: tifffile.imread(path))
    return image(pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0), shape, device, wrote)


def _array(path: Path, method: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    with np.load(path, allow_pickle=False) as held:
        names = list(held)
        if "x" not in names and len(names) != 1:
            raise InvpriorError(f"{method} wrote the arrays {', '.join(names) or 'none'}; the image is the one named x")
        found: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = held["x" if "x" in names else names[0]]
        return found
