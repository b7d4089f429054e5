"""TIFF files of several pages: taken apart into one file a page, and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from invprior.errors import InvpriorError
from invprior.io.image import Picture, kind_of, scaled
from invprior.io.raster import COMPLEX, first_line
from invprior.io.room import check_room
from invprior.io.whole import whole_file
from invprior.io.written import values_of

SUFFIXES = (".tif", ".tiff")
# Axes of a stack that is described along which neighbours are not those of a volume.
NOT_SPACE = {"C": "channels", "S": "samples", "T": "times"}
# Packings that are taken over; all are without loss.
LOSSLESS = {"LZW", "ADOBE_DEFLATE", "DEFLATE", "PACKBITS", "ZSTD", "LZMA"}


def pages(path: Path) -> int:
    """The number of pages of a TIFF; 1 for all other files."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return 1
    try:
        with tifffile.TiffFile(path) as tiff:
            return len(tiff.pages)
    except Exception:  # what is wrong with it is said when it is read
        return 1


def split(path: Path, folder: Path) -> list[Path]:
    """Write every page of a TIFF into a file of its own, the same bytes each time.

    Raises
    ------
    InvpriorError
        If a page cannot be read, or the folder cannot be written.
    """
    files = []
    try:
        with tifffile.TiffFile(path) as tiff:
            for number, page in enumerate(tiff.pages, start=1):
                file = folder / f"page-{number:05d}.tif"
                file.unlink(missing_ok=True)
                tifffile.imwrite(file, page.asarray(), metadata=None, **_kind(page))
                files.append(file)
    except OSError as error:
        raise InvpriorError(f"cannot take {path} apart: {error.strerror or error}") from error
    except Exception as error:  # tifffile has no exception of its own for damaged files
        raise InvpriorError(f"{path} is not a picture that can be read: {first_line(error)}") from error
    return files


def read_volume(path: Path) -> Picture:
    """The pages of a TIFF as a picture (D, H, W).

    Raises
    ------
    InvpriorError
        If it is no TIFF, holds one page, or its pages are no gray pictures of one size and kind.
    """
    if pages(path) < 2:
        raise InvpriorError(f"{path} is no TIFF of several pages, which a volume is; restore it as a picture")
    try:
        with tifffile.TiffFile(path) as tiff:
            first = tiff.pages.first
            alike = all(p.shape == first.shape and p.dtype == first.dtype for p in tiff.pages)
            if not alike or first.samplesperpixel != 1 or len(first.shape) != 2:
                raise InvpriorError(
                    f"the pages of {path} are no gray pictures of one size and kind; restore them one by one"
                )
            if np.dtype(first.dtype).kind == "c":
                raise InvpriorError(f"{path} holds {COMPLEX}")
            series = tiff.series[0]
            for axis, count in zip(series.axes, series.shape, strict=True):
                if axis in NOT_SPACE and count > 1:
                    raise InvpriorError(
                        f"the pages of {path} are {count} {NOT_SPACE[axis]}, as it says, and a volume has one; restore "
                        "them one by one, or take them apart"
                    )
            check_room(path, first.shape[1], first.shape[0], len(tiff.pages), np.dtype(first.dtype).itemsize)
            values = np.stack([page.asarray() for page in tiff.pages], axis=-1)
    except OSError as error:
        raise InvpriorError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, KeyError, RuntimeError, tifffile.TiffFileError) as error:
        raise InvpriorError(f"{path} is not a picture that can be read: {first_line(error)}") from error
    kind, unread = kind_of(values)
    x, low, high = scaled(values, kind, path)
    return Picture(x, None, kind, low, high, None, unread=unread)


def write_volume(path: Path, picture: Picture, source: Path) -> None:
    """Write a picture (D, H, W) as the pages of a TIFF, packed and described as those of ``source``."""
    values = values_of(picture)
    with tifffile.TiffFile(source) as before, whole_file(path) as temporary:
        first = before.pages.first
        slices = (np.ascontiguousarray(values[:, :, number]) for number in range(values.shape[2]))
        _write_pages(temporary, ((page, _kind(first)) for page in slices), first.description, values.nbytes)


def join(parts: Sequence[Path], path: Path, source: Path) -> tuple[str, ...]:
    """Write pages into one TIFF, packed and described as those of ``source``; returns what could not be kept.

    The description of ImageJ says how the pages are ordered, and is kept as it is; that of OME states their size too,
    and is left out if that has changed.
    """
    lost: tuple[str, ...] = ()
    with tifffile.TiffFile(source) as before, whole_file(path) as temporary:
        first = before.pages.first
        text = first.description
        with tifffile.TiffFile(parts[0]) as one:
            changed = one.pages.first.shape[:2] != first.shape[:2]
        if before.is_ome and changed:
            text, lost = "", ("the description of OME, which states another size",)
        total = sum(part.stat().st_size for part in parts)
        kept = {"compression": _packing(first)}
        _write_pages(temporary, ((page, kind | kept) for page, kind in map(_page, parts)), text, total)
    return lost


def _page(part: Path) -> tuple[np.ndarray[Any, Any], dict[str, Any]]:
    """The values of a file of one page, and how it was written."""
    with tifffile.TiffFile(part) as one:
        return one.pages.first.asarray(), _kind(one.pages.first)


def _write_pages(
    path: Path, pages: Iterable[tuple[np.ndarray[Any, Any], dict[str, Any]]], text: str, size: int
) -> None:
    """Write pages of ``size`` bytes in all, each in its way, the first with a description if there is one."""
    with tifffile.TiffWriter(path, bigtiff=size > 2**31) as writer:
        for number, (page, kind) in enumerate(pages):
            writer.write(page, metadata=None, description=text or None if number == 0 else None, **kind)


def _kind(page: Any) -> dict[str, Any]:
    """How a page is to be written: as it came."""
    kind: dict[str, Any] = {
        "photometric": page.photometric,
        "planarconfig": page.planarconfig if page.samplesperpixel > 1 else None,
        "compression": _packing(page),
        "software": False,
    }
    if page.extrasamples:
        kind["extrasamples"] = page.extrasamples
    resolution = page.tags.get("XResolution"), page.tags.get("YResolution")
    if resolution[0] is not None and resolution[1] is not None:
        kind["resolution"] = tuple(tag.value for tag in resolution)
        kind["resolutionunit"] = page.resolutionunit
    return kind


def _packing(page: Any) -> Any:
    return page.compression if page.compression.name in LOSSLESS else None
