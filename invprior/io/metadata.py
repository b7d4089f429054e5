"""What came with a picture besides its pixels, and what of it goes out with the restored one."""

from __future__ import annotations

import json
import math
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import TiffTags

import invprior.io.modern as modern
from invprior.io.chunks import TEXT, Chunk, read_chunks
from invprior.io.fits import CARDS
from invprior.io.fits import STRUCTURE as PIXEL_CARDS
from invprior.io.ifd import BELOW, EXIF, Directory, Tag, read_exif, read_tiff, write_exif
from invprior.io.imagej import BLOCKS, COUNTS, to_order
from invprior.io.jpeg import read_comments, read_quality
from invprior.io.kinds import FITS
from invprior.io.ome import Size, fitted, is_ome

DESCRIPTION, EXTRA_SAMPLES, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 270, 338, 282, 283, 296
COMPRESSION = 259
PACKINGS = {5: "lzw", 8: "deflate", 32773: "packbits", 32946: "deflate", 50000: "zstd"}
RESOLUTION = {X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT}
# Tags of how a TIFF stores its pixels, which are those of the file that is written.
STRUCTURE = {
    *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291),
    *(292, 293, 301, 317, 318, 320, 321, 322, 323, 324, 325, 330, 332, 334, 336, EXTRA_SAMPLES, 339, 340, 341, 342),
    *(50706, 50707),  # the versions of DNG, which the written file is not
    *(347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532),
}
# Tags that libvips carries from one format into another, and those that EXIF has too.
PROFILES = {700: "XMP", 33723: "IPTC", 34675: "ICC profile"}
IN_EXIF = {DESCRIPTION, 271, 272, 305, 306, 315, 316, 33432, *BELOW}
ORIENTATION = 274
PIXEL_DIMENSIONS = (40962, 40963)
FOCAL_PLANE = (41486, 41487)
IMAGEJ = dict.fromkeys((COUNTS, BLOCKS), "the overlays of ImageJ")
PIXEL_SCALE, TIEPOINTS, TRANSFORMATION = 33550, 33922, 34264  # of GeoTIFF
LARGEST_EXIF = 65000  # bytes in a segment of a JPEG
PROFILE, LAYERS = 34675, 37724
RATIONALS = {5, 10}
XMP_KEYWORD = "XML:com.adobe.xmp"
COLOURS = {b"gAMA", b"cHRM", b"cICP"}
OME_TYPES = {
    "uchar": "uint8",
    "char": "int8",
    "ushort": "uint16",
    "short": "int16",
    "uint": "uint32",
    "int": "int32",
    "float": "float",
}


@dataclass(frozen=True, eq=False)
class Origin:
    """The file of a picture without its pixels.

    Attributes
    ----------
    kind
        ``TIFF``, ``PNG``, ``JPEG``, ``WEBP``, ``AVIF``, or the name that libvips has for the format.
    size
        Width and height as stored.
    header
        A vips image with the profiles, the EXIF block and the resolution.
    tags
        The tags of a TIFF, or of the EXIF block of another file.
    chunks
        The chunks of a PNG that go out with its picture.
    comments
        The comments of a JPEG.
    quality
        The quality of a JPEG.
    lossless
        True if the pixels are packed without loss.
    """

    kind: str
    size: tuple[int, int]
    header: Any
    tags: Directory
    chunks: tuple[Chunk, ...]
    comments: tuple[bytes, ...]
    quality: int | None
    lossless: bool

    @property
    def compression(self) -> str:
        """How a TIFF packs its pixels without loss, by libvips' name; none for other ways, and other files."""
        packed = self.tags.get(COMPRESSION) if self.kind == "TIFF" else None
        return PACKINGS.get(int(packed.values[0]), "none") if isinstance(packed, Tag) and packed.values else "none"

    @property
    def cards(self) -> str:
        """The header of a FITS file, a card a line; empty for other files."""
        return str(self.header.get(CARDS)) if self.header.get_typeof(CARDS) else ""

    @property
    def orientation(self) -> int:
        """How the picture is stored, 1 to 8 as in EXIF."""
        found = self.header.get("orientation") if self.header.get_typeof("orientation") else 1
        return found if found in range(1, 9) else 1

    @property
    def resolution_known(self) -> bool:
        """True if the file gives the number of pixels in a length."""
        if self.kind == "TIFF":
            unit = self.tags.get(RESOLUTION_UNIT)
            return X_RESOLUTION in self.tags and not (isinstance(unit, Tag) and unit.values[:1] == (1,))
        if self.kind == "PNG":
            return any(name == b"pHYs" and content[8:9] == b"\1" for name, content in self.chunks)
        return bool(self.header.get_typeof("resolution-unit"))


@dataclass(frozen=True)
class Outgoing:
    """What a written file is given, and the names of what it cannot hold."""

    tags: Directory
    chunks: tuple[Chunk, ...]
    comments: tuple[bytes, ...]
    lost: tuple[str, ...]


def origin(path: Path, header: Any, size: tuple[int, int]) -> Origin:
    """Read what came with the picture in ``path``."""
    chunks = read_chunks(path)
    tags = read_tiff(path)
    kind = "TIFF" if tags is not None else "PNG" if chunks else _loader(header)
    if tags is None:
        block = header.get("exif-data") if header.get_typeof("exif-data") else b""
        tags = read_exif(block) or {}
        if kind == modern.AVIF:  # it is turned by the format itself
            tags.pop(ORIENTATION, None)
    else:
        tags = to_order(tags, path, sys.byteorder)
    lossless = modern.is_lossless(path) if kind == modern.WEBP else kind not in ("JPEG", modern.AVIF)
    return Origin(kind, size, header, tags, chunks, read_comments(path), read_quality(path), lossless)


def unknown_resolution() -> Directory:
    """The tags of a TIFF whose resolution nobody knows: square pixels, and no unit."""
    return {X_RESOLUTION: Tag(5, (1, 1)), Y_RESOLUTION: Tag(5, (1, 1)), RESOLUTION_UNIT: Tag(3, (1,))}


def _loader(header: Any) -> str:
    name = header.get("vips-loader") if header.get_typeof("vips-loader") else "unknown"
    found = str(name).removesuffix("_source").removesuffix("load").upper()
    return modern.AVIF if found == "HEIF" else found


def outgoing(given: Origin, kind: str, zoom: float, size: Size) -> Outgoing:
    """What goes out in a file of ``kind`` with the restored picture, whose pixels are ``zoom`` times smaller."""
    if kind == FITS or given.kind == FITS:
        return Outgoing({}, (), (), _foreign(given, kind))
    tags, lost = _fitted(given, zoom, size)
    if kind == "TIFF":
        kept = {k: t for k, t in tags.items() if k not in STRUCTURE and (given.kind == "TIFF" or k not in RESOLUTION)}
        if given.header.bands != size.channels:
            kept.pop(PROFILE, None)
        elif EXTRA_SAMPLES in tags:
            kept[EXTRA_SAMPLES] = tags[EXTRA_SAMPLES]
    elif given.kind == "TIFF":
        kept = {k: t for k, t in tags.items() if k in IN_EXIF or (given.resolution_known and k in RESOLUTION)}
        lost += _drop_foreign(given, kept)
        if given.orientation > 1:
            kept[ORIENTATION] = Tag(3, (given.orientation,))
    else:
        kept = tags
    if kind == modern.AVIF:
        kept.pop(ORIENTATION, None)
    if kind in ("PNG", *modern.SUFFIXES.values()) and given.header.get_typeof("iptc-data"):
        lost.append("IPTC")
    if kind == "JPEG" and len(write_exif(kept)) > LARGEST_EXIF:
        kept = {}
        lost.append("EXIF of more than 64 kB")
    if kind != "PNG":
        lost += _lost_chunks(given.chunks)
    if kind != "JPEG" and given.comments:
        lost.append("the comment of a JPEG")
    chunks = tuple(_scaled_chunk(chunk, tags, zoom) for chunk in given.chunks) if kind == "PNG" else ()
    if kind == "PNG" and given.kind != "PNG" and kept:
        chunks = ((b"eXIf", write_exif(kept)),)
    return Outgoing(kept, chunks, given.comments if kind == "JPEG" else (), tuple(dict.fromkeys(lost)))


def _foreign(given: Origin, kind: str) -> tuple[str, ...]:
    """What is lost between FITS and another kind of file."""
    if given.kind == FITS:
        names = {card.split("=")[0].strip() for card in given.cards.splitlines() if "=" in card}
        return () if kind == FITS or names <= set(PIXEL_CARDS) else ("the header of FITS",)
    profiles = [name.split("-")[0].upper() for name in given.header.get_fields() if name.endswith("-profile-data")]
    tags = set(given.tags) - STRUCTURE - RESOLUTION - {ORIENTATION}
    others = {"its tags": tags, "its chunks": given.chunks, "its comments": given.comments}
    return (*(f"{name} profile" for name in profiles), *(name for name, there in others.items() if there))


def _fitted(given: Origin, zoom: float, size: Size) -> tuple[Directory, list[str]]:
    """The tags with the sizes of the restored picture, and what has ceased to be true."""
    tags, lost = dict(given.tags), []
    description = tags.get(DESCRIPTION)
    if isinstance(description, Tag) and isinstance(description.values, bytes):
        text = description.values.rstrip(b"\0").decode(errors="surrogateescape")
        if is_ome(text):
            new = fitted(text, given.size, size, zoom)
            if new is None:
                del tags[DESCRIPTION]
                lost.append("the OME-XML, which does not describe this one picture")
            else:
                tags[DESCRIPTION] = Tag(2, new.encode(errors="surrogateescape") + b"\0")
        elif (shaped := _shaped(text, size)) is not None:
            tags[DESCRIPTION] = Tag(2, shaped.encode() + b"\0")
    if tags.pop(LAYERS, None) is not None:
        lost.append("the layers of Photoshop")  # pixels that have not been restored
    if zoom == 1:
        return tags, lost
    factor = Fraction(zoom).limit_denominator(1000)
    for number in (X_RESOLUTION, Y_RESOLUTION):
        _change(tags, number, lambda v, k: v * factor)
    _change(tags, PIXEL_SCALE, lambda v, k: v / factor if k < 2 else v)
    _change(tags, TIEPOINTS, lambda v, k: v * factor if k % 6 < 2 else v)
    _change(tags, TRANSFORMATION, lambda v, k: v / factor if k % 4 < 2 else v)
    for number in IMAGEJ:
        if tags.pop(number, None) is not None:
            lost.append(IMAGEJ[number])
    exif = tags.get(EXIF)
    if isinstance(exif, dict):
        exif = dict(exif)
        for number, n in zip(PIXEL_DIMENSIONS, (size.width, size.height), strict=True):
            if number in exif:
                exif[number] = Tag(4, (n,))
        for number in FOCAL_PLANE:
            _change(exif, number, lambda v, k: v * factor)
        tags[EXIF] = exif
    return tags, lost


def _shaped(text: str, size: Size) -> str | None:
    """The description that tifffile writes, if the shape in it is no longer that of the picture."""
    if not text.startswith('{"shape"'):
        return None
    try:
        found = json.loads(text)
        planes = size.channels > 1 and found["shape"][-1] == size.width  # they have become samples
        if not planes and math.prod(found["shape"]) == size.width * size.height * size.channels:
            return None
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    shape = [size.height, size.width, *([size.channels] if size.channels > 1 else [])]
    return json.dumps({**found, "shape": shape})


def _change(tags: Directory, number: int, new: Callable[[Any, int], Any]) -> None:
    """Replace each number of a tag, if it is there, by that of its value and its place."""
    tag = tags.get(number)
    if not isinstance(tag, Tag) or isinstance(tag.values, bytes):
        return
    if tag.kind not in RATIONALS:
        tags[number] = Tag(tag.kind, tuple(float(new(v, k)) for k, v in enumerate(tag.values)))
        return
    pairs = zip(tag.values[::2], tag.values[1::2], strict=True)
    values: list[float] = []
    for k, (numerator, denominator) in enumerate(pairs):
        value = new(Fraction(int(numerator), int(denominator)), k) if denominator else None
        if value is None:
            values += [numerator, denominator]
            continue
        largest = 2**31 - 1
        value = value.limit_denominator(max(1, int(largest / max(1, value))))
        values += [min(value.numerator, largest), value.denominator]
    tags[number] = Tag(tag.kind, tuple(values))


def _drop_foreign(given: Origin, kept: Directory) -> list[str]:
    """Take out of the tags of a TIFF what a file of another kind cannot hold; return the names of that."""
    lost = []
    description = kept.get(DESCRIPTION)
    if isinstance(description, Tag) and isinstance(description.values, bytes):
        text = description.values.decode(errors="replace")
        if is_ome(text) or text.startswith("ImageJ="):
            del kept[DESCRIPTION]
            lost.append("the OME-XML" if is_ome(text) else "the description of ImageJ")
    resolution = given.tags.get(X_RESOLUTION)
    square = isinstance(resolution, Tag) and resolution.values == (1, 1)  # what writers put that know none
    if resolution is not None and not square and not given.resolution_known:
        lost.append("the resolution in a unit of its own")
    carried = {*IN_EXIF, *STRUCTURE, *PROFILES, *RESOLUTION, ORIENTATION}
    return lost + [_name(number) for number in given.tags if number not in carried]


def _name(number: int) -> str:
    name = IMAGEJ.get(number) or TiffTags.lookup(number).name
    return f"the tag {number}" if name == "unknown" else name


def _lost_chunks(chunks: tuple[Chunk, ...]) -> list[str]:
    """Names of what only PNG holds: its texts, and what it says of its colours without a profile."""
    found = []
    for name, content in chunks:
        keyword = content.partition(b"\0")[0].decode("latin-1")
        if name in TEXT and keyword != XMP_KEYWORD:
            found.append(f"the text {keyword!r}")
        elif name in COLOURS:
            found.append(f"the chunk {name.decode()}")
    return found


def _scaled_chunk(chunk: Chunk, tags: Directory, zoom: float) -> Chunk:
    name, content = chunk
    if zoom == 1:
        return chunk
    if name == b"pHYs" and len(content) == 9:
        x, y, unit = struct.unpack(">IIB", content)
        x, y = ((min(round(v * zoom), 2**32 - 1) if unit else v) for v in (x, y))
        return name, struct.pack(">IIB", x, y, unit)
    return (name, write_exif(tags)) if name == b"eXIf" and tags else chunk
