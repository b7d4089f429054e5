"""Decoding the pixels of a file, in the calling thread.

libvips decodes in threads of its own, which a forked process lacks and would wait for. A region of an image that is
opened for sequential access is decoded by the thread that asks for it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import tifffile

from invprior.errors import InvpriorError
from invprior.io.fits import CARDS, decode_fits, is_fits, read_header
from invprior.io.ifd import Tag, read_tiff
from invprior.io.kinds import RAW
from invprior.io.modern import NO_HEVC, is_hevc
from invprior.io.paths import check_regular
from invprior.io.room import check_room

logging.getLogger(tifffile.__name__).addHandler(logging.NullHandler())  # what is wrong is said in an exception
SYSTEM = "system error: "
STRIP = 1 << 22  # bytes decoded at a time
DTYPES = {
    "uchar": np.uint8,
    "char": np.int8,
    "ushort": np.uint16,
    "short": np.int16,
    "uint": np.uint32,
    "int": np.int32,
    "float": np.float32,
    "double": np.float64,
}
FINEST = 1e6  # pixels in a millimetre that libvips knows
BITS_PER_SAMPLE, ORIENTATION = 258, 274
COMPLEX = "complex pixels; write their magnitude, or real and imaginary part, as pictures of their own"


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels as they are stored, (H, W, bands), and a vips image of one pixel that bears what the file says of them.

    ``damage`` says what the decoder met if it went on all the same and made up what it could not read.
    """

    values: np.ndarray[Any, Any]
    header: Any
    damage: str = ""


def check_developed(path: Path) -> None:
    """Raise if a name is that of a camera's raw file, of which libvips would read a small picture or the mosaic."""
    if path.suffix.lower() in RAW:
        raise InvpriorError(f"{path} is the raw file of a camera; invprior develop restores it")


def check_header(path: Path) -> None:
    """Raise if ``path`` is not a picture that can be decoded; the pixels are not."""
    check_regular(path)
    check_developed(path)
    if is_fits(path):
        read_header(path)
    elif _deep(path) is None:
        _opened(path)


def size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is to be seen, from its header."""
    check_regular(path)
    if is_fits(path):
        height, width, _ = read_header(path)[1]
        return width, height
    deep = _deep(path)
    if deep is not None:
        width, height = deep.imagewidth, deep.imagelength
        turn = int(deep.tags[ORIENTATION].value) if ORIENTATION in deep.tags else 1
    else:
        image = _opened(path)
        width, height = image.width, image.height
        turn = image.get("orientation") if image.get_typeof("orientation") else 1
    return (height, width) if 5 <= turn <= 8 else (width, height)


def decode(path: Path) -> Raster:
    """Read the pixels.

    Raises
    ------
    InvpriorError
        If the file is missing, is no regular file or no picture, holds several pages or pixels of another kind than
        real numbers, or does not fit into memory.
    """
    check_regular(path)
    check_developed(path)
    if is_fits(path):
        return _astronomical(path)
    deep = _deep(path)
    if deep is not None:
        return _deep_raster(path, deep)
    image = _opened(path)
    if not str(image.get("vips-loader")).startswith("jpegload"):
        return Raster(_pixels(path, image), _bare(image))
    # libjpeg goes on where the data are corrupt, and says so as a warning; other decoders warn of what is harmless
    try:
        return Raster(_pixels(path, _opened(path, fail_on="warning")), _bare(image))
    except InvpriorError as error:
        met = str(error).rpartition("VipsJpeg:")[2].strip()
        return Raster(_pixels(path, image), _bare(image), met)


def _pixels(path: Path, image: Any) -> np.ndarray[Any, Any]:
    """The pixels (H, W, bands) of an opened image."""
    item = np.dtype(DTYPES[image.format]).itemsize
    check_room(path, image.width, image.height, image.bands, item)
    row = image.width * image.bands * item
    values = np.empty((image.height, image.width, image.bands), DTYPES[image.format])
    rows = max(1, min(STRIP // row, image.height))
    try:
        region = pyvips.Region.new(image)
        for top in range(0, image.height, rows):
            count = min(rows, image.height - top)
            strip = np.frombuffer(region.fetch(0, top, image.width, count), values.dtype)
            values[top : top + count] = strip.reshape(count, image.width, image.bands)
    except pyvips.Error as error:
        raise _unreadable(path, error) from error
    return values


def _opened(path: Path, fail_on: str = "error") -> Any:
    """Open a picture file; its pixels are not decoded yet."""
    try:
        with path.open("rb") as file:  # a descriptor, for libvips takes no name that is not UTF-8
            source = pyvips.Source.new_from_descriptor(file.fileno())
        image = pyvips.Image.new_from_source(source, "", access="sequential", fail_on=fail_on)
    except pyvips.Error as error:
        raise _unreadable(path, error) from error
    except OSError as error:
        raise InvpriorError(f"cannot read {path}: {error.strerror}") from error
    if image.format not in DTYPES:
        raise InvpriorError(f"{path} holds {COMPLEX}")
    pages = image.get("n-pages") if image.get_typeof("n-pages") else 1
    _check_pages(path, pages)
    return image


def _bare(image: Any) -> Any:
    """One pixel with the metadata of an image, which then holds neither its pixels nor its file."""
    pixel = pyvips.Image.new_from_array(np.zeros((1, 1, image.bands), DTYPES[image.format]))
    pixel = pixel.copy(interpretation=image.interpretation, xres=min(image.xres, FINEST), yres=min(image.yres, FINEST))
    for name in image.get_fields():
        if pixel.get_typeof(name) == 0 and name != "vips-sequential":
            pixel.set_type(image.get_typeof(name), name, image.get(name))
    return pixel


def _deep(path: Path) -> Any:
    """The first page of a TIFF of 64 bits a value or more, which libvips does not read; None for all other files."""
    try:
        bits = (read_tiff(path) or {}).get(BITS_PER_SAMPLE)
        if not isinstance(bits, Tag) or max(bits.values, default=0) < 64:
            return None
        with tifffile.TiffFile(path) as tiff:
            pages, page = len(tiff.pages), tiff.pages.first
    except OSError as error:
        raise InvpriorError(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # it has no exception of its own for damaged files
        raise _unreadable(path, error) from error
    _check_pages(path, pages)
    return page


def _deep_raster(path: Path, page: Any) -> Raster:
    if page.dtype is None or 0 in (page.imagewidth, page.imagelength, page.samplesperpixel):
        raise InvpriorError(f"{path} is not a picture that can be read: its tags describe no pixels")
    if page.dtype.kind == "c":
        raise InvpriorError(f"{path} holds {COMPLEX}")
    bands = page.samplesperpixel
    check_room(path, page.imagewidth, page.imagelength, bands, page.dtype.itemsize)
    try:
        with tifffile.TiffFile(path) as tiff:
            values = tiff.pages.first.asarray()
    except Exception as error:  # damaged or packed in a way that it does not unpack: it has no exception of its own
        raise _unreadable(path, error) from error
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and bands > 1:
        values = np.moveaxis(values, 0, -1)
    values = values.reshape(page.imagelength, page.imagewidth, bands).astype(np.float64)
    pixel = pyvips.Image.new_from_array(np.zeros((1, 1, bands)))
    pixel = pixel.copy(interpretation="rgb" if page.photometric == tifffile.PHOTOMETRIC.RGB else "b-w")
    if ORIENTATION in page.tags:
        pixel.set_type(pyvips.GValue.gint_type, "orientation", int(page.tags[ORIENTATION].value))
    for number, name in ((34675, "icc-profile-data"), (700, "xmp-data"), (33723, "iptc-data")):
        if number in page.tags and isinstance(page.tags[number].value, bytes):
            pixel.set_type(pyvips.GValue.blob_type, name, page.tags[number].value)
    return Raster(values, pixel)


def _astronomical(path: Path) -> Raster:
    """The image of a FITS file; its planes are channels, and never an alpha channel."""
    values = decode_fits(path)
    kind = next(name for name, dtype in DTYPES.items() if np.dtype(dtype) == values.dtype)
    pixel = pyvips.Image.new_from_array(np.zeros((1, 1, values.shape[2]), values.dtype))
    pixel = pixel.cast(kind).copy(interpretation="multiband")
    pixel.set_type(pyvips.GValue.gstr_type, CARDS, read_header(path)[0])
    pixel.set_type(pyvips.GValue.gstr_type, "vips-loader", "fitsload")
    return Raster(values, pixel)


def _check_pages(path: Path, pages: int) -> None:
    if pages > 1:
        raise InvpriorError(f"{path} holds {pages} pages; restore it by itself, or split it into one picture a file")


def _unreadable(path: Path, error: Exception) -> InvpriorError:
    if is_hevc(path):
        return InvpriorError(f"{path} is HEIC, {NO_HEVC}")
    return InvpriorError(f"{path} is not a picture that can be read: {first_line(error)}")


def first_line(error: Exception) -> str:
    """What went wrong, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    detail = str(getattr(error, "detail", "") or error)
    if SYSTEM in detail:  # libvips tells the same thing several times
        detail = detail.partition(SYSTEM)[2].strip().splitlines()[0]
    return " ".join(detail.split())
