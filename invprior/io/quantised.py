"""What a JPEG file holds before it is decoded: quantised coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.metadata import ORIENTATION
from invprior.io.paths import as_path, check_regular


@dataclass(frozen=True, eq=False)
class Quantised:
    """The coefficients of a JPEG file, and how they were made.

    Attributes
    ----------
    shape
        Shape of the picture as it is stored, (1, H, W) or (3, H, W).
    coefficients
        Whole numbers, plane after plane, block after block, as :class:`~invprior.operators.JPEG` has them.
    steps
        (planes, 8, 8).
    sampling
        For every plane how many pixels high and wide a stored value is.
    """

    shape: tuple[int, int, int]
    coefficients: Tensor
    steps: Tensor
    sampling: tuple[tuple[int, int], ...]


@checked
def read_quantised(path: str | Path) -> Quantised:
    """Read the coefficients of a JPEG file.

    Raises
    ------
    InvpriorError
        If the file is no JPEG of gray or of Y, Cb and Cr, or the package jpeglib is not installed.
    """
    path = as_path(path)
    check_regular(path)
    try:
        import jpeglib
    except ImportError as error:
        raise InvpriorError("the coefficients of a JPEG need jpeglib; pip install -e '.[jpeg]' in the clone") from error
    with path.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            raise InvpriorError(f"{path} is no JPEG file, and only a JPEG states how it was quantised; take denoise")
    try:
        found = jpeglib.read_dct(str(path))
        planes = [p for p in (found.Y, found.Cb, found.Cr) if p is not None]
        space = str(found.jpeg_color_space)
    except Exception as error:  # it has no exception of its own for damaged files
        raise InvpriorError(f"{path} is not a picture that can be read: {' '.join(str(error).split())}") from error
    if len(planes) not in (1, 3) or found.K is not None or not space.endswith(("GRAYSCALE", "YCbCr")):
        raise InvpriorError(f"{path} holds colours other than gray or Y, Cb and Cr; convert it to sRGB first")
    factors = np.asarray(found.samp_factor)[: len(planes)]
    sampling = tuple((int(v), int(h)) for v, h in factors.max(0) // factors)
    tables = np.asarray(found.qt)[np.asarray(found.quant_tbl_no)[: len(planes)]]
    rows, columns = (int(n) for n in factors.max(0))
    blocks = (-(-found.height // (8 * rows)) * rows, -(-found.width // (8 * columns)) * columns)
    parts = []
    for plane, (v, h) in zip(planes, sampling, strict=True):
        wanted = (blocks[0] // v, blocks[1] // h)
        parts.append(_filled(torch.from_numpy(np.asarray(plane).astype(np.float32)), wanted).flatten())
    shape = (len(planes), int(found.height), int(found.width))
    return Quantised(shape, torch.cat(parts), torch.from_numpy(tables.astype(np.float32)), sampling)


def header_orientation(path: Path) -> int:
    """How a picture is stored, 1 to 8 as in EXIF."""
    with Image.open(path) as header:
        found = header.getexif().get(ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def _filled(plane: Tensor, wanted: tuple[int, int]) -> Tensor:
    """The blocks (rows, columns, 8, 8); those that a file leaves out at its ends repeat the last ones."""
    rows, columns = (torch.arange(n).clamp(max=have - 1) for n, have in zip(wanted, plane.shape[:2], strict=True))
    return plane[rows][:, columns]
