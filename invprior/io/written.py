"""Writing pictures with the depth and the metadata of their source."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from torch import Tensor

import invprior.io.modern as modern
from invprior.arguments import checked
from invprior.errors import InvpriorError
from invprior.io.chunks import replace_chunks, with_chunks, without_chunk
from invprior.io.fits import write_fits
from invprior.io.ifd import Directory, read_tiff, replace_tags, write_exif
from invprior.io.image import FLOATS, Picture
from invprior.io.jpeg import with_comments, with_exif, with_resolution
from invprior.io.kinds import FITS, KINDS, SUFFIXES
from invprior.io.metadata import (
    OME_TYPES,
    ORIENTATION,
    STRUCTURE,
    Origin,
    Outgoing,
    outgoing,
    unknown_resolution,
)
from invprior.io.ome import Size
from invprior.io.orientation import stored
from invprior.io.paths import as_path
from invprior.io.raster import DTYPES, FINEST, first_line
from invprior.io.whole import check_place, whole_file
from invprior.shapes import all_finite, slabs

COLOURS = {"JPEG": (1, 3), "PNG": (1, 3), modern.WEBP: (1, 3), modern.AVIF: (1, 3)}  # and JPEG four inks
DEPTHS = {"JPEG": {"uchar"}, "PNG": {"uchar", "ushort"}, modern.WEBP: {"uchar"}, modern.AVIF: {"uchar", "ushort"}}
PROFILES = ("icc-", "xmp-", "iptc-")
RANGES = {
    "uchar": (0, 2**8 - 1),
    "char": (-(2**7), 2**7 - 1),
    "ushort": (0, 2**16 - 1),
    "short": (-(2**15), 2**15 - 1),
    "uint": (0, 2**32 - 1),
    "int": (-(2**31), 2**31 - 1),
}
QUALITY = 95  # of a file with loss that was no JPEG before
LARGEST = 2**32 - 2**24  # bytes of pixels in a TIFF that is not a BigTIFF


@checked
def write(path: str | Path, picture: Picture) -> None:
    """Write a picture with the depth, alpha, orientation and metadata of its source.

    Profiles, EXIF, XMP, IPTC, the tags of a TIFF, the texts of a PNG and the comments of a JPEG go out as they came,
    sizes and resolution as they have become. :func:`left_out` names what the format of ``path`` cannot hold. The file
    is written under a temporary name and renamed, so a failure leaves an existing file as it was.

    Raises
    ------
    InvpriorError
        If the picture is not one, the suffix is unknown, the format cannot hold the picture's channels or depth, or
        writing fails.
    """
    path = as_path(path)
    check_picture(picture)
    check_writable(path, picture)
    _check_threads()
    kind = KINDS[path.suffix.lower()]
    image = _encoded(picture, turned=kind != modern.AVIF)
    goes = _outgoing(picture, kind)
    if goes is not None:
        image = _profiled(image, picture)
    try:
        with whole_file(path) as temporary:
            if kind == FITS:
                cards = "" if picture.source is None else picture.source.cards
                write_fits(temporary, values_of(picture), cards, picture.zoom)
            elif kind == "TIFF":
                _write_tiff(temporary, image, picture, goes)
            else:
                temporary.write_bytes(_packed(image, kind, picture, goes))
    except pyvips.Error as error:
        raise InvpriorError(f"cannot write {path}: {first_line(error)}") from error


def left_out(path: Path, picture: Picture) -> tuple[str, ...]:
    """Names of what came with a picture and cannot go out to ``path``."""
    kind = KINDS[path.suffix.lower()]
    goes = _outgoing(picture, kind)
    coarse = kind == modern.AVIF and picture.format == "ushort"
    return (
        *picture.unread,
        *((f"the last {16 - modern.AVIF_BITS} of 16 bits",) if coarse else ()),
        *(() if goes is None else goes.lost),
    )


def check_writable(path: Path, picture: Picture | None = None) -> None:
    """Raise if ``write`` would, before any work is done; without a picture only the path is checked."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InvpriorError(f"cannot write {path}: the name must end in one of {', '.join(sorted(SUFFIXES))}")
    check_place(path)
    kind = KINDS[suffix]
    if picture is None or kind == "TIFF":
        return
    if kind == FITS:
        if picture.alpha is not None or picture.format == "char":
            what = "an alpha channel" if picture.alpha is not None else "signed bytes"
            raise InvpriorError(f"cannot write {path}: FITS does not hold {what}; take .tif")
        return
    channels = picture.x.shape[0]
    inks = picture.source is not None and picture.source.header.interpretation == "cmyk" and channels == 4
    if channels not in COLOURS[kind] and not (inks and kind == "JPEG"):
        what = "the four inks of CMYK" if inks else f"{channels} colour channels"
        raise InvpriorError(f"cannot write {path}: {kind} does not hold {what}; take .tif{' or .jpg' if inks else ''}")
    if picture.format not in DEPTHS[kind] or (kind == "JPEG" and picture.alpha is not None):
        deep = picture.format not in DEPTHS[kind]
        what = {"ushort": "16 bits", "short": "signed 16 bits"}.get(picture.format, f"{picture.format} pixels")
        what = what if deep else "an alpha channel"
        better = ".png or .tif" if picture.format in DEPTHS["PNG"] and kind != "PNG" else ".tif"
        better = f"{better}, or 8 bits" if deep and picture.format == "ushort" else better
        raise InvpriorError(f"cannot write {path}: {kind} does not hold {what}; take {better}")


def check_picture(picture: Picture) -> None:
    """Raise unless this is a picture with finite pixels that its file can hold."""
    if not isinstance(picture, Picture):
        raise InvpriorError(
            f"a picture to write is an invprior.io.Picture, as read() gives, got {type(picture).__name__}"
        )
    if picture.format not in DTYPES or picture.format == "double":
        kinds = ", ".join(sorted(set(DTYPES) - {"double"}))
        raise InvpriorError(f"the format of a picture is one of {kinds}, got {picture.format!r}")
    if not (_finite(picture.low) and _finite(picture.high) and picture.low < picture.high):
        raise InvpriorError(
            f"low and high of a picture are numbers with low < high, got {picture.low!r} and {picture.high!r}"
        )
    if not (_finite(picture.zoom) and picture.zoom > 0):
        raise InvpriorError(f"the zoom of a picture is a positive number, got {picture.zoom!r}")
    if not (picture.quality is None or (isinstance(picture.quality, int) and 1 <= picture.quality <= 100)):
        raise InvpriorError(f"the quality of a JPEG is a whole number from 1 to 100, got {picture.quality!r}")
    if not (picture.source is None or isinstance(picture.source, Origin)):
        raise InvpriorError(
            f"the source of a picture is that of one that was read, or None, got {type(picture.source).__name__}"
        )
    _check_pixels(picture.x, "pixels", None)
    if picture.alpha is not None:
        _check_pixels(picture.alpha, "alpha channel", (1, *picture.x.shape[1:]))


def _finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _check_pixels(x: Any, name: str, shape: tuple[int, ...] | None) -> None:
    if not isinstance(x, Tensor):
        raise InvpriorError(f"the {name} of a picture are a tensor, got {type(x).__name__}")
    if x.ndim != 3 or 0 in x.shape or (shape is not None and tuple(x.shape) != shape):
        wanted = "(channels, height, width)" if shape is None else str(shape)
        raise InvpriorError(f"the {name} of a picture have shape {wanted}, got {tuple(x.shape)}")
    if not x.is_floating_point():
        raise InvpriorError(f"the {name} of a picture are floats in [0, 1], got {x.dtype}")
    if not all_finite(x):
        raise InvpriorError(f"the {name} of the picture to write hold NaN or infinite values")


def _outgoing(picture: Picture, kind: str) -> Outgoing | None:
    if picture.source is None:
        return None
    C, *sides = picture.x.shape
    H, W = sides if picture.source.orientation < 5 else sides[::-1]  # as stored
    size = Size(W, H, C + (picture.alpha is not None), OME_TYPES[picture.format])
    return outgoing(picture.source, kind, picture.zoom, size)


def values_of(picture: Picture) -> np.ndarray[Any, Any]:
    """The pixels (H, W, bands) in the values of the file."""
    bands = [*picture.x, *(() if picture.alpha is None else picture.alpha)]
    dtype = np.dtype(DTYPES[picture.format])
    values = np.empty((*bands[0].shape, len(bands)), dtype)
    for k, band in enumerate(bands):
        for rows in slabs(*band.shape):
            value = band[rows].detach().cpu().double().numpy() * (picture.high - picture.low) + picture.low
            if picture.format not in FLOATS:
                least, most = RANGES[picture.format]
                value = np.rint(value.clip(least, most))
            values[rows, :, k] = value
    return values


def _encoded(picture: Picture, turned: bool) -> Any:
    """The pixels as a vips image, upright or turned as in the file that they came from."""
    values, given = values_of(picture), picture.source
    pixels = np.ascontiguousarray(stored(values, given.orientation) if turned and given is not None else values)
    image = pyvips.Image.new_from_array(pixels)
    if given is None or given.header.bands != image.bands:
        return image.copy(interpretation=_interpretation(image))
    return image.copy(interpretation=given.header.interpretation)


def _interpretation(image: Any) -> str:
    if image.bands <= 2:
        return "grey16" if image.format == "ushort" else "b-w"
    return "rgb16" if image.format == "ushort" else "srgb"


def _profiled(image: Any, picture: Picture) -> Any:
    """The image with what libvips carries from one format to another."""
    given = picture.source
    assert given is not None
    xres, yres = (min(v * picture.zoom, FINEST) for v in (given.header.xres, given.header.yres))
    image = image.copy(xres=xres, yres=yres)
    for name in given.header.get_fields():
        fits = not name.startswith("icc-") or given.header.bands == image.bands
        if (name.startswith(PROFILES) and fits) or name == "orientation":
            image.set_type(given.header.get_typeof(name), name, given.header.get(name))
    return image


def _write_tiff(path: Path, image: Any, picture: Picture, goes: Outgoing | None) -> None:
    with path.open("r+b") as file:  # a descriptor, for libvips takes no name that is not UTF-8
        big = image.width * image.height * image.bands * np.dtype(DTYPES[image.format]).itemsize > LARGEST
        target = pyvips.Target.new_to_descriptor(file.fileno())
        packing = "none" if picture.source is None else picture.source.compression
        image.write_to_target(target, ".tif", bigtiff=big, compression=packing)
    if goes is None or picture.source is None:
        return
    written = read_tiff(path)
    assert written is not None
    given = picture.source
    tags: Directory
    if given.kind == "TIFF":  # what libvips carries is among the tags, as it came
        tags = {k: tag for k, tag in written.items() if k in STRUCTURE or (k == ORIENTATION and k in given.tags)}
    else:
        tags = written if given.resolution_known else written | unknown_resolution()
    replace_tags(path, tags | {k: tag for k, tag in goes.tags.items() if k != ORIENTATION})


def _packed(image: Any, kind: str, picture: Picture, goes: Outgoing | None) -> bytes:
    """The bytes of a file that is neither TIFF nor FITS."""
    if kind in modern.SUFFIXES.values():
        without_loss = picture.quality is None and picture.source is not None and picture.source.lossless
        return modern.packed(
            image, kind, {} if goes is None else goes.tags, None if without_loss else _quality(picture)
        )
    # libvips would add a block of EXIF to every file, with a resolution that nobody knows
    keep = "icc:xmp:iptc"
    data: bytes = (
        image.write_to_buffer(".png", keep=keep)
        if kind == "PNG"
        else image.write_to_buffer(".jpg", keep=keep, Q=_quality(picture))
    )
    given = picture.source
    if given is None or goes is None:
        return data
    if kind == "JPEG":
        data = with_resolution(data, (image.xres * 25.4, image.yres * 25.4) if given.resolution_known else None)
        data = with_exif(data, write_exif(goes.tags)) if goes.tags else data
        return with_comments(data, goes.comments)
    if given.kind == "PNG":
        return replace_chunks(data, goes.chunks)
    return with_chunks(data if given.resolution_known else without_chunk(data, b"pHYs"), goes.chunks)


def _quality(picture: Picture) -> int:
    given = None if picture.source is None else picture.source.quality
    return picture.quality or given or QUALITY


_threads = False  # True once libvips has started threads to write with
_orphaned = False  # True in a process that was forked after that


def _note_fork() -> None:
    global _orphaned
    _orphaned = _threads


os.register_at_fork(after_in_child=_note_fork)


def _check_threads() -> None:
    """Raise in a forked process that lacks the threads libvips would wait for."""
    global _threads
    if _orphaned:
        raise InvpriorError(
            "this process was forked from one that had written pictures, and cannot write any; start processes by "
            "multiprocessing's method spawn or forkserver"
        )
    _threads = True
