"""FITS, the files of astronomy: the pixels of the first image in it, and its header; needs the extra ``fits``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from invprior.errors import InvpriorError
from invprior.io.room import check_room

SUFFIXES = frozenset({".fits", ".fit", ".fts"})
# What a file begins with.
SIGN = b"SIMPLE  ="
# Cards that say how the pixels are stored, and those of the file that they came from, which the written one gets anew.
STRUCTURE = (
    *("SIMPLE", "XTENSION", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "NAXIS3", "NAXIS4", "EXTEND", "PCOUNT", "GCOUNT"),
    *("BSCALE", "BZERO", "BLANK", "DATAMIN", "DATAMAX", "CHECKSUM", "DATASUM"),
)
# The field of a vips image that bears the cards.
CARDS = "fits-header"
KINDS = {"u1", "i2", "u2", "i4", "u4", "f4", "f8"}


def is_fits(path: Path) -> bool:
    """True if a file begins as FITS does."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGN)) == SIGN
    except OSError:
        return False


def read_header(path: Path) -> tuple[str, tuple[int, int, int]]:
    """The cards of the first image as text, and its height, width and number of planes.

    Raises
    ------
    InvpriorError
        If astropy is missing, or there is no image of two or three axes.
    """
    with _opened(path) as found:
        image = _image(path, found)
        return image.header.tostring(sep="\n"), _shape(image.shape)


def decode_fits(path: Path) -> np.ndarray[Any, Any]:
    """The pixels of the first image, (H, W, planes), its first row first as it is stored.

    Raises
    ------
    InvpriorError
        As :func:`read_header`, or if they do not fit into memory.
    """
    with _opened(path) as found:
        image = _image(path, found)
        height, width, planes = _shape(image.shape)
        check_room(path, width, height, planes, 8)
        try:
            values = np.asarray(image.data)
        except Exception as error:  # a damaged file can raise anything
            raise _unreadable(path, error) from error
        values = values.reshape(planes, height, width).transpose(1, 2, 0)
        kind = values.dtype.newbyteorder("=")
        if kind.str[1:] not in KINDS:
            kind = np.dtype(np.float64)
        return np.ascontiguousarray(values.astype(kind))


def write_fits(path: Path, values: np.ndarray[Any, Any], cards: str, zoom: float) -> None:
    """Write pixels (H, W, planes) with the cards of the file that they came from, if any.

    The coordinates of the sky follow pixels that have become ``zoom`` times smaller.
    """
    fits = _astropy(path)
    header = fits.Header.fromstring(cards, sep="\n") if cards else fits.Header()
    for name in STRUCTURE:
        header.remove(name, ignore_missing=True, remove_all=True)
    if zoom != 1:
        _zoomed(header, zoom)
    planes = np.moveaxis(values, -1, 0)
    fits.PrimaryHDU(planes[0] if len(planes) == 1 else planes, header).writeto(path, overwrite=True)


def _zoomed(header: Any, zoom: float) -> None:
    """The world coordinates of pixels that are smaller; that of the first pixel's middle is 1."""
    for axis in (1, 2):
        if f"CRPIX{axis}" in header:
            header[f"CRPIX{axis}"] = (header[f"CRPIX{axis}"] - 0.5) * zoom + 0.5
        if f"CDELT{axis}" in header:
            header[f"CDELT{axis}"] /= zoom
        for other in (1, 2):
            if f"CD{other}_{axis}" in header:
                header[f"CD{other}_{axis}"] /= zoom


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The parts of a file; what astropy only warns of is an error once the pixels are missing."""
    fits = _astropy(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = fits.open(path, memmap=False)
        except Exception as error:  # a damaged file can raise anything
            raise _unreadable(path, error) from error
        with found:
            yield found


def _astropy(path: Path) -> Any:
    try:
        from astropy.io import fits
    except ModuleNotFoundError as error:
        raise InvpriorError(f"{path} is FITS, which needs astropy; install it with pip install astropy") from error
    return fits


def _image(path: Path, found: Any) -> Any:
    """The first image with two or three axes, axes of one aside."""
    try:
        for hdu in found:
            if hdu.is_image and len(_axes(hdu.shape)) in (2, 3):
                return hdu
    except Exception as error:
        raise _unreadable(path, error) from error
    raise InvpriorError(f"{path} holds no image of two or three axes")


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    axes = _axes(shape)
    return axes[-2], axes[-1], axes[0] if len(axes) == 3 else 1


def _unreadable(path: Path, error: Exception) -> InvpriorError:
    said = " ".join(str(error).split())[:120]
    return InvpriorError(f"{path} is not a picture that can be read: {said}")
