"""Picture files: read as tensors in [0, 1], written with the metadata of their source."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import torch
from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io.whole import check_place, whole_file

ALPHA = {2: 1, 4: 3}  # number of bands with an alpha channel: without it, for gray and RGB
WHITE = {"uchar": 255.0, "ushort": 65535.0}
GOOD_BITS = 16  # precision assumed for float files
ORIENTATION = "orientation"
# JPEG holds 8 bits and no alpha; PNG and TIFF hold 16 bits, and TIFF floats too.
EIGHT_BIT = {".jpg", ".jpeg"}
DEEP = {".png", ".tif", ".tiff"}
SUFFIXES = frozenset(EIGHT_BIT | DEEP)


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
        Band format of the file: ``uchar``, ``ushort`` or ``float``.
    low, high
        Values of the file that 0 and 1 stand for.
    source
        The decoded file, whose metadata (ICC profile, EXIF, resolution) a written picture takes over.
    """

    x: Tensor
    alpha: Tensor | None
    format: str
    low: float
    high: float
    source: Any

    @property
    def rounding(self) -> float:
        """Standard deviation of the file's rounding error; a float file is assumed to have 16 good bits."""
        return rounding(8 if self.format == "uchar" else GOOD_BITS)

    def in_scale_of(self, other: Picture) -> Tensor:
        """The pixels in the scale of another picture, whose 0 and 1 they share; integers have full scale 1.

        Every float file has its own scale; two pictures can be compared on a common one only.
        """
        (low, high), (to_low, to_high) = ((0.0, 1.0) if p.format in WHITE else (p.low, p.high) for p in (self, other))
        if (low, high) == (to_low, to_high):
            return self.x
        return (self.x * (high - low) + (low - to_low)) / (to_high - to_low)

    def with_pixels(self, x: Tensor, alpha: Tensor | None) -> Picture:
        """The same kind of picture with other pixels."""
        return replace(self, x=x, alpha=alpha)


def rounding(bits: int) -> float:
    """Standard deviation of rounding [0, 1] to ``bits`` bits: the step over √12."""
    return 1 / (((1 << bits) - 1) * math.sqrt(12))


def read(path: str | Path) -> Picture:
    """Read an 8-bit, 16-bit or float picture, turned upright, its alpha channel separate.

    Raises
    ------
    InvpriorError
        If the file is missing, is not a picture, or holds NaN or infinite values.
    """
    source = _decode(Path(path))
    upright = source.autorot()
    values = upright.numpy()
    values = values[:, :, None] if values.ndim == 2 else values
    fmt = "float" if source.format in ("float", "double") else source.format
    if fmt != "float" and fmt not in WHITE:
        raise InvpriorError(f"{path} holds {source.format} pixels; convert it to 8 or 16 bits or float first")
    low, high = _range(values, fmt, path)
    scaled = torch.from_numpy(
        np.ascontiguousarray(
            ((values - np.float32(low)) / np.float32(high - low)).astype(np.float32).transpose(2, 0, 1)
        )
    )
    colours = ALPHA[upright.bands] if upright.hasalpha() and upright.bands in ALPHA else upright.bands
    alpha = scaled[colours:] if colours < upright.bands else None
    return Picture(scaled[:colours].contiguous(), alpha, fmt, low, high, source)


def write(path: str | Path, picture: Picture) -> None:
    """Write a picture with the depth, alpha, ICC profile, metadata and orientation of its source.

    The file is written under a temporary name and renamed, so a failure leaves an existing file as it was.

    Raises
    ------
    InvpriorError
        If the suffix is unknown, the format cannot hold the picture's depth or alpha, or writing fails.
    """
    path = Path(path)
    check_writable(path, picture)
    bands = picture.x if picture.alpha is None else torch.cat([picture.x, picture.alpha.to(picture.x)])
    image = _encode(bands, picture)
    try:
        with whole_file(path) as temporary:
            image.write_to_file(str(temporary), **({"Q": 95} if path.suffix.lower() in EIGHT_BIT else {}))
    except (pyvips.Error, OSError) as error:
        raise InvpriorError(f"cannot write {path}: {_first_line(error)}") from error


def check_readable(path: Path) -> None:
    """Raise if the header of ``path`` is not that of a picture; the pixels are not decoded."""
    _header(path)


def check_writable(path: Path, picture: Picture | None = None) -> None:
    """Raise if ``write`` would, before any work is done; without a picture only the path is checked."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvpriorError(f"cannot write {path}: the name must end in one of {', '.join(sorted(SUFFIXES))}")
    check_place(path)
    if picture is None:
        return
    if suffix in EIGHT_BIT and (picture.format != "uchar" or picture.alpha is not None):
        what = "an alpha channel" if picture.alpha is not None else f"{picture.format} pixels"
        raise InvpriorError(f"cannot write {path}: JPEG does not hold {what}; take .png or .tif")
    if suffix == ".png" and picture.format == "float":
        raise InvpriorError(f"cannot write {path}: PNG does not hold float pixels; take .tif")


def _header(path: Path) -> Any:
    """Open a picture file; its pixels are not decoded yet."""
    if not path.exists():
        raise InvpriorError(f"{path} does not exist")
    if path.is_dir():
        raise InvpriorError(f"{path} is a folder, not a picture")
    try:
        # revalidate: libvips caches files by name, and this one may have been rewritten since
        return pyvips.Image.new_from_file(str(path), fail_on="error", revalidate=True)
    except pyvips.Error as error:
        raise _unreadable(path, error) from error


def _decode(path: Path) -> Any:
    try:
        image = _header(path).copy_memory()
    except pyvips.Error as error:
        raise _unreadable(path, error) from error
    if image.get_typeof("n-pages") and image.get("n-pages") > 1:
        raise InvpriorError(f"{path} holds {image.get('n-pages')} pages; split it into one picture a file")
    return image


def _unreadable(path: Path, error: Exception) -> InvpriorError:
    return InvpriorError(f"{path} is not a picture that can be read: {_first_line(error)}")


def _range(values: np.ndarray[Any, Any], fmt: str, path: str | Path) -> tuple[float, float]:
    """Values that 0 and 1 stand for: the full scale of integers; for floats [0, 1], widened to hold all values."""
    if fmt in WHITE:
        return 0.0, WHITE[fmt]
    if not np.isfinite(values).all():
        raise InvpriorError(f"{path} holds NaN or infinite pixels; replace them first")
    return min(0.0, float(values.min())), max(1.0, float(values.max()))


def _encode(bands: Tensor, picture: Picture) -> Any:
    """The tensor as a vips image in the stored orientation, with the source's metadata."""
    values = bands.detach().cpu().double().permute(1, 2, 0).numpy() * (picture.high - picture.low) + picture.low
    if picture.format in WHITE:
        kind = np.uint8 if picture.format == "uchar" else np.uint16
        values = np.rint(values.clip(0, picture.high)).astype(kind)
    else:
        values = values.astype(np.float32)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(values))
    source = picture.source
    if source is None:
        return image.copy(interpretation=_interpretation(image.bands, picture.format))
    image = _stored(image, source)
    image = image.copy(interpretation=source.interpretation, xres=source.xres, yres=source.yres)
    for name in source.get_fields():
        if name.startswith(("exif-", "icc-", "xmp-", "iptc-")) or name == ORIENTATION:
            image.set_type(source.get_typeof(name), name, source.get(name))
    return image


def _interpretation(bands: int, fmt: str) -> str:
    if bands <= 2:
        return "grey16" if fmt == "ushort" else "b-w"
    return "rgb16" if fmt == "ushort" else "srgb"


def _stored(image: Any, source: Any) -> Any:
    """Undo the turn that made the picture upright (EXIF orientation 1 to 8)."""
    orientation = source.get(ORIENTATION) if source.get_typeof(ORIENTATION) else 1
    if orientation in (2, 4, 5, 7):  # mirrored: upright was turn, then mirror; to undo, mirror first
        image = image.fliphor()
    return image.rot({3: "d180", 4: "d180", 5: "d270", 6: "d270", 7: "d90", 8: "d90"}.get(orientation, "d0"))


def _first_line(error: Exception) -> str:
    detail = getattr(error, "detail", "") or str(error)
    return " ".join(str(detail).split())
