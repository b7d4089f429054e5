"""WebP and AVIF, which libvips writes: with loss or without, and what they hold beside the pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyvips

from invprior.io.ifd import Directory, write_exif

WEBP, AVIF = "WEBP", "AVIF"
SUFFIXES = {".webp": WEBP, ".avif": AVIF}
HEIC = {".heic", ".heif"}
NO_HEVC = "whose coding the libvips here does not know; export it as JPEG, TIFF or AVIF"
# Bits of a value in an AVIF of 16-bit pixels.
AVIF_BITS = 12


def is_lossless(path: Path) -> bool:
    """True of a WebP whose pixels are packed without loss."""
    with path.open("rb") as file:
        if (head := file.read(12))[:4] != b"RIFF" or head[8:] != b"WEBP":
            return False
        while len(chunk := file.read(8)) == 8:
            if chunk[:4] in (b"VP8 ", b"VP8L"):
                return chunk[:4] == b"VP8L"
            length = int.from_bytes(chunk[4:], "little")
            file.seek(length + length % 2, 1)
    return False


def is_hevc(path: Path) -> bool:
    """True of a HEIC, which few builds of libvips decode."""
    with path.open("rb") as file:
        return file.read(12)[4:] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1")


def packed(image: Any, kind: str, tags: Directory, quality: int | None) -> bytes:
    """The bytes of a file; without a quality its pixels are packed without loss.

    libvips adds a resolution to a block of EXIF, and makes none where there are no tags.
    """
    keep, image = "icc:xmp", image.copy()
    if kind == AVIF:  # its pixels are upright
        image.remove("orientation")
    if tags:
        image.set_type(pyvips.GValue.blob_type, "exif-data", write_exif(tags))
        keep += ":exif"
    suffix = next(s for s, k in SUFFIXES.items() if k == kind)
    how: dict[str, Any] = {"lossless": True} if quality is None else {"Q": quality}
    if kind == WEBP:
        how["exact"] = True  # the colours of transparent pixels too
    data: bytes = image.write_to_buffer(suffix, keep=keep, **how)
    return data
