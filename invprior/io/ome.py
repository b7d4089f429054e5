"""OME-XML, which microscopes write into the description of a TIFF, made true of a restored picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

PIXELS = re.compile(r"<(?:\w+:)?Pixels\b[^>]*>")
# the file that the picture came from, and where its planes are in it
WHERE = re.compile(
    r"(<(?:\w+:)?OME\b[^>]*?)\s+UUID\s*=\s*(?:\"[^\"]*\"|'[^']*')|<(?:\w+:)?UUID\b[^>]*>[^<]*</(?:\w+:)?UUID>"
)


@dataclass(frozen=True)
class Size:
    """What OME-XML says of the pixels: columns, rows, channels and the type of a value in the words of OME."""

    width: int
    height: int
    channels: int
    type: str


def is_ome(text: str) -> bool:
    """True if a description is OME-XML."""
    return re.search(r"<(?:\w+:)?OME\b", text[:4096]) is not None


def fitted(text: str, was: tuple[int, int], size: Size, zoom: float) -> str | None:
    """The description of the restored picture; None if the given one is of something else than this one picture.

    Parameters
    ----------
    was
        Width and height of the picture that the description came with.
    zoom
        How many times smaller the pixels have become.
    """
    try:
        root = ElementTree.fromstring(text.encode())
    except (ElementTree.ParseError, ValueError, LookupError):
        return None
    pixels = [element for element in root.iter() if element.tag.rpartition("}")[2] == "Pixels"]
    if len(pixels) != 1 or (zoom != 1 and any(e.tag.rpartition("}")[2] in ("ROI", "BinData") for e in root.iter())):
        return None  # a set of pictures, or places in pixels that have become others
    expected = {"SizeX": was[0], "SizeY": was[1], "SizeC": size.channels, "SizeZ": 1, "SizeT": 1}
    if any(pixels[0].get(name) != str(n) for name, n in expected.items()):
        return None
    new = {"SizeX": str(size.width), "SizeY": str(size.height), "BigEndian": "false"}
    if pixels[0].get("Type") != size.type:
        new |= {"Type": size.type, "SignificantBits": ""}
    for name in ("PhysicalSizeX", "PhysicalSizeY") if zoom != 1 else ():
        try:
            new[name] = repr(float(pixels[0].get(name, "")) / zoom)
        except ValueError:
            continue
    found = PIXELS.search(text)
    if found is None:
        return None
    tag = found[0]
    for name, value in new.items():
        replacement = f' {name}="{value}"' if value else ""
        tag = re.sub(rf"\s{name}\s*=\s*(?:\"[^\"]*\"|'[^']*')", replacement, tag)
    return WHERE.sub(r"\1", text[: found.start()]) + tag + WHERE.sub(r"\1", text[found.end() :])
