"""Picture files: read as tensors in [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.kinds import FITS
from invprior.io.metadata import EXTRA_SAMPLES, Origin, origin
from invprior.io.orientation import upright
from invprior.io.paths import as_path
from invprior.io.raster import DTYPES, check_header, decode
from invprior.shapes import slabs

ALPHA = {2: 1, 4: 3}  # number of bands with an alpha channel: without it, for gray and RGB
NO_COLOUR = {"b-w", "grey16", "multiband", "cmyk"}  # four bands of these kinds are four channels
# Values of one unit: white for unsigned integers, the largest positive number for signed ones, which have no white.
FULL = {"uchar": 255.0, "ushort": 65535.0, "char": 127.0, "short": 32767.0}
UNSIGNED = {"uchar", "ushort"}
FLOATS = {"float", "double"}
NEAR = 1e-3
GOOD_BITS = 16  # precision assumed for float files
DAMAGED = "is damaged ({}); what its decoder made up is taken as it is; mark it as a hole of inpaint to have it filled"
GREATEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and the metadata of its file.

    Attributes
    ----------
    x
        Colour channels of the upright picture, shape (C, H, W), float32 in [0, 1].
    alpha
        The alpha channel, shape (1, H, W) in [0, 1], or None.
    format
        Band format of the file: ``uchar``, ``ushort``, ``char``, ``short``, ``uint``, ``int`` or ``float``.
    low, high
        Values of the file that 0 and 1 stand for.
    source
        What else was in the file: the metadata (profiles, EXIF, texts, resolution) that a written picture takes over.
    zoom
        How many times smaller its pixels are than those of the file; a written resolution is multiplied by it.
    quality
        The quality of a JPEG that is written, 1 to 100; None for that of the file, or 95 if it had none. WebP and AVIF
        have 95 too, unless the file was one without loss.
    unread
        Names of what was in the file and is not in ``x``.
    notice
        What a user has to know of how the file was read, as the end of a sentence about it; empty for nothing.
    """

    x: Tensor
    alpha: Tensor | None
    format: str
    low: float
    high: float
    source: Origin | None
    zoom: float = 1.0
    quality: int | None = None
    unread: tuple[str, ...] = ()
    notice: str = ""

    @property
    def rounding(self) -> float:
        """Standard deviation of the file's rounding error; a float file is assumed to have 16 good bits."""
        least = rounding(GOOD_BITS)
        if self.format in FLOATS:
            return least
        step = 1 / ((self.high - self.low) * math.sqrt(12))
        return step if self.format in FULL else max(step, least)

    @property
    def scale(self) -> tuple[float, float]:
        """What 0 and 1 stand for, with the full scale of a kind of integers as the unit."""
        unit = FULL.get(self.format, 1.0)
        return self.low / unit, self.high / unit

    def in_scale_of(self, other: Picture) -> Tensor:
        """The pixels in the scale of another picture, whose 0 and 1 they share; integers have full scale 1.

        Every float file has its own scale; two pictures can be compared on a common one only.
        """
        (low, high), (to_low, to_high) = self.scale, other.scale
        if (low, high) == (to_low, to_high):
            return self.x
        return (self.x * (high - low) + (low - to_low)) / (to_high - to_low)

    def with_pixels(self, x: Tensor, alpha: Tensor | None, zoom: float = 1.0) -> Picture:
        """The same kind of picture with other pixels, which are ``zoom`` times smaller."""
        return replace(self, x=x, alpha=alpha, zoom=self.zoom * zoom)


def of_depth(picture: Picture, bits: int) -> Picture:
    """The picture to be written with 8 or 16 bits a value.

    Raises
    ------
    InvpriorError
        If the values of its file have no white to count from.
    """
    if picture.format not in UNSIGNED:
        raise InvpriorError(
            f"a file of {picture.format} values has no full scale to write with {bits} bits; leave the depth as it is"
        )
    kind = {8: "uchar", 16: "ushort"}[bits]
    return replace(picture, format=kind, low=0.0, high=FULL[kind])


def rounding(bits: int) -> float:
    """Standard deviation of rounding [0, 1] to ``bits`` bits: the step over √12."""
    return 1 / (((1 << bits) - 1) * math.sqrt(12))


@checked
def read(path: str | Path, *, missing: bool = False) -> Picture:
    """Read a picture of integers or floats, turned upright, its alpha channel separate.

    8 and 16 bits have full scale 1. In signed files of 8 and 16 bits 127 and 32767 are 1, counted from the least value
    if that is negative. Floats and 32-bit integers are values: 0 and 1 stand for themselves, or for the least and the
    largest value of the file if these lie beyond. Values that differ by less than a thousandth of themselves are
    counted from the least one. Files of 64 bits are read as floats.

    Parameters
    ----------
    path
        A file with one of the suffixes of :data:`invprior.io.kinds.SUFFIXES`.
    missing
        True if NaN marks pixels that were not measured; ``x`` then holds NaN there.

    Raises
    ------
    InvpriorError
        If the file is missing, is not a picture, does not fit into memory, or holds infinite or complex values, or NaN
        that does not mark missing pixels.
    """
    path = as_path(path)
    raster = decode(path)
    H, W, bands = raster.values.shape
    given = origin(path, raster.header, (W, H))
    values = upright(raster.values, given.orientation)
    kind, unread = kind_of(raster.values)
    x, low, high = scaled(values, kind, path, missing)
    colours = _colours(given, bands)
    alpha = x[colours:] if colours < bands else None
    notice = DAMAGED.format(raster.damage) if raster.damage else ""
    return Picture(x[:colours], alpha, kind, low, high, given, unread=unread, notice=notice)


def read_whole(path: Path, consequence: str) -> Picture:
    """Read a picture of which nothing may be made up; raises with the ``consequence`` if something was."""
    picture = read(path)
    if picture.notice:
        raise InvpriorError(f"{path} {picture.notice.partition(';')[0]}, and {consequence}")
    return picture


def kind_of(values: np.ndarray[Any, Any]) -> tuple[str, tuple[str, ...]]:
    """The format of a picture of these values, and what of them single precision loses."""
    if values.dtype.itemsize >= 8:
        return "float", ("the precision of 64 bits, of which 32 remain",)
    return next((name for name, dtype in DTYPES.items() if values.dtype == dtype), "float"), ()


def scaled(values: np.ndarray[Any, Any], kind: str, path: Path, missing: bool = False) -> tuple[Tensor, float, float]:
    """Values (H, W, bands) as (bands, H, W) in [0, 1], and what 0 and 1 stand for; see :func:`read`."""
    low, high = _range(values, kind, path, missing)
    # float32 has the digits of 16 bits; larger values are shifted and scaled with those of float64
    number = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    x = torch.empty(values.shape[2], *values.shape[:2])
    for k in range(len(x)):
        for rows in slabs(*values.shape[:2]):
            part = (values[rows, :, k] - number(low)) / number(high - low)
            x[k, rows] = torch.from_numpy(part.astype(np.float32, copy=False))
    return x, low, high


def check_readable(path: Path) -> None:
    """Raise if the header of ``path`` is not that of a picture; the pixels are not decoded."""
    check_header(path)


def _colours(given: Origin, bands: int) -> int:
    """How many bands come before the alpha channel."""
    extra = given.tags.get(EXTRA_SAMPLES) if given.kind == "TIFF" else None
    said_no = extra is not None and not isinstance(extra, dict) and not any(extra.values)  # unspecified samples
    if given.kind == FITS or bands not in ALPHA or said_no or (bands == 4 and given.header.interpretation in NO_COLOUR):
        return bands
    return ALPHA[bands]


def _range(values: np.ndarray[Any, Any], kind: str, path: Path, missing: bool) -> tuple[float, float]:
    """Values that 0 and 1 stand for."""
    if kind in UNSIGNED:
        return 0.0, FULL[kind]
    if missing and np.isnan(values).all():
        raise InvpriorError(f"{path} holds nothing but NaN; there is no pixel to restore it from")
    least, most = (float(f(values)) for f in ((np.nanmin, np.nanmax) if missing else (np.min, np.max)))
    if not (math.isfinite(least) and math.isfinite(most)):
        raise InvpriorError(f"{path} holds NaN or infinite pixels; replace them, or inpaint them as missing")
    if max(-least, most) > GREATEST:
        raise InvpriorError(f"{path} holds values beyond {GREATEST:.1e}, the largest 32-bit float; scale it first")
    # beside a pedestal much larger than what is in the picture, single precision has no digits left for that
    pedestal = least > 1 and most - least < NEAR * least
    low = least if least < 0 or pedestal else 0.0
    return low, max(low + FULL[kind] if kind in FULL else 1.0, most)
